"""An epoch over sequences of different lengths: `row.batch` of them, `row.time` the longest."""

from __future__ import annotations

import numpy as np


def lengths(row):
    rng = np.random.default_rng(0)
    drawn = row.time / 6 * rng.lognormal(0, 0.7, row.batch)
    return np.clip(drawn, row.time // 100 + 1, row.time).astype(int)


def data(row):
    """A list of sequences, and a label for each."""
    rng = np.random.default_rng(1)
    x = [rng.normal(size=(n, row.features)).astype(np.float32) for n in lengths(row)]
    return x, np.array([s.mean() for s in x], np.float32)[:, None]


def model(library, row, *before):
    layers = library.layers
    made = library.Sequential(
        [library.Input((None, row.features)), *before, layers.LSTM(row.units), layers.Dense(1)]
    )
    made.compile("adam", "mse")
    return made


def padded(library, row):
    """`run` for all sequences as long as the longest."""
    x, y = data(row)
    longest = max(map(len, x))
    x = np.stack([np.pad(s, [(0, longest - len(s)), (0, 0)]) for s in x])
    made = model(library, row, library.layers.Masking())
    return lambda: made.fit(x, y, batch_size=32, verbose=0)
