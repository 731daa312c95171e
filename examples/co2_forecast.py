"""An LSTM forecasts the carbon dioxide in the air a year ahead.

The record is the weekly one of Mauna Loa, 1958 to 2001, which comes with Cello. The model reads the
last two years and says the next 52 weeks. The last five years of the record are the test: neither
training, nor the choice of the epoch to stop at, has seen them. Run it:

    python examples/co2_forecast.py

It prints the model, the progress of training and the errors of the test beside those of simple
forecasts, draws `forecast.png`, and shows that the saved weights give the same forecast in a fresh
process.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from cello.layers import LSTM, Dense, Input

YEAR = 52  # weeks
HISTORY = 2 * YEAR
TEST_WEEKS = 5 * YEAR
VALIDATION_WEEKS = 5 * YEAR


def windows(dates, ppm, origins):
    """What is known at each origin, and what comes after.

    An origin is the last week that is known. The history is given in ppm above its value, with the
    time of the year as sine and cosine, so that a window of 1960 looks like one of 2000.

    Returns:
        inputs `(origins, 104, 3)`; last year's values `(origins, 52)`, week for week those that
        stand a year before the targets; targets `(origins, 52)`.
    """
    past = origins[:, None] + np.arange(1 - HISTORY, 1)
    ahead = origins[:, None] + np.arange(1, YEAR + 1)
    year = (dates - dates.astype("datetime64[Y]")).astype("float64") / 365.25 * 2 * np.pi
    above_last = (ppm[past] - ppm[origins][:, None]) / 3.0
    inputs = np.stack([above_last, np.sin(year[past]), np.cos(year[past])], axis=-1)
    return inputs.astype("float32"), ppm[ahead - YEAR], ppm[ahead]


def load():
    """The windows of the three stretches of time; no target of one is a target of another."""
    dates, ppm = cello.datasets.co2.load_data(fill="linear")
    n = len(ppm)
    test = np.arange(n - TEST_WEEKS - YEAR, n - YEAR)  # all their targets in the last years
    test = test[test >= n - TEST_WEEKS - 1]
    held = np.arange(n - TEST_WEEKS - VALIDATION_WEEKS - 1, n - TEST_WEEKS - YEAR)
    train = np.arange(HISTORY - 1, n - TEST_WEEKS - VALIDATION_WEEKS - YEAR)
    return dates, ppm, {"train": train, "validation": held, "test": test}


def build(units=32):
    """The model says by how much each of the next weeks will exceed the same week of last year."""
    return cello.Sequential([Input((HISTORY, 3)), LSTM(units), Dense(YEAR)])


def forecast(model, inputs, last_year):
    return last_year + model.predict(inputs, verbose=0)


def baselines(ppm, origins, last_year, yearly_rise):
    """Forecasts that need no learning.

    The last value; the value of the same week of last year; the same with the mean yearly rise of
    the training years on top, which is hard to beat.
    """
    persistence = np.repeat(ppm[origins][:, None], YEAR, axis=1)
    return {
        "persistence": persistence,
        "seasonal naive": last_year,
        "seasonal naive + rise": last_year + yearly_rise,
    }


def report(console, forecasts, truth):
    """The table of test errors; returns the root mean square errors over the year."""
    table = Table(title=f"Error on the last {TEST_WEEKS // YEAR} years, in ppm")
    table.add_column("forecast")
    for column in ("RMSE, weeks 1-52", "MAE, weeks 1-52", "RMSE, week 52"):
        table.add_column(column, justify="right")
    found = {}
    for name, values in forecasts.items():
        error = values - truth
        found[name] = np.sqrt(np.mean(error**2))
        numbers = found[name], np.mean(np.abs(error)), np.sqrt(np.mean(error[:, -1] ** 2))
        table.add_row(name, *(f"{number:.3f}" for number in numbers))
    console.print(table)
    return found


def draw(path, dates, ppm, origins, forecasts):
    """The record with its stretches, and the year-ahead forecasts of the test years."""
    import matplotlib.pyplot as plt

    figure, (above, below) = plt.subplots(2, 1, figsize=(10, 8), layout="constrained")
    above.plot(dates, ppm, "k-", linewidth=0.7)
    first_test, first_held = len(ppm) - TEST_WEEKS, len(ppm) - TEST_WEEKS - VALIDATION_WEEKS
    edges = [0, first_held, first_test, len(ppm) - 1]
    for name, left, right, shade in zip(
        ("training", "validation", "test"), edges, edges[1:], ("1.0", "0.9", "0.78"), strict=False
    ):
        above.axvspan(dates[left], dates[right], color=shade, zorder=0)
        middle = dates[left] + (dates[right] - dates[left]) / 2
        above.text(middle, ppm.min(), name, ha="center", va="bottom")
    above.set(title="CO2 in the air at Mauna Loa, weekly", ylabel="ppm", xlim=(dates[0], dates[-1]))

    weeks = slice(first_test, None)
    below.plot(dates[weeks], ppm[weeks], "k-", linewidth=3, alpha=0.3, label="measured")
    styles = {"LSTM": "k-", "persistence": "k-.", "seasonal naive": "k:"}
    for name, values in forecasts.items():
        style = styles.get(name)
        for i in range(0, len(origins) if style else 0, YEAR):  # one forecast a year
            ahead = dates[origins[i] + 1 : origins[i] + YEAR + 1]
            label = name if i == 0 else None
            below.plot(ahead, values[i], style, linewidth=1.0, label=label)
            below.axvline(ahead[0], color="0.8", linewidth=0.8, zorder=0)
    below.set(
        title="The test years, each forecast on its eve",
        ylabel="ppm",
        xlim=(dates[first_test - 1], dates[-1]),
    )
    below.legend(loc="upper left", ncols=2, frameon=False)
    below.margins(y=0.2)
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=80)
    parser.add_argument("--quick", action="store_true", help="a few epochs, to see that it runs")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for what is written")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--reload", type=Path, help="only forecast, with these weights")
    options = parser.parse_args()
    weights = options.reload or options.output / "forecast.safetensors"

    console = Console()
    cello.utils.set_random_seed(options.seed)
    dates, ppm, origins = load()
    data = {name: windows(dates, ppm, known) for name, known in origins.items()}
    inputs, last_year, truth = data["test"]
    model = build()
    if options.reload:
        model.load_weights(weights)
        np.save(weights.with_suffix(".npy"), forecast(model, inputs, last_year))
        return

    model.summary()
    model.compile(cello.optimizers.Adam(3e-3), "mse")
    (x, before, y), (x_held, before_held, y_held) = data["train"], data["validation"]
    model.fit(
        x,
        y - before,
        epochs=2 if options.quick else options.epochs,
        validation_data=(x_held, y_held - before_held),
        callbacks=[cello.callbacks.EarlyStopping(patience=20, restore_best_weights=True)],
    )
    learned = forecast(model, inputs, last_year)
    yearly_rise = np.mean(y - before)
    simple = baselines(ppm, origins["test"], last_year, yearly_rise)
    errors = report(console, {**simple, "LSTM": learned}, truth)
    draw(options.output / "forecast.png", dates, ppm, origins["test"], {**simple, "LSTM": learned})
    better = [name for name in simple if errors["LSTM"] < errors[name]]
    console.print(f"The LSTM is better than: {', '.join(better) or 'none of them'}.")

    model.save_weights(weights)
    subprocess.run([sys.executable, __file__, "--reload", weights], check=True)
    reloaded = np.load(weights.with_suffix(".npy"))
    if not np.array_equal(reloaded, learned):
        worst = np.abs(reloaded - learned).max()
        sys.exit(f"The reloaded model gives another forecast: it differs by up to {worst} ppm.")
    console.print(f"Reloaded from {weights} in a fresh process: the same forecast.")


if __name__ == "__main__":
    main()
