"""Sessions: whatever the chunks, the outputs are those of the whole sequence."""

import os
import signal
import subprocess
import sys
import textwrap

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from streams import BUILD, Twice, built, series

import cello
from cello import Input, Model, Sequential
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Conv1D,
    Dense,
    Embedding,
    GlobalAveragePooling1D,
    Layer,
    MaxPooling1D,
)

COMPILATIONS = 710


def model(name):
    """With weights of its own; tests that leave these alone share it and its programs."""
    made = built(name)
    if "stateful" in name:
        made.reset_states()
    return made


def cut(x, ends):
    ends = sorted({*ends, x.shape[1]})
    return [x[:, a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]


def joined(name, whole, outputs):
    """The outputs of chunks in the form of the outputs of the whole."""
    timed = jax.tree.map(lambda w: w.ndim == 3, whole)
    return jax.tree.map(
        lambda t, *pieces: np.concatenate(pieces, 1) if t else pieces[-1], timed, *outputs
    )


def close(found, want, atol=1e-6):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=atol), found, want)


SIMPLER = {
    *("SimpleRNN", "GRU", "ProjectedLSTM", "two layers", "own cell", "masked, zeros"),
    *("categories", "pooled twice", "masked, own cell, last output"),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.deep] if n in SIMPLER else []) for n in sorted(BUILD)],
)
@settings(max_examples=6)
@given(data=st.data())
def test_chunks_give_what_the_whole_sequence_gives(name, data):
    windows = "pooled" in name or "valid" in name or "strided" in name
    steps = data.draw(st.sampled_from([12, 19])) if windows else 19  # 12: they fit
    ends = data.draw(st.sets(st.integers(1, steps - 1)))
    made = model(name)
    x = series(3, steps, data.draw(st.integers(0, 99)), "masked" in name)
    whole = jax.tree.map(np.asarray, made(x))
    if "stateful" in name:
        made.reset_states()
    session = made.stream(batch_size=3)
    outputs = [session(chunk) for chunk in cut(x, ends)]
    close(joined(name, whole, outputs), whole)


def test_every_layer_that_streams_is_in_the_table():
    has_reason = Layer.why_not_in_pieces
    streaming = {
        layer.__name__
        for layer in vars(cello.layers).values()
        if isinstance(layer, type)
        and issubclass(layer, Layer)
        and not issubclass(layer, RNN)  # all of these in test_cells.py
        and (layer.streams or layer.why_not_in_pieces is not has_reason)
    }
    tested = {type(layer).__name__ for name in BUILD for layer in model(name).flatten_layers()}
    refused = {"Bidirectional"}
    elsewhere = {"Embedding", "Attention", "AdditiveAttention"}  # attention in test_seq2seq.py
    thin = set(
        """
        ActivityRegularization AlphaDropout AveragePooling1D AveragePooling2D Conv1DTranspose Conv2D
        Cropping1D DepthwiseConv1D ELU GaussianDropout GaussianNoise GlobalAveragePooling2D
        GlobalMaxPooling2D GroupNormalization Identity LeakyReLU MaxPooling2D Normalization PReLU
        ReLU Rescaling SeparableConv1D Softmax UnitNormalization UpSampling1D ZeroPadding1D
        """.split()
    )  # test_thin_layers.py
    assert streaming - tested - refused == elsewhere | thin - tested


@pytest.mark.parametrize("name", ["LSTM", "valid, strided", "masked, own cell"])
def test_one_step_at_a_time(name):
    made, x = model(name), series(2, 40, masked="masked" in name)
    whole = np.asarray(made(x))
    session = made.stream(batch_size=2)
    close(joined(name, whole, [session(chunk) for chunk in cut(x, range(1, 40))]), whole)


def test_a_long_chunk_is_the_same_as_short_ones():
    made, x = model("pooled"), series(1, 5003)
    session = made.stream()
    close(session(x), np.asarray(made(x)))


