"""The CTC loss and its decoders: Keras, PyTorch, and the definitions by brute force."""

import functools
import inspect
import itertools
import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from in_numpy import computed

import cello
from cello import Input, Model, Sequential
from cello.core.masking import set_mask
from cello.layers import GRU, LSTM, Bidirectional, Dense, Masking, SimpleRNN
from cello.ops import ctc_decode

COMPILATIONS = 520
LABELS = np.array([[3, 3, 1, 0], [2, 0, 0, 0], [1, 2, 1, 2], [0, 0, 0, 0]])


def normal(*shape, seed=0):
    return (2 * np.random.default_rng(seed).normal(size=shape)).astype("float32")


def close(a, b, tolerance=1e-5):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def masked(array, mask):
    array = jnp.array(array)
    set_mask(array, jnp.asarray(mask))
    return array


def log_softmax(x):
    return x - np.log(np.sum(np.exp(x), -1, keepdims=True))


def collapsed(way, blank=0):
    """A way without repetitions and then without blanks."""
    return tuple(label for label, _ in itertools.groupby(way) if label != blank)


def every_labelling(logits, blank=0):
    """Labelling to log-probability, from all ways through one sequence."""
    log_p = log_softmax(np.asarray(logits, "float64"))
    found = {}
    for way in itertools.product(range(logits.shape[1]), repeat=len(logits)):
        key = collapsed(way, blank)
        score = sum(log_p[t, label] for t, label in enumerate(way))
        found[key] = np.logaddexp(found.get(key, -np.inf), score)
    return found


# ---------------------------------------------------------------------------------- loss


@pytest.mark.parametrize(
    "reduction", ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None]
)
def test_loss_of_keras(reduction):
    keras = pytest.importorskip("keras")
    ours, theirs = cello.losses.CTC(reduction), keras.losses.CTC(reduction)
    logits, weights = normal(4, 9, 5), np.array([0.5, 0.0, 2.0, 1.0], "float32")
    for given_weights in (None, weights):

        def summed(logits, loss, given_weights=given_weights):
            values = loss(LABELS, logits, given_weights)
            return jnp.sum(values), values

        results = [
            computed(jax.value_and_grad(functools.partial(summed, loss=loss), has_aux=True), logits)
            for loss in (ours, theirs)
        ]
        for got, want in zip(*map(jax.tree.leaves, results), strict=True):
            close(got, want)
    close(
        *(
            computed(lambda y, f=f: f(LABELS, y), logits)
            for f in (cello.losses.ctc, keras.losses.ctc)
        )
    )
    holes = np.array([[3, 0, 1, 0], [0, 0, 0, 2], [1, 2, 0, 2], [0, 3, 0, 0]])
    close(cello.losses.ctc(holes, logits), keras.losses.ctc(holes, logits))
    half = cello.losses.ctc(LABELS, jnp.asarray(logits, "bfloat16"))
    assert half.dtype == "float32"


def test_it_is_declared_as_in_keras(tmp_path):
    keras = pytest.importorskip("keras")
    theirs = inspect.signature(keras.losses.CTC).parameters
    ours = inspect.signature(cello.losses.CTC).parameters
    assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items()}
    for name in ("ctc", "CTC"):
        assert type(cello.losses.get(name)) is cello.losses.CTC
    config = cello.core.serialization.serialize(cello.losses.CTC("sum", "c"))
    assert config["module"] == "keras.losses" and config["class_name"] == "CTC"
    assert cello.losses.get(config).get_config() == {"reduction": "sum", "name": "c"}
    model = Sequential([Input((None, 2)), GRU(3, return_sequences=True), Dense(4)])
    model.compile("adam", "ctc")
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    x, y = normal(2, 6, 2), np.array([[1, 3], [2, 0]])
    assert again.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


