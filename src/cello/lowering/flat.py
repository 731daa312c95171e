"""A traced function as a flat list of equations, with all that depends on weights alone computed.

Calls within calls are put in their place, loops of one step as well; longer ones keep a body of
their own. What a writer of a file sees then is what depends on states and inputs.
"""

from __future__ import annotations

import collections
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.export import is_symbolic_dim
from jax.extend.core import Literal

from cello.ops.convolution import compute_plainly

CALLS = {
    "jit": "jaxpr",
    "pjit": "jaxpr",
    "closed_call": "call_jaxpr",
    "core_call": "call_jaxpr",
    "remat2": "jaxpr",
    "checkpoint": "jaxpr",
    "custom_jvp_call": "call_jaxpr",
    "custom_vjp_call": "call_jaxpr",
}

WHOLE = "whole: "
"""How the name of a call begins that stays one equation, for a writer that knows what it is."""


MEANINGS: dict[str, Callable] = {"convolution": compute_plainly}
"""What primitives stand for, as functions of others."""

IMPLEMENTED = {
    "maybe_set",
    "nonbatchable",
    "select_if_vmap",
    "unvmap_all",
    "unvmap_any",
    "unvmap_max",
}
"""Primitives of equinox that are made of others: their own implementation says how."""


def _spread(x, shape, broadcast_dimensions, **_):
    sizes = [1] * len(shape)
    for axis, size in zip(broadcast_dimensions, x.shape, strict=True):
        sizes[axis] = size
    return np.broadcast_to(x.reshape(sizes), shape)


EXACT: dict[str, Callable] = {
    "add": lambda x, y, **_: x + y,
    "broadcast_in_dim": _spread,
    "convert_element_type": lambda x, new_dtype, **_: x.astype(new_dtype),
    "gt": lambda x, y, **_: x > y,
    "mul": lambda x, y, **_: x * y,
    "reshape": lambda x, new_sizes, **_: x.reshape(new_sizes),
    "rev": lambda x, dimensions: np.flip(x, dimensions),
    "squeeze": lambda x, dimensions: x.squeeze(dimensions),
    "stop_gradient": lambda x: x,
    "sub": lambda x, y, **_: x - y,
    "transpose": lambda x, permutation: x.transpose(permutation),
}
"""What NumPy does as JAX does: if it is all that weights go through, nothing is compiled."""


@dataclass(eq=False)
class Array:
    """What an equation takes or gives.

    Attributes:
        shape, dtype: as in JAX.
        value: its numbers, if they are known before the program runs.
        weight: the name of the weight that it is, or is made of.
        stored: "int8", "offset8", "bfloat16" or "float16" if a file keeps its numbers so.
    """

    shape: tuple[int, ...]
    dtype: Any
    value: Any = None
    weight: str = ""
    stored: str = ""


@dataclass(eq=False)
class Equation:
    """`outputs = primitive(*inputs, **params)`, in a layer; with a body if it is a loop."""

    primitive: Any
    inputs: list[Array]
    outputs: list[Array]
    params: dict[str, Any]
    layer: str
    bodies: list[Flat] = field(default_factory=list)


@dataclass(eq=False)
class Flat:
    """A function: its inputs, what is computed one after the other, and which of it comes out."""

    inputs: list[Array]
    equations: list[Equation]
    outputs: list[Array]

    def uses(self) -> collections.Counter[Array]:
        """How often each array is used."""
        found = collections.Counter(a for e in self.equations for a in e.inputs)
        found.update(self.outputs)
        return found


def flatten(program, known: Sequence[tuple[str, Any] | None]) -> Flat:
    """A closed jaxpr as a flat function of those inputs that are not known.

    Args:
        program: what `jax.make_jaxpr` gives.
        known: for each input a name and its value, or `None` if it comes when the program runs.
    """
    inputs = [_like(v.aval) for v in program.jaxpr.invars]
    for array, entry in zip(inputs, known, strict=True):
        if entry is not None:
            array.weight, array.value = entry[0], jnp.asarray(entry[1])
    consts = [_constant(value) for value in program.consts]
    equations: list[Equation] = []
    outputs = _inline(program.jaxpr, [*consts, *inputs], "", equations)
    equations, outputs = _without_repeats(equations, outputs)
    equations = _fold(needed(equations, outputs), outputs)
    unknown = [a for a, entry in zip(inputs, known, strict=True) if entry is None]
    return Flat(unknown, equations, outputs)


