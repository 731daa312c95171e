"""The names that a program gives to its own classes and functions, for configurations."""

from __future__ import annotations

import contextlib
import contextvars
from typing import Any

_registered: dict[str, Any] = {}
_names: dict[Any, str] = {}
_custom: contextvars.ContextVar[dict[str, Any]] = contextvars.ContextVar(
    "custom",
    default={},  # noqa: B039 - never changed: a scope sets a new dict
)


def register_serializable(package: str = "Custom", name: str | None = None):
    """A decorator that lets files name a class or function of your own, as `package>name`.

    ::

        @cello.saving.register_serializable(package="acme")
        class MyCell(cello.layers.Layer):
            ...

    Where the program that opens a file has registered the same name, `load_model` needs no
    `custom_objects`. Keras' `register_keras_serializable` with the same names opens it there.

    Args:
        package: the first half of the name: your project's.
        name: the second half; that of the class or function where `None`.

    Raises:
        ValueError: where another object has the name already.
    """

    def decorate(thing):
        full = f"{package}>{name or thing.__name__}"
        known = _registered.get(full)
        if known is not None and known.__qualname__ != thing.__qualname__:
            raise ValueError(f"{full!r} is registered already, for {known!r}: take another name.")
        _registered[full] = thing
        _names[thing] = full
        return thing

    return decorate


@contextlib.contextmanager
def custom_object_scope(objects: dict[str, Any] | None):
    """Within it, `objects` (name to class or function) can be named in a configuration."""
    token = _custom.set({**_custom.get(), **(objects or {})})
    try:
        yield
    finally:
        _custom.reset(token)


def custom_object(name: str) -> Any:
    """The class or function that the caller, or the program, named so; or `None`."""
    return _custom.get().get(name) or _registered.get(name)


def get_custom_objects() -> dict[str, Any]:
    """What the program registered, by name; what is put into the dict can be named as well."""
    return _registered


def get_registered_name(thing) -> str:
    """The name under which a class or function is registered; else its own."""
    return _names.get(thing, thing.__name__)


def get_registered_object(
    name: str,
    custom_objects: dict[str, Any] | None = None,
    module_objects: dict[str, Any] | None = None,
) -> Any:
    """The class or function of a name, registered or in one of the dicts; `None` if in none."""
    tables = {**(module_objects or {}), **(custom_objects or {})}
    return custom_object(name) or tables.get(name)


register_keras_serializable = register_serializable
CustomObjectScope = custom_object_scope
