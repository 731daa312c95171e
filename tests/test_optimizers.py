"""Optimisers against the installed Keras, step by step on the same gradients."""

import inspect

import jax
import jax.numpy as jnp
import keras
import numpy as np
import optax
import pytest

from cello import optimizers
from cello.core.serialization import custom_object_scope, deserialize, serialize

COMPILATIONS = 680

OMITTED_CLASSES = {"MultiOptimizer", "OptimizerMap", "legacy"}
OMITTED_ARGUMENTS = [
    "relative_step",  # of Adafactor: has no effect in Keras; accepted and ignored here
    "kwargs",
]

# Each rule with the options that change it. Learning rates are high, so that errors show.
RULES = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.8, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"rho": 0.8, "momentum": 0.7, "epsilon": 1e-3}),
    ("RMSprop", {"centered": True, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-2}),
    ("Adam", {"amsgrad": True, "beta_2": 0.6, "epsilon": 1e-2}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.3, "amsgrad": True}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-1}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.5, "epsilon": 1e-2}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.7, "epsilon": 1e-2}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.5, "beta_2": 0.6}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2}),
    ("Adafactor", {}),
    ("Adafactor", {"beta_2_decay": -0.5, "epsilon_2": 0.5, "clip_threshold": 0.7}),
    ("Muon", {}),
    ("Muon", {"nesterov": False, "rms_rate": None, "ns_steps": 3, "adam_lr_ratio": 0.5}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "beta": 0.3, "learning_rate_power": -0.3}),
    ("Ftrl", {"l2_regularization_strength": 0.1, "l2_shrinkage_regularization_strength": 0.05}),
    ("ScheduleFreeAdamW", {}),
    ("ScheduleFreeAdamW", {"beta_1": 0.7, "beta_2": 0.8, "epsilon": 1e-2, "warmup_steps": 5}),
]
NAMES = list(dict.fromkeys(name for name, _ in RULES))
CLIPS = [{"clipnorm": 0.5}, {"clipvalue": 0.2}, {"global_clipnorm": 0.5}]
CASES = [  # beside the rules themselves, whose steps stand below, with rates that change
    *((name, {"weight_decay": 0.2}) for name in NAMES),
    *((name, clip) for name in ("SGD", "Adam", "Lamb") for clip in CLIPS),
    ("Adafactor", {"learning_rate": 0.5}),  # above 1 / sqrt(step)
    *((name, {"gradient_accumulation_steps": 3}) for name in ("SGD", "Adam", "Adafactor")),
    *((name, {"use_ema": True, "ema_overwrite_frequency": 4}) for name in NAMES),
    ("Adam", {"gradient_accumulation_steps": 2, "global_clipnorm": 0.5, "weight_decay": 0.2}),
    ("Nadam", {"gradient_accumulation_steps": 2, "use_ema": True, "ema_overwrite_frequency": 3}),
    ("SGD", {"use_ema": True, "ema_momentum": 0.6, "ema_overwrite_frequency": 1}),
]
RATE = 0.03
STEPS = 12
SHAPES = [(3, 4), (5, 2), (4,), ()]


def problem():
    """Parameters, and gradients for each step: large, tiny and zero ones."""
    generator = np.random.default_rng(3)
    params = [generator.normal(size=shape).astype("float32") for shape in SHAPES]
    params[2][:] = 0.0
    grads = [
        [np.asarray(generator.normal(size=shape), "float32") for shape in SHAPES]
        for _ in range(STEPS)
    ]
    for grad in grads:
        grad[0][0] *= 1e-4
        grad[1][0] = 0.0
    return [jnp.asarray(p) for p in params], [[jnp.asarray(g) for g in step] for step in grads]


def run(optimizer, rates=None):
    """Our parameters after each step.

    Operation by operation, so that all optimisers share their programs; but for a branch, which
    would be compiled in every step.
    """
    params, grads = problem()
    optimizer.state = optimizer.init(params)
    branches = optimizer.gradient_accumulation_steps
    update = jax.jit(optimizer.update) if branches else optimizer.update
    history = []
    for step, grad in enumerate(grads):
        if rates and step in rates:
            optimizer.learning_rate = rates[step]
        params, optimizer.state = update(grad, optimizer.state, params)
        history.append(params)
    return history


def run_keras(optimizer, rates=None):
    params, grads = problem()
    variables = [keras.Variable(p) for p in params]
    history = []
    for step, grad in enumerate(grads):
        if rates and step in rates:
            optimizer.learning_rate = rates[step]
        optimizer.apply(grad, variables)
        history.append([np.asarray(v) for v in variables])
    return history


