"""Arrays of JAX as tensors on the device of PyTorch, and functions of them as peers."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")


def tensor(array):
    """Through the host, so that the two libraries share no memory."""
    dtype = getattr(torch, str(array.dtype))
    return torch.tensor(np.asarray(array.astype(jnp.float32)), dtype=dtype, device=DEVICE)


def prepare(row, data, inputs, parameters, outputs):
    """`outputs()` computes from the tensors `inputs`, the first the data, and `parameters`."""
    if not row.training:

        def forward():
            with torch.no_grad():
                return (outputs(),)

        return forward
    for x in inputs:
        x.requires_grad_()
    gradient = tensor(data.gradient)

    def training():
        y = outputs()
        return y, *torch.autograd.grad(y, [*inputs, *parameters], gradient)

    return training
