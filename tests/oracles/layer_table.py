"""Every layer that is not recurrent, with its options, beside Keras': what several tests walk."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from in_numpy import in_numpy

import cello

SEQUENCE = (4, 6, 8)
PICTURES = (4, 5, 6, 4)


def _case(name, *args, inputs=SEQUENCE, mask=False, **kwargs):
    return pytest.param(name, args, kwargs, inputs, mask, id=f"{name}-{args}-{kwargs}-{inputs}")


CASES = [
    _case("Dense", 5),
    _case("Dense", 5, "tanh", use_bias=False, inputs=(4, 8)),
    _case("Dense", 5, bias_initializer="ones", kernel_regularizer="l2", activity_regularizer="l2"),
    _case("EinsumDense", "abc,cd->abd", (None, 5), "tanh", bias_axes="d"),
    _case("EinsumDense", "...c,cd->...d", 5, bias_axes="d", bias_initializer="ones"),
    _case("EinsumDense", "ab...,bd->ad...", 5, bias_axes="d", kernel_regularizer="l2"),
    _case("EinsumDense", "abc,bcde->ade", (3, 2), bias_axes="e"),
    _case("Embedding", 10, 3, inputs="symbols"),
    _case("Embedding", 10, 3, mask_zero=True, inputs="symbols"),
    _case("Masking"),
    _case("Masking", mask_value=2.0),
    _case("Dropout", 0.4),
    _case("SpatialDropout1D", 0.4),
    _case("LayerNormalization"),
    _case("LayerNormalization", axis=[1, 2], epsilon=0.1, center=False),
    _case("LayerNormalization", axis=1, scale=False),
    _case("RMSNormalization"),
    _case("RMSNormalization", axis=[1, 2], epsilon=0.1),
    _case("BatchNormalization"),
    _case("BatchNormalization", axis=1, momentum=0.5, moving_mean_initializer="ones"),
    _case("BatchNormalization", center=False, scale=False, inputs=(4, 8)),
    _case("Activation", "relu"),
    _case("Activation", "softmax", mask=True),
    _case("CategoryEncoding", 10, inputs="symbols"),
    _case("CategoryEncoding", 10, "one_hot", inputs="symbols"),
    _case("CategoryEncoding", num_tokens=10, output_mode="count", inputs="symbols"),
    _case("Discretization", [-1.0, 0.0, 0.5]),
    _case("Discretization", bin_boundaries=[0.0, 1.0], output_mode="one_hot"),
    _case("Discretization", [0.0], output_mode="count", inputs=(4, 8)),
    _case("STFTSpectrogram", frame_length=4),
    _case("STFTSpectrogram", "stft", 4, 2, 8, "hamming", True, "spectrum", "same"),
    _case("STFTSpectrogram", "psd", 3, fft_length=4, window=[1.0, 2.0, 0.5], expand_dims=True),
    _case("STFTSpectrogram", "imag", 4, 1, window=None),
    _case("STFTSpectrogram", "angle", 4, scaling=None, padding="same"),
    _case("Flatten"),
    _case("Flatten", inputs=(4,)),
    _case("Reshape", (8, 6)),
    _case("Reshape", (-1, 2, 4)),
    _case("Permute", (2, 1)),
    _case("RepeatVector", 3, inputs=(4, 8)),
    *[
        _case(name, inputs=[SEQUENCE] * 2)
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    ],
    *[_case(name, inputs=[(4, 8), SEQUENCE, (4, 1, 8)]) for name in ("Add", "Multiply", "Average")],
    _case("Add", inputs=[SEQUENCE] * 2, mask=True),
    _case("Concatenate", inputs=[SEQUENCE, (4, 6, 3)]),
    _case("Concatenate", inputs=[SEQUENCE, (4, 6, 3)], mask=True),
    _case("Concatenate", axis=1, inputs=[SEQUENCE, (4, 2, 8)], mask=True),
    _case("Dot", 2, inputs=[SEQUENCE, (4, 3, 8)]),
    _case("Dot", axes=(1, 2), inputs=[(4, 8, 6), (4, 3, 8)]),
    _case("Dot", axes=1, normalize=True, inputs=[(4, 8), (4, 8)]),
    _case("Dot", axes=-1, inputs=[SEQUENCE, (4, 3, 8)]),
    _case("Attention", inputs=[SEQUENCE, (4, 3, 8)]),
    _case("Attention", inputs=[SEQUENCE, (4, 3, 8)], mask=True),
    _case("Attention", use_scale=True, inputs=[SEQUENCE, (4, 3, 5), (4, 3, 8)]),
    _case("Attention", score_mode="concat", inputs=[SEQUENCE, (4, 3, 8)], mask=True),
    _case("Attention", True, "concat", inputs=[SEQUENCE, (4, 3, 8)]),
    _case("AdditiveAttention", inputs=[SEQUENCE, (4, 3, 8)]),
    _case("AdditiveAttention", use_scale=False, inputs=[SEQUENCE, (4, 3, 8)], mask=True),
    _case("GlobalAveragePooling1D"),
    _case("GlobalAveragePooling1D", keepdims=True, mask=True),
    _case("GlobalMaxPooling1D"),
    _case("MaxPooling1D"),
    _case("MaxPooling1D", 3, 2, "same"),
    _case("Conv1D", 5, 3),
    _case("Conv1D", 4, (3,), strides=2, padding="same", activation="relu", groups=2),
    _case("Conv1D", 4, 2, dilation_rate=2, padding="causal", use_bias=False),
    _case("Conv2D", 3, 2, inputs=PICTURES),
    _case("Conv2D", 4, (2, 3), strides=(2, 1), padding="same", groups=2, inputs=PICTURES),
    _case("Conv2D", 2, 2, dilation_rate=(1, 2), activation="tanh", inputs=PICTURES),
    _case("DepthwiseConv1D", 3),
    _case("DepthwiseConv1D", 2, 2, "same", 3, activation="tanh", use_bias=False),
    _case("SeparableConv1D", 5, 3),
    _case("SeparableConv1D", 4, 2, padding="same", dilation_rate=2, depth_multiplier=2),
    _case("Conv1DTranspose", 5, 3),
    _case("Conv1DTranspose", 4, 2, 3, activation="tanh", use_bias=False),
    _case("Conv1DTranspose", 4, 4, 3, "same"),
    _case("Conv1DTranspose", 4, 3, 2, "valid", 1),
    _case("Conv1DTranspose", 4, 3, 2, "same", 1),
    _case("Conv1DTranspose", 4, 2, dilation_rate=2, padding="same"),
    _case("AveragePooling1D", 2),
    _case("AveragePooling1D", 3, 2, "same"),
    _case("MaxPooling2D", inputs=PICTURES),
    _case("MaxPooling2D", (2, 3), 1, "same", inputs=PICTURES),
    _case("AveragePooling2D", 2, inputs=PICTURES),
    _case("AveragePooling2D", 3, (2, 1), "same", inputs=PICTURES),
    _case("GlobalMaxPooling2D", inputs=PICTURES),
    _case("GlobalAveragePooling2D", keepdims=True, inputs=PICTURES),
    _case("UpSampling1D", 3),
    _case("ZeroPadding1D", 2),
    _case("ZeroPadding1D", (0, 3)),
    _case("Cropping1D"),
    _case("Cropping1D", (2, 0)),
    _case("ReLU"),
    _case("ReLU", 1.5, 0.1, 0.2),
    _case("LeakyReLU"),
    _case("ELU", 0.7),
    _case("PReLU", "uniform", shared_axes=[1]),
    _case("PReLU", inputs=(4, 8)),
    _case("Softmax"),
    _case("Softmax", [1, 2]),
    _case("Softmax", inputs=(4, 8), mask=True),
    _case("Identity"),
    _case("ActivityRegularization", 0.1, 0.2),
    _case("GaussianNoise", 0.4),
    _case("GaussianDropout", 0.4),
    _case("AlphaDropout", 0.4),
    _case("Rescaling", 0.5),
    _case("Rescaling", [1.0, 2, 3, 4, 5, 6, 7, 8], 1.0),
    _case("Normalization", None, 0.5, 2.0),
    _case("Normalization", mean=[1.0] * 8, variance=[4.0] * 8, invert=True),
    _case("GroupNormalization", 4),
    _case("GroupNormalization", -1, axis=1, scale=False),
    _case("GroupNormalization", 2, center=False, inputs=(4, 8)),
    _case("UnitNormalization", inputs=(4, 8)),
    _case("UnitNormalization", [1, 2]),
]


def data(inputs, seed=0):
    """Arrays for a row of the table; some steps are all 2, to be masked by `Masking`."""
    rng = np.random.default_rng(seed)
    if inputs == "symbols":
        return np.array([[1, 2, 0], [9, 0, 0], [3, 3, 3]], "int32")
    if isinstance(inputs, list):
        return [data(shape, seed + i) for i, shape in enumerate(inputs)]
    x = rng.normal(size=inputs).astype("float32")
    if len(inputs) == 3:
        x[0, -2:] = 2.0
        x[1, 0] = 0.0
    return x


def masks(x):
    """A mask for each input, with true and false steps in every row."""
    if isinstance(x, list):
        return [masks(part) for part in x]
    mask = np.arange(x.shape[1])[None, :] < 1 + np.arange(x.shape[0])[:, None] % x.shape[1]
    mask[-1, 0] = mask[-1].sum() == 1  # a row that is all masked is tested by itself
    return mask


def pair(name, args, kwargs, x):
    """Keras' layer and ours, both built and with the same random weights."""
    theirs = getattr(keras.layers, name)(*args, **kwargs)
    ours = getattr(cello.layers, name)(*args, **kwargs)
    theirs(x), ours(x)
    rng = np.random.default_rng(1)
    weights = [np.abs(rng.normal(size=w.shape)) + 0.1 for w in theirs.get_weights()]
    assert [w.shape for w in theirs.get_weights()] == [w.shape for w in ours.get_weights()]
    assert [w.name for w in theirs.weights] == [w.name for w in ours.weights]
    theirs.set_weights(weights), ours.set_weights(weights)
    return theirs, ours


