"""Signals as frequencies over time: `STFTSpectrogram` and `MelSpectrogram`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from cello.core.arguments import arg
from cello.core.config import epsilon
from cello.core.dtype_policy import widen
from cello.core.input_spec import InputSpec
from cello.core.kinds import (
    boolean,
    non_negative,
    number,
    one_of,
    optional,
    positive,
    positive_integer,
)
from cello.core.layer import Layer
from cello.layers.window import channels_last, with_steps_before
from cello.ops.convolution import convolution

SILENCE = 1e-30  # what a square counts at least, so that silence has gradients


def _named_window(name: str, length: int, periodic: bool = True) -> np.ndarray:
    from scipy.signal import get_window  # which takes longer to import than all of Cello

    return get_window(name, length, periodic)


def _window(value: str | Sequence[float] | None):
    if value is None:
        return None
    try:
        if isinstance(value, str):
            _named_window(value, 1)
            return value
        return np.asarray(value, "float64").reshape(-1).tolist()
    except (TypeError, ValueError):
        raise ValueError(
            'a name that scipy.signal.get_window knows, such as "hann", the numbers of a window, '
            "or None"
        ) from None


def window_of(layer: Layer, window, length: int, periodic: bool) -> np.ndarray:
    """The numbers of a window, in float64."""
    if window is None:
        return np.ones(length)
    if isinstance(window, str):
        return _named_window(window, length, periodic)
    if len(window) != length:
        raise ValueError(f"{layer} has frames of {length} steps, and a window of {len(window)}.")
    return np.asarray(window)


class STFTSpectrogram(Layer):
    """The short-time Fourier transform: in each frame, how much there is of each frequency.

    Inputs `(batch, time, channels)`; output `(batch, frames, channels * frequencies)`, with
    `fft_length // 2 + 1` frequencies, or with `expand_dims` `(batch, frames, frequencies,
    channels)`. Weights, which training may change: `real_kernel` and `imag_kernel`
    `(frame_length, 1, frequencies)`, waves within a window.
    """

    mode = arg(
        "log",
        kind=one_of("log", "magnitude", "psd", "real", "imag", "angle", "stft"),
        doc='"log", "magnitude", "psd" (power), "real", "imag", "angle", or "stft": both parts.',
    )
    frame_length = arg(256, kind=positive_integer, doc="Steps of a frame.")
    frame_step = arg(
        None,
        kind=optional(positive_integer),
        doc="Steps from frame to frame; half a frame where `None`.",
    )
    fft_length = arg(
        None,
        kind=optional(positive_integer),
        doc="Steps of the longest wave; the next power of two to `frame_length` where `None`.",
    )
    window = arg("hann", kind=_window, doc="Name or numbers of the window; none where `None`.")
    periodic = arg(False, kind=boolean, doc="Whether the window is one period, or symmetric.")
    scaling = arg(
        "density",
        kind=one_of("density", "spectrum", None),
        doc='What the window has the sum 1 of: squares, "density"; numbers, "spectrum"; or `None`.',
    )
    padding = arg("valid", kind=one_of("valid", "same"), doc='"valid" or "same".')
    expand_dims = arg(False, kind=boolean, doc="Whether channels have an axis of their own.")
    data_format = arg(
        None, kind=channels_last, doc='Only "channels_last": `(batch, time, channels)`.'
    )

    real_kernel: Any
    imag_kernel: Any
    input_spec = InputSpec(("batch", "time", "channels"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.frame_step is not None and self.frame_step > self.frame_length:
            raise ValueError(
                f"{self}: frame_step must not be greater than frame_length. Received: "
                f"frame_step={self.frame_step}, frame_length={self.frame_length}"
            )
        if self.fft_length is not None and self.fft_length < self.frame_length:
            raise ValueError(
                f"{self}: fft_length must not be less than frame_length. Received: "
                f"fft_length={self.fft_length}, frame_length={self.frame_length}"
            )

    def build(self, input_shape):
        longest = self.fft_length or 2 ** math.ceil(math.log2(self.frame_length))
        shape = (self.frame_length, 1, longest // 2 + 1)
        for name, part, without in (("real", np.cos, "imag"), ("imag", np.sin, "real")):
            if self.mode != without:
                kernel = self.add_weight(
                    shape, self._waves(part), name=f"{name}_kernel", autocast=False
                )
                setattr(self, f"{name}_kernel", kernel)

    def _waves(self, part):
        """An initialiser: `part` of a turning pointer for each frequency, within the window."""

        def make(shape, dtype):
            length, _, frequencies = shape
            turns = np.arange(length)[:, None] * np.arange(frequencies) / (2 * (frequencies - 1))
            window = window_of(self, self.window, length, self.periodic)
            size = {
                "density": np.sqrt(np.sum(window**2)), "spectrum": np.sum(np.abs(window)), None: 1.0
            }[self.scaling if self.window is not None else None]  # fmt: skip
            waves = part(-2 * np.pi * turns) * window[:, None] / size
            return jnp.asarray(waves[:, None], dtype)

        return make

    def why_not_in_pieces(self, arguments):
        return (
            'with padding="same" it looks ahead: use "valid".' if self.padding == "same" else None
        )

    def call(self, inputs):
        step, channels = self.frame_step or max(1, self.frame_length // 2), inputs.shape[2]
        x = widen(inputs)
        if self.padding == "valid":
            x = with_steps_before(x, self.frame_length - 1, step, causal=False)
        signals = jnp.reshape(jnp.swapaxes(x, 1, 2), (x.shape[0] * channels, x.shape[1], 1))

        def part(kernel):
            found = convolution(
                signals, kernel.value.astype(x.dtype), (step,), self.padding.upper(), (1,)
            )
            return jnp.reshape(found, (inputs.shape[0], channels, *found.shape[1:]))

        found = self._of_parts(part)
        if self.expand_dims:
            found = jnp.transpose(found, (0, 2, 3, 1))
        else:
            found = jnp.swapaxes(found, 1, 2)
            found = jnp.reshape(found, (*found.shape[:2], found.shape[2] * found.shape[3]))
        return found.astype(self.compute_dtype)

    def _of_parts(self, part):
        """What the mode says, `(batch, channels, frames, frequencies)`."""
        if self.mode in ("real", "imag"):
            return part(self.real_kernel if self.mode == "real" else self.imag_kernel)
        real, imaginary = part(self.real_kernel), part(self.imag_kernel)
        if self.mode == "angle":
            return jnp.arctan2(imaginary, real)
        if self.mode == "stft":
            return jnp.concatenate([real, imaginary], axis=-1)
        power = jnp.square(real) + jnp.square(imaginary)
        if self.mode == "psd":  # each frequency between the first and the last stands for two
            return power.at[..., 1:-1].multiply(2)
        magnitude = jnp.sqrt(jnp.maximum(power, epsilon()))
        return magnitude if self.mode == "magnitude" else jnp.log(jnp.maximum(magnitude, epsilon()))


class MelSpectrogram(Layer):
    """How much there is in each of `num_mel_bins` bands of the mel scale, in each frame.

    Inputs `(batch, samples)`, or `(samples,)`; output `(batch, num_mel_bins, frames)`. A frame
    stands around its middle; before the first sample and behind the last the signal is mirrored.
    With `power_to_db` the bands are in decibels, and none is more than `top_db` below the loudest
    of its row.
    """

    fft_length = arg(2048, kind=positive_integer, doc="Samples of the longest wave.")
    sequence_stride = arg(512, kind=positive_integer, doc="Samples from frame to frame.")
    sequence_length = arg(
        None, kind=optional(positive_integer), doc="Samples of the window; `fft_length` if `None`."
    )
    window = arg("hann", kind=_window, doc="Name or numbers of the window; none where `None`.")
    sampling_rate = arg(16000, kind=positive, doc="Samples a second.")
    num_mel_bins = arg(128, kind=positive_integer, doc="Number of bands.")
    min_freq = arg(20.0, kind=non_negative, doc="Where the lowest band begins, in hertz.")
    max_freq = arg(
        None, kind=optional(positive), doc="Where the highest ends; half `sampling_rate` if `None`."
    )
    power_to_db = arg(True, kind=boolean, doc="Whether the bands are in decibels.")
    top_db = arg(80.0, kind=non_negative, doc="How far below the loudest band one may be.")
    mag_exp = arg(2.0, kind=positive, doc="Exponent of the magnitudes: 1 for energy, 2 for power.")
    min_power = arg(1e-10, kind=positive, doc="What power counts at least.")
    ref_power = arg(1.0, kind=number, doc="The power of 0 decibels.")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.sequence_length = self.sequence_length or self.fft_length
        self.max_freq = self.max_freq or int(self.sampling_rate / 2)
        if self.sequence_length > self.fft_length:
            raise ValueError(
                f"{self}: sequence_length must not be greater than fft_length. Received: "
                f"sequence_length={self.sequence_length}, fft_length={self.fft_length}"
            )

    def call(self, inputs):
        bands = self._magnitudes(widen(inputs)) @ jnp.asarray(self._bands(), jnp.float32)
        if self.power_to_db:
            bands = 10 * jnp.log10(jnp.maximum(bands, self.min_power))
            bands = bands - 10 * math.log10(max(abs(self.ref_power), self.min_power))
            loudest = jnp.max(bands, axis=(-2, -1), keepdims=True)
            bands = jnp.maximum(bands, loudest - self.top_db)
        return jnp.swapaxes(bands, -1, -2).astype(self.compute_dtype)

    def _magnitudes(self, x):
        """`(..., frames, frequencies)`, to the power of `mag_exp`."""
        samples, around = x.shape[-1], self.fft_length // 2
        if isinstance(samples, int) and samples <= around:
            raise ValueError(
                f"{self} mirrors {around} samples at each end of a signal, which must have more, "
                f"and got inputs of the shape {tuple(x.shape)}: pass longer ones, or a smaller "
                "fft_length."
            )
        before, behind = jnp.arange(around, 0, -1), samples - 2 - jnp.arange(around)
        x = jnp.concatenate(
            [jnp.take(x, before, axis=-1), x, jnp.take(x, behind, axis=-1)], axis=-1
        )
        frames = 1 + (x.shape[-1] - self.fft_length) // self.sequence_stride
        starts = self.sequence_stride * jnp.arange(frames)[:, None]
        window = window_of(self, self.window, self.sequence_length, True)
        left = (self.fft_length - self.sequence_length) // 2
        window = np.pad(window, (left, self.fft_length - self.sequence_length - left))
        framed = jnp.take(x, starts + jnp.arange(self.fft_length), axis=-1)
        waves = jnp.fft.rfft(framed * jnp.asarray(window, x.dtype))
        squares = jnp.square(waves.real) + jnp.square(waves.imag)
        return jnp.maximum(squares, SILENCE) ** (self.mag_exp / 2)

    def _bands(self) -> np.ndarray:
        """How much of each frequency is in each band, `(frequencies, num_mel_bins)`: triangles."""
        hertz = np.linspace(0, self.sampling_rate / 2, self.fft_length // 2 + 1)[:, None]
        lowest, highest = _mel(self.min_freq), _mel(self.max_freq)
        edges = np.linspace(lowest, highest, self.num_mel_bins + 2)
        lower, centre, upper = edges[:-2], edges[1:-1], edges[2:]
        rising = (_mel(hertz) - lower) / (centre - lower)
        falling = (upper - _mel(hertz)) / (upper - centre)
        bands = np.maximum(0, np.minimum(rising, falling))
        bands[0] = 0  # as in HTK, whose scale this is
        return bands


def _mel(hertz):
    return 1127.0 * np.log1p(np.asarray(hertz) / 700.0)
