"""The progress that `fit`, `evaluate` and `predict` show."""

from __future__ import annotations

import sys
import time
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar as Bar
from rich.table import Table
from rich.text import Text

LABELS = {"train": "Epoch", "test": "Evaluating", "predict": "Predicting"}


def verbosity(verbose: int | str) -> int:
    """0 silent, 1 a bar, 2 a line an epoch; "auto" by where the output goes."""
    if verbose == "auto":
        console = Console()
        return 1 if console.is_terminal or console.is_jupyter else 2
    if verbose not in (0, 1, 2) or isinstance(verbose, float):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2. Received: verbose={verbose!r}")
    return int(verbose)


class ProgressBar:
    """A bar while an epoch runs, and a line when it is done.

    Args:
        verbose: as `verbosity` gives it.
        mode: "train", "test" or "predict". Only training prints lines where there is no bar.
    """

    def __init__(self, verbose: int, mode: str):
        self.verbose = verbose
        self.mode = mode
        self._live: Live | None = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._stop()

    def begin(self, epochs: int, initial_epoch: int, steps: int | None) -> None:
        self.epochs, self.initial_epoch, self.steps = epochs, initial_epoch, steps
        self._began = time.monotonic()

    def begin_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.batch = 0
        self.logs: dict[str, Any] = {}
        self._epoch_began = time.monotonic()
        if self.verbose == 1:
            self._live = Live(
                console=Console(), get_renderable=self._line, transient=True, refresh_per_second=8
            )
            self._live.start()

    def update(self, batch: int, logs: dict[str, Any]) -> None:
        """`batch` batches of this epoch are done."""
        self.batch, self.logs = batch, logs

    def end_epoch(self, logs: dict[str, Any]) -> None:
        self.logs = logs
        self.steps = self.steps or self.batch
        self._stop()
        if self.verbose == 1 or (self.verbose == 2 and self.mode == "train"):
            Console(file=sys.stdout, highlight=False, soft_wrap=True).print(self._text(done=True))

    def _stop(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self) -> Table:
        line = Table.grid(padding=(0, 1))
        line.add_row(
            self._label(),
            Bar(total=self.steps, completed=self.batch, width=24, pulse=self.steps is None),
            self._text(done=False),
        )
        return line

    def _label(self) -> str:
        if self.mode == "train":
            return f"{LABELS[self.mode]} {self.epoch + 1}/{self.epochs}"
        return LABELS[self.mode]

    def _text(self, done: bool) -> Text:
        seconds = time.monotonic() - self._epoch_began
        parts = [self._label()] if done else []
        parts.append(f"{self.batch}/{self.steps or '?'}")
        if self.batch:
            parts.append(f"{duration(seconds)} {rate(seconds / self.batch)}")
        if not done and self.batch and self.steps:
            parts.append(f"{duration(self._seconds_left())} left")
        parts += [f"{name}: {number(value)}" for name, value in self.logs.items()]
        return Text("  ".join(parts))

    def _seconds_left(self) -> float:
        """Until the end of all epochs."""
        assert self.steps is not None
        done = (self.epoch - self.initial_epoch) * self.steps + self.batch
        whole = (self.epochs - self.initial_epoch) * self.steps
        return (time.monotonic() - self._began) / done * (whole - done)


def duration(seconds: float) -> str:
    """`3.2s`, `4m05s`, `2h10m`."""
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    return f"{minutes // 60}h{minutes % 60:02d}m"


def rate(seconds: float) -> str:
    """The time of a step."""
    return f"{seconds * 1e3:.1f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def number(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
