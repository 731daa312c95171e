"""What tests of masks share: numbers, how near is near, and masks of every kind."""

import jax
import numpy as np
from hypothesis import strategies as st

ROWS, TIME, FEATURES = 4, 5, 3


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def close(a, b, tolerance=1e-5):
    jax.tree.map(
        lambda u, v: np.testing.assert_allclose(u, v, rtol=tolerance, atol=tolerance), a, b
    )


SIDES = st.sampled_from(["right", "left", "holes"])


@st.composite
def masks(draw):
    """Boolean `(ROWS, TIME)`: padding on a side, holes, and sometimes a row all masked."""
    rows = []
    for _ in range(ROWS):
        n = draw(st.integers(0, TIME))
        right = np.arange(TIME) < n
        holes = np.array(draw(st.lists(st.booleans(), min_size=TIME, max_size=TIME)))
        rows.append({"right": right, "left": right[::-1], "holes": holes}[draw(SIDES)])
    return np.stack(rows)
