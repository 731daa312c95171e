"""`Bidirectional`: a recurrent layer along time and one against it."""

from __future__ import annotations

import copy
from typing import Any

import jax
import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.dtype_policy import cast_floats
from cello.core.kinds import one_of, optional
from cello.core.layer import Layer
from cello.core.random import SeedGenerator, new_key
from cello.layers.rnn import RNN
from cello.ops.engine import Engine

_MERGES: dict[str | None, Any] = {
    "concat": lambda y, z: jnp.concatenate([y, z], axis=-1),
    "sum": jnp.add,
    "mul": jnp.multiply,
    "ave": lambda y, z: (y + z) / 2,
    None: lambda y, z: (y, z),
}


def _recurrent(value: Layer):
    if not isinstance(value, RNN):
        raise ValueError("a recurrent layer, such as LSTM(32)")
    return value


class Bidirectional(Layer):
    """Run a recurrent layer forwards and a copy of it backwards, and merge their outputs.

    Inputs `(batch, time, features)`. Output as that of the layer, twice as wide with "concat"; the
    steps of the backward outputs are put back into the order of time first. With `return_state`
    a tuple of the output (or both outputs) and the states, those of the forward layer first.

    Call arguments:
        sequences: the inputs.
        initial_state: list of the states of the forward layer and of the backward layer.
        mask: as for the layer. Masked steps give zeros with `return_sequences`.
        training: whether dropout acts.

    Source: Schuster, Paliwal, 1997.
    """

    layer = arg(kind=_recurrent, doc="The recurrent layer; both directions are made from it.")
    merge_mode = arg(
        "concat", kind=one_of(*_MERGES), doc='"concat", "sum", "mul", "ave", or `None` for a tuple.'
    )
    weights = arg(None, doc="List of arrays: the weights of both directions to start from.")
    backward_layer = arg(
        None,
        kind=optional(_recurrent),
        doc="The layer of the other direction, if not a copy; one of both has `go_backwards`.",
    )

    supports_masking = True
    masks_by_step = True
    _state_argument = "initial_state"

    def _store(self, values):
        layer, backward = values.pop("layer"), values.pop("backward_layer")
        super()._store(values)
        self.forward_layer = _copy(layer, "forward")
        self.backward_layer = backward or _copy(
            layer, "backward", go_backwards=not layer.go_backwards
        )
        self._check_directions()
        self.input_spec = self.forward_layer.input_spec
        for direction in (self.forward_layer, self.backward_layer):
            direction.zero_output_for_mask = direction.return_sequences

    @property
    def return_sequences(self) -> bool:
        return self.forward_layer.return_sequences

    @property
    def return_state(self) -> bool:
        return self.forward_layer.return_state or self.return_all_states

    @property
    def return_all_states(self) -> bool:
        return self.forward_layer.return_all_states

    @property
    def stateful(self) -> bool:
        return self.forward_layer.stateful

    @property
    def engine(self) -> Engine:
        """What runs it: that of the two directions which has no kernels, with its reason."""
        engines = self.forward_layer.engine, self.backward_layer.engine
        return engines[0] if engines[0] == "scan" else engines[1]

    @property
    def input_dtype(self) -> str:
        return self.forward_layer.input_dtype

    def _check_directions(self):
        forward, backward = self.forward_layer, self.backward_layer
        if forward.go_backwards == backward.go_backwards:
            raise ValueError(
                f"{self} needs one layer with go_backwards=False and one with go_backwards=True; "
                f"both have {forward.go_backwards}."
            )
        for name in ("return_sequences", "return_state", "return_all_states", "stateful"):
            if getattr(forward, name) != getattr(backward, name):
                raise ValueError(
                    f"{self} needs the same {name} in both layers and got "
                    f"{getattr(forward, name)} and {getattr(backward, name)}."
                )

    def build(self, sequences_shape):
        for direction in (self.forward_layer, self.backward_layer):
            if not direction.built:
                direction.build(sequences_shape)

    def call(self, sequences, initial_state=None, mask=None, training=False):
        if initial_state is None:
            states = [None, None]
        else:
            half = len(initial_state) // 2
            states = [initial_state[:half], initial_state[half:]]
        outputs, last_states = [], ()
        for direction, state in zip((self.forward_layer, self.backward_layer), states, strict=True):
            y = direction(sequences, initial_state=state, mask=mask, training=training)
            new_states: list[Any] = []
            if self.return_state:
                y, *new_states = y
            if direction.go_backwards:  # the order of time, in place of that of running
                y = jnp.flip(y, axis=1) if self.return_sequences else y
                if direction.return_all_states:
                    new_states = jax.tree.map(lambda s: jnp.flip(s, axis=1), new_states)
            last_states += tuple(new_states)
            outputs.append(y)
        if self.dtype_policy.mixed:
            outputs = cast_floats(outputs, self.compute_dtype)
        merged = _MERGES[self.merge_mode](*outputs)
        if not self.return_state:
            return merged
        return (*merged, *last_states) if self.merge_mode is None else (merged, *last_states)

    def why_not_in_pieces(self, arguments):
        return "one of its directions runs from the last step."

    def compute_mask(self, inputs, previous_mask=None):
        if not self.return_sequences:
            return None
        mask = previous_mask[0] if isinstance(previous_mask, (list, tuple)) else previous_mask
        return [mask, mask] if self.merge_mode is None else mask

    def reset_state(self, rows=None) -> None:
        """Start the next call of stateful layers from the initial states again."""
        self.forward_layer.reset_state(rows)
        self.backward_layer.reset_state(rows)

    reset_states = reset_state


# Declared above as an argument; what it became is the layer of the first direction.
Bidirectional.layer = property(lambda self: self.forward_layer)  # type: ignore[assignment]


def _copy(layer: RNN, prefix: str, **changes) -> RNN:
    """A layer like `layer`, without its weights, called `prefix_name`."""
    name = layer.name.removeprefix(prefix + "_")
    changes["name"] = f"{prefix}_{name}"
    if layer.built or all(type(v).__module__.startswith("cello.") for v in layer.flatten_layers()):
        return type(layer).from_config({**layer.get_config(), **changes})
    found = copy.deepcopy(layer)  # a cell of one's own need not have a configuration
    for argument, value in changes.items():
        setattr(found, argument, value)
    for inner in found.flatten_layers():
        for generator in inner.owned(SeedGenerator):
            if generator.seed is None:
                generator.state.hold(new_key())
    return found
