"""Files that real versions of Keras wrote: Keras 3, and tf-keras for the format of Keras 2.

`make_fixtures.py` made them, with what that Keras computed from them.
"""

import json
import pathlib
import shutil
import warnings

import h5py
import numpy as np
import pytest

import cello

COMPILATIONS = 95

FOLDER = pathlib.Path(__file__).parent / "fixtures"
FILES = sorted(p.name for p in FOLDER.iterdir() if p.suffix in (".keras", ".h5"))


def load(name, folder=FOLDER, **options):
    with warnings.catch_warnings():
        if not name.startswith("keras"):
            warnings.filterwarnings("ignore", message=".*mean nothing in Cello")
        return cello.models.load_model(folder / name, **options)


def recorded(name):
    with np.load((FOLDER / name).with_suffix(".npz")) as file:
        return dict(file)


def numbered(kept, letter):
    return [kept[f"{letter}{i}"] for i in range(10) if f"{letter}{i}" in kept]


@pytest.mark.parametrize("name", FILES)
def test_predictions_are_those_of_keras(name):
    kept = recorded(name)
    outputs = load(name).predict(numbered(kept, "x"), verbose=0)
    outputs = outputs if isinstance(outputs, list) else [outputs]
    for ours, theirs in zip(outputs, numbered(kept, "y"), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


# tf-keras does not write the state of its older optimisers to .keras files.
STATELESS = "tf_keras_old_optimizer.keras"


@pytest.mark.parametrize("name", [n for n in FILES if "later" in recorded(n) and n != STATELESS])
def test_training_goes_on_where_keras_stopped(name):
    kept = recorded(name)
    model = load(name)
    assert model.optimizer.iterations > 0
    history = model.fit(
        numbered(kept, "x"), kept["t"], epochs=3, verbose=0, shuffle=False, batch_size=2
    )
    np.testing.assert_allclose(history.history["loss"], kept["later"], rtol=1e-4)


def test_without_compile_there_is_no_optimizer():
    assert load("keras_sequential.keras", compile=False).optimizer is None


def test_dead_arguments_are_named_in_one_warning():
    with pytest.warns(UserWarning, match="mean nothing in Cello") as caught:
        cello.models.load_model(FOLDER / "tf_keras_encoder_decoder.h5")
    assert len(caught) == 1
    words = "time_major (LSTM)", "implementation (LSTM)", "batch_input_shape (Embedding)"
    for word in ("tf_keras_encoder_decoder.h5", *words):
        assert word in str(caught[0].message)


@pytest.mark.parametrize(
    ("layer", "argument", "value"),
    [
        ("LSTM", "time_major", True),
        ("BatchNormalization", "virtual_batch_size", 2),
        ("InputLayer", "ragged", True),
    ],
)
def test_arguments_that_would_change_results_are_refused_by_name(layer, argument, value, tmp_path):
    path = tmp_path / "m.h5"
    shutil.copy(FOLDER / "tf_keras_sequential.h5", path)
    where = "training_config" if layer == "Adam" else "model_config"
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs[where])
        if layer == "Adam":
            config["optimizer_config"]["config"][argument] = value
        else:
            entries = config["config"]["layers"]
            next(e for e in entries if e["class_name"] == layer)["config"][argument] = value
        file.attrs[where] = json.dumps(config)
    with pytest.raises(cello.saving.ModelFileError, match=f"{layer}: {argument}={value}"):
        load("m.h5", folder=tmp_path)
