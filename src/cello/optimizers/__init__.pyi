"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic

from cello.core.kinds import Integer
from cello.core.kinds import Number
from collections.abc import Callable
from collections.abc import Sequence
from typing import Any
import cello.optimizers.loss_scale as _optimizers_loss_scale
import cello.optimizers.muon as _optimizers_muon
import cello.optimizers.optax_rule as _optimizers_optax_rule
import cello.optimizers.rules as _optimizers_rules
import jax

from cello.optimizers.named import deserialize as deserialize
from cello.optimizers.named import get as get
from cello.constraints import serialize as serialize
from cello.optimizers.optimizer import Optimizer as Optimizer
class Adadelta(_optimizers_rules.Adadelta, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, rho: Number = 0.95,
        epsilon: Number = 1e-07, weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        rho: Decay rate of the moving average of the squares.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
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
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, relative_step: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
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
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        initial_accumulator_value: The first value of `a`.
        epsilon: Added to the denominator.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
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
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Adamax(_optimizers_rules.Adamax, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Ftrl(_optimizers_rules.Ftrl, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001,
        learning_rate_power: float = -0.5, initial_accumulator_value: Number = 0.1,
        l1_regularization_strength: Number = 0.0, l2_regularization_strength: Number = 0.0,
        l2_shrinkage_regularization_strength: Number = 0.0, beta: Number = 0.0,
        weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        learning_rate_power: `p`; 0: the rate does not shrink.
        initial_accumulator_value: The first value of `n`.
        l1_regularization_strength: `l1`.
        l2_regularization_strength: `l2`.
        l2_shrinkage_regularization_strength: As `l2`, of the gradients alone.
        beta: See above.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Lamb(_optimizers_rules.Lamb, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Lion(_optimizers_rules.Lion, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.99, weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        beta_1: Decay rate of the moving average of the gradients, in the step.
        beta_2: Decay rate of the moving average of the gradients, in the memory.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class LossScaleOptimizer(_optimizers_loss_scale.LossScaleOptimizer, Optimizer):
    def __init__(
        self, inner_optimizer: Optimizer, initial_scale: Number = 32768.0,
        dynamic_growth_steps: Integer = 2000, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None, weight_decay: Any = None,
        clipnorm: Any = None, clipvalue: Any = None, global_clipnorm: Any = None,
        ema_overwrite_frequency: Any = None, loss_scale_factor: Any = None,
        gradient_accumulation_steps: Any = None, use_ema: Any = None, ema_momentum: Any = None,
    ) -> None:
        r"""Args:
        inner_optimizer: The optimiser that makes the steps.
        initial_scale: The scale before the first step.
        dynamic_growth_steps: Steps with finite gradients until the scale doubles.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Muon(_optimizers_muon.Muon, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001,
        adam_beta_1: Number = 0.9, adam_beta_2: Number = 0.999,
        adam_weight_decay: Number | None = 0.004, epsilon: Number = 1e-07,
        weight_decay: Number | None = 0.004, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None,
        exclude_layers: Sequence[str] | None = None, exclude_embeddings: bool = True,
        muon_a: Number = 3.4445, muon_b: Number = -4.775, muon_c: Number = 2.0315,
        adam_lr_ratio: Number = 1, momentum: Number = 0.95, ns_steps: Integer = 5,
        nesterov: bool = True, rms_rate: Number | None = 0.2, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        adam_beta_1: Adam's decay rate of the gradients.
        adam_beta_2: Adam's decay rate of their squares.
        adam_weight_decay: `weight_decay` of what Adam trains.
        epsilon: Added to the denominator.
        weight_decay: Part of each matrix taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        exclude_layers: Regular expressions of the paths left to Adam.
        exclude_embeddings: Whether embeddings are left to Adam.
        muon_a: See above.
        muon_b: See above.
        muon_c: See above.
        adam_lr_ratio: The rate of Adam, as a part of `lr`.
        momentum: Part of the last momentum that is kept.
        ns_steps: Steps of the iteration.
        nesterov: Whether to use Nesterov's momentum.
        rms_rate: See above.
        """

class Nadam(_optimizers_rules.Nadam, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.001, beta_1: Number = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-07, weight_decay: Number | None = None,
        clipnorm: Number | None = None, clipvalue: Number | None = None,
        global_clipnorm: Number | None = None, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class Optax(_optimizers_optax_rule.Optax, Optimizer):
    def __init__(
        self, transformation: Any, use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        transformation: An `optax.GradientTransformation`.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
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
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class SGD(_optimizers_rules.SGD, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.01, momentum: Number = 0.0,
        nesterov: bool = False, weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        momentum: Part of the last step that is made again.
        nesterov: Whether to use Nesterov's momentum.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

class ScheduleFreeAdamW(_optimizers_rules.ScheduleFreeAdamW, Optimizer):
    def __init__(
        self, learning_rate: Number | jax.Array | Callable[..., Any] = 0.0025, beta_1: float = 0.9,
        beta_2: Number = 0.999, epsilon: Number = 1e-08, warmup_steps: Integer = 0,
        weight_decay: Number | None = None, clipnorm: Number | None = None,
        clipvalue: Number | None = None, global_clipnorm: Number | None = None,
        use_ema: bool = False, ema_momentum: Number = 0.99,
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
        beta_1: How near the parameters are to the mean.
        beta_2: Decay rate of the moving average of the squared gradients.
        epsilon: Added to the denominator.
        warmup_steps: Steps in which the rate rises to its value.
        weight_decay: Part of each parameter taken off in a step.
        clipnorm: Greatest norm of the gradient of each parameter array.
        clipvalue: Greatest absolute value of each gradient element.
        global_clipnorm: Greatest norm of all gradients together.
        use_ema: Whether to keep a moving average of the parameters, which they become when fit ends.
        ema_momentum: Decay rate of that average.
        ema_overwrite_frequency: Steps after which the parameters are set to their average; at the end of fit only where None.
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
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
        ema_overwrite_frequency: Integer | None = None, loss_scale_factor: Number | None = None,
        gradient_accumulation_steps: Integer | None = None, name: Any = None, *, decay: Any = None,
        is_legacy_optimizer: Any = None, jit_compile: Any = None,
    ) -> None:
        r"""Args:
        learning_rate: A number, or a schedule: a function of the number of steps done. A function of nothing is called when a step is compiled.
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
        loss_scale_factor: What the loss is multiplied with, and the gradients divided by, against underflow.
        gradient_accumulation_steps: Batches, the mean of whose gradients makes one step; each is a step where None.
        name: Name; one by the class, as `adam_1`, if None.
        """

from cello.optimizers import schedules as schedules

__all__ = [
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion",
    "LossScaleOptimizer", "Muon", "Nadam", "Optax", "Optimizer", "RMSprop", "SGD",
    "ScheduleFreeAdamW", "deserialize", "get", "schedules", "serialize",
]
