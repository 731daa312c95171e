"""Are reviews of films kind? Words become numbers, numbers vectors, and an LSTM reads both ways."""

import numpy as np
from keras import Model, Sequential
from keras.layers import LSTM, Bidirectional, Dense, Embedding, Input, TextVectorization
from keras.optimizers import Adam
from start import start_alike

rng = np.random.default_rng(7)
SUBJECTS = "This film The plot Her acting My evening The whole cast That ending".split(" ")
PRAISE = ["a joy!", "wonderful", "GREAT fun,", "moving and funny;", "simply the best"]
BLAME = ["a bore.", "terrible", "far too LONG,", "dull, and loud", "simply the worst"]


def review(kind):
    """Some sentences, most of them of one mind."""
    words = []
    for _sentence in range(rng.integers(1, 5)):
        said = PRAISE if (rng.random() < 0.85) == kind else BLAME
        words += [rng.choice(SUBJECTS), rng.choice(["was", "is", "seemed"]), rng.choice(said)]
    return " ".join(words)


labels = rng.integers(0, 2, 240)
texts = np.array([review(bool(label)) for label in labels])
train_texts, val_texts = texts[:180], texts[180:]
train_labels, val_labels = labels[:180], labels[180:]

max_features = 30
sequence_length = 20
vectorize_layer = TextVectorization(
    max_tokens=max_features, output_mode="int", output_sequence_length=sequence_length
)
vectorize_layer.adapt(train_texts)
print(vectorize_layer.get_vocabulary()[:10])

x_train = vectorize_layer(train_texts)
x_val = vectorize_layer(val_texts)

model = Sequential(
    [
        Input(shape=(None,), dtype="int32"),
        Embedding(max_features, 16, mask_zero=True),
        Bidirectional(LSTM(16, return_sequences=True)),
        Bidirectional(LSTM(8)),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    ]
)
start_alike(model)
model.summary()
model.compile(loss="binary_crossentropy", optimizer=Adam(0.01), metrics=["accuracy"])
history = model.fit(
    x_train,
    train_labels,
    batch_size=32,
    epochs=4,
    validation_data=(x_val, val_labels),
    shuffle=False,
    verbose=0,
)

# A model from end to end: text comes in
inputs = Input(shape=(1,), dtype="string", name="text")
end_to_end_model = Model(inputs, model(vectorize_layer(inputs)))
end_to_end_model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])

examples = ["Wonderful, simply wonderful!", "The plot? Dull; the rest a bore.", "I was in Rome"]
numbers = {
    **history.history,
    "words": x_val,
    "vocabulary": len(vectorize_layer.get_vocabulary()),
    "embeddings": model.layers[0].get_weights()[0],
    "evaluated": end_to_end_model.evaluate(val_texts, val_labels, verbose=0),
    "examples": end_to_end_model.predict(np.array(examples), verbose=0),
}
