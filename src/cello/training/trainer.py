"""`compile`, `fit`, `evaluate`, `predict`: the methods that a model inherits."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import jax
import numpy as np

from cello import optimizers
from cello.callbacks import BackupAndRestore, CallbackList, History
from cello.core.random import new_shuffler
from cello.core.serialization import deserialize, serialize
from cello.distribution.layout import current
from cello.distribution.processes import several
from cello.training.backup import Run
from cello.training.data import batch_parts, is_iterable_of_batches, split_off_last
from cello.training.feeding import Feeding
from cello.training.objective import Objective
from cello.training.progress import ProgressBar, verbosity

# What Keras calls in a model's class and Cello does not: its own step is compiled as a whole.
NOT_CALLED = (
    "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics",
    "make_train_function", "make_test_function", "make_predict_function",
)  # fmt: skip


class Trainer(Feeding):
    """Training, evaluation and prediction for a layer; `Model` inherits it.

    Attributes:
        optimizer: the optimiser, after `compile`.
        stop_training: set it to `True`, in a callback, to end `fit`.
        history: the `History` of the last `fit`.
    """

    def __init__(self):
        self.optimizer: Any = None
        self.stop_training = False
        self.history: History | None = None
        self._objective: Any = None
        self._compiled_with: dict[str, Any] | None = None
        self._forget_programs()
        self._run_eagerly = False
        self._steps_per_execution: int | None = None

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
                a dict of them for several outputs.
            loss_weights: factors of the losses, for several outputs.
            metrics: list of names, of `cello.metrics` or of functions; a dict of lists, or a list
                of lists, for several outputs.
            weighted_metrics: metrics that use sample and class weights.
            run_eagerly: whether to run without compiling, for looking inside; slow.
            steps_per_execution: batches computed in one call; measured where "auto".
            jit_compile, auto_scale_loss: accepted as in Keras; they change nothing.

        Raises:
            ValueError: for an unknown name; the nearest known one is suggested.
            NotImplementedError: where the model's class has a `train_step` or the like of its own.
        """
        own = [name for name in NOT_CALLED if hasattr(type(self), name)]
        if own:
            raise NotImplementedError(
                f"{self} has a {own[0]}() of its own, which fit would not call. Put the loss into "
                "compile(loss=function) or into add_loss in call(), or write the training loop "
                "with model.as_function() and optax."
            )
        fixed = None if steps_per_execution == "auto" else steps_per_execution
        if fixed is not None and (not isinstance(fixed, int) or fixed < 1):
            raise ValueError(
                f"{self}.compile: steps_per_execution must be 'auto' or a positive integer. "
                f"Received: steps_per_execution={steps_per_execution!r}"
            )
        self.optimizer = optimizers.get(optimizer)
        self._objective = Objective(loss, loss_weights, metrics, weighted_metrics)
        self._run_eagerly = run_eagerly
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
        self._forget_programs()

    def get_compile_config(self) -> dict[str, Any] | None:
        """What `compile` was told, as plain data; `None` before it, and with a bare optax rule."""
        if self._compiled_with is None:
            return None
        if isinstance(self.optimizer, optimizers.Optax):
            warnings.warn(
                f"{self}: an optax transformation cannot be written down. The file will have the "
                "model without it: call compile() after load_model().",
                stacklevel=3,
            )
            return None
        return {"optimizer": serialize(self.optimizer), **serialize(self._compiled_with)}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compile as `get_compile_config` said."""
        arguments = {name: deserialize(value) for name, value in config.items()}
        if arguments.get("steps_per_execution") == 1:  # what Keras writes where it was not given
            del arguments["steps_per_execution"]
        self.compile(**arguments)

    def fit(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks=None,
        validation_split: float = 0.0,
        validation_data=None,
        shuffle: bool = True,
        class_weight: dict[int, float] | None = None,
        sample_weight=None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int = 1,
        tbptt: int | None = None,
        resume=None,
    ) -> History:
        """Train.

        Args:
            x: inputs: an array (NumPy, JAX, torch, pandas), a list of sequences `(time, ...)` of
                different lengths, a list or dict of these for several inputs, or any iterable of
                batches `(x, y)` or `(x, y, sample_weight)`.
            y: targets, in the same ways; not given with an iterable. For a list of sequences: an
                array with one row for each, or a list of arrays with one row for each step.
            batch_size: rows a batch; 32 where `None`.
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
            steps_per_epoch: batches an epoch, for an iterable without end.
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
        objective = self._ready("fit", needs_optimizer=True)
        if objective.loss is None and y is not None:
            raise ValueError(
                f"{self}.fit: compile() was given no loss, so y would teach nothing: pass "
                "compile(loss='mse'), say."
            )
        if several() and current().processes == 1:
            warnings.warn(
                f"{self}.fit: each process trains a model of its own. To train one together, put "
                "`with cello.distribution.data_parallel():` around it.",
                stacklevel=2,
            )
        size = _positive(self, "batch_size", batch_size or 32)
        if validation_split and validation_data is None:
            if is_iterable_of_batches(x):
                raise ValueError(f"{self}.fit: validation_split needs arrays, not an iterable.")
            (x, y, sample_weight), validation_data = split_off_last(
                self._parts("fit", x, y, sample_weight), validation_split, f"{self}.fit"
            )
        shuffler = new_shuffler() if shuffle else None
        if shuffler is not None:
            state = shuffler.bit_generator.state
            shuffler.bit_generator.state = current().agreed(state, "the start of fit")
        if tbptt is not None:
            _positive(self, "tbptt", tbptt)
        feed = self._feed(
            "fit", x, y, sample_weight, size, steps_per_epoch, shuffler, class_weight, tbptt=tbptt
        )
        held_out = None
        if validation_data is not None:
            x, y, sample_weight = validation_data, None, None
            if isinstance(x, tuple) or not is_iterable_of_batches(x):
                x, y, sample_weight = batch_parts(validation_data)
            held_out = self._feed(
                "fit (validation_data)",
                x,
                y,
                sample_weight,
                validation_batch_size or size,
                validation_steps,
            )
        verbose = verbosity(verbose)
        bar = ProgressBar(verbose, "train")
        self.history = History()
        kept = [] if resume is None else [BackupAndRestore(resume, delete_checkpoint=False)]
        hooks = CallbackList(
            [callbacks, self.history, *kept],
            self,
            {"epochs": epochs, "steps": feed.steps, "verbose": verbose},
        )
        train = self._program("train", tbptt)
        test = self._program("test") if held_out is not None else None
        self.stop_training = False
        logs: dict[str, Any] = {}
        warned = False
        hooks.call("train_begin")
        run = Run(self, shuffler, feed, hooks.callbacks)
        backups = [c for c in hooks.callbacks if isinstance(c, BackupAndRestore)]
        ahead = all(backup.save_freq == "epoch" for backup in backups)
        for backup in backups:
            done = backup.restore(run)
            initial_epoch = initial_epoch if done is None else done
        if self.stop_training:
            initial_epoch = epochs
        bar.begin(epochs, initial_epoch, feed.steps)
        with self._telling_where(bar), bar:
            for epoch in range(initial_epoch, epochs):
                bar.begin_epoch(epoch)
                hooks.call("epoch_begin", epoch)
                start, logs = run.begin_epoch()
                if not start:
                    objective.reset()
                batches = self._run_batches("train", train, feed, hooks, ahead=ahead, start=start)
                for batch, logs, losses in batches:
                    bar.update(batch, logs)
                    for backup in backups:
                        backup.save_within(run, epoch, batch, logs)
                    if self.stop_training:
                        break
                    if not (warned or np.isfinite(losses).all()):
                        warned = True
                        self._warn_of_nan(epoch, batch, losses)
                if held_out is not None and (epoch + 1) % validation_freq == 0:
                    hooks.call("test_begin")
                    objective.reset()
                    bar.begin_validation(held_out.steps)
                    for batch, found, _ in self._run_batches("test", test, held_out, hooks):
                        bar.update_validation(batch, found)
                    hooks.call("test_end", logs=found)
                    logs = {**logs, **{f"val_{name}": value for name, value in found.items()}}
                hooks.call("epoch_end", epoch, logs=logs)
                bar.end_epoch(logs)
                for backup in backups:
                    backup.save(run, epoch + 1)
                if self.stop_training:
                    break
        self.optimizer.finalize_variable_values(self.trainable_weights)
        hooks.call("train_end", logs=logs)
        return self.history

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight=None,
        steps: int | None = None,
        callbacks=None,
        return_dict: bool = False,
    ):
        """The loss and metrics on data; see `fit` for the arguments.

        Returns:
            The loss, or a list of it and the metrics; with `return_dict` a dict by name.
        """
        objective = self._ready("evaluate")
        size = _positive(self, "batch_size", batch_size or 32)
        feed = self._feed("evaluate", x, y, sample_weight, size, steps)
        hooks = CallbackList(callbacks, self, {"steps": feed.steps, "verbose": verbose})
        objective.reset()
        logs: dict[str, Any] = {}
        hooks.call("test_begin")
        with ProgressBar(verbosity(verbose), "test") as bar:
            bar.begin(1, 0, feed.steps)
            bar.begin_epoch(0)
            for batch, logs, _ in self._run_batches("test", self._program("test"), feed, hooks):
                bar.update(batch, logs)
            bar.end_epoch(logs)
        hooks.call("test_end", logs=logs)
        return _returned(logs, return_dict)

    def predict(
        self,
        x,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks=None,
    ):
        """The outputs for data, as NumPy arrays; see `fit` for the arguments.

        For a list of sequences, outputs at each step are a list of arrays, as long as these.
        """
        size = _positive(self, "batch_size", batch_size or 32)
        feed = self._feed("predict", x, None, None, size, steps, targets=False)
        hooks = CallbackList(callbacks, self, {"steps": feed.steps, "verbose": verbose})
        pieces: list[Any] = []
        hooks.call("predict_begin")
        with ProgressBar(verbosity(verbose), "predict") as bar:
            bar.begin(1, 0, feed.steps)
            bar.begin_epoch(0)
            fixed = self._fixed_chunk(hooks, "predict")
            run = self._program("predict")
            ahead = not hooks.watches_batches("predict")
            for first, outputs in run(feed, fixed=fixed, ahead=ahead):
                n = len(jax.tree.leaves(outputs)[0])
                for i in range(n):
                    hooks.call("predict_batch_begin", first + i)
                    one = jax.tree.map(lambda a, i=i: a[i], outputs)
                    hooks.call("predict_batch_end", first + i, logs={"outputs": one})
                pieces.append(outputs)
                bar.update(first + n, {})
            bar.end_epoch({})
        hooks.call("predict_end")
        return feed.joined(pieces)

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """One step of training on one batch; its loss and metrics, as `evaluate` returns them.

        The numbers are those of this batch alone (Keras: of all batches since `reset_metrics`).
        """
        self._ready("train_on_batch", needs_optimizer=True)
        return self._on_batch("train", x, y, sample_weight, class_weight, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """The loss and metrics of one batch, as `evaluate` returns them."""
        self._ready("test_on_batch")
        return self._on_batch("test", x, y, sample_weight, None, return_dict)

    def predict_on_batch(self, x):
        """The outputs for one batch."""
        feed = self._feed("predict_on_batch", x, None, None, None, None, targets=False)
        ((_, outputs),) = self._program("predict")(feed, fixed=1)
        return jax.tree.map(lambda a: a[0], outputs)

    @property
    def metrics_names(self) -> list[str]:
        """The names of the loss and the metrics, in the order of `evaluate`."""
        objective = self._objective
        return objective.labels if objective is not None and objective.names else []

    # -------------------------------------------------------------------------- the work

    @contextlib.contextmanager
    def _telling_where(self, bar: ProgressBar):
        """Where an error or Ctrl-C ended the training, and how to go on."""
        try:
            yield
        except Exception as error:
            error.add_note(f"{self}.fit ended {bar.place()}.")
            raise
        except KeyboardInterrupt:
            done = self.history.epoch if self.history else []
            bar.say(
                f"Interrupted {bar.place()}. The weights are kept, and model.history has "
                f"{len(done)} epochs. To go on: fit(..., initial_epoch="
                f"{done[-1] + 1 if done else bar.initial_epoch})"
            )
            raise

    def _warn_of_nan(self, epoch: int, batch: int, losses) -> None:
        bad = int(np.argmin(np.isfinite(losses)))
        warnings.warn(
            f"{self}.fit: the loss is {losses[bad]} in step {batch - len(losses) + bad + 1} of "
            f"epoch {epoch + 1}. Look for NaN in the data, lower the learning rate, or clip the "
            "gradients (clipnorm=1.0); model.find_nan(x, y) names the layer and the step.",
            stacklevel=3,
        )

    def _on_batch(self, mode, x, y, sample_weight, class_weight, return_dict):
        feed = self._feed(
            f"{mode}_on_batch", x, y, sample_weight, None, None, class_weight=class_weight
        )
        self._objective.reset()
        hooks = CallbackList([], self, {})
        ((_, logs, _),) = self._run_batches(mode, self._program(mode), feed, hooks, fixed=1)
        return _returned(logs, return_dict)

    def _ready(self, what: str, needs_optimizer: bool = False) -> Objective:
        if self._objective is None or (needs_optimizer and self.optimizer is None):
            raise RuntimeError(
                f"{self}.{what}: call compile(optimizer='adam', loss='mse'), say, first."
            )
        return self._objective

    def _run_batches(
        self, mode: str, run, feed, hooks: CallbackList, fixed: int | None = None, ahead=True,
        start: int = 0,
    ):  # fmt: skip
        """Give `(batches done, logs, losses)` after each chunk; the hooks see every batch."""
        fixed = fixed or self._fixed_chunk(hooks, mode)
        batch_by_batch = hooks.watches_batches(mode)
        if batch_by_batch:
            hooks.call(f"{mode}_batch_begin", start)
        ahead = ahead and not batch_by_batch
        for first, results in run(feed, fixed=fixed, ahead=ahead, start=start):
            n = len(results["loss"])
            losses = results.pop("batch_loss")
            for i in range(n) if batch_by_batch else (n - 1,):
                logs = {name: _number(results[name][i]) for name in self._objective.labels}
                if batch_by_batch:
                    hooks.call(f"{mode}_batch_end", first + i, logs=logs)
                    last = feed.steps is not None and first + i + 1 >= feed.steps
                    if not (last or self.stop_training):
                        hooks.call(f"{mode}_batch_begin", first + i + 1)
            if mode == "train":
                hooks.call("train_chunk_end", first, logs=results)
            yield first + n, logs, losses

    def _fixed_chunk(self, hooks: CallbackList, mode: str) -> int | None:
        if self._run_eagerly:
            return 1
        if self._steps_per_execution is not None:
            return self._steps_per_execution
        return 1 if hooks.watches_batches(mode) else None


def _number(value):
    return float(value) if np.ndim(value) == 0 else np.asarray(value)


def _returned(logs, return_dict: bool):
    if return_dict:
        return logs
    values = list(logs.values())
    return values[0] if len(values) == 1 else values


def _positive(model, name: str, value):
    if not isinstance(value, (int, np.integer)) or value < 1:
        raise ValueError(f"{model}: {name} must be a positive integer. Received: {name}={value!r}")
    return int(value)
