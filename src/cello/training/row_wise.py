"""Whether a function treats each row of a batch by itself, seen in what JAX makes of it.

The function is traced for two numbers of rows. Both programs must have the same steps, and each
must give elements that depend on their own row alone. `primitives.py` says which of JAX do; others,
and numbers that depend on how many rows there are, may mix them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal

from cello.training.primitives import SIZES, keeps_apart, value_in_both

OTHER_PROGRAM = "for another number of rows it is another program"
OTHER_NUMBER = "a number in it depends on how many rows there are"

Reason = str | None
"""Why a value may depend on other rows than its own; `None` where it does not."""


def find_mixing(function: Callable, parts) -> Reason:
    """Why rows may meet in a function; `None` if each is treated by itself.

    Args:
        function: of `parts`; gives two trees of arrays: those with an element for each row, in
            front, and those that depend on no row and not on their number.
        parts: tuple of trees of arrays, or of shapes and dtypes, with the rows in front.
    """

    def traced(rows):
        specs = jax.tree.map(lambda a: jax.ShapeDtypeStruct((rows, *a.shape[1:]), a.dtype), parts)
        return jax.make_jaxpr(function, return_shape=True)(*specs)

    try:
        (one, (by_row, _)), (two, _) = map(traced, SIZES)
        if one.effects:
            return "it calls Python while it runs"
        found = _Follower().follow((one, two), [None] * len(one.in_avals))
    except Exception as error:  # of the user's function: some take certain numbers of rows only
        return f"for {SIZES[0]} or {SIZES[1]} rows it raises {type(error).__name__}: {error}"
    wanted = [0 if i < len(jax.tree.leaves(by_row)) else None for i in range(len(found))]
    for reason, *avals, axis in zip(found, one.out_avals, two.out_avals, wanted, strict=True):
        if reason is not None:
            return reason
        if value_in_both(*avals).axis != axis or (axis == 0 and avals[0].shape[0] != SIZES[0]):
            return f"it gives an array of the shape {avals[0].shape} for {SIZES[0]} rows"
    return None


class _Follower:
    """Goes through two programs side by side, step by step.

    Args:
        derivatives: whether those that a function has of its own are gone through, too.
    """

    def __init__(self, derivatives: bool = True):
        self._derivatives = derivatives
        self._with_programs: dict[str, Callable] = {
            "jit": self._call,
            "checkpoint": self._call,
            "remat2": self._call,
            "closed_call": self._call,
            "custom_jvp_call": self._call,
            "custom_vjp_call": self._call,
            "scan": self._scan,
            "while": self._while,
            "cond": self._cond,
        }

    def follow(self, programs: tuple[ClosedJaxpr, ...], reasons: list[Reason]) -> list[Reason]:
        """For each result why it may depend on other rows, given the same of the arguments."""
        one, two = (program.jaxpr for program in programs)
        steps = [[step.primitive for step in jaxpr.eqns] for jaxpr in (one, two)]
        if steps[0] != steps[1] or len(one.constvars) != len(two.constvars):
            return [OTHER_PROGRAM] * len(one.outvars)
        known = dict(zip(one.invars, reasons, strict=True))
        for variable, *constants in zip(one.constvars, *(p.consts for p in programs), strict=True):
            known[variable] = None if _equal(*constants) else OTHER_NUMBER

        def reason_of(a, b):
            if not isinstance(a, Literal):
                return known[a]
            return None if isinstance(b, Literal) and _equal(a.val, b.val) else OTHER_NUMBER

        for a, b in zip(one.eqns, two.eqns, strict=True):
            given = [reason_of(*pair) for pair in zip(a.invars, b.invars, strict=True)]
            known.update(zip(a.outvars, self._take(a, b, given), strict=True))
        return [reason_of(*pair) for pair in zip(one.outvars, two.outvars, strict=True)]

    def _take(self, one, two, reasons: list[Reason]) -> list[Reason]:
        """The same for the results of one step of both programs."""
        name = one.primitive.name
        if name in self._with_programs:
            return self._with_programs[name](one, two, reasons)
        reason = _first(reasons)
        if reason is None and not keeps_apart(one, two):
            reason = " in ".join(filter(None, [name, str(one.source_info.name_stack)]))
        return [reason] * len(one.outvars)

    def _call(self, one, two, reasons):
        found = self.follow(_programs_in(one, two, "jaxpr", "call_jaxpr"), reasons)
        if not (self._derivatives and one.primitive.name.startswith("custom")):
            return found
        derivatives = tuple(_derivative_of(step) for step in (one, two))
        given: list[Reason] = [None] * len(derivatives[0].in_avals)
        reason = _first(_Follower(derivatives=False).follow(derivatives, given))
        return [was or reason for was in found]

    def _scan(self, one, two, reasons):
        consts, carry = one.params["num_consts"], one.params["num_carry"]
        avals = [(a.aval, b.aval) for a, b in zip(one.invars, two.invars, strict=True)]
        along = one.params["length"] != two.params["length"]
        if along or any(value_in_both(*pair).axis == 0 for pair in avals[consts + carry :]):
            return ["scan, which goes along them"] * len(one.outvars)
        return self._repeat(_programs_in(one, two, "jaxpr"), reasons, consts, carry)

    def _while(self, one, two, reasons):
        n, m = one.params["cond_nconsts"], one.params["body_nconsts"]
        body = _programs_in(one, two, "body_jaxpr")
        carried = self._repeat(body, reasons[n:], m, len(reasons) - n - m)
        (again,) = self.follow(_programs_in(one, two, "cond_jaxpr"), [*reasons[:n], *carried])
        return [again or reason for reason in carried]

    def _repeat(self, programs, reasons, consts: int, carry: int):
        """What is found after any number of rounds, each of which gives its `carry` on."""
        carried = reasons[consts : consts + carry]
        while True:
            given = [*reasons[:consts], *carried, *reasons[consts + carry :]]
            found = self.follow(programs, given)
            after = [was or now for was, now in zip(carried, found[:carry], strict=True)]
            if after == carried:
                return [*after, *found[carry:]]
            carried = after

    def _cond(self, one, two, reasons):
        pairs = zip(one.params["branches"], two.params["branches"], strict=True)
        branches = [self.follow(pair, reasons[1:]) for pair in pairs]
        return [_first([reasons[0], *found]) for found in zip(*branches, strict=True)]


def _first(reasons: Iterable[Reason]) -> Reason:
    return next(filter(None, reasons), None)


def _equal(one, two) -> bool:
    if one is two:
        return True
    if any(isinstance(v, jax.core.Tracer) for v in (one, two)):  # kept from another trace
        return False
    if isinstance(one, jax.Array) and jax.dtypes.issubdtype(one.dtype, jax.dtypes.extended):
        return False
    one, two = np.asarray(one), np.asarray(two)
    alike = one.dtype == two.dtype and one.shape == two.shape
    return alike and one.tobytes() == two.tobytes()


def _programs_in(one, two, *names: str) -> tuple[ClosedJaxpr, ...]:
    name = next(name for name in names if name in one.params)
    both = one.params[name], two.params[name]
    return tuple(ClosedJaxpr(p, ()) if isinstance(p, Jaxpr) else p for p in both)


def _derivative_of(step) -> ClosedJaxpr:
    """The program of the tangents of a step that has its own; of the cotangents if it has those.

    Its arguments are the operands, and directions in the form of these, or of the results.
    """
    backward = step.primitive.name == "custom_vjp_call"
    # What its function closes over stands first: there is no derivative by that.
    closed = step.params.get("num_consts", 0)
    moves = [i >= closed and _is_float(v) for i, v in enumerate(step.invars)]
    fixed = [
        v.val if isinstance(v, Literal) else np.zeros(v.aval.shape, v.aval.dtype)
        for v, moving in zip(step.invars, moves, strict=True)
        if not moving
    ]
    operands = [v.aval for v, moving in zip(step.invars, moves, strict=True) if moving]
    results_of = [v.aval for v in step.outvars if _is_float(v)]
    towards = results_of if backward else operands

    def run(*floats):
        others, given = iter(fixed), iter(floats)
        operands = [next(given if moving else others) for moving in moves]
        results = step.primitive.bind(*operands, **step.primitive.get_bind_params(step.params))
        return [r for r, v in zip(results, step.outvars, strict=True) if _is_float(v)]

    def derivative(operands, directions):
        if backward:
            return jax.vjp(run, *operands)[1](directions)
        return jax.jvp(run, operands, directions)[1]

    specs = [[jax.ShapeDtypeStruct(a.shape, a.dtype) for a in v] for v in (operands, towards)]
    return jax.make_jaxpr(derivative)(*specs)


def _is_float(atom) -> bool:
    return jax.dtypes.issubdtype(atom.aval.dtype, np.inexact)
