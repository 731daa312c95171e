"""What every optimiser has: Keras' arguments outside, an optax transformation inside."""

from __future__ import annotations

import re
from typing import Any

import jax
import jax.numpy as jnp
import optax

from cello.core.arguments import arg
from cello.core.kinds import (
    Integer,
    boolean,
    fraction,
    integer,
    non_negative,
    optional,
    positive,
    positive_integer,
)
from cello.core.naming import snake_case, unique_name
from cello.core.serialization import Configurable, serialize
from cello.core.variable import Variable
from cello.optimizers import slots
from cello.optimizers.averaging import accumulating, average_in, averaging
from cello.optimizers.rate import LearningRate, Steps, as_schedule, shortest


def _several(value: Integer):
    if integer(value) < 2:
        raise ValueError("an integer of at least 2")
    return int(value)


class Optimizer(Configurable):
    """Base of the optimisers.

    A subclass declares its arguments and defines `rule(learning_rate)`. `fit` uses an optimiser
    through two pure functions, which can be jitted; `params` is any pytree of arrays::

        state = optimizer.init(params)
        params, state = optimizer.update(grads, state, params)

    A loop of one's own may use variables instead, as in Keras::

        optimizer.build(model.trainable_variables)
        optimizer.apply(grads)

    The gradients are clipped first. With `weight_decay`, the parameters are multiplied by
    `1 - learning_rate * weight_decay` before the rule is applied (Loshchilov and Hutter, 2019).

    With `gradient_accumulation_steps=n`, a step is made after every `n` calls of `update`, on the
    mean of their gradients: as one batch `n` times as large would. With `use_ema`, every call moves
    an average of the parameters, `average = ema_momentum * average + (1 - ema_momentum) * params`,
    from the first step on; `fit` ends with the average as the weights, and
    `cello.callbacks.SwapEMAWeights` evaluates with it in between.

    Attributes:
        state: the state of the training at hand, which the training loop keeps here; else `None`.
        trained: the variables that it trains, once there is a state.
        learning_rate: the present learning rate; may be assigned (`optimizer.learning_rate = 1e-4`
            or, as in Keras, `optimizer.learning_rate.assign(1e-4)`), unless it follows a schedule.
            It counts from the next step on, and nothing is compiled anew.
        iterations: the number of steps done. A schedule goes by the number of batches.
        average: the moving average of the parameters, or `None`.
    """

    argument_order = "learning_rate"
    learning_rate: Any = LearningRate(0.001)
    weight_decay: Any = arg(
        None, kind=optional(non_negative), doc="Part of each parameter taken off in a step."
    )
    clipnorm: Any = arg(
        None, kind=optional(positive), doc="Greatest norm of the gradient of each parameter array."
    )
    clipvalue: Any = arg(
        None, kind=optional(positive), doc="Greatest absolute value of each gradient element."
    )
    global_clipnorm: Any = arg(
        None, kind=optional(positive), doc="Greatest norm of all gradients together."
    )
    use_ema: Any = arg(
        False, kind=boolean,
        doc="Whether to keep a moving average of the parameters, which they become when fit ends.",
    )  # fmt: skip
    ema_momentum: Any = arg(0.99, kind=fraction, doc="Decay rate of that average.")
    ema_overwrite_frequency: Any = arg(
        None, kind=optional(positive_integer),
        doc="Steps after which the parameters are set to their average; at the end of fit only "
        "where None.",
    )  # fmt: skip
    loss_scale_factor: Any = arg(
        None, kind=optional(positive),
        doc="What the loss is multiplied with, and the gradients divided by, against underflow.",
    )  # fmt: skip
    gradient_accumulation_steps: Any = arg(
        None, kind=optional(_several),
        doc="Batches, the mean of whose gradients makes one step; each is a step where None.",
    )  # fmt: skip
    name: Any = arg(None, doc="Name; one by the class, as `adam_1`, if None.")
    _ignored_arguments = {
        "decay": (0, None),
        "is_legacy_optimizer": None,
        "jit_compile": None,
    }
    _learning_rate: Any

    inner_optimizer: Any = None
    """The optimiser that makes the steps, of one that is around another."""

    def __init__(self, *args, **kwargs):
        self.state: Any = None
        self.trained: list[Variable] = []
        self._undecayed: tuple[list[Variable], list[str]] = [], []
        super().__init__(*args, **kwargs)
        self.name = self.name or unique_name(snake_case(type(self).__name__))
        clips = {n: getattr(self, n) for n in ("clipnorm", "clipvalue", "global_clipnorm")}
        given = ", ".join(f"{n}={v}" for n, v in clips.items() if v is not None)
        if "," in given:
            raise ValueError(
                f"{type(self).__name__}: only one of clipnorm, clipvalue and global_clipnorm can "
                f"be given. Received: {given}"
            )

    def rule(self, learning_rate) -> optax.GradientTransformation:
        """The optax transformation from gradients to what is added to the parameters.

        Args:
            learning_rate: an array, the learning rate of the present step.
        """
        raise NotImplementedError(f"{type(self).__name__} must define rule(learning_rate).")

    def init(self, params) -> Any:
        """The state before the first step, a pytree of arrays."""
        return self._transformation().init(params)

    def update(self, grads, state, params) -> tuple[Any, Any]:
        """One step: `(new_params, new_state)`. A pure function.

        Args:
            grads: the gradients, a pytree like `params`.
            state: what `init` or the last step returned.
            params: the parameters.
        """
        updates, state = self._transformation().update(grads, state, params)
        return optax.apply_updates(params, updates), state

    # ------------------------------------------------------------------ with variables

    def build(self, variables) -> None:
        """Begin to train these variables, with the state before the first step."""
        self.trained = list(variables)
        self.state = self.init([v.value for v in self.trained])

    @property
    def built(self) -> bool:
        """Whether it knows its variables and has a state."""
        return self.state is not None

    @property
    def variables(self) -> list[Variable]:
        """Its state as Keras lists it: the steps done, the rate, and what the rule keeps."""
        return slots.state_variables(self)

    def apply(self, grads, trainable_variables=None) -> None:
        """One step on the variables: their values, and `state`, are replaced.

        Args:
            grads: a gradient for each variable. With `loss_scale_factor`, those of the scaled loss.
            trainable_variables: the variables; those of `build` where `None`.
        """
        grads = list(grads)
        if not grads:
            return
        variables = self.trained if trainable_variables is None else list(trainable_variables)
        if not self.built and variables:
            self.build(variables)
        missing = sum(g is None for g in grads)
        if missing or variables != self.trained or len(grads) != len(variables):
            raise ValueError(
                f"{type(self).__name__} '{self.name}' trains {len(self.trained)} variables, and "
                f"needs a gradient for each. Received: {len(grads)} gradients, "
                f"{missing} of them None, for {len(variables)} variables. "
                "Call build(variables) first, always with the same variables."
            )
        values, state = self.step(grads, self.state, [v.value for v in variables])
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value)
        self.state = state

    def apply_gradients(self, grads_and_vars) -> Steps:
        """`apply` for pairs of a gradient and its variable; returns the number of batches done."""
        grads, variables = zip(*grads_and_vars, strict=True)
        self.apply(grads, variables)
        return Steps(self._batches)

    def stateless_apply(self, optimizer_variables, grads, trainable_variables):
        """One step as a pure function, as in Keras: `(new_trainable, new_optimizer_variables)`.

        Args:
            optimizer_variables: values of `variables`, in their order.
            grads: a gradient for each trained variable.
            trainable_variables: the values of the variables of `build`.
        """
        arrays = [jnp.asarray(v) for v in optimizer_variables]
        values, state = self.step(
            [jnp.asarray(g) for g in grads],
            slots.state_of(self, self.trained, arrays),
            [jnp.asarray(v) for v in trainable_variables],
        )
        return values, slots.arrays_of(self, state, self.trained)

    def step(self, grads, state, values) -> tuple[Any, Any]:
        """`update` for the values of `trained`, with the gradients of the scaled loss.

        The constraints of the variables hold after it. A pure function.
        """
        scale = self.loss_scale_factor
        if scale is not None:
            grads = [g / scale for g in grads]
        new, state = self.update(grads, state, values)
        constraints = [v.constraint for v in self.trained]
        return [v if c is None else c(v) for c, v in zip(constraints, new, strict=True)], state

    def scale_loss(self, loss, state=None):
        """What is differentiated in place of the loss.

        Args:
            loss: the loss.
            state: that of the step at hand, where the scale moves.
        """
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    def exclude_from_weight_decay(self, var_list=None, var_names=None) -> None:
        """Say which variables `weight_decay` leaves alone; before `build`, or the first `fit`.

        Args:
            var_list: variables.
            var_names: regular expressions; a variable counts if one is found in its name.
        """
        if self.built:
            raise ValueError(
                f"{type(self).__name__} '{self.name}' has begun to train: call "
                "exclude_from_weight_decay() before build() or fit()."
            )
        self._undecayed = list(var_list or []), list(var_names or [])

    def weight_decay_of(self, variable: Variable | None, value) -> float:
        """The weight decay of a parameter; `variable` is `None` where only arrays are known."""
        return 0.0 if self.is_excluded(variable) else self.weight_decay or 0.0

    def is_excluded(self, variable: Variable | None) -> bool:
        """Whether `exclude_from_weight_decay` named the variable."""
        variables, names = self._undecayed
        if variable is None and (variables or names):
            raise ValueError(
                f"{type(self).__name__} '{self.name}': exclude_from_weight_decay() goes by "
                "variables. Call build(variables) before init() and update()."
            )
        return variable is not None and (
            any(v is variable for v in variables)
            or any(re.search(pattern, variable.name) for pattern in names)
        )

    def known_variables(self, leaves) -> list[Variable | None]:
        """The variable of each leaf of the parameters; `None` where they are only arrays."""
        known = [v.shape for v in self.trained] == [leaf.shape for leaf in leaves]
        return [*self.trained] if known else [None] * len(leaves)

    @property
    def decays_weights(self) -> bool:
        return bool(self.weight_decay)

    def _decays(self, params):
        """The weight decay of each parameter, a tree like `params`."""
        leaves, structure = jax.tree.flatten(params)
        pairs = zip(self.known_variables(leaves), leaves, strict=True)
        return jax.tree.unflatten(structure, [self.weight_decay_of(*pair) for pair in pairs])

    # ------------------------------------------------------------------------ its parts

    def _transformation(self) -> optax.GradientTransformation:
        def whole(learning_rate):
            rule = self.rule(learning_rate)
            if self.decays_weights:
                rule = _decaying(rule, learning_rate, self._decays)
            return self._average(optax.chain(*self._clipping(), rule))

        inject = optax.inject_hyperparams(whole, hyperparam_dtype=jnp.float32)
        return inject(learning_rate=as_schedule(self._learning_rate))

    def _clipping(self) -> list[optax.GradientTransformation]:
        if self.clipnorm is not None:
            project = optax.projections.projection_l2_ball
            return [optax.stateless_with_tree_map(lambda g, _: project(g, self.clipnorm))]
        if self.clipvalue is not None:
            return [optax.clip(self.clipvalue)]
        if self.global_clipnorm is not None:
            return [optax.clip_by_global_norm(self.global_clipnorm)]
        return []

    def _average(self, rule) -> optax.GradientTransformation:
        """`rule` with accumulation and the moving average, where they are wanted."""
        batches = self.gradient_accumulation_steps or 1
        if batches > 1:
            rule = accumulating(rule, batches)
        if self.use_ema:
            rule = averaging(rule, self.ema_momentum, self.ema_overwrite_frequency, batches)
        return rule

    @property
    def average(self) -> Any:
        """The moving average of the parameters; `None` without `use_ema`, or before training."""
        return average_in(self.state)

    def finalize_variable_values(self, variables) -> None:
        """Give the variables their moving averages, where there are any; the end of `fit`."""
        for variable, value in zip(variables, self.average or (), strict=False):
            variable.assign(value)

    @property
    def iterations(self) -> Steps:
        """The number of steps done."""
        return Steps(self._batches // (self.gradient_accumulation_steps or 1))

    @property
    def follows_schedule(self) -> bool:
        """Whether the learning rate is a function of the number of steps."""
        return callable(self._learning_rate)

    @property
    def _batches(self) -> int:
        return 0 if self.state is None else int(self.state.count)

    def _read_learning_rate(self):
        if self.follows_schedule:
            return shortest(as_schedule(self._learning_rate)(self._batches))
        return self._learning_rate if self.state is None else rate_in(self.state)

    def _assign_learning_rate(self, argument: LearningRate, value):
        value = self._accepted(argument, value)
        if self.follows_schedule or callable(value):
            raise TypeError(self._no_schedule())
        self._learning_rate = value
        if self.state is not None:
            self.state = with_rate(self.state, value)

    def _no_schedule(self) -> str:
        return (
            f"The learning rate of {type(self).__name__} '{self.name}' cannot be changed from or "
            "to a schedule. Create the optimizer with learning_rate=... of the kind that you need."
        )

    def get_config(self) -> dict[str, Any]:
        rate = self._learning_rate if self.follows_schedule else float(self.learning_rate)
        return {**super().get_config(), "learning_rate": serialize(rate)}


def _decaying(rule, learning_rate, decays_of) -> optax.GradientTransformation:
    """`rule` on parameters that are first multiplied by `1 - learning_rate * decay`."""

    def update(grads, state, params):
        lost = jax.tree.map(
            lambda p, d: learning_rate * d * p if d else 0, params, decays_of(params)
        )
        shrunk = jax.tree.map(lambda p, less: (p - less).astype(p.dtype), params, lost)
        updates, state = rule.update(grads, state, shrunk)
        return jax.tree.map(lambda u, less: u - less, updates, lost), state

    return optax.GradientTransformation(rule.init, update)


def rate_in(state) -> float:
    """The learning rate in a state of `optax.inject_hyperparams`."""
    return shortest(state.hyperparams["learning_rate"])


def with_rate(state, value):
    """That state with another learning rate."""
    old = state.hyperparams["learning_rate"]
    new = jnp.asarray(value, old.dtype)
    return state._replace(hyperparams={**state.hyperparams, "learning_rate": new})