def assert_same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        for ours_value, keras_value in zip(a, b, strict=True):
            np.testing.assert_allclose(ours_value, keras_value, rtol=1e-5, atol=1e-5)


def make(name, **options):
    return getattr(optimizers, name)(**options)


def make_keras(name, *args, **options):
    return getattr(keras.optimizers, name)(*args, **options)


# ------------------------------------------------------------------------------- like Keras


def test_keras_has_nothing_that_is_missing_here():
    public = {name for name in dir(keras.optimizers) if not name.startswith("_")}
    assert {n for n in public if not hasattr(optimizers, n)} == OMITTED_CLASSES & public
    classes = {n for n in public - {"Optimizer"} if n[0].isupper()}
    assert set(NAMES) | {"LossScaleOptimizer"} == classes - OMITTED_CLASSES


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    expected = inspect.signature(getattr(keras.optimizers, name)).parameters
    ours = inspect.signature(getattr(optimizers, name)).parameters
    assert [(n, p.default) for n, p in ours.items()] == [
        (n, p.default) for n, p in expected.items() if n not in OMITTED_ARGUMENTS
    ]


@pytest.mark.parametrize(("name", "options"), CASES)
def test_steps(name, options):
    options = {"learning_rate": RATE, **options}
    history = run(make(name, **options))
    assert_same(history, run_keras(make_keras(name, **options)))
    assert all(np.isfinite(p).all() for params in history for p in params)


@pytest.mark.parametrize("name", NAMES)
def test_default_learning_rate(name):
    assert make(name).learning_rate == pytest.approx(float(make_keras(name).learning_rate))


@pytest.mark.parametrize("name", NAMES)
def test_names_in_any_case(name):
    for spelling in (name, name.lower(), name.upper()):
        assert type(optimizers.get(spelling)) is getattr(optimizers, name)


@pytest.mark.parametrize(("name", "options"), RULES)
def test_learning_rate_changed_in_the_middle(name, options):
    rates = {4: 0.001, 8: 0.05}
    ours = run(make(name, learning_rate=RATE, **options), rates)
    assert_same(ours, run_keras(make_keras(name, learning_rate=RATE, **options), rates))


def test_a_clipped_gradient_is_another_one():
    """The clip options above are not idle."""
    plain = run(make("SGD", learning_rate=RATE))
    for clip in CLIPS:
        clipped = run(make("SGD", learning_rate=RATE, **clip))
        assert np.abs(clipped[-1][0] - plain[-1][0]).max() > 0.01


# ----------------------------------------------------------------------- the learning rate


def test_schedule():
    ours = make("Adam", learning_rate=lambda step: 0.1 / (1.0 + step))
    inverse = keras.optimizers.schedules.InverseTimeDecay(0.1, decay_steps=1, decay_rate=1)
    theirs = make_keras("Adam", learning_rate=inverse)
    assert ours.learning_rate == pytest.approx(0.1)
    assert_same(run(ours), run_keras(theirs))
    assert ours.iterations == STEPS
    assert ours.learning_rate == pytest.approx(float(theirs.learning_rate), rel=1e-6)


def test_a_function_of_nothing_as_the_learning_rate():
    ours, theirs = make("Adam", learning_rate=lambda: 0.03), make_keras("Adam", lambda: 0.03)
    assert ours.learning_rate == pytest.approx(0.03)
    assert_same(run(ours), run_keras(theirs))


def test_what_is_read_is_a_number_and_has_what_a_variable_has():
    for optimizer in (make("Adam", learning_rate=0.25), make_keras("Adam", learning_rate=0.25)):
        rate, steps = optimizer.learning_rate, optimizer.iterations
        assert (float(rate.value), float(rate.numpy()), float(rate)) == (0.25,) * 3
        assert (rate.numpy().dtype, rate.value.dtype) == ("float32", "float32")
        assert (int(steps.value), int(steps.numpy()), int(steps)) == (0, 0, 0)
        rate.assign(0.5)
        assert float(optimizer.learning_rate.numpy()) == 0.5


def test_schedule_cannot_be_assigned():
    optimizer = make("SGD", learning_rate=optax.linear_schedule(0.1, 0.0, 10))
    with pytest.raises(TypeError, match=r"SGD 'sgd'.*schedule"):
        optimizer.learning_rate = 0.1
    with pytest.raises(TypeError, match="schedule"):
        make("SGD").learning_rate = optax.linear_schedule(0.1, 0.0, 10)


