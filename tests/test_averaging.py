"""Accumulated gradients and averaged weights in whole trainings, against Keras and by laws."""

import jax
import keras
import numpy as np
import pytest

import cello
from cello.callbacks import Callback, EarlyStopping, SwapEMAWeights

COMPILATIONS = 70

ACCUMULATE = {"gradient_accumulation_steps": 3}
AVERAGE = {"use_ema": True, "ema_momentum": 0.7}


def data(rows=24, seed=0):
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(rows, 6, 3)).astype("float32")
    return x, np.tanh(x.sum((1, 2)))[:, None].astype("float32")


def model_of(library, optimizer="SGD", constraint=None, **options):
    L = library.layers
    layers = [L.Flatten(), L.Dense(5, "tanh"), L.Dense(1, kernel_constraint=constraint)]
    model = library.Sequential([L.Input((6, 3)), *layers])
    generator = np.random.default_rng(4)
    model.set_weights([generator.normal(scale=0.4, size=w.shape) for w in model.get_weights()])
    options = {"learning_rate": 0.1, **options}
    model.compile(getattr(library.optimizers, optimizer)(**options), "mse")
    return model


def fit(model, batch_size=4, epochs=2, **options):
    x, y = data()
    options = {"shuffle": False, "verbose": 0, **options}
    return model.fit(x, y, batch_size=batch_size, epochs=epochs, **options).history


def close(ours, theirs, tolerance=1e-5):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("optimizer", "options"),
    [
        ("SGD", ACCUMULATE),
        ("Adam", {"learning_rate": 0.02, "clipnorm": 0.3, **ACCUMULATE}),
        pytest.param("Adam", {"learning_rate": 0.02, **AVERAGE}, marks=pytest.mark.deep),
        ("Adam", {"learning_rate": 0.02, "ema_overwrite_frequency": 3, **AVERAGE, **ACCUMULATE}),
        pytest.param("SGD", {"constraint": "unit_norm", **AVERAGE}, marks=pytest.mark.deep),
        ("SGD", {"constraint": "unit_norm", "ema_overwrite_frequency": 2, **AVERAGE}),
    ],
    ids=str,
)
def test_trainings_are_those_of_keras(optimizer, options):
    """Losses, final weights and averages; 12 batches of four, of which the last steps are left."""
    ours, theirs = model_of(cello, optimizer, **options), model_of(keras, optimizer, **options)
    close(fit(ours)["loss"], fit(theirs)["loss"])
    close(ours.get_weights(), theirs.get_weights())
    assert ours.optimizer.iterations == int(theirs.optimizer.iterations)
    if "use_ema" in options:
        close(ours.optimizer.average, theirs.optimizer._model_variables_moving_average)


def test_accumulating_batches_is_training_on_larger_ones():
    accumulated, large = model_of(cello, **ACCUMULATE), model_of(cello)
    fit(accumulated, batch_size=4)
    fit(large, batch_size=12)
    close(accumulated.get_weights(), large.get_weights(), 1e-6)
    small = model_of(cello)
    fit(small, batch_size=4)
    pairs = zip(small.get_weights(), large.get_weights(), strict=True)
    assert max(np.abs(a - b).max() for a, b in pairs) > 0.01


def test_a_schedule_goes_by_batches():
    """As in Keras, where steps of several batches see every so many-th rate."""
    rates = {}
    for library in (cello, keras):
        schedule = library.optimizers.schedules.InverseTimeDecay(0.2, 1, 0.5)
        rates[library] = model_of(library, learning_rate=schedule, **ACCUMULATE)
        fit(rates[library])
    close(rates[cello].get_weights(), rates[keras].get_weights())
    assert rates[cello].optimizer.learning_rate == pytest.approx(0.2 / (1 + 0.5 * 12), rel=1e-6)


