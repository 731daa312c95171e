"""Files of `fit(resume=)` that were altered: refused in Cello's words, and nothing has changed."""

import json
import random
import shutil

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from crafted import mutated_bytes, mutated_json
from hypothesis import HealthCheck, given, settings
from safetensors import safe_open
from safetensors.numpy import save_file

import cello
from cello import Input, Sequential
from cello.callbacks import BackupAndRestore, CSVLogger, EarlyStopping, ReduceLROnPlateau
from cello.layers import Dense, Dropout

COMPILATIONS = 12

FILE = "training.safetensors"
X = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("resume")


@pytest.fixture(scope="module")
def model():
    model = Sequential([Input((3,)), Dropout(0.5), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def fit(model, folder, **options):
    """Two epochs of two batches; a file of two epochs asks for no more of them."""
    callbacks = [
        EarlyStopping("loss", restore_best_weights=True),
        ReduceLROnPlateau("loss"),
        CSVLogger(folder / "log.csv"),
        BackupAndRestore(folder, save_freq=1, delete_checkpoint=False),
    ]
    options = {"epochs": 2, "batch_size": 4, "callbacks": callbacks, "verbose": 0} | options
    return model.fit(X, X[:, :1], **options)


@pytest.fixture(scope="module")
def whole(model, home):
    """`(record, arrays)` of a file after two epochs."""
    fit(model, home)
    shutil.copy(home / FILE, home / "whole")
    with safe_open(home / "whole", "numpy") as file:
        return json.loads(file.metadata()["cello"]), {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118


def everything(model):
    """What a file that is refused must leave alone."""
    numbers = np.random.get_state(legacy=False)["state"]
    state = jax.tree.leaves(model.optimizer.state)
    values = [*(v.value for v in model.variables), *state, numbers["key"], numbers["pos"]]
    cello_numbers = cello.core.random.global_generator().bit_generator.state
    return [np.array(v) for v in values], random.getstate(), cello_numbers


def refused(model, folder, pattern="is no whole file of a training.*Remove it"):
    before = everything(model)
    with pytest.raises(ValueError, match=pattern) as error:
        fit(model, folder, shuffle=False)  # a shuffler's seed is one of Cello's random numbers
    assert len(str(error.value)) < 1000
    jax.tree.map(np.testing.assert_array_equal, everything(model), before)


def changed(record, place, value):
    """A copy of a record with another value at "a/b/0"; without it if that is `...`."""
    record = json.loads(json.dumps(record))
    *path, last = [int(key) if key.isdigit() else key for key in place.split("/")]
    holder = record
    for key in path:
        holder = holder[key]
    if value is ...:
        del holder[last]
    else:
        holder[last] = value
    return record


ALTERED = [
    *[("epoch", value) for value in (-5, 10**9, "2", None, 1.5, True, ...)],
    *[("batches", value) for value in (-1, 10**9, "1", None, ...)],
    ("logs", []), ("stopped", "yes"), ("form", None), ("metrics", 3),
    ("random/numpy/state/pos", 10**9), ("random/numpy/state/pos", -1),
    ("random/numpy/state/key", [1, 2]), ("random/numpy/bit_generator", "PCG64"),
    ("random/numpy", None), ("random/cello/state/state", -1), ("random/cello/has_uint32", 10**40),
    ("random/python/1", [0] * 624), ("random/python/1/624", 10**9), ("random/python/2", "a"),
    ("random/python", ...), ("random", []),
    ("random/numpy/state/key", {"an array": "nowhere"}), ("logs", {"an array": [1]}),
    ("callbacks", []), ("callbacks/0", None), ("callbacks/0/wait", "a"), ("callbacks/0/wait", ...),
    ("callbacks/0/best_weights", [1.0]), ("callbacks/0/best_weights/1", ...),
    ("callbacks/1/cooldown_counter", -1), ("callbacks/2/_length", -1), ("callbacks/2/_names", [1]),
    ("callbacks/4/epoch", ["a"]), ("callbacks/4/epoch", [1, 0]), ("callbacks/4/epoch", [0, 10**9]),
    ("callbacks/4/history", {"loss": 3}),
]  # fmt: skip


@pytest.mark.parametrize(("place", "value"), ALTERED, ids=lambda v: str(v)[:30])
def test_an_altered_record_is_refused_and_nothing_has_changed(place, value, model, whole, home):
    record, arrays = whole
    assert record["form"]["callbacks"][4] == "History"
    save_file(arrays, home / FILE, {"cello": json.dumps(changed(record, place, value))})
    refused(model, home)


@pytest.mark.parametrize("text", ["", "[]", '{"epoch": 1, "epoch": 1}', "[" * 10**6, "{" * 300])
def test_a_record_that_is_none(text, model, whole, home):
    save_file(whole[1], home / FILE, {"cello": text})
    refused(model, home)


@pytest.mark.parametrize("change", ["gone", "shape", "dtype"])
@pytest.mark.parametrize("kind", ["variables/", "optimizer/"])
def test_an_altered_array_is_refused(kind, change, model, whole, home):
    record, arrays = whole
    arrays = dict(arrays)
    name = next(n for n in arrays if n.startswith(kind) and arrays[n].size > 1)
    value = arrays.pop(name)
    if change != "gone":
        arrays[name] = np.append(value, 0) if change == "shape" else value.astype("int8")
    save_file(arrays, home / FILE, {"cello": json.dumps(record)})
    refused(model, home)


def test_a_training_without_an_order_of_the_rows_gets_none(model, home):
    fit(model, home / "ordered", shuffle=False)
    with pytest.raises(ValueError, match="shuffle=False"):
        fit(model, home / "ordered", epochs=3)


def test_a_generator_is_wound_forward_by_the_epochs_that_are_done(tmp_path):
    taken = []

    def batches():
        while True:
            taken.append(1)
            yield X, X[:, :1]

    def go_on(epochs):
        model = Sequential([Input((3,)), Dense(1)])
        model.compile("sgd", "mse")
        options = {"verbose": 0, "resume": tmp_path, "initial_epoch": 7, "steps_per_epoch": 2}
        model.fit(batches(), epochs=epochs, **options)

    go_on(9)
    taken.clear()
    go_on(10)
    assert len(taken) in (6, 7)  # two epochs that are done, one that is not; one may be looked at


@pytest.mark.deep
@settings(max_examples=400, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32))
def test_any_altered_file(model, whole, home, seed):
    rng = random.Random(seed)
    shutil.copy(home / "whole", home / FILE)
    if rng.randrange(4):
        metadata = {"cello": json.dumps(mutated_json(whole[0], rng))}
        save_file(whole[1], home / FILE, metadata)
    else:
        (home / FILE).write_bytes(mutated_bytes((home / FILE).read_bytes(), rng))
    before = everything(model)
    try:
        fit(model, home, shuffle=False)
    except ValueError as error:
        assert FILE in str(error) and len(str(error)) < 1000
        jax.tree.map(np.testing.assert_array_equal, everything(model), before)
    np.random.random(1000), random.random(), random.gauss(0, 1)
    fit(model, home / "other")
