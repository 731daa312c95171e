"""Run in a process with four devices: kernels on a batch that is spread over them.

python sharded.py                those for CPUs
python sharded.py LIBRARY        those for GPUs, played by the CPU
"""

import functools
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from recurrence_cases import layer_norm

import cello
from cello.native import cuda
from cello.ops.layer_norm import LAYER_NORM_LSTM

BATCH, TIME, FEATURES, UNITS = 8, 5, 3, 6
PREFIX = "cello_cuda" if sys.argv[1:] else "cello"
OPS = {
    "lstm": (4, cello.ops.lstm, {}, (4 * UNITS,)),
    "gru": (3, cello.ops.gru, {}, (2, 3 * UNITS)),
    "layer_norm_lstm": (4, functools.partial(layer_norm, LAYER_NORM_LSTM), {}, (14, UNITS)),
}
if sys.argv[1:]:
    OPS.pop("layer_norm_lstm")
    cello.native.load(sys.argv[1], "cello_cuda_handlers", "cpu")
    cuda.platform, cuda.missing = lambda: "cuda", lambda: None
    jax.config.update("jax_default_matmul_precision", "highest")


def check(name: str) -> None:
    gates, op, more, of_bias = OPS[name]
    rng = np.random.default_rng(0)
    x, kernel, recurrent_kernel, bias = (
        rng.normal(size=shape).astype("float32")
        for shape in (
            (BATCH, TIME, FEATURES), (FEATURES, gates * UNITS), (UNITS, gates * UNITS), of_bias,
        )
    )  # fmt: skip
    mask = rng.random((BATCH, TIME)) < 0.6

    def loss(x, kernel, recurrent_kernel, bias, mask):
        outputs, states = op(x, kernel, recurrent_kernel, bias, mask=mask, engine="native", **more)
        return jnp.sum(jnp.sin(outputs + 1)) + sum(jnp.sum(s**2) for s in states)

    arrays = x, kernel, recurrent_kernel, bias, mask
    program = jax.jit(jax.value_and_grad(loss, (0, 1, 2, 3)))
    want = program(*arrays)  # on one device

    mesh = Mesh(np.array(jax.devices()), ("rows",))
    rows, whole = PartitionSpec("rows"), PartitionSpec()
    specs = rows, whole, whole, whole, rows
    spread = [jax.device_put(a, NamedSharding(mesh, s)) for a, s in zip(arrays, specs, strict=True)]
    text = program.lower(*spread).compile().as_text()
    assert "all-gather" not in text, "the batch was gathered"
    assert f"{PREFIX}_forward" in text and f"{PREFIX}_backward" in text
    compare(program(*spread), want)

    for check_vma in (True, False) if name == "lstm" else ():
        mapped = jax.shard_map(
            lambda *a: jax.lax.psum(loss(*a), "rows"),
            mesh=mesh, in_specs=specs, out_specs=whole, check_vma=check_vma,
        )  # fmt: skip
        compare(jax.jit(jax.value_and_grad(mapped, (0, 1, 2, 3)))(*spread), want)


def check_linear_scan(mesh, spec: PartitionSpec, dtype: str, constant: bool = False) -> None:
    """Any axis but that of time may be spread; constant factors are a weight, whole everywhere."""
    rng = np.random.default_rng(0)
    a, b, h0 = (
        (rng.normal(size=shape) * np.exp(1j * rng.normal(size=shape))).astype(dtype)
        if dtype == "complex64"
        else rng.normal(size=shape).astype(dtype)
        for shape in (
            (UNITS,) if constant else (BATCH, TIME, UNITS),
            (BATCH, TIME, UNITS),
            (BATCH, UNITS),
        )
    )

    def loss(a, b, h0):
        return jnp.sum(jnp.abs(cello.ops.linear_scan(a, b, h0, engine="native") + 1) ** 1.5)

    program = jax.jit(jax.value_and_grad(loss, (0, 1, 2)))
    want = program(a, b, h0)  # on one device
    specs = PartitionSpec() if constant else spec, spec, PartitionSpec(spec[0], *spec[2:])
    arrays = a, b, h0
    spread = [jax.device_put(x, NamedSharding(mesh, s)) for x, s in zip(arrays, specs, strict=True)]
    text = program.lower(*spread).compile().as_text()
    assert "all-gather" not in text, f"{spec} was gathered"
    kind = "complex_" if dtype == "complex64" and PREFIX == "cello" else ""
    name = f"{PREFIX}_{kind}linear_scan"
    assert f'{name}"' in text and f'{name}_backward"' in text
    compare(program(*spread), want)
    # One model a device or several, each with a batch that is spread.
    models = jax.vmap(loss)(*(jnp.stack([x, x]) for x in spread))
    compare(models, jnp.stack([want[0]] * 2))

    for check_vma in () if constant else (True, False):
        mapped = jax.shard_map(
            lambda a, b, h0: jax.lax.psum(loss(a, b, h0), mesh.axis_names),
            mesh=mesh, in_specs=specs, out_specs=PartitionSpec(), check_vma=check_vma,
        )  # fmt: skip
        compare(jax.jit(jax.value_and_grad(mapped, (0, 1, 2)))(*spread), want)


def compare(got, want) -> None:
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        np.testing.assert_allclose(g, w, rtol=1e-4, atol=1e-5)


if __name__ == "__main__":
    for name in OPS:
        check(name)
    rows = Mesh(np.array(jax.devices()), ("rows",))
    check_linear_scan(rows, PartitionSpec("rows", None, None), "complex64", constant=True)
    grid = Mesh(np.array(jax.devices()).reshape(2, 2), ("rows", "units"))
    for dtype in ("float32", "complex64"):
        check_linear_scan(grid, PartitionSpec("rows", None, "units"), dtype)
