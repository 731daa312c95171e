"""What training asks of a model, and what a model has from it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import jax.numpy as jnp

from cello.core.advice import drop_frames_note
from cello.core.layer import Layer
from cello.core.variable import current_binding
from cello.metrics.metric import Metric
from cello.optimizers.optimizer import Optimizer
from cello.training.history import History
from cello.training.ragged import InputForm
from cello.training.trainer import Trainer

P = ParamSpec("P")
R = TypeVar("R")


def done_by_trainer(
    method: Callable[Concatenate[Trainer, P], R],
) -> Callable[Concatenate[Any, P], R]:
    """A method of a model that its trainer does, with its signature and documentation."""

    @functools.wraps(method)
    def done(model, *args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(model.trainer, *args, **kwargs)
        except Exception as error:
            drop_frames_note(error)
            raise

    return done


class Trainable(Layer):
    """A layer with a trainer; `Model` is one.

    Attributes:
        trainer: a `Trainer`, which does what `compile`, `fit`, `evaluate`, `predict` and their kin
            say. Its parts are public: `optimizer`, `objective`, `feeding`, `programs`.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.trainer = Trainer(self)

    compile = done_by_trainer(Trainer.compile)
    get_compile_config = done_by_trainer(Trainer.get_compile_config)
    compile_from_config = done_by_trainer(Trainer.compile_from_config)
    fit = done_by_trainer(Trainer.fit)
    evaluate = done_by_trainer(Trainer.evaluate)
    predict = done_by_trainer(Trainer.predict)
    train_on_batch = done_by_trainer(Trainer.train_on_batch)
    test_on_batch = done_by_trainer(Trainer.test_on_batch)
    predict_on_batch = done_by_trainer(Trainer.predict_on_batch)

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self.trainer.compiled

    @property
    def optimizer(self) -> Optimizer:
        """The optimiser, after `compile`."""
        return self.trainer.optimizer

    @property
    def history(self) -> History | None:
        """The `History` of the last `fit`; `None` before it."""
        return self.trainer.history

    @property
    def stop_training(self) -> bool:
        """Whether `fit` is to end; set it to `True`, in a callback."""
        return self.trainer.stop_training

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.trainer.stop_training = value

    @property
    def losses(self) -> list[Any]:
        """What `add_loss` added, in the last call or that of `compute_loss`, and the penalties."""
        binding = current_binding()
        return [*(binding.losses if binding is not None else ()), *super().losses]

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """What training minimises for a batch; a class may have its own, as in Keras.

        Args:
            x: the inputs.
            y: the targets, or `None`.
            y_pred: the outputs for `x`, with their masks.
            sample_weight: the weights of the rows or steps, or `None`.
            training: false in an evaluation.

        Returns:
            A number: here the losses of `compile`, weighted, and `losses`.
        """
        loss = self.trainer.objective.compute_loss(y, y_pred, sample_weight)
        return sum(map(jnp.sum, self.losses), start=loss)

    def compute_metrics(self, x, y, y_pred, sample_weight=None) -> dict[str, Any]:
        """Count a batch in the metrics; a class may have its own, as in Keras.

        Args:
            x, y, y_pred, sample_weight: as for `compute_loss`.

        Returns:
            What the logs are to have, by name: here the values of `metrics`.
        """
        self.trainer.objective.update_metrics(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """The values of `metrics` now, by name."""
        return self.trainer.objective.results_of(self.metrics)

    @property
    def metrics(self) -> list[Metric]:
        """The mean of the loss, the metrics of `compile`, and those in attributes of the layers.

        Those of `compile` are known once data have come.
        """
        held = [metric for layer in self.flatten_layers() for metric in layer.owned(Metric)]
        return list(dict.fromkeys([*self.trainer.objective.measured.values(), *held]))

    @property
    def metrics_names(self) -> list[str]:
        """The names of what `evaluate` returns, in its order."""
        return list(self.trainer.programs.held.labels)

    def reset_metrics(self) -> None:
        """Let all metrics forget their batches; the start of an epoch, or of `evaluate`."""
        self.trainer.programs.held.reset_metrics()

    @property
    def takes_any_targets(self) -> bool:
        """Whether the class has a loss or metrics of its own, which know what targets may be."""
        kind = type(self)
        return (
            kind.compute_loss is not Trainable.compute_loss
            or kind.compute_metrics is not Trainable.compute_metrics
        )

    def read_data(self, x, y):
        """Inputs and targets as `fit` got them, made what the model takes."""
        return x, y

    def outputs_beside(self, x, y, training: bool):
        """The outputs that are compared with the targets `y`, at which only some models look."""
        return self(x, training=training)

    @property
    def input_forms(self) -> dict[str, InputForm | None] | None:
        """The inputs by the names that data may have, in order; `None` if they are not known."""
        return None

    @property
    def input_shapes(self) -> list[Any] | None:
        """The shape of each input, `None` for sizes that vary; `None` if they are not known."""
        forms = self.input_forms
        return None if forms is None else [form and form.shape for form in forms.values()]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: by these losses, metrics and targets can be given."""
        return []
