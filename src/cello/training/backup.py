"""Everything that a training in progress consists of, in a file, and back.

After an epoch the future of a training is decided by: all variables of the model (weights, the keys
of its random generators, the states of stateful layers), the optimiser's state, the order in which
the data will come, NumPy's, Python's and Cello's own random numbers, the history, and what the
callbacks remember. With all of it restored the epochs that follow are those of an undisturbed run.
"""

from __future__ import annotations

import dataclasses
import json
import random
from pathlib import Path
from typing import Any

import jax
import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from cello.core.random import global_generator
from cello.distribution.processes import check_same, written_once


@dataclasses.dataclass
class Run:
    """A call of `fit`.

    Attributes:
        model: the model, compiled.
        shuffler: the NumPy generator that draws the order of the rows, or `None`.
        feed: where the batches come from.
        callbacks: all callbacks, the `History` included.
    """

    model: Any
    shuffler: np.random.Generator | None
    feed: Any
    callbacks: list[Any]

    @written_once
    def save(self, path: Path, epoch: int) -> None:
        """Write the training to a file, all or nothing, after `epoch` epochs.

        Raises:
            OSError: where the file cannot be written; what stood there before is whole.
        """
        from cello.saving.files import replacing  # saving stands on models, and they on us

        arrays: dict[str, np.ndarray] = {}
        record = {
            "epoch": epoch,
            "stopped": bool(self.model.stop_training),
            "form": self._form(),
            "random": _lift(self._random_numbers(), "random", arrays),
            "callbacks": _lift([c.get_state() for c in self.callbacks], "callbacks", arrays),
        }
        for name, leaf in self._arrays().items():
            arrays[name] = np.array(leaf, order="C")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with replacing(path) as temporary:
                save_file(arrays, temporary, metadata={"cello": json.dumps(record)})
        except Exception as error:
            error.add_note(
                f"{self.model}.fit could not save the training to {path}. The weights after "
                f"{epoch} epochs are kept in the model, and what was saved before is whole: make "
                "room, or name another folder, and call fit again."
            )
            raise

    def restore(self, path: Path) -> int | None:
        """Go back to what a file holds; the number of epochs done, or `None` without a file.

        Raises:
            ValueError: for a damaged file, or one of another model or data; before anything is
                changed.
        """
        check_same({"whether there is a training to resume": path.exists()}, "the start of fit")
        if not path.exists():
            return None
        try:
            with safe_open(path, "numpy") as file:
                record = json.loads(file.metadata()["cello"])
                arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except (SafetensorError, TypeError, KeyError, ValueError) as error:
            raise ValueError(
                f"{path} is no whole file of a training: {error}. Remove it to start anew."
            ) from None
        self._check(record["form"], path)
        self.feed.skip(record["epoch"])
        for name, assign in self._places().items():
            assign(arrays[name])
        leaves, structure = jax.tree.flatten(self.model.optimizer.state)
        state = [arrays[f"optimizer/{i}"] for i in range(len(leaves))]
        self.model.optimizer.state = jax.tree.unflatten(structure, map(_like, state, leaves))
        self._restore_random_numbers(_lower(record["random"], arrays))
        states = _lower(record["callbacks"], arrays)
        for callback, state in zip(self.callbacks, states, strict=True):
            callback.set_state(state)
        self.model.stop_training = record["stopped"]
        return record["epoch"]

    def _places(self) -> dict[str, Any]:
        """What takes each array of the model."""
        return {f"variables/{i}/{v.name}": v.assign for i, v in enumerate(self.model.variables)}

    def _arrays(self) -> dict[str, Any]:
        variables = {f"variables/{i}/{v.name}": v.value for i, v in enumerate(self.model.variables)}
        leaves = jax.tree.leaves(self.model.optimizer.state)
        return variables | {f"optimizer/{i}": leaf for i, leaf in enumerate(leaves)}

    def _form(self) -> dict[str, Any]:
        """What must be the same for a training to go on."""
        shapes = {name: f"{a.dtype} {list(a.shape)}" for name, a in self._arrays().items()}
        return {
            "optimizer": type(self.model.optimizer).__name__,
            "batches an epoch": self.feed.steps,
            "callbacks": [type(c).__name__ for c in self.callbacks],
            **shapes,
        }

    def _check(self, form: dict[str, Any], path: Path) -> None:
        own = self._form()
        for name in dict.fromkeys([*own, *form]):
            if own.get(name) != form.get(name):
                raise ValueError(
                    f"{self.model}.fit: {path} holds another training, which this one cannot "
                    f"resume: {name} is {form.get(name)} there and {own.get(name)} here. Name "
                    "another folder, or remove it to start anew."
                )

    def _random_numbers(self) -> dict[str, Any]:
        return {
            "shuffler": None if self.shuffler is None else self.shuffler.bit_generator.state,
            "cello": global_generator().bit_generator.state,
            "numpy": np.random.get_state(legacy=False),
            "python": random.getstate(),
        }

    def _restore_random_numbers(self, states: dict[str, Any]) -> None:
        if self.shuffler is not None:
            self.shuffler.bit_generator.state = states["shuffler"]
        global_generator().bit_generator.state = states["cello"]
        np.random.set_state(states["numpy"])
        version, numbers, gauss = states["python"]
        random.setstate((version, tuple(numbers), gauss))


def _like(value, leaf):
    return jax.numpy.asarray(value, jax.numpy.asarray(leaf).dtype)


def _lift(value, name: str, arrays: dict[str, np.ndarray]):
    """`value` as JSON can write it, its arrays put into `arrays`."""
    if isinstance(value, dict):
        return {k: _lift(v, f"{name}/{k}", arrays) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_lift(v, f"{name}/{i}", arrays) for i, v in enumerate(value)]
    if isinstance(value, (np.ndarray, jax.Array)):
        arrays[name] = np.array(value, order="C")
        return {"an array": name}
    return value.item() if isinstance(value, np.generic) else value


def _lower(value, arrays: dict[str, np.ndarray]):
    """What `_lift` was given; tuples as lists."""
    if isinstance(value, dict):
        if set(value) == {"an array"}:
            return arrays[value["an array"]]
        return {k: _lower(v, arrays) for k, v in value.items()}
    return [_lower(v, arrays) for v in value] if isinstance(value, list) else value
