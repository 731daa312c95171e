"""Functions on arrays: the recurrences, and JAX's array functions under NumPy's names.

`ops.lstm`, `ops.gru`, `ops.simple_rnn`, `ops.linear_scan` and `ops.matrix_scan` compute whole
sequences from plain arrays and can be used from any JAX code; so can `ops.ctc_decode`. The rest
(`ops.matmul`, `ops.softmax`, `ops.concatenate`, ...) are the functions of `jax.numpy` and `jax.nn`
of the same names, which also take the symbolic tensors of a graph.
"""

from cello.core.masking import get_mask, set_mask
from cello.core.operation import FUNCTIONS, operation
from cello.ops.ctc import ctc_decode
from cello.ops.gru import gru
from cello.ops.linear_scan import linear_scan
from cello.ops.lstm import lstm
from cello.ops.matrix_scan import matrix_scan
from cello.ops.recurrence import recurrence
from cello.ops.simple_rnn import simple_rnn


def shape(x):
    """The shape of `x`, with `None` for each unknown size."""
    return tuple(x.shape)


def convert_to_numpy(x):
    """`x` as a NumPy array."""
    import numpy

    return numpy.asarray(x)


_functions = {name: operation(name) for name in FUNCTIONS if name != "getitem"}
globals().update(_functions)

__all__ = [
    "convert_to_numpy",
    "ctc_decode",
    "get_mask",
    "gru",
    "linear_scan",
    "lstm",
    "matrix_scan",
    "recurrence",
    "set_mask",
    "shape",
    "simple_rnn",
    *_functions,
]
