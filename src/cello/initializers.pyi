"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Sequence
from jax.typing import ArrayLike
from typing import Literal
import cello.core.initializers as _core_initializers

from cello.core.initializers import deserialize as deserialize
from cello.core.initializers import get as get
from cello.constraints import serialize as serialize
from cello.core.initializers import Initializer as Initializer
class Constant(_core_initializers.Constant, Initializer):
    def __init__(self, value: ArrayLike = 0.0) -> None:
        r"""Args:
        value: A number, or an array that broadcasts to the shape.
        """

class Identity(_core_initializers.Identity, Initializer):
    def __init__(self, gain: Number = 1.0) -> None:
        r"""Args:
        gain: The value on the diagonal.
        """

class Ones(_core_initializers.Ones, Initializer):
    def __init__(self) -> None:
        ...

class Zeros(_core_initializers.Zeros, Initializer):
    def __init__(self) -> None:
        ...

class Orthogonal(_core_initializers.Orthogonal, Initializer):
    def __init__(self, gain: Number = 1.0, seed: Integer | None = None) -> None:
        r"""Args:
        gain: Factor.
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        """

class RandomNormal(_core_initializers.RandomNormal, Initializer):
    def __init__(
        self, mean: Number = 0.0, stddev: Number = 0.05, seed: Integer | None = None,
    ) -> None:
        r"""Args:
        mean: Mean.
        stddev: Standard deviation.
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        """

class RandomUniform(_core_initializers.RandomUniform, Initializer):
    def __init__(
        self, minval: Number = -0.05, maxval: Number = 0.05, seed: Integer | None = None,
    ) -> None:
        r"""Args:
        minval: Lower bound.
        maxval: Upper bound.
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        """

class TruncatedNormal(_core_initializers.TruncatedNormal, Initializer):
    def __init__(
        self, mean: Number = 0.0, stddev: Number = 0.05, seed: Integer | None = None,
    ) -> None:
        r"""Args:
        mean: Mean.
        stddev: Standard deviation before the truncation.
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        """

class VarianceScaling(_core_initializers.VarianceScaling, Initializer):
    def __init__(
        self, scale: Number = 1.0, mode: Literal['fan_in', 'fan_out', 'fan_avg'] = 'fan_in',
        distribution: str = 'truncated_normal', seed: Integer | None = None,
        input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        scale: Factor of the variance.
        mode: "fan_in", "fan_out" or "fan_avg".
        distribution: "truncated_normal", "untruncated_normal" or "uniform".
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

class GlorotNormal(_core_initializers.GlorotNormal, VarianceScaling):
    def __init__(
        self, seed: Integer | None = None, input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

class GlorotUniform(_core_initializers.GlorotUniform, VarianceScaling):
    def __init__(
        self, seed: Integer | None = None, input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

class HeNormal(_core_initializers.HeNormal, VarianceScaling):
    def __init__(
        self, seed: Integer | None = None, input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

class HeUniform(_core_initializers.HeUniform, VarianceScaling):
    def __init__(
        self, seed: Integer | None = None, input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

class LecunNormal(_core_initializers.LecunNormal, VarianceScaling):
    def __init__(
        self, seed: Integer | None = None, input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

class LecunUniform(_core_initializers.LecunUniform, VarianceScaling):
    def __init__(
        self, seed: Integer | None = None, input_axes: Integer | Sequence[int] | None = None,
        output_axes: Integer | Sequence[int] | None = None,
    ) -> None:
        r"""Args:
        seed: Integer that fixes the numbers; drawn from the global stream where None.
        input_axes: Axes that count as inputs.
        output_axes: Axes that count as outputs.
        """

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

__all__ = [
    "Constant", "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "Identity", "Initializer",
    "LecunNormal", "LecunUniform", "Ones", "Orthogonal", "RandomNormal", "RandomUniform",
    "TruncatedNormal", "VarianceScaling", "Zeros", "constant", "deserialize", "get",
    "glorot_normal", "glorot_uniform", "he_normal", "he_uniform", "identity", "lecun_normal",
    "lecun_uniform", "ones", "orthogonal", "random_normal", "random_uniform", "serialize",
    "truncated_normal", "variance_scaling", "zeros",
]
