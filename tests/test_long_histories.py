"""Truncated back-propagation and rematerialisation: long sequences in bounded memory."""

import itertools
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import ROWS, TIME, Leaky, built, mask_of, normal, seeds_of, some_states, whole
from contract import close as near
from in_numpy import in_numpy

import cello
from cello import Input, Model, Sequential
from cello.core.variable import Binding
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Bidirectional,
    Conv1D,
    Dense,
    Embedding,
    LSTMCell,
    MaxPooling1D,
    ProjectedLSTM,
    SimpleRNN,
    StackedRNNCells,
)

COMPILATIONS = 280
LAYERS = {
    "simple": lambda **k: SimpleRNN(4, **k),
    "lstm": lambda **k: LSTM(4, **k),
    "gru": lambda **k: GRU(4, **k),
    "gru, reset before": lambda **k: GRU(4, reset_after=False, **k),
    "projected": lambda **k: ProjectedLSTM(4, 3, **k),
    "stack": lambda **k: RNN(StackedRNNCells([LSTMCell(3), LSTMCell(4)]), **k),
    "own cell": lambda **k: RNN(Leaky(), **k),
    "learned": lambda **k: LSTM(4, initial_state="learned", **k),
}


def spread(model, seed=1):
    rng = np.random.default_rng(seed)
    model.set_weights([w + 0.4 * rng.normal(size=w.shape) for w in model.get_weights()])


def fitted(kind, x, y, sequences, rate=0.3, epochs=1, **options):
    cello.utils.set_random_seed(2)
    model = Sequential([Input((None, 3)), LAYERS[kind](return_sequences=sequences), Dense(2)])
    spread(model)
    model.compile(cello.optimizers.SGD(rate), "mse", metrics=["mae"])
    history = model.fit(x, y, shuffle=False, verbose=0, batch_size=4, epochs=epochs, **options)
    return model.get_weights(), history.history


def close(a, b, rtol=1e-5, atol=1e-6):
    for u, v in zip(a, b, strict=True):
        np.testing.assert_allclose(u, v, rtol=rtol, atol=atol)


# ------------------------------------------------------------------------------------ tbptt


@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("kind", ["lstm", "own cell", "learned"])
def test_pieces_that_cover_the_sequence_are_full_back_propagation(kind, sequences):
    x, y = normal(4, 5, 3), normal(4, *((5,) if sequences else ()), 2, seed=1)
    whole, history = fitted(kind, x, y, sequences)
    for more in (0, 3):
        cut, cut_history = fitted(kind, x, y, sequences, tbptt=5 + more)
        for a, b in zip(whole, cut, strict=True):
            np.testing.assert_array_equal(a, b)
        assert history == cut_history


def in_torch(name, model, x, y, starts):
    """The weights after a step on each piece in PyTorch, which detaches the states in between."""
    torch = pytest.importorskip("torch")
    layer = cello.saving.to_torch(model.layers[0])
    if name != "GRU":  # Keras has one bias
        layer.bias_hh_l0.requires_grad_(False)
    head = torch.nn.Linear(layer.hidden_size, 2)
    kernel, bias = (torch.tensor(w) for w in model.layers[1].get_weights())
    with torch.no_grad():
        head.weight.copy_(kernel.T)
        head.bias.copy_(bias)
    optimizer = torch.optim.SGD([*layer.parameters(), *head.parameters()], 0.3)
    x, y, states = torch.tensor(x), torch.tensor(y), None
    for start, stop in zip(starts, [*starts[1:], x.shape[1]], strict=True):
        if states is not None:
            states = tuple(s.detach() for s in states) if name == "LSTM" else states.detach()
        outputs, states = layer(x[:, start:stop], states)
        if y.ndim == 2 and stop < x.shape[1]:
            continue  # the only target belongs to the last step
        outputs = head(outputs if y.ndim == 3 else outputs[:, -1])
        optimizer.zero_grad()
        torch.mean((outputs - (y[:, start:stop] if y.ndim == 3 else y)) ** 2).backward()
        optimizer.step()
    found = cello.saving.from_torch(layer).get_weights()
    return [*found, head.weight.detach().numpy().T, head.bias.detach().numpy()]


FAST = [("LSTM", 11, 4, True), ("GRU", 11, 4, False), ("SimpleRNN", 3, 1, True)]
ALL = itertools.product(("LSTM", "GRU", "SimpleRNN"), ((12, 4), (11, 4), (3, 1)), (True, False))
DEEP = [
    pytest.param(name, *times, sequences, marks=pytest.mark.deep)
    for name, times, sequences in ALL
    if (name, *times, sequences) not in FAST
]


