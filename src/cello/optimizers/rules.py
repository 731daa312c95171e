"""The optimisers, each with its equations.

In the equations `w` are the parameters, `g` the gradients (clipped, if so asked), `lr` the learning
rate and `t` the number of the step, from 1; all operations are elementwise. The rules, the place
of epsilon and the correction of the bias are those of Keras 3.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import optax

from cello.core.arguments import arg
from cello.core.kinds import boolean, count, decay, fraction, non_negative, number, positive
from cello.optimizers import moments
from cello.optimizers.optimizer import LearningRate, Optimizer


def _decay(default, what) -> Any:
    return arg(default, kind=decay, doc=f"Decay rate of the moving average of {what}.")


def _epsilon(default=1e-7) -> Any:
    return arg(default, kind=non_negative, doc="Added to the denominator.")


def _momentum() -> Any:
    return arg(0.0, kind=fraction, doc="Part of the last step that is made again.")


def _step(learning_rate):
    return optax.scale_by_learning_rate(learning_rate)


class SGD(Optimizer):
    """Gradient descent, with momentum if asked.

    `w -= lr * g`. With momentum, `velocity = momentum * velocity - lr * g` and `w += velocity`;
    with `nesterov`, `w += momentum * velocity - lr * g` (Sutskever et al., 2013).
    """

    learning_rate = LearningRate(0.01)
    momentum: Any = _momentum()
    nesterov: Any = arg(False, kind=boolean, doc="Whether to use Nesterov's momentum.")

    def rule(self, learning_rate):
        if not self.momentum:
            return _step(learning_rate)
        return optax.chain(_step(learning_rate), optax.trace(self.momentum, self.nesterov))


class RMSprop(Optimizer):
    """Divides the gradient by a moving average of its magnitude (Hinton, 2012, lecture 6e).

    `v = rho * v + (1 - rho) * g^2` and `w -= lr * g / sqrt(v + epsilon)`. With `centered`, the
    square of the moving average of `g` is subtracted from `v` under the root, down to 0 at the
    least: rounding may leave less of gradients that stay the same. With momentum,
    `p = momentum * p + lr * g / sqrt(v + epsilon)` and `w -= p`.
    """

    rho: Any = _decay(0.9, "the squared gradients")
    momentum: Any = _momentum()
    epsilon: Any = _epsilon()
    centered: Any = arg(False, kind=boolean, doc="Whether to divide by the standard deviation.")

    def rule(self, learning_rate):
        scale = moments.scale_by_deviation if self.centered else optax.scale_by_rms
        steps = [scale(self.rho, self.epsilon), _step(learning_rate)]
        return optax.chain(*steps, *([optax.trace(self.momentum)] if self.momentum else []))


class Adam(Optimizer):
    """Adaptive moments (Kingma and Ba, 2015).

    `m = beta_1 * m + (1 - beta_1) * g`, `v = beta_2 * v + (1 - beta_2) * g^2` and
    `w -= lr * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon)`.
    `epsilon` is the paper's "epsilon hat". With `amsgrad`, the greatest `v` so far stands in the
    place of `v` (Reddi et al., 2018).
    """

    beta_1: Any = _decay(0.9, "the gradients")
    beta_2: Any = _decay(0.999, "the squared gradients")
    epsilon: Any = _epsilon()
    amsgrad: Any = arg(False, kind=boolean, doc="Whether to use the greatest second moment.")

    def rule(self, learning_rate):
        scale = moments.scale_by_adam(self.beta_1, self.beta_2, self.epsilon, self.amsgrad)
        return optax.chain(scale, _step(learning_rate))


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019).

    `w *= 1 - lr * weight_decay` before each step of `Adam`.
    """

    argument_order = "learning_rate weight_decay"
    weight_decay: Any = arg(0.004, kind=non_negative, doc="Part of each parameter taken off.")


