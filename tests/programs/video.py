"""Which way does the square move? A small network sees each picture, an LSTM the film."""

import keras
import numpy as np
from keras import layers
from start import start_alike

FRAMES, SIZE, SQUARE = 6, 14, 4
WAYS = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])

rng = np.random.default_rng(11)


def make_video(way):
    """A bright square on noise, as bytes."""
    video = rng.integers(0, 60, (FRAMES, SIZE, SIZE, 1))
    row, column = rng.integers(0, SIZE, 2)
    for frame in range(FRAMES):
        rows = (row + frame * WAYS[way][0] + np.arange(SQUARE)) % SIZE
        columns = (column + frame * WAYS[way][1] + np.arange(SQUARE)) % SIZE
        video[frame, rows[:, None], columns] = 230
    return video.astype("uint8")


labels = rng.integers(0, len(WAYS), 224)
videos = np.stack([make_video(label) for label in labels])
x_train, y_train = videos[:192], labels[:192]
x_test, y_test = videos[192:], labels[192:]

inputs = keras.Input(shape=(FRAMES, SIZE, SIZE, 1))
x = layers.Rescaling(1.0 / 255)(inputs)
x = layers.TimeDistributed(layers.Conv2D(8, (3, 3), use_bias=False, padding="same"))(x)
x = layers.TimeDistributed(layers.BatchNormalization())(x)
x = layers.TimeDistributed(layers.Activation("relu"))(x)
x = layers.TimeDistributed(layers.MaxPooling2D((2, 2)))(x)
x = layers.TimeDistributed(layers.Conv2D(8, 3, activation="relu"))(x)
x = layers.TimeDistributed(layers.AveragePooling2D((2, 2)))(x)
x = layers.TimeDistributed(layers.Flatten())(x)
x = layers.LSTM(24, return_sequences=True)(x)
x = layers.GlobalAveragePooling1D()(x)
outputs = layers.Dense(len(WAYS), activation="softmax")(x)
model = keras.Model(inputs, outputs, name="cnn_lstm")
start_alike(model)
model.summary()

model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(),
    metrics=[keras.metrics.SparseCategoricalAccuracy(name="acc")],
)
history = model.fit(
    x_train,
    y_train,
    batch_size=16,
    epochs=6,
    validation_data=(x_test, y_test),
    shuffle=False,
    verbose=0,
)

seen = keras.Model(inputs, model.layers[2].output)
numbers = {
    **{f"fit {name}": values for name, values in history.history.items()},
    **model.evaluate(x_train, y_train, verbose=0, return_dict=True),
    "probabilities": model.predict(x_test, verbose=0),
    "features": seen.predict(x_test[:2], verbose=0),
    "moving variance": model.layers[3].layer.moving_variance,
}
