"""Masks that meet: in merging layers, inside of `TimeDistributed`, batches masked as a whole."""

import warnings

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello.core.masking import get_mask, set_mask

COMPILATIONS = 238

MERGES = {
    **{n: {} for n in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")},
    "Concatenate": {},
    "Dot": {"axes": 2},
}
KINDS = [*MERGES.items(), ("Concatenate", {"axis": 1})]
TWO, THREE = ("mm", "mn", "nm"), ("mnm", "mmn")  # masked or not


def drawn(kinds, seed=0):
    rng = np.random.default_rng(seed)
    inputs = [rng.normal(size=(3, 4, 2)).astype("float32") for _ in kinds]
    return inputs, [rng.random((3, 4)) > 0.5 if kind == "m" else None for kind in kinds]


def mask_on(library, y):
    return getattr(y, "_keras_mask", None) if library is keras else get_mask(y)


def merged(library, name, options, inputs, masks):
    def with_mask(x, mask):
        x = jnp.asarray(x)
        if mask is not None and library is keras:
            keras.src.backend.set_keras_mask(x, jnp.asarray(mask))
        elif mask is not None:
            set_mask(x, jnp.asarray(mask))
        return x

    y = getattr(library.layers, name)(**options)(list(map(with_mask, inputs, masks)))
    return y, mask_on(library, y)


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_values_and_masks_of_merged_inputs(name, options):
    for kinds in TWO + (() if name in ("Subtract", "Dot") else THREE):
        inputs, masks = drawn(kinds)
        (ours, our_mask), (theirs, their_mask) = (
            merged(library, name, options, inputs, masks) for library in (cello, keras)
        )
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6, err_msg=kinds)
        assert (our_mask is None) == (their_mask is None), kinds
        if our_mask is not None:
            np.testing.assert_array_equal(our_mask, their_mask, kinds)


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_what_is_not_finite_under_a_mask_reaches_nothing(name, options):
    for kinds in ("mm", "mn"):
        inputs, masks = drawn(kinds)
        pairs = list(zip(inputs, masks, strict=True))
        spoiled = [x if m is None else np.where(m[..., None], x, np.nan) for x, m in pairs]
        zeros = [x if m is None else np.where(m[..., None], x, 0) for x, m in pairs]

        def total(inputs, masks=masks):
            return merged(cello, name, options, inputs, masks)[0].sum()

        (got, by_got), (want, by_want) = map(jax.value_and_grad(total), (spoiled, zeros))
        np.testing.assert_allclose(got, want, rtol=1e-6)
        for g, w, mask in zip(by_got, by_want, masks, strict=True):
            counts = np.ones((3, 4), bool) if mask is None else mask
            np.testing.assert_allclose(g[counts], w[counts], rtol=1e-5, atol=1e-6)
            assert not np.any(g[~counts])


# ----------------------------------------------------------------------- layers of one's own


def reader(library, embedding, passes):
    """A layer of a context and of symbols, whose mask the embedding inside makes."""

    class Reader(library.layers.Layer):
        def __init__(self):
            super().__init__()
            self.embedding = embedding
            self.supports_masking = passes

        def call(self, context, symbols):
            return self.embedding(symbols)

    return Reader()


def test_a_mask_from_inside_stays_when_that_of_the_input_is_passed_on():
    context, symbols = np.array([[1, 2, 0, 0]]), np.array([[3, 0, 4, 1]])
    for library in (keras, cello):
        embedding = library.layers.Embedding(5, 2, "zeros", mask_zero=True)
        seen = embedding(context)
        for passes in (True, False):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore" if library is keras else "error")  # none is lost
                y = reader(library, embedding, passes)(seen, symbols)
            np.testing.assert_array_equal(mask_on(library, y), symbols != 0)


def test_a_mask_that_a_layer_of_ones_own_makes_is_not_lost():
    """From Keras' guide: the mask comes from compute_mask, and nothing else is said."""

    class FirstHalf(cello.layers.Layer):
        def call(self, inputs):
            return inputs[:, :2]

        def compute_mask(self, inputs, mask=None):
            return mask[:, :2]

    x = jnp.asarray(drawn("m")[0][0])
    set_mask(x, MASK)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y = FirstHalf()(x)
    np.testing.assert_array_equal(get_mask(y), MASK[:, :2])


# ------------------------------------------------------------------------- TimeDistributed

MASK = np.array([[1, 1, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0]], bool)


def scaled(library):
    class Scaled(library.layers.Layer):
        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, x, mask=None):
            return x * library.ops.cast(mask, "float32")[:, None]

    return Scaled()


def test_a_layer_inside_gets_the_mask_of_its_step():
    (x,), _ = drawn("m")
    ours, theirs = (
        library.layers.TimeDistributed(scaled(library))(x, mask=MASK) for library in (cello, keras)
    )
    np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(ours, x * MASK[..., None])


def test_statistics_inside_are_those_of_steps_that_count():
    (x,), _ = drawn("m")
    inside = cello.layers.BatchNormalization(momentum=0.0)
    cello.layers.TimeDistributed(inside)(x, mask=MASK, training=True)
    np.testing.assert_allclose(inside.moving_mean, x[MASK].mean(0), rtol=1e-5)
    np.testing.assert_allclose(inside.moving_variance, x[MASK].var(0), rtol=1e-5)


@pytest.mark.parametrize("kind", ["LSTM", "GlobalAveragePooling1D", "Sequential"])
def test_a_masked_step_that_is_a_sequence_is_masked_throughout(kind):
    """Sentences of words in texts; Keras 3.15 raises an IndexError."""
    inside = {
        "LSTM": lambda: cello.layers.LSTM(2),
        "GlobalAveragePooling1D": cello.layers.GlobalAveragePooling1D,
        "Sequential": lambda: cello.Sequential([cello.layers.LSTM(2)]),
    }[kind]()
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype("float32")
    each = cello.layers.TimeDistributed(inside)
    alone = each(x)
    y = each(np.where(MASK[..., None, None], x, np.nan), mask=MASK)
    np.testing.assert_allclose(y, np.where(MASK[..., None], alone, 0), rtol=1e-5, atol=1e-6)


# ---------------------------------------------------------------------- BatchNormalization


def test_batches_that_are_partly_and_wholly_masked():
    ours, theirs = (library.layers.BatchNormalization() for library in (cello, keras))
    for seed, mask in enumerate([np.zeros_like(MASK), MASK, np.zeros_like(MASK), ~MASK]):
        (x,), _ = drawn("m", seed)
        found, want = (layer(x, mask=mask, training=True) for layer in (ours, theirs))
        np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-5)
        for a, b in zip(ours.weights, theirs.weights, strict=True):
            np.testing.assert_allclose(a, np.asarray(b), rtol=1e-4, atol=1e-6)

    def total(x):
        return ours(x, mask=np.zeros_like(MASK), training=True).sum()

    with cello.core.variable.Binding():
        assert np.isfinite(jax.grad(total)(jnp.asarray(x))).all()
