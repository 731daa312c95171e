"""Read digits in a picture from left to right; the loss is a layer at the end of the model."""

import keras
import numpy as np
from keras import layers
from start import start_alike

WIDTH, HEIGHT, LENGTH, DIGITS = 40, 8, 4, 5
rng = np.random.default_rng(6)
shapes = rng.random((DIGITS, 6, HEIGHT)) > 0.5


def picture(digits):
    """Columns first, so that time runs along the width."""
    canvas = rng.uniform(0, 0.2, (WIDTH, HEIGHT, 1))
    places = np.arange(LENGTH) * 10 + rng.integers(0, 4, LENGTH)
    for place, digit in zip(places, digits, strict=True):
        canvas[place : place + 6, :, 0] += 0.7 * shapes[digit]
    return canvas


digits = rng.integers(0, DIGITS, (160, LENGTH))
images = np.stack([picture(row) for row in digits]).astype("float32")
labels = (digits + 1).astype("float32")


class CTCLayer(layers.Layer):
    def __init__(self, name=None):
        super().__init__(name=name)
        self.loss_fn = keras.ops.ctc_loss

    def call(self, y_true, y_pred):
        # Compute the training-time loss value and add it with `self.add_loss()`
        batch_len = keras.ops.shape(y_true)[0]
        input_length = keras.ops.shape(y_pred)[1] * keras.ops.ones((batch_len,), dtype="int32")
        label_length = keras.ops.shape(y_true)[1] * keras.ops.ones((batch_len,), dtype="int32")
        loss = self.loss_fn(
            keras.ops.cast(y_true, "int32"), y_pred, label_length, input_length, mask_index=0
        )
        self.add_loss(keras.ops.mean(loss))

        # At test time, just return the computed predictions
        return y_pred


def build_model():
    input_img = layers.Input(shape=(WIDTH, HEIGHT, 1), name="image", dtype="float32")
    targets = layers.Input(name="label", shape=(None,), dtype="float32")

    x = layers.Conv2D(8, (3, 3), activation="relu", padding="same", name="Conv1")(input_img)
    x = layers.MaxPooling2D((4, 2), name="pool1")(x)
    x = layers.Reshape(target_shape=(WIDTH // 4, HEIGHT // 2 * 8), name="reshape")(x)
    x = layers.Dense(16, activation="relu", name="dense1")(x)
    x = layers.Bidirectional(layers.LSTM(16, return_sequences=True))(x)
    x = layers.Dense(DIGITS + 1, name="dense2")(x)
    output = CTCLayer(name="ctc_loss")(targets, x)

    model = keras.models.Model(inputs=[input_img, targets], outputs=output, name="ocr_model_v1")
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    return model


model = build_model()
start_alike(model)
model.summary()
history = model.fit(
    {"image": images[:128], "label": labels[:128]},
    validation_data={"image": images[128:], "label": labels[128:]},
    batch_size=8,
    epochs=7,
    shuffle=False,
    verbose=0,
)

# The prediction model ends where the loss begins
prediction_model = keras.models.Model(model.input[0], model.get_layer(name="dense2").output)
preds = prediction_model.predict(images[128:], verbose=0)
lengths = np.ones(len(preds)) * preds.shape[1]
decoded, scores = keras.ops.ctc_decode(preds, sequence_lengths=lengths)
read = keras.ops.convert_to_numpy(decoded[0])[:, :LENGTH]
print("right:", np.mean([list(a) == list(b + 1) for a, b in zip(read, digits[128:], strict=True)]))

numbers = {**history.history, "logits": preds, "read": read, "scores": scores}
