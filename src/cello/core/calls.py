"""What every call of a layer goes through: arrays, masks, dtypes, building, observers."""

from __future__ import annotations

import contextvars
import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.added_losses import begin_call, end_call
from cello.core.advice import advice_on, drop_frames_note
from cello.core.building import signature_of
from cello.core.dtype_policy import DTypePolicy, policy, widen
from cello.core.input_spec import InputSpec, check_several
from cello.core.masking import MaskDropped, get_mask, real_part, set_mask
from cello.core.memory import is_lack_of_memory, lack_of_memory
from cello.core.naming import name_scope
from cello.core.numbers import as_tensor
from cello.core.observation import observe_call
from cello.core.owner import VariableOwner
from cello.core.symbolic import SymbolicTensor, record, refuse_strings, show_shape, symbolic_leaves
from cello.core.variable import Variable, autocast

_training: contextvars.ContextVar[bool] = contextvars.ContextVar("training", default=False)


class Called(VariableOwner):
    """What `Layer` does around its `call`."""

    name: str
    call: Callable[..., Any]
    build: Callable[..., Any]
    add_loss: Callable[[Any], None]
    compute_mask: Callable[..., Any]
    supports_masking: bool
    input_spec: Any
    activity_regularizer: Any
    _initial_weights: Any

    def __call__(self, *args, **kwargs):
        self._check_initialised()
        args, kwargs = self._as_arrays(args, kwargs)
        bound, training = self.bind_call(args, kwargs)

        def proceed(arguments):
            tensors = symbolic_leaves(arguments)
            if tensors:
                refuse_strings(self, tensors)
                self._prepare(arguments)
                return record(self, lambda *given: self._run(*self.bind_call(*given)), args, kwargs)
            bound.arguments = arguments
            return self._run(bound, training)

        try:
            return observe_call(self, bound.arguments, proceed)
        except Exception as error:
            drop_frames_note(error)
            if is_lack_of_memory(error):
                advice = "Pass fewer rows, or fewer steps, at a time."
                raise lack_of_memory(error, f"A call of {self}", bound.arguments, advice) from error
            raise

    def _run(self, bound: inspect.BoundArguments, training: bool):
        self._cast(bound.arguments)
        self._prepare(bound.arguments)
        mixed = self.input_dtype != self.variable_dtype
        with name_scope(self.name), autocast(self.input_dtype if mixed else None):
            token, call = _training.set(training), begin_call(self)
            try:
                masks = self._pass_masks(bound.arguments)
                if "training" in self.call_signature.parameters:
                    bound.arguments["training"] = training
                outputs = self.call(*bound.args, **bound.kwargs)
            except Exception as error:
                self._add_note(error, bound.arguments)
                raise
            else:
                leaves = jax.tree.leaves(outputs) if self.activity_regularizer is not None else ()
                for leaf in leaves:
                    shown, rows = real_part(widen(leaf))
                    self.add_loss(self.activity_regularizer(shown) / rows)
            finally:
                _training.reset(token)
                end_call(call)
        self._attach_masks(bound.arguments, outputs, masks)
        return outputs

    def _as_arrays(self, args, kwargs):
        """The arguments with arrays of JAX in the place of other numbers."""
        return jax.tree.map(self._as_array, (args, kwargs))

    def _as_array(self, leaf, dtype=None):
        """Numbers as JAX arrays; `dtype` as for `exact_numbers`."""
        if isinstance(leaf, (np.ndarray, np.generic, jax.Array, Variable)):
            array = as_tensor(leaf, f"{self}: an input", dtype)
            if array is not leaf:  # under jax.grad, asarray makes a new tracer of a tracer
                set_mask(array, get_mask(leaf))
            return array
        return as_tensor(leaf, f"{self}: an input", dtype) if hasattr(leaf, "detach") else leaf

    def _cast(self, arguments) -> None:
        """Floating point in the dtype of the computation; states in that of the variables."""

        def cast(leaf, dtype):
            if not isinstance(leaf, jax.Array) or leaf.dtype == dtype:
                return leaf
            if not jnp.issubdtype(leaf.dtype, jnp.floating):
                return leaf
            array = leaf.astype(dtype)
            set_mask(array, get_mask(leaf))
            return array

        for name, value in arguments.items():
            dtype = self.variable_dtype if name == self._state_argument else self.input_dtype
            arguments[name] = jax.tree.map(lambda leaf, dtype=dtype: cast(leaf, dtype), value)

    @functools.cached_property
    def call_signature(self) -> inspect.Signature:
        """The arguments of `call`."""
        return signature_of(self.call)

    def bind_call(self, args, kwargs) -> tuple[inspect.BoundArguments, bool]:
        """The arguments of `call`, and whether this is training."""
        kwargs = dict(kwargs)
        training = kwargs.pop("training", None)
        try:
            bound = self.call_signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{self} was called wrongly: {error}") from None
        by_place = bound.arguments.pop("training", None)
        training = by_place if training is None else training
        return bound, _training.get() if training is None else bool(training)

    def _prepare(self, arguments) -> None:
        """Check the inputs and build."""
        shapes = {name: _shapes(value) for name, value in arguments.items()}
        first = next(iter(shapes.values()), None)
        if isinstance(self.input_spec, InputSpec) and isinstance(first, tuple):
            self.input_spec.check(self, first, next(iter(arguments.values())))
        elif isinstance(self.input_spec, (list, tuple)) and arguments:
            check_several(self, self.input_spec, next(iter(arguments.values())))
        if not self.built:
            wanted = [
                name.removesuffix("_shape")
                for name in signature_of(self.build).parameters
                if name.endswith("_shape")
            ]
            if len(wanted) > 1 and set(wanted) & set(shapes):
                self.build(**{f"{n}_shape": shapes.get(n) for n in wanted if n in shapes})
            else:
                self.build(first)
            if self._initial_weights is not None:
                self.set_weights(self._initial_weights)

    def _pass_masks(self, arguments) -> Any:
        """The masks of the inputs; put into `call`'s `mask` where it takes one."""
        if not arguments:
            return None
        inputs = next(iter(arguments.values()))
        given = arguments.get("mask")
        if given is not None:
            return given
        for name, value in list(arguments.items()):
            own = f"{name}_mask"
            if own in self.call_signature.parameters and arguments.get(own) is None:
                arguments[own] = _masks_of(value)
        masks = _masks_of(inputs)
        if masks is not None and "mask" in self.call_signature.parameters:
            arguments["mask"] = masks
        return masks

    def _attach_masks(self, arguments, outputs, masks) -> None:
        """The masks of the outputs; one that is merely passed on gives way to a layer's inside."""
        leaves = jax.tree.leaves(outputs)
        bare = [leaf for leaf in leaves if get_mask(leaf) is None]
        inputs = next(iter(arguments.values()), None)
        mask = self.compute_mask(inputs, masks)
        lost = bare and mask is None and jax.tree.leaves(masks)
        if lost and not self.supports_masking:
            warnings.warn(
                f"{self} does not support masking: the mask that came with its input ends here, "
                "and the layers after it see every step. Set supports_masking = True in a layer "
                "of your own that passes it on.",
                MaskDropped,
                stacklevel=3,
            )
        if mask is None or (mask is masks and not bare):
            return
        flat = list(mask) if isinstance(mask, (list, tuple)) else [mask] * min(1, len(leaves))
        for leaf, m in zip(leaves, flat, strict=False):
            set_mask(leaf, m)

    def _check_initialised(self):
        if "graph_nodes" not in vars(self):
            raise RuntimeError(
                f"{type(self).__name__}: call super().__init__(**kwargs) first in __init__."
            )

    def _add_note(self, error: BaseException, arguments) -> None:
        """Say where a foreign error came from; Cello's own name the layer already."""
        if not getattr(error, "__notes__", None) and f"'{self.name}'" not in str(error):
            shapes = {k: _shapes(v) for k, v in arguments.items() if jax.tree.leaves(v)}
            where = f"This happened in {self}, called with inputs of the shapes {shapes}."
            error.add_note(where + advice_on(error))

    # ----------------------------------------------------------------------- the dtypes

    _dtype_policy = DTypePolicy("float32")

    @property
    def dtype_policy(self) -> DTypePolicy:
        """The dtypes of the variables, which is `dtype`, and of the computation.

        Set later, it holds for calls and variables to come; those that are there stay.
        """
        return self._dtype_policy

    @dtype_policy.setter
    def dtype_policy(self, value) -> None:
        try:
            self._dtype_policy = policy(value)
        except ValueError as error:
            raise ValueError(f"{self}: dtype_policy must be {error}. Received: {value!r}") from None
        self.dtype = self._dtype_policy.variable_dtype

    @property
    def variable_dtype(self) -> str:
        """The dtype of the variables, and of states."""
        return self.dtype_policy.variable_dtype

    @property
    def compute_dtype(self) -> str:
        """The dtype of inputs and outputs, and of the products of a layer."""
        return self.dtype_policy.compute_dtype

    @property
    def input_dtype(self) -> str:
        """The dtype in which `call` gets its inputs and reads its weights."""
        return self.compute_dtype

    @functools.cached_property
    def _state_argument(self) -> str | None:
        """The argument of `call` that holds states, and comes in the dtype of the variables."""
        names = list(self.call_signature.parameters)
        return names[1] if hasattr(self, "state_size") and len(names) > 1 else None


def _masks_of(inputs):
    """The masks of a tree of tensors; `None` if there are none."""
    masks = jax.tree.map(get_mask, inputs)
    return masks if jax.tree.leaves(masks) else None


def _shapes(value):
    """The shapes of a tree of tensors: one tuple for one tensor."""
    if isinstance(value, SymbolicTensor):
        return value.shape
    if hasattr(value, "shape"):
        return show_shape(value.shape)
    if isinstance(value, dict):
        return {k: _shapes(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_shapes(v) for v in value]
    return None
