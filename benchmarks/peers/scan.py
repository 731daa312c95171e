"""Plain JAX: `jax.lax.scan` over the steps, in a jitted step with optax' Adam.

The input product of all steps is one matrix product before the loop.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
import optax

from harness.rows import GATES
from peers import Unavailable, linear_recurrence


def prepare(row):
    if row.cell == "linear_scan":
        return linear_recurrence.prepare(row, linear)
    if row.states != "last" or row.recurrent_dropout or not row.bias:
        raise Unavailable("not written for this option")
    data = row.data()
    weights = draw(row)
    masks = [None] * row.batches if data.mask is None else data.mask
    predict = jax.jit(lambda weights, x, mask: model(row, weights, x, mask))
    if not row.training:
        return lambda: [np.asarray(predict(weights, *b)) for b in zip(data.x, masks, strict=True)]

    optimizer = optax.adam(1e-3)
    start = optimizer.init(weights)

    @jax.jit
    def step(weights, state, x, y, mask):
        def loss(weights):
            return jnp.mean((model(row, weights, x, mask) - y) ** 2)

        value, gradients = jax.value_and_grad(loss)(weights)
        updates, state = optimizer.update(gradients, state, weights)
        return optax.apply_updates(weights, updates), state, value

    def run():
        values, state, losses = weights, start, []
        for x, y, mask in zip(data.x, data.y, masks, strict=True):
            values, state, loss = step(values, state, x, y, mask)
            losses.append(loss)
        jax.block_until_ready((values, losses))

    return run


def draw(row):
    """`[(W, U, b, d), ...]` for each layer and direction, and the head."""
    rng = np.random.default_rng(1)
    directions = 2 if row.bidirectional else 1
    width = GATES[row.cell] * row.units

    def uniform(*shape):
        return jnp.asarray(rng.uniform(-1, 1, shape) / np.sqrt(row.units), jnp.float32)

    layers = []
    for depth in range(row.layers):
        features = row.features if depth == 0 else directions * row.units
        one = [
            (uniform(features, width), uniform(row.units, width), uniform(width), uniform(width))
            for _ in range(directions)
        ]
        layers.append(one if row.cell == "GRU" else [w[:3] for w in one])
    return layers, (uniform(directions * row.units, 1), uniform(1))


def model(row, weights, x, mask):
    layers, (kernel, bias) = weights
    keep = None if mask is None else jnp.swapaxes(mask, 0, 1)[..., None]
    y = jnp.swapaxes(x, 0, 1)
    for directions in layers:
        both = [run(row.cell, w, y, keep, back) for back, w in enumerate(directions)]
        y, last = (jnp.concatenate(parts, axis=-1) for parts in zip(*both, strict=True))
    return last @ kernel + bias


def run(cell, weights, x, keep, backwards):
    """The outputs of all steps `(time, batch, units)`, and the last in the order of running."""
    kernel, recurrent_kernel, bias, *more = weights
    step = STEPS[cell]

    def body(states, inputs):
        z, keep = inputs
        new = step(z, states, recurrent_kernel, *more)
        if keep is not None:
            new = [jnp.where(keep, n, s) for n, s in zip(new, states, strict=True)]
        return new, new[0]

    zeros = jnp.zeros((x.shape[1], recurrent_kernel.shape[0]), x.dtype)
    states = [zeros, zeros] if cell == "LSTM" else [zeros]
    states, outputs = jax.lax.scan(body, states, (x @ kernel + bias, keep), reverse=bool(backwards))
    return outputs, states[0]


def lstm(z, states, recurrent_kernel):
    h, c = states
    i, f, g, o = jnp.split(z + h @ recurrent_kernel, 4, axis=-1)
    c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
    return [jax.nn.sigmoid(o) * jnp.tanh(c), c]


def gru(x, states, recurrent_kernel, recurrent_bias):
    (h,) = states
    x_z, x_r, x_g = jnp.split(x, 3, axis=-1)
    h_z, h_r, h_g = jnp.split(h @ recurrent_kernel + recurrent_bias, 3, axis=-1)
    z, r = jax.nn.sigmoid(x_z + h_z), jax.nn.sigmoid(x_r + h_r)
    return [z * h + (1 - z) * jnp.tanh(x_g + r * h_g)]


def simple_rnn(z, states, recurrent_kernel):
    return [jnp.tanh(z + states[0] @ recurrent_kernel)]


STEPS = {"LSTM": lstm, "GRU": gru, "SimpleRNN": simple_rnn}


def linear(a, b, h0):
    def body(h, ab):
        h = ab[0] * h + ab[1]
        return h, h

    _, h = jax.lax.scan(body, h0, (jnp.swapaxes(a, 0, 1), jnp.swapaxes(b, 0, 1)))
    return jnp.swapaxes(h, 0, 1)
