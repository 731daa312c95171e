"""Activation functions under Keras' names.

Each is a plain function of an array that acts on each element, or along `axis` where it has one.
They are module-level functions whose `__name__` is the name in a configuration, and so they can be
static arguments of `jax.jit`. On a tensor of a graph, one becomes the layer `Activation`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec

import jax
import jax.numpy as jnp

from cello.core.dtype_policy import widen
from cello.core.functions import neural
from cello.core.functions.elementwise import ELEMENTWISE
from cello.core.kinds import Named
from cello.core.serialization import Registry, custom_object_scope, serialize
from cello.core.symbolic import symbolic_leaves
from cello.core.variable import takes_variables

P = ParamSpec("P")


def on_tensors(function: Callable[P, Any]) -> Callable[P, Any]:
    """`function` of an array, which also takes variables and tensors of a graph."""
    on_arrays = takes_variables(function)

    @functools.wraps(function)
    def activation(*args: P.args, **kwargs: P.kwargs) -> Any:
        if not symbolic_leaves((args, kwargs)):
            return on_arrays(*args, **kwargs)
        if len(args) != 1 or kwargs:
            name = function.__name__
            raise TypeError(
                f"cello.activations.{name} takes no options beside a tensor of a graph: "
                f"cello.layers.Lambda(lambda x: cello.activations.{name}(x, ...))(x)."
            )
        from cello.layers.function import Activation

        return Activation(activation)(*args)

    return activation


@on_tensors
def linear(x):
    """`x`."""
    return x


@on_tensors
def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Rectified linear unit: `max(x, 0)`.

    In general: `max_value` where `x >= max_value`, `x` where `threshold < x < max_value`, and
    `negative_slope * (x - threshold)` elsewhere.
    """
    positive = jnp.where(x > threshold, x, 0) if threshold else jax.nn.relu(x)
    if max_value is not None:
        positive = jnp.clip(positive, 0, max_value)
    if negative_slope:
        return positive - negative_slope * jax.nn.relu(threshold - x)
    return positive


@on_tensors
def leaky_relu(x, negative_slope=0.2):
    """`x` where `x >= 0`, else `negative_slope * x` (Maas et al., 2013)."""
    return jax.nn.leaky_relu(x, negative_slope)


@on_tensors
def relu6(x):
    """`min(max(x, 0), 6)`."""
    return jax.nn.relu6(x)


@on_tensors
def elu(x, alpha=1.0):
    """`x` where `x > 0`, else `alpha * (exp(x) - 1)` (Clevert et al., 2015)."""
    return jax.nn.elu(x, alpha)


@on_tensors
def celu(x, alpha=1.0):
    """`max(x, 0) + min(alpha * (exp(x / alpha) - 1), 0)` (Barron, 2017)."""
    return jax.nn.celu(x, alpha)


@on_tensors
def selu(x):
    """`scale * elu(x, alpha)` with the two constants of Klambauer et al. (2017)."""
    return jax.nn.selu(x)


@on_tensors
def gelu(x, approximate=False):
    """`x * P(X <= x)` for a standard normal `X`; by tanh if `approximate` (Hendrycks, 2016)."""
    return jax.nn.gelu(x, approximate)


@on_tensors
def glu(x, axis=-1):
    """`a * sigmoid(b)` where `a` and `b` are the halves of `x` along `axis` (Dauphin, 2017)."""
    return jax.nn.glu(x, axis)


@on_tensors
def silu(x):
    """`x * sigmoid(x)`, also named swish (Ramachandran et al., 2017)."""
    return jax.nn.silu(x)


@on_tensors
def mish(x):
    """`x * tanh(softplus(x))` (Misra, 2019)."""
    return jax.nn.mish(x)


@on_tensors
def tanh(x):
    """`(exp(x) - exp(-x)) / (exp(x) + exp(-x))`."""
    return jnp.tanh(x)


@on_tensors
def hard_tanh(x):
    """`x` clipped to `[-1, 1]`."""
    return jax.nn.hard_tanh(x)


@on_tensors
def sigmoid(x):
    """`1 / (1 + exp(-x))`."""
    return jax.nn.sigmoid(x)


@on_tensors
def hard_sigmoid(x):
    """`relu6(x + 3) / 6`, a piecewise linear sigmoid."""
    return jax.nn.hard_sigmoid(x)


