"""`AttentionCell`: the papers' equations in NumPy, Keras' attention layers, and laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import ROWS, check, close
from in_numpy import in_numpy
from jax.test_util import check_grads

import cello
from cello import Input, Model
from cello.core.carry import Carry
from cello.core.masking import set_mask
from cello.core.variable import Binding
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    AttentionCell,
    Dense,
    GRUCell,
    Layer,
    LSTMCell,
    Masking,
    ProjectedLSTMCell,
    SimpleRNNCell,
    StackedRNNCells,
)

COMPILATIONS = 165

MECHANISMS = ["luong", "bahdanau"]


class Decay(Layer):
    """A cell of a user's, whose one state is no list."""

    state_size = 3

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], 3), name="kernel")

    def call(self, inputs, states):
        state = 0.5 * states[0] + jnp.tanh(inputs @ self.kernel.value)
        return state, state


CELLS = {
    "simple": lambda **k: SimpleRNNCell(3, **k),
    "lstm": lambda **k: LSTMCell(3, **k),
    "projected": lambda **k: ProjectedLSTMCell(4, 3, **k),
    "stacked": lambda **k: StackedRNNCells([GRUCell(2, **k), LSTMCell(3, **k)]),
    "own": lambda dropout=0, recurrent_dropout=0, seed=0: Decay(),
}


def normal(*shape, seed=0, dtype="float32"):
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def random_weights(layer, seed=0):
    rng = np.random.default_rng(seed)
    layer.set_weights([0.7 * rng.normal(size=w.shape) for w in layer.weights])


