"""The base of the metrics: variables that are updated by the batch."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from cello.core import initializers
from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.kinds import optional
from cello.core.masking import both, get_mask, real_only
from cello.core.naming import snake_case
from cello.core.numbers import as_tensor
from cello.core.owner import find_held
from cello.core.serialization import Configurable
from cello.core.variable import Variable
from cello.losses.loss import align_weights, hide, split_elements


class Metric(Configurable):
    """A number that is gathered over batches.

    A metric of your own makes variables with `add_variable` in `__init__` and overrides
    `update_state` and `result`. They are traced by JAX: read `variable.value`, write with
    `variable.assign`, and do not branch on numbers. Other metrics in attributes, and in lists and
    dicts there, are part of it.

    In `fit` and `evaluate`, where outputs have a mask, targets and outputs are zero under it and
    `sample_weight` has the mask multiplied in: a step with the weight 0 is to count nothing.
    """

    name = arg(None, kind=optional(str), doc="Name.")
    dtype = arg(None, kind=optional(str), doc="Accepted as in Keras; metrics count in float32.")

    default_name: str | None = None
    """The name of one without a name, where that of the class is not it."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.name = self.name or self.default_name or snake_case(type(self).__name__)
        self._variables: list[Variable] = []

    def add_variable(self, shape=(), initializer="zeros", dtype=None, name="variable") -> Variable:
        """Make a variable of the metric; `reset_state` sets it to its first value."""
        variable = Variable(
            initializers.get(initializer), shape, dtype, trainable=False, weight=False, name=name
        )
        variable.first_value = variable.value  # type: ignore[attr-defined]
        self._variables.append(variable)
        return variable

    add_weight = add_variable

    def prepare(self, output_shape) -> None:
        """Make the variables whose shape depends on that of the outputs, once.

        `fit` and `evaluate` call it before the first batch.
        """

    @property
    def variables(self) -> list[Variable]:
        """Its own, and those of the metrics that it holds."""
        found = dict.fromkeys(self._variables)
        for metric in self._parts:
            found.update(dict.fromkeys(metric.variables))
        return list(found)

    @property
    def _parts(self) -> list[Metric]:
        attributes = [v for k, v in vars(self).items() if k != "_constructor_call"]
        return list(find_held(attributes, Metric))

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Count a batch."""
        raise NotImplementedError

    def result(self) -> Any:
        """The value now."""
        raise NotImplementedError

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self._variables:
            variable.assign(variable.first_value)  # type: ignore[attr-defined]
        for metric in self._parts:
            metric.reset_state()

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()


class Mean(Metric):
    """The weighted mean of values: `sum(w v) / sum(w)`."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.total = self.add_variable(name="total")
        self.count = self.add_variable(name="count")

    def update_state(self, values, sample_weight=None):  # type: ignore[override]
        values, weights = weigh(values, sample_weight, get_mask(values), self.name)
        self.total.assign(self.total.value + jnp.sum(values * weights))
        self.count.assign(self.count.value + jnp.sum(weights))

    def result(self):
        return divide(self.total.value, self.count.value)


class Sum(Metric):
    """The weighted sum of values."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.total = self.add_variable(name="total")

    def update_state(self, values, sample_weight=None):  # type: ignore[override]
        values, weights = weigh(values, sample_weight, get_mask(values), self.name)
        self.total.assign(self.total.value + jnp.sum(values * weights))

    def result(self):
        return self.total.value


class MeanMetricWrapper(Mean):
    """The mean of a function `(y_true, y_pred) -> values`.

    Args:
        fn: the function.
        name: name; that of the function where `None`.
        kwargs: further arguments of the function.
    """

    def __init__(self, fn, name=None, dtype=None, **kwargs):
        super().__init__(name=name or getattr(fn, "__name__", None), dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        self.elementwise = getattr(fn, "elementwise", False)

    def update_state(self, y_true, y_pred, sample_weight=None):  # type: ignore[override]
        mask = get_mask(y_pred)
        y_true, y_pred = hide_masked_parts(y_true, y_pred, mask)
        if self.elementwise:
            y_true, y_pred = split_elements(y_true, y_pred, sample_weight)
        values = self.measure(y_true, y_pred)
        if sample_weight is not None or mask is not None:  # what Keras does with `ignore_class`
            mask = both(mask, get_mask(values))
        values, weights = weigh(values, sample_weight, mask, self.name)
        self.total.assign(self.total.value + jnp.sum(values * weights))
        self.count.assign(self.count.value + jnp.sum(weights))

    def measure(self, y_true, y_pred):
        return self._fn(y_true, y_pred, **self._fn_kwargs)

    def get_config(self):
        return {"fn": self._fn.__name__, **super().get_config(), **self._fn_kwargs}


def hide_masked_parts(y_true, y_pred, mask):
    """Targets and outputs as arrays, with zeros under the mask."""
    y_true, y_pred = jax.tree.map(
        lambda y: widen(as_tensor(y, "y_true or y_pred")), (y_true, y_pred)
    )
    return (y_true, y_pred) if mask is None else (hide(y_true, mask), hide(y_pred, mask))


def weigh(values, sample_weight, mask, whose: str):
    """Values and weights of one shape; masked values are 0 with the weight 0.

    Raises:
        ValueError: for values of the metric `whose` that weights or a mask do not fit.
    """
    values = jnp.asarray(values, jnp.float32)
    weights = jnp.ones((), jnp.float32)
    mask = real_only(mask, values)
    for factor, what in ((mask, "a mask"), (sample_weight, "sample_weight")):
        if factor is not None:
            factor = jnp.asarray(factor, jnp.float32)
            weights = weights * align_weights(factor, values, f"The metric {whose}", what)
    weights = jnp.broadcast_to(weights, values.shape)
    if mask is not None:
        values = jnp.where(weights == 0, 0.0, values)
    return values, weights


def divide(a, b):
    """`a / b`, and 0 where `b` is 0."""
    return jnp.where(b == 0, 0.0, a / jnp.where(b == 0, 1.0, b))
