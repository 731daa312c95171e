"""The interpreter of the native library computes what statements say, whatever their form."""

import functools
import itertools

import jax
import numpy as np
import pytest
import reference
from contract import normal
from hypothesis import given, settings
from hypothesis import strategies as st
from sources import within
from streams import BUILD
from test_export import (
    EDGES,
    FUNCTIONS,
    LAYERS,
    REFUSED,
    as_exact_as_inputs,
    grid,
    has_gcc,
    of_each_step,
    recurrent,
    stream,
    ulps,
)

from cello import Input, Sequential
from cello.core.variable import CHANGES
from cello.lowering.ir import (
    Apply,
    Buffer,
    Fold,
    Index,
    Load,
    Loop,
    Map,
    Number,
    Place,
    Program,
    Repeat,
)
from cello.lowering.module import Module, Step
from cello.lowering.sessions.interpreted import interpret_module
from cello.lowering.sessions.steps import DTYPES, lay_out
from cello.native import runner

COMPILATIONS = 150
SIZES = st.sampled_from([2, 3, 5, 16, 17, 40, 270, 600])
ARITHMETIC = {"float": ["add", "sub", "mul", "max", "min"], "int": ["add", "sub", "mul", "max"]}
ALONE = {"float": ["neg", "abs", "tanh", "logistic", "sign"], "int": ["neg", "abs", "sign"]}


def run(statements, targets, sources):
    """What the interpreter leaves in buffers."""
    step = Step(Program(statements), [True] * len(targets), {}, {})
    module = Module("m", "m", outputs=targets, weights=sources, steps=[step])
    layout = lay_out(module)
    entry = interpret_module(module, layout)()
    state = np.zeros((1, layout.fresh + 1), "int32")
    made = runner().Runner(entry.function, entry.context, state, CHANGES, "f", (), (), None, None)
    found = [np.zeros((1, b.size), DTYPES[b.kind]) for b in targets]
    made.run(tuple(found), 1)
    return [array[0] for array in found]


class Drawn:
    """Draws statements, and the buffers that they read."""

    def __init__(self, data):
        self._draw = data.draw
        self._rng = np.random.default_rng(data.draw(st.integers(0, 99)))
        self.sources: list[Buffer] = []

    def pick(self, *choices):
        return self._draw(st.sampled_from(choices))

    def loops(self, name, most, room):
        found = []
        for number in range(self._draw(st.integers(0, most))):
            size = self._draw(SIZES)
            if size <= room:
                found.append(Loop(f"{name}{number}", size))
                room //= size
        return tuple(found)

    def target(self, loops, kind):
        """A buffer with a place for each element, in some order, maybe with room around."""
        index, size = Index(self.pick(0, 0, 3)), self.pick(1, 1, 2)
        for loop in self._draw(st.permutations(loops)):
            index += Index(0, ((loop.name, size),))
            size *= loop.size
        return Buffer("target", (size + index.first + self.pick(0, 5),), kind, "output"), index

    def load(self, loops, kind, deep):
        index, size = Index(self.pick(0, 0, 2)), self.pick(1, 1, 3)
        for loop in self._draw(st.permutations(loops)):
            if self.pick(True, True, False):
                index += Index(0, ((loop.name, size),))
                size *= loop.size
        size += index.first
        if deep and self.pick(True, False, False, False):
            factor = self.pick(1, size)
            index = Index(index.first, index.terms, ((self.load(loops, "int", False), factor),))
            size += 3 * factor
        return Load(self.source(size, kind), index)

    def source(self, size, kind):
        name = f"source{len(self.sources)}"
        made = Buffer(name, (size,), kind, "weight")
        made.value = reference.words(made, self._rng)
        self.sources.append(made)
        return made

    def value(self, loops, kind, depth):
        form = self.pick("load", "load", "two", "one", "select", "other", "number")
        if form == "number":
            return Number(self.pick(-1, 0, 2) if kind == "int" else self.pick(-0.5, 1.0), kind)
        if depth == 0 or form == "load":
            return self.load(loops, kind, True)
        inner = [self.value(loops, kind, depth - 1) for _ in range(2)]
        if form == "two":
            return Apply(self.pick(*ARITHMETIC[kind]), tuple(inner), kind)
        if form == "one":
            return Apply(self.pick(*ALONE[kind]), (inner[0],), kind)
        if form == "select":
            test = Apply(self.pick("lt", "ge", "eq"), tuple(inner), "bool")
            if self.pick(True, False):
                test = Apply("not", (test,), "bool")
            return Apply("select", (test, *inner), kind)
        if kind == "int":
            index = Index(1, tuple((loop.name, 2) for loop in loops))
            return Apply("add", (Place(index), inner[0]), "int")
        whole = self.value(loops, "int", depth - 1)
        return Apply("mul", (Apply("to_float", (whole,), "float"), inner[0]), "float")

    def statement(self, around=()):
        kind = self.pick("float", "float", "int")
        loops = self.loops("i", 3, 600)
        form = self.pick("map", "product", "fold")
        inner = () if form == "map" else self.loops("k", 2, 40)
        every = (*around, *loops, *inner)
        target, index = self.target((*around, *loops), kind)
        if not inner:
            return Map(loops, target, index, self.value(every, kind, 3))
        if form == "product":
            factors = self.load(every, kind, False), self.load(every, kind, False)
            return Fold(loops, inner, target, index, "add", Apply("mul", factors, kind))
        operation = self.pick("add", "max", "min")
        return Fold(loops, inner, target, index, operation, self.value(every, kind, 2))


