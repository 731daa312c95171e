"""Tokens written by a model: greedy search, sampling and beam search."""

import functools
import itertools
from concurrent.futures import ThreadPoolExecutor

import jax
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import cello
from cello import Input, Model, Sequential
from cello.generation.search import Hypotheses, choose_at_random
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Activation,
    Add,
    Bidirectional,
    Conv1D,
    Dense,
    Embedding,
    Layer,
    LSTMCell,
    TimeDistributed,
)

COMPILATIONS = 80

CELLS = {
    "lstm": lambda: [LSTM(6, return_sequences=True)],
    "gru": lambda: [GRU(6, return_sequences=True)],
    "learned start": lambda: [GRU(6, return_sequences=True, initial_state="learned")],
    "cells": lambda: [RNN([LSTMCell(4), LSTMCell(5)], return_sequences=True)],
}
kinds = st.sampled_from(["learned start", "cells"])
few = st.just("cells")  # two states, which a beam has to move together


def spread(model, seed=1, by=1.0):
    rng = np.random.default_rng(seed)
    model.set_weights([w + by * rng.normal(size=w.shape) for w in model.get_weights()])
    return model


@functools.cache
def built(kind, vocabulary, activation):
    layers = [Embedding(vocabulary, 4), *CELLS[kind](), Dense(vocabulary, activation=activation)]
    model = Sequential([Input((None,), dtype="int32"), *layers])
    return model, model.get_weights()


def language_model(kind="lstm", vocabulary=5, activation="softmax", seed=1):
    """A model with weights of its own; its programs are those of all seeds."""
    model, start = built(kind, vocabulary, activation)
    model.set_weights(start)
    return spread(model, seed)


def prompts(lengths, vocabulary=5, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, vocabulary, n).tolist() for n in lengths]


def probabilities(model, tokens):
    """What `predict` says behind each of `tokens`; one program for all lengths up to 16."""
    whole = np.zeros((1, 16), int)
    whole[0, : len(tokens)] = tokens  # later steps change nothing before them
    return model.predict(whole, verbose=0)[0, : len(tokens)]


def log_p(model, prompt, tokens):
    """The log-probability of `tokens` after `prompt`, from `predict` on the whole sequence."""
    p = probabilities(model, [*prompt, *tokens])
    return sum(np.log(p[len(prompt) - 1 + i, t]) for i, t in enumerate(tokens))


def written(row, end):
    """The tokens of a padded row up to its end token."""
    row = list(row)
    return row[: row.index(end) + 1] if end in row else row


def one_by_one(model, prompt, n, end):
    """Greedy search by `predict` on longer and longer sequences."""
    found = []
    while len(found) < n and (not found or found[-1] != end):
        found.append(int(probabilities(model, [*prompt, *found])[-1].argmax()))
    return found


# ------------------------------------------------------------------------------------ greedy


@settings(max_examples=8)
@given(kind=kinds, seed=st.integers(0, 1000), end=st.sampled_from([None, 2, 3]))
def test_greedy_search_is_predict_on_longer_and_longer_sequences(kind, seed, end):
    model, given = language_model(kind, seed=seed), prompts([3, 3], seed=seed)
    tokens, scores = model.generate(given, 6, end_token=end, pad_token=9, return_scores=True)
    assert tokens.shape == (2, 6)
    for prompt, row, score in zip(given, tokens, scores, strict=True):
        expected = one_by_one(model, prompt, 6, end)
        assert row.tolist() == expected + [9] * (6 - len(expected))
        np.testing.assert_allclose(score, log_p(model, prompt, expected), rtol=1e-4, atol=1e-5)


@settings(max_examples=10)
@given(
    case=st.sampled_from([("learned start", "greedy"), ("cells", "beam")]),
    seed=st.integers(0, 1000),
    lengths=st.permutations([2, 3, 7]),
)
def test_prompts_of_different_lengths_go_on_as_each_alone(case, seed, lengths):
    kind, method = case
    model, given = language_model(kind, seed=seed), prompts(lengths, seed=seed)
    options = {"method": method, "end_token": 1, "return_scores": True}
    together, scores = model.generate(given, 5, **options)
    for prompt, row, score in zip(given, together, scores, strict=True):
        alone, its_score = model.generate(np.array([prompt]), 5, **options)
        np.testing.assert_array_equal(row, alone[0])
        np.testing.assert_allclose(score, its_score[0], rtol=1e-4, atol=1e-5)


