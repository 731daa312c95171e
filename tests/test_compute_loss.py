"""`compute_loss` and `compute_metrics` of the user's own, against Keras on the same model."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello.losses import MeanSquaredError

COMPILATIONS = 250


def data(rows=20, steps=5, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, steps, 3)).astype("float32")
    return x, np.tanh(x.sum((1, 2)))[:, None].astype("float32")


X, Y = data()
WEIGHTS = np.linspace(0.2, 2.0, 20, dtype="float32")


def own_loss(library):
    """Without super(): a loss from inputs, outputs, weights and the penalties."""

    class Own(library.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            scale = 1.0 + jnp.mean(jnp.square(x))
            wrong = jnp.mean(jnp.square(y_pred - y), -1)
            if sample_weight is not None:
                wrong = wrong * sample_weight
            return scale * jnp.mean(wrong) + sum(self.losses) + (0.0 if training else 3.0)

    return Own


def more_loss(library):
    """With super(), as Keras' guides write it, and before `training` was an argument."""

    class More(library.Model):
        def compute_loss(self, x, y, y_pred, sample_weight):
            loss = super().compute_loss(x, y, y_pred, sample_weight)
            return 0.5 * loss + 0.1 * jnp.mean(jnp.abs(y_pred))

    return More


def tracked(library):
    """Metrics in attributes, counted in `compute_loss` and in `compute_metrics`."""

    class Tracked(library.Model):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            self.size = library.metrics.Mean(name="size")
            self.error = library.metrics.MeanAbsoluteError(name="error")

        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            self.size.update_state(jnp.abs(y_pred))
            return super().compute_loss(x, y, y_pred, sample_weight, training)

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            self.error.update_state(y, y_pred, sample_weight=sample_weight)
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            results["largest"] = jnp.max(y_pred)
            return results

    return Tracked


def model_of(library, kind, loss="mse", outputs=1, **compiled):
    L = library.layers
    x = L.Input((None, 3))
    h = L.LSTM(4, activity_regularizer=library.regularizers.L2(0.03))(x)
    ys = [L.Dense(1, name=f"y{i}", kernel_regularizer="l2")(h) for i in range(outputs)]
    model = kind(library)(x, ys if outputs > 1 else ys[0])
    generator = np.random.default_rng(4)
    model.set_weights([generator.normal(scale=0.4, size=w.shape) for w in model.get_weights()])
    model.compile(library.optimizers.SGD(0.1), loss, **compiled)
    return model


def history(model, x=X, y=Y, **options):
    options = {"batch_size": 8, "epochs": 2, "shuffle": False, "verbose": 0, **options}
    return model.fit(x, y, **options).history


def same(ours, theirs, tolerance=2e-5):
    assert sorted(ours) == sorted(theirs)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], tolerance, tolerance, err_msg=name)


@pytest.mark.parametrize("kind", [own_loss, more_loss, tracked])
@pytest.mark.parametrize("weights", [None, WEIGHTS], ids=["plain", "weighted"])
def test_trainings_are_those_of_keras(kind, weights):
    ours, theirs = (model_of(library, kind, metrics=["mae"]) for library in (cello, keras))
    options = {"sample_weight": weights, "validation_data": (X[:6] + 1, Y[:6])}
    same(history(ours, **options), history(theirs, **options))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, 2e-5, 2e-5)
    evaluated = [
        m.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True) for m in (ours, theirs)
    ]
    same(*evaluated)


def test_a_loss_of_its_own_needs_none_in_compile():
    ours, theirs = (model_of(library, own_loss, loss=None) for library in (cello, keras))
    same(history(ours), history(theirs))


