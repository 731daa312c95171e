"""Schedules, by the step and by the epoch; the best model of each training comes from its file."""

import csv
import os

import keras
import numpy as np
from start import start_alike

rng = np.random.default_rng(19)
series = np.sin(np.arange(600) * 0.15) + 0.3 * np.sin(np.arange(600) * 0.9)
series = (series + rng.normal(0, 0.05, 600)).astype("float32")
windows = np.lib.stride_tricks.sliding_window_view(series, 21)
x, y = windows[:, :-1, None], windows[:, -1:]
x_train, y_train, x_val, y_val = x[:400], y[:400], x[400:], y[400:]
checkpoint_dir = "checkpoints"
os.makedirs(checkpoint_dir, exist_ok=True)


def train(optimizer, callbacks, epochs=5):
    inputs = keras.Input(shape=(20, 1))
    h = keras.layers.LSTM(12)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(1)(h))
    start_alike(model)
    model.compile(optimizer=optimizer, loss="mse", metrics=["mae"])
    history = model.fit(
        x_train,
        y_train,
        validation_data=(x_val, y_val),
        batch_size=50,
        epochs=epochs,
        shuffle=False,
        callbacks=callbacks,
        verbose=0,
    )
    return model, history.history


# A schedule as the learning rate.
cosine = keras.optimizers.schedules.CosineDecay(
    0.001, decay_steps=30, warmup_target=0.02, warmup_steps=8, alpha=0.1
)
best_path = os.path.join(checkpoint_dir, "best.keras")
model, cosine_history = train(
    keras.optimizers.Adam(learning_rate=cosine),
    [
        keras.callbacks.ModelCheckpoint(best_path, monitor="val_mae", save_best_only=True),
        keras.callbacks.CSVLogger("log.csv", separator=";"),
    ],
)
best = keras.models.load_model(best_path)
with open("log.csv") as log:
    logged = [float(row["val_mae"]) for row in csv.DictReader(log, delimiter=";")]


# A function of the epoch, and weights at every epoch.
def scheduler(epoch, lr):
    return lr if epoch < 2 else lr * float(np.exp(-0.3))


weights_model, scheduled = train(
    keras.optimizers.RMSprop(0.01),
    [
        keras.callbacks.LearningRateScheduler(scheduler),
        keras.callbacks.ModelCheckpoint(
            os.path.join(checkpoint_dir, "cp-{epoch:02d}-{val_loss:.3f}.weights.h5"),
            save_weights_only=True,
        ),
    ],
)
files = sorted(name for name in os.listdir(checkpoint_dir) if name.startswith("cp-"))
weights_model.load_weights(os.path.join(checkpoint_dir, files[1]))

# Where it gets no better.
plateau_model, plateau = train(
    keras.optimizers.SGD(0.5, momentum=0.9),
    [
        keras.callbacks.ReduceLROnPlateau(
            monitor="val_loss", factor=0.2, patience=1, min_delta=0.01, min_lr=0.002
        ),
        keras.callbacks.TerminateOnNaN(),
    ],
    epochs=7,
)

steps = np.arange(0, 40, 3)
schedules = {
    "exponential": keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9, staircase=True),
    "piecewise": keras.optimizers.schedules.PiecewiseConstantDecay([10, 20], [0.1, 0.05, 0.01]),
    "polynomial": keras.optimizers.schedules.PolynomialDecay(0.1, 30, 0.001, power=2.0),
    "inverse": keras.optimizers.schedules.InverseTimeDecay(0.1, 5, 0.5),
    "restarts": keras.optimizers.schedules.CosineDecayRestarts(0.1, 10),
}

numbers = {
    **{f"cosine {name}": values for name, values in cosine_history.items()},
    **{f"scheduled {name}": values for name, values in scheduled.items()},
    **{f"plateau {name}": values for name, values in plateau.items()},
    **{name: [float(s(step)) for step in steps] for name, s in schedules.items()},
    "logged": logged,
    "best": best.evaluate(x_val, y_val, verbose=0),
    "steps of the best": int(best.optimizer.iterations),
    "losses in names": [float(name[6:11]) for name in files],
    "of the second epoch": weights_model.predict(x_val[:20], verbose=0),
    "at the end": plateau_model.predict(x_val[:20], verbose=0),
    "last rate": float(plateau_model.optimizer.learning_rate),
}
