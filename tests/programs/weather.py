"""The temperature a day ahead from windows of weather; a network has to beat common sense."""

import keras
import numpy as np
from keras import layers
from start import start_alike

rng = np.random.default_rng(42)
hours = np.arange(24 * 40)
day, week = 2 * np.pi * hours / 24, 2 * np.pi * hours / (24 * 7)
temperature = 10 + 6 * np.sin(day) + 4 * np.sin(week) + rng.normal(0, 0.5, len(hours))
pressure = 1010 + 8 * np.sin(week + 1) + rng.normal(0, 1, len(hours))
humidity = 60 - 20 * np.sin(day - 0.5) + rng.normal(0, 4, len(hours))
raw_data = np.stack([pressure, temperature, humidity], axis=-1)

num_train_samples = int(0.5 * len(raw_data))
num_val_samples = int(0.25 * len(raw_data))

mean = raw_data[:num_train_samples].mean(axis=0)
raw_data -= mean
std = raw_data[:num_train_samples].std(axis=0)
raw_data /= std

sampling_rate = 2
sequence_length = 12
delay = sampling_rate * (sequence_length + 12 - 1)


def windows(start, end):
    return keras.utils.timeseries_dataset_from_array(
        raw_data[:-delay],
        targets=temperature[delay:],
        sampling_rate=sampling_rate,
        sequence_length=sequence_length,
        shuffle=False,
        batch_size=32,
        start_index=start,
        end_index=end,
    )


train_dataset = windows(0, num_train_samples)
val_dataset = windows(num_train_samples, num_train_samples + num_val_samples)
test_dataset = windows(num_train_samples + num_val_samples, None)

for samples, targets in train_dataset:
    print("samples shape:", samples.shape)
    print("targets shape:", targets.shape)
    break


def evaluate_naive_method(dataset):
    total_abs_err = 0.0
    samples_seen = 0
    for samples, targets in dataset:
        preds = samples[:, -1, 1] * std[1] + mean[1]
        total_abs_err += np.sum(np.abs(preds - targets))
        samples_seen += samples.shape[0]
    return total_abs_err / samples_seen


inputs = keras.Input(shape=(sequence_length, raw_data.shape[-1]))
x = layers.LSTM(16)(inputs)
outputs = layers.Dense(1)(x)
model = keras.Model(inputs, outputs)
start_alike(model)

callbacks = [keras.callbacks.ModelCheckpoint("weather_lstm.keras", save_best_only=True)]
model.compile(optimizer=keras.optimizers.RMSprop(0.01), loss="mse", metrics=["mae"])
history = model.fit(
    train_dataset, epochs=8, validation_data=val_dataset, callbacks=callbacks, verbose=0
)

model = keras.models.load_model("weather_lstm.keras")
numbers = {
    "naive": [evaluate_naive_method(val_dataset), evaluate_naive_method(test_dataset)],
    **history.history,
    "test": model.evaluate(test_dataset, verbose=0),
    "forecast": model.predict(test_dataset, verbose=0),
}
