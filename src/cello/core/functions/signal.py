"""Sequences as sums of waves, with Keras' names and arguments. Complex arrays are pairs."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp

from cello.core.functions.elementwise import as_array

_WINDOWS = {"hann": 0.5, "hamming": 0.54}


def _complex(x):
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ValueError(
            "A complex array is a pair of arrays, the real part and the imaginary one. Received: "
            f"{x!r}"
        )
    real, imaginary = map(as_array, x)
    if real.shape != imaginary.shape:
        raise ValueError(
            "The real part and the imaginary one must have the same shape. Received: "
            f"{real.shape} and {imaginary.shape}"
        )
    return jax.lax.complex(real, imaginary)


def _pair(x):
    return jnp.real(x), jnp.imag(x)


def extract_sequences(x, sequence_length, sequence_stride):
    """Windows of the last axis: `(..., windows, sequence_length)`."""
    x = as_array(x)
    windows = (x.shape[-1] - sequence_length) // sequence_stride + 1
    starts = jnp.arange(windows) * sequence_stride
    return x[..., starts[:, None] + jnp.arange(sequence_length)]


def _window(window, sequence_length, fft_length, dtype):
    """The window, with zeros around it to the length of the transform."""
    if fft_length < sequence_length:
        raise ValueError(
            "fft_length must be at least sequence_length. Received: "
            f"fft_length={fft_length}, sequence_length={sequence_length}"
        )
    if window is None:
        return jnp.ones(fft_length, dtype)
    if isinstance(window, str):
        if window not in _WINDOWS:
            raise ValueError(f"window must be one of {list(_WINDOWS)}. Received: {window!r}")
        share = _WINDOWS[window]
        angles = jnp.arange(sequence_length, dtype=dtype) * (2 * jnp.pi / sequence_length)
        values = share - (1 - share) * jnp.cos(angles)
    else:
        values = as_array(window, dtype)
        if values.shape != (sequence_length,):
            raise ValueError(
                f"window must have the shape ({sequence_length},). Received: {values.shape}"
            )
    before = (fft_length - sequence_length) // 2
    return jnp.pad(values, (before, fft_length - sequence_length - before))


def stft(x, sequence_length, sequence_stride, fft_length, window="hann", center=True):
    """The transforms of windows along the last axis: `(..., windows, fft_length // 2 + 1)` twice.

    Args:
        x: real numbers `(..., time)`.
        sequence_length, sequence_stride: steps of a window, and to the next.
        fft_length: length of the transform; the window stands in its middle.
        window: `"hann"`, `"hamming"`, an array, or `None`.
        center: whether a window has its step in the middle, `x` mirrored at its ends.
    """
    x = as_array(x)
    values = _window(window, sequence_length, fft_length, x.dtype)
    if center:
        x = _mirrored(x, fft_length // 2)
    frames = extract_sequences(x, fft_length, sequence_stride)
    return _pair(jnp.fft.rfft(frames * values, axis=-1))


def _mirrored(x, more):
    """`x` with `more` steps at both ends of the last axis: its own, mirrored."""
    time = x.shape[-1]
    period = 2 * (time - 1) if time != 1 else 1
    places = jnp.arange(time + 2 * more) - more
    places = jnp.mod(places, period)
    return x[..., jnp.where(places < time, places, period - places)]


def istft(x, sequence_length, sequence_stride, fft_length, length=None, window="hann", center=True):
    """The sequence whose `stft` is `x`: overlapping windows, added and divided by their squares."""
    frames = jnp.fft.irfft(_complex(x), fft_length, axis=-1)
    values = _window(window, sequence_length, fft_length, frames.dtype)
    windows = frames.shape[-2]
    total = fft_length + sequence_stride * (windows - 1)
    places = jnp.arange(windows)[:, None] * sequence_stride + jnp.arange(fft_length)
    added = jnp.zeros((*frames.shape[:-2], total), frames.dtype)
    added = added.at[..., places].add(frames * values)
    weights = (
        jnp.zeros(total, frames.dtype)
        .at[places]
        .add(jnp.broadcast_to(values * values, places.shape))
    )
    added = added / jnp.where(weights > 1e-10, weights, 1)
    start = fft_length // 2 if center else 0
    if length is not None:
        return added[..., start : start + length]
    return added[..., start : total - start]


SIGNAL: dict[str, Callable] = {
    "fft": lambda x: _pair(jnp.fft.fft(_complex(x))),
    "fft2": lambda x: _pair(jnp.fft.fft2(_complex(x))),
    "ifft2": lambda x: _pair(jnp.fft.ifft2(_complex(x))),
    "irfft": lambda x, fft_length=None: jnp.fft.irfft(_complex(x), fft_length),
    "rfft": lambda x, fft_length=None: _pair(jnp.fft.rfft(as_array(x), fft_length)),
    **{f.__name__: f for f in (extract_sequences, istft, stft)},
}
