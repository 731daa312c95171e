"""`Circle`, whose rows are compared with each other, against Keras."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 260

RNG = np.random.default_rng(2)
VECTORS = RNG.normal(size=(8, 4)).astype("float32")
UNITS = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
LABELS = np.array([0, 1, 0, 2, 1, 0, 2, 1])
SOLE = np.array([0, 1, 0, 2, 1, 0, 3, 1])  # of 2 and 3 there is one row each
CASES = [{}, {"gamma": 4.0, "margin": 0.1}, {"gamma": 2.0, "remove_diagonal": False}]
WEIGHTS = np.array([0.5, 0.0, 2.0, 1.0, 1.0, 3.0, 0.2, 1.0], "float32")


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight", None]
)
@pytest.mark.parametrize("options", CASES)
def test_values(options, reduction):
    theirs, ours = (k.losses.Circle(**options, reduction=reduction) for k in (keras, cello))
    for labels in (LABELS, LABELS[:, None], SOLE):
        np.testing.assert_allclose(ours(labels, UNITS), theirs(labels, UNITS), rtol=1e-4, atol=1e-5)
        found, want = ours(labels, UNITS, WEIGHTS), theirs(labels, UNITS, WEIGHTS)
        np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("options", CASES)
def test_gradients(options):
    theirs, ours = (
        jax.grad(lambda p, k=k: k.losses.Circle(**options)(LABELS, p))(jnp.asarray(UNITS))
        for k in (keras, cello)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)
    alone = jax.grad(lambda p: cello.losses.Circle(**options)(SOLE, p))(jnp.asarray(UNITS))
    assert np.isfinite(alone).all()


def test_the_function_and_its_references():
    given = LABELS, UNITS, LABELS[:5], UNITS[3:], False, 3.0, 0.2
    found, want = (
        k.losses.circle(*map(jnp.asarray, given[:4]), *given[4:]) for k in (cello, keras)
    )
    np.testing.assert_allclose(found, want, rtol=1e-5)
    for name in ("circle", "Circle"):
        a, b = (inspect.signature(getattr(k.losses, name)).parameters for k in (cello, keras))
        assert {n: p.default for n, p in a.items()} == {n: p.default for n, p in b.items()}
        assert list(a) == list(b)


def test_configurations_go_both_ways():
    options = {"gamma": 3.0, "margin": 0.2, "remove_diagonal": False, "reduction": "sum"}
    ours, theirs = (k.losses.Circle(**options) for k in (cello, keras))
    want = ours(LABELS, UNITS)
    theirs, ours = keras.losses.serialize(theirs), cello.losses.serialize(ours)
    for made in (cello.losses.get(theirs), cello.losses.get(ours), keras.losses.deserialize(ours)):
        np.testing.assert_allclose(made(LABELS, UNITS), want, rtol=1e-5)


@pytest.mark.parametrize("loss", ["circle", "Circle", "class"])
def test_training_with_a_smaller_last_batch(loss):
    """Rows that fill a batch up would be compared with the real ones."""
    histories = []
    for k in (keras, cello):
        model = k.Sequential([k.Input((4,)), k.layers.Dense(3), k.layers.UnitNormalization()])
        model.set_weights([np.ones((4, 3), "float32") * [1, -1, 0.5], np.zeros(3, "float32")])
        given = k.losses.Circle() if loss == "class" else loss if k is cello else "circle"
        model.compile(k.optimizers.SGD(1e-3), given)
        history = model.fit(VECTORS, LABELS, 5, 2, shuffle=False, verbose=0)
        histories.append([*history.history["loss"], model.evaluate(VECTORS, LABELS, 5, verbose=0)])
    np.testing.assert_allclose(histories[1], histories[0], rtol=1e-3)


@pytest.mark.parametrize(
    "labels, outputs, message",
    [
        (LABELS, (8, 5, 4), r"embeddings \(batch, features\), and got \(8,\) and \(8, 5, 4\)"),
        (np.eye(3)[LABELS], (8, 4), r"a label a row, \(batch,\).*got \(8, 3\)"),
        (LABELS + 0.5, (8, 4), "integer labels; y holds fractions"),
    ],
)
def test_targets_that_do_not_fit(labels, outputs, message):
    with pytest.raises(ValueError, match=message):
        cello.losses.Circle().check_targets(labels, outputs)
