"""Numbers in categories: `CategoryEncoding`, `Discretization`."""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.kinds import one_of, optional, positive, positive_integer
from cello.core.layer import Layer
from cello.layers.adapting import batches_of
from cello.layers.vocabulary import encode, why_not_step_by_step


class CategoryEncoding(Layer):
    """Integers from 0 to `num_tokens - 1` as ones among zeros.

    "one_hot" gives `(..., num_tokens)` for each integer (an axis of 1 at the end goes),
    "multi_hot" one such vector for the last axis, and "count" how often each is there. With
    `count_weights`, a call argument of the shape of the inputs, each counts that much.
    """

    num_tokens = arg(None, kind=optional(positive_integer), doc="How many integers there are.")
    output_mode = arg(
        "multi_hot",
        kind=one_of("one_hot", "multi_hot", "count"),
        doc='"one_hot", "multi_hot" or "count".',
    )
    _ignored_arguments = {"sparse": (False,)}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.num_tokens is None:
            raise ValueError(
                "CategoryEncoding needs num_tokens. Where it is not known, use IntegerLookup, "
                "which finds the integers in the data."
            )

    def why_not_in_pieces(self, arguments):
        return why_not_step_by_step(self.output_mode, arguments["inputs"])

    def call(self, inputs, count_weights=None):
        inputs = jnp.asarray(inputs).astype("int32")
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f'{self} takes count_weights with output_mode="count" alone, and has '
                f"{self.output_mode!r}."
            )
        if not isinstance(inputs, jax.core.Tracer) and inputs.size:
            low, high = int(inputs.min()), int(inputs.max())
            if low < 0 or high >= self.num_tokens:
                raise ValueError(
                    f"{self} takes integers from 0 to {self.num_tokens - 1} and got values from "
                    f"{low} to {high}."
                )
        return encode(inputs, self.output_mode, self.num_tokens, self.compute_dtype, count_weights)


def _boundaries(value: Sequence[float]):
    try:
        found = np.asarray(value, "float64").tolist()
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, list) or found != sorted(found):
        raise ValueError("a list of rising numbers")
    return found


class Discretization(Layer):
    """The number of the bin that each number lies in.

    `bin_boundaries=[0, 1]` are the bins below 0, from 0 to below 1, and from 1 on. Or `adapt(data)`
    makes `num_bins` of them with as many numbers in each: quantiles of the data, all of which are
    read into memory. Outputs of the shape of the inputs with `output_mode="int"`; the other modes
    are those of `CategoryEncoding`.
    """

    bin_boundaries = arg(None, kind=optional(_boundaries), doc="Where bins end, in order.")
    num_bins = arg(None, kind=optional(positive_integer), doc="How many bins `adapt` makes.")
    epsilon = arg(0.01, kind=positive, doc="As in Keras; here the quantiles are exact.")
    output_mode = arg(
        "int",
        kind=one_of("int", "one_hot", "multi_hot", "count"),
        doc='"int", "one_hot", "multi_hot" or "count".',
    )
    _ignored_arguments = {"sparse": (False,)}

    _not_in_config = (*Layer._not_in_config, "trainable")  # as in Keras, which takes none

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if (self.bin_boundaries is None) == (self.num_bins is None):
            raise ValueError(
                "Discretization needs either bin_boundaries or num_bins. Received: "
                f"bin_boundaries={self.bin_boundaries}, num_bins={self.num_bins}"
            )

    @classmethod
    def from_config(cls, config):
        """The layer; one that was adapted has both, boundaries and their number."""
        if config.get("num_bins") is None or config.get("bin_boundaries") is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = _boundaries(config["bin_boundaries"])
        return layer

    @property
    def input_dtype(self) -> str:
        """That of the variables: 16 bits would move numbers into other bins."""
        return self.variable_dtype

    def why_not_in_pieces(self, arguments):
        return why_not_step_by_step(self.output_mode, arguments["inputs"])

    def adapt(self, data, steps=None) -> None:
        """Find the boundaries: quantiles of all numbers in `data`.

        Args:
            data: an array, or an iterable of arrays.
            steps: how many batches of an iterable count.
        """
        if self.num_bins is None:
            raise ValueError(f"{self} was given its bin_boundaries: there is nothing to adapt.")
        found = [np.asarray(b, "float64").reshape(-1) for b in batches_of(self, data, steps)]
        numbers = np.concatenate(found) if found else np.empty(0)
        if not numbers.size:
            raise ValueError(f"{self}.adapt got no data.")
        shares = np.arange(1, self.num_bins) / self.num_bins
        self.bin_boundaries = np.quantile(numbers, shares).tolist()

    def call(self, inputs):
        if self.bin_boundaries is None:
            raise ValueError(f"{self} has no boundaries yet: call its adapt(data), or pass them.")
        boundaries = jnp.asarray(self.bin_boundaries, "float32")
        bins = jnp.searchsorted(boundaries, jnp.asarray(inputs), side="right").astype("int32")
        if self.output_mode == "int":
            return bins
        return encode(bins, self.output_mode, len(self.bin_boundaries) + 1, self.compute_dtype)
