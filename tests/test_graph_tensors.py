"""What Python's operators and activations make of the tensors of a graph, and of variables."""

import keras
import numpy as np
import pytest

import cello
from cello import Variable

COMPILATIONS = 70

X = np.array([[0, 1, 2], [3, -1, 0]], "int32")

OPERATORS = {
    "!=": lambda t: t != 0,
    "==": lambda t: t == 1,
    "== list": lambda t: t == [0, 1, 5],
    "two tensors": lambda t: t == t * t,
    "0 !=": lambda t: t != 0,
    "abs": abs,
    "+": lambda t: +t,
    "&": lambda t: (t != 0) & (t < 2),
    "True &": lambda t: True & (t != 0),
    "|": lambda t: (t == 0) | (t > 1),
    "^": lambda t: (t == 0) ^ (t < 1),
    "~": lambda t: ~(t == 0),
    "masked": lambda t: (t * 2) * (t != 0),
}


def test_operators_are_those_of_arrays(tmp_path):
    x = cello.Input((3,), dtype="int32")
    model = cello.Model(x, {name: apply(x) for name, apply in OPERATORS.items()})
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    for found in (model.predict(X, verbose=0), again.predict(X, verbose=0)):
        for name, apply in OPERATORS.items():
            np.testing.assert_array_equal(found[name], apply(X), name)
            assert found[name].dtype == apply(X).dtype


def test_variables_compare_like_arrays():
    variable = Variable(X)
    for name, apply in OPERATORS.items():
        if name != "two tensors":
            np.testing.assert_array_equal(apply(variable), apply(X), name)
    other = Variable(X)
    assert variable == variable and variable != other and variable in [other, variable]
    assert variable not in [other] and variable != None  # noqa: E711


def test_what_is_no_tensor_is_not_equal():
    x = cello.Input((3,))
    assert (x == None) is False and (x != "x") is True  # noqa: E711
    assert {x: 1}[x] == 1 and x in [x]


@pytest.mark.parametrize("apply", [lambda t: t & 1, lambda t: 1 | t, lambda t: ~t, lambda t: t ^ t])
def test_bits_of_integers_are_refused(apply):  # NumPy goes by bits, Keras by truth
    with pytest.raises(TypeError, match=r"connects tensors of booleans.*int.*cello\.ops\.logic"):
        apply(cello.Input((3,), dtype="int32"))
    with pytest.raises(TypeError, match="no truth value"):
        bool(cello.Input((3,)) == 0)


ACTIVATIONS = ["relu", "leaky_relu", "gelu", "softmax", "hard_sigmoid", "exponential"]


def test_activations_are_functions_of_graphs():
    x = cello.Input((4,))
    functions = {name: getattr(cello.activations, name) for name in ACTIVATIONS}
    model = cello.Model(x, {name: f(x) for name, f in functions.items()})
    values = np.random.default_rng(0).normal(size=(2, 4)).astype("float32")
    found = model.predict(values, verbose=0)
    for name in ACTIVATIONS:
        expected = getattr(keras.activations, name)(values)
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6, err_msg=name)
    with pytest.raises(TypeError, match=r"Lambda\(lambda x: cello.activations.relu\(x, ...\)\)"):
        cello.activations.relu(x, negative_slope=0.1)


def test_files_have_them(tmp_path):
    values = np.array([[-1.0, 0.5, 2.0]], "float32")
    for writer, reader in ((cello, keras), (keras, cello)):
        x = writer.Input((3,))
        y = writer.activations.relu(x) + abs(x) * (x != 0.5)
        y = writer.activations.softmax(writer.ops.where((x > 1) & (x != 3), y, x))
        model = writer.Model(x, y)
        model.save(tmp_path / "m.keras")
        again = reader.models.load_model(tmp_path / "m.keras")
        y = np.where(values > 1, np.maximum(values, 0) + abs(values) * (values != 0.5), values)
        expected = np.exp(y) / np.exp(y).sum()
        for m in (model, again):
            np.testing.assert_allclose(m(values), expected, rtol=1e-6)


# ----------------------------------------------------- variables that nobody holds


class Noise(cello.layers.Layer):
    """Adds noise, always."""

    streams = True

    def __init__(self, generator, **kwargs):
        super().__init__(**kwargs)
        self.draw = lambda shape: cello.random.normal(shape, seed=generator)

    def call(self, x):
        return x + self.draw(x.shape)


class Counter(cello.layers.Layer):
    def __init__(self, held=None):
        super().__init__()
        self.held = held

    def call(self, x):
        COUNT.assign_add(1.0)
        return x + COUNT.value


COUNT = Variable(0.0, weight=False)


def row(layer):
    return cello.Sequential([cello.Input((3,)), layer])


def test_what_changes_in_a_compiled_program_has_an_owner():
    generator = cello.random.SeedGenerator(0)
    zeros = np.zeros((2, 3), "float32")
    for layer in (Noise(generator), Counter()):
        model = row(layer)
        with pytest.raises(RuntimeError, match="no layer of the model holds it"):
            model.predict(zeros, verbose=0)
        assert not np.array_equal(model(zeros), model(zeros))  # each call goes on
    layer = Noise(generator)
    layer.seed_generator = generator
    model = row(layer)
    first, second = (model.predict(zeros, verbose=0) for _ in range(2))
    assert not np.array_equal(first, second)
    COUNT.assign(0.0)
    model = row(Counter(COUNT))
    assert [model.predict(zeros, verbose=0)[0, 0] for _ in range(2)] == [1, 2]


def test_noise_goes_on_in_streams():
    layer = Noise(generator := cello.random.SeedGenerator(0))
    layer.seed_generator = generator
    model = cello.Sequential([cello.Input((None, 3)), layer])
    session = model.stream(1)
    chunk = np.zeros((1, 2, 3), "float32")
    assert not np.array_equal(session(chunk), session(chunk))


def test_noise_that_would_be_the_same_at_each_token_is_refused():
    layer = Noise(generator := cello.random.SeedGenerator(0))
    layer.seed_generator = generator
    L = cello.layers
    tokens = cello.Input((None,), dtype="int32")
    y = L.GRU(4, return_sequences=True)(L.Embedding(4, 2)(tokens))
    scores = L.Activation("softmax")(layer(y))
    with pytest.raises(ValueError, match="would be the same at each token"):
        cello.Model(tokens, scores).generate(np.array([[1, 2]]), 3)
