"""What goes into `fit` and how it runs: kinds of data, chunks, seeds, hooks, compilations."""

import functools
import importlib.util
import io
import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import cello
from cello import Input, Model, Sequential
from cello.callbacks import Callback, EarlyStopping, LambdaCallback, ModelCheckpoint
from cello.layers import LSTM, Dense, Dropout

COMPILATIONS = 160


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


X, Y = normal(50, 6, 3), normal(50, 2, seed=1)


def make(optimizer="adam", **compiled):
    cello.utils.set_random_seed(3)
    cello.core.naming.forget_names()
    model = Sequential([Input((6, 3), name="x"), LSTM(4), Dropout(0.2), Dense(2)])
    model.compile(optimizer, **{"loss": "mse", "metrics": ["mae"], **compiled})
    return model


@functools.cache
def shared():
    """A model for all trainings that start alike, and its variables as they were."""
    model = make()
    return model, [v.value for v in model.variables]


def fitted(*data, **options):
    """A training from the start, by the programs of those before."""
    model, start = shared()
    for variable, value in zip(model.variables, start, strict=True):
        variable.assign(value)
    model.optimizer.state = None
    cello.utils.set_random_seed(3)
    history = model.fit(*data, **{"verbose": 0, "shuffle": False, "batch_size": 10, **options})
    return history.history, model.get_weights()


def same(a, b):
    jax.tree.map(lambda u, v: np.testing.assert_allclose(u, v, rtol=1e-6, atol=1e-7), a, b)


def batches():
    return [(X[i : i + 10], Y[i : i + 10]) for i in range(0, 50, 10)]


class Stream:
    """Any object that can be iterated again and again, without a length."""

    def __iter__(self):
        return iter(batches())


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(lambda: (X.tolist(), Y.tolist()), id="lists"),
        pytest.param(lambda: (jnp.asarray(X), jnp.asarray(Y)), id="jax"),
        pytest.param(lambda: (X.astype("float64"), Y.astype("float64")), id="float64"),
        pytest.param(lambda: ({"x": X}, Y), id="dict"),
        pytest.param(lambda: (batches(),), id="list of batches"),
        pytest.param(lambda: (Stream(),), id="iterable"),
    ],
)
def test_kinds_of_data_train_alike(data):
    same(fitted(*data(), epochs=2), fitted(X, Y, epochs=2))


def test_pandas():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(normal(40, 3), columns=list("abc"))
    target = pandas.Series(normal(40, seed=1))
    models = []
    column = Sequential([Dense(1)])
    column.compile("sgd", "mse")
    column.fit(table["a"], target, verbose=0)  # a Series is one feature
    assert column.predict(table["a"], verbose=0).shape == (40, 1)
    for x, y in ((table, target), (table.to_numpy(), target.to_numpy())):
        cello.utils.set_random_seed(0)
        model = Sequential([Input((3,)), Dense(1)])
        model.compile("sgd", "mse")
        model.fit(x, y, verbose=0)
        models.append(model.get_weights())
    same(*models)


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
def test_torch_tensors_and_data_loaders():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x, y = torch.tensor(X), torch.tensor(Y)
    same(fitted(x, y, epochs=2), fitted(X, Y, epochs=2))
    loader = DataLoader(TensorDataset(x, y), batch_size=10)
    same(fitted(loader, epochs=2), fitted(X, Y, epochs=2))


def test_generators_need_to_know_when_an_epoch_ends():
    def endless():
        while True:
            yield from batches()

    got = fitted(endless(), epochs=2, steps_per_epoch=5)
    same(got, fitted(X, Y, epochs=2))
    model = make()
    data = (b for b in batches() * 2)
    model.fit(data, steps_per_epoch=5, epochs=2, verbose=0)
    with pytest.raises(ValueError, match="is used up"):
        make().fit((b for b in batches()), steps_per_epoch=5, epochs=2, verbose=0)


class Shrinking:
    """Batches, one fewer each time they are started."""

    left = 6

    def __iter__(self):
        self.left -= 1
        return iter(batches()[: self.left])


def test_data_that_shrink_between_epochs():
    """Fewer than were announced is an error, with the weights of the steps done; else a warning."""
    model = make()
    with pytest.raises(ValueError, match=r"ended after 4 batches, and 5 are an epoch.*steps_per"):
        model.fit(Shrinking(), steps_per_epoch=5, epochs=2, verbose=0)
    assert model.history.epoch == [0] and model.optimizer.iterations == 5
    model = make()
    with pytest.warns(UserWarning, match="gave 4 batches in this epoch and 5 in one before"):
        model.fit(Shrinking(), epochs=2, verbose=0)
    assert model.history.epoch == [0, 1] and model.optimizer.iterations == 9


