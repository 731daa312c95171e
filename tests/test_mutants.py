"""The list of faults that `make mutants` plants is true: each still has its place and its tests."""

import ast
import functools
import re
from collections import Counter
from pathlib import Path

import pytest
from mutant_list import MUTANTS

ROOT = Path(__file__).parents[1]


@functools.cache
def names_in(file):
    """The test functions of a file, and its classes of tests."""
    tree = ast.parse((ROOT / file).read_text())
    return {n.name for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef))}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda m: m.what)
def test_a_fault_has_one_place_and_tests(mutant):
    source = ROOT / mutant.file
    assert source.is_file(), f"{mutant.file} is gone: the fault moves, or goes with it"
    assert source.read_text().count(mutant.old) == 1, (
        f"{mutant.old!r} must stand in {mutant.file} once: follow the code with the fault"
    )
    assert mutant.new != mutant.old
    assert mutant.tests
    for test in mutant.tests:
        file, *names = re.sub(r"\[.*", "", test).split("::")
        assert set(names) <= names_in(file), test


def test_the_fast_tests_have_those_of_the_faults(request):
    """Seen where whole folders are run, as `make test` does."""
    here = {item.nodeid for item in request.session.items}
    here |= {re.sub(r"\[.*", "", node) for node in here}
    here |= {node.rsplit("::", 1)[0] for node in here}
    files = {node.split("::")[0] for node in here}
    config = request.config
    if not config.option.keyword and all(Path(given).is_dir() for given in config.args):
        wanted = {t for m in MUTANTS for t in m.tests if t.split("::")[0] in files}
        assert wanted <= here, sorted(wanted - here)


def test_there_are_many_faults_and_each_once():
    assert len(MUTANTS) >= 60
    assert max(Counter(m.what for m in MUTANTS).values()) == 1
    assert max(Counter((m.file, m.old, m.new) for m in MUTANTS).values()) == 1
