"""The layers of one cell each: Keras', written out, and `layer_of` for all others."""

from __future__ import annotations

import inspect
import types

from cello.cells import GRUCell, LSTMCell, SimpleRNNCell
from cello.core.layer import Layer
from cello.layers.rnn import RNN

_RUNNING = "return_sequences return_state go_backwards stateful unroll"


def layer_of(cell: type[Layer]) -> type[RNN]:
    """The layer that runs `cell`, under its name without "Cell", with its documentation."""
    name = cell.__name__.removesuffix("Cell")
    what = inspect.cleandoc(cell._own_doc or "").removeprefix("One step of ")
    summary, _, equations = what.partition("\n")
    size = next(iter(cell.declared))
    doc = (
        f"{summary[0].upper()}{summary[1:]}\n\nIt is `RNN({cell.__name__}({size}, ...))`: see "
        f"`RNN` for calls. Inputs have time as their second axis; of one step:\n{equations}"
    )
    members = {"__doc__": doc, "__module__": __package__}  # where `pickle` finds it
    return types.new_class(
        name, (RNN,), {"cell": cell}, lambda namespace: namespace.update(members)
    )


def _without(cell: type[Layer], name: str) -> str:
    return cell.argument_order.replace(f" {name}", "")


class SimpleRNN(RNN, cell=SimpleRNNCell):
    """The fully connected recurrent network: `RNN(SimpleRNNCell(units, ...))`.

    Inputs `(batch, time, features)`; see `SimpleRNNCell` for the equations and `RNN` for calls.
    """

    argument_order = f"{_without(SimpleRNNCell, 'seed')} {_RUNNING} seed"


class LSTM(RNN, cell=LSTMCell):
    """Long short-term memory: `RNN(LSTMCell(units, ...))`.

    Inputs `(batch, time, features)`; see `LSTMCell` for the equations and `RNN` for calls. The
    states are `[h, c]`.
    """


class GRU(RNN, cell=GRUCell):
    """The gated recurrent unit: `RNN(GRUCell(units, ...))`.

    Inputs `(batch, time, features)`; see `GRUCell` for the equations and `RNN` for calls.
    """

    argument_order = f"{_without(GRUCell, 'reset_after')} {_RUNNING} reset_after"
