"""What a public module says of a name that it has not: what Keras' name is here, or a nearest one.

An attribute that is missing is asked of the module's `__getattr__` (PEP 562). What an import misses
is looked for as a module by `from cello.layers import Name` as well, and last at `_Finder`: that is
the only place from which a sentence reaches an import.
"""

from __future__ import annotations

import sys
from types import ModuleType

from cello.core.keras_missing import instead_of
from cello.core.kinds import nearest

_explained: dict[str, ModuleType] = {}


def explain_missing(module: ModuleType) -> None:
    """Let a public module, and those that it shows, answer for a name that is missing."""
    _explained[module.__name__] = module

    def missing_attribute(name: str):
        raise AttributeError(
            _sentence(module, name) or f"module {module.__name__!r} has no attribute {name!r}",
            name=name,
        )

    vars(module).update(__getattr__=missing_attribute)
    vars(module).setdefault("__path__", [])  # else an import looks for no module in it
    for name in vars(module).get("__all__", []):
        inner = vars(module)[name]
        if isinstance(inner, ModuleType) and inner.__name__ == f"{module.__name__}.{name}":
            explain_missing(inner)


def _sentence(module: ModuleType, name: str) -> str | None:
    """What to write in place of a name; `None` where nobody knows."""
    if name.startswith("_"):
        return None
    full = f"{module.__name__}.{name}".partition(".")[2]
    advice = instead_of(full)
    if advice is not None:
        return f"Keras has {full}, Cello has not: {advice}."
    hint = nearest(name, vars(module).get("__all__", [])).removeprefix(". ")
    return f"Neither Cello nor Keras has {full}. {hint}" if hint else None


class _Finder:
    """The last of the finders of modules: raises for what Cello can explain, finds nothing."""

    @staticmethod
    def find_spec(fullname, path=None, target=None):
        parent, _, name = fullname.rpartition(".")
        sentence = _sentence(_explained[parent], name) if parent in _explained else None
        if sentence is None:
            return None
        if parent == "cello":  # no name of the module: else `from cello import ...` hides the error
            raise ModuleNotFoundError(sentence)
        raise ImportError(sentence, name=parent)


sys.meta_path.append(_Finder)
