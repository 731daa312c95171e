"""Keras, on the backend that KERAS_BACKEND names: `fit` and `predict` as they come."""

import keras

from peers import models


def prepare(row):
    return models.prepare(keras, row)
