"""A training that was killed goes on and ends as if it had not been."""

import contextlib
import errno
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import textwrap
import time

import jax
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file

import cello
from cello import Input, Sequential
from cello.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LambdaCallback,
    SwapEMAWeights,
)
from cello.callbacks import ReduceLROnPlateau as Reduce
from cello.layers import LSTM, Dense, Dropout, GlobalAveragePooling1D, SimpleRNN

COMPILATIONS = 250

FILE = "training.safetensors"


class Killed(Exception):
    """Stands for the end of the process."""


class KillIn(Callback):
    """Ends the training in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_train_chunk_end(self, batch, logs=None):
        if self.now == self.epoch:
            raise Killed

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def arrays():
    return {"x": normal(22, 5, 3), "y": normal(22, 1, seed=1)}


def lists():
    x = [normal(n, 3, seed=n) for n in (2, 5, 5, 3, 8, 4, 4, 6, 2, 3)]
    return {"x": x, "y": normal(10, 1, seed=1)}


def iterator():
    """Batches that draw from NumPy's own random numbers, and go on from epoch to epoch."""
    np.random.seed(5)

    def batches():
        while True:
            yield np.random.normal(size=(4, 5, 3)), np.random.normal(size=(4, 1))

    return {"x": batches(), "steps_per_epoch": 3}


def plain():
    return [Input((None, 3)), LSTM(4, dropout=0.3, recurrent_dropout=0.2), Dropout(0.4), Dense(1)]


class Loader:
    """Batches that draw a new order from NumPy's own random numbers each time they are started."""

    def __len__(self):
        return 5

    def __iter__(self):
        for i in np.random.permutation(5):
            noise = np.random.normal(size=(4, 5, 3))
            yield normal(4, 5, 3, seed=i) + noise, normal(4, 1, seed=i)


def loader():
    return {"x": Loader()}


def torch_loader():
    torch = pytest.importorskip("torch")
    torch.manual_seed(5)
    data = torch.utils.data.TensorDataset(*map(torch.from_numpy, arrays().values()))
    return {"x": torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)}


def small():
    """As `plain`, with no recurrent layer: for what is between data, optimiser and callbacks."""
    return [Input((None, 3)), GlobalAveragePooling1D(), Dropout(0.4), Dense(1)]


def simple():
    return [Input((None, 3)), SimpleRNN(3, dropout=0.3), Dense(1)]


def stateful():
    return [Input(batch_shape=(11, None, 3)), SimpleRNN(4, stateful=True), Dense(1)]


KINDS = {
    "adam": (plain, arrays, "adam", {}, list),
    "arrays": (small, arrays, "adam", {}, list),
    "no shuffling": (small, arrays, "sgd", {"shuffle": False}, list),
    "lists": (small, lists, "rmsprop", {}, list),
    "iterator": (small, iterator, "adam", {}, list),
    "loader": (small, loader, "adam", {}, list),
    "torch": (small, torch_loader, "adam", {}, list),
    "stateful": (stateful, arrays, "adam", {"batch_size": 11}, list),
    "schedule": (
        small, arrays, lambda: cello.optimizers.SGD(lambda n: 0.1 / (1 + n)), {}, list
    ),
    "averages": (
        small, arrays,
        lambda: cello.optimizers.Adam(use_ema=True, gradient_accumulation_steps=4),
        {"validation_split": 0.3}, lambda: [SwapEMAWeights(swap_on_epoch=True)],
    ),
    "callbacks": (
        small, arrays, "adam", {"validation_split": 0.3},
        lambda: [EarlyStopping(patience=3, restore_best_weights=True), Reduce(patience=1)],
    ),
    "tbptt": (simple, arrays, "adam", {"tbptt": 2}, list),
}  # fmt: skip
WITHIN_AN_EPOCH = ("adam", "lists", "loader")
BETWEEN_EPOCHS = ("adam", "arrays", "iterator", "stateful")


def deep_but_for(kinds):
    return [k if k in kinds else pytest.param(k, marks=pytest.mark.deep) for k in KINDS]


def fitted(kind, epochs=6, more=(), at_once="auto", **options):
    """The model as a new process would make it, after `fit`; and the random numbers after it."""
    layers, data, optimizer, fit_options, callbacks = KINDS[kind]
    cello.utils.set_random_seed(3)
    model = Sequential(layers())
    optimizer = optimizer() if callable(optimizer) else optimizer
    model.compile(optimizer, "mse", metrics=["mae"], steps_per_execution=at_once)
    given = data()
    if "y" in given:
        given["batch_size"] = 4
    try:
        model.fit(
            **given | fit_options, epochs=epochs, verbose=0,
            callbacks=[*callbacks(), *more], **options,
        )  # fmt: skip
    except Killed:
        return None
    after = random.random(), np.random.random(), cello.initializers.get("normal")((2,))
    variables = [np.asarray(v.value) for v in model.variables]
    state = jax.tree.map(np.asarray, model.optimizer.state)
    return variables, state, model.history.history, model.history.epoch, after


