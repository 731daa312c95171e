"""From what the caller passes to batches that fit the model, all of it checked before any work."""

from __future__ import annotations

import functools
import warnings
from typing import Any

import jax

from cello.core.masking import MaskDropped
from cello.core.symbolic import new_dimension
from cello.core.variable import Binding
from cello.distribution.layout import ONE_DEVICE, current
from cello.training.buckets import BucketFeed, Passage
from cello.training.data import (
    ArrayFeed,
    Batch,
    IterableFeed,
    as_arrays,
    batch_parts,
    check_lengths,
    form_of,
    is_iterable_of_batches,
    weigh_classes,
)
from cello.training.filling import size_of_batches
from cello.training.programs import Programs
from cello.training.ragged import (
    Padded,
    Ragged,
    open_padded,
    ragged_leaves,
    sequences_in,
    targets_like,
    values_only,
)
from cello.training.truncated import cut_of

Feed = ArrayFeed | BucketFeed | IterableFeed


class Feeding:
    """What is done with data before the first step.

    Args:
        programs: those of the model, which keep what is found out about it.
    """

    def __init__(self, programs: Programs):
        self.model = programs.model
        self.objective = programs.objective
        self._programs = programs

    def __getstate__(self):
        """For `pickle` and `copy`: without the shapes of the last data."""
        return {k: v for k, v in vars(self).items() if k != "_output_specs"}

    def parts(self, where: str, data: Batch) -> Batch:
        """Arrays and `Ragged` sequences, of one number of rows."""
        x, y, sample_weight = data
        x, y = self.model.read_data(x, y)
        x = as_arrays(sequences_in(x, self.model.input_ranks), "x")
        lengths = next((leaf.lengths for leaf in ragged_leaves(x)), None)
        free = self.objective.has_own_lengths
        y = targets_like(y, "y", lengths, len(jax.tree.leaves(x)[0]) if free else None)
        sample_weight = targets_like(sample_weight, "sample_weight", lengths)
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
        prepare = functools.partial(self._prepared, where, class_weight, targets, tbptt)
        feed: Feed
        if is_iterable_of_batches(x) and not where.endswith("on_batch"):
            if y is not None:
                raise ValueError(
                    f"{self.model}.{where}: an iterable gives (x, y), so y must not be passed too."
                )
            feed = IterableFeed(x, steps, prepare, self._fills(where, targets, tbptt))
        else:
            parts = weigh_classes(self.parts(where, data), class_weight)
            rows = len(jax.tree.leaves(parts)[0])
            fills = self._fills(where, targets, tbptt)
            batch_size = batch_size or rows
            if fills:
                batch_size = size_of_batches(rows, batch_size)
            if ragged_leaves(parts):
                feed = self._buckets(parts, batch_size, shuffler, steps, targets, tbptt, fills)
            else:
                feed = ArrayFeed(parts, batch_size, shuffler, steps, fills)
        first = feed.first()
        outputs = self._outputs_for(first, targets)
        if tbptt is not None:
            self.objective.check_pieces(f"{self.model}.{where}")
            cut_of(self.model, jax.tree.map(_spec, first[0]))
        if targets and isinstance(feed, ArrayFeed):
            self.objective.check_targets(feed.parts[1], outputs)
        return feed

    def _prepared(self, where: str, class_weight, targets: bool, tbptt, batch) -> Batch:
        """A batch of an iterable as arrays."""
        parts = weigh_classes(self.parts(where, batch_parts(batch)), class_weight)
        if ragged_leaves(parts):
            if current().processes > 1:
                raise ValueError(
                    f"{self.model}.{where}: the batches of an iterable have sequences of different "
                    "lengths, which each process would pad to another one. Pad them to one length, "
                    "or pass all sequences as a list to every process."
                )
            parts = self._buckets(parts, None, None, None, targets, tbptt).whole()
        if targets and self.objective.names:
            self.objective.check_targets(values_only(parts[1]), self._output_specs)
        return parts if targets else (parts[0], None, None)

    def _outputs_for(self, batch: Batch, targets: bool):
        """Build the model on the form of this batch; assign losses and metrics to its outputs."""
        x, y, _ = batch

        def traced():
            with Binding():
                return jax.eval_shape(self._outputs_beside, *jax.tree.map(_spec, (x, y)))

        self._output_specs = specs = self._programs.find(("outputs", form_of((x, y))), traced)
        if targets:
            self.objective.resolve(specs, values_only(y), self.model.output_names)
            self.objective.check_targets(values_only(batch[1]), specs)
        return specs

    def _fills(self, where: str, targets: bool, tbptt: int | None) -> bool:
        """Whether smaller batches are filled up with rows that change no result."""
        if where.endswith("on_batch") or tbptt is not None or self._programs.eager:
            return False
        if current() is not ONE_DEVICE or (targets and not self.objective.is_row_wise):
            return False
        return self._programs.held.are_row_wise

    def _buckets(
        self,
        parts: Batch,
        batch_size,
        shuffler,
        steps,
        targets: bool,
        tbptt: int | None,
        fills: bool = False,
    ) -> BucketFeed:
        """A feed of sequences, after seeing how they pass through the model."""
        stateful = [v for v in self.model.flatten_layers() if getattr(v, "stateful", False)]
        if stateful:
            raise ValueError(
                f"{self.model}: a list of sequences is sorted by length, so no row of a batch goes "
                f"on where the one before ended, as {stateful[0]} with stateful=True expects: pass "
                "arrays, or leave stateful out."
            )
        passage = self._passage(*parts[:2])
        if targets and not self.objective.any_targets:
            self._check_steps(parts, passage.lengths_of)
        return BucketFeed(
            parts,
            batch_size or len(jax.tree.leaves(parts)[0]),
            shuffler,
            steps,
            passage,
            # what is trained on the last piece must end there
            left=tbptt is not None and max(jax.tree.leaves(passage.lengths_of)) < 0,
            fills=fills,
        )

    def _passage(self, x, y) -> Passage:
        """How sequences pass through the model, from a trace over a length that is not known."""
        times: list[Any] = []

        def spec(leaf):
            if not isinstance(leaf, Ragged):
                return _spec(leaf[:1])
            times.append(new_dimension())
            values = jax.ShapeDtypeStruct((1, times[-1], *leaf.shape[2:]), leaf.dtype)
            return Padded(values, jax.ShapeDtypeStruct((1, times[-1]), "bool"))

        specs = jax.tree.map(spec, (x, y))
        shapes = [(a.shape[2:], a.dtype) for a in jax.tree.leaves(specs)]
        key = ("passage", jax.tree.structure(specs), *shapes)
        return self._programs.find(key, lambda: self._passage_of(specs, times))

    def _passage_of(self, specs, times) -> Passage:
        with Binding(), warnings.catch_warnings(record=True) as dropped:
            warnings.simplefilter("always", MaskDropped)
            outputs = jax.eval_shape(self._outputs_beside, *specs)

        def lengths_of(output):
            size = output.shape[1] if len(output.shape) > 1 else None
            return next((i for i, t in enumerate(times) if size is t or size == t), -1)

        first = next((w for w in dropped if w.category is MaskDropped), None)
        if first is not None:
            warnings.warn(
                f"{self.model} got sequences of different lengths, and cannot use their mask: "
                f"{str(first.message).partition(':')[0]}. So only sequences of the very same "
                "length share a batch, and each length is compiled for itself.",
                stacklevel=8,
            )
        return Passage(first is None, jax.tree.map(lengths_of, outputs))

    def _outputs_beside(self, x, y):
        return self.model.outputs_beside(open_padded(x), y, False)

    def _check_steps(self, parts: Batch, lengths_of) -> None:
        """Refuse labels per step that are not as many as the steps."""
        lengths = [leaf.lengths for leaf in ragged_leaves(parts[:2])]
        outputs = jax.tree.leaves(lengths_of)
        labels = jax.tree.leaves(parts[1])
        if len(labels) != len(outputs):
            return  # the objective says so
        losses = self.objective.losses_of(lengths_of, self.model.output_names)
        for y, which, loss in zip(labels, outputs, losses, strict=True):
            if loss is not None and loss.own_lengths:
                continue
            if which < 0 and isinstance(y, Ragged) and not ragged_leaves(parts[0]):
                raise ValueError(
                    f"{self.model}: y has rows of {y.lengths.min()} to {y.lengths.max()} labels "
                    "for an output of one length, which only a loss such as CTC takes: pass an "
                    "array."
                )
            if which < 0:
                continue
            if not isinstance(y, Ragged):
                raise ValueError(
                    f"{self.model} gives an output at each step of the sequences, and y has the "
                    f"shape {y.shape}: pass a list with one array for each sequence, one row a "
                    "step."
                )
            wrong = (y.lengths != lengths[which]).nonzero()[0]
            if len(wrong):
                i = wrong[0]
                raise ValueError(
                    f"{self.model} gives an output at each step, so y needs as many rows as x: "
                    f"sequence {i} has {lengths[which][i]} steps and {y.lengths[i]} labels."
                )


def _spec(array) -> jax.ShapeDtypeStruct:
    """Shape and dtype on the device, where 64 bits are only used in JAX's x64 mode."""
    return jax.ShapeDtypeStruct(array.shape, jax.dtypes.canonicalize_dtype(array.dtype))
