"""PyTorch's recurrent modules, eager; a masked batch is packed."""

from __future__ import annotations

import torch
from torch.nn.utils.rnn import pack_padded_sequence

from peers import Unavailable

NAMES = {"LSTM": "LSTM", "GRU": "GRU", "SimpleRNN": "RNN"}


def prepare(row, compiled=lambda function: function):
    check(row)
    data = row.data()
    batches = list(zip(torch.from_numpy(data.x), torch.from_numpy(data.y), strict=True))
    lengths = [None] * row.batches
    if row.mask:
        lengths = list(torch.from_numpy(data.mask.sum(-1)))
    model = Model(row)
    if not row.training:
        model.eval()
        forward = compiled(model)

        def run():
            with torch.inference_mode():
                return [forward(x, n).numpy() for (x, _), n in zip(batches, lengths, strict=True)]

        return run

    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss_of = compiled(lambda x, y, n: torch.nn.functional.mse_loss(model(x, n), y))

    def run():
        losses = []
        for (x, y), n in zip(batches, lengths, strict=True):
            optimizer.zero_grad()
            loss = loss_of(x, y, n)
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        return torch.stack(losses).numpy()

    return run


def check(row):
    if row.cell == "linear_scan":
        raise Unavailable("no such module")
    if row.mask == "holes":
        raise Unavailable("a packed sequence is masked behind its end only")
    if row.recurrent_dropout:
        raise Unavailable("no recurrent dropout")
    if row.states == "all":
        raise Unavailable("no module returns all states of every step")


class Model(torch.nn.Module):
    def __init__(self, row):
        super().__init__()
        self.row = row
        self.recurrent = getattr(torch.nn, NAMES[row.cell])(
            row.features,
            row.units,
            row.layers,
            bias=row.bias,
            batch_first=True,
            bidirectional=row.bidirectional,
        )
        self.head = torch.nn.Linear((2 if row.bidirectional else 1) * row.units, 1)

    def forward(self, x, lengths=None):
        if lengths is not None:
            x = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        outputs, states = self.recurrent(x)
        if self.row.states == "outputs":
            return self.head(outputs.mean(1))
        h = states[0] if isinstance(states, tuple) else states  # (layers * directions, batch, ...)
        last = torch.cat([h[-2], h[-1]], -1) if self.row.bidirectional else h[-1]
        return self.head(last)
