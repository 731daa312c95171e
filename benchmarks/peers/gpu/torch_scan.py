"""The linear recurrence by PyTorch's associative scan, which writes a Triton kernel for a GPU."""

from __future__ import annotations

import torch

from harness.gpu_timing import by_events as window
from peers import Unavailable
from peers.gpu import in_torch

__all__ = ["prepare", "window"]


def prepare(row, data):
    if in_torch.DEVICE.type != "cuda":
        raise Unavailable("on a GPU only")
    if row.training:
        raise Unavailable("no gradient")
    from torch._higher_order_ops.associative_scan import associative_scan

    def combine(left, right):
        return left[0] * right[0], right[0] * left[1] + right[1]

    a, b = map(in_torch.tensor, data.inputs)
    scan = torch.compile(lambda a, b: associative_scan(combine, (a, b), 1)[1], dynamic=False)
    return in_torch.prepare(row, data, [a, b], [], lambda: scan(a, b))
