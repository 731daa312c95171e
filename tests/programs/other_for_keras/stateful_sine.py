"""What `stateful_sine` does, with states that go in and out.

On JAX, Keras forgets the states of a stateful layer between the batches of `fit` and `predict`; on
PyTorch it cannot train one.
"""

import numpy as np
from keras import Input, Model
from keras.layers import LSTM, Dense
from start import start_alike

PIECE = 20
wave = np.sin(np.arange(401) * 0.1).astype("float32")
x = wave[:-1].reshape(-1, 1, PIECE, 1)
y = wave[1:].reshape(-1, 1, PIECE, 1)

values, h, c = Input((None, 1)), Input((16,)), Input((16,))
lstm = LSTM(16, return_sequences=True, return_state=True)
seen, *states = lstm(values, initial_state=[h, c])
model = Model([values, h, c], [Dense(1)(seen), *states])
start_alike(model)
model.compile(optimizer="adam", loss=["mse", None, None])


def zeros():
    return [np.zeros((1, 16), "float32")] * 2


losses = []
for _epoch in range(5):
    state, of_batches = zeros(), []
    for values, targets in zip(x, y, strict=True):
        _, *then = model.predict([values, *state], verbose=0)
        model.reset_metrics()
        found = model.train_on_batch([values, *state], [targets, None, None])
        of_batches.append(np.ravel(found)[0])
        state = then
    losses.append(np.mean(of_batches))

state = zeros()
for values in x[:10]:
    out, *state = model.predict([values, *state], verbose=0)
out = out[:, -1:]
alone = []
for _step in range(30):
    alone.append(out.item())
    out, *state = model.predict([out, *state], verbose=0)

numbers = {"losses": losses, "alone": alone}
