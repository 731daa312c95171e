"""Lookups and texts: what Keras' documents say they give, and counts in plain Python.

Keras' own need TensorFlow. So the expected values stand in the docstrings of the installed Keras.
"""

import ast
import collections
import doctest
import re

import keras
import numpy as np
import pandas
import pytest

import cello
from cello.layers import IntegerLookup, StringLookup, TextVectorization
from cello.ops.hashes import fingerprint, salted

COMPILATIONS = 250
TEXTS = ["The cat sat.", "the dog, the cat!", "A bird?", "dog bird bird sat"]


def examples(name):
    """The examples in the docstring of a layer of Keras': of each the code and what it gives."""
    text = getattr(keras.layers, name).__doc__
    return [(e.source, e.want) for e in doctest.DocTestParser().get_examples(text)]


def parsed(text):
    """What a docstring shows, as numbers or strings."""
    body = re.sub(r"^array\(|, dtype=.*$|\)>?$", "", text.strip())
    return ast.literal_eval(re.sub(r"(?<=[\[ ])b(?=')", "", body))


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization", "Hashing"])
def test_the_examples_in_the_documents_of_keras(name):
    known, checked = {"keras": cello, "np": np, **vars(cello.layers)}, 0
    for source, want in examples(name):
        if "oov_" in source.replace("num_oov_indices=2", ""):  # of strings made of integers
            continue
        if not want:
            exec(source, known)
            continue
        found, expected = eval(source, known), np.array(parsed(want))
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(found, expected, rtol=1e-6)
        else:
            np.testing.assert_array_equal(found, expected)
        checked += 1
    assert (
        checked
        >= {"StringLookup": 11, "IntegerLookup": 11, "TextVectorization": 2, "Hashing": 4}[name]
    )


# Of the first bytes of ALPHABET, by Google's C++ in pyfarmhash 0.5.1.
ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789" * 6
FINGERPRINTS = {
    0: 11160318154034397263,
    3: 2640714258260161385,
    7: 4341691227789030229,
    16: 6080716761534418621,
    17: 11394395984755135400,
    32: 934449955909727258,
    33: 17626719820827885067,
    64: 3646545258579766308,
    65: 13112763581500850699,
    128: 2056131915184924913,
    129: 13911000258917250518,
    200: 3225094344678046759,
}


@pytest.mark.parametrize("length", FINGERPRINTS)
def test_fingerprints_of_every_length(length):
    assert fingerprint(ALPHABET[:length].encode()) == FINGERPRINTS[length]


def test_the_vector_in_the_paper_of_siphash():
    key = [int.from_bytes(bytes(range(a, a + 8)), "little") for a in (0, 8)]
    assert salted(bytes(range(15)), key) == 0xA129CA6149BE45E5


def test_bins_of_integers_are_those_of_their_digits():
    layer = cello.layers.Hashing(4, mask_value=7, output_mode="count")
    texts = cello.layers.Hashing(4, mask_value="7", output_mode="count")
    found = layer([[7, 100, 300], [-5, 7, 7]])
    np.testing.assert_array_equal(found, texts([["7", "100", "300"], ["-5", "7", "7"]]))
    assert found[:, 0].tolist() == [1, 2] and found.sum() == 6
    again = type(layer).from_config(layer.get_config() | {"dtype": "int64"})
    np.testing.assert_array_equal(again([[7, 100, 300]]), found[:1])


def counted(text, lengths):
    """How often each n-gram is in a text."""
    words = re.findall(r"\w+", text.lower())
    grams = [zip(*(words[i:] for i in range(n)), strict=False) for n in lengths]
    return collections.Counter(" ".join(gram) for one in grams for gram in one)


