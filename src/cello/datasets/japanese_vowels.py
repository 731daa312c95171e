"""Nine speakers say the vowels "ae": short recordings of different lengths."""

from __future__ import annotations

from importlib import resources

import numpy as np


def load_data():
    """The Japanese Vowels data set: who is speaking?

    Each sequence is one utterance of two Japanese vowels by one of nine men: at each step (6.4 ms)
    the 12 coefficients of the cepstrum of a linear prediction.

    Returns:
        `(x_train, y_train), (x_test, y_test)`: `x` is a list of `float32` arrays `(steps, 12)`, of
        7 to 29 steps; `y` has the number of the speaker, `int32`, 0 to 8. There are 270 sequences
        to train on, 30 a speaker, and 370 to test with.

    Source: Kudo, Toyama and Shimbo 1999, UCI Machine Learning Repository; CC BY 4.0. See this
    folder's README.md.
    """
    path = resources.files("cello.datasets").joinpath("japanese_vowels.npz")
    with path.open("rb") as file, np.load(file) as arrays:
        return _part(arrays, "train"), _part(arrays, "test")


def _part(arrays, name: str):
    ends = np.cumsum(arrays[f"{name}_lengths"], dtype=int)
    sequences = np.split(arrays[f"{name}_values"], ends[:-1])
    return sequences, arrays[f"{name}_speakers"].astype("int32")
