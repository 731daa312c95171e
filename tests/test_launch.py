"""Two processes over loopback: the same weights as one, files once, and one that is killed."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

COMPILATIONS = 10

TRAIN = Path(__file__).parent / "distribution" / "train.py"
LAUNCH = [sys.executable, "-m", "cello.launch", "--processes", "2"]
EXAMPLES = ("co2_forecast", "variable_length")
CASES = ("stateful", "tbptt")
OWN = ("files", "other_seeds", "own_batches")


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, **options)
    assert done.returncode == 0, done.stderr
    return done


def results(folder, name, process=0):
    with np.load(folder / f"{name} of {process}.npz") as file:
        return [file[key] for key in sorted(file.files, key=int)]


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    folder = tmp_path_factory.mktemp("one")
    run(sys.executable, TRAIN, folder, *EXAMPLES, *CASES, "files", "own_batches")
    return folder


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two")
    names = *EXAMPLES, *CASES, *OWN, "epochs", "refused"
    done = run(*LAUNCH, TRAIN, folder, *names)
    (folder / "output.txt").write_text(done.stdout)
    (folder / "errors.txt").write_text(done.stderr)
    return folder


@pytest.mark.deep
@pytest.mark.parametrize("name", [*EXAMPLES, *CASES, "own_batches", "files"])
def test_two_processes_train_what_one_does(name, one, two):
    """Weights, histories and predictions: of the examples' models, and of options of `fit`."""
    want = results(one, name)
    for process in (0, 1):
        for got, wanted in zip(results(two, name, process), want, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.deep
def test_process_0_decides_where_the_seeds_differ(two):
    for got, want in zip(*(results(two, "other_seeds", i) for i in (0, 1)), strict=True):
        np.testing.assert_array_equal(got, want)


@pytest.mark.deep
def test_files_and_lines_are_written_once(one, two):
    def names(folder):
        found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
        return {re.sub(r"tfevents.*", "tfevents", name) for name in found}

    assert names(two / "written by 0") == names(one / "written by 0")
    assert len(names(two / "written by 0")) == 6
    assert not names(two / "written by 1")
    log = (two / "written by 0" / "log.csv").read_text().splitlines()
    assert len(log) == 3 and log[0] == "epoch,loss,val_loss"
    assert (two / "output.txt").read_text().count("Epoch 2/2") == 1


@pytest.mark.deep
def test_what_is_not_done_alike_is_refused_in_both(two):
    told = [json.loads((two / f"refused by {i}.json").read_text()) for i in (0, 1)]
    for each in told:
        for line, words in zip(
            each,
            (
                r"the first batch is .*22, 5, 3.* in process 0 and .*21, 5, 3.* in process 1",
                r"the number of batches is 2 in process 0 and 3 in process 1",
                r"Pad them to one length, or pass all sequences as a list",
                r"m\.wrong' must end in \.keras",
                r"is at .*all processes must go through the same program",
            ),
            strict=True,
        ):
            assert re.search(words, line), line


@contextlib.contextmanager
def started(command, **options):
    """A job whose third epoch has begun, the system's numbers of its processes, its output."""
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **options
    ) as job:
        try:
            output = ""
            for line in job.stdout:
                output += line
                if len(re.findall(r"epoch \d+ of process 0", output)) == 3:
                    break
            pids = {int(i): int(pid) for i, pid in re.findall(r"process (\d) is (\d+)", output)}
            yield job, pids, output
        finally:
            job.kill()


def first_epoch(output):
    return int(re.search(r"epoch (\d+) of process 0", output)[1])


@pytest.mark.deep
def test_a_job_with_a_killed_process_ends_and_resumes(two, tmp_path):
    """The launcher ends the others and says which it was; the same command goes on."""
    begins = []
    for victim in (1, 0):
        command = *LAUNCH, "--verbose", TRAIN, tmp_path, "slow_epochs"
        with started(command) as (job, pids, output):
            assert set(pids) == {0, 1}, output
            begins.append(first_epoch(output))
            os.kill(pids[victim], signal.SIGKILL)
            began = time.monotonic()
            rest = job.stdout.read().splitlines()
            assert job.wait() == 128 + signal.SIGKILL
            assert time.monotonic() - began < 30
        assert rest[-1].startswith(f"cello.launch: Process {victim} of 2 was ended by SIGKILL")
        assert "the same command goes on from there" in rest[-1]
        for pid in pids.values():
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    assert begins[0] == 0 and 2 <= begins[1] <= 3  # what was begun when it was killed is done anew

    alone = tmp_path / "alone"
    shutil.copytree(tmp_path / "run", alone / "run")
    for folder, launch, exactly in ((tmp_path, LAUNCH, True), (alone, LAUNCH[:1], False)):
        done = run(*launch, TRAIN, folder, "epochs")
        assert begins[1] + 2 <= first_epoch(done.stdout) < 12
        undisturbed = results(two, "epochs")
        for got, want in zip(results(folder, "epochs"), undisturbed, strict=True):
            if exactly:
                np.testing.assert_array_equal(got, want)
            else:  # one process goes on with what two have saved
                np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-5)


@pytest.mark.deep
def test_without_the_launcher_the_others_end_as_well(tmp_path):
    """As under Slurm, where each process is started by itself."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    more = {"JAX_COORDINATOR_ADDRESS": address, "JAX_LOCAL_DEVICE_IDS": "0", "CELLO_PROCESSES": "2"}
    command = [sys.executable, "-m", "cello.launch", TRAIN, tmp_path, "slow_epochs"]
    environment = {**os.environ, **more}
    first, second = ({**environment, "CELLO_PROCESS": str(i)} for i in (0, 1))
    options = {"stdin": subprocess.PIPE}
    with (
        subprocess.Popen(command, env=second, stderr=subprocess.DEVNULL, **options) as other,
        started(command, env=first, **options) as (job, _, output),
    ):
        assert "epoch 2 of" in output
        other.kill()
        began = time.monotonic()
        job.stdout.read()
        assert job.wait() != 0
        assert time.monotonic() - began < 30


@pytest.mark.deep
def test_an_error_in_one_process_ends_the_job(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import jax, sys\nprint('begun')\nif jax.process_index(): sys.exit('not today')\n"
        "jax.experimental.multihost_utils.sync_global_devices('never')\n"
    )
    done = subprocess.run([*LAUNCH, program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "begun" and done.stdout.count("begun") == 1
    assert "[1] not today" in done.stderr
    assert "cello.launch: Process 1 of 2 ended with exit code 1" in done.stderr.splitlines()[-1]


@pytest.mark.deep
def test_ctrl_c_ends_all(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import jax, os, time\nhere = jax.process_index()\n"
        "print(f'process {here} is {os.getpid()}')\n"
        "jax.experimental.multihost_utils.sync_global_devices('both have said it')\n"
        "for i in range(1000):\n    print(f'epoch {i} of process {here}')\n    time.sleep(1)\n"
    )
    with started([*LAUNCH, "--verbose", program]) as (job, pids, output):
        assert set(pids) == {0, 1}, output
        job.send_signal(signal.SIGINT)
        rest = job.stdout.read()
        assert job.wait() == 130
    assert "Interrupted" in rest
    for pid in pids.values():
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
