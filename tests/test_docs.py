"""The programs in the pages run, each page from top to bottom."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

COMPILATIONS = 20

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
DEEP = [
    "attention",
    "cells",
    "coming_from_keras",
    "ctc",
    "export",
    "generation",
    "lengths",
    "long_histories",
    "new_cell",
    "scaling",
    "streaming",
    "training",
    "tuning",
]
PAGES = [
    "README.md",
    *(pytest.param(f"docs/{page}.md", marks=pytest.mark.deep) for page in DEEP),
]


@pytest.mark.deep
def test_gallery(tmp_path):
    pytest.importorskip("matplotlib")
    command = [sys.executable, "-W", "error", DOCS / "make_gallery.py", "--output", tmp_path]
    run = subprocess.run(command, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    page = (DOCS / "gallery.md").read_text()
    pictures = re.findall(r"!\[.+?\]\((.*?)\)", page)
    assert len(pictures) == page.count("```python")
    for picture in pictures:
        for folder in (tmp_path, DOCS):
            assert (folder / picture).read_bytes()[:4] == b"\x89PNG"


def programs_of(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("page", PAGES)
def test_programs_of_a_page_run(page, tmp_path, monkeypatch):
    """As the reader would: in an empty folder, one after the other, in one program."""
    programs = programs_of(ROOT / page)
    assert programs
    program = tmp_path / "program.py"
    program.write_text("\n".join(programs))
    monkeypatch.chdir(tmp_path)
    runpy.run_path(str(program), run_name="__main__")


def test_every_page_with_programs_is_tested():
    tested = {getattr(page, "values", [page])[0] for page in PAGES}
    pages = {p.relative_to(ROOT).as_posix() for p in [ROOT / "README.md", *DOCS.glob("*.md")]}
    shown = {page for page in pages if programs_of(ROOT / page)}
    assert tested <= shown
    # The gallery has its own test; the others speak of models that the reader has.
    assert shown - tested == {f"docs/{name}.md" for name in ("gallery", "files", "onnx", "pytorch")}
