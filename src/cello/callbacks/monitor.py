"""One number of the logs, and what is better: more or less of it."""

from __future__ import annotations

import warnings

from cello.core.kinds import one_of

# Words in the names of metrics.
MORE_IS_BETTER = set("acc accuracy auc precision recall f1 fbeta iou r2 true similarity".split())
LESS_IS_BETTER = set(
    "loss error mse mae mape msle rmse crossentropy entropy ce kld divergence hinge cosh poisson "
    "false perplexity".split()
)


class Monitor:
    """One number of the logs, and what is better: more or less of it.

    Args:
        owner: name of the callback, for messages.
        name: name in the logs, such as "val_loss".
        mode: "min", "max" or "auto": by the words in the name, more is better for an accuracy and
            the like, less for a loss or an error.
        min_delta: what counts as no change.
        best: the best so far, where known.

    Raises:
        ValueError: where `mode` is "auto" and the name does not tell.
    """

    def __init__(self, owner: str, name: str, mode: str, min_delta: float = 0.0, best=None):
        try:
            one_of("auto", "min", "max")(mode)
        except ValueError as error:
            raise ValueError(f"{owner}: mode must be {error}. Received: mode={mode!r}") from None
        self.owner = owner
        self.name = name
        self.sign = 1.0 if (_direction(owner, name) if mode == "auto" else mode) == "max" else -1.0
        self.min_delta = abs(min_delta)
        self.best = best

    def value(self, logs) -> float | None:
        """The number in `logs`; a warning where it is not there."""
        value = (logs or {}).get(self.name)
        if value is None:
            warnings.warn(
                f"{self.owner} watches {self.name!r}, which is not among {sorted(logs or {})}.",
                stacklevel=3,
            )
        return value

    def improves(self, value: float, on: float | None) -> bool:
        """Whether `value` is better than `on` by more than `min_delta`."""
        return on is None or self.sign * value - self.min_delta > self.sign * on


def _direction(owner: str, name: str) -> str:
    words = name.lower().split("_")
    if words[-1] == "loss" or LESS_IS_BETTER.intersection(words):
        return "min"
    if MORE_IS_BETTER.intersection(words):
        return "max"
    raise ValueError(
        f"{owner}: the name {name!r} does not tell whether more or less of it is better: pass "
        "mode='max' or mode='min'."
    )
