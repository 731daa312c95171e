"""Estimators of scikit-learn around a model."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin, TransformerMixin
from sklearn.preprocessing import OneHotEncoder
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data

from cello.models.copying import clone_model
from cello.models.model import Model


class Estimator(BaseEstimator):
    """What the estimators have in common.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: see `cello.wrappers.SKLearnClassifier`.

    Attributes:
        model_: the trained model.
        history_: the `History` of the last `fit`.
    """

    def __init__(self, model, warm_start=False, model_kwargs=None, fit_kwargs=None):
        self.model = model
        self.warm_start = warm_start
        self.model_kwargs = model_kwargs
        self.fit_kwargs = fit_kwargs

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.non_deterministic = True
        return tags

    def __sklearn_clone__(self):
        """A model is copied, a function is not."""
        model = copy.deepcopy(self.model) if isinstance(self.model, Model) else self.model
        return type(self)(model, self.warm_start, self.model_kwargs, self.fit_kwargs)

    def fit(self, X, y, **kwargs):
        """Train the model; `kwargs` are arguments of its `fit`."""
        X, y = validate_data(self, X, y)
        targets = self._targets(y)
        known = getattr(self, "model_", None)
        model = known if self.warm_start and known is not None else self._new_model(X, targets)
        if not model.compiled or model.optimizer is None:
            raise RuntimeError(f"{model}: compile it with a loss and an optimizer first.")
        self.history_ = model.fit(X, targets, **{**(self.fit_kwargs or {}), **kwargs})
        self.model_ = model
        return self

    def predict(self, X):
        """What the model says of the rows of `X`."""
        return self._answers(self._outputs(X))

    def _outputs(self, X) -> np.ndarray:
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return self.model_.predict(X, verbose=0)

    def _new_model(self, X, y) -> Model:
        if not isinstance(self.model, Model):
            return self.model(X=X, y=y, **(self.model_kwargs or {}))
        model = clone_model(self.model)
        config = self.model.get_compile_config()
        if config is not None:
            model.compile_from_config(config)
        return model

    def _targets(self, y) -> np.ndarray:
        """Targets as the model takes them: one row each."""
        kind = type_of_target(y)
        if kind == "unknown":
            raise ValueError(f"Unknown label type: {y!r}")
        self.n_target_axes_ = y.ndim
        return y.reshape(len(y), -1)

    def _answers(self, outputs: np.ndarray) -> Any:
        """Outputs in the form of the targets that `fit` got."""
        return outputs[:, 0] if self.n_target_axes_ == 1 and outputs.shape[1:] == (1,) else outputs


class SKLearnClassifier(ClassifierMixin, Estimator):
    """A classifier: the model has an output for each class, and gets one-hot rows as targets.

    Attributes:
        classes_: the labels, in the order of the outputs.
    """

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True
        return tags

    def decision_function(self, X):
        """The outputs of the model."""
        return self._outputs(X)

    def _targets(self, y):
        kind = type_of_target(y)
        if kind not in ("binary", "multiclass"):
            raise ValueError(
                f"Only binary and multiclass target types are supported. Unknown label type: {kind}"
            )
        rows = super()._targets(y)
        self.encoder_ = OneHotEncoder(sparse_output=False).fit(rows)
        self.classes_ = np.unique(y)
        if len(self.classes_) == 1:
            raise ValueError("Classifier can't train when only one class is present.")
        return self.encoder_.transform(rows)

    def _answers(self, outputs):
        return super()._answers(self.encoder_.inverse_transform(outputs))


class SKLearnRegressor(RegressorMixin, Estimator):
    """A regressor: what the model gives are the predictions."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags


class SKLearnTransformer(TransformerMixin, Estimator):
    """A transformer: what the model gives are the new features."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def transform(self, X):
        """The outputs of the model."""
        return self._outputs(X)
