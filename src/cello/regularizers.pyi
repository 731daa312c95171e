"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Number
from typing import Literal
import cello.core.regularizers as _core_regularizers

from cello.core.regularizers import deserialize as deserialize
from cello.core.regularizers import get as get
from cello.constraints import serialize as serialize
from cello.core.regularizers import Regularizer as Regularizer
class L1(_core_regularizers.L1, Regularizer):
    def __init__(self, l1: Number = 0.01) -> None:
        r"""Args:
        l1: Factor of the sum of absolute values.
        """

class L1L2(_core_regularizers.L1L2, Regularizer):
    def __init__(self, l1: Number = 0.0, l2: Number = 0.0) -> None:
        r"""Args:
        l1: Factor of the sum of absolute values.
        l2: Factor of the sum of squares.
        """

class L2(_core_regularizers.L2, Regularizer):
    def __init__(self, l2: Number = 0.01) -> None:
        r"""Args:
        l2: Factor of the sum of squares.
        """

class OrthogonalRegularizer(_core_regularizers.OrthogonalRegularizer, Regularizer):
    def __init__(
        self, factor: Number = 0.01, mode: Literal['rows', 'columns'] = 'rows',
    ) -> None:
        r"""Args:
        factor: Factor of the mean.
        mode: "rows" or "columns".
        """

l1 = L1
l1_l2 = L1L2
l2 = L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer", "deserialize", "get", "l1", "l1_l2",
    "l2", "orthogonal_regularizer", "serialize",
]
