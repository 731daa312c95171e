"""One declaration an argument: its name, default, check and line of documentation.

A class lists its arguments as class attributes::

    class Dense(Layer):
        units = arg(kind=positive_integer, doc="Number of outputs.")
        use_bias = arg(True, kind=boolean, doc="Whether to add a bias.")

`Declared` derives from them the constructor, the signature that `help()` and a notebook show, the
"Args" section of the docstring and the messages for bad values; `serialization.Configurable` the
configuration; `make stubs` what editors and type checkers see. A class may still write its own
`__init__`, as in Keras.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from cello.core.kinds import nearest

REQUIRED = inspect.Parameter.empty


class Argument:
    """A declared constructor argument; see `arg`."""

    __slots__ = ("default", "doc", "keyword_only", "kind", "name")

    def __init__(self, default, kind=None, doc="", keyword_only=False, name=""):
        self.name = name
        self.default = default
        self.kind = kind
        self.doc = doc
        self.keyword_only = keyword_only

    def __set_name__(self, owner, name):
        self.name = name

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
) -> Any:
    """Declare a constructor argument.

    Args:
        default: the default value; without one, the argument is required.
        kind: a function that takes what the user passed and returns what is stored. It raises
            `ValueError` with a description of what is allowed ("a positive integer").
        doc: one line of documentation.
        keyword_only: whether the argument can only be passed by name.
    """
    return Argument(default, kind, doc, keyword_only)


def _named_parameters(init) -> list[inspect.Parameter]:
    """The parameters of a constructor; none if it only passes all on."""
    parameters = list(inspect.signature(init).parameters.values())[1:]
    passing_on = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return parameters if any(p.kind not in passing_on for p in parameters) else []


# --------------------------------------------------------------------------- Declared


class Declared:
    """Base of every object that is built from declared arguments.

    `declared` maps the name of each argument to its `Argument`, in the constructor's order: those
    without a default, those that `argument_order` names, the class' own, the inherited ones. What
    is declared anew keeps its place. An argument to which a class gives a value is fixed there, and
    no argument of it (what is passed by name only stays).
    """

    declared: dict[str, Argument] = {}
    _takes = inspect.Signature()
    argument_order = ""
    """Names of arguments with spaces between: the order of Keras. It is inherited; those that a
    class does not have are skipped."""
    _own_doc: str | None = None
    _constructor_call: tuple[tuple, dict[str, Any]]
    _ignored_arguments: dict[str, tuple | None] = {}
    """What Keras' constructor takes and means nothing here: accepted, not stored. To each name
    belong the values that are taken, since others would change results; `None`: every value."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._ignored_arguments = {
            name: values
            for base in reversed(cls.__mro__)
            for name, values in vars(base).get("_ignored_arguments", {}).items()
        }
        inherited = next(vars(b)["declared"] for b in cls.__mro__[1:] if "declared" in vars(b))
        own = {name: value for name, value in vars(cls).items() if isinstance(value, Argument)}
        kept = {
            name: own.get(name, argument)
            for name, argument in inherited.items()
            if name in own or name not in vars(cls) or argument.keyword_only
        }
        cls._declare({name: a for name, a in own.items() if name not in kept} | kept)

    @classmethod
    def _declare(cls, arguments: dict[str, Argument]):
        """Take `arguments` as those of the constructor, in `argument_order` and then in this."""
        first = [name for name in cls.argument_order.split() if name in arguments]
        ordered = [arguments[name] for name in dict.fromkeys([*first, *arguments])]
        ordered.sort(key=lambda a: (a.keyword_only, a.default is not REQUIRED))
        cls.declared = {a.name: a for a in ordered}
        cls._takes = inspect.Signature([a.parameter for a in ordered])
        parameters = _named_parameters(cls.__init__)
        parameters = parameters or [a.parameter for a in cls.declared.values()]
        cls.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        own_doc = vars(cls).get("_own_doc") or vars(cls).get("__doc__")
        if own_doc and "\nArgs:" not in own_doc:
            lines = [f"    {a.name}: {a.doc}" for a in cls.declared.values() if a.doc]
            cls._own_doc = own_doc
            cls.__doc__ = inspect.cleandoc(own_doc) + "\n\nArgs:\n" + "\n".join(lines)

    @classmethod
    def constructor_arguments(cls) -> dict[str, Argument]:
        """The declared arguments, behind those that an `__init__` of its own names."""
        own = cls.__signature__.parameters.values()  # type: ignore[attr-defined]
        named = [p for p in own if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        return {p.name: Argument(p.default, name=p.name) for p in named} | cls.declared

    def __new__(cls, *args, **kwargs):
        instance = super().__new__(cls)
        instance._constructor_call = (args, kwargs)
        return instance

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        cls = type(self)
        for name in [n for n in kwargs if n in cls._ignored_arguments]:
            cls._ignore(name, kwargs.pop(name))
        try:
            bound = cls._takes.bind(*args, **kwargs)
        except TypeError as error:
            unknown = next((k for k in kwargs if k not in cls.declared), None)
            hint = nearest(unknown, cls.declared) if unknown else ""
            for name in cls.declared:  # `lr` is what Keras called `learning_rate`
                if not hint and unknown == "".join(word[0] for word in name.split("_") if word):
                    hint = f'. Did you mean "{name}"?'
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

    def __repr__(self):
        changed = [
            f"{name}={getattr(self, name, None)!r}"
            for name, argument in type(self).declared.items()
            if argument.default is REQUIRED or getattr(self, name, None) != argument.default
        ]
        return f"{type(self).__name__}({', '.join(changed)})"
