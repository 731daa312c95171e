"""A jena-like forecast with `timeseries_dataset_from_array`, as Keras' example does it."""

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

start, end = PAST + FUTURE, PAST + FUTURE + split
dataset_train = keras.utils.timeseries_dataset_from_array(
    data[:split],
    data[start:end, :1],
    sequence_length=PAST // STEP,
    sampling_rate=STEP,
    batch_size=BATCH,
)
x_end = len(data) - PAST - FUTURE
dataset_val = keras.utils.timeseries_dataset_from_array(
    data[split:x_end],
    data[split + PAST + FUTURE :, :1],
    sequence_length=PAST // STEP,
    sampling_rate=STEP,
    batch_size=BATCH,
)

for batch in dataset_train.take(1):
    inputs, targets = batch
inputs = keras.layers.Input(shape=(inputs.shape[1], inputs.shape[2]))
lstm_out = keras.layers.LSTM(16)(inputs)
outputs = keras.layers.Dense(1)(lstm_out)
model = keras.Model(inputs=inputs, outputs=outputs)
start_alike(model)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.005), loss="mse")
history = model.fit(dataset_train, epochs=3, validation_data=dataset_val, verbose=0)

forecasts, truths = [], []
for x, y in dataset_val.take(2):
    forecasts.append(model.predict(x, verbose=0))
    truths.append(y)

numbers = {
    "loss": history.history["loss"],
    "val_loss": history.history["val_loss"],
    "first targets": targets,
    "forecasts": np.concatenate(forecasts),
    "truths": np.concatenate(truths),
    "all of them": model.evaluate(dataset_train, verbose=0),
    "kernel": model.get_weights()[0],
}
