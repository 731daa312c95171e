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

from cello.distribution.processes import is_first

LABELS = {"train": "Epoch", "test": "Evaluating", "predict": "Predicting"}
SECONDS_A_LINE = 20.0
"""Where there is no bar, a long epoch has a line each time."""
REFRESHES_A_SECOND = 8


def verbosity(verbose: int | str) -> int:
    """0 silent, 1 a bar, 2 a line an epoch; "auto" by where the output goes.

    Of several processes only the first one speaks.
    """
    if not is_first():
        return 0
    if verbose == "auto":
        console = Console()
        return 1 if console.is_terminal or console.is_jupyter else 2
    if verbose not in (0, 1, 2) or isinstance(verbose, float):
        raise ValueError(f"verbose must be 'auto', 0, 1 or 2. Received: verbose={verbose!r}")
    return int(verbose)


class ProgressBar:
    """A bar while an epoch runs, and a line when it is done.

    Args:
        verbose: as `verbosity` gives it. Where the output is neither a terminal nor a notebook, no
            bar is drawn for 1 either.
        mode: "train", "test" or "predict". Only training prints lines with `verbose=2`.
    """

    def __init__(self, verbose: int, mode: str):
        self.verbose = verbose
        self.mode = mode
        self._screen: Any = _Lines()
        if verbose == 1:
            console = Console()
            if console.is_jupyter:
                self._screen = _Notebook()
            elif console.is_terminal:
                self._screen = _Terminal(console)
        self._prints = verbose == 1 or (verbose == 2 and mode == "train")

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._screen.stop()

    def begin(self, epochs: int, initial_epoch: int, steps: int | None) -> None:
        self.epochs, self.initial_epoch, self.steps = epochs, initial_epoch, steps
        self._began = time.monotonic()
        self.epoch, self.batch = initial_epoch, 0

    def begin_epoch(self, epoch: int) -> None:
        self.epoch = epoch
        self.batch = 0
        self.logs: dict[str, Any] = {}
        self._validated: list[str] = []
        self._epoch_began = self._last_line = time.monotonic()
        self._seconds = 0.0
        if self._prints:
            self._screen.start(self._line, self._text)

    def update(self, batch: int, logs: dict[str, Any]) -> None:
        """`batch` batches of this epoch are done."""
        self.batch, self.logs = batch, logs
        self._seconds = time.monotonic() - self._epoch_began
        self._show()

    def begin_validation(self, steps: int | None) -> None:
        """The batches of training are done, those of validation follow."""
        self._validation_steps = steps
        self.update_validation(0, {})

    def update_validation(self, batch: int, found: dict[str, Any]) -> None:
        """`batch` batches of the validation are done, with these results so far."""
        values = [f"val_{name}: {number(value)}" for name, value in found.items()]
        self._validated = [f"validation {batch}/{self._validation_steps or '?'}", *values]
        self._show()

    def end_epoch(self, logs: dict[str, Any]) -> None:
        self.logs = logs
        self._validated = []  # the logs have it
        self.steps = self.steps or self.batch
        self._screen.stop()
        if self._prints:
            self._screen.print(self._text(done=True))

    def say(self, sentence: str) -> None:
        """Print, unless all is to be silent."""
        if self.verbose:
            self._screen.print(Text(sentence))

    def place(self) -> str:
        """Where the training is; the device may be some steps ahead."""
        return f"in epoch {self.epoch + 1}/{self.epochs}, about step {self.batch}"

    def _show(self) -> None:
        if self._prints and not self._screen.update():
            now = time.monotonic()
            if now - self._last_line >= SECONDS_A_LINE:
                self._last_line = now
                self._screen.print(self._text(done=False, labelled=True))

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

    def _text(self, done: bool, labelled: bool = False) -> Text:
        parts = [self._label()] if done or labelled else []
        parts.append(f"{self.batch}/{self.steps or '?'}")
        if self.batch:
            seconds = time.monotonic() - self._epoch_began
            parts.append(f"{duration(seconds)} {rate(self._seconds / self.batch)}")
        if not done and self.batch and self.steps:
            parts.append(f"{duration(self._seconds_left())} left")
        parts += [f"{name}: {number(value)}" for name, value in self.logs.items()]
        return Text("  ".join([*parts, *self._validated]))

    def _seconds_left(self) -> float:
        """Until the end of all epochs."""
        assert self.steps is not None
        done = (self.epoch - self.initial_epoch) * self.steps + self.batch
        whole = (self.epochs - self.initial_epoch) * self.steps
        return (time.monotonic() - self._began) / done * (whole - done)


