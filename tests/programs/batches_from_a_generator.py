"""Windows of a weather record come from a generator, as in the book: look back, skip, predict."""

import numpy as np
from keras import Sequential, layers
from keras.optimizers import RMSprop
from start import start_alike

LOOKBACK, STEP, DELAY, BATCH = 48, 2, 6, 32

rng = np.random.default_rng(12)
hours = np.arange(1200)
temperature = 10 + 8 * np.sin(hours * 2 * np.pi / 24) + np.cumsum(rng.normal(0, 0.3, 1200))
pressure = 1000 + 5 * np.cos(hours * 2 * np.pi / 96) + rng.normal(0, 1, 1200)
humidity = 60 - temperature + rng.normal(0, 2, 1200)
record = np.stack([temperature, pressure, humidity], axis=-1)

mean, std = record[:800].mean(axis=0), record[:800].std(axis=0)
record = (record - mean) / std


def generator(data, min_index, max_index):
    """Yield batches of windows and of the temperature some hours after each, without an end."""
    i = min_index + LOOKBACK
    while True:
        if i + BATCH >= max_index:
            i = min_index + LOOKBACK
        rows = np.arange(i, min(i + BATCH, max_index))
        i += len(rows)
        samples = np.zeros((len(rows), LOOKBACK // STEP, data.shape[-1]))
        targets = np.zeros((len(rows),))
        for j, row in enumerate(rows):
            samples[j] = data[range(row - LOOKBACK, row, STEP)]
            targets[j] = data[row + DELAY][0]
        yield samples, targets


def naive_mae(steps):
    """The error of saying that it stays as warm as it is."""
    errors = []
    batches = generator(record, 801, 1100)
    for _ in range(steps):
        samples, targets = next(batches)
        errors.append(np.mean(np.abs(samples[:, -1, 0] - targets)))
    return np.mean(errors)


model = Sequential()
model.add(layers.Input(shape=(None, record.shape[-1])))
model.add(layers.Conv1D(16, 3, activation="relu"))
model.add(layers.MaxPooling1D(2))
model.add(layers.GRU(16))
model.add(layers.Dense(1))
start_alike(model)
model.compile(optimizer=RMSprop(0.002), loss="mae", metrics=["mse"])

history = model.fit(
    generator(record, 0, 800),
    steps_per_epoch=10,
    epochs=5,
    validation_data=generator(record, 801, 1100),
    validation_steps=4,
    verbose=0,
)
found = model.evaluate(generator(record, 801, 1100), steps=3, verbose=0)
forecasts = model.predict(
    ((samples,) for samples, _ in generator(record, 801, 1100)), steps=3, verbose=0
)

numbers = {
    **history.history,
    "naive": naive_mae(4),
    "found": found,
    "forecasts": forecasts,
    "kernel of the GRU": model.layers[2].get_weights()[0],
}
