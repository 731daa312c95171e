"""The benchmark of GPUs runs, here on any device, and its peers compute the same as Cello."""

import dataclasses
import json
import re
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

COMPILATIONS = 40

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


def run(output, *options):
    command = [sys.executable, BENCHMARKS / "gpu.py", "--any-device", "--output", output]
    done = subprocess.run([*command, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The file and the printed text of a run at tiny shapes."""
    output = tmp_path_factory.mktemp("gpu") / "found.json"
    tiny = ["--batches", "2", "--steps", "5", "--units", "4", "--precisions", "float32"]
    tiny += ["--peers", "jax_cudnn,scan,associative_scan", "--options", "dropout"]
    shown = run(output, *tiny, "--layers", "GRU,linear_scan", "--scan-shapes", "2,6,4")
    return output, shown, tiny


@pytest.mark.deep
def test_cello_and_its_peers_are_measured(written):
    output, shown, _ = written
    results = json.loads(output.read_text())["results"]
    names = ["GRU 2,5,4 float32", "linear_scan 2,6,4 float32"]
    assert list(results) == [f"{name} {mode}" for name in names for mode in ("training", "forward")]
    for name, result in results.items():
        assert not result["failed"]
        others = {"associative_scan"} if "linear" in name else {"scan"}
        assert {"cello", *others} <= set(result["times"])
        assert min(result["times"].values()) > 0
        assert all(difference < 1e-5 for difference in result["differences"].values())
    assert "cello dropout" in results["GRU 2,5,4 float32 training"]["times"]
    assert "JAX cuDNN: an LSTM only" in shown
    assert "with dropout / without: most" in shown
    assert output.with_suffix(".png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.deep
def test_finished_rows_are_not_run_again(written):
    output, _, tiny = written
    before = json.loads(output.read_text())["results"]
    shown = run(output, *tiny, "--layers", "GRU,SimpleRNN", "--seconds", "0")
    assert "2 of 4 rows left out" in shown
    assert json.loads(output.read_text())["results"] == before


@pytest.fixture
def benchmarks(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


def a_row(layer="LSTM", mode="training", precision="float32"):
    from harness.gpu_rows import Row

    return Row(layer, 2, 6, 4, precision, mode)


def results_of(module, row, *options):
    from peers.gpu import draw

    results = module.prepare(row, draw(row), *options)()
    return [v.detach().numpy() if hasattr(v, "detach") else np.asarray(v) for v in results]


@pytest.mark.parametrize("layer", ["LSTM", "GRU"])
def test_pytorch_has_the_same_weights_and_gradients(benchmarks, layer):
    pytest.importorskip("torch")
    from peers.gpu import cello_ops, torch_modules

    ours = results_of(cello_ops, a_row(layer))
    outputs, dx, *weights = results_of(torch_modules, a_row(layer))
    np.testing.assert_allclose(outputs, ours[0], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(dx, ours[1], rtol=1e-5, atol=1e-6)
    kernel = weights[0].T
    if layer == "GRU":  # reset, update, new; Cello: update, reset, new
        reset, update, new = np.split(kernel, 3, axis=1)
        kernel = np.concatenate([update, reset, new], axis=1)
    np.testing.assert_allclose(kernel, ours[2], rtol=1e-5, atol=1e-5)


def test_the_weights_of_cudnn_in_jax_are_packed_as_it_reads_them(benchmarks, monkeypatch):
    """Its reference in place of cuDNN, which unpacks the same weights."""
    import jax
    from jax.experimental import rnn
    from peers.gpu import cello_ops, jax_cudnn

    def reference(x, h, c, weights, lengths, *, precision, **sizes):
        shape = [sizes[k] for k in ("input_size", "hidden_size", "num_layers", "bidirectional")]
        return rnn.lstm_ref(
            x,
            h,
            c,
            *rnn.unpack_lstm_weights(weights, *shape),
            lengths,
            *(
                sizes[k]
                for k in ("input_size", "hidden_size", "num_layers", "dropout", "bidirectional")
            ),
        )

    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    monkeypatch.setattr(jax_cudnn.rnn, "lstm", reference)
    ours, theirs = (results_of(m, a_row()) for m in (cello_ops, jax_cudnn))
    for mine, other in list(zip(ours, theirs, strict=False))[:2]:
        np.testing.assert_allclose(other, mine, rtol=1e-5, atol=1e-6)


def test_accelerated_scan_gets_time_last(benchmarks, monkeypatch):
    torch = pytest.importorskip("torch")
    from peers.gpu import accelerated_scan, cello_ops

    def scan(gates, tokens):  # (batch, channels, time)
        h = [tokens[..., 0]]
        for t in range(1, tokens.shape[-1]):
            h.append(gates[..., t] * h[-1] + tokens[..., t])
        return torch.stack(h, -1)

    package, module = types.ModuleType("accelerated_scan"), types.ModuleType("warp")
    module.scan = scan
    monkeypatch.setitem(sys.modules, "accelerated_scan", package)
    monkeypatch.setitem(sys.modules, "accelerated_scan.warp", module)
    row = a_row("linear_scan")
    ours, theirs = results_of(cello_ops, row), results_of(accelerated_scan, row)
    for mine, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(other.swapaxes(1, 2), mine, rtol=1e-5, atol=1e-6)


def test_a_peer_that_raises_is_noted_and_the_others_go_on(benchmarks, monkeypatch):
    import gpu
    from peers.gpu import lax_scan

    def fails(row, data):
        raise ValueError("no such shape\nand more")

    monkeypatch.setattr(lax_scan, "prepare", fails)
    chosen = types.SimpleNamespace(peers=["scan"], options=["plain"])
    result = gpu.measure(a_row(), chosen)
    assert result["failed"] == {"scan": "ValueError: no such shape"}
    assert result["times"]["cello"] > 0


@pytest.mark.parametrize("layer", ["LSTM", "GRU", "SimpleRNN"])
def test_the_operations_of_a_row_are_those_of_its_matrix_products(benchmarks, layer):
    from harness import gpu_rows, rows

    row = a_row(layer, "forward")
    same = rows.Row(layer, row.batch, row.steps, row.units, row.units, "inference")
    assert row.operations == same.flops
    assert dataclasses.replace(row, mode="training").operations == 3 * same.flops
    x = row.batch * row.steps * row.units
    weights = 2 * row.units * rows.GATES[layer] * row.units
    assert row.bytes == 4 * (2 * x + weights)
    assert gpu_rows.Row("linear_scan", 2, 6, 4, "float32", "training").bytes == 4 * 8 * 48


def test_rows_come_in_the_order_of_their_importance(benchmarks):
    import gpu

    everything, quick = gpu.parse([]).rows, gpu.parse(["--quick"]).rows
    assert everything[: len(quick)] == quick
    assert len(set(everything)) == len(everything) == 3 * 4 * 3 * 5 * 3 * 2 + 4
    with pytest.raises(SystemExit):
        gpu.parse(["--layers", "LSTM,Mamba"])


def test_a_device_without_a_gpu_is_refused(tmp_path):
    command = [sys.executable, BENCHMARKS / "gpu.py", "--output", tmp_path / "found.json"]
    done = subprocess.run(
        command, capture_output=True, text=True, env={"JAX_PLATFORMS": "cpu", "PATH": ""}
    )
    assert done.returncode and re.search("this needs a GPU", done.stderr)
