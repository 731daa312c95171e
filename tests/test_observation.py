"""Observers see calls of layers and runs of cells, and may stand in for them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cello import Input, Sequential
from cello.cells.steps import StepObserver
from cello.core.observation import Observer, innermost
from cello.layers import GRU, RNN, Dense, LSTMCell

COMPILATIONS = 200
X = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")


class Noting(Observer):
    """Notes, in a list that several may share, what it is told and what came of it."""

    def __init__(self, name="", told=None):
        self.name, self.told = name, [] if told is None else told

    def on_call(self, layer, arguments, proceed):
        self.told.append((self.name, layer.name, sorted(arguments)))
        outputs = proceed(arguments)
        self.told.append((self.name, layer.name, outputs.shape))
        return outputs

    def on_run(self, cell, inputs, states, run, proceed):
        self.told.append((self.name, cell.itself.name, "runs"))
        return proceed(inputs, states, run)


@pytest.fixture(scope="module")
def model():
    return Sequential([Input((None, 3)), GRU(4, name="rnn"), Dense(1, name="head")], name="model")


def test_calls_are_told_from_outside_in_with_arguments_and_outputs(model):
    with Noting() as seen:
        outputs = model(X)
    cell = model.layers[0].cell.name
    assert seen.told == [
        ("", "model", ["inputs"]),
        ("", "rnn", ["sequences"]),
        ("", cell, "runs"),
        ("", "rnn", (2, 4)),
        ("", "head", ["inputs"]),
        ("", "head", (2, 1)),
        ("", "model", (2, 1)),
    ]
    np.testing.assert_array_equal(model(X), outputs)
    assert len(seen.told) == 7  # nothing outside of the scope


def test_the_innermost_scope_is_told_first():
    layer, told = Dense(2, name="layer"), []
    with Noting("outer", told) as outer, Noting("inner", told) as inner:
        layer(X)
        assert innermost(Noting) is inner
    assert [name for name, *_ in told] == ["inner", "outer", "outer", "inner"]
    with outer:
        assert innermost(Noting) is outer and innermost(Observer) is outer
        assert innermost(Dense) is None
    assert innermost(Observer) is None


def test_a_scope_ends_with_an_error(model):
    with pytest.raises(ValueError), Noting() as seen:
        model(X[..., :2])
    told = len(seen.told)
    model(X)
    assert len(seen.told) == told and innermost(Observer) is None


def test_an_observer_may_change_arguments_and_stand_in():
    class Doubling(Observer):
        def on_call(self, layer, arguments, proceed):
            return proceed({**arguments, "inputs": 2 * arguments["inputs"]}) + 1

    layer = Dense(2, use_bias=False)
    plain = layer(X)
    with Doubling():
        changed = layer(X)
    np.testing.assert_allclose(changed, 2 * plain + 1, rtol=1e-6)


def test_an_observer_may_ask_for_more_of_a_run():
    class States(Observer):
        def on_run(self, cell, inputs, states, run, proceed):
            every = run.but(return_all_states=True)
            outputs, self.states = proceed(inputs, states, every)
            return outputs, jax.tree.map(lambda s: s[:, -1], self.states)

    layer = RNN(LSTMCell(4), return_state=True)
    want = layer(X)
    with States() as seen:
        got = layer(X)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), got, want)
    assert [s.shape for s in seen.states] == [(2, 5, 4)] * 2
    np.testing.assert_allclose(seen.states[1][:, -1], want[2], atol=1e-6)


def test_within_a_compiled_function_they_act_while_it_is_traced(model):
    compiled = jax.jit(lambda x: model(x))
    with Noting() as seen:
        compiled(jnp.asarray(X))
        told = len(seen.told)
        compiled(jnp.asarray(X))
    assert len(seen.told) == told == 7


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [False, True])
def test_looking_at_every_step_changes_nothing_and_shows_it(backwards, sequences):
    layer = RNN(
        LSTMCell(4), go_backwards=backwards, return_sequences=sequences, return_all_states=True,
        zero_output_for_mask=True, remat=2,
    )  # fmt: skip
    mask = np.array([[0, 1, 1, 0, 1], [1, 1, 0, 0, 0]], bool)
    want = layer(X, mask=mask)
    with StepObserver([layer]) as seen:
        got = layer(X, mask=mask)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), got, want)
    (passage,) = seen.passages
    in_order = np.where(mask[..., None], X, 0)[:, ::-1] if backwards else X * mask[..., None]
    np.testing.assert_array_equal(passage.inputs, in_order)
    np.testing.assert_array_equal(passage.counts, mask[:, ::-1] if backwards else mask)
    jax.tree.map(np.testing.assert_array_equal, tuple(passage.states), tuple(got[1:]))
