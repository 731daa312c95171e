"""A model as a pure function of its variables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cello.core.variable import Binding, by_path


def pure_function(model, training: bool) -> tuple[Callable, dict[str, dict[str, Any]]]:
    """See `Model.as_function`."""
    variables = {
        "trainable": by_path(model.trainable_weights),
        "state": by_path(model.non_trainable_variables),
    }
    if not model.built or (
        not any(variables.values()) and model.layers and model.call_graph is None
    ):
        raise ValueError(f"{model} is not built yet: call it on data first.")

    def function(variables_, *args, **kwargs):
        values = {
            variable: variables_[group][path]
            for group, members in variables.items()
            for path, variable in members.items()
        }
        with Binding(values, closed=True) as binding:
            outputs = model(*args, training=training, **kwargs)
        if not training:
            return outputs
        changed = {
            group: {path: binding.values[variable] for path, variable in members.items()}
            for group, members in variables.items()
        }
        return outputs, changed

    return function, {
        group: {path: variable.value for path, variable in members.items()}
        for group, members in variables.items()
    }