def apart(library):
    """Of two outputs: they are to differ, and the losses of each are counted by super()."""

    class Apart(library.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            near = jnp.exp(-jnp.square(y_pred[0] - y_pred[1]))
            return super().compute_loss(x, y, y_pred, sample_weight, training) + jnp.mean(near)

    return Apart


def test_several_outputs_and_their_losses():
    ours, theirs = (
        model_of(library, apart, loss=["mse", "mae"], outputs=2, loss_weights=[1.0, 0.3])
        for library in (cello, keras)
    )
    found = history(ours, y=[Y, 2 * Y])
    same(found, history(theirs, y=[Y, 2 * Y]))
    assert set(found) == {"loss", "y0_loss", "y1_loss"}


def test_targets_may_be_what_only_the_loss_understands():
    def halves(library):
        class Halves(library.Model):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                loss = super().compute_loss(x, y["value"], y_pred, sample_weight, training)
                return loss * jnp.mean(y["scale"])

        return Halves

    targets = {"value": Y, "scale": np.full((20, 2), 0.7, "float32")}
    found = history(model_of(cello, halves), y=targets)
    alone = model_of(cello, lambda library: library.Model)
    alone.optimizer.learning_rate = 0.07
    wanted = np.array(history(alone)["loss"]) * 0.7
    np.testing.assert_allclose(found["loss"], wanted, 1e-5)


def test_targets_that_a_loss_of_compile_cannot_take_are_refused_there():
    with pytest.raises(ValueError, match=r"targets of shape \(batch, 5, 4\)"):
        history(model_of(cello, more_loss), y=np.zeros((20, 5, 4), "float32"))


def of_every_step(library):
    class OfEveryStep(library.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return 2.0 * MeanSquaredError()(y, y_pred, sample_weight)

    return OfEveryStep


def labelling(kind, loss):
    L = cello.layers
    x = L.Input((None, 3))
    model = kind(cello)(x, L.Dense(1)(L.GRU(4, return_sequences=True)(x)))
    generator = np.random.default_rng(4)
    model.set_weights([generator.normal(scale=0.4, size=w.shape) for w in model.get_weights()])
    model.compile(cello.optimizers.SGD(0.05), loss)
    return model


def doubled(y_true, y_pred):
    return 2.0 * jnp.mean(jnp.square(y_true - y_pred), -1)


@pytest.mark.parametrize("options", [{}, {"tbptt": 2}], ids=["whole", "pieces"])
def test_sequences_of_several_lengths_and_pieces_of_them(options):
    """The same training by a loss in `compile`, which sees masks and pieces alike."""
    x = X[:8]
    y = np.cumsum(x.sum(2, keepdims=True), 1)
    if not options:
        lengths = [5, 4, 5, 3, 4, 5, 2, 5]
        x, y = ([a[:n] for a, n in zip(arrays, lengths, strict=True)] for arrays in (x, y))
    own, usual = labelling(of_every_step, None), labelling(lambda lib: lib.Model, doubled)
    same(history(own, x, y, **options), history(usual, x, y, **options))


def test_one_step_at_a_time():
    ours = model_of(cello, tracked)
    found = ours.train_on_batch(X, Y, return_dict=True)
    again = model_of(cello, tracked)
    whole = history(again, batch_size=20, epochs=1)
    same(found, {name: values[0] for name, values in whole.items()}, 1e-6)
    assert ours.metrics_names == ["loss", "size", "error"]
    assert list(found) == ["loss", "size", "error", "largest"]


def test_a_training_with_metrics_of_its_own_is_resumed(tmp_path):
    wanted = history(model_of(cello, tracked), epochs=3)
    history(model_of(cello, tracked), epochs=1, resume=tmp_path)
    same(history(model_of(cello, tracked), epochs=3, resume=tmp_path), wanted, 0)


def test_what_is_no_loss_and_what_are_no_metrics():
    def wrong(loss, results):
        class Wrong(cello.Model):
            def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
                return loss(y, y_pred)

            def compute_metrics(self, x, y, y_pred, sample_weight=None):
                return results

        return lambda library: Wrong

    cases = [
        (lambda y, p: None, {}, r"compute_loss must return one number.*returned None"),
        (lambda y, p: p - y, {}, r"compute_loss must.*an array of shape \(8, 1\)"),
        (lambda y, p: jnp.sum(p), [1.0], r"compute_metrics must return a dict.*\[1.0\]"),
    ]
    for loss, results, message in cases:
        with pytest.raises(ValueError, match=message):
            history(model_of(cello, wrong(loss, results)))


@pytest.mark.parametrize("metrics", [[], ["mae"]])
def test_the_names_of_what_evaluate_returns(metrics):
    """Keras documents `metrics_names` as the labels of the scalars that `evaluate` returns."""
    ours, theirs = (
        model_of(library, lambda lib: lib.Model, metrics=metrics) for library in (cello, keras)
    )
    by_name = theirs.evaluate(X, Y, verbose=0, return_dict=True)
    values = ours.evaluate(X, Y, verbose=0)
    named = dict(zip(ours.metrics_names, np.atleast_1d(values), strict=True))
    same(named, by_name)
