"""Run a function of arrays on each device's rows of the batch, where the batch is sharded."""

from __future__ import annotations

from collections.abc import Callable

import jax
from jax.experimental.custom_partitioning import custom_partitioning
from jax.sharding import NamedSharding, PartitionSpec


def by_rows(
    function: Callable,
    batch_axes: tuple[int | None, ...],
    result_axes: tuple[int | None, ...],
) -> Callable:
    """`function`, which a sharded batch does not gather.

    Args:
        function: of arrays, in place; returns a tuple of arrays.
        batch_axes: for each argument the axis of its batch, or `None` for one that every device
            needs whole. The first one has a batch.
        result_axes: the same for the results; one without a batch is summed over the devices.
    """

    def spec(rank: int, axis: int | None, devices) -> PartitionSpec:
        return PartitionSpec(*(devices if i == axis else None for i in range(rank)))

    def partition(mesh, arguments, results):
        batch_axis = batch_axes[0]
        devices = arguments[0].sharding.spec[batch_axis]

        def local(*arrays):
            outputs = function(*arrays)
            if devices is None:
                return outputs
            return tuple(
                jax.lax.psum(output, devices) if axis is None else output
                for output, axis in zip(outputs, result_axes, strict=True)
            )

        def shardings(shapes, axes):
            return tuple(
                NamedSharding(mesh, spec(len(s.shape), axis, devices))
                for s, axis in zip(shapes, axes, strict=True)
            )

        return mesh, local, shardings(results, result_axes), shardings(arguments, batch_axes)

    def rule(mesh, arguments, results):
        """Shardy's notation: the factor `batch` goes through, all others stay on one device."""
        whole: list[str] = []

        def factors(types, axes, letter):
            arrays = []
            for n, (value_type, axis) in enumerate(zip(types, axes, strict=True)):
                rank = len(value_type.shape)
                names = ["batch" if i == axis else f"{letter}{n}_{i}" for i in range(rank)]
                whole.extend(name for name in names if name != "batch")
                arrays.append(" ".join(names))
            return ", ".join(arrays)

        left, right = factors(arguments, batch_axes, "a"), factors(results, result_axes, "r")
        return (
            f"{left} -> {right}",
            {"need_replication_factors": tuple(whole)},
        )

    partitioned = custom_partitioning(function)
    partitioned.def_partition(partition=partition, sharding_rule=rule)
    return partitioned
