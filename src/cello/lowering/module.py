"""A model as programs over buffers: what each step of a stream computes from states and inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.carry import Carry
from cello.lowering import rules  # noqa: F401  each registers itself
from cello.lowering.flat import Flat
from cello.lowering.gates import GateTaps
from cello.lowering.ir import Buffer, Number, Program, Repeat, buffers_read
from cello.lowering.lower import Lowering, Value, View, Weights, parts_of, whole
from cello.lowering.names import RESERVED, Unique, identifier
from cello.lowering.real import Pair
from cello.lowering.rest import resting_state
from cello.lowering.settle import settle
from cello.lowering.tracing import named_leaves, new_buffer, trace_model, without_rows
from cello.models.summary import list_layers
from cello.streaming.plan import StreamPlan, plan_stream

MOST_PHASES = 64
Change = Callable[[Flat], Flat]
STARTS = "starts"  # the state that says that no step has been made


@dataclass
class Step:
    """What one step of a stream does.

    Attributes:
        program: its statements.
        gives: for each output of the module whether this step writes it.
        phases, values: what a `Carry` has before it; the latter as shapes of one row.
        next: the number of the step that follows.
    """

    program: Program
    gives: list[bool]
    phases: dict[str, int]
    values: dict[str, Any]
    next: int = 0

    @property
    def bits(self) -> int:
        """`gives` as a number: bit k for output k."""
        return sum(1 << k for k, given in enumerate(self.gives) if given)


@dataclass
class Module:
    """A model to be written in another language.

    Attributes:
        name: an identifier, in front of all that is public in C.
        title: the model's name, for comments.
        layers: a line for each layer, for comments.
        inputs, outputs: those of a step, without the axes of batch and time.
        gates: how many of the outputs, the last ones, are gates of cells.
        weights: constants.
        states: what is remembered.
        starts: what each state is at the start: a number everywhere, or a constant.
        steps: what is done one after the other; the last goes back to an earlier one.
        length: the most steps of a sequence, if the one step is a whole one.
        slots: for each array that a `Carry` keeps its path, its shape without rows and its buffers,
            two if it is complex; those that no step reads are not among the states.
    """

    name: str
    title: str
    layers: list[str] = field(default_factory=list)
    inputs: list[Buffer] = field(default_factory=list)
    outputs: list[Buffer] = field(default_factory=list)
    gates: int = 0
    weights: list[Buffer] = field(default_factory=list)
    states: list[Buffer] = field(default_factory=list)
    starts: dict[Buffer, Number | Buffer] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    length: int | None = None
    slots: list[tuple[str, tuple[int, ...], list[Buffer]]] = field(default_factory=list)

    @property
    def phased(self) -> bool:
        """Whether there are steps that do not write every output, or that differ."""
        return len(self.steps) > 1 or not all(self.steps[0].gives)

    def start_from(self, state: Buffer, value: np.ndarray) -> None:
        """Say what a state is before the first step."""
        first = value.reshape(-1)[0].item()
        if (value == first).all():
            self.starts[state] = Number(first, state.kind)
            return
        name, shape, kind = f"{state.name}_start", state.shape, state.kind
        start = Buffer(name, shape, kind, "weight", value.reshape(shape), state.comment)
        self.starts[state] = start
        self.weights.append(start)


def unchanged(flat: Flat) -> Flat:
    return flat


def module_of_stream(
    model, name: str, like=None, rest=None, gates=False, change: Change = unchanged
) -> Module:
    """The module of a model that runs step by step.

    Args:
        model: a built model that streams.
        name: what the module is called; it is made an identifier.
        like: as for `Model.stream`.
        rest: as for `write_source`.
        gates: whether the gates of the cells are outputs as well.
        change: makes another function of that of a step, to be lowered in its place.

    Raises:
        ValueError: if the model cannot run as a stream, or uses what has no rule; the layer is
            named.
    """
    try:
        plan = plan_stream(model, like)
    except ValueError as error:
        error.add_note(
            "If it looks at later steps: model.export('m.c', steps=100) writes it for whole "
            "sequences of up to 100 steps."
        )
        raise
    start = {} if rest is None else resting_state(model, rest, like)
    return module_of_plan(plan, name, start, gates, change)


def module_of_plan(
    plan: StreamPlan, name: str, start=None, gates: bool = False, change: Change = unchanged
) -> Module:
    """The module of a stream that has been looked at; `start` is by the paths of states."""
    model = plan.model
    module = Module(identifier(name, "model"), model.name, list_layers(model))
    return _Tracing(plan, module, gates, change).module(start or {})


class _Tracing:
    """The steps of a model, traced for each phase of its windows and lowered."""

    def __init__(self, plan: StreamPlan, module: Module, gates: bool, change: Change):
        self._model = plan.model
        self._plan = plan
        self._module = module
        self._gates = gates
        self._change = change
        self._unique = Unique(*RESERVED)
        self._weights = Weights(self._unique)
        self._slots: dict[tuple[str, tuple[int, ...]], Value] = {}

    def module(self, start: dict[str, np.ndarray]) -> Module:
        """The module; what `start` has is the state at the start."""
        module, plan = self._module, self._plan
        leaves = plan.piece(batch_size=1, steps=1)
        values, phases = plan.before_first(batch_size=1)
        begun = self._begin(leaves, phases)
        unknown = {path for path, value in begun.items() if value is None}
        self._ready = frozenset(
            slot for slot in values if not any(_within(path, slot) for path in unknown)
        )
        module.inputs = [
            self._buffer(name, without_rows(leaf.shape, timed), leaf.dtype, "input", timed)
            for name, leaf, timed in zip(self._input_names(), leaves, plan.timed, strict=True)
        ]
        seen: dict[Any, int] = {}
        while (key := tuple(phases.items())) not in seen:
            seen[key] = len(module.steps)
            if len(seen) > MOST_PHASES:
                raise ValueError(
                    f"{self._model} cannot be exported: its windows end together only after more "
                    f"than {MOST_PHASES} steps. Choose strides that divide each other."
                )
            values, phases = self._step(values, phases, leaves)
        module.steps[-1].next = seen[key]
        module.weights = self._weights.buffers
        drop_unread(module)
        for (path, _), value in self._slots.items():
            self._start(path, value, begun | start)
        return module

    # ---------------------------------------------------------------------------- tracing

    def _begin(self, leaves, phases) -> dict[str, np.ndarray | None]:
        """What is carried at the start, by the paths of its arrays; `None` if inputs decide."""

        def function(leaves):
            with Carry(phases=phases, off_time=self._plan.off_time) as carry:
                self._model(self._plan.structure.unflatten(leaves), training=False)
            return carry.begun

        flat, begun = trace_model(self._model, function, leaves)
        return {
            path: None if array.value is None else np.asarray(array.value)
            for (path, _), array in zip(named_leaves(begun), flat.outputs, strict=True)
        }

    def _step(self, values, phases, leaves):
        """Trace and lower the step at these phases; what is carried then, and the phases."""
        after: dict[str, Any] = {}

        def function(values, starts, leaves):
            settings = {"off_time": self._plan.off_time, "ready": self._ready}
            with Carry(values, starts, phases, **settings) as carry, GateTaps(self._gates) as taps:
                outputs = self._model(self._plan.structure.unflatten(leaves), training=False)
            after["phases"] = carry.next_phases
            return outputs, taps.found, carry.kept

        starts = jax.ShapeDtypeStruct((1,), bool)
        flat, (outputs, gates, kept) = trace_model(self._model, function, values, starts, leaves)
        flat = self._change(flat)
        states = [self._slot(path, spec) for path, spec in named_leaves(values)]
        states.append(self._slot(STARTS, starts))
        lowering = Lowering(self._weights)
        # An output may lie where an input is, for all that a compiler knows; read again for each
        # element, an input would keep a loop from vectors.
        inputs = [
            lowering.copy(whole(b, leaf.shape))
            for b, leaf in zip(self._module.inputs, leaves, strict=True)
        ]
        found = lowering.run(flat, [*states, *inputs])
        self._module.gates = len(gates)
        shown = [*named_leaves(outputs), *named_leaves(gates)]
        no = View((1,), "bool", lambda indices: Number(False, "bool"))
        names = [*named_leaves(kept), (STARTS, starts)]
        new = self._new_states(lowering, names, [*found[len(shown) :], no])
        timed = [*jax.tree.leaves(self._plan.along_time), *[True] * len(gates)]
        outputs = found[: len(shown)]
        gives = take_outputs(self._module, self._buffer, lowering, shown, outputs, timed)
        for target, view in new:
            lowering.write(whole(view.stored, target.shape), target)
        settle(lowering.program)
        steps = self._module.steps
        steps.append(Step(lowering.program, gives, phases, values, len(steps) + 1))
        return kept, after["phases"]

    # ---------------------------------------------------------------------------- buffers

    def _input_names(self) -> list[str]:
        return self._plan.names or [path or "input" for path, _ in named_leaves(self._structure())]

    def _structure(self):
        return self._plan.structure.unflatten(range(len(self._plan.specs)))

    def _buffer(self, name: str, shape, dtype, role: str, timed: bool = True) -> Buffer:
        return new_buffer(self._model, self._unique, name, shape, dtype, role, timed)

    def _slot(self, path: str, spec) -> Value:
        """The buffer of a state, or two of a complex one."""
        key = path, tuple(spec.shape)
        if key not in self._slots:
            shape = tuple(spec.shape[1:])
            if spec.dtype == jnp.complex64:
                parts = [
                    self._buffer(f"{path} {part}", shape, np.dtype("float32"), "state")
                    for part in ("real", "imaginary")
                ]
                self._slots[key] = Pair(*[whole(b, spec.shape) for b in parts])
            else:
                buffer = self._buffer(path, shape, spec.dtype, "state")
                self._slots[key] = whole(buffer, spec.shape)
            buffers = [v.stored for v in parts_of(self._slots[key])]
            self._module.states += buffers
            self._module.slots.append((path, shape, buffers))
        return self._slots[key]

    def _start(self, path: str, slot: Value, begun: dict[str, Any]) -> None:
        """Say what a state is before the first step."""
        value = begun.get(path)
        value = np.asarray(path == STARTS) if value is None else value
        values = [value.real, value.imag] if isinstance(slot, Pair) else [value]
        for view, part in zip(parts_of(slot), values, strict=True):
            if view.stored not in self._module.states:
                continue
            if part.size not in (view.stored.size, 1):  # of another phase
                part = np.zeros(())
            self._module.start_from(view.stored, np.broadcast_to(part, view.shape))

    def _new_states(self, lowering, kept, found) -> list[tuple[Buffer, View]]:
        """Each state that changes, and its new numbers, computed before anything is overwritten."""
        new = []
        for (path, spec), value in zip(kept, found, strict=True):
            slots = parts_of(self._slot(path, spec))
            for slot, view in zip(slots, parts_of(value), strict=True):
                if view.buffer is slot.stored:
                    continue
                of_another = view.buffer is not None and view.buffer.role == "state"
                new.append(
                    (slot.stored, lowering.copy(view) if of_another else lowering.keep(view))
                )
        return new


def take_outputs(module: Module, buffer, lowering: Lowering, shown, found, timed) -> list[bool]:
    """Write what comes out now.

    Args:
        module: whose outputs are made with the first step.
        buffer: makes a buffer.
        lowering: into which it is written.
        shown: names and shapes of the outputs.
        found: their values.
        timed: whether each has an axis of time that goes.

    Returns:
        Whether each output is there now: one with windows is not at every step.
    """
    if any(isinstance(value, Pair) for value in found):
        raise ValueError(f"{module.title} cannot be exported: its outputs are complex numbers.")
    kept = [lowering.keep(value) for value in found]  # before the first is written
    for number, (path, spec) in enumerate(shown):
        if number == len(module.outputs):
            shape = without_rows(spec.shape, timed[number])
            made = buffer(path or "output", shape, spec.dtype, "output", timed[number])
            module.outputs.append(made)
            made.per_step = 0 if timed[number] else 1  # not known before there is one
        if timed[number]:
            _count_steps(module, module.outputs[number], spec.shape[1])
    gives = [0 not in spec.shape for _, spec in shown]
    for target, value, given in zip(module.outputs, kept, gives, strict=True):
        if given:
            lowering.write(whole(value.stored, target.shape), target)
    return gives


def _count_steps(module: Module, output: Buffer, steps: int) -> None:
    """Take note of how many steps of an output come of one; 0 is none now."""
    if steps and not output.per_step:
        output.per_step = steps
        output.shape = (steps, *output.shape) if steps > 1 else output.shape
    if steps not in (0, output.per_step):
        raise ValueError(
            f"{module.title} cannot be exported: at one step its output '{output.comment}' has "
            f"{output.per_step} steps, and {steps} at another."
        )


def drop_unread(module: Module) -> None:
    """Forget states and weights that no step reads."""
    programs = [step.program for step in module.steps]
    read = {b for p in programs for b in buffers_read(p.statements)}
    for program in programs:
        program.statements = [
            s
            for s in program.statements
            if isinstance(s, Repeat) or s.target.role != "state" or s.target in read
        ]
    module.states = [b for b in module.states if b in read]
    module.weights = [b for b in module.weights if b in read]


def _within(path: str, slot: str) -> bool:
    return path == slot or path.startswith(f"{slot}/")
