"""One thread at a time trains a model: two would each lose what the other has done."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_lock = threading.Lock()
_users: dict[int, int] = {}  # by the id of a trainer, while one of its methods runs


def in_one_thread(
    method: Callable[Concatenate[Any, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """A method of a trainer that refuses to run while another thread is in one of these."""

    @functools.wraps(method)
    def run(trainer, *args: P.args, **kwargs: P.kwargs) -> R:
        me, key = threading.get_ident(), id(trainer)
        with _lock:
            outermost = key not in _users  # else within another of these, called by a callback
            user = _users.setdefault(key, me)
        if user != me:
            raise RuntimeError(
                f"{trainer.model}.{method.__name__}: another thread trains or evaluates this "
                "model, and steps or metrics would be lost: let one thread do it, or give each a "
                "model of its own, copy.deepcopy(model)."
            )
        try:
            return method(trainer, *args, **kwargs)
        finally:
            if outermost:
                del _users[key]

    return run
