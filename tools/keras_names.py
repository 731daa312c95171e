"""Every public name of the installed Keras, and what Cello has for it.

    python tools/keras_names.py            # how many names are there, elsewhere, refused, unknown
    python tools/keras_names.py --all      # and each of them
    python tools/keras_names.py --write    # the list in docs/differences_from_keras.md

What is there is found by looking. What is not stands in `src/cello/core/keras_missing.py` with what
to write instead; a test fails if a name stands nowhere.
"""

from __future__ import annotations

import argparse
import operator
import os
from collections import Counter
from pathlib import Path
from types import ModuleType

import cello
from cello.core.keras_missing import ELSEWHERE, MISSING, instead_of

PAGE = Path(__file__).parents[1] / "docs" / "differences_from_keras.md"
HEADING = "## What is not there"


def names_of_keras() -> dict[str, bool]:
    """`layers.LSTM` and so on, each with whether it is a module."""
    os.environ.setdefault("KERAS_BACKEND", "jax")
    import keras

    found: dict[str, bool] = {}

    def walk(module: ModuleType) -> None:
        for name, value in sorted(vars(module).items()):
            full = f"{module.__name__}.{name}".partition(".")[2]
            if name.startswith("_") or full == "src":
                continue
            found[full] = isinstance(value, ModuleType)
            if found[full]:
                walk(value)

    walk(keras)
    return found


def state(name: str, is_module: bool) -> str:
    """There, elsewhere or refused: what Cello has for a name of Keras'."""
    if is_there(name, is_module):
        return "there"
    if name in ELSEWHERE:
        return "elsewhere"
    return "refused" if instead_of(name) else "unknown"


def is_there(name: str, is_module: bool) -> bool:
    module, _, last = f"cello.{name}".rpartition(".")
    parts = module.split(".")[1:]
    place: object = cello
    for part in parts:
        place = vars(place).get(part)
        if not isinstance(place, ModuleType):
            return False
    value = vars(place).get(last)
    return value is not None and isinstance(value, ModuleType) == is_module


def refused() -> set[str]:
    """Each name that stands in the table of what is missing."""
    return {
        f"{module}.{name}".removeprefix(".")
        for module, rules in MISSING.items()
        for names, _ in rules
        for name in names.split()
    }


def elsewhere_is_there() -> list[str]:
    """The names under which Cello has nothing, though the table says so."""
    missing = []
    for name in ELSEWHERE.values():
        try:
            operator.attrgetter(name)(cello)
        except AttributeError:
            missing.append(name)
    return missing


def section() -> str:
    """The part of the page that lists what is missing, by Keras' module."""
    lines = [HEADING, "", *INTRODUCTION]
    for module, rules in MISSING.items():
        lines += ["", f"`keras.{module}`".replace(".`", "`") + ":", ""]
        for names, advice in rules:
            shown = ", ".join(f"`{name}`" for name in names.split())
            lines += _wrapped(f"* {shown}: {advice}.")
    lines += ["", "Under another name:", ""]
    lines += [f"* `keras.{theirs}`: `cello.{ours}`" for theirs, ours in ELSEWHERE.items()]
    return "\n".join(lines) + "\n"


INTRODUCTION = (
    "Made by `tools/keras_names.py --write`. A program that asks for one of these names gets the "
    "sentence behind it."
).split("\n")


def _wrapped(text: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, 118, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def page() -> str:
    """The whole page, with the list as the table says."""
    written = PAGE.read_text().partition(HEADING)[0]
    return written + section()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="print each name")
    parser.add_argument("--write", action="store_true", help="write the page")
    options = parser.parse_args()
    states = {name: state(name, is_module) for name, is_module in names_of_keras().items()}
    for name, found in states.items():
        if options.all or found == "unknown":
            print(f"{found:10} {name}")
    print(dict(Counter(states.values())))
    if options.write:
        PAGE.write_text(page())


if __name__ == "__main__":
    main()
