"""Counts what makes the house hard to live in: `python tools/house.py [tree] [--where]`.

Lines of code, the longest signatures, private attributes used from other modules, probes
(`hasattr`, `getattr` with a default, `inspect`), objects patched from outside, and mixins that the
type checker takes for something else. `--where` prints the places.
"""

from __future__ import annotations

import argparse
import ast
import re
from collections import Counter
from pathlib import Path

PUBLIC = {"_replace", "_asdict", "_fields", "_make", "_exit"}  # whatever they look like
FOREIGN = re.compile(r"third_party|tests")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tree", nargs="?", type=Path, default=Path(__file__).parents[1])
    parser.add_argument("--where", action="store_true", help="print the places")
    options = parser.parse_args()
    modules = {p: p.read_text() for p in sorted((options.tree / "src").rglob("*.py"))}
    native = [
        p
        for p in (options.tree / "native").rglob("*")
        if p.suffix in (".h", ".cpp", ".cu") and not FOREIGN.search(str(p))
    ]
    print(f"{sum(map(lines, modules.values())):6} lines of Python in {len(modules)} files")
    print(f"{sum(lines(p.read_text()) for p in native):6} lines of C++ and CUDA")
    trees = {p: ast.parse(text) for p, text in modules.items()}
    longest = sorted((s for p, t in trees.items() for s in signatures(p, t)), reverse=True)
    print("longest signatures:")
    for count, name, place in longest[:5]:
        print(f"{count:6} parameters: {name} ({place})")
    for what, find in COUNTED.items():
        places = [place for p, t in trees.items() for place in find(p, t)]
        print(f"{len(places):6} {what}")
        if options.where:
            for place, times in Counter(places).items():
                print(f"         {place}" + (f" ({times})" if times > 1 else ""))


def lines(text: str) -> int:
    return len(text.splitlines())


def signatures(path: Path, tree: ast.AST):
    """Parameters, name and place of each function; `self` and `cls` are none."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            a = node.args
            names = [
                x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, a.vararg, a.kwarg) if x
            ]
            yield len([n for n in names if n not in ("self", "cls")]), node.name, at(path, node)


def private_accesses(path: Path, tree: ast.AST):
    """`x._name`, where `x` is not `self` or `cls`, and the module does not define `_name`."""
    own: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            own.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            own.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and is_self(node):
            own.add(node.attr)
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr.startswith("_")
            and not node.attr.endswith("__")
            and not is_self(node)
            and node.attr not in own | PUBLIC
        ):
            yield at(path, node, ast.unparse(node))


def is_self(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")


def probes(path: Path, tree: ast.AST):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            with_default = called == "getattr" and len(node.args) == 3
            if called == "hasattr" or with_default or called.startswith("inspect."):
                yield at(path, node, ast.unparse(node))


def patches(path: Path, tree: ast.AST):
    """`replaced(...)`, and attributes that are set from outside by their names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            sets = called == "setattr" and ast.unparse(node.args[0]) not in ("self", "cls")
            if sets or called.split(".")[-1] == "replaced":
                yield at(path, node, ast.unparse(node))


def mixins(path: Path, tree: ast.AST):
    """Classes whose base is one thing for the type checker and another at run time."""
    twofold = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and node.value is not None
        and isinstance(node.value, ast.IfExp)
        and "TYPE_CHECKING" in ast.unparse(node.value.test)
        for name in ast.walk(node)
        if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and twofold & {ast.unparse(b) for b in node.bases}:
            yield at(path, node, node.name)


def at(path: Path, node, text: str = "") -> str:
    place = "/".join(path.parts[path.parts.index("src") + 2 :])
    return f"{place}:{node.lineno}" + (f" {text}" if text else "")


COUNTED = {
    "private attributes used from another module": private_accesses,
    "probes: hasattr, getattr with a default, inspect": probes,
    "objects patched or set from outside: replaced(), setattr()": patches,
    "mixins whose base the type checker takes for another": mixins,
}

if __name__ == "__main__":
    main()
