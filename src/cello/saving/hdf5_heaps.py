"""What HDF5's library does not check before it reads names and texts.

A text of any length lies in a heap, and an attribute says where and how long it is. The library
(2.0) takes as much memory as the attribute says before it looks into the heap, and it walks for
ever through a heap with an object of no size. Both are looked for in the bytes of the file. A heap
and an attribute are each in one piece, so that none is missed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from cello.core.files import ModelFileError

_HEAP = b"GCOL\x01"
_TEXT_OF_ANY_LENGTH = 9  # the class of a datatype


def check_heaps(content) -> None:
    """Refuse heaps of names that are compressed, or whose list of free places is a ring.

    The first may unpack to any size; along the second the library walks for ever, and takes memory
    at each step. A heap is a signature, its size, the first free place and the address of its data;
    a free place has that of the next, 1 at the end.
    """
    for heap in _places(content, b"FRHP\0"):
        if _number(content, heap + 7, 2):
            raise ModelFileError("Its names are compressed, which is not read.")
    left = len(content) // 16
    for heap in _places(content, b"HEAP\0"):
        size, free, data = (_number(content, heap + i, 8) for i in (8, 16, 24))
        while free != 1 and free < size:
            free = _number(content, data + free, 8)
            left -= 1
            if left < 0:
                raise ModelFileError("Its list of free places never ends.")


def longest_text(content) -> int:
    """The length of the longest text in the heaps of an HDF5 file, all of which are checked.

    A heap is a signature, its size, and objects: a number, a count, a size, the text. The free
    space is number 0, and its size includes this header.
    """
    longest, left = 0, len(content) // 16
    for heap in _places(content, _HEAP):
        end = min(heap + _number(content, heap + 8, 8), len(content))
        place = heap + 16
        while place + 16 <= end:
            size = _number(content, place + 8, 8)
            free = _number(content, place, 2) == 0
            step = size if free else 16 + _round_up(size, 8)
            left -= 1
            if step < 16 or place + step > end or left < 0:
                raise ModelFileError("Its texts are damaged.")
            longest = longest if free else max(longest, size)
            place += step
    return longest


def check_attributes(content, name: str, longest: int) -> None:
    """Refuse attributes of a name that say that a text is longer than the longest one.

    An attribute is a version, flags, three sizes, its name, its datatype, its shape and its values;
    the value of a text is a length, the address of a heap and the number of an object.
    """
    encoded = name.encode() + b"\0"
    for place in _places(content, encoded):
        for version, start in ((1, place - 8), (2, place - 8), (3, place - 9)):
            if start < 0 or _number(content, start, 1) != version:
                continue
            pad = 8 if version == 1 else 1
            sizes = [_number(content, start + i, 2) for i in (2, 4, 6)]
            kind = place + _round_up(sizes[0], pad)
            shape = kind + _round_up(sizes[1], pad)
            values = shape + _round_up(sizes[2], pad)
            shared = _number(content, start + 1, 1) & 1  # its datatype is elsewhere
            if sizes[0] < len(encoded) or not (
                shared or _number(content, kind, 1) & 15 == _TEXT_OF_ANY_LENGTH
            ):
                continue
            count = min(_count(content, shape), len(content) // 16)
            if any(_number(content, values + 16 * i, 4) > longest for i in range(count)):
                raise ModelFileError(f"A text of the attribute {name!r} is longer than any is.")


def _count(content, place: int) -> int:
    """The number of values of a shape: a version, a rank, flags, and the sizes."""
    version, rank = _number(content, place, 1), _number(content, place + 1, 1)
    sizes = place + (8 if version == 1 else 4)
    return math.prod(_number(content, sizes + 8 * i, 8) for i in range(rank))


def _places(content: Any, part: bytes) -> Iterator[int]:
    place = content.find(part)
    while place >= 0:
        yield place
        place = content.find(part, place + 1)


def _number(content, place: int, length: int) -> int:
    return int.from_bytes(content[place : place + length], "little")


def _round_up(size: int, to: int) -> int:
    return -(-size // to) * to