def test_the_average_is_that_of_the_weights_after_each_batch():
    class Watching(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.seen = getattr(self, "seen", [])

        def on_train_batch_end(self, batch, logs=None):
            self.seen.append(self.model.get_weights())

    watching, model = Watching(), model_of(cello, **AVERAGE)
    fit(model, callbacks=[watching])
    average = watching.seen[0]
    for weights in watching.seen[1:]:
        average = [0.7 * a + 0.3 * w for a, w in zip(average, weights, strict=True)]
    close(model.get_weights(), average, 1e-6)
    assert max(np.abs(a - w).max() for a, w in zip(average, watching.seen[-1], strict=True)) > 1e-3


def test_nothing_is_compiled_in_a_second_fit():
    model = model_of(cello, "Adam", **AVERAGE, **ACCUMULATE)
    fit(model)
    runner = model.trainer.programs.runner("train")
    before = runner._compiled._cache_size()
    fit(model)
    assert model.trainer.programs.runner("train") is runner
    assert runner._compiled._cache_size() == before


def test_an_optax_rule_takes_them_too():
    import optax

    options = {**AVERAGE, **ACCUMULATE}
    ours, theirs = model_of(cello), model_of(keras, "SGD", momentum=0.9, **options)
    rule = cello.optimizers.Optax(optax.sgd(0.1, momentum=0.9), **options)
    ours.compile(rule, "mse")
    close(fit(ours)["loss"], fit(theirs)["loss"])
    close(ours.get_weights(), theirs.get_weights())


# ------------------------------------------------------------------------- SwapEMAWeights


def test_validation_sees_the_averages_as_in_keras():
    x, y = data(8, seed=1)
    found = []
    for library in (cello, keras):
        model = model_of(library, **AVERAGE)
        swap = library.callbacks.SwapEMAWeights()
        found.append(fit(model, epochs=3, validation_data=(x, y), callbacks=[swap]))
    for name in ("loss", "val_loss"):
        close(found[0][name], found[1][name])
    plain = fit(model_of(cello, **AVERAGE), epochs=3, validation_data=(x, y))
    close(plain["loss"], found[0]["loss"], 1e-6)
    assert np.abs(np.subtract(plain["val_loss"], found[0]["val_loss"])).min() > 1e-4


def test_other_callbacks_see_the_averages_from_epoch_to_epoch():
    class Keeping(Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.average = [np.asarray(a) for a in self.model.optimizer.average]
            close(self.model.get_weights(), self.average, 0)

    keeping, model = Keeping(), model_of(cello, **AVERAGE)
    history = fit(model, epochs=3, callbacks=[SwapEMAWeights(swap_on_epoch=True), keeping])
    close(history["loss"], fit(model_of(cello, **AVERAGE), epochs=3)["loss"], 0)
    close(model.get_weights(), keeping.average, 0)


def test_stopped_early_the_averages_are_the_weights():
    x, y = data(8, seed=1)
    stop = EarlyStopping("val_loss", patience=0, mode="max")  # what falls does not improve
    model = model_of(cello, **AVERAGE)
    fit(model, epochs=9, validation_data=(x, y), callbacks=[SwapEMAWeights(True), stop])
    assert len(model.history.epoch) < 9
    close(model.get_weights(), model.optimizer.average, 0)


def test_evaluate_and_predict_swap_and_swap_back():
    x, y = data()
    model = model_of(cello, **AVERAGE)
    fit(model)
    averaged = model.predict(x, verbose=0)
    weights = [w + 0.3 for w in model.get_weights()]
    model.set_weights(weights)
    swap = SwapEMAWeights()
    np.testing.assert_array_equal(model.predict(x, verbose=0, callbacks=[swap]), averaged)
    loss = model.evaluate(x, y, verbose=0, callbacks=[swap])
    assert loss == pytest.approx(float(np.mean((averaged - y) ** 2)), rel=1e-5)
    jax.tree.map(np.testing.assert_array_equal, model.get_weights(), weights)


def test_without_averages_it_says_what_to_do():
    with pytest.raises(ValueError, match=r"SwapEMAWeights: .*use_ema=True"):
        fit(model_of(cello), callbacks=[SwapEMAWeights(True)])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps must be .* at least 2"),
        ({"use_ema": 1}, "use_ema must be True or False"),
        ({"ema_momentum": 1.5}, "ema_momentum must be a number between 0 and 1"),
        ({"ema_overwrite_frequency": 0}, "ema_overwrite_frequency must be None or a positive"),
    ],
)
def test_refusals(options, message):
    with pytest.raises(ValueError, match=message):
        cello.optimizers.SGD(**options)
