"""Objects to plain configurations and back, through closed tables of names.

`{"module": "layers", "class_name": "LSTM", "config": {...}}` stands for an object. A name is looked
up in the table that the library fills and in the `custom_objects` that a caller passes; nothing is
ever imported or evaluated because a configuration says so.
"""

from __future__ import annotations

import contextlib
import contextvars
from typing import Any

from cello.core.arguments import Configurable
from cello.core.kinds import nearest

_classes: dict[tuple[str, str], Any] = {}
_custom: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar(
    "custom",
    default={},  # noqa: B039 - never changed: a scope sets a new dict
)


def register(cls: type) -> type:
    """Make a class of the library known to `deserialize`."""
    _classes[_module(cls), cls.__name__] = cls
    return cls


def _module(cls: type) -> str:
    """The part of the library that a class is from: "layers", "losses"; "" for a user's class."""
    parts = cls.__module__.split(".")
    return parts[1] if parts[0] == "cello" else ""


@contextlib.contextmanager
def custom_object_scope(objects: dict[str, Any] | None):
    """Within it, `objects` (name to class or function) can be named in a configuration."""
    token = _custom.set({**_custom.get(), **(objects or {})})
    try:
        yield
    finally:
        _custom.reset(token)


def custom_object(name: str) -> Any:
    """The class or function that the caller named so, or `None`."""
    return _custom.get().get(name)


def serialize(value: Any) -> Any:
    """`value` as JSON-like data."""
    if isinstance(value, Configurable):
        cls = type(value)
        config = value.get_config()
        return {"module": _module(cls), "class_name": cls.__name__, "config": config}
    if isinstance(value, dict):
        return {k: serialize(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [serialize(v) for v in value]
    if hasattr(value, "tolist"):  # a NumPy or JAX array or scalar
        return value.tolist()
    if callable(value):
        return getattr(value, "__name__", repr(value))
    return value


def deserialize(value: Any) -> Any:
    """The object that `serialize` described; anything else is returned as it is."""
    if isinstance(value, dict) and set(value) >= {"class_name", "config"}:
        name, module = value["class_name"], value.get("module", "")
        cls = _custom.get().get(name) or _classes.get((module, name))
        if cls is None:
            close = nearest(name, [known for where, known in _classes if where == module])
            raise ValueError(
                f"Unknown class {name!r} in a configuration{close or '.'} "
                f"Pass your own classes by name: custom_objects={{{name!r}: {name}}}."
            )
        return cls.from_config(value["config"])
    if isinstance(value, dict):
        return {k: deserialize(v) for k, v in value.items()}
    if isinstance(value, list):
        return [deserialize(v) for v in value]
    return value


class Registry:
    """Functions and classes that a user may name by a string, such as `"tanh"` or `"adam"`.

    Args:
        what: what the entries are, for messages ("activation").
        entries: name to function or class.
        accepts: a predicate for objects that may be passed as they are.
    """

    def __init__(self, what: str, entries: dict[str, Any], accepts=callable):
        self.what = what
        self.entries = entries
        self.accepts = accepts
        self.module = ""
        for entry in entries.values():
            if isinstance(entry, type):
                register(entry)
                self.module = _module(entry)

    def get(self, identifier):
        """The entry that a name, a configuration or an object stands for."""
        if isinstance(identifier, dict) and "class_name" in identifier:
            return deserialize({"module": self.module, **identifier})
        if isinstance(identifier, type) and issubclass(identifier, Configurable):
            return identifier()
        if isinstance(identifier, str):
            entry = custom_object(identifier) or self.entries.get(identifier)
            if entry is None:
                raise ValueError(
                    f"the name of a known {self.what}{nearest(identifier, self.entries)}"
                )
            return entry() if isinstance(entry, type) else entry
        if self.accepts(identifier):
            return identifier
        raise ValueError(f"the name of a known {self.what}, or a function")
