"""What every recurrent layer promises, whatever its cell: walked over all that are exported."""

import functools
import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import (
    FEATURES,
    ROWS,
    TIME,
    Leaky,
    Repeated,
    built,
    check,
    close,
    each,
    in_pieces,
    inputs_of,
    mask_of,
    moved,
    normal,
    some_states,
    under,
    weighing,
    weights_of,
    whole,
)  # fmt: skip
from hypothesis import given, settings
from hypothesis import strategies as st
from in_numpy import in_numpy

import cello
from cello import Input, Model
from cello.cells.linear import LinearCell
from cello.core.variable import Binding
from cello.layers import LRU, LSTM, MGU, RNN, Bidirectional, RetNet

COMPILATIONS = 800
LAYERS = {
    name: thing
    for name in cello.layers.__all__
    if inspect.isclass(thing := getattr(cello.layers, name)) and issubclass(thing, RNN)
    if thing is not RNN
}
for same_but_rank in ("ConvLSTM1D", "ConvLSTM3D", "ConvGRU2D", "ConvGRU3D"):
    del LAYERS[same_but_rank]  # one of each kind walks
# For what does not depend on the equations: a layer for each way of running and of holding states.
WAYS = (
    "LSTM ProjectedLSTM SLSTM LayerNormGRU EchoState ConvLSTM2D CfC ODERNN QRNN LRU Mamba RetNet "
    "MLSTM RWKV7 RWKVBlock"
).split()
every_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
SLOW_TO_COMPILE = ("ODERNN", "RWKVBlock")
every_way = pytest.mark.parametrize(
    "layer",
    [
        pytest.param(LAYERS[n], id=n, marks=[pytest.mark.deep] if n in SLOW_TO_COMPILE else [])
        for n in WAYS
    ],
)
# Options by which a cell computes something else, beside the plain `Name(units)`.
VARIANTS = [
    ("GRU", {"reset_after": False}),
    ("MinGRU", {"positive": False, "use_bias": False}),
    ("MinLSTM", {"positive": False, "use_bias": False}),
    ("LRU", {"state_units": 5, "r_min": 0.5, "r_max": 0.9, "max_phase": 1.0}),
    ("SRU", {"highway": False, "use_bias": False}),
    ("QRNN", {"window": 1, "activation": "softsign"}),
    ("QRNN", {"window": 3}),
    ("HGRN", {"lower_bound": 0.3, "use_bias": False}),
    ("S4D", {"state_units": 2, "discretization": "bilinear"}),
    ("Mamba", {"state_units": 2, "window": 1, "use_bias": True}),
    ("XLSTMBlock", {"memory": "scalar", "expand": 1.5}),
    ("CfC", {"mode": "pure", "backbone_layers": 2, "backbone_units": 5}),
    ("CfC", {"mode": "no_gate", "backbone_layers": 0, "use_bias": False}),
    ("EchoState", {"leak": 0.4, "bias_scale": 0.5}),
    ("RetNet", {"rotation": False}),
    ("DeltaNet", {"window": 1}),
]
every_equation = pytest.mark.parametrize(
    ("layer", "variant"),
    [
        *(pytest.param(layer, {}, id=name) for name, layer in LAYERS.items()),
        *(pytest.param(LAYERS[name], v, id=f"{name}-{v}") for name, v in VARIANTS),
    ],
)
# What is wanted of a run: each option both ways for every cell; all of them together for a few.
OPTIONS = ("return_sequences", "return_all_states", "go_backwards", "zero_output_for_mask")
RUNS = {
    "outputs and states of all steps": (OPTIONS[:2], {}),
    "backwards to the last output": (OPTIONS[2:3], {}),
    "without a mask": ((OPTIONS[0], OPTIONS[2]), {"masked": False}),
    "zeros under the mask, not in training": ((OPTIONS[0], *OPTIONS[2:]), {"training": False}),
}
# One that kernels run, one that a loop runs, one in parallel, one in chunks, and a user's own.
FEW = {
    "kernels": lambda **k: LSTM(4, dropout=0.3, recurrent_dropout=0.3, **k),
    "a loop": lambda **k: MGU(4, dropout=0.3, **k),
    "in parallel": lambda **k: LRU(4, dropout=0.3, **k),
    "in chunks": lambda **k: RetNet(4, **k),
    "a user's": lambda **k: RNN(Leaky(), **k),
}
# The cells that cut a long sequence into chunks or look back: with one step more than two chunks.
LONG = [n for n, layer in LAYERS.items() if issubclass(layer._cell_class, LinearCell)] + [
    "XLSTMBlock", "RWKVBlock"
]  # fmt: skip


def dropping(layer):
    return {k: 0.3 for k in ("dropout", "recurrent_dropout") if k in layer.declared}


