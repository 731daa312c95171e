"""`Layer`: named variables and a `call` that computes with them."""

from __future__ import annotations

import contextvars
import functools
import inspect
import warnings
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core import regularizers
from cello.core.added_losses import begin_call, end_call, keep_added, last_added
from cello.core.advice import advice_on, drop_frames_note
from cello.core.arguments import Argument, arg
from cello.core.building import as_shape, mark_own_weights, remember_build, signature_of
from cello.core.dtype_policy import DTypePolicy, policy, widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, optional
from cello.core.masking import MaskDropped, get_mask, real_part, set_mask
from cello.core.memory import is_lack_of_memory, lack_of_memory
from cello.core.naming import name_scope, snake_case, unique_name
from cello.core.numbers import as_tensor
from cello.core.observation import observe_call
from cello.core.owner import VariableOwner
from cello.core.serialization import register
from cello.core.symbolic import SymbolicTensor, record, show_shape, symbolic_leaves
from cello.core.text import clean_text
from cello.core.variable import Variable, autocast, current_binding

_training: contextvars.ContextVar[bool] = contextvars.ContextVar("training", default=False)


def _name(value: str | None):
    if value is not None and (not isinstance(value, str) or "/" in value or not value):
        raise ValueError('a string without "/"')
    return value


class Layer(VariableOwner):
    """Base of all layers and models: variables, made in `build`, and a computation, `call`.

    A layer of your own::

        class Scale(cello.layers.Layer):
            def build(self, input_shape):
                self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")

            def call(self, inputs):
                return inputs * self.scale

    `call` may take `training` and `mask`; they are filled in where the caller leaves them out.
    `build` gets the shape of the first argument, or, where its parameters are named so
    (`query_shape`, `value_shape`), the shapes of the arguments of these names.
    Weights that `add_weight` makes are its own. Other variables, layers and seed generators are
    found in the attributes (lists and dicts included).
    """

    name = arg(None, kind=_name, doc="Name; made from the class where `None`.", keyword_only=True)
    trainable = arg(True, kind=boolean, doc="Whether training changes it.", keyword_only=True)
    dtype = arg(
        None, kind=policy, keyword_only=True,
        doc='Dtype, or policy such as "mixed_bfloat16"; `cello.config.dtype_policy()` if `None`.',
    )  # fmt: skip
    activity_regularizer = arg(
        None, kind=regularizers.get, doc="Penalty on the output.", keyword_only=True
    )
    input_shape = arg(
        None, kind=optional(tuple), doc="Shape of the input without the batch.", keyword_only=True
    )
    batch_input_shape = arg(
        None, kind=optional(tuple), doc="Shape of the input with the batch.", keyword_only=True
    )

    _not_in_config: tuple[str, ...] = ("input_shape", "batch_input_shape", "weights")
    _ignored_arguments = {
        "autocast": None,
        "dynamic": (False,),
        "lora_alpha": (None,),
        "lora_rank": (None,),
        "quantization_config": (None,),
    }

    input_spec: InputSpec | None = None
    supports_masking = False
    streams = False
    """Whether each step of the output depends on no later step of the inputs."""
    masks_by_step = False
    """Whether the `mask` of its `call` has an element a step of inputs `(batch, time, ...)`."""
    draws_once = False
    """Whether its `seed_generator` draws once a sequence inside a cell, and not at each step."""
    alike: Any = None
    """What it has in common with every layer that makes the same shapes of the same inputs; `None`
    if only a trace of its `call` tells."""
    built = False
    build_shapes: dict[str, Any] | None = None
    """The shapes that `build` was given, in Keras' form: `{"input_shape": ...}`."""
    call_graph: Any = None
    """The calls inside of a model, from its inputs to its outputs, where they are recorded."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        register(cls) if cls.__module__.startswith("cello.") else None
        if "build" in vars(cls):
            cls.build = remember_build(cls.build)  # type: ignore[method-assign]
        if isinstance(vars(cls).get("weights"), Argument):
            del cls.weights  # the argument gives their first values; the attribute stays

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.graph_nodes: list[Any] = []
        if "input_dim" in kwargs and "input_dim" not in self.declared:  # Keras' older spelling
            kwargs["input_shape"] = (kwargs.pop("input_dim"),)
        super().__init__(*args, **kwargs)
        if self.name is None:
            self.name = unique_name(snake_case(type(self).__name__))

    def _store(self, values):
        self._initial_weights = values.pop("weights", None)
        shape, self.first_input_shape = values.pop("input_shape"), values.pop("batch_input_shape")
        if shape is not None:
            self.first_input_shape = (None, *shape)
        if isinstance(values["dtype"], DTypePolicy):
            self.dtype_policy = values["dtype"]
            values["dtype"] = self.dtype_policy.variable_dtype
        super()._store(values)

    def __getstate__(self):
        """For `pickle` and `copy`: without the graphs in which the layer is, which have more."""
        found = {"call_signature", "_state_argument"}  # again when they are needed
        return {k: v for k, v in vars(self).items() if k not in found} | {"graph_nodes": []}

    # ----------------------------------------------------------------------- the dtypes

    dtype_policy = DTypePolicy("float32")
    """The dtypes of the variables, which is `dtype`, and of the computation."""

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

    # ------------------------------------------------------------------ to be overridden

    def build(self, input_shape):
        """Make the variables, once the shape of the input is known."""

    def call(self, *args, **kwargs):
        """Compute the outputs."""
        raise NotImplementedError(
            f"{type(self).__name__} '{self.name}' has no call(): write what it computes."
        )

    def compute_mask(self, inputs, previous_mask):
        """The mask that travels with the output; that of the input where masks are supported."""
        return previous_mask if self.supports_masking else None

    def typical_call(self, args, kwargs):
        """The arguments of a call, or simpler ones of which outputs of the same shapes are made.

        Where the class is `alike`, one trace serves all calls for which these are the same.
        """
        return args, kwargs

    def count_pieces(self, arguments: dict[str, Any]) -> int:
        """How many pieces JAX traces one by one in a call; a file may not ask for too many.

        Args:
            arguments: those of `call`.
        """
        return 1

    def why_not_in_pieces(self, arguments: dict[str, Any]) -> str | None:
        """Why it cannot run over a sequence piece by piece: a sentence, or `None` where it can.

        Args:
            arguments: those of `call`. A size that is not known yet, behind the batch, is time.
        """
        if self.streams:
            return None
        return (
            "its output at a step may depend on later ones. Where it does not, set streams = True "
            "in the layer or its class."
        )

    # ---------------------------------------------------------------------------- losses

    def add_loss(self, value) -> None:
        """Add a number, or a list of them, to the loss of this call; for use inside `call`.

        Of an array the sum is added.
        """
        binding = current_binding()
        for loss in jax.tree.leaves(value):
            if callable(loss):
                raise ValueError(
                    f"{self}.add_loss takes numbers that call() has computed, and got a function: "
                    "call it there."
                )
            binding.losses.append(loss) if binding is not None else keep_added(self, loss)

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` added in the last call, then the regularisers' penalties on the weights.

        The first is that of a call outside of `fit` and its like.
        """
        penalties = [v.regularizer(v.value) for v in self.trainable_weights if v.regularizer]
        return last_added(self, self.flatten_layers()) + penalties

    # --------------------------------------------------------------------------- calling

    def __call__(self, *args, **kwargs):
        self._check_initialised()
        args, kwargs = self._as_arrays(args, kwargs)
        bound, training = self.bind_call(args, kwargs)

        def proceed(arguments):
            if symbolic_leaves(arguments):
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
        if self.input_spec is not None and isinstance(first, tuple):
            self.input_spec.check(self, first, next(iter(arguments.values())))
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
        masks = jax.tree.map(get_mask, inputs) if jax.tree.leaves(inputs) else None
        if isinstance(inputs, (list, tuple, dict)):
            nothing = not jax.tree.leaves(masks)
            masks = None if nothing else masks
        if masks is not None and "mask" in self.call_signature.parameters:
            arguments["mask"] = masks
        return masks

    def _attach_masks(self, arguments, outputs, masks) -> None:
        if not self.supports_masking and jax.tree.leaves(masks):
            warnings.warn(
                f"{self} does not support masking: the mask that came with its input ends here, "
                "and the layers after it see every step. Set supports_masking = True in a layer "
                "of your own that passes it on.",
                MaskDropped,
                stacklevel=3,
            )
        inputs = next(iter(arguments.values()), None)
        mask = self.compute_mask(inputs, masks)
        if mask is None:
            return
        leaves = jax.tree.leaves(outputs)
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

    def get_config(self):
        config = super().get_config()
        if self.dtype_policy.mixed and "dtype" in config:
            config["dtype"] = self.dtype_policy.name
        if config.get("activity_regularizer", ...) is None:
            del config["activity_regularizer"]  # as in Keras, where most layers have none
        return config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Make the variables for the shapes that `build_shapes` of a like layer said."""
        shapes = {name: as_shape(s) for name, s in config.get("shapes_dict", {}).items()}
        self.build(**shapes) if shapes else self.build(as_shape(config.get("input_shape")))

    # ------------------------------------------------------------------------- the graph

    def _single_node(self):
        if not self.graph_nodes:
            raise AttributeError(f"{self} has not been called on an Input: it has no graph yet.")
        if len(self.graph_nodes) > 1:
            raise AttributeError(
                f"{self} was called {len(self.graph_nodes)} times, so it has no single input and "
                "output: use the tensors that the calls returned."
            )
        return self.graph_nodes[0]

    @property
    def input(self):
        """The symbolic tensor (or tensors) of the only call in a graph."""
        inputs = self._single_node().inputs
        return inputs[0] if len(inputs) == 1 else inputs

    @property
    def output(self):
        """The symbolic output of the only call in a graph."""
        return self._single_node().outputs

    def __str__(self):
        return f"{type(self).__name__} '{clean_text(self.name, 100)}'"

    def __repr__(self):
        return f"<{self}>" + ("" if self.built else " (not built)")


def _get_trainable(self) -> bool:
    return self._trainable


def _set_trainable(self, value: bool) -> None:
    constructed = "_trainable" in vars(self)
    self._trainable = boolean(value)
    if constructed:
        mark_own_weights(self)
        for layer in self.sublayers:
            layer.trainable = value


# Declared above as an argument; as in Keras, setting it later also sets it in the layers below.
Layer.trainable = property(_get_trainable, _set_trainable)  # type: ignore[assignment]


del Layer.input_shape, Layer.batch_input_shape  # they become `first_input_shape`
Layer.build = remember_build(Layer.build)  # type: ignore[method-assign]


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
