"""Cells around another cell: zoneout, a residual connection, dropout."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.cells.projecting import dropout_mask
from cello.cells.running import (
    build_cell,
    cell_engine,
    check_cell,
    initial_state,
    output_size,
    repeat_step,
    run_cell,
    takes_constants,
)
from cello.core.arguments import arg
from cello.core.kinds import boolean, fraction, integer, optional
from cello.core.layer import Layer
from cello.core.random import SeedGenerator
from cello.core.variable import overridden
from cello.ops import engine as engines
from cello.ops.engine import Engine
from cello.ops.recurrence import choose_rows, hide_masked, hold, last_real


def _cell(value):
    check_cell(value)
    return value


def _rates(value):
    return [fraction(v) for v in value] if isinstance(value, (list, tuple)) else fraction(value)


def _normalization(value):
    if value is not None and not isinstance(value, Layer):
        raise ValueError("None or a layer")
    return value


def _names(value):
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise ValueError("a list of names of weights")
    return list(value)


class OuterCell(Layer):
    """Base of the cells with another cell inside, `cell`: with its states, and its output's size.

    A subclass writes `call`, where `step` runs the inner cell; and `sequence`, where that can be
    said for all steps at once.
    """

    cell: Any

    @property
    def cells(self):
        return [self.cell]

    @property
    def state_size(self):
        return self.cell.state_size

    @property
    def output_size(self):
        return output_size(self.cell)

    def build(self, inputs_shape, constants_shape=None):
        if not self.cell.built:
            build_cell(self.cell, inputs_shape, constants_shape)

    def call(self, inputs, states, training=False, constants=None):
        raise NotImplementedError

    def step(self, inputs, states, training, constants):
        """One step of the inner cell; its states always as a list, tuple or dict."""
        more = {"constants": constants} if takes_constants(self.cell) else {}
        outputs, states = self.cell(inputs, states, training=training, **more)
        return outputs, states if isinstance(states, (list, tuple, dict)) else [states]

    def get_initial_state(self, batch_size):
        return initial_state(self.cell, batch_size)

    @property
    def engine(self) -> Engine:
        """What runs the inner cell."""
        return cell_engine(self.cell)


class WrapperCell(OuterCell):
    """Base of the cells around a cell that is given."""

    cell = arg(kind=_cell, doc="The cell inside.")


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
        outputs, new_states = self.step(inputs, states, training, constants)
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
        outputs, states = self.step(self._normalised(inputs), states, training, constants)
        return inputs + outputs, states

    def sequence(self, inputs, states, *, mask, go_backwards, **options):
        """The same as repeating `call` along axis 1."""
        if go_backwards:
            inputs, mask = jax.tree.map(lambda x: jnp.flip(x, 1), (inputs, mask))
        inputs = hide_masked(inputs, mask)
        outputs, states = run_cell(
            self.cell, self._normalised(inputs), states, mask=mask, go_backwards=False, **options
        )
        how = {name: options[name] for name in ("return_sequences", "zero_output_for_mask")}
        return outputs + hold(inputs, None, mask, **how), states

    def _normalised(self, inputs):
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
            return self.step(inputs, states, training, constants)
        for_inputs, for_outputs, for_states = jax.random.split(self.seed_generator.next(), 3)
        inputs = _dropped(inputs, self.inputs, for_inputs)
        if self.states > 0:
            leaves, structure = jax.tree.flatten(states)
            leaves[0] = _dropped(leaves[0], self.states, for_states)
            states = jax.tree.unflatten(structure, leaves)
        outputs, states = self.step(inputs, states, training, constants)
        return _dropped(outputs, self.outputs, for_outputs), states

    def sequence(self, inputs, states, *, training, mask, return_sequences, **options):
        """The same as repeating `call` along axis 1."""
        if training and (self.per_step or self.states > 0):
            return repeat_step(
                self, inputs, states, training=training, mask=mask,
                return_sequences=return_sequences, **options,
            )  # fmt: skip
        keys = jax.random.split(self.seed_generator.next(), 3) if training else None
        if keys is not None:
            inputs = _dropped(hide_masked(inputs, mask), self.inputs, keys[0], time=True)
        outputs, states = run_cell(
            self.cell, inputs, states, training=training, mask=mask,
            return_sequences=return_sequences, **options,
        )  # fmt: skip
        if keys is None:
            return outputs, states
        dropped = _dropped(outputs, self.outputs, keys[1], time=return_sequences)
        if mask is None:
            return dropped, states
        if options.get("go_backwards"):
            mask = jnp.flip(mask, 1)
        real = last_real(mask) >= 0  # before the first real step stands a state, of which nothing
        return choose_rows(real if return_sequences else real[:, -1], dropped, outputs), states


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

    def _thinned(self, training):
        """The scope in which the inner cell sees what is left of its weights."""
        if not training:
            return overridden({})
        chosen = self._chosen()
        keys = jax.random.split(self.seed_generator.next(), len(chosen))
        return overridden(
            {w: _dropped(w.value, self.rate, key) for w, key in zip(chosen, keys, strict=True)}
        )

    def call(self, inputs, states, training=False, constants=None):
        with self._thinned(training):
            return self.step(inputs, states, training, constants)

    def sequence(self, inputs, states, *, training, **options):
        """The same as repeating `call` along axis 1."""
        with self._thinned(training):
            return run_cell(self.cell, inputs, states, training=training, **options)


def _dropped(tree, rate, key, time=False):
    """The arrays `(batch, ...)`; with `time`, `(batch, time, ...)`, one draw for all steps."""
    leaves, structure = jax.tree.flatten(tree)
    keys = jax.random.split(key, len(leaves))
    for i, x in enumerate(leaves):
        shape = (x.shape[0], *x.shape[2:]) if time else x.shape
        mask = dropout_mask(keys[i], rate, shape, x.dtype)
        if mask is not None:
            leaves[i] = x * (mask[:, None] if time else mask)
    return jax.tree.unflatten(structure, leaves)
