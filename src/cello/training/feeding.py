"""From what the caller passes to batches that fit the model, all of it checked before any work."""

from __future__ import annotations

import warnings
from typing import Any

import jax

from cello.core.masking import MaskDropped
from cello.core.symbolic import new_dimension
from cello.core.variable import Binding
from cello.distribution.layout import current
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
from cello.training.programs import Programs
from cello.training.ragged import (
    Padded,
    Ragged,
    ragged_leaves,
    sequences_in,
    targets_like,
    values_only,
)
from cello.training.truncated import cut_of


class Feeding(Programs):
    """What `Trainer` does with the data before the first step."""

    def _parts(self, what: str, x, y, sample_weight) -> Batch:
        """Arrays and `Ragged` sequences, of one number of rows."""
        x = as_arrays(sequences_in(x, self._input_ranks()), "x")
        lengths = next((leaf.lengths for leaf in ragged_leaves(x)), None)
        free = self._objective is not None and self._objective.has_own_lengths
        y = targets_like(y, "y", lengths, len(jax.tree.leaves(x)[0]) if free else None)
        sample_weight = targets_like(sample_weight, "sample_weight", lengths)
        parts = x, as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
        check_lengths(parts, f"{self}.{what}")
        return parts

    def _input_ranks(self) -> list[int] | None:
        """The number of axes of each input, where they are known."""
        graph = self.call_graph
        return None if graph is None else [t.ndim for t in graph.flat_inputs]

    def _output_names(self) -> list[str]:
        return self.output_names if hasattr(self, "output_names") else []

    def _feed(
        self, what, x, y, sample_weight, batch_size, steps, shuffler=None, class_weight=None,
        targets=True, tbptt=None,
    ):  # fmt: skip
        """The data as a feed, after building the model and checking that they fit."""
        where = f"{self}.{what}"
        feed: Any
        if is_iterable_of_batches(x) and not what.endswith("on_batch"):
            if y is not None:
                raise ValueError(f"{where}: an iterable gives (x, y), so y must not be passed too.")

            def prepare(batch):
                parts = self._parts(what, *batch_parts(batch))
                parts = weigh_classes(parts, class_weight)
                if ragged_leaves(parts):
                    if current().processes > 1:
                        raise ValueError(
                            f"{where}: the batches of an iterable have sequences of different "
                            "lengths, which each process would pad to another one. Pad them to "
                            "one length, or pass all sequences as a list to every process."
                        )
                    parts = self._buckets(parts, None, None, None, targets, tbptt).whole()
                if targets and self._objective.names:
                    self._objective.check_targets(values_only(parts[1]), self._output_specs)
                return parts if targets else (parts[0], None, None)

            feed = IterableFeed(x, steps, prepare)
        else:
            parts = weigh_classes(self._parts(what, x, y, sample_weight), class_weight)
            if ragged_leaves(parts):
                feed = self._buckets(parts, batch_size, shuffler, steps, targets, tbptt)
            else:
                rows = len(jax.tree.leaves(parts)[0])
                feed = ArrayFeed(parts, batch_size or rows, shuffler, steps)
        self._prepare_for(feed.first(), targets)
        if tbptt is not None:
            self._objective.check_pieces(where)
            cut_of(self, jax.tree.map(_spec, feed.first()[0]))
        if targets and isinstance(feed, ArrayFeed):
            self._objective.check_targets(feed.parts[1], self._output_specs)
        return feed

    def _prepare_for(self, batch, targets: bool) -> None:
        """Build the model on the form of this batch; assign losses and metrics to its outputs."""
        x, y, _ = jax.tree.map(_spec, batch)
        form = form_of((x, y))
        specs = self._known_outputs.get((form, *self.flatten_layers()))
        if specs is None:
            with Binding():
                specs = jax.eval_shape(lambda x, y: self._forward(x, y, False), x, y)
            self._known_outputs[form, *self.flatten_layers()] = specs
        self._output_specs = specs
        if targets:
            self._objective.resolve(self._output_specs, values_only(y), self._output_names())
            self._objective.check_targets(values_only(batch[1]), self._output_specs)

    def _buckets(
        self, parts: Batch, batch_size, shuffler, steps, targets: bool, tbptt: int | None
    ) -> BucketFeed:
        """A feed of sequences, after seeing how they pass through the model."""
        stateful = [v for v in self.flatten_layers() if getattr(v, "stateful", False)]
        if stateful:
            raise ValueError(
                f"{self}: a list of sequences is sorted by length, so no row of a batch goes on "
                f"where the one before ended, as {stateful[0]} with stateful=True expects: pass "
                "arrays, or leave stateful out."
            )
        passage = self._passage(*parts[:2])
        if targets:
            self._check_steps(parts, passage.lengths_of)
        return BucketFeed(
            parts,
            batch_size or len(jax.tree.leaves(parts)[0]),
            shuffler,
            steps,
            passage,
            # what is trained on the last piece must end there
            left=tbptt is not None and max(jax.tree.leaves(passage.lengths_of)) < 0,
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
        key = ("passage", jax.tree.structure(specs), *shapes, *self.flatten_layers())
        if key not in self._known_outputs:
            with Binding(), warnings.catch_warnings(record=True) as dropped:
                warnings.simplefilter("always", MaskDropped)
                outputs = jax.eval_shape(lambda x, y: self._forward(x, y, False), *specs)

            def lengths_of(output):
                size = output.shape[1] if len(output.shape) > 1 else None
                return next((i for i, t in enumerate(times) if size is t or size == t), -1)

            first = next((w for w in dropped if w.category is MaskDropped), None)
            self._known_outputs[key] = Passage(first is None, jax.tree.map(lengths_of, outputs))
            if first is not None:
                warnings.warn(
                    f"{self} got sequences of different lengths, and cannot use their mask: "
                    f"{str(first.message).partition(':')[0]}. So only sequences of the very same "
                    "length share a batch, and each length is compiled for itself.",
                    stacklevel=4,
                )
        return self._known_outputs[key]

    def _check_steps(self, parts: Batch, lengths_of) -> None:
        """Refuse labels per step that are not as many as the steps."""
        lengths = [leaf.lengths for leaf in ragged_leaves(parts[:2])]
        outputs = jax.tree.leaves(lengths_of)
        labels = jax.tree.leaves(parts[1])
        if len(labels) != len(outputs):
            return  # the objective says so
        losses = self._objective.losses_of(lengths_of, self._output_names())
        for y, which, loss in zip(labels, outputs, losses, strict=True):
            if loss is not None and loss.own_lengths:
                continue
            if which < 0 and isinstance(y, Ragged) and not ragged_leaves(parts[0]):
                raise ValueError(
                    f"{self}: y has rows of {y.lengths.min()} to {y.lengths.max()} labels for an "
                    f"output of one length, which only a loss such as CTC takes: pass an array."
                )
            if which < 0:
                continue
            if not isinstance(y, Ragged):
                raise ValueError(
                    f"{self} gives an output at each step of the sequences, and y has the shape "
                    f"{y.shape}: pass a list with one array for each sequence, one row a step."
                )
            wrong = (y.lengths != lengths[which]).nonzero()[0]
            if len(wrong):
                i = wrong[0]
                raise ValueError(
                    f"{self} gives an output at each step, so y needs as many rows as x: sequence "
                    f"{i} has {lengths[which][i]} steps and {y.lengths[i]} labels."
                )


def _spec(array) -> jax.ShapeDtypeStruct:
    """Shape and dtype on the device, where 64 bits are only used in JAX's x64 mode."""
    return jax.ShapeDtypeStruct(array.shape, jax.dtypes.canonicalize_dtype(array.dtype))
