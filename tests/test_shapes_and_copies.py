"""Output shapes, masks, specs, pure calls and copies of layers and models, beside Keras."""

import json

import jax
import keras
import numpy as np
import pytest

import cello
from cello import layers

COMPILATIONS = 122

SHAPES = {
    "LSTM": (lambda k: k.layers.LSTM(3), (None, None, 4)),
    "states": (lambda k: k.layers.GRU(3, return_state=True), (2, None, 4)),
    "Bidirectional": (
        lambda k: k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True)), (None, 5, 4)
    ),
    "Dense": (lambda k: k.layers.Dense(2), (5, 7)),
    "Conv1D": (lambda k: k.layers.Conv1D(2, 3, strides=2), (None, 9, 4)),
    "Embedding": (lambda k: k.layers.Embedding(4, 3), (None, 6)),
    "Concatenate": (lambda k: k.layers.Concatenate(), [(None, 5, 2), (None, 5, 3)]),
    "Attention": (lambda k: k.layers.Attention(), [(2, 3, 4), (2, 5, 4)]),
    "Flatten": (lambda k: k.layers.Flatten(), (None, 5, 2)),
    "TimeDistributed": (lambda k: k.layers.TimeDistributed(k.layers.Dense(2)), (None, 5, 3)),
    "Sequential": (
        lambda k: k.Sequential([k.Input((None, 4)), k.layers.LSTM(3), k.layers.Dense(2)]),
        (7, 5, 4),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_output_shapes_are_those_of_keras(name):
    make, shape = SHAPES[name]
    layer = make(cello)
    built, nodes = layer.built, len(layer.graph_nodes)
    got = layer.compute_output_shape(shape)
    want = make(keras).compute_output_shape(shape)
    assert jax.tree.leaves(got) == jax.tree.leaves(want)
    assert (layer.built, len(layer.graph_nodes)) == (built, nodes)
    if isinstance(shape, tuple):
        assert layer.compute_output_shape(input_shape=list(shape)) == got


def test_shapes_by_the_names_of_the_arguments():
    class Joined(cello.Layer):
        def call(self, a, b):
            return cello.ops.concatenate([a, b], axis=-1)

    shapes = (None, 5, 2), [None, 5, 3]
    assert Joined().compute_output_shape(*shapes) == (None, 5, 5)
    assert Joined().compute_output_shape(a_shape=shapes[0], b_shape=shapes[1]) == (None, 5, 5)


def test_looking_at_a_shape_draws_nothing():
    layer, other = layers.Dense(3), layers.Dense(3)
    cello.utils.set_random_seed(1)
    layer.compute_output_shape((None, 2))
    first = cello.layers.Dense(2).kernel_initializer((4,), "float32")
    cello.utils.set_random_seed(1)
    np.testing.assert_array_equal(cello.layers.Dense(2).kernel_initializer((4,), "float32"), first)
    assert not layer.built and not other.built


def graph(k, name="copied"):
    x = k.Input((None, 3), name="x")
    h = k.layers.LSTM(4, return_sequences=True, name="h")(x)
    y = k.layers.Dense(2, name="y")(k.layers.Add(name="sum")([h, h * 2.0]))
    return k.Model(x, y, name=name)


def test_a_stateless_call_is_that_of_keras():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    theirs, ours = graph(keras), graph(cello)
    ours.set_weights(theirs.get_weights())
    values = [np.asarray(v) * 0.5 for v in theirs.trainable_variables]
    seeds = [v.value for v in theirs.non_trainable_variables]
    want, _ = theirs.stateless_call(values, seeds, x)
    got, changed = ours.stateless_call(values, [], x)
    np.testing.assert_allclose(got, want, atol=1e-6)
    assert changed == []
    np.testing.assert_array_equal(ours.trainable_variables[0], theirs.trainable_variables[0])
    with pytest.raises(ValueError, match="needs values for 5 variables"):
        ours.stateless_call(values[1:], [], x)


def test_a_stateless_call_returns_what_changed_and_the_losses():
    class Counts(cello.Layer):
        def build(self, shape):
            self.calls = self.add_weight((), dtype="int32", name="calls")
            self.scale = self.add_weight((), "ones", regularizer="l2")

        def call(self, x):
            self.calls.assign_add(1)
            self.add_loss(x.sum())
            return x * self.scale

    layer, x = Counts(), np.ones((2, 3), "float32")
    layer(x)
    trained, others = layer.trainable_variables, layer.non_trainable_variables
    assert [v.name for v in trained] == ["variable"]
    outputs, changed, losses = layer.stateless_call(
        [v.value * 3 for v in trained], [v.value for v in others], x, return_losses=True
    )
    assert changed == [2] and changed[0].dtype == "int32" and int(layer.calls.value) == 1
    np.testing.assert_allclose(outputs, 3 * x)
    np.testing.assert_allclose(losses, [6.0, 0.01 * 9], rtol=1e-6)


def test_a_clone_has_the_layers_and_weights_of_its_own():
    for model in (graph(cello), cello.Sequential([cello.Input((None, 3)), layers.LSTM(2)])):
        clone = cello.models.clone_model(model)
        assert clone.to_json() == model.to_json() and clone.name == model.name
        assert not set(clone.weights) & set(model.weights)
        clone.set_weights(model.get_weights())
        x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
        np.testing.assert_array_equal(clone(x), model(x))


@pytest.mark.parametrize("k", [keras, cello])
def test_a_clone_function_makes_the_layers(k):
    def wider(layer):
        if isinstance(layer, k.layers.Dense):
            return k.layers.Dense(7, name="wide")
        return type(layer).from_config(layer.get_config())

    clone = k.models.clone_model(graph(k), clone_function=wider)
    assert clone.output_shape == (None, None, 7)
    assert clone.layers[-1].name == "wide"


def test_clones_of_own_layers_models_inside_and_classes():
    class Own(cello.Layer):
        def call(self, x):
            return x + 1

    inner = cello.Sequential([cello.Input((3,)), Own(name="own"), layers.Lambda(lambda x: 2 * x)])
    x = cello.Input((3,), name="x")
    model = cello.Model(x, layers.Dense(2)(inner(x)))
    clone = cello.models.clone_model(model, recursive=True)
    assert clone.get_layer(inner.name).layers[0] is not inner.layers[0]
    clone.set_weights(model.get_weights())
    data = np.ones((1, 3), "float32")
    np.testing.assert_array_equal(clone(data), model(data))
    new = cello.Input((3,), name="new")
    assert cello.models.clone_model(model, new).input is new

    class Free(cello.Model):
        def call(self, x):
            return x

    with pytest.raises(ValueError, match="has no graph"):
        cello.models.clone_model(Free())


def test_json_goes_both_ways():
    theirs, ours = graph(keras), graph(cello)
    for text, read in (
        (ours.to_json(), keras.models.model_from_json),
        (theirs.to_json(), cello.models.model_from_json),
        (ours.to_json(indent=1), cello.models.model_from_json),
    ):
        model = read(text)
        assert [layer.name for layer in model.layers] == [layer.name for layer in ours.layers]
        assert [w.shape for w in model.get_weights()] == [w.shape for w in ours.get_weights()]
    with pytest.raises(ValueError, match="describes a LSTM"):
        layer = cello.layers.serialize(layers.LSTM(2))
        cello.models.model_from_json(json.dumps(layer))


SPECS = [
    ({"ndim": 3}, (2, 3, 4), True),
    ({"ndim": 3}, (2, 3), False),
    ({"min_ndim": 2}, (2,), False),
    ({"max_ndim": 2}, (2, 3, 4), False),
    ({"shape": (None, 3)}, (5, 3), True),
    ({"shape": (None, 3)}, (5, 4), False),
    ({"axes": {-1: 4}}, (2, 3, 4), True),
    ({"axes": {1: 4}, "min_ndim": 2}, (2, 3), False),
    ({"dtype": "int32"}, (2, 3), False),
    ({"dtype": "float32"}, (2, 3), True),
    ({"shape": (None, 3, 1), "allow_last_axis_squeeze": True}, (2, 3), True),
    ({"shape": (None, 3, 1), "allow_last_axis_squeeze": True}, (2, 4), False),
]


@pytest.mark.parametrize("options, shape, fits", SPECS)
def test_a_spec_with_the_arguments_of_keras(options, shape, fits):
    class Same:
        """In both libraries."""

        def __init__(self, spec):
            super().__init__(name="same")
            self.input_spec = spec

        def call(self, x):
            return x

    x = np.ones(shape, "float32")
    for k in (keras, cello):
        spec = k.layers.InputSpec(**options)
        layer = type("Same", (Same, k.layers.Layer), {})(spec)
        if fits:
            layer(x)
        else:
            with pytest.raises(ValueError, match="same"):
                layer(x)
    again = layers.InputSpec.from_config(spec.get_config())
    assert again.get_config() == spec.get_config() == keras.layers.InputSpec(**options).get_config()


def test_specs_of_several_inputs():
    class Sum(cello.Layer):
        input_spec = [
            layers.InputSpec(ndim=2, name="a"), layers.InputSpec(ndim=2, name="b", optional=True)
        ]  # fmt: skip

        def call(self, inputs):
            return sum(x for x in jax.tree.leaves(inputs))

    x = np.ones((2, 3), "float32")
    np.testing.assert_array_equal(Sum()([x, x]), 2 * x)
    np.testing.assert_array_equal(Sum()({"b": x, "a": x}), 2 * x)
    np.testing.assert_array_equal(Sum()([x, None]), x)
    with pytest.raises(ValueError, match=r"expects inputs of shape .*ndim=2.* got \(2,\)"):
        Sum()([x, x[:, 0]])
    with pytest.raises(ValueError, match="expects 2 inputs and got 1"):
        Sum()([x])
    with pytest.raises(ValueError, match="has no axis 2"):
        layers.InputSpec(ndim=2, axes={2: 1})


def test_a_cell_with_a_spec_of_keras_runs_over_sequences():
    class Cell(layers.Layer):
        state_size = 2
        input_spec = layers.InputSpec(ndim=2, axes={1: 2})

        def call(self, inputs, states):
            return inputs + states[0], [inputs]

    layer = layers.RNN(Cell())
    assert layer(np.ones((1, 3, 2), "float32")).shape == (1, 2)
    with pytest.raises(ValueError, match="the axis 2 must have 2"):
        layer(np.ones((1, 3, 4), "float32"))


def test_each_of_several_inputs_brings_its_mask():
    class Counts:
        """In both libraries."""

        def __init__(self):
            super().__init__()
            self.supports_masking = True

        def call(self, a, b, a_mask=None, b_mask=None):
            k = cello.ops if isinstance(self, cello.Layer) else keras.ops
            return k.stack([k.sum(k.cast(m, "int32"), axis=1) for m in (a_mask, b_mask)])

    first, second = np.array([[1, 0, 2], [0, 0, 3]]), np.array([[1, 1, 0], [1, 1, 1]])
    found = []
    for k in (keras, cello):
        embed = k.layers.Embedding(4, 2, mask_zero=True)
        layer = type("Counts", (Counts, k.layers.Layer), {})()
        found.append(np.asarray(layer(embed(first), embed(second), b_mask=None)))
    np.testing.assert_array_equal(*found)
    np.testing.assert_array_equal(found[1], [[2, 1], [2, 3]])


def test_a_mask_is_computed_without_one_before():
    symbols = np.array([[1, 0, 2]])
    embedding = layers.Embedding(4, 2, mask_zero=True)
    np.testing.assert_array_equal(embedding.compute_mask(symbols), symbols != 0)
    assert layers.Embedding(4, 2).compute_mask(symbols) is None
    for layer in (layers.LSTM(2), layers.Bidirectional(layers.LSTM(2)), layers.Attention()):
        assert layer.compute_mask(np.ones((1, 2, 3))) is None
    for layer in (layers.Add(), layers.Concatenate(), layers.Dot(1), graph(cello)):
        assert layer.compute_mask([np.ones((1, 2, 3))] * 2) is None


def test_an_assigned_policy_holds_for_what_comes():
    x = np.ones((2, 3), "float32")
    for k in (keras, cello):
        layer = k.layers.Dense(2)
        layer.dtype_policy = "mixed_bfloat16"
        y = layer(x)
        assert "bfloat16" in str(y.dtype) and "float32" in str(layer.kernel.dtype)
        assert (layer.compute_dtype, layer.variable_dtype) == ("bfloat16", "float32")
    assert layers.Dense.from_config(layer.get_config()).dtype_policy.name == "mixed_bfloat16"
    for k in (keras, cello):
        layer = k.layers.Dense(2)
        layer.dtype_policy = "bfloat16"
        layer.build((None, 3))
        assert "bfloat16" in str(layer.kernel.dtype)
    with pytest.raises(ValueError, match=r"'dense.*dtype_policy must be a floating dtype"):
        layer.dtype_policy = "int8"


def test_weights_of_integers_are_not_trained():
    for k in (keras, cello):
        layer = k.layers.Layer()
        weight = layer.add_weight((2,), dtype="int32")
        assert "int32" in str(weight.dtype) and not np.asarray(weight).any()
    assert layer.trainable_weights == [] and layer.weights == [weight]


def test_an_embedding_starts_from_given_vectors():
    vectors = np.arange(6.0, dtype="float32").reshape(3, 2)
    for k in (keras, cello):
        for given in (vectors, [vectors]):
            layer = k.layers.Embedding(3, 2, weights=given)
            np.testing.assert_array_equal(layer(np.array([[2, 0]]))[0], vectors[[2, 0]])


def test_inputs_are_dense_and_needed():
    assert cello.Input((2,), sparse=False, ragged=False, optional=False).shape == (None, 2)
    for name in ("sparse", "ragged", "optional"):
        with pytest.raises(ValueError, match=f"Input: {name}=True is not possible"):
            cello.Input((2,), **{name: True})


def test_a_model_knows_whether_it_is_compiled():
    model = graph(cello)
    assert not model.compiled
    model.compile("sgd", "mse")
    assert model.compiled