def test_a_symbol_that_is_masked_is_masked_in_generation_too():
    model = Sequential(
        [Embedding(5, 4, mask_zero=True), LSTM(6, return_sequences=True), Dense(5, "softmax")]
    )
    model.build((None, None))
    spread(model, seed=5)
    given = [[0, 3, 0, 0, 2], [1]]
    for prompt, row in zip(given, model.generate(given, 8), strict=True):
        assert row.tolist() == one_by_one(model, prompt, 8, None)


def causal_convolution():
    tokens = Input((None,), dtype="int32")
    x = Embedding(5, 4)(tokens)
    x = Conv1D(4, 3, padding="causal", activation="tanh")(x)
    x = Add()([x, LSTM(4, return_sequences=True)(x)])
    return spread(Model(tokens, Activation("softmax")(TimeDistributed(Dense(5))(x))), 3)


def test_a_model_without_masks_goes_on_with_prompts_of_one_length_only():
    model = causal_convolution()
    given = prompts([5, 5])
    for prompt, row in zip(given, model.generate(given, 6), strict=True):
        assert row.tolist() == one_by_one(model, prompt, 6, None)
    with pytest.raises(ValueError, match=r"5 to 6 tokens, and cannot use their mask: Conv1D 'c"):
        model.generate([given[0], [*given[0], 1]], 6)


def test_a_model_for_windows_of_one_length_goes_on_with_any_prompt():
    model = spread(Sequential([Input((4,)), Embedding(5, 3), GRU(4, return_sequences=True)]), 2)
    model.add(Dense(5, activation="softmax"))
    spread(model, 4)
    long = Sequential([Input((None,)), *model.layers])
    for prompt in prompts([2, 4, 7]):
        row = model.generate([prompt], 5)[0]
        assert row.tolist() == one_by_one(long, prompt, 5, None)


def test_states_that_a_stateful_model_keeps_are_neither_used_nor_changed():
    layers = [Embedding(5, 4), LSTM(6, return_sequences=True, stateful=True), Dense(5, "softmax")]
    model = spread(Sequential([Input(batch_shape=(1, None), dtype="int32"), *layers]))
    first = model.generate([[1, 2]], 6)
    model.predict(np.array([[3, 4, 2]]), verbose=0)
    before = model.get_states()
    np.testing.assert_array_equal(model.generate([[1, 2]], 6), first)
    jax.tree.map(np.testing.assert_array_equal, before, model.get_states())


# -------------------------------------------------------------------------------------- beam


@settings(max_examples=8)
@given(kind=few, seed=st.integers(0, 1000), penalty=st.sampled_from([0.0, 0.7]))
def test_a_beam_of_one_is_greedy_search(kind, seed, penalty):
    model, given = language_model(kind, seed=seed), prompts([2, 4, 4], seed=seed)
    options = {"end_token": 0, "pad_token": 7}
    np.testing.assert_array_equal(
        model.generate(given, 7, method="beam", beam_width=1, length_penalty=penalty, **options),
        model.generate(given, 7, **options),
    )


@settings(max_examples=8)
@given(kind=few, seed=st.integers(0, 1000), width=st.just(4), penalty=st.floats(0, 1.5))
def test_the_score_of_a_beam_is_the_models_own(kind, seed, width, penalty):
    model, given = language_model(kind, seed=seed), prompts([3, 2], seed=seed)
    tokens, scores = model.generate(
        given, 4, method="beam", beam_width=width, length_penalty=penalty, end_token=1,
        pad_token=-1, return_beams=True,
    )  # fmt: skip
    assert tokens.shape == (2, width, 4) and scores.shape == (2, width)
    assert (np.diff(scores) <= 0).all()
    for prompt, beams, row in zip(given, tokens, scores, strict=True):
        assert len({tuple(beam) for beam in beams}) == width
        for beam, score in zip(beams, row, strict=True):
            own = written(beam, 1)
            assert (beam[len(own) :] == -1).all()
            expected = log_p(model, prompt, own) / ((5 + len(own)) / 6) ** penalty
            np.testing.assert_allclose(score, expected, rtol=1e-4, atol=1e-5)


