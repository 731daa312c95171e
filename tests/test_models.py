"""Models: graphs, sequences of layers, classes; their weights, configurations and summaries."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest

import cello
from cello import Input, Model, Sequential
from cello.layers import GRU, LSTM, Add, Bidirectional, Concatenate, Dense, Dropout, Embedding

COMPILATIONS = 220


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def two_in_two_out(k):
    """The same graph in Keras and here: two inputs, a shared layer, two outputs."""
    a, b = k.Input((None, 3), name="a"), k.Input((None, 3), name="b")
    shared = k.layers.LSTM(4, name="shared")
    u, v = shared(a), shared(b)
    joined = k.layers.Concatenate(name="joined")([u, v])
    return k.Model([a, b], [k.layers.Dense(2, name="p")(joined), k.layers.Dense(1, name="q")(u)])


def test_a_graph_with_shared_layers_computes_what_keras_computes():
    theirs, ours = two_in_two_out(keras), two_in_two_out(cello)
    weights = [normal(*w.shape, seed=i) for i, w in enumerate(theirs.get_weights())]
    theirs.set_weights(weights), ours.set_weights(weights)
    x = [normal(2, 5, 3), normal(2, 4, 3, seed=9)]
    for got, want in zip(ours(x), theirs(x), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert ours.count_params() == theirs.count_params()


def test_inputs_by_name_and_by_place():
    model = two_in_two_out(cello)
    x = {"a": normal(2, 5, 3), "b": normal(2, 4, 3)}
    np.testing.assert_array_equal(model(x)[0], model([x["a"], x["b"]])[0])
    with pytest.raises(ValueError, match=r"\['b'\] missing"):
        model({"a": x["a"]})
    with pytest.raises(ValueError, match=r"has 2 input\(s\), \['a', 'b'\], and got 1"):
        model(x["a"])


def test_dicts_of_inputs_and_outputs():
    inputs = {"late": Input((3,)), "early": Input((5,))}
    outputs = {"z": Dense(2)(inputs["late"]), "y": Dense(1)(inputs["early"])}
    model = Model(inputs, outputs)
    got = model({"late": normal(4, 3), "early": normal(4, 5)})
    assert {k: v.shape for k, v in got.items()} == {"y": (4, 1), "z": (4, 2)}
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(
        again({"late": normal(4, 3), "early": normal(4, 5)})["z"], got["z"]
    )


def test_nested_models_and_models_over_inner_tensors():
    inner_input = Input((None, 3))
    h = LSTM(4, name="inner_lstm")(inner_input)
    inner = Model(inner_input, Dense(2)(h), name="inner")
    x = Input((None, 3))
    outer = Model(x, Add()([inner(x), inner(x * 2.0)]))
    a = normal(2, 5, 3)
    np.testing.assert_allclose(outer(a), inner(a) + inner(2 * a), rtol=1e-6)
    assert outer.weights == inner.weights
    states = Model(inner_input, h)
    np.testing.assert_allclose(inner.layers[-1](states(a)), inner(a), rtol=1e-6)
    tail = Model(h, inner.output)
    np.testing.assert_allclose(tail(states(a)), inner(a), rtol=1e-6)


class Forecaster(Model):
    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.lstm = LSTM(units)
        self.heads = [Dense(2), Dense(1)]
        self.drop = Dropout(0.5, seed=1)

    def call(self, x, training=False):
        h = self.drop(self.lstm(x), training=training)
        return [head(h) for head in self.heads]


def test_a_model_of_ones_own_class():
    model = Forecaster(4)
    x = normal(3, 5, 2)
    a, b = model(x)
    assert [w.shape for w in model.weights] == [(2, 16), (4, 16), (16,), (4, 2), (2,), (4, 1), (1,)]
    assert not np.allclose(model(x, training=True)[0], a)
    again = Forecaster.from_config(model.get_config())
    again.build((None, 5, 2))
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(x)[1], b)
    nested = Model(i := Input((5, 2)), model(i)[0])
    np.testing.assert_allclose(nested(x), a, rtol=1e-6)
    assert model.get_layer("lstm") is model.lstm
    with pytest.raises(AttributeError, match="has no graph"):
        _ = model.inputs


def test_sequential_early_and_late():
    x = normal(3, 5, 2)
    layers = lambda: [LSTM(4, return_sequences=True), GRU(3), Dense(1)]  # noqa: E731
    early = Sequential([Input((None, 2)), *layers()])
    by_shape = Sequential([LSTM(4, return_sequences=True, input_shape=(5, 2)), *layers()[1:]])
    late, built = Sequential(), Sequential(layers())
    for layer in layers():
        late.add(layer)
    built.build((None, 5, 2))
    assert not late.built and early.built and by_shape.built and built.built
    assert late.weights == []
    late(x)
    for model in (by_shape, late, built):
        model.set_weights(early.get_weights())
        np.testing.assert_array_equal(model(x), early(x))
        assert model.output_shape == (None, 1)
    assert early.input_shape == (None, None, 2) and by_shape.input_shape == (None, 5, 2)


def test_a_model_in_front_of_others_says_the_shape():
    def chain(k):
        inner = k.Input((None,), dtype="int32")
        words = k.Model(inner, k.layers.GRU(3)(k.layers.Embedding(7, 2)(inner)))
        return k.Sequential([words, k.layers.Dense(4), k.Sequential([k.layers.Dense(1)])])

    theirs, ours = chain(keras), chain(cello)
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    assert ours.input_shape == theirs.input_shape and ours.output_shape == theirs.output_shape
    assert ours.input.dtype == "int32"
    ours.set_weights(theirs.get_weights())
    x = np.array([[1, 6, 2]])
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), rtol=1e-5)
    a, b = Input((2,)), Input((3,))
    of_two = Model([a, b], Concatenate()([a, b]))
    for first in (of_two, Sequential([Dense(2)])):
        assert not Sequential([first, Dense(1)]).built
    from_data = Sequential([LSTM(3)])
    from_data.predict(np.ones((2, 3, 1)), verbose=0)
    model = Sequential([from_data, Dense(1)])
    assert model.predict(np.ones((2, 5, 1)), verbose=0).shape == (2, 1)


def test_a_shape_from_data_binds_no_length_and_a_failure_leaves_no_trace():
    model = Sequential([LSTM(3), Dense(1)])
    with pytest.raises(ValueError, match="add a features axis"):
        model.predict(np.ones((2, 3)), verbose=0)
    assert model.predict(np.ones((2, 3, 1)), verbose=0).shape == (2, 1)
    assert model.predict(np.ones((2, 7, 1)), verbose=0).shape == (2, 1)
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 5, 1)), np.ones(4), verbose=0)


def test_a_mask_enters_a_sequential_whose_first_layer_takes_none():
    x = Input((None, 2))
    layers = [Dense(3, "tanh"), GRU(4)]
    inner = Sequential([Input((None, 2)), *layers])
    model = Model(x, inner(cello.layers.Masking()(x)))
    data = np.random.default_rng(0).normal(size=(2, 5, 2)).astype("float32")
    data[0, 3:] = 0
    want = layers[1](layers[0](data), mask=np.any(data != 0, axis=-1))
    np.testing.assert_allclose(model(data), want, rtol=1e-6)


def test_pop_and_add_again():
    model = Sequential([Input((5, 2)), LSTM(4), Dense(3), Dense(1)])
    x = normal(2, 5, 2)
    last = model.pop()
    assert last.name == "dense_1" and model.output_shape == (None, 3)
    hidden = model(x)
    model.add(last)
    np.testing.assert_allclose(model(x), last(hidden), rtol=1e-6)
    model.pop(), model.pop(), model.pop()
    with pytest.raises(ValueError, match="has no layers"):
        model.pop()
    model.add(Dense(2))
    assert model(normal(2, 5, 2)).shape == (2, 5, 2)


def test_sequential_refuses_what_is_no_layer():
    with pytest.raises(ValueError, match="needs a layer and got function"):
        Sequential([lambda x: x])
    with pytest.raises(ValueError, match="already has a layer called 'd'"):
        Sequential([Dense(1, name="d"), Dense(1, name="d")])


@pytest.mark.parametrize("make", [two_in_two_out, None], ids=["graph", "sequential"])
def test_configuration_gives_the_same_model(make):
    if make is None:
        model = Sequential([Input((None,)), Embedding(9, 4, mask_zero=True), GRU(3), Dense(2)])
        x = np.array([[1, 2, 0], [3, 4, 5]])
    else:
        model = make(cello)
        x = [normal(2, 5, 3), normal(2, 4, 3)]
    again = type(model).from_config(model.get_config())
    again.set_weights(model.get_weights())
    jax.tree.map(np.testing.assert_array_equal, again(x), model(x))
    assert again.get_config() == model.get_config()
    import json

    assert json.loads(json.dumps(model.get_config())) is not None


def test_unknown_sizes_stay_unknown():
    x = Input((None, 3))
    y = LSTM(4, return_sequences=True)(x)
    assert x.shape == (None, None, 3) and y.shape == (None, None, 4)
    model = Model(x, y)
    for time in (1, 7):
        assert model(normal(2, time, 3)).shape == (2, time, 4)
    fixed = Input((6, 3), batch_size=2)
    assert LSTM(4, return_sequences=True)(fixed).shape == (2, 6, 4)


def test_trainable_false_freezes_and_is_counted(capsys):
    model = Sequential([Input((5, 2)), LSTM(4), Dense(1)])
    model.layers[0].trainable = False
    assert [w.name for w in model.trainable_weights] == ["kernel", "bias"]
    assert len(model.non_trainable_weights) == 3
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(normal(8, 5, 2), normal(8, 1), verbose=0)
    after = model.get_weights()
    assert [np.array_equal(a, b) for a, b in zip(before, after, strict=True)] == [True] * 3 + [
        False
    ] * 2
    model.summary()
    printed = capsys.readouterr().out
    assert "Trainable params: 5 (20 B)" in printed
    assert f"Non-trainable params: {4 * 4 * (2 + 4 + 1)} (448 B)" in printed
    model.trainable = False
    assert model.trainable_weights == []


def test_summary_of_a_graph_at_80_columns(capsys):
    x, y = Input((None, 5), name="x"), Input((None, 5), name="y")
    _, h, c = LSTM(5, return_state=True)(x)
    out, _, _ = LSTM(5, return_sequences=True, return_state=True)(y, initial_state=[h, c])
    model = Model([x, y], Dense(5, "softmax")(out))
    model.summary(line_length=80)
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    assert "Connected to" in text and "[(None, None, 5)," in text and "Total params: 470" in text
    for line, part in (("lstm_1", "y"), ("(LSTM)", "lstm[1]")):
        assert any(line in row and part in row for row in text.splitlines())
    lines = []
    model.summary(print_fn=lines.append)
    assert "Connected to" in "\n".join(lines)
    chain = Sequential([Input((5, 2)), LSTM(4)], name="chain")
    Sequential([Input((5, 2)), chain, Dense(1)]).summary(expand_nested=True, show_trainable=True)
    text = capsys.readouterr().out
    assert "Connected to" not in text and "lstm" in text and "Trainable" in text


def test_summary_lists_every_output(capsys):
    """Five of a bidirectional LSTM, of which four have one shape; equal calls are shown once."""
    x, y = Input((None, 5)), Input((None, 5))
    both = Bidirectional(LSTM(3, return_sequences=True, return_state=True))
    Model([x, y], [both(x), both(y)]).summary(line_length=80)
    text = capsys.readouterr().out
    assert text.count("[(None, None, 6),") == 1
    assert text.count("(None, 3)") == 4


def test_input_dim_on_a_first_layer():
    model = Sequential([Dense(4, input_dim=3), Dense(1)])
    assert model.input_shape == (None, 3)
    assert Embedding(input_dim=3, output_dim=2).input_dim == 3


def test_reset_state_of_a_model():
    inner = Sequential([Input(batch_shape=(2, 5, 3)), Bidirectional(GRU(3, stateful=True))])
    x = Input(batch_shape=(2, 5, 3))
    h = LSTM(4, stateful=True, return_sequences=True)(x)
    model = Model(x, [Dense(1)(h), inner(x)])
    data = normal(2, 5, 3)
    first, second = model(data), model(data)
    assert all(np.abs(a - b).max() > 1e-4 for a, b in zip(first, second, strict=True))
    model.reset_state()
    jax.tree.map(np.testing.assert_array_equal, model(data), first)


def test_weights_in_and_out():
    model = Sequential([Input((5, 2)), LSTM(4), Dense(1)])
    weights = model.get_weights()
    model.set_weights([w + 1 for w in weights])
    np.testing.assert_array_equal(model.get_weights()[0], weights[0] + 1)
    with pytest.raises(ValueError, match=r"Sequential 'sequential' has weights of the shapes"):
        model.set_weights(weights[:-1])
    with pytest.raises(ValueError, match="no layer 'nix'"):
        model.get_layer("nix")
    assert model.get_layer(index=1).name == "dense"


def test_a_graph_that_cannot_be_computed_is_refused():
    x, other = Input((None, 5), name="x"), Input((None, 5), name="other")
    h = LSTM(5, name="of_x")(x)
    y = Dense(2, name="of_other")(LSTM(5, name="deep")(other))
    with pytest.raises(ValueError) as caught:
        Model(h, y)
    for part in ("InputLayer 'other'", "LSTM 'deep'", "of_x"):
        assert part in str(caught.value)
    with pytest.raises(ValueError, match="needs both inputs and outputs"):
        Model(x)


def test_symbolic_tensors_explain_themselves():
    x = Input((None, 5), name="x")
    with pytest.raises(ValueError, match=r"cello\.ops|Lambda"):
        jnp.sin(x)
    with pytest.raises(TypeError, match="cannot be iterated"):
        list(x)
    with pytest.raises(TypeError, match="no truth value"):
        bool(x)
    y = cello.ops.mean(cello.ops.exp(x), axis=1)
    assert y.shape == (None, 5)


def test_as_function_goes_with_jax_and_optax():
    model = Sequential([Input((None, 2)), GRU(4), Dense(1)])
    x, y = normal(16, 6, 2), normal(16, 1)
    function, variables = model.as_function()
    np.testing.assert_allclose(jax.jit(function)(variables, x), model(x), rtol=1e-6)

    def loss(trainable):
        return jnp.mean((function({**variables, "trainable": trainable}, x) - y) ** 2)

    weights, rule = variables["trainable"], optax.adam(0.05)
    state, first = rule.init(weights), loss(weights)
    step = jax.jit(jax.grad(loss))
    for _ in range(30):
        updates, state = rule.update(step(weights), state)
        weights = optax.apply_updates(weights, updates)
    assert loss(weights) < 0.7 * first
    np.testing.assert_allclose(loss(variables["trainable"]), first)  # the model is untouched
    batches = jnp.stack([x, -x])
    each = jax.vmap(lambda x: function(variables, x))(batches)
    np.testing.assert_allclose(each[1], model(-x), rtol=1e-5, atol=1e-6)
    many = jax.tree.map(lambda a: jnp.stack([a, 2 * a]), variables)
    two = jax.vmap(lambda v: function(v, x))(many)
    np.testing.assert_allclose(two[0], model(x), rtol=1e-5, atol=1e-6)


def test_as_function_in_training_gives_changed_variables_back():
    model = Sequential([Input((3,)), cello.layers.BatchNormalization(), Dropout(0.5)])
    function, variables = model.as_function(training=True)
    _, changed = jax.jit(function)(variables, normal(32, 3) + 4)
    path = "batch_normalization/moving_mean"
    moved = next(v for k, v in changed["state"].items() if k.endswith(path))
    assert (np.asarray(moved) > 0.02).all()
    assert not model.get_weights()[2].any()
    with pytest.raises(ValueError, match="not built yet"):
        Sequential([Dense(1)]).as_function()


def test_concatenated_time_and_features_of_a_wrong_shape():
    model = Sequential([Input((5, 2)), LSTM(4), Dense(1)])
    with pytest.raises(ValueError, match=r"to have the shape \(None, 5, 2\) and got \(3, 5\)"):
        model(normal(3, 5))
    with pytest.raises(ValueError, match="cannot merge inputs"):
        Concatenate(axis=1)([Input((3, 2)), Input((3, 4))])
