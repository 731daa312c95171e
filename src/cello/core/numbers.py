"""Numbers from outside, in a dtype that JAX computes with: the same numbers, or refused."""

from __future__ import annotations

import contextlib
import warnings

import jax
import jax.numpy as jnp
import numpy as np


def exact_numbers(data, what: str, dtype=None) -> np.ndarray:
    """`data` as a NumPy array of a dtype that JAX has, in the byte order of the machine.

    Whole numbers stay what they are: JAX has 32 bits for them, but in its x64 mode. Floating point
    is rounded to the nearest number that it has.

    Args:
        data: an array (NumPy, JAX, torch, pandas) or numbers in lists.
        what: its name, for messages.
        dtype: what they are for, if that is known. For whole numbers floating point may come
            without fractions; for floating point whole numbers of any size are rounded, with a
            warning if different ones become the same.

    Raises:
        ValueError: for what is no number, for numbers out of the range of the dtype, for fractions
            in the place of whole numbers, and for masked arrays, whose mask nothing would see.
    """
    wanted = None if dtype is None else jax.dtypes.canonicalize_dtype(dtype)
    whole = wanted is not None and wanted.kind in "iu"
    if type(data) is np.ndarray and (data.dtype == wanted if whole else data.dtype in _THE_SAME):
        return data
    if hasattr(data, "detach"):  # a torch tensor; NumPy has no bfloat16
        data = data.detach().cpu()
        data = (data.float() if str(data.dtype) == "torch.bfloat16" else data).numpy()
    if isinstance(data, np.ma.MaskedArray) and np.ma.is_masked(data):
        raise ValueError(
            f"{what} is a masked array, and what is under its mask would count: fill it with "
            ".filled(value), and let a Masking layer or sample_weight say what counts."
        )
    array = np.asarray(data)
    if array.dtype == object and array.ndim:  # numbers one by one, as an array of lists gives them
        with contextlib.suppress(ValueError):
            array = np.asarray(array.tolist())
    dtype = array.dtype
    if not (jnp.issubdtype(dtype, jnp.number) or dtype.kind == "b"):
        first = array.reshape(-1)[:1].tolist()
        if first and isinstance(first[0], (str, bytes)):
            raise strings_refused(what, first[0])
        raise ValueError(f"{what} must hold numbers and has the dtype {dtype}: convert it first.")
    if whole and not jnp.issubdtype(dtype, jnp.complexfloating):
        array, known = _without_fractions(array, what, wanted), wanted
    else:
        known = jax.dtypes.canonicalize_dtype(_common(dtype))
    if array.dtype == known and dtype.isnative:
        return array
    if array.dtype.kind in "iu" and array.size:
        least, largest, has = array.min(), array.max(), np.iinfo(known)
        if least < has.min or largest > has.max:
            if wanted is not None and jnp.issubdtype(wanted, jnp.floating):
                return _rounded(array, what)
            raise ValueError(
                f"{what} holds whole numbers from {least} to {largest}, and {known} ends at "
                f"{has.max if largest > has.max else has.min}: count from a later start, number "
                "the symbols anew, or pass floating point, which is rounded."
            )
    try:
        with np.errstate(over="raise"):
            return array.astype(known)
    except FloatingPointError:
        raise ValueError(
            f"{what} holds numbers beyond the range of {known}, about 3e38: scale them first."
        ) from None


def strings_refused(what: str, text) -> ValueError:
    """What to say of strings in the place of numbers."""
    return ValueError(
        f"{what} must hold numbers and holds strings, such as {text!r}: make numbers of them, "
        "x = TextVectorization(...)(texts) say, or let the model begin with an "
        'Input(shape, dtype="string") and such a layer.'
    )


def _without_fractions(array: np.ndarray, what: str, wanted) -> np.ndarray:
    """Floating point as whole numbers, of 64 bits; whole numbers as they are."""
    if array.dtype.kind in "iub":
        return array
    wide = array.astype("float64")
    strays = wide[~((wide == np.rint(wide)) & (np.abs(wide) < 2.0**63))]
    if strays.size:
        raise ValueError(
            f"{what} is for whole numbers ({wanted}) and holds {strays[0]}: round them, give them "
            "to an Input of floating point, or look at the data."
        )
    return wide.astype("int64")


def _rounded(array: np.ndarray, what: str) -> np.ndarray:
    """Whole numbers beyond 32 bits as floating point."""
    rounded = array.astype(jax.dtypes.canonicalize_dtype("float64"))
    if np.unique(rounded).size < np.unique(array).size:
        step = int(np.spacing(np.abs(rounded).max()))
        warnings.warn(
            f"{what} holds whole numbers so large that {rounded.dtype} has only each {step:,}th of "
            "them, and different ones become the same: count time from a later start, in larger "
            "units, or number the symbols anew.",
            stacklevel=2,
        )
    return rounded


def as_tensor(value, what: str, dtype=None) -> jax.Array:
    """`value` as an array of JAX; one of NumPy or torch as `exact_numbers` has it."""
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "detach"):
        value = exact_numbers(value, what, dtype)
    elif dtype is not None and isinstance(value, jax.Array):
        other = jnp.issubdtype(dtype, jnp.integer) and value.dtype != dtype
        if other and not isinstance(value, jax.core.Tracer):  # whose numbers nobody knows
            value = exact_numbers(value, what, dtype)
    return value if isinstance(value, jax.Array) else jnp.asarray(value)


def refuse_complex(array, what: str) -> None:
    """Refuse complex numbers where the imaginary part would be lost."""
    if jnp.iscomplexobj(array):
        raise ValueError(
            f"{what} must be real and has the dtype {array.dtype}: pass real and imaginary parts "
            "as features, numpy.stack([x.real, x.imag], -1)."
        )


_THE_SAME = frozenset(map(np.dtype, ("float32", "int32", "bool")))


def _common(dtype: np.dtype) -> np.dtype:
    """`dtype` in the byte order of the machine; 64 bits for floating point that has more."""
    wider = {"g": "float64", "G": "complex128"}  # longdouble and clongdouble
    return np.dtype(wider[dtype.char]) if dtype.char in wider else dtype.newbyteorder("=")
