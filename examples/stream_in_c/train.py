"""A network takes the noise off a signal, in a C program without Python.

A GRU learns, in some seconds, to say the clean signal from the noisy one. It leaves as `denoise.c`,
and `filter.c` beside this file, fifteen lines, reads samples and writes what the network makes of
them:

    python examples/stream_in_c/train.py
    cc -O3 -I . -o filter examples/stream_in_c/filter.c denoise.c
    ./filter < noisy.txt > denoised.txt

It writes `denoise.c`, `noisy.txt` and, as `predict` computes it, `expected.txt`.
"""

import argparse
from pathlib import Path

import numpy as np

import cello
from cello.layers import GRU, Dense, Input


def recordings(count, steps, rng):
    """Noisy and clean signals: two waves each, of frequencies that drift."""
    drift = rng.normal(size=(count, steps, 2)).cumsum(1) * 0.003
    phase = rng.uniform(0, 2 * np.pi, (count, 1, 2)) + (0.15 + drift).cumsum(1)
    clean = (np.sin(phase) * [1.0, 0.4]).sum(-1, keepdims=True).astype("float32")
    return clean + rng.normal(0, 0.4, clean.shape).astype("float32"), clean


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the files")
    parser.add_argument("--quick", action="store_true", help="few epochs")
    options = parser.parse_args()
    cello.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = cello.Sequential([Input((None, 1)), GRU(16, return_sequences=True), Dense(1)])
    model.compile(cello.optimizers.Adam(0.01), "mse")
    model.fit(*recordings(256, 100, rng), epochs=5 if options.quick else 40, verbose=0)

    noisy, clean = recordings(1, 1000, rng)
    denoised = model.predict(noisy, verbose=0)
    model.export(options.output / "denoise.c")
    np.savetxt(options.output / "noisy.txt", noisy.ravel(), "%.9g")
    np.savetxt(options.output / "expected.txt", denoised.ravel(), "%.9g")
    before, after = (np.sqrt(np.mean((x - clean) ** 2)) for x in (noisy, denoised))
    print(f"Root mean square error: {before:.3f} of the noisy signal, {after:.3f} of the denoised.")


if __name__ == "__main__":
    main()
