"""Small helpers."""

import keras
import numpy as np
import pytest

import cello


def test_to_categorical_as_in_keras():
    for labels in ([0, 2, 1], [[0], [3]], np.array([[1, 0], [2, 2]])):
        want = keras.utils.to_categorical(labels)
        np.testing.assert_array_equal(cello.utils.to_categorical(labels), want)
    want = keras.utils.to_categorical([0, 1], num_classes=4)
    np.testing.assert_array_equal(cello.utils.to_categorical([0, 1], 4), want)


@pytest.mark.parametrize("labels, classes", [([0, -1], None), ([0, 4], 3)])
def test_to_categorical_refuses_labels_out_of_range(labels, classes):
    with pytest.raises(ValueError, match="to_categorical"):
        cello.utils.to_categorical(labels, classes)


def test_floatx():
    assert cello.config.floatx() == "float32"
    with pytest.raises(ValueError, match="float"):
        cello.config.set_floatx("int8")
    cello.config.set_floatx("bfloat16")
    try:
        assert cello.layers.LSTM(3)(np.ones((1, 2, 2))).dtype == "bfloat16"
    finally:
        cello.config.set_floatx("float32")


def test_variables_behave_like_arrays():
    v = cello.Variable(np.arange(4.0).reshape(2, 2), name="v")
    np.testing.assert_array_equal(v + 1, np.arange(4.0).reshape(2, 2) + 1)
    np.testing.assert_array_equal(2 - v, 2 - v.numpy())
    np.testing.assert_array_equal(-v, -v.numpy())
    np.testing.assert_array_equal(v[0] @ v, v.numpy()[0] @ v.numpy())
    assert len(v) == 2 and v.ndim == 2 and v.size == 4
    v.assign_add(np.ones((2, 2)))
    assert v.numpy()[0, 0] == 1 and "v" in repr(v)
    with pytest.raises(ValueError, match=r"'v' has the shape \(2, 2\)"):
        v.assign(np.ones(3))


def test_bidirectional_starts_from_given_weights():
    layer = cello.layers.Bidirectional(cello.layers.LSTM(3))
    layer(np.ones((1, 2, 2)))
    again = cello.layers.Bidirectional(cello.layers.LSTM(3), weights=layer.get_weights())
    x = np.random.default_rng(0).normal(size=(2, 4, 2)).astype("float32")
    np.testing.assert_array_equal(again(x), layer(x))
