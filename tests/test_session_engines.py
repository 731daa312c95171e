"""Sessions whose steps are interpreted or compiled: in all they do, they are one of JAX's."""

import copy
import os
import pickle
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import moved, normal
from hypothesis import given, settings
from hypothesis import strategies as st
from sources import installed
from streams import BUILD, built, series

import cello
from cello import Input, Model, Sequential, native
from cello.layers import LSTM, Dense, Layer
from cello.lowering.sessions import compiling
from cello.random import SeedGenerator

COMPILATIONS = 260

needs_gcc = pytest.mark.skipif(not installed("gcc"), reason="there is no gcc")
ENGINES = ["native", pytest.param("c", marks=needs_gcc)]
engines = pytest.mark.parametrize("engine", ENGINES)

FEW = ["LSTM", "last output", "masked, learned start", "masked mean", "valid, strided",
       "pooled twice", "attention, masked"]  # fmt: skip
OTHERS = sorted(n for n in BUILD if n not in FEW and "stateful" not in n)


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    before = os.environ.get("CELLO_CACHE")
    os.environ["CELLO_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    os.environ.pop("CELLO_CACHE")
    if before is not None:
        os.environ["CELLO_CACHE"] = before


def close(found, want):
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5), found, want)


def alike(one, other):
    """Two sessions remember the same, but for what no step reads any more."""
    a, b = one.state, other.state
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].shape == b[name].shape and a[name].dtype == b[name].dtype, name


@pytest.mark.parametrize("name", [*FEW, *(pytest.param(n, marks=pytest.mark.deep) for n in OTHERS)])
@engines
@settings(max_examples=4)
@given(data=st.data())
def test_a_session_goes_on_in_either_engine(engine, name, data):
    """Chunk by chunk, each in one of two sessions, which hand the state to one another."""
    sessions = [_session(name, engine) for engine in (engine, "jax")]
    alone = _session(name, "jax")
    x = series(2, 24, masked="mask" in name)
    ends = sorted({*data.draw(st.lists(st.integers(1, 23), max_size=4)), 24})
    for start, end in zip([0, *ends[:-1]], ends, strict=True):
        chunk = x[:, start:end]
        close(sessions[0](chunk), alone(chunk))
        alike(sessions[0], alone)
        sessions[1].state = sessions[0].state
        sessions.reverse()


def _session(name, engine):
    return built(name).stream(2, np.zeros((2, 4, 3), "float32"), engine)


@pytest.fixture(scope="module")
def model():
    layers = [Input((None, 3)), LSTM(4, return_sequences=True, initial_state="learned"), Dense(2)]
    return moved(Sequential(layers), seed=1)


@engines
def test_rows_come_and_go(model, engine):
    one, other = model.stream(engine=engine), model.stream(engine="jax")
    x = normal(5, 8, 3)
    for session in (one, other):
        session(x[:1])
        session.add_rows(2)
        session(x[:3])
        session.reset_rows([1])
    close(one(x[:3]), other(x[:3]))
    for session in (one, other):
        session.drop_rows([0])
        session.add_rows()
    close(one(x[:3]), other(x[:3]))
    assert one.batch_size == 3
    one.reset_rows()
    close(one(x[:3]), model.predict(x[:3], verbose=0))


@engines
def test_chunks_are_looked_at(model, engine):
    session = model.stream(engine=engine)
    x = normal(1, 4, 3)
    want = session(x)
    session.reset_rows()
    for other in (x.astype("float64"), np.asfortranarray(x), [x], jnp.asarray(x)):
        close(session(other), want)
        session.reset_rows()
    for wrong in (x[:, :, :2], x[:, :0], x[0], np.repeat(x, 2, 0)):
        with pytest.raises(ValueError, match="a chunk of this session has the shape"):
            session(wrong)
    close(session(x), want)


