"""The functions of `cello.ops` beside those of `keras.ops`: one table of calls drives all of it."""

import importlib
import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from in_numpy import computed, outputs_of
from ops_table import CASES, N, X, Y

import cello
from cello import ops
from cello.core.functions import FUNCTIONS
from cello.core.functions.arrays import REDUCTIONS
from cello.core.functions.elementwise import ELEMENTWISE
from cello.core.operation import Operation
from cello.core.symbolic import SymbolicTensor
from cello.models.operation_config import operation_entry

COMPILATIONS = 1200

CALLING = {  # functions of functions: their own tests are below
    "associative_scan", "cond", "custom_gradient", "fori_loop", "jvp", "map", "scan", "switch",
    "vectorize", "vectorized_map", "while_loop",
}  # fmt: skip
ELSEWHERE = {"ctc_decode"}  # tests/test_ctc.py
THERE = {n for n in dir(keras.ops) if inspect.isfunction(getattr(keras.ops, n)) and n in dir(ops)}


def calls(of, fast: int):
    """The calls of some functions; behind the first ones of a function, in the deep tests."""
    return [
        pytest.param(name, *call, id=f"{name}-{i}", marks=[pytest.mark.deep] if i >= fast else [])
        for name in of
        for i, call in enumerate(CASES[name])
    ]


IN_A_GRAPH = [name for name in CASES if name in FUNCTIONS or name == "get_item"]


def test_every_function_is_in_the_table():
    assert set(CASES) == THERE - CALLING - ELSEWHERE


@pytest.mark.parametrize("name", sorted(THERE))
def test_signature(name):
    """Keras' names, order and defaults; what JAX has more stands behind, by name alone."""
    theirs, ours = (
        [
            (p.name, p.default)
            for p in inspect.signature(getattr(module, name)).parameters.values()
            if p.kind is not p.VAR_KEYWORD and p.name not in ("where", "ddof")
        ]
        for module in (keras.ops, ops)
    )
    assert ours == theirs


def is_array(leaf):
    return isinstance(leaf, np.ndarray)


def agree(ours, theirs, tolerance=2e-5):
    """The same structure, shapes, dtypes and values."""
    ours, theirs = jax.tree.leaves(ours), jax.tree.leaves(theirs)
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if not hasattr(b, "dtype"):
            assert a == b
            continue
        assert a.dtype == b.dtype and a.shape == b.shape
        dtype = np.float32 if jnp.issubdtype(b.dtype, jnp.floating) else b.dtype
        a, b = np.asarray(a).astype(dtype), np.asarray(b).astype(dtype)
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("name", "args", "kwargs"), calls(CASES, 1))
def test_values(name, args, kwargs):
    agree(getattr(ops, name)(*args, **kwargs), getattr(keras.ops, name)(*args, **kwargs))


def gradient(function, args, kwargs):
    """Of a sum of the outputs, each with a factor of its own; `None` where JAX has no gradient."""
    leaves, structure = jax.tree.flatten((args, kwargs))
    places = [i for i, v in enumerate(leaves) if is_array(v) and v.dtype == np.float32]

    def total(arrays):
        found = dict(zip(places, arrays, strict=True))
        values = [found.get(i, v) for i, v in enumerate(leaves)]
        args, kwargs = jax.tree.unflatten(structure, values)
        outputs = [jnp.ravel(o) for o in jax.tree.leaves(function(*args, **kwargs))]
        floating = [o for o in outputs if jnp.issubdtype(o.dtype, jnp.floating)]
        return sum((jnp.vdot(jnp.cos(jnp.arange(o.size)), o) for o in floating), 0.0)

    try:
        return computed(jax.grad(total), [leaves[i] for i in places])
    except NotImplementedError:
        return None


@pytest.mark.parametrize(("name", "args", "kwargs"), calls(IN_A_GRAPH, 1))
def test_gradients(name, args, kwargs):
    ours, theirs = (gradient(getattr(m, name), args, kwargs) for m in (ops, keras.ops))
    agree(ours, theirs, 1e-4)


BROKEN_IN_KERAS = {"norm", "quantile"}  # their classes make a list of an axis, which JAX refuses