@settings(max_examples=150)
@given(data=st.data())
def test_statements(data):
    """Loops in any order and of any stride, sums and products, numbers that are looked up."""
    drawn = Drawn(data)
    around = Loop("around", 3)
    repeated = data.draw(st.booleans())
    statement = drawn.statement((around,) if repeated else ())
    statements = [Repeat(around, [statement]) if repeated else statement]
    want = {b: np.asarray(b.value) for b in drawn.sources}
    want[statement.target] = reference.empty(statement.target)
    reference.run(statements, want)
    (found,) = run(statements, [statement.target], drawn.sources)
    within(found, want[statement.target], 2e-5)


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("columns", [1, 16, 70, 300])
@pytest.mark.parametrize("transposed", [False, True])
def test_products_of_a_row_and_a_matrix(transposed, columns, flipped):
    a, b = normal(7), normal(7, columns)
    row = Buffer("row", (14,), "float", "weight", np.repeat(a, 2))
    matrix = Buffer("matrix", (b.size,), "float", "weight", (b.T if transposed else b).ravel())
    target = Buffer("target", (columns,), "float", "output")
    j, k = [Loop("j", columns)] if columns > 1 else [], Loop("k", 7)
    steps = (("j", 7), ("k", 1)) if transposed else (("j", 1), ("k", columns))
    factors = Load(row, Index(1, (("k", 2),))), Load(matrix, Index(0, steps))
    product = Apply("mul", factors[::-1] if flipped else factors, "float")
    sums = Fold(tuple(j), (k,), target, Index(0, (("j", 1),)), "add", product)
    (found,) = run([sums], [target], [row, matrix])
    within(found, a @ b, 1e-5)


def test_elements_that_meet_are_added_one_after_the_other():
    places = Buffer("places", (6,), "int", "weight", np.array([1, 0, 1, 1, 2, 0]))
    target = Buffer("target", (3,), "float", "output")
    i = Index(0, (("i", 1),))
    there = Index(0, (), ((Load(places, i), 1),))
    more = Apply("add", (Load(target, there), Number(1.0, "float")), "float")
    (found,) = run([Map((Loop("i", 6),), target, there, more)], [target], [places])
    np.testing.assert_array_equal(found, [2, 3, 1])


