"""`Cell`: one step of a recurrence, and what follows from it."""

from __future__ import annotations

import inspect
from typing import Any

import jax.numpy as jnp

from cello.cells.loop import repeat_step
from cello.core.dtype_policy import cast_floats
from cello.core.layer import Layer
from cello.ops.engine import Engine
from cello.ops.run import Run


class Runnable:
    """What runs along time: a step, and what follows from it if nothing faster is known.

    Attributes:
        does: what `sequence` does itself of what is done else around it, by `run_cell`: "turning"
            (it takes `go_backwards`), "hiding" (what stands under the mask reaches nothing),
            "holding" (it gives the outputs that are wanted, and at masked steps those before).
        takes_constants: whether `call` takes `constants`, and `build` may take `constants_shape`.
        exact_inputs: whether inputs keep the dtype of the variables, whatever the dtype policy.
    """

    does: frozenset[str] = frozenset({"holding"})
    takes_constants: Any = False
    exact_inputs: Any = False
    state_size: Any
    output_size: Any = None

    @property
    def itself(self) -> Any:
        """The layer that has the variables."""
        return self

    def size_of_output(self):
        """The size of an output: an integer, or a tuple for more axes than one."""
        if self.output_size is not None:
            return self.output_size
        size = self.state_size
        if isinstance(size, int):
            return size
        return size[min(size)] if isinstance(size, dict) else size[0]

    def get_initial_state(self, batch_size):
        """The states before the first step, for `batch_size` rows: zeros."""
        return _zeros(self.state_size, batch_size, self.itself.dtype)

    def starting_states(self, batch_size):
        """`get_initial_state`, always a list, tuple or dict, in the dtype of the variables."""
        states = _as_tree(self.get_initial_state(batch_size=batch_size))
        layer = self.itself
        return cast_floats(states, layer.variable_dtype) if layer.dtype_policy.mixed else states

    def in_sizes(self, states):
        """`states`, a list, tuple or dict, nested as `state_size` is inside."""
        return states

    def build_for(self, inputs_shape, constants_shape=None) -> None:
        """Make the variables for a step of this shape, once."""
        if self.itself.built:
            return
        if constants_shape and self.takes_constants:
            self.itself.build(inputs_shape, constants_shape)
        else:
            self.itself.build(inputs_shape)

    def take_step(self, inputs, states, training=False, constants=None):
        """`(outputs, states)` of one step; the states always a list, tuple or dict."""
        more = {"constants": constants} if self.takes_constants else {}
        outputs, states = self.itself(inputs, states, training=training, **more)
        return outputs, _as_tree(states)

    def sequence(self, inputs, states, run: Run):
        """`(outputs, states)` along axis 1, as repeating the step gives them.

        A cell that knows its whole sequence overrides it, and says in `does` what it does itself.
        Without "turning", `run` goes forwards and the inputs come in the order of running; without
        "hiding" there are zeros under the mask. Without "holding" it gives a tree of arrays
        `(batch, time, ...)`, of which `finish` makes outputs; if only the last step is wanted and
        there is no mask, one step is enough. The states are those after every step or after the
        last, as `run` says, and stay as they are at masked steps.
        """
        return repeat_step(self, inputs, states, run)

    def finish(self, found):
        """The outputs, from what `sequence` gave for some steps, if it does not do the holding."""
        return found

    def segment_length(self, run: Run, time) -> int | None:
        """Steps of a segment that training computes twice, as the states are large; or `None`."""
        return None

    @property
    def engine(self) -> Engine:
        """What runs `sequence`: "native", "cuda" or "scan", with a `reason`."""
        name = type(self.itself).__name__
        return Engine("scan", f"{name} has no sequence(): JAX's loop repeats its step.")


class Cell(Runnable, Layer):
    """Base of the cells: a layer with `call(inputs, states) -> (outputs, new_states)`.

    A subclass sets `state_size`, and `output_size` if that is not the size of the first state, and
    writes `build` and `call`. All else follows: how it runs over sequences, what it starts from.
    A plain `Layer` with `call` and `state_size` works in `RNN` as well; deriving from `Cell` allows
    to override more, `sequence` above all.

    Attributes:
        state_size: an integer is a vector, a list or dict holds several states, and within these a
            tuple is the shape of one state.
        output_size: an integer, or a tuple for more axes than one.
    """

    seed_generator: Any = None
    has_layer = True
    """Whether `cello.layers` has a layer of it: not if it only makes sense beside others."""

    def gate_values(self, inputs, states) -> dict[str, Any]:
        """The gates by their letters, in a step from `states`; a cell without has none."""
        return {}

    @property
    def input_dtype(self) -> str:
        return self.variable_dtype if self.exact_inputs else self.compute_dtype


class ForeignCell(Runnable):
    """A plain layer with `call` and `state_size`, seen as a cell."""

    def __init__(self, layer: Layer):
        self._given = layer
        self.state_size = layer.state_size  # type: ignore[attr-defined]
        self.output_size = getattr(layer, "output_size", None)
        self.takes_constants = "constants" in inspect.signature(layer.call).parameters
        self._build_takes_constants = "constants_shape" in inspect.signature(layer.build).parameters

    @property
    def itself(self) -> Any:
        return self._given

    def build_for(self, inputs_shape, constants_shape=None) -> None:
        super().build_for(inputs_shape, constants_shape if self._build_takes_constants else None)

    def get_initial_state(self, batch_size):
        own = getattr(self._given, "get_initial_state", super().get_initial_state)
        return own(batch_size=batch_size)


def as_cell(layer) -> Any:
    """`layer` if it is a `Cell`, else what makes a cell of it."""
    return layer if isinstance(layer, Cell) else ForeignCell(layer)


def check_cell(value: Layer):
    """`value`; `ValueError` if it lacks what a cell needs."""
    missing = [a for a in ("call", "state_size") if not hasattr(value, a)]
    if missing:
        raise ValueError(
            f"a cell, with call(inputs, states) and state_size ({type(value).__name__} lacks "
            f"{' and '.join(missing)})"
        )
    if isinstance(value, Cell) and len(inspect.signature(value.sequence).parameters) != 3:
        raise ValueError(
            f"a cell with sequence(inputs, states, run), where run says what is wanted: run.mask, "
            f"run.go_backwards, run.return_sequences and so on ({type(value).__name__} has "
            f"sequence{inspect.signature(value.sequence)})"
        )
    return value


def _as_tree(states):
    return states if isinstance(states, (list, tuple, dict)) else [states]


def _zeros(size: Any, batch_size, dtype, top: bool = True):
    """Zeros by `state_size`.

    An integer is a vector, a tuple of integers a shape; at the top, a tuple is several states.
    """
    if isinstance(size, int):
        return jnp.zeros((batch_size, size), dtype)
    if isinstance(size, dict):
        return {k: _zeros(s, batch_size, dtype, False) for k, s in size.items()}
    if isinstance(size, tuple) and not top and all(isinstance(d, int) for d in size):
        return jnp.zeros((batch_size, *size), dtype)
    states = [_zeros(s, batch_size, dtype, False) for s in size]
    return type(size)(*states) if hasattr(size, "_fields") else states
