"""What a recurrent layer promises: its sequence is its step, repeated.

`whole` is a run of the layer. `Repeated` calls its cell step after step, in a loop of Python that
knows what masks, directions and the outputs that are wanted mean, and goes back through it by the
chain rule. Both give outputs, states and the gradients for weights, inputs and first states, for
arrays of any content.
"""

import jax
import jax.numpy as jnp
import numpy as np
from in_numpy import computed, in_numpy

from cello.cells.timed import TimedCell
from cello.core.carry import Carry
from cello.core.variable import Binding
from cello.layers import Layer

ROWS, TIME, FEATURES = 6, 5, 3
STEPS = {"ConvGRU1D": (5, FEATURES), "ConvLSTM2D": (5, 5, FEATURES)}
"""The shape of the inputs of a step, where they are no vector of features."""


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def close(got, wanted, tolerance=1e-5):
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance)


def mask_of(seed, time=TIME):
    """Boolean `(ROWS, time)`: nothing masked, a side, holes, all; and one row of any kind."""
    rng = np.random.default_rng(seed)
    mask = rng.random((ROWS, time)) < 0.6
    mask[0] = True
    mask[1] = np.arange(time) < rng.integers(1, time)
    mask[2] = np.arange(time) >= rng.integers(1, time)
    mask[3, [0, -1]], mask[3, time // 2] = True, False
    mask[4] = False
    return mask


class Leaky(Layer):
    """A cell of a user's, without a `sequence`, whose output is no state."""

    state_size = 3
    output_size = 2

    def build(self, input_shape):
        self.rate = self.add_weight((3,), "random_normal", name="rate")

    def call(self, inputs, states):
        state = jax.nn.sigmoid(self.rate.value) * states[0] + jnp.tanh(inputs)
        return state[:, :2] * 2, [state]


def each(function, *trees):
    return jax.tree.map(function, *trees)


def inputs_of(kind, rows=ROWS, time=TIME, seed=1):
    """Inputs that a layer of this class takes: an array, or a list of it and the times."""
    x = normal(rows, time, *STEPS.get(kind.__name__, (FEATURES,)), seed=seed)
    if kind._cell_class is None or not issubclass(kind._cell_class, TimedCell):
        return x
    gaps = np.random.default_rng(seed).exponential(size=(rows, time))
    return [x, np.cumsum(gaps, axis=1).astype("float32")]


def under(mask, x, value):
    """The inputs with `value` at masked steps."""
    keep = each(lambda a: mask.reshape(*mask.shape, *(1,) * (a.ndim - 2)), x)
    return each(lambda a, keep: np.where(keep, a, np.float32(value)), x, keep)


def moved(layer, seed=0):
    """`layer` with weights no two of which are alike, near to those that it starts from."""
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        rows = max(8, *weight.shape[:-1]) if weight.ndim > 1 else 8  # of many, each moves less
        value = weight.numpy() + 0.4 * np.sqrt(8 / rows) * rng.normal(size=weight.shape)
        weight.assign(value if weight.constraint is None else weight.constraint(value))
    return layer


def built(layer, seed=0, inputs=None):
    layer.build(each(np.shape, inputs_of(type(layer)) if inputs is None else inputs))
    return moved(layer, seed)


def some_states(layer, seed=3, rows=ROWS):
    """States to start from, of which that of a normaliser may not be zero or less."""
    leaves, structure = jax.tree.flatten(layer.get_initial_state(rows))
    made = [np.abs(normal(*s.shape, seed=seed + i)) + np.float32(0.1) for i, s in enumerate(leaves)]
    return jax.tree.unflatten(structure, made)


def weights_of(layer):
    return [w.numpy() for w in layer.weights]


def seeds_of(layer):
    """The variables of the random generators inside."""
    return [v for v in layer.variables if not v.weight]


def weighing(form, rows=None):
    """For each result, numbers that look at every element in another way; of some rows alone."""

    def of(y):
        numbers = np.cos(np.arange(y.size)).reshape(y.shape).astype("float32")
        return numbers if rows is None else numbers * rows.reshape(-1, *(1,) * (y.ndim - 1))

    return each(of, form)


def whole(layer, training, masked, x, states, compiled=False, constants=None):
    """`run(weights, seeds, x, states, mask, rows)` of a layer that returns its states.

    It gives `(results, gradients, seeds after it)`: the gradients for weights, inputs, states (and
    constants) of what `weighing` makes of the results of `rows`.
    """

    def run(weights, seeds, x, states, mask, rows, constants=None):
        def results(weights, x, states, constants):
            values = dict(zip(layer.weights, weights, strict=True))
            values |= dict(zip(seeds_of(layer), seeds, strict=True))
            more = {} if constants is None else {"constants": constants}
            with Binding(values) as binding:
                given = mask if masked else None
                y = layer(x, initial_state=states, mask=given, training=training, **more)
            return y, [binding.values[v] for v in seeds_of(layer)]

        y, back, after = jax.vjp(results, weights, x, states, constants, has_aux=True)
        gradients = back(weighing(y, rows))
        return y, gradients[: 3 if constants is None else 4], after

    if compiled:
        return jax.jit(run)
    like = weights_of(layer), [v.numpy() for v in seeds_of(layer)], x, states
    mask, rows = np.ones((ROWS, jax.tree.leaves(x)[0].shape[1]), bool), np.ones(ROWS, "float32")
    more = () if constants is None else (constants,)
    return in_numpy(run, *like, mask, rows, *more)


class Repeated:
    """The step of the cell of a layer, repeated as this layer or one with its weights wants it.

    Args:
        anew: the variables of generators that draw at each step; all others draw once a sequence.
    """

    def __init__(self, layer, training, x, states, anew=(), constants=None):
        self.anew = [any(v is one for one in anew) for v in seeds_of(layer)]
        cell = layer.cell

        def step(weights, seeds, x, states, constants):
            values = dict(zip(layer.weights, weights, strict=True))
            values |= dict(zip(seeds_of(layer), seeds, strict=True))
            more = {} if constants is None else {"constants": constants}
            with Binding(values) as binding:
                y, states = cell(x, states, training=training, **more)
            states = states if isinstance(states, (list, tuple, dict)) else [states]
            return (y, states), [binding.values[v] for v in seeds_of(layer)]

        def back(weights, seeds, x, states, constants, slopes):
            run = lambda w, x, s, c: step(w, seeds, x, s, c)  # noqa: E731
            _, pull, _ = jax.vjp(run, weights, x, states, constants, has_aux=True)
            return pull(slopes)

        like = (
            weights_of(layer), [v.numpy() for v in seeds_of(layer)], each(lambda a: a[:, 0], x),
            states, constants,
        )  # fmt: skip
        self.step = in_numpy(step, *like)
        slopes, _ = jax.eval_shape(step, *like)
        self.back = in_numpy(back, *like, slopes)

    def __call__(self, layer, weights, seeds, x, states, mask, rows, constants=None):
        first = states
        structure = jax.tree.structure(states)
        time = jax.tree.leaves(x)[0].shape[1]
        mask = np.ones((ROWS, time), bool) if mask is None else mask
        x = under(mask, x, 0)
        order = range(time)[::-1] if layer.go_backwards else range(time)
        zero = layer.zero_output_for_mask and layer.return_sequences
        output, from_states, kept, outputs, every = None, None, [], [], []
        for t in order:
            given = [a[:, t] for a in jax.tree.leaves(x)], states
            x_t = jax.tree.unflatten(jax.tree.structure(x), given[0])
            (y, new), drawn = self.step(weights, seeds, x_t, states, constants)
            if output is None:
                output, from_states = before_the_first(y, first)
            kept.append((seeds, x_t, states))
            seeds = [
                after if draws else seed
                for draws, seed, after in zip(self.anew, seeds, drawn, strict=True)
            ]
            new = jax.tree.unflatten(structure, jax.tree.leaves(new))
            hold = each(np.zeros_like, y) if zero else output
            states, output = chosen(mask[:, t], (new, y), (states, hold))
            outputs.append(output)
            every.append(states)
        if layer.return_sequences:
            output = each(lambda *steps: np.stack(steps, 1), *outputs)
        if layer.return_all_states:
            states = each(lambda *steps: np.stack(steps, 1), *every)
        results = (output, *states) if isinstance(states, (list, tuple)) else (output, states)

        by_output, *by_states = weighing(results, rows)
        by_states = jax.tree.unflatten(structure, jax.tree.leaves(by_states))
        nothing = each(np.zeros_like, outputs[0]), each(np.zeros_like, first)
        of_weights, of_x = each(np.zeros_like, weights), each(np.zeros_like, x)
        of_constants = each(np.zeros_like, constants)
        of_output, of_states = nothing
        if not layer.return_sequences:
            of_output = by_output
        if not layer.return_all_states:
            of_states = by_states
        for i in range(time)[::-1]:
            t = order[i]
            if layer.return_sequences:
                of_output = each(lambda s, g, i=i: s + g[:, i], of_output, by_output)
            if layer.return_all_states:
                of_states = each(lambda s, g, i=i: s + g[:, i], of_states, by_states)
            taken, held = (
                chosen(keep, (of_output, of_states), nothing) for keep in (mask[:, t], ~mask[:, t])
            )
            y_form = taken[0], taken[1]
            step_weights, step_x, step_states, step_constants = self.back(
                weights, *kept[i], constants, y_form
            )
            of_weights = each(np.add, of_weights, step_weights)
            of_constants = each(np.add, of_constants, step_constants)
            for whole_x, at_t in zip(
                jax.tree.leaves(of_x), jax.tree.leaves(step_x), strict=True
            ):  # fmt: skip
                whole_x[:, t] = at_t
            of_output = nothing[0] if zero else held[0]
            of_states = each(np.add, held[1], step_states)
        if from_states is not None:
            of_states = from_states(of_states, of_output)
        gradients = of_weights, of_x, of_states
        return results, gradients if constants is None else (*gradients, of_constants)


def chosen(keep, new, old):
    """`new` in the rows that `keep` says, else `old`."""
    return each(lambda n, o: np.where(keep.reshape(-1, *(1,) * (n.ndim - 1)), n, o), new, old)


def before_the_first(output, states):
    """What stands for the output before the first step, and what adds its gradient to the states'.

    The states, if the output is alike; else the first state; else zeros, without a gradient.
    """
    form = lambda tree: each(np.shape, tree)  # noqa: E731
    if form(output) == form(states):
        return states, lambda slopes, more: each(np.add, slopes, more)
    inner = states  # of several cells in a row the last
    while isinstance(inner, (list, tuple)) and inner and all(
        isinstance(inner[i], (list, tuple)) for i in (0, -1)
    ):  # fmt: skip
        inner = inner[-1]
    leaves = jax.tree.leaves(inner)
    if not leaves or form(leaves[0]) != form(output):
        return each(np.zeros_like, output), None
    place = [leaf is leaves[0] for leaf in jax.tree.leaves(states)].index(True)

    def add(slopes, more):
        flat, structure = jax.tree.flatten(slopes)
        flat[place] = flat[place] + more
        return jax.tree.unflatten(structure, flat)

    return leaves[0], add


def check(layer, *, training=True, masked=True, draws=(0,), time=TIME, anew=(), constants=None,
          tolerance=1e-5, inputs=None, repeated=None):  # fmt: skip
    """The law for one layer, with numbers that are none under the masks."""
    make = inputs or (lambda seed: inputs_of(type(layer), time=time, seed=seed))
    x, states = make(1), some_states(layer)
    run = whole(layer, training, masked, x, states, constants=constants)
    repeated = repeated or Repeated(layer, training, x, states, anew, constants)
    weights, rows = weights_of(layer), np.ones(ROWS, "float32")
    more = () if constants is None else (constants,)
    for draw in draws:
        rng = np.random.default_rng(draw)
        seeds = [rng.integers(0, 2**31, v.shape).astype("uint32") for v in seeds_of(layer)]
        x, states, mask = make(draw + 1), some_states(layer, draw + 3), mask_of(draw, time)
        spoiled = under(mask, x, [np.nan, np.inf, -np.inf][draw % 3]) if masked else x
        given = weights, seeds, spoiled, states, mask
        results, gradients, after = run(*given, rows, *more)
        wanted, slopes = repeated(
            layer, weights, seeds, x, states, mask if masked else None, rows, *more
        )  # fmt: skip
        close(results, wanted, tolerance)
        close(gradients, slopes, 10 * tolerance)
        alone = (np.arange(ROWS) == draw % ROWS).astype("float32")
        _, (_, *slopes), _ = run(*given, alone, *more)
        for slope in jax.tree.leaves(slopes):  # what becomes of a row is its own
            assert not slope[alone == 0].any()
        for old, new in zip(seeds, after, strict=True):  # the next sequence draws anew
            assert not training or not np.array_equal(old, new)


def in_pieces(layer, x, mask):
    """The outputs of a layer that gets two steps after the other, and goes on where it ended."""

    def piece(x, mask, values):
        with Carry(values) as carry:
            y = layer(x, mask=mask)
        return y, carry.kept

    values, outputs = {}, []
    for start in range(0, mask.shape[1], 2):
        given = each(lambda a, start=start: a[:, start : start + 2], (x, mask))
        y, values = computed(piece, *given, values)
        outputs.append(y)
    return np.concatenate(outputs, 1)
