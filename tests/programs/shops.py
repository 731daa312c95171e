"""Sales of shops tomorrow: their last weeks, and what each shop is, come in side by side."""

import keras
import numpy as np
from keras.layers import GRU, Concatenate, Dense, Embedding, Flatten, Input, Normalization
from start import start_alike

rng = np.random.default_rng(21)
n, days, n_towns = 300, 21, 5

area = rng.uniform(50, 900, n)
staff = np.round(area / 60 + rng.uniform(1, 4, n))
town = rng.integers(0, n_towns, n)
level = area / 300 + np.array([0.0, 1.0, 2.0, 0.5, 1.5])[town]
weekday = np.sin(2 * np.pi * np.arange(days + 1) / 7 + rng.uniform(0, 6, (n, 1)))
sales = level[:, None] * (1 + 0.4 * weekday) + rng.normal(0, 0.1, (n, days + 1))
footfall = sales * 10 + rng.normal(0, 2, sales.shape)

history_data = np.stack([sales[:, :-1], footfall[:, :-1]], axis=-1).astype("float32")
static_data = np.stack([area, staff], axis=-1).astype("float32")
target = sales[:, -1]
above = (sales[:, -1] > sales[:, -2]).astype("float32")

normalize_history = Normalization()
normalize_history.adapt(history_data[:240])
normalize_static = Normalization()
normalize_static.adapt(static_data[:240])

history_in = Input(shape=(days, 2), name="history")
static_in = Input(shape=(2,), name="static")
town_in = Input(shape=(1,), dtype="int32", name="town")

sequence = GRU(16)(normalize_history(history_in))
place = Flatten()(Embedding(n_towns, 3, name="town_embedding")(town_in))
merged = Concatenate()([sequence, normalize_static(static_in), place])
hidden = Dense(16, activation="relu")(merged)
amount = Dense(1, name="amount")(hidden)
rises = Dense(1, activation="sigmoid", name="rises")(hidden)

model = keras.Model(inputs=[history_in, static_in, town_in], outputs=[amount, rises])
start_alike(model)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    loss={"amount": "huber", "rises": keras.losses.BinaryCrossentropy()},
    loss_weights={"amount": 1.0, "rises": 0.3},
    metrics={"amount": ["mae"], "rises": ["accuracy", keras.metrics.AUC(name="auc")]},
)


def rows(which):
    x = {"history": history_data[which], "static": static_data[which], "town": town[which, None]}
    return x, {"amount": target[which], "rises": above[which]}


train, test = slice(0, 240), slice(240, None)
fitted = model.fit(
    *rows(train), batch_size=32, epochs=5, validation_data=rows(test), shuffle=False, verbose=0
)

x_test, y_test = rows(test)
amounts, chances = model.predict(x_test, verbose=0)
numbers = {
    **fitted.history,
    "evaluated": model.evaluate(x_test, y_test, batch_size=16, verbose=0),
    "amounts": amounts,
    "chances": chances,
    "towns": model.get_layer("town_embedding").get_weights()[0],
}
