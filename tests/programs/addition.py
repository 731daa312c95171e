"""Sums of numbers that are written digit by digit, by an encoder and a decoder."""

import keras
import numpy as np
from keras import layers
from start import start_alike

TRAINING_SIZE = 800
DIGITS = 2
REVERSE = True
MAXLEN = DIGITS + 1 + DIGITS


class CharacterTable:
    """Characters to one-hot rows, and back."""

    def __init__(self, chars):
        self.chars = sorted(set(chars))
        self.char_indices = {c: i for i, c in enumerate(self.chars)}
        self.indices_char = dict(enumerate(self.chars))

    def encode(self, C, num_rows):
        x = np.zeros((num_rows, len(self.chars)))
        for i, c in enumerate(C):
            x[i, self.char_indices[c]] = 1
        return x

    def decode(self, x, calc_argmax=True):
        if calc_argmax:
            x = x.argmax(axis=-1)
        return "".join(self.indices_char[x] for x in x)


chars = "0123456789+ "
ctable = CharacterTable(chars)

rng = np.random.default_rng(1)
questions, expected = [], []
for a, b in rng.integers(0, 10**DIGITS, (TRAINING_SIZE, 2)):
    query = f"{a}+{b}".ljust(MAXLEN)
    questions.append(query[::-1] if REVERSE else query)
    expected.append(str(a + b).ljust(DIGITS + 1))

x = np.zeros((len(questions), MAXLEN, len(chars)), dtype=bool)
y = np.zeros((len(questions), DIGITS + 1, len(chars)), dtype=bool)
for i, sentence in enumerate(questions):
    x[i] = ctable.encode(sentence, MAXLEN)
for i, sentence in enumerate(expected):
    y[i] = ctable.encode(sentence, DIGITS + 1)

split_at = len(x) - len(x) // 10
(x_train, x_val) = x[:split_at], x[split_at:]
(y_train, y_val) = y[:split_at], y[split_at:]

model = keras.Sequential()
model.add(layers.Input((MAXLEN, len(chars))))
model.add(layers.LSTM(64))
model.add(layers.RepeatVector(DIGITS + 1))
for _ in range(2):
    model.add(layers.LSTM(64, return_sequences=True))
model.add(layers.TimeDistributed(layers.Dense(len(chars), activation="softmax")))
start_alike(model)
model.compile(
    loss="categorical_crossentropy",
    optimizer=keras.optimizers.Adam(0.01),
    metrics=["accuracy"],
)
model.summary()

numbers = {}
for iteration in range(1, 4):
    history = model.fit(
        x_train,
        y_train,
        batch_size=32,
        epochs=1,
        validation_data=(x_val, y_val),
        shuffle=False,
        verbose=0,
    )
    for name, values in history.history.items():
        numbers.setdefault(name, []).extend(values)
    for ind in range(3):
        rowx, rowy = x_val[ind : ind + 1], y_val[ind : ind + 1]
        preds = model.predict(rowx, verbose=0)
        guess = ctable.decode(preds[0])
        print("Q", ctable.decode(rowx[0])[::-1], "T", ctable.decode(rowy[0]), "=", guess)
        numbers[f"guess {iteration} {ind}"] = preds[0]
