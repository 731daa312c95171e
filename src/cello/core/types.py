"""What calls take, as type checkers see it."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from jax.typing import ArrayLike

from cello.core.symbolic import SymbolicTensor
from cello.core.variable import Variable

Arrays: TypeAlias = ArrayLike | Variable
Tensors: TypeAlias = ArrayLike | Variable | SymbolicTensor
ArrayTree: TypeAlias = "Arrays | Sequence[ArrayTree] | Mapping[str, ArrayTree]"
SymbolicTree: TypeAlias = "SymbolicTensor | Sequence[SymbolicTree] | Mapping[str, SymbolicTree]"
