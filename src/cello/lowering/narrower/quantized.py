"""`model.quantized("int8", calibrate=x)`: a model with narrower weights, in Python."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import jax
import numpy as np

from cello.core.symbolic import new_dimension
from cello.core.variable import Binding
from cello.layers import Identity, Input
from cello.lowering.flat import Flat
from cello.lowering.module import Module, module_of_stream, unchanged
from cello.lowering.names import identifier
from cello.lowering.narrower.bounds import bounds_in, bounds_of
from cello.lowering.narrower.narrow import KINDS, compared, narrowed, sizes_wanted, watched
from cello.lowering.narrower.report import Report
from cello.lowering.narrower.runs import Runs, start_of
from cello.lowering.sequence import module_of_sequence
from cello.models import Sequential
from cello.streaming.plan import in_order, inputs_of, shape_of

STEPS = 10, 100, 1000, 10000  # of which a report says the errors


class Quantized:
    """A model whose weights are int8, bfloat16 or float16: what its files compute, in Python.

    In int8 a weight has a scale for each unit. What it is multiplied by is rounded to whole numbers
    from -127 to 127 of its greatest size, which the calibration finds; sums are in int32, and
    states, gates and biases stay float32. A weight that would not become smaller stays as it is,
    and so do complex ones. In bfloat16 and float16 weights are widened as they are read, and all
    is computed in float32.

    Args:
        model: a built model.
        weights: "int8", "bfloat16" or "float16".
        calibrate: for int8 inputs as for `predict`: some hundred sequences as they will come. Not
            needed if all that is multiplied is known, as what comes from `tanh` and embeddings.
        steps: for a model that looks at later steps: the most steps of a sequence.
        like: for a model without a graph: inputs like those that will come.

    Attributes:
        most: for int8 the greatest size of what each weight is multiplied by, by its name.
    """

    def __init__(
        self,
        model,
        weights: str,
        calibrate=None,
        steps=None,
        like=None,
    ):
        if weights not in KINDS:
            raise ValueError(
                f"{model}: weights must be 'float32' or one of {list(KINDS)}. Received: {weights!r}"
            )
        self.model, self.weights, self.steps = model, weights, steps
        self._like = calibrate if like is None else like
        self._calibrate = calibrate
        self._names, self._structure, self._specs = inputs_of(model, self._like)
        self._timed = [None in spec.shape[1:2] for spec in self._specs]
        self._exact: tuple[Module, list[Flat]] = self._traced(unchanged)
        self.most: Mapping[str, float] = self._found_most() if weights == "int8" else {}
        self._narrow = self._traced(self.change)

    def module(self, name: str, rest=None, gates: bool = False) -> Module:
        """What is to be written; the arguments are those of `module_of_stream`."""
        module, _ = self._narrow
        if gates or rest is not None:
            module, _ = self._traced(self.change, rest, gates)
        return replace(module, name=identifier(name, "model"))

    def change(self, flat: Flat) -> Flat:
        """The function of a step with narrower weights."""
        return narrowed(flat, self.weights, self.most)

    def predict(self, x, rest=None):
        """What the quantised model gives, as `model.predict`.

        Args:
            x: as for `model.predict`.
            rest: as for `model.export`: where the stream begins.
        """
        if rest is None:
            return self._outputs_of(self._run, x)
        return self._outputs_of(Runs(*self._traced(self.change, rest), self._timed), x)

    def evaluate(self, x, y) -> dict[str, float]:
        """The loss and metrics that the model was compiled with, by name, of the quantised one.

        Args:
            x, y: as for `model.evaluate`; the model has one output.
        """
        found = self.predict(x)
        if not isinstance(found, (list, np.ndarray)) or len(self._narrow[0].outputs) != 1:
            raise ValueError(
                f"{self.model}: evaluate is for models of one output; compare what predict gives."
            )
        objective = self.model.trainer.objective
        shape = self._narrow[0].outputs[0].shape
        timed = (None,) if self._along_time[0] else ()
        judge = Sequential([Input((*timed, *shape)), Identity()])
        judge.compile(
            loss=objective.loss,
            loss_weights=objective.loss_weights,
            metrics=objective.metrics,
            weighted_metrics=objective.weighted_metrics,
        )
        return cast(dict, judge.evaluate(found, y, verbose=0, return_dict=True))

    def report(self, x, y=None) -> Report:
        """How far the quantised model is from the model.

        Args:
            x: inputs as for `predict`. For the errors after more steps than they have, their rows
                follow one another, again and again.
            y: targets as for `evaluate`, for the loss and the metrics.
        """
        module, flats = self._exact
        watching = [compared(flat, self.weights, self.most) for flat in flats]
        _, measured = Runs(module, watching, self._timed)(*self._rows(x))
        metrics = {}
        if y is not None:
            before = self.model.evaluate(x, y, verbose=0, return_dict=True)
            after = self.evaluate(x, y)
            metrics = {name: (float(before[name]), float(after[name])) for name in before}
        return Report(
            self.weights,
            (_bytes(module), _bytes(self._narrow[0])),
            {name: float(off / most) if most else 0.0 for name, (off, most) in measured.items()},
            self._after_steps(x),
            metrics,
        )

    def _after_steps(self, x) -> dict[int, float]:
        """The greatest error of an output until a step, as a part of the greatest value."""
        leaves, lengths = self._rows(x)
        stops = [int(lengths.max())]
        if self.steps is None:  # rows can be put behind one another
            stops = list(STEPS)
            for k, timed in enumerate(self._timed):
                leaf = leaves[k]
                if timed:
                    rows = np.concatenate([a[:n] for a, n in zip(leaf, lengths, strict=True)])
                    leaf = np.resize(rows, (1, STEPS[-1], *rows.shape[1:]))
                leaves[k] = leaf[:1]
            lengths = np.array(STEPS[-1:], "int32")
        exact, found = (run(leaves, lengths)[0] for run in (self._exact_run, self._run))
        errors = {}
        for stop in stops:
            parts = [
                np.abs(a - b)[:, : -(-a.shape[1] * stop // stops[-1])].max(initial=0)
                / (np.abs(b).max(initial=0) or 1)
                for a, b in zip(found, exact, strict=True)
            ]
            errors[stop] = float(max(parts))
        return errors

    @functools.cached_property
    def _run(self) -> Runs:
        return Runs(*self._narrow, self._timed)

    @functools.cached_property
    def _exact_run(self) -> Runs:
        return Runs(*self._exact, self._timed)

    # ------------------------------------------------------------------------- calibration

    def _traced(self, change, rest=None, gates=False) -> tuple[Module, list[Flat]]:
        """The module, and the functions of its steps as they are lowered."""
        flats: list[Flat] = []

        def kept(flat):
            flats.append(change(flat))
            return flats[-1]

        if self.steps is None:
            module = module_of_stream(self.model, "model", self._like, rest, gates, kept)
        else:
            module = module_of_sequence(self.model, "model", self.steps, self._like, kept)
        return module, flats

    def _found_most(self) -> dict[str, float]:
        module, flats = self._exact
        if self._calibrate is not None:
            runs = Runs(module, list(map(watched, flats)), self._timed)
            _, measured = runs(*self._rows(self._calibrate))
            strange = sorted(n for n, most in measured.items() if not np.isfinite(most))
            if strange:
                raise ValueError(
                    f"{self.model}: with calibrate=, what {strange} take becomes NaN or infinite: "
                    "leave such sequences out; model.find_nan(x) says where it comes from."
                )
            return {name: float(most) for name, most in measured.items()}
        if self.steps is None:
            found = bounds_of(flats, start_of(module)[0])
        else:
            found = bounds_in(flats[0])
        wanted = {name for flat in flats for name in sizes_wanted(flat)}
        unknown = sorted(name for name in wanted if not math.isfinite(found[name]))
        if unknown:
            raise ValueError(
                f"{self.model}: int8 has to know how large what {unknown} take becomes: pass "
                "calibrate=x with x as for predict, some hundred sequences as they will come."
            )
        return found

    # ------------------------------------------------------------------- inputs and outputs

    def _is_ragged(self, x) -> bool:
        """Whether it is a list with an array for each sequence."""
        rank = len(self._specs[0].shape) - 1
        alone = len(self._specs) == 1 and isinstance(x, (list, tuple))
        arrays = (np.ndarray, jax.Array)
        return alone and all(isinstance(row, arrays) and row.ndim == rank for row in x)

    def _rows(self, x) -> tuple[list[np.ndarray], np.ndarray]:
        """The arrays of the inputs, all rows of one length, and how many steps each has.

        Behind the end of a row it begins anew, so that what is measured there is of its kind.
        """
        leaves = self._checked(x)
        pairs = zip(leaves, self._timed, strict=True)
        lengths = next([len(row) for row in leaf] for leaf, timed in pairs if timed)
        count = self.steps or max(lengths)
        if max(lengths) > count:
            raise ValueError(
                f"{self.model}: a sequence has {max(lengths)} steps, and steps={count} is the most."
            )
        arrays = [
            np.stack(
                [np.resize(row, (count, *np.shape(row)[1:])) if timed else row for row in leaf]
            )
            for leaf, timed in zip(leaves, self._timed, strict=True)
        ]
        typed = [a.astype(spec.dtype) for a, spec in zip(arrays, self._specs, strict=True)]
        return typed, np.array(lengths, "int32")

    def _checked(self, x) -> list[Any]:
        """For each input its rows, of one length or several, of a shape that it takes."""
        leaves = [x] if self._is_ragged(x) else jax.tree.leaves(in_order(self._names, x))
        wanted = [spec.shape[1:] for spec in self._specs]
        if not self._is_ragged(x):
            leaves = [np.asarray(leaf) for leaf in leaves]
        shapes = [{np.shape(row) for row in leaf} for leaf in leaves]
        fits = len(leaves) == len(wanted) and all(
            some and all(_fits(shape, one) for shape in some)
            for some, one in zip(shapes, wanted, strict=True)
        )
        if not fits or len(set(map(len, leaves))) > 1:
            raise ValueError(
                f"{self.model}: inputs of rows of the shapes {wanted} are wanted, with one step at "
                f"least where None stands. Received rows of {[sorted(some) for some in shapes]}."
            )
        return leaves

    def _outputs_of(self, runs: Runs, x):
        """What comes out, in the structure of the model's outputs."""
        leaves, lengths = self._rows(x)
        found, _ = runs(leaves, lengths)
        structure = jax.tree.structure(self._shapes(new_dimension()))
        ragged = self._is_ragged(x)
        outputs = [self._output(k, array, lengths, ragged) for k, array in enumerate(found)]
        return jax.tree.unflatten(structure, outputs)

    def _output(self, number: int, array: np.ndarray, lengths: np.ndarray, ragged: bool):
        """An output of all rows; of rows of several lengths a list, if it has time."""
        if not self._along_time[number]:  # that after the last step
            return array if self.steps else array[np.arange(len(lengths)), lengths - 1]
        counts = {n: jax.tree.leaves(self._shapes(n))[number].shape[1] for n in set(lengths)}
        if ragged:
            return [row[: counts[n]] for row, n in zip(array, lengths, strict=True)]
        return array[:, : counts[lengths[0]]]

    @functools.cached_property
    def _along_time(self) -> list[bool]:
        """For each output whether it has an axis of time."""
        shapes = jax.tree.leaves(self._shapes(new_dimension()))
        return [not all(isinstance(n, int) for n in shape.shape[1:2]) for shape in shapes]

    def _shapes(self, steps):
        """The shapes of the outputs after so many steps."""
        specs = [jax.ShapeDtypeStruct(shape_of(s, 1, steps), s.dtype) for s in self._specs]
        inputs = self._structure.unflatten(specs)
        with Binding():
            return jax.eval_shape(lambda x: self.model(x, training=False), inputs)


def _fits(shape: tuple[int, ...], wanted: tuple[int | None, ...]) -> bool:
    """Whether a row has a shape; `None` is any number but 0."""
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(n == w if w else n > 0 for n, w in pairs)


def _bytes(module: Module) -> int:
    return sum(b.bytes for b in module.weights)


def quantize(model, weights, calibrate=None, steps=None, like=None) -> Quantized:
    """A quantised model of the name of a kind, or as it is given.

    Args:
        model, calibrate, steps, like: as for `Quantized`.
        weights: the kind, or a quantised model.
    """
    if not isinstance(weights, Quantized):
        return Quantized(model, weights, calibrate, steps, like)
    if weights.model is not model or weights.steps != steps or calibrate is not None:
        raise ValueError(
            f"{model}.export: weights is what {weights.model}.quantized gave with "
            f"steps={weights.steps}: export that model, with the same steps=, without calibrate=."
        )
    return weights
