"""An `Operation` of a graph (`x + y`, `ops.mean(x, axis=1)`) as plain data, in Keras' form.

Keras has a class for each function: `Mean(axis, keepdims)` keeps what is no tensor in its
configuration, and the tensors are the arguments of the call.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import jax

from cello.core.functions import FUNCTIONS, SIGNATURES
from cello.core.naming import snake_case
from cello.core.operation import Operation
from cello.core.serialization import class_entry

# The parameters that Keras' classes take in a call; the others they keep.
_CALLED = set(
    """
a array atol b beta bias bins choicelist condition condlist constant_values data default fill_value
gamma indices inputs key mask mean offset operands output output_length predictions q query rtol
scale segment_ids sorted_sequence start start_indices step stop target target_length targets updates
value values variable variance weights x x1 x2 xs y
""".split()
)
_KEPT_TOO = {"diagonal": "offset", "squareplus": "b", "trace": "offset", "trapezoid": "x"}
_OUR_OWN = {"ddof", "where"}  # parameters that Keras does not have
_NOT_IN_KERAS = set(
    """
arange einsum full geomspace hard_swish linspace logspace ones soft_sign swish zeros
""".split()
)
_MODULES = {
    name: module
    for module, names in {
        "core": """
            cast convert_to_tensor saturate_cast scatter scatter_update slice slice_update
            stop_gradient unstack""",
        "linalg": """
            cholesky cholesky_inverse det eigh inv lstsq lu_factor matrix_rank norm pinv qr solve
            solve_triangular svd""",
        "math": """
            cdist erf erfc erfinv extract_sequences fft fft2 ifft2 in_top_k irfft istft logdet
            logsumexp rfft rsqrt segment_max segment_min segment_prod segment_sum stft top_k""",
        "nn": """
            batch_normalization binary_crossentropy categorical_crossentropy celu ctc_loss
            dot_product_attention elu gelu glu hard_shrink hard_sigmoid hard_silu hard_tanh
            layer_normalization leaky_relu log_sigmoid log_softmax moments multi_hot normalize
            one_hot relu relu6 rms_normalization selu sigmoid silu soft_shrink softmax softplus
            softsign sparse_categorical_crossentropy sparse_plus sparse_sigmoid sparsemax squareplus
            tanh_shrink threshold""",
    }.items()
    for name in names.split()
}
_CLASS_NAMES = {
    "allclose": "AllClose",
    "getitem": "GetItem",
    "batch_normalization": "BatchNorm",
    "cdist": "CDist",
    "ctc_loss": "CTCLoss",
    "isin": "IsIn",
    "layer_normalization": "LayerNorm",
    "rms_normalization": "RMSNorm",
    "searchsorted": "SearchSorted",
    "svd": "SVD",
    **{name: name.upper() for name in ("fft", "fft2", "ifft2", "irfft", "istft", "rfft", "stft")},
}
_MANY = inspect.Parameter.VAR_POSITIONAL
_OF_RELU = ("negative_slope", "max_value", "threshold")  # of what keras.activations.relu records


def _kept(function: str) -> list[str]:
    """The parameters that a class of Keras' keeps in its configuration."""
    too = _KEPT_TOO.get(function)
    return [n for n in SIGNATURES[function].parameters if n not in _CALLED - {too} | _OUR_OWN]


def _called(function: str) -> list[str]:
    """The parameters that a class of Keras' takes in a call, in its order."""
    kept = {*_kept(function), *_OUR_OWN}
    return [n for n in SIGNATURES[function].parameters if n not in kept]


def operation_entry(layer: Operation, args, kwargs) -> tuple[dict[str, Any], list[Any], dict]:
    """The entry of one call's layer, and the arguments that stay with the call.

    A call that Keras has no class for is written in Cello's own form.
    """
    name = layer.function
    config: dict[str, Any] = {"name": layer.name}
    in_keras = _keras_form(name, args, kwargs)
    if in_keras is None:
        entry = {**class_entry(Operation), "config": {**config, "function": name}}
        return entry, list(args), dict(kwargs)
    kept, tensors = in_keras
    class_name = _CLASS_NAMES.get(name, "".join(p[:1].upper() + p[1:] for p in name.split("_")))
    entry = {
        "module": f"keras.src.ops.{_MODULES.get(name, 'numpy')}",
        "class_name": class_name,
        "config": {**config, **kept},
        "registered_name": class_name,
    }
    return entry, tensors, {}


def _keras_form(name: str, args, kwargs) -> tuple[dict[str, Any], list[Any]] | None:
    """What Keras' class keeps and what is left to the call; `None` where it has no such class."""
    if name == "einsum" and not kwargs:
        return {"subscripts": args[0]}, list(args[1:])
    if name in _NOT_IN_KERAS:
        return None
    bound = SIGNATURES[name].bind(*args, **kwargs)
    if _OUR_OWN & bound.arguments.keys():
        return None
    given = set(bound.arguments)
    bound.apply_defaults()
    kept = {n: bound.arguments[n] for n in _kept(name)}
    called = _called(name)
    while called and called[-1] not in given:
        called.pop()
    of_many = any(bound.signature.parameters[n].kind is _MANY for n in called)
    if of_many or any(hasattr(v, "shape") for v in jax.tree.leaves(kept)):
        return None
    return kept, [bound.arguments[n] for n in called]


def is_operation(entry: dict[str, Any]) -> bool:
    """Whether an entry is of one of Keras' classes for functions."""
    modules = ("keras.src.ops.", "keras.ops.", "keras.src.activations.")
    return str(entry.get("module", "")).startswith(modules) and isinstance(entry["config"], dict)


def operation_from_entry(entry: dict[str, Any]) -> tuple[Operation, Callable]:
    """The layer, and a function from the arguments of Keras' call to those of the layer's."""
    class_name, config = str(entry["class_name"]), dict(entry["config"])
    if class_name == "ReLU" and not any(config.get(k) for k in _OF_RELU):
        config = {k: v for k, v in config.items() if k not in _OF_RELU}
        class_name = "Relu"
    name = next((n for n, c in _CLASS_NAMES.items() if c == class_name), snake_case(class_name))
    if name not in FUNCTIONS:
        raise ValueError(
            f"The function {class_name!r} of {entry['module']} is not among those of cello.ops."
        )
    layer = Operation(name, name=config.pop("name", None))
    before = [config.pop("subscripts")] if name == "einsum" else []
    kept, called = _kept(name), _called(name)
    given = {k: v for k, v in config.items() if k in kept or (v is not None and v is not False)}
    unknown = sorted(set(given) - set(kept))
    if unknown:
        raise ValueError(f"{layer}: the arguments {unknown} of Keras' {class_name} have no match.")
    ours = [n for n in SIGNATURES[name].parameters if n != "subscripts"]
    by_place = next((i for i, n in enumerate(called) if n != ours[i]), None)

    def arrange(args, kwargs):
        more = [] if by_place is None else args[by_place:]
        by_name = dict(zip(called[by_place:], more, strict=False))
        return [*before, *args[:by_place]], {**kwargs, **by_name, **given}

    return layer, arrange