@on_tensors
def keras2_hard_sigmoid(x):
    """`clip(0.2 x + 0.5, 0, 1)`: what files of Keras 2 mean by hard_sigmoid."""
    return jnp.clip(0.2 * x + 0.5, 0, 1)


@on_tensors
def hard_silu(x):
    """`x * hard_sigmoid(x)`, also named hard_swish (Howard et al., 2019)."""
    return jax.nn.hard_silu(x)


@on_tensors
def log_sigmoid(x):
    """`log(sigmoid(x))`, without overflow."""
    return jax.nn.log_sigmoid(x)


@on_tensors
def sparse_sigmoid(x):
    """`0` where `x <= -1`, `1` where `x >= 1`, else `(x + 1) / 2`."""
    return jax.nn.sparse_sigmoid(x)


@on_tensors
def softplus(x):
    """`log(exp(x) + 1)`."""
    return jax.nn.softplus(x)


@on_tensors
def squareplus(x, b=4):
    """`(x + sqrt(x ** 2 + b)) / 2` (Barron, 2021)."""
    return jax.nn.squareplus(x, b)


@on_tensors
def sparse_plus(x):
    """`0` where `x <= -1`, `x` where `x >= 1`, else `(x + 1) ** 2 / 4`."""
    return jax.nn.sparse_plus(x)


@on_tensors
def softsign(x):
    """`x / (abs(x) + 1)`."""
    return jax.nn.soft_sign(x)


@on_tensors
def exponential(x):
    """`exp(x)`."""
    return jnp.exp(x)


def _widely(function, x, axis):
    """`function` along `axis`, its sums in at least float32."""
    x = jnp.asarray(x)
    wide = widen(x)
    return function(x, axis) if wide is x else function(wide, axis).astype(x.dtype)


@on_tensors
def softmax(x, axis=-1):
    """`exp(x) / sum(exp(x))` along `axis`."""
    return _widely(jax.nn.softmax, x, axis)


@on_tensors
def log_softmax(x, axis=-1):
    """`log(softmax(x))` along `axis`, without overflow."""
    return _widely(jax.nn.log_softmax, x, axis)


@on_tensors
def sparsemax(x, axis=-1):
    """The probabilities nearest to `x` along `axis`: many are 0 (Martins and Astudillo, 2016)."""
    return neural.sparsemax(x, axis)


@on_tensors
def tanh_shrink(x):
    """`x - tanh(x)`."""
    return ELEMENTWISE["tanh_shrink"](x)


@on_tensors
def soft_shrink(x, threshold=0.5):
    """`sign(x) * max(abs(x) - threshold, 0)`."""
    return ELEMENTWISE["soft_shrink"](x, threshold)


@on_tensors
def hard_shrink(x, threshold=0.5):
    """`x` where `abs(x) > threshold`, else `0`."""
    return ELEMENTWISE["hard_shrink"](x, threshold)


@on_tensors
def threshold(x, threshold, default_value):
    """`x` where `x > threshold`, else `default_value`."""
    return ELEMENTWISE["threshold"](x, threshold, default_value)


swish = silu
hard_swish = hard_silu

_FUNCTIONS = (
    *(linear, relu, leaky_relu, relu6, elu, celu, selu, gelu, glu, silu, mish),
    *(tanh, hard_tanh, sigmoid, hard_sigmoid, hard_silu, log_sigmoid, sparse_sigmoid),
    *(softplus, squareplus, sparse_plus, softsign, exponential, softmax, log_softmax, sparsemax),
    *(tanh_shrink, soft_shrink, hard_shrink, threshold, keras2_hard_sigmoid),
)

registry = Registry(
    "activation",
    {**{f.__name__: f for f in _FUNCTIONS}, "swish": silu, "hard_swish": hard_silu},
)

__all__ = [*registry.entries, "deserialize", "get", "serialize"]


def get(identifier: Named):
    """The activation function that `identifier` stands for.

    Args:
        identifier: a name such as `"tanh"`, a function, or `None` for `linear`.

    Raises:
        ValueError: for an unknown name; it suggests the nearest one.
    """
    return linear if identifier is None else registry.get(identifier)


def deserialize(config, custom_objects=None):
    """The activation function of a configuration, such as `serialize` gives; see `get`.

    Args:
        config: the configuration, or a name.
        custom_objects: a program's own classes and functions by the names in it.
    """
    with custom_object_scope(custom_objects):
        return get(config)
