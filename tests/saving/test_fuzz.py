"""Mutated files: the loader gives its own error, or a model, and nothing else.

Files are valid ones with bytes, addresses, or values of their configuration changed. Whatever
comes out, it takes no more memory than is stated, and no program ends or stays in a loop.
"""

import contextlib
import faulthandler
import functools
import io
import json
import random

import h5py
import hypothesis.strategies as st
import pytest
from crafted import (
    CONFIG,
    FIXTURES,
    config_of,
    h5_file,
    hdf5,
    json_places,
    keras_file,
    load,
    load_h5_config,
    mutated_addresses,
    mutated_bytes,
    mutated_json,
    rezipped,
    small_model,
    unzipped,
    valid,
    zipped,
)
from hypothesis import HealthCheck, given, settings

from cello import Input, Sequential, layers
from cello.core.serialization import serialize
from cello.saving import ModelFileError

COMPILATIONS = 40

GROWTH = 512 * 2**20
"""How much memory a file of less than 100 kB may take while it is loaded, at most, in bytes.

What is promised for any file is 100 times its size and 16 MiB for what is unpacked, twice that
for the weights, 256 MiB for states, and 30 times 16 MiB for the configuration."""
FOREVER = 300
SEEDS = st.integers(0, 2**32)

LONG = pytest.mark.parametrize("examples", [40, pytest.param(500, marks=pytest.mark.deep)])


def for_many_seeds(examples, check_one):
    """`check_one(rng)` for so many random generators."""

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(SEEDS)
    def property(seed):
        check_one(random.Random(seed))

    property()


@pytest.fixture(autouse=True)
def no_endless_loop():
    """A loop inside of a C library ends the program, with a traceback."""
    faulthandler.dump_traceback_later(FOREVER, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def _memory(name: str) -> int:
    """`VmRSS`, the memory taken now, or `VmHWM`, the most of it so far; 0 where not known."""
    with contextlib.suppress(FileNotFoundError), open("/proc/self/status") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith(name))
    return 0


def _forget_most() -> None:
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:
        file.write("5")


@functools.cache
def receiving_model():
    return small_model()


def check(path, content: bytes) -> None:
    path.write_bytes(content)
    whole = path.suffix == ".keras" or path.name == "m.h5"
    _forget_most()
    before = _memory("VmRSS")
    try:
        model = load(path) if whole else receiving_model()
        if not whole:
            model.load_weights(path)
    except ModelFileError as error:
        assert path.name in str(error)
    else:
        model.summary(print_fn=lambda text: None)
    assert _memory("VmHWM") - before < GROWTH


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@LONG
@pytest.mark.parametrize("suffix", [".keras", ".h5", ".weights.h5", ".safetensors"])
def test_bytes(suffix, examples, folder):
    path = folder / f"m{suffix}"
    for_many_seeds(examples, lambda rng: check(path, mutated_bytes(valid(suffix), rng)))


@LONG
@pytest.mark.parametrize("suffix", [".h5", ".weights.h5"])
def test_addresses(suffix, examples, folder):
    path = folder / f"m{suffix}"
    for_many_seeds(examples, lambda rng: check(path, mutated_addresses(valid(suffix), rng)))


@LONG
@pytest.mark.parametrize("mutate", [mutated_bytes, mutated_addresses])
def test_weights_in_an_archive_that_is_whole(mutate, examples, folder):
    path = folder / "m.keras"
    for_many_seeds(examples, lambda rng: check(path, rezipped(valid(".keras"), rng, mutate)))


@functools.cache
def configurations():
    """Configurations of models of many kinds, in the form of Keras 3."""
    files = [valid(".keras"), *(p.read_bytes() for p in sorted(FIXTURES.glob("*.keras")))]
    return [(content, config_of(content)) for content in files]


@LONG
def test_configurations(examples, folder):
    def check_one(rng):
        content, config = rng.choice(configurations())
        others = [config for _, config in configurations()]
        changed = json.dumps(mutated_json(config, rng, others)).encode()
        check(folder / "m.keras", zipped({**unzipped(content), CONFIG: changed}))

    for_many_seeds(examples, check_one)


@functools.cache
def old_configurations():
    """The same of Keras 2, and of the `.h5` files of Keras 3."""
    found = []
    for path in sorted(FIXTURES.glob("*.h5")):
        with h5py.File(path) as file:
            both = [
                json.loads(file.attrs.get(n, "{}")) for n in ("model_config", "training_config")
            ]
        found.append((path.read_bytes(), *both))
    return found


@LONG
def test_configurations_of_keras_2(examples, folder):
    def check_one(rng):
        content, model, training = rng.choice(old_configurations())
        others = [config for _, config, _ in old_configurations()]
        if rng.randrange(4):
            model = mutated_json(model, rng, others)
        else:
            training = mutated_json(training, rng, others)
        file = io.BytesIO(content)
        with h5py.File(file, "r+") as opened:
            opened.attrs["model_config"] = json.dumps(model)
            opened.attrs["training_config"] = json.dumps(training)
        check(folder / "m.h5", file.getvalue())

    for_many_seeds(examples, check_one)


COUNTS = (2, 10**4, 10**6, 10**9, 2**31, 2**40, 2**62, 10**30)


@functools.cache
def every_layer():
    """`(config, weights)` of a model of each layer that has time in front of its features."""
    found = []
    for name in dir(layers):
        cls = getattr(layers, name)
        if isinstance(cls, type) and issubclass(cls, layers.Layer) and not name.endswith("Cell"):
            for arguments in ((), (2,), (4, 3), (layers.LSTM(4),)):
                with contextlib.suppress(Exception):
                    parts = [Input(batch_shape=(2, 5, *[4] * (1 + _places(name)))), cls(*arguments)]
                    content = keras_file(serialize(Sequential(parts)), hdf5(lambda file: None))
                    found.append(json.loads(json.dumps(config_of(content))))
                    break
    return found


def _places(name: str) -> int:
    """Axes of places between time and the features."""
    return int(name[-2]) if name.startswith("Conv") and name != "Conv1D" else 0


@pytest.mark.deep
def test_counts_in_configurations(folder):
    """Each number of a model of each layer becomes another, before the weights are looked for."""
    assert len(every_layer()) > 55

    def check_one(rng):
        config = json.loads(json.dumps(rng.choice(every_layer())))
        numbers = [p for p in json_places(config) if type(p[0][p[1]]) is int]
        holder, key = rng.choice(numbers)
        holder[key] = rng.choice(COUNTS)
        check(folder / "m.keras", keras_file(config, hdf5(lambda file: None)))

    for_many_seeds(400, check_one)


def test_what_is_mutated_is_valid(folder):
    """Else all the others would show nothing."""
    for suffix in (".keras", ".h5", ".weights.h5", ".safetensors"):
        (folder / f"m{suffix}").write_bytes(valid(suffix))
    load(folder / "m.keras")
    load(folder / "m.h5")
    for suffix in (".weights.h5", ".safetensors"):
        receiving_model().load_weights(folder / f"m{suffix}")
    assert h5_file(load_h5_config())
