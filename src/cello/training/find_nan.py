"""`model.find_nan`: the first layer and step that made a value that is not finite.

A batch goes through the model without compilation, layer by layer, and each recurrent layer step by
step, until something is not finite. Where all of it is, the loss is looked at, and then the
gradient, on its way back: the layer is wanted whose outputs have a finite one and whose inputs or
weights have not.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.frame import running
from cello.cells.loop import repeat_step
from cello.core.layer import Layer
from cello.core.masking import get_mask, set_mask
from cello.core.replacing import replaced
from cello.core.variable import Binding
from cello.layers.rnn import RNN
from cello.ops.recurrence import hide_masked
from cello.training.loop import bind, values_of
from cello.training.ragged import opened, values_only

ADVICE = {
    "data": "Take these values out of the data, or mask their steps (Masking, lists of sequences).",
    "weights": "A step of training before put them there: start again from finite weights, with a "
    "lower learning rate or clipped gradients (clipnorm=1.0).",
    "forward": "Its inputs and weights are finite: look for a division by zero, a logarithm, or "
    "numbers that grow from step to step, and scale its inputs or lower the learning rate.",
    "loss": "The outputs and targets are finite: look for a logarithm or a division by zero in the "
    "loss, and use from_logits=True where there is such a loss.",
    "gradient": "Everything on the way forward is finite: look for a root or a division at zero "
    "there, or for gradients that grow from step to step: use orthogonal weights or fewer steps "
    "(tbptt). Clipping comes too late for them.",
}


@dataclasses.dataclass(frozen=True)
class NotFinite:
    """Where the first value that is not finite comes from; as a string, a sentence.

    Attributes:
        where: "data", "weights", "forward", "loss" or "gradient".
        layer: the layer that made it, or first met it in the data or its weights; `None` where no
            layer did.
        step: the step of time, counted from 0; `None` where there is none.
        row: the row of the batch, counted from 0; `None` where there is none.
        value: "nan" or "inf".
        name: of the weight, or of what of the data it is.
    """

    where: str
    layer: Layer | None = None
    step: int | None = None
    row: int | None = None
    value: str = "nan"
    name: str = ""

    def __str__(self):
        place = "" if self.row is None else f" in row {self.row}"
        place += "" if self.step is None else f" at step {self.step}"
        what = {
            "data": f"{self.name or 'The inputs'} have {self.value}{place}"
            + ("." if self.layer is None else f", which {self.layer} meets first."),
            "weights": f"{self.layer} has {self.value} in its weight '{self.name}'.",
            "forward": f"{self.layer} makes {self.value}, first{place or ' as a whole'}.",
            "loss": f"The loss is {self.value}{place}.",
            "gradient": f"The gradient becomes {self.value} in {self.layer or 'the loss'}{place}.",
        }[self.where]
        return f"{what} {ADVICE[self.where]}"


class _Place(NamedTuple):
    """Where in an array something is not finite, and what it is."""

    step: int | None
    row: int | None
    value: str


def find_nan(model, x, y=None) -> NotFinite | None:
    """See `Model.find_nan`."""
    batch = _batch(model, x, y)
    inputs = opened(batch[0])
    layers = _observed(model)
    calls: list[_Call] = []
    programs = model.trainer.programs
    with Binding(), _watching(layers, _noting(calls)):
        outputs = programs.outputs_of(batch, training=y is not None)
        if y is not None:
            loss = programs.loss_of(batch, outputs, training=True)
    first = next((c for c in calls if c.bad is not None), None)
    if first is not None:
        return _origin(first, inputs)
    if y is None:
        return _in_weights(layers)
    targets = _first_bad(values_only(batch[1]))
    if targets is not None:
        return NotFinite("data", None, targets.step, targets.row, targets.value, "The targets")
    if not jnp.isfinite(loss):
        row = _row_of_loss(model, outputs, batch)
        return _in_weights(layers) or NotFinite("loss", None, None, row, _kind_of(loss))
    return _in_gradient(model, batch, layers, calls) or _in_weights(layers)


def _batch(model, x, y):
    """All of the data as one batch, its rows in their order."""
    if y is not None:
        model.trainer.ready("find_nan")
    feed = model.trainer.feeding.feed("find_nan", (x, y, None), targets=y is not None)
    return feed.whole() if hasattr(feed, "whole") else feed.first()


# ------------------------------------------------------------------------------ the way forward


@dataclasses.dataclass(eq=False)
class _Call:
    """What one call of a layer took and gave."""

    layer: Layer
    parents: tuple[Layer, ...]
    inputs: list[Any]
    outputs: list[Any]
    mask: Any  # of its steps; None where all count
    bad: _Place | None  # in the outputs, or in the states


def _observed(model) -> list[Layer]:
    """The layers that are called on whole sequences: all but those inside of cells."""
    found = model.flatten_layers()
    inside = {v for layer in found if isinstance(layer, RNN) for v in layer.cell.flatten_layers()}
    return [layer for layer in found if layer not in inside]


@contextlib.contextmanager
def _watching(layers, around: Callable):
    """A scope in which `around(layer, parents, call, args, kwargs)` calls each of `layers`."""
    running_now: list[Layer] = []

    def watched(layer, call):
        @functools.wraps(call)
        def wrapper(*args, **kwargs):
            parents = tuple(running_now)
            running_now.append(layer)
            try:
                return around(layer, parents, call, args, kwargs)
            finally:
                running_now.pop()

        return wrapper

    with contextlib.ExitStack() as stack:
        for layer in layers:
            stack.enter_context(replaced(layer, "call", watched(layer, layer.call)))
        yield


def _noting(calls: list[_Call]) -> Callable:
    """A way to call layers that puts what each took and gave into `calls`, in the order of ending.

    Calls within loops that JAX traces have no values and are left out.
    """

    def around(layer, parents, call, args, kwargs):
        passages: list[Any] = []
        recurrent = [layer] if isinstance(layer, RNN) else []
        with running(recurrent, functools.partial(_every_step, passages)):
            outputs = call(*args, **kwargs)
        leaves = _floats(outputs)
        if any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
            return outputs
        taken = _floats((args, kwargs))
        mask = next((m for m in map(get_mask, taken) if m is not None), None)
        bad = _first_of([*passages, _first_bad(outputs, mask)])
        calls.append(_Call(layer, parents, taken, leaves, mask, bad))
        return outputs

    return around


def _every_step(passages, layer, inputs, states, run):
    """Run the cell of a layer step by step; note the first step with something not finite."""
    turned = run.go_backwards
    inputs, run = run.in_order(inputs)
    everything = run.but(return_sequences=True, return_all_states=True)
    inputs = hide_masked(inputs, run.mask)
    outputs, every = repeat_step(layer.runnable, inputs, states, everything)
    leaves = _floats((outputs, every))
    if not any(isinstance(leaf, jax.core.Tracer) for leaf in leaves):
        places = [p for p in (_first_bad(leaf, run.mask) for leaf in leaves) if p is not None]
        if places:
            step, row, value = min(places)
            steps = leaves[0].shape[1]
            passages.append(_Place(steps - 1 - step if turned else step, row, value))
    if not run.return_sequences:
        outputs = jax.tree.map(lambda y: y[:, -1], outputs)
    return outputs, every if run.return_all_states else jax.tree.map(lambda s: s[:, -1], every)


def _floats(tree) -> list[Any]:
    leaves = jax.tree.leaves(tree)
    return [v for v in leaves if jnp.issubdtype(getattr(v, "dtype", bool), jnp.floating)]


def _kind_of(values) -> str:
    return "nan" if np.isnan(values).any() else "inf"


def _first_bad(tree, mask=None, last: bool = False) -> _Place | None:
    """Step, row and kind of the first value that is not finite, at steps that count; or `None`.

    Args:
        tree: arrays `(batch, time, ...)`, or `(batch, features)`, which have no steps.
        mask: boolean `(batch, time)`; that of the array where `None`.
        last: whether the last step is wanted in place of the first.
    """
    for leaf in _floats(tree):
        kept = get_mask(leaf) if mask is None else mask
        values = np.asarray(leaf, np.float64)
        bad = ~np.isfinite(values)
        if kept is not None and values.shape[:2] == np.shape(kept):
            bad &= np.asarray(kept, bool).reshape(*np.shape(kept), *[1] * (values.ndim - 2))
        if not bad.any():
            continue
        if values.ndim == 0:
            return _Place(None, None, _kind_of(values))
        if values.ndim < 3:
            row = int(np.argmax(bad.reshape(len(bad), -1).any(1)))
            return _Place(None, row, _kind_of(values[row][bad[row]]))
        by_step = np.asarray(bad.reshape(*bad.shape[:2], -1).any(2))
        steps = np.flatnonzero(by_step.any(0))
        step = int(steps[-1] if last else steps[0])
        row = int(np.argmax(by_step[:, step]))
        return _Place(step, row, _kind_of(values[row, step][bad[row, step]]))
    return None


def _origin(call: _Call, inputs) -> NotFinite:
    """Why the outputs of a call are not finite, the first that are not."""
    if any(_first_bad(v) for v in call.inputs):
        place = _first_bad(inputs)
        if place is not None:
            return NotFinite("data", call.layer, *place)
        # Not from a layer before and not from the data: what is around has made it in between.
        place = _first_of(map(_first_bad, call.inputs))
        return NotFinite(
            "forward", call.parents[-1] if call.parents else call.layer, *(place or ())
        )
    return _in_weights([call.layer]) or NotFinite("forward", call.layer, *(call.bad or ()))


def _in_weights(layers) -> NotFinite | None:
    """The first weight that is not finite, in the innermost of some layers that has it."""
    holders = [v for v in layers if not any(inner in layers for inner in v.sublayers)]
    for layer in [*holders, *layers]:
        for variable in layer.weights:
            place = _first_bad(variable.value)
            if place is not None:
                return NotFinite("weights", layer, value=place.value, name=variable.name)
    return None


# ---------------------------------------------------------------------- the loss, the gradient


def _row_of_loss(model, outputs, batch) -> int | None:
    """The first row that has by itself a loss that is not finite."""
    x, y, w = values_only(jax.tree.map(jnp.asarray, batch))
    for row in range(jax.tree.leaves(outputs)[0].shape[0]):

        def one(leaf, row=row):
            part = leaf[row : row + 1]
            set_mask(part, None if get_mask(leaf) is None else get_mask(leaf)[row : row + 1])
            return part

        *parts, outputs_of_row = jax.tree.map(one, (x, y, w, outputs))
        with Binding():
            loss = model.trainer.programs.loss_of(tuple(parts), outputs_of_row, training=True)
        if not jnp.isfinite(loss):
            return row
    return None


def _in_gradient(model, batch, layers, calls: list[_Call]) -> NotFinite | None:
    """The layer in which the gradient ceases to be finite, on its way from the loss back."""
    trainable = model.trainable_weights
    count: collections.Counter[Layer] = collections.Counter()
    seen: dict[tuple[Layer, int], _Call] = {}
    for call in calls:
        seen[call.layer, count[call.layer]] = call
        count[call.layer] += 1

    def total(weights, probes):
        """The loss, with numbers (zeros) added to what each layer takes and gives."""
        made: collections.Counter[Layer] = collections.Counter()

        def around(layer, parents, call, args, kwargs):
            if (layer, made[layer]) not in seen:
                return call(*args, **kwargs)
            taken, given = probes[list(seen).index((layer, made[layer]))]
            made[layer] += 1
            args, kwargs = _pushed((args, kwargs), taken)
            return _pushed(call(*args, **kwargs), given)

        programs = model.trainer.programs
        with bind((trainable, weights)), _watching(layers, around):
            return programs.loss_of(batch, programs.outputs_of(batch, True), True)

    probes = jax.tree.map(jnp.zeros_like, [(c.inputs, c.outputs) for c in seen.values()])
    by_weights, by_probes = jax.grad(total, (0, 1))(values_of(trainable), probes)
    wrong = {v: _first_bad(g) for v, g in zip(trainable, by_weights, strict=True)}
    if not any(wrong.values()):
        return None
    found: list[tuple[_Call, _Place]] = []
    for call, (taken, given) in zip(seen.values(), by_probes, strict=True):
        if _first_bad(given, call.mask) is not None:
            continue  # what comes behind has made it
        last = not getattr(call.layer, "go_backwards", False)
        own = _first_of(wrong.get(v) for v in call.layer.weights)
        place = _first_bad(taken, call.mask, last) or (own and _Place(None, None, own.value))
        if place is not None:
            found.append((call, place))
    if found:
        outer = {layer for call, _ in found for layer in call.parents}
        call, place = [f for f in found if f[0].layer not in outer][-1]
        return NotFinite("gradient", call.layer, *place)
    place = _first_bad(by_probes) or _first_of(wrong.values())
    return NotFinite("gradient", None, *(place or ()))


def _first_of(places) -> _Place | None:
    return next((place for place in places if place is not None), None)


def _pushed(tree, probes):
    """`tree` with `probes` added to its floating arrays, one after the other."""
    left = iter(probes)

    def push(leaf):
        if not _floats(leaf):
            return leaf
        pushed = leaf + next(left)
        set_mask(pushed, get_mask(leaf))
        return pushed

    return jax.tree.map(push, tree)
