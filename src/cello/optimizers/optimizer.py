"""What every optimiser has: Keras' arguments outside, an optax transformation inside."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax

from cello.core.arguments import Argument, arg
from cello.core.kinds import (
    Integer,
    Number,
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
from cello.optimizers.averaging import accumulating, average_in, averaging


def _number_or_schedule(value: Number | jax.Array | Callable[..., Any]):
    if callable(value):
        return value
    try:
        array = np.ndim(value) == 0 and isinstance(value, (np.generic, np.ndarray, jax.Array))
        return float(non_negative(np.asarray(value).item() if array else cast(Number, value)))
    except ValueError:
        raise ValueError("a non-negative number or a schedule, step -> number") from None


def _several(value: Integer):
    if integer(value) < 2:
        raise ValueError("an integer of at least 2")
    return int(value)


class Rate(float):
    """A learning rate as it was when it was read; `assign` gives its optimiser a new one."""

    _optimizer: Any

    def __new__(cls, value, optimizer):
        rate = super().__new__(cls, value)
        rate._optimizer = optimizer
        return rate

    def assign(self, value) -> None:
        """The same as `optimizer.learning_rate = value`."""
        self._optimizer.learning_rate = value

    def __reduce__(self):
        return float, (float(self),)


class LearningRate(Argument):
    """The argument `learning_rate`, which can be read and assigned while a model trains.

    Once there is a state, the value lives there as an array: a new one needs no compilation.
    """

    def __init__(self, default):
        doc = "A number, or a schedule: a function of the number of steps done."
        super().__init__(default, _number_or_schedule, doc)

    def __get__(self, optimizer, owner=None):
        return self if optimizer is None else Rate(optimizer._read_learning_rate(), optimizer)

    def __set__(self, optimizer, value):
        if "_learning_rate" in vars(optimizer):
            optimizer._assign_learning_rate(self, value)
        else:  # in the constructor
            optimizer._learning_rate = value


class Optimizer(Configurable):
    """Base of the optimisers.

    A subclass declares its arguments and defines `rule(learning_rate)`. An optimiser is used
    through two pure functions, which can be jitted; `params` is any pytree of arrays::

        state = optimizer.init(params)
        params, state = optimizer.update(grads, state, params)

    The gradients are clipped first. With `weight_decay`, the parameters are multiplied by
    `1 - learning_rate * weight_decay` before the rule is applied (Loshchilov and Hutter, 2019).

    With `gradient_accumulation_steps=n`, a step is made after every `n` calls of `update`, on the
    mean of their gradients: as one batch `n` times as large would. With `use_ema`, every call moves
    an average of the parameters, `average = ema_momentum * average + (1 - ema_momentum) * params`,
    from the first step on; `fit` ends with the average as the weights, and
    `cello.callbacks.SwapEMAWeights` evaluates with it in between.

    Attributes:
        state: the state of the training at hand, which the training loop keeps here; else `None`.
        variables: the variables that it trains, once there is a state.
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
    gradient_accumulation_steps: Any = arg(
        None, kind=optional(_several),
        doc="Batches, the mean of whose gradients makes one step; each is a step where None.",
    )  # fmt: skip
    name: Any = arg(None, doc="Name; one by the class, as `adam_1`, if None.")
    _ignored_arguments = {
        "decay": (0, None),
        "is_legacy_optimizer": None,
        "jit_compile": None,
        "loss_scale_factor": (None,),
    }
    _learning_rate: Any

    def __init__(self, *args, **kwargs):
        self.state = None
        self.variables: list[Any] = []
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

    def _transformation(self) -> optax.GradientTransformation:
        def whole(learning_rate):
            rule = self.rule(learning_rate)
            if self.weight_decay:
                rule = _decaying(rule, learning_rate * self.weight_decay)
            return self._average(optax.chain(*self._clipping(), rule))

        inject = optax.inject_hyperparams(whole, hyperparam_dtype=jnp.float32)
        return inject(learning_rate=self._learning_rate)

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
    def iterations(self) -> int:
        """The number of steps done."""
        return self._batches // (self.gradient_accumulation_steps or 1)

    @property
    def follows_schedule(self) -> bool:
        """Whether the learning rate is a function of the number of steps."""
        return callable(self._learning_rate)

    @property
    def _batches(self) -> int:
        return 0 if self.state is None else int(self.state.count)

    def _read_learning_rate(self):
        if self.follows_schedule:
            return _shortest(self._learning_rate(self._batches))
        return self._learning_rate if self.state is None else _rate_in(self.state)

    def _assign_learning_rate(self, argument: LearningRate, value):
        value = self._accepted(argument, value)
        if self.follows_schedule or callable(value):
            raise TypeError(self._no_schedule())
        self._learning_rate = value
        if self.state is not None:
            self.state = _with_rate(self.state, value)

    def _no_schedule(self) -> str:
        return (
            f"The learning rate of {type(self).__name__} '{self.name}' cannot be changed from or "
            "to a schedule. Create the optimizer with learning_rate=... of the kind that you need."
        )

    def get_config(self) -> dict[str, Any]:
        rate = self._learning_rate if self.follows_schedule else float(self.learning_rate)
        return {**super().get_config(), "learning_rate": serialize(rate)}


