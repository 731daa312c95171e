"""Small helpers."""

import pathlib
import tomllib

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


@pytest.mark.parametrize("padding", ["pre", "post"])
@pytest.mark.parametrize("truncating", ["pre", "post"])
@pytest.mark.parametrize("maxlen", [None, 2, 5])
def test_pad_sequences_as_in_keras(padding, truncating, maxlen):
    options = {"padding": padding, "truncating": truncating, "maxlen": maxlen}
    steps = np.arange(12.0).reshape(3, 2, 2)
    for sequences, more in (
        ([[1, 2, 3], [4], [], [5, 6, 7, 8]], {}),
        ([[1.5, 2], [3.0]], {"dtype": "float32", "value": -1.0}),
        ([steps, steps[:1]], {"dtype": "float64"}),
    ):
        got = cello.utils.pad_sequences(sequences, **options, **more)
        want = keras.utils.pad_sequences(sequences, **options, **more)
        assert got.dtype == want.dtype
        np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize(
    "given, message",
    [
        (lambda: cello.utils.pad_sequences([[1]], padding="front"), "padding must be one of 'pre'"),
        (lambda: cello.utils.pad_sequences([[1], 2]), "entry 1 is the number 2: for one"),
        (lambda: cello.utils.pad_sequences([np.ones((2, 3)), np.ones((2, 4))]), "(3,), (4,)"),
    ],
)
def test_pad_sequences_refuses(given, message):
    with pytest.raises(ValueError) as caught:
        given()
    assert message in str(caught.value)


def test_clear_session_counts_names_anew():
    cello.layers.Dense(1)
    cello.backend.clear_session()
    assert [cello.layers.Dense(1).name for _ in range(3)] == ["dense", "dense_1", "dense_2"]


def test_functions_of_ops_take_variables():
    v = cello.Variable(np.arange(4.0).reshape(2, 2))
    x = np.ones((3, 2), "float32")
    np.testing.assert_array_equal(cello.ops.matmul(x, v), x @ v.numpy())
    np.testing.assert_array_equal(cello.ops.concatenate([v, v]), np.concatenate([v.numpy()] * 2))

    class Projection(cello.Layer):
        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1], 2), "ones")

        def call(self, inputs):
            return cello.ops.matmul(inputs, self.kernel)

    model = cello.Sequential([cello.Input((5,)), Projection()])
    np.testing.assert_allclose(model(np.ones((1, 5))), [[5.0, 5.0]])


def test_the_version_is_that_of_the_package():
    project = pathlib.Path(__file__).parents[1] / "pyproject.toml"
    assert cello.__version__ == tomllib.loads(project.read_text())["project"]["version"]


def test_normalize_as_in_keras():
    x = np.random.default_rng(0).normal(size=(3, 4, 2))
    x[1, 2] = 0
    for axis, order in ((-1, 2), (1, 1), (2, 2), (1, 3)):
        want = keras.utils.normalize(x, axis, order)
        np.testing.assert_allclose(cello.utils.normalize(x, axis, order), want)


def test_a_progress_bar_averages_as_that_of_keras(capsys):
    bars = [k.utils.Progbar(6, verbose=2, stateful_metrics=["last"]) for k in (keras, cello)]
    for bar in bars:
        bar.update(1, [("loss", 3.0), ("last", 5.0)])
        bar.add(2, [("loss", 1.0), ("last", 4.0)])
    theirs = bars[0]._values
    want = {name: total / count for name, (total, count) in theirs.items()}
    assert bars[1].averages == pytest.approx(want)
    for bar in bars:
        bar.update(6, [("loss", 2.0), ("last", 7.0)])
    assert bars[1].averages == {name: total for name, (total, _) in theirs.items()}
    assert "6/6" in capsys.readouterr().out
    cello.utils.Progbar(None, verbose=0).add(1, [("loss", 1.0)])
    assert capsys.readouterr().out == ""


def test_what_keras_backend_says_of_dtypes():
    for dtype in ("float32", "bfloat16", "int8", "bool", "uint32"):
        for name in ("is_float_dtype", "is_int_dtype", "standardize_dtype"):
            want = getattr(keras.backend, name)(dtype)
            assert getattr(cello.backend, name)(dtype) == want
    for dtypes in (("int32", "float16"), ("bfloat16", "float16"), ("bool", "int8")):
        assert cello.backend.result_type(*dtypes) == keras.backend.result_type(*dtypes)
    for name in ("epsilon", "image_data_format", "backend"):
        for module in ("config", "backend"):
            ours, theirs = (getattr(getattr(k, module), name)() for k in (cello, keras))
            assert ours == theirs
    assert cello.utils.is_keras_tensor(cello.Input((2,)))
    assert not cello.utils.is_keras_tensor(np.ones(2))
    cello.config.set_image_data_format("channels_last")
    with pytest.raises(ValueError, match="must be 'channels_last'"):
        cello.config.set_image_data_format("channels_first")