def test_validation_from_batches_and_from_arrays():
    arrays, _ = fitted(X, Y, validation_data=(X, Y))
    streamed, _ = fitted(X, Y, validation_data=batches())
    same(arrays, streamed)
    every_second, _ = fitted(X, Y, validation_data=(X, Y), epochs=4, validation_freq=2)
    assert len(every_second["val_loss"]) == 2 and len(every_second["loss"]) == 4


def test_a_smaller_last_batch_makes_no_wrong_average():
    model = make(cello.optimizers.SGD(1e-12))
    model.layers[1].rate = 0.0
    loss = model.fit(X[:23], Y[:23], batch_size=10, verbose=0).history["loss"]
    want = np.mean((model.predict(X[:23], verbose=0) - Y[:23]) ** 2)
    np.testing.assert_allclose(loss, [want], rtol=1e-5)
    np.testing.assert_allclose(
        model.evaluate(X[:23], Y[:23], batch_size=10, verbose=0)[0], want, rtol=1e-5
    )
    assert model.predict(X[:23], batch_size=10, verbose=0).shape == (23, 2)


class Traces(cello.Layer):
    """Counts how often JAX traces it."""

    count = 0

    def call(self, x):
        type(self).count += 1
        return x


def test_compilations():
    """One for whole batches, one for the last, smaller one; a second fit compiles nothing."""
    model = Sequential([Input((6, 3)), Traces(), LSTM(4), Dense(2)])
    model.compile("adam", "mse")

    def traced(function):
        before = Traces.count
        function()
        return Traces.count - before

    first = traced(lambda: model.fit(X, Y, batch_size=16, epochs=2, verbose=0))
    again = traced(lambda: model.fit(X, Y, batch_size=16, epochs=2, verbose=0))
    for call in (
        lambda: model.predict(X, batch_size=16, verbose=0),
        lambda: model.evaluate(X, Y, batch_size=16, verbose=0),
        lambda: model.train_on_batch(X[:16], Y[:16]),
        lambda: model.test_on_batch(X[:16], Y[:16]),
        lambda: model.predict_on_batch(X[:16]),
    ):
        call()
        assert traced(call) == 0
    whole = Sequential([Input((6, 3)), Traces(), LSTM(4), Dense(2)])
    whole.compile("adam", "mse")
    alone = traced(lambda: whole.fit(X[:48], Y[:48], batch_size=16, epochs=2, verbose=0))
    assert again == 0
    assert 0 < first - alone <= alone


def test_a_second_call_compiles_nothing():
    """Told by JAX itself: of ops, layers and all methods of a model."""
    events = []

    def listen(name, seconds, **_):
        events.append(name)

    def compilations(call):
        events.clear()
        call()
        return sum("backend_compile" in name for name in events)

    model = make()
    weights = {"lstm": 16, "gru": 12, "simple_rnn": 4}
    calls = [
        lambda: model.fit(X, Y, batch_size=16, epochs=2, validation_split=0.2, verbose=0),
        lambda: model.fit(batches(), verbose=0),
        lambda: model.evaluate(X, Y, verbose=0),
        lambda: model.predict(X, verbose=0),
        lambda: model.train_on_batch(X, Y),
        lambda: model.test_on_batch(X, Y),
        lambda: model.predict_on_batch(X),
        lambda: model(X),
        *(
            lambda op=op, n=n: getattr(cello.ops, op)(X, normal(3, n), normal(4, n))
            for op, n in weights.items()
        ),
    ]
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        counts = [(compilations(call), compilations(call)) for call in calls]
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert counts[0][0] > 0  # a new model is compiled
    assert [second for _, second in counts] == [0] * len(calls)


def test_a_changed_model_is_compiled_anew():
    model = Sequential([Input((3,)), Dense(2)])
    model.compile("sgd", "mse")
    x = normal(8, 3)
    before = model.predict(x, verbose=0)
    model.add(cello.layers.Activation("relu"))
    np.testing.assert_array_equal(model.predict(x, verbose=0), np.maximum(before, 0))