class OptaxState(NamedTuple):
    """The state of `Optax`: the number of steps done, and the transformation's own state."""

    count: Any
    inner: Any


class Optax(Optimizer):
    """Any optax transformation as an optimiser.

    The learning rate can be read and assigned during the training if the transformation is, or
    contains, one of `optax.inject_hyperparams`, as in
    `optax.inject_hyperparams(optax.adam)(learning_rate=1e-3)`.
    """

    transformation: Any = arg(doc="An `optax.GradientTransformation`.")

    # A transformation has its own.
    weight_decay = clipnorm = clipvalue = global_clipnorm = None

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last step.

        Raises:
            TypeError: where the transformation does not keep it in its state, or an assigned
                value would be replaced by a schedule.
            RuntimeError: before the training, while there is no state.
        """
        return Rate(_rate_in(self._injected()), self)

    @learning_rate.setter
    def learning_rate(self, value):
        old = self._injected()
        value = self._accepted(Optimizer.declared["learning_rate"], value)
        if "learning_rate" in old.hyperparams_states or callable(value):
            raise TypeError(self._no_schedule())
        new = _with_rate(old, value)
        self.state = jax.tree.map(
            lambda node: new if node is old else node, self.state, is_leaf=_is_injected
        )

    def _injected(self):
        if self.state is None:
            raise RuntimeError(
                f"Optax '{self.name}' has no state yet, where its learning rate is kept: read or "
                "assign it once the training has begun."
            )
        for node in jax.tree.leaves(self.state, is_leaf=_is_injected):
            if _is_injected(node):
                return node
        raise TypeError(
            f"The transformation of Optax '{self.name}' does not keep its learning rate in its "
            "state. Build it with optax.inject_hyperparams(...)(learning_rate=...)."
        )

    def init(self, params):
        inner = self._average(self.transformation).init(params)
        return OptaxState(jnp.zeros((), jnp.int32), inner)

    def update(self, grads, state, params):
        updates, inner = self._average(self.transformation).update(grads, state.inner, params)
        return optax.apply_updates(params, updates), OptaxState(state.count + 1, inner)

    def get_config(self):
        raise TypeError(
            f"Optax '{self.name}' holds an optax transformation, which has no configuration. Pass "
            "the transformation again to the model that you load."
        )


def _decaying(rule, rate) -> optax.GradientTransformation:
    """`rule` on parameters that are first multiplied by `1 - rate`."""

    def update(grads, state, params):
        shrunk = jax.tree.map(lambda p: (p - rate * p).astype(p.dtype), params)
        updates, state = rule.update(grads, state, shrunk)
        return jax.tree.map(lambda u, p: u - rate * p, updates, params), state

    return optax.GradientTransformation(rule.init, update)


def _is_injected(node) -> bool:
    return "learning_rate" in getattr(node, "hyperparams", ())


def _rate_in(state) -> float:
    return _shortest(state.hyperparams["learning_rate"])


def _with_rate(state, value):
    old = state.hyperparams["learning_rate"]
    new = jnp.asarray(value, old.dtype)
    return state._replace(hyperparams={**state.hyperparams, "learning_rate": new})


def _shortest(value) -> float:
    """The shortest decimal number that the array rounds from: 0.001, not 0.0010000000475."""
    return float(str(np.asarray(value)))
