"""An LSTM learns a rhyme by heart, character by character, and goes on with it."""

import keras
import numpy as np
from keras import layers
from start import start_alike

text = """
The north wind doth blow, and we shall have snow,
and what will the robin do then, poor thing?
He'll sit in a barn, and keep himself warm,
and hide his head under his wing, poor thing!
""".replace("\n", " ").lower()

chars = sorted(set(text))
print("Total chars:", len(chars))
char_indices = {c: i for i, c in enumerate(chars)}
indices_char = dict(enumerate(chars))

# cut the text in semi-redundant sequences of maxlen characters
maxlen = 12
step = 1
sentences = []
next_chars = []
for i in range(0, len(text) - maxlen, step):
    sentences.append(text[i : i + maxlen])
    next_chars.append(text[i + maxlen])

x = np.zeros((len(sentences), maxlen, len(chars)), dtype="bool")
y = np.zeros((len(sentences), len(chars)), dtype="bool")
for i, sentence in enumerate(sentences):
    for t, char in enumerate(sentence):
        x[i, t, char_indices[char]] = 1
    y[i, char_indices[next_chars[i]]] = 1

model = keras.Sequential(
    [
        keras.Input(shape=(maxlen, len(chars))),
        layers.LSTM(32),
        layers.Dense(len(chars), activation="softmax"),
    ]
)
start_alike(model)
optimizer = keras.optimizers.RMSprop(learning_rate=0.01)
model.compile(loss="categorical_crossentropy", optimizer=optimizer)


def sample(preds, temperature=1.0):
    # helper function to sample an index from a probability array
    preds = np.asarray(preds).astype("float64")
    preds = np.log(preds) / temperature
    exp_preds = np.exp(preds)
    preds = exp_preds / np.sum(exp_preds)
    probas = np.random.multinomial(1, preds, 1)
    return np.argmax(probas)


np.random.seed(3)
losses = []
written = {}
for _epoch in range(3):
    history = model.fit(x, y, batch_size=16, epochs=2, shuffle=False, verbose=0)
    losses += history.history["loss"]
    for diversity in [0.2, 0.5, 1.0]:
        generated = []
        sentence = text[4 : 4 + maxlen]
        for _i in range(25):
            x_pred = np.zeros((1, maxlen, len(chars)))
            for t, char in enumerate(sentence):
                x_pred[0, t, char_indices[char]] = 1.0
            preds = model.predict(x_pred, verbose=0)[0]
            next_index = sample(preds, diversity)
            sentence = sentence[1:] + indices_char[next_index]
            generated.append(next_index)
        print(diversity, "".join(indices_char[i] for i in generated))
        written[f"written {diversity}"] = generated

numbers = {"losses": losses, **written, "probabilities": preds}
