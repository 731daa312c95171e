"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Sequence
import cello.core.constraints as _core_constraints

from cello.core.constraints import deserialize as deserialize
from cello.core.constraints import get as get
from cello.core.serialization import serialize as serialize
from cello.core.constraints import Constraint as Constraint
class MaxNorm(_core_constraints.MaxNorm, Constraint):
    def __init__(self, max_value: Number = 2, axis: Integer | Sequence[int] = 0) -> None:
        r"""Args:
        max_value: Greatest norm.
        axis: The axis, or axes, that a norm is taken over.
        """

class MinMaxNorm(_core_constraints.MinMaxNorm, Constraint):
    def __init__(
        self, min_value: Number = 0.0, max_value: Number = 1.0, rate: Number = 1.0,
        axis: Integer | Sequence[int] = 0,
    ) -> None:
        r"""Args:
        min_value: Least norm.
        max_value: Greatest norm.
        rate: The part of the way that one update goes; 1 is all of it.
        axis: The axis, or axes, that a norm is taken over.
        """

class NonNeg(_core_constraints.NonNeg, Constraint):
    def __init__(self) -> None:
        ...

class UnitNorm(_core_constraints.UnitNorm, Constraint):
    def __init__(self, axis: Integer | Sequence[int] = 0) -> None:
        r"""Args:
        axis: The axis, or axes, that a norm is taken over.
        """

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm", "deserialize", "get", "max_norm",
    "min_max_norm", "non_neg", "serialize", "unit_norm",
]
