"""Programs as tutorials have them, for Keras and, with the imports alone changed, for Cello.

Each file of `programs` is written for Keras and leaves `numbers`. The same lines with `cello` in
the place of `keras` in the imports must leave the same numbers. If Keras cannot do what a program
says, a file of `changes_for_keras` says why, and which lines it gets in their place.
"""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

COMPILATIONS = 0  # all are deep

FOLDER = Path(__file__).parent / "programs"
PROGRAMS = sorted(path for path in FOLDER.glob("*.py") if path.name != "start.py")
TOLERANCE = 1e-4


def for_cello(source):
    """The program with `cello` in its imports."""
    source = re.sub(r"^import keras$", "import cello as keras", source, flags=re.MULTILINE)
    return re.sub(r"^from keras\b", "from cello", source, flags=re.MULTILINE)


def for_keras(source, path):
    """The program with what Keras needs in other words: a diff whose places are found by text."""
    changes = FOLDER / "changes_for_keras" / f"{path.stem}.diff"
    if not changes.exists():
        return source
    _, *hunks = changes.read_text().split("\n@@\n")
    for hunk in hunks:
        lines = hunk.rstrip("\n").split("\n")
        old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
        new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
        assert source.count(old) == 1, f"{changes.name}: this stands there not once:\n{old}"
        source = source.replace(old, new)
    return source


def numbers_of(source, path):
    """What a program leaves in `numbers`."""
    found = {"__name__": "__main__"}
    exec(compile(source, path, "exec"), found)
    return {name: np.asarray(value, "float64").tolist() for name, value in found["numbers"].items()}


@pytest.mark.deep
@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_same_numbers(path, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(FOLDER)
    source = path.read_text()
    for name in ("keras", "cello"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "keras")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Keras warns of is not ours to mend
        theirs = numbers_of(for_keras(source, path), path)
    monkeypatch.chdir(tmp_path / "cello")
    ours = numbers_of(for_cello(source), path)
    assert ours.keys() == theirs.keys()
    for name, want in theirs.items():
        assert np.size(want) == 1 or np.ptp(want) > 0, name
        off = TOLERANCE * np.abs(want).max()
        np.testing.assert_allclose(ours[name], want, rtol=TOLERANCE, atol=off, err_msg=name)


def test_the_imports_alone_differ():
    lines = (
        "import keras",
        "from keras import ops",
        "from keras.layers import LSTM",
        "keras.Input()",
    )
    assert for_cello("\n".join(lines)).splitlines() == [
        "import cello as keras",
        "from cello import ops",
        "from cello.layers import LSTM",
        "keras.Input()",
    ]


def test_each_change_has_its_place_and_reason():
    stems = {path.stem for path in PROGRAMS}
    for changes in (FOLDER / "changes_for_keras").iterdir():
        assert changes.stem in stems and "Keras" in changes.read_text().split("\n@@\n")[0]
    for path in PROGRAMS:
        compile(for_keras(path.read_text(), path), path, "exec")
