"""The recurrences' kernels on every instruction set, by the C interface, beside loops in NumPy."""

import dataclasses

import numpy as np
import pytest
from c_interface import Arrays, Backward, Forward, InputGradient, Parallel, cells, kernels
from recurrence_loops import ACTIVATIONS, CELLS, FUNCTIONS, VECTORS, Loop, Problem

from cello import native
from cello.ops import kernels as calls

pytestmark = pytest.mark.skipif(native.library() is None, reason="there is no native library here")

UNITS = [1, 2, 3, 5, 7, 15, 16, 17, 31, 33, 48, 65]
LARGE = {1: 370, 3: 210, 4: 190}  # units, by gates, from which threads share the hidden units
PANEL = calls.PANEL


def draw(rng):
    """A problem in float64 of numbers that float32 has, and threads to run it on."""
    name = rng.choice(list(CELLS))
    cell = CELLS[name]
    batch, time, features = rng.integers(1, 21), rng.integers(1, 10), rng.choice(UNITS)
    units = rng.choice(UNITS)
    kind = rng.random()
    if kind < 0.05:  # few rows and large kernels
        batch, features, units = rng.integers(1, 6), 40, LARGE[len(cell.gates)]
    elif kind < 0.1:  # more steps than are taken at once
        batch, time, units = rng.integers(1, 4), rng.integers(60, 140), rng.choice(UNITS[:9])
    elif kind < 0.12:  # many rows, and kernels beyond a core's own cache
        batch, time, units = 12, 4, 420
    problem = arrays_of(rng, cell, int(batch), int(time), int(features), int(units))
    return problem, int(rng.integers(1, 5))


def arrays_of(rng, cell, batch, time, features, units):
    columns = len(cell.gates) * units

    def normal(*shape, scale=1.0):
        return rng.normal(size=shape, scale=scale).astype("float32").astype("float64")

    def sometimes(array):
        return array if rng.random() < 0.6 else None

    states = batch, units
    has_c, normalises = len(cell.states) > 1, cell.name in VECTORS
    mask = rng.random((batch, time)) < 0.7
    mask[0] = False  # a row that does not count at all
    scale = 0.7 / np.sqrt(units)
    bias = normal(*((2, columns) if cell.two_biases else (columns,)), scale=0.3)
    arrays = {
        "x": normal(batch, time, features, scale=0.5),
        "kernel": normal(features, columns, scale=scale),
        "recurrent_kernel": normal(units, columns, scale=scale),
        "bias": None if normalises else sometimes(bias),
        "vectors": normal(VECTORS[cell.name], units, scale=0.7) if normalises else None,
        "h0": normal(*states),
        "c0": normal(*states) if has_c else None,
        "mask": sometimes(mask),
        "recurrent_mask": sometimes(rng.choice([0, 1.25], size=states)),
    }
    d_results = {
        "hs": sometimes(normal(batch, time, units)),
        "cs": sometimes(normal(batch, time, units)) if has_c else None,
        "h_last": normal(*states),
        "c_last": normal(*states) if has_c else None,
    }
    # A gate without bounds makes states that grow without bounds.
    activation, recurrent_activation = rng.choice(ACTIVATIONS), rng.choice(ACTIVATIONS[:3])
    if rng.random() < 0.4:
        activation, recurrent_activation = "tanh", "sigmoid"  # which have code of their own
    return Problem(
        cell, activation, recurrent_activation, bool(rng.random() < 0.5),
        0.1, arrays, d_results,
    )  # fmt: skip


