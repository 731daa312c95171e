"""Ridge regression: the last layer of a model in closed form, in one pass over the data."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello import activations
from cello.core.kinds import non_negative, positive_integer
from cello.core.masking import get_mask
from cello.core.numbers import refuse_complex
from cello.core.variable import Binding
from cello.layers.dense import Dense
from cello.models.model import Model
from cello.training.data import as_arrays
from cello.training.filling import fill, size_of_batches


def fit_readout(
    model: Model, x, y, penalty: float = 1e-6, batch_size: int = 32, washout: int = 0
) -> None:
    """Give the last layer of a model the weights that fit best, and leave all others as they are.

    Kernel `W` and bias `b` of the last layer, a linear `Dense`, become those that minimise

        sum |h W + b - y|^2 + penalty |W|^2

    over all rows and steps, where `h` is what the layer is fed. It is how an echo state network is
    trained, and a quick test of what any recurrent layer knows. The data are passed over once; the
    sums of products, `(features, features)`, are kept and solved in float64 on the host::

        model = Sequential([Input((None, 1)), EchoState(300, return_sequences=True), Dense(1)])
        cello.ridge.fit_readout(model, x, y, washout=100)

    Args:
        model: a model of one output, that of a `Dense` without activation.
        x: the inputs: an array, or what else the model takes, of whole sequences.
        y: the targets, `(rows, units)`, or `(rows, time, units)` where the outputs have time.
        penalty: the weight of the squares of the kernel, 0 or more; the bias has none.
        batch_size: how many rows the model runs at once.
        washout: how many steps at the start of each sequence do not count, since the state still
            depends on where it started. Steps that are masked neither count nor are counted.

    Raises:
        ValueError: for a model that ends in something else, targets of another shape, arguments
            out of range, or values that are not finite.
    """
    dense = _readout(model)
    checks: tuple[tuple[str, Any, Any], ...] = (
        ("penalty", non_negative, penalty),
        ("batch_size", positive_integer, batch_size),
        ("washout", lambda v: positive_integer(v + 1), washout),
    )
    for name, kind, value in checks:
        try:
            kind(value)
        except ValueError as error:
            wanted = "an integer of 0 or more" if name == "washout" else str(error)
            raise ValueError(f"fit_readout: {name} must be {wanted}. Received: {value!r}") from None
    x, y = as_arrays(x, "fit_readout: x"), np.asarray(y)
    refuse_complex(y, "fit_readout: y")
    rows = {len(leaf) for leaf in [*jax.tree.leaves(x), y]}
    if len(rows) != 1:
        raise ValueError(
            f"fit_readout: inputs and targets must have as many rows and have {sorted(rows)}."
        )
    moments = _Moments(dense)
    programs = model.trainer.programs
    run = programs.find(("readout", dense), lambda: _features(Model(model.input, dense.input)))
    size = size_of_batches(len(y), batch_size)
    for first in range(0, len(y), size):
        part = np.arange(first, min(first + size, len(y)))
        taken = fill(part, size) if model in programs.held.known else part
        outputs = run(jax.tree.map(lambda leaf, taken=taken: leaf[taken], x))
        n = len(part)
        features, mask = jax.tree.map(lambda leaf, n=n: leaf[:n], outputs)
        moments.add(*_real(model, features, y[part], mask, washout))
    moments.solve(float(penalty))


def _readout(model) -> Dense:
    layers = [tensor.node.layer for tensor in model.outputs]
    (*more, last) = layers
    if more or not isinstance(last, Dense) or last.activation is not activations.linear:
        raise ValueError(
            f"fit_readout: {model} must have one output, that of a Dense without activation, whose "
            f"weights are to be found, and has those of {', '.join(map(str, layers))}. Let it end "
            "in Dense(units)."
        )
    return last


def _features(model):
    """A compiled function of a batch: what the last layer is fed, and its mask."""
    variables = model.variables

    @jax.jit
    def run(values, batch):
        with Binding(dict(zip(variables, values, strict=True))):
            features = model(batch, training=False)
        return features, get_mask(features)

    return lambda batch: run([v.value for v in variables], batch)


def _real(model, features, y, mask, washout) -> tuple[np.ndarray, np.ndarray]:
    """The features and targets that count, one below the other."""
    if y.ndim != features.ndim or y.shape[:-1] != features.shape[:-1]:
        raise ValueError(
            f"fit_readout: {model} gives outputs of shape {(*features.shape[:-1], 'units')} and "
            f"got targets of shape {y.shape}: they must differ in nothing."
        )
    features, counts = np.asarray(features, "float64"), np.ones(features.shape[:-1], bool)
    if mask is not None:
        counts &= np.asarray(mask).reshape(counts.shape)
    if washout:
        if features.ndim != 3:
            raise ValueError(
                f"fit_readout: washout={washout} needs outputs with time, and those of {model} "
                "have none: give its last recurrent layer return_sequences=True, or leave it out."
            )
        counts &= np.cumsum(counts, axis=1) > washout
    return features[counts], np.asarray(y, "float64")[counts]


class _Moments:
    """The sums of products of features and targets; with a bias, of the features and a 1."""

    def __init__(self, dense: Dense):
        self.dense = dense
        size = dense.kernel.shape[0] + (dense.bias is not None)
        self.products: Any = np.zeros((size, size))
        self.with_targets: Any = np.zeros((size, dense.units))

    def add(self, features, targets):
        if targets.shape[-1] != self.dense.units:
            raise ValueError(
                f"fit_readout: {self.dense} has {self.dense.units} outputs and got targets with "
                f"{targets.shape[-1]}."
            )
        if self.dense.bias is not None:
            features = np.concatenate([features, np.ones((len(features), 1))], axis=1)
        self.products += features.T @ features
        self.with_targets += features.T @ targets

    def solve(self, penalty):
        if not (np.isfinite(self.products).all() and np.isfinite(self.with_targets).all()):
            raise ValueError(
                "fit_readout: the data, or what the layers make of them, hold values that are not "
                "finite; model.find_nan says where. The model is unchanged."
            )
        units = self.dense.kernel.shape[0]
        weight = np.where(np.arange(len(self.products)) < units, penalty, 0.0)
        solved = np.linalg.lstsq(self.products + np.diag(weight), self.with_targets, rcond=None)[0]
        self.dense.kernel.assign(jnp.asarray(solved[:units]))
        if self.dense.bias is not None:
            self.dense.bias.assign(jnp.asarray(solved[units]))