def test_engines_are_said(model):
    plain, best = model.stream(engine="jax"), model.stream()
    assert plain.engine == "jax" and plain.engine.reason == "It was asked for."
    assert best.engine == "native" and best.engine.reason is None
    assert model.stream(engine="native").engine.reason == "It was asked for."
    with pytest.raises(ValueError, match="must be 'native', 'c', 'jax' or None, and it is 'gpu'"):
        model.stream(engine="gpu")


@engines
@pytest.mark.parametrize("name", ["two steps of one", "pooled, two steps"])
def test_several_steps_of_one(engine, name):
    one, other = _session(name, engine), _session(name, "jax")
    x = series(2, 8)
    for part in (x[:, :1], x[:, 1:4], x[:, 4:]):
        close(one(part), other(part))


def test_steps_that_differ_are_refused(tmp_path):
    """Three steps of one, pooled by two: one step, then two."""
    layers = [cello.layers.UpSampling1D(3), cello.layers.AveragePooling1D(2)]
    model = Sequential([Input((None, 3)), *layers])
    with pytest.raises(ValueError, match=r"at one step its output .* has 1 steps, and 2 at ano"):
        model.export(tmp_path / "m.c")


class Unknown(Layer):
    """Uses what there is no rule for."""

    streams = True

    def call(self, inputs):
        return inputs + jax.lax.nextafter(inputs, inputs) * 0


class Noise(Layer):
    streams = True

    def __init__(self):
        super().__init__()
        self.generator = SeedGenerator(3)

    def call(self, inputs):
        return inputs + cello.random.normal(inputs.shape[-1:], seed=self.generator)


def test_what_cannot_be_lowered_runs_in_jax(monkeypatch, model):
    def reason(layer):
        made = Sequential([Input((None, 2)), layer])
        with pytest.raises(ValueError, match="cannot be exported"):
            made.stream(engine="native")
        session = made.stream()
        assert session.engine == "jax"
        return session.engine.reason

    assert "the primitive 'nextafter' of JAX (layer 'sequential/unknown')" in reason(Unknown())
    assert "seed_generator" in reason(Noise())
    reason = (
        r"A step of 9000 row\(s\) of this model takes [0-9,]+ operations; from 600,000 on, JAX is"
    )
    assert re.match(reason, model.stream(9000).engine.reason)
    monkeypatch.setattr(native, "missing_runner", lambda: "There is none.")
    assert model.stream().engine.reason == "There is none."
    with pytest.raises(RuntimeError, match=r"stream\(engine='native'\): There is none"):
        model.stream(engine="native")


def test_many_rows_go_on_in_jax(model):
    """What was chosen for few rows is chosen anew; the states of the first go on."""
    one, other = model.stream(), model.stream(engine="jax")
    asked = model.stream(engine="native")
    x = normal(1, 6, 3)
    for session in (one, other, asked):
        session(x[:, :3])
        session.add_rows(6000)
    assert one.engine == "jax" and asked.engine == "native"
    rest = np.repeat(x[:, 3:], 6001, 0)
    want = other(rest)
    close(one(rest), want)
    close(asked(rest), want)
    with pytest.raises(TypeError, match="call"):
        one(rest, rest)


@pytest.mark.parametrize("engine", [None, *ENGINES])
def test_weights_that_change_are_followed(model, engine):
    """As in JAX's session; the fastest engine then is JAX, for what changes once changes again."""
    model = cello.models.clone_model(model)
    sessions = [model.stream(engine=engine), model.stream(engine="jax")]
    x = normal(1, 6, 3)
    for start in (0, 2, 4):
        close(*[session(x[:, start : start + 2]) for session in sessions])
        model.set_weights([w * 0.9 for w in model.get_weights()])
    assert sessions[0].engine == (engine or "jax")
    if engine is None:
        assert "weights of the model have changed" in sessions[0].engine.reason


