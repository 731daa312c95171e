"""A minimal recurrent cell of one's own, stacked, bidirectional, in a file and out of it."""

import keras
import numpy as np
from keras import layers, ops
from start import start_alike


@keras.saving.register_keras_serializable(package="Tutorial")
class MinimalRNNCell(layers.Layer):
    """`h = a tanh(W x + b) + (1 - a) U h`, where `a` may be learned."""

    def __init__(self, units, leak=0.5, activation="tanh", kernel_regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.leak = leak
        self.activation = keras.activations.get(activation)
        self.kernel_regularizer = keras.regularizers.get(kernel_regularizer)
        self.state_size = units
        self.output_size = units

    def build(self, input_shape):
        self.kernel = self.add_weight(
            shape=(input_shape[-1], self.units),
            initializer="glorot_uniform",
            regularizer=self.kernel_regularizer,
            name="kernel",
        )
        self.recurrent_kernel = self.add_weight(
            shape=(self.units, self.units), initializer="orthogonal", name="recurrent_kernel"
        )
        self.bias = self.add_weight(shape=(self.units,), initializer="zeros", name="bias")
        self.built = True

    def call(self, inputs, states, training=False):
        h = states[0]
        new = self.activation(ops.matmul(inputs, self.kernel) + self.bias)
        output = self.leak * new + (1 - self.leak) * ops.dot(h, self.recurrent_kernel)
        return output, [output]

    def get_config(self):
        config = super().get_config()
        config.update(
            {
                "units": self.units,
                "leak": self.leak,
                "activation": keras.activations.serialize(self.activation),
                "kernel_regularizer": keras.regularizers.serialize(self.kernel_regularizer),
            }
        )
        return config


rng = np.random.default_rng(18)
x = rng.normal(size=(96, 15, 3)).astype("float32")
y = np.cumsum(x[..., :2], axis=1) / 4

inputs = keras.Input((None, 3))
cells = [MinimalRNNCell(12, kernel_regularizer="l2"), MinimalRNNCell(8, leak=0.8)]
h = layers.RNN(cells, return_sequences=True, name="stack")(inputs)
h = layers.Bidirectional(
    layers.RNN(MinimalRNNCell(6, activation="relu"), return_sequences=True), merge_mode="sum"
)(h)
outputs = layers.TimeDistributed(layers.Dense(2))(h)
model = keras.Model(inputs, outputs)
start_alike(model)
model.compile(optimizer="adamw", loss="mse", metrics=["mae"])
history = model.fit(x, y, batch_size=24, epochs=3, shuffle=False, verbose=0)
before = model.predict(x[:10], verbose=0)

model.save("own_cell.keras")
loaded = keras.models.load_model("own_cell.keras")
again = loaded.predict(x[:10], verbose=0)
more = loaded.fit(x, y, batch_size=24, epochs=2, shuffle=False, verbose=0)  # its optimizer as well

copy = keras.Model.from_config(model.get_config())
copy.set_weights(loaded.get_weights())
first = copy.get_layer("stack").cell.cells[0]

numbers = {
    "losses": history.history["loss"] + more.history["loss"],
    "mae": history.history["mae"] + more.history["mae"],
    "before": before,
    "again": again,
    "copy": copy.predict(x[10:14], verbose=0),
    "of the copy": [first.units, first.leak, float(first.kernel_regularizer.l2)],
    "added losses": [float(loss) for loss in model.losses],
    "kernel": first.get_weights()[0],
    "parameters": model.count_params(),
}
