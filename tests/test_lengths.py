"""Lists of sequences of different lengths in fit, evaluate and predict."""

import functools

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cello
from cello import Input, Model, Sequential
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Attention,
    BatchNormalization,
    Bidirectional,
    Conv1D,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    GlobalMaxPooling1D,
    GRUCell,
    LayerNormalization,
    LSTMCell,
    Masking,
    ProjectedLSTM,
    SimpleRNN,
    TimeDistributed,
)
from cello.training.ragged import bucket_length

COMPILATIONS = 450

RNG = np.random.default_rng(5)


def sequences(lengths, features=3, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=(n, features)).astype("float32") for n in lengths]


def two_inputs_and_outputs():
    x, z = Input((None, 3)), Input((2,))
    steps = LSTM(4, return_sequences=True)(x)
    end = GRU(3)(steps)
    return Model([x, z], [Dense(2)(steps), cello.layers.Concatenate()([end, z])])


def last_step():
    x = Input((None, 3))
    return Model(x, Dense(2)(LSTM(4, return_sequences=True)(x)[:, -1]))


MODELS = {
    "lstm": lambda: Sequential([Input((None, 3)), LSTM(4), Dense(2)]),
    "gru, each step": lambda: Sequential([Input((None, 3)), GRU(4, return_sequences=True)]),
    "simple rnn": lambda: Sequential([Input((None, 3)), SimpleRNN(4, return_sequences=True)]),
    "projected": lambda: Sequential([Input((None, 3)), ProjectedLSTM(4, 3)]),
    "backwards": lambda: Sequential([Input((None, 3)), LSTM(4, go_backwards=True)]),
    "both directions": lambda: Sequential(
        [Input((None, 3)), Bidirectional(LSTM(4, return_sequences=True)), Bidirectional(GRU(3))]
    ),
    "cells": lambda: Sequential(
        [Input((None, 3)), RNN([LSTMCell(4), GRUCell(3)], return_sequences=True)]
    ),
    "learned start": lambda: Sequential([Input((None, 3)), LSTM(4, initial_state="learned")]),
    "norms": lambda: Sequential(
        [
            Input((None, 3)),
            LayerNormalization(),
            LSTM(4, return_sequences=True),
            BatchNormalization(),
            TimeDistributed(Dense(2)),
        ]
    ),
    "mean": lambda: Sequential(
        [Input((None, 3)), LSTM(4, return_sequences=True), GlobalAveragePooling1D()]
    ),
    "largest": lambda: Sequential(
        [Input((None, 3)), LSTM(4, return_sequences=True), GlobalMaxPooling1D()]
    ),
    "convolution": lambda: Sequential([Input((None, 3)), Conv1D(4, 2), LSTM(4), Dense(2)]),
    "convolution at each step": lambda: Sequential(
        [Input((None, 3)), Conv1D(4, 3, padding="same"), LSTM(4, return_sequences=True)]
    ),
    "attention": lambda: attending(),
    "last step": last_step,
}


def attending():
    x = Input((None, 3))
    h = LSTM(4, return_sequences=True)(x)
    return Model(x, Attention()([h, h]))


@pytest.mark.filterwarnings("ignore:.*cannot use their mask")
@pytest.mark.parametrize("kind", sorted(MODELS))
@settings(max_examples=4)
@given(lengths=st.permutations([2, 5, 5, 8, 13]), batch_size=st.sampled_from([2, 5]))
def test_predict_is_that_of_each_sequence_by_itself(kind, lengths, batch_size):
    """In any order; the shapes are those of a few programs."""
    model, x = with_weights(kind), sequences(lengths)
    found = model.predict(x, batch_size=batch_size, verbose=0)
    assert len(found) == len(x)
    for one, output in zip(x, found, strict=True):
        np.testing.assert_allclose(output, model(one[None])[0], rtol=2e-5, atol=2e-6)


@functools.cache
def with_weights(kind):
    model, rng = MODELS[kind](), np.random.default_rng(1)
    model.set_weights([w + 0.5 * rng.normal(size=w.shape) ** 2 for w in model.get_weights()])
    return model


