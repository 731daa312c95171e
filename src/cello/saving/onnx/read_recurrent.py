"""ONNX's recurrent nodes as layers: `LSTM`, `GRU`, `SimpleRNN`, `Bidirectional`."""

from __future__ import annotations

from typing import Any

import numpy as np

from cello import layers
from cello.core.files import ModelFileError
from cello.saving.onnx.budget import take_numbers
from cello.saving.onnx.file import OnnxNode
from cello.saving.onnx.forms import ACTIVATIONS, DEFAULTS, FORMS
from cello.saving.onnx.reader import ops
from cello.saving.onnx.tensors import D, Filled, Tensor, plain

_CELLS = {form.kind: (cell, form) for cell, form in FORMS.items()}
_LAYERS = {"LSTM": layers.LSTM, "GRU": layers.GRU, "RNN": layers.SimpleRNN}
_KNOWN = {
    "hidden_size", "direction", "activations", "activation_alpha", "activation_beta",
    "linear_before_reset", "layout", "input_forget", "output_sequence",
}  # fmt: skip


def recurrent(r, node: OnnxNode, x, w, weights_r, bias=None, lengths=None, *more):
    """The outputs `Y`, `Y_h` (and `Y_c`) of a node."""
    form = _CELLS[node.kind][1]
    _check(node, more, len(form.states))
    directions = 2 if node.attributes.get("direction") == "bidirectional" else 1
    sizes = _sizes(node, w, weights_r, bias, directions, len(form.gates))
    options = [_options(node, form, d, directions) for d in range(directions)]
    used = [bool(name and r.users.get(name)) for name in (*node.outputs, "", "", "")][:3]
    only_h = not used[0] and not used[2]
    flags = {"return_sequences": used[0], "return_state": not only_h and (used[1] or used[2])}
    common = {"units": sizes, "use_bias": bias is not None, **flags}
    sequences = _batch_first(r, x)
    states = _states(r, node, more[: len(form.states)], directions)
    call: dict[str, Any] = {}
    if states is not None:
        call["initial_state"] = states
    if lengths is not None:
        call["mask"] = _mask(r, sequences, lengths)
    id_ = "|".join(node.outputs)
    asked = r.asked.setdefault(id_, set())
    joined = directions == 2 and r.usage.get(id_) == {"joined"}
    cls = _LAYERS[node.kind]
    backwards = node.attributes.get("direction") == "reverse"

    def make(name):
        if directions == 1:
            return cls(**options[0], **common, go_backwards=backwards, name=name)
        forward = cls(**options[0], **common, name=name)
        other = None
        if options[0] != options[1]:
            other = cls(**options[1], **common, go_backwards=True, name=f"backward_{name}")
        return layers.Bidirectional(
            forward, "concat" if joined else None, backward_layer=other, name=name
        )

    key = (*node.inputs[1:4], str(sorted(node.attributes.items())), str(common), joined)

    def weights():
        biases = [None] * directions if bias is None else bias
        each = zip(w, weights_r, biases, strict=True)
        return [array for three in each for array in _weights(node, form, *three)]

    outputs = r.layer(node, key, make, weights, w.shape[2])(sequences, **call)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    main = outputs[: 1 if joined else directions]
    after = outputs[len(main) :]
    if lengths is not None and flags["return_sequences"]:
        main = [_zeros_behind(t, call["mask"], backwards) for t in main]
    if backwards and flags["return_sequences"]:
        main = [ops.flip(main[0], axis=1)]
    if joined:
        (t,) = main
        shape = (*t.spec.shape[:-1], sizes)
        made = Tensor((), None, t, asked.add, directions, shape)
    else:
        made = Tensor((), main, None, asked.add)
    found: list[Any] = [made.with_axes((1, D, 0, 2)) if used[0] else None]
    n = len(form.states)
    if only_h:
        found.append(made.with_axes((D, 0, 1)))
    elif after:
        found += [Tensor((D, 0, 1), after[s::n]) for s in range(n)]
    return found


def _check(node: OnnxNode, more, states: int) -> None:
    attributes = node.attributes
    unknown = sorted(set(attributes) - _KNOWN)
    if unknown:
        raise ModelFileError(f"{node}: its attribute {unknown[0]} is not read.")
    if attributes.get("input_forget", 0):
        raise ModelFileError(f"{node}: input_forget couples gates, which no layer of Cello does.")
    if attributes.get("layout", 0):
        raise ModelFileError(f"{node}: layout=1 is not read; ONNX Runtime does not run it either.")
    if any(v is not None for v in more[states:]):
        raise ModelFileError(f"{node}: peephole weights (P) are not read.")
    if attributes.get("direction", "forward") not in ("forward", "reverse", "bidirectional"):
        raise ModelFileError(f"{node}: its direction {attributes['direction']!r} is unknown.")


