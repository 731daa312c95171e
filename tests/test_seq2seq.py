"""`Seq2Seq`: teacher forcing, and targets that the model writes."""

import functools
import itertools
import subprocess
import sys

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cello
from cello import Input, Model, Seq2Seq, Sequential
from cello.core.masking import get_mask
from cello.layers import (
    GRU,
    LSTM,
    RNN,
    Attention,
    AttentionCell,
    Bidirectional,
    Concatenate,
    Dense,
    Embedding,
    GRUCell,
    Lambda,
    LSTMCell,
    SimpleRNN,
)

COMPILATIONS = 210

DEEP = pytest.mark.deep
START, END, TOKENS = 8, 9, 10


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def sequences(lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, 8, n) for n in lengths]


def lstm():
    """The last states only; no attention."""
    source, tokens = Input((None,), dtype="int32"), Input((None,), dtype="int32")
    states = [Input((5,)), Input((5,))]
    _, *last = LSTM(5, return_state=True)(Embedding(TOKENS, 4, mask_zero=True)(source))
    y = LSTM(5, return_sequences=True)(Embedding(TOKENS, 4)(tokens), initial_state=states)
    out = Dense(TOKENS, activation="softmax")(y)
    return Model(source, last), Model([tokens, *states], out)


def attention(mask_zero=False):
    """Both directions of the source, looked at in each step."""
    source, tokens, memory = Input((None,)), Input((None,)), Input((None, 6))
    x = Embedding(TOKENS, 4, mask_zero=mask_zero)(source)
    encoder = Model(source, Bidirectional(GRU(3, return_sequences=True))(x))
    y = GRU(6, return_sequences=True)(Embedding(TOKENS, 4, mask_zero=mask_zero)(tokens))
    y = SimpleRNN(6, return_sequences=True)(Concatenate()([y, Attention()([y, memory])]))
    return encoder, Model([tokens, memory], Dense(TOKENS)(y))


def cells():
    """Cells with attention: one asks before it steps, one is fed with what it found."""
    source, tokens = Input((None,), dtype="int32"), Input((None,), dtype="int32")
    memory, state = Input((None, 4)), Input((4,))
    x = Embedding(TOKENS, 4)(source)
    encoder = Model(source, GRU(4, return_sequences=True, return_state=True)(x))
    y = Embedding(TOKENS, 3)(tokens)
    cell = AttentionCell(GRUCell(4), mechanism="bahdanau", units=3)
    y = RNN(cell, return_sequences=True)(y, initial_state=[state], constants=[memory])
    y = RNN(AttentionCell(LSTMCell(3)), return_sequences=True)(y, constants=[memory])
    return encoder, Model([tokens, memory, state], Dense(TOKENS)(y))


def features():
    """A source that is not of tokens; an encoder without a mask of its own."""
    source, tokens, state = Input((None, 3)), Input((None,)), Input((5,))
    y = GRU(5, return_sequences=True)(Embedding(TOKENS, 4)(tokens), initial_state=[state])
    return Model(source, GRU(5)(source)), Model([tokens, state], Dense(TOKENS)(y))


KINDS = {
    "lstm": lstm,
    "attention": attention,
    "attention, zero masked": lambda: attention(mask_zero=True),
    "cells": cells,
    "features": features,
}
kinds = st.sampled_from(["attention, zero masked", "cells", "features"])  # beams have the others


def made(kind):
    return Seq2Seq(*KINDS[kind](), start_token=START, end_token=END)


@functools.cache
def built(kind):
    model = made(kind)
    return model, model.get_weights()


def model_of(kind, seed=1):
    model, start = built(kind)
    rng = np.random.default_rng(seed)
    model.set_weights([w + 0.7 * rng.normal(size=w.shape) for w in start])
    return model


def sources_for(kind, lengths, seed=0):
    if kind == "features":
        return [normal(n, 3, seed=seed + i) for i, n in enumerate(lengths)]
    return sequences(lengths, seed)


def probabilities(model, source, tokens):
    """What the decoder says behind `tokens`, for one source alone."""
    padded = np.zeros((1, 8), int)  # later tokens change nothing before them
    padded[0, : len(tokens) + 1] = [START, *tokens]
    out = model.predict([np.asarray(source)[None], padded], verbose=0)[0, : len(tokens) + 1]
    if out.min() >= 0 and np.allclose(out.sum(-1), 1, atol=1e-4):
        return out
    return np.asarray(jax.nn.softmax(out))


