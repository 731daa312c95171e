"""Files as such: the error of one that cannot be used, writing all or nothing, bounded JSON."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from cello.core.text import clean_text


class ModelFileError(ValueError):
    """A file is not what it should be: damaged, of another format, or asking for too much.

    Its message may quote the file, and is shortened, with control characters written out.
    """

    def __init__(self, message: object = ""):
        super().__init__(clean_text(message, 1000))


EXPANSION = 100
"""What is in a file may need so many times the bytes of the file, and `FREE_BYTES` more."""
FREE_BYTES = 2**24


@contextlib.contextmanager
def reading(path: Path) -> Iterator[None]:
    """Whatever goes wrong in the block is the file's fault: a `ModelFileError` that names it."""
    try:
        yield
    except ModelFileError as error:
        raise ModelFileError(f"{path.name}: {error}") from error.__cause__
    except Exception as error:  # of h5py, zipfile, JAX, or what a configuration makes classes say
        raise ModelFileError(f"{path.name} cannot be opened: {message(error)}") from error


def message(error: Exception) -> str:
    """What an error says, with its kind where it is not one that Cello words."""
    known = isinstance(error, (ValueError, TypeError))
    return str(error) if known else f"{type(error).__name__}: {error}"


@contextlib.contextmanager
def replacing(filepath) -> Iterator[Path]:
    """A path to write to, beside `filepath`, that becomes `filepath` where the block ends well.

    Killed at any moment, what stood at `filepath` before is whole: the new file is forced to the
    disk before it takes the old one's name. Where the block fails, it is removed.

    Raises:
        FileNotFoundError: where the folder of `filepath` is not there.
    """
    path = Path(filepath)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"{path.name} cannot be written: make the folder {str(path.parent)!r} first."
        )
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except Exception as error:
        error.add_note(
            f"{path} was not written, and is as it was before. Where the disk is full or the "
            "folder read-only: make room, or choose another folder."
        )
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


def write_tensors(filepath, arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Write a safetensors file, all or nothing.

    Raises:
        OSError: where the file cannot be written.
    """
    with replacing(filepath) as temporary:
        try:
            save_file(arrays, temporary, metadata=metadata)
        except SafetensorError as error:  # which hides the system's
            raise OSError(str(error)) from None


def checked_path(what, filepath) -> Path:
    """`filepath`, refused where its ending promises something else than weights."""
    path = Path(filepath)
    if path.suffix in (".h5", ".hdf5", ".keras") and not path.name.endswith(".weights.h5"):
        stem = path.name.removesuffix(path.suffix).removesuffix(".weights")
        raise ValueError(
            f"{what}: weights are written to {stem + '.safetensors'!r} or, for Keras, to "
            f"{stem + '.weights.h5'!r}, and not to {path.name!r}. A whole model: "
            f"model.save({stem + '.keras'!r})."
        )
    return path


# ------------------------------------------------------------------------------------ JSON

_NESTING = 200


def parse_json(text: bytes | str, what: str = "Its configuration") -> dict[str, Any]:
    """A JSON object: without duplicate keys, and nested no deeper than any model is."""
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise ModelFileError(f"{what} is nested too deeply.") from None
    except ValueError as error:
        raise ModelFileError(f"{what} is no valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"{what} is not a JSON object.")
    level: list[Any] = [value]
    for _ in range(_NESTING):
        level = [inner for v in level for inner in inside(v)]
        if not level:
            return value
    raise ModelFileError(f"{what} is nested more than {_NESTING} deep.")


def inside(value) -> list[Any]:
    """The values in a list or dict; none in anything else."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _without_duplicates(pairs) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ModelFileError("Its configuration has a key twice in one object.")
    return found
