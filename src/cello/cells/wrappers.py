"""Cells around another cell: zoneout, a residual connection, dropout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp

from cello.cells.cell import Cell, as_cell, check_cell
from cello.cells.frame import run_cell
from cello.cells.loop import repeat_step
from cello.cells.projecting import dropout_mask
from cello.core.arguments import arg
from cello.core.kinds import Number, boolean, fraction, integer, optional
from cello.core.layer import Layer
from cello.core.random import SeedGenerator
from cello.core.variable import overridden
from cello.ops import engine as engines
from cello.ops.engine import Engine


def _rates(value: Number | Sequence[float]):
    if isinstance(value, Sequence):
        return [fraction(v) for v in value]
    return fraction(value)


def _normalization(value: Layer | None):
    if value is not None and not isinstance(value, Layer):
        raise ValueError("None or a layer")
    return value


def _names(value: Sequence[str]):
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of names of weights")
    return list(value)


class OuterCell(Cell):
    """Base of the cells with another cell inside, `cell`: with its states, and its output's size.

    A subclass writes `call`, where `inner.take_step` runs the inner cell; and `sequence`, if that
    can be said for all steps at once.
    """

    has_layer = False

    cell: Any

    @property
    def inner(self) -> Any:
        """The cell inside, as what runs."""
        return as_cell(self.cell)

    @property
    def state_size(self):  # type: ignore[override]
        return self.cell.state_size

    @property
    def output_size(self):  # type: ignore[override]
        return self.inner.size_of_output()

    @property
    def takes_constants(self) -> bool:  # type: ignore[override]
        return self.inner.takes_constants

    def build(self, inputs_shape, constants_shape=None):
        self.inner.build_for(inputs_shape, constants_shape)

    def call(self, inputs, states, training=False, constants=None):
        raise NotImplementedError

    def get_initial_state(self, batch_size):
        return self.inner.starting_states(batch_size)

    @property
    def engine(self) -> Engine:
        """What runs the inner cell."""
        return self.inner.engine


class WrapperCell(OuterCell):
    """Base of the cells around a cell that is given."""

    cell = arg(kind=check_cell, doc="The cell inside.")


class _DrawingCell(WrapperCell):
    """A wrapper that draws random numbers, in training."""

    seed = arg(None, kind=optional(integer), keyword_only=True, doc="Seed of what is drawn.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.seed_generator = SeedGenerator(self.seed)


class ZoneoutCell(_DrawingCell):
    """One step of a cell some of whose states stay as they were.

        s_t = k * s_{t-1} + (1 - k) * cell(x_t, s_{t-1})

    In training each element of `k` is 1 with the probability `rate` and else 0, drawn anew at each
    step; else `k = rate`. Where the cell's output is its first state, as in `LSTM` and all gated
    cells, the output is that of `s_t`.

    Args:
        cell: the cell.
        rate: the probability; or a list with one for each state: `[0.05, 0.5]` for `h` and `c` of
            an LSTM, as in the paper.

    Raises:
        ValueError: where there are not as many rates as states.

    Source: Krueger et al. 2017, Zoneout: Regularizing RNNs by Randomly Preserving Hidden
    Activations.
    """

    rate = arg(0.1, kind=_rates, doc="Probability that an element of a state stays.")

    def call(self, inputs, states, training=False, constants=None):
        outputs, new_states = self.inner.take_step(inputs, states, training, constants)
        before, structure = jax.tree.flatten(states)
        after = jax.tree.leaves(new_states)
        rates = self._rates(len(before))
        keys = jax.random.split(self.seed_generator.next(), len(before)) if training else rates
        kept = []
        for old, new, rate, key in zip(before, after, rates, keys, strict=True):
            if rate == 0 or not jnp.issubdtype(new.dtype, jnp.floating):
                kept.append(new)
            elif training:
                kept.append(jnp.where(jax.random.bernoulli(key, rate, new.shape), old, new))
            else:
                kept.append(rate * old + (1 - rate) * new)
        if after and outputs is after[0]:
            outputs = kept[0]
        return outputs, jax.tree.unflatten(structure, kept)

    def _rates(self, states: int) -> list[float]:
        rates = self.rate if isinstance(self.rate, list) else [self.rate] * states
        if len(rates) != states:
            raise ValueError(
                f"{self}: rate must be a number or a list with one for each of the {states} "
                f"state(s) of {type(self.cell).__name__}. Received: rate={rates}"
            )
        return rates

    @property
    def engine(self) -> Engine:
        return engines.no_kernel("ZoneoutCell changes the states between the steps of its cell.")


class ResidualCell(WrapperCell):
    """One step of a cell whose input is added to its output.

        y_t = x_t + cell(x_t, s_{t-1})
        y_t = x_t + cell(normalization(x_t), s_{t-1})    with a normalisation

    Raises:
        ValueError: where the output has another size than the input.

    Source: He, Zhang, Ren and Sun 2016; for recurrent layers Wu et al. 2016 (GNMT); with a
    normalisation in front Xiong et al. 2020.
    """

    does = frozenset()
    normalization = arg(
        None, kind=_normalization,
        doc="A layer that works on each step by itself, `RMSNormalization()` say, or `None`.",
    )  # fmt: skip

    def build(self, inputs_shape, constants_shape=None):
        super().build(inputs_shape, constants_shape)
        if self.normalization is not None:
            self.normalization.build(inputs_shape)
        size = self.output_size
        size = size if isinstance(size, tuple) else (size,)
        if size != tuple(inputs_shape[1:]):
            raise ValueError(
                f"{self} adds its inputs to the outputs of {type(self.cell).__name__}, so both "
                f"must be of one size: the inputs have {inputs_shape[1:]}, the outputs {size}. "
                "Put a Dense layer in front of it, or change the units."
            )

    def call(self, inputs, states, training=False, constants=None):
        outputs, states = self.inner.take_step(self._normalise(inputs), states, training, constants)
        return inputs + outputs, states

    def sequence(self, inputs, states, run):
        every = run.but(return_sequences=True, zero_output_for_mask=False)
        outputs, states = run_cell(self.inner, self._normalise(inputs), states, every)
        return inputs + outputs, states

    def _normalise(self, inputs):
        return inputs if self.normalization is None else self.normalization(inputs)


class DropoutCell(_DrawingCell):
    """One step of a cell with dropout of what it takes and gives, in training.

        y_t, s_t = cell(x_t * m_x, [h_{t-1} * m_h, other states])
        output: y_t * m_y

    `h` is the first state. The factors `m` are 0 with the probability of their rate, and else
    `1 / (1 - rate)`. They are drawn once for a sequence (variational dropout), or, with `per_step`,
    anew at each step.

    Unlike the `recurrent_dropout` of the gated cells, `m_h` acts on all that the step computes from
    `h`. Without `states` and `per_step` the cell runs over whole sequences as it does by itself.

    Source: Gal and Ghahramani 2016 (once a sequence); Zaremba, Sutskever and Vinyals 2014 (inputs
    and outputs, at each step).
    """

    inputs = arg(0.0, kind=fraction, doc="Fraction of the inputs to drop.")
    outputs = arg(0.0, kind=fraction, doc="Fraction of the outputs to drop.")
    states = arg(0.0, kind=fraction, doc="Fraction of the first state to drop.")
    per_step = arg(False, kind=boolean, doc="Whether to draw at each step, or once a sequence.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.draws_once = not self.per_step

    def call(self, inputs, states, training=False, constants=None):
        if not training:
            return self.inner.take_step(inputs, states, training, constants)
        for_inputs, for_outputs, for_states = jax.random.split(self.seed_generator.next(), 3)
        inputs = _drop(inputs, self.inputs, for_inputs)
        if self.states > 0:
            leaves, structure = jax.tree.flatten(states)
            leaves[0] = _drop(leaves[0], self.states, for_states)
            states = jax.tree.unflatten(structure, leaves)
        outputs, states = self.inner.take_step(inputs, states, training, constants)
        return _drop(outputs, self.outputs, for_outputs), states

    @property
    def does(self):  # type: ignore[override]
        return frozenset() if self._acts_outside else super().does

    @property
    def _acts_outside(self) -> bool:
        """Whether all that it drops stands outside of the loop over the steps."""
        return not self.per_step and self.states == 0

    def sequence(self, inputs, states, run):
        if not self._acts_outside and run.training:
            return repeat_step(self, inputs, states, run)
        if not self._acts_outside:
            return run_cell(self.inner, inputs, states, run)
        every = run.but(return_sequences=True, zero_output_for_mask=False)
        if not run.training:
            return run_cell(self.inner, inputs, states, every)
        for_inputs, for_outputs, _ = jax.random.split(self.seed_generator.next(), 3)
        inputs = _drop(inputs, self.inputs, for_inputs, time=True)
        outputs, states = run_cell(self.inner, inputs, states, every)
        return _drop(outputs, self.outputs, for_outputs, time=True), states


class DropConnectCell(_DrawingCell):
    """One step of a cell some of whose recurrent weights are dropped, in training.

        cell with U * m in place of U

    `m` is 0 with the probability `rate`, and else `1 / (1 - rate)`, drawn once for a sequence and
    for all rows of the batch. The cell runs as it does by itself, natively where it can.

    Args:
        cell: the cell, or cells in a row.
        rate: the fraction of the weights to drop.
        names: the names of the weights inside that it drops.

    Raises:
        ValueError: where nothing inside has a weight of one of these names.

    Source: Wan, Zeiler, Zhang, LeCun and Fergus 2013; on recurrent weights Merity, Keskar and
    Socher 2018 (AWD-LSTM).
    """

    rate = arg(0.5, kind=fraction, doc="Fraction of the weights to drop.")
    names = arg(("recurrent_kernel",), kind=_names, doc="Names of the weights that it drops.")

    does = frozenset({"turning", "hiding", "holding"})
    draws_once = True

    def build(self, inputs_shape, constants_shape=None):
        super().build(inputs_shape, constants_shape)
        if not self._chosen():
            raise ValueError(
                f"{self} drops weights named {self.names}, and "
                f"{type(self.cell).__name__} has {sorted({w.name for w in self.cell.weights})}: "
                "say some of these as names=[...]."
            )

    def _chosen(self):
        return [w for w in self.cell.weights if w.name in self.names]

    def _thin(self, training):
        """The scope in which the inner cell sees what is left of its weights."""
        if not training:
            return overridden({})
        chosen = self._chosen()
        keys = jax.random.split(self.seed_generator.next(), len(chosen))
        return overridden(
            {w: _drop(w.value, self.rate, key) for w, key in zip(chosen, keys, strict=True)}
        )

    def call(self, inputs, states, training=False, constants=None):
        with self._thin(training):
            return self.inner.take_step(inputs, states, training, constants)

    def sequence(self, inputs, states, run):
        with self._thin(run.training):
            return run_cell(self.inner, inputs, states, run)


def _drop(tree, rate, key, time=False):
    """The arrays `(batch, ...)`; with `time`, `(batch, time, ...)`, one draw for all steps."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    for i, x in enumerate(leaves):
        shape = (x.shape[0], *x.shape[2:]) if time else x.shape
        mask = dropout_mask(keys[i], rate, shape, x.dtype)
        if mask is not None:
            leaves[i] = x * (mask[:, None] if time else mask)
    return jax.tree.unflatten(structure, leaves)
