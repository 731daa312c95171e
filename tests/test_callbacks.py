"""Callbacks: decisions like those of Keras' own on the same logs, and training that ends early."""

import copy
import functools
import io
import json
import pickle
import re
import signal
import subprocess
import sys
import textwrap
import time

import jax
import keras
import numpy as np
import optax
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import cello
from cello import Input, Sequential, callbacks
from cello.layers import LSTM, Dense
from cello.training import progress
from cello.training import state as training_state

COMPILATIONS = 140

X = np.random.default_rng(0).normal(size=(50, 6, 3)).astype("float32")
Y = np.random.default_rng(1).normal(size=(50, 2)).astype("float32")


def make(optimizer="adam", **compiled):
    cello.utils.set_random_seed(3)
    model = Sequential([Input((6, 3)), LSTM(4), Dense(2)])
    model.compile(optimizer, "mse", **compiled)
    return model


def fit(model, *given, x=X, y=Y, **options):
    return model.fit(
        x, y, **{"verbose": 0, "shuffle": False, "batch_size": 10, "callbacks": given, **options}
    )


def same(a, b, rtol=1e-6):
    jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, rtol=rtol, atol=1e-7), a, b)


# --------------------------------------------------------------- driven beside Keras' callbacks


def drive(library, name, logs, rate=0.5, batches=0, **options):
    """What a callback does to a model whose one weight is the number of the epoch."""
    model = library.Sequential([library.Input((1,)), library.layers.Dense(1)])
    model.compile(library.optimizers.SGD(rate), "mse")
    model.stop_training = False
    callback = getattr(library.callbacks, name)(**options)
    callback.set_params({"epochs": len(logs), "steps": batches, "verbose": 0})
    callback.set_model(model)
    callback.on_train_begin()
    seen = []
    for epoch, found in enumerate(logs):
        callback.on_epoch_begin(epoch, {})
        for batch in range(batches):
            model.set_weights([np.array([[epoch + batch / 64]]), np.zeros(1)])
            callback.on_train_batch_begin(batch)
            callback.on_train_batch_end(batch, dict(found))
        model.set_weights([np.array([[epoch]]), np.zeros(1)])
        found = dict(found)
        callback.on_epoch_end(epoch, found)
        seen.append((found, float(model.optimizer.learning_rate)))
        if model.stop_training:
            break
    callback.on_train_end()
    return seen, float(np.asarray(model.get_weights()[0]).item()), callback


def drive_both(name, logs, **options):
    (ours, weight, _), (theirs, their_weight, _) = (
        drive(library, name, logs, **options) for library in (cello, keras)
    )
    same(ours, theirs)
    assert weight == their_weight
    return ours


# Numbers that float32 holds, in which Keras compares.
NUMBERS = st.integers(-6, 6).map(lambda n: n / 64)
LOGS = st.lists(NUMBERS.map(lambda v: {"loss": v + 1, "val_loss": v}), min_size=1, max_size=14)
MODES = st.sampled_from(["auto", "min", "max"])
DELTAS = st.sampled_from([0, 1 / 64, -2 / 64])


@settings(max_examples=25)
@given(
    LOGS, MODES, DELTAS, st.integers(0, 3), st.sampled_from([None, 0.0, -3 / 64]),
    st.booleans(), st.integers(0, 3),
)  # fmt: skip
def test_early_stopping(logs, mode, min_delta, patience, baseline, restore, start):
    drive_both(
        "EarlyStopping", logs, mode=mode, min_delta=min_delta, patience=patience,
        baseline=baseline, restore_best_weights=restore, start_from_epoch=start,
    )  # fmt: skip


@settings(max_examples=25)
@given(
    LOGS, MODES, DELTAS, st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.5, 0.1, 0.25]),
    st.sampled_from([0.0, 0.0625]),
)  # fmt: skip
def test_reduce_on_plateau(logs, mode, min_delta, patience, cooldown, factor, min_lr):
    drive_both(
        "ReduceLROnPlateau", logs, mode=mode, min_delta=min_delta, patience=patience,
        cooldown=cooldown, factor=factor, min_lr=min_lr,
    )  # fmt: skip


def test_reduce_on_plateau_reduces():
    rates = [
        rate for _, rate in drive_both("ReduceLROnPlateau", [{"val_loss": 1.0}] * 9, patience=3)
    ]
    assert rates[2] == 0.5 and rates[3] == pytest.approx(0.05) and rates[8] == pytest.approx(0.005)


@pytest.mark.parametrize(
    "schedule",
    [lambda epoch, rate: rate * 0.7, lambda epoch: 0.1 / (1 + epoch)],
    ids=["epoch and rate", "epoch"],
)
def test_learning_rate_scheduler(schedule):
    seen = drive_both("LearningRateScheduler", [{"loss": 1.0}] * 4, schedule=schedule)
    assert len({rate for _, rate in seen}) == 4 and "learning_rate" in seen[0][0]


def test_an_optax_schedule_of_the_epoch():
    schedule = optax.cosine_decay_schedule(0.5, 10)
    seen, _, _ = drive(cello, "LearningRateScheduler", [{}] * 4, schedule=schedule)
    same([rate for _, rate in seen], [float(schedule(epoch)) for epoch in range(4)])