@settings(max_examples=8)
@given(kind=few, seed=st.integers(0, 1000), penalty=st.sampled_from([0.0, 0.6, 1.0]))
def test_a_beam_as_wide_as_all_sequences_finds_the_best(kind, seed, penalty):
    model, end, length = language_model(kind, vocabulary=3, seed=seed), 2, 3
    (prompt,) = prompts([2], 3, seed)
    every = {tuple(written(s, end)) for s in itertools.product(range(3), repeat=length)}
    ranked = sorted(every, key=lambda s: -log_p(model, prompt, s) / ((5 + len(s)) / 6) ** penalty)
    tokens, scores = model.generate(
        [prompt], length, method="beam", beam_width=len(every) + 3, length_penalty=penalty,
        end_token=end, pad_token=-1, return_beams=True,
    )  # fmt: skip
    found = [tuple(written(row, end)) for row in tokens[0, : len(every)]]
    assert found == ranked
    assert np.isneginf(scores[0, len(every) :]).all()  # there are no others
    best, score = model.generate(
        [prompt], length, method="beam", beam_width=len(every), length_penalty=penalty,
        end_token=end, pad_token=-1, return_scores=True,
    )  # fmt: skip
    assert best[0].tolist() == tokens[0, 0].tolist() and score[0] == scores[0, 0]


# ---------------------------------------------------------------------------------- sampling


def test_samples_have_the_probabilities_of_the_model():
    model = language_model("gru", vocabulary=4, seed=2)
    n, temperature = 4000, 1.4
    p = np.log(model.predict(np.array([[1, 2]]), verbose=0)[0, -1].astype(float)) / temperature
    p = np.exp(p) / np.exp(p).sum()
    tokens, scores = model.generate(
        [[1, 2]] * n, 2, method="sample", temperature=temperature, seed=3, return_scores=True
    )
    counts = np.bincount(tokens[:, 0], minlength=4)
    # Chi-square with 3 degrees of freedom: beyond 16.3 once in a thousand.
    assert ((counts - n * p) ** 2 / (n * p)).sum() < 16.3
    first = int(counts.argmax())
    q = np.log(model.predict(np.array([[1, 2, first]]), verbose=0)[0, -1].astype(float))
    q = np.exp(q / temperature) / np.exp(q / temperature).sum()
    counts = np.bincount(tokens[tokens[:, 0] == first, 1], minlength=4)
    assert ((counts - counts.sum() * q) ** 2 / (counts.sum() * q)).sum() < 16.3
    for row, score in zip(tokens[:5], scores[:5], strict=True):
        np.testing.assert_allclose(score, log_p(model, [1, 2], row), rtol=1e-4)