def plain(layer):
    """What makes a layer quick whose time goes into a solver."""
    return {"solver": "heun", "ode_steps": 2} if layer.__name__ == "ODERNN" else {}


def made(layer, variant, options):
    options = {**plain(layer), **chosen(options), **dropping(layer), **variant}
    return built(layer(4, **options, return_state=True))


def chosen(options):
    return dict.fromkeys(options, True)


@functools.cache
def repeated(layer, variant, training):
    one = made(layer, dict(variant), ())
    return Repeated(one, training, inputs_of(layer), some_states(one))


@every_equation
@pytest.mark.parametrize("run", list(RUNS)[:2])
def test_a_sequence_is_the_repeated_step(layer, variant, run):
    """Values, and gradients for weights, inputs and states."""
    check_run(layer, variant, run)


@every_layer
def test_without_a_mask(layer):
    check_run(layer, {}, "without a mask")


@every_way
def test_zeros_under_the_mask_and_not_in_training(layer):
    check_run(layer, {}, "zeros under the mask, not in training")


def check_run(layer, variant, run):
    options, how = RUNS[run]
    one = layer(
        4, **variant, **plain(layer), **chosen(options), **dropping(layer), return_state=True
    )
    check(built(one), **how, draws=(0, 1))


@pytest.mark.parametrize("kind", FEW)
@pytest.mark.parametrize("masked", [True, False])
def test_every_option_with_every_other(kind, masked):
    x = normal(ROWS, TIME, FEATURES)
    one = built(FEW[kind](return_state=True), inputs=x)
    step = Repeated(one, True, x, some_states(one))
    for number in range(2 ** len(OPTIONS)):
        options = [name for i, name in enumerate(OPTIONS) if number >> i & 1]
        again = FEW[kind](return_state=True, **chosen(options), unroll=number % 3 == 0)
        again.build((ROWS, TIME, FEATURES))
        again.set_weights(one.get_weights())
        check(again, masked=masked, draws=(number,), repeated=step)


@pytest.mark.parametrize("name", LONG)
def test_a_long_sequence_is_the_repeated_step(name):
    one = built(LAYERS[name](4, return_sequences=True, return_state=True))
    check(one, masked=name not in ("S4D", "Mamba"), time=37, tolerance=1e-4)


@every_way
def test_what_xla_compiles_is_what_was_traced(layer):
    """Everything else here is computed operation by operation."""
    one = built(layer(4, **plain(layer), return_sequences=True, return_state=True))
    x, states, mask = inputs_of(layer), some_states(one), mask_of(5)
    given = weights_of(one), [], under(mask, x, np.nan), states, mask, np.ones(ROWS, "float32")
    run = whole(one, False, True, x, states, compiled=True)
    close(run(*given), whole(one, False, True, x, states)(*given), 1e-4)


@every_layer
def test_pieces_that_carry_their_states_are_the_whole(layer):
    """What streams, truncated training and generation do; with masks that end in any piece."""
    one = built(layer(4, **plain(layer), return_sequences=True))
    x, mask = inputs_of(layer), mask_of(6)
    wanted = in_numpy(lambda x, mask: one(x, mask=mask), x, mask)(x, mask)
    close(in_pieces(one, under(mask, x, np.nan), mask), wanted)


@every_way
@pytest.mark.parametrize("sequences", [True, False])
def test_no_steps_change_nothing(layer, sequences):
    one = built(layer(4, **plain(layer), return_sequences=sequences, return_state=True))
    x, states = inputs_of(layer), some_states(one)

    def run(x, states, mask):
        return one(x, initial_state=states, mask=mask)

    def without(x, states):
        return one(each(lambda a: a[:, :0], x), initial_state=states)

    y, *after = in_numpy(without, x, states)(x, states)
    close(after, jax.tree.leaves(states))
    mask = np.zeros((ROWS, TIME), bool)
    padded, *still = in_numpy(run, x, states, mask)(x, states, mask)
    close(jax.tree.leaves(still), jax.tree.leaves(states))
    np.testing.assert_array_equal(y, padded[:, :0] if sequences else padded)


