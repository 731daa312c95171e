"""Recurrent networks from PyTorch; `torch_modules` has the way back.

A module of PyTorch's holds `weight_ih_l0` `(gates * hidden_size, features)`, `weight_hh_l0`
`(gates * hidden_size, hidden_size)`, a bias for each, and `weight_hr_l0` where it projects; its
further layers say `l1`, `l2`, ..., and the backward direction adds `_reverse`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from cello.core.files import ModelFileError
from cello.core.layer import Layer
from cello.layers import (
    GRU,
    LSTM,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    ProjectedLSTM,
    SimpleRNN,
)
from cello.ops.gated import Gated, reordered
from cello.ops.gru import GRU as GRU_CELL
from cello.ops.lstm import LSTM as LSTM_CELL
from cello.ops.simple_rnn import SIMPLE_RNN as SIMPLE_RNN_CELL


class Kind(NamedTuple):
    """A recurrent layer here and in PyTorch.

    Attributes:
        name: that of the class in `torch.nn`.
        layer: the class here.
        cell: its declaration here; with two biases, both libraries keep them apart, else the one
            here is their sum.
        gates: the gates in the order of PyTorch.
    """

    name: str
    layer: Any  # the class
    cell: Gated
    gates: str

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Blocks along the first axis in the order here."""
        return reordered(rows, self.gates, self.cell.gates, axis=0)

    def written(self, rows: np.ndarray) -> np.ndarray:
        """The way back."""
        return reordered(rows, self.cell.gates, self.gates, axis=0)


RNN_KIND = Kind("RNN", SimpleRNN, SIMPLE_RNN_CELL, "g")
GRU_KIND = Kind("GRU", GRU, GRU_CELL, "rzn")
LSTM_KIND = Kind("LSTM", LSTM, LSTM_CELL, "ifgo")
PROJECTED_KIND = Kind("LSTM", ProjectedLSTM, LSTM_CELL, "ifgo")
_BY_GATES = {len(kind.gates): kind for kind in (RNN_KIND, GRU_KIND, LSTM_KIND)}
KINDS = {kind.layer: kind for kind in (RNN_KIND, GRU_KIND, LSTM_KIND, PROJECTED_KIND)}

_RECURRENT = re.compile(r"(?:^|(?<=\.))(weight|bias)_(ih|hh|hr)_l(\d+)(_reverse)?$")


def from_torch(
    source,
    prefix: str | None = None,
    *,
    nonlinearity: str | None = None,
    dropout: float | None = None,
    return_sequences: bool = True,
    return_state: bool = False,
    name: str | None = None,
    dtype=None,
) -> Layer:
    """A layer with the weights of PyTorch's `nn.RNN`, `nn.LSTM`, `nn.GRU`, `nn.Linear` or
    `nn.Embedding`.

    PyTorch need not be installed, unless it is a module that is given.

    Args:
        source: a module, or a whole network; or a state dict, of tensors, NumPy or JAX arrays; or
            the path of a `.safetensors` file with one.
        prefix: where in a network the module stands, `"encoder"` for `encoder.weight_ih_l0`. Found
            by itself where the network has one recurrent module.
        nonlinearity: `"tanh"` or `"relu"` of `nn.RNN`; as the module says, "tanh" for a state dict,
            which does not say.
        dropout: rate of the `Dropout` between the layers; likewise, 0 for a state dict.
        return_sequences: whether the last layer returns the outputs of all steps, as PyTorch does.
        return_state: whether the last layer returns its last states as well.
        name: name of the result.
        dtype: dtype of the layers, whatever that of the tensors; `floatx()` where `None`.

    Returns:
        `SimpleRNN`, `LSTM`, `GRU`, or with `proj_size` `ProjectedLSTM`, built; in a `Bidirectional`
        where the module is bidirectional, and a `Sequential` of them where it has several layers.
        `Dense` for `nn.Linear`, `Embedding` for `nn.Embedding`. Inputs are always
        `(batch, time, features)`, whatever `batch_first` says. It is not trainable where the module
        has no parameter that requires a gradient.

    Raises:
        ValueError: where names are missing or too many, or a shape or dtype does not fit; where
            there are several recurrent modules and no prefix. Nothing is made before.
        FileNotFoundError: where there is no such file.
    """
    module, state = _open(source)
    prefix = _found_prefix(state, prefix)
    if module is not None and prefix:
        module = module.get_submodule(prefix[:-1])
    arrays = {
        n.removeprefix(prefix): _array(n, a) for n, a in state.items() if n.startswith(prefix)
    }
    if not any(map(_RECURRENT.search, arrays)):
        layer = _table_layer(module, arrays, prefix, name, dtype)
    else:
        rnn = module if hasattr(module, "proj_size") else None
        layer = _recurrent_layer(
            _parse(arrays, prefix),
            arrays,
            nonlinearity or getattr(rnn, "nonlinearity", "tanh"),
            getattr(rnn, "dropout", 0.0) if dropout is None else dropout,
            {"return_sequences": return_sequences, "return_state": return_state},
            name,
            dtype,
        )
    if module is not None and not any(p.requires_grad for p in module.parameters()):
        layer.trainable = False
    return layer


