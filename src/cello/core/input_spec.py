"""What a layer expects of its input, and the message where something else comes."""

from __future__ import annotations

from typing import Any

from cello.core.symbolic import SymbolicTensor


class InputSpec:
    """Rank and fixed sizes of an input.

    Args:
        axes: the names of the axes, such as `("batch", "time", "features")`; a first name
            `"..."` stands for any number of axes.
        sizes: fixed sizes by the name of the axis: `{"features": 8}`.
    """

    def __init__(self, axes: tuple[str, ...], sizes: dict[str, int] | None = None):
        self.axes = axes
        self.sizes = sizes or {}

    def check(self, layer, shape: tuple[int | None, ...], tensor: Any = None) -> None:
        """Raise `ValueError` if `shape` does not fit; it names the layer and what to do.

        Args:
            tensor: the input; that of a graph tells which layer made it.
        """
        open_rank = "..." in self.axes
        names = [a for a in self.axes if a != "..."]
        expected = "(" + ", ".join(str(self.sizes.get(a, a)) for a in self.axes) + ")"
        got = f"{layer} expects inputs of shape {expected} and got {shape}"
        if len(shape) < len(names) or (len(shape) > len(names) and not open_rank):
            raise ValueError(f"{got}: {self._advice(shape, names, _find_maker(tensor))}")
        for axis, name in zip(reversed(shape), reversed(names), strict=False):
            size = self.sizes.get(name)
            if size is not None and axis is not None and axis != size:
                raise ValueError(
                    f"{got}: it was built for {size} {name}, so the axis '{name}' must have {size}."
                )

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


def _find_maker(tensor) -> Any:
    """The recurrent layer whose output a tensor of a graph is, with other layers between or not."""
    while isinstance(tensor, SymbolicTensor) and len(tensor.node.inputs) == 1:
        if hasattr(tensor.node.layer, "return_sequences"):
            return tensor.node.layer
        (tensor,) = tensor.node.inputs
    return None
