"""The schedules of the learning rate against Keras' own, at many steps."""

import inspect

import jax
import keras
import numpy as np
import optax
import pytest

import cello
from cello.core.serialization import deserialize, serialize
from cello.optimizers import schedules

CASES = [
    ("ExponentialDecay", (0.1, 7, 0.6), {}),
    ("ExponentialDecay", (0.1, 7, 0.6), {"staircase": True}),
    ("InverseTimeDecay", (0.1, 5, 0.8), {}),
    ("InverseTimeDecay", (0.1, 5, 0.8), {"staircase": True}),
    ("PiecewiseConstantDecay", ([3, 10, 25], [0.1, 0.03, 0.02, 0.001]), {}),
    ("PiecewiseConstantDecay", ([4], [0.1, 0.2]), {}),
    ("PolynomialDecay", (0.1, 20), {}),
    ("PolynomialDecay", (0.1, 20, 0.01), {"power": 2.5}),
    ("PolynomialDecay", (0.1, 8, 0.01), {"power": 0.5, "cycle": True}),
    ("CosineDecay", (0.1, 20), {}),
    ("CosineDecay", (0.1, 20), {"alpha": 0.2}),
    ("CosineDecay", (0.01, 20), {"warmup_target": 0.3, "warmup_steps": 6, "alpha": 0.1}),
    ("CosineDecay", (0.0, 20), {"warmup_target": 0.3, "warmup_steps": 1}),
    ("CosineDecayRestarts", (0.1, 5), {}),
    ("CosineDecayRestarts", (0.1, 5), {"t_mul": 1.0, "m_mul": 0.8, "alpha": 0.1}),
    ("CosineDecayRestarts", (0.1, 4), {"t_mul": 1.5, "m_mul": 0.7, "alpha": 0.05}),
]
STEPS = 60
ids = [f"{name}{args}{options}" for name, args, options in CASES]

COMPILATIONS = 200


def make(library, name, args, options):
    return getattr(library.optimizers.schedules, name)(*args, **options)


def rates(schedule, steps=STEPS):
    """The rates of the first steps, from one program; a step outside of it is the same."""
    compiled = jax.jit(schedule)
    found = np.array([compiled(step) for step in range(steps)])
    np.testing.assert_allclose(float(schedule(7)), found[7], rtol=1e-5, atol=1e-7)
    return found


def test_keras_has_no_schedule_that_is_missing_here():
    known = {n for n in dir(keras.optimizers.schedules) if n[0].isupper()}
    assert {n for n in known if not hasattr(schedules, n)} == set()
    assert {name for name, *_ in CASES} == known - {"LearningRateSchedule"}


@pytest.mark.parametrize(("name", "args", "options"), CASES, ids=ids)
def test_rates(name, args, options):
    ours, theirs = make(cello, name, args, options), make(keras, name, args, options)
    # Operation by operation: where 1 - step / decay_steps is compiled, it may be a little below 0,
    # and Keras' rate NaN.
    expected = np.asarray(jax.vmap(theirs)(np.arange(STEPS)))
    if name == "CosineDecayRestarts":  # at a new start, the logarithm of either may round off
        jump = np.abs(np.diff(expected, prepend=expected[0])) > 0.4 * expected.max()
        expected = np.where(jump, rates(ours), expected)
        assert jump.sum() <= 12
    np.testing.assert_allclose(rates(ours), expected, rtol=1e-5, atol=1e-7, equal_nan=False)
    assert np.ptp(expected) > 0.01


@pytest.mark.parametrize("name", sorted({name for name, *_ in CASES}))
def test_signature(name):
    expected = inspect.signature(getattr(keras.optimizers.schedules, name)).parameters
    ours = inspect.signature(getattr(schedules, name)).parameters
    assert [(n, p.default) for n, p in ours.items()] == [
        (n, p.default) for n, p in expected.items()
    ]


@pytest.mark.parametrize(("name", "args", "options"), CASES, ids=ids)
def test_configurations_go_both_ways(name, args, options):
    ours, theirs = make(cello, name, args, options), make(keras, name, args, options)
    written = keras.saving.serialize_keras_object(theirs)
    assert {**serialize(ours)} == written
    np.testing.assert_array_equal(rates(deserialize(written), 9), rates(ours, 9))


def trained(library, schedule):
    L = library.layers
    model = library.Sequential([L.Input((None, 2)), L.GRU(3), L.Dense(1)])
    generator = np.random.default_rng(4)
    model.set_weights([generator.normal(scale=0.4, size=w.shape) for w in model.get_weights()])
    model.compile(library.optimizers.Adam(schedule), "mse")
    return model


def fit(model):
    generator = np.random.default_rng(1)
    x, y = generator.normal(size=(12, 4, 2)), generator.normal(size=(12, 1))
    return model.fit(x, y, batch_size=4, epochs=3, shuffle=False, verbose=0).history["loss"]


@pytest.mark.parametrize(("writer", "reader"), [(cello, keras), (keras, cello)], ids=["to", "from"])
def test_a_training_goes_on_from_a_file(writer, reader, tmp_path):
    """Also the place in the schedule comes back."""
    model = trained(writer, make(writer, "CosineDecay", (0.05, 30), {}))
    fit(model)
    model.save(tmp_path / "m.keras")
    again = reader.models.load_model(tmp_path / "m.keras")
    assert float(again.optimizer.learning_rate) == pytest.approx(
        0.05 * (1 + np.cos(np.pi * 9 / 30)) / 2, rel=1e-5
    )
    np.testing.assert_allclose(fit(again), fit(model), rtol=2e-5)


def test_any_optax_schedule():
    """And the other way round: optax takes ours."""
    schedule = optax.warmup_cosine_decay_schedule(0.0, 0.1, 4, 20)
    model = trained(cello, schedule)
    fit(model)
    assert model.optimizer.learning_rate == pytest.approx(float(schedule(9)), rel=1e-6)
    ours = cello.optimizers.Optax(optax.sgd(schedules.ExponentialDecay(0.1, 7, 0.6)))
    params = [np.ones(2, "float32")]
    state = ours.init(params)
    for step in range(3):
        new, state = ours.update([np.ones(2, "float32")], state, params)
        np.testing.assert_allclose(new[0], 1 - 0.1 * 0.6 ** (step / 7), rtol=1e-6)


def test_a_schedule_of_ones_own(tmp_path):
    class Sawtooth(schedules.LearningRateSchedule):
        def __init__(self, top, period):
            super().__init__()
            self.top, self.period = top, period

        def __call__(self, step):
            return self.top * (1 - step % self.period / self.period)

    model = trained(cello, Sawtooth(0.02, 4))
    fit(model)
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras", custom_objects={"Sawtooth": Sawtooth})
    assert again.optimizer.learning_rate == pytest.approx(0.02 * 0.75)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: schedules.CosineDecay(0.1, 0), ValueError, "decay_steps must be a positive"),
        (lambda: schedules.CosineDecay(-1, 5), ValueError, "initial_learning_rate must be a non"),
        (lambda: schedules.PiecewiseConstantDecay([1], [0.1]), ValueError, "one value more than"),
        (lambda: schedules.PiecewiseConstantDecay(3, [0.1]), ValueError, "must be a list of"),
        (lambda: schedules.LearningRateSchedule()(0), NotImplementedError, "must define __call__"),
    ],
)
def test_refusals(call, error, message):
    with pytest.raises(error, match=message):
        call()
