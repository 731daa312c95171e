"""A stateful LSTM learns a sine piece by piece, then goes on alone."""

import numpy as np
from keras import Input, Sequential
from keras.layers import LSTM, Dense
from start import start_alike

PIECE = 20
wave = np.sin(np.arange(401) * 0.1).astype("float32")
x = wave[:-1].reshape(-1, PIECE, 1)
y = wave[1:].reshape(-1, PIECE, 1)

model = Sequential(
    [
        Input(batch_shape=(1, None, 1)),
        LSTM(16, return_sequences=True, stateful=True),
        Dense(1),
    ]
)
start_alike(model)
model.compile(optimizer="adam", loss="mse")

losses = []
for _epoch in range(5):
    model.layers[0].reset_states()
    history = model.fit(x, y, batch_size=1, shuffle=False, verbose=0)
    losses += history.history["loss"]

model.layers[0].reset_states()
out = model.predict(x[:10], batch_size=1, verbose=0)[-1:, -1:]
alone = []
for _step in range(30):
    alone.append(out.item())
    out = model.predict(out, verbose=0)

numbers = {"losses": losses, "alone": alone}
