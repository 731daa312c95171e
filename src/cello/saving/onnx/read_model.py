"""`from_onnx`: a model of Cello's layers from an ONNX file."""

from __future__ import annotations

import numpy as np

from cello.core.files import ModelFileError
from cello.models.model import Model
from cello.saving.onnx.budget import Budget
from cello.saving.onnx.file import read
from cello.saving.onnx.read_nodes import TABLE
from cello.saving.onnx.reader import Reader


def from_onnx(source) -> Model:
    """The model that an ONNX file holds, made of Cello's layers, to be used and trained on.

    Reads what `model.export` writes and what PyTorch's exporter writes for models of `nn.LSTM`,
    `nn.GRU` and `nn.RNN`: recurrent nodes become `LSTM`, `GRU`, `SimpleRNN` and `Bidirectional`,
    products with weights `Dense`, `Embedding` and `Conv1D`, and what is between them activations
    and functions of `cello.ops`.

    Inputs and outputs are batch-first, whatever the file does: where the file takes sequences
    `(time, batch, features)` and states `(layers, batch, units)`, the model takes and returns
    `(batch, time, features)` and `(batch, layers, units)`. Inputs keep their names, and int64 and
    float64 become int32 and float32. States that one may leave out (`lstm/h`) are inputs as well.

    Args:
        source: a path, the bytes of a file, or an `onnx.ModelProto`.

    Raises:
        ImportError: where the package onnx is not installed.
        FileNotFoundError: where there is no such file.
        cello.saving.ModelFileError: where the file is damaged, keeps weights in other files, asks
            for more than a file of its size may, or has an operator or attribute that is not read;
            it is named.
    """
    graph = read(source)
    try:
        with np.errstate(all="ignore"), Budget(graph.nbytes, graph.names):
            model, usage = Reader(graph, TABLE, {}).run()
            if {"joined"} in usage.values():
                model, _ = Reader(graph, TABLE, usage).run()
    except ModelFileError:
        raise
    except Exception as error:  # whatever a file that does not fit together leads to
        raise ModelFileError(f"The graph of the file does not fit together: {error}") from error
    return model
