"""Saving a training while it goes on, so that a process that was killed goes on with it.

After an epoch the future of a training is decided by: all variables of the model (weights, the keys
of its random generators, the states of stateful layers), the optimiser's state, the order in which
the data will come, NumPy's, Python's, PyTorch's and Cello's own random numbers, the history, and
what the callbacks remember. With all of it restored the epochs that follow are those of an
undisturbed run. Within an epoch there are two things more: the sums of the metrics, and the batches
that are done. These are passed over, from the random numbers with which the epoch began.
"""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open

from cello.core.files import parse_json, write_tensors
from cello.core.kinds import boolean, count, instance
from cello.core.text import clean_text
from cello.distribution.processes import check_same, is_first, written_once
from cello.training.callback import Callback
from cello.training.random_numbers import (
    check_random_numbers,
    random_numbers,
    restore_random_numbers,
)

FILE = "training.safetensors"


class OtherTraining(ValueError):
    """A file holds a training, but not this one."""

    def __init__(self, message: str):
        super().__init__(clean_text(message, 1000))


@dataclasses.dataclass
class Run:
    """A call of `fit`.

    Attributes:
        trainer: the `Trainer` of the model, compiled.
        shuffler: the NumPy generator that draws the order of the rows, or `None`.
        feed: where the batches come from.
        callbacks: all callbacks, the `History` included.
        batches: how many of the current epoch were done before an interruption.
        logs: what was known after them.
    """

    trainer: Any
    shuffler: np.random.Generator | None
    feed: Any
    callbacks: list[Any]
    batches: int = 0
    logs: dict[str, Any] = dataclasses.field(default_factory=dict)
    _start: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def model(self) -> Any:
        return self.trainer.model

    def begin_epoch(self) -> tuple[int, dict[str, Any]]:
        """How many batches are done already, and the logs after them."""
        self._start = random_numbers(self.shuffler)
        done = self.batches, self.logs
        self.batches, self.logs = 0, {}
        return done

    @written_once
    def save(self, path: Path, epoch: int, batches: int = 0, logs=None) -> None:
        """Write the training to a file, all or nothing.

        Args:
            path: of the file.
            epoch: how many epochs are done.
            batches: how many batches of the next one.
            logs: what is known after these.

        Raises:
            OSError: where the file cannot be written; what stood there before is whole.
        """
        arrays: dict[str, np.ndarray] = {}
        start = self._start if batches else random_numbers(self.shuffler)
        metrics = [v.value for v in self._metrics()] if batches else []
        record = {
            "epoch": epoch,
            "batches": batches,
            "logs": _lift(logs or {}, "logs", arrays),
            "metrics": _lift(metrics, "metrics", arrays),
            "stopped": bool(self.trainer.stop_training),
            "form": self._form(),
            "random": _lift(start, "random", arrays),
            "callbacks": _lift([c.get_state() for c in self.callbacks], "callbacks", arrays),
        }
        for name, leaf in self._arrays().items():
            arrays[name] = np.array(leaf, order="C")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_tensors(path, arrays, {"cello": json.dumps(record)})
        except Exception as error:
            error.add_note(
                f"{self.model}.fit could not save the training to {path}. The weights after "
                f"{epoch} epochs are kept in the model, and what was saved before is whole: make "
                "room, or name another folder, and call fit again."
            )
            raise

    def restore(self, path: Path) -> int | None:
        """Go back to what a file holds; the number of epochs done, or `None` without a file.

        Raises:
            ValueError: for a damaged file, or one of another model or data; before anything is
                changed.
        """
        check_same({"whether there is a training to resume": path.exists()}, "the start of fit")
        if not path.exists():
            return None
        try:
            saved, arrays = _read(path)
            self._check_form(saved["form"], path, within=saved["batches"] > 0)
            self._check(saved, arrays)
        except OtherTraining:
            raise
        except (SafetensorError, ValueError) as error:
            raise ValueError(
                f"{path} is no whole file of a training: {clean_text(error, 600)}. Remove it to "
                "start anew."
            ) from None
        for callback, state in zip(self.callbacks, saved["callbacks"], strict=True):
            callback.set_state(state)
        self.feed.skip(len(self.trainer.history.epoch))
        for name, assign in self._places().items():
            assign(arrays[name])
        leaves, structure = jax.tree.flatten(self.trainer.optimizer.state)
        state = [arrays[f"optimizer/{i}"] for i in range(len(leaves))]
        self.trainer.optimizer.state = jax.tree.unflatten(structure, map(_like, state, leaves))
        restore_random_numbers(saved["random"], self.shuffler)
        self.batches, self.logs = saved["batches"], saved["logs"]
        for variable, value in zip(self._metrics(), saved["metrics"], strict=False):
            variable.assign(value)
        self.trainer.stop_training = saved["stopped"]
        return saved["epoch"]

    def _metrics(self) -> list[Any]:
        return self.trainer.programs.variables()[2]

    def _places(self) -> dict[str, Any]:
        """What takes each array of the model."""
        return {f"variables/{i}/{v.name}": v.assign for i, v in enumerate(self.model.variables)}

    def _arrays(self) -> dict[str, Any]:
        variables = {f"variables/{i}/{v.name}": v.value for i, v in enumerate(self.model.variables)}
        leaves = jax.tree.leaves(self.trainer.optimizer.state)
        return variables | {f"optimizer/{i}": leaf for i, leaf in enumerate(leaves)}

    def _form(self) -> dict[str, Any]:
        """What must be the same for a training to go on."""
        shapes = {name: f"{a.dtype} {list(a.shape)}" for name, a in self._arrays().items()}
        return {
            "optimizer": type(self.trainer.optimizer).__name__,
            "batches an epoch": self.feed.steps,
            "metrics": self.model.metrics_names,
            "callbacks": [type(c).__name__ for c in self.callbacks],
            **shapes,
        }

    def _check(self, saved: dict[str, Any], arrays: dict[str, np.ndarray]) -> None:
        """Refuse what could not be restored, or trained on with."""
        for name, own in self._arrays().items():
            _check_array(name, arrays.get(name), own)
        if saved["batches"]:
            if self.feed.steps is not None and saved["batches"] > self.feed.steps:
                raise ValueError(f"{saved['batches']} batches of {self.feed.steps} are done")
            values = dict(enumerate(saved["metrics"]))
            for i, variable in enumerate(self._metrics()):
                _check_array(f"metrics/{i}", values.get(i), variable.value)
        check_random_numbers(saved["random"], self.shuffler)
        if len(saved["callbacks"]) != len(self.callbacks):
            raise ValueError("it has not the state of every callback")
        for callback, state in zip(self.callbacks, saved["callbacks"], strict=True):
            try:
                callback.check_state(state)
            except ValueError as error:
                raise ValueError(f"the state of {type(callback).__name__}: {error}") from None
            done = state["epoch"] if callback is self.trainer.history else []
            if done and done[-1] + 1 != saved["epoch"]:
                raise ValueError("its history ends before the training, or behind it")

    def _check_form(self, form: dict[str, Any], path: Path, within: bool) -> None:
        own = self._form()
        if not within:  # each epoch begins its metrics anew
            form = {**form, "metrics": own["metrics"]}
        for name in dict.fromkeys([*own, *form]):
            if own.get(name) != form.get(name):
                raise OtherTraining(
                    f"{self.model}.fit: {path} holds another training, which this one cannot "
                    f"resume: {name} is {form.get(name)} there and {own.get(name)} here. Name "
                    "another folder, or remove it to start anew."
                )