def options(x, mask):
    return {"mask": masks(x)} if mask else {}


def close(ours, theirs, tolerance):
    jax.tree.map(
        lambda a, b: np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance),
        ours,
        theirs,
    )


def weighted(y):
    """A number that looks at every element of `y` in another way."""
    return jnp.sum(y * jnp.cos(jnp.arange(y.size, dtype="float32").reshape(y.shape)))


def gradients(layer, x, given):
    """Those of `weighted` outputs by the weights of our layer, and by `x` where it has any."""

    def total(values, x):
        with cello.core.variable.Binding(dict(zip(layer.weights, values, strict=True))):
            return weighted(layer(x, **given))

    return _computed(total, layer, x)


def keras_gradients(layer, x, given):
    """The same of Keras' layer."""

    def total(values, x):
        trainable, fixed = layer.trainable_variables, layer.non_trainable_variables
        by_id = dict(zip(map(id, layer.weights), values, strict=True))
        outputs, _ = layer.stateless_call(
            [by_id[id(v)] for v in trainable],
            [by_id.get(id(v), v.value) for v in fixed],
            x,
            **given,
        )
        return weighted(outputs)

    return _computed(total, layer, x)


def _computed(total, layer, x):
    places = (0, 1) if jax.tree.leaves(x)[0].dtype.kind == "f" else (0,)
    given = [np.asarray(w) for w in layer.get_weights()], x
    return in_numpy(jax.grad(total, places), *given)(*given)
