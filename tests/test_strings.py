"""Models that begin with strings: every way in gives what the layers give, called one by one."""

import pickle

import keras
import numpy as np
import pandas
import pytest

import cello
from cello import Input, Model, Sequential, ops
from cello.layers import (
    Concatenate,
    Dense,
    Embedding,
    Flatten,
    GlobalAveragePooling1D,
    Hashing,
    IntegerLookup,
    StringLookup,
    TextVectorization,
)

COMPILATIONS = 150
TEXTS = ["a dog, a cat", "The dog", "cat the bird", ""]
Y = np.array([[1.0], [0.0], [1.0], [2.0]], "float32")
FORMS = {
    "list": TEXTS,
    "array": np.array(TEXTS),
    "objects": np.array(TEXTS, object),
    "bytes": np.array([t.encode() for t in TEXTS]),
    "column": np.array(TEXTS)[:, None],
    "rows": [[t] for t in TEXTS],
    "pandas": pandas.Series(TEXTS),
    "frame": pandas.DataFrame({"text": TEXTS}),
}


def layers():
    vectorize = TextVectorization(output_sequence_length=4, vocabulary=["cat", "dog", "the"])
    return [vectorize, Embedding(5, 3, mask_zero=True), GlobalAveragePooling1D(), Dense(1)]


@pytest.fixture(scope="module")
def model():
    made = Sequential([Input((), dtype="string"), *layers()])
    made.compile("sgd", "mse")
    return made


def one_by_one(model, texts):
    """What the layers give for texts, the numbers fed to a model of the others."""
    vectorize, *others = model.layers
    return np.asarray(Sequential(others)(vectorize(texts)))


