"""Searching with Optuna: the table, pruning, and going on after an interruption."""

import contextlib
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import numpy as np
import optuna
import pytest

import cello
from cello import Input, Sequential, tune
from cello.layers import Dense, GlobalAveragePooling1D

COMPILATIONS = 150

# SQLAlchemy under Python's newest sqlite3, and Optuna's own experiments.
pytestmark = [
    pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning"),
]

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 5, 2)).astype("float32")
Y = X.sum((1, 2))[:, None]


def build(trial):
    rate = trial.suggest_float("rate", 1e-6, 1e-1, log=True)
    units = trial.suggest_int("units", 2, 6, step=4)
    layers = [Dense(units, "tanh"), GlobalAveragePooling1D(), Dense(1)]
    model = Sequential([Input((None, 2)), *layers])
    model.compile(cello.optimizers.Adam(rate), "mse")
    return model


def searched(trials=6, made=build, **options):
    options = {"validation_split": 0.3, "epochs": 3, "seed": 4, "verbose": 0} | options
    return tune.search(made, X, Y, trials=trials, **options)


def test_the_value_is_that_of_the_best_epoch_and_the_table_is_sorted():
    histories = []

    def kept(trial):
        model = build(trial)
        fit = model.fit

        def fit_and_keep(*args, **options):
            histories.append(model)
            return fit(*args, **options)

        model.fit = fit_and_keep
        return model

    found = searched(made=kept, pruner=optuna.pruners.NopPruner())
    bests = [min(m.history.history["val_loss"]) for m in histories]
    assert [t.value for t in found.study.trials] == bests
    assert found.best_value == min(bests)
    rows = found.table()
    assert [row["value"] for row in rows] == sorted(bests)
    assert rows[0]["rate"] == found.best_params["rate"] and rows[0]["epochs"] == 3
    lines = str(found).splitlines()
    assert len(lines) == 7 and lines[0].split()[:3] == ["trial", "value", "state"]
    model = found.build()
    assert model.layers[0].units == found.best_params["units"]
    np.testing.assert_allclose(model.optimizer.learning_rate, found.best_params["rate"], rtol=1e-6)


@pytest.mark.deep
def test_the_same_seed_finds_the_same():
    one, two = searched(), searched()
    assert [r | {"seconds": 0} for r in one.table()] == [r | {"seconds": 0} for r in two.table()]
    assert one.best_value != searched(seed=5).best_value


def test_hopeless_trials_are_ended_early():
    class Never(optuna.pruners.BasePruner):
        """Ends every trial but the first after its second epoch."""

        def prune(self, study, trial):
            return trial.number > 0 and len(trial.intermediate_values) == 2

    found = searched(pruner=Never())
    states = [(row["state"], row["epochs"]) for row in found.table()]
    assert states == [("complete", 3)] + [("pruned", 2)] * 5


def test_what_is_not_finite_is_pruned_and_more_may_be_better():
    def wild(trial):
        model = build(trial)
        rate = 1e30 if trial.number == 1 else 1e-2
        model.compile(cello.optimizers.SGD(rate), "mse", metrics=["mae"])
        return model

    with pytest.warns(UserWarning, match="the loss is"):
        found = searched(3, made=wild, monitor="val_mae", mode="max")
    values = [row["value"] for row in found.table()]
    assert [row["state"] for row in found.table()] == ["complete", "complete", "pruned"]
    assert values[0] >= values[1] and found.best_value == values[0]


def test_a_search_goes_on_from_its_file(tmp_path):
    """With other trials than those that it has."""
    file = tmp_path / "a" / "search.db"
    first = [t.params for t in searched(3, storage=file).study.trials]
    assert len(searched(3, storage=file).study.trials) == 3
    both = searched(5, storage=file)
    assert [t.params for t in both.study.trials[:3]] == first
    rates = [row["rate"] for row in both.table()]
    assert len(set(rates)) == 5
    assert len(searched(2, storage=file, name="another").study.trials) == 2


PROGRAM = """
    import sys, time
    import numpy as np
    import cello
    from cello import Input, Sequential, tune
    from cello.layers import Dense, Flatten

    def build(trial):
        model = Sequential([Input((2,)), Dense(trial.suggest_int("units", 1, 100)), Dense(1)])
        model.compile("sgd", "mse")
        print(trial.number, flush=True)
        if trial.number == 2 and sys.argv[1] == "hang":
            time.sleep(100)
        return model

    x = np.ones((4, 2), "float32")
    found = tune.search(build, x, x[:, :1], monitor="loss", trials=4, storage="search.db", seed=1)
    for row in found.table():
        print(row["trial"], row["state"], row["units"])
"""


def wait_for_a_heartbeat(path, trials):
    """Wait for each trial's first: a thread of Optuna's writes it, soon after the trial's start."""
    with contextlib.closing(sqlite3.connect(path)) as base:
        while base.execute("SELECT count(*) FROM trial_heartbeats").fetchone()[0] < trials:
            time.sleep(0.1)


@pytest.mark.deep
def test_a_search_that_was_killed(tmp_path):
    """The trial that was cut off is run anew, with the values that it had drawn."""
    command = [sys.executable, "-c", textwrap.dedent(PROGRAM)]
    process = subprocess.Popen(
        [*command, "hang"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    while process.stdout.readline().strip() != "2":
        assert process.poll() is None, process.stderr.read()
    wait_for_a_heartbeat(tmp_path / "search.db", trials=3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    time.sleep(11)  # Optuna takes a process for dead after ten seconds
    again = subprocess.run([*command, "go on"], cwd=tmp_path, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    rows = [line.split() for line in again.stdout.splitlines() if len(line.split()) == 3]
    units = {int(number): (state, units) for number, state, units in rows}
    assert [units[i][0] for i in sorted(units)].count("complete") == 4
    assert units[2][0] == "fail" and units[2][1] in [units[i][1] for i in units if i > 2]


def test_errors_say_what_to_do():
    with pytest.raises(ValueError, match=r"'val_loss' is not among.*pass validation_data"):
        searched(validation_split=0.0)
    with pytest.raises(ValueError, match=r"must return a compiled model\. Returned: None"):
        searched(made=lambda trial: None)
    with pytest.raises(ValueError, match="does not tell whether more or less"):
        searched(monitor="val_marbles")


def test_arguments_of_the_wrong_kind(tmp_path):
    with pytest.raises(ValueError, match=r"build must be a function of a trial.*Sequential"):
        searched(made=Sequential([Input((None, 2)), Dense(1)]))
    with pytest.raises(ValueError, match=r"trials must be a positive integer\. Received: trials=0"):
        searched(0)
    with pytest.raises(ValueError, match=r"is a folder: pass a name in it"):
        searched(storage=tmp_path)


def test_without_optuna(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(ImportError, match=r"pip install 'cello-rnn\[tune\]'"):
        searched()
