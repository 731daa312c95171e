"""Killed at any moment while it writes, a program leaves the old file or the new one, whole."""

import errno
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import cello

COMPILATIONS = 20

NAMES = ["m.keras", "m.weights.h5", "m.safetensors"]


def model():
    made = cello.Sequential([cello.Input((None, 4)), cello.layers.GRU(128, name="g")], name="m")
    made.compile("adam", "mse")
    return made


def filled(made, number):
    made.set_weights([np.full(w.shape, number, "float32") for w in made.get_weights()])


def save(made, path):
    made.save(path) if path.suffix == ".keras" else made.save_weights(path)


def number_in(path) -> float:
    """What the weights in a file are filled with: one number, if the file is whole."""
    if path.suffix == ".keras":
        found = cello.models.load_model(path)
    else:
        found = model()
        found.load_weights(path)
    numbers = {float(n) for w in found.get_weights() for n in np.unique(w)}
    assert len(numbers) == 1, numbers
    return numbers.pop()


def write_for_ever(path):
    made, number = model(), 0
    while True:
        number += 1
        filled(made, number)
        save(made, path)
        if number == 1:
            print("ready", flush=True)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(
    ("name", "kills"),
    [("m.keras", 1), *(pytest.param(name, 4, marks=pytest.mark.deep) for name in NAMES)],
)
def test_killed_at_random_moments(name, kills, tmp_path):
    path, rng = tmp_path / name, random.Random(name)
    last = 0.0
    for _ in range(kills):
        command = [sys.executable, __file__, str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
            try:
                assert writer.stdout.readline() == "ready\n"
                for _ in range(10):  # what a reader finds while the other writes is whole as well
                    assert number_in(path) >= 1
                time.sleep(rng.random() * 0.05)
            finally:
                writer.kill()
        assert writer.returncode == -signal.SIGKILL
        last = number_in(path)
        assert last >= 1
    filled(kept := model(), last + 1)
    save(kept, path)  # what a killed program left behind is in nobody's way
    assert number_in(path) == last + 1


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("failing", ["fsync", "replace"])
def test_a_failed_write_leaves_the_old_file_alone(name, failing, tmp_path, monkeypatch):
    path, made = tmp_path / name, model()
    filled(made, 1)
    save(made, path)
    before = path.read_bytes()

    def fail(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    filled(made, 2)
    monkeypatch.setattr(os, failing, fail)
    with pytest.raises(OSError, match="No space left"):
        save(made, path)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == [name]


if __name__ == "__main__":
    write_for_ever(pathlib.Path(sys.argv[1]))
