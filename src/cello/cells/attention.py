"""A cell that looks at another sequence at every step: the decoder's attention."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello import initializers, regularizers
from cello.cells.cell import Cell, as_cell, check_cell
from cello.cells.loop import repeat_step
from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, one_of, optional, positive_integer
from cello.core.layer import Layer
from cello.core.masking import get_mask
from cello.core.symbolic import show_shape
from cello.ops.engine import Engine
from cello.ops.product import product
from cello.ops.recurrence import first_state, hide_masked


def _cell(value: Layer):
    if as_cell(check_cell(value)).takes_constants:
        raise ValueError("a cell that takes no constants of its own")
    return value


class AttentionCell(Cell):
    """One step of a cell that looks at a memory: the outputs `h_1 ... h_n` of an encoder.

    With `mechanism="luong"` the cell steps first; its output `s_t` asks, and what it found goes
    with the next input (input feeding). `a` is the attentional vector, both output and state::

        s_t = cell([x_t; a_{t-1}])
        score_j = s_t W h_j
        c_t = sum_j softmax(score)_j h_j
        a_t = tanh([c_t; s_t] W_c)

    With `mechanism="bahdanau"` the state before the step asks, and the cell steps with what it
    found; the output is `[s_t; c_t]`::

        score_j = v tanh(s_{t-1} W + h_j U + b)
        c_t = sum_j softmax(score)_j h_j
        s_t = cell([x_t; c_t])

    `s_{t-1}` is there the first state of the cell (of the last one, of several in a row): `h` of an
    LSTM. Run it with `RNN`, and give the memory as a constant::

        encoded, h, c = LSTM(64, return_sequences=True, return_state=True)(source)
        cell = AttentionCell(LSTMCell(64), mechanism="bahdanau")
        decoded = RNN(cell, return_sequences=True)(
            target, initial_state=[h, c], constants=[encoded]
        )

    Constants: `[memory]` `(batch, source steps, features)`, or `[memory, mask]` with a boolean
    `(batch, source steps)`, true at the steps that count; the mask that travels with the memory
    where it is left out. Masked steps get no weight, and what stands there, NaN included, reaches
    neither a result nor a gradient; where all steps of a row are masked, `c_t` is zero.

    Inputs `(batch, features)`. States: with "bahdanau" those of the cell, with "luong"
    `[a, states of the cell]`. Output `(batch, units)` with "luong",
    `(batch, size of s + features of the memory)` with "bahdanau"; with `return_alignments` a tuple
    of it and the weights `softmax(score)` `(batch, source steps)`, which come out of
    `RNN(return_sequences=True)` as `(batch, time, source steps)`.

    Weights: "luong" has the memory kernel `W` `(features of the memory, size of s)` and the
    output kernel `W_c` `(features of the memory + size of s, units)`; "bahdanau" the memory kernel
    `U` `(features of the memory, units)`, the query kernel `W` `(size of the state, units)`, the
    bias `b` `(units,)` and the score kernel `v` `(units,)`. The product of the memory and its
    kernel is computed once for the whole sequence.

    Raises:
        ValueError: where no constants are given, or the memory or its mask has a wrong shape.

    Sources: Luong, Pham and Manning 2015 (global attention, the score "general", input feeding);
    Bahdanau, Cho and Bengio 2015.
    """

    has_layer = False

    takes_constants = True
    cell = arg(kind=_cell, doc="The cell whose steps look at the memory.")
    mechanism = arg("luong", kind=one_of("luong", "bahdanau"), doc='"luong" or "bahdanau".')
    units = arg(
        None, kind=optional(positive_integer),
        doc='Size of the attentional vector ("luong") or of the hidden layer of the score '
        '("bahdanau"); that of the cell\'s output where `None`.',
    )  # fmt: skip
    return_alignments = arg(
        False, kind=boolean, doc="Whether to return the weights of the memory's steps as well."
    )
    kernel_initializer = arg(
        "glorot_uniform", kind=initializers.get, doc="Initialiser of the attention's kernels."
    )
    kernel_regularizer = arg(None, kind=regularizers.get, doc="Penalty on the attention's kernels.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        size = self.inner.size_of_output()
        if not isinstance(size, int):
            raise ValueError(
                f"{self} needs a cell whose output is a vector and got {type(self.cell).__name__}, "
                f"whose output has the shape {size}."
            )
        if self.units is None:
            self.units = size
        self._cell_size = size
        if self._feeds_back:
            self.state_size = [self.units, self.cell.state_size]
            self.output_size = self.units
        else:
            self.state_size = self.cell.state_size
            self.output_size = None  # known with the memory

    @property
    def inner(self):
        """The cell inside, as what runs."""
        return as_cell(self.cell)

    @property
    def _feeds_back(self) -> bool:
        """Whether what was found goes with the next input, and so is a state."""
        return self.mechanism == "luong"

    def build(self, inputs_shape, constants_shape=None):
        InputSpec(("batch", "features")).check(self, inputs_shape)
        features = self._memory_shape(constants_shape)[-1]
        found = self.units if self._feeds_back else features
        self.inner.build_for((inputs_shape[0], inputs_shape[-1] + found))
        if self._feeds_back:
            self.memory_kernel = self._kernel((features, self._cell_size), "memory_kernel")
            self.output_kernel = self._kernel(
                (features + self._cell_size, self.units), "output_kernel"
            )
            return
        query = first_state(jax.eval_shape(lambda: self.inner.starting_states(1)))
        if query is None or query.ndim != 2:
            raise ValueError(
                f"{self} needs a cell whose first state is a vector and got "
                f"{type(self.cell).__name__}: use mechanism='luong', which looks at its output."
            )
        self.output_size = self._cell_size + features
        self.memory_kernel = self._kernel((features, self.units), "memory_kernel")
        self.query_kernel = self._kernel((query.shape[-1], self.units), "query_kernel")
        self.bias = self.add_weight((self.units,), "zeros", name="bias")
        self.score_kernel = self._kernel((self.units,), "score_kernel")

    def _kernel(self, shape, name):
        return self.add_weight(
            shape, self.kernel_initializer, regularizer=self.kernel_regularizer, name=name
        )

    def call(self, inputs, states, training=False, constants=None):
        memory, mask, keys = self.prepared(constants, inputs.shape[0])
        if self._feeds_back:
            found, states = states
            outputs, states = self._step(inputs, found, states, training)
            weights = _softmax(jnp.einsum("bsu,bu->bs", keys, outputs), mask)
            context = jnp.einsum("bs,bsf->bf", weights, memory)
            both = jnp.concatenate([context, outputs], axis=-1)
            outputs = jnp.tanh(product(both, self.output_kernel.value, self.compute_dtype))
            states = [outputs, states]
        else:
            query = product(first_state(states), self.query_kernel.value, self.compute_dtype)
            weights = _softmax(jnp.tanh(query[:, None] + keys) @ self.score_kernel.value, mask)
            context = jnp.einsum("bs,bsf->bf", weights, memory)
            outputs, states = self._step(inputs, context, states, training)
            outputs = jnp.concatenate([outputs, context], axis=-1)
        return (outputs, weights) if self.return_alignments else outputs, states

    def _step(self, inputs, found, states, training):
        both = jnp.concatenate([inputs, found], axis=-1)
        return self.inner.take_step(both, states, training=training)

    def sequence(self, inputs, states, run):
        """With one product of the memory and its kernel for all steps."""
        constants = self.prepared(run.constants, inputs.shape[0])
        return repeat_step(self, inputs, states, run.but(constants=constants))

    def prepared(self, constants, batch: int):
        """The constants with what is the same at every step: `[memory, mask, keys]`.

        `keys` are `h_j W`, or `h_j U + b`, `(batch, source steps, ...)`. The result can be given
        as `constants` in place of the memory, to a loop that calls the cell step by step.
        """
        if isinstance(constants, (list, tuple)) and len(constants) == 3:
            return constants
        memory_shape = self._memory_shape(
            jax.tree.map(lambda c: show_shape(c.shape), constants), batch
        )
        memory, mask = (*constants, None)[:2]
        if mask is None:
            mask = get_mask(memory)
        if mask is not None:
            mask = jnp.asarray(mask, bool)
            if mask.shape != memory.shape[:2]:
                raise ValueError(
                    f"{self} expects a mask of the memory of shape (batch, source steps) = "
                    f"{memory_shape[:2]} and got {show_shape(mask.shape)}."
                )
        memory = hide_masked(memory, mask)
        keys = memory @ self.memory_kernel.value
        return [memory, mask, keys if self._feeds_back else keys + self.bias.value]

    def _memory_shape(self, shapes, batch=None) -> tuple:
        """The shape of the memory, after checks; `shapes` are those of the constants."""
        if not shapes:
            raise ValueError(
                f"{self} looks at a memory at every step, and was given none: pass "
                "constants=[encoder outputs] where you call its RNN."
            )
        shape = shapes[0] if isinstance(shapes, (list, tuple)) else shapes
        if not isinstance(shape, tuple) or len(shape) != 3 or shape[-1] is None:
            raise ValueError(
                f"{self} expects constants=[memory] with a memory of shape (batch, source steps, "
                f"features) and got {shape}: have the encoder return_sequences."
            )
        if isinstance(batch, int) and shape[0] not in (None, batch):
            raise ValueError(
                f"{self} expects a memory of as many rows as its inputs, {batch}, and got "
                f"{shape}: give each row its memory."
            )
        return shape

    @property
    def engine(self) -> Engine:
        """What runs `sequence`: "scan", with a `reason`."""
        return Engine("scan", "AttentionCell looks at its memory between the steps of the cell.")

    def get_initial_state(self, batch_size):
        states = self.inner.starting_states(batch_size)
        if not self._feeds_back:
            return states
        return [jnp.zeros((batch_size, self.units), self.dtype), states]


def _softmax(scores, mask):
    """Over the last axis; exactly zero at masked steps, and everywhere where all are masked."""
    if mask is None:
        return jax.nn.softmax(scores, axis=-1)
    top = jnp.max(scores, axis=-1, keepdims=True, where=mask, initial=jnp.finfo(scores.dtype).min)
    scores = jnp.where(mask, scores - jax.lax.stop_gradient(top), 0)
    powers = jnp.where(mask, jnp.exp(scores), 0)
    total = jnp.sum(powers, axis=-1, keepdims=True)
    return powers / jnp.where(total == 0, 1, total)
