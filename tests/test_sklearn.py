"""Models as estimators of scikit-learn."""

import sys
import warnings

import numpy as np
import pytest

import cello

COMPILATIONS = 40

sklearn = pytest.importorskip("sklearn")


def small(X, y, activation=None, loss="mse"):
    outputs = y.shape[1] if y.ndim > 1 else 1
    model = cello.Sequential([
        cello.Input((X.shape[1],)),
        cello.layers.Dense(5, activation="relu"),
        cello.layers.Dense(outputs, activation=activation),
    ])  # fmt: skip
    model.compile(cello.optimizers.Adam(0.05), loss)
    return model


def repeatable(X, y, activation=None, loss="mse"):
    """As the checks ask, each `fit` on the same data ends with the same weights."""
    cello.utils.set_random_seed(0)
    return small(X, y, activation, loss)


KINDS = {
    "SKLearnClassifier": {"loss": "categorical_crossentropy", "activation": "softmax"},
    "SKLearnRegressor": {},
    "SKLearnTransformer": {},
}
X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
LABELS = np.where(X[:, 0] > 0, "up", "down")


def made(name, **fit):
    options = {"verbose": 0, "epochs": 20, **fit}
    make = getattr(cello.wrappers, name)
    return make(small, model_kwargs=KINDS[name], fit_kwargs=options)


def test_a_classifier_learns_labels_of_any_kind():
    found = made("SKLearnClassifier").fit(X, LABELS)
    assert found.score(X, LABELS) > 0.9
    assert found.classes_.tolist() == ["down", "up"]
    assert found.decision_function(X).shape == (40, 2)
    with pytest.raises(ValueError, match="only one class"):
        made("SKLearnClassifier").fit(X, LABELS[LABELS == "up"][:1].repeat(40))


def test_a_compiled_model_is_copied_by_fit_and_warm_starts_go_on():
    y = X.sum(1)
    model = small(X, y)
    before = model.get_weights()
    estimator = cello.wrappers.SKLearnRegressor(model, warm_start=True)
    estimator.fit(X, y, epochs=1, verbose=0)
    trained = estimator.model_
    assert trained is not model and estimator.predict(X).shape == (40,)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert estimator.fit(X, y, epochs=1, verbose=0).model_ is trained
    estimator.set_params(warm_start=False)
    assert estimator.fit(X, y, epochs=1, verbose=0).model_ is not trained
    again = sklearn.base.clone(estimator)
    assert again.model is not model and not hasattr(again, "model_")
    with pytest.raises(RuntimeError, match="compile it"):
        cello.wrappers.SKLearnRegressor(cello.models.clone_model(model)).fit(X, y)


def test_estimators_stand_in_pipelines_and_searches():
    pipeline = sklearn.pipeline.make_pipeline(
        sklearn.preprocessing.StandardScaler(), made("SKLearnTransformer", epochs=1)
    )
    assert pipeline.fit_transform(X, X.sum(1)).shape == (40, 1)
    assert [*pipeline.named_steps] == ["standardscaler", "sklearntransformer"]  # as of Keras'
    scores = sklearn.model_selection.cross_val_score(
        made("SKLearnRegressor", epochs=60), X, X.sum(1), cv=2
    )
    assert scores.min() > 0.5


def test_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ImportError, match=r"pip install 'cello-rnn\[sklearn\]'"):
        cello.wrappers.SKLearnRegressor(small)


@pytest.mark.deep
@pytest.mark.parametrize("name", KINDS)
def test_the_checks_of_scikit_learn_pass_but_for_those_that_keras_fails(name):
    from sklearn.utils.estimator_checks import check_estimator

    lists = pytest.importorskip("keras.src.wrappers.sklearn_test").EXPECTED_FAILED_CHECKS
    estimator = made(name, epochs=1).set_params(model=repeatable)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_estimator(estimator, expected_failed_checks=lists[name])
