"""A recurrent network tells nine speakers apart, from recordings of different lengths.

The data are the Japanese Vowels, which come with Cello: sequences of 7 to 29 steps. They are passed
to `fit` as they are, a list of arrays; batches are made of sequences of about the same length.

    python examples/variable_length.py

It prints the accuracy on the test set beside published ones, and how long an epoch takes beside the
same training on sequences that are padded to one length and masked. It draws `speakers.png`.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from cello.layers import GRU, Bidirectional, Dense, Dropout, GlobalAveragePooling1D, Input, Masking

# Wang, Yan, Oates 2017, as listed by Fawaz et al. 2019, "Deep learning for time series
# classification: a review", table for the multivariate archive: means of ten runs.
PUBLISHED = {"FCN": 99.3, "ResNet": 99.2, "MLP": 97.6}


def build(units=64, masking=False):
    """Both directions, the mean over all real steps, and a guess."""
    return cello.Sequential(
        [
            Input((None, 12)),
            *([Masking()] if masking else []),
            Bidirectional(GRU(units, return_sequences=True, dropout=0.3, recurrent_dropout=0.3)),
            Dropout(0.5),
            GlobalAveragePooling1D(),
            Dropout(0.5),
            Dense(9, activation="softmax"),
        ]
    )


def compiled(**options):
    model = build(**options)
    model.compile(
        cello.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def scaled(sequences, mean, spread):
    return [((s - mean) / spread).astype("float32") for s in sequences]


def seconds_an_epoch(model, x, y, rounds):
    """The least time of an epoch, once all is compiled."""
    for _ in range(2):
        model.fit(x, y, batch_size=16, verbose=0)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        model.fit(x, y, batch_size=16, verbose=0)
        times.append(time.perf_counter() - began)
    return min(times)


def draw(path, x, y, model):
    """One utterance of each speaker, and which speakers the model takes for which."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.4), layout="constrained")
    for speaker in range(9):
        curve = x[int(np.argmax(y == speaker))][:, 0]
        curve = curve - curve.mean() - 1.5 * speaker
        left.plot(curve, "k-", linewidth=1)
        left.text(-0.5, curve[0], str(speaker + 1), ha="right", va="center")
    left.set(
        title="First coefficient of one utterance a speaker", xlabel="step of 6.4 ms", yticks=[]
    )
    counts = np.zeros((9, 9), int)
    np.add.at(counts, (y, model.predict(x, verbose=0).argmax(-1)), 1)
    right.imshow(counts > 0, cmap="Greys", vmin=0, vmax=4)
    for i, j in zip(*np.nonzero(counts), strict=True):
        right.text(j, i, str(counts[i, j]), ha="center", va="center")
    right.set(
        title="Test sequences, by speaker and guess", xlabel="guess", ylabel="speaker",
        xticks=range(9), yticks=range(9), xticklabels=range(1, 10), yticklabels=range(1, 10),
    )  # fmt: skip
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--runs", type=int, default=5, help="trainings, each from another seed")
    parser.add_argument("--quick", action="store_true", help="one short run, to see that it works")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()
    if options.quick:
        options.epochs, options.runs = 10, 1

    (x, y), (x_test, y_test) = cello.datasets.japanese_vowels.load_data()
    steps = np.concatenate(x)
    mean, spread = steps.mean(0), steps.std(0)
    x, x_test = scaled(x, mean, spread), scaled(x_test, mean, spread)

    console = Console()
    accuracies = []
    for run in range(options.runs):
        cello.utils.set_random_seed(run)
        model = compiled()
        if run == 0:
            model.summary()
        model.fit(x, y, batch_size=16, epochs=options.epochs, verbose=2 if options.quick else 0)
        _, accuracy = model.evaluate(x_test, y_test, verbose=0)
        accuracies.append(100 * accuracy)
        console.print(f"run {run + 1} of {options.runs}: {accuracies[-1]:.1f} % of the test set")

    table = Table(title="Accuracy on the 370 test sequences, %")
    table.add_column("model")
    table.add_column("accuracy", justify="right")
    table.add_row(f"GRU in both directions, mean of {options.runs}", f"{np.mean(accuracies):.1f}")
    for name, value in PUBLISHED.items():
        table.add_row(f"{name} (published)", f"{value:.1f}")
    console.print(table)
    draw(options.output / "speakers.png", x_test, y_test, model)

    padded = cello.utils.pad_sequences(x, dtype="float32", padding="post")
    rounds = 2 if options.quick else 10
    in_buckets = seconds_an_epoch(compiled(), x, y, rounds)
    masked = seconds_an_epoch(compiled(masking=True), padded, y, rounds)
    console.print(
        f"An epoch takes {1000 * in_buckets:.0f} ms in buckets and {1000 * masked:.0f} ms padded "
        f"to {padded.shape[1]} steps and masked: {masked / in_buckets:.2f} times as long."
    )


if __name__ == "__main__":
    main()
