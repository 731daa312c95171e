"""The benchmarks run: a tiny row of each table, and peers that fail. No time is judged."""

import dataclasses
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPILATIONS = 20

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
PEERS = "cello,cello_ops,scan,associative_scan"


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """The report of a run at a tiny shape, and the folder with its files."""
    folder = tmp_path_factory.mktemp("results")
    command = [sys.executable, BENCHMARKS / "recurrent.py", "--shape", "2,3,2,4", "--rounds", "2"]
    command += ["--peers", PEERS, "--rows", "LSTM .*4 (masked )?training|linear", "--out", folder]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "best peer / Cello, geometric mean, training" in run.stdout
    (written,) = folder.glob("*.json")
    return json.loads(written.read_text()), written


@pytest.mark.deep
def test_cello_and_its_peers_are_measured_in_every_round(results):
    report, _ = results
    models = [r for r in report["results"] if r["table"] == "models"]
    assert [r["row"]["mask"] for r in models] == [None, "lengths"]
    for result in models:
        for peer in ("cello", "cello_ops", "scan"):
            assert result["times"][peer]["kind"] == "measured", result["times"][peer]["reason"]
            assert len(result["times"][peer]["seconds"]) == 2
            assert min(result["times"][peer]["seconds"]) > 0


@pytest.mark.deep
def test_the_other_tables_have_their_rows(results):
    report, _ = results
    options = [r["row"]["mask"] for r in report["results"] if r["table"] == "factors"]
    assert options == [None, "lengths"]
    linear = [r for r in report["results"] if r["table"] == "linear_scan"]
    assert [r["row"]["mode"] for r in linear] == 2 * ["inference", "training"]
    assert [r["row"]["dtype"] for r in linear] == [*2 * ["float32"], *2 * ["complex64"]]
    for result in linear:
        assert result["times"]["scan"]["seconds"]
        assert result["times"]["associative_scan"]["seconds"]


@pytest.mark.deep
def test_a_missing_time_says_why(results):
    report, written = results
    missing = [
        time["reason"]
        for result in report["results"]
        for time in result["times"].values()
        if time["kind"] != "measured"
    ]
    assert missing
    assert all(missing)
    page = written.with_suffix(".md").read_text()
    assert all(reason in page for reason in missing)


@pytest.mark.deep
def test_the_results_are_drawn_again(results, tmp_path):
    pytest.importorskip("matplotlib")
    _, written = results
    copy = tmp_path / "copy.json"
    copy.write_text(written.read_text())
    command = [sys.executable, BENCHMARKS / "recurrent.py", "--show", copy]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "LSTM 2,3,2,4 masked" in run.stdout
    assert copy.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"


