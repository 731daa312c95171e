"""The hooks that training calls, and calling them on several callbacks."""

from __future__ import annotations

import contextlib
import contextvars
from collections.abc import Collection
from typing import Any

import jax
import numpy as np

from cello.distribution.processes import is_first

_kept: contextvars.ContextVar[list[str] | None] = contextvars.ContextVar("kept", default=None)


def say(sentence: str) -> None:
    """Print what a callback has to say: at the end of an epoch, behind the line of the epoch.

    Of several processes only the first one speaks.
    """
    kept = _kept.get()
    if kept is not None:
        kept.append(sentence)
    elif is_first():
        print(sentence)


@contextlib.contextmanager
def speaking_later():
    """Within it, what callbacks say is kept, and printed at its end."""
    kept: list[str] = []
    token = _kept.set(kept)
    try:
        yield
    finally:
        _kept.reset(token)
        for sentence in kept:
            say(sentence)


class Callback:
    """Base of all callbacks: override the hooks that you need.

    Attributes:
        model: the model that is trained.
        params: `{"epochs": ..., "steps": ..., "verbose": ...}`; `steps` is `None` where unknown.

    `logs` is a dict of floats: the running averages of this epoch so far, empty at a begin. A
    callback that overrides a hook for training batches makes training go batch by batch, so that it
    sees (and can change) the model of that very batch; else several batches are computed in one
    call, and `on_train_chunk_end` tells of each.
    Set `self.model.stop_training = True` to end the training.
    """

    memory: Collection[str] = ()
    """Names of the attributes that change during the training and decide what comes: numbers,
    arrays, lists and dicts of them. They are saved and restored with a training. In a dict each
    has its kind, as those of `cello.kinds`: what else a file has there is refused."""

    def __init__(self):
        self.model: Any = None
        self.params: dict[str, Any] = {}

    def set_model(self, model):
        self.model = model

    def set_params(self, params):
        self.params = params

    def get_state(self) -> dict[str, Any]:
        """What it remembers; see `BackupAndRestore`."""
        return {name: getattr(self, name) for name in self.memory}

    def check_state(self, state: dict[str, Any]) -> None:
        """Raise `ValueError` for a state from a file that `get_state` never gives."""
        own = type(self).get_state is not Callback.get_state
        if not isinstance(state, dict) or not (own or set(state) == set(self.memory)):
            raise ValueError(f"it must be a dict of {list(self.memory)}")
        if own:
            return
        for name, kind in self.memory.items() if isinstance(self.memory, dict) else ():
            try:
                kind(state[name])
            except ValueError as error:
                raise ValueError(f"{name!r} must be {error}") from None

    def set_state(self, state: dict[str, Any]) -> None:
        """Remember what `get_state` gave."""
        for name, value in state.items():
            setattr(self, name, value)

    def on_train_begin(self, logs=None):
        """At the start of `fit`."""

    def on_train_end(self, logs=None):
        """At the end of `fit`; not where an error ended it."""

    def on_epoch_begin(self, epoch, logs=None):
        """Before an epoch; `epoch` counts from 0."""

    def on_epoch_end(self, epoch, logs=None):
        """After an epoch and its validation; what is put into `logs` is kept in the `History`."""

    def on_train_batch_begin(self, batch, logs=None):
        """Before a training batch."""
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch, logs=None):
        """After a training batch."""
        self.on_batch_end(batch, logs)

    def on_batch_begin(self, batch, logs=None):
        """The older name of `on_train_batch_begin`."""

    def on_batch_end(self, batch, logs=None):
        """The older name of `on_train_batch_end`."""

    def on_train_chunk_end(self, batch, logs=None):
        """After training batches that were computed in one call; it slows nothing down.

        The model may be ahead by then: the next ones may run already.

        Args:
            batch: the number of the first of them.
            logs: name to array, with what the running average was after each batch.
        """

    def on_test_begin(self, logs=None):
        """At the start of `evaluate` or of a validation."""

    def on_test_end(self, logs=None):
        """At its end."""

    def on_test_batch_begin(self, batch, logs=None):
        """Before a batch of it."""

    def on_test_batch_end(self, batch, logs=None):
        """After a batch of it."""

    def on_predict_begin(self, logs=None):
        """At the start of `predict`."""

    def on_predict_end(self, logs=None):
        """At its end."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Before a batch of it."""

    def on_predict_batch_end(self, batch, logs=None):
        """After a batch of it."""


def check_shapes(name: str, arrays: list[Any], variables: list[Any]) -> None:
    """Raise `ValueError` for arrays, from a file, that the variables cannot take."""
    found = [
        v.shape if isinstance(v, np.ndarray) and v.dtype.kind in "biufV" else v for v in arrays
    ]
    if found != [v.shape for v in variables]:
        raise ValueError(f"{name!r} must be arrays of the shapes {[v.shape for v in variables]}")


BATCH_HOOKS = {
    "train": ("on_train_batch_begin", "on_train_batch_end", "on_batch_begin", "on_batch_end"),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class CallbackList:
    """Callbacks called one after the other.

    Args:
        callbacks: one, or a list of them that may have lists in it, or `None`.
        model: the model that they are to see.
        params: what they are to know of the training.
    """

    def __init__(self, callbacks, model, params):
        self.callbacks = jax.tree.leaves(callbacks)
        for callback in self.callbacks:
            if not isinstance(callback, Callback):
                raise ValueError(
                    f"A callback must be a cello.callbacks.Callback, not {callback!r}."
                )
        for callback in self.callbacks:
            callback.set_params(params)
            callback.set_model(model)

    def call(self, hook: str, *args, logs=None) -> None:
        """Call `on_<hook>` of each; without logs it gets an empty dict. An error says in which."""
        for callback in self.callbacks:
            try:
                getattr(callback, f"on_{hook}")(*args, {} if logs is None else logs)
            except Exception as error:
                where = f"on_{hook}({', '.join(map(str, args))})"
                error.add_note(f"This came from the callback {type(callback).__name__}, {where}.")
                raise

    def watches_batches(self, mode: str) -> bool:
        """Whether one of them overrides a hook for the batches of "train", "test" or "predict"."""
        return any(
            getattr(type(c), hook) is not getattr(Callback, hook) or hook in vars(c)
            for c in self.callbacks
            for hook in BATCH_HOOKS[mode]
        )