class Adamax(Optimizer):
    """Adam with the infinity norm (Kingma and Ba, 2015, section 7.1).

    `m = beta_1 * m + (1 - beta_1) * g`, `u = max(beta_2 * u, abs(g))` and
    `w -= lr / (1 - beta_1^t) * m / (u + epsilon)`.
    """

    beta_1: Any = _decay(0.9, "the gradients")
    beta_2: Any = _decay(0.999, "the greatest gradients")
    epsilon: Any = _epsilon()

    def rule(self, learning_rate):
        scale = moments.scale_by_adamax(self.beta_1, self.beta_2, self.epsilon)
        return optax.chain(scale, _step(learning_rate))


class Nadam(Optimizer):
    """Adam with Nesterov's momentum (Dozat, 2016).

    `m` and `v` as in `Adam`, `u_t = beta_1 * (1 - 0.96^t / 2)`, `U_t = u_1 * ... * u_t`,
    `m_hat = u_{t+1} * m / (1 - U_{t+1}) + (1 - u_t) * g / (1 - U_t)` and
    `w -= lr * m_hat / (sqrt(v / (1 - beta_2^t)) + epsilon)`.
    """

    beta_1: Any = _decay(0.9, "the gradients")
    beta_2: Any = _decay(0.999, "the squared gradients")
    epsilon: Any = _epsilon()

    def rule(self, learning_rate):
        scale = moments.scale_by_nadam(self.beta_1, self.beta_2, self.epsilon)
        return optax.chain(scale, _step(learning_rate))


class Adagrad(Optimizer):
    """Steps that shrink with the sum of the squared gradients so far (Duchi et al., 2011).

    `a = a + g^2` and `w -= lr * g / sqrt(a + epsilon)`.
    """

    initial_accumulator_value: Any = arg(0.1, kind=non_negative, doc="The first value of `a`.")
    epsilon: Any = _epsilon()

    def rule(self, learning_rate):
        scale = optax.scale_by_rss(self.initial_accumulator_value, self.epsilon)
        return optax.chain(scale, _step(learning_rate))


class Adadelta(Optimizer):
    """Steps in the units of the parameters, from the steps before (Zeiler, 2012).

    `a = rho * a + (1 - rho) * g^2`, `d = g * sqrt(b + epsilon) / sqrt(a + epsilon)`,
    `b = rho * b + (1 - rho) * d^2` and `w -= lr * d`. The paper has `learning_rate=1.0`.
    """

    rho: Any = _decay(0.95, "the squares")
    epsilon: Any = _epsilon()

    def rule(self, learning_rate):
        return optax.chain(optax.scale_by_adadelta(self.rho, self.epsilon), _step(learning_rate))


class Lion(Optimizer):
    """The sign of a momentum (Chen et al., 2023).

    `w -= lr * sign(beta_1 * m + (1 - beta_1) * g)`, then `m = beta_2 * m + (1 - beta_2) * g`.
    """

    beta_1: Any = _decay(0.9, "the gradients, in the step")
    beta_2: Any = _decay(0.99, "the gradients, in the memory")

    def rule(self, learning_rate):
        return optax.chain(optax.scale_by_lion(self.beta_1, self.beta_2), _step(learning_rate))


class Lamb(Optimizer):
    """Adam, with steps as long as the parameters' own norm (You et al., 2020).

    `m` and `v` as in `Adam`, `r = m / (1 - beta_1^t) / (sqrt(v / (1 - beta_2^t)) + epsilon)` and
    `w -= lr * r * norm(w) / norm(r)` for each array of parameters, without the quotient where one
    of the norms is 0.
    """

    beta_1: Any = _decay(0.9, "the gradients")
    beta_2: Any = _decay(0.999, "the squared gradients")
    epsilon: Any = _epsilon()

    def rule(self, learning_rate):
        scale = optax.scale_by_adam(self.beta_1, self.beta_2, self.epsilon)
        return optax.chain(scale, optax.scale_by_trust_ratio(), _step(learning_rate))