def log_p(model, source, tokens):
    p = probabilities(model, source, tokens[:-1])
    return sum(np.log(p[i, t]) for i, t in enumerate(tokens))


def one_by_one(model, source, n):
    found = []
    while len(found) < n and END not in found:
        found.append(int(probabilities(model, source, found)[-1].argmax()))
    return found


def written(row):
    row = list(row)
    return row[: row.index(END) + 1] if END in row else row


# ------------------------------------------------------------------------------- generation


@settings(max_examples=10)
@given(
    kind=kinds,
    seed=st.integers(0, 1000),
    lengths=st.sampled_from([[1, 4], [4, 1], [4, 4]]),
)
def test_greedy_search_reads_what_it_wrote(kind, seed, lengths):
    model, sources = model_of(kind, seed), sources_for(kind, lengths, seed)
    tokens, scores = model.generate(sources, 4, return_scores=True)
    for source, row, score in zip(sources, tokens, scores, strict=True):
        expected = one_by_one(model, source, 4)
        assert row.tolist() == expected + [0] * (4 - len(expected))
        np.testing.assert_allclose(score, log_p(model, source, expected), rtol=1e-4, atol=1e-5)


@settings(max_examples=6)
@given(
    kind=st.just("lstm"),
    seed=st.integers(0, 1000),
    penalty=st.sampled_from([0.0, 0.8]),
)
def test_beams_have_the_models_scores_and_a_beam_of_one_is_greedy(kind, seed, penalty):
    model, sources = model_of(kind, seed), sources_for(kind, [5, 2], seed)
    options = {"method": "beam", "length_penalty": penalty}
    greedy = model.generate(sources, 4)
    np.testing.assert_array_equal(model.generate(sources, 4, beam_width=1, **options), greedy)
    tokens, scores = model.generate(sources, 4, beam_width=3, return_beams=True, **options)
    for source, beams, row in zip(sources, tokens, scores, strict=True):
        assert len({tuple(beam) for beam in beams}) == 3
        for beam, score in zip(beams, row, strict=True):
            own = written(beam)
            expected = log_p(model, source, own) / ((5 + len(own)) / 6) ** penalty
            np.testing.assert_allclose(score, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["attention"])
def test_a_wide_beam_finds_the_likeliest_of_all(kind):
    model, sources = model_of(kind, 3), sources_for(kind, [4, 6])
    every = {tuple(written(s)) for s in itertools.product(range(TOKENS), repeat=2)}
    tokens = model.generate(sources, 2, method="beam", beam_width=len(every))
    for source, row in zip(sources, tokens, strict=True):
        assert tuple(written(row)) == max(every, key=lambda s: log_p(model, source, s))


def test_samples_of_a_source_differ_and_repeat_with_the_seed():
    model, source = model_of("attention"), sequences([4])
    draw = functools.partial(model.generate, source * 6, 5, method="sample")
    np.testing.assert_array_equal(draw(seed=4), draw(seed=4))
    assert len({tuple(row) for row in draw(seed=4)}) > 1
    np.testing.assert_array_equal(draw(seed=1, top_k=1), model.generate(source * 6, 5))


def test_the_encoder_runs_once():
    lengths = []

    class Watching(cello.layers.Layer):
        supports_masking = True

        def call(self, inputs):
            lengths.append(inputs.shape)
            return inputs

    source = Input((None,), dtype="int32")
    encoder = Model(source, Watching()(LSTM(5, return_state=True)(Embedding(10, 4)(source))[1]))
    _, decoder = features()
    model = Seq2Seq(encoder, decoder, START, END)
    lengths.clear()
    model.generate(np.array([[1, 2, 3]] * 2), 4, method="beam", beam_width=3)
    assert set(lengths) == {(2, 5)}  # not for each beam
    count = len(lengths)
    model.generate(np.array([[3, 2, 1]] * 2), 4, method="beam", beam_width=3)
    assert len(lengths) == count


# ---------------------------------------------------------------------------------- training


def explicit(model):
    """The same computation as a functional model of `[source, tokens before]`."""
    source = Input(model.encoder.inputs[0].shape[1:], dtype=model.encoder.inputs[0].dtype)
    tokens = Input((None,), dtype="int32")
    encoded = jax.tree.leaves(model.encoder(source))
    return Model([source, tokens], model.decoder([tokens, *encoded]))


