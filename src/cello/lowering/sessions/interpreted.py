"""Steps of a stream by the interpreter of the native library."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np

from cello import native
from cello.lowering.module import Module
from cello.lowering.sessions.bytecode import Memories, assemble
from cello.lowering.sessions.encode import Encoder
from cello.lowering.sessions.steps import Entry, Layout


class _Program(ctypes.Structure):
    """`Program` in native/program.h."""

    _fields_ = [
        *((name, ctypes.c_void_p) for name in ("steps", "next", "gives", "sizes")),
        *((name, ctypes.c_void_p) for name in ("weights", "work")),
        *((name, ctypes.c_int32) for name in ("inputs", "outputs", "phase")),
    ]


def interpret_module(module: Module, layout: Layout) -> Callable[[], Entry]:
    """The steps of a stream as code for the interpreter."""
    memories = Memories(module, layout.places)
    codes = []
    for step in module.steps:
        encoder = Encoder(memories)
        encoder.statements(step.program.statements)
        codes.append(assemble(encoder.instructions))
    arrays = {
        "steps": np.array([code.ctypes.data for code in codes], "uint64"),
        "next": np.array([step.next for step in module.steps], "int32"),
        "gives": np.array([step.bits for step in module.steps], "int32"),
        "sizes": np.array(
            [b.size if b.timed else 0 for b in (*module.inputs, *module.outputs)], "int32"
        ),
        "weights": memories.weights(),
    }
    addresses = {name: array.ctypes.data for name, array in arrays.items()}
    counts = {"inputs": len(module.inputs), "outputs": len(module.outputs)}
    library = native.library()
    assert library is not None
    function = ctypes.cast(library.cello_interpret, ctypes.c_void_p).value or 0

    def enter() -> Entry:
        work = memories.work()  # each session has its own
        program = _Program(**addresses, **counts, work=work.ctypes.data, phase=layout.phase)
        return Entry(function, ctypes.addressof(program), (program, arrays, codes, work))

    return enter
