"""Whom a stream of Cello is compared with: one sequence, chunk by chunk, with the states kept.

Each file has `prepare(row) -> run`, as in `peers`; `run()` takes `row.batches` chunks of `row.time`
steps. All have the same model, one LSTM and a `Dense(1)` on one input, and say in `run.note` what
the last step gave.
"""

from __future__ import annotations

import numpy as np

from peers import Peer

JAX = {"KERAS_BACKEND": "jax"}
PEERS = (
    Peer("cello", "Cello", "peers.stream.cello_session", ("cello-rnn", "jax", "numpy")),
    Peer("torch", "PyTorch", "peers.stream.torch_eager", ("torch",)),
    Peer("onnxruntime", "ONNX Runtime", "peers.stream.onnx_runtime", ("onnxruntime",)),
    Peer("keras", "Keras JAX, stateful", "peers.stream.keras_stateful", ("keras",), JAX),
    Peer("keras_by_hand", "Keras JAX, states by hand", "peers.stream.keras_by_hand", (), JAX),
)


def weights(row):
    """In Keras' order and form: `W`, `U`, `b` of the LSTM; kernel and bias of the head."""
    rng = np.random.default_rng(1)
    units = row.units
    shapes = [(1, 4 * units), (units, 4 * units), (4 * units,), (units, 1), (1,)]
    return [(rng.uniform(-1, 1, s) / np.sqrt(units)).astype(np.float32) for s in shapes]


def build(library, row, batch=None, **options):
    """The model, in any library of Keras' shape."""
    layers = library.layers
    model = library.Sequential(
        [
            library.Input(batch_shape=(batch, row.time if batch else None, 1)),
            layers.LSTM(row.units, return_sequences=True, **options),
            layers.Dense(1),
        ]
    )
    model.set_weights(weights(row))
    return model


def samples(row):
    """Arrays `(1, steps, 1)`, one a chunk."""
    rng = np.random.default_rng(2)
    return list(rng.normal(size=(row.batches, 1, row.time, 1)).astype(np.float32))


def runner(row, start, step):
    """`run`, which goes through all chunks from new states.

    Args:
        start: makes the states anew.
        step: takes an array of one chunk and gives the outputs as a NumPy array.
    """
    inputs = samples(row)

    def run():
        start()
        for x in inputs:
            y = step(x)
        run.note = f"{y.ravel()[-1]:.4f}"

    return run