@pytest.mark.parametrize(
    "kind",
    [
        "attention, zero masked",
        "features",
        *(pytest.param(k, marks=DEEP) for k in ("cells", "lstm")),
    ],
)
def test_a_step_of_teacher_forcing_is_one_of_the_explicit_model(kind):
    """Each row by itself and without padding, in the explicit model; their steps counted alike."""
    lengths, target_lengths = [3, 6], [4, 1]
    sources, targets = sources_for(kind, lengths), sequences(target_lengths, seed=3)
    model = model_of(kind)
    start, other = model.get_weights(), explicit(model)
    logits = kind != "lstm"
    loss = cello.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(cello.optimizers.SGD(1.0), loss, metrics=["accuracy"])
    value, accuracy = model.train_on_batch(sources, targets)
    stepped = [a - b for a, b in zip(start, model.get_weights(), strict=True)]

    model.set_weights(start)
    function, variables = other.as_function()
    names = list(variables["trainable"])

    def total(trainable):
        found = 0.0
        for source, target in zip(sources, targets, strict=True):
            full = np.append(target, END)
            tokens = np.append(START, target)[None]
            out = function({**variables, "trainable": trainable}, [source[None], tokens])[0]
            p = jax.nn.log_softmax(out) if logits else jax.numpy.log(out)
            found -= p[np.arange(len(full)), full].sum()
        return found / sum(n + 1 for n in target_lengths)

    expected, gradients = jax.jit(jax.value_and_grad(total))(variables["trainable"])
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    by_value = {id(v): n for n, v in zip(names, other.trainable_weights, strict=True)}
    for variable, step in zip(model.trainable_weights, stepped, strict=True):
        np.testing.assert_allclose(step, gradients[by_value[id(variable)]], rtol=2e-4, atol=2e-6)
    right = [
        probabilities(model, s, t).argmax(-1) == np.append(t, END)
        for s, t in zip(sources, targets, strict=True)
    ]
    np.testing.assert_allclose(accuracy, np.concatenate(right).mean(), rtol=1e-5)


