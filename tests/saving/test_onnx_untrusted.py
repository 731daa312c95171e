"""ONNX files that ask for more than they hold: refused, or read within bounds."""

import contextlib
import faulthandler
import inspect
import itertools
import resource

import hypothesis.strategies as st
import jax
import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import HealthCheck, given, settings
from onnx import TensorProto, helper, numpy_helper

from cello import Model
from cello.saving import ModelFileError, from_onnx
from cello.saving.onnx.read_nodes import TABLE

COMPILATIONS = 10

GROWTH = 512 * 2**20
"""How much memory a file of less than 1 MB may take, at most, in bytes."""
FOREVER = 300
node = helper.make_node


def file_of(nodes, shape=("b", 3), opset=17, **constants):
    """A file of a float input `x` of a shape, of nodes, and of constants by name."""
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)]
    outputs = [helper.make_tensor_value_info(nodes[-1].output[0], TensorProto.FLOAT, None)]
    weights = [numpy_helper.from_array(np.asarray(v), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "graph", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def of_sizes(*nodes, **constants):
    """A file that works `s`, the sizes of the input, out to `t`, and a tensor of that shape."""
    first, last = node("Shape", ["x"], ["s"]), node("ConstantOfShape", ["t"], ["f"])
    return file_of([first, *nodes, last, node("Relu", ["f"], ["y"])], **constants)


def again(kind, times, *more, first="s", **attributes):
    """`times` nodes of a kind, each of the result of the one before, to `t`; `@` is that."""
    names = [first, *(f"s{i}" for i in range(1, times)), "t"]
    return [
        node(kind, [a if m == "@" else m for m in ("@", *more)], [b], **attributes)
        for a, b in itertools.pairwise(names)
    ]


def many_parts():
    weights = {name: np.zeros((1, 8, n), "float32") for name, n in (("W", 3), ("R", 2))}
    recurrent = node("LSTM", ["x", "W", "R", "", "", "h"], ["y"], hidden_size=2)
    proto = file_of([recurrent], ("t", "b", 3), **weights)
    shape = [2**31 - 1, "b", 2]
    proto.graph.input.append(helper.make_tensor_value_info("h", TensorProto.FLOAT, shape))
    return proto


def large(*nodes, **constants):
    """A file whose constant `c` is added to the input."""
    return file_of([*nodes, node("Add", ["x", "c"], ["y"])], **constants)


RANGES = [node("Range", ["zero", "n", "one"], [f"r{i}"]) for i in range(30)]
SUMS = [node("Add", [f"s{i}" if i else "x", f"r{i}"], [f"s{i + 1}"]) for i in range(30)]
HOSTILE = {
    "a power of a size": of_sizes(node("Pow", ["s", "e"], ["t"]), e=[1, 2**40]),
    "a power that is a size": of_sizes(node("Pow", ["e", "s"], ["t"]), e=[3, 3]),
    "squares": of_sizes(*again("Mul", 40, "@")),
    "sums that double": of_sizes(*again("Add", 100, "@")),
    "quotients of quotients": of_sizes(*again("Div", 30, "k"), k=[3, 3]),
    "remainders of remainders": of_sizes(*again("Mod", 30, "k"), k=[3, 3]),
    "sizes twice, and again": of_sizes(*again("Concat", 30, "@", axis=0)),
    "a matrix of sizes": of_sizes(node("Add", ["s", "k"], ["t"]), k=np.zeros((2**18, 1), "int64")),
    "parts twice, and again": file_of(
        [node("Unsqueeze", ["x", "axes"], ["s"]), *again("Concat", 32, "@", axis=0)], axes=[0]
    ),
    "states of many parts": many_parts(),
    "many constants": file_of([*RANGES, *SUMS], ("b", 2**20), zero=0, one=1, n=2**20),
    "a range that wraps": large(
        node("Range", ["a", "b", "one"], ["c"]), a=-(2**63), b=2**63 - 1, one=1
    ),
    "constants twice, and again": file_of(again("Tile", 40, "two", first="c"), c=[1], two=[2]),
    "an outer product": large(
        node("MatMul", ["a", "b"], ["c"]),
        a=np.ones((50_000, 1), "float32"), b=np.ones((1, 50_000), "float32"),
    ),
    "an outer product of six": large(
        node("Einsum", ["a"] * 6, ["c"], equation="a,b,c,d,e,f->abcdef"), a=np.ones(100, "float32")
    ),
    "many axes": large(
        node("ConstantOfShape", ["one"], ["f"]), node("Unsqueeze", ["f", "axes"], ["c"]),
        one=[1], axes=np.zeros(2**18, "int64"),
    ),
    "many slices": file_of([node("Slice", ["x", "a", "a"], ["y"])], a=np.zeros(2**18, "int64")),
    "a shape of many sizes": file_of(
        [node("Reshape", ["x", "sizes"], ["y"])], sizes=np.ones(2**18, "int64")
    ),
    "an axis that moves in a circle": file_of(
        [
            node("Squeeze", ["b"], ["a"], axes=[0]), node("Squeeze", ["a"], ["b"], axes=[0]),
            node("RNN", ["a", "x", "x"], ["y"], hidden_size=1),
        ], opset=11,
    ),
    "nodes of nothing": onnx.ModelProto(
        opset_import=[helper.make_opsetid("", 17)],
        graph=onnx.GraphProto(node=[onnx.NodeProto()] * 300_000),
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_endless_loop():
    faulthandler.dump_traceback_later(FOREVER, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def most_memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@pytest.mark.parametrize("name", HOSTILE)
def test_what_asks_for_more_than_the_file_has_is_refused(name):
    before = most_memory()
    with pytest.raises(ModelFileError) as error:
        from_onnx(HOSTILE[name])
    assert len(str(error.value)) < 1000
    assert most_memory() - before < GROWTH


def row_of(*kinds, times=200):
    """Nodes of these kinds in turn, each of the result of the one before."""
    names = ["x", *(f"t{i}" for i in range(times))]
    nodes = []
    for i, (a, b) in enumerate(itertools.pairwise(names)):
        kind = kinds[i % len(kinds)]
        nodes.append(node(kind, [a, a] if kind in ("Add", "Mul") else [a], [b]))
    return file_of(nodes)


def sums_of(pieces, nodes, **constants):
    """A file that adds `pieces` up."""
    names = [pieces[0], *(f"sum{i}" for i in range(len(pieces) - 1))]
    sums = [node("Add", [a, p], [b]) for a, p, b in zip(names, pieces[1:], names[1:], strict=False)]
    return file_of([*nodes, *sums], ("b", 100), **constants)


PIECES = [f"p{i}" for i in range(100)]
PLACES = {f"i{p}": i for i, p in enumerate(PIECES)}
MANY = {
    "layers and operations": row_of("Relu", "Neg", "Tanh", "Add"),
    "a split": sums_of(PIECES, [node("Split", ["x"], PIECES, axis=1)]),
    "places": sums_of(
        PIECES, [node("Gather", ["x", f"i{p}"], [p], axis=1) for p in PIECES], **PLACES
    ),
    "slices": sums_of(
        PIECES[:99],
        [node("Slice", ["x", f"v{i}", f"v{i + 1}", "axis"], [f"p{i}"]) for i in range(99)],
        axis=[1], **{f"v{i}": [i] for i in range(100)},
    ),
    "constants": file_of(
        [node("Mul", [f"t{i}" if i else "x", f"c{i}"], [f"t{i + 1}"]) for i in range(100)],
        **{f"c{i}": np.linspace(0.9, 1.1, 3, dtype="float32") + i / 1e4 for i in range(100)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MANY)
def test_many_nodes_that_are_alike_are_traced_once(name, monkeypatch):
    """And read once: only joined directions need a second look."""
    traced = []
    evaluate = jax.eval_shape
    monkeypatch.setattr(jax, "eval_shape", lambda *a, **k: traced.append(1) or evaluate(*a, **k))
    proto = MANY[name]
    model = from_onnx(proto)
    assert len(traced) < 20 and len(model.call_graph.nodes) > 100
    size = model.input_shape[1]
    x = np.linspace(-1, 1, 2 * size, dtype="float32").reshape(2, size)
    session = onnxruntime.InferenceSession(proto.SerializeToString())
    (want,) = session.run(None, {"x": x})
    function, variables = model.as_function()
    np.testing.assert_allclose(jax.jit(function)(variables, x), want, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", ["int64", "float64"])
def test_a_wide_constant_is_one_array_for_all_nodes(dtype):
    """Its narrow copy too: how many nodes take it says nothing about the memory."""
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    nodes = [node("Add", [f"t{i}" if i else "x", "c"], [f"t{i + 1}"]) for i in range(20)]
    proto = file_of(nodes, c=np.arange(3, dtype=dtype))
    proto.graph.input[0].type.tensor_type.elem_type = kind
    model = from_onnx(proto)
    added = [call for call in model.call_graph.nodes if not call.is_input]
    assert len(added) == 20 and len({id(call.args[1]) for call in added}) == 1
    np.testing.assert_array_equal(model(np.zeros((1, 3), dtype)), [[0, 20, 40]])


# --------------------------------------------------------------------------------- fuzz


def _takes(function, inputs):
    try:
        inspect.signature(function).bind(None, None, *[None] * inputs)
    except TypeError:
        return False
    return True


KINDS = sorted(TABLE)
INPUTS = {  # how many each may have
    kind: [n for n in range(1, 9) if _takes(function, n)] or [1] for kind, function in TABLE.items()
}
FOLDED = "Add Sub Mul Div Mod Pow Max Min Concat Gather Tile Range Expand ConstantOfShape".split()
NUMBERS = (0, 1, -1, 2, 3, 2**20, 2**31 - 1, 2**40, 2**63 - 1, -(2**63))


def random_file(rng):
    """A file of random nodes, most of them of sizes and constants."""
    count = int(rng.choice([1, 2, 3, 8, 30]))
    constants = {
        "k": rng.choice(NUMBERS, int(rng.choice([1, 2, 3]))).astype("int64"),
        "e": np.array([int(rng.choice([0, 1, 2, 3, 2**40]))]),
        "n": np.array(rng.choice(NUMBERS), "int64"),
        "v": np.arange(int(rng.choice([1, 3, 2**18])), dtype="int64"),
        "w": rng.normal(size=(3, int(rng.choice([1, 3, 500])))).astype("float32"),
        "a": np.array([int(rng.integers(-2, 3))]),
    }
    names = ["x", *constants, "s"]
    nodes = [node("Shape", ["x"], ["s"])]
    for i in range(count):
        kind = str(rng.choice(FOLDED if rng.random() < 0.6 else KINDS))
        inputs = [str(v) for v in rng.choice(names, rng.choice(INPUTS[kind]))]
        if rng.random() < 0.5:
            inputs[0] = f"t{i - 1}" if i else "s"
        attributes = {}
        for name in ("axis", "keepdims", "to", "hidden_size", "num_outputs"):
            if rng.random() < 0.3:
                attributes[name] = int(rng.choice([0, 1, -1, 2, 7]))
        for name in ("axes", "perm", "strides", "kernel_shape", "dilations", "split"):
            if rng.random() < 0.2:
                attributes[name] = [int(v) for v in rng.choice(NUMBERS, int(rng.integers(1, 4)))]
        nodes.append(node(kind, inputs, [f"t{i}"], **attributes))
        names.append(f"t{i}")
    last = nodes[-1].output[0]
    ends = [[], [node("Add", ["x", last], ["y"])], [node("ConstantOfShape", [last], ["y"])]]
    return file_of([*nodes, *ends[rng.integers(3)]], ("b", 3), **constants)


@pytest.mark.deep
@settings(max_examples=1500, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_any_file_is_read_or_refused(seed):
    proto = random_file(np.random.default_rng(seed))
    before = most_memory()
    with contextlib.suppress(ModelFileError):
        assert isinstance(from_onnx(proto), Model)
    assert most_memory() - before < GROWTH
