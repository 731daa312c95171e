"""Airline passengers by walk-forward validation: fit on the past, forecast a month, go on."""

import numpy as np
from keras.layers import LSTM, Dense, Input
from keras.models import Sequential
from start import start_alike

LAGS, MONTHS = 12, 6
PASSENGERS = np.array(
    """112 118 132 129 121 135 148 148 136 119 104 118 115 126 141 135 125 149 170 170 158 133 114
    140 145 150 178 163 172 178 199 199 184 162 146 166 171 180 193 181 183 218 230 242 209 191 172
    194 196 196 236 235 229 243 264 272 237 211 180 201 204 188 235 227 234 264 302 293 259 229 203
    229 242 233 267 269 270 315 364 347 312 274 237 278 284 277 317 313 318 374 413 405 355 306 271
    306 315 301 356 348 355 422 465 467 404 347 305 336 340 318 362 348 363 435 491 505 404 359 310
    337""".split(),
    dtype="float64",
)


def to_supervised(series):
    """Rows of lags, and the value behind each."""
    x = np.array([series[i : i + LAGS] for i in range(len(series) - LAGS)])
    return x[..., np.newaxis], series[LAGS:]


class MinMax:
    """Scale to [-1, 1] what was seen in `fit`."""

    def fit(self, values):
        self.low, self.high = values.min(), values.max()
        return self

    def transform(self, values):
        return 2 * (values - self.low) / (self.high - self.low) - 1

    def inverse(self, values):
        return (values + 1) / 2 * (self.high - self.low) + self.low


def build_model():
    model = Sequential([Input((LAGS, 1)), LSTM(8, activation="relu"), Dense(4), Dense(1)])
    start_alike(model, seed=3)
    model.compile(loss="mean_squared_error", optimizer="adam")
    return model


changes = np.diff(np.log(PASSENGERS))
forecasts, losses = [], []
for month in range(len(changes) - MONTHS, len(changes)):
    scaler = MinMax().fit(changes[:month])
    x, y = to_supervised(scaler.transform(changes[:month]))
    model = build_model()
    history = model.fit(x, y, epochs=3, batch_size=16, shuffle=False, verbose=0)
    losses.append(history.history["loss"])
    lags = scaler.transform(changes[month - LAGS : month]).reshape(1, LAGS, 1)
    change = scaler.inverse(model.predict(lags, verbose=0)[0, 0])
    forecasts.append(PASSENGERS[month] * np.exp(change))

# The last model goes on: it is updated month by month, and not fitted anew.
updated = []
x, y = to_supervised(scaler.transform(changes))
for row in range(len(x) - MONTHS, len(x)):
    updated.append(model.predict(x[row : row + 1], verbose=0).item())
    losses.append(
        model.fit(x[row : row + 1], y[row : row + 1], epochs=3, verbose=0).history["loss"]
    )

truth, before = PASSENGERS[-MONTHS:], PASSENGERS[-MONTHS - 1 : -1]


def rmse(predicted):
    return np.sqrt(np.mean((truth - predicted) ** 2))


numbers = {
    "forecasts": forecasts,
    "losses": losses,
    "updated": updated,
    "rmse": [rmse(np.array(forecasts)), rmse(before)],
    "skill": 1 - rmse(np.array(forecasts)) / rmse(before),
    "weights": model.layers[0].get_weights()[1],
}
