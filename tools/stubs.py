"""Writes the stubs of Cello's public modules: what type checkers and editors see of them.

    python tools/stubs.py    # or `make stubs`, after a change of a declaration

Constructors follow from declared arguments (`core/arguments.py`) and the annotations of their
kinds, layers from their cells, and the functions of `cello.ops` from their tables: a type checker,
which runs nothing, sees them in these files alone. A test says if they are out of date.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import re
import sys
import textwrap
import types
from pathlib import Path

import jax

from cello.cells.cell import Cell
from cello.core import kinds
from cello.core.arguments import REQUIRED
from cello.core.functions import FUNCTIONS, SIGNATURES
from cello.core.layer import Layer
from cello.core.serialization import Configurable
from cello.layers import RNN

MODULES = (
    "callbacks", "cells", "constraints", "initializers", "layers", "losses", "metrics", "ops",
    "optimizers", "optimizers.schedules", "plotting", "regularizers",
)  # fmt: skip

# Bases that a program derives from, and other modules too: shown as they stand in the code.
BASES = (
    "Constraint", "Initializer", "Layer", "LearningRateSchedule", "Loss", "Metric", "Optimizer",
    "Regularizer",
)  # fmt: skip

HEADER = '''"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic
'''
# The names that stubs use, and where they come from; each stub imports what stands in it.
IMPORTS = {
    "Any": "typing", "Literal": "typing", "overload": "typing",
    "Callable": "collections.abc", "Mapping": "collections.abc", "Sequence": "collections.abc",
    "jax": "import jax", "np": "import numpy as np",
    "ArrayLike": "jax.typing", "DTypeLike": "jax.typing",
    "DTypePolicy": "cello.core.dtype_policy", "Layer": "cello.core.layer",
    "Integer": "cello.core.kinds", "Number": "cello.core.kinds", "Named": "cello.core.kinds",
    "SymbolicTensor": "cello.core.symbolic",
    "Arrays": "cello.core.types", "Tensors": "cello.core.types",
    "ArrayTree": "cello.core.types", "SymbolicTree": "cello.core.types",
}  # fmt: skip


def _module(name: str):
    return importlib.import_module(f"cello.{name}")


def stub(module_name: str) -> str:
    """The text of the stub of a public module."""
    module = _module(module_name)
    sources: dict[str, str] = {}
    body = "\n".join(_member(module, name, sources) for name in _bases_first(module))
    imports = [f"import {name} as {alias}" for name, alias in sources.items()]
    for name, where in IMPORTS.items():
        if re.search(rf"(?<![\w.]){name}(?![\w.]* as)\b", body) and name not in module.__all__:
            imports.append(where if " " in where else f"from {where} import {name}")
    names = _filled([f'"{name}"' for name in sorted(module.__all__)], "    ")
    return "\n".join([HEADER, *sorted(imports), "", body, "", "__all__ = [", *names, "]", ""])


def _filled(texts: list[str], indent: str) -> list[str]:
    """The texts with commas, in lines of up to 100 characters."""
    lines = [indent]
    for text in texts:
        if len(lines[-1]) + len(text) > 98 and lines[-1] != indent:
            lines.append(indent)
        lines[-1] += ("" if lines[-1] == indent else " ") + text + ","
    return lines


def _bases_first(module) -> list[str]:
    """The public names; classes behind those that they derive from."""

    def depth(name):
        value = getattr(module, name)
        return len(value.__mro__) if isinstance(value, type) else 0

    own = [n for n in module.__all__ if getattr(getattr(module, n), "__name__", n) == n]
    aliases = sorted(set(module.__all__) - set(own))
    return [*sorted(own, key=lambda n: (depth(n), n)), *aliases]


def _member(module, name: str, sources: dict[str, str]) -> str:
    value = getattr(module, name)
    if isinstance(value, types.ModuleType):
        package, _, last = value.__name__.rpartition(".")
        return f"from {package} import {last} as {name}"
    for other in map(_module, MODULES[: MODULES.index(module.__name__.removeprefix("cello."))]):
        if getattr(other, name, None) is value:
            return f"from {other.__name__} import {name} as {name}"
    if module.__name__ == "cello.ops" and name in {*FUNCTIONS, "get_item"}:
        return _operation(name)
    own_name = getattr(value, "__name__", name)
    if own_name != name and own_name in module.__all__:
        return f"{name} = {own_name}"
    if module.__name__ == "cello.ops":  # by import, `ops.lstm` would be the module of that name
        parameters, _ = _texts(inspect.signature(value))
        return "\n".join(_def(name, parameters, _result(value), indent=""))
    declared = isinstance(value, type) and issubclass(value, Configurable)
    if not declared or name in BASES or _own_init(value):
        return f"from {value.__module__} import {own_name} as {name}"
    return _class(module, value, sources)


def _own_init(cls) -> bool:
    """Whether the class, or one above it, wrote a constructor that names its parameters."""
    parameters = inspect.signature(cls.__init__).parameters.values()
    return any(p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in list(parameters)[1:])


# --------------------------------------------------------------------------------- classes


def _class(module, cls, sources: dict[str, str]) -> str:
    shown = [b for b in cls.__mro__[1:] if getattr(module, b.__name__, None) is b][:1]
    bases = [_named(cls, sources)] if _is_written(cls) else []
    bases += [b.__name__ for b in shown if b.__name__ in module.__all__]
    if not bases:
        bases = [_named(next(b for b in cls.__mro__[1:] if _is_written(b)), sources)]
    lines = [f"class {cls.__name__}({', '.join(bases)}):"]
    if not _is_written(cls):  # else editors find the text there
        lines += _doc(cls._own_doc or cls.__doc__ or cls.__name__, "    ")
    cell = vars(cls).get("_cell_class")
    if cell is not None:  # its arguments can be read from the layer, as from the cell
        lines += [f"    {n}: Any" for n in cls._cell_arguments if not hasattr(RNN, n)]
    docs = "\n".join(f"    {a.name}: {a.doc}" for a in cls.declared.values() if a.doc)
    init = _def("__init__", ["self", *_parameters(cls)], "None", overloaded=cls is RNN)
    init[-1] = init[-1].removesuffix(" ...")
    lines += init + (_doc(f"Args:\n{docs}", "        ") if docs else ["        ..."])
    if cls is RNN:  # a program's `class CFN(RNN, cell=CFNCell)` takes the arguments of its cell
        lines += _def("__init__", ["self", "*args: Any", "**kwargs: Any"], "None", overloaded=True)
    if issubclass(cls, Layer) and not any(cls.call is base.call for base in shown):
        lines += _call(cls)
    return "\n".join(lines) + "\n"


def _named(cls, sources: dict[str, str]) -> str:
    alias = "_" + cls.__module__.removeprefix("cello.").replace(".", "_")
    return f"{sources.setdefault(cls.__module__, alias)}.{cls.__name__}"


@functools.cache
def _class_statements(module_name: str) -> set[str]:
    tree = ast.parse(inspect.getsource(importlib.import_module(module_name)))
    return {node.name for node in tree.body if isinstance(node, ast.ClassDef)}


def _is_written(cls) -> bool:
    """Whether it is a class statement in the library's code; else a function made it."""
    return cls.__name__ in _class_statements(cls.__module__)


