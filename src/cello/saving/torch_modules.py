"""Recurrent networks to PyTorch; `torch_weights` has the names, orders and the way here."""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np

from cello import activations
from cello.core.layer import Layer
from cello.layers import Bidirectional, Dense, Dropout, Embedding
from cello.saving.torch_weights import GRU_KIND, KINDS, PROJECTED_KIND, RNN_KIND, Kind


def to_torch(layer):
    """The `torch.nn` module that computes what `layer` does, with its weights, in `eval()` mode.

    Args:
        layer: `SimpleRNN`, `LSTM`, `GRU` or `ProjectedLSTM`, a `Bidirectional` of one (with
            "concat"), or a `Sequential` of several of one kind and size, with `Dropout` between
            them or without; `Dense` without an activation; `Embedding`. Built.

    Returns:
        `nn.RNN`, `nn.LSTM` or `nn.GRU` with `batch_first=True`, which returns all outputs and the
        last states, whatever `return_sequences` and `return_state` say; `nn.Linear`;
        `nn.Embedding`. Dropout within a layer, penalties and constraints, which act in training
        only, are left behind, and so are masks.

    Raises:
        ValueError: where PyTorch has no such module; the layer is named.
        ImportError: where PyTorch is not installed.
    """
    import torch

    if not isinstance(layer, Layer):
        raise ValueError(f"to_torch expects a layer of Cello's and got {type(layer).__name__}.")
    if not layer.built or not layer.weights:
        raise ValueError(f"to_torch: {layer} has no weights yet: call it on data first.")
    make = {Dense: _linear, Embedding: _embedding}.get(type(layer), _recurrent_module)
    module, state = make(layer)
    dtype = getattr(torch, str(layer.weights[0].dtype))
    module.to(dtype).load_state_dict(
        {n: torch.tensor(np.asarray(a, "float64")).to(dtype) for n, a in state.items()}
    )
    return module.eval()


def _linear(layer):
    from torch import nn

    if layer.activation is not activations.linear:
        _refuse(layer, "it has an activation", "split it into Dense and Activation")
    state = {"weight": layer.kernel.numpy().T}
    if layer.use_bias:
        state["bias"] = layer.bias.numpy()
    features, units = layer.kernel.shape
    return nn.Linear(features, units, bias=layer.use_bias), state


def _embedding(layer):
    from torch import nn

    state = {"weight": layer.embeddings.numpy()}
    return nn.Embedding(layer.input_dim, layer.output_dim), state


def _recurrent_module(layer):
    from torch import nn

    layers, dropout = _stack(layer)
    first = layers[0][0]
    kind = KINDS[type(first)]
    _check_alike(layer, layers)
    use_bias = any(rnn.use_bias for directions in layers for rnn in directions)
    options = {"proj_size": first.projection} if kind is PROJECTED_KIND else {}
    if kind is RNN_KIND:
        options["nonlinearity"] = first.activation.__name__
    module = getattr(nn, kind.name)(
        first.cell.kernel.shape[0],
        first.units,
        len(layers),
        bias=use_bias,
        batch_first=True,
        dropout=dropout,
        bidirectional=len(layers[0]) == 2,
        **options,
    )
    state = {}
    for i, directions in enumerate(layers):
        for suffix, rnn in zip(("", "_reverse"), directions, strict=False):
            theirs = _theirs(kind, rnn.cell, use_bias)
            state.update({f"{part}_l{i}{suffix}": a for part, a in theirs.items()})
    return module, state


def _stack(layer) -> tuple[list[list[Any]], float]:
    """The directions of each recurrent layer, and the rate of the dropout between them."""
    from cello.models.sequential import Sequential

    inner = layer.layers if isinstance(layer, Sequential) else [layer]
    drops = [type(v) is Dropout for v in inner]
    rates = {v.rate for v in inner if type(v) is Dropout}
    between = [False, True] * sum(drops) + [False]
    if not inner or all(drops) or (any(drops) and (drops != between or len(rates) > 1)):
        _refuse(
            layer,
            f"its layers are {', '.join(map(str, inner))}",
            "PyTorch drops one fraction between all layers and nothing after the last, so give "
            "that, or each layer by itself",
        )
    layers = [_directions(v) for v in inner if type(v) is not Dropout]
    return layers, rates.pop() if rates else 0.0


