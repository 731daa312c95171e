"""One declaration an argument: its name, default, check and line of documentation.

A class lists its arguments as class attributes::

    class Dense(Layer):
        units = arg(kind=positive_integer, doc="Number of outputs.")
        use_bias = arg(True, kind=boolean, doc="Whether to add a bias.")

`Configurable` derives from them the constructor, the signature that `help()` and a notebook
show, the "Args" section of the docstring, the messages for bad values, `get_config` and
`from_config`. A class may still write its own `__init__`, as in Keras.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from cello.core.kinds import nearest

REQUIRED = inspect.Parameter.empty
FIRST = "<first>"
"""`after=FIRST`: in front of the inherited arguments."""


class Argument:
    """A declared constructor argument; see `arg`."""

    __slots__ = ("after", "default", "doc", "keyword_only", "kind", "name")

    def __init__(self, default, kind, doc, keyword_only, after):
        self.name = ""
        self.default = default
        self.kind = kind
        self.doc = doc
        self.keyword_only = keyword_only
        self.after = after

    def __set_name__(self, owner, name):
        self.name = name

    def by_name_only(self) -> Argument:
        """The same argument, to be passed by name only."""
        copy = Argument(self.default, self.kind, self.doc, True, None)
        copy.name = self.name
        return copy

    @property
    def parameter(self) -> inspect.Parameter:
        style = (
            inspect.Parameter.KEYWORD_ONLY
            if self.keyword_only
            else inspect.Parameter.POSITIONAL_OR_KEYWORD
        )
        return inspect.Parameter(self.name, style, default=self.default)


def arg(
    default: Any = REQUIRED,
    *,
    kind: Callable[[Any], Any] | None = None,
    doc: str = "",
    keyword_only: bool = False,
    after: str | None = None,
) -> Any:
    """Declare a constructor argument.

    Args:
        default: the default value; without one, the argument is required.
        kind: a function that takes what the user passed and returns what is stored. It raises
            `ValueError` with a description of what is allowed ("a positive integer").
        doc: one line of documentation.
        keyword_only: whether the argument can only be passed by name.
        after: the inherited argument behind which it stands, or `FIRST`; last where not given.
    """
    return Argument(default, kind, doc, keyword_only, after)


def _named_parameters(init) -> list[inspect.Parameter]:
    """The parameters of an `__init__` of a class's own; none where it only passes all on."""
    if init is None:
        return []
    parameters = list(inspect.signature(init).parameters.values())[1:]
    passing_on = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return parameters if any(p.kind not in passing_on for p in parameters) else []


# ----------------------------------------------------------------------- Configurable


class Configurable:
    """Base of every object that is built from declared arguments.

    `declared` maps the name of each argument to its `Argument`, in the constructor's order.
    """

    declared: dict[str, Argument] = {}
    _own_doc: str | None = None
    _constructor_call: tuple[tuple, dict[str, Any]]
    _ignored_arguments: dict[str, tuple | None] = {}
    """What Keras' constructor takes and means nothing here: accepted, not stored. To each name
    belong the values that are taken, since others would change results; `None`: every value."""
    _not_in_config: tuple[str, ...] = ()
    """Arguments that only say how to start; `get_config` leaves them out."""

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        cls._ignored_arguments = {
            name: values
            for base in reversed(cls.__mro__)
            for name, values in vars(base).get("_ignored_arguments", {}).items()
        }
        inherited = next(vars(b)["declared"] for b in cls.__mro__[1:] if "declared" in vars(b))
        names = list(inherited)
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Argument)}
        for name, argument in own.items():
            if name in names:
                names.remove(name)  # declared anew, it takes its new place
            if argument.after is FIRST:
                place = 0
            else:
                place = names.index(argument.after) + 1 if argument.after else len(names)
            names.insert(place, name)
        cls._declare([own.get(name) or inherited[name] for name in names])

    @classmethod
    def _declare(cls, arguments: list[Argument]):
        """Take `arguments`, in this order, as those of the constructor."""
        ordered = sorted(arguments, key=lambda a: a.keyword_only)
        cls.declared = {a.name: a for a in ordered}
        parameters = _named_parameters(vars(cls).get("__init__"))
        parameters = parameters or [a.parameter for a in ordered]
        cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        own_doc = vars(cls).get("_own_doc") or vars(cls).get("__doc__")
        if own_doc and "\nArgs:" not in own_doc:
            lines = [f"    {a.name}: {a.doc}" for a in ordered if a.doc]
            cls._own_doc = own_doc
            cls.__doc__ = inspect.cleandoc(own_doc) + "\n\nArgs:\n" + "\n".join(lines)

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls)
        instance._constructor_call = (args, kwargs)
        return instance

    def __init__(self, *args, **kwargs):
        cls = type(self)
        for name in [n for n in kwargs if n in cls._ignored_arguments]:
            cls._ignore(name, kwargs.pop(name))
        try:
            bound = inspect.Signature([a.parameter for a in cls.declared.values()]).bind(
                *args, **kwargs
            )
        except TypeError as error:
            unknown = next((k for k in kwargs if k not in cls.declared), None)
            hint = nearest(unknown, cls.declared) if unknown else ""
            raise TypeError(f"{cls.__name__}: {error}{hint}") from None
        self._store(
            {
                name: self._accepted(argument, bound.arguments.get(name, argument.default))
                for name, argument in cls.declared.items()
            }
        )

    @classmethod
    def find_ignored(cls, config: dict[str, Any]) -> list[str]:
        """The arguments in a configuration that mean nothing here."""
        return [name for name in config if name in cls._ignored_arguments]

    @classmethod
    def _ignore(cls, name: str, value) -> None:
        """Pass over an argument of Keras' that means nothing here."""
        harmless = cls._ignored_arguments[name]
        if harmless is not None and value not in harmless:
            raise ValueError(
                f"{cls.__name__}: {name}={value!r} would change the results and is not supported; "
                f"only {name}={harmless[0]!r} is."
            )

    def _store(self, values: dict[str, Any]) -> None:
        """Keep the accepted arguments: as attributes."""
        for name, value in values.items():
            setattr(self, name, value)

    @classmethod
    def _accepted(cls, argument: Argument, value):
        if argument.kind is None:
            return value
        try:
            return argument.kind(value)
        except ValueError as error:
            stop = "" if str(error).endswith("?") else "."
            raise ValueError(
                f"{cls.__name__}: {argument.name} must be {error}{stop} "
                f"Received: {argument.name}={value!r}"
            ) from None

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments as plain values: `type(self).from_config` takes them."""
        from cello.core.serialization import serialize

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
        from cello.core.serialization import deserialize

        return cls(**{name: deserialize(value) for name, value in config.items()})

    def __repr__(self):
        changed = [
            f"{name}={getattr(self, name, None)!r}"
            for name, argument in type(self).declared.items()
            if argument.default is REQUIRED or getattr(self, name, None) != argument.default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"
