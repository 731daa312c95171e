"""`Model`: a graph of layers, or a class of your own with a `call`."""

from __future__ import annotations

import functools
import json
from typing import Any

import jax
import jax.numpy as jnp

from cello.core.layer import Layer
from cello.core.masking import set_mask
from cello.core.numbers import strings_refused
from cello.core.operation import Operation
from cello.core.serialization import custom_object_scope, serialize
from cello.core.symbolic import STRING, SymbolicTensor, input_spec, show_shape
from cello.core.variable import Binding
from cello.models.front import Front
from cello.models.graph import Graph
from cello.models.graph_config import graph_config, graph_from_config
from cello.models.inputs import (
    forms_like,
    forms_of,
    hide_inputs,
    masks_in_order,
    values_in_order,
)
from cello.models.pure_function import pure_function
from cello.models.states import get_states, set_states, stateful_layers
from cello.models.summary import print_summary
from cello.training.ragged import InputForm, map_inputs
from cello.training.trainable import Trainable


class Model(Trainable):
    """Layers with inputs and outputs, to be trained and used.

    From a graph::

        x = Input((None, 8))
        model = Model(x, Dense(1)(LSTM(32)(x)))

    or as a class::

        class Forecaster(Model):
            def __init__(self, units):
                super().__init__()
                self.lstm = LSTM(units)
                self.head = Dense(1)

            def call(self, x):
                return self.head(self.lstm(x))

    Args:
        inputs, outputs: symbolic tensors, or lists or dicts of them. An input may be a tensor
            inside another graph. Without them the class must have a `call`.
        name: the name; made from the class where `None`.
        trainable: whether training changes the layers.
        dtype: floating dtype of what the model computes itself.

    Raises:
        ValueError: if the outputs cannot be computed from the inputs.
    """

    keras_name = ("keras.src.models.functional", "Functional")
    supports_masking = True
    masks_by_step = True
    streams = True  # the layers inside are asked
    _not_in_config: tuple[str, ...] = (*Layer._not_in_config, "activity_regularizer")

    def __init__(self, inputs=None, outputs=None, *, name=None, trainable=True, dtype=None):
        super().__init__(name=name, dtype=dtype)
        self.call_graph: Graph | None = None
        self.front: Front | None = None
        self._first_forms: dict[str, InputForm | None] | None = None
        if (inputs is None) != (outputs is None):
            raise ValueError(f"Model '{self.name}' needs both inputs and outputs, or neither.")
        if inputs is not None:
            self._set_graph(Graph(inputs, outputs, self.name))
        if not trainable:
            self.trainable = False

    def __getstate__(self):
        """For `pickle` and `copy`: the graph first, which knows the order of its calls."""
        return {"call_graph": self.call_graph, **super().__getstate__()}

    # ------------------------------------------------------------------------- structure

    def _set_graph(self, graph: Graph) -> None:
        """Take the graph; of one that begins with strings, what is compiled begins behind them."""
        texts = any(t.dtype == STRING for t in graph.flat_inputs)
        self.front = Front(graph) if texts else None
        entrances = graph.inputs if self.front is None else self.front.entrances
        self.call_graph = Graph(entrances, graph.outputs, self.name) if texts else graph
        self.built = True

    @property
    def whole_graph(self) -> Graph | None:
        """The graph from the model's inputs on; `call_graph` begins where there are numbers."""
        return self.call_graph if self.front is None else self.front.graph

    @property
    def layers(self) -> list[Layer]:
        """The layers, in the order of Keras; what operators and functions record is none of them.

        An input inside another graph counts as an `InputLayer`.
        """
        starts = self.whole_graph.inner_inputs if self.whole_graph else []
        return [*starts, *(v for v in self.sublayers if not isinstance(v, Operation))]

    @property
    def sublayers(self) -> list[Layer]:
        found = dict.fromkeys(self.whole_graph.layers if self.whole_graph else ())
        found.update(dict.fromkeys(super().sublayers))
        return list(found)

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of this name, or at this place among `layers`."""
        layers = self.layers
        if (name is None) == (index is None):
            raise ValueError(f"{self}.get_layer needs either a name or an index.")
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(f"{self} has {len(layers)} layers and no layer {index}.")
            return layers[index]
        for layer in [*layers, *self.sublayers]:
            if layer.name == name:
                return layer
        raise ValueError(
            f"{self} has no layer '{name}'. Its layers: {[layer.name for layer in layers]}."
        )

    @property
    def inputs(self) -> list[SymbolicTensor]:
        """The symbolic inputs, as a flat list."""
        return self._known_graph().flat_inputs

    @property
    def outputs(self) -> list[SymbolicTensor]:
        """The symbolic outputs, as a flat list."""
        return self._known_graph().flat_outputs

    @property
    def input(self):
        """The symbolic inputs as they were given."""
        return self._known_graph().inputs

    @property
    def output(self):
        """The symbolic outputs as they were given."""
        return self._known_graph().outputs

    @property
    def input_shape(self):
        return jax.tree.map(lambda t: t.shape, self.input)

    @property
    def output_shape(self):
        return jax.tree.map(lambda t: t.shape, self.output)

    @property
    def input_names(self) -> list[str]:
        return [t.name for t in self.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: by these losses, metrics and targets can be given."""
        return [t.node.layer.name for t in self.outputs] if self.call_graph else []

    @property
    def input_forms(self) -> dict[str, InputForm | None] | None:
        """Those of the graph; of a class, those of the first call, with any number of steps."""
        if self.call_graph is None:
            return self._first_forms
        return forms_of(self.call_graph)

    def _known_graph(self) -> Graph:
        if self.whole_graph is None:
            raise AttributeError(f"{self} has no graph: its call() decides what it computes.")
        return self.whole_graph

    # --------------------------------------------------------------------------- calling

    def _as_arrays(self, args, kwargs):
        """Inputs as arrays of JAX; numbers that are not what the graph takes are refused."""

        def read(value, what, form):
            text = next((v for v in jax.tree.leaves(value) if isinstance(v, (str, bytes))), None)
            if text is not None:
                raise strings_refused(f"{self}: {what}", text)
            dtype = None if form is None else form.dtype
            return jax.tree.map(lambda leaf: self._as_array(leaf, dtype), value)

        args = (self.read_strings(args[0]), *args[1:]) if args else args
        if self.call_graph is not None and args:
            args = (map_inputs(read, args[0], self.input_forms), *args[1:])
        return super()._as_arrays(args, kwargs)

    def read_strings(self, x):
        """`x` with numbers in the place of strings, which the first layers make."""
        return x if self.front is None else self.front.numbers(x)

    def read_data(self, x, y):
        """Inputs and targets as `fit` got them, made what the model takes."""
        return self.read_strings(x), y

    @property
    def input_dtype(self) -> str:
        """That of the variables: the layers inside take what they need in their own."""
        return self.variable_dtype

    def call(self, inputs, training=False, mask=None):
        if self.call_graph is None:
            return super().call(inputs)
        values = values_in_order(self, self.call_graph, inputs)
        for value, m in zip(values, masks_in_order(mask, len(values)), strict=True):
            set_mask(value, m)
        return self.call_graph.run(values)

    def _run(self, bound, training):
        outputs = super()._run(bound, training)
        if self._first_forms is None and self.call_graph is None:
            self._first_forms = forms_like(*list(bound.arguments.values())[:1])
        return outputs

    def _pass_masks(self, arguments):
        """The masks of the inputs, which have zeros from here on where they are masked.

        A layer that is not recurrent computes on masked steps as well: NaN there would come into
        the gradients of its weights.
        """
        masks = super()._pass_masks(arguments)
        if jax.tree.leaves(masks):
            name, inputs = next(iter(arguments.items()))
            arguments[name] = hide_inputs(inputs, masks)
        return masks

    def mark_trainable(self, value: bool) -> None:
        """Set `trainable` of the model alone; the layers inside keep their own."""
        self._trainable = value

    def compute_mask(self, inputs, previous_mask=None):
        return None  # the layers inside have attached theirs

    def build(self, input_shape):
        """Make the variables of a model without a graph, by tracing it on this shape."""
        if self.call_graph is None:
            specs = jax.tree.map(
                lambda s: input_spec(s, self.dtype), input_shape, is_leaf=_is_shape
            )
            self.built = True
            with Binding():
                jax.eval_shape(self.__call__, specs)

    def _prepare(self, arguments):
        if type(self).build is Model.build:
            self.built = True  # the layers are built as call() meets them
            if self.call_graph is None and self.build_shapes is None:
                shapes = jax.tree.map(_shape_of, list(arguments.values())[:1])
                self.build_shapes = {"input_shape": shapes[0]} if shapes else None
        super()._prepare(arguments)

    def get_states(self) -> dict[str, Any]:
        """The states of the stateful layers inside, as NumPy arrays by the paths of the layers."""
        return get_states(self)

    def set_states(self, states: dict[str, Any]) -> None:
        """Let the next call go on from states that `get_states` returned."""
        set_states(self, states)

    def reset_state(self, rows=None) -> None:
        """Let every stateful layer inside start from its initial states again.

        Args:
            rows: the rows of the batch to start anew: numbers, or one boolean a row; all if `None`.
        """
        for layer in stateful_layers(self).values():
            layer.reset_state(rows)

    reset_states = reset_state

    def stream(self, batch_size: int = 1, like=None, engine: str | None = None):
        """Run over sequences as they come: a `cello.streaming.Session`, called chunk by chunk.

        Args:
            batch_size: the number of sequences.
            like: for a model without a graph: inputs like those that will come.
            engine: `"native"`, which runs the steps in Cello's native library, about a microsecond
                for a step of a small model; `"jax"`, by programs of JAX; or `"c"`, which compiles
                the steps with the machine's C compiler and keeps the library in the user's cache.
                If `None`, "native" where it can run the model and is faster, else "jax":
                `session.engine` says which, and why.
        """
        from cello.lowering.sessions.choose import choose_steps
        from cello.streaming import Session

        return Session(self, batch_size, like, functools.partial(choose_steps, engine))

    # ----------------------------------------------------------------- ways out and in

    def as_function(self, training: bool = False):
        """The model as a pure function and its variables as a pytree.

        `function(variables, *inputs)` computes what `model(*inputs)` does with these variables, and
        can be jitted, differentiated, mapped and optimised by any JAX code::

            function, variables = model.as_function()
            jax.grad(lambda w: loss(function({**variables, "trainable": w}, x)))(
                variables["trainable"]
            )

        Args:
            training: whether dropout acts and statistics are updated. The function then returns
                `(outputs, variables)`, the second with what the call changed.

        Returns:
            `(function, variables)`; `variables` is a dict of two dicts from paths to arrays,
            `"trainable"` and `"state"`.

        Raises:
            ValueError: where the model is not built yet.
        """
        return pure_function(self, training)

    def generate(self, prompt, max_length=None, **options):
        """Write what follows a prompt, with a model that gives scores for each next token.

        Args:
            prompt: tokens, integers `(batch, time)`, or a list of sequences of different lengths.
            max_length: the most tokens to write.
            options: see `cello.generation.GenerationOptions`.

        Returns:
            The tokens after the prompt, `(batch, max_length)`; see there for scores and beams.
        """
        from cello.generation import GenerationOptions, LanguageModel, generate

        return generate(LanguageModel(self), prompt, GenerationOptions(max_length, **options))

    def save(self, filepath, overwrite: bool = True) -> None:
        """Write the whole model to a `.keras` file; see `cello.saving.save_model`."""
        from cello.saving.models import save_model

        save_model(self, filepath, overwrite)

    def save_weights(self, filepath) -> None:
        """Write the weights to a file; see `cello.saving.save_weights`."""
        from cello.saving.weights import save_weights

        save_weights(self, filepath)

    def load_weights(self, filepath, skip_mismatch: bool = False) -> None:
        """Read the weights from a file; see `cello.saving.load_weights`."""
        from cello.saving.weights import load_weights

        load_weights(self, filepath, skip_mismatch)

    def export(self, filepath, **options) -> None:
        """Write the model as C, JavaScript, a page, ONNX or RTNeural; see `cello.saving.export`."""
        from cello.saving.export import export

        export(self, filepath, **options)

    def quantized(self, weights: str, calibrate=None, *, steps=None, like=None):
        """The model with narrower weights; see `cello.lowering.quantized.Quantized`."""
        from cello.lowering.narrower.quantized import Quantized

        return Quantized(self, weights, calibrate, steps, like)

    def find_nan(self, x, y=None):
        """Where the first value that is not finite comes from, for a batch with which there is one.

        Without `y` the model is looked through as in `predict`; with it as in `fit`, the loss and
        the gradient included. It takes the place of no training: nothing in the model changes, and
        it is slow, since nothing is compiled and recurrent layers are looked at step by step.
        Masked steps do not count.

        Args:
            x, y: as for `fit`.

        Returns:
            `None` where everything is finite. Else an object with `where` ("data", "weights",
            "forward", "loss" or "gradient"), `layer`, `step`, `row` and `value`; printed, it is a
            sentence that says what to do.
        """
        from cello.training.find_nan import find_nan

        return find_nan(self, x, y)

    def summary(
        self,
        line_length: int | None = None,
        print_fn=None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        engines: bool = False,
    ) -> None:
        """Print the layers, their output shapes and parameters.

        Args:
            line_length: width in columns; that of the terminal where `None`.
            print_fn: function that takes the text, in place of printing it.
            expand_nested: whether to show the layers of models inside.
            show_trainable: whether to show which layers training changes.
            engines: whether to show what runs each recurrent layer, and why it is not native.
        """
        print_summary(self, line_length, print_fn, expand_nested, show_trainable, engines)

    def _repr_svg_(self) -> str | None:
        """What a notebook shows: the diagram of `cello.plotting.plot_model`, if it can be drawn."""
        from cello.plotting.diagram import draw_svg

        return draw_svg(self)

    def get_config(self) -> dict[str, Any]:
        """Plain data from which `from_config` makes the same model, without its weights."""
        if self.call_graph is None or type(self) is not Model:
            return super().get_config()
        return {"name": self.name, "trainable": self.trainable, **graph_config(self._known_graph())}

    def to_json(self, **options) -> str:
        """The layers and how they are connected, as text; see `cello.models.model_from_json`.

        Args:
            options: those of `json.dumps`, such as `indent`.
        """
        return json.dumps(serialize(self), **options)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None):
        """The model that `get_config` described, with new weights.

        Args:
            config: what `get_config` returned.
            custom_objects: name to class or function, for what is not of the library.
        """
        with custom_object_scope(custom_objects):
            if "layers" not in config or cls is not Model:
                return super().from_config(config)
            inputs, outputs = graph_from_config(config)
        model = cls(inputs, outputs, name=config.get("name"))
        if not config.get("trainable", True):
            model.mark_trainable(False)
        return model


def _shape_of(tensor):
    return show_shape(jnp.shape(tensor) if not hasattr(tensor, "shape") else tensor.shape)


def _is_shape(value) -> bool:
    return isinstance(value, tuple) and all(d is None or isinstance(d, int) for d in value)
