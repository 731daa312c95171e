"""Whether the rows of a batch stay apart in a model, its losses and its metrics.

Of what is of Cello it is known. What is of the user, and functions in a graph, are traced.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jax

from cello.core.arguments import Declared
from cello.core.layer import Layer
from cello.core.masking import get_mask, real_rows, set_mask
from cello.core.observation import Observer
from cello.core.operation import Operation
from cello.core.regularizers import L1, L1L2, L2
from cello.core.variable import Binding, current_binding
from cello.losses.loss import Loss
from cello.training.primitives import keep_apart
from cello.training.ragged import open_padded, values_only
from cello.training.row_wise import Reason, find_mixing

if TYPE_CHECKING:
    from cello.training.programs import Programs


def is_row_wise(part) -> bool:
    """Whether a layer, a loss or a metric is known to treat each row by itself, in order.

    Those of Cello do, unless they run along the axis of the rows or call a function of the user's;
    `BatchNormalization`, losses and metrics leave out the rows that do not count, and so do the
    penalties on outputs that are sums. Of others `find_mixing` may tell.
    """
    if part is None or isinstance(part, str):
        return True
    if not (isinstance(part, Declared) and _is_known(part)):
        return False
    if isinstance(part, Loss) and part.rows_meet:
        return False
    values = {name: getattr(part, name, None) for name in type(part).declared}
    along = [values.get("axis"), values.get("axes")]
    penalty = values.pop("activity_regularizer", None)
    if 0 in jax.tree.leaves(along) or values.get("stateful"):
        return False
    if penalty is not None and type(penalty) not in (L1, L2, L1L2):
        return False
    if isinstance(part, Operation) and not part.is_elementwise:
        return False
    called = [v for v in (*values.values(), getattr(part, "_fn", None)) if callable(v)]
    return all(isinstance(v, Layer) or _is_known(v) for v in called)


def _is_known(value) -> bool:
    return getattr(value, "__module__", "").partition(".")[0] in ("cello", "jax")


def why_rows_meet(programs: Programs, batch, training: bool, targets: bool) -> Reason:
    """Why rows may meet in a model; `None` if it may get rows that do not count.

    Args:
        programs: those of the model, which is built.
        batch: trees of arrays, or of their shapes and dtypes.
        training: whether it is called so.
        targets: whether losses and metrics are computed.
    """
    held, objective = programs.held, programs.objective
    if targets and (reason := objective.why_rows_meet):
        return reason
    if stateful := [v for v in held.layers if getattr(v, "stateful", False)]:
        return f"{stateful[0]} is stateful"
    x, y, weights = batch

    def traced(rows, x, y, weights):
        with Binding() as binding, real_rows(rows), _Known(held.known):
            outputs = programs.model.outputs_beside(open_padded(x), y, training)
            values = []
            if targets:
                objective.mask_outputs(outputs, y)
                values = objective.measure_rows(values_only(y), outputs, values_only(weights))
        leaves = jax.tree.leaves(outputs)
        left = [binding.values[v] for v in binding.assigned]
        return [*leaves, *map(get_mask, leaves), *values], [left, binding.losses if targets else []]

    rows = jax.ShapeDtypeStruct((1,), bool)
    return find_mixing(traced, (rows, x, y if targets else None, weights))


class _Known(Observer):
    """Within it, calls of known layers are no part of what is traced.

    Args:
        layers: those that are known to keep rows apart, and count the real ones alone.
    """

    def __init__(self, layers):
        self.layers = layers
        self._within = False

    def on_call(self, layer, arguments, proceed):
        if self._within:
            return proceed(arguments)
        if layer not in self.layers:
            with jax.named_scope(layer.name):  # for the reason
                return proceed(arguments)
        self._within = True
        try:
            return _call_apart(arguments, proceed)
        finally:
            self._within = False


def _call_apart(arguments: dict[str, Any], proceed):
    """The outputs of a call, their masks, and what it assigns and adds to the loss, untraced."""
    structures: list[Any] = []
    assigned: list[Any] = []

    def call():
        with Binding() as inner:
            leaves, structure = jax.tree.flatten(proceed(arguments))
        structures.append(structure)
        assigned.extend(inner.assigned)
        left = [inner.values[v] for v in inner.assigned]
        return leaves, [get_mask(leaf) for leaf in leaves], left, inner.losses

    # Before the call, which puts its masks and casts among the arguments.
    given = [v for v in jax.tree.leaves(arguments) if isinstance(v, jax.Array)]
    masks = [mask for v in given if (mask := get_mask(v)) is not None]
    specs = jax.eval_shape(call)
    leaves, masks, left, losses = keep_apart([*given, *masks], specs[:2], specs[2:])
    for leaf, mask in zip(leaves, masks, strict=True):
        set_mask(leaf, mask)
    for variable, value in zip(assigned, left, strict=True):
        variable.assign(value)
    binding = current_binding()
    assert binding is not None
    binding.losses.extend(losses)
    return jax.tree.unflatten(structures[-1], leaves)
