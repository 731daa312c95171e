"""Losses, weights, metrics and targets over the outputs of a model, in the forms of Keras."""

import jax
import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 75

X = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
Y = {"a": np.full((4, 1), 0.5, "float32"), "b": np.arange(8, dtype="float32").reshape(4, 2)}

FORMS = {
    "list": lambda a, b: [a, b],
    "dict": lambda a, b: {"p": a, "q": b},
    "nested dict": lambda a, b: {"p": a, "q": [b]},
    "nested list": lambda a, b: [a, [b]],
}
A, B = Y["a"], Y["b"]
CASES = [  # the form of the outputs, loss, y, loss_weights
    ("list", [None, "mse"], B, None),
    ("list", [None, "mse"], [B], None),
    ("list", [None, "mse"], [A, B], None),
    ("list", {"a": "mse", "b": "mae"}, [A, B], {"a": 2.0, "b": 0.5}),
    ("list", "mse", {"b": B, "a": A}, None),
    ("list", [["mse", "mae"], "mse"], [A, B], [[1.0, 0.5], 2.0]),
    ("list", {"a": ["mse", "mae"], "b": "mse"}, Y, None),
    ("dict", {"p": "mse"}, {"p": A}, None),
    ("dict", {"p": "mse"}, A, None),
    ("dict", {"p": ["mse", "mae"], "q": "mae"}, {"p": A, "q": B}, {"p": [1.0, 2.0], "q": 0.5}),
    ("nested dict", {"p": "mse", "q": ["mae"]}, {"p": A, "q": [B]}, None),
    ("nested dict", "mse", {"p": A, "q": [B]}, None),
    ("nested list", ["mse", ["mae"]], [A, [B]], None),
    ("nested list", ["mse", "mae"], [A, B], None),
]


def compiled(library, form, loss, loss_weights=None, metrics=None):
    x = library.Input((3,))
    outputs = [library.layers.Dense(n, name=name)(x) for name, n in (("a", 1), ("b", 2))]
    model = library.Model(x, FORMS[form](*outputs))
    model.set_weights([np.full(w.shape, 0.5, "float32") for w in model.get_weights()])
    model.compile("sgd", loss, loss_weights=loss_weights, metrics=metrics)
    return model


@pytest.mark.parametrize("form, loss, y, loss_weights", CASES)
def test_losses_over_outputs(form, loss, y, loss_weights):
    models = [compiled(library, form, loss, loss_weights) for library in (cello, keras)]
    ours, theirs = (m.fit(X, y, batch_size=4, verbose=0).history for m in models)
    for a, b in zip(*(m.get_weights() for m in models), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    assert ours.keys() == theirs.keys()
    several = {n for n in ours if n[0] in "ap" and "[[" in str(loss).replace(": ", "[")}
    for name in ours.keys() - several:  # Keras shows the last of several losses of an output
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)


def test_several_losses_of_the_only_output_are_added():
    """Keras takes the first of them."""
    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(1)])
    model.compile("sgd", ["mse", "mae"], loss_weights=[1.0, 3.0])
    error = model.predict(X, verbose=0) - A
    mse, mae = np.mean(np.square(error)), np.mean(np.abs(error))
    found = model.evaluate(X, A, verbose=0, return_dict=True)
    np.testing.assert_allclose(list(found.values()), [mse + 3 * mae, mse + mae], rtol=1e-5)


@pytest.mark.parametrize(
    "metrics",
    [["mae", "MSE"], [None, ["mae"]], {"b": ["mse", "mae", "mae"], "a": "mae"}],
    ids=["one for each", "none for one", "by names"],
)
def test_metrics_over_outputs(metrics):
    models = [compiled(library, "list", "mse", metrics=metrics) for library in (cello, keras)]
    ours, theirs = (m.evaluate(X, [A, B], return_dict=True, verbose=0) for m in models)
    assert ours.keys() == theirs.keys()
    for name, want in theirs.items():
        np.testing.assert_allclose(ours[name], want, rtol=1e-5)
    ours, theirs = (m.evaluate(X, [A, B], verbose=0) for m in models)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


def test_names_of_metrics():
    def LargeError(y_true, y_pred):
        return 10 * (y_true - y_pred) ** 2

    found = []
    for library in (cello, keras):
        model = library.Sequential([library.Input((3,)), library.layers.Dense(1)])
        model.set_weights([np.full((3, 1), 0.5, "float32"), np.zeros(1, "float32")])
        metrics = ["MAE", "AUC", "Accuracy", LargeError, library.losses.MeanAbsoluteError(), "MAE"]
        model.compile("sgd", "mse", metrics=[metrics])
        found.append(model.evaluate(X, np.sign(A), return_dict=True, verbose=0))
    ours, theirs = found
    assert ours.keys() == theirs.keys()
    for name, want in theirs.items():
        np.testing.assert_allclose(ours[name], want, rtol=1e-5, err_msg=name)


