"""Imports point down: a module uses those of lower rows, and no two modules need each other.

All imports of `src/cello` count, those inside functions as well; what only a type checker sees does
not. docs/design.md draws the rows.
"""

import ast
from pathlib import Path

import cello

COMPILATIONS = 10

SOURCE = Path(cello.__file__).parent

ROWS = [  # from the bottom; what stands in one row does not use each other
    ["native", "core"],
    ["activations", "constraints", "initializers", "regularizers"],
    ["ops", "distribution"],
    ["cells", "losses", "optimizers"],
    ["layers", "metrics"],
    ["training"],
    ["models"],
    ["callbacks", "generation", "streaming"],
    ["lowering"],
    ["saving"],
    ["datasets", "launch", "plotting", "random", "ridge", "timeseries"],
    ["config", "mixed_precision", "utils"],
    ["backend", "preprocessing", "tune", "wrappers"],
    [""],  # cello itself
]
ROW = {name: row for row, names in enumerate(ROWS) for name in names}

# Who may look up, and why.
OF_A_MODEL = "a method of a model stands for a function above it, and imports it when called"
IN_A_GRAPH = "on a tensor of a graph an activation is the layer Activation, imported when called"
KERAS_NAMES = "Keras has load_model and save_model here too"
UPWARD = {
    ("cello.activations", "cello.layers.function"): IN_A_GRAPH,
    ("cello.models", "cello.saving.models"): KERAS_NAMES,
    ("cello.models.model", "cello.lowering.narrower.quantized"): OF_A_MODEL,
    ("cello.models.model", "cello.lowering.sessions.choose"): OF_A_MODEL,
    ("cello.models.model", "cello.generation"): OF_A_MODEL,
    ("cello.models.model", "cello.plotting.diagram"): OF_A_MODEL,
    ("cello.models.model", "cello.saving"): OF_A_MODEL,
    ("cello.models.model", "cello.streaming"): OF_A_MODEL,
    ("cello.models.seq2seq", "cello.generation"): OF_A_MODEL,
}


def modules():
    """Name to path."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        parts = ("cello", *path.relative_to(SOURCE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


MODULES = modules()


class Imports(ast.NodeVisitor):
    """The modules of Cello that a module imports."""

    def __init__(self, path):
        self.found = {}
        self.visit(ast.parse(path.read_text()))

    def visit_If(self, node):
        unseen = "TYPE_CHECKING" in ast.unparse(node.test)
        for child in node.orelse if unseen else ast.iter_child_nodes(node):
            self.visit(child)

    def visit_Import(self, node):
        self.found.update(dict.fromkeys(a.name for a in node.names if a.name in MODULES))

    def visit_ImportFrom(self, node):
        assert node.level == 0, "imports are absolute"
        if node.module in MODULES:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                self.found[inner if inner in MODULES else node.module] = None


IMPORTS = {name: list(Imports(path).found) for name, path in MODULES.items()}


def part(module):
    """The part of the house that a module belongs to."""
    return [*module.split("."), ""][1]


def excepted(importer, imported):
    return any(importer == a and (imported == b or imported.startswith(f"{b}.")) for a, b in UPWARD)


def test_every_part_stands_in_a_row():
    assert {part(m) for m in MODULES} == set(ROW)


def test_imports_point_down():
    wrong = {
        f"{a} -> {b}"
        for a, imported in IMPORTS.items()
        for b in imported
        if part(a) != part(b) and ROW[part(a)] <= ROW[part(b)] and not excepted(a, b)
    }
    assert not wrong


def test_exceptions_are_needed():
    for a, b in UPWARD:
        assert any(i == b or i.startswith(f"{b}.") for i in IMPORTS.get(a, [])), (a, b)


def test_no_module_needs_itself():
    arrows = {a: [b for b in found if not excepted(a, b)] for a, found in IMPORTS.items()}
    done, path = set(), []

    def follow(module):
        assert module not in path, " -> ".join([*path[path.index(module) :], module])
        if module in done:
            return
        path.append(module)
        for other in arrows[module]:
            follow(other)
        done.add(path.pop())

    for module in arrows:
        follow(module)