def test_several_inputs_and_outputs():
    model = two_inputs_and_outputs()
    x, z = sequences([5, 2, 9, 9, 4]), RNG.normal(size=(5, 2)).astype("float32")
    steps, ends = model.predict([x, z], batch_size=2, verbose=0)
    assert [len(s) for s in steps] == [5, 2, 9, 9, 4]
    assert ends.shape == (5, 5)
    for i in range(5):
        want = model([x[i][None], z[i][None]])
        np.testing.assert_allclose(steps[i], want[0][0], rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(ends[i], want[1][0], rtol=1e-5, atol=1e-6)


def test_symbols_of_which_0_is_one():
    """Plain lists of numbers; without mask_zero the symbol 0 is a step like any other."""
    model = Sequential([Input((None,), dtype="int32"), Embedding(5, 3), LSTM(4), Dense(2)])
    x = [[0, 1, 2], [3, 0], [0], [4, 0, 0, 0, 0]]
    for one, output in zip(x, model.predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(output, model(np.array([one]))[0], rtol=1e-5, atol=1e-6)


def test_a_model_class_takes_lists_too():
    class Own(Model):
        def __init__(self):
            super().__init__()
            self.lstm = LSTM(4, return_sequences=True)

        def call(self, x):
            return self.lstm(x)

    model, x = Own(), sequences([3, 7, 5])
    for one, output in zip(x, model.predict(x, verbose=0), strict=True):
        np.testing.assert_allclose(output, model(one[None])[0], rtol=1e-5, atol=1e-6)


def compiled(kind, loss="mse", metrics=()):
    cello.utils.set_random_seed(3)
    model = MODELS[kind]()
    model.compile(cello.optimizers.SGD(0.5), loss, metrics=list(metrics))
    return model


@pytest.mark.parametrize("kind", ["gru, each step", "both directions", "norms", "cells"])
def test_a_step_of_training_is_that_of_the_padded_batch(kind):
    """The same weights as from one step on an array that a Masking layer masks."""
    x = sequences([6, 8, 7, 5])
    steps = kind != "both directions"
    width = {"norms": 2, "cells": 3, "both directions": 6}.get(kind, 4)
    y = [RNG.normal(size=(len(v), width) if steps else width).astype("float32") for v in x]
    ragged = compiled(kind)
    ragged.fit(x, y, batch_size=4, shuffle=False, verbose=0)
    padded = compiled(kind)
    masked = Sequential([Input((None, 3)), Masking(), *padded.layers])
    masked.compile(cello.optimizers.SGD(0.5), "mse")
    x_padded = cello.utils.pad_sequences(x, dtype="float32", padding="post")
    y_padded = cello.utils.pad_sequences(y, dtype="float32", padding="post") if steps else y
    masked.fit(x_padded, np.stack(y_padded), batch_size=4, shuffle=False, verbose=0)
    for ours, theirs in zip(ragged.get_weights(), masked.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_evaluate_counts_the_real_steps():
    x = sequences([8, 7, 6, 8, 5, 7])
    y = [RNG.integers(0, 4, size=len(v)) for v in x]
    model = compiled("gru, each step", "sparse_categorical_crossentropy", ["accuracy"])
    loss, accuracy = model.evaluate(x, y, batch_size=6, verbose=0)
    outputs, labels = np.concatenate(model.predict(x, verbose=0)), np.concatenate(y)
    assert accuracy == pytest.approx(np.mean(outputs.argmax(-1) == labels))
    shares = np.clip(outputs / outputs.sum(-1, keepdims=True), 1e-7, 1 - 1e-7)
    assert loss == pytest.approx(-np.mean(np.log(shares[np.arange(len(labels)), labels])), rel=1e-4)


def test_weights_of_steps_and_classes():
    x = sequences([8, 7, 6])
    y = [RNG.integers(0, 4, size=len(v)) for v in x]
    weights = {0: 2.0, 1: 0.5, 2: 3.0, 3: 0.0}
    loss = cello.losses.SparseCategoricalCrossentropy(from_logits=True)
    by_class, by_step = (compiled("gru, each step", loss) for _ in "ab")
    by_class.fit(x, y, class_weight=weights, shuffle=False, verbose=0)
    by_step.fit(
        x, y, sample_weight=[np.vectorize(weights.get)(v) for v in y], shuffle=False, verbose=0
    )
    for a, b in zip(by_class.get_weights(), by_step.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_batches_from_an_iterable():
    model, other = compiled("gru, each step"), compiled("gru, each step")
    x = sequences([6, 8, 7, 5])
    y = [RNG.normal(size=(len(v), 4)).astype("float32") for v in x]
    model.fit([(x, y)], verbose=0)
    other.fit(x, y, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)


def test_validation_on_lists():
    x = sequences(RNG.integers(2, 30, size=30))
    y = [RNG.normal(size=(len(v), 4)).astype("float32") for v in x]
    model = compiled("gru, each step")
    history = model.fit(x, y, validation_split=0.3, batch_size=8, epochs=2, verbose=0).history
    assert history["val_loss"][-1] == pytest.approx(
        model.evaluate(x[21:], y[21:], batch_size=8, verbose=0), rel=1e-5
    )


@given(st.integers(1, 5000))
def test_a_bucket_is_at_most_half_longer(steps):
    assert steps <= bucket_length(steps) <= max(steps * 3 // 2, steps)
    assert bucket_length(bucket_length(steps)) == bucket_length(steps)


def test_few_programs_and_none_for_a_second_epoch():
    events = []

    def listen(name, seconds, **_):
        events.append(name)

    x = sequences(RNG.integers(2, 64, size=200))
    y = RNG.normal(size=(200, 2)).astype("float32")
    model = compiled("lstm")
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        model.fit(x, y, batch_size=16, verbose=0)
        model.predict(x, batch_size=16, verbose=0)
        first = sum("backend_compile" in name for name in events)
        events.clear()
        model.fit(x, y, batch_size=16, epochs=3, verbose=0)
        model.predict(x[::-1], batch_size=16, verbose=0)
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert first > 0
    assert sum("backend_compile" in name for name in events) == 0


def test_every_row_is_seen_once_an_epoch():
    x, y = sequences(RNG.integers(1, 40, size=57), 1), np.zeros((57, 1))
    for i, one in enumerate(x):
        one[:] = 0
        one[0] = i + 1
    seen = []

    class Sums(cello.layers.Layer):
        supports_masking = True

        def call(self, inputs):
            jax.debug.callback(lambda v: seen.append(np.asarray(v)), inputs.sum(axis=(1, 2)))
            return inputs[:, 0]

        def compute_mask(self, inputs, previous_mask):
            return None

    model = Sequential([Input((None, 1)), Sums(), Dense(1)])
    model.compile(cello.optimizers.SGD(0.0), "mse")
    for _ in range(2):
        seen.clear()
        model.fit(x, y, batch_size=8, verbose=0)
        jax.effects_barrier()
        assert sorted(np.concatenate(seen)) == list(range(1, 58))


def raises(call, *parts):
    with pytest.raises(ValueError) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


def test_labels_that_do_not_match():
    x, model = sequences([4, 6]), compiled("gru, each step")
    y = [np.zeros((4, 4)), np.zeros((5, 4))]
    raises(lambda: model.fit(x, y), "sequence 1 has 6 steps and 5 labels")
    raises(lambda: model.fit(x, np.zeros((2, 4))), "pass a list with one array for each sequence")
    raises(lambda: model.fit(x, y[:1]), "same number of rows", "x: 2", "y")
    raises(lambda: compiled("lstm").fit(x, np.zeros((3, 2))), "x: 2", "y: 3")


def test_sequences_that_do_not_fit():
    model = compiled("gru, each step")
    raises(lambda: model.predict([*sequences([4]), np.zeros((0, 3))]), "x[1] has no steps")
    raises(lambda: model.predict([*sequences([4]), np.zeros((5, 2))]), "x[1] (5, 2)")
    raises(lambda: model.predict(sequences([4, 6], 2)), "(None, None, 3) and got (1, None, 2)")


def test_stateful_models_take_no_lists():
    model = Sequential([Input(batch_shape=(2, None, 3)), LSTM(4, stateful=True)])
    raises(lambda: model.predict(sequences([4, 6])), "stateful")


def test_one_batch_without_masks_must_be_of_one_length():
    model = compiled("convolution")
    with pytest.warns(UserWarning, match="Conv1D 'conv1d' does not support masking"):
        raises(
            lambda: model.fit([(sequences([4, 6]), np.zeros((2, 2)))], verbose=0),
            "4 to 6 steps", "cannot use their mask",
        )  # fmt: skip