def _doc(text: str, indent: str) -> list[str]:
    lines = inspect.cleandoc(text).splitlines()
    return textwrap.indent("\n".join(['r"""' + lines[0], *lines[1:], '"""']), indent).splitlines()


def _parameters(cls) -> list[str]:
    """The declared arguments, and by name those of Keras' that mean nothing here."""
    texts = []
    for argument in cls.declared.values():
        if argument.keyword_only and "*" not in texts:
            texts.append("*")
        default = "" if argument.default is REQUIRED else f" = {_default(argument.default)}"
        texts.append(f"{argument.name}: {kinds.annotation(argument.kind)}{default}")
    ignored = [
        n for n in cls._ignored_arguments if n not in {*Layer._ignored_arguments, *cls.declared}
    ]
    texts += ["*"] if ignored and "*" not in texts else []
    return texts + [f"{name}: Any = None" for name in ignored]


def _default(value) -> str:
    plain = value is None or isinstance(value, (bool, int, float, str))
    return repr(value) if plain else "..."


def _def(name: str, parameters: list[str], result: str, indent="    ", overloaded=False):
    head = [f"{indent}@overload"] if overloaded else []
    line = f"{indent}def {name}({', '.join(parameters)}) -> {result}: ..."
    if len(line) <= 100:
        return [*head, line]
    wrapped = _filled(parameters, indent + "    ")
    return [*head, f"{indent}def {name}(", *wrapped, f"{indent}) -> {result}: ..."]


def _call(cls) -> list[str]:
    """What a call takes and gives: symbolic tensors for symbolic tensors, else arrays."""
    if cls.__name__ in ("InputLayer", "Lambda", "Layer"):
        return []  # a user's own function may give anything
    _, first, *rest = inspect.signature(cls.call).parameters.values()
    others = [f"{p.name}: Any" + ("" if p.default is p.empty else " = None") for p in rest]
    if not any(p.name == "training" for p in rest):
        others += ["*", "training: bool | None = None"]
    is_cell = issubclass(cls, Cell)
    lines = []
    for inputs, array in (("SymbolicTree", "SymbolicTensor"), ("ArrayTree", "jax.Array")):
        result = f"tuple[{array}, Any]" if is_cell else array
        parameters = ["self", f"{first.name}: {inputs}", *others]
        lines += _def("__call__", parameters, result, overloaded=True)
    return lines


