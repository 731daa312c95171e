"""Vocabularies in `.keras` files, those of Keras' beside the configuration and Cello's in it.

`fixtures/keras_strings.keras` is by Keras on TensorFlow, without which it has no such layers;
test_keras_fixtures.py compares the outputs.
"""

import io
import json
import pathlib
import zipfile

import h5py
import numpy as np
import pytest
from crafted import unzipped, zipped

import cello
from cello.core.files import ModelFileError
from cello.layers import IntegerLookup, StringLookup, TextVectorization

COMPILATIONS = 50

BY_KERAS = pathlib.Path(__file__).parent / "fixtures" / "keras_strings.keras"
ASSET = "assets/layers/{}/vocabulary.txt"


def layers_in(parts):
    return {v["name"]: v for v in json.loads(parts["config.json"])["config"]["layers"]}


def paths_of_weights(parts):
    names = []
    with h5py.File(io.BytesIO(parts["model.weights.h5"])) as file:
        file.visit(names.append)
        return [name for name in names if isinstance(file[name], h5py.Dataset)]


@pytest.fixture(scope="module")
def model():
    return cello.models.load_model(BY_KERAS)


def test_a_file_written_again_has_all_where_keras_looks_for_it(model, tmp_path):
    model.save(tmp_path / "m.keras")
    theirs, ours = unzipped(BY_KERAS.read_bytes()), unzipped((tmp_path / "m.keras").read_bytes())
    assert paths_of_weights(ours) == paths_of_weights(theirs)
    entries = layers_in(ours)
    for name, entry in layers_in(theirs).items():
        kind, own = entry["class_name"], entries[name]["config"]
        if kind == "Hashing":  # it refuses another dtype
            assert entry["config"]["dtype"]["config"]["name"] == own["dtype"] == "int64"
        if kind in ("StringLookup", "TextVectorization", "IntegerLookup"):
            tokens = theirs[ASSET.format(name)].decode().split("\n")
            assert list(map(str, own["vocabulary"])) == tokens


def test_a_class_of_ones_own_gets_its_vocabulary(tmp_path):
    class Reader(cello.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.codes = IntegerLookup()
            self.head = cello.layers.Dense(1)

        def call(self, x):
            return self.head(self.codes(x)[:, None] * 1.0)

    made = Reader()
    made.codes.set_vocabulary([3, 5])
    x = np.array([5, 3, 8])
    want = made.predict(x, verbose=0)
    made.save(tmp_path / "m.keras")
    parts = unzipped((tmp_path / "m.keras").read_bytes())
    parts["assets/codes/vocabulary.txt"] = b"-1\n3\n5"
    (tmp_path / "n.keras").write_bytes(zipped(parts))
    copy = cello.models.load_model(tmp_path / "n.keras", {"Reader": Reader})
    assert copy.codes.get_vocabulary() == [-1, 3, 5]
    np.testing.assert_allclose(copy.predict(x, verbose=0), want, rtol=1e-6)


def test_weights_alone_bring_those_of_tf_idf(tmp_path):
    def made(weights):
        start = cello.Input((), dtype="string")
        layer = TextVectorization(output_mode="tf_idf", vocabulary=["a", "b"], idf_weights=weights)
        return cello.Model(start, cello.layers.Dense(2)(layer(start)))

    one, other = made([1.0, 2.5]), made([1.0, 1.0])
    one.save_weights(tmp_path / "m.weights.h5")
    other.load_weights(tmp_path / "m.weights.h5")
    texts = ["a b b", "c"]
    np.testing.assert_allclose(other.predict(texts, verbose=0), one.predict(texts, verbose=0))


@pytest.mark.parametrize(
    "member, content, message",
    [
        (ASSET.format("dense_1"), b"a\nb", "at 'layers/dense_1' belongs to no layer"),
        (ASSET.format("string_lookup"), b"\xff", "is no text in UTF-8"),
        (ASSET.format("string_lookup"), b"a\na", r"each token once.*twice: \['a'\]"),
        (ASSET.format("string_lookup"), b"\n" * 10**6 + b"a", "more tokens than its size allows"),
        (ASSET.format("string_lookup"), b"", "each token once.*0 tokens"),
        (ASSET.format("integer_lookup"), b"x", "what is no integer"),
        (ASSET.format("text_vectorization"), b"[UNK]\nthe", "1 tokens need as many idf_weights"),
        ("assets/../vocabulary.txt", b"a", "a member 'assets/../vocabulary.txt'"),
        ("assets/layers/string_lookup/more.txt", b"a", "has a member"),
    ],
)
def test_what_is_refused(member, content, message, tmp_path):
    parts = unzipped(BY_KERAS.read_bytes()) | {member: content}
    (tmp_path / "m.keras").write_bytes(zipped(parts, zipfile.ZIP_DEFLATED))
    with pytest.raises(ModelFileError, match=message):
        cello.models.load_model(tmp_path / "m.keras")


def test_a_vocabulary_in_the_configuration_comes_first(tmp_path):
    start = cello.Input((1,), dtype="string")
    lookup = StringLookup(vocabulary=["a", "b"], name="string_lookup")
    cello.Model(start, lookup(start)).save(tmp_path / "m.keras")
    parts = unzipped((tmp_path / "m.keras").read_bytes())
    parts[ASSET.format("string_lookup")] = b"[UNK]\nc"
    (tmp_path / "n.keras").write_bytes(zipped(parts))
    copy = cello.models.load_model(tmp_path / "n.keras")
    assert copy.layers[1].get_vocabulary() == ["[UNK]", "a", "b"]
