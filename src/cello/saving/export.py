"""`model.export`: a model as a file for other programs; the ending of the name says which."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path

from cello.core.kinds import nearest
from cello.distribution.processes import written_once


@written_once
def export(model, filepath, **options) -> None:
    """Write `model` for another program.

    Args:
        model: a built model.
        filepath: `"m.c"` and `"m.h"` write C99, `"m.js"` and `"m.mjs"` JavaScript (see
            `cello.lowering.files.write_source`), `"m.html"` a page that runs the model (see
            `cello.lowering.page.write_page`), `"m.onnx"` ONNX (see
            `cello.saving.onnx.write_model.write_onnx`), `"m.json"` the JSON that RTNeural reads
            (see `cello.saving.rtneural.write_rtneural`).
        options: those of the format.

    Raises:
        ValueError: for another ending, or if the format cannot say what a layer does; the layer
            is named.
        TypeError: for an option that the format does not have.
    """
    suffix = Path(filepath).suffix
    write: Callable[..., None]
    if suffix == ".onnx":
        from cello.saving.onnx.write_model import write_onnx as write
    elif suffix == ".json":
        from cello.saving.rtneural import write_rtneural as write
    elif suffix in (".c", ".h", ".js", ".mjs"):
        from cello.lowering.files import write_source as write
    elif suffix == ".html":
        from cello.lowering.writers.page import write_page as write
    else:
        raise ValueError(
            f"{model}.export writes C (m.c, m.h), JavaScript (m.js), a page (m.html), ONNX "
            f"(m.onnx) or RTNeural's JSON (m.json), and the name {Path(filepath).name!r} says "
            "none of them. model.save('m.keras') keeps a model for Cello and Keras."
        )
    known = list(inspect.signature(write).parameters)[2:]
    for option in options:
        if option not in known:
            raise TypeError(
                f"{model}.export: a file {suffix} has no option {option!r}"
                f"{nearest(option, known) or '.'} Its options are {', '.join(known)}."
            )
    write(model, filepath, **options)