def masks(rows, steps):
    """Boolean `(rows, steps)`: padding on the right, holes, a row all masked, none masked."""
    mask = np.ones((rows, steps), bool)
    mask[0, steps // 2 :] = False
    mask[1] = np.arange(steps) % 2 == 1
    mask[2] = False
    return mask


def built(cell, x, memory, seed=0, **options):
    layer = RNN(cell, **options)
    layer.build(x.shape, [memory.shape])
    random_weights(layer, seed)
    return layer


def call(layer, x, constants, **options):
    run = lambda x, constants, options: layer(x, constants=constants, **options)  # noqa: E731
    return in_numpy(run, x, constants, options)(x, constants, options)


# ------------------------------------------------------------------------------- oracles


def lstm(x, h, c, kernel, recurrent, bias):
    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def weigh(scores, memory, mask):
    """The weights of a row's steps and the context, from the real steps alone."""
    weights = np.zeros(len(scores))
    if mask.any():
        powers = np.exp(scores[mask])
        weights[mask] = powers / powers.sum()
    return weights, weights[mask] @ memory[mask]


def luong(weights, x, h, c, a, memory, mask):
    """Section 3.1 and 3.3 of Luong, Pham and Manning, for one row."""
    w, w_c, *cell = weights
    outputs = []
    for x_t in x:
        h, c = lstm(np.concatenate([x_t, a]), h, c, *cell)
        scores = np.array([h_j @ w @ h for h_j in memory])
        alignment, context = weigh(scores, memory, mask)
        a = np.tanh(np.concatenate([context, h]) @ w_c)
        outputs.append((a, alignment))
    return [np.stack(o) for o in zip(*outputs, strict=True)]


def bahdanau(weights, x, h, c, _, memory, mask):
    """Section 3.1 of Bahdanau, Cho and Bengio, with an LSTM, for one row."""
    u, w, b, v, *cell = weights
    outputs = []
    for x_t in x:
        scores = np.array([v @ np.tanh(h @ w + h_j @ u + b) for h_j in memory])
        alignment, context = weigh(scores, memory, mask)
        h, c = lstm(np.concatenate([x_t, context]), h, c, *cell)
        outputs.append((np.concatenate([h, context]), alignment))
    return [np.stack(o) for o in zip(*outputs, strict=True)]


@pytest.mark.parametrize("units", [None, 5])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_the_equations_of_the_papers(mechanism, units):
    with jax.enable_x64(True):
        x, memory = normal(4, 5, 2, dtype="float64"), normal(4, 6, 7, seed=1, dtype="float64")
        cell = AttentionCell(
            LSTMCell(3, dtype="float64"), mechanism, units, return_alignments=True, dtype="float64"
        )
        layer = built(cell, x, memory, return_sequences=True, dtype="float64")
        weights, mask = layer.get_weights(), masks(4, 6)
        states = [normal(4, s, seed=s, dtype="float64") for s in (units or 3, 3, 3)]
        states[2] = states[2] + 1
        a, h, c = states
        given_states = states if mechanism == "luong" else [h, c]
        got = call(layer, x, [memory, mask], initial_state=given_states)
        oracle = {"luong": luong, "bahdanau": bahdanau}[mechanism]
        for i in range(4):
            want = oracle(weights, x[i], h[i], c[i], a[i], memory[i], mask[i])
            close([g[i] for g in got], want, 1e-12)
        alignments = np.asarray(got[1])
        assert not alignments[~np.broadcast_to(mask[:, None], alignments.shape)].any()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_alignments_are_those_of_keras_attention_layers(mechanism, cell):
    """Keras' layers get the same query, key and value; the states come from the run itself."""
    keras = pytest.importorskip("keras")
    x, memory, mask = normal(4, 5, 2), normal(4, 6, 7, seed=1), masks(4, 6)
    mask[2, 3] = True  # Keras spreads the weights of a row that has no real step
    attention = AttentionCell(CELLS[cell](), mechanism, 5, return_alignments=True)
    layer = built(attention, x, memory, return_sequences=True, return_all_states=True)
    (outputs, alignments), *states = call(layer, x, [memory, mask])
    inner = states if mechanism == "bahdanau" else states[1]
    while isinstance(inner[-1], (list, tuple)):
        inner = inner[-1]
    h = np.asarray(inner[0])  # after each step
    if mechanism == "luong":
        w, w_c = layer.get_weights()[:2]
        theirs, query, key = keras.layers.Attention(), h, memory @ w
    else:
        u, w, b, v = layer.get_weights()[:4]
        before = np.concatenate([np.zeros_like(h[:, :1]), h[:, :-1]], 1)
        theirs, query, key = keras.layers.AdditiveAttention(), before @ w, memory @ u + b
    theirs([query, memory, key])
    if mechanism == "bahdanau":
        theirs.set_weights([v])
    context, weights = theirs(
        [query, memory, key], mask=[None, mask, mask], return_attention_scores=True
    )
    close(alignments, weights)
    context = np.asarray(context)
    if mechanism == "luong":
        close(outputs, np.tanh(np.concatenate([context, h], -1) @ w_c))
    else:
        close(outputs, np.concatenate([h, context], -1))
    close(np.sum(alignments, -1), np.ones((4, 5)))


@pytest.mark.deep
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_gradients_are_finite_differences(mechanism):
    with jax.enable_x64(True):
        x, memory = normal(3, 3, 2, dtype="float64"), normal(3, 4, 2, seed=1, dtype="float64")
        cell = AttentionCell(GRUCell(2, dtype="float64"), mechanism, 3, dtype="float64")
        layer = built(cell, x, memory, return_sequences=True, dtype="float64")

        def outputs(weights, x, memory, states):
            with Binding(dict(zip(layer.weights, weights, strict=True))):
                return layer(x, initial_state=states, constants=[memory, masks(3, 4)])

        states = jax.tree.map(
            lambda s: normal(*s.shape, seed=3, dtype="float64"), layer.get_initial_state(3)
        )
        weights = [w.value for w in layer.weights]
        check_grads(outputs, (weights, x, memory, states), order=1, modes=("fwd", "rev"))


# ---------------------------------------------------------------------------------- laws

RUNS = {
    "outputs of all steps": ({"return_sequences": True}, {}),
    "backwards to the last output": ({"go_backwards": True, "return_all_states": True}, {}),
    "without a mask": ({"return_sequences": True, "go_backwards": True}, {"masked": False}),
    "not in training": ({"return_sequences": True, "zero_output_for_mask": True},
                        {"training": False}),
}  # fmt: skip


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize(
    ("mechanism", "cell"),
    [
        pytest.param(m, c, marks=[pytest.mark.deep] if m == "bahdanau" and c != "lstm" else [])
        for m in MECHANISMS
        for c in CELLS
    ],
)
def test_a_sequence_is_the_repeated_step(cell, mechanism, run):
    """Values, and gradients for weights, inputs, states and the memory, with and without masks."""
    options, how = RUNS[run]
    inner = CELLS[cell](dropout=0.4, recurrent_dropout=0.4, seed=3)
    alignments = run != "without a mask"
    x, memory = normal(ROWS, 5, 2), normal(ROWS, 5, 3, seed=1)
    one = built(
        AttentionCell(inner, mechanism, 4, return_alignments=alignments), x, memory,
        return_state=True, **options,
    )  # fmt: skip
    memory_mask = np.random.default_rng(1).random((ROWS, 5)) < 0.6
    constants = [memory, memory_mask.astype("float32")] if how.get("masked", True) else [memory]
    check(one, **how, draws=(0, 1), constants=constants,
          inputs=lambda seed: normal(ROWS, 5, 2, seed=seed))  # fmt: skip


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_what_stands_under_the_mask_of_the_memory_does_not_count(mechanism):
    """A padded memory is the real steps of each row alone, in values and in gradients."""
    x, memory = normal(3, 4, 2), normal(3, 5, 3, seed=1)
    cell = AttentionCell(LSTMCell(3), mechanism, return_alignments=True)
    layer = built(cell, x, memory, return_sequences=True)

    def loss(weights, x, memory, *mask):
        with Binding(dict(zip(layer.weights, weights, strict=True))):
            outputs, alignments = layer(x, constants=[memory, *mask])
        return jnp.sum(jnp.sin(outputs + 1)), (outputs, alignments)

    gradient = jax.value_and_grad(loss, (0, 1, 2), has_aux=True)
    weights = layer.get_weights()
    run = in_numpy(gradient, weights, x, memory, np.ones((3, 5), bool))
    alone = {}
    for draw in range(6):
        mask = np.random.default_rng(draw).random((3, 5)) < 0.6
        mask[draw % 3] = draw % 2 == 1
        padded = np.where(mask[..., None], memory, np.float32([np.nan, np.inf, -np.inf][draw % 3]))
        (_, (outputs, alignments)), (of_weights, of_x, of_memory) = run(weights, x, padded, mask)
        total = [np.zeros_like(w) for w in weights]
        assert not alignments[~np.broadcast_to(mask[:, None], (3, 4, 5))].any()
        ones = np.broadcast_to(mask.any(1)[:, None], (3, 4)).astype("float32")
        close(np.sum(alignments, -1), ones)
        assert not of_memory[~mask].any()
        for i in range(3):
            row = slice(i, i + 1)
            cut = memory[row][:, mask[i]] if mask[i].any() else np.zeros((1, 1, 3), "float32")
            size = cut.shape[1]
            if size not in alone:
                alone[size] = in_numpy(gradient, weights, x[row], cut)
            (_, (y, weighed)), (row_weights, row_x, row_memory) = alone[size](weights, x[row], cut)
            close(outputs[row], y)
            close(of_x[row], row_x, 1e-4)
            if mask[i].any():
                close(alignments[row][:, :, mask[i]], weighed)
                close(of_memory[row][:, mask[i]], row_memory, 1e-4)
            total = [t + w for t, w in zip(total, row_weights, strict=True)]
        close(of_weights, total, 1e-4)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_pieces_are_the_whole(mechanism, masked):
    x, memory = normal(3, 7, 2), normal(3, 4, 3, seed=1)
    cell = AttentionCell(StackedRNNCells([LSTMCell(3), GRUCell(2)]), mechanism)
    layer = built(cell, x, memory, return_sequences=True, return_state=True)
    mask = masks(3, 7) if masked else np.ones((3, 7), bool)
    whole, *last = call(layer, x, [memory], mask=mask)

    def piece(x, mask, values):
        with Carry(values) as carry:
            outputs, *states = layer(x, constants=[memory], mask=mask)
        return outputs, states, carry.kept

    values, outputs = {}, []
    for part in (slice(0, 3), slice(3, 4), slice(4, 7)):
        given = x[:, part], mask[:, part], values
        y, states, values = in_numpy(piece, *given)(*given)
        outputs.append(y)
    joined = np.concatenate(outputs, 1)
    close(joined[mask], np.asarray(whole)[mask])
    close(states, last)
    outputs, states = [], None
    for part in (slice(0, 5), slice(5, 7)):
        y, *states = call(
            layer, x[:, part], [memory], initial_state=states, mask=mask[:, part]
        )  # fmt: skip
        outputs.append(y)
    close(np.concatenate(outputs, 1)[mask], np.asarray(whole)[mask])
    close(states, last)


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_in_a_row_with_other_cells(mechanism):
    x, memory, mask = normal(ROWS, 5, 2), normal(ROWS, 6, 3, seed=1), masks(ROWS, 5)
    stack = built(
        StackedRNNCells([AttentionCell(LSTMCell(3), mechanism), LSTMCell(4)]),
        x, memory, return_sequences=True, return_state=True,
    )  # fmt: skip
    attending = built(AttentionCell(LSTMCell(3), mechanism), x, memory, return_sequences=True)
    above = LSTM(4, return_sequences=True)
    above.build((ROWS, 5, attending.cell.output_size))
    split = len(attending.weights)
    attending.set_weights(stack.get_weights()[:split])
    above.set_weights(stack.get_weights()[split:])
    constants = [memory, masks(ROWS, 6)]

    def one_above_the_other(x, constants, mask):
        return above(attending(x, constants=constants, mask=mask), mask=mask)

    want = in_numpy(one_above_the_other, x, constants, mask)(x, constants, mask)
    close(call(stack, x, constants, mask=mask)[0], want)
    check(stack, constants=[memory, masks(ROWS, 6).astype("float32")],
          inputs=lambda seed: normal(ROWS, 5, 2, seed=seed))  # fmt: skip


def test_masked_first_steps_give_the_attentional_vector_before():
    x, memory = normal(2, 3, 2), normal(2, 4, 3, seed=1)
    layer = built(AttentionCell(LSTMCell(3)), x, memory, return_sequences=True)
    states = [normal(2, 3, seed=i) for i in range(3)]
    mask = np.array([[False, True, True], [True, False, True]])
    outputs = call(layer, x, [memory], initial_state=states, mask=mask)
    close(outputs[0, 0], states[0][0])
    close(outputs[1, 1], outputs[1, 0])
    zeroed = built(
        AttentionCell(LSTMCell(3)), x, memory, return_sequences=True, zero_output_for_mask=True
    )
    got = call(zeroed, x, [memory], initial_state=states, mask=mask)
    close(got, np.where(mask[..., None], outputs, 0))


# ----------------------------------------------------------- the mask that travels along


@pytest.mark.parametrize("mechanism", ["luong", pytest.param("bahdanau", marks=pytest.mark.deep)])
def test_the_mask_that_travels_with_the_memory_is_found(mechanism):
    """It is kept by the identity of the array: eager, compiled, differentiated, in loops."""
    x, source = normal(3, 4, 2), normal(3, 5, 3, seed=1)
    mask = np.arange(5) < np.array([[3], [5], [1]])
    source[~mask] = 0
    encoder, masking = GRU(3, return_sequences=True), Masking()
    encoder.build(source.shape)
    layers = {
        remat: built(
            AttentionCell(LSTMCell(3), mechanism), x, source, return_sequences=True, remat=remat
        )
        for remat in (None, 2)
    }
    layer = layers[None]

    def explicit(source):
        return layer(x, constants=[encoder(source, mask=mask), mask])

    def travelling(source, layer=layer):
        return layer(x, constants=[encoder(masking(source))])

    def stepwise(source):
        memory = encoder(masking(source))

        def step(states, x):
            y, states = layer.cell(x, states, constants=[memory])
            return states, y

        _, y = jax.lax.scan(step, layer.get_initial_state(3), jnp.moveaxis(jnp.asarray(x), 1, 0))
        return jnp.moveaxis(y, 0, 1)

    def within_a_loop(source):
        memory = encoder(masking(source))
        _, y = jax.lax.scan(lambda c, _: (c, layer(x, constants=[memory])), 0, None, length=2)
        return y[1]

    def checkpointed_around(source):
        memory = encoder(masking(source))
        return jax.checkpoint(lambda x: layer(x, constants=[memory]))(x)

    def loss(function):
        return lambda source: jnp.sum(jnp.sin(1 + function(source)))

    def traced(function):
        return in_numpy(function, source)(source)

    want, want_gradient = traced(explicit), traced(jax.grad(loss(explicit)))
    without = traced(lambda source: layer(x, constants=[encoder(source)]))
    assert np.abs(without - want).max() > 1e-2
    ways = {
        "travelling": travelling,
        "remat": lambda s: travelling(s, layers[2]),
        "checkpoint": jax.checkpoint(travelling),
        "checkpoint around the decoder": checkpointed_around,
        "scan over steps": stepwise,
        "scan": within_a_loop,
        "jit": jax.jit(travelling),
        "vmap": lambda s: jax.vmap(travelling)(s[None])[0],
    }
    close(travelling(source), want)
    for way in ways.values():
        close(traced(jax.grad(loss(way))), want_gradient, 1e-4)
    close(jax.grad(loss(travelling))(source), want_gradient, 1e-4)
    close(jax.jit(jax.grad(loss(ways["remat"])))(source), want_gradient, 1e-4)


def test_a_mask_of_the_array_itself_and_of_another_dtype():
    x, memory, mask = normal(3, 4, 2), jnp.asarray(normal(3, 5, 3, seed=1)), masks(3, 5)
    layer = built(AttentionCell(LSTMCell(3)), x, memory)
    want = layer(x, constants=[memory, mask])
    for dtype in ("float32", "float16"):  # the cell makes float32 of it
        copy = memory.astype(dtype)
        set_mask(copy, mask)
        close(layer(x, constants=[copy]), want, 1e-2 if dtype == "float16" else 1e-6)
    close(layer(x, constants=[memory, None]), layer(x, constants=[memory]), 0)


# --------------------------------------------------------------------- models and files


def translator(mechanism, **options):
    source, target = Input((None, 3)), Input((None, 2))
    encoded, h, c = LSTM(4, return_sequences=True, return_state=True)(Masking()(source))
    states = [cello.ops.zeros_like(h)] * (mechanism == "luong") + [h, c]
    cell = AttentionCell(LSTMCell(4), mechanism, kernel_regularizer="l2", **options)
    decoded = RNN(cell, return_sequences=True, name="decoder")(
        Masking()(target), initial_state=states, constants=[encoded]
    )
    return Model([source, target], Dense(2)(decoded))


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_model_in_a_file(mechanism, tmp_path):
    model = translator(mechanism, units=5 if mechanism == "bahdanau" else None)
    source, target = normal(3, 5, 3), normal(3, 4, 2, seed=1)
    source[0, 3:], target[1, 2:] = 0, 0
    random_weights(model)
    outputs = model.predict([source, target], verbose=0)
    close(outputs[:1], model.predict([source[:1, :3], target[:1]], verbose=0))
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict([source, target], verbose=0), outputs)
    cell = again.get_layer("decoder").cell
    assert cell.mechanism == mechanism and cell.units == (5 if mechanism == "bahdanau" else 4)
    close(again.losses, model.losses)
    assert len(model.losses) == (2 if mechanism == "luong" else 3)
    copy, config = AttentionCell.from_config(cell.get_config()), cell.get_config()
    assert {**copy.get_config(), "cell": copy.cell.get_config()} == {
        **config, "cell": config["cell"]["config"]
    }  # fmt: skip