@pytest.mark.parametrize("ngrams, lengths", [(None, [1]), (2, [1, 2]), ((2, 3), [2, 3])])
def test_counts_are_those_of_plain_python(ngrams, lengths):
    counts = [counted(text, lengths) for text in TEXTS]
    for mode in ("count", "multi_hot", "tf_idf"):
        layer = TextVectorization(ngrams=ngrams, output_mode=mode)
        layer.adapt(iter([np.array(TEXTS[:1]), pandas.Series(TEXTS[1:])]))
        tokens = layer.get_vocabulary(include_special_tokens=False)
        total = sum(counts, collections.Counter())
        assert tokens == sorted(total, key=lambda t: (total[t], t), reverse=True)
        want = np.array([[c[t] for t in tokens] for c in counts], "float64")
        if mode == "multi_hot":
            want = np.minimum(want, 1)
        if mode == "tf_idf":  # as Keras' documents have it
            weights = np.log(1 + len(TEXTS) / (1 + (want > 0).sum(axis=0)))
            want = want * weights
            np.testing.assert_allclose(layer.idf_weights, [weights.mean(), *weights])
        found = np.asarray(layer([*TEXTS, "what nobody knows"]))
        np.testing.assert_allclose(found[:-1, 1:], want, rtol=1e-5)
        assert not found[:-1, 0].any() and found[-1, 0] > 0 and not found[-1, 1:].any()


def test_what_a_text_may_come_in():
    layer = TextVectorization(max_tokens=5)
    layer.adapt(TEXTS)
    assert layer.get_vocabulary() == ["", "[UNK]", "the", "bird", "sat"]
    assert len(layer.get_vocabulary()) == layer.vocabulary_size() == 5
    want = layer(TEXTS)
    assert want.shape == (4, 4) and want.dtype == "int32"
    for form in (np.array(TEXTS), np.array(TEXTS)[:, None], pandas.Series(TEXTS), tuple(TEXTS)):
        np.testing.assert_array_equal(layer(form), want)
    np.testing.assert_array_equal(layer([t.encode() for t in TEXTS]), want)
    np.testing.assert_array_equal(layer(TEXTS[0]), want[0, :3])


@pytest.mark.parametrize(
    "options, text, tokens",
    [
        ({"standardize": None}, "The CAT.", ["The", "CAT."]),
        ({"standardize": "lower"}, "The CAT.", ["the", "cat."]),
        ({"standardize": "strip_punctuation"}, "The [CAT]-s!", ["The", "CATs"]),
        ({"split": "character"}, "A b", ["a", " ", "b"]),
        ({"split": None}, "The cat", ["the cat"]),
        ({"split": lambda text: text.split("t")}, "atb", ["a", "b"]),
        ({"standardize": lambda text: text[::-1]}, "ab cd", ["dc", "ba"]),
        ({"ngrams": 2}, "a b c", ["a", "b", "c", "a b", "b c"]),
        ({"ngrams": (3,)}, "a b c", ["a b c"]),
    ],
)
def test_the_tokens_of_a_text(options, text, tokens):
    assert TextVectorization(**options).tokens_of(text) == tokens


def test_masks_are_index_0_and_have_none_in_other_modes():
    layer = StringLookup(mask_token="", vocabulary=["a", "b"])
    np.testing.assert_array_equal(layer([["a", "", "q"]]), [[2, 0, 1]])
    numbers = IntegerLookup(mask_token=0, vocabulary=[7, 5])
    np.testing.assert_array_equal(numbers([[7, 0, 9]]), [[2, 0, 1]])
    hot = IntegerLookup(mask_token=0, vocabulary=[7, 5], output_mode="multi_hot")
    np.testing.assert_array_equal(hot([[7, 0, 7], [9, 0, 0]]), [[0, 1, 0], [1, 0, 0]])
    padded = {"max_tokens": 5, "pad_to_max_tokens": True, "output_mode": "count"}
    wide = StringLookup(mask_token="", vocabulary=["a", "b"], **padded)
    np.testing.assert_array_equal(wide([["a", "", "q"]]), [[1, 1, 0, 0, 0]])


def test_integers_are_looked_up_within_a_model(tmp_path):
    layer = IntegerLookup(max_tokens=4)
    layer.adapt(iter([[70, 70, 5], [5, 5, 9, 8]]))
    assert layer.get_vocabulary() == [-1, 5, 70, 9]
    x = cello.Input((None,), dtype="int32")
    model = cello.Model(x, cello.layers.Embedding(layer.vocabulary_size(), 2)(layer(x)))
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    data = np.array([[70, 1, 9, 5]])
    np.testing.assert_array_equal(layer(data), [[2, 0, 3, 1]])
    np.testing.assert_array_equal(again.predict(data, verbose=0), model.predict(data, verbose=0))


