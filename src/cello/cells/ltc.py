"""The liquid time-constant network."""

from __future__ import annotations

import jax
import jax.numpy as jnp

from cello.cells.timed import TimedCell
from cello.core.arguments import arg
from cello.core.kinds import repetitions
from cello.core.random import new_key

_EPSILON = 1e-8


def _uniform(low, high):
    return {"class_name": "RandomUniform", "config": {"minval": low, "maxval": high}}


class LTCCell(TimedCell):
    """One step of the liquid time-constant network, for steps at any times.

        C dv/dt = g (v_leak - v) + sum_j s_j(v_j) (E_j - v) + sum_k s_k(x_k) (E_k - v)
        s_j(v) = w_j sigmoid(sigma_j (v - mu_j))
        y = v * out + out_bias

    Neurons, each with its leak, joined by synapses, each with its weight `w`, threshold `mu`,
    steepness `sigma` and reversal potential `E`: from every neuron to every neuron, and from every
    input, which enters as `x * in + in_bias`. How fast a neuron reacts depends on what it is told.
    The gap since the last step is cut into `ode_unfolds` parts, and in each the fused solver makes
    the semi-implicit step, `dt` long,

        v = (C v / dt + g v_leak + sum s E) / (C / dt + g + sum s)

    The inputs are `x`, or `[x, t]` with the time of each step; see `cello.cells.timed.TimedCell`.

    Inputs `(batch, features)`, or these and times `(batch,)`; states `[v, time]`, `(batch, units)`
    and `(batch, 1)`; output `y`, `(batch, units)`. Weights: of the neurons `leak`, `leak_potential`
    and `capacitance` `(units,)`; of the synapses `sigma`, `mu`, `w`, `reversal`, each
    `(units, units)`, and `input_` with these names, `(features, units)`; of the inputs `scale` and
    `shift`, `(features,)`; of the output `output_scale` and `output_shift`, `(units,)`. `leak`,
    `capacitance` and the `w` are kept from being negative. Ranges to start from, and reversal
    potentials of 1 and, a third of them, -1, are those of the authors' package ncps.

    Source: Hasani et al. 2021; the parameters: Lechner et al. 2020.
    """

    ode_unfolds = arg(6, kind=repetitions, doc="Steps of the solver between two steps.")

    def add_weights(self, features):
        n = self.units

        def add(name, shape, start, constraint=None):
            return self.add_weight(shape, start, constraint=constraint, name=name)

        self.leak = add("leak", (n,), _uniform(0.001, 1.0), "non_neg")
        self.leak_potential = add("leak_potential", (n,), _uniform(-0.2, 0.2))
        self.capacitance = add("capacitance", (n,), _uniform(0.4, 0.6), "non_neg")

        def synapses(prefix, size):
            return [
                add(f"{prefix}sigma", (size, n), _uniform(3.0, 8.0)),
                add(f"{prefix}mu", (size, n), _uniform(0.3, 0.8)),
                add(f"{prefix}w", (size, n), _uniform(0.001, 1.0), "non_neg"),
                add(f"{prefix}reversal", (size, n), _polarity),
            ]

        self.synapses = synapses("", n)
        self.input_synapses = synapses("input_", features)
        self.scale = add("scale", (features,), "ones")
        self.shift = add("shift", (features,), "zeros")
        self.output_scale = add("output_scale", (n,), "ones")
        self.output_shift = add("output_shift", (n,), "zeros")

    def step(self, x, states, now, gap, training):
        (v,) = states
        inputs = x * self.scale.value + self.shift.value
        leak, capacitance = self.leak.value, self.capacitance.value
        driven, conducted = _currents(inputs, self.input_synapses)
        driven = driven + leak * self.leak_potential.value
        dt = gap / self.ode_unfolds
        for _ in range(self.ode_unfolds):  # both sides times dt, which may be 0
            to_rest, conductance = _currents(v, self.synapses)
            v = (capacitance * v + dt * (driven + to_rest)) / (
                capacitance + dt * (leak + conducted + conductance) + _EPSILON
            )
        return v * self.output_scale.value + self.output_shift.value, [v]


def _currents(v, synapses):
    """`sum s E` and `sum s` over the synapses of each neuron."""
    sigma, mu, w, reversal = (weight.value for weight in synapses)
    s = w * jax.nn.sigmoid(sigma * (v[..., None] - mu))
    return jnp.sum(s * reversal, axis=-2), jnp.sum(s, axis=-2)


def _polarity(shape, dtype):
    return jnp.where(jax.random.bernoulli(new_key(), 1 / 3, shape), -1.0, 1.0).astype(dtype)
