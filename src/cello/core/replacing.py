"""Looking inside: an attribute of an object that is another one for a while."""

from __future__ import annotations

import contextlib


@contextlib.contextmanager
def replaced(owner, name: str, value):
    """Within it, `owner.name` is `value`, whatever its class or it itself has there."""
    before = {name: vars(owner)[name]} if name in vars(owner) else {}
    setattr(owner, name, value)
    try:
        yield
    finally:
        delattr(owner, name)
        vars(owner).update(before)
