"""What a model holds is looked for once, and anew after each change."""

import numpy as np
import pytest

import cello
from cello import layers
from cello.core.inventory import Inventory

COMPILATIONS = 15


class Blocks(layers.Layer):
    def __init__(self):
        super().__init__()
        self.blocks = [layers.Dense(2)]
        self.table = {"deep": [layers.Dense(2)]}
        self.gate = None

    def call(self, inputs):
        for block in [*self.blocks, *self.table["deep"]]:
            inputs = block(inputs)
        return inputs if self.gate is None else inputs * self.gate.value


def freeze_a_weight(layer):
    layer.blocks[0].kernel.trainable = False


def freeze_a_layer(layer):
    layer.table["deep"][0].trainable = False


def append_to_a_list(layer):
    layer.blocks.append(layers.Dense(2))


def replace_in_a_list(layer):
    layer.table["deep"][0] = layers.Dense(2)


def add_to_a_dict(layer):
    layer.table["wide"] = layers.Dense(2)


def set_an_attribute(layer):
    layer.gate = layer.add_weight((2,), "ones")


def add_an_attribute(layer):
    layer.more = layers.Dense(2)


def set_one_within(layer):
    layer.blocks[0].bias = layer.blocks[0].add_weight((2,), "ones")


CHANGES = [
    freeze_a_weight, freeze_a_layer, append_to_a_list, replace_in_a_list, add_to_a_dict,
    set_an_attribute, add_an_attribute, set_one_within,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_every_change_is_noticed(change):
    layer = Blocks()
    layer(np.zeros((1, 2), "float32"))
    inventory = Inventory([layer])
    layer(np.ones((1, 2), "float32"))
    layer.blocks[0].kernel.assign(np.ones((2, 2)))
    assert inventory.is_current()  # new values are no change
    change(layer)
    assert not inventory.is_current()


def test_what_goes_from_one_list_to_the_next_is_noticed():
    layer = layers.Layer()
    layer.inner = layers.Dense(2)
    layer.left, layer.right = [layer.inner], []
    inventory = Inventory([layer])
    assert inventory.is_current()
    layer.right.append(layer.left.pop())
    assert not inventory.is_current()


def test_a_model_computes_with_what_it_holds_now():
    """A layer that is added to a list between two calls takes part in the second."""
    model = cello.Sequential([cello.Input((2,)), Blocks()])
    x = np.random.default_rng(0).normal(size=(2, 2)).astype("float32")
    before = model.predict_on_batch(x)
    double = layers.Dense(2, use_bias=False)
    double.build((None, 2))
    double.set_weights([2 * np.eye(2)])
    model.layers[-1].blocks.insert(0, double)
    after = model.predict_on_batch(x)
    np.testing.assert_allclose(after, 2 * before, rtol=1e-5)  # the layers behind have no bias yet


def test_nothing_is_looked_for_again_in_a_loop_of_calls(monkeypatch):
    """A server or a control loop calls a thousand times a second."""
    model = cello.Sequential([cello.Input((3, 2)), layers.LSTM(2), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"])
    x, y = np.zeros((1, 3, 2), "float32"), np.zeros((1, 1), "float32")

    def call():
        model.predict_on_batch(x)
        model.predict(x, verbose=0)
        model.train_on_batch(x, y)
        model.test_on_batch(x, y)

    call()
    call()
    looked = []
    for name in ("flatten_layers", "owned"):
        found = getattr(layers.Layer, name)
        monkeypatch.setattr(
            layers.Layer,
            name,
            lambda self, *args, found=found: looked.append(self) or found(self, *args),
        )
    call()
    assert not looked
