"""Rare faults in short records of a machine: class weights, and metrics that accuracy hides."""

import keras
import numpy as np
from start import start_alike

rng = np.random.default_rng(15)
N, STEPS = 384, 20
faulty = rng.random(N) < 0.12
signals = rng.normal(0, 1, (N, STEPS, 2))
signals[faulty, 8:14, 0] += 2.0
lengths = rng.integers(14, STEPS + 1, N)
signals[np.arange(STEPS) >= lengths[:, None]] = -10.0  # padded
signals, labels = signals.astype("float32"), faulty.astype("int64")[:, None]

train_x, train_y = signals[:256], labels[:256]
val_x, val_y = signals[256:320], labels[256:320]
test_x, test_y = signals[320:], labels[320:]

neg, pos = np.bincount(train_y[:, 0])
class_weight = {0: len(train_y) / (2.0 * neg), 1: len(train_y) / (2.0 * pos)}

METRICS = [
    keras.metrics.BinaryCrossentropy(name="cross entropy"),
    keras.metrics.MeanSquaredError(name="Brier score"),
    keras.metrics.TruePositives(name="tp"),
    keras.metrics.FalsePositives(name="fp"),
    keras.metrics.TrueNegatives(name="tn"),
    keras.metrics.FalseNegatives(name="fn"),
    keras.metrics.BinaryAccuracy(name="accuracy"),
    keras.metrics.Precision(name="precision"),
    keras.metrics.Recall(name="recall"),
    keras.metrics.AUC(name="auc"),
    keras.metrics.AUC(name="prc", curve="PR"),
]


class FaultDetector(keras.Model):
    """Reads a record both ways, without its padding, and says how likely a fault is."""

    def __init__(self, units=8, **kwargs):
        super().__init__(**kwargs)
        self.masking = keras.layers.Masking(mask_value=-10.0)
        self.reader = keras.layers.Bidirectional(keras.layers.GRU(units))
        self.hidden = keras.layers.Dense(8, activation="relu")
        self.out = keras.layers.Dense(1, activation="sigmoid")

    def call(self, inputs, training=False):
        x = self.masking(inputs)
        x = self.reader(x, training=training)
        return self.out(self.hidden(x))


def make_model(metrics=METRICS, output_bias=None):
    model = FaultDetector()
    model(train_x[:1])  # builds it
    start_alike(model)
    if output_bias is not None:
        model.out.bias.assign([output_bias])
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=2e-2),
        loss=keras.losses.BinaryCrossentropy(),
        metrics=metrics,
    )
    return model


model = make_model(output_bias=np.log(pos / neg))
initial = model.evaluate(train_x, train_y, batch_size=64, verbose=0)
stop = keras.callbacks.EarlyStopping(
    monitor="val_prc", patience=3, mode="max", restore_best_weights=True
)
history = model.fit(
    train_x,
    train_y,
    batch_size=64,
    epochs=8,
    callbacks=[stop],
    validation_data=(val_x, val_y),
    class_weight=class_weight,
    shuffle=False,
    verbose=0,
)
scores = model.predict(test_x, batch_size=64, verbose=0)
recall = keras.metrics.RecallAtPrecision(0.5)
recall.update_state(test_y, scores)

numbers = {
    **{f"history of {name}": values for name, values in history.history.items()},
    "initial": initial,
    "test": model.evaluate(test_x, test_y, batch_size=64, verbose=0),
    "scores": scores,
    "recall at precision": recall.result(),
    "best epoch": stop.best_epoch,
    "best": stop.best,
    "weights": model.out.get_weights()[0],
}
