"""A model as one page that runs it: inputs, states, gates and outputs over time, offline."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from cello.cells.gated import GatedCell
from cello.core.files import replacing
from cello.layers.rnn import RNN
from cello.lowering.ir import Buffer
from cello.lowering.module import STARTS, Module, module_of_stream
from cello.lowering.narrower.quantized import quantize
from cello.lowering.writers.javascript import ARRAYS, write_javascript

PARTS = ["page.css", "page_runs.js", "page_paint.js", "page.js", "page_keys.js"]


def write_page(
    model,
    filepath,
    *,
    name=None,
    characters=None,
    title=None,
    rest=None,
    like=None,
    weights="float32",
    calibrate=None,
) -> None:
    """Write a model that runs step by step as a page: one file that fetches nothing.

    The page runs the model itself. It shows its inputs, which can be drawn or typed, its states and
    gates as heat maps over time, its outputs, the trace of a unit, and how far back that unit
    depends on each input.

    Args:
        model: a built model that streams (see `Model.stream`).
        filepath: ends with `.html`.
        name: what the model is called in the page; from the file's name if `None`.
        characters: for inputs of symbols: a string whose character k is the symbol k. The page
            then has a box to type them in, and names outputs of as many features by them.
        title: what stands above; the name if `None`.
        rest, like, weights, calibrate: as for `write_source`.

    Raises:
        ValueError: as `write_source`; for characters if no input takes symbols, or if one stands
            there twice.
    """
    path = Path(filepath)
    name = path.stem if name is None else name
    if weights == "float32":
        module = module_of_stream(model, name, like, rest, gates=True)
    else:
        narrow = quantize(model, weights, calibrate, like=like)
        module = narrow.module(name, rest, gates=True)
    letters = _letters_of_states(model)
    symbols = None if characters is None else _alphabet(model, module, characters)
    contents = {
        "title": name if title is None else title,
        "module": write_javascript(module),
        "characters": symbols,
        "inputs": [_described(b) | {"symbols": _takes_symbols(b)} for b in module.inputs],
        "outputs": [
            _described(b) | {"label": _name_of_output(b.comment, model.output_names)}
            for b in module.outputs
        ],
        "gates": module.gates,
        "states": [
            _described(b) | {"label": _label(b.comment, letters)}
            for b in module.states
            if b.comment != STARTS
        ],
    }
    text = _file("page.html")
    for part in PARTS:
        text = text.replace(f"/*{part}*/", _file(part))
    text = text.replace("/*MODEL*/", _in_a_script(contents))
    with replacing(path) as temporary:
        Path(temporary).write_text(text, encoding="utf-8")


def _alphabet(model, module: Module, characters: str) -> list[str]:
    """The characters one by one."""
    if not isinstance(characters, str) or len(set(characters)) < len(characters):
        raise ValueError(
            f"{model}.export: characters= is a string whose character k is the symbol k, each of "
            f"them once, and not {characters!r}."
        )
    if not any(map(_takes_symbols, module.inputs)):
        raise ValueError(
            f"{model}.export: characters= is for inputs of symbols, one whole number a step, and "
            "the model has none. Leave it out."
        )
    return list(characters)


def _letters_of_states(layer) -> dict[str, str]:
    """What the states of the gated layers inside are called in their equations, by layer."""
    found = {}
    for inner in layer.sublayers:
        found.update(_letters_of_states(inner))
        if isinstance(inner, RNN) and isinstance(inner.cell, GatedCell):
            found[inner.name] = inner.cell.recurrence.states
    return found


def _label(path: str, letters: dict[str, str]) -> str:
    """`lstm/1` is the state `lstm c`."""
    owner, _, number = path.rpartition("/")
    of = letters.get(owner.rpartition("/")[2], "")
    return f"{owner} {of[int(number)]}" if number.isdigit() and int(number) < len(of) else path


def _name_of_output(path: str, names: list[str]) -> str:
    """The layer that gives the only output, or that of this number; else the path itself."""
    number = 0 if path == "output" else int(path) if path.isdigit() else len(names)
    return names[number] if number < len(names) else path


def _takes_symbols(buffer: Buffer) -> bool:
    return buffer.timed and buffer.size == 1 and buffer.kind in ("int", "unsigned")


def _described(buffer: Buffer) -> dict[str, Any]:
    """What the page has to know of an array; its numbers are in the module."""
    return {
        "name": buffer.name,
        "label": buffer.comment,
        "size": buffer.size,
        "array": ARRAYS[buffer.kind],
        "timed": buffer.timed,
    }


def _in_a_script(contents) -> str:
    """JSON that no reader of HTML takes for a tag, in letters of ASCII."""
    return json.dumps(contents).replace("<", "\\u003c")


def _file(name: str) -> str:
    return resources.files("cello.lowering.writers").joinpath(name).read_text(encoding="utf-8")
