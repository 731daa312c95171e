"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Number
from collections.abc import Sequence
from typing import Any
import cello.optimizers.decays as _optimizers_decays

from cello.layers import deserialize as deserialize
from cello.constraints import serialize as serialize
from cello.optimizers.decays import LearningRateSchedule as LearningRateSchedule
class CosineDecay(_optimizers_decays.CosineDecay, LearningRateSchedule):
    def __init__(
        self, initial_learning_rate: Number, decay_steps: Number, alpha: Number = 0.0,
        name: Any = 'CosineDecay', warmup_target: Number | None = None, warmup_steps: Number = 0,
    ) -> None:
        r"""Args:
        initial_learning_rate: The rate at the start.
        decay_steps: Steps of the decay, those of the rise not counted.
        alpha: The rate at the end, as a part of that at the top.
        name: Name.
        warmup_target: The rate at the top; no rise where None.
        warmup_steps: Steps of the rise.
        """

class CosineDecayRestarts(_optimizers_decays.CosineDecayRestarts, LearningRateSchedule):
    def __init__(
        self, initial_learning_rate: Number, first_decay_steps: Number, t_mul: Number = 2.0,
        m_mul: Number = 1.0, alpha: Number = 0.0, name: Any = 'SGDRDecay',
    ) -> None:
        r"""Args:
        initial_learning_rate: The rate at the start.
        first_decay_steps: Steps of the first decay.
        t_mul: Factor of the length from one decay to the next.
        m_mul: Factor of the rate from one to the next.
        alpha: The rate at the end, as a part of the initial one.
        name: Name.
        """

class ExponentialDecay(_optimizers_decays.ExponentialDecay, LearningRateSchedule):
    def __init__(
        self, initial_learning_rate: Number, decay_steps: Number, decay_rate: Number,
        staircase: bool = False, name: Any = 'ExponentialDecay',
    ) -> None:
        r"""Args:
        initial_learning_rate: The rate at the start.
        decay_steps: Steps of the decay.
        decay_rate: Factor over decay_steps.
        staircase: Whether to go down in steps of decay_steps.
        name: Name.
        """

class InverseTimeDecay(_optimizers_decays.InverseTimeDecay, LearningRateSchedule):
    def __init__(
        self, initial_learning_rate: Number, decay_steps: Number, decay_rate: Number,
        staircase: bool = False, name: Any = 'InverseTimeDecay',
    ) -> None:
        r"""Args:
        initial_learning_rate: The rate at the start.
        decay_steps: Steps of the decay.
        decay_rate: See the formula.
        staircase: Whether to go down in steps of decay_steps.
        name: Name.
        """

class PiecewiseConstantDecay(_optimizers_decays.PiecewiseConstantDecay, LearningRateSchedule):
    def __init__(
        self, boundaries: Sequence[float], values: Sequence[float], name: Any = 'PiecewiseConstant',
    ) -> None:
        r"""Args:
        boundaries: The last steps of all values but the last.
        values: The rates, one more than boundaries.
        name: Name.
        """

class PolynomialDecay(_optimizers_decays.PolynomialDecay, LearningRateSchedule):
    def __init__(
        self, initial_learning_rate: Number, decay_steps: Number,
        end_learning_rate: Number = 0.0001, power: Number = 1.0, cycle: bool = False,
        name: Any = 'PolynomialDecay',
    ) -> None:
        r"""Args:
        initial_learning_rate: The rate at the start.
        decay_steps: Steps of the decay.
        end_learning_rate: The rate at the end.
        power: Exponent; 1: a straight line.
        cycle: Whether it starts again, from less each time.
        name: Name.
        """


__all__ = [
    "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay",
    "LearningRateSchedule", "PiecewiseConstantDecay", "PolynomialDecay", "deserialize", "serialize",
]
