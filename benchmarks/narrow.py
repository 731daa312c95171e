"""What weights in int8, bfloat16 and float16 cost on three tasks, before and after.

    python benchmarks/narrow.py                  # some minutes, and a quarter of an hour for words
    python benchmarks/narrow.py --tasks vowels co2
    python benchmarks/narrow.py --quick          # short trainings, to see that it runs

The models and data are those of `examples/`: who of nine speakers says a vowel
(`variable_length.py`), the carbon dioxide of the year ahead (`co2_forecast.py`), and how words are
pronounced (`pronounce.py`, of whose model the encoder is quantised). Each is trained once, in
float32; int8 is calibrated on sequences of the training. `--keep FOLDER` keeps the weights.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import optax

sys.path.insert(0, str(Path(__file__).parents[1] / "examples"))

import cello
from cello.layers import Input, Lambda

KINDS = ("int8", "bfloat16", "float16")
WORDS = 2000  # that calibrate


def trained(model, path: Path | None, fit):
    """The model with the weights in a file, or trained and then kept there."""
    if path and path.exists():
        model.load_weights(path)
    else:
        fit()
        if path:
            model.save_weights(path)


def show(name: str, metric: str, before: float, after: dict[str, float]) -> None:
    print(f"{name}: {metric} {before:.4g} in float32")
    for kind, value in after.items():
        print(f"  {kind:10}{value:.4g}  ({100 * (value - before) / before:+.2f} %)")


def vowels(options) -> None:
    import variable_length as example

    cello.utils.set_random_seed(0)
    (x, y), (x_test, y_test) = cello.datasets.japanese_vowels.load_data()
    steps = np.concatenate(x)
    x, x_test = (example.scaled(s, steps.mean(0), steps.std(0)) for s in (x, x_test))
    model = example.compiled()
    epochs = 5 if options.quick else 100
    trained(
        model,
        options.keep and options.keep / "vowels.safetensors",
        lambda: model.fit(x, y, batch_size=16, epochs=epochs, verbose=0),
    )
    longest = max(map(len, [*x, *x_test]))
    narrow = {kind: model.quantized(kind, x, steps=longest) for kind in KINDS}
    print(narrow["int8"].report(x_test, y_test))
    before = model.evaluate(x_test, y_test, verbose=0, return_dict=True)["accuracy"]
    after = {kind: n.evaluate(x_test, y_test)["accuracy"] for kind, n in narrow.items()}
    show("Japanese vowels", "accuracy", before, after)


def co2(options) -> None:
    import co2_forecast as example

    cello.utils.set_random_seed(1)
    dates, ppm, origins = example.load()
    data = {name: example.windows(dates, ppm, known) for name, known in origins.items()}
    (x, past, y), (x_held, past_held, y_held) = data["train"], data["validation"]
    model = example.build()
    model.compile(cello.optimizers.Adam(3e-3), "mse", metrics=["RootMeanSquaredError"])
    best = cello.callbacks.EarlyStopping(patience=20, restore_best_weights=True)
    trained(
        model,
        options.keep and options.keep / "co2.safetensors",
        lambda: model.fit(
            x,
            y - past,
            epochs=2 if options.quick else 80,
            validation_data=(x_held, y_held - past_held),
            callbacks=[best],
            verbose=0,
        ),
    )
    inputs, last_year, truth = data["test"]
    narrow = {kind: model.quantized(kind, x[::10]) for kind in KINDS}
    print(narrow["int8"].report(inputs, truth - last_year))

    def error(found):
        return float(np.sqrt(np.mean((found + last_year - truth) ** 2)))

    after = {kind: error(n.predict(inputs)) for kind, n in narrow.items()}
    show("CO2 a year ahead", "RMSE in ppm", error(model.predict(inputs, verbose=0)), after)


def words(options) -> None:
    import pronounce as example

    cello.utils.set_random_seed(0)
    train, test = example.load(4000 if options.quick else None)
    pairs = [(word, sounds) for word, found in train.items() for sounds in found]
    letters = example.spelled(word for word, _ in pairs)
    sounds = [example.sounded(s) for _, s in pairs]
    model, _ = example.build(64 if options.quick else 128)
    epochs, batch = (6, 32) if options.quick else (options.epochs, 128)
    rate = optax.cosine_decay_schedule(4e-3, epochs * len(pairs) // batch)
    rule = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(rate))
    model.compile(rule, "sparse_categorical_crossentropy")
    trained(
        model,
        options.keep and options.keep / "words.safetensors",
        lambda: model.fit(letters, sounds, batch_size=batch, epochs=epochs, verbose=2),
    )
    model.encoder.compile("adam", "mse")
    longest = max(map(len, [*train, *test]))
    said = list(test)[: options.words]
    narrow = {kind: model.encoder.quantized(kind, letters[:WORDS], steps=longest) for kind in KINDS}
    print(narrow["int8"].report(example.spelled(said[:WORDS])))
    writer = _Writer(model, example)
    before = writer.errors(said, test, lambda x: model.encoder.predict(x, verbose=0))
    after = {kind: writer.errors(said, test, n.predict) for kind, n in narrow.items()}
    for place, metric in enumerate(("wrong words, %", "wrong sounds, %")):
        found = {kind: value[place] for kind, value in after.items()}
        show("Pronunciation", metric, before[place], found)


class _Writer:
    """The decoder behind what an encoder gave."""

    def __init__(self, model, example):
        units = model.encoder.outputs[0].shape[-1]
        packed = Input((None, units))  # the states, and then the memory
        parts = [Lambda(lambda x: x[:, 2:]), Lambda(lambda x: x[:, 0]), Lambda(lambda x: x[:, 1])]
        unpacking = cello.Model(packed, [part(packed) for part in parts])
        tokens = model.start_token, model.end_token
        self._model = cello.Seq2Seq(unpacking, model.decoder, *tokens)
        self._example = example

    def errors(self, said, test, encode):
        """Wrong words and wrong sounds, in percent; words of one length are read at once."""
        found = {}
        for length in sorted(set(map(len, said))):
            some = [word for word in said if len(word) == length]
            memory, h, c = encode(np.stack(self._example.spelled(some)))
            packed = np.concatenate([np.stack([h, c], 1), memory], 1)
            rows = self._model.generate(packed, max_length=32)
            found.update(zip(some, map(self._sounds, rows), strict=True))
        return self._example.errors([found[word] for word in said], [test[word] for word in said])

    def _sounds(self, row):
        example = self._example
        row = row[: np.flatnonzero([*row, example.END] == np.array(example.END))[0]]
        return [example.SOUNDS[s - 1] if 0 < s < example.START else "?" for s in row]


TASKS = {"vowels": vowels, "co2": co2, "words": words}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=list(TASKS), choices=TASKS)
    parser.add_argument("--quick", action="store_true", help="short trainings")
    parser.add_argument("--epochs", type=int, default=8, help="of the words")
    parser.add_argument(
        "--words", type=int, default=None, help="how many to test; all if not given"
    )
    parser.add_argument("--keep", type=Path, help="folder for the weights")
    options = parser.parse_args()
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
    for name in options.tasks:
        TASKS[name](options)


if __name__ == "__main__":
    main()
