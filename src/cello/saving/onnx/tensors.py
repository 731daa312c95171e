"""The tensors of an ONNX file, as those of the graph that is made from it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from cello.core.files import ModelFileError
from cello.core.loading import AXES
from cello.core.symbolic import SymbolicTensor
from cello.layers import Concatenate
from cello.saving.onnx.budget import check_sizes, take

D = "D"
"""The axis of a tensor that is kept as a list of parts, such as ONNX's axis of directions."""

NARROW = {"int64": "int32", "uint64": "uint32", "float64": "float32"}
LARGEST_CONSTANT = 2**20
"""Numbers that a constant worked out from others may have."""


@dataclasses.dataclass
class Tensor:
    """A tensor of the file, as tensors of the graph that is being made.

    Attributes:
        axes: for each axis of the file's tensor, the axis of ours; `D` for the axis along which
            `parts` stand, which ours do not have.
        given: the parts; one, where no axis is `D`. `None` where only `joined` was made.
        joined: the parts side by side along their last axis, where the layer gives it.
        note: told what is asked for, "parts" or "joined".
    """

    axes: tuple[Any, ...]
    given: list[SymbolicTensor] | None
    joined: SymbolicTensor | None = None
    note: Callable[[str], None] = lambda what: None
    count: int = 1
    part_shape: tuple[Any, ...] = ()

    def __post_init__(self):
        if self.given is not None:
            self.count, self.part_shape = len(self.given), self.given[0].spec.shape
            take("parts of tensors", self.count - 1, "A tensor that is put together")

    @property
    def parts(self) -> list[SymbolicTensor]:
        self.note("parts")
        if self.given is None:
            raise ModelFileError("A tensor is used in two ways at once.")
        return self.given

    def side_by_side(self) -> SymbolicTensor:
        self.note("joined")
        if self.joined is not None:
            return self.joined
        parts = self.given or []
        return parts[0] if len(parts) == 1 else Concatenate()(parts)

    @property
    def rank(self) -> int:
        return len(self.axes)

    @property
    def dims(self) -> list[Any]:
        """Sizes of the file's tensor: numbers, and sizes of JAX where they are free."""
        return [self.count if a is D else self.part_shape[a] for a in self.axes]

    @property
    def plain(self) -> bool:
        """Whether it is one tensor with its axes in the file's order."""
        return self.axes == tuple(range(self.rank))

    def with_axes(self, axes) -> Tensor:
        return dataclasses.replace(self, axes=tuple(axes))

    def map(self, function) -> Tensor:
        """`function`, which keeps the shape, of each part."""
        return Tensor(self.axes, [function(p) for p in self.parts])

    def without(self, axis: int, part: SymbolicTensor) -> Tensor:
        """`part`, which lacks the file's axis `axis`."""
        gone = self.axes[axis]
        rest = [a for i, a in enumerate(self.axes) if i != axis]
        if gone is not D:
            rest = [a - 1 if a is not D and a > gone else a for a in rest]
        return Tensor(tuple(rest), [part])


@dataclasses.dataclass
class Filled:
    """A tensor of one number, of a shape that may be free: it is not there until it is needed."""

    number: Any
    dims: list[Any]

    def __post_init__(self):
        check_sizes(self.dims, "A constant")


def plain(t: SymbolicTensor) -> Tensor:
    return Tensor(tuple(range(t.ndim)), [t])


def bound(dims, *of: np.ndarray) -> list[int]:
    """`dims` of a constant to be worked out, refused where it would be large.

    Args:
        of: what it is worked out of; where there are free sizes in it, it is a shape.
    """
    dims, free = [int(d) for d in dims], any(v.dtype == object for v in of)
    most = AXES if free else LARGEST_CONSTANT
    if any(d < 0 for d in dims) or int(np.prod([float(d) for d in dims])) > most:
        raise ModelFileError(f"The file works out a constant of the shape {dims}.")
    return dims
