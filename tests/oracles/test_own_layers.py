"""Layers, cells and models of one's own: what is built, losses, states, the list of layers."""

import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 130

LIBRARIES = (cello, keras)
X = np.random.default_rng(0).normal(size=(4, 5, 3)).astype("float32")


def test_a_subclass_builds_though_its_base_needs_no_build():
    for library in LIBRARIES:

        class Scaled(library.layers.Dropout):
            def build(self, input_shape):
                self.scale = self.add_weight(shape=(input_shape[-1],), initializer="ones")
                super().build(input_shape)

            def call(self, x, training=None):
                return 2 * self.scale * super().call(x, training=training)

        layer = Scaled(0.5)
        np.testing.assert_allclose(layer(X), 2 * X)
        assert layer.built and len(layer.weights) == 1
    assert cello.layers.Dropout(0.5).built


# --------------------------------------------------------------------------------- losses


def paying(library):
    """A layer that adds what its inputs are worth, and one that is penalised in both ways."""

    class Paying(library.layers.Layer):
        def call(self, x, training=None):
            if training:
                self.add_loss([library.ops.sum(x), 2 * library.ops.sum(x)])
            return x

    dense = library.layers.Dense(
        2, "linear", False, "ones", activity_regularizer="l2", kernel_regularizer="l1"
    )
    return Paying(), dense


def numbers(losses):
    return [float(loss) for loss in losses]


def test_losses_after_calls_outside_of_a_model():
    of = {}
    for library in LIBRARIES:
        adding, dense = paying(library)
        seen = of[library] = []
        for layer in (adding, dense, dense):
            layer(X[0], **({"training": True} if layer is adding else {}))
            seen.append(numbers(layer.losses))
        model = library.Sequential([adding, dense])
        model(X[0], training=True)
        seen += numbers(model.losses), numbers(adding.losses)
        model(X[1], training=False)  # adds less, and what the call before added is gone
        seen.append(numbers(model.losses))
        alone = library.Sequential([paying(library)[0]])
        for training in (True, False):
            alone(X[0], training=training)
            seen.append(numbers(alone.losses))
    assert of[cello][-1] == of[keras][-1] == []
    for ours, theirs in zip(of[cello], of[keras], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_a_function_is_no_loss():
    for library in LIBRARIES:

        class Later(library.layers.Layer):
            def call(self, x):
                self.add_loss(lambda: 1.0)
                return x

        with pytest.raises(ValueError):
            Later()(X)


def test_fit_with_targets_and_added_losses_alone():
    history = {}
    for library in LIBRARIES:
        adding, dense = paying(library)
        model = library.Sequential([library.layers.Input((3,)), adding, dense])
        model.compile(library.optimizers.SGD(0.01))
        x, y = X[:, 0], np.zeros((4, 2), "float32")
        history[library] = model.fit(x, y, epochs=2, verbose=0).history["loss"]
    np.testing.assert_allclose(history[cello], history[keras], rtol=1e-5)


def test_targets_that_teach_nothing_are_refused():
    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(1)])
    model.compile("sgd")
    before = model.get_weights()
    with pytest.raises(ValueError, match="no loss, and no layer adds one, so y would teach"):
        model.fit(X[:, 0], np.zeros((4, 1)), verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


# --------------------------------------------------------------------------------- states


def cell_of(library, size):
    class Summing(library.layers.Layer):
        def __init__(self):
            super().__init__()
            self.state_size = size
            self.output_size = 2

        def call(self, x, states, training=None):
            h = x[:, :2] + states[0]
            return h, [h, *states[1:]]

    return Summing()


ROWS = {  # of cells: the sizes of own ones, or the names of the library's
    "one": [2],
    "two": [2, 2],
    "list": [[2], 2],
    "several": [[2, 3], 2],
    "library": ["GRUCell", "LSTMCell"],
    "mixed": [2, "LSTMCell"],
}


@pytest.mark.parametrize("row", ROWS)
def test_states_of_stacked_cells(row):
    found = {}
    for library in LIBRARIES:
        cells = [
            getattr(library.layers, size)(2) if isinstance(size, str) else cell_of(library, size)
            for size in ROWS[row]
        ]
        layer = library.layers.RNN(cells, return_state=True)
        _, *states = layer(X)
        found[library] = [
            [s.shape for s in state] if isinstance(state, (list, tuple)) else state.shape
            for state in states
        ]
        layer(X, initial_state=states)
    assert found[cello] == found[keras]


# --------------------------------------------------------------------------------- layers


def test_the_list_of_layers():
    kinds = {}
    for library in LIBRARIES:
        L = library.layers
        x = library.Input((3,))
        h = L.Dense(3, name="h")(x)
        y = L.Dense(2, name="y")(library.ops.relu(h + 2 * h)[:, 1:] * abs(h)[:, :1])
        whole, rest = library.Model(x, y), library.Model(h, y)
        own = type("Own", (library.Model,), {"call": lambda self, x: x})()
        own.first, own.rest = L.Dense(1), rest
        kinds[library] = [
            [type(layer).__name__ for layer in model.layers if not hasattr(layer, "layers")]
            for model in (whole, rest, own)
        ] + [rest.get_layer(index=1).name, len(own.layers)]
    assert kinds[cello] == kinds[keras]
    assert kinds[cello][1] == ["InputLayer", "Dense"]


def nested_outputs(library):
    x = library.Input((None, 3), name="x")
    y, h = library.layers.GRU(2, return_state=True)(x)
    return library.Model((x,), {"pair": (y, h), "list": [y]})


def test_the_nesting_of_inputs_and_outputs_survives_a_configuration():
    kinds = {}
    for library in LIBRARIES:
        model = nested_outputs(library)
        again = library.Model.from_config(model.get_config())
        kinds[library] = [
            [type(m.input), *(type(v) for _, v in sorted(m.output.items()))] for m in (model, again)
        ]
    assert kinds[cello] == kinds[keras]
    assert kinds[cello][1] == [tuple, list, tuple]


def test_functions_compute_in_the_dtype_of_the_input():
    dtypes = {}
    for library in LIBRARIES:
        x = library.Input((3,), dtype="float16")
        model = library.Model(x, x * 2)
        dtypes[library] = str(model(np.ones((1, 3))).dtype), str(model.outputs[0].dtype)
    assert dtypes[cello] == dtypes[keras] == ("float16", "float16")


def test_both_directions_of_a_cell_that_is_registered_nowhere():
    """Keras 3.15 does not find the class."""
    cells = [cell_of(cello, 2), cell_of(cello, [2])]
    both = cello.layers.Bidirectional(cello.layers.RNN(cells, return_sequences=True))
    summed = np.cumsum(np.cumsum(X[..., :2], 1), 1)
    backwards = np.cumsum(np.cumsum(X[:, ::-1, :2], 1), 1)[:, ::-1]
    expected = np.concatenate([summed, backwards], -1)
    np.testing.assert_allclose(both(X), expected, rtol=1e-4, atol=1e-5)
