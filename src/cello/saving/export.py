"""`model.export`: a model as a file for other programs; the ending of the name says which."""

from __future__ import annotations

from pathlib import Path

from cello.distribution.processes import written_once


@written_once
def export(model, filepath, **options) -> None:
    """Write `model` for another program.

    Args:
        model: a built model.
        filepath: `"m.onnx"` writes ONNX (see `cello.saving.onnx.write_model.write_onnx`),
            `"m.json"` the JSON that RTNeural reads (see `cello.saving.rtneural.write_rtneural`).
        options: those of the format.

    Raises:
        ValueError: for another ending, or where the format cannot say what a layer does; the layer
            is named.
    """
    suffix = Path(filepath).suffix
    if suffix == ".onnx":
        from cello.saving.onnx.write_model import write_onnx

        write_onnx(model, filepath, **options)
    elif suffix == ".json":
        from cello.saving.rtneural import write_rtneural

        write_rtneural(model, filepath, **options)
    else:
        raise ValueError(
            f"{model}.export writes ONNX (m.onnx) or RTNeural's JSON (m.json), and the name "
            f"{Path(filepath).name!r} says neither. model.save('m.keras') keeps a model for Cello "
            "and Keras."
        )
