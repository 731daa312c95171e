"""Objects to plain configurations and back, in Keras' form, through closed tables of names.

An object is `{"module": "keras.layers", "class_name": "LSTM", "config": {...},
"registered_name": None}`. A name is looked up among the classes of the library, those that a
program registered with `register_serializable`, and the `custom_objects` that a caller passes.
Nothing is ever imported or evaluated because a configuration says so.
"""

from __future__ import annotations

import contextlib
import contextvars
import inspect
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import Declared
from cello.core.keras_names import KERAS_NAMES
from cello.core.kinds import nearest
from cello.core.loading import current_loading
from cello.core.registration import custom_object, custom_object_scope, get_registered_name

_classes: dict[tuple[str, str], Any] = {}
_seen: contextvars.ContextVar[dict[int, dict] | None] = contextvars.ContextVar("seen", default=None)

KINDS = ("layers", "initializers", "regularizers", "constraints", "losses", "metrics", "optimizers")


class Configurable(Declared):
    """Base of every object that has a configuration: its constructor's arguments."""

    keras_name: tuple[str, str]
    """Module and name in Keras' files, if they are not those that `KERAS_NAMES` says."""
    _not_in_config: tuple[str, ...] = ()
    """Arguments that only say how to start; `get_config` leaves them out."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values: `type(self).from_config` takes them."""
        names = [name for name in type(self).declared if name not in self._not_in_config]
        values = {name: getattr(self, name) for name in names}
        values.update(self._own_constructor_arguments())
        return {name: serialize(value) for name, value in values.items()}

    def _own_constructor_arguments(self) -> dict[str, Any]:
        """What a class with an `__init__` of its own was called with."""
        args, kwargs = self._constructor_call
        init = type(self).__init__
        bound = inspect.signature(init).bind(self, *args, **kwargs)
        bound.apply_defaults()
        own: dict[str, Any] = {}
        for name, value in list(bound.arguments.items())[1:]:
            style = bound.signature.parameters[name].kind
            if style is inspect.Parameter.VAR_KEYWORD:
                own.update(value)
            elif style is not inspect.Parameter.VAR_POSITIONAL:
                own[name] = value
        known = {*type(self).declared, *type(self)._ignored_arguments}
        return {k: v for k, v in own.items() if k not in known}

    @classmethod
    def from_config(cls, config: dict[str, Any]):
        """The object that `config`, made by `get_config`, describes."""
        return cls(**{name: deserialize(value) for name, value in config.items()})


# ------------------------------------------------------------------------------ the names


def register(cls: type) -> type:
    """Make a class of the library known to `deserialize`."""
    for module, name in ((cls.__module__, cls.__name__), _keras_name(cls)):
        _classes[_kind(module), name] = cls
    return cls


def _kind(module: str | None) -> str:
    """The part of Keras or Cello that a module belongs to: "layers", "losses"; else ""."""
    root, *parts = str(module).split(".")
    if root not in ("keras", "cello", "tf_keras", "tensorflow"):
        return ""
    return next((part for part in parts if part in KINDS), "layers")  # models and cells are layers


def find_class(entry: dict[str, Any]) -> Any:
    """The class that an entry names; `None` if nobody knows it."""
    name, registered = entry["class_name"], str(entry.get("registered_name") or "")
    cls = custom_object(registered) or custom_object(name)
    if cls is None:
        cls = _classes.get((_kind_of(entry), name))
    if cls is None and not entry.get("module"):  # Keras 2 wrote no modules
        cls = next((c for (_, known), c in _classes.items() if known == name), None)
    own = isinstance(cls, type) and hasattr(cls, "get_config")
    return cls if own else None


def _kind_of(entry: dict[str, Any]) -> str:
    return _kind(entry["module"]) if entry.get("module") else ""


def _refuse_unknown(entry: dict[str, Any]):
    name, kind = entry["class_name"], _kind_of(entry)
    where = f" of {entry['module']}" if entry.get("module") and not kind else ""
    close = nearest(name, [known for k, known in _classes if kind in (k, "")])
    raise ValueError(
        f"Unknown class {name!r}{where} in a configuration{close or '.'} "
        f"Pass your own classes by name: custom_objects={{{name!r}: {name}}}."
    )


