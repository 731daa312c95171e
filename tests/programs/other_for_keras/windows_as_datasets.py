"""What `windows_as_datasets` does, on arrays: Keras' datasets need TensorFlow or Grain."""

import keras
import numpy as np
from start import start_alike

PAST, FUTURE, STEP, BATCH = 36, 6, 3, 64

rng = np.random.default_rng(120)
hours = np.arange(900)
day = 2 * np.pi * hours / 24
warmth = 12 + 6 * np.sin(day) + np.cumsum(rng.normal(0, 0.2, 900))
data = np.stack([warmth, np.cos(day), rng.normal(0, 1, 900)], axis=-1)

split = 600
mean, std = data[:split].mean(axis=0), data[:split].std(axis=0)
data = ((data - mean) / std).astype("float32")


def windows(values, targets):
    """All windows of `PAST` values, of which every `STEP`-th counts, and the targets at them."""
    length = PAST // STEP
    rows = min(len(values) - (length - 1) * STEP, len(targets))
    places = np.arange(rows)[:, None] + np.arange(length) * STEP
    return values[places], targets[:rows]


start, end = PAST + FUTURE, PAST + FUTURE + split
x_end = len(data) - PAST - FUTURE
x_train, y_train = windows(data[:split], data[start:end, :1])
x_val, y_val = windows(data[split:x_end], data[split + PAST + FUTURE :, :1])

inputs, targets = x_train[:BATCH], y_train[:BATCH]
inputs = keras.layers.Input(shape=(inputs.shape[1], inputs.shape[2]))
lstm_out = keras.layers.LSTM(16)(inputs)
outputs = keras.layers.Dense(1)(lstm_out)
model = keras.Model(inputs=inputs, outputs=outputs)
start_alike(model)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.005), loss="mse")
history = model.fit(
    x_train,
    y_train,
    batch_size=BATCH,
    epochs=3,
    shuffle=False,
    validation_data=(x_val, y_val),
    verbose=0,
)

numbers = {
    "loss": history.history["loss"],
    "val_loss": history.history["val_loss"],
    "first targets": targets,
    "forecasts": model.predict(x_val[: 2 * BATCH], verbose=0),
    "truths": y_val[: 2 * BATCH],
    "all of them": model.evaluate(x_train, y_train, batch_size=BATCH, verbose=0),
    "kernel": model.get_weights()[0],
}