def same(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


@pytest.mark.parametrize("kind", deep_but_for(BETWEEN_EPOCHS))
def test_a_training_that_was_cut_off_ends_as_one_that_was_not(kind, tmp_path):
    """Weights, optimiser, random numbers and history are equal bit for bit."""
    whole = fitted(kind, epochs=5, more=[KillIn(99)], resume=tmp_path / "whole")
    for epoch in (0, 2) if kind in ("adam", "iterator") else (2,):
        assert fitted(kind, epochs=5, more=[KillIn(epoch)], resume=tmp_path / "cut") is None
    same(fitted(kind, epochs=5, more=[KillIn(99)], resume=tmp_path / "cut"), whole)
    assert whole[3] == list(range(len(whole[3])))
    assert whole[3] and len(whole[2]["loss"]) == len(whole[3])


def test_a_training_that_is_over_is_not_gone_on_with(tmp_path):
    whole = fitted("callbacks", more=[KillIn(99)], resume=tmp_path)
    same(fitted("callbacks", more=[KillIn(0)], resume=tmp_path)[:4], whole[:4])


class DiesAfter(BackupAndRestore):
    """Ends the training after so many saves within epochs."""

    saves = 0
    left = None

    def save_within(self, run, epoch, batches, logs):
        saved, self.saves = self.saves, self.saves + (batches >= self._next)
        super().save_within(run, epoch, batches, logs)
        if self.saves > saved and self.saves == self.left:
            raise Killed


@pytest.mark.parametrize("kind", deep_but_for(WITHIN_AN_EPOCH))
def test_cut_off_within_an_epoch(kind, tmp_path):
    """After the very first batch, and after others; for most kinds the last of an epoch is one."""

    def run(folder, left=None):
        backup = DiesAfter(tmp_path / folder, 1, delete_checkpoint=False)
        backup.left = left
        return fitted(kind, epochs=3, more=[backup], at_once=1)

    whole = run("whole")
    for left in (1, 3):
        assert run("cut", left) is None
        assert saved_moment(tmp_path / "cut" / FILE)[1] > 0
    same(run("cut"), whole)


def test_a_backup_within_an_epoch_is_of_the_same_metrics(tmp_path):
    """Their sums are in the file."""
    backup = DiesAfter(tmp_path, 2, delete_checkpoint=False)
    backup.left = 1
    assert fitted("arrays", more=[backup], at_once=1) is None
    model = Sequential(small())
    model.compile("adam", "mse", metrics=["mae", "mape"], steps_per_execution=1)
    with pytest.raises(ValueError, match=r"metrics is \['loss', 'mae'\] there and \['loss',.*mape"):
        model.fit(**arrays(), batch_size=4, verbose=0, callbacks=[DiesAfter(tmp_path, 2)])


@pytest.mark.parametrize("append", [pytest.param(False, marks=pytest.mark.deep), True])
def test_the_lines_of_a_csv_file_go_on(append, tmp_path):
    """Those of epochs that are lost are written anew; those of other trainings stay or go."""
    told = {}
    for name, deaths in (("whole", ()), ("cut", (2, 4))):
        file = tmp_path / f"{name}.csv"
        file.write_text("epoch,loss,mae,val_loss,val_mae\n0,1,1,NA,NA\n" * 20)

        def logger(file=file):
            return cello.callbacks.CSVLogger(file, append=append)

        for epoch in deaths:  # the callback that ends it comes after the line is written
            end = LambdaCallback(on_epoch_end=lambda now, logs, epoch=epoch: die(now == epoch))
            assert fitted("arrays", more=[logger(), end], resume=tmp_path / name) is None
        alive = LambdaCallback(on_epoch_end=lambda now, logs: None)
        fitted("arrays", more=[logger(), alive], resume=tmp_path / name)
        told[name] = file.read_text()
    assert told["whole"] == told["cut"]
    assert len(told["whole"].splitlines()) == (46 if append else 7)


def die(now):
    if now:
        raise Killed


def test_saving_changes_nothing_and_the_file_goes_at_the_end(tmp_path):
    alone = fitted("arrays")
    backup = BackupAndRestore(tmp_path)
    seen = LambdaCallback(on_train_end=lambda logs: files.extend(os.listdir(tmp_path)))
    files = []
    same(fitted("arrays", more=[seen, backup]), alone)
    assert files == [FILE] and not os.listdir(tmp_path)


def test_more_epochs_go_on_from_the_end(tmp_path):
    whole = fitted("arrays", epochs=6)
    fitted("arrays", epochs=4, resume=tmp_path)
    same(fitted("arrays", epochs=6, resume=tmp_path)[:4], whole[:4])


TRAIN = """
    import json, time
    import numpy as np
    import cello
    from cello.layers import Dense, Input, SimpleRNN

    cello.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 6, 2)), rng.normal(size=(40, 1))
    model = cello.Sequential([Input((None, 2)), SimpleRNN(3, dropout=0.2), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    told = cello.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: print(epoch, flush=True),
        on_epoch_end=lambda epoch, logs: time.sleep(0.01),
    )
    history = model.fit(x, y, epochs={epochs}, verbose=0, callbacks=[told], resume="run")
    print(json.dumps(history.history))
    model.save_weights("final.safetensors")
"""


@pytest.mark.deep
def test_killed_at_any_moment(tmp_path, kills=20, epochs=250):
    """SIGKILL at random: while it starts, trains, saves; the last run ends as one in peace."""
    program = tmp_path / "train.py"
    program.write_text(textwrap.dedent(TRAIN.format(epochs=epochs)))
    folders = [tmp_path / "peace", tmp_path / "war"]
    for folder in folders:
        folder.mkdir()
    command = [sys.executable, program]
    peace = subprocess.run(command, cwd=folders[0], capture_output=True, text=True)
    assert peace.returncode == 0, peace.stderr
    rng, saved = random.Random(1), []
    for turn in range(1, kills + 1):
        process = subprocess.Popen(command, cwd=folders[1], stdout=subprocess.PIPE, text=True)
        for _ in range(rng.randrange(2, 16) if turn % 5 else 0):
            assert process.stdout.readline()
        time.sleep(rng.uniform(0, 0.05 if turn % 5 else 2))
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        process.stdout.close()
        file = folders[1] / "run" / FILE
        saved.append(saved_moment(file)[0] if file.exists() else 0)
    assert saved == sorted(saved) and 0 < saved[-1] < epochs
    war = subprocess.run(command, cwd=folders[1], capture_output=True, text=True)
    assert war.returncode == 0, war.stderr
    assert json.loads(war.stdout.splitlines()[-1]) == json.loads(peace.stdout.splitlines()[-1])
    same(*(load_file(folder / "final.safetensors") for folder in folders))


def saved_moment(file):
    """The epochs that are done, and the batches of the next one."""
    with safe_open(file, "numpy") as opened:
        record = json.loads(opened.metadata()["cello"])
        return record["epoch"], record["batches"]


# ----------------------------------------------------------------------------- refusals


def test_the_training_of_another_model_is_refused_by_name(tmp_path):
    fitted("arrays", epochs=1, resume=tmp_path)
    model = Sequential([Input((None, 3)), GlobalAveragePooling1D(), Dense(2), Dense(1)])
    model.compile("adam", "mse")
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"holds another training.*variables/.* is float32"):
        model.fit(**arrays(), batch_size=4, verbose=0, resume=tmp_path)
    same(model.get_weights(), before)
    for kind, what in (("no shuffling", "optimizer is Adam there and SGD"), ("lists", "RMSprop")):
        with pytest.raises(ValueError, match=what):
            fitted(kind, resume=tmp_path)
    with pytest.raises(ValueError, match="callbacks is"):
        fitted("arrays", more=[EarlyStopping("loss")], resume=tmp_path)


