"""`compile`, `fit`, `evaluate`, `predict`: what a model's trainer does."""

from __future__ import annotations

import operator
import os
import warnings
from typing import TYPE_CHECKING, Any

import jax
import numpy as np

from cello import optimizers
from cello.core.serialization import deserialize, serialize
from cello.distribution.layout import current
from cello.distribution.processes import several
from cello.training.backup import BackupAndRestore, Run
from cello.training.batches import run_batches
from cello.training.callback import CallbackList
from cello.training.counts import check_count, check_sizes
from cello.training.data import (
    Batch,
    end_to_end,
    held_out_parts,
    is_iterable_of_batches,
    split_off_last,
)
from cello.training.epochs import Epochs
from cello.training.feeding import Feeding
from cello.training.history import History
from cello.training.objective import Objective
from cello.training.one_batch import OneBatch
from cello.training.programs import Programs
from cello.training.progress import ProgressBar, verbosity
from cello.training.random_numbers import new_agreed_shuffler
from cello.training.threads import in_one_thread

if TYPE_CHECKING:
    from cello.training.trainable import Trainable

# What Keras calls in a model's class and Cello does not: its own step is compiled as a whole.
NOT_CALLED = (
    "train_step", "test_step", "predict_step",
    "make_train_function", "make_test_function", "make_predict_function",
)  # fmt: skip