@pytest.mark.parametrize(
    "layer",
    [
        TextVectorization(ngrams=(1, 2), output_mode="tf_idf", max_tokens=6),
        TextVectorization(split="character", output_sequence_length=5),
        StringLookup(mask_token="", output_mode="count", num_oov_indices=0),
    ],
)
def test_a_configuration_has_the_vocabulary(layer):
    data = np.array(TEXTS)
    layer.adapt(data)
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    np.testing.assert_array_equal(again(data), layer(data))


def test_a_vocabulary_from_a_file(tmp_path):
    (tmp_path / "words.txt").write_text("one\ntwo\n", encoding="utf-8")
    layer = StringLookup(vocabulary=str(tmp_path / "words.txt"))
    assert layer.get_vocabulary() == ["[UNK]", "one", "two"]


def test_quantiles_are_those_of_numpy():
    data = np.random.default_rng(0).normal(size=(50, 3))
    layer = cello.layers.Discretization(num_bins=4)
    layer.adapt(iter([data[:20], data[20:]]))
    np.testing.assert_allclose(layer.bin_boundaries, np.quantile(data, [0.25, 0.5, 0.75]))
    counts = np.bincount(np.asarray(layer(data)).reshape(-1))
    assert counts.tolist() == [38, 37, 37, 38]
    again = type(layer).from_config(layer.get_config())
    np.testing.assert_array_equal(again(data), layer(data))


def test_weights_of_categories():
    layers = [k.layers.CategoryEncoding(4, "count") for k in (cello, keras)]
    x, weights = np.array([[0, 1], [0, 0], [3, 1]]), np.array([[0.1, 0.2], [0.1, 0.1], [0.4, 0.2]])
    found, want = (layer(x, count_weights=weights) for layer in layers)
    np.testing.assert_allclose(found, want, rtol=1e-6)


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda k: k.TextVectorization()(["a"]), r"TextVectorization .* no vocabulary yet.*adapt"),
        (lambda k: k.TextVectorization().adapt([["a", "b"]]), "takes texts of the shape"),
        (lambda k: k.TextVectorization().adapt(["", " "]), "got no tokens"),
        (lambda k: k.TextVectorization(vocabulary=["a", "a"]), r"each token once.*twice: \['a'\]"),
        (lambda k: k.TextVectorization(max_tokens=2, vocabulary=["a"]), "no more than 0"),
        (lambda k: k.TextVectorization(sparse=True), "sparse=True would change"),
        (lambda k: k.TextVectorization(split="words"), "split must be None, one of"),
        (lambda k: k.TextVectorization(vocabulary=["a"])([3.0]), "takes strings, and got 3.0"),
        (
            lambda k: k.TextVectorization(vocabulary=["a"])(cello.Input((1,))),
            r"runs in Python.*right behind an Input of strings.*x = layer\(data\)",
        ),
        (lambda k: k.Hashing(3)(cello.Input((1,))), "runs in Python.*x = layer"),
        (lambda k: k.Hashing(3, salt=[1, 2, 3]), "salt must be None or an integer, or two"),
        (lambda k: k.StringLookup(num_oov_indices=0, vocabulary=["a"])(["b"]), "got 'b', which is"),
        (lambda k: k.StringLookup(invert=True, output_mode="count"), "invert=True needs"),
        (lambda k: k.StringLookup(output_mode="tf_idf", vocabulary=["a"]), "idf_weights belong"),
        (lambda k: k.StringLookup(pad_to_max_tokens=True), "needs max_tokens"),
        (lambda k: k.IntegerLookup(oov_method="farmhash"), "oov_method='farmhash' would change"),
        (lambda k: k.IntegerLookup().adapt([1.5]), "takes whole numbers, and got 1.5"),
        (
            lambda k: k.StringLookup.from_config({"vocabulary": "/etc/passwd"}),
            "in a configuration is a list, and not the name of a file",
        ),
        (lambda k: k.CategoryEncoding(), "needs num_tokens"),
        (
            lambda k: k.CategoryEncoding(3)([[1, 3]]),
            "from 0 to 2 and got values from 1 to 3",
        ),
        (lambda k: k.Discretization(), "either bin_boundaries or num_bins"),
        (lambda k: k.Discretization([1.0, 0.0]), "a list of rising numbers"),
        (lambda k: k.Discretization(num_bins=3)([1.0]), "no boundaries yet"),
    ],
)
def test_what_does_not_fit_is_refused(run, message):
    with pytest.raises(ValueError, match=message):
        run(cello.layers)