@pytest.mark.parametrize(
    "logs",
    [
        pytest.param([{"loss": 0.5, "mae": 1e-9}, {"loss": 0.25, "mae": 2.0}], id="no validation"),
        pytest.param([{"val_loss": 0.5, "loss": 1.0}, {"loss": 0.25}], id="validation at first"),
        pytest.param([{"loss": 1.0}, {"loss": 0.5, "val_loss": 2.0}], id="validation later"),
        pytest.param([{"loss": 1.0, "auc": np.array([0.5, 0.25])}], id="vector"),
        pytest.param([{"loss": float("nan")}, {}], id="nan"),
    ],
)
@pytest.mark.parametrize("options", [{}, {"separator": ";"}, {"append": True}], ids=str)
def test_csv_logger(logs, options, tmp_path):
    written = []
    for library in (cello, keras):
        file = tmp_path / f"{library.__name__}.csv"
        for _ in range(2):
            drive(library, "CSVLogger", logs, filename=file, **options)
        written.append(file.read_bytes())
    assert written[0] == written[1]
    assert written[0].count(b"epoch") == 1


def saved(folder):
    """Name to the weight in the file."""
    found = {}
    for path in folder.iterdir():
        model = Sequential([Input((1,)), Dense(1)])
        model.load_weights(path)
        found[path.name] = model.get_weights()[0].item()
    return found


@settings(max_examples=15)
@given(
    st.lists(NUMBERS.map(lambda v: {"val_loss": v}), min_size=1, max_size=6), MODES, st.booleans(),
    st.sampled_from(["best.weights.h5", "{epoch:02d}-{val_loss:.2f}.weights.h5"]),
    st.sampled_from([None, 0.0]), st.sampled_from(["epoch", 2, 3, 5]),
)  # fmt: skip
def test_model_checkpoint(tmp_path_factory, logs, mode, best_only, name, threshold, save_freq):
    files = []
    for library in (cello, keras):
        folder = tmp_path_factory.mktemp(library.__name__)
        drive(
            library, "ModelCheckpoint", logs, batches=4, filepath=folder / name, mode=mode,
            save_weights_only=True, save_best_only=best_only, save_freq=save_freq,
            initial_value_threshold=threshold,
        )  # fmt: skip
        files.append(saved(folder))
    assert files[0] == files[1]


def test_model_checkpoint_names_the_batch(tmp_path):
    for library in (cello, keras):
        folder = tmp_path / library.__name__
        drive(
            library, "ModelCheckpoint", [{"loss": 1.0}] * 2, batches=3, save_freq=2,
            filepath=folder / "{epoch}-{batch}.weights.h5", save_weights_only=True,
        )  # fmt: skip
    assert saved(tmp_path / "cello") == saved(tmp_path / "keras")
    assert set(saved(tmp_path / "cello")) == {f"{n}.weights.h5" for n in ("1-2", "2-1", "2-3")}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
def test_model_checkpoint_saves_where_there_is_nothing_to_compare(tmp_path):
    for library in (cello, keras):
        folder = tmp_path / library.__name__
        folder.mkdir()
        with pytest.warns(UserWarning, match="val_loss"):
            drive(
                library, "ModelCheckpoint", [{"loss": 1.0}], filepath=folder / "m.weights.h5",
                save_best_only=True, save_weights_only=True,
            )  # fmt: skip
    assert saved(tmp_path / "cello") == saved(tmp_path / "keras") == {"m.weights.h5": 0.0}


@pytest.mark.parametrize("ending", ["keras", "weights.h5", "safetensors"])
def test_a_checkpoint_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch, ending):
    import os

    path, model = tmp_path / f"m.{ending}", make()
    saver = callbacks.ModelCheckpoint(path)
    fit(model, saver)
    before = path.read_bytes()

    def full(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="full") as raised:
        fit(model, saver)
    assert any("ModelCheckpoint, on_epoch_end(0)" in note for note in raised.value.__notes__)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["accuracy", "auc", "precision", "recall", "mae", "mse", "rmse"])
def test_the_direction_of_a_metric_is_that_of_keras(name):
    metric = {"rmse": "RootMeanSquaredError", "auc": "AUC"}.get(name, name)
    metric = getattr(keras.metrics, metric, None) or keras.metrics.get(name)
    metric = metric() if isinstance(metric, type) else metric
    theirs = getattr(metric, "_direction", None) or keras.metrics.MeanSquaredError()._direction
    for prefix in ("", "val_", "out_", "val_accent_"):
        sign = callbacks.Monitor("x", prefix + name, "auto").sign
        assert sign == {"up": 1, "down": -1}[theirs]


def test_names_that_end_with_loss_are_losses():
    assert callbacks.Monitor("x", "val_accuracy_loss", "auto").sign == -1
    with pytest.raises(ValueError, match=r"EarlyStopping: the name 'val_score'.*mode='max'"):
        callbacks.EarlyStopping("val_score")
    assert callbacks.EarlyStopping("val_score", mode="max")


@pytest.mark.parametrize(
    "name",
    "CSVLogger Callback EarlyStopping LambdaCallback LearningRateScheduler "
    "ReduceLROnPlateau RemoteMonitor TensorBoard TerminateOnNaN".split(),
)
def test_arguments_are_those_of_keras(name):
    import inspect

    def arguments(library):
        parameters = inspect.signature(getattr(library.callbacks, name).__init__).parameters
        return [(p.name, p.default) for p in parameters.values() if p.kind is not p.VAR_KEYWORD]

    if name == "TensorBoard":
        pytest.importorskip("tensorboardX")
    assert arguments(cello) == arguments(keras)


