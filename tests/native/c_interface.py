"""The kernels by their plain C interface: `native/kernels.h`, through ctypes and NumPy.

Every array has a guard on both sides: not-a-numbers, which a kernel must not read into a result,
and must leave as they are. So has the memory that a kernel asks for, which is not cleared.
"""

import ctypes
import functools
import re
import threading
from ctypes import CFUNCTYPE, POINTER, c_bool, c_char_p, c_float, c_int64, c_size_t, c_void_p
from pathlib import Path

import numpy as np

from cello import native

HEADER = re.sub(r"//.*", "", (Path(__file__).parents[2] / "native/kernels.h").read_text())
_TYPES = {"int64_t": c_int64, "bool": c_bool, "float": c_float, "char": c_char_p}


def _fields(name):
    """The fields of a struct of numbers and pointers, as the header has them."""
    base, body = re.search(rf"struct {name}(?: : (\w+))? {{(.*?)}};", HEADER, re.S).groups()
    fields = _fields(base) if base else []
    for statement in filter(None, map(str.strip, body.split(";"))):
        kind, names = re.fullmatch(r"(?:const )?(\w+)(.*)", statement, re.S).groups()
        pointers = names.startswith("*")
        for variable in names.split(","):
            pointer = (pointers or "*" in variable) and kind != "char"
            fields.append((variable.strip("* "), c_void_p if pointer else _TYPES[kind]))
    return fields


def _struct(name):
    return type(name, (ctypes.Structure,), {"_fields_": _fields(name)})


Sizes, Forward, Backward, InputGradient, LinearScan, LinearScanBackward = map(
    _struct,
    ("Sizes", "Forward", "Backward", "InputGradient", "LinearScan", "LinearScanBackward"),
)

_WORK = CFUNCTYPE(None, c_void_p, c_int64)
_MEMBERS = {"run": None, "run_together": c_bool}
_MEMBERS = {n: CFUNCTYPE(r, c_void_p, c_int64, _WORK, c_void_p) for n, r in _MEMBERS.items()}
_MEMBERS |= {"take": CFUNCTYPE(c_void_p, c_size_t), "give": CFUNCTYPE(None, c_void_p)}


class Parallel(ctypes.Structure):
    """`Parallel`: pieces of work in an order drawn anew, or by threads; guarded memory."""

    _fields_ = (("threads", c_int64), ("self", c_void_p), *_MEMBERS.items())

    def __init__(self, threads, rng):
        self.rng, self.memory = rng, {}
        methods = {name: kind(getattr(self, f"_{name}")) for name, kind in _MEMBERS.items()}
        super().__init__(threads=threads, **methods)

    def _run(self, _, pieces, work, data):
        for piece in self.rng.permutation(pieces):
            work(data, int(piece))

    def _run_together(self, _, members, work, data):
        if members > self.threads:
            return False
        team = [threading.Thread(target=work, args=(data, i)) for i in range(members)]
        for member in team:
            member.start()
        for member in team:
            member.join()
        return True

    def _take(self, size):
        memory = Guarded(size // 4, aligned=True)
        self.memory[memory.array.ctypes.data] = memory
        return memory.array.ctypes.data

    def _give(self, address):
        self.memory.pop(address).check("its memory")


def _kernel(call):
    return CFUNCTYPE(None, POINTER(call), POINTER(Parallel))


class Kernels(ctypes.Structure):
    """`Kernels`: the table of one instruction set."""

    _fields_ = (
        ("isa", c_char_p),
        ("forward", _kernel(Forward)),
        ("backward", _kernel(Backward)),
        ("input_gradient", _kernel(InputGradient)),
        ("linear_scan", _kernel(LinearScan)),
        ("linear_scan_backward", _kernel(LinearScanBackward)),
        ("activate", CFUNCTYPE(None, c_int64, c_void_p, c_void_p, c_int64)),
    )


@functools.cache
def kernels(isa):
    """The kernels of an instruction set that this processor runs."""
    find = native.library().cello_kernels
    find.argtypes, find.restype = [c_char_p], POINTER(Kernels)
    table = find(isa.encode()).contents
    assert table.isa == isa.encode()
    return table


def cells():
    """`Sizes` by the number of the cell."""
    find = native.library().cello_cells
    find.restype = POINTER(Sizes)
    found = []
    for sizes in iter(find()):
        if sizes.name is None:
            return found
        found.append(sizes)


class Guarded:
    """An array between guards, at an address that only its dtype aligns."""

    WIDTH = 17

    def __init__(self, shape, dtype="float32", values=None, aligned=False):
        dtype, count = np.dtype(dtype), int(np.prod(shape))
        self.whole = np.full(count * dtype.itemsize + 4 * (2 * self.WIDTH + 16), 0xFF, "uint8")
        start = 4 * self.WIDTH
        if aligned:
            start += -(self.whole.ctypes.data + start) % 64
        self.inner = slice(start, start + count * dtype.itemsize)
        self.array = self.whole[self.inner].view(dtype).reshape(shape)
        if values is not None:
            self.array[...] = values

    def check(self, name):
        """That nothing was written outside of the array."""
        outside = np.delete(self.whole, self.inner)
        assert (outside == 0xFF).all(), f"{name}: written outside of the array"


class Arrays(dict):
    """Guarded arrays by name; `None` for what a call lacks."""

    def given(self, **arrays):
        for name, values in arrays.items():
            if values is None:
                self[name] = None
            else:
                dtype = "uint8" if values.dtype == bool else "float32"
                self[name] = Guarded(values.shape, dtype, values)

    def wanted(self, **shapes):
        """Arrays for results, full of not-a-numbers; none for those whose shape is `None`."""
        self.update({n: s if s is None else Guarded(s) for n, s in shapes.items()})

    def call(self, function, kind, parallel, **numbers):
        """Call a kernel with the arrays that its struct names, and with numbers."""
        names = [name for name, _ in kind._fields_ if self.get(name) is not None]
        pointers = {name: self[name].array.ctypes.data for name in names}
        function(kind(**numbers, **pointers), parallel)
        assert not parallel.memory, "memory that was not given back"
        for name in names:
            self[name].check(name)

    def values(self, *names):
        return {name: self[name].array for name in names if self[name] is not None}