def test_elements_are_put_where_it_was_looked_up():
    order = Buffer("order", (300,), "int", "weight", np.arange(300)[::-1])
    source = Buffer("source", (300,), "float", "weight", np.arange(300.0))
    target = Buffer("target", (301,), "float", "output")
    i = Index(0, (("i", 1),))
    there = Index(1, (), ((Load(order, i), 1),))
    (found,) = run([Map((Loop("i", 300),), target, there, Load(source, i))], [target],
                   [order, source])  # fmt: skip
    np.testing.assert_array_equal(found, [0, *range(299, -1, -1)])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_exact_enough(name):
    """Each function beside float64, in ULP; sines by their error, far from 0."""
    function, exact, limits = FUNCTIONS[name]
    model = Sequential([Input((None, 1)), of_each_step(function)])
    x = grid(*limits)
    found = model.stream(engine="native")(x[None, :, None])[0, :, 0]
    wanted = exact(x.astype("float64"))
    off = ulps(found.astype("float64"), wanted)
    if name in ("sin", "cos"):
        off = np.where(np.abs(found - wanted) < 2e-7, 0, off)
    assert off.max() <= 4, (name, x[off.argmax()])


@pytest.mark.parametrize("name", sorted(EDGES))
def test_nan_and_infinity(name):
    function, exact, _ = FUNCTIONS[name]
    model = Sequential([Input((None, 1)), of_each_step(function)])
    x = np.array([np.nan, np.inf, -np.inf, 0.0, 1e38, -1e38], "float32")
    with np.errstate(all="ignore"):
        want = exact(x.astype("float64")).astype("float32")
    found = model.stream(engine="native")(x[None, :, None])[0, :, 0]
    np.testing.assert_allclose(found, want, rtol=1e-6, atol=1e-37)


def in_chunks(session, x, ends):
    """What a session gives for a sequence, cut at some steps."""
    parts = [
        session(jax.tree.map(lambda a, s=start, e=end: a[:, s:e], x))
        for start, end in itertools.pairwise(ends)
    ]
    return [
        np.concatenate(leaves, 1) if along else leaves[-1]
        for along, *leaves in zip(
            jax.tree.leaves(session.along_time), *map(jax.tree.leaves, parts), strict=True
        )
    ]


STREAMS = [n for n in BUILD if "stateful" not in n]
RECURRENT = [n for n in LAYERS if n not in REFUSED]


@functools.cache
def long_sequence(name):
    """A model, a thousand steps, what it gives for them, and how exact that is."""
    model, x = recurrent(name, 1000) if name in LAYERS else stream(name, 1000)
    want = jax.tree.leaves(model.predict(x, verbose=0))
    return model, x, want, as_exact_as_inputs(model, x)


@pytest.mark.deep
@pytest.mark.parametrize("name", [*STREAMS, *RECURRENT])
@pytest.mark.parametrize("engine", ["native", pytest.param("c", marks=has_gcc)])
@settings(max_examples=2)
@given(ends=st.sets(st.integers(1, 999), max_size=6))
def test_a_thousand_steps_of_every_layer_in_any_chunks(engine, name, ends):
    model, x, want, tolerance = long_sequence(name)
    found = in_chunks(model.stream(1, x, engine), x, [0, *sorted(ends), 1000])
    for one, other in zip(found, want, strict=True):
        within(one, other, tolerance)


@pytest.mark.deep
@pytest.mark.parametrize("name", ["LSTM", "LRU", "SLSTM"])
@pytest.mark.parametrize("engine", ["native", pytest.param("c", marks=has_gcc)])
def test_ten_thousand_steps(engine, name):
    model, x = recurrent(name, 10_000)
    (found,) = in_chunks(model.stream(1, x, engine), x, [0, 1, 5000, 10_000])
    within(found, model.predict(x, verbose=0), 1e-5)


def test_rows_do_not_meet():
    """Many rows, in any number of steps, compute what each does alone."""
    model = Sequential([Input((None, 3)), of_each_step(lambda x: x @ np.ones((3, 5), "float32"))])
    x = normal(7, 9, 3)
    session = model.stream(7, engine="native")
    within(session(x), model.predict(x, verbose=0), 1e-6)
