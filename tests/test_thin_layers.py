"""What the thin layers do beside Keras' numbers: masks, draws, streams, data to adapt to."""

import jax
import keras
import numpy as np
import pytest

import cello
from cello import layers
from cello.core.masking import get_mask

COMPILATIONS = 390
RNG = np.random.default_rng(0)
X = RNG.normal(2.0, 3.0, (5, 7, 4)).astype("float32")
MASK = np.arange(7) < np.array([7, 3, 5, 1, 6])[:, None]


def close(ours, theirs, tolerance=1e-5):
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance)


# ---------------------------------------------------------------------------------- masks


@pytest.mark.parametrize("make", [lambda: layers.GroupNormalization(2), lambda: layers.Softmax(1)])
def test_each_row_is_that_of_its_own_steps(make):
    layer = make()
    spoiled = np.where(MASK[..., None], X, np.nan)
    found = np.asarray(layer(spoiled, mask=MASK))
    for row, kept, x in zip(found, MASK, X, strict=True):
        close(row[kept], layer(x[None, kept])[0])
    gradient = jax.grad(lambda x: np.sum(layer(x, mask=MASK)[MASK] ** 2))(spoiled)
    assert np.isfinite(np.asarray(gradient)[MASK]).all()


def test_a_softmax_of_nothing_is_zero():
    kept = np.zeros((2, 3), bool)
    ours, theirs = layers.Softmax(), keras.layers.Softmax()
    x = X[:2, :3, 0]
    close(ours(x, mask=kept), theirs(x, mask=kept))
    assert np.isfinite(jax.grad(lambda x: ours(x, mask=kept).sum())(x)).all()


def test_masks_go_through():
    x = layers.Masking()(np.where(MASK[..., None], X, 0))
    for layer in (layers.ReLU(), layers.GaussianNoise(0.5), layers.Normalization(None, 0.0, 1.0)):
        np.testing.assert_array_equal(get_mask(layer(x)), MASK)


def test_a_row_of_zeros_has_a_gradient():
    gradient = jax.grad(lambda x: layers.UnitNormalization()(x).sum())(np.zeros((1, 3), "float32"))
    assert np.isfinite(gradient).all()


@pytest.mark.filterwarnings("ignore:.*You passed `rms_scaling=True`")
def test_the_scaling_of_keras_2():
    ours, theirs = (k.layers.LayerNormalization(rms_scaling=True) for k in (cello, keras))
    close(ours(X), theirs(X))
    assert [w.name for w in ours.weights] == ["gamma"] and ours.get_config()["rms_scaling"]


# ---------------------------------------------------------------------------------- draws

ONES = np.ones((400, 500), "float32")


def test_noise_has_the_mean_and_the_deviation_of_its_equation():
    drawn = {
        "GaussianNoise": (layers.GaussianNoise(0.5, seed=1), ONES, 1.0, 0.5),
        "GaussianDropout": (layers.GaussianDropout(0.2, seed=1), ONES, 1.0, 0.5),
        # mean 0 and variance 1 stay
        "AlphaDropout": (layers.AlphaDropout(0.3, seed=1), None, 0.0, 1.0),
    }
    for layer, x, mean, deviation in drawn.values():
        x = RNG.normal(size=ONES.shape).astype("float32") if x is None else x
        y = np.asarray(layer(x, training=True))
        # 200 000 draws: the standard error of the mean is 0.0022
        assert abs(y.mean() - mean) < 0.011 and abs(y.std() - deviation) < 0.011
        np.testing.assert_array_equal(layer(x), x)
        assert (np.asarray(layer(x, training=True)) != y).any()


def test_alpha_dropout_is_the_affine_map_of_keras():
    """What stays and what is dropped lie where Keras' own draw puts them."""
    x, rate = np.full((50, 50), 0.7, "float32"), 0.4
    ours = np.unique(layers.AlphaDropout(rate, seed=1)(x, training=True))
    theirs = np.unique(keras.layers.AlphaDropout(rate, seed=1)(x, training=True))
    close(ours, theirs)
    shared = np.asarray(layers.AlphaDropout(0.5, (None, 1), seed=2)(ONES, training=True))
    assert (shared == shared[:, :1]).all() and len(np.unique(shared)) == 2


# -------------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.AveragePooling1D(3, 2),
        lambda: layers.UpSampling1D(2),
        lambda: layers.DepthwiseConv1D(3, padding="causal", depth_multiplier=2),
        lambda: layers.SeparableConv1D(3, 2, padding="causal"),
        lambda: layers.SeparableConv1D(3, 2, strides=2),
        lambda: layers.PReLU("uniform", shared_axes=[1]),
        lambda: layers.Softmax(),
    ],
)
def test_chunks_give_what_the_whole_sequence_gives(make):
    model = cello.Sequential(
        [cello.Input((None, 4)), make(), layers.SimpleRNN(2, return_sequences=True)]
    )
    session = model.stream()
    pieces = [session(X[:1, a:b]) for a, b in ((0, 1), (1, 3), (3, 7))]
    whole = model.predict(X[:1], verbose=0)
    close(np.concatenate(pieces, 1), whole)


