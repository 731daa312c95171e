"""Keras, given one padded array."""

import keras

from peers.lengths import padded


def prepare(row):
    return padded(keras, row)
