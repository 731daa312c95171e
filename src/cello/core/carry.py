"""What layers hand on from one piece of a sequence to the next.

Streaming, truncated back-propagation and generation run a model over a sequence piece by piece.
They do it within a `Carry`: a layer that remembers what came before (a recurrent layer, a causal
convolution, a pooling window) takes it from its slot there, and keeps it there for the next piece::

    with Carry(values, starts) as carry:
        outputs = model(piece)
    values = carry.kept

It is pure: `values` and `kept` are trees of arrays, and the whole can be compiled.
"""

from __future__ import annotations

import collections
import re
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax.extend.core import Literal

from cello.core.naming import add_scope
from cello.core.observation import Observer, innermost
from cello.core.symbolic import BATCH, new_dimension


class Carry(Observer):
    """A scope in which layers go on where the piece before ended.

    Args:
        values: path of a slot to what was kept there, a tree of arrays `(batch, ...)`. A layer that
            is not in it starts anew.
        starts: boolean `(batch,)`: the rows whose sequence starts with this piece.
        phases: path of a slot to a number of steps; see `Slot.phase`.
        off_time: paths of the slots of layers that run along another axis than that of the pieces.
        stateful: whether stateful layers start from their own states and change them.
        ready: paths of the slots whose values hold for rows that start here, too.

    Attributes:
        kept: what to give as `values` with the next piece.
        begun: path of a slot to what a row that starts is given, a tree of arrays.
        phases: with what layers found at their first piece.
        next_phases: what to give as `phases` then.
    """

    def __init__(
        self,
        values=None,
        starts=None,
        phases=None,
        off_time=frozenset(),
        stateful=False,
        ready=frozenset(),
    ):
        self.values: dict[str, Any] = values or {}
        self.starts = starts
        self.phases: dict[str, int] = dict(phases or {})
        self.off_time = set(off_time)
        self.stateful = stateful
        self.ready = ready
        self.kept: dict[str, Any] = {}
        self.begun: dict[str, Any] = {}
        self.next_phases: dict[str, int] = {}
        self._uses: collections.Counter[str] = collections.Counter()

    def slot(self, inputs) -> Slot | None:
        """The slot of the layer that is running on `inputs`; `None` where it carries nothing.

        A layer that is called several times has a slot for each call.
        """
        path = self.next_path()
        return None if self._is_off_time(path, inputs) else Slot(self, path)

    def next_path(self) -> str:
        """The path of the layer that is running, another one at each of its calls."""
        path = add_scope("")[:-1].partition("/")[2]  # within the model, whose own name may change
        self._uses[path] += 1
        return path if self._uses[path] == 1 else f"{path}_{self._uses[path]}"

    def _is_off_time(self, path: str, inputs) -> bool:
        return path in self.off_time


class Examination(Carry):
    """A scope that refuses, by name, layers that cannot run piece by piece.

    The length of the pieces is an unknown here, so that an array has an axis of time just where its
    shape has an unknown size behind the batch. Nothing is carried.
    """

    def on_call(self, layer, arguments, proceed):
        reason = layer.why_not_in_pieces(arguments) if _has_time(arguments) else None
        if reason is not None:
            raise ValueError(
                f"{layer} cannot run over a sequence piece by piece, as a stream, in truncated "
                f"back-propagation or in generation: {reason}"
            )
        return proceed(arguments)

    def _is_off_time(self, path: str, inputs) -> bool:
        if not _has_time(inputs):
            self.off_time.add(path)
        return True


def _has_time(tree) -> bool:
    return any(
        not isinstance(size, int)
        for leaf in jax.tree.leaves(tree)
        for size in getattr(leaf, "shape", ())[1:]
    )


