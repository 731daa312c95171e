"""Whom Cello is compared with on a GPU, all in one process: a file each, with two names.

    prepare(row, data) -> run
    window(run, calls) -> seconds

`row` is a `harness.gpu_rows.Row`. `run()` sends off one call and returns its results, the outputs
`(batch, steps, units)` and, in training, the gradients, that for the inputs first; `window` is one
of the two ways of `harness.gpu_timing`. `run.note` may say what belongs beside the time, and
`run.time_axis` that time is not the second axis of the results. What a peer
cannot do it refuses with `Unavailable("why")`.
"""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np

from harness.rows import GATES


@dataclasses.dataclass(frozen=True)
class Peer:
    """`module` is imported when it is needed first; `title` stands in the table.

    Args:
        scans: whether it computes linear scans, in place of recurrences.
        quick: whether `--quick` runs it; not what takes long to compile.
    """

    title: str
    module: str
    scans: bool = False
    quick: bool = True


PEERS = {
    "cello": Peer("Cello", "peers.gpu.cello_ops"),
    "torch": Peer("PyTorch", "peers.gpu.torch_modules"),
    "jax_cudnn": Peer("JAX cuDNN", "peers.gpu.jax_cudnn"),
    "scan": Peer("lax.scan", "peers.gpu.lax_scan"),
    "associative_scan": Peer("lax.associative_scan", "peers.gpu.lax_associative_scan", True),
    "torch_scan": Peer("PyTorch associative_scan", "peers.gpu.torch_scan", True, False),
    "accelerated_scan": Peer("accelerated-scan", "peers.gpu.accelerated_scan", True),
}
DRAWN = 1_000_003
"""Numbers drawn for a row; no multiple of a sequence's size, so that no two sequences are equal."""


@dataclasses.dataclass
class Data:
    """The arrays of a row, on JAX' device.

    Attributes:
        inputs: `x` of a recurrence; `a` and `b` of a linear scan.
        weights: `W`, `U` and `b` as Cello's functions take them.
        gradient: for the outputs, in training.
        mask: of lengths between half of the steps and all.
        dropped: the factors of the state under a recurrent dropout of a half.
    """

    inputs: list[jax.Array]
    weights: list[jax.Array]
    gradient: jax.Array | None
    mask: jax.Array | None = None
    dropped: jax.Array | None = None


def draw(row) -> Data:
    """From NumPy, with nothing to compile; large arrays repeat the numbers that were drawn."""
    rng = np.random.default_rng(0)
    shape, dtype = (row.batch, row.steps, row.units), jnp.dtype(row.dtype)
    drawn = rng.standard_normal(DRAWN, np.float32), rng.random(DRAWN, np.float32)

    def normal():
        return jax.device_put(
            np.resize(np.roll(drawn[0], rng.integers(DRAWN)), shape).astype(dtype)
        )

    def uniform(low, high, shape):
        values = low + (high - low) * np.resize(np.roll(drawn[1], rng.integers(DRAWN)), shape)
        return jax.device_put(values.astype(dtype))

    gradient = normal() if row.training else None
    if row.is_scan:
        return Data([uniform(0.5, 1, shape), normal()], [], gradient)
    width = GATES[row.layer] * row.units
    bias = (2, width) if row.layer == "GRU" else (width,)
    limit = row.units**-0.5
    shapes = (row.units, width), (row.units, width), bias
    weights = [uniform(-limit, limit, shape) for shape in shapes]
    mask = np.arange(row.steps) < rng.integers(row.steps // 2, row.steps + 1, (row.batch, 1))
    dropped = np.where(rng.random((row.batch, row.units)) < 0.5, 2, 0).astype(dtype)
    return Data([normal()], weights, gradient, jax.device_put(mask), jax.device_put(dropped))


def sample(row, run) -> np.ndarray:
    """Of one call, the outputs of the last step or the gradients of the first, to be compared."""
    results = run()
    axis = getattr(run, "time_axis", 1)
    wanted, step = (results[1], 0) if row.training else (results[0], row.steps - 1)
    some = wanted[:, step] if axis == 1 else wanted[..., step]
    if isinstance(some, jax.Array):
        return np.asarray(some.astype(jnp.float32))
    return some.detach().float().cpu().numpy()
