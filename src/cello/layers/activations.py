"""Activations as layers: `ReLU`, `LeakyReLU`, `PReLU`, `ELU`, `Softmax`."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jax import lax

from cello import activations, constraints, initializers, regularizers
from cello.core.arguments import arg
from cello.core.dtype_policy import widen
from cello.core.kinds import axis_or_axes, non_negative, number, optional
from cello.core.layer import Layer
from cello.layers.axes import positive_axes


class ElementLayer(Layer):
    """Base of those that compute each element by itself."""

    supports_masking = True
    streams = True


class ReLU(ElementLayer):
    """`max_value` from there on, `x` above `threshold`, else `negative_slope * (x - threshold)`.

    Inputs of any shape; the output has the same. Source: Nair and Hinton, 2010.
    """

    max_value = arg(None, kind=optional(non_negative), doc="The largest output, if there is one.")
    negative_slope = arg(0.0, kind=non_negative, doc="Slope below the threshold.")
    threshold = arg(0.0, kind=non_negative, doc="From where on the output is the input.")

    def call(self, inputs):
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)


class LeakyReLU(ElementLayer):
    """`x` if `x >= 0`, else `negative_slope * x`.

    Inputs of any shape; the output has the same. Source: Maas et al., 2013.
    """

    negative_slope = arg(0.3, kind=non_negative, doc="Slope below 0; Keras 2 called it `alpha`.")

    def __init__(self, *args, **kwargs):
        if "alpha" in kwargs and "negative_slope" not in kwargs:
            kwargs["negative_slope"] = kwargs.pop("alpha")
        super().__init__(*args, **kwargs)

    def call(self, inputs):
        return activations.leaky_relu(inputs, self.negative_slope)


class ELU(ElementLayer):
    """`x` if `x > 0`, else `alpha * (exp(x) - 1)`.

    Inputs of any shape; the output has the same. Source: Clevert et al., 2015.
    """

    alpha = arg(1.0, kind=number, doc="What the output goes to far below 0, with the sign turned.")

    def call(self, inputs):
        return activations.elu(inputs, self.alpha)


class PReLU(ElementLayer):
    """`x` if `x >= 0`, else `alpha * x` with a weight `alpha` for each element of a row.

    Inputs of any shape; the output has the same. Weight: `alpha`, of the shape of a row, with 1 at
    `shared_axes`. Source: He et al., 2015.
    """

    alpha_initializer = arg("zeros", kind=initializers.get, doc="Initialiser of `alpha`.")
    alpha_regularizer = arg(None, kind=regularizers.get, doc="Penalty on `alpha`.")
    alpha_constraint = arg(None, kind=constraints.get, doc="Constraint on `alpha`.")
    shared_axes = arg(
        None, kind=optional(axis_or_axes),
        doc="Axes along which there is one `alpha`: `[1]` for one at all steps of a sequence.",
    )  # fmt: skip

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(self.shared_axes, int):
            self.shared_axes = [self.shared_axes]

    def build(self, input_shape):
        shape = list(input_shape[1:])
        for axis in self.shared_axes or ():
            if not 1 <= axis < len(input_shape):
                raise ValueError(
                    f"{self}: shared_axes={self.shared_axes} must be axes of the inputs behind the "
                    f"batch, from 1 to {len(input_shape) - 1}; these have the shape {input_shape}."
                )
            shape[axis - 1] = 1
        if None in shape:
            raise ValueError(
                f"{self} has a weight for each element of a row, and got inputs of shape "
                f"{input_shape}: name the axes of unknown size in shared_axes, such as [1]."
            )
        self.alpha = self.add_weight(
            tuple(shape),
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )

    def why_not_in_pieces(self, arguments):
        if 1 in (self.shared_axes or ()) or arguments["inputs"].ndim < 3:
            return None
        return "it has a weight for each step: give it shared_axes=[1]."

    def call(self, inputs):
        return jax.nn.relu(inputs) - self.alpha.value * jax.nn.relu(-inputs)


class Softmax(Layer):
    """`exp(x) / sum(exp(x))` along `axis`.

    Inputs of any shape; the output has the same.

    Call arguments:
        inputs: the numbers.
        mask: booleans; what is false has no part in the sums, and the output is 0 there. It is
            `(batch, time)`, as the mask that travels with the inputs, or broadcast over the inputs.
    """

    axis = arg(-1, kind=axis_or_axes, doc="Axis, or axes, along which the outputs sum to 1.")

    supports_masking = True
    streams = True

    def why_not_in_pieces(self, arguments):
        if 1 in positive_axes(self, self.axis, arguments["inputs"].ndim):
            return f"with axis={self.axis} it sums along time."
        return None

    def call(self, inputs, mask=None):
        axes = tuple(positive_axes(self, self.axis, inputs.ndim))
        x = widen(inputs)
        kept = jnp.asarray(True) if mask is None else jnp.asarray(mask) > 0.5
        if kept.shape == x.shape[: kept.ndim]:
            kept = kept.reshape(*kept.shape, *(1,) * (x.ndim - kept.ndim))
        largest = jnp.max(
            lax.stop_gradient(x), axis=axes, keepdims=True, initial=-jnp.inf, where=kept
        )
        shares = jnp.where(kept, jnp.exp(jnp.where(kept, x - largest, 0)), 0)
        total = jnp.sum(shares, axis=axes, keepdims=True)
        return (shares / jnp.where(total > 0, total, 1)).astype(inputs.dtype)
