"""Keras' guide to masking: layers that make, change and use the masks of padded sequences."""

import keras
import numpy as np
from keras import layers, ops
from start import start_alike

raw_inputs = [
    [711, 632, 71],
    [73, 8, 3215, 55, 927],
    [83, 91, 1, 645, 1253, 927],
]
padded_inputs = keras.utils.pad_sequences(raw_inputs, padding="post")
print(padded_inputs)

embedding = layers.Embedding(input_dim=5000, output_dim=16, mask_zero=True)
embedding.build(padded_inputs.shape)
start_alike(embedding)
masked_output = embedding(padded_inputs)

masking_layer = layers.Masking()
unmasked_embedding = ops.cast(
    ops.tile(ops.expand_dims(padded_inputs, axis=-1), [1, 1, 10]), dtype="float32"
)
by_values = layers.LSTM(4)
by_values.build(unmasked_embedding.shape)
start_alike(by_values, seed=1)


class TemporalSplit(keras.layers.Layer):
    """Split the input tensor into 2 tensors along the time dimension."""

    def call(self, inputs):
        return ops.split(inputs, 2, axis=1)

    def compute_mask(self, inputs, mask=None):
        if mask is None:
            return None
        return ops.split(mask, 2, axis=1)


first_half, second_half = TemporalSplit()(masked_output)
halves = layers.LSTM(3)
halves.build(first_half.shape)
start_alike(halves, seed=2)


class CustomEmbedding(keras.layers.Layer):
    def __init__(self, input_dim, output_dim, mask_zero=False, **kwargs):
        super().__init__(**kwargs)
        self.input_dim, self.output_dim, self.mask_zero = input_dim, output_dim, mask_zero

    def build(self, input_shape):
        self.embeddings = self.add_weight(
            shape=(self.input_dim, self.output_dim), initializer="random_normal", dtype="float32"
        )

    def call(self, inputs):
        inputs = ops.cast(inputs, "int32")
        return ops.take(self.embeddings, inputs, axis=0)

    def compute_mask(self, inputs, mask=None):
        if not self.mask_zero:
            return None
        return ops.not_equal(inputs, 0)


class MyActivation(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        # Signal that the layer is safe for mask propagation
        self.supports_masking = True

    def call(self, inputs):
        return ops.relu(inputs)


class TemporalSoftmax(keras.layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            raise ValueError(
                "`TemporalSoftmax` layer requires a previous layer to support masking."
            )
        broadcast_float_mask = ops.expand_dims(ops.cast(mask, "float32"), -1)
        inputs_exp = ops.exp(inputs) * broadcast_float_mask
        inputs_sum = ops.sum(inputs_exp * broadcast_float_mask, axis=1, keepdims=True)
        return inputs_exp / inputs_sum


inputs = keras.Input(shape=(None,), dtype="int32")
x = CustomEmbedding(input_dim=10, output_dim=8, mask_zero=True)(inputs)
x = MyActivation()(x)
x = layers.Dense(1)(x)
weights = TemporalSoftmax()(x)
outputs = layers.Flatten()(layers.Dot(axes=1)([weights, layers.Embedding(10, 3)(inputs)]))
model = keras.Model(inputs, outputs)
start_alike(model, seed=3)
model.compile("adam", "mse")
rng = np.random.default_rng(0)
x = rng.integers(1, 10, (40, 12))
for row, length in zip(x, rng.integers(2, 13, 40), strict=True):
    row[length:] = 0
y = np.stack([(x == symbol).sum(axis=1) / (x > 0).sum(axis=1) for symbol in (2, 5, 7)], axis=1)
history = model.fit(x, y, epochs=4, batch_size=8, shuffle=False, verbose=0)

numbers = {
    "from values": by_values(masking_layer(unmasked_embedding)),
    "first half": halves(first_half),
    "second half": halves(second_half),
    **history.history,
    "predictions": model.predict(x, verbose=0),
}
