"""In which dtype a layer keeps its variables and in which it computes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike

DTYPES = ("float16", "bfloat16", "float32", "float64")

_floatx = "float32"
_dtype_policy: DTypePolicy | None = None


class DTypePolicy:
    """The dtypes of a layer: that of its variables, and that of its inputs, products and outputs.

    "mixed_bfloat16" keeps variables, gradients and states in float32 and computes in bfloat16,
    which has the range of float32 and 8 bits of precision. In any other policy both are the dtype
    that it is called after.

    Args:
        name: "mixed_bfloat16", "float32", "float64", "bfloat16" or "float16"; the policy of
            `cello.config.dtype_policy()` where `None`.

    Attributes:
        name: the name.
        compute_dtype, variable_dtype: names of dtypes.

    Source: Micikevicius et al. 2018.
    """

    def __init__(self, name: DTypeLike | None = None):
        if name is None:
            name = dtype_policy().name
        self.name: str = _check(name)
        self.compute_dtype = self.name.removeprefix("mixed_")
        self.variable_dtype = "float32" if self.mixed else self.name

    @property
    def mixed(self) -> bool:
        """Whether it computes in another dtype than that of the variables."""
        return self.name.startswith("mixed_")

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> DTypePolicy:
        return cls(**config)

    def __eq__(self, other):
        return isinstance(other, DTypePolicy) and self.name == other.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return f'<DTypePolicy "{self.name}">'


def _check(name) -> str:
    if name == "mixed_float16":
        raise ValueError(
            'a policy other than "mixed_float16", in whose small range sums over time overflow: '
            'use "mixed_bfloat16", which has that of float32'
        )
    if isinstance(name, str) and name in (*DTYPES, "mixed_bfloat16"):
        return name
    try:
        known = jnp.dtype(name).name
    except TypeError:
        known = ""
    if known not in DTYPES:
        raise ValueError(
            'a floating dtype: float32, float64, float16 or bfloat16; or "mixed_bfloat16"'
        )
    return known


def policy(value: str | DTypePolicy | DTypeLike | None) -> DTypePolicy:
    """The policy that a name, a dtype or a policy stands for; the global one for `None`."""
    if isinstance(value, DTypePolicy):
        return value
    name = getattr(value, "name", None)  # of Keras' policy
    return DTypePolicy(name if isinstance(name, str) else value)


def floating(value: str | DTypePolicy | DTypeLike) -> str:
    """The name of the dtype in which a policy, or what stands for one, computes."""
    return policy(value).compute_dtype


def floatx() -> str:
    """The dtype that layers take where they are given none."""
    return _floatx


def set_floatx(value: str) -> None:
    """Set `floatx()`: "float32", "float64" (needs JAX's x64 mode), "float16" or "bfloat16"."""
    global _floatx
    name = policy(value).name
    if name not in DTYPES:
        raise ValueError(
            f"floatx is a floating dtype, and {name!r} is a policy: call "
            f"cello.config.set_dtype_policy({name!r})."
        )
    _floatx = name


def dtype_policy() -> DTypePolicy:
    """The policy that layers take where they are given no dtype; `floatx()` where none was set."""
    return _dtype_policy or DTypePolicy(_floatx)


def set_dtype_policy(value) -> None:
    """Set `dtype_policy()`, for the layers that are made from now on.

    Args:
        value: a name such as "mixed_bfloat16", a `DTypePolicy`, or `None` for `floatx()` again.

    Raises:
        ValueError: for an unknown one.
    """
    global _dtype_policy
    try:
        _dtype_policy = None if value is None else policy(value)
    except ValueError as error:
        raise ValueError(f"A dtype policy must be {error}. Received: {value!r}") from None


def cast_floats(tree, dtype):
    """`tree` with its floating arrays in `dtype`."""

    def cast(leaf):
        is_float = jnp.issubdtype(getattr(leaf, "dtype", jnp.bool_), jnp.floating)
        return leaf.astype(dtype) if is_float and leaf.dtype != dtype else leaf

    return jax.tree.map(cast, tree)


def widen(array):
    """A floating array of 16 bits in float32, where sums, exponentials and means are exact enough.

    Anything else is returned as it is.
    """
    is_half = jnp.issubdtype(array.dtype, jnp.floating) and array.dtype.itemsize < 4
    return array.astype(jnp.float32) if is_half else array
