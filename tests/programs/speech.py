"""Write down what is said: CTC finds by itself which sound was which letter."""

import keras
import numpy as np
from keras import layers
from start import start_alike

characters = list("abcdeo' ")
char_to_num = {c: i for i, c in enumerate(characters, start=1)}
num_to_char = {i: c for c, i in char_to_num.items()}
BANDS = 12
rng = np.random.default_rng(4)
voices = rng.normal(0, 1, (len(characters), BANDS))


def encode_single_sample(text):
    """A spectrogram in which letters last two to five frames, and the letters' numbers."""
    frames = np.concatenate([np.repeat(char_to_num[c] - 1, rng.integers(2, 6)) for c in text])
    spectrogram = voices[frames] + rng.normal(0, 0.3, (len(frames), BANDS))
    means = spectrogram.mean(axis=1, keepdims=True)
    stddevs = spectrogram.std(axis=1, keepdims=True)
    return (spectrogram - means) / (stddevs + 1e-10), [char_to_num[c] for c in text]


WORDS = ["a", "bad", "cab", "bee", "code", "do", "ode", "dead", "abode"]
texts = [" ".join(rng.choice(WORDS, rng.integers(1, 3))) for _ in range(120)]
samples = [encode_single_sample(text) for text in texts]


def pad(rows):
    longest = max(len(row) for row in rows)
    return np.stack(
        [np.pad(r, [(0, longest - len(r))] + [(0, 0)] * (np.ndim(r) - 1)) for r in rows]
    )


spectrograms = pad([spectrogram for spectrogram, _ in samples])
labels = pad([label for _, label in samples]).astype("int32")

input_spectrogram = layers.Input((None, BANDS), name="input")
x = layers.Conv1D(24, 5, padding="same", use_bias=False, name="conv_1")(input_spectrogram)
x = layers.BatchNormalization(momentum=0.9, name="conv_1_bn")(x)
x = layers.ReLU(name="conv_1_relu")(x)
x = layers.Bidirectional(layers.GRU(24, return_sequences=True), name="bidirectional")(x)
x = layers.Dense(24, activation="gelu", name="dense_1")(x)
output = layers.Dense(len(characters) + 1, name="logits")(x)
model = keras.Model(input_spectrogram, output, name="DeepSpeech_2")
start_alike(model)
model.compile(optimizer=keras.optimizers.Adam(learning_rate=0.01), loss=keras.losses.CTC())
model.summary(line_length=110)


def decode_batch_predictions(pred):
    input_len = np.ones(pred.shape[0]) * pred.shape[1]
    results, scores = keras.ops.ctc_decode(pred, sequence_lengths=input_len, strategy="greedy")
    results = keras.ops.convert_to_numpy(results[0])
    return ["".join(num_to_char[i] for i in row if i > 0) for row in results], scores


class CallbackEval(keras.callbacks.Callback):
    """Displays a batch of outputs after every epoch."""

    def __init__(self, x, truth):
        super().__init__()
        self.x, self.truth = x, truth
        self.scores = []

    def on_epoch_end(self, epoch, logs=None):
        predictions, scores = decode_batch_predictions(self.model.predict(self.x, verbose=0))
        for target, prediction in list(zip(self.truth, predictions, strict=True))[:2]:
            print(f"Target    : {target}\nPrediction: {prediction}")
        self.scores.append(np.ravel(scores))


validation = CallbackEval(spectrograms[96:], texts[96:])
history = model.fit(
    spectrograms[:96],
    labels[:96],
    validation_data=(spectrograms[96:], labels[96:]),
    epochs=8,
    batch_size=16,
    shuffle=False,
    callbacks=[validation],
    verbose=0,
)

logits = model.predict(spectrograms[96:100], verbose=0)
lengths = np.full(len(logits), logits.shape[1])
best, log_probabilities = keras.ops.ctc_decode(
    logits, lengths, strategy="beam_search", beam_width=8, top_paths=2
)
numbers = {
    **history.history,
    "greedy scores": validation.scores,
    "logits": logits,
    "best": best[0],
    "log probabilities": log_probabilities,
}
