"""What stands under a mask changes nothing: layers, losses and metrics, from one table."""

import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import FEATURES, ROWS, TIME, Leaky, close, mask_of, normal
from in_numpy import in_numpy

import cello
from cello.core.masking import MaskDropped, set_mask
from cello.core.variable import Binding
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    AttentionCell,
    Bidirectional,
    GlobalAveragePooling1D,
    GRUCell,
    LSTMCell,
    ProjectedLSTM,
    SimpleRNN,
)

COMPILATIONS = 130
RECURRENT = {
    "simple": lambda **k: SimpleRNN(3, **k),
    "lstm": lambda **k: LSTM(3, **k),
    "gru": lambda **k: GRU(3, **k),
    "gru, reset before": lambda **k: GRU(3, reset_after=False, **k),
    "projected": lambda **k: ProjectedLSTM(4, 3, **k),
    "both directions": lambda go_backwards, **k: Bidirectional(LSTM(3, **k)),
    "stacked": lambda **k: RNN([LSTMCell(2), GRUCell(3)], **k),
    "own cell": lambda **k: RNN(Leaky(), **k),
    "attention": lambda **k: RNN(AttentionCell(LSTMCell(3)), **k),
}
POOLING = {"mean": lambda **k: GlobalAveragePooling1D()}  # the others take no mask, and say so


def program(kind, **options):
    """The layer's weights, and a function of `(weights, x, mask, memory)`.

    It gives a loss over what counts of the outputs and states, these, and its gradients for the
    weights and the inputs. The mask travels with the inputs.
    """
    layer = {**RECURRENT, **POOLING}[kind](**options)
    x, memory = normal(ROWS, TIME, FEATURES), normal(ROWS, 4, 2)
    layer.build(x.shape, *([[memory.shape]] if kind == "attention" else []))
    rng = np.random.default_rng(1)
    weights = [(w + 0.4 * rng.normal(size=w.shape)).astype("float32") for w in
               layer.get_weights()]  # fmt: skip
    each_step = options.get("return_sequences", False) and kind in RECURRENT

    def loss(weights, x, mask, memory):
        set_mask(x, mask)
        more = {"constants": [memory]} if kind == "attention" else {}
        with Binding(dict(zip(layer.weights, weights, strict=True))):
            results = layer(x, **more)
        outputs, *states = results if isinstance(results, tuple) else (results,)
        if each_step:
            in_order = jnp.flip(mask, 1) if options["go_backwards"] else mask
            outputs = jnp.where(in_order[..., None], outputs, 0)
        counts = jnp.any(mask, axis=1)
        total = 0.0
        for leaf in jax.tree.leaves((outputs, states)):
            of_rows = jnp.sum(jnp.sin(leaf + 1).reshape(len(x), -1), axis=1)
            total += jnp.sum(jnp.where(counts, of_rows, 0))
        return total, (outputs, states)

    run = jax.value_and_grad(loss, (0, 1), has_aux=True)
    return weights, in_numpy(run, weights, x, np.ones((ROWS, TIME), bool), memory)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("kind", [*RECURRENT, *POOLING])
def test_layers(kind, sequences, backwards):
    """Values, states and gradients; and what a row gives are its real steps alone."""
    if backwards and kind == "both directions":
        return
    weights, run = program(
        kind, return_sequences=sequences, return_state=True, zero_output_for_mask=backwards,
        go_backwards=backwards,
    )  # fmt: skip
    for draw in range(3):
        x, memory = normal(ROWS, TIME, FEATURES, seed=draw), normal(ROWS, 4, 2, seed=3)
        mask, unreal = mask_of(draw), np.float32([np.nan, np.inf, -np.inf][draw])
        spoiled = np.where(mask[..., None], x, unreal)
        (_, got), (of_weights, of_x) = run(weights, spoiled, mask, memory)
        (_, want), want_gradients = run(weights, np.where(mask[..., None], x, 0), mask, memory)
        some = mask.any(1)
        close(jax.tree.map(lambda a, some=some: a[some], got),
              jax.tree.map(lambda a, some=some: a[some], want))  # fmt: skip
        close((of_weights, of_x), want_gradients)
        assert all(np.isfinite(g).all() for g in of_weights)
        assert not of_x[~mask].any()
        # The real steps of each row, moved together: the same, with nothing between them.
        order = np.argsort(~mask, axis=1, kind="stable")
        together = np.take_along_axis(spoiled, order[..., None], 1)
        moved_mask = np.take_along_axis(mask, order, 1)
        (_, alone), (_, alone_x) = run(weights, together, moved_mask, memory)
        (outputs, states), (outputs_alone, states_alone) = got, alone
        if sequences and kind in RECURRENT:
            turn = (lambda a: a[:, ::-1]) if backwards else (lambda a: a)
            outputs, outputs_alone = outputs[turn(mask)], outputs_alone[turn(moved_mask)]
        else:
            outputs, outputs_alone = outputs[some], outputs_alone[some]
        close(outputs, outputs_alone, 1e-4)
        close(states, states_alone, 1e-4)
        close(of_x[mask], alone_x[moved_mask], 1e-4)


