"""PyTorch under `torch.compile`.

As it comes, `torch.compile` leaves a recurrent module to eager mode. `allow_rnn` makes it write out
every step, so that compiling takes about a second a step: hence short sequences alone. oneDNN is
off, since the compiled LSTM fails on its node.
"""

from __future__ import annotations

import torch
import torch._dynamo

from peers import Unavailable, torch_eager

LONGEST = 50


def prepare(row):
    torch_eager.check(row)
    if row.time > LONGEST:
        raise Unavailable(f"it writes out every step: compiled up to {LONGEST} steps only")
    torch._dynamo.config.allow_rnn = True
    torch.backends.mkldnn.set_flags(False)
    torch._dynamo.reset()
    return torch_eager.prepare(row, torch.compile)
