"""cuDNN's LSTM as JAX has it, `jax.experimental.rnn`: float32 on NVIDIA GPUs."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax.experimental import rnn

from harness.gpu_timing import waited as window
from peers import Unavailable
from peers.gpu import Data, in_jax

__all__ = ["prepare", "window"]


def prepare(row, data):
    if row.layer != "LSTM":
        raise Unavailable("an LSTM only")
    if row.dtype != "float32":
        raise Unavailable("float32 only")
    if jax.default_backend() != "gpu":
        raise Unavailable("on a GPU only")
    kernel, recurrent_kernel, bias = data.weights
    packed = [kernel.T.ravel(), recurrent_kernel.T.ravel(), bias, jnp.zeros_like(bias)]
    states = jnp.zeros((1, row.batch, row.units))
    lengths = jnp.full(row.batch, row.steps, jnp.int32)
    precise = row.precision == "float32"
    precision = jax.lax.Precision.HIGHEST if precise else jax.lax.Precision.HIGH

    def outputs(x, weights):
        return rnn.lstm(
            x,
            states,
            states,
            weights,
            lengths,
            input_size=row.units,
            hidden_size=row.units,
            num_layers=1,
            dropout=0.0,
            bidirectional=False,
            precision=precision,
        )[0]

    return in_jax.prepare(row, Data(data.inputs, [jnp.concatenate(packed)], data.gradient), outputs)
