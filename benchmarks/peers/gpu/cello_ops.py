"""Cello's functions on arrays, by the best engine there is."""

from __future__ import annotations

import cello
from harness.gpu_timing import waited as window
from peers.gpu import in_jax

__all__ = ["prepare", "window"]

NAMES = {"LSTM": "lstm", "GRU": "gru", "SimpleRNN": "simple_rnn"}


def prepare(row, data, option=None):
    """`option` is "mask" or "dropout"."""
    if row.is_scan:
        return in_jax.prepare(row, data, cello.ops.linear_scan)
    op = getattr(cello.ops, NAMES[row.layer])
    options = {"mask": {"mask": data.mask}, "dropout": {"recurrent_dropout_mask": data.dropped}}
    chosen = options.get(option, {})
    return in_jax.prepare(row, data, lambda *given: op(*given, **chosen)[0])