def test_other_data_are_refused(tmp_path):
    fitted("arrays", epochs=1, resume=tmp_path)
    cello.utils.set_random_seed(3)
    model = Sequential(small())
    model.compile("adam", "mse", metrics=["mae"])
    data = {k: v[:9] for k, v in arrays().items()}
    with pytest.raises(ValueError, match="batches an epoch is 6 there and 3 here"):
        model.fit(**data, batch_size=4, verbose=0, resume=tmp_path)


@pytest.mark.parametrize("keep", [0, 5, 0.5, -1])
def test_a_file_that_was_cut_short_is_refused(keep, tmp_path):
    fitted("arrays", epochs=1, resume=tmp_path)
    whole = (tmp_path / FILE).read_bytes()
    cut = whole[: int(keep * len(whole))] if isinstance(keep, float) else whole[:keep]
    (tmp_path / FILE).write_bytes(cut)
    with pytest.raises(ValueError, match=r"is no whole file of a training.*Remove it"):
        fitted("arrays", resume=tmp_path)


@pytest.mark.parametrize(
    "code",
    [errno.ENOSPC, *(pytest.param(e, marks=pytest.mark.deep) for e in (errno.EACCES, errno.EROFS))],
)
def test_a_disk_that_takes_no_more(code, tmp_path, monkeypatch):
    """What was saved stays whole, the weights stay, and the error says what to do."""
    fitted("arrays", epochs=2, resume=tmp_path)
    saved = (tmp_path / FILE).read_bytes()

    def fails(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(cello.core.files, "save_file", fails)
    with pytest.raises(OSError) as caught:
        fitted("arrays", epochs=4, resume=tmp_path)
    told = "".join(caught.value.__notes__)
    assert "could not save the training" in told and "what was saved before is whole" in told
    assert (tmp_path / FILE).read_bytes() == saved
    monkeypatch.undo()
    same(fitted("arrays", resume=tmp_path)[:4], fitted("arrays")[:4])


@contextlib.contextmanager
def read_only(folder):
    """Nobody may write there; for `root`, who always may, as another user."""
    user = os.geteuid()
    folder.chmod(0o555)
    try:
        if user == 0:
            os.seteuid(65534)
        yield
    finally:
        os.seteuid(user)
        folder.chmod(0o755)


def test_a_read_only_folder():
    with tempfile.TemporaryDirectory() as temporary:  # pytest's own nobody else may see
        os.chmod(temporary, 0o755)
        refused_and_whole(pathlib.Path(temporary) / "run")


def refused_and_whole(folder):
    fitted("arrays", epochs=2, resume=folder)
    (folder / FILE).chmod(0o644)
    saved = (folder / FILE).read_bytes()
    with read_only(folder), pytest.raises(OSError, match="Permission denied") as caught:
        fitted("arrays", epochs=4, resume=folder)
    assert "name another folder" in "".join(caught.value.__notes__)
    assert os.listdir(folder) == [FILE] and (folder / FILE).read_bytes() == saved
    same(fitted("arrays", resume=folder)[:4], fitted("arrays")[:4])


DISK = """
    import os, resource
    import numpy as np
    import cello
    from cello.callbacks import CSVLogger, LambdaCallback, ModelCheckpoint
    from cello.layers import Dense, Input

    def at_most(size):
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    x, y = np.ones((8, 64), "float32"), np.ones((8, 1), "float32")
    full = LambdaCallback(on_epoch_begin=lambda epoch, logs: epoch < 2 or at_most(4096))
    for folder, *names in {cases}:
        os.makedirs(folder)
        os.chdir(folder)
        model = cello.Sequential([Input((64,)), Dense(64), Dense(1)])
        model.compile("adam", "mse")
        savers = [ModelCheckpoint(name) for name in names]
        try:
            model.fit(x, y, epochs=4, verbose=0, resume="run",
                      callbacks=[full, CSVLogger("log.csv"), *savers])
        except OSError as error:
            at_most(resource.RLIM_INFINITY)
            print(folder, error, *error.__notes__, sep="|")
        os.chdir("..")
"""


def test_a_disk_that_is_really_full(tmp_path):
    """The system itself refuses to write on: all files are as the second epoch left them."""
    cases = {"none": [], "whole": ["m.keras"], "h5": ["m.weights.h5"], "tensors": ["m.safetensors"]}
    program = textwrap.dedent(DISK).format(
        cases=[[folder, *names] for folder, names in cases.items()]
    )
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    lines = {line.split("|")[0]: line for line in ended.stdout.splitlines() if "|" in line}
    for case, names in cases.items():
        folder = tmp_path / case
        assert "File too large" in lines[case]
        told = f"{names[0]} was not written" if names else "could not save the training"
        assert told in lines[case]
        assert saved_moment(folder / "run" / FILE) == (2, 0)
        assert sorted(os.listdir(folder)) == sorted(["log.csv", "run", *names])
        assert os.listdir(folder / "run") == [FILE]
        assert len((folder / "log.csv").read_text().splitlines()) == 4
        for name in names:
            model = Sequential([Input((64,)), Dense(64), Dense(1)])
            model.load_weights(folder / name)
            saved = load_file(folder / "run" / FILE)["variables/0/kernel"]
            np.testing.assert_array_equal(model.weights[0], saved)


def test_a_path_that_is_no_folder(tmp_path):
    (tmp_path / "file").write_text("")
    trained = LambdaCallback(on_epoch_begin=lambda epoch, logs: die(True))
    with pytest.raises(NotADirectoryError, match=r"file' is a file, .*: name another one"):
        fitted("arrays", epochs=1, more=[trained], resume=tmp_path / "file")


def test_a_folder_that_is_no_path():
    with pytest.raises(ValueError, match=r"the folder must be a path\. Received: 3"):
        fitted("arrays", epochs=1, resume=3)


@pytest.mark.parametrize("wrong", [0, "batch", 2.5])
def test_a_save_freq_that_is_no_number_of_batches(wrong):
    with pytest.raises(ValueError, match="save_freq must be 'epoch' or a number of batches"):
        BackupAndRestore("folder", save_freq=wrong)
