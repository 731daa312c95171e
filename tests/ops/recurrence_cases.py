"""The gated recurrences with arrays and options to run them on: for every engine's tests."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import strategies as st

import cello
from cello.ops.gated import gated_sequence
from cello.ops.kernels import ACTIVATIONS
from cello.ops.layer_norm import LAYER_NORM_GRU, LAYER_NORM_LSTM
from cello.ops.run import Run

WANTED = ("mask", "go_backwards", "unroll", "return_sequences", "return_all_states",
          "zero_output_for_mask")  # fmt: skip


def layer_norm(cell, x, kernel, recurrent_kernel, vectors, states=None, **options):
    """A normalised recurrence, called as the public ones are; `vectors` in place of a bias."""
    run = Run(**{name: options.pop(name) for name in WANTED if name in options})
    usual = {
        "activation": "tanh", "recurrent_activation": "sigmoid", "dropout_mask": None,
        "recurrent_dropout_mask": None, "compute_dtype": None,
    }  # fmt: skip
    return gated_sequence(
        cell, x, cell.centred(kernel), cell.centred(recurrent_kernel), None, states, run,
        **{**usual, **options}, vectors=vectors,
    )  # fmt: skip


def normalised(cell):
    """`layer_norm` as the other ops are called; without `bias`, with gains of one and no biases.

    With an `epsilon` that bounds what a division by the deviation of few, equal numbers makes of
    their rounding.
    """
    cell = dataclasses.replace(cell, epsilon=0.1)

    def op(x, kernel, recurrent_kernel, bias, states, **options):
        if bias is None:
            gain, units = jnp.ones(kernel.shape[1], x.dtype), recurrent_kernel.shape[0]
            of_memory = (gain[:units], jnp.zeros(units, x.dtype))[: 2 * (len(cell.states) - 1)]
            bias = cell.vectors(units, gain, gain, None, *of_memory)
        return layer_norm(cell, x, kernel, recurrent_kernel, bias, states, **options)

    return op


CELLS = {
    "lstm": (4, 2, cello.ops.lstm, {}),
    "gru": (3, 1, cello.ops.gru, {}),
    "gru_reset_before": (3, 1, cello.ops.gru, {"reset_after": False}),
    "simple_rnn": (1, 1, cello.ops.simple_rnn, {}),
    "layer_norm_lstm": (4, 2, normalised(LAYER_NORM_LSTM), {}),
    "layer_norm_gru": (3, 1, normalised(LAYER_NORM_GRU), {}),
}
NAMES = sorted(f.__name__ for f in ACTIVATIONS)


def arrays_of(cell, batch, time, features, units, seed, dtype="float64"):
    """`(x, kernel, recurrent_kernel, bias, states)`, no two numbers alike."""
    gates, states, _, _ = CELLS[cell]
    rng = np.random.default_rng(seed)

    def normal(*shape, scale=1.0):
        return np.asarray(rng.normal(size=shape) * scale, dtype)

    bias = {
        "gru": (2, gates * units), "layer_norm_lstm": (14, units), "layer_norm_gru": (10, units),
    }.get(cell, (gates * units,))  # fmt: skip
    return (
        normal(batch, time, features),
        normal(features, gates * units, scale=features**-0.5),
        normal(units, gates * units, scale=max(units, 1) ** -0.5),
        normal(*bias, scale=0.3),
        tuple(normal(batch, units) for _ in range(states)),
    )


def masks_of(kind, batch, time, seed):
    rng = np.random.default_rng(seed)
    if kind == "none":
        return None
    if kind == "right":
        return np.arange(time) < rng.integers(0, time + 1, size=(batch, 1))
    mask = rng.random((batch, time)) < 0.6
    mask[0] = False  # a row that does not count at all
    return mask


def run(cell, arrays, engine, **options):
    x, kernel, recurrent_kernel, bias, states = arrays
    _, _, op, more = CELLS[cell]
    return op(x, kernel, recurrent_kernel, bias, states, engine=engine, **more, **options)


def spread(outputs):
    """A loss in which every element has a weight of its own."""
    leaves = jax.tree.leaves(outputs)
    return sum(jnp.sum(y * jnp.cos(jnp.arange(y.size).reshape(y.shape))) for y in leaves)


def values_and_gradients(cell, arrays, engine, **options):
    def loss(arrays):
        outputs = run(cell, arrays, engine, **options)
        return spread(outputs), outputs

    return jax.jit(jax.grad(loss, has_aux=True))(arrays)


@st.composite
def cases(draw):
    cell = draw(st.sampled_from(sorted(CELLS)))
    batch, time, features = draw(
        st.tuples(st.integers(1, 20), st.integers(1, 7), st.sampled_from([1, 2, 3, 16, 33]))
    )
    options = {
        "activation": draw(st.sampled_from(["tanh", *NAMES])),
        "go_backwards": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "return_all_states": draw(st.booleans()),
        "zero_output_for_mask": draw(st.booleans()),
    }
    if cell != "simple_rnn":
        # a gate without bounds makes states that grow without bounds
        gates = ["sigmoid", "hard_sigmoid", "tanh"]
        options["recurrent_activation"] = draw(st.sampled_from(gates))
    sizes = batch, time, features, draw(st.sampled_from([1, 2, 5, 16, 17, 40]))
    mask = masks_of(draw(st.sampled_from(["none", "right", "holes"])), batch, time, 1)
    seed = draw(st.integers(0, 2**31))
    rng = np.random.default_rng(seed)

    def factors(*shape):
        return rng.choice([0.0, 1.25], size=shape) if draw(st.booleans()) else None

    options |= {
        "mask": mask,
        "dropout_mask": factors(batch, features),
        "recurrent_dropout_mask": factors(batch, sizes[-1]),
    }
    return cell, sizes, options, draw(st.booleans()), seed


def exact(cell, arrays, **options):
    """Values and gradients in float64, of arrays as they are in float32."""
    with jax.enable_x64(True):
        arrays = jax.tree.map(lambda a: a.astype("float32").astype("float64"), arrays)
        return jax.tree.map(np.asarray, values_and_gradients(cell, arrays, "scan", **options))


def in_float32(arrays, options):
    options = {
        k: v.astype("float32") if k.endswith("t_mask") and v is not None else v
        for k, v in options.items()
    }
    return jax.tree.map(lambda a: np.asarray(a, "float32"), arrays), options


def assert_as_near(want, other, got, ulps=8):
    """The error of `got` is at most twice that of `other`, and some ULP of float32."""
    for w, o, g in zip(*map(jax.tree.leaves, (want, other, got)), strict=True):
        assert g.shape == w.shape and g.dtype == np.float32
        allowed = 2 * np.abs(o - w).max() + ulps * 2**-24 * max(1, np.abs(w).max())
        assert np.abs(g - w).max() <= allowed


def problem(case):
    """The cell of a case, its arrays and options in float32, and the truth."""
    cell, sizes, options, biased, seed = case
    with jax.enable_x64(True):
        arrays = arrays_of(cell, *sizes, seed)
    if not biased:
        arrays = (*arrays[:3], None, arrays[4])
    return cell, *in_float32(arrays, options), exact(cell, arrays, **options)