@pytest.mark.parametrize("side", ["right", "left", "holes"])
def test_loss_of_torch(side):
    """Values and gradients with lengths of inputs and labels; a mask of any pattern."""
    torch = pytest.importorskip("torch")
    logits, lengths = normal(4, 12, 5, seed=1), np.array([12, 7, 8, 3])
    mask = np.arange(12) < lengths[:, None]
    if side == "left":
        mask = mask[:, ::-1]
    elif side == "holes":
        mask = np.random.default_rng(0).permuted(mask, axis=1)
    spoiled = np.where(mask[..., None], logits, np.nan)

    def ours(logits):
        return cello.losses.CTC(None)(LABELS, masked_inside(logits))

    def masked_inside(logits):
        set_mask(logits, jnp.asarray(mask))
        return logits

    values = computed(ours, spoiled)
    gradient = computed(jax.grad(lambda y: ours(y) @ jnp.arange(1.0, 5)), spoiled)
    jitted = jax.jit(jax.grad(lambda y: ours(y) @ jnp.arange(1.0, 5)))(jnp.asarray(spoiled))
    close(jitted, gradient)
    assert not gradient[~mask].any()
    real = [torch.tensor(row[m]) for row, m in zip(logits, mask, strict=True)]
    padded = torch.nn.utils.rnn.pad_sequence(real).requires_grad_()
    loss = torch.nn.CTCLoss(reduction="none")(
        torch.log_softmax(padded, -1), torch.tensor(LABELS), torch.tensor(lengths),
        torch.tensor((LABELS != 0).sum(1)),
    )  # fmt: skip
    close(values, loss.detach())
    (loss @ torch.arange(1.0, 5)).backward()
    for i, m in enumerate(mask):
        close(gradient[i][m], padded.grad[: m.sum(), i], 1e-4)


def masked_loss(y, logits, mask):
    set_mask(logits, mask)
    return cello.losses.ctc(y, logits)


