"""What everything stands on: variables under bindings, the masks of tensors, names in scopes."""

import gc
import os
import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cello import Variable
from cello.core import masking
from cello.core.masking import get_mask, set_mask
from cello.core.serialization import custom_object_scope, deserialize, serialize
from cello.core.variable import Binding, overridden
from cello.layers import Layer

COMPILATIONS = 24


def test_a_binding_stands_before_the_outer_one_and_the_variable():
    one, two = Variable(1.0), Variable(2.0)
    with Binding({one: jnp.float32(10)}):
        with Binding({two: jnp.float32(20)}):
            assert (one.value, two.value) == (10, 20)
        assert (one.value, two.value) == (10, 2)
    assert (one.value, two.value) == (1, 2)


def test_an_assignment_ends_with_its_binding():
    variable = Variable(1.0)
    with Binding() as outer:
        with Binding() as inner:
            variable.assign(2.0)
            assert variable.value == 2
        assert variable.value == 1
        variable.assign_add(4.0)
    assert variable.value == 1
    assert list(inner.assigned) == list(outer.assigned) == [variable]
    assert (inner.values[variable], outer.values[variable]) == (2, 5)


def test_what_is_assigned_and_added_where_values_are_overridden_stays():
    read, counted = Variable(1.0), Variable(0.0)
    with Binding():
        with overridden({read: jnp.float32(5)}):
            assert read.value == 5
            counted.assign_add(1.0)
            outer_now = counted.value
        assert (read.value, counted.value, outer_now) == (1, 1, 1)


class Charging(Layer):
    """Adds to the loss where another value of its variable is read."""

    def build(self, input_shape):
        self.price = self.add_weight((), "ones")

    def call(self, x):
        with overridden({self.price: jnp.float32(3)}):
            self.add_loss(self.price.value)
        return x


def test_a_penalty_from_where_values_are_overridden_counts():
    layer = Charging()
    with Binding() as binding:
        layer(np.ones((2, 3), "float32"))
    assert [float(loss) for loss in binding.losses] == [3]


def test_a_value_that_is_being_traced_is_no_value_of_a_variable():
    variable = Variable(1.0)
    with pytest.raises(RuntimeError, match="was assigned inside a function that JAX traces"):
        jax.jit(variable.assign)(2.0)
    assert variable.value == 1


def test_a_variable_keeps_its_numbers_when_the_array_that_it_came_from_changes():
    room = np.zeros(2**12, "float32")  # JAX would share memory that is aligned so
    start = -room.ctypes.data % 64 // 4
    numbers = room[start : start + 2**10]
    variable, other = Variable(numbers), Variable(np.ones(2**10, "float32"))
    other.assign(numbers)
    room[...] = 7
    assert not variable.numpy().any()
    assert not other.numpy().any()


def test_a_variable_is_used_as_a_number_and_as_its_rows():
    """What Keras' variables can: the values are Python's own."""
    number, flags = Variable(-2.5), Variable(np.array([True, False]))
    assert (float(number), int(number), abs(number), round(number), +number) == (
        -2.5,
        -2,
        2.5,
        -2,
        -2.5,
    )
    assert (~flags).tolist() == [False, True] and (flags & True).tolist() == [True, False]
    assert (False | flags).tolist() == [True, False] and (flags ^ True).tolist() == [False, True]
    assert [row.tolist() for row in Variable(np.eye(2))] == [[1, 0], [0, 1]]
    number.assign_sub(1.5)
    assert float(number) == -4


def test_a_mask_lives_as_long_as_its_tensor():
    before = len(masking._masks)
    tensor, mask = jnp.zeros((2, 3)), jnp.ones((2, 3), bool)
    set_mask(tensor, mask)
    assert get_mask(tensor) is mask
    assert get_mask(tensor + 0) is None
    del tensor
    gc.collect()
    assert len(masking._masks) <= before


def test_names_of_ones_own_are_known_in_their_scope_only():
    entry = serialize(Charging(name="dear"))
    with custom_object_scope({"Charging": Charging}):
        assert deserialize(entry).name == "dear"
    with pytest.raises(ValueError, match="Unknown class 'Charging'"):
        deserialize(entry)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks")
def test_the_first_fork_after_jax_was_used_says_what_to_do():
    program = (
        "import os, warnings, cello\n"
        "def fork():\n"
        "    with warnings.catch_warnings(record=True) as caught:\n"
        "        warnings.simplefilter('always')\n"
        "        if os.fork() == 0:\n"
        "            os._exit(0)\n"
        "    return sum('spawn' in str(w.message) for w in caught)\n"
        "before = fork()\n"
        "cello.Variable([1.0])\n"
        "print(before, fork(), fork())\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout.split() == ["0", "1", "0"], run.stderr
