"""Initialisers against the installed Keras: signatures, and the distribution of what they draw."""

import inspect
import math

import jax.numpy as jnp
import keras
import numpy as np
import pytest

from cello import initializers
from cello.core.random import set_random_seed

COMPILATIONS = 130

OMITTED = {"STFT"}  # for a layer that is not about recurrence

CLASSES = sorted(
    name
    for name, value in vars(keras.initializers).items()
    if isinstance(value, type) and name[0].isupper() and not name.endswith("Initializer")
)
NAMES = [name for name in CLASSES if name not in OMITTED]
RANDOM = [
    n for n in NAMES if "seed" in inspect.signature(getattr(keras.initializers, n)).parameters
]

SHAPES = [(10, 512), (128, 512), (512, 64), (3, 40, 128)]
OPTIONS = {
    "RandomNormal": [{"mean": 0.3, "stddev": 2.0}],
    "TruncatedNormal": [{"mean": -0.3, "stddev": 2.0}],
    "RandomUniform": [{"minval": -1.0, "maxval": 3.0}],
    "Orthogonal": [{"gain": 1.7}],
    "VarianceScaling": [
        {"scale": 2.0, "mode": mode, "distribution": distribution}
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("truncated_normal", "untruncated_normal", "uniform", "Normal")
    ],
}
CASES = [(name, options) for name in RANDOM for options in [{}, *OPTIONS.get(name, [])]]


def both(name, options, shape):
    ours = getattr(initializers, name)(**options, seed=1)(shape)
    theirs = getattr(keras.initializers, name)(**options, seed=2)(shape)
    return np.asarray(ours, "float64"), np.asarray(theirs, "float64")


def kolmogorov_smirnov(a, b):
    """The greatest distance between the two empirical distribution functions."""
    a, b = np.sort(a.ravel()), np.sort(b.ravel())
    both = np.concatenate([a, b])
    below_a = np.searchsorted(a, both, side="right") / a.size
    below_b = np.searchsorted(b, both, side="right") / b.size
    return np.abs(below_a - below_b).max()


def limit(n, risk=1e-7):
    """What the statistic of two samples of size n stays below, but for this risk."""
    return math.sqrt(-math.log(risk / 2) / n)


def test_keras_has_nothing_that_is_missing_here():
    public = {n for n in dir(keras.initializers) if not n.startswith("_")}
    missing = {n for n in public if not hasattr(initializers, n)}
    long_names = {"IdentityInitializer", "OrthogonalInitializer"}  # only as strings
    assert missing == OMITTED | {"stft", "STFTInitializer"} | long_names


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    ours = inspect.signature(getattr(initializers, name))
    assert str(ours) == str(inspect.signature(getattr(keras.initializers, name)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_distribution(name, options, shape):
    ours, theirs = both(name, options, shape)
    n, spread = ours.size, theirs.std()
    assert ours.shape == shape
    assert kolmogorov_smirnov(ours, theirs) < limit(n)
    assert abs(ours.mean() - theirs.mean()) < 8 * spread / math.sqrt(n)
    assert ours.std() == pytest.approx(spread, rel=6 / math.sqrt(n))
    if name != "Orthogonal" and "ormal" not in name + options.get("distribution", ""):
        tolerance = 100 / n  # both samples nearly touch the ends of a uniform distribution
        assert ours.min() == pytest.approx(theirs.min(), abs=tolerance * (np.ptp(theirs)))
        assert ours.max() == pytest.approx(theirs.max(), abs=tolerance * (np.ptp(theirs)))


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("GlorotUniform", 2 / (100 + 300)),
        ("GlorotNormal", 2 / (100 + 300)),
        ("HeUniform", 2 / 100),
        ("HeNormal", 2 / 100),
        ("LecunUniform", 1 / 100),
        ("LecunNormal", 1 / 100),
    ],
)
def test_variance_is_the_papers(name, variance):
    value = np.asarray(initializers.get(name)((100, 300)))
    assert value.var() == pytest.approx(variance, rel=0.05)
    if name.endswith("Uniform"):
        assert np.abs(value).max() <= math.sqrt(3 * variance)
    else:
        assert np.abs(value).max() <= 2 * math.sqrt(variance) / 0.8796


@pytest.mark.parametrize("mode", ["fan_in", "fan_out", "fan_avg"])
@pytest.mark.parametrize(
    ("shape", "axes"),
    [
        ((400,), {}),
        ((5, 20, 80), {}),
        ((5, 20, 80), {"input_axes": [0], "output_axes": [1, 2]}),
    ],
)
def test_fans_of_other_ranks(shape, axes, mode):
    ours = initializers.VarianceScaling(mode=mode, seed=0, **axes)(shape)
    theirs = keras.initializers.VarianceScaling(mode=mode, seed=0, **axes)(shape)
    assert np.asarray(ours).std() == pytest.approx(np.asarray(theirs).std(), rel=0.15)


def test_a_scalar_has_one_input():
    assert initializers.GlorotUniform()(()).shape == ()


@pytest.mark.parametrize("gain", [1.0, 0.5])
@pytest.mark.parametrize(
    "shape", [(10, 512), (128, 512), (512, 128), (64, 64), (4, 8, 16)], ids=str
)
def test_orthogonal(shape, gain):
    matrix = np.asarray(initializers.Orthogonal(gain)(shape), "float64").reshape(-1, shape[-1])
    rows, columns = matrix.shape
    product = matrix @ matrix.T if rows < columns else matrix.T @ matrix
    np.testing.assert_allclose(product, gain**2 * np.eye(min(rows, columns)), atol=1e-5)