@pytest.mark.parametrize("form", FORMS)
def test_strings_of_every_form(model, form):
    want = one_by_one(model, TEXTS)
    np.testing.assert_allclose(model.predict(FORMS[form], verbose=0), want, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(model(FORMS[form]), want, rtol=1e-5, atol=1e-6)


def test_training_is_that_on_the_numbers(model):
    x = np.array(TEXTS)
    vectorize, *others = model.layers
    numbers = Sequential(others)
    numbers.compile("sgd", "mse")
    start = model.get_weights()
    results = []
    for one, data in ((model, x), (numbers, vectorize(x))):
        one.set_weights(start)
        held_out = data[:2], Y[:2]
        history = one.fit(data, Y, 2, 3, shuffle=False, verbose=0, validation_data=held_out).history
        batches = [(data[:2], Y[:2]), (data[2:], Y[2:])]
        history["batches"] = one.fit(batches, epochs=1, verbose=0).history["loss"]
        history["one"] = [one.train_on_batch(data, Y), one.test_on_batch(data, Y)]
        history["split"] = one.fit(data, Y, validation_split=0.5, shuffle=False, verbose=0).history[
            "val_loss"
        ]
        history["evaluated"] = one.evaluate(data, Y, verbose=0)
        results.append(history)
    assert results[0].keys() == results[1].keys()
    for name in results[0]:
        np.testing.assert_allclose(results[0][name], results[1][name], rtol=1e-5, err_msg=name)


def test_a_row_without_an_input_finds_its_shape_in_the_strings():
    late = Sequential([StringLookup(vocabulary=["a", "b"]), Embedding(3, 2), Flatten(), Dense(1)])
    x = [["a", "b", "z"], ["b", "b", "a"]]
    found = late.predict(x, verbose=0)
    assert late.input_shape == (None, 3) and late.inputs[0].dtype == "string"
    np.testing.assert_allclose(found, one_by_one(late, x), rtol=1e-6)


@pytest.fixture(scope="module")
def mixed():
    """Strings, integers and numbers; one input of strings is read twice."""
    words, count = Input((2,), dtype="string", name="words"), Input((1,), name="count")
    size = Input((), dtype="int64", name="age")
    text = Input((1,), dtype="string", name="text")
    read = [
        Flatten()(Embedding(6, 2)(StringLookup(vocabulary=["x", "y"], name="known")(words))),
        Hashing(5, output_mode="multi_hot", name="hashed")(words),
        count,
        IntegerLookup(vocabulary=[7, 9], output_mode="one_hot")(size),
        TextVectorization(vocabulary=["a", "b"], output_mode="count", name="counted")(text),
    ]
    outputs = Dense(2, name="out")(Concatenate()(read))
    made = Model([words, count, size, text], outputs)
    made.compile("sgd", "mse")
    return made


X = {
    "words": np.array([["x", "q"], ["y", ""]]),
    "count": np.array([[0.5], [2.0]], "float32"),
    "age": np.array([9, 8]),
    "text": np.array([["a b a"], ["c"]]),
}


def test_several_inputs_by_place_and_by_name(mixed):
    known, hashed = mixed.get_layer("known"), mixed.get_layer("hashed")
    table = next(v for v in mixed.layers if isinstance(v, Embedding)).get_weights()[0]
    kernel, bias = mixed.get_layer("out").get_weights()
    parts = [
        table[known(X["words"])].reshape(2, -1),
        np.asarray(hashed(X["words"])),
        X["count"],
        [[0, 0, 1], [1, 0, 0]],  # the first column: not in the vocabulary
        [[0, 2, 1], [1, 0, 0]],
    ]
    want = np.concatenate(parts, 1) @ kernel + bias
    for x in (X, list(X.values()), dict(reversed(X.items()))):
        np.testing.assert_allclose(mixed.predict(x, verbose=0), want, rtol=1e-5)
        np.testing.assert_allclose(mixed(x), want, rtol=1e-5)
    assert mixed.input_names == list(X)
    assert [t.dtype for t in mixed.inputs] == ["string", "float32", "int64", "string"]


def test_files_copies_and_json(mixed, model, tmp_path):
    for one, x in ((mixed, X), (model, FORMS["array"])):
        want = one.predict(x, verbose=0)
        one.save(tmp_path / "m.keras"), one.save(tmp_path / "m.h5")
        copies = [cello.models.load_model(tmp_path / name) for name in ("m.keras", "m.h5")]
        copies += [pickle.loads(pickle.dumps(one)), cello.models.clone_model(one)]
        copies.append(cello.models.model_from_json(one.to_json()))
        for copy in copies:
            copy.set_weights(one.get_weights())
            np.testing.assert_allclose(copy.predict(x, verbose=0), want, rtol=1e-6)


def test_the_summary_has_the_layers_of_strings(mixed, model):
    for one, names in ((mixed, ["words", "known", "hashed", "counted"]), (model, [])):
        lines = []
        one.summary(print_fn=lines.append)
        assert all(name in lines[0] for name in names) and "TextVectorization" in lines[0]


def test_what_is_behind_the_strings_takes_numbers(model, tmp_path):
    numbers = model.layers[0](TEXTS)
    np.testing.assert_array_equal(
        model.predict(numbers, verbose=0), model.predict(TEXTS, verbose=0)
    )
    model.export(tmp_path / "m.onnx")
    cello_of_onnx = cello.saving.from_onnx(tmp_path / "m.onnx")
    np.testing.assert_allclose(cello_of_onnx(numbers), model(TEXTS), rtol=1e-5, atol=1e-6)


def test_the_dtype_of_an_input_is_that_of_keras():
    theirs = keras.Input((), dtype="string")
    assert theirs.dtype == Input((), dtype="string").dtype == "string"


STRINGS = Input((3,), dtype="string", name="words")
NUMBERS = Sequential([Input((2,)), Dense(1)])
SERIES = Sequential([Input((None, 2)), Dense(1)])
LOOKUP = StringLookup(vocabulary=["a"])


@pytest.mark.parametrize(
    "run, message",
    [
        (lambda: Dense(1)(STRINGS), r"Dense .*computes with numbers.*'?words.* TextVectorization"),
        (lambda: STRINGS + 1, "computes with numbers"),
        (lambda: ops.mean(STRINGS), "computes with numbers"),
        (lambda: Model(STRINGS, STRINGS), r"no layer reads the strings of the inputs \['words'\]"),
        (lambda: TextVectorization()(STRINGS), r"shape \(batch,\) or \(batch, 1\), and got"),
        (lambda: StringLookup(vocabulary=["a"], invert=True)(STRINGS), "call it on what predict"),
        (lambda: StringLookup(output_mode="count")(STRINGS), "no vocabulary yet"),
        (lambda: Hashing(3)(Input((2,), dtype="int32")), "call it in front of the model"),
        (lambda: Sequential([LOOKUP, Dense(1)]).predict([["a"], [1.0]]), "strings, and got 1.0"),
        (lambda: NUMBERS.predict(TEXTS), r"x must hold numbers and holds strings.*Input\(shape"),
        (lambda: NUMBERS(TEXTS), "x must hold numbers and holds strings, such as 'a dog"),
        (lambda: SERIES.stream()(TEXTS), "a chunk must hold numbers and holds strings"),
    ],
)
def test_what_is_refused(run, message):
    with pytest.raises(ValueError, match=message):
        run()


def test_what_lacks_an_input(mixed):
    few = {k: X[k] for k in ("words", "count")}
    for x in (few, list(few.values()), X["text"]):
        with pytest.raises(ValueError, match=r"inputs \['words', 'count', 'age', 'text'\]: pass"):
            mixed.predict(x)
