"""Several threads with one model: one trains, others may predict."""

import threading

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import cello
from cello import Input, Sequential
from cello.layers import BatchNormalization, Dense

COMPILATIONS = 40

X, Y = np.ones((4, 3), "float32"), np.ones((4, 1), "float32")


def compiled():
    model = Sequential([Input((3,)), BatchNormalization(), Dense(1)])
    model.compile("sgd", "mse")
    return model


def elsewhere(call):
    """What another thread gets from a call: the result, or the error."""
    found = []

    def run():
        try:
            found.append(call())
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_only_one_thread_trains(method):
    model, found = compiled(), []

    def call():
        return getattr(model, method)(X, Y)

    hook = cello.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: found.append(elsewhere(call))
    )
    model.fit(X, Y, callbacks=hook, verbose=0)
    assert isinstance(found[0], RuntimeError)
    assert f"Sequential 'sequential'.{method}: another thread trains" in str(found[0])
    assert not isinstance(elsewhere(call), Exception)  # afterwards it may


def test_a_thread_that_trains_may_evaluate_within():
    model, found = compiled(), []
    hook = cello.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: found.append(model.evaluate(X, Y, verbose=0))
    )
    model.fit(X, Y, epochs=2, callbacks=hook, verbose=0)
    assert len(found) == 2


def test_predict_takes_nothing_back_that_was_trained_meanwhile():
    model = compiled()
    state = model.trainer.programs.state("predict")
    before = state.read()  # and while the outputs are computed, another thread trains
    trained = [w + 1 for w in model.get_weights()]
    model.set_weights(trained)
    state.write(jax.tree.map(jnp.array, before), before)
    for found, want in zip(model.get_weights(), trained, strict=True):
        np.testing.assert_array_equal(found, want)
