"""Making a model is cheap: hardly anything is compiled before it sees data."""

import jax
import numpy as np
import pytest

import cello
from cello import layers
from cello.utils import set_random_seed

COMPILATIONS = 10


def lstm():
    return cello.Sequential([cello.Input((10, 3)), layers.LSTM(32), layers.Dense(1)])


def stack():
    return cello.Sequential(
        [
            cello.Input((10,), dtype="int32"),
            layers.Embedding(50, 8, mask_zero=True),
            layers.Bidirectional(layers.GRU(16, return_sequences=True, dropout=0.1)),
            layers.LayerNormalization(),
            layers.Dense(4, "softmax"),
        ]
    )


def lru():
    return cello.Sequential([cello.Input((None, 3)), layers.LRU(16), layers.Dense(1)])


MODELS = pytest.mark.parametrize("make", [lstm, stack, lru])


@MODELS
def test_at_most_three_compilations(make):
    compiled = []

    def listen(event, duration, **details):
        if event == "/jax/core/compile/backend_compile_duration":
            compiled.append(details)

    jax.clear_caches()
    jax.monitoring.register_event_duration_secs_listener(listen)
    try:
        jax.jit(lambda x: x + 1)(1.0)
        assert len(compiled) == 1  # so it counts
        compiled.clear()
        make()
    finally:
        jax.monitoring.unregister_event_duration_listener(listen)
    assert len(compiled) <= 3, compiled


@MODELS
def test_the_seed_repeats_the_weights(make):
    def weights(seed):
        set_random_seed(seed)
        return make().get_weights()

    first, again, other = weights(1), weights(1), weights(2)
    for a, b in zip(first, again, strict=True):
        np.testing.assert_array_equal(a, b)
    assert any(not np.array_equal(a, c) for a, c in zip(first, other, strict=True))
