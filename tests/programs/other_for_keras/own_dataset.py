"""What `own_dataset` does; Keras calls `on_epoch_end` once before the first epoch of `fit`, too."""

import math

import keras
import numpy as np
from keras import layers
from start import start_alike

SHOPS, DAYS = 5, 14


class Sales(keras.utils.PyDataset):
    """Batches of the last days, the shop, and the sales of the day after, weighed by their age."""

    def __init__(self, sales, shops, targets, ages, batch_size, seed=None, **kwargs):
        super().__init__(**kwargs)
        self.sales, self.shops, self.targets, self.ages = sales, shops, targets, ages
        self.batch_size = batch_size
        self.rng = None if seed is None else np.random.default_rng(seed)
        self.order = np.arange(len(sales))
        self.ends = 0

    def __len__(self):
        return math.ceil(len(self.sales) / self.batch_size)

    def __getitem__(self, index):
        low = index * self.batch_size
        rows = self.order[low : low + self.batch_size]
        inputs = {"sales": self.sales[rows], "shop": self.shops[rows]}
        return inputs, self.targets[rows], np.exp(-self.ages[rows])

    def on_epoch_end(self):
        self.ends += 1
        if self.rng is not None and self.ends > 1:
            self.rng.shuffle(self.order)


rng = np.random.default_rng(13)
shops = rng.integers(0, SHOPS, 210)
level = np.linspace(0.5, 1.5, SHOPS)[shops, None]
starts = rng.integers(0, 7, (210, 1))
week = np.sin((starts + np.arange(DAYS + 1)) * 2 * np.pi / 7)
series = (level * (1 + 0.5 * week) + rng.normal(0, 0.05, week.shape)).astype("float32")
sales, targets = series[:, :-1, None], series[:, -1:]
ages = np.linspace(1, 0, 210).astype("float32")

train = Sales(sales[:150], shops[:150], targets[:150], ages[:150], 32, seed=1)
valid = Sales(sales[150:], shops[150:], targets[150:], ages[150:], 20, workers=2)

sales_in = keras.Input((DAYS, 1), name="sales")
shop_in = keras.Input((), dtype="int32", name="shop")
shop = layers.Embedding(SHOPS, 4)(shop_in)
h = layers.Dense(12, activation="tanh")(shop)
h = layers.GRU(12)(sales_in, initial_state=h)
h = layers.Concatenate()([h, shop])
model = keras.Model([sales_in, shop_in], layers.Dense(1)(h))
start_alike(model)
model.compile(optimizer="nadam", loss="mse", metrics=["mae"], weighted_metrics=["mae"])

history = model.fit(train, validation_data=valid, epochs=4, shuffle=False, verbose=0)
found = model.evaluate(valid, return_dict=True, verbose=0)

numbers = {
    **history.history,
    **{f"evaluated {name}": value for name, value in found.items()},
    "predicted": model.predict(valid, verbose=0),
    "of one batch": model.predict_on_batch(train[1][0]),
    "orders": train.order,
    "shops": model.layers[1].get_weights()[0],
}