# ----------------------------------------------------------- the learning rate of a compiled loop


def test_scheduled_training_is_that_of_keras():
    theirs = keras.Sequential([keras.Input((6, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)])
    ours = make(cello.optimizers.SGD(0.3))
    theirs.set_weights(ours.get_weights())
    theirs.compile(keras.optimizers.SGD(0.3), "mse")
    options = {"batch_size": 10, "epochs": 4, "shuffle": False, "verbose": 0}

    def schedule(epoch, rate):
        return rate * 0.5

    histories = [
        model.fit(
            X, Y, **options,
            callbacks=[
                library.callbacks.LearningRateScheduler(schedule),
                library.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=0.5),
            ],
        ).history
        for library, model in ((cello, ours), (keras, theirs))
    ]  # fmt: skip
    same(histories[0], histories[1], rtol=1e-5)
    same(ours.get_weights(), theirs.get_weights(), rtol=1e-4)
    assert histories[0]["learning_rate"][0] > 4 * histories[0]["learning_rate"][2]


def test_a_rate_assigned_in_a_batch_counts_from_the_next():
    rates = [0.1, 0.3, 0.02, 0.2, 0.05]
    model = make(cello.optimizers.SGD(rates[0]))

    def assign(batch, logs):
        if batch < 4:
            model.optimizer.learning_rate.assign(rates[batch + 1])

    fit(model, callbacks.LambdaCallback(on_train_batch_end=assign))
    alone = make(cello.optimizers.SGD(1.0))
    for i, rate in enumerate(rates):
        alone.optimizer.learning_rate = rate
        alone.train_on_batch(X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10])
    same(model.get_weights(), alone.get_weights())


def test_a_new_rate_compiles_nothing():
    model, events = make(), []
    fit(model)

    def listen(name, seconds, **_):
        events.append(name)

    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        halved = callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
        fit(model, halved, epochs=3)
        model.optimizer.learning_rate = 0.5
        fit(model)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert not [name for name in events if "backend_compile" in name]


def test_assign():
    optimizer = cello.optimizers.Adam(0.25)
    optimizer.learning_rate.assign(0.125)
    rate = optimizer.learning_rate
    assert rate == 0.125 and optimizer.get_config()["learning_rate"] == 0.125
    assert json.dumps(rate) == "0.125"
    for copied in (copy.deepcopy(rate), pickle.loads(pickle.dumps(rate))):
        assert copied == rate and type(copied) is float
    with pytest.raises(ValueError, match="learning_rate"):
        rate.assign(-1.0)
    injected = make(optax.inject_hyperparams(optax.sgd)(learning_rate=0.5))
    fit(injected, callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2), epochs=2)
    assert injected.optimizer.learning_rate == 0.125
    injected.optimizer.learning_rate.assign(0.5)
    assert injected.optimizer.learning_rate == 0.5


@pytest.mark.parametrize(
    "callback",
    [
        callbacks.LearningRateScheduler(lambda epoch: 0.1),
        callbacks.ReduceLROnPlateau("loss"),
    ],
    ids=["LearningRateScheduler", "ReduceLROnPlateau"],
)
@pytest.mark.parametrize(
    ("optimizer", "message"),
    [
        (lambda: optax.sgd(0.1), "inject_hyperparams"),
        (lambda: cello.optimizers.SGD(optax.linear_schedule(0.1, 0.0, 10)), "schedule"),
    ],
    ids=["optax", "schedule"],
)
def test_rates_that_cannot_be_changed_are_refused(callback, optimizer, message):
    model = make(optimizer())
    before = model.get_weights()
    with pytest.raises(TypeError, match=message) as raised:
        fit(model, callback)
    assert type(callback).__name__ in raised.value.__notes__[0]
    same(model.get_weights(), before)


@pytest.mark.parametrize("factor", [1.0, -0.1])
def test_a_factor_that_does_not_reduce(factor):
    with pytest.raises(ValueError, match=f"factor={factor}"):
        callbacks.ReduceLROnPlateau(factor=factor)


# ------------------------------------------------------------------------------ NaN, and chunks


class Steps(callbacks.Callback):
    """Sees chunks, and batches under Keras' older name where asked."""

    def __init__(self):
        super().__init__()
        self.chunks = []

    def on_train_chunk_end(self, batch, logs=None):
        self.chunks.append((batch, logs))


def watches(*given):
    return callbacks.CallbackList(given, None, {}).watches_batches("train")


def test_callbacks_of_epochs_do_not_make_training_go_batch_by_batch(tmp_path):
    assert not watches(
        callbacks.EarlyStopping(), callbacks.ReduceLROnPlateau(), callbacks.TerminateOnNaN(),
        callbacks.LearningRateScheduler(lambda epoch: 0.1), callbacks.CSVLogger(tmp_path / "a.csv"),
        callbacks.ModelCheckpoint(tmp_path / "a.keras"), callbacks.History(), Steps(),
    )  # fmt: skip
    assert watches(callbacks.ModelCheckpoint(tmp_path / "a.keras", save_freq=2))
    old = type("Old", (callbacks.Callback,), {"on_batch_end": lambda self, batch, logs=None: None})
    assert watches(old())


