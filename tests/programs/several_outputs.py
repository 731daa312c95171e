"""A pump's sensors: how much it will consume, in which state it is, and whether it fails soon."""

import keras
import numpy as np
from keras import layers
from start import start_alike

STEPS, SENSORS, STATES = 24, 3, 4

rng = np.random.default_rng(11)
load = rng.uniform(0.2, 1.0, (256, 1)).astype("float32")
time = np.arange(STEPS)
sensors = np.stack([load * np.sin(time / 3), load * np.cos(time / 5), 0.02 * load * time], -1)
sensors = (sensors + rng.normal(0, 0.1, sensors.shape)).astype("float32")
context = rng.normal(size=(256, 2)).astype("float32")

consumption = (2.0 * load + 0.3 * context[:, :1]).astype("float32")
state = np.digitize(load[:, 0], [0.4, 0.6, 0.8]).astype("int32")
failure = (load[:, 0] + 0.1 * context[:, 1] > 0.75).astype("float32")[:, None]

sensor_input = keras.Input(shape=(STEPS, SENSORS), name="sensors")
context_input = keras.Input(shape=(2,), name="context")
x = layers.LSTM(16, return_sequences=True, name="memory")(sensor_input)
pooled = layers.GlobalAveragePooling1D()(x)
last = layers.GRU(8, name="summary")(x)
features = layers.concatenate([pooled, last, context_input])
features = layers.Dense(16, activation="relu")(features)

consumption_output = layers.Dense(1, name="consumption")(features)
state_output = layers.Dense(STATES, name="state")(features)
failure_output = layers.Dense(1, activation="sigmoid", name="failure")(features)

model = keras.Model(
    inputs=[sensor_input, context_input],
    outputs=[consumption_output, state_output, failure_output],
    name="pump",
)
start_alike(model)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.02),
    loss={
        "consumption": keras.losses.Huber(delta=0.5),
        "state": keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        "failure": "binary_crossentropy",
    },
    loss_weights={"consumption": 1.0, "state": 0.5, "failure": 0.25},
    metrics={
        "consumption": ["mae", keras.metrics.RootMeanSquaredError(name="rmse")],
        "state": ["accuracy"],
        "failure": ["accuracy", keras.metrics.AUC(name="auc")],
    },
)

train, test = slice(0, 192), slice(192, None)
history = model.fit(
    {"sensors": sensors[train], "context": context[train]},
    {"consumption": consumption[train], "state": state[train], "failure": failure[train]},
    validation_split=1 / 6,
    batch_size=32,
    epochs=5,
    shuffle=False,
    verbose=0,
)

test_inputs = {"sensors": sensors[test], "context": context[test]}
test_targets = {"consumption": consumption[test], "state": state[test], "failure": failure[test]}
found = model.evaluate(test_inputs, test_targets, return_dict=True, verbose=0)
predicted, logits, risk = model.predict(test_inputs, verbose=0)

numbers = {
    **{f"history of {name}": values for name, values in history.history.items()},
    **{f"test {name}": value for name, value in found.items()},
    "in a list": model.evaluate(test_inputs, test_targets, verbose=0),
    "consumption": predicted,
    "logits": logits,
    "risk": risk,
    "kernel": model.get_layer("memory").get_weights()[0],
}