def test_metrics_of_nested_outputs():
    y = {"p": A, "q": [B]}
    model = compiled(cello, "nested dict", "mse", metrics={"p": ["mae"], "q": [["mae", "mse"]]})
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    assert list(found) == ["loss", "p_loss", "q/b_loss", "p_mae", "q/b_mae", "q/b_mse"]
    pred = model.predict(X, verbose=0)
    mean = np.mean(np.abs(pred["q"][0] - B))
    np.testing.assert_allclose(found["q/b_mae"], mean, rtol=1e-5)


def test_one_y_for_sequences_of_different_lengths():
    """A list of sequences, and labels a step for the second output alone."""
    x = [np.ones((n, 3), "float32") * n for n in (2, 4, 3)]
    y = [np.ones((n, 2), "float32") for n in (2, 4, 3)]
    inputs = cello.Input((None, 3))
    h = cello.layers.GRU(2, return_sequences=True)(inputs)
    outputs = [cello.layers.Dense(1)(h), cello.layers.Dense(2)(h)]
    model = cello.Model(inputs, outputs)
    model.compile("sgd", [None, "mse"])
    found = model.evaluate(x, y, verbose=0)
    pred = np.concatenate(model.predict(x, verbose=0)[1])
    np.testing.assert_allclose(found, np.mean(np.square(pred - 1)), rtol=1e-5)


@pytest.mark.parametrize("turned", [False, True])
def test_labels_of_sequences_by_the_names_of_the_outputs(turned):
    """For each step and for each row, in whatever order the outputs stand."""
    x = [np.ones((n, 3), "float32") * n for n in (2, 4, 3)]
    y = {"steps": [np.ones((len(v), 2), "float32") for v in x], "rows": np.zeros((3, 1), "float32")}
    inputs = cello.Input((None, 3))
    h = cello.layers.GRU(2, return_sequences=True)(inputs)
    rows = cello.layers.Dense(1, name="rows")(cello.layers.GlobalAveragePooling1D()(h))
    outputs = [cello.layers.Dense(2, name="steps")(h), rows]
    model = cello.Model(inputs, outputs[::-1] if turned else outputs)
    model.compile("sgd", "mse")
    found = model.evaluate(x, y, verbose=0, return_dict=True)
    pred = dict(zip(model.output_names, model.predict(x, verbose=0), strict=True))
    for name, want in y.items():
        error = np.concatenate(pred[name]) - np.concatenate(want)
        np.testing.assert_allclose(found[f"{name}_loss"], np.mean(np.square(error)), rtol=1e-5)


def test_files_keep_nested_losses(tmp_path):
    loss = {"p": ["mse", None], "q": [["mae", "mse"]]}
    y = {"p": A, "q": [B]}
    model = compiled(cello, "nested dict", loss, {"p": 2.0, "q": [[0.5, 0.25]]})
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    assert again.evaluate(X, y, verbose=0) == model.evaluate(X, y, verbose=0)


@pytest.mark.parametrize(
    "options, y, message",
    [
        ({"loss": ["mse"] * 3}, [A, B], "loss has 3 entries for the outputs .'a', 'b'."),
        ({"loss": {"c": "mse"}}, [A, B], "loss names the outputs .'c'.; the model has"),
        ({"loss": "mse"}, A, "y has 1: pass a list"),
        ({"loss": "mse"}, {"c": A}, "y names the outputs .'c'."),
        ({"loss": {"b": "mse"}, "metrics": {"a": "mae"}}, B, "y has nothing"),
        ({"loss": [["mse", "mae"], "mse"], "loss_weights": [[1.0] * 3, 1.0]}, [A, B], "3 numbers"),
    ],
)
def test_refusals(options, y, message):
    with pytest.raises(ValueError, match=message):
        compiled(cello, "list", **options).evaluate(X, y, verbose=0)


def test_names_of_outputs_that_have_none():
    from cello.training.outputs import name_outputs

    assert name_outputs([0, [1, {"z": 2}]], []) == ["output_0", ["1/output_1", {"z": "1/1/z"}]]
    assert jax.tree.leaves(name_outputs({"b": 0, "a": 1}, ["x", "y"])) == ["a", "b"]
