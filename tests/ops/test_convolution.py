"""Convolutions: JAX's in all derivatives, and in the one order that XLA is fast at in a loop."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax import lax

import cello
from cello.ops.convolution import convolution

COMPILATIONS = 20

CASES = {  # strides, padding, dilation, groups; then the sizes of space and window
    "valid": ((1,), "VALID", (1,), 1, (7,), (3,)),
    "strides": ((3,), "SAME", (1,), 1, (8,), (2,)),
    "dilation": ((1,), "SAME", (2,), 2, (9,), (3,)),
    "both": ((2,), "VALID", (3,), 2, (9,), (2,)),
    "steps left over": ((2,), "VALID", (1,), 1, (6,), (3,)),
    "no window fits": ((1,), "VALID", (1,), 1, (2,), (3,)),
    "planes": ((1, 2), "SAME", (2, 1), 4, (4, 5), (2, 3)),
    "bodies": ((2, 1, 1), "VALID", (1, 1, 2), 1, (3, 2, 4), (2, 1, 2)),
}


def jax_convolution(maps, kernel, strides, padding, dilation, groups):
    space = "XYZ"[: maps.ndim - 2]
    return lax.conv_general_dilated(
        maps,
        kernel,
        strides,
        padding,
        rhs_dilation=dilation,
        feature_group_count=groups,
        dimension_numbers=(f"N{space}C", f"{space}IO", f"N{space}C"),
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_it_is_that_of_jax_in_all_derivatives(case):
    """Values, gradients, derivatives along a direction, gradients of gradients, many at once."""
    *options, space, window = case
    rng = np.random.default_rng(0)
    maps = rng.normal(size=(2, *space, 4)).astype("float32")
    kernel = rng.normal(size=(*window, 4 // options[-1], 8)).astype("float32")

    def everything(convolve):
        def loss(maps, kernel):
            return jnp.sum(jnp.sin(convolve(maps, kernel, *options)))

        def slopes(maps, kernel):
            return sum(jnp.sum(g**2) for g in jax.grad(loss, (0, 1))(maps, kernel))

        @jax.jit
        def run(maps, kernel):
            several = jax.vmap(loss, (0, None))(jnp.stack([maps, 2 * maps]), kernel)
            return (
                jax.jvp(loss, (maps, kernel), (maps, kernel)),
                jax.grad(loss, (0, 1))(maps, kernel),
                jax.grad(slopes, (0, 1))(maps, kernel),
                several,
            )

        return run(maps, kernel)

    for got, wanted in zip(
        jax.tree.leaves(everything(convolution)),
        jax.tree.leaves(everything(jax_convolution)),
        strict=True,
    ):
        np.testing.assert_allclose(got, wanted, rtol=2e-4, atol=2e-4)


LAYERS = {
    "Conv1D": (1, (8, 4), {"padding": "causal", "dilation_rate": 2}),
    "Conv1D in groups": (1, (8, 4), {"groups": 2, "strides": 2, "padding": "same"}),
    "ConvLSTM1D": (1, (3, 4, 2), {}),
    "ConvLSTM2D": (2, (3, 2, 4, 5), {"data_format": "channels_first"}),
    "ConvGRU2D": (2, (3, 4, 5, 2), {"strides": 2}),
    "ConvGRU3D": (3, (3, 2, 2, 3, 2), {"padding": "same"}),
}


@pytest.mark.parametrize("name", LAYERS)
def test_training_has_them_in_the_one_order_that_is_fast_in_a_loop(name):
    """XLA brings other orders into this one, but not in the body of a loop."""
    rank, shape, options = LAYERS[name]
    layer = getattr(cello.layers, name.split()[0])(4, 2, **options)
    model = cello.Sequential([cello.Input(shape), layer, cello.layers.Flatten()])
    model.compile("sgd", "mse")
    batches = [np.zeros((2, 3, *s[1:]), "f") for s in (model.input_shape, model.output_shape)]
    model.trainer.feeding.feed("fit", (batches[0][0], batches[1][0], None))
    programs = model.trainer.programs
    state = programs.state("train").read()
    text = programs.runner("train")._compiled.lower(state, (*batches, None), 2).as_text()
    orders = re.findall(r"stablehlo.convolution.*?dim_numbers = (.*?), window", text)
    assert len(orders) >= 2  # forwards, and towards the kernel
    space = ", ".join(map(str, range(rank)))
    assert set(orders) == {f"[b, {space}, f]x[{space}, i, o]->[b, {space}, f]"}