def run(isa, problem, threads, rng):
    """What the kernels make of a problem: results without and with all states, and gradients."""
    cell, given = problem.cell, problem.cast("float32")
    x, units = given.arrays["x"], given.arrays["recurrent_kernel"].shape[0]
    batch, time, features = x.shape
    table, parallel, arrays = kernels(isa), Parallel(threads, rng), Arrays()
    numbers = {
        "cell": calls.CELLS.index(cell.name), "activation": ACTIVATIONS.index(given.activation),
        "recurrent_activation": ACTIVATIONS.index(given.recurrent_activation),
        "batch": batch, "time": time, "features": features, "units": units,
        "go_backwards": given.go_backwards, "epsilon": given.epsilon,
    }  # fmt: skip
    arrays.given(**given.arrays)
    if given.arrays["mask"] is not None:  # what does not count may be anything
        arrays["x"].array[~given.arrays["mask"]] = np.nan
    has_c = len(cell.states) > 1
    every, last = (batch, time, units), (batch, units)
    arrays.wanted(h_last=last, c_last=last if has_c else None)
    arrays.call(table.forward, Forward, parallel, **numbers)
    alone = {n: v.copy() for n, v in arrays.values("h_last", "c_last").items()}
    panels = -(-units // PANEL)
    arrays.wanted(
        h_last=last, c_last=last if has_c else None, hs=every, cs=every if has_c else None,
        saved=(time, panels, batch, cell.slots * PANEL),
    )  # fmt: skip
    arrays.call(table.forward, Forward, parallel, **numbers)
    results = {n: v.copy() for n, v in arrays.values("h_last", "c_last", "hs", "cs").items()}
    arrays.given(**{f"d_{name}": d for name, d in given.d_results.items()})
    wanted = [n for n in ("kernel", "recurrent_kernel", "bias", "vectors", "h0", "c0")
              if given.arrays[n] is not None]  # fmt: skip
    arrays.wanted(**{f"d_{n}": given.arrays[n].shape for n in wanted}, d_x=x.shape)
    arrays.call(table.backward, Backward, parallel, **numbers)
    arrays.call(table.input_gradient, InputGradient, parallel, **numbers)
    return alone, results | arrays.values(*(f"d_{n}" for n in wanted), "d_x")


def check(seed):
    """One problem on every instruction set: how near each array is, `nearness` of all.

    None if it is too near to a corner of an activation to say.
    """
    rng = np.random.default_rng(seed)
    problem, threads = draw(rng)
    exact, rounded = Loop(problem), Loop(problem.cast("float32"))
    if exact.from_corner < 1e-4:
        return []
    want = exact.results | exact.gradients()
    other = rounded.results | rounded.gradients()
    found = []
    for isa in native.isas():
        alone, got = run(isa, problem, threads, rng)
        assert got.keys() == want.keys(), seed
        for name, array in (*alone.items(), *got.items()):
            found.append(nearness(array, want[name], other[name]))
            assert found[-1] <= 3 or unstable(problem, name, array, want[name]), (
                f"seed {seed}, {isa}, {problem.cell.name} on {threads} threads, "
                f"{problem.activation}, {problem.recurrent_activation}, "
                f"backwards: {problem.go_backwards}, of "
                f"{ {n: a.shape for n, a in problem.arrays.items() if a is not None} }: {name} is "
                f"{found[-1]:.3g} times as far off as it may be"
            )
    return found


ULP = 8 * 2**-24
"""What rounding may cost, of the largest number: 8 units in the last place."""


def nearness(got, want, other):
    """The error in units of what is allowed: twice that of a loop in float32, and 8 ULP."""
    allowed = 2 * np.abs(other - want).max() + ULP * max(1, np.abs(want).max())
    return np.abs(got - want).max() / allowed if np.isfinite(got).all() else np.inf


def sensitivity(problem, name, want, draws=24):
    """How far the exact result moves if the inputs move by as much as rounding does."""
    rng = np.random.default_rng(0)

    def moved(arrays):
        return {
            n: a if a is None or a.dtype == bool else a * (1 + ULP * rng.uniform(-1, 1, a.shape))
            for n, a in arrays.items()
        }

    furthest = 0.0
    for _ in range(draws):
        loop = Loop(dataclasses.replace(problem, arrays=moved(problem.arrays)))
        found = loop.results | loop.gradients()
        furthest = max(furthest, np.abs(found[name] - want).max())
    return furthest


def unstable(problem, name, got, want):
    """Whether rounding the inputs alone may do this, or moves a hundredth of the largest number."""
    moved = sensitivity(problem, name, want)
    return np.abs(got - want).max() <= 2 * moved or moved > 0.01 * np.abs(want).max()


def check_all(seeds):
    """Rounding is chance: few arrays may be off by more than is allowed, and none by three times.

    But for problems that are unstable: there the loop's own error may be small by luck.
    """
    found = [check(seed) for seed in seeds]
    assert sum(map(bool, found)) > 0.8 * len(found)
    assert np.mean(np.concatenate(found) <= 1) > 0.99


def test_every_instruction_set_computes_what_a_loop_does():
    check_all(range(300))


@pytest.mark.deep
def test_many_more():
    first = int(np.random.default_rng().integers(2**40))
    check_all(range(first, first + 3000))


@pytest.mark.parametrize("name", CELLS)
def test_the_loop_has_the_right_gradients(name):
    """By central differences along a direction in each of its arrays."""
    rng = np.random.default_rng(0)
    problem = arrays_of(rng, CELLS[name], 3, 5, 2, 4)
    mask = rng.random((3, 5)) < 0.6
    every, last = (3, 5, 4), (3, 4)
    sizes = {"hs": every, "cs": every, "h_last": last, "c_last": last}
    weights = {n: rng.normal(size=size) for n, size in sizes.items()}
    has_c = len(problem.cell.states) > 1
    problem = dataclasses.replace(
        problem, activation="tanh", recurrent_activation="sigmoid",
        arrays=problem.arrays | {"mask": mask},
        d_results={n: w if has_c or "c" not in n else None for n, w in weights.items()},
    )  # fmt: skip

    def loss(arrays):
        results = Loop(dataclasses.replace(problem, arrays=arrays)).results
        return sum(np.sum(weights[n] * r) for n, r in results.items())

    for gradient, d in Loop(problem).gradients().items():
        array = gradient.removeprefix("d_")
        value, along = problem.arrays[array], rng.normal(size=d.shape)
        two = [loss(problem.arrays | {array: value + s * 1e-6 * along}) for s in (1, -1)]
        np.testing.assert_allclose(np.sum(d * along), (two[0] - two[1]) / 2e-6, rtol=1e-6)


def test_python_declares_the_cells_as_the_library_does():
    found = cells()
    assert [c.name.decode() for c in found] == list(calls.CELLS) == list(CELLS)
    for c, cell in zip(found, CELLS.values(), strict=True):
        assert c.gates == len(cell.gates) and c.states == len(cell.states)
        assert c.slots == cell.slots and c.vectors == VECTORS.get(cell.name, 0)
    assert [f.__name__ for f in calls.ACTIVATIONS] == ACTIVATIONS
    assert list(calls.ACTIVATIONS.values()) == list(range(len(ACTIVATIONS)))


@pytest.mark.parametrize("isa", native.isas())
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_by_their_error_in_ulp(isa, name):
    """Over numbers of all magnitudes; beyond 80 a sigmoid is too small for a normal float."""
    bits = np.arange(0x00800000, np.float32(80).view(np.int32), 797, dtype=np.int32)
    x = bits.view(np.float32)
    x = np.concatenate([x, -x, np.array([0, -0.0], "float32")])
    want = FUNCTIONS[name][0](x.astype("float64"))
    error = np.abs(activate(isa, name, x) - want) / np.spacing(np.abs(want).astype("float32"))
    assert error.max() <= (4 if name in ("tanh", "sigmoid") else 2)


@pytest.mark.parametrize("isa", native.isas())
@pytest.mark.parametrize("name", ["tanh", "sigmoid"])
def test_activations_of_extremes(isa, name):
    x = np.array([np.inf, -np.inf, 1e30, -1e30, 1e-40, np.nan], "float32")
    want = FUNCTIONS[name][0](np.clip(x, -87, 87).astype("float64"))
    np.testing.assert_allclose(activate(isa, name, x), want, rtol=1e-6, atol=1e-37)


def activate(isa, name, x):
    y = np.empty_like(x)
    number = ACTIVATIONS.index(name)
    kernels(isa).activate(number, x.ctypes.data, y.ctypes.data, x.size)
    return y