# ------------------------------------------------------------------------------- functions


_KNOWN = {
    "ArrayLike", "Any", "DTypeLike", "None", "Sequence", "bool", "int", "float", "str", "list",
    "tuple", "Array",
}  # fmt: skip


def _type(annotation) -> str:
    """JAX's annotation in the words of a stub; `Any` for what JAX keeps to itself."""
    if annotation is jax.typing.ArrayLike:
        return "ArrayLike"
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    text = text.replace("np.ndarray | Array | ", "")  # which are sequences of arrays
    text = {"Axis": "int | Sequence[int] | None"}.get(text, text)
    known = set(re.findall(r"[A-Za-z_]\w*", text)) <= _KNOWN
    return re.sub(r"\bArray\b", "jax.Array", text) if known else "Any"


_TENSORS = set(
    """
a array b beta bias bins choicelist condition condlist data gamma indices inputs key mask mean
offset operands output predictions q query scale segment_ids sorted_sequence target targets updates
value values variable variance weights x x1 x2 xs y
""".split()
)
_OPTIONS = {
    "axis": "int | Sequence[int] | None",
    "axes": "Any",
    "dtype": "DTypeLike | None",
    "from_logits": "bool",
    "keepdims": "bool",
    "num_classes": "int",
    "where": "ArrayLike | None",
}
_NO_TENSORS = {"diagonal": "offset", "getitem": "key", "squareplus": "b", "trace": "offset"}
_LISTS = "array_split dsplit hsplit meshgrid split unstack vsplit".split()
_TUPLES = """
eigh fft fft2 ifft2 lu_factor moments qr rfft slogdet stft top_k unravel_index
""".split()
_ANYTHING = ("linspace", "svd", "where")  # as their options say


def _operation(name: str) -> str:
    """A function of arrays, and of symbolic tensors if it takes arrays at all."""
    shown, name = name, {"get_item": "getitem"}.get(name, name)
    parameters, _ = _texts(SIGNATURES[name], _annotation(name))
    result = "jax.Array"
    if name in _LISTS:
        result = "list[jax.Array]"
    elif name in _TUPLES:
        result = "tuple[jax.Array, ...]"
    elif name in _ANYTHING:
        result = "Any"
    if not any("ArrayLike" in p for p in parameters):
        return "\n".join(_def(shown, parameters, result, indent=""))
    lines = []
    for inputs, array in (("Arrays", "jax.Array"), ("Tensors", "SymbolicTensor")):
        texts = [p.replace("ArrayLike", inputs) for p in parameters]
        result_text = result.replace("jax.Array", array)
        lines += _def(shown, texts, result_text, indent="", overloaded=True)
    return "\n".join(lines)


def _annotation(function: str):
    """From a parameter of a function in `core/functions` to its type."""

    def annotation(parameter: inspect.Parameter) -> str:
        name = parameter.name
        if name in _TENSORS and name != _NO_TENSORS.get(function):
            several = "Sequence[ArrayLike]" if name in ("xs", "condlist", "choicelist") else None
            text = several or "ArrayLike"
        else:
            text = _OPTIONS.get(name, "Any")
        may_be_none = parameter.default is None and text != "Any" and "None" not in text
        return f"{text} | None" if may_be_none else text

    return annotation


def _result(function) -> str:
    result = inspect.signature(function).return_annotation
    return result if isinstance(result, str) else "Any"


def _own_annotation(parameter: inspect.Parameter) -> str:
    return "Any" if parameter.annotation is parameter.empty else _type(parameter.annotation)


def _texts(signature, annotation_of=_own_annotation) -> tuple[list[str], str]:
    texts, style = [], None
    for p in signature.parameters.values():
        if style is p.POSITIONAL_ONLY and p.kind is not style:
            texts.append("/")
        if p.kind is p.KEYWORD_ONLY and style not in (p.KEYWORD_ONLY, p.VAR_POSITIONAL):
            texts.append("*")
        style = p.kind
        star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(style, "")
        default = "" if p.default is p.empty else f" = {_default(p.default)}"
        texts.append(f"{star}{p.name}: {annotation_of(p)}{default}")
    if style is inspect.Parameter.POSITIONAL_ONLY:
        texts.append("/")
    listed = signature.return_annotation == "list[Array]"
    return texts, "list[jax.Array]" if listed else "jax.Array"


def path_of(module_name: str) -> Path:
    """Where the stub of a module stands: beside it."""
    source = Path(_module(module_name).__file__)
    return source.with_suffix(".pyi")


def main() -> None:
    for name in sys.argv[1:] or MODULES:
        path_of(name).write_text(stub(name))


if __name__ == "__main__":
    main()