# ------------------------------------------------------------------------------ what is given


def _open(source) -> tuple[Any, Mapping[str, Any]]:
    """The module, if it is one, and the state dict."""
    if isinstance(source, (str, os.PathLike)):
        return None, _read(Path(source))
    if isinstance(source, Mapping):
        return None, {str(name): value for name, value in source.items()}
    if hasattr(source, "state_dict") and hasattr(source, "get_submodule"):
        return source, source.state_dict()
    raise ValueError(
        "from_torch expects a PyTorch module, a state dict or the path of a .safetensors file and "
        f"got {type(source).__name__}."
    )


def _read(path: Path) -> Mapping[str, Any]:
    if path.suffix != ".safetensors":
        raise ValueError(
            f"from_torch reads .safetensors files and got {path.name!r}: load another file with "
            "torch.load(path, weights_only=True) and pass the state dict."
        )
    if not path.is_file():
        raise FileNotFoundError(f"from_torch: there is no file {str(path)!r}.")
    try:
        return load_file(path)
    except SafetensorError as error:
        raise ModelFileError(f"{str(path)!r} is not a whole safetensors file: {error}") from None


def _found_prefix(state: Mapping[str, Any], prefix: str | None) -> str:
    """The beginning of the names of the module: empty, or with a dot at its end."""
    matches = ((n, _RECURRENT.search(n)) for n in state)
    candidates = sorted({n[: m.start()] for n, m in matches if m})
    wanted = f"{prefix.removesuffix('.')}." if prefix else ""
    inside = [c for c in candidates if c.startswith(wanted)]
    if prefix is not None and wanted in inside:
        return wanted
    if len(inside) == 1:
        return inside[0]
    if inside:
        raise ValueError(
            f"from_torch found several recurrent modules: say which with prefix=, one of {inside}."
        )
    if f"{wanted}weight" in state:
        return wanted
    raise ValueError(
        "from_torch found no nn.RNN, nn.LSTM or nn.GRU, with names such as "
        f"'{wanted}weight_ih_l0'. There are such modules at {candidates or 'no place'}; the names "
        f"are {_some(state)}. For an nn.Linear or nn.Embedding within a network, say where with "
        "prefix=."
    )


def _array(name: str, tensor) -> np.ndarray:
    if hasattr(tensor, "detach"):
        tensor = tensor.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":  # NumPy has none
            tensor = tensor.float()
    if not hasattr(tensor, "dtype"):
        raise ValueError(
            f"from_torch expects arrays in a state dict and got {type(tensor).__name__} for "
            f"{name!r}: a checkpoint may hold the state dict under a key."
        )
    array = np.asarray(tensor)
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise ValueError(
            f"from_torch expects floating numbers and got {array.dtype} for {name!r}: a quantised "
            "module must be made anew in floating numbers."
        )
    return array if array.dtype == np.float64 else array.astype("float32")  # to add biases in


# ------------------------------------------------------------------------------------ checks


class Parsed(NamedTuple):
    """What the names and shapes of a recurrent module say."""

    kind: Kind
    layers: int
    directions: tuple[str, ...]
    use_bias: bool
    features: int
    units: int
    state: int


def _parse(arrays: Mapping[str, np.ndarray], prefix: str) -> Parsed:
    """What `arrays` are, or `ValueError` with every name that does not fit."""
    matches = [m for m in map(_RECURRENT.search, arrays) if m]
    layers = len({m[3] for m in matches})
    directions = ("", "_reverse") if any(m[4] for m in matches) else ("",)
    use_bias = any(m[1] == "bias" for m in matches)
    projects = any(m[2] == "hr" for m in matches)
    parts = ["weight_ih", "weight_hh"] + ["bias_ih", "bias_hh"] * use_bias
    parts += ["weight_hr"] * projects
    expected = [f"{p}_l{i}{d}" for i in range(layers) for d in directions for p in parts]
    missing = [f"{prefix}{n}" for n in expected if n not in arrays]
    extra = sorted(f"{prefix}{n}" for n in set(arrays) - set(expected))
    if missing or extra:
        raise ValueError(
            f"from_torch: these are not the names of an nn.RNN, nn.LSTM or nn.GRU of {layers} "
            f"layer(s). Missing: {missing or 'nothing'}; too many: {extra or 'nothing'}."
        )
    ih, hh = arrays["weight_ih_l0"], arrays["weight_hh_l0"]
    last = arrays["weight_hr_l0"] if projects else hh
    if min(ih.ndim, hh.ndim, last.ndim) < 2 or last.shape[1] == 0:
        raise ValueError(
            f"from_torch expects matrices with columns in {prefix}weight_ih_l0, weight_hh_l0 and "
            f"weight_hr_l0, and got the shapes {ih.shape}, {hh.shape}"
            + (f" and {last.shape}." if projects else " and none.")
        )
    units, state = last.shape[1], hh.shape[1]
    gates = hh.shape[0] / units
    if gates not in _BY_GATES or (projects and gates != 4):
        raise ValueError(
            f"from_torch: {prefix}weight_hh_l0 has the shape {hh.shape} with {units} units, and "
            "its rows must be 1 (RNN), 3 (GRU) or 4 (LSTM) times the units"
            + (", 4 with a projection (weight_hr_l0)." if projects else ".")
        )
    kind = PROJECTED_KIND if projects else _BY_GATES[int(gates)]
    rows = hh.shape[0]
    shapes = {"weight_hh": (rows, state), "bias_ih": (rows,), "bias_hh": (rows,)}
    shapes["weight_hr"] = (state, units)
    wrong = []
    for n, (part, number) in ((n, n.removesuffix("_reverse").rsplit("_l", 1)) for n in expected):
        width = ih.shape[1] if number == "0" else len(directions) * state
        want = shapes.get(part, (rows, width))
        if arrays[n].shape != want:
            wrong.append(f"{prefix}{n} is {arrays[n].shape} and should be {want}")
    if wrong:
        raise ValueError(f"from_torch: shapes do not fit an nn.{kind.name}: {'; '.join(wrong)}.")
    return Parsed(kind, layers, directions, use_bias, ih.shape[1], units, state)