class Adafactor(Optimizer):
    """Second moments kept as their row and column means (Shazeer and Stern, 2018).

    `b = 1 - t^beta_2_decay`, `r = b * r + (1 - b) * mean(g^2 + epsilon_1, axis=-1)`, `c` the same
    over `axis=-2`, `v = r * c / mean(r)` (arrays of fewer than two dimensions keep all of `v`),
    `u = g / sqrt(v)`, `u /= max(1, rms(u) / clip_threshold)` and
    `w -= max(epsilon_2, rms(w)) * min(lr, 1 / sqrt(t)) * u`.

    Of an array of more than two dimensions, the means are taken over the two largest of them; in
    Keras, over the last two. `relative_step`, which has no effect in Keras, is ignored.
    """

    _ignored_arguments = {"relative_step": None}

    beta_2_decay: Any = arg(-0.8, kind=number, doc="Exponent of the step in the decay rate.")
    epsilon_1: Any = arg(1e-30, kind=non_negative, doc="Added to the squared gradients.")
    epsilon_2: Any = arg(1e-3, kind=non_negative, doc="Least scale of the parameters.")
    clip_threshold: Any = arg(1.0, kind=positive, doc="Greatest root mean square of `u`.")

    def rule(self, learning_rate):
        return optax.chain(
            optax.scale_by_factored_rms(
                decay_rate=-self.beta_2_decay, min_dim_size_to_factor=1, epsilon=self.epsilon_1
            ),
            optax.clip_by_block_rms(self.clip_threshold),
            optax.scale_by_param_block_rms(self.epsilon_2),
            optax.scale_by_schedule(
                lambda done: -jnp.minimum(learning_rate, 1 / jnp.sqrt(done + 1.0))
            ),
        )


def _interpolation(value: float):
    if not 0 < number(value) <= 1:
        raise ValueError("a number above 0 and up to 1")
    return value


def _at_most_0(value: float):
    if not number(value) <= 0:
        raise ValueError("a number of at most 0")
    return value


class Ftrl(Optimizer):
    """Follow the regularised leader, for sparse features (McMahan et al., 2013).

    `n' = n + g^2`, `z = z + g + 2 * l2_shrinkage * w - (n'^-p - n^-p) / lr * w`, `n = n'` and
    `w = (clip(z, -l1, l1) - z) / ((n^-p + beta) / lr + 2 * l2)`, with `p` the
    `learning_rate_power`.
    """

    learning_rate_power: Any = arg(-0.5, kind=_at_most_0, doc="`p`; 0: the rate does not shrink.")
    initial_accumulator_value: Any = arg(0.1, kind=non_negative, doc="The first value of `n`.")
    l1_regularization_strength: Any = arg(0.0, kind=non_negative, doc="`l1`.")
    l2_regularization_strength: Any = arg(0.0, kind=non_negative, doc="`l2`.")
    l2_shrinkage_regularization_strength: Any = arg(
        0.0, kind=non_negative, doc="As `l2`, of the gradients alone."
    )
    beta: Any = arg(0.0, kind=number, doc="See above.")

    def rule(self, learning_rate):
        return moments.ftrl(
            learning_rate,
            self.learning_rate_power,
            self.initial_accumulator_value,
            self.l1_regularization_strength,
            self.l2_regularization_strength,
            self.l2_shrinkage_regularization_strength,
            self.beta,
        )


class ScheduleFreeAdamW(Optimizer):
    """Adam whose steps are averaged, in place of a schedule (Defazio et al., 2024).

    `z -= lr * g / (sqrt(v / (1 - beta_2^t)) + epsilon)`, with `v` as in `Adam` and `lr` less in the
    first `warmup_steps`; `x` is the mean of all `z`, and the parameters, at which gradients are
    taken, are `(1 - beta_1) * z + beta_1 * x`. Both start from the parameters.
    """

    learning_rate = LearningRate(0.0025)
    beta_1: Any = arg(0.9, kind=_interpolation, doc="How near the parameters are to the mean.")
    beta_2: Any = _decay(0.999, "the squared gradients")
    epsilon: Any = _epsilon(1e-8)
    warmup_steps: Any = arg(0, kind=count, doc="Steps in which the rate rises to its value.")

    def rule(self, learning_rate):
        return moments.schedule_free(
            learning_rate, self.beta_1, self.beta_2, self.epsilon, self.warmup_steps
        )