class Slot:
    """What one layer carries.

    Args:
        carry: the scope.
        path: the layer's path.
    """

    def __init__(self, carry: Carry, path: str):
        self._carry = carry
        self._path = path

    def resume(self, start):
        """What was kept at the end of the piece before; `start` for rows that start here.

        Args:
            start: tree of arrays `(batch, ...)`.
        """
        self._carry.begun[self._path] = start
        if self._path not in self._carry.values:
            return start
        starts = self._carry.starts

        def choose(start, kept):
            if starts is None or self._path in self._carry.ready:
                return kept
            return jnp.where(starts.reshape((-1,) + (1,) * (kept.ndim - 1)), start, kept)

        return jax.tree.map(choose, start, self._carry.values[self._path])

    def keep(self, value) -> None:
        self._carry.kept[self._path] = value

    def part(self, name: str) -> Slot:
        """Another slot of the same layer."""
        return Slot(self._carry, f"{self._path}/{name}")

    def phase(self, start: int) -> int:
        """Steps from the begin of the piece to the next window's last step.

        It decides how many windows end within the piece, and so the shape of the output: it is a
        plain number, the same for all rows.
        """
        return self._carry.phases.setdefault(self._path, start)

    def keep_phase(self, steps: int) -> None:
        self._carry.next_phases[self._path] = steps


def with_time(shape, dtype) -> bool:
    """Whether axis 1 of an input of this shape, the batch included, is taken for time.

    It is where there is another axis behind it, for symbols (integers), and where its size is not
    known (`None`). An input `(batch, features)` is the same at every step.
    """
    symbols = jnp.issubdtype(dtype, jnp.integer)
    return len(shape) > 2 or (len(shape) == 2 and (symbols or shape[1] is None))


def current_carry() -> Carry | None:
    return innermost(Carry)


def carry_slot(inputs) -> Slot | None:
    """The slot of the layer that is running, if it is to carry something; for use in `call`."""
    carry = current_carry()
    return None if carry is None else carry.slot(inputs)


def examine(model, function: Callable, inputs, batch=BATCH) -> tuple[frozenset[str], Any, Any]:
    """Check that `function` can run piece by piece along time.

    Args:
        model: what is examined, for messages.
        function: what calls it on inputs.
        inputs: tree of `jax.ShapeDtypeStruct`; axis 1 is time where `None` stands in it.
        batch: the number of rows.

    Returns:
        `off_time`, for `Carry`; the outputs as a tree of `jax.ShapeDtypeStruct`; and the symbol
        that stands for time in their shapes.

    Raises:
        ValueError: naming the first layer that cannot; or where a summary of the whole sequence
            goes back into its steps.
    """
    time = new_dimension()

    def known(spec):
        shape = [time if d is None else d for d in spec.shape]
        return jax.ShapeDtypeStruct((batch, *shape[1:]), spec.dtype)

    with Examination() as examination:
        program, outputs = jax.make_jaxpr(function, return_shape=True)(jax.tree.map(known, inputs))
    if _uses_summaries(program.jaxpr, time):
        raise ValueError(
            f"{model} cannot run over a sequence piece by piece, as a stream, in truncated "
            "back-propagation or in generation: an array without time that sums up the sequence, "
            "such as the last output of a recurrent layer, goes back into its steps, and the first "
            "steps would miss what comes later. Give that layer return_sequences=True, or run "
            "whole sequences."
        )
    return frozenset(examination.off_time), outputs, time


def _uses_summaries(program, time) -> bool:
    """Whether an equation makes an array with time of one without that was made of one with."""
    name = re.compile(rf"\b{time}\b")  # sizes are expressions of it: batch*time, floordiv(time, 2)

    def timed(variable) -> bool:
        return any(name.search(str(size)) for size in getattr(variable.aval, "shape", ()))

    made_of_steps = {v for v in program.invars if timed(v)}
    for equation in program.eqns:
        found = [v for v in equation.invars if not isinstance(v, Literal) and v in made_of_steps]
        if found and not all(map(timed, found)) and any(map(timed, equation.outvars)):
            return True
        if found:
            made_of_steps.update(equation.outvars)
    return False


def before_first(function: Callable, inputs, off_time=frozenset()) -> tuple[dict, dict]:
    """What a first piece in which all rows start is to be given.

    Args:
        function: what calls the model on inputs.
        inputs: tree of arrays or specs: a piece of any length.
        off_time: what `examine` gave.

    Returns:
        `(values, phases)` for `Carry`; the values are zeros in the form of those that are kept.
    """
    phases: dict[str, int] = {}

    def kept(inputs):
        with Carry(off_time=off_time) as carry:
            function(inputs)
        phases.update(carry.phases)
        return carry.kept

    specs = jax.eval_shape(kept, inputs)
    return jax.tree.map(lambda s: jnp.zeros(s.shape, s.dtype), specs), phases