@pytest.mark.parametrize(
    "layer, why",
    [
        (layers.AveragePooling1D(2, padding="same"), "looks ahead"),
        (layers.ZeroPadding1D(1), "where the sequence ends"),
        (layers.Cropping1D(1), "where the sequence ends"),
        (layers.Conv1DTranspose(2, 3), "sum of windows"),
        (layers.GroupNormalization(2), "along time"),
        (layers.UnitNormalization(1), "along time"),
        (layers.Softmax(1), "sums along time"),
    ],
)
def test_what_cannot_stream_says_why(layer, why):
    model = cello.Sequential([cello.Input((None, 4)), layer, layers.SimpleRNN(2)])
    with pytest.raises(ValueError, match=why):
        model.stream()


# ---------------------------------------------------------------------------------- adapt


@pytest.mark.parametrize("axis", [-1, None, [1, 2]])
def test_adapted_means_are_those_of_keras(axis):
    ours, theirs = (k.layers.Normalization(axis=axis) for k in (cello, keras))
    ours.adapt(X), theirs.adapt(X)
    close(ours(X), theirs(X))
    close(ours.mean, theirs.mean), close(ours.variance, theirs.variance)
    ours.adapt(2 * X)  # anew
    close(ours.variance, 4 * theirs.variance)
    inverse = layers.Normalization(
        axis=axis, mean=np.squeeze(ours.mean), variance=np.squeeze(ours.variance), invert=True
    )
    close(inverse(ours(X)), X, 1e-4)


def test_batches_and_sequences_are_one_data_set():
    far = X.astype("float64") + 1e4  # where float32 has three digits left
    want = far.mean((0, 1)), far.var((0, 1))
    for data in (far, [far[:2], far[2:]], ((x, None) for x in (far[:3], far[3:])), list(far)):
        layer = layers.Normalization()
        layer.adapt(data)
        close(layer.mean.ravel(), want[0], 1e-6)
        close(layer.variance.ravel(), want[1], 1e-4)


def test_what_was_adapted_is_in_the_file(tmp_path):
    layer = layers.Normalization()
    layer.adapt(X)
    model = cello.Sequential([cello.Input((None, 4)), layer, layers.GRU(3)])
    model.save(tmp_path / "m.keras")
    want = model.predict(X, verbose=0)
    close(cello.models.load_model(tmp_path / "m.keras").predict(X, verbose=0), want)
    close(keras.models.load_model(tmp_path / "m.keras").predict(X, verbose=0), want)


@pytest.mark.parametrize(
    "use, message",
    [
        (lambda: layers.Normalization(mean=1.0), "needs both mean and variance"),
        (lambda: layers.Normalization(mean=1.0, variance=1.0).adapt(X), "nothing to adapt"),
        (lambda: layers.Normalization().adapt([]), "got no data"),
        (lambda: layers.Normalization().adapt([X, X[..., :2]]), "must have the size"),
        (lambda: layers.Normalization(axis=5)(X), "axis must be between"),
        (lambda: layers.PReLU()(cello.Input((None, 4))), r"shared_axes, such as \[1\]"),
        (lambda: layers.PReLU(shared_axes=3)(X), "from 1 to 2"),
        (lambda: layers.GroupNormalization(3)(X), "must divide the size"),
        (lambda: layers.Cropping1D(4)(X), "got sequences of 7"),
        (lambda: layers.ZeroPadding1D((1, -1)), "one for the start and one for the end"),
        (lambda: layers.Conv1DTranspose(2, 3, 2, output_padding=2), "less than strides"),
        (lambda: layers.Conv1DTranspose(2, 3, 2, dilation_rate=2), "dilation_rate > 1"),
        (lambda: layers.Conv2D(2, (1, 2, 3)), "one for the rows and one for the columns"),
        (lambda: layers.Rescaling("a"), "scale must be a number"),
        (lambda: layers.GaussianDropout(1.0), "rate must be a number of at least 0"),
        (lambda: layers.Wrapper(3), "layer must be a layer"),
    ],
)
def test_bad_uses_say_what_to_do(use, message):
    with pytest.raises(ValueError, match=message):
        use()


def test_a_wrapper_of_ones_own():
    class Twice(layers.Wrapper):
        def call(self, inputs):
            return self.layer(self.layer(inputs))

    layer = Twice(layers.Dense(4))
    close(layer(X), layer.layer(layer.layer(X)))
    again = Twice.from_config(layer.get_config())
    assert again.layer.units == 4 and len(layer.weights) == 2
