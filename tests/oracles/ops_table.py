"""Calls of the functions of `keras.ops`: name to a list of arguments, arrays and options."""

import keras
import numpy as np

from cello.core.functions.arrays import REDUCTIONS
from cello.core.functions.elementwise import ELEMENTWISE

_rng = np.random.default_rng(0)


def normal(*shape):
    return _rng.normal(size=shape).astype("float32")


X, Y = normal(2, 3, 4), normal(2, 3, 4)
P = np.abs(normal(2, 3, 4)) / 4 + 0.1  # between 0 and 1, for most
P = np.minimum(P, np.float32(0.95))
I = _rng.integers(0, 5, (2, 3, 4)).astype("int32")  # noqa: E741
J = _rng.integers(1, 5, (2, 3, 4)).astype("int32")
B, C = X > 0, Y > 0
N = np.where(_rng.random((2, 3, 4)) < 0.2, np.nan, X).astype("float32")
SPECIAL = np.array([[0.0, -0.0, np.inf], [-np.inf, np.nan, 1.5]], "float32")
V, W = normal(3), normal(3)
S = (normal(2, 3, 3) + 3 * np.eye(3)).astype("float32")
SPD = (S @ S.transpose(0, 2, 1)).astype("float32")
LOWER = np.tril(SPD[0]).astype("float32")
SORTED = np.array([-1.0, -0.3, 0.2, 0.9], "float32")
HOT = np.eye(4, dtype="float32")[I % 4][:, :, 0]  # (2, 3, 4)
Q = (P / P.sum(-1, keepdims=True)).astype("float32")
WAVE = normal(2, 40)


def whole(numbers):
    return np.array(numbers, "int32")


def c(*args, **kwargs):
    return args, kwargs


_FROM_0_TO_1 = "arccos arcsin arctanh erfinv log log10 log1p log2 sqrt rsqrt".split()
_WHOLE = (
    "bitwise_and bitwise_or bitwise_xor left_shift right_shift bitwise_left_shift "
    "bitwise_right_shift gcd lcm"
).split()
_SPECIAL = "isfinite isinf isnan isneginf isposinf signbit".split()


def _parameters(name):
    import inspect

    return list(inspect.signature(getattr(keras.ops, name)).parameters)


def _elementwise(name):
    if name in _WHOLE:
        return [c(I, J)]
    if name in ("bitwise_not", "bitwise_invert"):
        return [c(I), c(B)]
    if name in _SPECIAL:
        return [c(SPECIAL), c(X)]
    if name in _FROM_0_TO_1:
        return [c(P)]
    if name == "arccosh":
        return [c(1 + P)]
    if name.startswith("logical_"):
        return [c(B)] if name == "logical_not" else [c(B, C), c(X, I)]
    if _parameters(name)[:2] in (["x1", "x2"],):
        return [c(X, Y), c(X, 2.0), c([1.0, 2.0, -3.0, 4.0], X)]
    return [c(X)]


def _reduced(name):
    x = N if name.startswith("nan") else X
    if "q" in _parameters(name):
        scale = 100 if "percentile" in name else 1
        return [
            c(x, 0.3 * scale),
            c(x, np.array([0.1, 0.5], "float32") * np.float32(scale), axis=1, keepdims=True),
            c(x, 0.5 * scale, axis=-1, method="nearest"),
        ]
    if name in ("all", "any"):
        x = B
    if "keepdims" not in _parameters(name):
        return [c(x, axis=1), c(x, axis=-1)]
    axes = [] if "arg" in name else [c(x, axis=(0, 2))]
    return [c(x), c(x, axis=1, keepdims=True), c(x, -1), *axes]


