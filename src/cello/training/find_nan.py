"""`model.find_nan`: the first layer and step that made a value that is not finite.

A batch goes through the model without compilation, layer by layer, and each recurrent layer step by
step, until something is not finite. Where all of it is, the loss is looked at, and then the
gradient, on its way back: the layer is wanted whose outputs have a finite one and whose inputs or
weights have not.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.steps import Passage, StepObserver
from cello.core.layer import Layer
from cello.core.masking import get_mask, set_mask
from cello.core.variable import Binding
from cello.layers.rnn import RNN
from cello.training.ragged import open_padded, values_only
from cello.training.state import values_of

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
    batch = _take_batch(model, x, y)
    inputs = open_padded(batch[0])
    layers = _find_layers(model)
    programs = model.trainer.programs
    with Binding(), _Watch(layers) as seen:
        outputs = programs.outputs_of(batch, training=y is not None)
        if y is not None:
            loss = programs.loss_of(batch, outputs, training=True)
    first = next((call for call in seen.ended if call.bad is not None), None)
    if first is not None:
        return _explain(first, inputs)
    if y is None:
        return _search_weights(layers)
    targets = _find_bad(values_only(batch[1]))
    if targets is not None:
        return NotFinite("data", None, *targets, "The targets")
    if not jnp.isfinite(loss):
        row = _find_row_of_loss(model, outputs, batch)
        return _search_weights(layers) or NotFinite("loss", None, None, row, _name_value(loss))
    return _search_gradient(model, batch, layers, seen.calls) or _search_weights(layers)


def _take_batch(model, x, y):
    """All of the data as one batch, its rows in their order."""
    if y is not None:
        model.trainer.ready("find_nan")
    feed = model.trainer.feeding.feed("find_nan", (x, y, None), targets=y is not None)
    return feed.whole() if hasattr(feed, "whole") else feed.first()


def _find_layers(model) -> list[Layer]:
    """The layers that are called on whole sequences: all but those inside of cells."""
    found = model.flatten_layers()
    inside = {v for layer in found if isinstance(layer, RNN) for v in layer.cell.flatten_layers()}
    return [layer for layer in found if layer not in inside]


# ------------------------------------------------------------------------------ the way forward


@dataclasses.dataclass(eq=False)
class _Call:
    """What one call of a layer took and gave, and the gradients that came back."""

    layer: Layer
    parents: tuple[Layer, ...]
    known: bool = False  # not in loops that JAX traces
    inputs: list[Any] = dataclasses.field(default_factory=list)
    mask: Any = None  # of its steps; None where all count
    bad: _Place | None = None  # in the outputs, or in the states
    by_inputs: dict[int, Any] = dataclasses.field(default_factory=dict)
    by_outputs: dict[int, Any] = dataclasses.field(default_factory=dict)


class _Watch(StepObserver):
    """Sees the calls of some layers, and runs recurrent layers step by step.

    Args:
        layers: the layers that are watched.
        zero: a number that the loss is differentiated by, for gradients to be noted in place of
            values: so they come to all arrays.

    Attributes:
        calls: the calls in the order of their begin.
        ended: those in the order of their end.
    """

    def __init__(self, layers, zero=None):
        super().__init__([layer for layer in layers if isinstance(layer, RNN)])
        self.calls: list[_Call] = []
        self.ended: list[_Call] = []
        self._layers, self._zero = set(layers), zero
        self._running: list[Layer] = []

    def on_call(self, layer, arguments, proceed):
        if layer not in self._layers:
            return proceed(arguments)
        call = _Call(layer, tuple(self._running))
        self.calls.append(call)
        self._running.append(layer)
        earlier = len(self.passages)
        outputs = proceed(self._tap(arguments, call.by_inputs))
        self._running.pop()
        self.ended.append(call)
        if self._zero is None and not _is_traced(outputs):
            call.known, call.inputs = True, _find_floats(arguments)
            call.mask = next((m for m in map(get_mask, call.inputs) if m is not None), None)
            steps = map(_find_bad_step, self.passages[earlier:])
            call.bad = _take_first([*steps, _find_bad(outputs, call.mask)])
        return self._tap(outputs, call.by_outputs)

    def _tap(self, tree, gradients: dict[int, Any]):
        """`tree`; what comes back to its floating arrays is put into `gradients`."""
        number = itertools.count()

        def tap(leaf):
            if self._zero is None or not _find_floats(leaf):
                return leaf
            note = functools.partial(gradients.__setitem__, next(number))
            tapped = _tap_array(note, leaf, self._zero)
            set_mask(tapped, get_mask(leaf))
            return tapped

        return jax.tree.map(tap, tree)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0,))
def _tap_array(note, x, zero):
    """`x`; `note` is called with its gradient."""
    return x


def _pass_back(note, _, gradient):
    if not isinstance(gradient, jax.core.Tracer):  # in a loop
        note(gradient)
    return gradient, jnp.zeros(())


_tap_array.defvjp(lambda note, x, zero: (x, None), _pass_back)


def _is_traced(tree) -> bool:
    return any(isinstance(leaf, jax.core.Tracer) for leaf in _find_floats(tree))


def _find_bad_step(passage: Passage) -> _Place | None:
    """The first step with something not finite in the outputs or the states."""
    found = passage.outputs, passage.states
    if _is_traced(found):
        return None
    places = (_find_bad(leaf, passage.run.mask) for leaf in _find_floats(found))
    place = min(filter(None, places), default=None)
    if place is None or not passage.layer.go_backwards:
        return place
    return place._replace(step=passage.counts.shape[1] - 1 - place.step)


def _find_floats(tree) -> list[Any]:
    leaves = jax.tree.leaves(tree)
    return [v for v in leaves if jnp.issubdtype(getattr(v, "dtype", bool), jnp.floating)]


def _name_value(values) -> str:
    return "nan" if np.isnan(values).any() else "inf"


def _find_bad(tree, mask=None, last: bool = False) -> _Place | None:
    """Step, row and kind of the first value that is not finite, at steps that count; or `None`.

    Args:
        tree: arrays `(batch, time, ...)`, or `(batch, features)`, which have no steps.
        mask: boolean `(batch, time)`; that of the array where `None`.
        last: whether the last step is wanted in place of the first.
    """
    for leaf in _find_floats(tree):
        kept = get_mask(leaf) if mask is None else mask
        values = np.asarray(leaf, np.float64)
        bad = ~np.isfinite(values)
        if kept is not None and values.shape[:2] == np.shape(kept):
            bad &= np.asarray(kept, bool).reshape(*np.shape(kept), *[1] * (values.ndim - 2))
        if not bad.any():
            continue
        if values.ndim == 0:
            return _Place(None, None, _name_value(values))
        if values.ndim < 3:
            row = int(np.argmax(bad.reshape(len(bad), -1).any(1)))
            return _Place(None, row, _name_value(values[row][bad[row]]))
        by_step = np.asarray(bad.reshape(*bad.shape[:2], -1).any(2))
        steps = np.flatnonzero(by_step.any(0))
        step = int(steps[-1] if last else steps[0])
        row = int(np.argmax(by_step[:, step]))
        return _Place(step, row, _name_value(values[row, step][bad[row, step]]))
    return None


def _explain(call: _Call, inputs) -> NotFinite:
    """Why the outputs of a call are not finite, the first that are not."""
    if any(_find_bad(v) for v in call.inputs):
        place = _find_bad(inputs)
        if place is not None:
            return NotFinite("data", call.layer, *place)
        # Not from a layer before and not from the data: what is around has made it in between.
        place = _take_first(map(_find_bad, call.inputs))
        return NotFinite(
            "forward", call.parents[-1] if call.parents else call.layer, *(place or ())
        )
    return _search_weights([call.layer]) or NotFinite("forward", call.layer, *(call.bad or ()))


def _search_weights(layers) -> NotFinite | None:
    """The first weight that is not finite, in the innermost of some layers that has it."""
    holders = [v for v in layers if not any(inner in layers for inner in v.sublayers)]
    for layer in [*holders, *layers]:
        for variable in layer.weights:
            place = _find_bad(variable.value)
            if place is not None:
                return NotFinite("weights", layer, value=place.value, name=variable.name)
    return None


# ---------------------------------------------------------------------- the loss, the gradient


def _find_row_of_loss(model, outputs, batch) -> int | None:
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


def _search_gradient(model, batch, layers, calls: list[_Call]) -> NotFinite | None:
    """The layer in which the gradient ceases to be finite, on its way from the loss back."""
    trainable = model.trainable_weights
    again: list[_Call] = []

    def total(weights, zero):
        programs = model.trainer.programs
        with Binding(dict(zip(trainable, weights, strict=True))), _Watch(layers, zero) as seen:
            loss = programs.loss_of(batch, programs.outputs_of(batch, True), True)
            again.extend(seen.calls)
        return loss

    by_weights, _ = jax.grad(total, (0, 1))(values_of(trainable), jnp.zeros(()))
    wrong = {v: _find_bad(g) for v, g in zip(trainable, by_weights, strict=True)}
    if not any(wrong.values()):
        return None
    found: list[tuple[_Call, _Place]] = []
    for call, back in zip(calls, again, strict=True):
        if not call.known or _find_bad(back.by_outputs, call.mask) is not None:
            continue  # nothing is known, or what comes behind has made it
        last = not (isinstance(call.layer, RNN) and call.layer.go_backwards)
        own = _take_first(wrong.get(v) for v in call.layer.weights)
        place = _find_bad(back.by_inputs, call.mask, last) or (
            own and _Place(None, None, own.value)
        )
        if place is not None:
            found.append((call, place))
    if found:
        outer = {layer for call, _ in found for layer in call.parents}
        call, place = [f for f in found if f[0].layer not in outer][-1]
        return NotFinite("gradient", call.layer, *place)
    place = _find_bad([(c.by_inputs, c.by_outputs) for c in again]) or _take_first(wrong.values())
    return NotFinite("gradient", None, *(place or ()))


def _take_first(places) -> _Place | None:
    return next(filter(None, places), None)