@pytest.mark.deep
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_alignments_find_where_to_look(mechanism):
    """Steps of the output repeat steps of the source that the target's inputs ask for."""
    rng = np.random.default_rng(0)
    place = rng.integers(0, 5, (256, 4))
    source = np.concatenate(
        [np.broadcast_to(np.eye(5), (256, 5, 5)), rng.normal(size=(256, 5, 1))], -1
    ).astype("float32")
    wanted = np.take_along_axis(source[..., -1], place, 1)[..., None]
    memory, queries = Input((5, 6)), Input((4, 5))
    cell = AttentionCell(GRUCell(24), mechanism, return_alignments=True)
    outputs, alignments = RNN(cell, return_sequences=True)(queries, constants=[memory])
    model = Model([memory, queries], Dense(1)(outputs))
    model.compile(cello.optimizers.Adam(0.01), "mse")
    # Bahdanau's state looks before it has seen the step's input, so it is asked a step ahead.
    asked = np.eye(5, dtype="float32")[place]
    if mechanism == "bahdanau":
        asked, wanted = asked[:, [0, 1, 2, 3]], np.concatenate([wanted[:, :1], wanted[:, :-1]], 1)
    history = model.fit([source, asked], wanted, epochs=60, verbose=0).history["loss"]
    assert history[-1] < 0.2 * np.var(wanted)
    seen = Model([memory, queries], alignments).predict([source, asked], verbose=0)
    if mechanism == "luong":
        assert (seen.argmax(-1) == place).mean() > 0.8
    else:
        assert (seen.argmax(-1)[:, 1:] == place[:, :-1]).mean() > 0.8


