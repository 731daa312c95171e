"""PyTorch's recurrent modules, which are cuDNN's where that takes the dtype."""

from __future__ import annotations

import torch

from harness.gpu_timing import by_events as window
from harness.rows import GATES
from peers.gpu import in_torch

__all__ = ["prepare", "window"]

NAMES = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}


def prepare(row, data):
    """The precision is a setting of the whole process, and holds until the next row."""
    x = in_torch.tensor(data.inputs[0])
    module = getattr(torch.nn, NAMES[row.layer])(
        row.units, row.units, batch_first=True, device=x.device, dtype=x.dtype
    )
    module.train(row.training)
    values = weights_of(row, data)
    with torch.no_grad():
        for parameter, value in zip(module.parameters(), values, strict=True):
            parameter.copy_(value)
    module.flatten_parameters()
    allowed = row.precision == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = allowed
    run = in_torch.prepare(row, data, [x], list(module.parameters()), lambda: module(x)[0])
    if not torch.cudnn_is_acceptable(x):
        run.note = "not by cuDNN"
    return run


def weights_of(row, data):
    """In PyTorch's layout; its GRU has the reset gate before the update gate, and both biases."""
    kernel, recurrent_kernel, bias = map(in_torch.tensor, data.weights)
    if bias.ndim == 1:
        bias = torch.stack([bias, torch.zeros_like(bias)])
    values = [kernel.T, recurrent_kernel.T, *bias]
    if row.layer != "GRU":
        return values
    parts = [value.chunk(GATES["GRU"]) for value in values]
    return [torch.cat([r, z, g]) for z, r, g in parts]
