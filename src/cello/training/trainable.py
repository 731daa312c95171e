"""What training asks of a model."""

from __future__ import annotations

from typing import Any, Protocol

from cello.core.variable import Variable
from cello.metrics.metric import Metric


class Trainable(Protocol):
    """A model, as far as training knows it; `cello.Model` is one."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any: ...

    def flatten_layers(self) -> list[Any]: ...

    def reset_metrics(self) -> None: ...

    @property
    def call_graph(self) -> Any: ...

    @property
    def variables(self) -> list[Variable]: ...

    @property
    def trainable_weights(self) -> list[Variable]: ...

    @property
    def non_trainable_variables(self) -> list[Variable]: ...

    @property
    def metrics(self) -> list[Metric]: ...

    @property
    def metrics_names(self) -> list[str]: ...

    @property
    def output_names(self) -> list[str]: ...

    @property
    def input_ranks(self) -> list[int | None] | None:
        """The number of axes of each input, where they are known."""

    @property
    def takes_any_targets(self) -> bool:
        """Whether a loss or metrics of its own decide what targets may be."""

    def read_data(self, x: Any, y: Any) -> tuple[Any, Any]:
        """Inputs and targets as the caller passed them, made what the model takes."""

    def outputs_beside(self, x: Any, y: Any, training: bool) -> Any:
        """The outputs that are compared with the targets `y`, which only some models look at."""

    def compute_loss(
        self, x: Any, y: Any, y_pred: Any, sample_weight: Any, training: bool = True
    ) -> Any: ...

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any: ...