@settings(max_examples=10)
@given(
    labels=st.lists(st.integers(1, 2), max_size=3),
    steps=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_loss_by_brute_force(labels, steps, seed):
    logits = normal(1, 5, 3, seed=seed)
    y = np.array([(labels + [0] * 9)[:9]])
    want = every_labelling(logits[0, :steps]).get(tuple(labels))
    got = float(computed(masked_loss, y, logits, np.arange(5)[None] < steps)[0])
    if want is not None:
        close(got, -want)
    else:  # too few steps
        assert 9e4 < got < 1e6


def test_rows_without_a_real_step_count_nothing():
    logits = normal(4, 9, 5)
    mask = np.ones((4, 9), bool)
    mask[[0, 2]] = False
    want = cello.losses.ctc(LABELS, logits)
    for reduction, value in (
        ("sum_over_batch_size", (want[1] + want[3]) / 2),
        ("sum", want[1] + want[3]),
        (None, jnp.where(mask.any(1), want, 0)),
    ):
        close(cello.losses.CTC(reduction)(LABELS, masked(logits, mask)), value)


def test_a_mask_as_wide_as_the_labels_hides_no_labels():
    logits, mask = normal(4, 4, 5), np.arange(4) < np.array([[3], [2], [4], [1]])
    labels = np.array([[1, 0, 0, 0], [2, 0, 0, 0], [1, 2, 3, 4], [3, 0, 0, 0]])
    got = computed(masked_loss, labels, logits, mask)
    for i, m in enumerate(mask):
        close(got[i], computed(cello.losses.ctc, labels[i : i + 1], logits[i : i + 1, m])[0])


def test_what_is_refused():
    model = Sequential([Input((6, 2)), SimpleRNN(3, return_sequences=True), Dense(4)])
    model.compile("sgd", "ctc")
    x = normal(2, 6, 2)
    for y, message in (
        (np.array([[1, 4], [0, 0]]), r"labels must be from 1 to 3.*class 0 is the blank"),
        (np.array([[1, -1], [0, 0]]), r"labels from -1 to 1"),
        (np.array([[1, 2], [0, 3]]), "class 0 is the blank, and y has a 0 in front of a label"),
        (np.array([[1.5, 1], [0, 0]]), "y holds fractions"),
        (np.ones((2, 3, 4)), r"integer labels of shape \(batch, labels\)"),
        (np.ones((2,)), r"integer labels of shape \(batch, labels\)"),
    ):
        with pytest.raises(ValueError, match=message):
            model.fit(x, y, verbose=0)
    with pytest.raises(ValueError, match="return_sequences=True"):
        cello.losses.ctc(LABELS, normal(4, 5))
    with pytest.raises(ValueError, match="the loss ctc compares labels with a whole sequence"):
        model.fit(x, np.ones((2, 2), int), tbptt=2, verbose=0)


# ---------------------------------------------------------------------- labels in a list


def recognizer():
    model = Sequential([Input((None, 3)), LSTM(5, return_sequences=True), Dense(4)])
    rng = np.random.default_rng(3)
    model.set_weights([0.8 * rng.normal(size=w.shape) for w in model.weights])
    model.compile(cello.optimizers.SGD(0.05), "ctc")
    return model


def task(lengths, seed=0):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(n, 3)).astype("float32") for n in lengths]
    y = [rng.integers(1, 4, size=rng.integers(1, 1 + max(1, n // 2))) for n in lengths]
    return x, y


def padded(rows, length=None):
    length = length or max(map(len, rows))
    return np.stack([np.pad(r, [(0, length - len(r))] + [(0, 0)] * (r.ndim - 1)) for r in rows])


def alone_loss(model, x, y):
    return computed(lambda x, y: cello.losses.ctc(y, model(x))[0], x, y)


@pytest.mark.parametrize(
    ("x_as", "y_as"),
    [
        ("list", "lists of numbers"),
        *(
            pytest.param(*both, marks=pytest.mark.deep)
            for both in (("list", "array"), ("list", "list"), ("array", "list"),
                         ("array", "lists of numbers"), ("array", "array"))
        ),
    ],
)  # fmt: skip
def test_fit_takes_a_list_of_labels(x_as, y_as):
    """Loss and steps of training are those of each row alone."""
    x, y = task([5, 9, 3, 9, 7, 4] if x_as == "list" else [6] * 6)
    given = {
        "list": lambda: y,
        "array": lambda: padded(y, 6),
        "lists of numbers": lambda: [row.tolist() for row in y],
    }[y_as]()
    model, alone = recognizer(), recognizer()
    rows = [alone_loss(alone, a[None], r[None]) for a, r in zip(x, y, strict=True)]
    x_given = x if x_as == "list" else np.stack(x)
    result = model.evaluate(x_given, given, batch_size=2, verbose=0)
    close(np.ravel(result)[0], np.mean(np.ravel(rows)), 1e-4)
    model.fit(x_given, given, batch_size=6, epochs=1, verbose=0)
    weights = alone.get_weights()

    def loss(weights):
        with cello.core.variable.Binding(dict(zip(alone.weights, weights, strict=True))):
            losses = [
                cello.losses.ctc(r[None], alone(a[None]))[0] for a, r in zip(x, y, strict=True)
            ]
        return sum(losses) / 6

    for new, old, g in zip(
        model.get_weights(), weights, computed(jax.grad(loss), weights), strict=True
    ):
        close(new, old - 0.05 * g, 1e-4)


def test_labels_of_one_length_and_iterables():
    x, y = task([6, 6, 6, 6])
    y = [np.array([1, 2, i % 3 + 1]) for i in range(4)]
    model = recognizer()
    want = model.evaluate(np.stack(x), np.stack(y), verbose=0)
    for x_given in (x, np.stack(x)):
        close(model.evaluate(x_given, y, verbose=0), want)
    x, y = task([5, 8, 3, 8])
    whole = model.evaluate(x, y, batch_size=2, verbose=0)
    batches = [(x[:2], y[:2]), (x[2:], y[2:])]
    close(model.evaluate(batches, verbose=0), whole)
    assert len(model.predict(x, verbose=0)) == 4


def test_a_loss_for_each_step_beside_it():
    """Only the output with the CTC loss may have labels of other lengths."""
    inputs = Input((None, 3))
    steps = GRU(4, return_sequences=True)(inputs)
    model = Model(inputs, {"letters": Dense(4)(steps), "level": Dense(1)(steps)})
    model.compile("sgd", {"letters": "ctc", "level": "mse"})
    x, y = task([5, 8, 3])
    level = [normal(len(r), 1) for r in x]
    model.fit(x, {"letters": y, "level": level}, verbose=0)
    with pytest.raises(ValueError, match="needs as many rows as x"):
        model.fit(x, {"letters": y, "level": [r[1:] for r in level]}, verbose=0)
    with pytest.raises(ValueError, match="which only a loss such as CTC takes"):
        model.fit(np.stack([r[:3] for r in x]), {"letters": y, "level": level}, verbose=0)
    only = Sequential([Input((None, 3)), GRU(4, return_sequences=True), Dense(1)])
    only.compile("sgd", "mse")
    with pytest.raises(ValueError, match="same number of rows"):
        only.fit(np.stack([r[:3] for r in x]), [r[1:] for r in level], verbose=0)


# ------------------------------------------------------------------------------- decoding


def decode(logits, lengths, width, paths, blank=0):
    def run(logits, lengths):
        return ctc_decode(logits, lengths, "beam_search", width, paths, mask_index=blank)

    return computed(run, logits, lengths)


@settings(max_examples=10)
@given(merge=st.booleans(), blank=st.integers(0, 3), seed=st.integers(0, 99))
def test_greedy_of_keras(merge, blank, seed):
    keras = pytest.importorskip("keras")
    logits = normal(5, 7, 4, seed=seed)
    logits = logits.round() if seed % 2 else logits  # ties
    lengths = np.random.default_rng(seed).integers(0, 8, 5)
    options = {"merge_repeated": merge, "mask_index": blank}
    got = computed(functools.partial(ctc_decode, **options), logits, lengths)
    want = keras.ops.ctc_decode(logits, lengths, **options)
    np.testing.assert_array_equal(got[0], want[0])
    close(got[1], want[1])
    assert got[0].dtype == "int32"


@settings(max_examples=10)
@given(steps=st.integers(1, 5), blank=st.integers(0, 2), seed=st.integers(0, 999))
def test_a_wide_beam_is_exact(steps, blank, seed):
    """All labellings of a sequence with their probabilities, from all ways through it."""
    logits = normal(2, 5, 3, seed=seed)
    lengths = np.array([steps, 5])
    labels, scores = decode(logits, lengths, 80, 64, blank)
    assert labels.shape == (64, 2, 5) and scores.shape == (2, 64)
    for i, n in enumerate(lengths):
        want = every_labelling(logits[i, :n], blank)
        best = sorted(want.values(), reverse=True)
        close(scores[i, : len(best)], best[:64], 1e-4)
        assert np.isneginf(scores[i, len(best) :]).all()
        found = [tuple(int(c) for c in row if c >= 0) for row in labels[:, i]]
        for key, score in zip(found[: len(best)], scores[i], strict=False):
            close(score, want[key], 1e-4)
        assert len(set(found[: len(best)])) == min(len(best), 64)
        assert (labels[len(best) :, i] == -1).all()


def beam_search(log_p, width):
    """Hannun et al.'s algorithm 1 in plain Python, without a language model; blank 0."""
    beam = {(): (0.0, -math.inf)}
    for step in log_p:
        new = {}

        def add(prefix, blank=-math.inf, label=-math.inf, new=new):
            before = new.get(prefix, (-math.inf, -math.inf))
            new[prefix] = np.logaddexp(before[0], blank), np.logaddexp(before[1], label)

        for prefix, (by_blank, by_label) in beam.items():
            total = np.logaddexp(by_blank, by_label)
            add(prefix, blank=total + step[0])
            for c in range(1, len(step)):
                if prefix and prefix[-1] == c:
                    add(prefix, label=by_label + step[c])
                    add((*prefix, c), label=by_blank + step[c])
                else:
                    add((*prefix, c), label=total + step[c])
        beam = dict(sorted(new.items(), key=lambda kv: -np.logaddexp(*kv[1]))[:width])
    return [(prefix, np.logaddexp(*scores)) for prefix, scores in beam.items()]


@settings(max_examples=10)
@given(width=st.sampled_from([1, 2, 3, 5, 8]), seed=st.integers(0, 999))
def test_a_narrow_beam_keeps_the_most_probable_beginnings(width, seed):
    logits, lengths = normal(3, 12, 4, seed=seed), np.array([12, 5, 0])
    labels, scores = decode(logits, lengths, width, width)
    for i, n in enumerate(lengths):
        want = beam_search(log_softmax(logits[i, :n].astype("float64")), width)
        got = [tuple(int(c) for c in row if c >= 0) for row in labels[: len(want), i]]
        assert got == [prefix for prefix, _ in want]
        close(scores[i, : len(want)], [score for _, score in want], 1e-4)


def test_beams_of_keras():
    keras = pytest.importorskip("keras")
    logits, lengths = normal(3, 5, 4, seed=4), np.array([5, 4, 2])
    got = ctc_decode(logits, lengths, "beam_search", 50, 3)
    want = keras.ops.ctc_decode(logits, lengths, "beam_search", 50, 3)
    np.testing.assert_array_equal(got[0], want[0])
    close(got[1], want[1])
    theirs = inspect.signature(keras.ops.ctc_decode).parameters
    ours = inspect.signature(ctc_decode).parameters
    assert {n: p.default for n, p in ours.items()} == {n: p.default for n, p in theirs.items()}


def test_the_score_of_a_labelling_is_its_loss():
    """Without the ways that the beam lost: few, where the model is sure."""
    for sure, lost in ((1, 1.0), (5, 0.05)):
        logits = sure * normal(2, 20, 6, seed=8)
        labels, scores = decode(logits, np.array([20, 20]), 100, 4)
        for path in range(4):
            y = np.where(labels[path] < 0, 0, labels[path])
            missing = -computed(cello.losses.ctc, y, logits) - scores[:, path]
            assert (missing > -1e-3).all() and (missing < lost).all()


def test_what_decoding_refuses():
    logits = normal(2, 5, 3)
    for arguments, message in (
        ((logits[0], [5, 5]), r"inputs of shape \(batch, time, classes\)"),
        ((logits, [5]), r"sequence_lengths of shape \(batch,\)"),
        ((logits, [5, 5], "best"), 'strategy must be "greedy" or "beam_search"'),
        ((logits, [5, 5], "beam_search", 3, 4), "top_paths must be from 1 to beam_width"),
        ((logits, [5, 5], "greedy", 3, 1, True, 3), "mask_index must be a class, from 0 to 2"),
    ):
        with pytest.raises(ValueError, match=message):
            ctc_decode(*arguments)


@pytest.mark.deep
def test_a_model_learns_to_spell():
    """Each letter is a bump that lasts for some steps; the labels do not say where."""
    rng = np.random.default_rng(0)
    x, y = [], []
    for _ in range(200):
        word = rng.integers(1, 4, size=rng.integers(1, 5))
        pieces = []
        for letter in word:
            pieces += [np.eye(4)[letter]] * rng.integers(1, 4) + [np.eye(4)[0]]
        x.append((np.array(pieces) + 0.1 * rng.normal(size=(len(pieces), 4))).astype("float32"))
        y.append(word)
    inputs = Input((None, 4))
    hidden = Bidirectional(GRU(16, return_sequences=True))(Masking()(inputs))
    model = Model(inputs, Dense(4)(hidden))
    model.compile(cello.optimizers.Adam(0.02), "ctc")
    history = model.fit(x[:150], y[:150], epochs=25, verbose=0).history["loss"]
    assert history[-1] < 0.2 < history[0]
    lengths = [len(row) for row in x[150:]]
    logits = model.predict(padded(x[150:]), verbose=0)
    for strategy in ("greedy", "beam_search"):
        found = np.asarray(ctc_decode(logits, lengths, strategy, beam_width=10)[0][0])
        right = [
            list(row[row >= 0]) == list(word) for row, word in zip(found, y[150:], strict=True)
        ]
        assert np.mean(right) > 0.9