def test_a_class_with_a_call_is_told_what_will_come():
    cello.utils.set_random_seed(1)
    made, x = Twice(), series(2, 9)
    whole = np.asarray(made(x))
    with pytest.raises(ValueError, match=r"Twice 'twice' has no graph.*like=x with x of shape"):
        made.stream()
    session = made.stream(2, like=x[:, :1])
    close(np.concatenate([session(c) for c in cut(x, [2, 3, 7])], 1), whole)


def test_symbols_and_inputs_without_time():
    cello.utils.set_random_seed(1)
    symbols, who = Input((None,), dtype="int32", name="symbols"), Input((2,), name="who")
    start = [Dense(4)(who), Dense(4)(who)]
    h = LSTM(4, return_sequences=True)(Embedding(9, 3)(symbols), initial_state=start)
    made = Model([symbols, who], h)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 9, (2, 11)), rng.normal(size=(2, 2)).astype("float32")
    whole = np.asarray(made(list(x)))
    session, named = made.stream(2), made.stream(2)
    for a, b in ((0, 3), (3, 4), (4, 11)):
        close(session([x[0][:, a:b], x[1]]), whole[:, a:b])
        close(named({"who": x[1], "symbols": x[0][:, a:b]}), whole[:, a:b])


# ------------------------------------------------------------------------- rows and states


@settings(max_examples=10)
@given(data=st.data())
def test_rows_come_and_go_and_none_sees_another(data):
    name = data.draw(st.sampled_from(["learned start", "causal", "own cell", "mean"]))
    made = model(name)
    session = made.stream(batch_size=2)
    histories = [[], []]  # of each row: the steps since it started
    for turn in range(data.draw(st.integers(1, 4))):
        rows, action = len(histories), data.draw(st.sampled_from("add drop reset feed".split()))
        if action == "add":
            more = data.draw(st.integers(1, 3))
            session.add_rows(more)
            histories += [[] for _ in range(more)]
        elif action == "drop" and rows > 1:
            row = data.draw(st.integers(0, rows - 1))
            session.drop_rows([row])
            del histories[row]
        elif action == "reset":
            row = data.draw(st.integers(0, rows - 1))
            session.reset_rows([row])
            histories[row] = []
        chunk = series(len(histories), data.draw(st.integers(1, 4)), turn)
        outputs = session(chunk)
        assert session.batch_size == len(histories)
        for i, history in enumerate(histories):
            history.extend(chunk[i])
            found = jax.tree.map(lambda o, i=i: o[i], outputs)
            close(found, after(name, history, chunk.shape[1]))


def after(name, history, n):
    """What a model says of the last `n` steps of a history, from one program for all lengths."""
    steps, made = len(history), model(name)
    if name == "mean":
        kernel, bias = made.get_weights()
        return np.mean(history, axis=0) @ kernel + bias
    padded = np.zeros((1, 16, 3), "float32")
    padded[0, :steps] = history
    return made(padded)[0, steps - n : steps]


def test_all_rows_start_again():
    made, x = model("valid, strided"), series(2, 14)
    session = made.stream(2)
    first = session(x)
    session(x[:, :4])
    session.reset_rows()
    np.testing.assert_array_equal(session(x), first)


@pytest.mark.parametrize("name", ["pooled", "valid"])
def test_a_row_starts_only_where_a_window_begins(name):
    made, x = model(name), series(2, 6)
    session = made.stream(2)
    session(x[:, :3])
    for start in (session.add_rows, lambda: session.reset_rows([0])):
        with pytest.raises(ValueError, match=r"the windows of layer .* in all rows"):
            start()
    if name == "pooled":
        session(x[:, 3:4])
        session.reset_rows([True, False])
        close(session(x)[0], np.asarray(made(x))[0])


@pytest.mark.parametrize("name", ["LSTM", "graph", "pooled twice", "masked, own cell"])
def test_a_session_goes_on_from_a_saved_state(name, tmp_path):
    made, x = model(name), series(2, 24, masked="masked" in name)
    session = made.stream(2)
    session(x[:, :7])
    np.savez(tmp_path / "state.npz", **session.state)
    ahead = session(x[:, 7:])
    other = made.stream(1)
    other(x[:1, :2])
    other.state = dict(np.load(tmp_path / "state.npz"))
    jax.tree.map(np.testing.assert_array_equal, other(x[:, 7:]), ahead)


