"""The steps of a session as a lowered model, by code that needs no Python: interpreted or C."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np

from cello.core.variable import CHANGES
from cello.lowering.ir import Buffer, Number, count_work
from cello.lowering.module import STARTS, Module, Step, module_of_plan
from cello.lowering.tracing import named_leaves
from cello.native import runner
from cello.ops.engine import Engine
from cello.streaming.plan import StreamPlan

DTYPES = {"float": "float32", "int": "int32", "unsigned": "uint32", "bool": "int32"}
FORMATS = {"float": "f", "int": "i", "unsigned": "I", "bool": "i"}
MOST_WORK = 600_000  # functions of elements; some fifty microseconds
BEHIND = 16  # words behind a state that a vector may read


class Layout(NamedTuple):
    """Where the state of a row lies, in words of 32 bits.

    Attributes:
        places: for each state the first of its words.
        phase: the word that says which step comes next.
        fresh: the word that says that there has been no step.
    """

    places: dict[str, int]
    phase: int
    fresh: int


class Entry(NamedTuple):
    """A function in memory that makes steps: `function(context, arrays, steps)`.

    Attributes:
        function, context: addresses.
        held: what must live as long.
    """

    function: int
    context: int
    held: Any


Make = Callable[[Module, Layout], Callable[[], Entry]]


def lay_out(module: Module) -> Layout:
    places, words = {}, 0
    for buffer in module.states:
        places[buffer.name] = words
        words += buffer.size
    return Layout(places, words, words + 1 + BEHIND)


class Lowered:
    """A stream as a module, with the weights of one moment, and what was made of it.

    Args:
        plan: the model as a stream.

    Raises:
        ValueError: if the model cannot be lowered; the layer is named.
    """

    def __init__(self, plan: StreamPlan):
        self._weights = [v.value for v in plan.model.variables]
        self.module = module_of_plan(plan, "model")
        self.layout = lay_out(self.module)
        self._work = max(count_work(step.program.statements) for step in self.module.steps)
        self._made: dict[Make, Callable[[], Entry]] = {}

    def has_weights_of(self, model) -> bool:
        now = [v.value for v in model.variables]
        return len(now) == len(self._weights) and all(
            a is b for a, b in zip(now, self._weights, strict=True)
        )

    def why_slow(self, rows: int) -> str | None:
        """Why JAX is faster for so many rows, in a sentence; `None` if it is not."""
        if rows * self._work <= MOST_WORK:
            return None
        return (
            f"A step of {rows} row(s) of this model takes {rows * self._work:,} operations; from "
            f"{MOST_WORK:,} on, JAX is faster."
        )

    def entry(self, make: Make) -> Entry:
        """A function for one session."""
        if make not in self._made:
            self._made[make] = make(self.module, self.layout)
        return self._made[make]()


def lower_stream(plan: StreamPlan) -> Lowered:
    """The lowered model, the same for all its sessions until its layers or weights change."""
    model = plan.model
    key: Any = ("lowered", plan.structure, *plan.timed, *model.variables)
    held: list[Lowered] = model.trainer.programs.find(key, list)
    if not held or not held[0].has_weights_of(model):
        held[:] = [Lowered(plan)]
    return held[0]


class LoweredSteps:
    """Runs chunks by a function that was made of the lowered model.

    Args:
        plan: the model as a stream.
        engine: what makes the function, and why.
        make: makes it of the module.
        instead: what to run with once the model's weights change, or the rows are too many: a
            function of the plan and a reason. If it is not given, the function is made anew.

    Attributes:
        phases: for `Carry`.
        runner: for the quick way of a session.

    Raises:
        ValueError: if the model cannot be lowered; the layer is named.
    """

    def __init__(
        self,
        plan: StreamPlan,
        engine: Engine,
        make: Make,
        instead: Callable[[StreamPlan, str], Any] | None = None,
    ):
        self.engine = engine
        self.phases: dict[str, int] = {}
        self._plan, self._make, self._instead = plan, make, instead
        self._outputs = jax.tree.structure(plan.along_time)
        self._state: np.ndarray
        self._prepare()

    def _prepare(self) -> None:
        self._lowered = lower_stream(self._plan)
        self._module, self._layout = self._lowered.module, self._lowered.layout
        self._entry = self._lowered.entry(self._make)

    def __getstate__(self):
        """For `pickle` and `copy`: without what is compiled."""
        made = ("_lowered", "_module", "_layout", "_entry", "runner")
        return {name: value for name, value in vars(self).items() if name not in made}

    def __setstate__(self, state):
        vars(self).update(state)
        self._prepare()
        self._start_runner()

    def renew(self):
        """What runs the model with the weights and for the rows of now."""
        changed = not self._lowered.has_weights_of(self._plan.model)
        reason = self._lowered.why_slow(len(self._state))
        if changed:
            reason = "The weights of the model have changed since the session was opened."
        if self._instead is not None and reason:
            other = self._instead(self._plan, reason)
        elif changed:
            other = LoweredSteps(self._plan, self.engine, self._make)
        else:
            return self
        other.set(*self.live(), self.phases)
        return other

    # ------------------------------------------------------------------------------- steps

    def run(self, leaves, steps: int):
        """The outputs for a chunk."""
        leaves = [
            np.ascontiguousarray(leaf, DTYPES[buffer.kind])
            for leaf, buffer in zip(leaves, self._module.inputs, strict=True)
        ]
        rows = len(self._state)
        outputs = [
            np.empty((rows, *_shape_of(b, steps)), DTYPES[b.kind]) for b in self._module.outputs
        ]
        self.runner.run((*leaves, *outputs), steps)
        if self.phases:
            outputs = self._cut(outputs, steps)
            phase = int(self._state[0, self._layout.phase])
            self.phases = dict(self._module.steps[phase].phases)
        return jax.tree.unflatten(self._outputs, outputs)

    def _cut(self, outputs, steps: int):
        """The outputs without the places of steps that had none."""
        given = self._given(steps)
        return [
            output[:, : given[k] * buffer.per_step] if buffer.timed else output
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
        return next(step for step in self._module.steps if step.phases == self.phases)

    # ------------------------------------------------------------------------------ states

    def set(self, values, starts, phases) -> None:
        """Take these states of the rows."""
        self.phases = dict(phases)
        rows, fresh = len(starts), np.asarray(starts, bool)
        self._state = np.zeros((rows, self._layout.fresh + 1), "int32")
        for buffer in self._module.states:
            self._words(buffer)[:] = self._start_of(buffer)
        self._state[:, self._layout.phase] = self._module.steps.index(self._next_step())
        self._state[:, self._layout.fresh] = fresh
        (goes_on,) = np.nonzero(~fresh)
        for path, leaf in named_leaves(values):
            array = np.asarray(leaf)
            parts = [array.real, array.imag] if np.iscomplexobj(array) else [array]
            for part, view in zip(parts, self._views(path, array.shape[1:]), strict=True):
                if view is not None:
                    view[goes_on] = part.reshape(len(part), -1)[goes_on]
        for view in self._views(STARTS, ()):
            if view is not None:
                view[:, 0] = fresh
        self._start_runner()

    def _start_of(self, buffer: Buffer):
        start = self._module.starts[buffer]
        if isinstance(start, Number):
            return start.value
        return np.asarray(start.value).reshape(-1)

    def _start_runner(self) -> None:
        inputs, outputs = self._module.inputs, self._module.outputs
        alone = len(inputs) == len(outputs) == 1 and inputs[0].timed and outputs[0].timed
        plain = isinstance(self._plan.along_time, bool) and not self._module.phased
        plain = plain and outputs[0].per_step == 1
        self.runner = runner().Runner(
            self._entry.function,
            self._entry.context,
            self._state,
            CHANGES,
            FORMATS[inputs[0].kind],
            inputs[0].shape,
            outputs[0].shape,
            np.empty if alone and plain else None,
            np.dtype(DTYPES[outputs[0].kind]),
        )

    def live(self):
        """The states and starts of the rows, as NumPy arrays."""
        values, rows = self._next_step().values, len(self._state)

        def read(path, leaf):
            shape = leaf.shape[1:]
            parts = [
                np.zeros((rows, *shape), "float32") if view is None else view.reshape(rows, *shape)
                for view in self._views(path, shape)
            ]
            array = parts[0] + 1j * parts[1] if len(parts) == 2 else parts[0]
            return np.array(array, leaf.dtype)

        leaves, structure = jax.tree.flatten(values)
        paths = [path for path, _ in named_leaves(values)]
        states = jax.tree.unflatten(structure, map(read, paths, leaves))
        return states, self._state[:, self._layout.fresh].astype(bool)

    def _views(self, path: str, shape) -> list[Any]:
        """The words of a state in all rows; `None` for one that no step reads."""
        (buffers,) = [b for p, s, b in self._module.slots if (p, s) == (path, tuple(shape))]
        return [self._words(b) if b.name in self._layout.places else None for b in buffers]

    def _words(self, buffer: Buffer) -> np.ndarray:
        place = self._layout.places[buffer.name]
        return self._state[:, place : place + buffer.size].view(DTYPES[buffer.kind])


def _shape_of(buffer: Buffer, steps: int) -> tuple[int, ...]:
    """The shape of an output of a row for so many steps."""
    if not buffer.timed:
        return buffer.shape
    several = buffer.per_step > 1
    return (steps * buffer.per_step, *(buffer.shape[1:] if several else buffer.shape))