class _Lines:
    """Output that no one watches: lines, and nothing that moves."""

    def start(self, line, text) -> None:
        """Begin to show what `line()` or `text()` gives."""

    def update(self) -> bool:
        """Show it anew; whether it can be shown."""
        return False

    def stop(self) -> None:
        """Take it away."""

    def print(self, text: Text) -> None:
        """Print a line that stays."""
        Console(file=sys.stdout, highlight=False, soft_wrap=True).print(text)


class _Terminal(_Lines):
    """A bar that rich draws anew, in a thread of its own."""

    def __init__(self, console: Console):
        self._console = console
        self._live: Live | None = None

    def start(self, line, text):
        self._live = Live(
            console=self._console,
            get_renderable=line,
            transient=True,
            refresh_per_second=REFRESHES_A_SECOND,
        )
        self._live.start()

    def update(self) -> bool:
        return True

    def stop(self):
        if self._live is not None:
            self._live.stop()
            self._live = None


class _Notebook(_Lines):
    """One output of a cell, with the lines that stay and the one that moves.

    rich would need ipywidgets for it, and leave an empty output for each epoch.
    """

    def __init__(self):
        self._lines: list[str] = []
        self._handle: Any = None
        self._text: Any = None
        self._shown = 0.0

    def start(self, line, text):
        self._text = text
        self._draw()

    def update(self) -> bool:
        if time.monotonic() - self._shown >= 1 / REFRESHES_A_SECOND:
            self._draw()
        return True

    def stop(self):
        if self._text is not None:
            self._text = None
            self._draw()

    def print(self, text):
        self._lines.append(text.plain)
        self._draw()

    def _draw(self) -> None:
        from IPython.display import display

        moving = [] if self._text is None else [self._text(done=False, labelled=True).plain]
        content = {"text/plain": "\n".join([*self._lines, *moving])}
        self._shown = time.monotonic()
        if self._handle is None:
            self._handle = display(content, raw=True, display_id=True)
        else:
            self._handle.update(content, raw=True)


class Progbar:
    """A bar that a loop of one's own moves on, as in Keras.

    Args:
        target: the number of steps; `None` if it is not known.
        width, interval, unit_name: Keras' arguments, which mean nothing here.
        verbose: 0 silent, 1 a bar and a line at the end, 2 the line alone.
        stateful_metrics: names whose last value is shown; of the others, the mean over the steps.
    """

    def __init__(
        self, target, width=20, verbose=1, interval=0.05, stateful_metrics=None, unit_name="step"
    ):
        self.target = target
        self.stateful_metrics = set(stateful_metrics or ())
        self._sums: dict[str, tuple[float, float]] = {}
        self._seen = 0
        self._bar = ProgressBar(1 if verbose else 0, "predict")
        self._bar.begin(1, 0, target)
        self._bar.begin_epoch(0)

    @property
    def averages(self) -> dict[str, float]:
        """What is shown, by name."""
        return {name: total / max(count, 1) for name, (total, count) in self._sums.items()}

    def update(self, current: int, values=None, finalize: bool | None = None) -> None:
        """`current` steps are done.

        Args:
            values: pairs `(name, value)` of the last step; at the end, those of all steps.
            finalize: whether these were all; where `None`, whether the target is reached.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        steps = max(current - self._seen, 1)
        for name, value in values or ():
            total, count = self._sums.get(name, (0.0, 0.0))
            as_it_is = finalize or name in self.stateful_metrics
            self._sums[name] = (
                (float(value), 1) if as_it_is else (total + float(value) * steps, count + steps)
            )
        self._seen = current
        self._bar.update(current, self.averages)
        if finalize:
            self._bar.end_epoch(self.averages)

    def add(self, n: int, values=None) -> None:
        """`n` more steps are done."""
        self.update(self._seen + n, values)


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
