"""Functions on arrays: the recurrences, and JAX's array functions under NumPy's names.

`ops.lstm`, `ops.gru`, `ops.simple_rnn`, `ops.linear_scan` and `ops.matrix_scan` compute whole
sequences from plain arrays and can be used from any JAX code; so can `ops.ctc_decode`. The rest
(`ops.matmul`, `ops.softmax`, `ops.concatenate`, ...) are the functions of `jax.numpy` and `jax.nn`
of the same names, which also take the symbolic tensors of a graph.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from cello.core import operation as _operation
from cello.core.exports import public as _public
from cello.core.masking import get_mask, set_mask
from cello.ops.ctc import ctc_decode
from cello.ops.gru import gru
from cello.ops.linear_scan import linear_scan
from cello.ops.lstm import lstm
from cello.ops.matrix_scan import matrix_scan
from cello.ops.recurrence import recurrence
from cello.ops.simple_rnn import simple_rnn


def shape(x: Any) -> tuple[int | None, ...]:
    """The shape of `x`, with `None` for each unknown size."""
    return tuple(x.shape)


def convert_to_numpy(x: Any) -> np.ndarray:
    """`x` as a NumPy array."""
    return np.asarray(x)


_functions = {n: _operation.operation(n) for n in _operation.FUNCTIONS if n != "getitem"}
globals().update(_functions)

__all__ = sorted({*_public(globals()), *_functions})
