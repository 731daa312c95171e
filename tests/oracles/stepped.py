"""A cell over whole sequences, and by repeating its step: what must be equal."""

from cello.cells.cell import as_cell
from cello.cells.frame import run_cell, running
from cello.cells.loop import repeat_step
from cello.ops.recurrence import hide_masked
from cello.ops.run import Run


def run_whole(cell, inputs, states, **options):
    """`(outputs, states)` of the cell as it runs; `options` are those of `Run`."""
    return run_cell(as_cell(cell), inputs, states, Run(**options))


def run_steps(cell, inputs, states, **options):
    """The same by a loop over its step."""
    return _repeat(as_cell(cell), inputs, states, Run(**options))


def by_steps(layers):
    """A scope in which the cells of recurrent layers are run by a loop over their steps."""
    return running(layers, lambda layer, *given: _repeat(layer.runnable, *given))


def _repeat(cell, inputs, states, run):
    inputs, run = run.but(segment=None).in_order(inputs)
    return repeat_step(cell, hide_masked(inputs, run.mask), states, run)