# ------------------------------------------------------------------------------- what is made


def _recurrent_layer(parsed: Parsed, arrays, nonlinearity, dropout, last, name, dtype) -> Layer:
    from cello.models.sequential import Sequential

    options = {"use_bias": parsed.use_bias, "dtype": dtype}
    if parsed.kind is PROJECTED_KIND:
        options["projection"] = parsed.state
    if parsed.kind is RNN_KIND:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(f'nonlinearity must be "tanh" or "relu". Received: {nonlinearity!r}')
        options["activation"] = nonlinearity
    made: list[Layer] = []
    for i in range(parsed.layers):
        top = i == parsed.layers - 1
        returns = last if top else {"return_sequences": True}
        named = {"name": name} if parsed.layers == 1 else {}
        if len(parsed.directions) == 2:
            rnn = parsed.kind.layer(parsed.units, **options, **returns)
            layer: Layer = Bidirectional(rnn, dtype=dtype, **named)
        else:
            layer = parsed.kind.layer(parsed.units, **options, **returns, **named)
        made.append(layer)
        if dropout and not top:
            made.append(Dropout(dropout, dtype=dtype))
    result = made[0] if parsed.layers == 1 else Sequential(made, name=name, dtype=dtype)
    result.build((None, None, parsed.features))
    result.set_weights(
        [
            weight
            for i in range(parsed.layers)
            for direction in parsed.directions
            for weight in _ours(parsed, arrays, f"_l{i}{direction}")
        ]
    )
    return result


def _ours(parsed: Parsed, arrays, place: str) -> list[np.ndarray]:
    """The weights of one direction of one layer, in our order."""
    read = parsed.kind.read
    weights = [read(arrays[f"weight_{part}{place}"]).T for part in ("ih", "hh")]
    if parsed.use_bias:
        biases = [read(arrays[f"bias_{part}{place}"]) for part in ("ih", "hh")]
        weights.append(np.stack(biases) if parsed.kind.cell.two_biases else biases[0] + biases[1])
    if parsed.kind is PROJECTED_KIND:
        weights.append(arrays[f"weight_hr{place}"].T)
    return weights


def _table_layer(module, arrays, prefix, name, dtype) -> Layer:
    """`Dense` or `Embedding`."""
    weight, bias = arrays.get("weight"), arrays.get("bias")
    if weight is None or weight.ndim != 2 or set(arrays) - {"weight", "bias"}:
        raise ValueError(
            f"from_torch knows nn.RNN, nn.LSTM, nn.GRU, nn.Linear and nn.Embedding, and the names "
            f"and shapes at {prefix!r} are none of these: "
            f"{ {n: a.shape for n, a in list(arrays.items())[:8]} }."
        )
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(
            f"from_torch: {prefix}bias is {bias.shape} and should be {weight.shape[:1]}, the rows "
            f"of {prefix}weight."
        )
    kind = type(module).__name__
    layer: Layer
    if kind == "Linear" or (module is None and bias is not None):
        layer = Dense(weight.shape[0], use_bias=bias is not None, name=name, dtype=dtype)
        layer.build((None, weight.shape[1]))
        layer.set_weights([weight.T] + ([] if bias is None else [bias]))
    elif kind == "Embedding" and module.max_norm is None:
        layer = Embedding(*weight.shape, name=name, dtype=dtype)
        layer.build((None, None))
        layer.set_weights([weight])
    else:
        raise ValueError(
            f"from_torch: {prefix}weight alone is an nn.Embedding or an nn.Linear without a bias, "
            "and a state dict does not say which: pass the module."
            if module is None
            else f"from_torch has no layer for {module}: of such modules it knows nn.Linear, and "
            "nn.Embedding without max_norm."
        )
    return layer


def _some(state) -> str:
    names = list(state)
    return ", ".join(map(str, names[:8])) + (f" and {len(names) - 8} more" * (len(names) > 8))
