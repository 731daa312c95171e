"""`Layer`: named variables and a `call` that computes with them."""

from __future__ import annotations

import copy
from typing import Any

import jax
import jax.numpy as jnp

from cello.core import regularizers
from cello.core.added_losses import keep_added, last_added
from cello.core.arguments import Argument, arg
from cello.core.building import as_shape, mark_own_weights, remember_build
from cello.core.calls import Called
from cello.core.dtype_policy import DTypePolicy, policy
from cello.core.input_spec import InputSpec
from cello.core.kinds import boolean, optional
from cello.core.naming import snake_case, unique_name
from cello.core.serialization import register
from cello.core.symbolic import stand_in
from cello.core.text import clean_text
from cello.core.variable import Binding, current_binding


def _name(value: str | None):
    if value is not None and (not isinstance(value, str) or "/" in value or not value):
        raise ValueError('a string without "/"')
    return value


class Layer(Called):
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

    input_spec: InputSpec | list[InputSpec] | None = None
    supports_masking = False
    streams = False
    """Whether each step of the output depends on no later step of the inputs."""
    masks_by_step = False
    """Whether the `mask` of its `call` has an element a step of inputs `(batch, time, ...)`."""
    reads_strings = False
    """Whether it makes numbers of strings, in Python: a model may begin with it."""
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
        weights = values.pop("weights", None)
        self._initial_weights = [weights] if hasattr(weights, "shape") else weights
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

    # ------------------------------------------------------------------ to be overridden

    def build(self, input_shape):
        """Make the variables, once the shape of the input is known."""

    def call(self, *args, **kwargs):
        """Compute the outputs."""
        raise NotImplementedError(
            f"{type(self).__name__} '{self.name}' has no call(): write what it computes."
        )

    def compute_mask(self, inputs, previous_mask=None):
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

    # ---------------------------------------------------------- shapes, and a pure function

    def compute_output_spec(self, *args, **kwargs):
        """What a call with these symbolic tensors would return: nothing is built or recorded."""
        layer = self if self.built else copy.deepcopy(self)
        before = len(layer.graph_nodes)
        try:
            return layer(*args, **kwargs)
        finally:
            del layer.graph_nodes[before:]

    def compute_output_shape(self, *shapes, **named_shapes):
        """The shape of the output, from those of the inputs, with the batch; found by tracing.

        Args:
            shapes: one for each input, in the order of `call`; a list for a list of inputs.
            named_shapes: in place of these, as in Keras: `input_shape=`, or `query_shape=` of an
                argument `query`.
        """
        if "input_shape" in named_shapes:
            shapes = (named_shapes.pop("input_shape"),)
        named = {name.removesuffix("_shape"): shape for name, shape in named_shapes.items()}
        args, kwargs = jax.tree.map(
            lambda shape: stand_in(shape, self.compute_dtype),
            [[as_shape(s) for s in shapes], as_shape(named)],
            is_leaf=lambda v: isinstance(v, tuple),
        )
        outputs = self.compute_output_spec(*args, **kwargs)
        return jax.tree.map(lambda tensor: tensor.shape, outputs)

    def stateless_call(
        self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs
    ):
        """Call it as a pure function of its variables, as in Keras.

        Args:
            trainable_variables, non_trainable_variables: values for the variables in the lists of
                these names.
            args, kwargs: those of a call.
            return_losses: whether to return what `add_loss` and the regularisers added, too.

        Returns:
            The outputs, and the values of `non_trainable_variables` after the call.
        """
        groups = self.trainable_variables, self.non_trainable_variables
        values: dict[Any, Any] = {}
        for variables, given in zip(
            groups, (trainable_variables, non_trainable_variables), strict=True
        ):
            if len(variables) != len(given):
                raise ValueError(
                    f"{self}.stateless_call needs values for {len(variables)} variables, "
                    f"{[v.path for v in variables]}, and got {len(given)}"
                    + ("." if self.built else ". It is not built yet: call it on data first.")
                )
            values.update(zip(variables, map(jnp.asarray, given), strict=True))
        with Binding(values, closed=True) as binding:
            outputs = self(*args, **kwargs)
            penalties = [*binding.losses, *self.losses] if return_losses else []
        changed = [binding.values[variable] for variable in groups[1]]
        return (outputs, changed, penalties) if return_losses else (outputs, changed)

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