@every_way
def test_both_directions_are_the_two_layers(layer):
    x = inputs_of(layer)
    mask = np.arange(TIME) < np.array([[TIME], [3], [1], [2], [4], [TIME]])
    both = built(Bidirectional(layer(4, **plain(layer), return_sequences=True)), seed=2, inputs=x)
    weights = weights_of(both)
    forward, backward = (layer(4, **plain(layer), return_sequences=True) for _ in range(2))
    half = len(weights) // 2
    for one, values in ((forward, weights[:half]), (backward, weights[half:])):
        one.build(each(np.shape, x))
        one.set_weights(values)

    def flipped(a):
        rows = zip(np.asarray(a), mask.sum(1), strict=True)
        return np.stack([np.roll(row[::-1], n, axis=0) for row, n in rows])

    def run(one, x):
        return in_numpy(lambda x, mask: one(x, mask=mask), x, mask)(x, mask)

    want = np.concatenate([run(forward, x), flipped(run(backward, each(flipped, x)))], axis=-1)
    np.testing.assert_allclose(run(both, x)[mask], want[mask], atol=1e-5)


@every_layer
def test_a_file_is_the_model(layer, tmp_path, capsys):
    """A bare `Name(units)`, `get_config`, `summary` and a `.keras` file."""
    bare = layer(4)
    assert type(bare).from_config(bare.get_config()).get_config() == bare.get_config()
    changed = layer(5, return_sequences=True, go_backwards=True, name="odd")
    config = changed.get_config()
    assert config[next(iter(layer.declared))] == 5 and config["go_backwards"] is True
    assert type(changed).from_config(config).get_config() == config
    x = inputs_of(layer)
    start = each(lambda a: Input((None, *a.shape[2:])), x)
    model = moved(Model(start, layer(4)(start)), seed=3)
    model.summary(engines=True)
    assert layer.__name__ in capsys.readouterr().out
    model.save(tmp_path / "model.keras")
    again = cello.models.load_model(tmp_path / "model.keras")
    assert again.get_config() == model.get_config()
    assert [type(one) for one in again.layers] == [type(one) for one in model.layers]
    for one, other in zip(again.weights, model.weights, strict=True):
        assert one.name == other.name
        np.testing.assert_array_equal(one.numpy(), other.numpy())
    assert bare.engine in ("native", "scan") and (bare.engine == "native") == (
        bare.engine.reason is None
    )


@every_way
def test_a_session_is_the_model(layer):
    x = inputs_of(layer, rows=2, time=6)
    start = each(lambda a: Input((None, *a.shape[2:])), x)
    model = moved(Model(start, layer(4, **plain(layer))(start)), seed=3)
    session = model.stream(batch_size=2)
    for part in (slice(0, 3), slice(3, 6)):
        last = session(each(lambda a, part=part: a[:, part], x))
    close(last, in_numpy(lambda x: model(x), x)(x))


# ------------------------------------------------------------------------------------- deep


@pytest.mark.deep
@every_equation
@settings(max_examples=2)
@given(draw=st.integers(0, 2**31 - 9), masked=st.booleans(), training=st.booleans())
def test_every_option_with_every_other_for_every_cell(layer, variant, draw, masked, training):
    step = repeated(layer, tuple(variant.items()), training)
    for number in range(2 ** len(OPTIONS)):
        options = [name for i, name in enumerate(OPTIONS) if number >> i & 1]
        one = made(layer, variant, options)
        check(
            one, masked=masked, training=training, draws=(draw,), tolerance=3e-5, repeated=step
        )  # fmt: skip


# Where the derivative was written by hand, or by which kernels and scans it runs.
BY_HAND = (
    "SimpleRNN LSTM GRU ProjectedLSTM PeepholeLSTM CoupledLSTM SLSTM LayerNormLSTM LayerNormGRU "
    "MinGRU LRU QRNN HGRN S4D Mamba RetNet GLA DeltaNet RWKV7 Mamba2 CfC"
).split()


@pytest.mark.deep
@pytest.mark.parametrize("name", BY_HAND)
def test_gradients_are_finite_differences_in_float64(name):
    layer = LAYERS[name]
    with jax.enable_x64(True):
        one = built(layer(3, return_sequences=True, return_state=True, dtype="float64"))
        x = each(lambda a: np.asarray(a, "float64"), inputs_of(layer, rows=2, time=4))
        mask = np.array([[1, 0, 1, 1], [1, 1, 0, 0]], bool)
        values, unravel = jax.flatten_util.ravel_pytree(each(jnp.asarray, (one.get_weights(), x)))
        assert values.dtype == jnp.float64

        @jax.jit
        @jax.value_and_grad
        def loss(values):
            weights, x = unravel(values)
            with Binding(dict(zip(one.weights, weights, strict=True))):
                results = jax.tree.leaves(one(x, mask=mask))
            return sum(jnp.sum(y * w) for y, w in zip(results, weighing(results), strict=True))

        direction = jnp.asarray(np.random.default_rng(1).normal(size=values.shape))
        h = 1e-6
        up, down = loss(values + h * direction)[0], loss(values - h * direction)[0]
        np.testing.assert_allclose((up - down) / (2 * h), loss(values)[1] @ direction, rtol=1e-6)
