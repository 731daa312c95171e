"""Search for good hyperparameters: a user's build function, run by Optuna.

    def build(trial):
        units = trial.suggest_int("units", 8, 128, log=True)
        model = Sequential([Input((None, 3)), LSTM(units), Dense(1)])
        model.compile(Adam(trial.suggest_float("rate", 1e-4, 1e-1, log=True)), "mse")
        return model

    found = cello.tune.search(build, x, y, validation_split=0.2, epochs=20, trials=30)
    print(found)
    model = found.build()

Optuna (Akiba et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", 2019)
chooses the values, stops hopeless trials and keeps the record; it is the extra `tune`.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import warnings
from typing import Any

from cello.callbacks import Callback
from cello.callbacks.monitor import Monitor
from cello.core.kinds import number, optional
from cello.core.layer import Layer
from cello.utils import set_random_seed

__all__ = ["PruningCallback", "Search", "search"]


def search(
    build,
    x=None,
    y=None,
    *,
    trials: int = 20,
    monitor: str = "val_loss",
    mode: str = "auto",
    storage=None,
    name: str = "search",
    seed: int | None = None,
    sampler=None,
    pruner=None,
    timeout: float | None = None,
    verbose: int = 1,
    callbacks=(),
    **fit_options,
) -> Search:
    """Train what `build` makes, again and again, with values that do better and better.

    Args:
        build: function of an Optuna trial that returns a compiled model. It draws what it wants by
            `trial.suggest_int`, `suggest_float`, `suggest_categorical`.
        x, y, fit_options: passed to `model.fit`.
        trials: how many trials there are to be in all, those in `storage` included.
        monitor: name in the logs of what is compared. A trial counts by its best epoch.
        mode: "min", "max" or "auto", as in `EarlyStopping`.
        storage: a file that keeps the trials, or an Optuna storage or its URL. A search that was
            interrupted or killed goes on from it; a trial that was cut off is run anew. Several
            processes may work on one.
        name: of the search in `storage`, which may hold several.
        seed: what each trial starts from, and the sampler; `None` for chance.
        sampler: of `optuna.samplers`; `TPESampler` by default.
        pruner: of `optuna.pruners`, which ends trials that do badly; `MedianPruner` by default.
        timeout: seconds after which no new trial is begun.
        verbose: 0 silent, 1 a line a trial, by Optuna.
        callbacks: for each `fit`, beside the pruning.

    Raises:
        ImportError: where Optuna is not installed.
        ValueError: where `build` returns no compiled model, `monitor` is not in the logs, or an
            argument is of the wrong kind.
    """
    optuna = _optuna()
    if not callable(build) or isinstance(build, Layer):
        raise ValueError(
            "tune.search: build must be a function of a trial that returns a compiled model. "
            f"Received: build={build!r}"
        )
    if not isinstance(trials, int) or trials < 1:
        raise ValueError(
            f"tune.search: trials must be a positive integer. Received: trials={trials!r}"
        )
    direction = "maximize" if Monitor("tune.search", monitor, mode).sign > 0 else "minimize"
    levels = contextlib.nullcontext() if verbose else _quiet(optuna)
    with levels:
        study = optuna.create_study(
            study_name=name,
            storage=_storage(optuna, storage),
            load_if_exists=True,
            direction=direction,
            pruner=pruner,
        )
        # A sampler that began with the same numbers would draw the same trials once more.
        fresh = None if seed is None else seed + len(study.trials)
        study.sampler = sampler or optuna.samplers.TPESampler(seed=fresh)

        def objective(trial):
            if seed is not None:
                set_random_seed(seed)
            model = build(trial)
            if getattr(model, "optimizer", None) is None:
                raise ValueError(
                    f"tune.search: build(trial) must return a compiled model. Returned: {model!r}"
                )
            pruning = PruningCallback(trial, monitor, mode)
            model.fit(x, y, verbose=0, callbacks=[*callbacks, pruning], **fit_options)
            return pruning.best

        def enough(study, trial):
            if _count_finished(study) >= trials:
                study.stop()

        if _count_finished(study) < trials:
            study.optimize(objective, timeout=timeout, callbacks=[enough])
    return Search(study, build)


class PruningCallback(Callback):
    """Tell an Optuna trial how it does after each epoch, and end it where Optuna says so.

    Args:
        trial: the trial.
        monitor: name in the logs.
        mode: "min", "max" or "auto".

    Attributes:
        best: the best value so far.

    Raises:
        optuna.TrialPruned: in `fit`, where the trial is hopeless, or the value is not finite.
        ValueError: in `fit`, where `monitor` is not among the logs.
    """

    memory = {"best": optional(number)}

    def __init__(self, trial, monitor="val_loss", mode="auto"):
        super().__init__()
        self._watched = Monitor("PruningCallback", monitor, mode)
        self.trial = trial
        self.best: float | None = None

    def on_epoch_end(self, epoch, logs=None):
        name = self._watched.name
        if name not in (logs or {}):
            raise ValueError(
                f"PruningCallback: {name!r} is not among the logs {sorted(logs or {})}: pass "
                "validation_data or validation_split, or name another as monitor."
            )
        value = logs[name]
        if not math.isfinite(value):
            raise _optuna().TrialPruned(f"{name} is {value} in epoch {epoch + 1}.")
        if self._watched.improves(value, self.best):
            self.best = value
        self.trial.report(value, epoch)
        if self.trial.should_prune():
            raise _optuna().TrialPruned(f"{name} is {value:.4g} in epoch {epoch + 1}.")


class Search:
    """What a search found. Printed, it is the table of its trials, the best first.

    Attributes:
        study: Optuna's own record, for its plots and data frames.
    """

    def __init__(self, study, build):
        self.study = study
        self._build = build

    @property
    def best_value(self) -> float:
        """What the best trial reached."""
        return self.study.best_value

    @property
    def best_params(self) -> dict[str, Any]:
        """The values that the best trial drew."""
        return self.study.best_params

    def build(self):
        """A new model, untrained, with the values of the best trial."""
        return self._build(_optuna().trial.FixedTrial(self.best_params))

    def table(self) -> list[dict[str, Any]]:
        """A row for each trial, the best first: number, value, state, epochs, seconds, parameters.

        The value is that of the best epoch; for a trial that was ended, of the last.
        """
        sign = -1 if self.study.direction.name == "MAXIMIZE" else 1

        def place(trial):
            done = trial.state.name == "COMPLETE"
            return not done, math.inf if trial.value is None else sign * trial.value, trial.number

        return [
            {
                "trial": t.number,
                "value": t.value,
                "state": t.state.name.lower(),
                "epochs": len(t.intermediate_values),
                "seconds": None if t.duration is None else round(t.duration.total_seconds(), 1),
                **t.params,
            }
            for t in sorted(self.study.trials, key=place)
        ]

    def __repr__(self) -> str:
        rows = self.table()
        names = list(dict.fromkeys(name for row in rows for name in row))
        cells = [names, *([_cell(row.get(name)) for name in names] for row in rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True))
            for line in cells
        )


def _cell(value) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _count_finished(study) -> int:
    """Trials that count: a failed or cut off one is run anew."""
    return sum(t.state.name in ("COMPLETE", "PRUNED") for t in study.trials)


def _optuna():
    """The module, or an `ImportError` that says how to get it."""
    try:
        import optuna
    except ImportError:
        raise ImportError(
            "cello.tune searches with the package optuna, which is not installed: "
            "pip install 'cello-rnn[tune]'."
        ) from None
    return optuna


def _storage(optuna, storage):
    """The storage; of a file one that notices trials whose process has died, and runs them anew."""
    is_path = isinstance(storage, os.PathLike)
    if not (is_path or (isinstance(storage, str) and "://" not in storage)):
        return storage
    path = os.path.abspath(os.fspath(storage))
    if os.path.isdir(path):
        raise ValueError(
            f"tune.search: storage must be a file, and {path!r} is a folder: pass a name in it, "
            "such as 'search.db'."
        )
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return optuna.storages.RDBStorage(
            f"sqlite:///{path}",
            heartbeat_interval=2,
            grace_period=10,
            heartbeat_stale_trial_callback=optuna.storages.RetryHeartbeatStaleTrialCallback(),
        )


@contextlib.contextmanager
def _quiet(optuna):
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)
