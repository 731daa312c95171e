"""PyTorch, eager, without gradients; one thread."""

import torch

from peers.stream import runner, weights

torch.set_num_threads(1)


def prepare(row):
    kernel, recurrent_kernel, bias, head_kernel, head_bias = map(torch.from_numpy, weights(row))
    lstm, head = torch.nn.LSTM(1, row.units, batch_first=True), torch.nn.Linear(row.units, 1)
    with torch.no_grad():
        lstm.weight_ih_l0.copy_(kernel.T)  # the gates have the same order
        lstm.weight_hh_l0.copy_(recurrent_kernel.T)
        lstm.bias_ih_l0.copy_(bias)
        lstm.bias_hh_l0.zero_()
        head.weight.copy_(head_kernel.T)
        head.bias.copy_(head_bias)
    states = None

    def start():
        nonlocal states
        states = None

    def step(x):
        nonlocal states
        with torch.inference_mode():
            outputs, states = lstm(torch.from_numpy(x), states)
            return head(outputs).numpy()

    return runner(row, start, step)
