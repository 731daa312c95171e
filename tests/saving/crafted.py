"""Files that no library writes: parts of valid ones, put together by hand; and a booby trap."""

import codecs
import contextlib
import functools
import importlib
import io
import json
import pathlib
import sys
import tempfile
import warnings
import zipfile

import h5py
import jax
import numpy as np

import cello
from cello.layers import LSTM, Dense, Input

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"

# ------------------------------------------------------------------------------ valid files


def small_model():
    model = cello.Sequential([Input((None, 3)), LSTM(2), Dense(1)])
    model.compile("adam", "mse")
    return model


@functools.cache
def valid(suffix: str) -> bytes:
    """A whole file: `.keras`, `.weights.h5`, `.safetensors`, or a whole-model `.h5` of Keras."""
    if suffix == ".h5":
        return (FIXTURES / "keras_old_activation.h5").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / f"m{suffix}"
        model = small_model()
        model.save(path) if suffix == ".keras" else model.save_weights(path)
        return path.read_bytes()


def unzipped(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts: dict[str, bytes], compression=zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def hdf5(fill) -> bytes:
    """The bytes of an HDF5 file that `fill(file)` fills."""
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        fill(file)
    return content.getvalue()


def keras_file(config=None, weights=None, metadata=None, **compression) -> bytes:
    """A valid `.keras` file with other parts: objects for JSON, or bytes."""
    parts = unzipped(valid(".keras"))
    for name, part in ((CONFIG, config), (METADATA, metadata), (WEIGHTS, weights)):
        if part is not None:
            parts[name] = part if isinstance(part, bytes) else json.dumps(part).encode()
    return zipped(parts, **compression)


def config_of(content: bytes):
    return json.loads(unzipped(content)[CONFIG])


def h5_file(model_config=None, training_config=None, change=None) -> bytes:
    """A valid whole-model `.h5` file with other attributes, and after `change(file)`."""
    content = io.BytesIO(valid(".h5"))
    with h5py.File(content, "r+") as file:
        for name, value in (("model_config", model_config), ("training_config", training_config)):
            if value is not None:
                file.attrs[name] = value if isinstance(value, str) else json.dumps(value)
        if change is not None:
            change(file)
    return content.getvalue()


def load_h5_config():
    with h5py.File(io.BytesIO(valid(".h5"))) as file:
        return json.loads(file.attrs["model_config"])


# ---------------------------------------------------------------------------- configurations


def layer(class_name, name="layer", module="keras.layers", **config):
    return {"module": module, "class_name": class_name, "config": {"name": name, **config}}


def input_layer(name="x", shape=(None, 3), dtype="float32"):
    entry = layer("InputLayer", name, batch_shape=list(shape), dtype=dtype)
    return {**entry, "name": name, "inbound_nodes": []}


def tensor(name="x", call=0):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, call, 0]}}


def called(entry, *args, **kwargs):
    """The entry of a graph: a layer and its only call."""
    nodes = [{"args": list(args), "kwargs": kwargs}]
    return {**entry, "name": entry["config"]["name"], "inbound_nodes": nodes}


def operation(function, *args, name="layer", **kwargs):
    return called(layer("Operation", name, "cello.layers", function=function), *args, **kwargs)


def graph(*layers, inputs=("x",), output="layer", **more):
    """A functional model."""
    config = {"layers": list(layers), "output_layers": [[output, 0, 0]], "name": "model"}
    config["input_layers"] = [[name, 0, 0] for name in inputs]
    return {"module": "keras.models", "class_name": "Functional", "config": config, **more}


def sequential(*layers, shape=(None, 3), **more):
    entries = [input_layer(shape=shape), *layers]
    config = {"name": "model", "layers": entries}
    return {"module": "keras", "class_name": "Sequential", "config": config, **more}


# --------------------------------------------------------------------------------- the trap


class Sprung(BaseException):
    """The booby trap was touched. It is no `Exception`: a loader does not catch it by chance."""


_REFUSED = (
    "open", "import", "exec", "compile", "code.__new__", "marshal.", "pickle.", "socket.",
    "subprocess.", "os.", "ctypes.", "urllib.", "shutil.", "tempfile.", "glob.", "webbrowser.",
)  # fmt: skip
_allowed: dict[str, list] = {"active": [], "touched": []}


def _hook(event, args):
    if not _allowed["active"] or not event.startswith(_REFUSED):
        return
    if event == "open" and args[1] in ("r", "rb") and str(args[0]) in _readable():
        return
    if event == "open" and str(args[0]).startswith(jax.config.jax_compilation_cache_dir):
        return  # JAX's own files: what XLA has compiled
    _allowed["touched"].append((event, args))
    raise Sprung(f"{event}{args}")


def _readable() -> set[str]:
    """The file, and the sources of what is running: JAX reads lines of them for its messages."""
    sources = {str(getattr(module, "__file__", None)) for module in list(sys.modules.values())}
    frame = sys._getframe()
    while frame is not None:
        sources.add(frame.f_code.co_filename)
        frame = frame.f_back
    return {*_allowed["active"], *(s for s in sources if s.endswith(".py"))}


