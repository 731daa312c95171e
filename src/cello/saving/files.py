"""Files as such: the error of a file that cannot be used, and writing that is all or nothing."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


class ModelFileError(ValueError):
    """A file is not what it should be: damaged, of another format, or asking for too much."""


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
    """
    path = Path(filepath)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()


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