# -------------------------------------------------------------------- from objects to data


@contextlib.contextmanager
def shared_objects():
    """Within it, an object that `serialize` meets again is marked as the same one."""
    token = _seen.set({})
    try:
        yield
    finally:
        _seen.reset(token)


def serialize(value: Any) -> Any:
    """`value` as JSON-like data."""
    if isinstance(value, Configurable):
        return _entry(value)
    if isinstance(value, dict):
        return {k: serialize(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [serialize(v) for v in value]
    if isinstance(value, slice):
        ends = {"start": value.start, "stop": value.stop, "step": value.step}
        return {"class_name": "__slice__", "config": serialize(ends)}
    if value is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if isinstance(value, (np.ndarray, jax.Array)) and value.ndim:
        form = "__numpy__" if isinstance(value, np.ndarray) else "__tensor__"
        config = {"value": value.tolist(), "dtype": value.dtype.name}
        return {"class_name": form, "config": config}
    if hasattr(value, "tolist"):  # a number of NumPy's or JAX's
        return value.tolist()
    if hasattr(value, "get_config") and not isinstance(value, type):  # a callable object, say
        return {"config": serialize(value.get_config()), **class_entry(type(value))}
    if callable(value):
        return _function_entry(value)
    return value


def _entry(value: Configurable) -> dict[str, Any]:
    cls = type(value)
    entry = {"config": value.get_config(), **class_entry(cls)}
    shapes = getattr(value, "build_shapes", None)
    if shapes is not None:
        entry["build_config"] = shapes
    seen = _seen.get()
    if seen is not None:
        if id(value) in seen:
            seen[id(value)]["shared_object_id"] = entry["shared_object_id"] = id(value)
        seen.setdefault(id(value), entry)
    return entry


def class_entry(cls: type) -> dict[str, Any]:
    """How a class is named: where Keras has the class, as Keras does."""
    if cls.__module__.startswith("cello."):
        module, name = _keras_name(cls)
        registered = None
    else:
        module, name = cls.__module__, cls.__name__
        registered = get_registered_name(cls)
    return {"module": module, "class_name": name, "registered_name": registered}


def _keras_name(cls: type) -> tuple[str, str]:
    """Module and name of a class of the library in files: those of Keras if it has the class."""
    if "keras_name" in vars(cls):
        return vars(cls)["keras_name"]
    kind, name = _kind(cls.__module__), cls.__name__
    return (f"keras.{kind}" if name in KERAS_NAMES.get(kind, ()) else f"cello.{kind}"), name


def _function_entry(function) -> Any:
    """The name of one of the library's functions; a user's own is marked as such."""
    name = getattr(function, "__name__", None)
    if name is None:
        kind = type(function).__name__
        raise TypeError(
            f"A {kind} cannot be named in a configuration: give its class a get_config(), or "
            f"write a function with a name. Received: {function!r}"
        )
    own = get_registered_name(function)
    module = str(getattr(function, "__module__", "")).split(".")[0]
    if own == name and module in ("cello", "jax", "optax"):
        return name
    return {
        "module": "builtins",
        "class_name": "function",
        "config": own,
        "registered_name": "function",
    }


# -------------------------------------------------------------------- from data to objects


def deserialize(value: Any, custom_objects: dict[str, Any] | None = None) -> Any:
    """The object that `serialize` described; anything else is returned as it is.

    Args:
        value: what `serialize` returned.
        custom_objects: name to class or function, for what is not of the library.
    """
    if custom_objects:
        with custom_object_scope(custom_objects):
            return deserialize(value)
    if isinstance(value, list):
        return [deserialize(v) for v in value]
    if not isinstance(value, dict):
        return value
    if not {"class_name", "config"} <= set(value):
        return {k: deserialize(v) for k, v in value.items()}
    if not isinstance(value["class_name"], str):
        raise ValueError(f"The name of a class is a text, and not {value['class_name']!r}.")
    special = _SPECIAL.get(value["class_name"])
    return special(value["config"]) if special else _object(value)


def deserialize_keras_object(config, custom_objects=None, safe_mode: bool = True) -> Any:
    """`deserialize`, under Keras' name; code in a configuration is never run."""
    if safe_mode is not True:
        raise ValueError(f"safe_mode={safe_mode!r} is not possible: give custom_objects.")
    return deserialize(config, custom_objects)


serialize_keras_object = serialize


def _object(entry: dict[str, Any]) -> Any:
    loading, number = current_loading(), entry.get("shared_object_id")
    cls = find_class(entry) or _refuse_unknown(entry)
    if not isinstance(entry["config"], dict):
        raise ValueError(f"The configuration of a {entry['class_name']} is not a dict.")
    if loading is None:
        return _make_object(cls, entry["config"])
    if not isinstance(number, (int, type(None))):
        raise ValueError(f"The shared_object_id {number!r} of a {cls.__name__} is not a number.")
    if number in loading.shared:
        made, count = loading.shared[number]
        if not isinstance(made, cls):
            raise ValueError(f"Object {number} is a {type(made).__name__} and a {cls.__name__}.")
        loading.take("objects", count, cls.__name__)
        return made
    before = loading.left["objects"]
    loading.take("objects", 1, cls.__name__)
    made = _make_object(cls, entry["config"])
    if number is not None:
        loading.shared[number] = made, before - loading.left["objects"]
    return made


def _make_object(cls: Any, config: dict[str, Any]) -> Any:
    """The object of a class; one of the program's own may leave `from_config` out, as in Keras."""
    if hasattr(cls, "from_config"):
        return cls.from_config(config)
    return cls(**{name: deserialize(value) for name, value in config.items()})


def _function(name):
    """The caller's function of a name; or the name, for the tables of the library's functions."""
    found = custom_object(name) if isinstance(name, str) else None
    return found or name


def _refuse_code(config):
    raise ValueError(
        "A configuration holds the code of a lambda, which is never run. Pass the function by the "
        "name of its layer: custom_objects={'name_of_the_layer': function}."
    )


def _array(config):
    dtype = jnp.dtype(config["dtype"])
    if dtype.itemsize > 16 or not (dtype.kind == "b" or jnp.issubdtype(dtype, jnp.number)):
        raise ValueError(f"An array in a configuration is of numbers, and not of {dtype}.")
    return np.asarray(config["value"], dtype)


_SPECIAL: dict[str, Any] = {
    "function": _function,
    "DTypePolicy": lambda config: config["name"],
    "__lambda__": _refuse_code,
    "__slice__": lambda config: slice(config["start"], config["stop"], config["step"]),
    "__ellipsis__": lambda config: Ellipsis,
    "__numpy__": _array,
    "__tensor__": lambda config: jnp.asarray(_array(config)),
}


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
                self.module = f"keras.{_kind(entry.__module__)}"

    def _is_of_another_kind(self, thing) -> bool:
        """Whether it is an object of the library, such as a layer where a loss should be."""
        module = type(thing).__module__
        if not (self.module and isinstance(thing, Configurable) and module.startswith("cello.")):
            return False
        kinds = {_kind(module), _kind(self.module)}
        return len(kinds) == 2 and kinds != {"losses", "metrics"}

    def get(self, identifier):
        """The entry that a name, a configuration or an object stands for."""
        if isinstance(identifier, dict) and "class_name" in identifier:
            identifier = deserialize({"module": self.module, **identifier})
        if isinstance(identifier, type) and issubclass(identifier, Configurable):
            return identifier()
        if isinstance(identifier, str):
            entry = custom_object(identifier) or self.entries.get(identifier)
            if entry is None:
                raise ValueError(
                    f"the name of a known {self.what}{nearest(identifier, self.entries)}"
                )
            return entry() if isinstance(entry, type) else entry
        if self._is_of_another_kind(identifier):
            raise ValueError(f"a known {self.what}, and not a {type(identifier).__name__}")
        if self.accepts(identifier):
            return identifier
        raise ValueError(f"the name of a known {self.what}, or a function")
