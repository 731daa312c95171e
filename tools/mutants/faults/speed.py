"""Faults that leave every number right, and make Cello slow or large."""

FAULTS = [
    (
        "src/cello/ops/convolution.py",
        "ad.defbilinear(_convolution_p, _towards_maps, _towards_kernel)",
        """ad.defbilinear(
    _convolution_p,
    _towards_maps,
    lambda g, maps, kernel, **options: jax.linear_transpose(
        lambda k: _compute(maps, k, **options), kernel.aval
    )(g)[0],
)""",
        [
            "tests/ops/test_convolution.py::"
            "test_training_has_them_in_the_one_order_that_is_fast_in_a_loop[Conv1D]"
        ],
        "the gradients of convolutions are slow in the compiled loop",
    ),
    (
        "src/cello/ops/convolution.py",
        "(before, w - 1 + r - m - before)",
        "(before, w + r - m - before)",
        ["tests/ops/test_convolution.py::test_it_is_that_of_jax_in_all_derivatives[strides]"],
        "the gradient of a convolution's kernel has another size",
    ),
    (
        "src/cello/ops/convolution.py",
        ".swapaxes(-3, -1)",
        ".swapaxes(-3, -1)[..., ::-1, :]",
        ["tests/ops/test_convolution.py::test_it_is_that_of_jax_in_all_derivatives[dilation]"],
        "the gradients of a convolution go to another group's channels",
    ),
]
