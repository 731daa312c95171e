"""Code for the interpreter of the native library: native/program.h in Python."""

from __future__ import annotations

import ctypes
import functools
from dataclasses import dataclass

import numpy as np

from cello import native
from cello.lowering.ir import Buffer
from cello.lowering.module import Module

TILE = 256  # elements of a register
PADDING = 16  # words behind each buffer, so that whole vectors can be read
COUNTERS = 64
WEIGHTS, WORK, STATE, ARRAYS = 0, 1, 2, 3  # the numbers of memories
DTYPES = {"float": "float32", "int": "int32", "unsigned": "uint32", "bool": "int32"}


@dataclass(frozen=True)
class Operand:
    """Where elements lie: `Place` there, with the counters that move it in place of `terms`."""

    base: int
    first: int
    stride: int = 0
    counters: tuple[tuple[int, int], ...] = ()


NOWHERE = Operand(0, 0)


@dataclass
class Instruction:
    """`Instruction` there."""

    name: str
    count: int = 1
    to: Operand = NOWHERE
    a: Operand = NOWHERE
    b: Operand = NOWHERE
    c: Operand = NOWHERE
    inner: int = 0
    a_step: int = 0
    b_step: int = 0


class Memories:
    """Where buffers and constants lie.

    Args:
        module: the model.
        states: for each state its first word in the state of a row.
    """

    def __init__(self, module: Module, states: dict[str, int]):
        self._weights = [np.zeros(PADDING, "uint32")]
        self._count = PADDING
        self._work = 0
        self._constants: dict[bytes, int] = {}
        self._places = {b: (STATE, states[b.name]) for b in module.states}
        for number, buffer in enumerate([*module.inputs, *module.outputs], ARRAYS):
            self._places[buffer] = (number, 0)

    def find(self, buffer: Buffer) -> tuple[int, int]:
        """The memory and the first word of a buffer."""
        if buffer not in self._places:
            if buffer.role == "weight":
                self._places[buffer] = WEIGHTS, self.constant(as_words(buffer.value, buffer.kind))
            else:
                self._places[buffer] = WORK, self.take(buffer.size)
        return self._places[buffer]

    def take(self, size: int) -> int:
        """Room of its own in the work memory."""
        first = self._work
        self._work += _padded(size)
        return first

    def constant(self, words: np.ndarray) -> int:
        """The first of some words among the weights."""
        key = words.tobytes()
        if key not in self._constants:
            self._constants[key] = self._count
            room = np.zeros(_padded(words.size), "uint32")
            room[: words.size] = words
            self._weights.append(room)
            self._count += room.size
        return self._constants[key]

    def weights(self) -> np.ndarray:
        return np.concatenate(self._weights)

    def work(self) -> np.ndarray:
        """Room for all that is computed on the way."""
        return np.zeros(self._work + PADDING, "uint32")


def _padded(size: int) -> int:
    return (size + PADDING - 1) // PADDING * PADDING + PADDING


def as_words(value, kind: str) -> np.ndarray:
    return np.asarray(value).astype(DTYPES[kind]).reshape(-1).view("uint32")


@functools.cache
def _numbers() -> dict[str, int]:
    """The numbers of the instructions, by their names."""
    library = native.library()
    assert library is not None
    function = library.cello_instructions
    function.restype = ctypes.c_char_p
    return {name: number for number, name in enumerate(function().decode().split(","))}


def assemble(instructions: list[Instruction]) -> np.ndarray:
    """The code as numbers: instructions, and behind them the counters of operands."""
    instructions = [*instructions, Instruction("stop")]
    lists: dict[tuple, int] = {(): 0}
    behind: list[int] = []
    rows = []
    words = 5 + 4 * 4
    for i in instructions:
        row = [_numbers()[i.name], i.count, i.inner, i.a_step, i.b_step]
        for operand in (i.to, i.a, i.b, i.c):
            if operand.counters not in lists:
                lists[operand.counters] = words * len(instructions) + len(behind)
                behind += [len(operand.counters), *(n for pair in operand.counters for n in pair)]
            row += [operand.base, operand.first, operand.stride, lists[operand.counters]]
        rows.append(row)
    return np.array([*(n for row in rows for n in row), *behind], "int32")
