"""What `cell_with_constants` does; Keras 3 has no constants: here they come with the inputs."""

import keras
import numpy as np
from keras import layers, ops
from start import start_alike


class ContextCell(layers.Layer):
    """A gated cell whose gate looks at the last four of its inputs."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.state_size = [units]
        self.output_size = units
        self.candidate = layers.Dense(units, activation="tanh", name="candidate")
        self.gate = layers.Dense(units, activation="sigmoid", name="gate")

    def build(self, input_shape):
        self.candidate.build((None, input_shape[-1] - 4 + self.units))
        self.gate.build((None, self.units + 4))
        self.built = True

    def call(self, inputs, states):
        (h,) = states
        inputs, context = inputs[:, :-4], inputs[:, -4:]
        new = self.candidate(ops.concatenate([inputs, h], axis=-1))
        z = self.gate(ops.concatenate([h, context], axis=-1))
        h = z * h + (1 - z) * new
        return h, [h]

    def get_config(self):
        return {**super().get_config(), "units": self.units}


rng = np.random.default_rng(181)
x = rng.normal(size=(80, 10, 3)).astype("float32")
context = rng.normal(size=(80, 4)).astype("float32")
y = (x.sum(axis=(1, 2)) * context[:, 0] > 0).astype("float32")

sequence_in = keras.Input((10, 3), name="sequence")
context_in = keras.Input((4,), name="context")
rnn = layers.RNN(ContextCell(8), name="context_rnn")
steps = layers.RepeatVector(10)(context_in)
h = rnn(layers.Concatenate()([sequence_in, steps]))
outputs = layers.Dense(1, activation="sigmoid")(h)
model = keras.Model([sequence_in, context_in], outputs)
start_alike(model)
model.compile(
    optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"]
)
history = model.fit([x, context], y, batch_size=16, epochs=4, shuffle=False, verbose=0)

model.save("context.keras")
loaded = keras.models.load_model("context.keras", custom_objects={"ContextCell": ContextCell})

numbers = {
    "loss": history.history["loss"],
    "accuracy": history.history["accuracy"],
    "predicted": loaded.predict([x, context], verbose=0),
    "units": loaded.get_layer("context_rnn").cell.units,
    "gate": loaded.get_layer("context_rnn").cell.gate.get_weights()[0],
}
