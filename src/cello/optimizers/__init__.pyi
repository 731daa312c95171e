"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Callable
from typing import Any
import cello.optimizers.optimizer as _optimizers_optimizer
import cello.optimizers.rules as _optimizers_rules
import jax

from cello.optimizers.named import get as get
from cello.optimizers.optimizer import Optimizer as Optimizer
class Adadelta(_optimizers_rules.Adadelta, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, rho: Number = 0.95,
        epsilon: Number = 1e-07, weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        rho: Decay rate of the moving average of the squares.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Adafactor(_optimizers_rules.Adafactor, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001,
        beta_2_decay: Number = -0.8, epsilon_1: Number = 1e-30, epsilon_2: Number = 0.001,
        clip_threshold: Number = 1.0, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
        relative_step: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        beta_2_decay: Exponent of the step in the decay rate.
        epsilon_1: Added to the squared gradients.
        epsilon_2: Least scale of the parameters.
        clip_threshold: Greatest root mean square of `u`.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Adagrad(_optimizers_rules.Adagrad, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001,
        initial_accumulator_value: Number = 0.1, epsilon: Number = 1e-07,
        weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        initial_accumulator_value: The first value of `a`.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Adam(_optimizers_rules.Adam, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, amsgrad: bool = False,
        weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        beta_1: Decay rate of the moving average of the gradients.
        beta_2: Decay rate of the moving average of the squared gradients.
        epsilon: Added to the denominator.
        amsgrad: Whether to use the greatest second moment.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Adamax(_optimizers_rules.Adamax, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        beta_1: Decay rate of the moving average of the gradients.
        beta_2: Decay rate of the moving average of the greatest gradients.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Lamb(_optimizers_rules.Lamb, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        beta_1: Decay rate of the moving average of the gradients.
        beta_2: Decay rate of the moving average of the squared gradients.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Lion(_optimizers_rules.Lion, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.99, weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        beta_1: Decay rate of the moving average of the gradients, in the step.
        beta_2: Decay rate of the moving average of the gradients, in the memory.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Nadam(_optimizers_rules.Nadam, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        beta_1: Decay rate of the moving average of the gradients.
        beta_2: Decay rate of the moving average of the squared gradients.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Optax(_optimizers_optimizer.Optax, Optimizer):
    def __init__(
        self, transformation: Any, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        transformation: An `optax.GradientTransformation`.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class RMSprop(_optimizers_rules.RMSprop, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, rho: Number = 0.9,
        momentum: Number = 0.0, epsilon: Number = 1e-07, centered: bool = False,
        weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        rho: Decay rate of the moving average of the squared gradients.
        momentum: Part of the last step that is made again.
        epsilon: Added to the denominator.
        centered: Whether to divide by the standard deviation.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class SGD(_optimizers_rules.SGD, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.01, momentum: Number = 0.0,
        nesterov: bool = False, weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        momentum: Part of the last step that is made again.
        nesterov: Whether to use Nesterov's momentum.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class AdamW(_optimizers_rules.AdamW, Adam):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001,
        weight_decay: Number = 0.004, beta_1: Number = 0.9, beta_2: Number = 0.999,
        epsilon: Number = 1e-07, amsgrad: bool = False, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, loss_scale_factor: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done.
        weight_decay: Part of each parameter taken off.
        beta_1: Decay rate of the moving average of the gradients.
        beta_2: Decay rate of the moving average of the squared gradients.
        epsilon: Added to the denominator.
        amsgrad: Whether to use the greatest second moment.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

from cello.optimizers import schedules as schedules

__all__ = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Lamb", "Lion", "Nadam", "Optax",
    "Optimizer", "RMSprop", "SGD", "get", "schedules",
]
