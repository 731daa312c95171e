"""What JAX has traced, computed by NumPy: nothing is compiled, so a program may run only once.

Tests of laws walk hundreds of programs, each of which XLA would compile for a second to run it for
a millisecond. What JAX traces is the same program; here each of its operations is NumPy's. What the
tables lack (random bits, convolutions, our own kernels) JAX runs, one operation by itself.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, Literal

from cello.core.variable import Binding


def in_numpy(function, *like):
    """`function`, traced once for arguments like these, as a function of trees of NumPy arrays."""
    traced, form = jax.make_jaxpr(function, return_shape=True)(*like)
    structure = jax.tree.structure(form)

    def run(*arguments):
        leaves = [
            np.asarray(leaf, wanted.dtype)
            for leaf, wanted in zip(jax.tree.leaves(arguments), traced.in_avals, strict=True)
        ]
        assert [leaf.shape for leaf in leaves] == [wanted.shape for wanted in traced.in_avals]
        with np.errstate(all="ignore"):  # where a mask is false stand numbers that are none
            return jax.tree.unflatten(structure, evaluate(traced, leaves))

    return run


def computed(function, *arguments):
    """`function(*arguments)`, for arguments that are trees of arrays."""
    return in_numpy(function, *arguments)(*arguments)


def outputs_of(layer, x, training=False, **options):
    """What a layer, or a model, gives."""

    def run(x, options):
        with Binding():  # random generators may go on
            return layer(x, **options, **({"training": True} if training else {}))

    return computed(run, x, options)


def evaluate(closed, arguments):
    """The results of a jaxpr with its constants, a list."""
    values = dict(zip(closed.jaxpr.constvars, map(np.asarray, closed.consts), strict=True))
    values |= zip(closed.jaxpr.invars, arguments, strict=True)

    def read(v):
        return np.asarray(v.val, v.aval.dtype) if isinstance(v, Literal) else values[v]

    for equation in closed.jaxpr.eqns:
        name, parameters = equation.primitive.name, equation.params
        given = list(map(read, equation.invars))
        if name in NESTED:
            inner = parameters[NESTED[name]]
            results = evaluate(inner if hasattr(inner, "jaxpr") else ClosedJaxpr(inner, ()), given)
        elif name in SIMPLE:
            results = [SIMPLE[name](*given)]
        elif name in WITH_PARAMETERS:
            results = WITH_PARAMETERS[name](*given, **parameters)
        else:
            results = equation.primitive.bind(*map(jnp.asarray, given), **parameters)
        for variable, value in zip(
            equation.outvars, results if isinstance(results, (list, tuple)) else [results],
            strict=True,
        ):  # fmt: skip
            if not jax.dtypes.issubdtype(variable.aval.dtype, jax.dtypes.prng_key):
                value = np.asarray(value, variable.aval.dtype)
            assert value.shape == variable.aval.shape, equation
            values[variable] = value
    return list(map(read, closed.jaxpr.outvars))


def scan(*given, jaxpr, length, reverse, num_consts, num_carry, **_):
    constants, carry = given[:num_consts], given[num_consts : num_consts + num_carry]
    sequences = given[num_consts + num_carry :]
    outputs = jaxpr.out_avals[num_carry:]
    every = [np.zeros((length, *y.shape), y.dtype) for y in outputs]
    for t in reversed(range(length)) if reverse else range(length):
        carry, now = _cut(
            evaluate(jaxpr, [*constants, *carry, *(s[t] for s in sequences)]), num_carry
        )
        for y, y_t in zip(every, now, strict=True):
            y[t] = y_t
    return [*carry, *every]


def while_loop(*given, cond_jaxpr, body_jaxpr, cond_nconsts, body_nconsts):
    of_condition, rest = _cut(list(given), cond_nconsts)
    of_body, carry = _cut(rest, body_nconsts)
    while evaluate(cond_jaxpr, [*of_condition, *carry])[0]:
        carry = evaluate(body_jaxpr, [*of_body, *carry])
    return carry


def _cut(values, at):
    return values[:at], values[at:]


def dot_general(a, b, *, dimension_numbers, preferred_element_type=None, **_):
    wide = np.result_type(a, b) if preferred_element_type is None else preferred_element_type
    wide = np.float32 if np.dtype(wide).itemsize == 2 else wide  # NumPy has no products of 16 bits
    a, b = a.astype(wide), b.astype(wide)
    (over_a, over_b), (batch_a, batch_b) = dimension_numbers
    of_a = list(range(a.ndim))
    of_b = [a.ndim + i for i in range(b.ndim)]
    for i, j in zip((*over_a, *batch_a), (*over_b, *batch_b), strict=True):
        of_b[j] = of_a[i]
    batch = [of_a[i] for i in batch_a]
    free = [i for i in (*of_a, *of_b) if i not in batch and not (i in of_a and i in of_b)]
    return np.einsum(a, of_a, b, of_b, batch + free)


def broadcast_in_dim(x, *, shape, broadcast_dimensions, **_):
    form = [1] * len(shape)
    for size, axis in zip(x.shape, broadcast_dimensions, strict=True):
        form[axis] = size
    return np.broadcast_to(x.reshape(form), shape)


def pad(x, value, *, padding_config):
    for axis, (low, high, between) in enumerate(padding_config):
        size = max(x.shape[axis] + between * (x.shape[axis] - 1), 0)
        form = [*x.shape]
        form[axis] = max(low, 0) + size + max(high, 0)
        wide = np.full(form, value)
        places = [slice(None)] * x.ndim
        places[axis] = slice(max(low, 0), max(low, 0) + size, between + 1)
        wide[tuple(places)] = x
        places[axis] = slice(max(-low, 0), form[axis] - max(-high, 0))
        x = wide[tuple(places)]
    return x


def slice_of(x, *, start_indices, limit_indices, strides):
    return x[tuple(map(slice, start_indices, limit_indices, strides or (1,) * x.ndim))]


def along(function):
    def run(x, *, axis, reverse):
        turned = np.flip(x, axis) if reverse else x
        result = function(turned, axis=axis)
        return np.flip(result, axis) if reverse else result

    return run


def reshape(x, *, new_sizes, dimensions, **_):
    return (x if dimensions is None else np.transpose(x, dimensions)).reshape(new_sizes)


def reducing(function):
    return lambda x, *, axes, **_: function(x, axis=tuple(axes))


def converted(x, *, new_dtype, **_):
    complex_to_real = x.dtype.kind == "c" and np.dtype(new_dtype).kind != "c"
    return (x.real if complex_to_real else x).astype(new_dtype)


def iota(*, dtype, shape, dimension, **_):
    return broadcast_in_dim(np.arange(shape[dimension], dtype=dtype), shape=shape,
                            broadcast_dimensions=[dimension])  # fmt: skip


NESTED = {
    "jit": "jaxpr", "pjit": "jaxpr", "closed_call": "call_jaxpr", "checkpoint": "jaxpr",
    "custom_jvp_call": "call_jaxpr", "custom_vjp_call": "call_jaxpr", "remat2": "jaxpr",
    "custom_vmap_call": "call",
}  # fmt: skip
SIMPLE = {
    "abs": np.abs, "add": np.add, "add_any": np.add, "and": np.bitwise_and,
    "complex": lambda x, y: x + np.complex64(1j) * y, "conj": np.conj, "copy": np.copy,
    "cos": np.cos, "eq": np.equal, "exp": np.exp, "expm1": np.expm1, "ge": np.greater_equal,
    "gt": np.greater, "imag": np.imag, "le": np.less_equal, "log": np.log, "log1p": np.log1p,
    "logistic": lambda x: 1 / (1 + np.exp(-x)), "lt": np.less, "max": np.maximum,
    "min": np.minimum, "mul": np.multiply, "ne": np.not_equal, "neg": np.negative,
    "not": np.invert, "or": np.bitwise_or, "pow": np.power, "real": np.real,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "select_n": lambda which, *cases: np.choose(np.asarray(which, int), cases),
    "sign": np.sign, "sin": np.sin, "sqrt": np.sqrt, "square": np.square, "sub": np.subtract,
    "tanh": np.tanh,
}  # fmt: skip
WITH_PARAMETERS = {
    "broadcast_in_dim": broadcast_in_dim,
    "concatenate": lambda *x, dimension: np.concatenate(x, dimension),
    "convert_element_type": converted,
    "cummax": along(np.maximum.accumulate),
    "cumsum": along(np.cumsum),
    "div": lambda x, y: x // y if x.dtype.kind in "iu" else x / y,
    "dot_general": dot_general,
    "expand_dims": lambda x, *, dimensions: np.expand_dims(x, dimensions),
    "integer_pow": lambda x, *, y: x**y if y >= 0 else 1 / x**-y,
    "iota": iota,
    "nonbatchable": lambda x, **_: x,  # of diffrax, as is the next
    "pad": pad,
    "reduce_and": reducing(np.all),
    "reduce_max": reducing(np.max),
    "reduce_min": reducing(np.min),
    "reduce_or": reducing(np.any),
    "reduce_sum": reducing(np.sum),
    "reshape": reshape,
    "rev": lambda x, *, dimensions: np.flip(x, dimensions),
    "scan": scan,
    "slice": slice_of,
    "split": lambda x, *, sizes, axis: np.split(x, np.cumsum(sizes)[:-1], axis),
    "squeeze": lambda x, *, dimensions: np.squeeze(x, dimensions),
    "stack": lambda *x, axis: np.stack(x, axis),
    "stop_gradient": lambda x: x,
    "transpose": lambda x, *, permutation: np.transpose(x, permutation),
    "unvmap_any": np.any,
    "unstack": lambda x, *, axis: list(np.moveaxis(x, axis, 0)),
    "while": while_loop,
}
