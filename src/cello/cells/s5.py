"""The simplified state space layer."""

from __future__ import annotations

import functools

import jax.numpy as jnp
import numpy as np

from cello.cells.linear import join_parts
from cello.cells.state_space import StateSpaceCell, even, zero_order_hold
from cello.core.arguments import arg
from cello.core.kinds import optional
from cello.initializers import get
from cello.ops.product import product


class S5Cell(StateSpaceCell):
    """One step of the simplified state space layer: one system of many inputs and outputs.

        A = -exp(P) + i F,  d = exp(s)
        a = exp(d A)
        h_t = a * h_{t-1} + (a - 1) / A * (x_t B)
        y_t = 2 Re(h_t C) + x_t D

    That is the zero-order hold of `h' = A h + B x`. Inputs mix in `B`, outputs in `C` and `D`. The
    `state_units / 2` complex numbers of the state stand for themselves and their conjugates, hence
    `2 Re`. What the paper puts behind, a nonlinearity with a gate, is left to the layers around.

    Inputs `(batch, features)`, states `[Re(h), Im(h)]`, each `(batch, state_units / 2)`, output `y`
    `(batch, units)`. Weights: `log_step` `s`, `log_decay` `P` and `frequency` `F`
    `(state_units / 2,)`; input kernel `(features, state_units)`, the real and the imaginary part of
    `B`; output kernel `(state_units, units)`, `Re(C)` above `-Im(C)`; skip kernel `D`
    `(features, units)`.

    As in the paper, the system starts as the normal part of the HiPPO-LegS matrix, with real input
    and output matrices of LeCun's normal numbers, all written in the basis of its eigenvectors,
    which make it diagonal; and the steps log-uniform between `dt_min` and `dt_max`. The paper
    learns `-exp(P)` itself, which training may make positive; its `D` is a diagonal, and a matrix
    here, as `units` may differ from the features.

    Source: Smith, Warrington and Linderman 2023, Simplified State Space Layers for Sequence
    Modeling.
    """

    state_units = arg(
        None, kind=optional(even),
        doc="Size of the state, conjugates counted; `units`, or one more to be even, where `None`.",
    )  # fmt: skip
    complex_state = True

    def state_shape(self):
        if self.state_units is None:
            self.state_units = self.units + self.units % 2
        return self.state_units // 2

    def build(self, input_shape):
        super().build(input_shape)
        n, features = self.state_units, input_shape[-1]
        hippo = functools.cache(lambda: normal_hippo(n))  # not if a file has the weights

        def eigen_input(shape, dtype):
            kernel = np.asarray(get("lecun_normal")(shape, dtype)) @ hippo()[1].conj()
            return np.concatenate([kernel.real, kernel.imag], -1).astype(dtype)

        def eigen_output(shape, dtype):
            kernel = hippo()[1].T @ np.asarray(get("lecun_normal")(shape, dtype))
            return np.concatenate([kernel.real, -kernel.imag]).astype(dtype)

        self.log_step = self.add("log_step", (n // 2,), self.initial_log_step)
        self.log_decay = self.add("log_decay", (n // 2,), lambda *form: np.log(-hippo()[0].real))
        self.frequency = self.add("frequency", (n // 2,), lambda *form: hippo()[0].imag)
        self.input_kernel = self.add("input_kernel", (features, n), eigen_input)
        self.output_kernel = self.add("output_kernel", (n, self.units), eigen_output)
        self.skip_kernel = self.add("skip_kernel", (features, self.units), "lecun_normal")

    def coefficients(self, inputs):
        A = join_parts(-jnp.exp(self.log_decay.value), self.frequency.value)
        a, scale = zero_order_hold(A, jnp.exp(self.log_step.value))
        given = product(inputs, self.input_kernel.value, self.compute_dtype)
        skipped = product(inputs, self.skip_kernel.value, self.compute_dtype)
        return a, scale * join_parts(*jnp.split(given, 2, axis=-1)), skipped

    def readout(self, h, skipped):
        parts = 2 * jnp.concatenate([h.real, h.imag], -1)
        return product(parts, self.output_kernel.value, self.compute_dtype) + skipped


def normal_hippo(n: int):
    """Eigenvalues with positive imaginary part, `(n / 2,)`, and their eigenvectors, the columns of
    `(n, n / 2)`, of the normal part of the HiPPO-LegS matrix; the others are their conjugates.

    The part is `-1/2` on the diagonal, `-sqrt((2i + 1)(2k + 1)) / 2` below and the negative of that
    above.
    """
    root = np.sqrt(2 * np.arange(n) + 1)
    below = np.tril(np.outer(root, root), -1)
    imaginary, vectors = np.linalg.eigh(0.5j * (below - below.T))
    return -0.5 + 1j * imaginary[n // 2 :], vectors[:, n // 2 :]
