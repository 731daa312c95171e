"""HDF5 files that nobody vouches for: arrays and attributes, after every check."""

from __future__ import annotations

import itertools
import math
import mmap
from typing import Any

import h5py
import numpy as np
from ml_dtypes import bfloat16

from cello.core.files import EXPANSION, FREE_BYTES, ModelFileError
from cello.saving.hdf5_heaps import check_attributes, check_heaps, longest_text

_DEPTH = 64


class HDF5Reader:
    """The arrays of an HDF5 file by their paths, all checked before the first is read.

    Refused are soft and external links, objects that are in two places (and so cycles), data in
    other files (external and virtual datasets), types that are no numbers, compressed data, which
    Keras never writes, and shapes that ask for more than the file holds.

    Args:
        source: a path, or a file-like object in memory.
        size: the number of bytes of the file.

    Attributes:
        datasets: path, such as `"layers/dense/vars/0"`, to the h5py dataset, not yet read.
        nbytes: the bytes of all arrays together.

    Raises:
        ModelFileError: where the file is damaged or a check fails.
    """

    def __init__(self, source, size: int):
        self.size = size
        self._longest_text: int | None = None
        self._checked: set[str] = set()
        self.datasets: dict[str, h5py.Dataset] = {}
        self.groups: dict[str, h5py.Group] = {}
        self.nbytes = 0
        self._addresses: set[tuple[int, int]] = set()
        try:
            self._file = h5py.File(source, "r")
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelFileError(f"It is not a whole HDF5 file: {error}") from None
        try:
            self._content = source.getvalue() if hasattr(source, "getvalue") else _map(source)
            sizes = self._file.id.get_create_plist().get_sizes()
            if sizes != (8, 8) or self._content[:8] != b"\x89HDF\r\n\x1a\n":
                raise ModelFileError(
                    "Its addresses are not of 8 bytes, from the start of the file."
                )
            check_heaps(self._content)
            self._walk(self._file, "", 0)
        except BaseException:
            self._file.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._file.close()

    def _walk(self, group: h5py.Group, path: str, depth: int) -> None:
        if depth > _DEPTH:
            raise ModelFileError(f"Its groups are more than {_DEPTH} deep.")
        self.groups[path] = group
        for name in group:
            inner = f"{path}/{name}" if path else name
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise ModelFileError(
                    f"{inner!r} is a {type(link).__name__}, which is not followed."
                )
            value = group[name]
            address = h5py.h5g.get_objinfo(value.id).objno  # h5o.get_info would walk its trees
            if address in self._addresses:
                raise ModelFileError(f"{inner!r} is in two places, or inside of itself.")
            self._addresses.add(address)
            if isinstance(value, h5py.Group):
                self._walk(value, inner, depth + 1)
            elif isinstance(value, h5py.Dataset):
                self._check(value, inner)
                self.datasets[inner] = value
            else:
                raise ModelFileError(f"{inner!r} is neither a group nor an array.")

    def _check(self, dataset: h5py.Dataset, path: str) -> None:
        if dataset.external or dataset.is_virtual:
            raise ModelFileError(f"The array {path!r} has its data elsewhere, which is not read.")
        if dataset.shape is None or not _is_number(dataset):
            raise ModelFileError(f"{path!r} is not an array of numbers: {dataset.dtype}.")
        if dataset.id.get_create_plist().get_nfilters():
            raise ModelFileError(
                f"The array {path!r} is compressed, which is not read: h5repack -f NONE unpacks it."
            )
        stored = min(dataset.id.get_storage_size(), self.size)
        wanted = math.prod(dataset.shape) * dataset.dtype.itemsize
        self.nbytes += wanted
        if wanted > stored or self.nbytes > self.size:
            raise ModelFileError(
                f"The array {path!r} of shape {dataset.shape} asks for {wanted} bytes, and the "
                f"file has {stored} of it."
            )

    def array(self, path: str) -> np.ndarray:
        """The array at a path."""
        dataset = self.datasets[path]
        try:
            value = np.asarray(dataset[()])
        except (OSError, RuntimeError, ValueError) as error:
            raise ModelFileError(f"The array {path!r} cannot be read: {error}") from None
        return value.view(bfloat16) if value.dtype.kind == "V" else value

    def attribute(self, path: str, name: str) -> Any:
        """A text, or a list of texts, that is an attribute of a group; `None` where there is none.

        Keras cuts a long list into pieces, `name0`, `name1`, ...
        """
        attributes = self.groups[path].attrs
        if name in attributes:
            return self._texts(attributes, name)
        found: list[str] = []
        for number in itertools.count():
            if f"{name}{number}" not in attributes:
                return found or None
            found += self._texts(attributes, f"{name}{number}")

    def _texts(self, attributes: h5py.AttributeManager, name: str) -> Any:
        kind = attributes.get_id(name)
        text = h5py.check_string_dtype(kind.dtype)
        if text is None and math.prod(kind.shape):
            raise ModelFileError(f"The attribute {name!r} should be a text and is {kind.dtype}.")
        # Many places may name the same text.
        length = self._check_texts(name) if text and text.length is None else kind.dtype.itemsize
        if math.prod(kind.shape) * length > EXPANSION * self.size + FREE_BYTES:
            raise ModelFileError(f"The attribute {name!r} is larger than the file.")
        value = attributes[name]
        if isinstance(value, np.ndarray):
            return [_text(v) for v in value.tolist()]
        return _text(value)

    def _check_texts(self, name: str) -> int:
        """The length of the longest text in the file, after what the library does not check."""
        if self._longest_text is None:
            self._longest_text = longest_text(self._content)
        if name not in self._checked:
            check_attributes(self._content, name, self._longest_text)
            self._checked.add(name)
        return self._longest_text


def _map(path) -> mmap.mmap:
    with open(path, "rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _is_number(dataset) -> bool:
    kind, item = dataset.dtype.kind, dataset.dtype.itemsize
    return (kind in "biuf" and item <= 8) or (kind == "V" and item == 2 and not dataset.dtype.names)


def _text(value) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8")
    if not isinstance(value, str):
        raise ModelFileError(f"An attribute should be a text and is {value!r}.")
    return value


def write_arrays(file, arrays: dict[str, np.ndarray], names: dict[str, str]) -> None:
    """Write arrays by their paths to a new HDF5 file.

    Args:
        file: a file-like object.
        arrays: path to array.
        names: path of a group to its attribute `name`.
    """
    with h5py.File(file, "w") as opened:
        for group, name in names.items():
            opened.require_group(group).attrs["name"] = name
        for place, value in arrays.items():
            dataset = opened.create_dataset(place, data=value)
            if value.dtype == bfloat16:
                dataset.attrs["dtype"] = "bfloat16"
