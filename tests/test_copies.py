"""`pickle` and `copy` of models and what they hold: a copy goes on as the original."""

import copy
import importlib
import pickle
import pkgutil
import subprocess
import sys

import jax
import numpy as np
import pytest

import cello
from cello import Input, Model, Sequential, layers

COMPILATIONS = 85

WAYS = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
}
every_way = pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
X = np.random.default_rng(0).normal(size=(8, 5, 3)).astype("float32")
Y = X[:, 0, :1]


class Own(Model):
    """A class of one's own, with a metric that it counts itself and no `get_config`."""

    def __init__(self):
        super().__init__()
        self.parts = {"rnn": layers.GRU(3, dropout=0.3), "head": layers.Dense(1)}
        self.size = cello.metrics.Mean(name="size")

    def call(self, x, training=False):
        y = self.parts["head"](self.parts["rnn"](x, training=training))
        self.size.update_state(abs(y))
        return y


def graph():
    x = Input((None, 3), name="x")
    shared = layers.LSTM(3, return_sequences=True)
    both = layers.Add()([shared(layers.Masking()(x)), shared(x * 2.0)])
    return Model(x, layers.Dense(1)(layers.Dropout(0.3)(both)[:, -1]))


def stack():
    parts = [Input(batch_shape=(4, 5, 3)), layers.MGU(3, stateful=True), layers.Dense(1)]
    return Sequential([*parts, layers.BatchNormalization()])


def fit(model):
    return model.fit(X, Y, batch_size=4, epochs=2, verbose=0, shuffle=False)


@pytest.mark.parametrize(
    ("make", "way"),
    [
        (graph, WAYS["pickle"]),
        (stack, WAYS["deepcopy"]),
        (Own, WAYS["pickle"]),
        *(
            pytest.param(*both, marks=pytest.mark.deep)
            for both in ((graph, WAYS["deepcopy"]), (stack, WAYS["pickle"]))
        ),
    ],
)
def test_a_copy_of_a_trained_model_goes_on_as_the_model(make, way):
    model = make()
    optimizer = cello.optimizers.Adam(0.01, use_ema=True)
    model.compile(optimizer, "mse", metrics=["mae", cello.metrics.RootMeanSquaredError()])
    history = fit(model)
    twin, again = way((model, history))
    assert again.model is twin and again.history == history.history
    assert twin.optimizer is not optimizer and twin.optimizer.iterations == 4
    states = model.get_states(), twin.get_states()
    jax.tree.map(np.testing.assert_array_equal, *states)
    assert fit(twin).history == fit(model).history  # the same dropout masks, averages and states
    weights = twin.get_weights()
    fit(model)
    jax.tree.map(np.testing.assert_array_equal, weights, twin.get_weights())  # nothing is shared


@every_way
def test_the_graph_of_a_copy_is_a_graph(way):
    model = graph()
    twin = way(model)
    assert twin.get_config() == model.get_config() and twin.output.shape == (None, 1)
    assert twin.layers[-1].output is twin.output and twin.output is not model.output
    longer = Model(twin.input, layers.Dense(2, name="behind")(twin.output))
    assert longer(X).shape == (8, 2)


def test_a_long_graph_is_no_deep_one():
    x = y = Input((2,))
    for _ in range(400):
        y = y + 1.0
    model = Model(x, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(model))(np.ones((1, 2))), [[401, 401]])


@every_way
def test_a_copied_layer_leaves_the_graph_behind(way):
    model = graph()
    layer = model.layers[-1]
    twin = way(layer)
    np.testing.assert_array_equal(twin(X), layer(X))
    assert not twin.graph_nodes and len(pickle.dumps(layer)) < len(pickle.dumps(model)) / 2


@every_way
def test_a_copy_of_a_session_goes_on_where_the_session_is(way):
    x = Input((None, 3))
    session = Model(x, layers.LSTM(3)(x)).stream(batch_size=8)
    session(X[:, :2])
    twin = way(session)
    np.testing.assert_array_equal(twin(X[:, 2:4]), session(X[:, 2:4]))
    np.testing.assert_array_equal(twin.state["starts"], session.state["starts"])


@every_way
def test_an_optimizer_alone_keeps_its_state(way):
    optimizer = cello.optimizers.SGD(0.1, momentum=0.9)
    params = np.ones(2, "float32")
    optimizer.state = optimizer.init(params)
    params, optimizer.state = optimizer.update(params, optimizer.state, params)
    twin = way(optimizer)
    want, _ = optimizer.update(params, optimizer.state, params)
    np.testing.assert_array_equal(twin.update(params, twin.state, params)[0], want)
    assert twin.iterations == 1


def test_every_class_and_function_is_found_where_it_says():
    found = 0
    for module in pkgutil.iter_modules(cello.__path__, "cello."):
        shown = importlib.import_module(module.name)
        for name in getattr(shown, "__all__", ()):
            thing = getattr(shown, name)
            if callable(thing):
                assert pickle.loads(pickle.dumps(thing)) is thing, name
                found += 1
    assert found > 300


@pytest.mark.deep
def test_a_model_goes_to_another_process(tmp_path):
    model = graph()
    model.compile("adam", "mse")
    fit(model)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(model))
    np.save(tmp_path / "x.npy", X)
    program = (
        "import pickle, numpy as np, cello\n"
        "model = pickle.load(open('model.pkl', 'rb'))\n"
        "x = np.load('x.npy')\n"
        "np.save('y.npy', model.predict(x, verbose=0))\n"
        "model.fit(x, x[:, 0, :1], verbose=0)\n"
        "new = [cello.Input((None, 3)) for _ in range(1000)]\n"
        "assert model.input.spec.shape[1] not in [t.spec.shape[1] for t in new]\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    np.testing.assert_allclose(np.load(tmp_path / "y.npy"), model.predict(X, verbose=0), rtol=1e-6)
