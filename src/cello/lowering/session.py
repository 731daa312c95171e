"""A session whose steps are compiled C."""

from __future__ import annotations

import ctypes
from typing import Any

import jax
import numpy as np

from cello.lowering.c import write_c
from cello.lowering.compiling import load_compiled
from cello.lowering.module import STARTS, Module, Step, module_of_stream
from cello.lowering.tracing import named_leaves
from cello.ops.engine import Engine
from cello.streaming.session import Session

DTYPES = {"float": "float32", "int": "int32", "unsigned": "uint32", "bool": "int32"}


class CompiledSession(Session):
    """A `Session` that runs the C of `model.export("model.c")`, with the weights of its start.

    Each row is a struct of that file, here a row of 32-bit words. Its states are those of any other
    session, and go on in one.

    Args:
        model, batch_size, like: as for `Session`.

    Raises:
        ValueError: if the model cannot be exported; the layer is named.
        RuntimeError: if there is no C compiler, or it fails.
    """

    def __init__(self, model, batch_size: int = 1, like=None):
        module = module_of_stream(model, "model", like)
        self._module: Module = module
        self._text = write_c(module, header=False)
        self._load()
        self._places, words = {}, 0
        for buffer in module.states:
            self._places[buffer.name] = words
            words += buffer.size
        self._words = words + 2  # the phase of the windows, or a word that nothing uses
        super().__init__(model, batch_size, like)
        self._outputs = jax.tree.structure(self._plan.along_time)
        first = module.inputs[0]
        alone = len(module.inputs) == 1 and first.timed
        self._form = (np.dtype(DTYPES[first.kind]), first.shape) if alone else None

    @property
    def engine(self) -> Engine:
        return Engine("c", "It was asked for.")

    def __getstate__(self):
        return {**super().__getstate__(), "_library": None, "_block": None}

    def __setstate__(self, state):
        vars(self).update(state)
        self._load()

    def _load(self) -> None:
        self._library = load_compiled(self._text)
        self._block = self._library.model_block
        count = 1 + len(self._module.inputs) + len(self._module.outputs)
        self._block.argtypes = [ctypes.c_void_p] * count + [ctypes.c_int]

    # ------------------------------------------------------------------------------- steps

    def __call__(self, chunk):
        if not self._fits(chunk):
            return super().__call__(chunk)
        return self._run([chunk], chunk.shape[1])

    __call__.__doc__ = Session.__call__.__doc__

    def _fits(self, chunk) -> bool:
        """Whether it is one array as the file takes it, which needs no other look."""
        form = self._form
        return (
            type(chunk) is np.ndarray
            and form is not None
            and chunk.dtype == form[0]
            and chunk.shape[2:] == form[1]
            and chunk.ndim == 2 + len(form[1])
            and chunk.shape[0] == self.batch_size
            and chunk.shape[1] > 0
        )

    def _run(self, leaves, steps: int):
        leaves = [
            np.ascontiguousarray(leaf, DTYPES[buffer.kind])
            for leaf, buffer in zip(leaves, self._module.inputs, strict=True)
        ]
        outputs = [
            np.empty((self.batch_size, *((steps,) if b.timed else ()), *b.shape), DTYPES[b.kind])
            for b in self._module.outputs
        ]
        arrays = [self._state, *leaves, *outputs]
        addresses = [array.__array_interface__["data"][0] for array in arrays]
        self._block(*addresses, steps)
        for row in range(1, self.batch_size):
            pairs = zip(addresses, arrays, strict=True)
            self._block(*[address + row * array.strides[0] for address, array in pairs], steps)
        self._fresh[:] = False
        if self._phases:
            outputs = self._cut(outputs, steps)
            self._phases = dict(self._module.steps[int(self._state[0, -2])].phases)
        return jax.tree.unflatten(self._outputs, outputs)

    def _cut(self, outputs, steps: int):
        """The outputs without the places of steps that had none."""
        given = self._given(steps)
        return [
            output[:, : given[k]] if buffer.timed else output
            for k, (buffer, output) in enumerate(zip(self._module.outputs, outputs, strict=True))
        ]

    def _given(self, steps: int) -> list[int]:
        """How many of the next steps have each output."""
        counts = [0] * len(self._module.outputs)
        step = self._next_step()
        for _ in range(steps):
            counts = [c + given for c, given in zip(counts, step.gives, strict=True)]
            step = self._module.steps[step.next]
        return counts

    def _next_step(self) -> Step:
        return next(step for step in self._module.steps if step.phases == self._phases)

    # ------------------------------------------------------------------------------ states

    def _set(self, values, starts, phases) -> None:
        self._room = self.batch_size
        self._phases = dict(phases)
        self._fresh = np.asarray(starts)[: self.batch_size].astype(bool)
        self._state = np.zeros((self.batch_size, self._words), "int32")
        for row in self._state:
            self._library.model_init(row.ctypes.data_as(ctypes.c_void_p))
        self._state[:, -2] = self._module.steps.index(self._next_step())
        (goes_on,) = np.nonzero(~self._fresh)
        for path, leaf in named_leaves(values):
            array = np.asarray(leaf)
            parts = [array.real, array.imag] if np.iscomplexobj(array) else [array]
            for part, view in zip(parts, self._views(path, array.shape[1:]), strict=True):
                if view is not None:
                    view[goes_on] = part.reshape(len(part), -1)[goes_on]
        for view in self._views(STARTS, ()):
            if view is not None:
                view[:, 0] = self._fresh

    def _live(self):
        values = self._next_step().values

        def read(path, leaf):
            shape = leaf.shape[1:]
            parts = [
                np.zeros((self.batch_size, *shape), "float32")
                if view is None
                else view.reshape(self.batch_size, *shape)
                for view in self._views(path, shape)
            ]
            array = parts[0] + 1j * parts[1] if len(parts) == 2 else parts[0]
            return np.array(array, leaf.dtype)

        leaves, structure = jax.tree.flatten(values)
        paths = [path for path, _ in named_leaves(values)]
        return jax.tree.unflatten(structure, map(read, paths, leaves)), self._fresh.copy()

    def _views(self, path: str, shape) -> list[Any]:
        """The words of a state in all rows; `None` for one that no step reads."""
        (buffers,) = [b for p, s, b in self._module.slots if (p, s) == (path, tuple(shape))]
        found: list[Any] = []
        for buffer in buffers:
            place = self._places.get(buffer.name)
            if place is None:
                found.append(None)
                continue
            words = self._state[:, place : place + buffer.size]
            found.append(words.view(DTYPES[buffer.kind]))
        return found
