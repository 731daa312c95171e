"""What follows from declared arguments: order, names in files, and classes of a user's own."""

import inspect
import json
import re
from pathlib import Path

import keras
import numpy as np
import pytest

import cello
from cello.core.arguments import arg
from cello.core.keras_names import KERAS_NAMES
from cello.core.kinds import positive_integer
from cello.core.operation import Operation
from cello.core.serialization import Configurable, class_entry
from cello.layers import LSTM, RNN, Layer

COMPILATIONS = 10


class Base(Configurable):
    """A base."""

    first = arg(1, doc="The first.")
    second = arg(2, doc="The second.")
    named = arg(0, doc="By name.", keyword_only=True)


def names(cls):
    return list(inspect.signature(cls).parameters)


def test_own_arguments_come_before_inherited_ones():
    class Derived(Base):
        own = arg(3)

    assert names(Derived) == ["own", "first", "second", "named"]


def test_one_without_a_default_comes_first():
    class Derived(Base):
        own = arg(3)
        size = arg()

    assert names(Derived) == ["size", "own", "first", "second", "named"]


def test_one_declared_anew_keeps_its_place():
    class Derived(Base):
        second = arg(5)

    assert names(Derived) == ["first", "second", "named"]
    assert Derived().second == 5


def test_a_class_can_say_the_order_for_those_below():
    class Derived(Base):
        argument_order = "second third own"
        own = arg(3)

    class Below(Derived):
        third = arg(4)
        other = arg(5)

    assert names(Derived) == ["second", "own", "first", "named"]
    assert names(Below) == ["second", "third", "own", "other", "first", "named"]


def test_what_a_class_fixes_is_no_argument_of_it():
    class Derived(Base):
        second = 7
        named = 8

    assert names(Derived) == ["first", "named"]
    assert Derived(1).second == 7
    assert Derived.from_config(Derived(named=9).get_config()).named == 9
    with pytest.raises(TypeError, match="second"):
        Derived(second=3)


@pytest.mark.parametrize("kind", KERAS_NAMES)
def test_the_names_of_keras_are_those_of_keras(kind):
    theirs, ours = getattr(keras, kind), getattr(cello, kind)
    for name in KERAS_NAMES[kind]:
        assert isinstance(getattr(theirs, name), type)
        assert class_entry(getattr(ours, name))["module"] == f"keras.{kind}"
    for name in ours.__all__:
        cls = getattr(ours, name)
        if isinstance(cls, type) and issubclass(cls, Configurable):
            in_keras = isinstance(getattr(theirs, name, None), type)
            assert (class_entry(cls)["module"] == f"keras.{kind}") == in_keras, name


NAMES_IN_FILES = [  # as the first release of each wrote them
    (cello.Sequential, "keras", "Sequential"),
    (cello.Model, "keras.src.models.functional", "Functional"),
    (cello.Seq2Seq, "cello.models", "Seq2Seq"),
    (cello.layers.LSTM, "keras.layers", "LSTM"),
    (cello.layers.LSTMCell, "keras.layers", "LSTMCell"),
    (cello.layers.StackedRNNCells, "keras.layers", "StackedRNNCells"),
    (cello.layers.ConvLSTM2D, "keras.layers", "ConvLSTM2D"),
    (cello.layers.ConvLSTM2DCell, "cello.layers", "ConvLSTM2DCell"),
    (cello.layers.MGU, "cello.layers", "MGU"),
    (cello.layers.MGUCell, "cello.layers", "MGUCell"),
    (cello.layers.GriffinBlock, "cello.layers", "GriffinBlock"),
    (cello.layers.ProjectedLSTM, "cello.layers", "ProjectedLSTM"),
    (Operation, "cello.layers", "Operation"),
    (cello.losses.Huber, "keras.losses", "Huber"),
    (cello.losses.FunctionLoss, "cello.losses", "FunctionLoss"),
    (cello.metrics.AUC, "keras.metrics", "AUC"),
    (cello.optimizers.AdamW, "keras.optimizers", "AdamW"),
    (cello.optimizers.Optax, "cello.optimizers", "Optax"),
    (
        cello.optimizers.schedules.CosineDecay,
        "keras.optimizers.schedules",
        "CosineDecay",
    ),
    (cello.initializers.Orthogonal, "keras.initializers", "Orthogonal"),
    (cello.regularizers.L1L2, "keras.regularizers", "L1L2"),
    (cello.constraints.MaxNorm, "keras.constraints", "MaxNorm"),
]


