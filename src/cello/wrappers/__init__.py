"""Models as estimators of scikit-learn, under Keras' names; it is needed only when one is made."""

from __future__ import annotations

from typing import Any


def SKLearnClassifier(
    model: Any, warm_start: bool = False, model_kwargs: Any = None, fit_kwargs: Any = None
) -> Any:
    """A classifier of scikit-learn around a model; its class stands in `cello.wrappers.estimators`.

    Args:
        model: a compiled model, of which each `fit` trains a copy with new weights; or a function
            with the arguments `X` and `y`, and those of `model_kwargs`, that returns one.
        warm_start: whether `fit` goes on with the weights that it left.
        model_kwargs: arguments of the function.
        fit_kwargs: arguments of the model's `fit`.
    """
    return _estimators().SKLearnClassifier(model, warm_start, model_kwargs, fit_kwargs)


def SKLearnRegressor(
    model: Any, warm_start: bool = False, model_kwargs: Any = None, fit_kwargs: Any = None
) -> Any:
    """A regressor of scikit-learn around a model.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: as for `SKLearnClassifier`.
    """
    return _estimators().SKLearnRegressor(model, warm_start, model_kwargs, fit_kwargs)


def SKLearnTransformer(
    model: Any, warm_start: bool = False, model_kwargs: Any = None, fit_kwargs: Any = None
) -> Any:
    """A transformer of scikit-learn, whose features are the outputs of a model.

    Args:
        model, warm_start, model_kwargs, fit_kwargs: as for `SKLearnClassifier`.
    """
    return _estimators().SKLearnTransformer(model, warm_start, model_kwargs, fit_kwargs)


def _estimators() -> Any:
    try:
        import sklearn
    except ImportError:
        raise ImportError(
            "cello.wrappers needs scikit-learn: pip install 'cello-rnn[sklearn]'."
        ) from None
    from cello.wrappers import estimators

    return estimators


__all__ = ["SKLearnClassifier", "SKLearnRegressor", "SKLearnTransformer"]
