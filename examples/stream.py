"""A network follows a live signal, sample by sample; killed on the way, it goes on as if nothing
had happened.

A GRU learns on windows of a recording to say the next sample of a noisy sensor. Then it runs on
the live sensor in a process of its own, one sample at a time, and saves its state every 25 samples.
That process is killed (SIGKILL) and started again:

    python examples/stream.py

It prints the errors beside simple forecasts, the time of a sample, and by how much the outputs
differ from those of one pass over the whole signal. It draws `stream.png`.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from cello.layers import GRU, Dense, Input

WINDOW = 200
SAVE_EVERY = 25
NOISE = 0.15
LINE = 14  # characters of a forecast in the file


def sensor(first, stop, paced=False):
    """Samples of the sensor, one by one: a vibration whose pitch drifts, and noise.

    What it measures at a time depends on the time alone, so that a reader may join anywhere. Live,
    it gives a sample every two milliseconds: the network would have answered 2000 in one.
    """
    for i in range(first, stop):
        phase = 2 * np.pi * i / 40 + 3 * np.sin(2 * np.pi * i / 900)
        noise = NOISE * np.random.default_rng([7, i]).normal()
        if paced:
            time.sleep(0.002)
        yield np.float32(np.sin(phase) + 0.4 * np.sin(2 * phase + 1) + noise)


def recording(first, stop):
    return np.fromiter(sensor(first, stop), np.float32)


def build(units=32):
    return cello.Sequential(
        [Input((None, 1)), GRU(units, return_sequences=True), Dense(1)], name="forecaster"
    )


def train(folder, samples, epochs, verbose):
    """Learn the next sample from those before it, on windows that begin anywhere."""
    series = recording(0, samples)[:, None]
    windows = cello.utils.windows(series, WINDOW + 1, stride=10)  # views, not copies
    model = build()
    model.compile(cello.optimizers.Adam(3e-3), "mse")
    model.fit(windows[:, :-1], windows[:, 1:], epochs=epochs, batch_size=32, verbose=verbose)
    model.save(folder / "model.keras")
    return model


def live(folder, first, stop):
    """Follow the sensor from where the last process was, and write down each forecast."""
    session = cello.models.load_model(folder / "model.keras").stream()
    done, state = first, folder / "state.npz"
    if state.exists():
        saved = dict(np.load(state))
        done = int(saved.pop("done"))
        session.state = saved
        print(f"goes on from sample {done}")
    with open(folder / "forecasts.txt", "a", buffering=1) as file:
        file.truncate(LINE * (done - first))  # what came after the last save is computed again
        for i, sample in enumerate(sensor(done, stop, paced=True), start=done + 1):
            forecast = session(sample.reshape(1, 1, 1)).item()
            file.write(f"{forecast:{LINE - 1}.8f}\n")
            if (i - first) % SAVE_EVERY == 0 or i == stop:
                np.savez(folder / "next.npz", done=i, **session.state)
                os.replace(folder / "next.npz", state)


def run_and_kill(folder, first, stop, kill_after):
    """Two processes: the first is killed where it has written so many forecasts."""
    command = [sys.executable, __file__, "--live", str(folder), str(first), str(stop)]
    path = folder / "forecasts.txt"
    process = subprocess.Popen(command)
    while process.poll() is None and count(path) < kill_after:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "it was done before it could be killed"
    killed_at = count(path)
    subprocess.run(command, check=True)
    return np.loadtxt(path), killed_at


def count(path):
    return path.stat().st_size // LINE if path.exists() else 0


def microseconds_a_sample(model, samples):
    session, times = model.stream(), []
    for sample in samples.reshape(-1, 1, 1, 1):
        began = time.perf_counter()
        session(sample)
        times.append(time.perf_counter() - began)
    return 1e6 * np.median(times)


def draw(path, series, forecasts, killed_at):
    """The signal and the forecasts around the kill, and the error of a moving second."""
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, figsize=(10, 6), layout="constrained")
    around = slice(max(0, killed_at - 150), killed_at + 150)
    steps = np.arange(len(series) - 1)
    above.plot(steps[around], series[1:][around], "k.", markersize=3, label="sensor")
    above.plot(steps[around], forecasts[:-1][around], "k-", linewidth=1, label="said before")
    error = np.abs(forecasts[:-1] - series[1:])
    smooth = np.convolve(error, np.ones(50) / 50, "valid")
    below.plot(steps[49:], smooth, "k-", linewidth=1)
    alone = NOISE * np.sqrt(2 / np.pi)
    below.axhline(alone, color="0.5", linestyle="--", label="the noise alone")
    below.legend(loc="lower right", frameon=False)
    for axes in (above, below):
        axes.axvline(killed_at, color="black", linestyle=":")
        axes.spines[["top", "right"]].set_visible(False)
    above.text(killed_at, above.get_ylim()[1], " killed, and resumed", va="top")
    above.set(title="The next sample, said by a network that was killed on the way")
    above.legend(loc="lower left", frameon=False, ncols=2)
    below.set(xlabel="sample", ylabel="mean error of 50 samples", ylim=(0, None))
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--samples", type=int, default=2000, help="live samples")
    parser.add_argument("--quick", action="store_true", help="a short run, to see that it works")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the picture")
    parser.add_argument("--live", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.live:
        folder, first, stop = options.live
        live(Path(folder), int(first), int(stop))
        return
    recorded = 6000
    if options.quick:
        options.epochs, options.samples, recorded = 4, 300, 3000
    console = Console()
    cello.utils.set_random_seed(1)
    first, stop = recorded, recorded + options.samples
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        model = train(folder, recorded, options.epochs, 2 if options.quick else "auto")
        kill_after = options.samples // 2
        forecasts, killed_at = run_and_kill(folder, first, stop, kill_after)
    series = recording(first, stop)
    at_once = model.predict(series[None, :, None], verbose=0)[0, :, 0]

    table = Table(title="Error of the forecast of the next sample")
    table.add_column("forecast")
    table.add_column("RMSE", justify="right")
    truth, past = series[1:], series[:-1]
    for name, guess in {
        "the last sample": past,
        "40 samples ago": np.concatenate([past[:39], past[: len(past) - 39]]),
        "GRU, sample by sample": forecasts[:-1],
    }.items():
        table.add_row(name, f"{np.sqrt(np.mean((guess - truth) ** 2)):.3f}")
    table.add_row("the noise alone", f"{NOISE:.3f}")
    console.print(table)
    console.print(f"A sample takes {microseconds_a_sample(model, series):.0f} microseconds.")
    difference = np.abs(forecasts - at_once).max()
    console.print(
        f"Killed after {killed_at} of {options.samples} samples and resumed, the outputs differ "
        f"from one pass over all by up to {difference:.0e}."
    )
    draw(options.output / "stream.png", series, forecasts, killed_at)


if __name__ == "__main__":
    main()