def _like(aval: Any) -> Array:
    return Array(tuple(aval.shape), aval.dtype)


def _constant(value) -> Array:
    value = jnp.asarray(value)
    return Array(value.shape, value.dtype, value)


def write_equations(
    closed, arguments: list[Array], layer: str, into: list[Equation]
) -> list[Array]:
    """Write the equations of a jaxpr, closed or not, behind those in `into`; what it gives."""
    jaxpr, consts = _opened(closed)
    return _inline(jaxpr, [*consts, *arguments], layer, into)


def _inline(jaxpr, arguments: list[Array], layer: str, into: list[Equation]) -> list[Array]:
    """Write the equations of a jaxpr behind those in `into`; what it gives."""
    arrays = dict(zip([*jaxpr.constvars, *jaxpr.invars], arguments, strict=True))

    def read(atom) -> Array:
        if isinstance(atom, Literal):
            return _constant(np.asarray(atom.val, _like(atom.aval).dtype))
        return arrays[atom]

    for eqn in jaxpr.eqns:
        inside = "/".join(filter(None, (layer, _layer_of(eqn))))  # a body says what is in it alone
        found = _of_equation(eqn, [read(v) for v in eqn.invars], inside, into)
        arrays.update(zip(eqn.outvars, found, strict=True))
    return [read(v) for v in jaxpr.outvars]


def _layer_of(eqn) -> str:
    """The scopes that an equation was written in, without those of transformations."""
    scopes = str(eqn.source_info.name_stack).split("/")
    return "/".join(s for s in scopes if not s.endswith(")"))


def _of_equation(eqn, inputs: list[Array], layer: str, into: list[Equation]) -> list[Array]:
    name = eqn.primitive.name
    whole = name in CALLS and str(eqn.params.get("name", "")).startswith(WHOLE)
    if name in CALLS and not whole:
        return write_equations(eqn.params[CALLS[name]], inputs, layer, into)
    if name in MEANINGS or name in IMPLEMENTED:
        meaning = MEANINGS.get(name, eqn.primitive.impl)
        meant = jax.make_jaxpr(functools.partial(meaning, **eqn.params))
        specs = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in inputs]
        return write_equations(meant(*specs), inputs, layer, into)
    if name == "scan" and eqn.params["length"] == 1:
        return _once(eqn.params, inputs, layer, into)
    outputs = [_like(v.aval) for v in eqn.outvars]
    bodies = []
    if name == "scan":
        bodies = [_body(eqn.params["jaxpr"], layer)]
    elif name == "while":
        bodies = [_body(eqn.params[part], layer) for part in ("cond_jaxpr", "body_jaxpr")]
    elif name == "cond":
        bodies = [_body(branch, layer) for branch in eqn.params["branches"]]
    into.append(Equation(eqn.primitive, inputs, outputs, eqn.params, layer, bodies))
    return outputs


def _opened(closed):
    """A jaxpr, closed or not, and its constants as arrays."""
    if hasattr(closed, "jaxpr"):  # JAX has both, by the primitive
        return closed.jaxpr, [_constant(c) for c in closed.consts]
    return closed, []


def _body(closed, layer: str) -> Flat:
    jaxpr, consts = _opened(closed)
    inputs = [_like(v.aval) for v in jaxpr.invars]
    equations: list[Equation] = []
    outputs = _inline(jaxpr, [*consts, *inputs], layer, equations)
    equations, outputs = _without_repeats(equations, outputs)
    return Flat(inputs, needed(equations, outputs), outputs)


def _once(params, inputs: list[Array], layer: str, into: list[Equation]) -> list[Array]:
    """A loop of one step, as its body."""
    kept = params["num_consts"] + params["num_carry"]
    rows = [_reshaped(a, a.shape[1:], layer, into) for a in inputs[kept:]]
    jaxpr, consts = _opened(params["jaxpr"])
    found = _inline(jaxpr, [*consts, *inputs[:kept], *rows], layer, into)
    carried = params["num_carry"]
    return found[:carried] + [_reshaped(a, (1, *a.shape), layer, into) for a in found[carried:]]


def _reshaped(array: Array, shape, layer: str, into: list[Equation]) -> Array:
    output = Array(tuple(shape), array.dtype)
    params = {"new_sizes": tuple(shape), "dimensions": None, "sharding": None}
    into.append(Equation(jax.lax.reshape_p, [array], [output], params, layer))
    return output


