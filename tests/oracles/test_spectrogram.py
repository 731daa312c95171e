"""`MelSpectrogram` beside Keras', row by row; the other spectrogram stands in `layer_table.py`."""

import jax
import keras
import numpy as np
import pytest
from in_numpy import computed
from layer_table import close

import cello

COMPILATIONS = 80
SMALL = {"fft_length": 64, "sequence_stride": 16, "num_mel_bins": 6}


def signals(rows=3, samples=200):
    rng = np.random.default_rng(0)
    loud = 10.0 ** -np.arange(rows)[:, None]
    return (loud * rng.normal(size=(rows, samples))).astype("float32")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sequence_length": 50, "window": "hamming", "power_to_db": False, "mag_exp": 1.0},
        {"sampling_rate": 8000, "min_freq": 100.0, "max_freq": 3000.0, "ref_power": 0.5},
        {"top_db": 10.0, "min_power": 1e-3, "window": None},
    ],
)
def test_each_row_is_that_of_keras(options):
    x, options = signals(), SMALL | options
    ours, theirs = (k.layers.MelSpectrogram(**options) for k in (cello, keras))
    found = computed(ours, x)
    for row, signal in zip(found, x, strict=True):  # Keras' loudest is that of the whole batch
        close(row, computed(theirs, signal[None])[0], 1e-3)
        close(row, computed(theirs, signal), 1e-3)
    close(computed(ours, x[0]), found[0], 1e-5)
    ours_config, config = ours.get_config(), theirs.get_config()
    own = {"name", "dtype"}
    assert {k: ours_config[k] for k in config if k not in own} == {
        k: v for k, v in config.items() if k not in own
    }


def test_an_unknown_length_stays_unknown():
    layer = cello.layers.MelSpectrogram(**SMALL)
    model = cello.Model(x := cello.Input((None,)), layer(x))
    assert model.output.shape == (None, 6, None)
    close(model(signals()), layer(signals()), 1e-5)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_gradients_are_finite_in_silence(exponent):
    layer = cello.layers.MelSpectrogram(**SMALL, mag_exp=exponent)
    x = signals()
    x[1], x[2, 50:] = 0, 0
    assert np.isfinite(computed(jax.grad(lambda x: layer(x).sum()), x)).all()


@pytest.mark.parametrize(
    "make, samples, message",
    [
        (lambda k: k.MelSpectrogram(**SMALL), 32, "must have more, and got inputs of the shape"),
        (lambda k: k.MelSpectrogram(64, 16, 65), 0, "sequence_length must not be greater"),
        (
            lambda k: k.MelSpectrogram(64, window=[1.0]),
            200,
            "frames of 64 steps, and a window of 1",
        ),
        (lambda k: k.MelSpectrogram(window="hans"), 0, "window must be a name that scipy"),
        (lambda k: k.STFTSpectrogram("log", 4, 5), 0, "frame_step must not be greater"),
        (
            lambda k: k.STFTSpectrogram(frame_length=4, fft_length=2),
            0,
            "fft_length must not be less",
        ),
        (lambda k: k.STFTSpectrogram("loud"), 0, "mode must be one of"),
    ],
)
def test_what_does_not_fit_is_refused(make, samples, message):
    with pytest.raises(ValueError, match=message):
        make(cello.layers)(signals(samples=samples))
