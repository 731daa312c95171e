"""Dates as people write them into dates as machines do: a decoder that attends to an encoder."""

import keras
import numpy as np
from start import start_alike

UNITS = 24
MONTHS = "january february march april may june july august september october november december"
rng = np.random.default_rng(2)

# The pairs, character by character: 0 is padding, 1 starts a date, 2 ends it
source, target = [], []
for _pair in range(160):
    day, month, year = rng.integers(1, 29), rng.integers(1, 13), rng.integers(1950, 2030)
    name = MONTHS.split()[month - 1][: rng.choice([3, 12])]
    source.append(rng.choice([f"{day} {name} {year}", f"{name} {day}, {year}"]))
    target.append(f"{year % 100:02}{month:02}{day:02}")
alphabet = {c: i for i, c in enumerate(sorted(set("".join(source + target))), start=3)}


def pad(rows):
    out = np.zeros((len(rows), max(map(len, rows))), "int64")
    for line, row in zip(out, rows, strict=True):
        line[: len(row)] = row
    return out


context = pad([[alphabet[c] for c in text] for text in source])
sentences = pad([[1, *(alphabet[c] for c in text), 2] for text in target])
VOCABULARY = len(alphabet) + 3


class Encoder(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCABULARY, units, mask_zero=True)
        self.rnn = keras.layers.Bidirectional(
            keras.layers.GRU(units, return_sequences=True), merge_mode="sum"
        )

    def call(self, x):
        return self.rnn(self.embedding(x))


class CrossAttention(keras.layers.Layer):
    def __init__(self, units, **kwargs):
        super().__init__()
        self.mha = keras.layers.MultiHeadAttention(key_dim=units, num_heads=2, **kwargs)
        self.layernorm = keras.layers.LayerNormalization()
        self.add = keras.layers.Add()
        self.supports_masking = True

    def call(self, x, context):
        return self.layernorm(self.add([x, self.mha(query=x, value=context)]))


class Decoder(keras.layers.Layer):
    def __init__(self, units):
        super().__init__()
        self.embedding = keras.layers.Embedding(VOCABULARY, units, mask_zero=True)
        self.rnn = keras.layers.GRU(units, return_sequences=True)
        self.attention = CrossAttention(units)
        self.output_layer = keras.layers.Dense(VOCABULARY)
        self.supports_masking = True

    def call(self, context, x):
        x = self.rnn(self.embedding(x))
        return self.output_layer(self.attention(x, context))


class Translator(keras.Model):
    def __init__(self, units):
        super().__init__()
        self.encoder = Encoder(units)
        self.decoder = Decoder(units)

    def call(self, inputs):
        context, x = inputs
        return self.decoder(self.encoder(context), x)


x, y = (context, sentences[:, :-1]), sentences[:, 1:]
model = Translator(UNITS)
model((context[:1], sentences[:1, :-1]))
start_alike(model)
model.compile(
    optimizer=keras.optimizers.Adam(0.01),
    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    metrics=["accuracy"],
)
history = model.fit(x, y, batch_size=32, epochs=8, validation_split=0.2, shuffle=False, verbose=0)

written = np.zeros((8, y.shape[1] + 1), "int64")
written[:, 0] = 1
for step in range(y.shape[1]):
    logits = model.predict((context[-8:], written[:, :-1]), verbose=0)
    written[:, step + 1] = logits[:, step].argmax(axis=-1)
numbers = {**history.history, "written": written, "logits": logits}
