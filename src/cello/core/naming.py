"""Names: `lstm`, `lstm_1`, ... for layers; `model/lstm/kernel` for variables."""

from __future__ import annotations

import collections
import contextlib
import contextvars
import re

_counts: collections.Counter[str] = collections.Counter()
_scope: contextvars.ContextVar[tuple[str, ...]] = contextvars.ContextVar("scope", default=())


def snake_case(name: str) -> str:
    """`LSTMCell` -> `lstm_cell`, `Conv1D` -> `conv1d`, as Keras names layers."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(prefix: str) -> str:
    """`prefix`, then `prefix_1`, `prefix_2`, ..."""
    count = _counts[prefix]
    _counts[prefix] += 1
    return prefix if count == 0 else f"{prefix}_{count}"


def forget_names() -> None:
    """Start counting anew, as in a fresh process."""
    _counts.clear()


@contextlib.contextmanager
def name_scope(name: str):
    """Within it, the path of a new variable continues with `name`."""
    token = _scope.set((*_scope.get(), name))
    try:
        yield
    finally:
        _scope.reset(token)


def add_scope(name: str) -> str:
    """The path of something called `name` that is made here."""
    return "/".join((*_scope.get(), name))