def test_learning_rate_reads_as_written():
    optimizer = make("Adam", learning_rate=0.001)
    assert optimizer.learning_rate == 0.001
    run(optimizer, {3: 0.2})
    assert optimizer.learning_rate == 0.2
    optimizer.learning_rate = np.float32(0.3)
    assert optimizer.learning_rate == pytest.approx(0.3)
    optimizer.learning_rate = jnp.asarray(0.5)
    assert optimizer.learning_rate == 0.5
    assert optimizer.get_config()["learning_rate"] == 0.5


def test_learning_rate_assigned_before_the_training():
    optimizer = make("SGD", learning_rate=0.5)
    optimizer.learning_rate = RATE
    assert_same(run(optimizer), run_keras(make_keras("SGD", learning_rate=RATE)))


@pytest.mark.parametrize(("name", "options"), RULES)
def test_nothing_is_compiled_twice(name, options):
    optimizer = make(name, **{"weight_decay": 0.1, **options})
    params, grads = problem()
    params, grads = params[:1], [step[:1] for step in grads]
    traces = []

    def update(*args):
        traces.append(1)
        return optimizer.update(*args)

    jitted = jax.jit(update)
    optimizer.state = optimizer.init(params)
    for step in range(3):
        if step:
            optimizer.learning_rate = 0.1 * step
        params, optimizer.state = jitted(grads[step], optimizer.state, params)
    assert len(traces) == 1
    assert jitted._cache_size() == 1


def test_gradients_that_stay_the_same_have_no_negative_variance():
    """Rounding made it one, and weights NaN, after a hundred steps."""
    grads = [jnp.asarray(np.random.default_rng(0).normal(size=50) * 3, "float32")]
    optimizer = optimizers.RMSprop(centered=True)
    params = [jnp.zeros(50)]
    state, update = optimizer.init(params), jax.jit(optimizer.update)
    for _ in range(200):
        params, state = update(grads, state, params)
    assert np.isfinite(params[0]).all()


def test_iterations():
    optimizer = make("Adam")
    assert optimizer.iterations == 0
    run(optimizer)
    assert optimizer.iterations == STEPS


@pytest.mark.parametrize("name", NAMES)
def test_half_precision_parameters_keep_their_dtype(name):
    params = {"a": jnp.ones((3, 4), jnp.bfloat16), "b": jnp.ones(4, jnp.float32)}
    optimizer = make(name, learning_rate=0.1, weight_decay=0.1)
    state = optimizer.init(params)
    new, after = optimizer.update(params, state, params)
    assert jax.tree.map(lambda p: p.dtype, new) == {"a": jnp.bfloat16, "b": jnp.float32}
    assert jax.tree.map(lambda s: s.dtype, after) == jax.tree.map(lambda s: s.dtype, state)
    assert float(jnp.max(new["a"])) < 1


# ---------------------------------------------------------------------- optax and the rest


def test_optax_transformation():
    transformation = optax.sgd(RATE, momentum=0.9)
    optimizer = optimizers.get(transformation)
    assert isinstance(optimizer, optimizers.Optax)
    history = run(optimizer)
    assert_same(history, run_keras(make_keras("SGD", learning_rate=RATE, momentum=0.9)))
    assert optimizer.iterations == STEPS
    with pytest.raises(TypeError, match="inject_hyperparams"):
        _ = optimizer.learning_rate
    with pytest.raises(TypeError, match="inject_hyperparams"):
        optimizer.learning_rate = 0.1


@pytest.mark.parametrize("nested", [False, True])
def test_optax_learning_rate(nested):
    transformation = optax.inject_hyperparams(optax.sgd)(learning_rate=RATE)
    if nested:
        transformation = optax.chain(optax.identity(), transformation)
    optimizer = optimizers.Optax(transformation)
    with pytest.raises(RuntimeError, match="training has begun"):
        _ = optimizer.learning_rate
    rates = {4: 0.001, 8: 0.05}
    assert_same(run(optimizer, rates), run_keras(make_keras("SGD", learning_rate=RATE), rates))
    assert optimizer.learning_rate == pytest.approx(0.05)
    with pytest.raises(ValueError, match="learning_rate must be"):
        optimizer.learning_rate = -1


def test_optax_schedule():
    schedule = optax.linear_schedule(0.1, 0.0, 10)
    optimizer = optimizers.Optax(optax.inject_hyperparams(optax.sgd)(learning_rate=schedule))
    run(optimizer)
    assert optimizer.learning_rate == pytest.approx(0, abs=1e-7)
    with pytest.raises(TypeError, match="schedule"):
        optimizer.learning_rate = 0.1