def _sizes(node, w, r, b, directions: int, gates: int) -> int:
    """The number of units, after checking the shapes of the weights."""
    arrays = {"W": w, "R": r, **({} if b is None else {"B": b})}
    for name, value in arrays.items():
        if not isinstance(value, np.ndarray) or value.dtype.kind != "f":
            raise ModelFileError(f"{node}: its {name} is not a constant of the file.")
    units = r.shape[-1] if r.ndim == 3 else 0
    want = {"R": (directions, gates * units, units), "B": (directions, 2 * gates * units)}
    fits = units > 0 and w.ndim == 3 and w.shape[:2] == want["R"][:2] and w.shape[2] > 0
    fits = fits and all(arrays[n].shape == s for n, s in want.items() if n in arrays)
    if not fits or node.attributes.get("hidden_size", units) != units:
        shapes = {n: v.shape for n, v in arrays.items()}
        raise ModelFileError(f"{node}: its weights do not fit together: {shapes}.")
    return int(units)


def _options(node, form, direction: int, directions: int) -> dict[str, Any]:
    """The activations, and `reset_after`, as arguments of the layer."""
    defaults = {"LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"], "RNN": ["Tanh"]}
    n = len(form.functions)
    names = list(node.attributes.get("activations") or defaults[node.kind] * directions)
    if len(names) != n * directions:
        raise ModelFileError(f"{node}: it has {len(names)} activations, not {n * directions}.")
    alphas = list(node.attributes.get("activation_alpha") or [])
    betas = list(node.attributes.get("activation_beta") or [])
    functions = []
    for name in names:
        alpha, beta = _of_any_case(name)
        alpha = alphas.pop(0) if alpha is not None and alphas else alpha
        beta = betas.pop(0) if beta is not None and betas else beta
        functions.append((name, alpha, beta))
    options: dict[str, Any] = {}
    for argument, given in zip(form.functions, functions[direction * n :], strict=False):
        name = _activation(node, *given)
        if options.setdefault(argument, name) != name:
            raise ModelFileError(
                f"{node}: it has the activations {names}, and a layer of Cello has one for the "
                "candidate and the output."
            )
    if node.kind == "GRU":
        options["reset_after"] = bool(node.attributes.get("linear_before_reset", 0))
    return options


def _of_any_case(name: str):
    return next((v for k, v in DEFAULTS.items() if k.lower() == name.lower()), (None, None))


def _activation(node, name: str, alpha, beta) -> str:
    for function, (known, a, b) in ACTIVATIONS.items():
        numbers = zip((alpha, beta), (a, b), strict=True)
        if known.lower() == name.lower() and all(
            g is None or w is None or abs(g - w) < 1e-6 for g, w in numbers
        ):
            return function.__name__
    raise ModelFileError(
        f"{node}: its activation {name} (alpha={alpha}, beta={beta}) is none of Cello's."
    )


def _weights(node, form, w, r, b) -> list[np.ndarray]:
    """`kernel`, `recurrent_kernel` and `bias` of one direction, in Cello's order of gates."""

    found = [form.read(w.T), form.read(r.T)]
    if b is not None:
        two = form.read(b.reshape(2, -1))
        reset_after = node.kind == "GRU" and node.attributes.get("linear_before_reset", 0)
        found.append(two if reset_after else two.sum(0))
    return found


# ----------------------------------------------------------------------------- what goes in


def _batch_first(r, x):
    """The sequences as `(batch, time, features)`."""
    if not isinstance(x, Tensor) or x.rank != 3:
        raise ModelFileError("A recurrent node takes (time, batch, features).")
    if D in x.axes:
        x = plain(r.tensor(x))
    order = [x.axes[1], x.axes[0], x.axes[2]]
    t = x.parts[0]
    return t if order == [0, 1, 2] else ops.transpose(t, order)


def _is_zero(value) -> bool:
    if isinstance(value, Filled):
        return not value.number
    return value is None or (isinstance(value, np.ndarray) and not np.any(value))


def _states(r, node, given, directions: int):
    """The initial states in the order of the layer, or `None` where all are zeros."""
    take_numbers([v for v in given if isinstance(v, np.ndarray)], node)
    if all(_is_zero(v) for v in given):
        return None
    found: list[list[Any]] = []
    for value in given:
        if _is_zero(value):
            found.append([])
        elif not isinstance(value, Tensor) or value.rank != 3:
            raise ModelFileError(f"{node}: it starts from constant states other than zero.")
        elif value.dims[0] != directions:
            raise ModelFileError(f"{node}: its initial states are not one a direction.")
        else:
            found.append([r.tensor(t) for t in r.unstack(value, 0)])
    like = next(f for f in found if f)
    found = [f or [ops.zeros_like(t) for t in like] for f in found]
    return [found[s][d] for d in range(directions) for s in range(len(found))]


def _mask(r, sequences, lengths):
    """The steps before the length of each row."""
    count = ops.cumsum(ops.cast(ops.ones_like(sequences[:, :, 0]), "int32"), axis=1)
    if isinstance(lengths, np.ndarray):
        return ops.less_equal(count, lengths.astype("int32")[:, None])
    return ops.less_equal(count, ops.expand_dims(r.tensor(lengths), 1))


def _zeros_behind(t, mask, backwards: bool):
    """Outputs that are zero behind the length of their row; the mask ends here, as in the file."""
    kept = ops.expand_dims(ops.cast(ops.flip(mask, axis=1) if backwards else mask, t.dtype), -1)
    return layers.Multiply()([t, kept])
