"""The faults that `make mutants` plants. CONTRIBUTING.md says how to add one."""

from __future__ import annotations

from typing import NamedTuple

from faults import (
    attention,
    cells,
    core,
    export,
    feeding,
    layers,
    losses,
    narrow,
    native,
    onnx,
    speed,
    use,
    utilities,
)  # fmt: skip

PARTS = (
    attention, cells, core, export, feeding, layers, losses, narrow, native, onnx, speed, use,
    utilities,
)  # fmt: skip


class Mutant(NamedTuple):
    """A fault.

    Attributes:
        file: where it is planted, from the root of the repository.
        old: what stands there, exactly once.
        new: what stands there with the fault.
        tests: the fast tests that catch it, as pytest takes them.
        what: the fault in words.
    """

    file: str
    old: str
    new: str
    tests: list[str]
    what: str

    @property
    def is_native(self) -> bool:
        return self.file.startswith("native/")


MUTANTS = [Mutant(*fault) for part in PARTS for fault in part.FAULTS]
