"""What narrower weights cost, as a table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """How far a quantised model is from the model; `print` shows it as a table.

    Attributes:
        weights: the kind.
        sizes: bytes of the constants, in float32 and now.
        layers: by the name of each weight the greatest error of its product, or of what is looked
            up in it, with exact inputs: as a part of the greatest value.
        steps: by a number of steps the greatest error of an output until then, as such a part; of
            a model that sees whole sequences that of all of them.
        metrics: by name the loss and each metric, before and after.
    """

    weights: str
    sizes: tuple[int, int]
    layers: dict[str, float]
    steps: dict[int, float]
    metrics: dict[str, tuple[float, float]]

    def __str__(self) -> str:
        before, after = self.sizes
        lines = [
            f"{self.weights}: {after:,} bytes of constants; {before:,} in float32",
            "greatest error, % of the greatest value",
            *(_row(f"  {name}", 100 * error) for name, error in self.layers.items()),
            *(_row(f"  after {count:,} steps", 100 * error) for count, error in self.steps.items()),
        ]
        if self.metrics:
            lines.append(f"{'':52}{'float32':>10}{self.weights:>10}")
        lines += [_row(f"  {name}", *pair) for name, pair in self.metrics.items()]
        return "\n".join(lines)


def _row(name: str, *numbers: float) -> str:
    return f"{name:52}" + "".join(f"{number:10.4g}" for number in numbers)