def _directions(layer) -> list[Any]:
    if type(layer) is Bidirectional:
        forward, backward = layer.forward_layer, layer.backward_layer
        if layer.merge_mode != "concat":
            _refuse(layer, f"merge_mode={layer.merge_mode!r}", 'PyTorch has "concat" only')
        if forward.go_backwards:
            _refuse(layer, "its first layer goes backwards", "exchange the two directions")
        return [_recurrent(forward), _recurrent(backward)]
    if getattr(layer, "go_backwards", False):
        _refuse(layer, "go_backwards=True", "flip the inputs along time, and use a forward layer")
    return [_recurrent(layer)]


def _recurrent(layer) -> Any:
    if type(layer) not in KINDS:
        _refuse(
            layer,
            "it is none of " + ", ".join(kind.__name__ for kind in KINDS),
            "give these layers, a Bidirectional or a Sequential of them, a Dense or an Embedding",
        )
    kind = KINDS[type(layer)]
    if kind is RNN_KIND:
        if layer.activation not in (activations.tanh, activations.relu):
            _refuse(layer, f"activation={_name(layer.activation)}", "nn.RNN has tanh and relu")
    elif layer.activation is not activations.tanh:
        _refuse(layer, f"activation={_name(layer.activation)}", "it has tanh only")
    elif layer.recurrent_activation is not activations.sigmoid:
        gates = _name(layer.recurrent_activation)
        _refuse(layer, f"recurrent_activation={gates}", "it has sigmoid only")
    if kind is GRU_KIND and not layer.reset_after:
        _refuse(layer, "reset_after=False", "train it with reset_after=True")
    if kind is PROJECTED_KIND and layer.projection >= layer.units:
        sizes = f"projection={layer.projection}, units={layer.units}"
        _refuse(layer, sizes, "nn.LSTM projects to fewer than its units")
    return layer


def _check_alike(whole, layers: list[list[Any]]) -> None:
    """One module has one kind, size and activation for all its layers."""

    def form(v):
        return type(v), v.units, getattr(v, "projection", None), v.activation

    forms = {form(v): v for directions in layers for v in directions}
    if len(forms) > 1:
        _refuse(
            whole,
            "its layers differ: " + ", ".join(f"{v} of {v.units} units" for v in forms.values()),
            "one module has one kind, size and activation, so give each layer by itself",
        )
    if len({len(directions) for directions in layers}) > 1:
        _refuse(whole, "some layers are bidirectional and some not", "give each layer by itself")


def _name(activation) -> str:
    return getattr(activation, "__name__", repr(activation))


def _theirs(kind: Kind, cell, use_bias: bool) -> dict[str, np.ndarray]:
    """The weights of one direction of one layer under PyTorch's names."""
    state = {
        "weight_ih": kind.written(cell.kernel.numpy().T),
        "weight_hh": kind.written(cell.recurrent_kernel.numpy().T),
    }
    if use_bias:
        rows = np.zeros((2, cell.kernel.shape[1]))
        if cell.bias is not None:
            rows[: 2 if kind.cell.two_biases else 1] = cell.bias.numpy()
        state["bias_ih"], state["bias_hh"] = kind.written(rows[0]), kind.written(rows[1])
    if kind is PROJECTED_KIND:
        state["weight_hr"] = cell.projection_kernel.numpy().T
    return state


def _refuse(layer, what: str, advice: str) -> NoReturn:
    raise ValueError(f"to_torch: {layer} has no counterpart in PyTorch ({what}): {advice}.")
