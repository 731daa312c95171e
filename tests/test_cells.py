"""What every recurrent layer promises, whatever its cell: walked over all that are exported."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from masked import FEATURES, ROWS, TIME, close, masks, normal
from stepped import by_steps

import cello
from cello import Input, Model
from cello.cells.timed import TimedCell
from cello.core.variable import Binding
from cello.layers import RNN, Bidirectional

pytestmark = pytest.mark.usefixtures("compiled_lightly")
LAYERS = {
    name: thing
    for name in cello.layers.__all__
    if inspect.isclass(thing := getattr(cello.layers, name)) and issubclass(thing, RNN)
    if thing is not RNN
}
for same_but_rank in ("ConvLSTM1D", "ConvLSTM3D", "ConvGRU2D", "ConvGRU3D"):
    del LAYERS[same_but_rank]  # one of each kind walks
every_layer = pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
# For what does not depend on the equations: a layer for each way of running and of holding states.
WAYS = (
    "LSTM ProjectedLSTM SLSTM LayerNormGRU EchoState ConvLSTM2D CfC ODERNN QRNN LRU Mamba RetNet "
    "MLSTM RWKV7 RWKVBlock"
).split()
every_way = pytest.mark.parametrize("layer", [LAYERS[name] for name in WAYS], ids=WAYS)
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


# The inputs of a step, where they are no vector of features.
STEPS = {"ConvGRU1D": (5, FEATURES), "ConvLSTM2D": (5, 5, FEATURES)}


def inputs_of(layer, rows=ROWS, time=TIME, seed=1):
    """Inputs that a layer of this class takes: an array, or a list of it and the times."""
    x = normal(rows, time, *STEPS.get(layer.__name__, (FEATURES,)), seed=seed)
    if not issubclass(layer._cell_class, TimedCell):
        return x
    gaps = np.random.default_rng(seed).exponential(size=(rows, time))
    return [x, np.cumsum(gaps, axis=1).astype("float32")]


def each(function, *trees):
    """`function` of every array of the inputs."""
    return jax.tree.map(function, *trees)


def built(layer, seed=0):
    """`layer` with weights no two of which are alike, near to those that it starts from."""
    layer.build(each(np.shape, inputs_of(type(layer))))
    return moved(layer, seed)


def moved(layer, seed=0):
    rng = np.random.default_rng(seed)
    for weight in layer.weights:
        rows = max(8, *weight.shape[:-1]) if weight.ndim > 1 else 8  # of many, each moves less
        value = weight.numpy() + 0.4 * np.sqrt(8 / rows) * rng.normal(size=weight.shape)
        weight.assign(value if weight.constraint is None else weight.constraint(value))
    return layer


def some_states(layer, seed=3):
    """States to start from, of which that of a normaliser may not be zero or less."""
    start = layer.get_initial_state(ROWS)
    made = [
        jnp.asarray(np.abs(normal(*s.shape, seed=seed + i)) + 0.1, s.dtype)
        for i, s in enumerate(jax.tree.leaves(start))
    ]
    return jax.tree.unflatten(jax.tree.structure(start), made)


def summed(results):
    """A number in which every element counts in its own way."""
    leaves = jax.tree.leaves(results)
    return sum(jnp.sum(jnp.sin(y + jnp.arange(y.size).reshape(y.shape))) for y in leaves)


def with_gradients(layer, run, x, states):
    """What `run(x, states)` gives, and the gradients for weights, inputs and states."""
    values = [w.value for w in layer.weights]
    seeds = {v: v.value for v in layer.variables if not v.weight}

    def loss(values, x, states):
        with Binding({**dict(zip(layer.weights, values, strict=True)), **seeds}):
            results = run(x, states)
        return summed(results), results

    return jax.jit(jax.grad(loss, (0, 1, 2), has_aux=True))(values, each(jnp.asarray, x), states)


@every_equation
@settings(max_examples=2)
@given(
    mask=st.none() | masks(),
    options=st.fixed_dictionaries(
        {
            "return_sequences": st.booleans(),
            "return_all_states": st.booleans(),
            "go_backwards": st.booleans(),
            "zero_output_for_mask": st.booleans(),
        }
    ),
    dropout=st.sampled_from([0.0, 0.3]),
    given_state=st.booleans(),
)
def test_a_sequence_is_the_repeated_step(layer, variant, mask, options, dropout, given_state):
    """Values and gradients, those of the states included."""
    dropping = {k: dropout for k in ("dropout", "recurrent_dropout") if k in layer.declared}
    one = built(layer(4, **variant, **options, **dropping, return_state=True))
    states = some_states(one) if given_state else one.get_initial_state(ROWS)

    def whole(x, states):
        return one(x, initial_state=states, mask=mask, training=True)

    def by_step(x, states):
        with by_steps([one]):
            return whole(x, states)

    x = inputs_of(layer)
    got, results = with_gradients(one, whole, x, states)
    want, results_wanted = with_gradients(one, by_step, x, states)
    close(results, results_wanted)
    close(got, want, 1e-4)


@every_layer
@settings(max_examples=2)
@given(mask=st.none() | masks(), at=st.integers(1, TIME - 1), backwards=st.booleans())
def test_chunks_that_carry_their_states_are_the_whole(layer, mask, at, backwards):
    one = built(layer(4, return_sequences=True, return_state=True, go_backwards=backwards,
                      zero_output_for_mask=True))  # fmt: skip
    parts = [slice(at, None), slice(0, at)] if backwards else [slice(0, at), slice(at, None)]

    def whole(x, states):
        return one(x, initial_state=states, mask=mask)

    def in_chunks(x, states):
        outputs = []
        for part in parts:
            of_part = None if mask is None else mask[:, part]
            piece = each(lambda a, part=part: a[:, part], x)
            y, *states = one(piece, initial_state=states, mask=of_part)
            outputs.append(y)
        return jnp.concatenate(outputs, axis=1), *states

    x, states = inputs_of(layer), some_states(one)
    got, results = with_gradients(one, in_chunks, x, states)
    want, results_wanted = with_gradients(one, whole, x, states)
    close(results, results_wanted)
    close(got, want, 1e-4)


@every_layer
@settings(max_examples=2)
@given(
    mask=masks(),
    row=st.integers(0, ROWS - 1),
    sequences=st.booleans(),
    unreal=st.sampled_from([np.nan, np.inf]),
)
def test_what_is_masked_reaches_nothing_and_a_row_is_its_steps_alone(
    layer, mask, row, sequences, unreal
):
    """A row of a batch with NaN under its mask; and its real steps by themselves."""
    assume(mask[row].any())
    one = built(layer(4, return_sequences=sequences, return_state=True))
    x = inputs_of(layer)
    keep = each(lambda a: mask.reshape(*mask.shape, *(1,) * (a.ndim - 2)), x)
    spoiled = each(lambda a, keep: np.where(keep, a, np.float32(unreal)), x, keep)

    def in_batch(x, states):
        y, *states = one(x, initial_state=states, mask=mask)
        return y[row][mask[row]] if sequences else y[row], each(lambda s: s[row], states)

    def alone(x, states):
        mine = slice(row, row + 1)
        x = each(lambda a: a[mine][:, mask[row]], x)
        y, *states = one(x, initial_state=each(lambda s: s[mine], states))
        return y[0], each(lambda s: s[0], states)

    got, results = with_gradients(one, in_batch, spoiled, some_states(one))
    want, results_wanted = with_gradients(one, alone, x, some_states(one))
    close(results, results_wanted)
    close(got, want, 1e-4)


@every_way
@pytest.mark.parametrize("sequences", [True, False])
def test_no_steps_change_nothing(layer, sequences):
    one = built(layer(4, return_sequences=sequences, return_state=True))
    x, states = inputs_of(layer), some_states(one)
    y, *after = one(each(lambda a: a[:, :0], x), initial_state=states)
    close(after, states)
    assert y.shape == (one(x)[0][:, :0] if sequences else one(x)[0]).shape
    padded, *_ = one(x, initial_state=states, mask=np.zeros((ROWS, TIME), bool))
    close(y, padded[:, :0] if sequences else padded)


@every_way
def test_both_directions_are_the_two_layers(layer):
    both = Bidirectional(layer(4, return_sequences=True))
    x = inputs_of(layer)
    mask = np.arange(TIME) < np.array([[TIME], [3], [1], [2]])
    both(x)
    weights = moved(both, seed=2).get_weights()
    forward, backward = layer(4, return_sequences=True), layer(4, return_sequences=True)
    for one, values in ((forward, weights[: len(weights) // 2]),
                        (backward, weights[len(weights) // 2 :])):  # fmt: skip
        one(x)
        one.set_weights(values)

    def flipped(a):
        rows = zip(np.asarray(a), mask.sum(1), strict=True)
        return np.stack([np.roll(row[::-1], n, axis=0) for row, n in rows])

    returned = flipped(backward(each(flipped, x), mask=mask))
    want = np.concatenate([forward(x, mask=mask), returned], axis=-1)
    np.testing.assert_allclose(np.asarray(both(x, mask=mask))[mask], want[mask], atol=1e-5)


@every_layer
def test_a_stream_is_the_whole_and_a_file_is_the_model(layer, tmp_path, capsys):
    """A bare `Name(units)`, `get_config`, `summary`, a session and a `.keras` file."""
    bare = layer(4)
    assert type(bare).from_config(bare.get_config()).get_config() == bare.get_config()
    changed = layer(5, return_sequences=True, go_backwards=True, name="odd")
    config = changed.get_config()
    assert config[next(iter(layer.declared))] == 5 and config["go_backwards"] is True
    assert type(changed).from_config(config).get_config() == config
    x = inputs_of(layer, rows=2, time=7, seed=4)
    start = each(lambda a: Input((None, *a.shape[2:])), x)
    first = layer(4, return_sequences=True)(start)
    second = [first, *start[1:]] if isinstance(start, list) else first
    model = moved(Model(start, layer(3)(second)), seed=3)
    whole = np.asarray(model(x))
    model.summary(engines=True)
    assert layer.__name__ in capsys.readouterr().out
    session = model.stream(batch_size=2)
    for part in (slice(0, 1), slice(1, 4), slice(4, None)):
        last = session(each(lambda a, part=part: a[:, part], x))
    np.testing.assert_allclose(last, whole, rtol=1e-5, atol=1e-6)
    path = tmp_path / "model.keras"
    model.save(path)
    again = cello.models.load_model(path)
    np.testing.assert_array_equal(again(x), whole)
    assert [type(one) for one in again.layers] == [type(one) for one in model.layers]
    assert bare.engine in ("native", "scan") and (bare.engine == "native") == (
        bare.engine.reason is None
    )


@every_equation
def test_gradients_are_finite_differences_in_float64(layer, variant):
    with jax.enable_x64(True):
        options = {**variant, "return_sequences": True, "return_state": True}
        one = built(layer(3, **options, dtype="float64"))
        x = each(lambda a: np.asarray(a, "float64"), inputs_of(layer, rows=2, time=4))
        mask = np.array([[1, 0, 1, 1], [1, 1, 0, 0]], bool)

        start = each(jnp.asarray, (one.get_weights(), x))
        values, unravel = jax.flatten_util.ravel_pytree(start)
        assert values.dtype == jnp.float64

        @jax.jit
        @jax.value_and_grad
        def loss(values):
            weights, x = unravel(values)
            with Binding(dict(zip(one.weights, weights, strict=True))):
                return summed(one(x, mask=mask))

        direction = jnp.asarray(np.random.default_rng(1).normal(size=values.shape))
        h = 1e-6
        up, down = loss(values + h * direction)[0], loss(values - h * direction)[0]
        np.testing.assert_allclose((up - down) / (2 * h), loss(values)[1] @ direction, rtol=1e-6)