codecs.lookup("ascii")  # which Python imports when it first meets it
sys.addaudithook(_hook)


@contextlib.contextmanager
def trap(path):
    """Within it, only the file at `path` may be opened, and only be read.

    Python itself reports every opening, import, compilation, execution, unpickling, connection and
    start of a program, by whatever name it was asked for; they fail, and so does the block.
    """
    original = importlib.import_module

    def import_module(name, package=None):
        _allowed["touched"].append(("import_module", name))
        raise Sprung(f"import_module({name!r})")

    importlib.import_module = import_module
    _allowed["active"] = [str(path)]
    try:
        yield
    finally:
        _allowed["active"] = []
        importlib.import_module = original
        touched, _allowed["touched"] = _allowed["touched"], []
    if touched:
        raise Sprung(str(touched))


def load(path, **options):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*mean nothing in Cello")
        return cello.models.load_model(path, **options)


def load_weights(path):
    model = small_model()
    model.load_weights(path)
    return model


def zeros(*shape):
    return np.zeros(shape, "float32")


# -------------------------------------------------------------------------------- mutations
# All draw from `random.Random`, so that a number says which file it was.

_BYTES = (0, 1, 2, 127, 128, 255)


def mutated_bytes(content: bytes, random) -> bytes:
    """Bits turned, bytes set, ranges copied, cut, doubled: a few times, often near the start."""
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 4, 16))):
        place = random.randrange(min(len(data), random.choice((4096, len(content)))) or 1)
        other, length = random.randrange(len(data) or 1), random.randrange(1, 64)
        match random.randrange(8):
            case 0 | 1:
                data[place : place + 1] = bytes([random.choice(_BYTES)])
            case 2 | 3:
                if place < len(data):
                    data[place] ^= 1 << random.randrange(8)
            case 4:
                data[place : place + length] = data[other : other + length]
            case 5:
                del data[place : place + length]
            case 6:
                data[place:place] = data[other : other + length]
            case 7:
                data[place : place + 8] = random.choice(
                    (b"\xff" * 8, bytes(8), random.randrange(len(content)).to_bytes(8, "little"))
                )
    return bytes(data) if random.randrange(25) else bytes(data[: random.randrange(len(data) + 1)])


def mutated_addresses(content: bytes, random) -> bytes:
    """An HDF5 file in which one structure points to another, or a size is another."""
    data = bytearray(content)
    places = range(0, len(data) - 8, 8)
    marks = [i for i in places if data[i : i + 4] in (b"TREE", b"SNOD", b"HEAP", b"GCOL")]
    words = [i for i in places if int.from_bytes(data[i : i + 8], "little") in range(1, len(data))
             or data[i : i + 8] == b"\xff" * 8]  # fmt: skip
    for _ in range(random.choice((1, 1, 2, 4))):
        place = random.choice(words)
        value = int.from_bytes(data[place : place + 8], "little")
        near = value + random.choice((-8, -1, 1, 8, 16, 2**16, 2**31, 2**32, 2**60))
        value = random.choice((random.choice(marks), random.choice(words), near, place, 2**63))
        data[place : place + 8] = (value % 2**64).to_bytes(8, "little")
    return bytes(data)


def rezipped(content: bytes, random, mutate) -> bytes:
    """A `.keras` file whose weights are mutated, under a checksum that fits."""
    parts = unzipped(content)
    return zipped({**parts, WEIGHTS: mutate(parts[WEIGHTS], random)})


_VALUES = (
    None, True, False, 0, -1, 1, 2, 10**6, 10**12, 10**40, 0.5, -0.5, 1e300, float("nan"),
    float("inf"), "", "a", "../x", "eval", "float16", "tanh", [], [1], [[]], [None], {}, {"a": 1},
    {"class_name": "Dense", "config": {"units": 1}}, ["x", 0, 0], {"class_name": "x", "config": 1},
)  # fmt: skip


def mutated_json(value, random, others=()):
    """Parsed JSON in which values are replaced, removed, doubled or exchanged.

    Args:
        others: parsed JSON of other models, parts of which are taken over.
    """
    value = json.loads(json.dumps(value))
    for _ in range(random.choice((1, 1, 2, 4))):
        places = list(json_places(value))
        if not places:
            break
        holder, key = random.choice(places)
        taken = random.choice(list(json_places(random.choice((value, *others)))))
        match random.randrange(6):
            case 0 | 1:
                holder[key] = random.choice(_VALUES)
            case 2:
                del holder[key]
            case 3:
                holder[key] = json.loads(json.dumps(taken[0][taken[1]]))
            case 4 if isinstance(holder, list):
                holder.insert(key, json.loads(json.dumps(holder[key])))
            case 4:
                holder[random.choice(("name", "class_name", "shared_object_id", "_store"))] = (
                    holder.pop(key)
                )
            case 5:
                numbers = [p for p in places if type(p[0][p[1]]) in (int, float)]
                if numbers:
                    holder, key = random.choice(numbers)
                    holder[key] = random.choice([v for v in _VALUES if isinstance(v, (int, float))])
    return value


def json_places(value):
    """All `(holder, key)` in parsed JSON."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from json_places(inner)
