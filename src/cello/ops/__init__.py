"""Functions on arrays: the recurrences, and JAX's array functions under Keras' names.

`ops.lstm`, `ops.gru`, `ops.simple_rnn`, `ops.linear_scan` and `ops.matrix_scan` compute whole
sequences from plain arrays and can be used from any JAX code; so can `ops.ctc_decode`. The rest
(`ops.matmul`, `ops.softmax`, `ops.scan`, ...) are functions of `jax.numpy`, `jax.nn` and `jax.lax`
with the names, arguments and defaults of `keras.ops`; those that take no function and make tensors
of tensors (`core/functions`) also take the symbolic tensors of a graph.
"""

from __future__ import annotations

from cello.core import operation as _operation
from cello.core.exports import public as _public
from cello.core.functions import FUNCTIONS as _FUNCTIONS
from cello.core.masking import get_mask, set_mask
from cello.ops.control_flow import (
    associative_scan,
    cond,
    custom_gradient,
    fori_loop,
    jvp,
    map,
    scan,
    switch,
    vectorize,
    vectorized_map,
    while_loop,
)
from cello.ops.ctc import ctc_decode
from cello.ops.gru import gru
from cello.ops.linear_scan import linear_scan
from cello.ops.lstm import lstm
from cello.ops.making import (
    bartlett,
    bincount,
    blackman,
    empty,
    eye,
    hamming,
    hanning,
    histogram,
    identity,
    kaiser,
    nonzero,
    tri,
    unique,
)
from cello.ops.matrix_scan import matrix_scan
from cello.ops.recurrence import recurrence
from cello.ops.simple_rnn import simple_rnn
from cello.ops.tensors import convert_to_numpy, dtype, is_tensor, ndim, shape, size

_functions = {name: _operation.operation(name) for name in _FUNCTIONS if name != "getitem"}
_functions["get_item"] = _operation.operation("getitem", shown="get_item")
globals().update(_functions)

__all__ = sorted({*_public(globals()), *_functions})