@engines
def test_threads_have_sessions_of_their_own(model, engine):
    """Several at once compute what each does alone; one in two threads at once is refused."""
    x = normal(1, 20000, 3)
    want = model.stream(engine=engine)(x)
    sessions = [model.stream(engine=engine) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(lambda session: session(x), sessions):
            np.testing.assert_array_equal(found, want)
        both = [pool.submit(sessions[0], x) for _ in range(8)]
        errors = [e for e in (future.exception() for future in both) if e is not None]
    assert errors and all("at work in another thread" in str(e) for e in errors)


@engines
def test_copies_go_on(model, engine):
    session = model.stream(engine=engine)
    x = normal(1, 12, 3)
    session(x[:, :5])
    copies = pickle.loads(pickle.dumps(session)), copy.deepcopy(session)
    want = session(x[:, 5:])
    for other in copies:
        np.testing.assert_array_equal(other(x[:, 5:]), want)


@engines
def test_several_inputs_and_outputs(engine):
    steps, still = Input((None, 3)), Input((4,))
    h = LSTM(5, return_sequences=True)(steps)
    outputs = {"all": Dense(2)(h), "last": cello.layers.Add()([LSTM(3)(h), Dense(3)(still)])}
    model = moved(Model([steps, still], outputs), seed=1)
    one, other = model.stream(2, engine=engine), model.stream(2, engine="jax")
    x, y = normal(2, 9, 3), normal(2, 4)
    for part in (x[:, :4], x[:, 4:]):
        found, want = one([part, y]), other([part, y])
        assert found.keys() == want.keys()
        close(found, want)


def opened(model):
    """A session that is not made of what another one left."""
    model.set_weights(model.get_weights())
    return model.stream(engine="c")


@needs_gcc
def test_the_cache(model, tmp_path, monkeypatch):
    """Compiled once; what is damaged is made anew; nothing else is left there."""
    monkeypatch.setenv("CELLO_CACHE", str(tmp_path / "new"))
    calls = []
    compile_once = compiling._compile

    def counted(*arguments):
        calls.append(arguments)
        compile_once(*arguments)

    monkeypatch.setattr(compiling, "_compile", counted)
    x = normal(1, 4, 3)
    want = opened(model)(x)
    np.testing.assert_array_equal(opened(model)(x), want)
    assert len(calls) == 1
    library, told = sorted((tmp_path / "new").iterdir(), key=lambda p: p.suffix != ".so")
    assert library.suffix == ".so" and told.suffix == ".sha256"
    # Another file, since this process has the first in its memory.
    other = library.with_name("other.so")
    other.write_bytes(library.read_bytes()[:-9])
    os.replace(other, library)
    np.testing.assert_array_equal(opened(model)(x), want)
    assert len(calls) == 2
    told.unlink()
    opened(model)
    assert len(calls) == 3


def test_without_a_compiler(model, tmp_path, monkeypatch):
    monkeypatch.setenv("CELLO_CACHE", str(tmp_path))
    monkeypatch.setattr(compiling, "find_compiler", lambda: None)
    with pytest.raises(RuntimeError, match=r"needs a C compiler.*pip install ziglang"):
        opened(model)
    monkeypatch.setattr(compiling, "find_compiler", lambda: ["false"])
    with pytest.raises(RuntimeError, match="could not compile the model with false"):
        opened(model)
    assert not list(tmp_path.glob("*.so"))
    (tmp_path / "file").touch()
    monkeypatch.setenv("CELLO_CACHE", str(tmp_path / "file"))
    with pytest.raises(RuntimeError, match=r"cannot be made .*variable CELLO_CACHE"):
        opened(model)


PROGRAM = """
import numpy as np
from cello import Input, Sequential
from cello.layers import Dense

model = Sequential([Input((None, 1)), Dense(1, kernel_initializer="ones")])
print(model.stream(engine="c")(np.full((1, 2, 1), 3.0, "float32")).tolist())
"""


@needs_gcc
@pytest.mark.deep
def test_processes_at_once(tmp_path):
    environment = {**os.environ, "CELLO_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    several = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert {process.communicate()[0].strip() for process in several} == {"[[[3.0], [3.0]]]"}