@pytest.mark.parametrize("cls, module, name", NAMES_IN_FILES)
def test_files_name_a_class_as_they_always_did(cls, module, name):
    assert class_entry(cls) == {"module": module, "class_name": name, "registered_name": None}


CELLS = [n for n in cello.layers.__all__ if n.endswith("Cell") and n != "Cell"]


@pytest.mark.parametrize("name", [n for n in CELLS if getattr(cello.layers, n).has_layer])
def test_a_cell_has_a_layer_and_a_place_in_the_documentation(name):
    layer = getattr(cello.layers, name.removesuffix("Cell"))
    sizes = (4, 3) if "Conv" in name else (4,)
    assert type(layer(*sizes).cell) is getattr(cello.layers, name)
    page = (Path(__file__).parent.parent / "docs" / "cells.md").read_text()
    shown = re.findall(r"`(\w+)`", page)
    family = re.sub("[23]D$", "1D", layer.__name__)  # `ConvLSTM1D`, `2D`, `3D`
    assert family in shown, f"docs/cells.md says nothing of {layer.__name__}"


class PlainCell(Layer):
    """One step: `h' = tanh(x W + gain h)`."""

    def __init__(self, units, gain=0.5, **kwargs):
        super().__init__(**kwargs)
        self.units, self.gain = units, gain
        self.state_size = self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], self.units), name="kernel")

    def call(self, inputs, states):
        h = cello.ops.tanh(inputs @ self.kernel + self.gain * states[0])
        return h, [h]


class Plain(RNN, cell=PlainCell):
    """The layer of it."""


def test_a_cell_with_a_plain_constructor_is_enough():
    x = np.random.default_rng(0).normal(size=(2, 5, 3)).astype("float32")
    layer = RNN(PlainCell(4, gain=0.25), return_sequences=True)
    want = layer(x)
    config = json.loads(json.dumps(layer.get_config()))
    with cello.utils.custom_object_scope({"PlainCell": PlainCell}):
        again = RNN.from_config(config)
    again.build(x.shape)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x), want)


def test_its_layer_takes_its_arguments_and_those_of_a_run():
    assert names(Plain)[:4] == ["units", "gain", "activity_regularizer", "return_sequences"]
    layer = Plain(4, 0.25, return_sequences=True)
    assert (layer.units, layer.gain, layer.cell.gain) == (4, 0.25, 0.25)
    again = Plain.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    with pytest.raises(TypeError, match="units"):
        Plain()


def test_so_does_that_of_a_cell_derived_from_it():
    class Halving(PlainCell):
        def call(self, inputs, states):
            h, _ = super().call(inputs, states)
            return h / 2, [h / 2]

    class Half(RNN, cell=Halving):
        pass

    assert names(Halving) == names(PlainCell) == ["units", "gain", "kwargs"]
    assert names(Half)[:2] == ["units", "gain"]
    assert Half(4).cell.gain == 0.5


def test_an_argument_of_the_users_own_is_declared_with_public_names():
    class Halving(Layer):
        parts = cello.arg(2, kind=cello.kinds.positive_integer, doc="How many parts.")

    assert Halving(parts=3).get_config()["parts"] == 3
    with pytest.raises(ValueError, match="Halving: parts must be a positive integer"):
        Halving(parts=0)
    assert positive_integer is cello.kinds.positive_integer


def test_a_layer_below_a_recurrent_one_can_fix_an_argument():
    class Small(LSTM):
        use_bias = False

    assert "use_bias" not in names(Small)
    assert Small(3).cell.use_bias is False