def test_the_older_names_of_the_hooks_for_batches():
    seen = []

    class Old(callbacks.Callback):
        def on_batch_begin(self, batch, logs=None):
            seen.append(("begin", batch))

        def on_batch_end(self, batch, logs=None):
            seen.append(("end", batch, logs["loss"]))

    new = []
    note = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: new.append(logs["loss"]))
    fit(make(), Old(), note)
    assert [event[:2] for event in seen] == [(w, i) for i in range(5) for w in ("begin", "end")]
    assert [event[2] for event in seen if event[0] == "end"] == new


HOOKS = [
    f"{mode}_{at}" for mode in ("train", "test", "predict", "epoch") for at in ("begin", "end")
]
HOOKS += [f"{mode}_batch_{at}" for mode in ("train", "test", "predict") for at in ("begin", "end")]


def heard(library, rows, **compiled):
    """What the hooks get in a training with validation, an evaluation and a prediction."""
    seen = []

    def hook(name):
        def note(self, *given, logs=None):
            *numbers, logs = (*given, logs) if logs is not None else given
            seen.append((name, *numbers, sorted(logs)))

        return note

    hooks = {f"on_{name}": hook(name) for name in HOOKS}
    listening = type("Listening", (library.callbacks.Callback,), hooks)()
    inputs = library.Input((6, 3))
    model = library.Model(inputs, library.layers.Flatten()(inputs))
    x, y = X[:rows], np.reshape(X[:rows], (rows, 18))
    options = {"batch_size": 2, "callbacks": [listening], "verbose": 0}
    model.compile(library.optimizers.SGD(0.1), "mse", metrics=["mae"], **compiled)
    model.fit(x, y, epochs=2, validation_data=(x[:4], y[:4]), **options)
    model.evaluate(x, y, **options)
    model.predict(x, **options)
    return seen


@pytest.mark.parametrize("rows, compiled", [(10, {}), (8, {"steps_per_execution": 2})])
def test_hooks_get_what_keras_gives_them(rows, compiled):
    """The order, the numbers and the names in the logs: an empty dict where there is nothing."""
    assert heard(cello, rows, **compiled) == heard(keras, rows, **compiled)


def test_the_last_batches_of_an_epoch_are_told_of():
    """By the number of the last one; Keras names one that is not there."""
    events = heard(cello, 10, steps_per_execution=3)
    assert [event[1] for event in events if event[0] == "train_batch_end"] == [2, 4] * 2
    assert [event[1] for event in events if event[0] == "predict_batch_begin"] == [0, 3]


def test_a_checkpoint_counts_the_batches_that_are_computed_at_once(tmp_path):
    for library in (cello, keras):
        inputs = library.Input((6, 3))
        model = library.Model(inputs, library.layers.Dense(2)(library.layers.Flatten()(inputs)))
        model.compile("sgd", "mse", steps_per_execution=2)
        path = tmp_path / library.__name__ / "{epoch}-{batch}.weights.h5"
        saving = library.callbacks.ModelCheckpoint(path, save_weights_only=True, save_freq=3)
        model.fit(X[:24], Y[:24], batch_size=3, epochs=2, verbose=0, callbacks=[saving])
    ours, theirs = (sorted(p.name for p in (tmp_path / n).iterdir()) for n in ("cello", "keras"))
    assert ours == theirs and len(ours) == 4


def test_chunks_tell_of_every_batch():
    batches = []
    note = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(logs))
    fit(make(metrics=["mae"]), note)
    for options in ({}, {"steps_per_execution": 3}):
        steps = Steps()
        fit(make(metrics=["mae"], **options), steps)
        assert steps.chunks[0][0] == 0
        for name in ("loss", "mae"):
            got = np.concatenate([logs[name] for _, logs in steps.chunks])
            same(got, [logs[name] for logs in batches])


def poisoned(step):
    y = Y.copy()
    y[10 * (step - 1)] = np.nan
    return y


@pytest.mark.parametrize("steps_per_execution", ["auto", 1])
def test_terminate_on_nan(capsys, steps_per_execution):
    model = make(steps_per_execution=steps_per_execution)
    history = fit(model, callbacks.TerminateOnNaN(), y=poisoned(3), epochs=4)
    assert history.epoch == [0] and np.isnan(history.history["loss"][0])
    assert "nan in step 3 of epoch 1" in capsys.readouterr().out
    theirs = keras.Sequential([keras.Input((6, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)])
    theirs.compile("adam", "mse")
    kept = theirs.fit(
        X, poisoned(3), batch_size=10, shuffle=False, verbose=0, epochs=4,
        callbacks=[keras.callbacks.TerminateOnNaN()],
    )  # fmt: skip
    assert kept.epoch == history.epoch


def test_terminate_on_nan_with_an_error():
    y = poisoned(2)
    model = make()
    with pytest.raises(RuntimeError, match="nan in step 2 of epoch 1") as raised:
        fit(model, callbacks.TerminateOnNaN(raise_error=True), y=y, epochs=4)
    assert any("TerminateOnNaN, on_train_chunk_end(" in note for note in raised.value.__notes__)
    assert model.history.epoch == []


def test_one_callback_or_lists_in_lists():
    seen = []
    note = callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch))
    make().fit(X, Y, verbose=0, callbacks=note)
    make().fit(X, Y, verbose=0, callbacks=[[note], note])
    assert seen == [0, 0, 0]
    with pytest.raises(ValueError, match="A callback must be"):
        make().fit(X, Y, verbose=0, callbacks=[print])


