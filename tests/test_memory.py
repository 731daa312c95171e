"""Models that are dropped leave nothing behind."""

import gc
import weakref

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cello
from cello import layers
from cello.core.memory import Registry
from cello.training import loop

COMPILATIONS = 55


@pytest.fixture
def no_collector():
    """Python's own collector would come sometimes, and sometimes not."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def used_model():
    model = cello.Sequential([cello.Input((2,)), layers.Dense(1)])
    model.predict_on_batch(np.zeros((1, 2), "float32"))
    return weakref.ref(model)


def test_dropped_models_go_although_they_refer_to_themselves(no_collector, monkeypatch):
    # the programs of other tests allow for as many again
    monkeypatch.setattr(loop, "_runners", Registry(loop._runners.spare))
    models = [used_model() for _ in range(30)]
    assert sum(model() is not None for model in models) < 20


def test_clear_session_frees_models_and_programs(no_collector):
    model = used_model()
    compiled = jax.jit(lambda x: x + 1)
    compiled(1.0)
    assert model() is not None and compiled._cache_size() == 1
    cello.utils.clear_session()
    assert model() is None and compiled._cache_size() == 0


def test_a_model_that_is_left_goes_on_after_clear_session():
    model = cello.Sequential([cello.Input((2,)), layers.Dense(1)])
    x = np.ones((1, 2), "float32")
    before = model.predict_on_batch(x)
    cello.utils.clear_session()
    np.testing.assert_array_equal(model.predict_on_batch(x), before)


def summed(x):
    """The mean over time; of a long sequence by way of more memory than there are addresses."""
    if isinstance(x.shape[1], int) and x.shape[1] > 3:
        x = x + jnp.sort(jnp.broadcast_to(x[:, :1], (x.shape[0], 2**48, 2)), axis=1)[:, :1]
    return jnp.mean(x, axis=1)


SHORT, LONG = np.ones((2, 3, 2), "float32"), np.ones((2, 4, 2), "float32")
TARGETS = np.zeros((2, 1), "float32")


def model_of_means():
    cello.utils.set_random_seed(0)
    model = cello.Sequential([cello.Input((None, 2)), layers.Lambda(summed), layers.Dense(1)])
    model.compile(cello.optimizers.SGD(0.1, momentum=0.9), "mse")
    return model


CALLS = {
    "predict": lambda model: model.predict(LONG, verbose=0),
    "predict_on_batch": lambda model: model.predict_on_batch(LONG),
    "evaluate": lambda model: model.evaluate(LONG, TARGETS, verbose=0),
    "train_on_batch": lambda model: model.train_on_batch(LONG, TARGETS),
    "fit": lambda model: model.fit(LONG, TARGETS, verbose=0),
}


def test_out_of_memory_is_an_error_that_loses_nothing():
    """JAX's own comes late, and leaves arrays that nobody can read."""
    model, wanted = model_of_means(), model_of_means()
    for _ in range(2):
        wanted.train_on_batch(SHORT, TARGETS)
    with pytest.raises(MemoryError, match="smaller batch_size"):
        model.fit([(SHORT, TARGETS), (SHORT, TARGETS), (LONG, TARGETS)], verbose=0)
    for call in CALLS.values():
        with pytest.raises(MemoryError, match=r"\(2, 4, 2\).*smaller batch_size"):
            call(model)
    for got, want in zip(model.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-6)
    assert model.train_on_batch(SHORT, TARGETS) == wanted.train_on_batch(SHORT, TARGETS)


def stream_of():
    """A session of a model whose pieces of more than three steps do not fit."""

    def widened(x):
        if isinstance(x.shape[1], int) and x.shape[1] > 3:
            x = x + jnp.sort(jnp.broadcast_to(x[..., :1], (*x.shape[:2], 2**48)))[..., :1]
        return x

    layer = layers.Lambda(widened)
    layer.streams = True
    inputs = cello.Input((None, 2))
    return cello.Model(inputs, layers.LSTM(2, return_sequences=True)(layer(inputs))).stream(
        2, engine="jax"
    )


def test_out_of_memory_in_a_stream_leaves_it_where_it_was():
    cello.utils.set_random_seed(0)
    session = stream_of()
    session(SHORT)
    before = session.state
    with pytest.raises(MemoryError, match=r"chunk did not fit.*\(2, 4, 2\).*fewer steps"):
        session(LONG)
    for name, value in session.state.items():
        np.testing.assert_array_equal(value, before[name])
    session(SHORT)


def test_out_of_memory_outside_of_a_program_says_what_to_do():
    model = model_of_means()
    function, variables = model.as_function()
    for call in (model, lambda x: function(variables, x)):
        with pytest.raises(MemoryError, match=r"Lambda.*did not fit.*\(2, 4, 2\).*fewer rows"):
            call(LONG)