def test_optax_has_no_configuration():
    with pytest.raises(TypeError, match="no configuration"):
        optimizers.Optax(optax.sgd(0.1)).get_config()


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' own
@pytest.mark.parametrize(("name", "options"), RULES)
def test_configuration(name, options):
    optimizer = make(name, learning_rate=RATE, clipnorm=1.0, **options)
    again = deserialize(serialize(optimizer))
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert again.learning_rate == RATE
    expected = make_keras(name, learning_rate=RATE, clipnorm=1.0, **options).get_config()
    expected["learning_rate"] = pytest.approx(expected["learning_rate"], rel=1e-6)
    ours = {k: v for k, v in optimizer.get_config().items() if k != "name"}
    assert ours == {k: v for k, v in expected.items() if k in ours}


def test_get_passes_optimizers_and_custom_names():
    class Mine(optimizers.SGD):
        pass

    instance = make("Adam")
    assert optimizers.get(instance) is instance
    assert optimizers.get(None) is None
    assert type(optimizers.get(optimizers.Adam)) is optimizers.Adam
    with custom_object_scope({"Mine": Mine}):
        assert type(optimizers.get("Mine")) is Mine


def test_adafactor_takes_relative_step():
    assert "relative_step" not in make("Adafactor", relative_step=False).get_config()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimizers.get("adm"), """Unknown optimizer 'adm'. Did you mean "adam"[?]$"""),
        (lambda: optimizers.get("xyzzy"), "Unknown optimizer 'xyzzy'. Known are sgd, "),
        (lambda: optimizers.get(3), "Received: 3"),
        (lambda: optimizers.get({"class_name": "Adan", "config": {}}), 'Did you mean "Adam"'),
        (lambda: make("Adam", learning_rate=-0.1), "learning_rate must be a non-negative number"),
        (lambda: make("Adam", learning_rate="fast"), "learning_rate='fast'"),
        (lambda: make("Adam", beta_1=1.0), "beta_1 must be a number of at least 0"),
        (lambda: make("Adam", epsilon=-1e-7), "epsilon must be a non-negative number"),
        (lambda: make("SGD", momentum=1.5), "momentum must be a number between 0 and 1"),
        (lambda: make("SGD", clipnorm=0.0), "clipnorm must be None or a positive number"),
        (lambda: make("SGD", clipnorm=1.0, clipvalue=1.0), "clipnorm=1.0, clipvalue=1.0"),
        (lambda: make("AdamW", weight_decay=None), "weight_decay must be a non-negative number"),
        (lambda: setattr(make("SGD"), "learning_rate", -1), "learning_rate must be"),
        (lambda: make("Adam", loss_scale_factor=0), "loss_scale_factor must be None or a positive"),
        (lambda: make("Ftrl", learning_rate_power=1), "learning_rate_power must be a number of at"),
        (lambda: make("Muon", exclude_layers="dense"), "exclude_layers must be None or a list"),
        (lambda: run(make("Muon", exclude_layers=["x"])), r"Call build\(variables\) before init"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_unknown_argument_suggests_the_nearest():
    with pytest.raises(TypeError, match='Did you mean "learning_rate"'):
        make("Adam", learningrate=0.1)


def test_names_are_those_of_keras():
    for name in ("Adam", "RMSprop", "AdamW", "SGD"):
        keras.backend.clear_session()
        theirs, ours = (
            [getattr(library, name)().name for _ in range(3)]
            for library in (keras.optimizers, optimizers)
        )
        assert ours == theirs


@pytest.mark.parametrize("library", [optimizers, keras.optimizers])
def test_configurations_are_those_of_keras(library):
    """In any case of letters, with a program's own classes, both ways."""
    for written in ("adam", "Adam", "ADAM"):
        entry = {"class_name": written, "config": {"learning_rate": 0.25}}
        for found in (optimizers.get(entry), optimizers.deserialize(entry)):
            assert type(found) is optimizers.Adam
            assert found.learning_rate == 0.25
    again = optimizers.deserialize(library.serialize(library.Nadam(0.5, clipnorm=2.0)))
    assert (type(again), again.learning_rate, again.clipnorm) == (optimizers.Nadam, 0.5, 2.0)

    class Mine(optimizers.SGD):
        pass

    entry = optimizers.serialize(Mine(0.5))
    assert type(optimizers.deserialize(entry, {"Mine": Mine})) is Mine


@pytest.mark.parametrize("name", ["Adam", "SGD"])
def test_an_older_name_of_the_learning_rate(name):
    with pytest.raises(TypeError, match=r"argument 'lr'. Did you mean .learning_rate"):
        getattr(optimizers, name)(lr=0.1)
