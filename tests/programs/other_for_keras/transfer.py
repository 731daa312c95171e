"""What `transfer` does, with `training=False` where Keras 3 obeys it: in the call of a layer.

In the graph of a functional model `fit` replaces it by True.
"""

import keras
import numpy as np
from keras import layers
from start import start_alike

rng = np.random.default_rng(8)
SHAPES = [
    np.sin,
    lambda t: np.sign(np.sin(t)),
    lambda t: 2 * (t / (2 * np.pi) % 1) - 1,
    lambda t: np.abs(2 * (t / np.pi % 2) - 2) - 1,
]


def make_signals(count, kinds):
    t = np.arange(24) * rng.uniform(0.3, 0.6, (count, 1)) + rng.uniform(0, 6, (count, 1))
    labels = rng.integers(0, len(kinds), count)
    clean = np.stack([SHAPES[kinds[label]](row) for label, row in zip(labels, t, strict=True)])
    signals = clean + rng.normal(0, 0.3, clean.shape)
    return signals[..., None].astype("float32"), labels


class Inference(layers.Layer):
    """Run a model as for inference, in training as well."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def call(self, inputs):
        return self.model(inputs, training=False)


x_source, y_source = make_signals(320, [0, 1, 2])
x_target, y_target = make_signals(96, [1, 3])

base_model = keras.Sequential(
    [
        keras.Input(shape=(24, 1)),
        layers.Conv1D(8, 3, use_bias=False),
        layers.BatchNormalization(momentum=0.9),
        layers.Activation("relu"),
        layers.LSTM(16),
    ],
    name="base",
)
source_model = keras.Sequential([base_model, layers.Dense(3, activation="softmax")])
start_alike(source_model)
source_model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
)
pretraining = source_model.fit(
    x_source, y_source, batch_size=32, epochs=5, shuffle=False, verbose=0
)

# A new model on top of the frozen base
base_model.trainable = False
before = base_model.get_weights()

inputs = keras.Input(shape=(24, 1))
x = Inference(base_model)(inputs)
outputs = layers.Dense(1)(x)
model = keras.Model(inputs, outputs)
start_alike(model, seed=1)
print(len(model.trainable_weights), len(model.non_trainable_weights))

model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
)
head = model.fit(
    x_target, y_target, epochs=6, batch_size=16, validation_split=0.25, shuffle=False, verbose=0
)
moved_when_frozen = [
    np.abs(new - old).max() for new, old in zip(base_model.get_weights(), before, strict=True)
]
assert not any(moved_when_frozen)

# Fine-tuning: the base learns again, slowly, its statistics stay
base_model.trainable = True
model.summary()
model.compile(
    optimizer=keras.optimizers.Adam(1e-3),
    loss=keras.losses.BinaryCrossentropy(from_logits=True),
    metrics=[keras.metrics.BinaryAccuracy(threshold=0.0)],
)
tuned = model.fit(
    x_target, y_target, epochs=3, batch_size=16, validation_split=0.25, shuffle=False, verbose=0
)

numbers = {f"source {name}": values for name, values in pretraining.history.items()}
numbers |= {f"head {name}": head.history[name] for name in ("loss", "val_loss")}
numbers |= {f"tuned {name}": tuned.history[name] for name in ("loss", "val_loss")}
numbers["logits"] = model.predict(x_target, verbose=0)
numbers["kernel"] = base_model.layers[-1].get_weights()[0]
numbers["moving mean"] = base_model.layers[1].moving_mean