@pytest.mark.parametrize(("name", "time", "k", "sequences"), [*FAST, *DEEP])
def test_pieces_are_those_of_torch(name, time, k, sequences):
    x, y = normal(4, time, 3), normal(4, *((time,) if sequences else ()), 2, seed=1)
    layer = getattr(cello.layers, name)(5, return_sequences=sequences)
    model = Sequential([Input((None, 3)), layer, Dense(2)])
    spread(model)
    head = time % k
    starts = ([0] if head else []) + list(range(head, time, k))
    theirs = in_torch(name, model, x, y, starts)
    model.compile(cello.optimizers.SGD(0.3), "mse")
    model.fit(x, y, batch_size=4, shuffle=False, verbose=0, tbptt=k)
    kernel, bias = model.layers[1].get_weights()
    close([kernel, bias], theirs[-2:], 1e-4, 1e-5)
    for ours, torchs in zip(layer.get_weights()[:2], theirs[:2], strict=True):
        np.testing.assert_allclose(ours, torchs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("sequences", [True, False])
def test_lists_of_different_lengths(sequences):
    """Each sequence by itself: its pieces end where it ends, or begin where it begins."""
    lengths = [3, 8, 5, 8]
    x = [normal(n, 3, seed=n + i) for i, n in enumerate(lengths)]
    y = [normal(*((n,) if sequences else ()), 2, seed=9 + i) for i, n in enumerate(lengths)]
    _, history = fitted("lstm", x, y, sequences, rate=0.0, tbptt=4)
    if not sequences:  # without a change of the weights, pieces change no loss
        alone = [
            fitted("lstm", one[None], target[None], sequences, rate=0.0)[1]["loss"][0]
            for one, target in zip(x, y, strict=True)
        ]
        assert history["loss"][0] == pytest.approx(np.mean(alone), rel=1e-5)
    whole, _ = fitted("lstm", x, y, sequences)
    cut, _ = fitted("lstm", x, y, sequences, tbptt=8)
    close(whole, cut)


def test_batches_from_a_stream():
    x, y = normal(4, 11, 3), normal(4, 11, 2, seed=1)
    ours, _ = fitted("gru", x, y, True, tbptt=4)

    def fit_on(batches):
        cello.utils.set_random_seed(2)
        model = Sequential([Input((None, 3)), GRU(4, return_sequences=True), Dense(2)])
        spread(model)
        model.compile(cello.optimizers.SGD(0.3), "mse")
        model.fit(batches, verbose=0, tbptt=4)
        return model.get_weights()

    close(ours, fit_on(b for b in [(x, y)]), 0, 0)


def test_convolutions_embeddings_and_weights_of_steps():
    """Pieces of a model whose windows reach into the piece before: the same loss without change."""
    model = Sequential(
        [
            Input((None,), dtype="int32"),
            Embedding(6, 3),
            Conv1D(4, 3, padding="causal"),
            LSTM(4, return_sequences=True),
            Dense(2),
        ]
    )
    x, y = np.random.default_rng(0).integers(0, 6, (4, 12)), normal(4, 12, 2)
    w = np.random.default_rng(1).random((4, 12)).astype("float32")
    model.compile(cello.optimizers.SGD(0.0), "mse", weighted_metrics=["mae"])
    whole = model.fit(x, y, sample_weight=w, verbose=0).history
    cut = model.fit(x, y, sample_weight=w, verbose=0, tbptt=4).history
    for name in whole:
        assert cut[name][0] == pytest.approx(whole[name][0], rel=1e-5)


def test_a_stateful_layer_goes_on_from_batch_to_batch():
    x, y = normal(2, 8, 3), normal(2, 8, 2, seed=1)

    def states(**options):
        cello.utils.set_random_seed(2)
        model = Sequential(
            [
                Input(batch_shape=(2, None, 3)),
                GRU(4, return_sequences=True, stateful=True),
                Dense(2),
            ]
        )
        model.compile(cello.optimizers.SGD(0.0), "mse")
        for _ in range(2):
            model.fit(x, y, batch_size=2, shuffle=False, verbose=0, **options)
        return next(iter(model.get_states().values()))

    close(states(tbptt=4), states())


def raises(call, *parts):
    with pytest.raises(ValueError) as caught:
        call()
    for part in parts:
        assert part in str(caught.value)


def compiled(*layers, shape=(None, 3)):
    model = Sequential([Input(shape), *layers])
    model.compile("sgd", "mse")
    return model


def test_a_layer_that_needs_the_whole_sequence_is_refused():
    x, y = normal(4, 8, 3), normal(4, 8, 4)
    both = compiled(Bidirectional(LSTM(2, return_sequences=True), name="both"))
    raises(lambda: both.fit(x, y, tbptt=4), "Bidirectional 'both'", "piece by piece")
    back = compiled(LSTM(4, go_backwards=True, return_sequences=True, name="back"))
    raises(lambda: back.fit(x, y, tbptt=4), "LSTM 'back'", "backwards")
    same = compiled(Conv1D(4, 3, padding="same", name="same"))
    raises(lambda: same.fit(x, y, tbptt=4), "Conv1D 'same'", 'use "causal"')
    pooled = compiled(MaxPooling1D(3, 2, name="pool"), LSTM(4))
    raises(lambda: pooled.fit(x, normal(4, 4), tbptt=4), "tbptt", "'pool'")


def test_tbptt_needs_sequences_and_a_positive_number():
    flat = compiled(Dense(1), shape=(3,))
    raises(lambda: flat.fit(normal(4, 3), normal(4, 1), tbptt=2), "tbptt", "(batch, time, ...)")
    model = compiled(LSTM(4))
    for k in (0, -1, 2.5, "all"):
        raises(lambda k=k: model.fit(normal(4, 8, 3), normal(4, 4), tbptt=k), "tbptt", repr(k))
    x = Input((None, 3))
    h = LSTM(4, return_sequences=True)(x)
    mixed = Model(x, [h, GRU(4)(h)])
    mixed.compile("sgd", "mse")
    y = [normal(4, 8, 4), normal(4, 4)]
    raises(lambda: mixed.fit(normal(4, 8, 3), y, tbptt=4), "outputs must all have the time")


# ------------------------------------------------------------------------------------ remat

WANTED = (
    {},
    {"return_sequences": True, "return_all_states": True},
    {"go_backwards": True},
    {"return_sequences": True, "zero_output_for_mask": True},
)

FAST = ("lstm", "projected", "own cell")


@pytest.mark.parametrize("options", WANTED, ids=" ".join)
@pytest.mark.parametrize(
    "kind", [k if k in FAST else pytest.param(k, marks=pytest.mark.deep) for k in LAYERS]
)
def test_segments_change_no_value_and_no_gradient(kind, options):
    """Of segments that divide the sequence, or do not; with a mask and without one."""
    x = normal(ROWS, TIME, 3)
    plain = built(LAYERS[kind](return_state=True, **options), inputs=x)
    states = some_states(plain)
    weights, rows = plain.get_weights(), np.ones(ROWS, "float32")
    for masked in (True, False):
        mask = mask_of(2)
        spoiled = np.where(mask[..., None], x, np.float32(np.nan)) if masked else x
        given = weights, [], spoiled, states, mask, rows
        wanted = whole(plain, False, masked, x, states)(*given)
        for segment in (2, True, TIME):
            cut = LAYERS[kind](return_state=True, remat=segment, **options)
            cut.build(x.shape)
            near(whole(cut, False, masked, x, states)(*given), wanted, 1e-4)


def test_dropout_draws_once_whatever_the_segments():
    def output(remat):
        layer = LSTM(4, dropout=0.4, recurrent_dropout=0.3, seed=1, remat=remat)
        layer.build((3, 10, 3))
        layer.set_weights([0.5 * normal(*w.shape) for w in layer.weights])
        x, seeds = normal(3, 10, 3), [v.numpy() for v in seeds_of(layer)]

        def run(x, seeds):
            with Binding(dict(zip(seeds_of(layer), seeds, strict=True))):
                return layer(x, training=True)

        return in_numpy(run, x, seeds)(x, seeds)

    np.testing.assert_allclose(output(None), output(4), rtol=1e-5)


@pytest.mark.parametrize("value", [0, -2, 1.5, "often"])
def test_remat_is_a_number_of_steps(value):
    raises(lambda: LSTM(4, remat=value), "remat", repr(value))


def test_memory_does_not_grow_with_the_sequence():
    """The compiler's own account of the memory of one step of training, for 4 times the steps."""

    def temporary(steps, **options):
        layer = LSTM(16, **options)
        layer.build((2, steps, 3))

        def loss(weights, x):
            with Binding(dict(zip(layer.weights, weights, strict=True))):
                return jnp.sum(layer(x))

        weights = [v.value for v in layer.weights]
        compiled = jax.jit(jax.grad(loss)).lower(weights, jnp.zeros((2, steps, 3))).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    assert temporary(4096) > 3.5 * temporary(1024)
    assert temporary(4096, remat=True) < 0.2 * temporary(4096)


@pytest.mark.deep
def test_the_benchmark_of_memory_runs():
    command = [sys.executable, Path(__file__).parents[1] / "benchmarks/long_history.py", "--quick"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.count("MiB") == 3
