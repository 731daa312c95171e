"""`.keras` files: an archive of a configuration and an HDF5 file of weights, as Keras 3 has it."""

from __future__ import annotations

import io
import json
import os
import stat
import time
import zipfile
from typing import Any, NamedTuple

import numpy as np

from cello.core.files import (
    EXPANSION,
    FREE_BYTES,
    ModelFileError,
    inside,
    parse_json,
    replacing,
)
from cello.core.serialization import serialize, shared_objects
from cello.core.version import VERSION
from cello.models.model import Model
from cello.saving.hdf5 import HDF5Reader, write_arrays
from cello.saving.keras_assets import is_asset, put_in_configuration, read_vocabularies
from cello.saving.keras_weights import INNER_OPTIMIZER, OPTIMIZER, arrays_of, frozen_weights
from cello.saving.optimizer_state import optimizer_arrays

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
KERAS_VERSION = "3.15.1"
"""The version of Keras whose form is written."""
_TEXT_BYTES = 2**24
"""How long a configuration may be: as Python's objects it takes up to 30 times the space."""


def write_archive(model: Model, path) -> None:
    """Write a model to a `.keras` file; see `cello.saving.save_model`."""
    with shared_objects():
        config = serialize(model)
        compiled = model.get_compile_config()
        if compiled is not None:
            config["compile_config"] = compiled
    frozen = frozen_weights(model)
    if frozen:
        config["frozen_weights"] = frozen
    metadata = {
        "keras_version": KERAS_VERSION,
        "date_saved": time.strftime("%Y-%m-%d@%H:%M:%S"),
        "cello_version": VERSION,
    }
    weights = io.BytesIO()
    write_arrays(weights, *_all_arrays(model))
    with replacing(path) as temporary, zipfile.ZipFile(temporary, "w") as archive:
        archive.writestr(METADATA, json.dumps(metadata))
        archive.writestr(CONFIG, json.dumps(config))
        archive.writestr(WEIGHTS, weights.getbuffer())


def _all_arrays(model: Model) -> tuple[dict[str, np.ndarray], dict[str, str]]:
    """The weights of a model and the state of its optimiser, as `write_arrays` takes them."""
    arrays, names = arrays_of(model)
    if model.optimizer is not None:
        state = optimizer_arrays(model.optimizer, model.trainable_variables)
        arrays.update({f"{OPTIMIZER}/{i}": value for i, value in enumerate(state)})
        names[OPTIMIZER] = model.optimizer.name
        if model.optimizer.inner_optimizer is not None:  # Keras reads its part a second time
            arrays.update({f"{INNER_OPTIMIZER}/{i}": v for i, v in enumerate(state[4:])})
    return arrays, names


class Archive(NamedTuple):
    """What is in a `.keras` file.

    Attributes:
        config: the configuration.
        reader: the weights.
        old: whether Keras was older than 3.
        vocabularies: those of Keras' that no configuration took, by the paths of their layers.
    """

    config: dict[str, Any]
    reader: HDF5Reader
    old: bool
    vocabularies: dict[str, list[str]]


def read_archive(path) -> Archive:
    """What is in a `.keras` file.

    All sizes are checked before anything is unpacked.

    Raises:
        ModelFileError: where it is not such a file, or asks for too much.
    """
    size = os.path.getsize(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked_members(archive, size)
            parts = {name: _read(archive, info) for name, info in members.items()}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise ModelFileError(f"It is not a whole .keras archive: {error}") from None
    old = not str(parse_json(parts[METADATA]).get("keras_version")).startswith("3")
    config, weights = parse_json(parts[CONFIG]), parts[WEIGHTS]
    reader = HDF5Reader(io.BytesIO(weights), len(weights))
    assets = {name: content for name, content in parts.items() if is_asset(name)}
    vocabularies = read_vocabularies(assets, size)
    put_in_configuration(config, vocabularies, reader)
    return Archive(config, reader, old, vocabularies)


def _checked_members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    members: dict[str, zipfile.ZipInfo] = {}
    for info in archive.infolist():
        name = info.filename
        if name not in (CONFIG, METADATA, WEIGHTS) and not is_asset(name):
            raise ModelFileError(
                f"The archive has a member {name!r}; a .keras file of layers that Cello has "
                f"consists of {METADATA}, {CONFIG}, {WEIGHTS} and vocabularies, "
                "assets/.../vocabulary.txt."
            )
        if name in members:
            raise ModelFileError(f"The archive has two members {name!r}.")
        if stat.S_ISLNK(info.external_attr >> 16) or info.flag_bits & 0x1:
            raise ModelFileError(f"The member {name!r} is a link, or encrypted.")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ModelFileError(f"The member {name!r} is compressed in an unknown way.")
        members[name] = info
    missing = sorted({CONFIG, METADATA, WEIGHTS} - set(members))
    if missing:
        raise ModelFileError(f"The archive lacks {' and '.join(missing)}.")
    long = [name for name in members if name != WEIGHTS and members[name].file_size > _TEXT_BYTES]
    if long:
        raise ModelFileError(f"The member {long[0]!r} is longer than {_TEXT_BYTES} bytes.")
    if sum(info.file_size for info in members.values()) > EXPANSION * size + FREE_BYTES:
        raise ModelFileError("The archive unpacks to more than its size allows.")
    return members


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    with archive.open(info) as member:
        content = member.read(info.file_size + 1)
    if len(content) != info.file_size:
        raise ModelFileError(f"The member {info.filename!r} has not the size that it says.")
    return content


def count_objects(value) -> int:
    """The number of objects and lists in parsed JSON."""
    total, level = 0, [value]
    while level:
        total += len(level)
        level = [v for w in level for v in inside(w) if isinstance(v, (dict, list))]
    return total
