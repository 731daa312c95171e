"""Every public name of the installed Keras is there, or says what to write instead."""

import importlib.util
import pickle
from pathlib import Path

import pytest

import cello
from cello.core import keras_missing

COMPILATIONS = 0
ROOT = Path(__file__).parents[1]


def tool():
    spec = importlib.util.spec_from_file_location("keras_names", ROOT / "tools" / "keras_names.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TOOL = tool()
NAMES = TOOL.names_of_keras()


def test_every_name_of_keras_is_there_or_refused():
    """Else: write it, or what to use instead into `core/keras_missing.py`."""
    assert len(NAMES) > 1000
    assert not [n for n, is_module in NAMES.items() if TOOL.state(n, is_module) == "unknown"]


def test_what_is_there_is_not_called_missing():
    """Else: take it out of `core/keras_missing.py`, and write the page anew."""
    told = TOOL.refused() | set(keras_missing.ELSEWHERE)
    assert not [n for n in told & NAMES.keys() if TOOL.is_there(n, NAMES[n])]
    assert not TOOL.elsewhere_is_there()


def test_what_is_called_missing_is_a_name_of_keras():
    assert not (TOOL.refused() | set(keras_missing.ELSEWHERE)) - NAMES.keys()


def test_each_name_stands_once():
    rules = keras_missing.MISSING.items()
    told = [f"{m}.{n}" for m, rule in rules for names, _ in rule for n in names.split()]
    assert len(told) == len(set(told))


def test_the_page_is_fresh():
    """Else: `python tools/keras_names.py --write`."""
    assert TOOL.page() == TOOL.PAGE.read_text()


@pytest.mark.parametrize(
    "statement, error, words",
    [
        ("from cello.layers import Conv3D", ImportError, "Keras has layers.Conv3D, Cello has not"),
        ("cello.layers.Conv3D", AttributeError, "Keras has layers.Conv3D, Cello has not: volumes"),
        ("from cello.utils import Config", ImportError, "Keras has utils.Config, .* write a dict"),
        ("import cello.applications", ModuleNotFoundError, "Keras has applications, Cello has not"),
        ("from cello import applications", ModuleNotFoundError, "Keras has applications"),
        ("cello.applications", AttributeError, "Keras has applications, Cello has not"),
        ("from cello.applications import ResNet50", ModuleNotFoundError, "Keras has applications"),
        ("from cello.datasets.mnist import load_data", ImportError, "Cello downloads nothing"),
        ("cello.version()", AttributeError, "write `cello.__version__`"),
        ("cello.layers.LSTMs", AttributeError, 'Neither Cello nor Keras .* Did you mean "LSTM"?'),
        ("from cello.layers import LSTMs", ImportError, 'Did you mean "LSTM"?'),
        ("from cello.utils import pad_sequence", ImportError, 'Did you mean "pad_sequences"?'),
        ("cello.layers.qqq", AttributeError, "^module 'cello.layers' has no attribute 'qqq'$"),
        ("from cello.layers import qqq", ImportError, "^cannot import name 'qqq' from"),
        ("import cello.layers.dens", ImportError, 'Did you mean "Dense"?'),
        ("import cello.core.qqq", ModuleNotFoundError, "^No module named 'cello.core.qqq'$"),
    ],
)
def test_a_missing_name_says_what_to_write(statement, error, words):
    with pytest.raises(error, match=words) as raised:
        exec(statement, {"cello": cello})
    assert raised.type is error
    assert "\n" not in str(raised.value)


def test_a_missing_name_is_missing_to_python():
    """`hasattr`, `getattr` with a default, `dir`, `find_spec` and `pickle` do what they do."""
    for module in (cello, cello.layers, cello.utils, cello.ops):
        for name in ("Conv3D", "applications", "Config", "qqq", "__wrapped__", "_private"):
            assert not hasattr(module, name)
            assert name not in dir(module)
            assert getattr(module, name, 3) == 3
    assert importlib.util.find_spec("cello.layers._LSTM") is None
    assert pickle.loads(pickle.dumps(cello.layers.LSTM)) is cello.layers.LSTM
    local = type("Conv3D", (), {"__module__": "cello.layers"})
    with pytest.raises(pickle.PicklingError, match=r"not found as|attribute lookup"):
        pickle.dumps(local)