class Trainer:
    """Training, evaluation and prediction with a model: `model.trainer`.

    `compile`, `fit` and so on are methods of the model as well, where they are looked for.

    Args:
        model: the model.

    Attributes:
        optimizer: the optimiser, after `compile`.
        objective: an `Objective`, the losses and metrics over the outputs.
        programs: the `Programs`, the compiled steps.
        feeding: a `Feeding`, from what the caller passes to batches.
        stop_training: set it to `True`, in a callback, to end `fit`.
        history: the `History` of the last `fit`.
    """

    def __init__(self, model: Trainable):
        self.model = model
        self.stop_training = False
        self.history: History | None = None
        self._compiled_with: dict[str, Any] | None = None
        self._steps_per_execution: int | None = None
        self._begin_anew(None, Objective(), eager=False)

    def _begin_anew(self, optimizer, objective: Objective, eager: bool) -> None:
        self.optimizer: Any = optimizer
        self.objective = objective
        self.programs = Programs(self.model, optimizer, objective, eager)
        self.feeding = Feeding(self.programs)
        self._one_batch = OneBatch(self.programs, self.feeding)

    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly: bool = False,
        steps_per_execution: int | str = "auto",
        jit_compile="auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how to train.

        Args:
            optimizer: a name, one of `cello.optimizers`, or any optax transformation.
            loss: a name, one of `cello.losses`, or any function of targets and outputs; a list or
                a dict of them for several outputs. A class with a `compute_loss` of its own needs
                none.
            loss_weights: factors of the losses, for several outputs.
            metrics: list of names, of `cello.metrics` or of functions; a dict of lists, or a list
                of lists, for several outputs.
            weighted_metrics: metrics that use sample and class weights.
            run_eagerly: whether to run without compiling, for looking inside; slow.
            steps_per_execution: batches computed in one call, of which hooks for batches tell once;
                measured if "auto", and told of one by one.
            jit_compile, auto_scale_loss: accepted as in Keras; they change nothing.

        Raises:
            ValueError: for an unknown name; the nearest known one is suggested.
            NotImplementedError: if the model's class has a `train_step` or the like of its own.
        """
        own = [name for name in NOT_CALLED if hasattr(type(self.model), name)]
        if own:
            raise NotImplementedError(
                f"{self.model} has a {own[0]}() of its own, which fit would not call. Put the loss "
                "into compute_loss(), into compile(loss=function) or into add_loss in call(), or "
                "write the training loop with model.as_function() and optax."
            )
        fixed = None if steps_per_execution == "auto" else steps_per_execution
        if fixed is not None and (not isinstance(fixed, int) or fixed < 1):
            raise ValueError(
                f"{self.model}.compile: steps_per_execution must be 'auto' or a positive integer. "
                f"Received: steps_per_execution={steps_per_execution!r}"
            )
        free = self.model.takes_any_targets
        objective = Objective(loss, loss_weights, metrics, weighted_metrics, any_targets=free)
        self._begin_anew(optimizers.get(optimizer), objective, run_eagerly)
        self._steps_per_execution = fixed
        self._compiled_with = {
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
        }
        if fixed is not None:
            self._compiled_with["steps_per_execution"] = fixed

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was told, as plain data; `None` before it, and with a bare optax rule."""
        if self._compiled_with is None:
            return None
        if isinstance(self.optimizer, optimizers.Optax):
            warnings.warn(
                f"{self.model}: an optax transformation cannot be written down. The file will have "
                "the model without it: call compile() after load_model().",
                stacklevel=4,
            )
            return None
        return {"optimizer": serialize(self.optimizer), **serialize(self._compiled_with)}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` said."""
        arguments = {name: deserialize(value) for name, value in config.items()}
        if arguments.get("steps_per_execution") == 1:  # what Keras writes if it was not given
            del arguments["steps_per_execution"]
        self.compile(**arguments)

    @in_one_thread
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        tbptt: int | None = None,
        resume: str | os.PathLike[str] | None = None,
    ) -> History:
        """Train.

        Args:
            x: inputs: an array (NumPy, JAX, torch, pandas), a list of sequences `(time, ...)` of
                different lengths, a list or dict of these for several inputs, or any iterable of
                batches `(x, y)` or `(x, y, sample_weight)`.
            y: targets, in the same ways; not given with an iterable. For a list of sequences: an
                array with one row for each, or a list of arrays with one row for each step.
            batch_size: rows a batch; 32 if `None`.
            epochs: the number at which to stop, counted from 0.
            verbose: 0 silent, 1 a progress bar, 2 a line an epoch; "auto": 1 in a terminal or a
                notebook, else 2. Long epochs have a line every 20 seconds where there is no bar.
            callbacks: a `cello.callbacks.Callback` or a list of them.
            validation_split: the last part of the arrays, kept for validation.
            validation_data: `(x, y)`, `(x, y, sample_weight)` or an iterable of batches.
            shuffle: whether to draw a new order of the rows each epoch.
            class_weight: weight of each class in the loss.
            sample_weight: weight of each row, or of each step, in the loss.
            initial_epoch: the number at which to start.
            steps_per_epoch: batches an epoch. The next one goes on behind them, until the data end;
                with an iterable without end it is needed.
            validation_steps, validation_batch_size: the same for validation.
            validation_freq: epochs from one validation to the next.
            tbptt: truncated back-propagation through time: the sequences of a batch are cut into
                pieces of so many steps, each of which starts from the states in which the one
                before ended and is a step of training of its own. Gradients stay within a piece,
                so that memory does not grow with the sequence. Outputs of the last step only are
                trained on the last piece.
            resume: a folder. The training is saved there after every epoch; where one is there
                already, it goes on, as if it had never been interrupted. See
                `cello.callbacks.BackupAndRestore`, which also saves within an epoch.

        Returns:
            A `History`.

        Raises:
            RuntimeError: before `compile`.
            ValueError: for data that do not fit; before any work is done.
            KeyboardInterrupt: on Ctrl-C.

        Whatever ends the training early, the weights are those after the last step that was done,
        and `history` has the epochs that were done: `fit(..., initial_epoch=n)` goes on.
        """
        self.ready("fit", needs_optimizer=True)
        self._check_fit(tbptt)
        size = check_sizes(self.model, batch_size, steps_per_epoch=steps_per_epoch)
        for name, count in (("epochs", epochs), ("initial_epoch", initial_epoch)):
            check_count(self.model, name, count, least=0)
        held_out_size = check_sizes(
            self.model,
            size if validation_batch_size is None else validation_batch_size,
            name="validation_batch_size",
            validation_steps=validation_steps,
            validation_freq=validation_freq,
        )
        data = x, y, sample_weight
        if validation_split and validation_data is None:
            data, validation_data = self._split(data, validation_split)
        shuffler = new_agreed_shuffler() if shuffle else None
        feed = self.feeding.feed(
            "fit", data, size, steps_per_epoch, shuffler, class_weight, tbptt=tbptt
        )
        held_out = None
        if validation_data is not None:
            data = held_out_parts(validation_data)
            held_out = self.feeding.feed(
                "fit (validation_data)", data, held_out_size, validation_steps
            )
        verbose = verbosity(verbose)
        self.history = History()
        kept = [] if resume is None else [BackupAndRestore(resume, delete_checkpoint=False)]
        hooks = CallbackList(
            [callbacks, self.history, *kept],
            self.model,
            {"epochs": epochs, "steps": feed.steps, "verbose": verbose},
        )
        run = Run(self, shuffler, feed, hooks.callbacks)
        bar = ProgressBar(verbose, "train")
        Epochs(self, run, held_out, hooks, bar, tbptt, validation_freq).go(initial_epoch, epochs)
        return self.history

    @in_one_thread
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> float | Any:
        """The loss and metrics on data; see `fit` for the arguments.

        Returns:
            The loss, or a list of it and the metrics, in the order of `metrics_names`; with
            `return_dict` a dict by name.
        """
        self.ready("evaluate")
        size = check_sizes(self.model, batch_size, steps=steps)
        feed = self.feeding.feed("evaluate", (x, y, sample_weight), size, steps)
        hooks = CallbackList(callbacks, self.model, {"steps": feed.steps, "verbose": verbose})
        self.model.reset_metrics()
        logs: dict[str, Any] = {}
        hooks.call("test_begin")
        with ProgressBar(verbosity(verbose), "test") as bar:
            bar.begin(1, 0, feed.steps)
            bar.begin_epoch(0)
            program = self.programs.program("test")
            for batch, logs, _ in run_batches(self, "test", program, feed, hooks):
                bar.update(batch, logs)
            bar.end_epoch(logs)
        hooks.call("test_end", logs=logs)
        return _returned(logs, return_dict)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> np.ndarray | Any:
        """The outputs for data, as NumPy arrays; see `fit` for the arguments.

        Returns:
            An array; for several outputs a list or a dict of them, as the model gives them. For a
            list of sequences, outputs at each step are a list of arrays, as long as these.
        """
        size = check_sizes(self.model, batch_size, steps=steps)
        data, verbose = (x, None, None), verbosity(verbose)
        if callbacks is None and verbose != 1:  # nobody sees how it goes
            outputs = self._one_batch.find_outputs(x, size)
            if outputs is not None:
                return outputs
        feed = self.feeding.feed("predict", data, size, steps, targets=False)
        hooks = CallbackList(callbacks, self.model, {"steps": feed.steps, "verbose": verbose})
        pieces: list[Any] = []
        hooks.call("predict_begin")
        with ProgressBar(verbose, "predict") as bar:
            bar.begin(1, 0, feed.steps)
            bar.begin_epoch(0)
            fixed = self.batches_a_call(hooks, "predict")
            run = self.programs.program("predict")
            ahead = not hooks.watches_batches("predict")
            for first, outputs in run(feed, fixed=fixed, ahead=ahead):
                n, told = len(jax.tree.leaves(outputs)[0]), self.batches_a_hook
                for i in range(0, n, told):
                    hooks.call("predict_batch_begin", first + i)
                    some = slice(i, min(i + told, n))
                    found = end_to_end([jax.tree.map(operator.itemgetter(some), outputs)])
                    hooks.call("predict_batch_end", first + some.stop - 1, logs={"outputs": found})
                pieces.append(outputs)
                bar.update(first + n, {})
            bar.end_epoch({})
        hooks.call("predict_end")
        self._one_batch.learn("predict", data, feed, size)
        return feed.join(pieces)

    @in_one_thread
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: dict[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | Any:
        """One step of training on one batch; its loss and metrics, as `evaluate` returns them.

        The numbers are those of this batch alone (Keras: of all batches since `reset_metrics`).
        """
        self.ready("train_on_batch", needs_optimizer=True)
        logs = self._one_batch.measure("train", (x, y, sample_weight), class_weight)
        return _returned(logs, return_dict)

    @in_one_thread
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> float | Any:
        """The loss and metrics of one batch, as `evaluate` returns them."""
        self.ready("test_on_batch")
        return _returned(self._one_batch.measure("test", (x, y, sample_weight)), return_dict)

    def predict_on_batch(self, x: Any) -> np.ndarray | Any:
        """The outputs for one batch, as `predict` returns them."""
        return self._one_batch.predict(x)

    # -------------------------------------------------------------------------- the work

    @property
    def compiled(self) -> bool:
        """Whether `compile` was called."""
        return self._compiled_with is not None

    def ready(self, what: str, needs_optimizer: bool = False) -> None:
        """Refuse to do what the method `what` does before `compile`."""
        if not self.compiled or (needs_optimizer and self.optimizer is None):
            raise RuntimeError(
                f"{self.model}.{what}: call compile(optimizer='adam', loss='mse'), say, first."
            )

    def _check_fit(self, tbptt: int | None) -> None:
        if several() and current().processes == 1:
            warnings.warn(
                f"{self.model}.fit: each process trains a model of its own. To train one together, "
                "put `with cello.distribution.data_parallel():` around it.",
                stacklevel=4,
            )
        if tbptt is not None:
            check_count(self.model, "tbptt", tbptt)

    def _split(self, data: Batch, fraction: float) -> tuple[Batch, Batch]:
        """The rows to train on and those kept for validation."""
        if is_iterable_of_batches(data[0]):
            raise ValueError(f"{self.model}.fit: validation_split needs arrays, not an iterable.")
        return split_off_last(self.feeding.parts("fit", data), fraction, f"{self.model}.fit")

    @property
    def batches_a_hook(self) -> int:
        """How many batches a hook for batches tells of at once."""
        return self._steps_per_execution or 1

    def batches_a_call(self, hooks: CallbackList, mode: str) -> int | None:
        """How many batches are computed in a call; `None` where it is measured."""
        if self.programs.eager:
            return 1
        if self._steps_per_execution is not None:
            return self._steps_per_execution
        return 1 if hooks.watches_batches(mode) else None


def _returned(logs, return_dict: bool):
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