@pytest.mark.parametrize(("name", "args", "kwargs"), calls(IN_A_GRAPH, 1))
def test_on_tensors_of_a_graph(name, args, kwargs):
    """Shapes and dtypes; and the configuration of the node computes the same, here and in Keras."""
    arrays = [v for v in jax.tree.leaves((args, kwargs)) if is_array(v)]
    if not arrays:
        return
    inputs = [cello.Input(batch_shape=a.shape, dtype=a.dtype.name) for a in arrays]
    left = iter(inputs)
    args_of_graph, kwargs_of_graph = jax.tree.map(
        lambda v: next(left) if is_array(v) else v, (args, kwargs)
    )
    outputs = getattr(ops, name)(*args_of_graph, **kwargs_of_graph)
    outputs = jax.tree.leaves(outputs, is_leaf=lambda v: isinstance(v, SymbolicTensor))
    expected = jax.tree.leaves(getattr(keras.ops, name)(*args, **kwargs))
    assert [(t.shape, t.dtype) for t in outputs] == [(e.shape, e.dtype.name) for e in expected]
    config = cello.Model(inputs, outputs).get_config()
    agree(outputs_of(cello.Model.from_config(config), arrays), expected)
    entry, called, _ = operation_entry(Operation(outputs[0].node.layer.function), args, kwargs)
    if entry["module"].startswith("keras.src.ops") and name not in BROKEN_IN_KERAS:
        options = {k: v for k, v in entry["config"].items() if k != "name"}
        theirs = getattr(importlib.import_module(entry["module"]), entry["class_name"])(**options)
        agree(theirs(*called), expected)


STEPS = [p for p in calls(IN_A_GRAPH, 1) if p.values[0] not in ("array", "get_item")]


@pytest.mark.parametrize(("name", "args", "kwargs"), STEPS)
def test_what_may_run_in_pieces_gives_the_same_in_pieces(name, args, kwargs):
    """What says nothing against it, cut along the second axis."""
    leaves, structure = jax.tree.flatten((args, kwargs))
    cut = [i for i, v in enumerate(leaves) if is_array(v)]
    of_steps = all(leaves[i].shape[:2] == X.shape[:2] for i in cut)
    arguments = dict(zip(("args", "kwargs"), (args, kwargs), strict=True))
    if not (cut and of_steps) or Operation(name).why_not_in_pieces(arguments) is not None:
        return

    def piece(steps):
        def run(arrays):
            found = dict(zip(cut, arrays, strict=True))
            args, kwargs = jax.tree.unflatten(
                structure, [found.get(i, v) for i, v in enumerate(leaves)]
            )
            return jax.tree.leaves(FUNCTIONS[name](*args, **kwargs))

        return computed(run, [leaves[i][:, steps] for i in cut])

    pieces = [piece(slice(0, 1)), piece(slice(1, 3))]
    joined = [np.concatenate(parts, axis=1) for parts in zip(*pieces, strict=True)]
    agree(joined, piece(slice(0, 3)))


def test_an_axis_that_is_made_in_front_of_time_is_no_step():
    x, y = cello.Input((None,), dtype="int32"), cello.Input((None, 3))
    for tensor, streams in (
        (ops.one_hot(x, 5), True),
        (ops.one_hot(x, 5, axis=1), False),
        (ops.stack([y, y], axis=-1), True),
        (ops.stack([y, y], axis=1), False),
        (ops.expand_dims(y, -1), True),
        (ops.softmax(y), True),
        (ops.softmax(y, axis=1), False),
        (ops.top_k(y, 2)[0], True),
        (ops.cumsum(y, axis=1), False),
        (ops.layer_normalization(y), True),
        (ops.nanmean(y, axis=2), True),
    ):
        node = tensor.node
        arguments = {"args": node.args, "kwargs": node.kwargs}
        assert (node.layer.why_not_in_pieces(arguments) is None) == streams, node.layer


DTYPES = "bool int8 uint8 int32 uint32 bfloat16 float16 float32".split()


