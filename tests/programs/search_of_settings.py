"""A small grid of units and learning rates, each trained until it stops; the best one is kept."""

import itertools

import keras
import numpy as np
from keras import layers
from keras.callbacks import EarlyStopping
from start import start_alike

keras.utils.set_random_seed(16)
rng = np.random.default_rng(16)
t = np.arange(16)
y = rng.integers(0, 3, 240)  # slow, middle, fast
waves = np.sin(rng.uniform(0, 6, (240, 1)) + np.array([0.3, 0.8, 1.6])[y, None] * t)
x = (waves + rng.normal(0, 0.2, waves.shape))[..., None].astype("float32")
x_train, x_val, x_test = np.split(x, [160, 200])
y_train, y_val, y_test = np.split(y, [160, 200])


def build(units, learning_rate):
    model = keras.Sequential(
        [
            keras.Input((None, 1)),
            layers.LSTM(units, name="lstm"),
            layers.LayerNormalization(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    start_alike(model, seed=units)
    model.compile(
        keras.optimizers.Adam(learning_rate, clipnorm=1.0),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


trials = []
for units, rate in itertools.product([8, 16], [0.002, 0.005]):
    keras.backend.clear_session()
    model = build(units, rate)
    stop = EarlyStopping(
        monitor="val_loss",
        min_delta=0.01,
        patience=2,
        restore_best_weights=True,
        start_from_epoch=1,
    )
    history = model.fit(
        x_train,
        y_train,
        validation_data=(x_val, y_val),
        epochs=7,
        batch_size=20,
        shuffle=False,
        callbacks=[stop],
        verbose=0,
    )
    trials.append(
        {
            "units": units,
            "rate": rate,
            "val_loss": min(history.history["val_loss"]),
            "curve": history.history["val_loss"],
            "stopped": stop.stopped_epoch,
            "weights": model.get_weights(),
            "parameters": model.count_params(),
            "model": model,
        }
    )

best = min(trials, key=lambda trial: trial["val_loss"])

# The best settings once more, on all that is not for the test, from a copy of the best model.
final = keras.models.clone_model(best["model"])
final.set_weights(best["weights"])
final.compile(
    optimizer=keras.optimizers.SGD(best["rate"] / 10, momentum=0.9, nesterov=True),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy", keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top2")],
)
history = final.fit(
    np.concatenate([x_train, x_val]),
    np.concatenate([y_train, y_val]),
    epochs=2,
    batch_size=40,
    shuffle=False,
    verbose=0,
)

numbers = {
    **{f"curve of {t['units']}, {t['rate']}": t["curve"] for t in trials},
    "lowest": [trial["val_loss"] for trial in trials],
    "stopped": [trial["stopped"] for trial in trials],
    "parameters": [trial["parameters"] for trial in trials],
    "best": best["units"],
    "final loss": history.history["loss"],
    "test": final.evaluate(x_test, y_test, batch_size=40, verbose=0),
    "probabilities": final.predict(x_test, batch_size=40, verbose=0),
}
