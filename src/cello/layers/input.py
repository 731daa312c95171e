"""`Input`: where a functional model begins."""

from __future__ import annotations

from collections.abc import Sequence

import jax
from jax.typing import DTypeLike

from cello.core.arguments import arg
from cello.core.kinds import optional
from cello.core.layer import Layer
from cello.core.loading import AXES
from cello.core.symbolic import STRING, Node, SymbolicTensor, input_spec


def _shape(value: Sequence[int | None]):
    if isinstance(value, int) or not all(
        d is None or (isinstance(d, int) and d >= 0) for d in tuple(value)
    ):
        raise ValueError("a tuple of sizes, with None for an unknown one, such as (None, 8)")
    if len(value) > AXES:
        raise ValueError(f"a tuple of at most {AXES} sizes")
    return tuple(value)


def _dtype(value: DTypeLike | None):
    if value is None or (isinstance(value, str) and value == STRING):
        return value
    try:
        return jax.numpy.dtype(value).name
    except TypeError:
        raise ValueError("a dtype, such as 'float32' or 'int32'") from None


class InputLayer(Layer):
    """The layer behind an `Input`; its only output is the symbolic tensor."""

    argument_order = "batch_shape dtype"
    batch_shape = arg(kind=_shape, doc="Shape with the batch; `None` for an unknown size.")
    dtype = arg(None, kind=_dtype, doc="Dtype of the input; `floatx()` if `None`.")
    name = arg(None, kind=optional(str), doc="Name.")
    _ignored_arguments = {"optional": (False,), "ragged": (False, None), "sparse": (False, None)}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.built = True
        self.dtype = self.dtype or Layer(name="_").dtype
        node = Node(self, (), {})
        node.outputs = SymbolicTensor(input_spec(self.batch_shape, self.dtype), node, 0, self.name)
        self.graph_nodes.append(node)

    def call(self):
        return self.graph_nodes[0].outputs


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: DTypeLike | None = None,
    name: str | None = None,
    batch_shape: Sequence[int | None] | None = None,
    tensor: SymbolicTensor | None = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    optional: bool = False,
) -> SymbolicTensor:
    """A symbolic tensor to call layers on.

    Args:
        shape: shape of one sample, without the batch: `(None, 8)` for sequences of any length with
            8 features.
        batch_size: the batch size, where it is fixed.
        dtype: dtype of the data; `floatx()` where `None`. Of "string", a `TextVectorization`,
            `StringLookup` or `Hashing` makes numbers, right behind.
        name: name of the input, by which data can be passed in a dict.
        batch_shape: the whole shape with the batch, in place of `shape` and `batch_size`.
        tensor: a symbolic tensor to be returned as it is.
        sparse, ragged, optional: Keras' arguments; false, since arrays are dense, sequences of
            different lengths come as lists, and each input is needed.

    Returns:
        A symbolic tensor of shape `(batch_size, *shape)`.
    """
    for option, given in (("sparse", sparse), ("ragged", ragged), ("optional", optional)):
        if given:
            raise ValueError(
                f"Input: {option}=True is not possible: arrays are dense, sequences of different "
                "lengths are passed as a list to Input((None, features)), and each input is needed."
            )
    if tensor is not None:
        return tensor
    if (shape is None) == (batch_shape is None):
        raise ValueError(
            "Input needs either shape, without the batch, or batch_shape, with it: "
            f"Input((None, 8)). Received: shape={shape}, batch_shape={batch_shape}"
        )
    if batch_shape is None:
        batch_shape = (batch_size, *_shape_or_error(shape))
    return InputLayer(batch_shape, dtype=dtype, name=name).output


def _shape_or_error(shape):
    try:
        return _shape(shape)
    except (TypeError, ValueError):
        raise ValueError(
            f"Input: shape must be a tuple of sizes, with None for an unknown one, such as "
            f"(None, 8). Received: shape={shape!r}"
        ) from None