# ------------------------------------------------------------------- errors, and Ctrl-C


class Raises(callbacks.Callback):
    def __init__(self, error, epoch):
        super().__init__()
        self.error, self.epoch = error, epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            raise self.error


def batches_that_end(error, epoch, batch):
    """Gives its batches anew each epoch, and fails in one."""

    class Stream:
        starts = 0

        def __iter__(self):
            Stream.starts += 1
            # the first start looks at the form of the data, and is the first epoch's as well
            for i in range(5):
                if Stream.starts == epoch and i == batch - 1:
                    raise error
                yield X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10]

    return Stream()


def trained(epochs):
    model = make()
    fit(model, epochs=epochs)
    return model


def test_an_error_in_a_callback():
    model = make()
    with pytest.raises(ZeroDivisionError) as raised:
        fit(model, Raises(ZeroDivisionError("no"), 2), epochs=5)
    notes = "\n".join(raised.value.__notes__)
    assert "the callback Raises, on_epoch_begin(2)" in notes and "in epoch 3/5" in notes
    assert model.history.epoch == [0, 1] and len(model.history.history["loss"]) == 2
    same(model.get_weights(), trained(2).get_weights())


def test_an_error_in_a_generator():
    model = make(steps_per_execution=1)
    data = batches_that_end(ZeroDivisionError("no"), epoch=2, batch=4)
    with pytest.raises(ZeroDivisionError) as raised:
        model.fit(data, epochs=3, verbose=0)
    notes = "\n".join(raised.value.__notes__)
    assert "batch 4 of" in notes and "in epoch 2/3" in notes
    assert model.history.epoch == [0]
    same(model.get_weights(), rest_of(trained(1), 3))


def rest_of(model, batches):
    for i in range(batches):
        model.train_on_batch(X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10])
    return model.get_weights()


def test_batches_that_do_not_fit_are_named():
    data = [(X[:10], Y[:10]), (X[:10], Y[:9])]
    with pytest.raises(ValueError, match="same number of rows") as raised:
        make().fit(data, verbose=0)
    assert any("batch 2 of" in note for note in raised.value.__notes__)


def test_ctrl_c_in_a_callback_and_going_on(capsys):
    model = make()
    with pytest.raises(KeyboardInterrupt):
        fit(model, Raises(KeyboardInterrupt(), 2), epochs=4, verbose=2)
    out = capsys.readouterr().out.splitlines()
    assert len(out) == 3 and "in epoch 3/4" in out[2] and "initial_epoch=2)" in out[2]
    assert model.history.epoch == [0, 1]
    fit(model, initial_epoch=2, epochs=4)
    same(model.get_weights(), trained(4).get_weights())


def test_what_callbacks_say_stands_behind_its_epoch(capsys, tmp_path):
    saving = callbacks.ModelCheckpoint(tmp_path / "a.weights.h5", verbose=1)
    slower = callbacks.ReduceLROnPlateau("loss", min_delta=9, patience=1, mode="min", verbose=1)
    fit(make(), saving, slower, epochs=2, verbose=2)
    lines = capsys.readouterr().out.splitlines()
    assert [line[:8].rstrip(":/") for line in lines] == ["Epoch 1"] * 2 + ["Epoch 2"] * 3
    assert lines[1].startswith("Epoch 1: saved") and "is reduced" in lines[4]
    assert "loss" in lines[0] and "loss" in lines[2] and "learning_rate" in lines[2]


def test_a_history_shows_its_last_epoch():
    history = fit(make(metrics=["mae"]), epochs=2, validation_split=0.2)
    shown = repr(history)
    assert shown.startswith("<History epochs: 2, loss: ") and "val_mae: " in shown
    assert f"{history.history['loss'][-1]:.4g}" in shown
    assert repr(callbacks.History()) == "<History epochs: 0>"


def test_ctrl_c_in_a_generator(capsys):
    model = make(steps_per_execution=1)
    with pytest.raises(KeyboardInterrupt):
        model.fit(batches_that_end(KeyboardInterrupt(), epoch=1, batch=4), epochs=3, verbose=0)
    assert model.history.epoch == [] and capsys.readouterr().out == ""
    same(model.get_weights(), rest_of(make(), 3))


def test_ctrl_c_while_a_step_is_written_down(monkeypatch):
    """The state is that of one step, not half of each."""
    whole, calls = training_state.write_back, []

    def interrupted(variables, values):
        calls.append(1)
        if len(calls) == 4:
            whole(variables[:2], values[:2])
            raise KeyboardInterrupt
        whole(variables, values)

    monkeypatch.setattr(training_state, "write_back", interrupted)
    model = make(steps_per_execution=1)
    with pytest.raises(KeyboardInterrupt):
        fit(model)
    monkeypatch.undo()
    assert model.optimizer.iterations == 2
    same(model.get_weights(), rest_of(make(), 2))