def _without_repeats(equations: list[Equation], outputs: list[Array]):
    """The equations without those that compute what others did, and the outputs."""
    same: dict[Array, Array] = {}
    seen: dict[Any, Equation] = {}
    kept = []

    def key_of(array: Array):
        if array.value is not None and array.value.size == 1 and _is_number(array.dtype):
            return str(array.dtype), array.shape, array.value.item()
        return id(array)

    for equation in equations:
        equation.inputs = [same.get(a, a) for a in equation.inputs]
        key: Any = equation.primitive.name, str(equation.params), *map(key_of, equation.inputs)
        first = None if equation.bodies else seen.setdefault(key, equation)
        if first is None or first is equation:
            kept.append(equation)
        else:
            same.update(zip(equation.outputs, first.outputs, strict=True))
    return kept, [same.get(a, a) for a in outputs]


def _is_number(dtype) -> bool:
    """Whether it is not a key of random numbers."""
    return not jnp.issubdtype(dtype, jax.dtypes.extended)


def needed(equations: list[Equation], outputs: list[Array]) -> list[Equation]:
    """Those that something comes of."""
    wanted, found = set(outputs), []
    for equation in reversed(equations):
        if wanted.intersection(equation.outputs):
            wanted.update(equation.inputs)
            found.append(equation)
    return found[::-1]


def _fold(equations: list[Equation], outputs: list[Array]) -> list[Equation]:
    """Compute what is known in one program of JAX's; the equations that are left."""
    ahead, left = [], []
    known: set[Array] = set()
    for equation in equations:
        inputs_known = all(a.value is not None or a in known for a in equation.inputs)
        if inputs_known and not _has_free_sizes(equation):
            ahead.append(equation)
            known.update(equation.outputs)
        else:
            left.append(equation)
    wanted = [a for e in left for a in e.inputs if a in known]
    wanted = list(dict.fromkeys([*wanted, *[a for a in outputs if a in known]]))
    if wanted:
        leaves = list(dict.fromkeys(a for e in ahead for a in e.inputs if a.value is not None))
        if all(e.primitive.name in EXACT for e in ahead) and all(
            _is_number(a.dtype) for a in leaves
        ):
            values = _evaluate_exactly(ahead, leaves, wanted)
        else:
            values = jax.jit(_evaluator(ahead, leaves, wanted))([a.value for a in leaves])
        names = _names_of(ahead)
        for array, value in zip(wanted, values, strict=True):
            array.value, array.weight = value, names.get(array, "")
    return left


def _has_free_sizes(equation: Equation) -> bool:
    sizes = [size for array in equation.outputs for size in array.shape]
    return any(map(is_symbolic_dim, [*sizes, *jax.tree.leaves(list(equation.params.values()))]))


def _evaluate_exactly(equations: list[Equation], leaves: list[Array], wanted: list[Array]):
    found = {a: np.asarray(a.value) for a in leaves}
    for e in equations:
        result = EXACT[e.primitive.name](*[found[a] for a in e.inputs], **e.params)
        found[e.outputs[0]] = np.asarray(result, e.outputs[0].dtype)
    return [found[a] for a in wanted]


def _evaluator(equations: list[Equation], leaves: list[Array], wanted: list[Array]) -> Callable:
    def evaluate(values):
        found = dict(zip(leaves, values, strict=True))
        for e in equations:
            results = e.primitive.bind(*[found[a] for a in e.inputs], **e.params)
            results = results if e.primitive.multiple_results else [results]
            found.update(zip(e.outputs, results, strict=True))
        return [found[a] for a in wanted]

    return evaluate


def _names_of(equations: list[Equation]) -> dict[Array, str]:
    """For each array that is computed ahead the first weight that it is made of."""
    names: dict[Array, str] = {}
    for e in equations:
        name = next((n for a in e.inputs if (n := names.get(a, a.weight))), "")
        names.update(dict.fromkeys(e.outputs, name))
    return names


def refusal(equation: Equation, what: str) -> str:
    """Why something cannot be exported, with the layer that wants it."""
    where = f" (layer '{equation.layer}')" if equation.layer else ""
    return (
        f"This model cannot be exported: it uses {what}{where}, for which there is no rule. "
        "Write the layer with other functions of jax.numpy, or keep that part in Python."
    )
