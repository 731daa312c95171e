"""Arrays that are spread over devices: a function of each device's part, marks in `shard_map`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec

Axes = int | tuple[int, ...] | None


def by_rows(
    function: Callable,
    batch_axes: tuple[Axes, ...],
    result_axes: tuple[Axes, ...],
) -> Callable:
    """`function`, which a sharded batch does not gather.

    Args:
        function: of arrays, in place; returns a tuple of arrays.
        batch_axes: for each argument the axis of its batch, or `None` for one that every device
            needs whole. The first one has a batch. A batch may have several axes: a tuple, of the
            same length for all arrays that have it.
        result_axes: the same for the results; one without a batch is summed over the devices.
    """
    batches, result_batches = _tuples(batch_axes), _tuples(result_axes)

    def partition(mesh, arguments, results):
        spec = arguments[0].sharding.spec
        devices = [spec[axis] if axis < len(spec) else None for axis in batches[0]]
        names = tuple(name for entry in devices for name in _names(entry))

        def local(*arrays):
            return tuple(
                jax.lax.psum(output, names) if names and not axes else output
                for output, axes in zip(function(*arrays), result_batches, strict=True)
            )

        def shardings(shapes, every):
            return tuple(
                NamedSharding(mesh, _spec(len(s.shape), dict(zip(axes, devices, strict=False))))
                for s, axes in zip(shapes, every, strict=True)
            )

        return mesh, local, shardings(results, result_batches), shardings(arguments, batches)

    def rule(mesh, arguments, results):
        """Shardy's notation: the factors `batch` go through, all others stay on one device."""
        whole: list[str] = []

        def factors(types, every, letter):
            arrays = []
            for n, (value_type, axes) in enumerate(zip(types, every, strict=True)):
                rank = len(value_type.shape)
                names = [
                    f"batch{axes.index(i)}" if i in axes else f"{letter}{n}_{i}"
                    for i in range(rank)
                ]
                whole.extend(name for name in names if not name.startswith("batch"))
                arrays.append(" ".join(names))
            return ", ".join(arrays)

        left, right = factors(arguments, batches, "a"), factors(results, result_batches, "r")
        return (
            f"{left} -> {right}",
            {"need_replication_factors": tuple(whole)},
        )

    partitioned = custom_partitioning(function)
    partitioned.def_partition(partition=partition, sharding_rule=rule)
    return partitioned


def _tuples(every: tuple[Axes, ...]) -> list[tuple[int, ...]]:
    return [() if a is None else (a,) if isinstance(a, int) else a for a in every]


def _names(entry) -> tuple[str, ...]:
    """The names of mesh axes in one entry of a `PartitionSpec`."""
    return () if entry is None else (entry,) if isinstance(entry, str) else tuple(entry)


def _spec(rank: int, devices: dict[int, Any]) -> PartitionSpec:
    return PartitionSpec(*(devices.get(i) for i in range(rank)))


def varying(arrays, like):
    """`arrays`, marked as different on each device where any of `like` is, within `shard_map`."""
    axes = frozenset[str]().union(*(_varies(a) for a in jax.tree.leaves(like)))

    def mark(array):
        missing = tuple(axes - _varies(array))
        return jax.lax.pcast(array, missing, to="varying") if missing else array

    return jax.tree.map(mark, arrays) if axes else arrays


def _varies(array) -> frozenset[str]:
    return jax.typeof(array).manual_axis_type.varying
