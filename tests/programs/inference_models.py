"""A character-level seq2seq reverses words; its encoder and decoder are cut out and saved."""

import keras
import numpy as np
from start import start_alike

LETTERS, WORD, UNITS = "abcdefgh", 4, 24
START, STOP = len(LETTERS), len(LETTERS) + 1
TOKENS = len(LETTERS) + 2

rng = np.random.default_rng(20)
words = rng.integers(0, len(LETTERS), (256, WORD))
answers = np.concatenate([words[:, ::-1], np.full((256, 1), STOP)], axis=1)
encoder_input_data = np.eye(TOKENS, dtype="float32")[words]
decoder_target_data = np.eye(TOKENS, dtype="float32")[answers]
shifted = np.concatenate([np.full((256, 1), START), answers[:, :-1]], axis=1)
decoder_input_data = np.eye(TOKENS, dtype="float32")[shifted]

encoder_inputs = keras.Input(shape=(None, TOKENS))
encoder = keras.layers.LSTM(UNITS, return_state=True)
encoder_outputs, state_h, state_c = encoder(encoder_inputs)
encoder_states = [state_h, state_c]

decoder_inputs = keras.Input(shape=(None, TOKENS))
decoder_lstm = keras.layers.LSTM(UNITS, return_sequences=True, return_state=True)
decoder_outputs, _, _ = decoder_lstm(decoder_inputs, initial_state=encoder_states)
decoder_dense = keras.layers.Dense(TOKENS, activation="softmax")
decoder_outputs = decoder_dense(decoder_outputs)

model = keras.Model([encoder_inputs, decoder_inputs], decoder_outputs)
start_alike(model)
model.compile(
    optimizer=keras.optimizers.RMSprop(0.01),
    loss="categorical_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    [encoder_input_data, decoder_input_data],
    decoder_target_data,
    batch_size=32,
    epochs=3,
    validation_split=0.2,
    shuffle=False,
    verbose=0,
)
model.save("s2s_model.keras")
model.save_weights("s2s.weights.h5")

# Restore the model and construct the encoder and decoder, as the example does.
model = keras.models.load_model("s2s_model.keras")
encoder_inputs = model.input[0]
encoder_outputs, state_h_enc, state_c_enc = model.layers[2].output
encoder_model = keras.Model(encoder_inputs, [state_h_enc, state_c_enc])

decoder_inputs = model.input[1]
decoder_state_input_h = keras.Input(shape=(UNITS,))
decoder_state_input_c = keras.Input(shape=(UNITS,))
decoder_states_inputs = [decoder_state_input_h, decoder_state_input_c]
decoder_lstm = model.layers[3]
decoder_outputs, state_h_dec, state_c_dec = decoder_lstm(
    decoder_inputs, initial_state=decoder_states_inputs
)
decoder_outputs = model.layers[4](decoder_outputs)
decoder_model = keras.Model(
    [decoder_inputs, *decoder_states_inputs], [decoder_outputs, state_h_dec, state_c_dec]
)
encoder_model.save("encoder.keras")
decoder_model.save("decoder.keras")
encoder_model = keras.models.load_model("encoder.keras", compile=False)
decoder_model = keras.models.load_model("decoder.keras", compile=False)


def decode_sequence(input_seq):
    states_value = encoder_model.predict(input_seq, verbose=0)
    target_seq = np.zeros((1, 1, TOKENS))
    target_seq[0, 0, START] = 1.0
    decoded, chances = [], []
    while len(decoded) <= WORD:
        output_tokens, h, c = decoder_model.predict([target_seq, *states_value], verbose=0)
        token = np.argmax(output_tokens[0, -1, :])
        decoded.append(token)
        chances.append(output_tokens[0, -1])
        if token == STOP:
            break
        target_seq = np.zeros((1, 1, TOKENS))
        target_seq[0, 0, token] = 1.0
        states_value = [h, c]
    return decoded, chances


decoded = [decode_sequence(encoder_input_data[i : i + 1]) for i in range(4)]

# The same weights in a model made anew, and what its encoder sees at each step.
untrained = keras.models.clone_model(model)
untrained.load_weights("s2s.weights.h5")
seen = keras.Model(untrained.inputs, untrained.get_layer(index=3).output[0])

numbers = {
    **history.history,
    "tokens": [token for tokens, _ in decoded for token in tokens],
    "chances": np.concatenate([chances for _, chances in decoded]),
    "states": np.concatenate(encoder_model.predict(encoder_input_data[:8], verbose=0)),
    "seen": seen.predict([encoder_input_data[:3], decoder_input_data[:3]], verbose=0),
    "loaded": model.evaluate(
        [encoder_input_data, decoder_input_data], decoder_target_data, verbose=0
    ),
}