def test_chunks_change_nothing():
    """Batches one by one, in chunks of fixed size, or in chunks of measured size."""
    x, y = normal(200, 6, 3), normal(200, 2, seed=1)
    results = []
    for steps in ("auto", 1, 3, 7):
        model = make(steps_per_execution=steps)
        history = model.fit(x, y, batch_size=8, epochs=2, verbose=0).history
        results.append((history, model.get_weights()))
    for other in results[1:]:
        same(other, results[0])
    eager = make(run_eagerly=True)
    history = eager.fit(x, y, batch_size=8, epochs=2, verbose=0).history
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5),
        (history, eager.get_weights()),
        results[0],
    )


def test_hooks_find_the_model_as_it_is_after_their_batch():
    """Without such a hook the next chunk may run already when the last one's results come."""
    seen, alone = [], make()
    for batch in batches():
        alone.train_on_batch(*batch)
        seen.append(alone.get_weights())
    for options in ({}, {"steps_per_execution": 1}):
        watched, model = [], make(**options)

        def note(batch, logs, model=model, watched=watched):
            watched.append(model.get_weights())

        model.fit(
            X,
            Y,
            batch_size=10,
            shuffle=False,
            callbacks=[LambdaCallback(on_train_batch_end=note)],
            verbose=0,
        )
        same(watched, seen)


def test_a_batch_that_is_slow_to_come_is_not_waited_for():
    from cello.training.data import IterableFeed

    epoch = IterableFeed(batches(), None, lambda parts: parts).epoch()
    assert [epoch.take(4, seconds)[1] for seconds in (0.0, 60.0)] == [1, 4]
    assert epoch.take(4) is None


