"""From what the caller passes to batches that fit the model, all of it checked before any work."""

from __future__ import annotations

import functools
import logging
import warnings

import jax

from cello.core.variable import Binding
from cello.distribution.layout import ONE_DEVICE, current
from cello.training.apart import why_rows_meet
from cello.training.buckets import BucketFeed
from cello.training.class_weights import weigh_classes
from cello.training.data import (
    ArrayFeed,
    Batch,
    IterableFeed,
    as_arrays,
    batch_parts,
    check_lengths,
    form_of,
    is_iterable_of_batches,
    read_inputs,
)
from cello.training.feed import Feed
from cello.training.filling import size_of_batches
from cello.training.passage import Lists, find_passage, match_steps, spec_of
from cello.training.programs import Programs
from cello.training.py_dataset import iterable_of
from cello.training.ragged import (
    Ragged,
    count_labels,
    is_padded,
    open_padded,
    ragged_leaves,
    targets_like,
    values_only,
)
from cello.training.truncated import cut_of

_log = logging.getLogger("cello")


class Feeding:
    """What is done with data before the first step.

    Args:
        programs: those of the model, which keep what is found out about it.
    """

    def __init__(self, programs: Programs):
        self.model = programs.model
        self.objective = programs.objective
        self._programs = programs

    def parts(self, where: str, data: Batch) -> Batch:
        """Arrays and `Ragged` sequences, of one number of rows."""
        x, y, sample_weight = data
        x, y = self.model.read_data(x, y)
        x = read_inputs(x, self.model.input_forms, count_labels(y))
        lengths = next((leaf.lengths for leaf in ragged_leaves(x)), None)
        rows = len(jax.tree.leaves(x)[0]) if self.objective.has_own_lengths else None
        outputs = len(self.model.output_names) or None
        y = targets_like(y, "y", lengths, rows, outputs)
        sample_weight = targets_like(sample_weight, "sample_weight", lengths, outputs=outputs)
        parts = x, as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
        check_lengths(parts, f"{self.model}.{where}")
        return parts

    def feed(
        self,
        where: str,
        data: Batch,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffler=None,
        class_weight: dict[int, float] | None = None,
        targets: bool = True,
        tbptt: int | None = None,
    ) -> Feed:
        """The data as batches, after building the model and checking that they fit.

        Args:
            where: the method that got the data, for messages.
            data: `(x, y, sample_weight)` as the caller passed them.
            batch_size: rows a batch; all where `None`.
            steps, shuffler: as for the feeds.
            class_weight, tbptt: as for `fit`.
            targets: whether the outputs are compared with targets.
        """
        x, y, _ = data
        lists = Lists()
        prepare = functools.partial(self._prepare, where, class_weight, targets, tbptt, lists)
        feed: Feed
        if where.endswith("on_batch"):
            batch = prepare(data)
            feed = ArrayFeed(batch, len(jax.tree.leaves(batch)[0]), join=lists.join)
        elif is_iterable_of_batches(x):
            if y is not None:
                raise ValueError(
                    f"{self.model}.{where}: an iterable gives (x, y), so y must not be passed too."
                )
            fills = functools.partial(self._fills, where, targets, tbptt)
            batches = iterable_of(x, shuffler, goes_on=where == "fit")
            feed = IterableFeed(batches, steps, prepare, fills, lists.join)
            batch = feed.first()
        else:
            parts = self.parts(where, data)
            feed = self._cut(where, parts, batch_size, shuffler, steps, targets, tbptt)
            batch = feed.first()
            outputs = self._outputs_of_first(feed, targets)
            if isinstance(feed, ArrayFeed) and feed.steps > 1 and not feed.fills:
                self._check_last_batch(where, feed)
            feed.parts = self._weigh(where, feed.parts, class_weight, outputs)
            if targets and isinstance(feed, ArrayFeed):
                self.objective.check_targets(feed.parts[1], outputs)
        if tbptt is not None:
            self.objective.check_pieces(f"{self.model}.{where}")
            cut_of(self.model, jax.tree.map(spec_of, batch[0]))
        if where == "fit":
            feed.go_on()
        return feed

    def _outputs_of_first(self, feed: ArrayFeed | BucketFeed, targets: bool):
        """`outputs_for` the first batch; an error shows the rows that were given."""
        try:
            return self.outputs_for(feed.first(), targets)
        except Exception:
            if not (isinstance(feed, ArrayFeed) and feed.rows < feed.batch_size):
                raise
        return self.outputs_for(feed.parts, targets)  # before they were filled up

    def _cut(
        self, where: str, parts: Batch, batch_size, shuffler, steps, targets: bool, tbptt
    ) -> ArrayFeed | BucketFeed:
        """Whole data as batches."""
        rows = len(jax.tree.leaves(parts)[0])
        batch_size = batch_size or rows
        if all(leaf.even for leaf in ragged_leaves(parts)):
            lists = Lists()
            if not targets:
                lists.note(self._programs, parts[0])
            parts = jax.tree.map(_stack, parts)
            first = jax.tree.map(lambda a: a[:batch_size], parts)
            fills = rows % batch_size > 0 and self._fills(where, targets, tbptt, first)
            size = size_of_batches(rows, batch_size) if fills else batch_size
            return ArrayFeed(parts, size, shuffler, steps, fills, lists.join)
        stateful = [v for v in self.model.flatten_layers() if getattr(v, "stateful", False)]
        if stateful:
            raise ValueError(
                f"{self.model}: a list of sequences is sorted by length, so no row of a batch goes "
                f"on where the one before ended, as {stateful[0]} with stateful=True expects: pass "
                "arrays, or leave stateful out."
            )
        feed = self._buckets(parts, batch_size, shuffler, steps, targets, tbptt)
        feed.fills = self._fills(where, targets, tbptt, feed.first())
        return feed

    def _check_last_batch(self, where: str, feed) -> None:
        """Refuse a smaller last batch of a model whose batches all have one number of rows."""
        left = min(feed.rows, feed.steps * feed.batch_size) % feed.batch_size
        stateful = [v for v in self.model.flatten_layers() if getattr(v, "stateful", False)]
        sizes = [shape[0] for shape in self.model.input_shapes or () if shape]
        if left and (stateful or any(sizes)):
            names = {"fit": "steps_per_epoch", "fit (validation_data)": "validation_steps"}
            why = f"{stateful[0]} is stateful" if stateful else "its Input has a batch_shape"
            raise ValueError(
                f"{self.model}.{where}: the last batch would have {left} rows and those before it "
                f"{feed.batch_size}, and {why}: leave {left} rows out, or pass "
                f"{names.get(where, 'steps')}={feed.rows // feed.batch_size}."
            )

    def _prepare(self, where: str, class_weight, targets: bool, tbptt, lists, data) -> Batch:
        """A batch as arrays, checked."""
        parts = self.parts(where, batch_parts(data))
        sequences = ragged_leaves(parts)
        if not targets:
            lists.note(self._programs, parts[0])
        if sequences and current().processes > 1:
            if not all(leaf.even for leaf in sequences):
                raise ValueError(
                    f"{self.model}.{where}: the batches of an iterable have sequences of different "
                    "lengths, which each process would pad to another one. Pad them to one length, "
                    "or pass all sequences as a list to every process."
                )
            parts = jax.tree.map(_stack, parts)
        elif sequences:
            parts = self._buckets(parts, None, None, None, targets, tbptt).whole()
        outputs = self.outputs_for(parts, targets)
        parts = self._weigh(where, parts, class_weight, outputs)
        return parts if targets else (parts[0], None, None)

    def _weigh(self, where: str, parts: Batch, class_weight, outputs) -> Batch:
        """`parts` with `class_weight` in the weights."""
        if class_weight is None:
            return parts
        x, y, w = parts
        labels, shapes = jax.tree.leaves(y, is_leaf=is_padded), jax.tree.leaves(outputs)
        if len(labels) != 1 or len(shapes) != 1 or self.objective.has_own_lengths:
            raise ValueError(
                f"{self.model}.{where}: class_weight needs a model with one output, and targets "
                "that say a class for each of its rows or steps."
            )
        given = x, labels[0], w
        _, _, w = weigh_classes(given, class_weight, shapes[0].shape, f"{self.model}.{where}")
        return x, y, w

    def outputs_for(self, batch: Batch, targets: bool):
        """Build the model on the form of this batch; assign losses and metrics to its outputs."""
        x, y, _ = batch
        if not targets:
            y = None

        def traced():
            with Binding():
                return jax.eval_shape(self._outputs_beside, *jax.tree.map(spec_of, (x, y)))

        try:
            specs = self._programs.find(("outputs", form_of((x, y))), traced)
        except Exception as error:
            if self.model.input_shapes is None and isinstance(x, (list, tuple)):
                error.add_note(
                    f"x, a list of {len(x)} arrays, was taken for the inputs of the model, one "
                    "each. If they are sequences, call the model on one of them first, as in "
                    "model(x[0][None]), or pass one array if they are of one length."
                )
            raise
        if targets:
            self.objective.resolve(specs, values_only(y), self.model.output_names)
            self.objective.check_targets(values_only(batch[1]), specs)
        return specs

    def _fills(self, where: str, targets: bool, tbptt: int | None, batch: Batch) -> bool:
        """Whether batches smaller than this one are filled up with rows that change no result."""
        if self._programs.eager or current() is not ONE_DEVICE:
            return False
        apart = self.model in self._programs.held.known
        apart = apart and not (targets and not self.objective.is_row_wise)
        if apart or tbptt is not None:  # in pieces, a layer of the user's may do something else
            return apart
        specs = jax.tree.map(spec_of, batch if targets else (batch[0], None, None))
        training = where == "fit"

        def found():
            self.outputs_for(batch, targets)  # builds the model
            reason = why_rows_meet(self._programs, specs, training, targets)
            if reason is not None:
                _log.info(
                    "%s.%s: each number of rows in the last, smaller batch has a program of its "
                    "own, since rows may meet: %s.", self.model, where, reason
                )  # fmt: skip
            return reason

        rows = [(a.shape[1:], a.dtype) for a in jax.tree.leaves(specs)]
        key = "rows meet", training, targets, jax.tree.structure(specs), *rows
        return self._programs.find(key, found) is None

    def _buckets(
        self,
        parts: Batch,
        batch_size,
        shuffler,
        steps,
        targets: bool,
        tbptt: int | None,
    ) -> BucketFeed:
        """A feed of sequences, after seeing how they pass through the model."""
        passage = find_passage(self._programs, *parts[:2])
        if targets and not self.objective.any_targets:
            names = self.model.output_names
            places = self.objective.places_of(parts[1], passage.lengths_of, names)
            parts = match_steps(self.model, parts, passage.lengths_of, places)
        if passage.obstacle and not all(leaf.even for leaf in ragged_leaves(parts)):
            self._programs.find(("told", passage.obstacle), lambda: self._tell(passage.obstacle))
        return BucketFeed(
            parts,
            batch_size or len(jax.tree.leaves(parts)[0]),
            shuffler,
            steps,
            passage,
            # what is trained on the last piece must end there
            left=tbptt is not None and max(jax.tree.leaves(passage.lengths_of)) < 0,
        )

    def _tell(self, obstacle: str | None) -> None:
        warnings.warn(
            f"{self.model} got sequences of different lengths, and cannot use their mask: "
            f"{obstacle}. So only sequences of the very same length share a batch, and each "
            "length is compiled for itself.",
            stacklevel=8,
        )

    def _outputs_beside(self, x, y):
        return self.model.outputs_beside(open_padded(x), y, False)


def _stack(leaf):
    return leaf.stacked() if isinstance(leaf, Ragged) else leaf
