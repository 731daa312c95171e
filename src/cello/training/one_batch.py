"""One batch by itself, as in a loop of calls: the long way once, then the short one.

Nearly all that is done before a step depends on the form of the batch alone: what its arrays are
for, whether they fit the model, the program. So after a batch of arrays has gone the long way,
through `Feeding`, one of the same form goes straight to its program, until something that the
model holds has changed.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

import jax
import numpy as np

from cello.distribution.layout import ONE_DEVICE, current
from cello.training.batches import as_number, in_order
from cello.training.data import ArrayFeed, Batch, as_arrays, end_to_end, read_inputs
from cello.training.feeding import Feeding
from cello.training.filling import chunk_of
from cello.training.loop import ChunkRunner
from cello.training.programs import Held, Programs
from cello.training.ragged import count_labels


class ShortWay(NamedTuple):
    """What is known of batches of one form.

    Attributes:
        runner: what runs their program.
        forms: those of the inputs.
        size: the rows of the program; a batch of fewer is filled up.
        outputs: tree of the shapes and dtypes of the outputs, for losses that look at the numbers
            of targets as well; else `None`.
    """

    runner: ChunkRunner
    forms: Any
    size: int
    outputs: Any


class OneBatch:
    """Run a step of "train", "test" or "predict" on one batch.

    Args:
        programs, feeding: those of the model.
    """

    def __init__(self, programs: Programs, feeding: Feeding):
        self.model = programs.model
        self.objective = programs.objective
        self._programs = programs
        self._feeding = feeding

    def measure(
        self, mode: str, data: Batch, class_weight: dict[int, float] | None = None
    ) -> dict[str, Any]:
        """The loss and metrics of a step of "train" or "test"."""
        held = self._programs.held
        results = self._find(held, mode, data) if class_weight is None else None
        if results is None:
            feed = self._feeding.feed(f"{mode}_on_batch", data, class_weight=class_weight)
            held = self._programs.held
            self.model.reset_metrics()
            ((_, results),) = self._programs.program(mode)(feed, fixed=1)
            if class_weight is None:
                self.learn(mode, data, feed)
        del results["batch_loss"]
        self.objective.warn_of_strays(results.pop("strays"), self.model)
        return {name: as_number(results[name][0]) for name in in_order(results, held.labels)}

    def predict(self, x):
        """The outputs."""
        outputs = self.find_outputs(x)
        if outputs is not None:
            return outputs
        data = x, None, None
        feed = self._feeding.feed("predict_on_batch", data, targets=False)
        ((_, outputs),) = self._programs.program("predict")(feed, fixed=1)
        self.learn("predict", data, feed)
        return feed.join([outputs])

    def find_outputs(self, x, batch_size: int | None = None):
        """The outputs for inputs that may go the short way; `None` for others.

        Args:
            x: as the caller passed them.
            batch_size: that of `predict`; `None` for one batch, whatever its size.
        """
        found = self._find(self._programs.held, "predict", (x, None, None), batch_size)
        return None if found is None else end_to_end([found])

    def _find(self, held: Held, mode: str, data: Batch, batch_size: int | None = None):
        """The results of `ChunkRunner.run` for a batch that may go the short way, or `None`."""
        x, y, weights = data
        x, y = self.model.read_data(x, y)
        way = held.ways.get((mode, batch_size, _form((x, y, weights))))
        if way is None or current() is not ONE_DEVICE:
            return None
        x = read_inputs(x, way.forms, count_labels(y))
        batch = x, as_arrays(y, "y"), as_arrays(weights, "sample_weight")
        if way.outputs is not None:
            self.objective.check_targets(batch[1], way.outputs)
        if mode != "predict":
            self.model.reset_metrics()
        state = self._programs.state_of(held, mode)
        return way.runner.run_one(state, chunk_of(batch, way.size), way.size)

    def learn(self, mode: str, data: Batch, feed, batch_size: int | None = None) -> None:
        """Let batches of this form go the short way, if `feed` has them just as they came.

        Args:
            mode: "train", "test" or "predict".
            data: as the caller passed them.
            feed: what `Feeding` made of them.
            batch_size: as for `find_outputs`.
        """
        x, y, weights = data
        data = (*self.model.read_data(x, y), weights)
        form = _form(data)
        if form is None or not isinstance(feed, ArrayFeed) or feed.spread is not ONE_DEVICE:
            return
        if feed.rows > feed.batch_size or _shapes(feed.parts) != _shapes(data):
            return
        outputs = None
        if mode != "predict" and self.objective.looks_at_numbers:
            outputs = self._feeding.outputs_for(feed.parts, True)
        size = feed.batch_size if feed.fills else feed.rows
        way = ShortWay(self._programs.runner(mode), self.model.input_forms, size, outputs)
        self._programs.held.ways[mode, batch_size, form] = way


def _form(data) -> Hashable:
    """What decides which way data go, `None` if more does: the shapes and dtypes of arrays."""
    if isinstance(data, jax.Array) or (type(data) is np.ndarray and data.dtype != object):
        return data.shape, data.dtype
    if data is None:
        return ()
    if type(data) not in (list, tuple, dict):
        return None
    names = tuple(data) if type(data) is dict else None
    forms = []
    for part in data if names is None else data.values():
        form = _form(part)
        if form is None:
            return None
        forms.append(form)
    return type(data), names, *forms


def _shapes(tree):
    leaves, structure = jax.tree.flatten(tree)
    return structure, [leaf.shape for leaf in leaves]