@settings(max_examples=6)
@given(kind=few, seed=st.integers(0, 1000))
def test_sampling_from_one_token_or_without_heat_is_greedy_search(kind, seed):
    model, given = language_model(kind, seed=seed), prompts([2, 3], seed=seed)
    greedy = model.generate(given, 6, end_token=4)
    for options in ({"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-4}):
        drawn = model.generate(given, 6, end_token=4, method="sample", seed=seed, **options)
        np.testing.assert_array_equal(drawn, greedy)


@settings(max_examples=15)
@given(
    p=st.lists(st.integers(1, 50), min_size=6, max_size=6, unique=True),
    top_k=st.integers(1, 7),
    top_p=st.floats(0.05, 1.0),
    temperature=st.floats(0.5, 2.0),
)
def test_only_the_tokens_that_the_options_leave_are_drawn(p, top_k, top_p, temperature):
    q = (np.array(p) / np.sum(p)) ** (1 / temperature)
    order = np.argsort(-q)[:top_k]
    share = q[order] / q[order].sum()
    before = np.concatenate([[0], np.cumsum(share)[:-1]])
    assume(np.abs(before - top_p).min() > 1e-5)  # float32 might not tell
    left = set(order[before < top_p].tolist())
    n = 3000
    log_p = np.broadcast_to(np.log(np.array(p) / np.sum(p)), (n, 1, len(p))).astype("float32")
    none = Hypotheses(*[np.zeros((n, 1), bool)] * 4)
    key = jax.random.PRNGKey(len(p))
    draw = jax.jit(choose_at_random)
    _, tokens, added = draw(none, log_p, key, temperature, top_k, top_p)
    counts = np.bincount(np.asarray(tokens)[:, 0], minlength=len(p))
    assert set(np.flatnonzero(counts).tolist()) <= left
    kept = np.array(sorted(left))
    expected = n * q[kept] / q[kept].sum()
    assert ((counts[kept] - expected) ** 2 / expected).sum() < 35  # 7 degrees: once in 100 000
    np.testing.assert_allclose(added, np.take(log_p[0, 0], tokens))


def test_a_seed_repeats_and_the_global_seed_does_so_too():
    model = language_model()
    draw = lambda **k: model.generate([[1]] * 8, 6, method="sample", **k).tolist()  # noqa: E731
    assert draw(seed=1) == draw(seed=1) != draw(seed=2)
    cello.utils.set_random_seed(5)
    first = draw(), draw()
    cello.utils.set_random_seed(5)
    assert (draw(), draw()) == first and first[0] != first[1]
    assert draw(seed=1)[:1] == model.generate([[1]], 6, method="sample", seed=1).tolist()


# ------------------------------------------------------------------ probabilities and logits


class Scaled(Layer):
    supports_masking = True
    streams = True

    def call(self, inputs):
        return inputs * 1.0


def test_logits_and_probabilities_give_the_same():
    probabilities = language_model(activation="softmax")
    logits = language_model(activation=None)
    logits.set_weights(probabilities.get_weights())
    for options in ({}, {"method": "beam", "end_token": 1}, {"method": "sample", "seed": 1}):
        a, s = probabilities.generate([[1, 2]], 6, return_scores=True, **options)
        b, t = logits.generate([[1, 2]], 6, return_scores=True, **options)
        np.testing.assert_array_equal(a, b)
        np.testing.assert_allclose(s, t, rtol=1e-4)


def test_the_loss_tells_where_the_last_layer_does_not():
    base = language_model(activation=None)
    own = Sequential([*base.layers, Scaled()])
    with pytest.raises(ValueError, match="pass from_logits=True or from_logits=False"):
        own.generate([[1, 2]], 4)
    expected, score = base.generate([[1, 2]], 4, return_scores=True)
    own.compile(loss=cello.losses.SparseCategoricalCrossentropy(from_logits=True))
    for options in ({}, {"from_logits": True}):
        tokens, found = own.generate([[1, 2]], 4, return_scores=True, **options)
        np.testing.assert_array_equal(tokens, expected)
        np.testing.assert_allclose(found, score, rtol=1e-5)


# ------------------------------------------------------------------------------- compilation


class Counting(Layer):
    """Passes on what it gets, and counts how often it is traced."""

    supports_masking = True
    streams = True

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.traces = 0

    def call(self, inputs):
        self.traces += 1
        return inputs


def test_one_program_serves_all_prompts_of_about_a_length_and_all_weights():
    counting = Counting()
    model = Sequential([Embedding(5, 4), counting, LSTM(6, return_sequences=True)])
    model.add(Dense(5, activation="softmax"))
    model.compile(cello.optimizers.SGD(5.0), "sparse_categorical_crossentropy")

    def write(prompt, **options):  # with scores it is JAX that writes
        return model.generate(prompt, 6, return_scores=True, **options)[0]

    write([[1, 2, 3, 4, 1]])
    spread(model)
    before, traces = write([[1, 2, 3, 4, 1]]), counting.traces
    write([[1, 2, 3, 4, 1, 2]], end_token=3, pad_token=1)  # 6 steps as well
    write(np.array([[4, 2, 3, 4, 1]]), end_token=4)
    assert counting.traces == traces
    x = np.array(prompts([9] * 8))
    model.fit(x[:, :-1], (x[:, 1:] + 2) % 5, epochs=30, verbose=0)
    traces = counting.traces
    after = write([[1, 2, 3, 4, 1]])
    assert counting.traces == traces
    assert after.tolist() != before.tolist()
    assert after[0].tolist() == one_by_one(model, [1, 2, 3, 4, 1], 6, None)
    model.generate([[1, 2]], 6, method="sample", seed=1)
    traces = counting.traces
    model.generate([[1, 2]], 6, method="sample", seed=2, temperature=0.5, top_k=3, top_p=0.5)
    assert counting.traces == traces


def test_rows_stop_at_the_end_and_the_loop_with_the_last():
    model = language_model(seed=3)
    end = int(model.generate([[1]], 1)[0, 0])
    tokens = model.generate([[1], [1]], 1000, end_token=end, pad_token=8)
    assert tokens[:, 0].tolist() == [end] * 2 and (tokens[:, 1:] == 8).all()


# ------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_length": None}, r"max_length must be given, since a row that never gives the end"),
        ({"max_length": 0}, "max_length must be a positive integer"),
        ({"method": "beem"}, 'method must be "greedy", "sample" or "beam". Did you mean "beam"'),
        ({"method": "beam"}, "compares hypotheses that end: pass the token"),
        ({"method": "sample", "top_p": 0.0}, "top_p must be None or a number above 0 and up to 1"),
        ({"method": "sample", "top_p": 1.5}, "top_p must be None or a number above 0 and up to 1"),
        ({"method": "sample", "top_k": 0}, "top_k must be None or a positive integer"),
        ({"method": "sample", "temperature": 0}, 'above 0 .method="greedy" is the limit'),
        ({"temperature": 0.5}, "temperature is for method='sample' and would do nothing"),
        ({"length_penalty": 0.5}, "length_penalty is for method='beam' and would do nothing"),
        ({"method": "beam", "end_token": 5}, "end_token must be one of the 5 tokens"),
        ({"prompt": [[1.0, 2.0]]}, "a prompt of integers, the tokens, and got float32"),
        ({"prompt": [[1], []]}, r"prompt\[1\] has no steps"),
        ({"prompt": [1, 2]}, r"got \[1, 2\]: write \[prompt\]"),
        ({"prompt": np.ones((1, 2, 3), int)}, r"got an array of shape \(1, 2, 3\)"),
        ({"prompt": []}, r"got \[\]"),
        ({"prompt": [[1, 77]]}, "the model gives NaN for row 0: are there tokens"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    options = {"prompt": [[1, 2]], "max_length": 3, **options}
    with pytest.raises(ValueError, match=message):
        language_model().generate(**options)


def test_an_unknown_option_is_named():
    with pytest.raises(TypeError, match="end_tokens"):
        language_model().generate([[1]], 3, end_tokens=1)


def test_a_model_that_needs_the_whole_sequence_is_refused_by_name():
    layers = [Embedding(5, 4), Bidirectional(LSTM(3, return_sequences=True), name="both"), Dense(5)]
    with pytest.raises(ValueError, match=r"Bidirectional 'both' cannot run .*in generation"):
        Sequential([Input((None,)), *layers]).generate([[1]], 3)


@pytest.mark.parametrize("last", [LSTM(5), GRU(5, return_state=True, return_sequences=True)])
def test_a_model_without_scores_for_each_token_is_refused(last):
    tokens = Input((None,))
    model = Model(tokens, last(Embedding(5, 4)(tokens)))
    with pytest.raises(ValueError, match=r"must give scores for each token.*return_sequences=Tr"):
        model.generate([[1]], 3)


def test_one_prompt_is_gone_on_with_in_a_session():
    """As JAX does with scores; after the weights have changed, and in threads, as well."""
    model = Sequential([Input((None,), dtype="int32"), Embedding(7, 4)])
    model.add(cello.layers.GRU(6, return_sequences=True))
    model.add(Dense(7, activation="softmax"))
    spread(model, by=2.0)  # it remembers for long
    rng = np.random.default_rng(0)
    prompts = [rng.integers(0, 7, (1, length)) for length in (1, 3, 8)]

    def check(prompt, **options):
        want = model.generate(prompt, 12, return_scores=True, **options)[0]
        np.testing.assert_array_equal(model.generate(prompt, 12, **options), want)
        return want

    for token in range(7):
        check([[token]])
    for prompt in prompts:
        written = check(prompt)
        check(prompt, end_token=int(written[0, 3]), pad_token=6)
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda _: model.generate(prompts[1], 300).tolist(), range(12)))
    assert all(one == found[0] for one in found)
    model.set_weights([-w for w in model.get_weights()])
    check(prompts[1])
    check(prompts[2])
    model.set_weights([w * np.nan for w in model.get_weights()])
    with pytest.raises(ValueError, match="gives NaN for row 0"):
        model.generate(prompts[0], 4)
