"""Find what is odd in a time series: an autoencoder cannot write what it has not seen."""

import keras
import numpy as np
from keras.callbacks import EarlyStopping
from keras.layers import LSTM, Dense, Input, RepeatVector, TimeDistributed
from keras.models import Model
from start import start_alike

TIME_STEPS = 24

rng = np.random.default_rng(5)
t = np.arange(600)
daily = np.sin(2 * np.pi * t / 48) + 0.3 * np.cos(2 * np.pi * t / 12)
normal = daily + rng.normal(0, 0.05, len(t))
with_anomaly = daily + rng.normal(0, 0.05, len(t))
with_anomaly[300:330] = 0.2 + rng.normal(0, 0.8, 30)

training_mean = normal.mean()
training_std = normal.std()


def create_sequences(values, time_steps=TIME_STEPS):
    values = (values - training_mean) / training_std
    output = [values[i : i + time_steps] for i in range(len(values) - time_steps + 1)]
    return np.stack(output)[..., np.newaxis]


x_train = create_sequences(normal)
print("Training input shape: ", x_train.shape)

inputs = Input(shape=(x_train.shape[1], x_train.shape[2]))
encoded = LSTM(16, activation="tanh", return_sequences=True)(inputs)
encoded = LSTM(6, return_sequences=False)(encoded)
decoded = RepeatVector(x_train.shape[1])(encoded)
decoded = LSTM(6, return_sequences=True)(decoded)
decoded = LSTM(16, return_sequences=True)(decoded)
outputs = TimeDistributed(Dense(x_train.shape[2]))(decoded)
model = Model(inputs=inputs, outputs=outputs, name="autoencoder")
start_alike(model)

model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss="mse", metrics=["mae"])
history = model.fit(
    x_train,
    x_train,
    epochs=8,
    batch_size=64,
    validation_split=0.1,
    shuffle=False,
    callbacks=[EarlyStopping(monitor="val_loss", patience=2, restore_best_weights=True)],
    verbose=0,
)

x_train_pred = model.predict(x_train, verbose=0)
train_mae_loss = np.mean(np.abs(x_train_pred - x_train), axis=1).reshape(-1)
threshold = np.max(train_mae_loss)
print("Reconstruction error threshold: ", threshold)

x_test = create_sequences(with_anomaly)
x_test_pred = model.predict(x_test, verbose=0)
test_mae_loss = np.mean(np.abs(x_test_pred - x_test), axis=1).reshape(-1)
anomalies = test_mae_loss > threshold
print("Number of anomaly samples: ", np.sum(anomalies))

numbers = {
    **history.history,
    "threshold": threshold,
    "errors": test_mae_loss,
    "anomalies": anomalies,
    "code": Model(inputs, encoded).predict(x_test[:10], verbose=0),
}
