"""Keras, with a stateful layer, called. (`predict` forgets the states on its JAX backend.)"""

import keras
import numpy as np

from peers.stream import build, runner


def prepare(row):
    model = build(keras, row, batch=1, stateful=True)
    return runner(row, model.layers[0].reset_states, lambda x: np.asarray(model(x)))
