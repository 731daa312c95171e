"""A network that closes brackets, as a page to look into it.

An LSTM reads brackets of three kinds, nested up to four deep, with letters in between: `(ab[c])`.
To say the next character it has to remember which bracket is open, however long ago it was. It
learns from random lines in under a minute, and is written as one page that runs it:

    python examples/character_page.py

It prints how often the closing bracket that it holds for the likeliest is the right one, by how
many characters ago the opening one came, and writes `brackets.html`. Open that in a browser, press
`I`, type some brackets, and pick a unit: which of them count the depth?
"""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import cello
from cello.layers import LSTM, Dense, Embedding, Input

OPENING, CLOSING, LETTERS = "([{", ")]}", "abc"
CHARACTERS = " " + LETTERS + OPENING + CLOSING
DEEPEST = 4


def write_text(rng, length):
    """A text, and for each closing bracket how far behind its opening one stands; else 0."""
    text, open_at, far = "", [], []
    while len(text) < length:
        opens = rng.random() < 0.3 and len(open_at) < DEEPEST
        closes = rng.random() < 0.35 and open_at
        far.append(0)
        if opens or not open_at:
            open_at.append(len(text))
            text += OPENING[rng.integers(3)]
        elif closes:
            begin = open_at.pop()
            far[-1] = len(text) - begin
            text += CLOSING[OPENING.index(text[begin])]
        else:
            text += LETTERS[rng.integers(3)]
        if not open_at:
            text += " "
            far.append(0)
    return text[:length], far[:length]


def write_texts(seed, count, length):
    rng = np.random.default_rng(seed)
    pairs = [write_text(rng, length) for _ in range(count)]
    symbols = np.array([[CHARACTERS.index(c) for c in text] for text, _ in pairs], "int32")
    return symbols, np.array([far for _, far in pairs])


def build(units):
    return cello.Sequential(
        [
            Input((None,), dtype="int32", name="text"),
            Embedding(len(CHARACTERS), 8),
            LSTM(units, return_sequences=True),
            Dense(len(CHARACTERS), activation="softmax", name="next"),
        ],
        name="brackets",
    )


def count_right(model, symbols, far):
    """For each closing bracket: how far back it was opened, and if the model knows its kind."""
    kinds = [CHARACTERS.index(c) for c in CLOSING]
    said = model.predict(symbols[:, :-1], verbose=0)[:, :, kinds].argmax(-1)
    right = np.array(kinds)[said] == symbols[:, 1:]
    closing = far[:, 1:] > 0
    return far[:, 1:][closing], right[closing]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("."), help="a folder for the page")
    parser.add_argument("--quick", action="store_true", help="a smaller model that learns less")
    options = parser.parse_args()
    cello.utils.set_random_seed(1)
    units, epochs = (16, 3) if options.quick else (32, 20)

    symbols, _ = write_texts(seed=1, count=2000, length=81)
    model = build(units)
    model.compile(cello.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    model.fit(symbols[:, :-1], symbols[:, 1:], batch_size=32, epochs=epochs, verbose=0)

    distances, right = count_right(model, *write_texts(seed=2, count=500, length=81))
    table = Table("characters back", "brackets", "right, % (chance: 33)")
    for low, high in ((1, 2), (3, 5), (6, 10), (11, 20), (21, 80)):
        here = (distances >= low) & (distances <= high)
        table.add_row(f"{low} to {high}", str(here.sum()), f"{100 * right[here].mean():.0f}")
    page = options.output / "brackets.html"
    model.export(page, characters=CHARACTERS, title="Which bracket is open?")
    console = Console()
    console.print(table)
    console.print(f"{100 * right.mean():.1f} % of {len(right)} brackets are closed rightly.")
    console.print(f"{page.name}: {page.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