def test_a_state_is_a_copy_and_sessions_do_not_disturb_each_other():
    made, x = model("LSTM"), series(1, 12)
    whole = np.asarray(made(x))
    one, two = made.stream(), made.stream()
    close(one(x[:, :5]), whole[:, :5])
    for array in one.state.values():
        array[...] = 1  # of the copy
    close(two(x), whole)
    made.predict(x, verbose=0)
    close(one(x[:, 5:]), whole[:, 5:])


def test_stateful_layers_keep_their_own_states():
    made, x = model("stateful"), series(3, 4)
    made(x)
    before = made.get_states()
    session = made.stream(3)
    session(x)
    session(x)
    jax.tree.map(np.testing.assert_array_equal, made.get_states(), before)


def test_a_session_sees_new_weights():
    made, x = built.__wrapped__("LSTM"), series(1, 5)
    session = made.stream()
    session(x)
    made.set_weights([w * 0.5 for w in made.get_weights()])
    session.reset_rows()
    close(session(x), np.asarray(made(x)))


RESUME = """
    import sys, os, signal
    import numpy as np
    import cello

    model = cello.models.load_model("model.keras")
    session = model.stream()
    x = np.load("x.npy")
    done = 0
    if os.path.exists("state.npz"):
        saved = dict(np.load("state.npz"))
        done = int(saved.pop("done"))
        session.state = saved
    for i in range(done, x.shape[1]):
        y = session(x[:, i : i + 1])
        with open("out.txt", "a") as file:
            print(i, *y[0, 0].tolist(), file=file)
        np.savez("next.npz", done=i + 1, **session.state)
        os.replace("next.npz", "state.npz")
        if done == 0 and i == 6:
            os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.deep
def test_a_killed_process_is_taken_up_by_another(tmp_path):
    made, x = model("causal"), series(1, 13)
    made.save(tmp_path / "model.keras")
    np.save(tmp_path / "x.npy", x)
    command = [sys.executable, "-c", textwrap.dedent(RESUME)]
    killed = subprocess.run(command, cwd=tmp_path)
    assert killed.returncode == -signal.SIGKILL
    assert subprocess.run(command, cwd=tmp_path, env=os.environ).returncode == 0
    found = np.loadtxt(tmp_path / "out.txt")
    np.testing.assert_array_equal(found[:, 0], np.arange(13))
    close(found[:, 1:].astype("float32"), np.asarray(made(x))[0])


# ----------------------------------------------------------------------------- compilation


def test_chunks_of_all_lengths_share_a_few_programs():
    made = model("LSTM")
    calls = []

    class Counted(Layer):
        streams = True

        def call(self, inputs):
            calls.append(inputs.shape)
            return inputs

    made = Sequential([Input((None, 3)), Counted(), LSTM(2, return_sequences=True)])
    session = made.stream(engine="jax")
    x = series(1, 4000)
    for steps in (1, 2, 3, 4, 5, 7, 100, 127, 1000, 2047):
        session(x[:, :steps])
    calls.clear()
    other = made.stream(engine="jax")
    for steps in range(1, 60):
        session(x[:, :steps])
        other(x[:, : 59 * steps % 97 + 1])
    session.reset_rows()
    session(x[:, :2500])
    lengths = {shape[1] for shape in calls if isinstance(shape[1], int)}
    assert lengths <= {1}  # the other session looks at one step when it is opened
    calls.clear()
    for _ in range(7):  # 8 rows have room in 8
        session.add_rows()
        session(x[:1].repeat(session.batch_size, 0)[:, :3])
    for _ in range(7):
        session.drop_rows([0])
        session(x[:1].repeat(session.batch_size, 0)[:, :3])
    assert {shape[0] for shape in calls} == {2, 4, 8} and len(calls) == 6


# ------------------------------------------------------------------------------ refusals


class Peek(Layer):
    def call(self, inputs):
        return inputs[:, ::-1]


@pytest.mark.parametrize(
    ("layer", "name"),
    [
        (Bidirectional(LSTM(2, return_sequences=True)), "bidirectional"),
        (GRU(2, go_backwards=True, name="back"), "back"),
        (Conv1D(2, 3, padding="same", name="around"), "around"),
        (MaxPooling1D(2, padding="same", name="pool"), "pool"),
        (Peek(name="peek"), "peek"),
    ],
)
def test_what_looks_at_later_steps_is_refused_by_name(layer, name):
    made = Sequential([Input((None, 3)), Dense(3), layer])
    with pytest.raises(ValueError, match=f"'{name}.*cannot run over a sequence piece by piece"):
        made.stream()


def summed_up(way):
    """A model whose steps get something of the whole sequence."""
    x = Input((None, 3))
    last, steps = GRU(4)(x), LSTM(4, return_sequences=True)(x)
    if way == "initial state":
        return Model(x, GRU(4, return_sequences=True)(x, initial_state=last))
    if way == "added":
        return Model(x, cello.layers.Add()([steps, cello.layers.Reshape((1, 4))(last)]))
    return Model(x, steps * GlobalAveragePooling1D()(steps)[:, None])


@pytest.mark.parametrize("way", ["initial state", "added", "by hand"])
def test_a_summary_that_goes_back_into_the_steps_is_refused(way):
    made = summed_up(way)
    with pytest.raises(ValueError, match=r"cannot run.*sums up the sequence.*return_sequences"):
        made.stream()
    made.compile("sgd", "mse")
    x = np.ones((2, 6, 3), "float32")
    with pytest.raises(ValueError, match="sums up the sequence"):
        made.fit(x, made(x), tbptt=2, verbose=0)


def test_chunks_that_do_not_fit_are_refused():
    session = model("LSTM").stream(2)
    for shape in ((2, 4, 5), (1, 4, 3), (2, 3), (2, 0, 3), (2, 4, 3, 1)):
        with pytest.raises(ValueError, match=r"has the shape \(2, 'steps', 3\).*this one has"):
            session(np.zeros(shape, "float32"))
    with pytest.raises(ValueError, match=r"has 1 input\(s\) and the chunk has 2"):
        session([np.zeros((2, 1, 3)), np.zeros((2, 1, 3))])
    session(np.zeros((2, 1, 3)))  # and the session is as it was


def test_states_and_rows_that_do_not_fit_are_refused():
    made = model("LSTM")
    session = made.stream(2)
    state = session.state
    with pytest.raises(ValueError, match=r"missing .*starts.* unknown .*'begin'"):
        session.state = {"begin": 1}
    with pytest.raises(ValueError, match=r"the state must be a dict of arrays.*not None"):
        session.state = None
    with pytest.raises(ValueError, match="missing"):
        session.state = model("GRU").stream(2).state
    wrong = {k: v[:, :2] if v.ndim == 2 else v for k, v in state.items()}
    with pytest.raises(ValueError, match=r"'values/lstm.*/0' must have the shape \(2, 4\)"):
        session.state = wrong
    with pytest.raises(ValueError, match=r"drop_rows needs numbers from 0 to 1"):
        session.drop_rows([2])
    with pytest.raises(ValueError, match="must leave a row"):
        session.drop_rows([0, 1])
    with pytest.raises(ValueError, match="count must be a positive integer"):
        session.add_rows(0)
    with pytest.raises(ValueError, match="batch_size must be a positive integer"):
        made.stream(0)
    with pytest.raises(ValueError, match="no input with an axis of time"):
        Sequential([Input((3,)), Dense(2)]).stream()


def test_a_model_that_took_its_shape_from_data():
    """It had seen prompts of five symbols, and streams as one that was told of any length."""
    model = Sequential([Embedding(5, 4), LSTM(6, return_sequences=True), Dense(5)])
    x = np.array([[1, 2, 0, 4, 3, 1]])
    model.predict(x[:, :5], verbose=0)
    session = model.stream()
    parts = [session(x[:, :1]), session(x[:, 1:])]
    np.testing.assert_allclose(np.concatenate(parts, 1), model.predict(x, verbose=0), atol=1e-6)