def test_labels_that_are_wrong_in_the_midst_of_an_epoch():
    """The error comes, and the model is that of the batches before."""
    good, bad = (X[:10], np.zeros(10)), (X[:10], np.full(10, 7))
    trained = []
    for data in ([good, good], [good, good, bad]):
        cello.utils.set_random_seed(0)
        model = Sequential([Input((6, 3)), LSTM(4), Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        if data[-1] is bad:
            with pytest.raises(ValueError, match="labels must be from 0 to 1"):
                model.fit(data, verbose=0)
        else:
            model.fit(data, verbose=0)
        trained.append(model.get_weights())
    same(*trained)


def test_seeds_make_runs_repeat_exactly():
    def run():
        model = make()
        history = model.fit(X, Y, epochs=3, verbose=0).history
        return history["loss"], model.get_weights()

    (loss, weights), (again, weights_again) = run(), run()
    assert loss == again
    jax.tree.map(np.testing.assert_array_equal, weights, weights_again)
    model = make()
    cello.utils.set_random_seed(4)
    other = model.fit(X, Y, epochs=3, verbose=0).history["loss"]
    assert other != loss  # another order of the rows


def test_shuffling_shows_every_row_once_an_epoch():
    seen = []

    def note(y_true, y_pred):
        jax.debug.callback(lambda rows: seen.extend(rows.tolist()), y_true[:, 0])
        return jnp.mean((y_true - y_pred) ** 2, axis=-1)

    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", note)
    numbers = np.arange(20, dtype="float32")[:, None]
    model.fit(numbers, numbers, batch_size=4, epochs=2, verbose=0)
    first, second = seen[:20], seen[20:40]
    assert sorted(first) == sorted(second) == list(range(20))
    assert first != second and first != list(range(20))


def test_hooks_see_every_batch_in_keras_order():
    calls = []

    class Notes(Callback):
        pass

    for hook in [n for n in dir(Callback) if n.startswith("on_")]:
        setattr(
            Notes, hook, lambda self, *a, hook=hook, **k: calls.append((hook, *a[: len(a) - 1]))
        )
    model = make()
    model.fit(
        X,
        Y,
        batch_size=20,
        epochs=1,
        verbose=0,
        callbacks=[Notes()],
        validation_data=(X[:5], Y[:5]),
    )
    import keras

    theirs = keras.Sequential([keras.Input((6, 3)), keras.layers.LSTM(4), keras.layers.Dense(2)])
    theirs.compile("adam", "mse")
    ours, calls = [c[0] for c in calls], []
    KerasNotes = type("KerasNotes", (keras.callbacks.Callback,), {})
    for hook in {*ours}:
        setattr(KerasNotes, hook, lambda self, *a, hook=hook, **k: calls.append(hook))
    theirs.fit(
        X, Y, batch_size=20, epochs=1, verbose=0, callbacks=[KerasNotes()],
        validation_data=(X[:5], Y[:5]),
    )  # fmt: skip
    wanted = [c for c in calls if c in set(ours)]
    aliases = ("on_batch_begin", "on_batch_end", "on_train_chunk_end")
    assert [c for c in ours if c not in aliases] == [c for c in wanted if c not in aliases]
    assert ours.count("on_train_batch_end") == 3


def test_lambda_callback_and_logs():
    logs = []
    model = make()
    hooks = [LambdaCallback(on_epoch_end=lambda epoch, logs_: logs.append((epoch, dict(logs_))))]
    history = model.fit(X, Y, epochs=4, initial_epoch=2, callbacks=hooks, verbose=0)
    assert [epoch for epoch, _ in logs] == history.epoch == [2, 3]
    assert logs[1][1] == {k: v[1] for k, v in history.history.items()}


def test_early_stopping_stops_and_restores():
    model = make(cello.optimizers.SGD(0.5))
    val = (X[:10], -Y[:10] * 3)
    stop = EarlyStopping("val_loss", patience=2, restore_best_weights=True)
    history = model.fit(X, Y, epochs=60, callbacks=[stop], validation_data=val, verbose=0)
    losses = history.history["val_loss"]
    best = int(np.argmin(losses))
    assert len(losses) == best + 3 < 60
    np.testing.assert_allclose(model.evaluate(*val, verbose=0)[0], losses[best], rtol=1e-5)
    with pytest.warns(UserWarning, match="nix_loss"):
        make().fit(X, Y, callbacks=[EarlyStopping("nix_loss")], verbose=0)


def test_model_checkpoint(tmp_path):
    model = make()
    last, best = tmp_path / "e{epoch:02d}.safetensors", tmp_path / "best.safetensors"
    losses = model.fit(
        X, Y, epochs=3, verbose=0,
        callbacks=[
            ModelCheckpoint(last, save_weights_only=True),
            ModelCheckpoint(best, monitor="loss", save_best_only=True, save_weights_only=True),
        ],
    ).history["loss"]  # fmt: skip
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "best.safetensors", "e01.safetensors", "e02.safetensors", "e03.safetensors",
    ]  # fmt: skip
    other = make()
    other.load_weights(tmp_path / "e03.safetensors")
    same(other.get_weights(), model.get_weights())
    other.load_weights(tmp_path / f"e{np.argmin(losses) + 1:02d}.safetensors")
    again = make()
    again.load_weights(best)
    same(again.get_weights(), other.get_weights())


def test_any_optax_object_and_any_function_as_loss():
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adamw(1e-2))
    model = make(rule, loss=lambda t, p: jnp.abs(t - p), metrics=[lambda t, p: jnp.max(p, axis=-1)])
    losses = model.fit(X, Y, epochs=10, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_a_nan_loss_is_warned_of_with_its_step():
    y = Y.copy()
    y[25] = np.nan
    with pytest.warns(UserWarning, match=r"the loss is nan in step 3 of epoch 1"):
        make().fit(X, y, batch_size=10, shuffle=False, epochs=2, verbose=0)


def printed(capsys, **options):
    make().fit(X, Y, validation_data=(X, Y), **options)
    return capsys.readouterr().out


def test_output_is_a_line_an_epoch_where_no_one_watches(capsys):
    out = printed(capsys, epochs=2)
    assert len(out.splitlines()) == 2
    assert re.match(r"Epoch 1/2 .*loss: [\d.]+ .*mae: [\d.]+ .*val_loss: [\d.]+", out)
    assert printed(capsys, verbose=0) == ""


def test_the_bar_shows_step_rate_time_left_and_numbers(monkeypatch):
    from cello.training import progress

    screen = io.StringIO()
    from rich.console import Console

    monkeypatch.setattr(
        progress, "Console", lambda *a, **k: Console(file=screen, force_terminal=True, width=120)
    )
    make().fit(X, Y, batch_size=5, verbose=1)
    text = re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", screen.getvalue())
    assert "10/10" in text and "loss:" in text and "/step" in text


def test_multiple_outputs_by_name():
    x = Input((6, 3))
    h = LSTM(4)(x)
    model = Model(x, {"mean": Dense(2)(h), "sign": Dense(1, "sigmoid")(h)})
    model.compile("adam", {"mean": "mse", "sign": "binary_crossentropy"}, metrics={"sign": ["auc"]})
    y = {"mean": Y, "sign": (Y[:, :1] > 0).astype("float32")}
    history = model.fit(X, y, epochs=2, verbose=0).history
    assert list(history) == ["loss", "mean_loss", "sign_loss", "sign_auc"]
    total = np.add(history["mean_loss"], history["sign_loss"])
    np.testing.assert_allclose(history["loss"], total, rtol=1e-5)
    assert set(model.predict(X, verbose=0)) == {"mean", "sign"}