@pytest.fixture
def harness(monkeypatch, tmp_path):
    """The path on which a peer's module is found, with a folder for modules of a test."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def measured(harness, source):
    """What `rounds.measure` says of a peer made of `source`, and its worker."""
    from harness.rounds import measure
    from harness.rows import Group, Row
    from harness.worker import Worker
    from peers import Peer

    (harness / "a_peer.py").write_text(source)
    worker = Worker(Peer("scan", "A peer", "a_peer"), harness / "log")
    worker.start()
    worker.wait_until_ready()
    row = Row("LSTM", 2, 3, 2, 4, "training")
    (result,) = measure(Group("models", (row,)), [worker], rounds=2)
    worker.stop()
    return result.times["scan"]


def test_a_peer_that_raises_is_shown_with_its_reason(harness):
    time = measured(harness, "def prepare(row):\n    raise ValueError('no such shape')\n")
    assert (time.kind, time.reason) == ("failed", "ValueError: no such shape")


def test_a_peer_whose_process_ends_is_shown(harness):
    source = "import os\ndef prepare(row):\n    return lambda: os._exit(3)\n"
    time = measured(harness, source)
    assert time.kind == "failed"
    assert "exit code 3" in time.reason


def test_a_peer_that_is_not_installed_is_unavailable(harness):
    from harness.worker import Worker
    from peers import Peer, Unavailable

    (harness / "a_peer.py").write_text("import no_such_package\n")
    worker = Worker(Peer("scan", "A peer", "a_peer"), harness / "log")
    worker.start()
    with pytest.raises(Unavailable, match="no_such_package is not installed"):
        worker.wait_until_ready()
    worker.stop()


@pytest.mark.parametrize("cell", ["LSTM", "GRU", "SimpleRNN"])
@pytest.mark.parametrize("mode", ["training", "inference"])
def test_the_flops_of_a_row_are_those_of_its_matrix_products(harness, cell, mode):
    """Counted in the trace of one step, without a gradient for the data."""
    import jax
    import jax.numpy as jnp
    from harness.rows import GATES, Row

    row = Row(cell, 5, 7, 3, 11, mode)
    width = GATES[cell] * row.units
    x, kernel = jnp.ones((5, 3)), jnp.ones((3, width))
    h, recurrent_kernel = jnp.ones((5, 11)), jnp.ones((11, width))

    def products(kernel, h, recurrent_kernel):
        return x @ kernel, h @ recurrent_kernel

    def forward_and_backward(*arguments):
        return jax.vjp(products, *arguments)[1]((jnp.ones((5, width)),) * 2)

    trace = jax.make_jaxpr(forward_and_backward if row.training else products)
    assert row.flops == row.time * count(trace(kernel, h, recurrent_kernel))
    stack = dataclasses.replace(row, bidirectional=True)
    assert stack.flops == 2 * row.flops


def count(jaxpr):
    """Multiplications and additions in the matrix products of a traced function."""
    total = 0
    for equation in jaxpr.jaxpr.eqns:
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            inner = equation.invars[0].aval.shape[contracted[0]]
            total += 2 * equation.outvars[0].aval.size * inner
    return total


@pytest.mark.deep
def test_a_sample_of_a_stream_is_measured():
    program = BENCHMARKS / "stream_in_python.py"
    command = [sys.executable, program, "--quick", "--units", "3", "--calls", "2"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [line.split("│") for line in run.stdout.splitlines() if line.startswith("│")]
    times = {line[1].strip(): line[2] for line in lines}
    for name in ("Cello", "Keras JAX, stateful", "Keras JAX, states by hand"):
        assert float(times[name]) > 0


@pytest.mark.deep
@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no gcc")
def test_a_stream_in_c_is_measured():
    """All say the same, in more time than the core needs at least."""
    command = [sys.executable, BENCHMARKS / "stream.py", "--quick", "--units", "32"]
    run = subprocess.run([*command, "--cells", "LSTM", "LRU"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    rows = [re.split(r"[│┃] +", line) for line in run.stdout.splitlines() if line[:1] in "│┃"]
    heads = [[cell.strip() for cell in row[1:]] for row in rows if "gcc" in row[2]]
    assert heads and sum(row[1].strip() == "LRU(32)" for row in rows) == 2
    native, limit = (heads[0].index(name) for name in ("gcc native", "limit"))
    lstm = next(row[1:] for row in rows if row[1].strip() == "LSTM(32)")
    assert 0 < float(lstm[limit]) < float(lstm[native])
    assert "One core: " in run.stdout and "Not installed: " in run.stdout


@pytest.mark.deep
def test_the_cost_of_fit_is_measured():
    command = [sys.executable, BENCHMARKS / "overhead.py", "--units", "4", "--batches", "20"]
    run = subprocess.run([*command, "--rounds", "1"], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    row = next(line for line in run.stdout.splitlines() if "LSTM(4)" in line)
    assert all(float(time) > 0 for time in re.findall(r"│ (\d+) +", row)) and row.count("%") == 2


@pytest.mark.deep
def test_what_layers_remember_is_measured(tmp_path):
    """A result that is in the file is not computed again."""
    command = [sys.executable, BENCHMARKS / "memory_tasks.py", "--quick", "--layers", "GRU"]
    for tasks in ("parity", "parity,copy"):
        options = ["--tasks", tasks, "--output", tmp_path / "found.json"]
        run = subprocess.run([*command, *options], capture_output=True, text=True)
        assert run.returncode == 0, run.stdout + run.stderr
    found = json.loads((tmp_path / "found.json").read_text())
    assert [name.split(", ")[:2] for name in found] == [["GRU", "parity"], ["GRU", "copy"]]
    assert all(0 <= result["score"] <= 1 for result in found.values())
    assert "GRU, copy: " in run.stdout and "GRU, parity: " not in run.stdout


@pytest.mark.deep
def test_an_epoch_over_sequences_of_different_lengths_is_measured():
    command = [sys.executable, BENCHMARKS / "lengths.py", "--quick"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    for way in ("Cello, a list of sequences", "Cello, padded and masked", "Keras JAX, padded"):
        assert re.search(rf"{way}.* \d+\.\d+ s", run.stdout)


@pytest.mark.deep
def test_recurrent_layers_are_measured_beside_their_steps():
    command = [sys.executable, BENCHMARKS / "cells.py", "--quick", "--layers", "LSTM", "GLA"]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    rows = [line.split() for line in run.stdout.splitlines()]
    speed, by_length = (row[1:] for row in rows if row[:1] == ["GLA"])
    assert len(speed) == 4 and all(float(n) >= 0 for n in speed)
    assert by_length[0] == "64" and by_length[-1] == "MiB"
    assert sum(row[:1] == ["LSTM"] for row in rows) == 1


@pytest.mark.deep
def test_the_tables_of_every_day_are_made():
    command = [sys.executable, BENCHMARKS / "everyday.py", "--rounds", "1", "--only", "Conv1D, dil"]
    run = subprocess.run([*command, "--tables", "layers", "calls"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "Conv1D, dilated" in run.stdout
    assert "train_on_batch" in run.stdout
