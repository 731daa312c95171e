"""What `Layer.add_loss` adds in a call that no compiled program and no graph makes.

A program keeps it in its `Binding`. Elsewhere each layer has what it added in the last outermost
call that it took part in, until it adds in another one.
"""

from __future__ import annotations

import contextvars
import itertools
import weakref
from collections.abc import Iterable
from typing import Any

from cello.core.variable import current_binding

_call: contextvars.ContextVar[int | None] = contextvars.ContextVar("call", default=None)
_numbers = itertools.count(1)
_begun: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
_added: weakref.WeakKeyDictionary[Any, tuple[int, list[Any]]] = weakref.WeakKeyDictionary()


def begin_call(layer) -> contextvars.Token | None:
    """Number a call of `layer`, if it is an outermost one."""
    if current_binding() is not None or _call.get() is not None:
        return None
    _begun[layer] = next(_numbers)
    return _call.set(_begun[layer])


def end_call(token: contextvars.Token | None) -> None:
    if token is not None:
        _call.reset(token)


def keep_added(layer, value) -> None:
    """Keep what `layer` adds to the loss of the call that is being made."""
    number = _call.get() or 0
    if _added.get(layer, (None,))[0] != number:
        _added[layer] = number, []
    _added[layer][1].append(value)


def last_added(layer, layers: Iterable[Any]) -> list[Any]:
    """What `layers`, those in `layer`, added in the last call of them."""
    if current_binding() is not None:
        return []
    found = [_added[each] for each in layers if each in _added]
    last = max([_begun.get(layer, 0), *(number for number, _ in found)])
    return [value for number, values in found if number == last for value in values]
