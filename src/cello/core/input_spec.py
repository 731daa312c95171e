"""What a layer expects of its input, and the message where something else comes."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core.symbolic import SymbolicTensor, show_shape


class InputSpec:
    """What a layer expects of an input: Keras' arguments, or the names of the axes.

    ::

        InputSpec(ndim=3, axes={-1: 8})
        InputSpec(("batch", "time", "features"), {"features": 8})

    By their names the axes are in the message as well; a first name `"..."` stands for any number
    of axes.

    Args:
        dtype: the dtype that the input must have; or the names of the axes.
        shape: the shape, `None` for a size that varies; or fixed sizes by the name of the axis.
        ndim, max_ndim, min_ndim: the number of axes.
        axes: fixed sizes by the number of the axis.
        allow_last_axis_squeeze: whether a last axis of size 1 may be there or not.
        name: the name of the input, for messages.
        optional: whether `None` may stand for the input.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: Any = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
        allow_last_axis_squeeze: bool = False,
        name: str | None = None,
        optional: bool = False,
    ):
        self.names: tuple[str, ...] | None = None
        self.sizes: dict[str, int] = {}
        self.axes = dict(axes or {})
        if isinstance(dtype, tuple):
            self.names, self.sizes, dtype, shape = dtype, dict(shape or {}), None, None
            named = [n for n in self.names if n != "..."]
            ndim = len(named) if named == list(self.names) else None
            min_ndim = len(named)
            self.axes = {i - len(named): self.sizes.get(n) for i, n in enumerate(named)}
        self.dtype = None if dtype is None else jnp.dtype(dtype).name
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if self.shape is None else len(self.shape)
        self.max_ndim, self.min_ndim = max_ndim, min_ndim
        self.allow_last_axis_squeeze = allow_last_axis_squeeze
        self.name, self.optional = name, optional
        most = self.ndim if self.ndim is not None else max_ndim
        if most is not None and any(not -most <= a < most for a in self.axes):
            raise ValueError(f"InputSpec: an input of {most} axes has no axis {max(self.axes)}.")

    def get_config(self) -> dict[str, Any]:
        """Keras' arguments."""
        names = "dtype shape ndim max_ndim min_ndim axes optional".split()
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> InputSpec:
        return cls(**config)

    def __repr__(self):
        if self.names:
            return f"InputSpec({self.names}, {self.sizes})"
        given = {k: v for k, v in self.get_config().items() if v}
        return f"InputSpec({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def with_time(self) -> InputSpec:
        """The same of sequences, of whose steps this one is."""
        if self.names:
            return InputSpec((self.names[0], "time", *self.names[1:]), self.sizes)
        return InputSpec(
            self.dtype,
            shape=None if self.shape is None else (self.shape[0], None, *self.shape[1:]),
            ndim=self.ndim and self.ndim + 1,
            max_ndim=self.max_ndim and self.max_ndim + 1,
            min_ndim=self.min_ndim and self.min_ndim + 1,
            axes={a + 1 if a > 0 else a: size for a, size in self.axes.items()},
        )

    def check(self, layer, shape: tuple[int | None, ...], tensor: Any = None) -> None:
        """Raise `ValueError` if `shape` does not fit; it names the layer and what to do.

        Args:
            tensor: the input; that of a graph tells which layer made it.
        """
        got = f"{layer} expects inputs of shape {self._shown()} and got {shape}"
        fits = (
            (self.ndim in (None, len(shape)) or self.allow_last_axis_squeeze)
            and len(shape) >= (self.min_ndim or 0)
            and (self.max_ndim is None or len(shape) <= self.max_ndim)
        )
        if not fits:
            names = [a for a in self.names or () if a != "..."]
            maker = _find_maker(tensor)
            raise ValueError(f"{got}: {self._advice(shape, names, maker)}" if names else f"{got}.")
        dtype = getattr(tensor, "dtype", None)
        if self.dtype is not None and dtype is not None and jnp.dtype(dtype).name != self.dtype:
            raise ValueError(f"{layer} expects inputs of {self.dtype} and got {dtype}.")
        for axis, size in self._sizes(shape):
            found = shape[axis]
            if size is not None and found is not None and found != size:
                name = f"'{self.names[axis]}'" if self.names else axis
                built = f"it was built for {size} {self.names[axis]}, so " if self.names else ""
                raise ValueError(f"{got}: {built}the axis {name} must have {size}.")

    def _sizes(self, shape):
        """The fixed sizes by the number of the axis."""
        yield from self.axes.items()
        wanted = self.shape or ()
        if self.allow_last_axis_squeeze and len(wanted) != len(shape):
            wanted = wanted[:-1] if wanted[-1:] == (1,) else wanted
        yield from list(enumerate(wanted))[: len(shape)]

    def _shown(self) -> str:
        if self.names:
            return "(" + ", ".join(str(self.sizes.get(a, a)) for a in self.names) + ")"
        return str(self.shape) if self.shape is not None else repr(self)

    def _advice(self, shape, names, maker) -> str:
        missing = len(names) - len(shape)
        one_step = getattr(maker, "return_sequences", None) is False
        if missing == 1 and names[1] == "time" and one_step:
            return f"{maker} gives its last step alone. Give it return_sequences=True."
        if missing == 1 and shape[-1] == self.sizes.get("features", "unknown"):
            return "add a batch axis with x[None]."
        if missing == 1 and names[-1] in ("features", "channels") and len(names) > 2:
            return (
                f"add a {names[-1]} axis with x[..., None], or let the recurrent layer before it, "
                "if there is one, give all steps with return_sequences=True."
            )
        if missing == 1:
            return "add a batch axis with x[None]."
        if missing > 1:
            return f"it needs {missing} more axes."
        return (
            "it has an axis too many; wrap the layer in TimeDistributed to apply it to each step, "
            "or give it the last step only."
        )


def check_several(layer, specs, inputs) -> None:
    """Check each of several inputs against its spec; those of a dict by the names of the specs."""
    if isinstance(inputs, dict) and all(spec.name for spec in specs):
        inputs = [inputs.get(spec.name) for spec in specs]
    leaves = jax.tree.leaves(inputs, is_leaf=lambda v: v is None)
    if len(leaves) != len(specs):
        raise ValueError(f"{layer} expects {len(specs)} inputs and got {len(leaves)}.")
    for spec, value in zip(specs, leaves, strict=True):
        if spec is not None and not (value is None and spec.optional):
            spec.check(layer, show_shape(value.shape), value)


def _find_maker(tensor) -> Any:
    """The recurrent layer whose output a tensor of a graph is, with other layers between or not."""
    while isinstance(tensor, SymbolicTensor) and len(tensor.node.inputs) == 1:
        if hasattr(tensor.node.layer, "return_sequences"):
            return tensor.node.layer
        (tensor,) = tensor.node.inputs
    return None
