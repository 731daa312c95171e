"""`RNN`: run a cell along time; and the layers made of one cell each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import regularizers
from cello.cells import StackedRNNCells
from cello.cells.cell import as_cell, check_cell
from cello.cells.frame import hold_between_pieces, run_cell
from cello.core.arguments import Argument, arg
from cello.core.carry import carry_slot, current_carry
from cello.core.dtype_policy import cast_floats
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, boolean, one_of, positive_integer
from cello.core.layer import Layer
from cello.core.naming import name_scope, snake_case
from cello.core.symbolic import show_shape
from cello.core.variable import Variable
from cello.ops.engine import Engine
from cello.ops.run import Run


def _cell(value: Layer | Sequence[Layer]):
    if isinstance(value, Sequence):
        return StackedRNNCells(value)
    return check_cell(value)


def _segments(value: Integer | bool | None):
    if value is None or value is True:
        return value
    return None if value is False else positive_integer(value)


_activity_regularizer = Argument(
    None, regularizers.get, "Penalty on the output.", name="activity_regularizer"
)


class RNN(Layer):
    """Run a cell along time.

    Inputs `(batch, time, ...)` or a tree of such arrays, one step of which is what the cell takes.
    Output: the cell's outputs at all steps `(batch, time, units)` with `return_sequences`, else the
    last one `(batch, units)`; with `return_state` a tuple of it and the states after the last step;
    with `return_all_states` a tuple of it and the states after every step, in the order of running.

    Call arguments:
        sequences: the inputs.
        initial_state: list of the states before the first step; zeros, or what the cell's
            `get_initial_state(batch_size)` gives, where `None`.
        constants: list of arrays `(batch, ...)`, or trees of them, that the cell's `call` takes as
            `constants` at every step: what attention looks at, say. An array alone is a list of it.
        mask: boolean `(batch, time)`, true at the steps that count; the mask that travels with the
            inputs where `None`. At a masked step the states stay as they are.
        training: whether dropout acts.

    A cell of your own is a layer with `call(inputs, states) -> (outputs, new_states)`,
    `state_size` and, where it differs from the first state's size, `output_size`. In `state_size`
    an integer is a vector, a list or dict holds several states, and within these a tuple is the
    shape of one state.
    """

    cell = arg(kind=_cell, doc="A cell, or a list of cells, each fed by the one before.")
    return_sequences = arg(
        False, kind=boolean, doc="Whether to return the outputs of all steps or of the last."
    )
    return_state = arg(False, kind=boolean, doc="Whether to return the last states as well.")
    go_backwards = arg(
        False, kind=boolean,
        doc="Whether to run from the last step to the first; outputs come in that order.",
    )  # fmt: skip
    stateful = arg(
        False, kind=boolean,
        doc="Whether each call starts from the states in which the last one ended.",
    )  # fmt: skip
    unroll = arg(False, kind=boolean, doc="Whether to write out the steps in place of a loop.")
    zero_output_for_mask = arg(
        False, kind=boolean,
        doc="Whether masked steps give zeros, in place of the output before.",
    )  # fmt: skip
    return_all_states = arg(
        False, kind=boolean, keyword_only=True,
        doc="Whether to return the states after every step `(batch, time, units)` as well.",
    )  # fmt: skip
    initial_state = arg(
        "zeros", kind=one_of("zeros", "learned"), keyword_only=True,
        doc='What a sequence starts from where no state is given: "zeros", or "learned" weights.',
    )  # fmt: skip

    remat = arg(
        None, kind=_segments, keyword_only=True,
        doc="Steps of a segment that training computes twice to save memory; `True`: the root of "
        "the number of steps.",
    )  # fmt: skip

    supports_masking = True
    masks_by_step = True
    streams = True
    _cell_class: type[Layer] | None = None
    _cell_arguments: tuple[str, ...] = ()
    _ignored_arguments = {"use_cudnn": None, "implementation": None, "time_major": (False,)}

    def __init_subclass__(cls, cell: type[Layer] | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if cell is None:
            return
        cls._cell_class = cell
        base = dict(Layer.declared)
        own = {n: a for n, a in cell.constructor_arguments().items() if n not in base}
        running = {n: a for n, a in RNN.declared.items() if n not in ("cell", *base)}
        if "argument_order" not in vars(cls):  # what the cell names, then its own
            cls.argument_order = f"{cell.argument_order} {' '.join(own)}"
        del base["activity_regularizer"]  # by place, as in Keras
        cls._declare(own | {"activity_regularizer": _activity_regularizer} | running | base)
        cls._cell_arguments = tuple(own)
        for name in own:
            setattr(cls, name, _of_the_cell(name))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.states: Any = None
        self._take_input_spec()

    def _store(self, values):
        cell_class = self._cell_class
        if cell_class is not None:
            own = {n: values.get(n, getattr(type(self), n)) for n in self._cell_arguments}
            cell = cell_class(**own, name=snake_case(cell_class.__name__), dtype=values["dtype"])
            values = {n: v for n, v in values.items() if n not in own} | {"cell": cell}
        super()._store(values)

    @property
    def runnable(self) -> Any:
        """The cell, or what makes a cell of a plain layer."""
        return as_cell(self.cell)

    @property
    def state_size(self):
        return self.cell.state_size

    @property
    def input_dtype(self) -> str:
        """That of the variables where the cell says so: times keep their precision."""
        return self.variable_dtype if self.runnable.exact_inputs else self.compute_dtype

    def build(self, sequences_shape, constants_shape=None):
        self.runnable.build_for(_step_shape(sequences_shape), constants_shape)
        self._take_input_spec()
        if self.initial_state == "learned":
            start = self.runnable.starting_states(1)
            self.learned_state = jax.tree.map(
                lambda s: self.add_weight(
                    s.shape[1:], "zeros", name="initial_state", autocast=False
                ),
                start,
            )
        if self.stateful:
            batch = _first_shape(sequences_shape)[0]
            if batch is None:
                raise ValueError(
                    f"{self} is stateful, so it needs to know the batch size and got "
                    f"{sequences_shape}: write Input(batch_shape=(32, None, 8)), say."
                )
            specs = jax.eval_shape(lambda: self.get_initial_state(batch))
            self.states = jax.tree.map(
                lambda s: Variable(
                    jnp.zeros, s.shape, s.dtype, trainable=False, weight=False, name="state"
                ),
                specs,
            )
            self._set_states(self.get_initial_state(batch))

    def _set_states(self, values) -> None:
        jax.tree.map(lambda v, s: v.assign(s), self.states, values, is_leaf=_is_variable)

    def _take_input_spec(self):
        """What the cell expects of a step, with time behind the batch."""
        spec = getattr(self.cell, "input_spec", None)
        if isinstance(spec, InputSpec):
            self.input_spec = spec.with_time()

    def bind_call(self, args, kwargs):
        bound, training = super().bind_call(args, kwargs)
        constants = bound.arguments.get("constants")
        if constants is not None and not isinstance(constants, (list, tuple, dict)):
            bound.arguments["constants"] = [constants]
        return bound, training

    def call(self, sequences, initial_state=None, mask=None, training=False, constants=None):
        batch, time = self._checked_sizes(sequences)
        start = self._starting_states(initial_state, batch)
        slot = carry_slot(sequences)
        if slot is not None:
            start = slot.resume(start)
        run = Run(
            mask=self._checked_mask(mask, batch, time),
            constants=self._checked_constants(constants),
            training=training,
            go_backwards=self.go_backwards,
            unroll=self.unroll,
            return_sequences=self.return_sequences,
            return_all_states=self.return_all_states,
            zero_output_for_mask=self.zero_output_for_mask,
            segment=self._segment(time),
        )
        with name_scope(self.cell.name):
            outputs, states = run_cell(self.runnable, sequences, start, run)
        last = states
        if self.return_all_states:  # without a step, those to start from
            last = start if time == 0 else jax.tree.map(lambda s: s[:, -1], states)
        if slot is not None:
            slot.keep(last)
            outputs = hold_between_pieces(slot.part("output"), outputs, (batch, time), run)
        if self._uses_own_states:
            self._set_states(last)
        if self.dtype_policy.mixed:
            outputs = cast_floats(outputs, self.compute_dtype)
        if not (self.return_state or self.return_all_states):
            return outputs
        states = self.runnable.in_sizes(states)
        return (outputs, *states) if isinstance(states, (list, tuple)) else (outputs, states)

    def count_pieces(self, arguments):
        steps = jax.tree.leaves(arguments["sequences"])[0].shape[1:2] if self.unroll else ()
        return 1 + sum(size for size in steps if isinstance(size, int))

    def why_not_in_pieces(self, arguments):
        constants = jax.tree.leaves(arguments.get("constants"))
        if any(not isinstance(size, int) for c in constants for size in c.shape[1:]):
            return "each of its steps looks at all steps of a constant."
        return "it runs backwards, from the last step." if self.go_backwards else None

    @property
    def _uses_own_states(self) -> bool:
        """Whether this call goes on from the states of a stateful layer, and changes them."""
        carry = current_carry()
        return self.stateful and (carry is None or carry.stateful)

    def compute_mask(self, inputs, previous_mask=None):
        if not self.return_sequences:
            return None
        masks = jax.tree.leaves(previous_mask)
        if not masks:
            return None
        return jnp.flip(masks[0], 1) if self.go_backwards else masks[0]

    @property
    def engine(self) -> Engine:
        """What runs it: `"native"`, `"cuda"` or `"scan"`; its `reason` says why no kernels do."""
        return self.runnable.engine

    def get_initial_state(self, batch_size):
        """The states before the first step, for `batch_size` rows."""
        if self.initial_state == "zeros":
            return self.runnable.starting_states(batch_size)
        return jax.tree.map(
            lambda v: jnp.broadcast_to(v.value, (batch_size, *v.shape)),
            self.learned_state,
            is_leaf=_is_variable,
        )

    def get_config(self):
        config = super().get_config()
        for name in ("return_all_states", "initial_state", "remat"):  # what Keras does not have
            if config[name] == RNN.declared[name].default:
                del config[name]
        return config

    def reset_state(self, rows=None) -> None:
        """Start the next call of a stateful layer from the initial states again.

        Args:
            rows: the rows of the batch to start anew: numbers, or one boolean a row; all if `None`.
        """
        if self.states is None:
            return
        batch = jax.tree.leaves(self.states, is_leaf=_is_variable)[0].shape[0]
        chosen = slice(None) if rows is None else self._checked_rows(rows, batch)
        start = self.get_initial_state(batch)
        jax.tree.map(
            lambda v, s: v.assign(v.value.at[chosen].set(s[chosen])),
            self.states,
            start,
            is_leaf=_is_variable,
        )

    def _checked_rows(self, rows, batch: int) -> np.ndarray:
        rows = np.atleast_1d(np.asarray(rows))
        if rows.dtype == bool and rows.shape == (batch,):
            return rows
        if rows.dtype.kind in "iu" and rows.ndim == 1 and np.all((rows >= 0) & (rows < batch)):
            return rows
        raise ValueError(
            f"{self}.reset_state: rows must be numbers from 0 to {batch - 1}, or {batch} booleans. "
            f"Received: rows={rows.tolist()}"
        )

    reset_states = reset_state

    def _starting_states(self, given, batch):
        if given is None and not self._uses_own_states:
            return self.get_initial_state(batch)
        expected = jax.eval_shape(lambda: self.get_initial_state(batch))
        if given is None:
            given = jax.tree.map(lambda v: v.value, self.states, is_leaf=_is_variable)
        elif not isinstance(given, (list, tuple, dict)):
            given = [given]
        want = [s.shape for s in jax.tree.leaves(expected)]
        got = [jnp.shape(s) for s in jax.tree.leaves(given)]
        if want != got:
            how = (
                "A stateful layer keeps one batch size: call it with that, or reset and rebuild."
                if self.stateful
                else "Pass initial_state=[...] with one array for each state of the cell."
            )
            raise ValueError(
                f"{self} expects {len(want)} initial state(s) of the shapes "
                f"{[show_shape(s) for s in want]} and got "
                f"{len(got)}: {[show_shape(s) for s in got]}. {how}"
            )
        leaves = [
            jnp.asarray(g, e.dtype)
            for g, e in zip(jax.tree.leaves(given), jax.tree.leaves(expected), strict=True)
        ]
        return jax.tree.unflatten(jax.tree.structure(expected), leaves)

    def _checked_sizes(self, sequences):
        """How many rows and steps there are, in all inputs alike."""
        shapes = [leaf.shape for leaf in jax.tree.leaves(sequences)]
        rows_and_steps = zip(*(s[:2] for s in shapes), strict=True)
        if any(len({n for n in sizes if isinstance(n, int)}) > 1 for sizes in rows_and_steps):
            raise ValueError(
                f"{self} runs along all of its inputs at once, so they must have as many rows and "
                f"steps, and got the shapes {[show_shape(s) for s in shapes]}."
            )
        batch, time = shapes[0][:2]
        if self.unroll and not isinstance(time, int):
            raise ValueError(
                f"{self} has unroll=True, so it needs to know the number of steps and got inputs "
                f"of shape {show_shape(shapes[0])}: give Input the length of the sequences, or "
                "leave unroll out."
            )
        return batch, time

    def _segment(self, time) -> int | None:
        """Steps that training computes twice, as `remat` says."""
        if self.remat is None or not isinstance(time, int):
            return None
        return max(1, min(math.isqrt(time) if self.remat is True else self.remat, time))

    def _checked_constants(self, constants):
        if constants is None or self.runnable.takes_constants:
            return constants
        raise ValueError(
            f"{self} was called with constants, which the call() of its cell, "
            f"{type(self.cell).__name__}, does not take: write "
            "call(self, inputs, states, constants=None), and in a class that derives from Cell "
            "takes_constants = True."
        )

    def _checked_mask(self, mask, batch, time):
        masks = jax.tree.leaves(mask)
        if not masks:
            return None
        mask = jnp.asarray(masks[0], bool)
        if mask.shape == (batch, time, 1):
            mask = mask[..., 0]
        if mask.shape != (batch, time):
            raise ValueError(
                f"{self} expects a mask of shape (batch, time) = {show_shape((batch, time))} and "
                f"got {show_shape(mask.shape)}."
            )
        return mask


def _of_the_cell(name):
    return property(lambda self: getattr(self.cell, name), doc=f"`{name}` of the cell.")


def _is_variable(x):
    return isinstance(x, Variable)


def _first_shape(shape) -> tuple:
    """The shape of the first tensor in a tree of shapes."""
    if isinstance(shape, dict):
        shape = list(shape.values())
    return shape if isinstance(shape, tuple) else _first_shape(shape[0])


def _step_shape(shape):
    """The shapes of one step's inputs: those of the sequences without the time."""
    if isinstance(shape, dict):
        return {k: _step_shape(s) for k, s in shape.items()}
    if isinstance(shape, list):
        return [_step_shape(s) for s in shape]
    return (shape[0], *shape[2:])
