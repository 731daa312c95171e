"""Where arrays lie: on one device, or on a mesh of the devices of all processes.

Between two calls of the compiled loop each process holds its own part of the state of a training,
on its own devices: plain arrays that everything can read, save and change. They are given to a call
as parts of arrays over all processes, and taken back from it, without a copy.
"""

from __future__ import annotations

import contextlib
import contextvars
import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from cello.distribution.processes import check_same, from_first

AXES = ("process", "batch", "model")


class OneDevice:
    """Where no distribution is set."""

    processes = 1

    def own(self, rows: int) -> slice:
        """The rows of a batch that this process reads."""
        return slice(None)

    def put(self, chunk, rows: int):
        """What this process has read of a chunk, as an argument of the compiled loop.

        Args:
            chunk: tree of arrays `(batches, rows, ...)`.
            rows: those of a whole batch.
        """
        return chunk

    def place(self, state):
        """The state before an epoch, where it belongs; itself, where it is there."""
        if jax.device_count() == 1 or not any(map(_away, jax.tree.leaves(state))):
            return state
        return jax.tree.map(_home, state)

    def give(self, state):
        """The state as an argument of the compiled loop."""
        return state

    def take(self, state):
        """The state from a result of the compiled loop."""
        return state

    def around(self, run):
        """The compiled loop, told where the state and the results lie that it returns."""
        return run

    def agree(self, value, what: str):
        """What process 0 says."""
        return value

    def check_same(self, values: dict[str, Any], what: str) -> None:
        """Refuse values that differ between the processes."""


@dataclasses.dataclass(frozen=True)
class Spread(OneDevice):
    """The rows of a batch over the devices, and with `wide` the columns of weights.

    Attributes:
        mesh: over all processes, with the axes `AXES`.
        local_mesh: the part of this process.
        wide: the least number of columns of a weight that is split.
    """

    mesh: Mesh
    local_mesh: Mesh
    wide: int | None = None

    @property
    def processes(self) -> int:  # type: ignore[override]
        return self.mesh.shape["process"]

    # ------------------------------------------------------------------------------ data

    def _axes(self, rows: int) -> tuple[str, ...]:
        """The axes of the mesh over which so many rows are split: those that divide them."""
        every = self.processes, self.mesh.shape["batch"]
        if rows % (every[0] * every[1]) == 0:
            return AXES[:2]
        return AXES[:1] if rows % every[0] == 0 else ()

    def own(self, rows: int) -> slice:
        if not self._axes(rows):
            return slice(None)
        share, here = rows // self.processes, jax.process_index()
        return slice(here * share, (here + 1) * share)

    def put(self, chunk, rows: int):
        sharding = NamedSharding(self.mesh, PartitionSpec(None, self._axes(rows)))

        def one(array):
            shape = (array.shape[0], rows, *array.shape[2:])
            return jax.make_array_from_process_local_data(sharding, array, shape)

        return jax.tree.map(one, chunk)

    # ----------------------------------------------------------------------------- state

    def _spec(self, array) -> PartitionSpec:
        """Wide matrices are split by their columns, and so is what an optimiser keeps of them."""
        shape = array.shape
        if self.wide is None or len(shape) < 2 or shape[-1] < self.wide:
            return PartitionSpec()
        if shape[-1] % self.mesh.shape["model"]:
            return PartitionSpec()
        return PartitionSpec(*(None,) * (len(shape) - 1), "model")

    def _in_place(self, array) -> bool:
        sharding = NamedSharding(self.local_mesh, self._spec(array))
        return isinstance(array, jax.Array) and array.sharding == sharding

    def place(self, state):
        """What is new takes the values of process 0."""
        leaves, structure = jax.tree.flatten(state)
        new = [i for i, leaf in enumerate(leaves) if not self._in_place(leaf)]
        if self.processes > 1:
            check_same({"what was assigned anew in the training": new}, "the start of an epoch")
            values = multihost_utils.broadcast_one_to_all([np.asarray(leaves[i]) for i in new])
            for i, value in zip(new, values, strict=True):
                leaves[i] = np.asarray(value, leaves[i].dtype)
        return jax.tree.unflatten(structure, map(self._put_here, leaves))

    def _put_here(self, array):
        if self._in_place(array):
            return array
        return jax.device_put(array, NamedSharding(self.local_mesh, self._spec(array)))

    def give(self, state):
        return jax.tree.map(lambda a: self._move(self._put_here(a), self.mesh), state)

    def take(self, state):
        return jax.tree.map(lambda a: self._move(a, self.local_mesh), state)

    def _move(self, array, mesh: Mesh):
        """The same parts on this process' devices, as those of an array on `mesh`."""
        if self.processes == 1:
            return array
        parts = [shard.data for shard in array.addressable_shards]
        sharding = NamedSharding(mesh, self._spec(array))
        return jax.make_array_from_single_device_arrays(array.shape, sharding, parts)

    def around(self, run):
        def hold(array, spec: PartitionSpec):
            return jax.lax.with_sharding_constraint(array, NamedSharding(self.mesh, spec))

        def spread(*arguments):
            state, results = run(*arguments)
            return (
                jax.tree.map(lambda a: hold(a, self._spec(a)), state),
                jax.tree.map(lambda a: hold(a, PartitionSpec()), results),
            )

        return spread

    # ------------------------------------------------------------------------- agreement

    def agree(self, value, what: str):
        return from_first(value, what) if self.processes > 1 else value

    def check_same(self, values: dict[str, Any], what: str) -> None:
        if self.processes > 1:
            check_same(values, what)


def _away(array) -> bool:
    """Whether `array` lies on several devices."""
    return isinstance(array, jax.Array) and len(array.sharding.device_set) > 1


def _home(array):
    """`array` on the default device, where it lies on several."""
    return jnp.asarray(np.asarray(array)) if _away(array) else array


ONE_DEVICE = OneDevice()
_current: contextvars.ContextVar[OneDevice] = contextvars.ContextVar("spread", default=ONE_DEVICE)


def current() -> OneDevice:
    """How training is spread here."""
    return _current.get()


@contextlib.contextmanager
def scope(devices, model: int, wide: int | None):
    """Within it, training is spread; see `cello.distribution.scopes`."""
    token = _current.set(_spread(devices, model, wide))
    try:
        yield
    finally:
        _current.reset(token)


def _spread(devices, model: int, wide: int | None) -> Spread:
    if devices is not None and (not isinstance(devices, (list, tuple)) or not devices):
        raise ValueError(
            "devices must be a list of some of jax.devices(), or None for all of them. Received: "
            f"devices={devices!r}"
        )
    devices = list(jax.devices() if devices is None else devices)
    by_process: dict[int, list[Any]] = {}
    for device in sorted(devices, key=lambda d: (d.process_index, d.id)):
        by_process.setdefault(device.process_index, []).append(device)
    counts = {len(own) for own in by_process.values()}
    if set(by_process) != set(range(jax.process_count())) or len(counts) > 1:
        raise ValueError(
            "Training is spread over as many devices of each process. Received: "
            f"devices={devices}, of {jax.process_count()} processes."
        )
    count = counts.pop()
    if count % model:
        raise ValueError(
            f"model_parallel splits weights over the devices of a process, of which there are "
            f"{count}: model must divide it. Received: model={model}"
        )
    grid = np.array(list(by_process.values())).reshape(len(by_process), count // model, model)
    here = jax.process_index()
    return Spread(Mesh(grid, AXES), Mesh(grid[here : here + 1], AXES), wide)