STEPS = normal(ROWS, TIME, 2, seed=4)
SHARES = np.exp(STEPS) / np.exp(STEPS).sum(-1, keepdims=True)
CLASSES = np.random.default_rng(5).integers(0, 2, (ROWS, TIME))


@pytest.mark.parametrize(
    "name, y",
    [
        ("MeanSquaredError", normal(ROWS, TIME, 2, seed=6)),
        ("MeanAbsoluteError", normal(ROWS, TIME, 2, seed=6)),
        ("SparseCategoricalCrossentropy", CLASSES),
        ("CategoricalCrossentropy", np.eye(2, dtype="float32")[CLASSES]),
    ],
)
def test_losses_and_metrics_are_those_of_the_real_steps(name, y):
    outputs = SHARES if "Crossentropy" in name else STEPS
    loss = getattr(cello.losses, name)()

    def of(outputs, mask):
        set_mask(outputs, mask)
        return loss(y, outputs)

    def measured(outputs, mask):
        metric = getattr(cello.metrics, name)()
        set_mask(outputs, mask)
        with Binding({v: v.value for v in metric.variables}):
            metric.update_state(y, outputs)
            return metric.result()

    masks = [*map(mask_of, range(4)), np.zeros((ROWS, TIME), bool)]
    run = in_numpy(jax.value_and_grad(of), outputs, masks[0])
    run_metric = in_numpy(measured, outputs, masks[0])
    for draw, mask in enumerate(masks):
        spoiled = np.where(mask[..., None], outputs, np.float32([np.nan, np.inf][draw % 2]))
        value, gradient = run(spoiled, mask)
        assert np.isfinite(value) and not gradient[~mask].any()
        result = run_metric(spoiled, mask)
        if not mask.any():
            assert value == 0 and result == 0
            continue
        # The real steps as a batch of their own.
        alone = jax.value_and_grad(lambda p, mask=mask: loss(y[mask], p))
        want, want_gradient = in_numpy(alone, outputs[mask])(outputs[mask])
        close(value, want)
        close(gradient[mask], want_gradient)
        close(result, want)


class Projected(cello.Model):
    def __init__(self):
        super().__init__()
        self.first, self.last = cello.layers.Dense(3), cello.layers.GRU(2)

    def call(self, x):
        return self.last(self.first(x))


# Layers that compute on masked steps too, in front of one that does not look at them.
IN_MODELS = {
    "Dense": lambda: [cello.layers.Dense(3)],
    "TimeDistributed": lambda: [cello.layers.TimeDistributed(cello.layers.Dense(3))],
    "LayerNormalization": lambda: [cello.layers.LayerNormalization()],
    "BatchNormalization": lambda: [cello.layers.BatchNormalization()],
    "Activation": lambda: [cello.layers.Activation("tanh"), cello.layers.Dense(2)],
    "Masking": lambda: [cello.layers.Masking(7.0), cello.layers.Dense(2)],
    "two": lambda: [cello.layers.LSTM(3, return_sequences=True), cello.layers.Dense(2)],
}


@pytest.mark.parametrize("kind", [*IN_MODELS, "a class"])
def test_models(kind):
    """Given a mask with its input, no layer of a model sees what is under it."""
    cello.utils.set_random_seed(4)
    x = normal(ROWS, TIME, FEATURES)
    if kind == "a class":
        model = Projected()
        model(x)
    else:
        inside = [*IN_MODELS[kind](), cello.layers.GRU(2)]
        model = cello.Sequential([cello.Input((None, FEATURES)), *inside])

    def loss(weights, x, mask):
        set_mask(x, mask)
        with Binding(dict(zip(model.trainable_weights, weights, strict=True))):
            return jnp.sum(jnp.sin(model(x, training=True) + 1))

    def given(x, mask):
        return model(x, mask=mask)

    weights = [w.numpy() for w in model.trainable_weights]
    run = in_numpy(jax.value_and_grad(loss, (0, 1)), weights, x, mask_of(0))
    predict = None if kind == "a class" else in_numpy(given, x, mask_of(0))
    for draw, unreal in enumerate((np.nan, np.inf)):
        mask = mask_of(draw)
        zeros, spoiled = (np.where(mask[..., None], x, np.float32(v)) for v in (0, unreal))
        want, got = run(weights, zeros, mask), run(weights, spoiled, mask)
        close(got, want)
        assert not got[1][1][~mask].any()
        if predict is not None:
            close(predict(spoiled, mask), predict(zeros, mask))


def test_a_step_alone_has_no_mask_to_lose():
    words = cello.Input((None,), dtype="int32")
    embedded = cello.layers.Embedding(5, 2, mask_zero=True)(words)
    h = cello.layers.LSTM(3, return_sequences=True)(embedded)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = cello.Model(words, 2 * h[:, -1])
        padded = model(np.array([[1, 2, 3, 0, 0]]))
    np.testing.assert_allclose(padded, model(np.array([[1, 2, 3]])), rtol=1e-6)
    for some in (lambda: h[..., 0], lambda: h[:, 1:], lambda: h[:, :, -1], lambda: h[1:]):
        with pytest.warns(MaskDropped, match="'getitem"):
            some()
