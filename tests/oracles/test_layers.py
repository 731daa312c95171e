"""One contract for every layer: as Keras, and lawful. One row of the table a case."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from layer_table import (
    CASES,
    SEQUENCE,
    close,
    data,
    gradients,
    keras_gradients,
    masks,
    options,
    pair,
)

import cello
from cello.core.masking import get_mask
from cello.core.symbolic import symbolic_leaves

COMPILATIONS = 1250

# Keras' Softmax refuses a mask (batch, time), and its groups have masked steps in their means.
OTHER_UNDER_MASKS = {"Softmax", "GroupNormalization"}


@pytest.mark.parametrize("name, args, kwargs, inputs, mask", CASES)
def test_values_and_gradients_are_those_of_keras(name, args, kwargs, inputs, mask):
    x = data(inputs)
    theirs, ours = pair(name, args, kwargs, x)
    if mask and name in ("Activation", "Add", "Concatenate"):
        mask = False  # these do not take one as an argument; masks that travel are tested below
    given = options(x, mask)
    close(ours(x, **given), theirs(x, **given), 1e-5)

    close(gradients(ours, x, given), keras_gradients(theirs, x, given), 1e-4)


@pytest.mark.parametrize("name, args, kwargs, inputs, mask", CASES)
def test_symbolic_shapes_are_those_of_the_arrays(name, args, kwargs, inputs, mask):
    x = data(inputs)
    layer = getattr(cello.layers, name)(*args, **kwargs)
    dtype = "int32" if inputs == "symbols" else None
    symbolic = jax.tree.map(lambda a: cello.Input(a.shape[1:], dtype=dtype), x)
    model = cello.Model(symbolic, layer(symbolic))
    want = layer(x)
    assert model.output.shape == (None, *want.shape[1:])
    assert model.output.dtype == want.dtype.name
    close(model(x), want, 1e-6)
    close(jax.jit(lambda x: layer(x))(x), want, 1e-6)


@pytest.mark.parametrize("name, args, kwargs, inputs, mask", CASES)
def test_unknown_lengths_stay_unknown(name, args, kwargs, inputs, mask):
    """`None` at the time axis gives `None` where Keras says so, and the same numbers."""
    x = data(inputs)
    joins_known_length = name == "Dot" and kwargs == {"axes": (1, 2)}
    if (
        name == "Reshape"
        or args[:1] in (("ab...,bd->ad...",), ("abc,bcde->ade",))
        or joins_known_length
        or kwargs.get("axis") in (1, [1, 2])
        or np.ndim(jax.tree.leaves(x)[0]) < 3
    ):
        pytest.skip("this case needs a known length")
    symbolic = [cello.Input((None, *a.shape[2:])) for a in jax.tree.leaves(x)]
    symbolic = symbolic if isinstance(x, list) else symbolic[0]
    layer = getattr(cello.layers, name)(*args, **kwargs)
    model = cello.Model(symbolic, layer(symbolic))
    close(model(x), layer(x), 1e-6)
    theirs = [keras.Input((None, *a.shape[2:])) for a in jax.tree.leaves(x)]
    theirs = theirs if isinstance(x, list) else theirs[0]
    want = getattr(keras.layers, name)(*args, **kwargs)(theirs)
    assert model.output.shape == want.shape


@pytest.mark.parametrize("name, args, kwargs, inputs, mask", CASES)
def test_a_configuration_gives_the_same_layer(name, args, kwargs, inputs, mask):
    x = data(inputs)
    layer = getattr(cello.layers, name)(*args, **kwargs)
    unbuilt = layer.get_config()
    want = layer(x)
    assert layer.get_config() == unbuilt
    again = type(layer).from_config(unbuilt)
    again(x)
    again.set_weights(layer.get_weights())
    close(again(x), want, 1e-7)
    assert again.get_config() == layer.get_config()
    assert again.name == layer.name


@pytest.mark.parametrize(
    "name, args, kwargs, inputs, mask",
    [case for case in CASES if case.values[0] not in OTHER_UNDER_MASKS],
)
def test_masks_travel_as_in_keras(name, args, kwargs, inputs, mask):
    if inputs == "symbols":
        ours, theirs = pair(name, args, kwargs, data(inputs))[::-1]
        found, want = ours(data(inputs)), theirs(data(inputs))
    else:
        if any(len(a.shape) < 3 for a in jax.tree.leaves(data(inputs))):
            pytest.skip("no steps to mask")
        theirs, ours = pair(name, args, kwargs, data(inputs))
        if name == "RMSNormalization":
            theirs.supports_masking = True  # docs/differences_from_keras.md
        x = jax.tree.map(cello.layers.Masking(2.0), data(inputs))
        y = jax.tree.map(keras.layers.Masking(2.0), data(inputs))
        if not ours.supports_masking:
            with pytest.warns(UserWarning, match=f"'{ours.name}' does not support masking"):
                found = ours(x)
            with pytest.warns(UserWarning):
                want = theirs(y)
        else:
            found, want = ours(x), theirs(y)
    close(found, want, 1e-5)
    have, expected = get_mask(found), getattr(want, "_keras_mask", None)
    assert (have is None) == (expected is None)
    if have is not None:
        if name == "Masking":  # Keras' forgets what a mask before it has hidden
            expected = np.logical_and(expected, y._keras_mask)
        np.testing.assert_array_equal(have, expected)


NAMES = sorted(
    {case.values[0] for case in CASES}
    | {"SimpleRNN", "LSTM", "GRU", "RNN", "SimpleRNNCell", "LSTMCell", "GRUCell"}
    | {"StackedRNNCells", "Bidirectional", "TimeDistributed", "Lambda"}
    | {"MultiHeadAttention", "GroupQueryAttention"}  # test_multi_head.py
    | {"MelSpectrogram"}  # test_spectrogram.py
    | {"Hashing", "IntegerLookup", "StringLookup", "TextVectorization"}  # test_lookup.py
    | {"ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"}
)
# test_cells.py covers them.
NOT_IN_KERAS = {name for name in cello.layers.__all__ if not hasattr(keras.layers, name)}
LEFT_OUT = {
    # Arguments of Keras that have no meaning here: taken and not stored, or refused by name.
    "BatchNormalization": {"renorm", "renorm_clipping", "renorm_momentum", "synchronized"},
    "Dense": {"lora_rank", "lora_alpha", "quantization_config"},
    "EinsumDense": {
        "lora_rank",
        "lora_alpha",
        "quantization_config",
        "gptq_unpacked_column_size",
    },
    "Embedding": {"lora_rank", "lora_alpha", "quantization_config"},
    "CategoryEncoding": {"sparse"},
    "Discretization": {"sparse"},
    "Hashing": {"sparse"},
    "IntegerLookup": {"sparse", "oov_method", "salt"},
    "StringLookup": {"sparse", "encoding", "salt", "oov_method"},
    "TextVectorization": {"sparse", "ragged", "encoding"},
    "MultiHeadAttention": {"flash_attention"},
    "GroupQueryAttention": {"flash_attention"},
    "AdditiveAttention": set(),
    "LSTM": {"use_cudnn"},
    "GRU": {"use_cudnn"},
}


@pytest.mark.parametrize("name", NAMES)
def test_signature_is_that_of_keras(name):
    theirs = inspect.signature(getattr(keras.layers, name)).parameters
    ours = inspect.signature(getattr(cello.layers, name)).parameters
    # Keras lets a few layers take their name and dtype by place; here these are always named.
    ignored = {"kwargs", "name", "dtype", *LEFT_OUT.get(name, ())}
    want = [p for p in theirs.values() if p.name not in ignored]
    plain = [p.name for p in want if p.kind is p.POSITIONAL_OR_KEYWORD]
    assert [n for n, p in ours.items() if p.kind is p.POSITIONAL_OR_KEYWORD][: len(plain)] == plain
    for parameter in want:  # Keras' convolutional LSTM has no default size of the window
        default = ours[parameter.name].default
        if isinstance(parameter.default, str):
            wanted = parameter.default.lower().replace("_", "")
            assert str(default).lower().replace("_", "") == wanted
        elif not (name.startswith("ConvLSTM") and parameter.name == "kernel_size"):
            assert default == parameter.default, parameter.name


def test_every_layer_is_exported_and_in_the_table():
    layers = {
        n for n, v in vars(cello.layers).items()
        if isinstance(v, type) and issubclass(v, cello.Layer) and v.__name__ == n
    }  # fmt: skip
    assert layers - set(NAMES) == {"Layer", "InputLayer", "Wrapper", *NOT_IN_KERAS}
    assert set(cello.layers.__all__) >= layers


@pytest.mark.parametrize(
    "function", ["add", "subtract", "multiply", "average", "maximum", "minimum", "concatenate"]
)
def test_function_forms(function):
    x = data([SEQUENCE] * 2)
    close(getattr(cello.layers, function)(x), getattr(keras.layers, function)(x), 1e-6)
    symbolic = getattr(cello.layers, function)([cello.Input(SEQUENCE[1:])] * 2, name="here")
    assert symbolic.node.layer.name == "here"


def test_function_forms_with_arguments():
    x = data([SEQUENCE] * 2)
    close(cello.layers.dot(x, 2, normalize=True), keras.layers.dot(x, 2, normalize=True), 1e-5)
    close(cello.layers.concatenate(x, axis=1), keras.layers.concatenate(x, axis=1), 1e-6)


@pytest.mark.parametrize("axes", [-1, 1, [1, 2]])
def test_batch_normalization_in_training(axes):
    if isinstance(axes, list):
        axes = 2
    x, kwargs = data(SEQUENCE), {"axis": axes, "momentum": 0.7}
    theirs, ours = pair("BatchNormalization", (), kwargs, x)
    for _ in range(2):
        close(ours(x, training=True), theirs(x, training=True), 1e-5)
    close(ours.get_weights(), theirs.get_weights(), 1e-5)
    ours.trainable = theirs.trainable = False
    close(ours(x, training=True), theirs(x, training=True), 1e-5)


def test_batch_normalization_leaves_masked_steps_out():
    x = data(SEQUENCE)
    theirs, ours = pair("BatchNormalization", (), {}, x)
    mask = masks(x)
    close(ours(x, training=True, mask=mask), theirs(x, training=True, mask=mask), 1e-5)
    close(ours.get_weights(), theirs.get_weights(), 1e-5)


def test_causal_attention_and_its_scores():
    x = data([SEQUENCE] * 2)
    given = {"use_causal_mask": True, "return_attention_scores": True}
    theirs, ours = pair("Attention", (), {}, x)
    close(ours(x, **given), theirs(x, **given), 1e-5)
    assert not np.triu(np.asarray(ours(x, **given)[1]), 1).any()


def test_nothing_under_a_mask_reaches_attention():
    query, value = data([SEQUENCE, (4, 3, 8)])
    mask = [None, masks(value)]
    mask[1][:, 0] = True
    layer = cello.layers.Attention()
    want = layer([query, value], mask=mask)
    spoiled = np.where(mask[1][..., None], value, np.nan)
    close(layer([query, spoiled], mask=mask), want, 1e-6)
    gradient = jax.grad(lambda v: layer([query, v], mask=mask).sum())(jnp.asarray(spoiled))
    assert np.isfinite(gradient).all()


@pytest.mark.parametrize("inner", ["Dense", "LSTM", "Model"])
def test_time_distributed(inner):
    x = np.random.default_rng(0).normal(size=(3, 4, 5, 2)).astype("float32")
    build = {
        "Dense": lambda k: k.layers.Dense(3),
        "LSTM": lambda k: k.layers.LSTM(3),
        "Model": lambda k: k.Sequential([k.layers.Dense(3, "tanh"), k.layers.Flatten()]),
    }[inner]
    theirs = keras.layers.TimeDistributed(build(keras))
    ours = cello.layers.TimeDistributed(build(cello))
    theirs(x), ours(x)
    ours.set_weights(theirs.get_weights())
    close(ours(x), theirs(x), 1e-5)
    symbolic = cello.Input((None, 5, 2))
    assert ours(symbolic).shape == (None, None, *ours(x).shape[2:])


def test_time_distributed_passes_its_mask_on():
    x = data(SEQUENCE)
    y = cello.layers.TimeDistributed(cello.layers.Dense(3))(cello.layers.Masking(2.0)(x))
    np.testing.assert_array_equal(get_mask(y), (x != 2).any(-1))


def test_dropout_keeps_the_mean_and_drops_the_rate():
    x = np.ones((200, 50, 8), "float32")
    y = np.asarray(cello.layers.Dropout(0.3, seed=1)(x, training=True))
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.7)}
    # 80 000 draws: the standard error of the rate is 0.0016
    assert abs((y == 0).mean() - 0.3) < 0.008
    spatial = np.asarray(cello.layers.SpatialDropout1D(0.3, seed=1)(x, training=True))
    assert (spatial == spatial[:, :1]).all()
    assert abs((spatial == 0).mean() - 0.3) < 0.06
    shared = np.asarray(cello.layers.Dropout(0.5, (None, 1, 8))(x, training=True))
    assert (shared == shared[:, :1]).all()


def test_dropout_draws_anew_and_repeats_by_seed():
    x = np.ones((4, 100), "float32")
    first, second = (cello.layers.Dropout(0.5, seed=7) for _ in range(2))
    a, b = first(x, training=True), first(x, training=True)
    assert (np.asarray(a) != np.asarray(b)).any()
    np.testing.assert_array_equal(second(x, training=True), a)
    np.testing.assert_array_equal(first(x), x)
    assert not np.asarray(cello.layers.Dropout(1.0)(x, training=True)).any()


def test_lambda():
    def scaled(x, by=2.0):
        return x * by

    x = data(SEQUENCE)
    layer = cello.layers.Lambda(scaled, arguments={"by": 3.0})
    close(layer(x), x * 3, 1e-6)
    assert layer(cello.Input((None, 8))).shape == (None, None, 8)
    config = layer.get_config()
    assert config["function"]["config"] == "scaled"
    with pytest.raises(ValueError, match="custom_objects"):
        cello.layers.Lambda.from_config(config)
    with cello.utils.custom_object_scope({"scaled": scaled}):
        close(cello.layers.Lambda.from_config(config)(x), x * 3, 1e-6)


def test_lambda_sees_and_makes_masks():
    x = cello.layers.Masking(2.0)(data(SEQUENCE))
    layer = cello.layers.Lambda(lambda x, mask: x * mask[..., None], mask=lambda x, mask: ~mask)
    y = layer(x)
    np.testing.assert_array_equal(get_mask(y), ~np.asarray(get_mask(x)))


@pytest.mark.parametrize(
    "make, x, message",
    [
        (lambda k: k.Dense(3), (4,), r"Dense 'dense' expects .* got \(4,\): add a features axis"),
        (lambda k: k.Conv1D(3, 2), (4, 8), r"expects .*\(batch, time, features\) and got \(4, 8\)"),
        (lambda k: k.Conv1D(4, 2, groups=2), (4, 6, 3), "must be a multiple of groups=2"),
        (lambda k: k.RepeatVector(3), SEQUENCE, "RepeatVector 'repeat_vector' expects"),
        (lambda k: k.Reshape((7, 7)), SEQUENCE, r"cannot give the 48 numbers .* \(7, 7\)"),
        (lambda k: k.Permute((1, 2, 3)), SEQUENCE, "expects inputs of 4 axes"),
        (lambda k: k.Add(), SEQUENCE, r"Add 'add' expects a list .* Add\(\)\(\[a, b\]\)"),
        (lambda k: k.Add(), [SEQUENCE, (4, 5, 8)], "cannot merge inputs of the shapes"),
        (lambda k: k.Subtract(), [SEQUENCE] * 3, "exactly 2 and got 3"),
        (lambda k: k.Dot(0), [SEQUENCE] * 2, "axis 0 is the batch"),
        (lambda k: k.Attention(), SEQUENCE, r"expects a list \[query, value\]"),
        (lambda k: k.Attention(), [SEQUENCE, (4, 3, 5)], "as many features in the key"),
        (lambda k: k.TimeDistributed(k.Dense(2)), (4, 8), "at least 3 axes"),
        (lambda k: k.LayerNormalization(axis=4), SEQUENCE, "axis must be between -3 and 2"),
        (lambda k: k.Dropout(0.5, (1, 2)), SEQUENCE, "noise_shape"),
    ],
)
def test_bad_inputs_name_the_layer(make, x, message):
    layer = make(cello.layers)
    with pytest.raises(ValueError, match=message):
        layer(data(x), training=True) if "training" in str(
            inspect.signature(layer.call)
        ) else layer(data(x))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda k: k.Dense(-1), r"Dense: units must be a positive integer. Received: units=-1"),
        (lambda k: k.Dense(2.5), "units must be a positive integer"),
        (lambda k: k.Dense(2, unit=3), "unexpected keyword argument 'unit'. Did you mean"),
        (lambda k: k.Dropout(1.5), "rate must be a number between 0 and 1"),
        (lambda k: k.Conv1D(4, 2, strides=2, dilation_rate=2), "strides > 1 and dilation_rate > 1"),
        (lambda k: k.Conv1D(5, 2, groups=2), "filters must be a multiple of groups"),
        (lambda k: k.Conv1D(5, 2, data_format="channels_first"), "data_format must be"),
        (lambda k: k.Reshape((-1, -1)), "at most one of which may be -1"),
        (lambda k: k.Permute((0, 1)), "each of the axes"),
        (lambda k: k.Bidirectional(k.Dense(2)), "layer must be a recurrent layer"),
        (lambda k: k.TimeDistributed(3), "layer must be a layer"),
        (lambda k: k.Lambda(3), "function must be a function"),
        (lambda k: k.BatchNormalization(momentum=2), "momentum must be"),
        (lambda k: k.BatchNormalization(renorm=True), "renorm=True would change the results"),
        (lambda k: k.Dot(axes="x"), "axes must be an integer or a pair"),
        (lambda k: k.Activation("tanhh"), 'Did you mean "tanh"'),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make(cello.layers)


def test_embedding_refuses_symbols_out_of_range():
    layer = cello.layers.Embedding(5, 2)
    with pytest.raises(ValueError, match="symbols from 0 to 4 and got values from 0 to 7"):
        layer(np.array([[0, 7]]))
    assert np.isnan(jax.jit(lambda x: layer(x))(np.array([[0, 7]]))[0, 1]).all()


def test_embedding_starts_from_given_weights():
    table = np.arange(10.0).reshape(5, 2)
    layer = cello.layers.Embedding(5, 2, weights=[table])
    np.testing.assert_array_equal(layer(np.array([[3]]))[0, 0], table[3])
    assert "weights" not in layer.get_config()


def test_an_operation_on_symbolic_tensors_is_a_layer():
    x = cello.Input((None, 4))
    assert len(symbolic_leaves([x])) == 1
    y = (2 * x - x / 2)[:, -1] ** 2
    model = cello.Model(x, y)
    a = data((3, 5, 4))
    close(model(a), ((2 * a - a / 2)[:, -1]) ** 2, 1e-6)
    again = cello.Model.from_config(model.get_config())
    close(again(a), model(a), 1e-6)
