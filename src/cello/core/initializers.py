"""The values that weights start from, under Keras' names.

An initialiser is called with a shape and a dtype and returns an array. One that draws random
numbers draws the same ones each time it is called with the same shape; `get("glorot_uniform")`
gives a new initialiser each time, and so each weight its own numbers.

NumPy makes the values: in JAX each shape would be several new programs to compile.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike

from cello.core.arguments import arg
from cello.core.exports import public
from cello.core.keras_names import KERAS_NAMES
from cello.core.kinds import (
    Integer,
    Named,
    integer,
    integers,
    non_negative,
    number,
    one_of,
    optional,
    positive,
)
from cello.core.random import new_seed
from cello.core.serialization import Configurable, Registry, custom_object_scope, serialize
from cello.core.variable import to_device


class Initializer(Configurable):
    """Base of the initialisers: a subclass defines `__call__(shape, dtype="float32")`."""

    def __call__(self, shape, dtype="float32"):
        raise NotImplementedError(f"{type(self).__name__} must define __call__(shape, dtype).")


# --------------------------------------------------------------------------------- constants


def _numbers(value: ArrayLike):
    if not np.issubdtype(np.asarray(value).dtype, np.number):
        raise ValueError("a number or an array of numbers")
    return value


def _dtype(dtype):
    return jnp.dtype(dtype or "float32")


class Zeros(Initializer):
    """All 0."""

    def __call__(self, shape, dtype="float32"):
        return to_device(np.zeros(shape, _dtype(dtype)))


class Ones(Initializer):
    """All 1."""

    def __call__(self, shape, dtype="float32"):
        return to_device(np.ones(shape, _dtype(dtype)))


class Constant(Initializer):
    """All `value`."""

    value = arg(0.0, kind=_numbers, doc="A number, or an array that broadcasts to the shape.")

    def __call__(self, shape, dtype="float32"):
        return to_device(np.full(shape, np.asarray(self.value), _dtype(dtype)))


class Identity(Initializer):
    """The identity matrix times `gain`, for two-dimensional shapes."""

    gain = arg(1.0, kind=number, doc="The value on the diagonal.")

    def __call__(self, shape, dtype="float32"):
        if len(shape) != 2:
            raise ValueError(f"Identity makes a matrix, and got the shape {tuple(shape)}.")
        rows, columns = shape
        return to_device(np.asarray(self.gain * np.eye(rows, columns), _dtype(dtype)))


# ------------------------------------------------------------------------------------ random


class _RandomInitializer(Initializer):
    """Base of those that draw random numbers: a subclass defines `draw(generator, shape, dtype)`.

    Of the two, the generator is NumPy's, and the dtype is "float32", or "float64" for weights of
    that precision; the numbers are rounded to that of the weight afterwards.
    """

    seed = arg(
        None,
        kind=optional(integer),
        doc="Integer that fixes the numbers; drawn from the global stream where None.",
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self._check()
        self._start = new_seed() if self.seed is None else self.seed % 2**64

    def _check(self):
        """Refuse arguments that do not fit together."""

    def __call__(self, shape, dtype="float32"):
        dtype = _dtype(dtype)
        if not jnp.issubdtype(dtype, jnp.floating):
            raise ValueError(
                f"{type(self).__name__} draws floating numbers, and was asked for {dtype.name}."
            )
        generator = np.random.default_rng(self._start)
        drawn = self.draw(generator, tuple(shape), "float64" if dtype == "float64" else "float32")
        return to_device(np.asarray(drawn, dtype))

    def draw(self, generator, shape, dtype):
        raise NotImplementedError(
            f"{type(self).__name__} must define draw(generator, shape, dtype)."
        )


def _truncated_normal(generator, shape, dtype):
    """Standard normal numbers; those beyond 2 are drawn again."""
    values = generator.standard_normal(shape, dtype)
    while (far := np.abs(values) > 2).any():
        values[far] = generator.standard_normal(far.sum(), dtype)
    return values


class RandomNormal(_RandomInitializer):
    """Normal distribution."""

    mean = arg(0.0, kind=number, doc="Mean.")
    stddev = arg(0.05, kind=non_negative, doc="Standard deviation.")

    def draw(self, generator, shape, dtype):
        return self.mean + self.stddev * generator.standard_normal(shape, dtype)


class TruncatedNormal(_RandomInitializer):
    """Normal distribution without what lies further than two `stddev` from the mean.

    The standard deviation of what is left is `0.88 * stddev`.
    """

    mean = arg(0.0, kind=number, doc="Mean.")
    stddev = arg(0.05, kind=non_negative, doc="Standard deviation before the truncation.")

    def draw(self, generator, shape, dtype):
        return self.mean + self.stddev * _truncated_normal(generator, shape, dtype)


class RandomUniform(_RandomInitializer):
    """Uniform distribution over `[minval, maxval)`."""

    minval = arg(-0.05, kind=number, doc="Lower bound.")
    maxval = arg(0.05, kind=number, doc="Upper bound.")

    def _check(self):
        if self.minval > self.maxval:
            raise ValueError(
                f"RandomUniform: minval must not be greater than maxval. "
                f"Received: minval={self.minval!r}, maxval={self.maxval!r}"
            )

    def draw(self, generator, shape, dtype):
        return self.minval + (self.maxval - self.minval) * generator.random(shape, dtype)


class Orthogonal(_RandomInitializer):
    """Random orthogonal matrix times `gain`, uniform over all of them.

    The rows of a wide matrix are orthonormal, the columns of a tall one. A shape of more than two
    dimensions is that of a matrix `(shape[0] * ... * shape[-2], shape[-1])`, reshaped.
    Source: Saxe et al. (2014), "Exact solutions to the nonlinear dynamics of learning".
    """

    gain = arg(1.0, kind=number, doc="Factor.")

    def draw(self, generator, shape, dtype):
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal needs at least two dimensions, and got the shape {shape}."
            )
        rows, columns = math.prod(shape[:-1]), shape[-1]
        tall = max(rows, columns), min(rows, columns)
        q, r = np.linalg.qr(generator.standard_normal(tall, dtype))
        q *= np.where(np.diagonal(r) < 0, -1, 1).astype(dtype)  # QR alone prefers one sign
        return self.gain * (q if rows >= columns else q.T).reshape(shape)


# ---------------------------------------------------------------------------- by the fan


def _distribution(value: str):
    value = value.lower() if isinstance(value, str) else value
    value = "truncated_normal" if value == "normal" else value
    if value not in ("truncated_normal", "untruncated_normal", "uniform"):
        raise ValueError('"truncated_normal", "untruncated_normal" or "uniform"')
    return value


def _axes(value: Integer | Sequence[int]):
    axes = integers(value)
    return (axes,) if isinstance(axes, int) else axes


def _fans(shape, input_axes, output_axes):
    """The numbers of inputs and of outputs of a weight of this shape."""
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[a] for a in input_axes), math.prod(shape[a] for a in output_axes)
    if len(shape) < 2:
        return math.prod(shape), math.prod(shape)
    return math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]


class VarianceScaling(_RandomInitializer):
    """Zero mean and the variance `scale / n`, where `n` follows from the shape.

    `n` is the number of inputs of the weight for `mode="fan_in"`, of its outputs for `"fan_out"`,
    their mean for `"fan_avg"`. A kernel `(inputs, outputs)` has that many of each; the axes in
    front of these two multiply both.
    """

    argument_order = "scale mode distribution seed"
    scale = arg(1.0, kind=positive, doc="Factor of the variance.")
    mode = arg(
        "fan_in",
        kind=one_of("fan_in", "fan_out", "fan_avg"),
        doc='"fan_in", "fan_out" or "fan_avg".',
    )
    distribution = arg(
        "truncated_normal",
        kind=_distribution,
        doc='"truncated_normal", "untruncated_normal" or "uniform".',
    )
    input_axes = arg(None, kind=optional(_axes), doc="Axes that count as inputs.")
    output_axes = arg(None, kind=optional(_axes), doc="Axes that count as outputs.")

    def draw(self, generator, shape, dtype):
        fan_in, fan_out = _fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(1.0, fan)
        if self.distribution == "uniform":
            limit = math.sqrt(3 * variance)
            return 2 * limit * generator.random(shape, dtype) - limit
        if self.distribution == "untruncated_normal":
            return math.sqrt(variance) * generator.standard_normal(shape, dtype)
        stddev = math.sqrt(variance) / 0.87962566103423978  # that of a normal cut at +-2 is 0.88
        return stddev * _truncated_normal(generator, shape, dtype)


class GlorotUniform(VarianceScaling):
    """Uniform over `[-limit, limit]`, `limit = sqrt(6 / (fan_in + fan_out))` (Glorot, 2010)."""

    scale, mode, distribution = 1.0, "fan_avg", "uniform"


class GlorotNormal(VarianceScaling):
    """Truncated normal of the variance `2 / (fan_in + fan_out)` (Glorot and Bengio, 2010)."""

    scale, mode, distribution = 1.0, "fan_avg", "truncated_normal"


class HeUniform(VarianceScaling):
    """Uniform over `[-limit, limit]`, `limit = sqrt(6 / fan_in)` (He et al., 2015)."""

    scale, mode, distribution = 2.0, "fan_in", "uniform"


class HeNormal(VarianceScaling):
    """Truncated normal of the variance `2 / fan_in` (He et al., 2015)."""

    scale, mode, distribution = 2.0, "fan_in", "truncated_normal"


class LecunUniform(VarianceScaling):
    """Uniform over `[-limit, limit]`, `limit = sqrt(3 / fan_in)` (LeCun et al., 1998)."""

    scale, mode, distribution = 1.0, "fan_in", "uniform"


class LecunNormal(VarianceScaling):
    """Truncated normal of the variance `1 / fan_in` (LeCun et al., 1998)."""

    scale, mode, distribution = 1.0, "fan_in", "truncated_normal"


# ------------------------------------------------------------------------------------- names

zeros = Zeros
ones = Ones
constant = Constant
identity = Identity
random_normal = RandomNormal
truncated_normal = TruncatedNormal
random_uniform = RandomUniform
orthogonal = Orthogonal
variance_scaling = VarianceScaling
glorot_uniform = GlorotUniform
glorot_normal = GlorotNormal
he_uniform = HeUniform
he_normal = HeNormal
lecun_uniform = LecunUniform
lecun_normal = LecunNormal

_CLASSES = [globals()[name] for name in sorted(KERAS_NAMES["initializers"] - {"Initializer"})]


def _snake(name):
    return re.sub("(?<!^)(?=[A-Z])", "_", name).lower()


registry = Registry(
    "initializer",
    {
        **{_snake(cls.__name__): cls for cls in _CLASSES},
        **{cls.__name__: cls for cls in _CLASSES},
        "zero": Zeros,
        "one": Ones,
        "normal": RandomNormal,
        "uniform": RandomUniform,
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
    },
)


def get(identifier: Named):
    """The initialiser that `identifier` stands for; a name gives a new one each time.

    Args:
        identifier: a name such as `"glorot_uniform"` or `"GlorotUniform"`, an initialiser, a
            function `(shape, dtype) -> array`, a configuration, or `None`.

    Raises:
        ValueError: for an unknown name; it suggests the nearest one.
    """
    return None if identifier is None else registry.get(identifier)


def deserialize(config, custom_objects=None):
    """The initialiser of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration, or a name.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)


__all__ = [*public(globals(), __name__), "serialize"]