class BackupAndRestore(Callback):
    """Save the training while it goes on; start from what was saved.

    Killed at any moment, the same program goes on from the last save and ends with the weights, the
    history and the random numbers of an undisturbed run, bit for bit on one CPU. All of it is part
    of the file: the optimiser's state, the order of the data, the keys of dropout, the states of
    stateful layers, the metrics, what the callbacks remember, the random numbers of NumPy, Python
    and PyTorch. What else an iterable of batches goes by is not: with a generator of its own it
    must give the batches of an epoch anew each time it is started.

    `fit(resume="folder")` does the same, and leaves the file there: called once more after the
    end, `fit` gives the history without training.

    Args:
        backup_dir: the folder of the file.
        save_freq: "epoch", or after how many batches to save within an epoch too; it happens at the
            end of the call that reaches them, which takes about 0.1 s.
        double_checkpoint: accepted as in Keras; a file is always replaced as a whole, so that one
            is never lost by the writing of the next.
        delete_checkpoint: whether to remove the file when the training has ended well.

    Raises:
        ValueError: in `fit`, if the file is damaged, or holds the training of another model, by
            another optimiser, on other data or with other callbacks.
    """

    def __init__(
        self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True
    ):
        super().__init__()
        if save_freq != "epoch" and (not isinstance(save_freq, int) or save_freq < 1):
            raise ValueError(
                "BackupAndRestore: save_freq must be 'epoch' or a number of batches. Received: "
                f"save_freq={save_freq!r}"
            )
        if not isinstance(backup_dir, (str, os.PathLike)):
            raise ValueError(
                "BackupAndRestore, fit(resume=...): the folder must be a path. Received: "
                f"{backup_dir!r}"
            )
        self.save_freq = self._next = save_freq
        self.path = Path(os.fspath(backup_dir)) / FILE
        self.delete_checkpoint = delete_checkpoint

    def restore(self, run: Run) -> int | None:
        """Called by `fit` before the first epoch; the number of epochs that are done."""
        if self.path.parent.exists() and not self.path.parent.is_dir():
            raise NotADirectoryError(
                f"{run.model}.fit: {str(self.path.parent)!r} is a file, and the training is saved "
                "in a folder: name another one."
            )
        return run.restore(self.path)

    def save(self, run: Run, epoch: int) -> None:
        """Called by `fit` after each epoch and all other callbacks."""
        run.save(self.path, epoch)
        self._next = self.save_freq

    def save_within(self, run: Run, epoch: int, batches: int, logs) -> None:
        """Called by `fit` when so many batches of an epoch are done."""
        if self.save_freq != "epoch" and batches >= self._next:
            run.save(self.path, epoch, batches, logs)
            self._next = batches + self.save_freq

    def on_train_end(self, logs=None):
        if self.delete_checkpoint and is_first():
            self.path.unlink(missing_ok=True)