def test_orthogonal_is_uniform_over_rotations():
    """Without its sign correction, QR would give a diagonal of one sign."""
    diagonals = [np.diagonal(initializers.Orthogonal()((8, 8))) for _ in range(40)]
    assert abs(np.mean(diagonals)) < 5 * math.sqrt(1 / 8 / 320)


@pytest.mark.parametrize("name", RANDOM)
class TestSeeds:
    def test_an_instance_repeats_itself(self, name):
        instance = getattr(initializers, name)()
        np.testing.assert_array_equal(instance((4, 5)), instance((4, 5)))

    def test_instances_differ(self, name):
        cls = getattr(initializers, name)
        assert not np.array_equal(cls()((4, 5)), cls()((4, 5)))
        assert not np.array_equal(cls(seed=1)((4, 5)), cls(seed=2)((4, 5)))

    def test_a_seed_fixes_the_numbers(self, name):
        cls = getattr(initializers, name)
        np.testing.assert_array_equal(cls(seed=3)((4, 5)), cls(seed=3)((4, 5)))

    def test_the_global_seed_fixes_the_numbers(self, name):
        def draw():
            set_random_seed(7)
            return initializers.get(name)((4, 5))

        np.testing.assert_array_equal(draw(), draw())

    def test_a_name_gives_a_new_instance(self, name):
        assert initializers.get(name) is not initializers.get(name)

    def test_configuration(self, name):
        cls = getattr(initializers, name)
        assert cls().get_config()["seed"] is None
        again = cls.from_config(cls(seed=5).get_config())
        np.testing.assert_array_equal(again((4, 5)), cls(seed=5)((4, 5)))


@pytest.mark.parametrize("name", NAMES)
def test_configuration_is_that_of_keras(name):
    ours = getattr(initializers, name)().get_config()
    missing = {"gain"} if name == "Identity" else set()  # Keras forgets it
    theirs = getattr(keras.initializers, name)().get_config()
    assert {k: v for k, v in ours.items() if k not in missing} == theirs


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("Zeros", {}),
        ("Ones", {}),
        ("Constant", {"value": 2.5}),
        ("Constant", {"value": np.arange(5.0)}),
        ("Identity", {"gain": 3.0}),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "int32", None])
def test_constants(name, options, dtype):
    ours = getattr(initializers, name)(**options)((4, 5), dtype)
    theirs = getattr(keras.initializers, name)(**options)((4, 5), dtype)
    np.testing.assert_array_equal(np.asarray(ours, "float32"), np.asarray(theirs, "float32"))
    if name != "Identity" or dtype != "int32":  # there a float gain makes floats, as in Keras
        assert ours.dtype == (dtype or "float32")


@pytest.mark.parametrize("dtype", ["float32", "float16", "bfloat16"])
@pytest.mark.parametrize("name", RANDOM)
def test_dtype(name, dtype):
    value = initializers.get(name)((6, 4), dtype)
    assert value.dtype == dtype
    assert np.isfinite(np.asarray(value, "float32")).all()


def test_names_are_those_of_keras():
    from keras.src.initializers import ALL_OBJECTS_DICT

    for name, cls in ALL_OBJECTS_DICT.items():
        if cls.__name__ not in OMITTED | {"Initializer"}:
            assert type(initializers.get(name)).__name__ == cls.__name__


def test_get_passes_what_is_an_initializer():
    def function(shape, dtype):
        return jnp.zeros(shape, dtype)

    instance = initializers.Ones()
    assert initializers.get(function) is function
    assert initializers.get(instance) is instance
    assert isinstance(initializers.get(initializers.Ones), initializers.Ones)
    assert initializers.get(None) is None
    config = {"class_name": "Constant", "config": {"value": 4.0}}
    np.testing.assert_array_equal(initializers.get(config)((2,)), [4.0, 4.0])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: initializers.get("glorot_unifrom"), 'Did you mean "glorot_uniform"'),
        (lambda: initializers.get(3), "initializer"),
        (lambda: initializers.RandomNormal(stddev=-1.0), "stddev must be a non-negative"),
        (lambda: initializers.TruncatedNormal(stddev="a"), "stddev='a'"),
        (lambda: initializers.RandomUniform(1.0, 0.0), "minval=1.0, maxval=0.0"),
        (lambda: initializers.RandomNormal(seed=0.5), "seed must be None or an integer"),
        (lambda: initializers.VarianceScaling(scale=0.0), "scale must be a positive number"),
        (lambda: initializers.VarianceScaling(mode="fan_on"), "mode='fan_on'"),
        (lambda: initializers.VarianceScaling(distribution="beta"), "distribution='beta'"),
        (lambda: initializers.Constant("a"), "value must be a number"),
        (lambda: initializers.Orthogonal()((3,)), r"two dimensions, and got the shape \(3,\)"),
        (lambda: initializers.Identity()((3,)), r"got the shape \(3,\)"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("seed", [-1, 2**40])
def test_any_integer_is_a_seed(seed):
    values = initializers.RandomNormal(seed=seed)((4, 5))
    assert not np.array_equal(values, initializers.RandomNormal(seed=seed + 1)((4, 5)))


@pytest.mark.parametrize("name", RANDOM)
def test_a_weight_of_integers_is_refused(name):
    with pytest.raises(ValueError, match="draws floating numbers, and was asked for int32"):
        initializers.get(name)((4, 5), "int32")
