"""The programs in the pages run, each page from top to bottom."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("compiled_lightly")
DOCS = Path(__file__).parents[1] / "docs"
PAGES = [
    "attention",
    "cells",
    "ctc",
    "generation",
    "lengths",
    "long_histories",
    "new_cell",
    "scaling",
    "streaming",
    "training",
    "tuning",
]


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


@pytest.mark.parametrize("page", PAGES)
def test_programs_of_a_page_run(page, tmp_path):
    programs = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL)
    assert programs
    environment = {**os.environ, "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error", "-c", "\n".join(programs)]
    run = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert run.returncode == 0, run.stderr
