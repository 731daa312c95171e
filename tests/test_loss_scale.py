"""`LossScaleOptimizer`: steps, training and files are those of Keras, its scale included."""

import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 120

RNG = np.random.default_rng(3)
WEIGHTS = [RNG.normal(size=(3, 2)).astype("float32"), np.ones(2, "float32")]
X = 3 * RNG.normal(size=(12, 3)).astype("float32")
Y = X[:, :2] * 5 - 1
INNER = {
    "SGD": {"learning_rate": 0.1, "momentum": 0.5, "nesterov": True},
    "Adam": {"learning_rate": 0.05, "clipnorm": 0.5, "weight_decay": 0.1},
    "AdamW": {"learning_rate": 0.05, "use_ema": True, "ema_momentum": 0.7},
    "RMSprop": {"learning_rate": 0.05, "gradient_accumulation_steps": 2},
    "Lion": {"loss_scale_factor": 8.0},  # which does nothing inside
}


def make(library, name, scale, growth=2):
    inner = getattr(library.optimizers, name)(**INNER[name])
    return library.optimizers.LossScaleOptimizer(inner, scale, dynamic_growth_steps=growth)


def arrays(optimizer):
    return [np.asarray(v.value) for v in optimizer.variables]


def same(ours, theirs, tolerance=2e-6):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", INNER)
def test_steps_are_those_of_keras(name):
    """In a loop of one's own; the third and fourth gradients overflow."""
    theirs, their_values = make(keras, name, 64.0), WEIGHTS
    theirs.build([keras.Variable(w) for w in WEIGHTS])
    their_state = [v.value for v in theirs.variables]
    ours, variables = make(cello, name, 64.0), [cello.Variable(w) for w in WEIGHTS]
    ours.build(variables)
    scales = set()
    for i in range(9):
        scale = float(np.asarray(their_state[3]))
        assert float(ours.scale_loss(1.0)) == scale
        scales.add(scale)
        grads = [np.full(w.shape, (i + 1) * scale, "float32") for w in WEIGHTS]
        if i in (3, 4):
            grads[i - 3].flat[1] = (np.inf, np.nan)[i - 3]
        # in its apply, Keras on JAX keeps what it traced
        their_values, their_state = theirs.stateless_apply(their_state, grads, their_values)
        ours.apply(grads, variables)
        same([v.numpy() for v in variables], their_values)
        same(arrays(ours), their_state)
    assert {64.0, 128.0, 32.0} <= scales


def trained(library, name="Adam", dtype=None):
    model = library.Sequential([library.Input((3,)), library.layers.Dense(2, dtype=dtype)])
    model.compile(make(library, name, 2.0**126, 3), "mse")
    model.set_weights(WEIGHTS)
    losses = model.fit(X, Y, 2, 3, shuffle=False, verbose=0).history["loss"]
    return model, losses


@pytest.fixture(scope="module")
def both():
    return trained(keras), trained(cello)


def test_training_is_that_of_keras(both):
    (theirs, their_losses), (ours, losses) = both
    np.testing.assert_allclose(losses, their_losses, rtol=1e-5)
    same(ours.get_weights(), theirs.get_weights(), 1e-5)
    same(arrays(ours.optimizer), arrays(theirs.optimizer), 1e-5)
    assert ours.optimizer.iterations < 18  # some were left out
    ours.optimizer.learning_rate = 0.5
    assert ours.optimizer.inner_optimizer.learning_rate == 0.5
    ours.optimizer.learning_rate = 0.05


def test_files_go_both_ways(both, tmp_path):
    losses = []
    for i, (model, _) in enumerate(both):
        model.save(tmp_path / f"{i}.keras")
        for library in (keras, cello):
            copy = library.models.load_model(tmp_path / f"{i}.keras")
            losses.append(copy.fit(X, Y, 2, 2, shuffle=False, verbose=0).history["loss"])
    np.testing.assert_allclose(losses[1:], losses[:1] * 3, rtol=1e-5)


def test_mixed_precision(both):
    mixed, losses = trained(cello, dtype="mixed_bfloat16")
    np.testing.assert_allclose(losses, both[1][1], rtol=0.02)
    assert {w.dtype.name for w in mixed.weights} == {"float32"}


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda o: o.LossScaleOptimizer(), "missing a required argument: 'inner_optimizer'"),
        (lambda o: o.LossScaleOptimizer("adam"), "inner_optimizer must be another optimizer, such"),
        (lambda o: o.LossScaleOptimizer(o.LossScaleOptimizer(o.SGD())), "another optimizer, such"),
        (lambda o: o.LossScaleOptimizer(o.SGD(), 0.0), "initial_scale must be a positive"),
        (lambda o: o.LossScaleOptimizer(o.SGD(), clipnorm=1.0), r"inside: .*Adam\(clipnorm=1.0\)"),
        (lambda o: o.LossScaleOptimizer(o.SGD(), dynamic=False), "its loss_scale_factor"),
    ],
)
def test_refusals(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call(cello.optimizers)