@pytest.mark.parametrize("name", [n for n in (*ELEMENTWISE, *REDUCTIONS) if n in CASES])
def test_dtypes(name):
    """Of each dtype, alone and beside another: what comes out is as in Keras."""

    def dtype_of(module, args, kwargs):
        function = getattr(module, name)
        try:
            found = jax.eval_shape(lambda *arrays: function(*arrays, **kwargs), *args)
        except (TypeError, ValueError):
            return "refused"
        return [leaf.dtype.name for leaf in jax.tree.leaves(found)]

    args, kwargs = next(iter(CASES[name]), ((X,), {}))
    several = sum(map(is_array, args))
    if several != len(args):
        return
    for i, first in enumerate(DTYPES):
        for second in (DTYPES[i], DTYPES[i - 3]) if several == 2 else (first,):
            shapes = [a.shape for a in args]
            dtypes = (first, second, second)
            given = list(map(jax.ShapeDtypeStruct, shapes, dtypes))
            ours, theirs = (dtype_of(m, given, kwargs) for m in (ops, keras.ops))
            assert theirs in (ours, "refused"), dtypes


# ---------------------------------------------------------------------- functions of functions


class Loops(cello.Layer):
    """All of them, in one call."""

    def __init__(self, library, **options):
        super().__init__(**options)
        self.library = library

    def build(self, input_shape):
        self.scale = self.add_weight((), "ones")

    def call(self, x):
        return calling(self.library, x * self.scale.value)


def calling(o, x):
    half = o.custom_gradient(lambda t: (t * 0.5, lambda *args, upstream=None: upstream or args[0]))
    last, all_sums = o.scan(lambda s, r: (s + r, s * r), x[0] * 0, x)
    return [
        o.cond(o.sum(x) > 0, lambda: x + 1, lambda: x - 1),
        o.switch(1, [lambda t: t, lambda t: 2 * t], x),
        last,
        all_sums,
        o.scan(lambda s, r: (s, r + s), x[0], x, reverse=True)[1],
        o.associative_scan(lambda a, b: a * b, x, axis=1),
        o.associative_scan(lambda a, b: a + b, x, reverse=True),
        o.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, t * 2), (0, x))[1],
        o.while_loop(lambda t: o.sum(t) < 1e3, lambda t: t + 1, x, maximum_iterations=2),
        o.fori_loop(0, 3, lambda i, t: t + i, x),
        o.map(lambda row: row * 2, x),
        o.vectorized_map(lambda row: o.sum(row), x),
        o.vectorize(lambda row: o.sum(row), signature="(n)->()")(x),
        o.jvp(lambda t: t * t, (x,), (x,))[1],
        half(x),
        o.unstack(x, axis=1)[1],
        o.slice_update(x, (0, 0, 1), x[:1, :1, :1]),
        o.stop_gradient(x) * x,
    ]


def test_functions_of_functions_in_a_layer():
    """In the `call` of a layer, in a graph, and on arrays."""
    expected = calling(keras.ops, jnp.asarray(X))
    agree(calling(ops, jnp.asarray(X)), expected)
    inputs = cello.Input(batch_shape=X.shape)
    model = cello.Model(inputs, Loops(ops)(inputs))
    agree(model(X), expected)
    agree(
        jax.grad(lambda x: sum(jnp.sum(y) for y in calling(ops, x)[2:7]))(X),
        jax.grad(lambda x: sum(jnp.sum(y) for y in calling(keras.ops, x)[2:7]))(X),
    )


def test_functions_of_functions_take_variables_and_refuse_tensors_of_a_graph():
    variable = cello.Variable(X)
    agree(ops.map(lambda row: row * 2, variable), 2 * X)
    with pytest.raises(TypeError, match=r"cello\.ops\.map takes a function.*Lambda"):
        ops.map(lambda row: row, cello.Input((3,)))


def test_what_a_tensor_of_a_graph_is():
    x = cello.Input((None, 4), dtype="int32")
    assert ops.shape(x) == (None, None, 4)
    assert (ops.ndim(x), ops.dtype(x), ops.is_tensor(x)) == (3, "int32", True)
    assert not ops.is_tensor([1.0])


def test_an_array_of_ones_own_counts_as_a_tensor():
    """Lists and NumPy's arrays, float64 included, as in Keras."""
    agree(ops.add([1, 2], [0.5, 1.0]), keras.ops.add([1, 2], [0.5, 1.0]))
    agree(ops.sum(Y.astype("float64"), axis=0), keras.ops.sum(Y.astype("float64"), axis=0))
    agree(ops.nanmean(N.tolist()), keras.ops.nanmean(N.tolist()))