# -------------------------------------------------------------------------------- errors


def test_what_is_refused():
    x, memory = normal(2, 4, 2), normal(2, 5, 3)
    new = lambda **k: RNN(AttentionCell(LSTMCell(3), name="looking", **k))  # noqa: E731
    missing = r"'looking' looks at a memory .*pass constants=\[encoder outputs\]"
    layer = new()
    for _ in range(2):
        for constants in (None, []):
            with pytest.raises(ValueError, match=missing):
                layer(x, constants=constants)
        layer(x, constants=[memory])
    for built_or_not in (layer, new()):
        for wrong in ([memory[:, 0]], [memory[0]]):
            with pytest.raises(ValueError, match=r"'looking' expects constants=\[memory\] with"):
                built_or_not(x, constants=wrong)
        with pytest.raises(ValueError, match=r"'looking' .*as many rows as its inputs, 2"):
            built_or_not(x, constants=[np.repeat(memory, 2, 0)])
        with pytest.raises(ValueError, match=r"'looking' expects a mask of the memory .*\(2, 5\)"):
            built_or_not(x, constants=[memory, np.ones((2, 4), bool)])
    with pytest.raises(ValueError, match=r"'looking' expects inputs of shape \(batch, features\)"):
        new()(x[..., None], constants=[memory])
    with pytest.raises(ValueError, match=r"mechanism must be .*Did you mean \"bahdanau\""):
        AttentionCell(LSTMCell(3), "bahdanov")
    with pytest.raises(ValueError, match="cell must be a cell"):
        AttentionCell(Dense(3))
    with pytest.raises(ValueError, match="takes no constants of its own"):
        AttentionCell(AttentionCell(LSTMCell(3)))
    picture = Decay()
    picture.output_size = (3, 3)
    with pytest.raises(ValueError, match="needs a cell whose output is a vector"):
        AttentionCell(picture)


def test_a_memory_that_comes_in_pieces_is_refused():
    source, target = Input((None, 3)), Input((None, 2))
    encoded = LSTM(4, return_sequences=True)(source)
    decoded = RNN(AttentionCell(LSTMCell(4)), name="decoder")(target, constants=[encoded])
    model = Model([source, target], decoded)
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"'decoder' cannot .* all steps of a constant"):
        model.fit([normal(2, 6, 3), normal(2, 6, 2)], normal(2, 4), tbptt=2, verbose=0)