def test_teacher_forcing_gives_keras_gradients():
    keras = pytest.importorskip("keras")
    model = model_of("lstm", 4)
    k = keras.layers
    source, tokens = k.Input((None,), dtype="int32"), k.Input((None,), dtype="int32")
    x = k.Embedding(TOKENS, 4, mask_zero=True)(source)
    _, *states = k.LSTM(5, return_state=True)(x)
    y = k.Embedding(TOKENS, 4)(tokens)
    y = k.LSTM(5, return_sequences=True)(y, initial_state=states)
    twin = keras.Model([source, tokens], k.Dense(TOKENS, activation="softmax")(y))
    by_shape = [[w.shape for w in m.get_weights()] for m in (model.encoder, model.decoder)]
    order = [v.shape for v in twin.weights]
    ours = [*model.encoder.weights, *model.decoder.weights]
    embeddings = [w for w in ours if "embedding" in w.path]
    rest = [w for w in ours if "embedding" not in w.path]
    theirs_e = [w for w in twin.weights if "embedding" in w.path]
    theirs = [w for w in twin.weights if "embedding" not in w.path]
    assert len(by_shape[0]) + len(by_shape[1]) == len(order)
    pairs = [*zip(embeddings, theirs_e, strict=True), *zip(rest, theirs, strict=True)]
    for a, b in pairs:
        b.assign(a.numpy())
    x = np.array([[1, 2, 3, 0], [4, 5, 6, 7]])
    target = np.array([[3, 2, END], [5, 6, END]])
    before = np.array([[START, 3, 2], [START, 5, 6]])
    twin.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    model.compile(cello.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    expected = twin.train_on_batch([x, before], target)
    np.testing.assert_allclose(model.train_on_batch(x, target), expected, rtol=1e-5)
    for a, b in pairs:
        np.testing.assert_allclose(a.numpy(), np.asarray(b.value), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("kind", ["attention"])
def test_padded_arrays_lists_and_batches_are_the_same_targets(kind):
    sources, targets = sources_for(kind, [4] * 5), sequences([3, 1, 4, 2, 3], seed=1)
    padded = cello.utils.pad_sequences(targets, padding="post", maxlen=6)
    ended = [np.append(t, END) for t in targets]
    results = []
    for y in (targets, padded, ended):
        model = model_of(kind)
        logits = cello.losses.SparseCategoricalCrossentropy(from_logits=kind != "lstm")
        model.compile(cello.optimizers.SGD(0.5), logits, metrics=["accuracy"])
        x = np.stack(sources) if y is padded else sources
        model.fit(x, y, batch_size=5, epochs=2, verbose=0, shuffle=False)
        results.append([*model.get_weights(), *model.evaluate(x, y, verbose=0)])
    model = model_of(kind)
    model.compile(cello.optimizers.SGD(0.5), logits, metrics=["accuracy"])
    model.fit([(np.stack(sources), padded)], epochs=2, verbose=0)
    results.append([*model.get_weights(), *model.evaluate(sources, targets, verbose=0)])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_an_empty_target_is_its_end_token():
    model = model_of("lstm")
    model.compile("sgd", "sparse_categorical_crossentropy")
    source = np.array([[1, 2, 3]])
    loss = model.evaluate(source, [[]], verbose=0)
    np.testing.assert_allclose(loss, -log_p(model, source[0], [END]), rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(source, [[0, 0]], verbose=0), loss, rtol=1e-6)


def test_the_mask_of_the_encoder_comes_to_the_decoder():
    model = model_of("attention, zero masked")
    seen = []
    plain = model.decoder.call

    def call(inputs, *args, **kwargs):
        seen.append(get_mask(inputs[1]))
        return plain(inputs, *args, **kwargs)

    model.decoder.call = call
    try:
        source, tokens = np.array([[1, 2, 0, 0], [3, 4, 5, 0]]), np.array([[START, 1]] * 2)
        outputs = model([source, tokens])
        np.testing.assert_array_equal(seen[-1], source != 0)
    finally:
        del model.decoder.call
    alone = model([source[:1, :2], tokens[:1]])
    np.testing.assert_allclose(outputs[0], alone[0], rtol=1e-4, atol=1e-5)


@DEEP
def test_reversing_digits_is_learned():
    sources = sequences(np.random.default_rng(0).integers(2, 6, 1500), seed=4)
    targets = [s[::-1] for s in sources]
    source, tokens = Input((None,), dtype="int32"), Input((None,), dtype="int32")
    memory, start = Input((None, 32)), Input((32,))
    encoder = GRU(32, return_sequences=True, return_state=True)
    encoder = Model(source, encoder(Embedding(TOKENS, 12)(source)))
    y = GRU(32, return_sequences=True)(Embedding(TOKENS, 12)(tokens), initial_state=[start])
    y = Concatenate()([y, Attention()([y, memory])])
    decoder = Model([tokens, memory, start], Dense(TOKENS, activation="softmax")(y))
    model = Seq2Seq(encoder, decoder, START, END)
    model.compile(cello.optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    model.fit(sources[:1300], targets[:1300], epochs=15, verbose=0)
    for options in ({}, {"method": "beam", "beam_width": 3}):
        tokens = model.generate(sources[1300:], 6, **options)
        right = [written(t) == [*y, END] for t, y in zip(tokens, targets[1300:], strict=True)]
        assert np.mean(right) > 0.95


# ------------------------------------------------------------------------------------ saving


@pytest.mark.parametrize(
    "kind", ["features", *(pytest.param(kind, marks=DEEP) for kind in ("lstm", "cells"))]
)
def test_a_reloaded_model_writes_the_same(kind, tmp_path):
    model, sources = model_of(kind, 6), sources_for(kind, [3, 5])
    model.compile("adam", cello.losses.SparseCategoricalCrossentropy(from_logits=kind != "lstm"))
    model.fit(sources, sequences([2, 4]), verbose=0)
    model.save(tmp_path / "model.keras")
    model.save_weights(tmp_path / "model.safetensors")
    loaded = cello.models.load_model(tmp_path / "model.keras")
    fresh = made(kind)
    fresh.load_weights(tmp_path / "model.safetensors")
    options = {"method": "beam", "return_scores": True}
    tokens, scores = model.generate(sources, 6, **options)
    for other in (loaded, fresh):
        again, its_scores = other.generate(sources, 6, **options)
        np.testing.assert_array_equal(tokens, again)
        np.testing.assert_array_equal(scores, its_scores)
    losses = [m.fit(sources, sequences([2, 4]), verbose=0) for m in (model, loaded)]
    assert losses[0].history == losses[1].history  # the optimiser was saved as well


@DEEP
@pytest.mark.deep
def test_a_fresh_process_writes_the_same(tmp_path):
    model, sources = model_of("attention", 6), np.array([[3, 5, 1], [1, 2, 2]])
    model.save(tmp_path / "model.keras")
    program = (
        "import cello; model = cello.models.load_model('model.keras'); "
        f"print(model.generate({sources.tolist()}, 6, method='beam').tolist())"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, cwd=tmp_path
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip() == str(model.generate(sources, 6, method="beam").tolist())


def test_an_embedding_that_both_sides_share_is_saved_once(tmp_path):
    both = Embedding(TOKENS, 4, name="both")
    source, tokens, state = Input((None,)), Input((None,)), Input((5,))
    encoder = Model(source, GRU(5)(both(source)))
    y = GRU(5, return_sequences=True)(both(tokens), initial_state=[state])
    model = Seq2Seq(encoder, Model([tokens, state], Dense(TOKENS)(y)), START, END)
    assert len(model.weights) == 1 + 3 + 3 + 2
    model.save(tmp_path / "model.keras")
    loaded = cello.models.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == len(model.weights)
    sources = sequences([2, 4])
    np.testing.assert_array_equal(loaded.generate(sources, 5), model.generate(sources, 5))


# ------------------------------------------------------------------------------------ errors


def test_tokens_that_cannot_be_are_refused():
    encoder, decoder = lstm()
    with pytest.raises(ValueError, match=r"end_token must be an integer.* end_token=None"):
        Seq2Seq(encoder, decoder, START, None)
    with pytest.raises(ValueError, match="end_token and pad_token must differ"):
        Seq2Seq(encoder, decoder, START, 0)
    with pytest.raises(ValueError, match="decoder must be a model and is a Dense"):
        Seq2Seq(encoder, Dense(3), START, END)
    with pytest.raises(ValueError, match="end_token must be one of the 10 tokens"):
        Seq2Seq(encoder, decoder, START, 10).generate([[1, 2]], 3)


def test_targets_that_cannot_be_are_refused():
    model = model_of("lstm")
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"a target is a sequence of integers.* y\[0\] has the sh"):
        model.fit(np.array([[1, 2]]), np.ones((1, 3), "float32"))
    with pytest.raises(ValueError, match="all arrays need the same number of rows"):
        model.fit(np.array([[1, 2]]), [[1], [2]])
    with pytest.raises(ValueError, match=r"called on a list \[source, tokens\]"):
        model.predict(np.array([[1, 2, 3]]), verbose=0)
    with pytest.raises(ValueError, match=r"the encoder has read the whole source"):
        model.fit(np.array([[1, 2]]), [[1, 2]], tbptt=1, verbose=0)
    with pytest.raises(ValueError, match="max_length must be given"):
        model.generate([[1, 2]])
    with pytest.raises(TypeError, match="end_token"):
        model.generate([[1, 2]], 3, end_token=1)


def test_a_decoder_that_looks_ahead_is_refused_by_name():
    tokens, state = Input((None,)), Input((5,))
    y = Bidirectional(GRU(5, return_sequences=True), name="both")(Embedding(TOKENS, 4)(tokens))
    encoder, _ = features()
    model = Seq2Seq(encoder, Model([tokens, state], Dense(TOKENS)(y)), START, END)
    with pytest.raises(ValueError, match="Bidirectional 'both' cannot run"):
        model.generate([normal(3, 3)], 4)


def test_sources_whose_padding_an_encoder_would_see_are_refused():
    source = Input((None, 3))
    encoder = Sequential([source, Lambda(lambda x: x.mean(1), name="mean"), Dense(5)])
    model = Seq2Seq(encoder, features()[1], START, END)
    with pytest.raises(
        ValueError, match=r"2 to 3 tokens, and cannot use their mask: Lambda 'mean'"
    ):
        model.generate([normal(3, 3), normal(2, 3)], 4)
    alone = [model.generate([normal(3, 3, seed=i)], 4)[0] for i in range(2)]
    both = model.generate([normal(3, 3, seed=i) for i in range(2)], 4)
    np.testing.assert_array_equal(both, alone)