def _read(path: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What `Run.save` wrote, and its arrays by name; each part of the kind that it should be.

    Raises:
        SafetensorError, ValueError: where it is not.
    """
    with safe_open(path, "numpy") as file:
        record = parse_json((file.metadata() or {}).get("cello", ""))
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    saved = {}
    for name, kind in _PARTS.items():
        value = _lower(record.get(name), arrays)
        try:
            saved[name] = kind(value)
        except ValueError as error:
            raise ValueError(f"its {name!r} must be {error}") from None
    return saved, arrays


_PARTS: dict[str, Any] = {
    "epoch": count,
    "batches": count,
    "logs": instance(dict),
    "metrics": instance(list),
    "stopped": boolean,
    "form": instance(dict),
    "random": instance(dict),
    "callbacks": instance(list),
}


def _check_array(name: str, array, own) -> None:
    own = np.asarray(own)
    if not isinstance(array, np.ndarray) or (array.shape, array.dtype) != (own.shape, own.dtype):
        raise ValueError(f"its {name!r} is not the array that the training has there")


def _like(value, leaf):
    return jax.numpy.asarray(value, jax.numpy.asarray(leaf).dtype)


def _lift(value, name: str, arrays: dict[str, np.ndarray]):
    """`value` as JSON can write it, its arrays put into `arrays`."""
    if isinstance(value, dict):
        return {k: _lift(v, f"{name}/{k}", arrays) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_lift(v, f"{name}/{i}", arrays) for i, v in enumerate(value)]
    if isinstance(value, (np.ndarray, jax.Array)):
        arrays[name] = np.array(value, order="C")
        return {"an array": name}
    return value.item() if isinstance(value, np.generic) else value


def _lower(value, arrays: dict[str, np.ndarray]):
    """What `_lift` was given; tuples as lists."""
    if isinstance(value, dict):
        if set(value) == {"an array"}:
            name = value["an array"]
            if not isinstance(name, str) or name not in arrays:
                raise ValueError(f"it lacks the array {name!r}")
            return arrays[name]
        return {k: _lower(v, arrays) for k, v in value.items()}
    return [_lower(v, arrays) for v in value] if isinstance(value, list) else value
