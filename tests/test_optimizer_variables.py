"""Optimisers in a training loop of one's own, on variables, against the installed Keras."""

import jax
import keras
import numpy as np
import pytest
from test_optimizers import NAMES, make, make_keras

import cello
from cello.core.variable import Variable

COMPILATIONS = 215

VALUES = {
    "kernel": np.linspace(-1, 1, 6, dtype="float32").reshape(2, 3),
    "bias": np.linspace(0.5, 2, 3, dtype="float32"),
}
GRADIENTS = [[np.sin(step + v).astype("float32") for v in VALUES.values()] for step in range(1, 5)]
OPTIONS = {
    "RMSprop": {"momentum": 0.9, "centered": True},
    "SGD": {"momentum": 0.9},
    "Adam": {"amsgrad": True, "use_ema": True, "gradient_accumulation_steps": 2},
}


def variables(kind, prefix=""):
    return [kind(value, name=prefix + name) for name, value in VALUES.items()]


def both(name, prefix="", **options):
    """Our optimiser and Keras', with the variables of each."""
    ours, theirs = make(name, **options), make_keras(name, **options)
    ours.name = theirs.name
    return (ours, variables(Variable, prefix)), (theirs, variables(keras.Variable, prefix))


def same(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=2e-5, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_steps_and_state_are_those_of_keras(name):
    (ours, mine), (theirs, others) = both(name, **OPTIONS.get(name, {}))
    ours.build(mine), theirs.build(others)
    assert ours.built
    if name not in ("Adafactor", "Nadam"):  # whose names in Keras are those of something else
        assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    for gradients in GRADIENTS:
        ours.apply(gradients), theirs.apply(gradients)
        same(mine, others)
    pairs = zip(ours.variables, theirs.variables, strict=True)
    scratch = "kernel_velocity" if name == "Adafactor" else None  # written by Keras, never read
    same(*zip(*(pair for pair in pairs if pair[0].name != scratch), strict=True))
    assert int(ours.iterations) == int(theirs.iterations)


def test_pairs_of_gradients_and_variables_build_an_optimizer():
    for optimizer, trained in both("Adam"):
        done = [optimizer.apply_gradients(zip(g, trained, strict=True)) for g in GRADIENTS]
        assert int(done[-1]) == len(GRADIENTS)
        assert int(optimizer.iterations.numpy()) == len(GRADIENTS)


def test_a_pure_step_takes_and_gives_the_values_of_the_variables():
    """Keras' loop on JAX, compiled."""
    found = []
    for optimizer, trained in both("Adam", clipnorm=0.5, loss_scale_factor=4.0):
        optimizer.build(trained)
        state = [v.value for v in optimizer.variables]
        values = [v.value for v in trained]
        step = jax.jit(optimizer.stateless_apply)
        for gradients in GRADIENTS:
            values, state = step(state, gradients, values)
        for variable, value in zip(optimizer.variables, state, strict=True):
            variable.assign(value)
        found.append([*values, *optimizer.variables])
    same(*found)


def test_state_variables_can_be_assigned():
    optimizer, trained = both("SGD", momentum=0.9)[0]
    optimizer.build(trained)
    steps, rate, kernel, _ = optimizer.variables
    steps.assign(7), rate.assign(0.25), kernel.assign(np.ones((2, 3)))
    assert (optimizer.iterations, optimizer.learning_rate) == (7, 0.25)
    np.testing.assert_array_equal(kernel.numpy(), np.ones((2, 3)))
    with pytest.raises(ValueError, match="cannot take a value of the shape"):
        kernel.assign(np.ones(3))


EXCLUDED = [{"var_names": ["bia"]}, {"var_list": [0]}, {"var_list": [1], "var_names": ["kern"]}]


@pytest.mark.parametrize("excluded", EXCLUDED)
@pytest.mark.parametrize("name", ["AdamW", "Muon", "SGD"])
def test_what_is_excluded_from_weight_decay(name, excluded):
    found = []
    for optimizer, trained in both(name, learning_rate=0.1, weight_decay=0.5):
        listed = [trained[i] for i in excluded.get("var_list", [])]
        optimizer.exclude_from_weight_decay(listed, excluded.get("var_names"))
        optimizer.build(trained)
        optimizer.apply(GRADIENTS[0])
        found.append(trained)
    same(*found)


@pytest.mark.parametrize("prefix", ["embedding_", "output_"])
def test_muon_leaves_embeddings_and_named_layers_to_adam(prefix):
    options = {"exclude_layers": ["out.*_k"], "adam_weight_decay": 0.3, "learning_rate": 0.1}
    found = []
    for optimizer, trained in both("Muon", prefix, **options):
        optimizer.build(trained)
        optimizer.apply(GRADIENTS[0]), optimizer.apply(GRADIENTS[1])
        assert len(optimizer.variables) == 2 + 2 * 2
        found.append([*trained, *optimizer.variables])
    same(*found)


def test_constraints_hold_after_a_step():
    found = []
    for library, kind in ((cello, Variable), (keras, keras.Variable)):
        optimizer = library.optimizers.SGD(1.0)
        variable = kind(VALUES["kernel"], name="kernel")
        variable.constraint = library.constraints.NonNeg()
        optimizer.apply(GRADIENTS[0][:1], [variable])
        found.append(variable)
    same([found[0]], [found[1]])
    assert np.min(found[0].numpy()) == 0


def test_refusals():
    optimizer, trained = both("Adam")[0]
    with pytest.raises(ValueError, match=r"Call build\(variables\) first"):
        optimizer.apply(GRADIENTS[0])
    optimizer.build(trained)
    for gradients in (GRADIENTS[0][:1], [GRADIENTS[0][0], None]):
        with pytest.raises(ValueError, match="trains 2 variables, and needs a gradient for each"):
            optimizer.apply(gradients)
    with pytest.raises(ValueError, match="always with the same variables"):
        optimizer.apply(GRADIENTS[0], variables(Variable))
    with pytest.raises(ValueError, match="has begun to train"):
        optimizer.exclude_from_weight_decay(var_names=["bias"])
    unbuilt = make("SGD", weight_decay=0.1)
    unbuilt.exclude_from_weight_decay(var_names=["bias"])
    with pytest.raises(ValueError, match="goes by variables"):
        unbuilt.update(GRADIENTS[0], unbuilt.init(GRADIENTS[0]), GRADIENTS[0])


def test_fit_leaves_alone_what_is_excluded_and_takes_a_built_optimizer():
    x = np.sin(np.arange(12, dtype="float32")).reshape(4, 3)
    found = []
    for library in (cello, keras):
        model = library.Sequential([library.Input((3,)), library.layers.Dense(1)])
        model.layers[-1].set_weights([VALUES["kernel"].reshape(-1, 1)[:3], VALUES["bias"][:1]])
        optimizer = library.optimizers.AdamW(0.1, weight_decay=0.5, loss_scale_factor=16.0)
        optimizer.exclude_from_weight_decay(var_names=["bias"])
        optimizer.build(model.trainable_variables)
        model.compile(optimizer, "mse")
        losses = model.fit(x, x[:, :1], batch_size=2, epochs=2, shuffle=False, verbose=0)
        assert int(model.optimizer.iterations) == 4
        found.append([*losses.history["loss"], *model.get_weights(), *optimizer.variables])
    same(*found)
