"""Trainings that are compared: on one device, on several, in several processes."""

import numpy as np

import cello
from cello import Input, Sequential
from cello.layers import (
    GRU,
    LSTM,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Masking,
)


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def arrays(rows=22):
    """22 rows in batches of 8: two batches that 8 devices share, and one of 6 that they cannot."""
    return {"x": normal(rows, 5, 3), "y": normal(rows, 1, seed=1), "batch_size": 8}


def with_padding():
    x = normal(22, 5, 3)
    x[::3, 2:] = 0
    return arrays() | {"x": x}


def lists():
    x = [normal(n, 3, seed=n) for n in (2, 5, 5, 3, 8, 4, 4, 6, 2, 3, 8, 7, 5, 5, 6, 2, 3, 4)]
    return {"x": x, "y": normal(18, 1, seed=1), "batch_size": 8}


def tokens():
    rng = np.random.default_rng(0)
    return {"x": rng.integers(0, 9, (22, 5)), "y": rng.integers(0, 4, 22), "batch_size": 8}


def weighted():
    return tokens() | {
        "class_weight": {0: 3.0, 1: 0.5, 2: 1.0, 3: 0.0},
        "sample_weight": np.linspace(0, 2, 22, dtype="float32"),
    }


def batches():
    """An iterable of whole batches; several processes have other ones."""
    x, y = normal(3, 8, 5, 3), normal(3, 8, 1, seed=1)
    return {"x": list(zip(x, y, strict=True))}


def recurrent(layer, *more):
    return lambda: Sequential([Input((None, 3)), *(m() for m in more), layer(), Dense(1)])


def classifier():
    layers = [Input((None,), dtype="int32"), Embedding(9, 6, mask_zero=True), LSTM(4)]
    return Sequential([*layers, Dense(4, activation="softmax")])


def stateful():
    return Sequential([Input(batch_shape=(8, None, 3)), GRU(4, stateful=True), Dense(1)])


def lstm(**options):
    return lambda: LSTM(4, **options)


SGD = lambda: cello.optimizers.SGD(0.1, momentum=0.5)  # noqa: E731
CASES = {
    "lstm": (recurrent(lstm()), arrays, SGD, {}),
    "scan": (recurrent(lstm()), arrays, "adam", {"engine": "scan"}),
    "mask": (recurrent(lstm(), Masking), with_padding, SGD, {}),
    "dropout": (
        recurrent(lstm(dropout=0.3, recurrent_dropout=0.2), lambda: Dropout(0.2)), arrays,
        "adam", {},
    ),
    "both directions": (
        recurrent(lambda: Bidirectional(GRU(3))), lambda: arrays(11) | {"batch_size": 4}, SGD, {}
    ),
    "batch normalization": (recurrent(lstm(), BatchNormalization), arrays, SGD, {}),
    "stateful": (stateful, lambda: arrays(24), SGD, {"shuffle": False}),
    "tbptt": (recurrent(lstm()), arrays, SGD, {"tbptt": 2}),
    "lists": (recurrent(lstm()), lists, SGD, {}),
    "weights": (classifier, weighted, "adam", {}),
    "validation": (recurrent(lstm()), arrays, SGD, {"validation_split": 0.3}),
    "iterable": (recurrent(lstm()), batches, SGD, {}),
    "batch by batch": (recurrent(lstm()), arrays, "adam", {"steps_per_execution": 1}),
}  # fmt: skip


def trained(name, epochs=2, **more):
    """A training in the present scope: all that comes of it, as arrays."""
    make, data, optimizer, options = CASES[name]
    options = dict(options)
    engine, steps = options.pop("engine", "auto"), options.pop("steps_per_execution", "auto")
    cello.utils.set_random_seed(3)
    cello.config.engine(engine)
    try:
        model = make()
        classes = name == "weights"
        model.compile(
            optimizer() if callable(optimizer) else optimizer,
            "sparse_categorical_crossentropy" if classes else "mse",
            metrics=["accuracy" if classes else "mae"],
            steps_per_execution=steps,
        )
        given = data() | options | more
        history = model.fit(**given, epochs=epochs, verbose=0).history
        measured = dict(given)
        for option in ("class_weight", "tbptt", "validation_split", "shuffle", "resume"):
            measured.pop(option, None)
        size = {k: v for k, v in measured.items() if k == "batch_size"}
        found = {"weights": model.get_weights(), "history": history}
        if name in ("dropout", "lists", "stateful", "iterable"):  # programs of their own
            found["evaluated"] = model.evaluate(**measured, verbose=0)
            found["predicted"] = model.predict(given["x"], **size, verbose=0)
        if name == "dropout":
            first = {k: v[:8] for k, v in measured.items() if k in ("x", "y")}
            found["on batch"] = model.train_on_batch(**first)
            found["weights after it"] = model.get_weights()
        return found
    finally:
        cello.config.engine("auto")