CASES = {
    **{name: _elementwise(name) for name in ELEMENTWISE if hasattr(keras.ops, name)},
    **{name: _reduced(name) for name in REDUCTIONS},
    # ------------------------------------------------------------------------ elementwise
    "array": [c(X), c([1, 2], dtype="float32")],
    "cast": [c(X, "int32"), c(I, dtype="bfloat16"), c(X, "bool")],
    "celu": [c(X), c(X, alpha=0.5)],
    "clip": [c(X, -0.5, 0.5), c(X, x_min=-0.3, x_max=0.2), c(I, 1, 3)],
    "convert_to_tensor": [c(X), c([1, 2, 3]), c(X, dtype="float16")],
    "divide_no_nan": [c(X, Y), c(X, np.zeros_like(X))],
    "elu": [c(X), c(X, 0.5)],
    "empty_like": [],
    "full_like": [c(X, 2), c(X, 2, dtype="int32")],
    "gelu": [c(X), c(X, approximate=False)],
    "hard_shrink": [c(X), c(X, 0.2)],
    "heaviside": [c(X, Y)],
    "isclose": [c(X, Y), c(X, X + np.float32(1e-3), rtol=1e-2), c(N, N, equal_nan=True)],
    "ldexp": [c(X, I)],
    "leaky_relu": [c(X), c(X, negative_slope=0.05)],
    "nan_to_num": [c(SPECIAL), c(SPECIAL, nan=1.0, posinf=2.0, neginf=-2.0)],
    "nextafter": [c(X, Y)],
    "one_hot": [c(I, 5), c(I, num_classes=4, axis=1, dtype="int32")],
    "ones_like": [c(X), c(X, "int8")],
    "power": [c(P, Y), c(X, 2), c(I, 2)],
    "round": [c(3 * X), c(3 * X, 1), c(10 * I, decimals=-1)],
    "saturate_cast": [c(400 * X, "uint8"), c(I, "int8"), c(1e10 * X, "int32"), c(X, "float16")],
    "soft_shrink": [c(X), c(X, threshold=0.2)],
    "squareplus": [c(X), c(X, b=2)],
    "threshold": [c(X, 0.1, -1.0), c(X, threshold=0.0, default_value=2)],
    "where": [c(B, X, Y), c(B, X, 0.0), c(X > 1, x1=1, x2=0)],
    "zeros_like": [c(X), c(I, dtype="float32")],
    "binary_crossentropy": [c(HOT, P), c(HOT, X, from_logits=True)],
    # ------------------------------------------------------------------------ along an axis
    "argpartition": [c(X, 2), c(X, kth=1, axis=1)],
    "argsort": [c(X), c(X, axis=1)],
    "average": [c(X, axis=1, weights=P), c(X), c(X, axis=-1)],
    "cumprod": [c(X, 1), c(X), c(I, axis=-1, dtype="float32")],
    "cumsum": [c(X, 1), c(X), c(I, axis=-1, dtype="float32")],
    "diff": [c(X), c(X, n=2, axis=1)],
    "max": [*_reduced("max"), c(X, initial=3.0), c(X, 1, initial=-9.0)],
    "min": [*_reduced("min"), c(X, initial=-3.0)],
    "norm": [c(X), c(X, axis=-1), c(X, ord=1, axis=1, keepdims=True), c(S, "fro", (1, 2))],
    "prod": [*_reduced("prod"), c(I, dtype="float32")],
    "trapezoid": [c(X), c(X, axis=1, dx=0.5), c(X, x=SORTED)],
    "array_split": [c(X, 3, axis=-1), c(X, 2, axis=1)],
    "concatenate": [c([X, Y]), c([X, Y], axis=-1), c([X, I], axis=1)],
    "flip": [c(X), c(X, axis=1), c(X, (0, 2))],
    "repeat": [c(X, 2), c(X, 3, axis=-1)],
    "roll": [c(X, 2), c(X, -1, axis=1)],
    "split": [c(X, 2, axis=-1), c(X, [1, 3], axis=-1), c(X, indices_or_sections=2)],
    "top_k": [c(X, 2), c(X, k=3, sorted=False)],
    "glu": [c(X), c(X[:, :2], axis=1)],
    "log_softmax": [c(X), c(X, axis=1)],
    "softmax": [c(X), c(X, axis=1)],
    "sparsemax": [],  # tests/test_activations.py: Keras' gives no probabilities
    "normalize": [c(X), c(X, axis=1), c(X, order=1), c(X, order=3, epsilon=1e-3)],
    "layer_normalization": [c(X), c(X, V[:1].repeat(4), normal(4)), c(X, axis=(1, 2))],
    "rms_normalization": [c(X), c(X, normal(4), epsilon=1e-3), c(X, axis=1)],
    "categorical_crossentropy": [c(HOT, Q), c(HOT, X, from_logits=True), c(HOT, Q, axis=1)],
    "sparse_categorical_crossentropy": [
        c(I[..., 0] % 4, Q),
        c(I[..., :1] % 4, X, from_logits=True),
    ],
    # ------------------------------------------------------------------------------ shapes
    "append": [c(X, Y), c(X, Y, axis=1)],
    "broadcast_to": [c(V, (2, 3)), c(X[:, :1], shape=(2, 3, 4))],
    "diag": [c(V), c(S[0], k=1)],
    "diagflat": [c(V), c(S[0], k=-1)],
    "diagonal": [c(X), c(S, offset=1, axis1=1, axis2=2)],
    "dsplit": [c(X, 2)],
    "hsplit": [c(X, 3)],
    "vsplit": [c(X, [1])],
    "dstack": [c([X, Y])],
    "hstack": [c([X, Y])],
    "vstack": [c([X, Y])],
    "expand_dims": [c(X, 1), c(X, axis=(0, -1))],
    "fliplr": [c(X)],
    "flipud": [c(X)],
    "ravel": [c(X)],
    "get_item": [c(X, 1), c(X, (slice(None), -1)), c(X, (Ellipsis, slice(1, None, 2)))],
    "meshgrid": [c(V, W), c(V, W, indexing="ij")],
    "moveaxis": [c(X, 0, -1), c(X, source=[0, 1], destination=[2, 0])],
    "pad": [
        c(X, 1),
        c(X, [[0, 0], [1, 2], [0, 1]], constant_values=2.0),
        c(X, [[0, 0], [1, 1], [0, 0]], mode="reflect"),
    ],
    "reshape": [c(X, (3, -1)), c(X, newshape=(24,)), c(X, -1)],
    "rot90": [c(X), c(X, k=3, axes=(1, 2))],
    "scatter": [c(whole([[0, 1], [2, 3], [0, 1]]), V, (3, 4))],
    "scatter_update": [
        c(X, whole([[0, 1], [1, 2]]), normal(2, 4)),
        *(
            c(X, whole([[0, 1, 2], [1, 2, 3], [0, 1, 2]]), V, reduction=r)
            for r in ("add", "max", "min", "mul")
        ),
    ],
    "select": [c([B, C], [X, Y]), c([B, C], [X, Y], 2.0)],
    "slice": [c(X, (0, 1, 1), (2, 2, 2)), c(X, start_indices=[1, 0, 2], shape=[-1, 3, -1])],
    "slice_update": [c(X, (0, 1, 1), normal(2, 2, 2))],
    "squeeze": [c(X[:, :1]), c(X[:, :1], axis=1)],
    "stack": [c([X, Y]), c([X, Y], axis=-1)],
    "swapaxes": [c(X, 0, 2), c(X, axis1=1, axis2=-1)],
    "take": [c(X, whole([1, 0]), axis=2), c(X, [0, 5]), c(X, 1, axis=1)],
    "take_along_axis": [c(X, I % 3, axis=1), c(X, whole([3, 1]))],
    "tile": [c(X, (1, 2, 1)), c(X, repeats=2)],
    "transpose": [c(X), c(X, axes=(0, 2, 1))],
    "tril": [c(X), c(X, k=1)],
    "triu": [c(X), c(X, k=-1)],
    "unravel_index": [c(I[0, 0], (2, 3))],
    "unstack": [c(X), c(X, axis=1), c(X, 4, -1)],
    "view": [c(X, dtype="int32")],
    # ------------------------------------------------------------------------- made of sizes
    "arange": [c(5), c(1, 7, 2), c(0.5, 3), c(3, dtype="float32")],
    "full": [c((2, 3), 2.0), c((2,), fill_value=1, dtype="int32")],
    "geomspace": [c(1.0, 8.0, 4), c(1.0, V**2 + 1, num=3, endpoint=False)],
    "linspace": [c(0.0, 1.0, 5), c(V, W, num=4, endpoint=False, axis=-1)],
    "logspace": [c(0.0, 1.0, 4), c(V, W, num=3, base=2)],
    "ones": [c((2, 3)), c(2, dtype="int32")],
    "zeros": [c((2, 3)), c(2, dtype="int32")],
    "empty": [],
    "eye": [c(3), c(2, 3, k=1, dtype="int32")],
    "identity": [c(3)],
    "tri": [c(3), c(3, 4, k=-1)],
    **{name: [c(7)] for name in ("bartlett", "blackman", "hamming", "hanning")},
    "kaiser": [c(7, 5.0)],
    # ----------------------------------------------------------------------------- matrices
    "cdist": [c(X, Y)],
    "cholesky": [c(SPD), c(SPD, upper=True)],
    "cholesky_inverse": [c(LOWER), c(LOWER.T, upper=True)],
    "corrcoef": [c(X[0])],
    "correlate": [c(V, W), c(normal(5), V, mode="same"), c(normal(5), V, "full")],
    "cross": [c(S, S[:, ::-1]), c(V, W)],
    "det": [c(S)],
    "dot": [c(X, normal(4, 2)), c(V, W)],
    "eigh": [c(SPD)],
    "einsum": [c("btf,fg->btg", X, normal(4, 2)), c("bt,bt->b", X[..., 0], Y[..., 0])],
    "inner": [c(X, normal(4))],
    "inv": [c(S)],
    "kron": [c(S[0], X[0])],
    "logdet": [c(SPD)],
    "lstsq": [c(normal(5, 3), normal(5))],
    "lu_factor": [c(S)],
    "matmul": [c(X, normal(4, 2)), c(X, V[:1].repeat(4))],
    "matrix_rank": [c(S), c(X, tol=10.0)],
    "outer": [c(V, W)],
    "pinv": [c(X), c(X, rcond=0.1)],
    "qr": [c(X), c(X, mode="complete")],
    "slogdet": [c(S)],
    "solve": [c(S, normal(2, 3, 1))],
    "solve_triangular": [c(LOWER, V, lower=True)],
    "svd": [c(X), c(X, full_matrices=False), c(X, compute_uv=False)],
    "tensordot": [
        c(X, normal(3, 4, 2)),
        c(X, normal(4, 2), axes=1),
        c(X, Y, axes=[[1, 2], [1, 2]]),
    ],
    "trace": [c(S), c(S, offset=1, axis1=1, axis2=2)],
    "vander": [c(V), c(V, N=2, increasing=True)],
    "vdot": [c(X, Y)],
    # ----------------------------------------------------------------------------- searches
    "allclose": [c(X, Y), c(X, X)],
    "bincount": [c(I[0, 0]), c(I[0], minlength=7), c(I[0, 0], weights=X[0, 0])],
    "digitize": [c(X, SORTED)],
    "histogram": [c(WAVE[0]), c(WAVE[0], bins=4, range=(-1.0, 1.0))],
    "in_top_k": [c(I[0, :, 0] % 4, X[0], 2)],
    "isin": [c(I, whole([1, 3])), c(I, [1, 2], invert=True)],
    "nonzero": [c(B)],
    "searchsorted": [c(SORTED, X), c(SORTED, SORTED, side="right")],
    **{
        f"segment_{how}": [c(X[0], whole([0, 0, 1]), num_segments=2)]
        for how in ("max", "min", "prod", "sum")
    },
    "unique": [c(I), c(I, return_counts=True, return_inverse=True)],
    # ------------------------------------------------------------------------------- networks
    "batch_normalization": [
        c(X, normal(4), normal(4) ** 2, -1),
        c(X, normal(3), normal(3) ** 2, axis=1, offset=V, scale=W, epsilon=1e-2),
    ],
    "ctc_loss": [c(I[:, 0, :2] % 3 + 1, X[:, [0, 1, 2, 0, 1]], whole([2, 1]), whole([5, 4]))],
    "dot_product_attention": [
        c(*(normal(2, n, 2, 3) for n in (4, 5, 5))),
        c(*(normal(2, 4, 2, 3) for _ in "qkv"), is_causal=True, scale=0.3),
        c(*(normal(2, 4, 2, 3) for _ in "qkv"), mask=normal(2, 1, 4, 4) > -1),
    ],
    "moments": [c(X, [1]), c(X, (0, 1), keepdims=True)],
    "multi_hot": [c(I[0], 5), c(I[0, 0], num_classes=6, dtype="int32")],
    # -------------------------------------------------------------------------------- signals
    "extract_sequences": [c(WAVE, 8, 3)],
    "fft": [c((X, Y))],
    "fft2": [c((X, Y))],
    "ifft2": [c((X, Y))],
    "rfft": [c(X), c(X, fft_length=6)],
    "irfft": [c((X, Y)), c((X, Y), fft_length=5)],
    "stft": [
        c(WAVE, 8, 4, 10, window=None),
        c(WAVE, 8, 3, 8),
        c(WAVE, 6, 2, 8, window="hamming", center=False),
        c(WAVE, 8, 4, 8, window=normal(8)),
    ],
    "istft": [
        c((normal(2, 9, 5), normal(2, 9, 5)), 8, 2, 8),
        c((normal(2, 9, 5), normal(2, 9, 5)), 8, 4, 8, length=20, window="hamming"),
        c((normal(2, 9, 5), normal(2, 9, 5)), 6, 2, 8, center=False),
    ],
    # ----------------------------------------------------------------------------- what it is
    "convert_to_numpy": [c(X)],
    "dtype": [c(X), c(I)],
    "is_tensor": [c(X), c(2.0)],
    "ndim": [c(X)],
    "shape": [c(X)],
    "size": [c(X)],
}