def test_ctrl_c_from_the_keyboard(tmp_path):
    program = """
        import signal
        import numpy as np
        import cello

        signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where run in background
        model = cello.Sequential([cello.Input((6, 3)), cello.layers.LSTM(4)])
        model.compile("sgd", "mse")
        tell = lambda epoch, logs: print("begins", epoch, flush=True)
        try:
            model.fit(
                np.ones((640, 6, 3)), np.ones((640, 4)), epochs=10**9, verbose=2,
                callbacks=cello.callbacks.LambdaCallback(on_epoch_begin=tell),
            )
        finally:
            done = model.history.epoch
            assert done == list(range(len(done)))
            assert len(model.history.history["loss"]) == len(done)
            assert np.isfinite(model.predict(np.ones((1, 6, 3)), verbose=0)).all()
            print("kept", len(done), model.optimizer.iterations)
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(program)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        for line in process.stdout:
            if line.startswith("begins 3"):
                process.send_signal(signal.SIGINT)
                break
        out, error = process.communicate(timeout=60)
    assert process.returncode != 0 and error.rstrip().endswith("KeyboardInterrupt"), error
    epochs, steps = map(int, re.search(r"^kept (\d+) (\d+)$", out, re.M).groups())
    assert epochs >= 3 and steps >= 20 * epochs
    assert f"initial_epoch={epochs})" in out


# ------------------------------------------------------------------------------- progress


class Screen(io.StringIO):
    """Enough of a terminal to see what stays on it."""

    def lines(self):
        rows, row, column = [""], 0, 0
        pieces = re.findall(r"\x1b\[[\d;?]*[a-zA-Z]|.", self.getvalue(), re.S)
        for piece in pieces:
            if piece == "\r":
                column = 0
            elif piece == "\n":
                row, column = row + 1, 0
                rows += [""] * (row + 1 - len(rows))
            elif piece.startswith("\x1b["):
                if piece.endswith("A"):
                    row -= int(piece[2:-1] or 1)
                elif piece.endswith("K"):
                    rows[row] = ""
            else:
                text = rows[row].ljust(column)
                rows[row] = text[:column] + piece + text[column + 1 :]
                column += 1
        return [text.rstrip() for text in rows if text.strip()]


@pytest.fixture
def screen(monkeypatch):
    screen = Screen()
    terminal = functools.partial(Console, force_terminal=True, width=140)
    monkeypatch.setattr(progress, "Console", lambda *a, **k: terminal(file=screen))
    return screen


def slowly(batch, logs):
    time.sleep(0.05)


SLOW = callbacks.LambdaCallback(on_train_batch_end=slowly, on_test_batch_end=slowly)


def test_a_bar_leaves_a_line_an_epoch(screen):
    fit(make(), SLOW, epochs=2, verbose=1, validation_data=(X, Y))
    for i, line in enumerate(screen.lines(), 1):
        assert re.fullmatch(
            rf"Epoch {i}/2  5/5  \S+s \S+/step  loss: \S+  val_loss: \S+", line.strip()
        )
    assert len(screen.lines()) == 2
    drawn = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", screen.getvalue())
    assert " left " in drawn and re.search(r"validation [1-4]/5  val_loss: \S", drawn)


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
def test_a_bar_is_closed_when_training_ends_early(screen, error):
    stdout = sys.stdout
    with pytest.raises(error):
        fit(make(), SLOW, Raises(error(), 1), epochs=3, verbose=1)
    assert sys.stdout is stdout
    assert screen.getvalue().rfind("\x1b[?25h") > screen.getvalue().rfind("\x1b[?25l")  # the cursor
    lines = screen.lines()
    assert lines[0].startswith("Epoch 1/3") and "Epoch 2" not in "".join(lines)
    assert len(lines) == (1 if error is ZeroDivisionError else 2)


@pytest.mark.parametrize("verbose", [1, 2])
def test_long_epochs_have_lines_in_a_file(capsys, monkeypatch, verbose):
    monkeypatch.setattr(progress, "SECONDS_A_LINE", 0.12)
    fit(make(), SLOW, epochs=1, verbose=verbose, validation_data=(X, Y))
    lines = capsys.readouterr().out.splitlines()
    assert 2 <= len(lines) <= 5
    assert re.match(r"Epoch 1/1  [1-5]/5  \S+ \S+/step  \S+ left  loss: \S+", lines[0])
    assert re.match(r"Epoch 1/1  5/5  .*val_loss: \S+$", lines[-1])
    fit(make(), SLOW, epochs=1, verbose=0, validation_data=(X, Y))
    assert capsys.readouterr().out == ""


@pytest.mark.deep
def test_a_notebook_has_the_lines_and_nothing_else(tmp_path):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    cell = """
        import warnings
        warnings.simplefilter("error")
        import numpy as np
        import cello
        model = cello.Sequential([cello.Input((6, 3)), cello.layers.LSTM(4)])
        model.compile("sgd", "mse")
        x, y = np.ones((64, 6, 3)), np.ones((64, 4))
        say = cello.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print("said", epoch))
        model.fit(x, y, epochs=3, validation_data=(x, y), callbacks=say)
        None
    """
    notebook = nbformat.v4.new_notebook()
    notebook.cells = [nbformat.v4.new_code_cell(textwrap.dedent(cell))]
    resources = {"metadata": {"path": tmp_path}}
    nbclient.NotebookClient(notebook, timeout=120, resources=resources).execute()
    outputs = notebook.cells[0].outputs
    (shown,) = [o for o in outputs if o.output_type == "display_data"]
    lines = shown["data"]["text/plain"].splitlines()
    assert len(lines) == 3
    for i, line in enumerate(lines, 1):
        assert re.fullmatch(rf"Epoch {i}/3  2/2  \S+ \S+/step  loss: \S+  val_loss: \S+", line)
    assert (
        "".join(o.text for o in outputs if o.output_type == "stream") == "said 0\nsaid 1\nsaid 2\n"
    )


# ----------------------------------------------------------------------------- TensorBoard


def events(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    return EventAccumulator(str(folder), size_guidance={"scalars": 0, "histograms": 0}).Reload()


def scalars(found, name):
    return {event.step: event.value for event in found.Scalars(name)}


@pytest.fixture
def board():
    pytest.importorskip("tensorboardX")
    pytest.importorskip("tensorboard")
    return callbacks.TensorBoard


def test_tensorboard_has_the_history(board, tmp_path):
    model = make(metrics=["mae"])
    history = fit(
        model,
        callbacks.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)),
        board(tmp_path, write_steps_per_second=True),
        epochs=3,
        validation_data=(X[:20], Y[:20]),
    ).history
    train, held_out = events(tmp_path / "train"), events(tmp_path / "validation")
    for name in ("loss", "mae", "learning_rate"):
        same(scalars(train, f"epoch_{name}"), dict(enumerate(history[name])))
    for name in ("loss", "mae"):
        values = history[f"val_{name}"]
        same(scalars(held_out, f"epoch_{name}"), dict(enumerate(values)))
        by_step = dict(zip((5, 10, 15), values, strict=True))
        same(scalars(held_out, f"evaluation_{name}_vs_iterations"), by_step)
    assert all(value > 0 for value in scalars(train, "epoch_steps_per_second").values())
    assert set(train.Tags()["scalars"]) == {
        "epoch_loss", "epoch_mae", "epoch_learning_rate", "epoch_steps_per_second",
    }  # fmt: skip


def test_tensorboard_histograms_and_graph(board, tmp_path):
    x, y = Input((6, 3), name="x"), Input((6, 3), name="y")
    lstm = LSTM(4, name="lstm")
    both = cello.layers.Concatenate(name="both")([lstm(x), lstm(y)])
    model = cello.Model([x, y], Dense(2, name="out")(both))
    model.compile("sgd", "mse")
    model.fit([X, X], Y, epochs=3, verbose=0, callbacks=board(tmp_path, histogram_freq=2))
    found = events(tmp_path / "train")
    for weight in model.weights:
        histograms = found.Histograms(f"{weight.path}/histogram")
        assert [h.step for h in histograms] == [0, 2]
        value, last = np.asarray(weight.value), histograms[-1].histogram_value
        assert last.num == value.size
        same([last.min, last.max, last.sum], [value.min(), value.max(), value.sum()], rtol=1e-5)
    nodes = {node.name: (node.op, list(node.input)) for node in found.Graph().node}
    assert nodes == {
        "x": ("InputLayer", []),
        "y": ("InputLayer", []),
        "lstm": ("LSTM", ["x"]),
        "lstm_call_1": ("LSTM", ["y"]),
        "both": ("Concatenate", ["lstm", "lstm_call_1"]),
        "out": ("Dense", ["both"]),
    }
    shapes = {
        node.name: [d.size for d in node.attr["_output_shapes"].list.shape[0].dim]
        for node in found.Graph().node
    }
    assert shapes["x"] == [-1, 6, 3] and shapes["both"] == [-1, 8]


def test_tensorboard_by_batch(board, tmp_path):
    assert not watches(board(tmp_path / "none", update_freq=2))
    batches = []
    note = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(logs))
    fit(make(), note, epochs=2)
    fit(make(), board(tmp_path, update_freq=3, write_graph=False), epochs=2)
    found = scalars(events(tmp_path / "train"), "batch_loss")
    same(found, {step: batches[step - 1]["loss"] for step in (3, 6, 9)})


def test_tensorboard_of_an_evaluation_and_of_an_optax_rule(board, tmp_path):
    model = make(optax.sgd(0.1))
    fit(model, board(tmp_path / "fit"), epochs=2)
    assert "epoch_learning_rate" not in events(tmp_path / "fit" / "train").Tags()["scalars"]
    loss = model.evaluate(X, Y, verbose=0, callbacks=[board(tmp_path / "evaluate")])
    found = events(tmp_path / "evaluate" / "validation")
    same(scalars(found, "evaluation_loss_vs_iterations"), {10: loss})


def test_tensorboard_refuses_what_it_does_not_write(board):
    for options in ({"profile_batch": 2}, {"write_images": True}, {"embeddings_freq": 1}):
        with pytest.raises(ValueError, match=f"TensorBoard: {next(iter(options))} is not"):
            board(**options)
    with pytest.raises(ValueError, match="update_freq=0"):
        board(update_freq=0)


def test_tensorboard_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(ImportError, match=r"cello-rnn\[tensorboard\]"):
        callbacks.TensorBoard()


# ----------------------------------------------------------------------- recurrent health


def by_hand(weights, x, y, rate):
    """An LSTM of the last output and a Dense, by PyTorch, step by step."""
    torch = pytest.importorskip("torch")
    w, u, b, v, d = (torch.tensor(a, requires_grad=True) for a in weights)
    n = u.shape[0]
    h, c = torch.zeros(len(x), n), torch.zeros(len(x), n)
    entering, norms, gates = [], [], []
    for t in range(x.shape[1]):
        h, c = (s.clone().requires_grad_() for s in (h, c))
        h.retain_grad(), c.retain_grad()
        entering.append((h, c))
        i, f, g, o = torch.split(torch.tensor(x[:, t]) @ w + b + h @ u, n, dim=1)
        i, f, o = torch.sigmoid(i), torch.sigmoid(f), torch.sigmoid(o)
        gates += [i, f, o]
        c = f * c + i * torch.tanh(g)
        h = o * torch.tanh(c)
        norms.append(torch.sqrt((h**2).sum(1) + (c**2).sum(1)).mean().item())
    ((h @ v + d - torch.tensor(y)) ** 2).mean().backward()
    flows = [torch.sqrt((h.grad**2).sum() + (c.grad**2).sum()).item() for h, c in entering]
    values = torch.stack(gates)
    saturated = ((values < 0.05) | (values > 0.95)).float().mean().item()
    change = torch.cat([a.grad.flatten() for a in (w, u, b)]).norm() * rate
    size = torch.cat([a.detach().flatten() for a in (w, u, b)]).norm()
    return flows, norms, saturated, (change / size).item()


def test_recurrent_health_is_what_pytorch_finds():
    model = make(cello.optimizers.SGD(0.3))
    strong = [6 * a for a in model.get_weights()]
    model.set_weights(strong)
    health = callbacks.RecurrentHealth((X[:7], Y[:7]))
    history = fit(model, health, epochs=2).history
    alone = make(cello.optimizers.SGD(0.3))
    alone.set_weights(strong)
    for epoch in range(2):
        fit(alone, epochs=1)
        (layer,) = health.records[epoch]["layers"].values()
        flows, norms, saturated, ratio = by_hand(alone.get_weights(), X[:7], Y[:7], 0.3)
        same(layer["gradient_norm"], np.float32(flows), rtol=1e-4)
        same(layer["state_norm"], np.float32(norms), rtol=1e-5)
        assert 0.1 < saturated < 0.9
        same([layer["saturation"], layer["update_ratio"]], [saturated, ratio], rtol=1e-4)
        assert history["lstm_first_gradient"][epoch] == layer["gradient_norm"][0]
        assert history["lstm_saturation"][epoch] == layer["saturation"]
    same(model.get_weights(), alone.get_weights())  # it changes nothing


def health_of(x, *layers):
    model = Sequential([Input(x.shape[1:]), *layers, Dense(2)])
    model.compile(cello.optimizers.SGD(1e-6), "mse")
    rng = np.random.default_rng(2)
    model.set_weights([rng.normal(size=w.shape, scale=0.5) for w in model.get_weights()])
    health = callbacks.RecurrentHealth((x, Y))
    fit(model, health, x=x, batch_size=50)
    for layer in model.layers:
        assert "sequence" not in vars(getattr(layer, "cell", layer))
    return health.records[0]["layers"]


def test_recurrent_health_backwards_and_under_a_mask():
    """The same numbers on the reversed sequence, and on the padded one."""
    GRU = cello.layers.GRU
    (forwards,) = health_of(X[:, :4], GRU(4)).values()
    (backwards,) = health_of(X[:, 3::-1], GRU(4, go_backwards=True)).values()
    same(backwards, forwards, rtol=1e-4)
    padded = np.concatenate([X[:, :4], np.zeros_like(X[:, 4:])], axis=1)
    (masked,) = health_of(padded, cello.layers.Masking(), GRU(4)).values()
    assert np.all(masked["gradient_norm"][4:] == 0)
    same(masked["state_norm"][4:], forwards["state_norm"][[3, 3]])
    for name in ("gradient_norm", "state_norm"):
        masked[name] = masked[name][:4]
    same(masked, forwards, rtol=1e-4)


@pytest.mark.deep
def test_recurrent_health_of_all_layers():
    layers = cello.layers
    found = health_of(
        X,
        layers.RNN([layers.LSTMCell(3), layers.GRUCell(4)], return_sequences=True, name="stacked"),
        layers.SimpleRNN(4, remat=2, return_sequences=True, name="simple"),
        layers.Bidirectional(LSTM(3, return_sequences=True), name="both"),
        layers.ProjectedLSTM(5, projection=3, dropout=0.2, name="projected"),
    )
    assert set(found) == {"stacked", "simple", "forward_lstm", "backward_lstm", "projected"}
    for name, layer in found.items():
        assert layer["gradient_norm"].shape == layer["state_norm"].shape == (6,)
        assert np.all(layer["gradient_norm"] > 0) and np.all(layer["state_norm"] > 0)
        assert 0 < layer["update_ratio"] < 1
        assert (layer["saturation"] is None) == (name == "simple")


def test_recurrent_health_needs_a_recurrent_layer():
    model = Sequential([Input((6, 3)), cello.layers.Flatten(), Dense(2)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="no recurrent layer"):
        fit(model, callbacks.RecurrentHealth((X, Y)))


@pytest.mark.parametrize("name", ["my_model", "folder.of.many/model", "weights.bin"])
def test_a_checkpoint_whose_name_does_not_say_what_it_holds_is_refused(name):
    with pytest.raises(ValueError, match=r"does not say what is saved: end it in \.keras"):
        callbacks.ModelCheckpoint(name)
    callbacks.ModelCheckpoint(name, save_weights_only=True)
