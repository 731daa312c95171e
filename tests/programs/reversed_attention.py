"""Write a sequence backwards, with Bahdanau's attention, and see where the decoder looks."""

import numpy as np
from keras.layers import (
    LSTM,
    AdditiveAttention,
    Bidirectional,
    Concatenate,
    Dense,
    Embedding,
    Input,
    TimeDistributed,
)
from keras.models import Model
from keras.optimizers import Adam
from start import start_alike

VOCABULARY, LONGEST, LATENT = 12, 7, 20  # 0 is padding, 1 the start
rng = np.random.default_rng(9)

encoder_in = np.zeros((200, LONGEST), "int32")
decoder_out = np.zeros((200, LONGEST), "int32")
for source, target in zip(encoder_in, decoder_out, strict=True):
    length = rng.integers(3, LONGEST + 1)
    source[:length] = rng.integers(2, VOCABULARY, length)
    target[:length] = source[:length][::-1]
decoder_in = np.concatenate([np.ones((200, 1), "int32"), decoder_out[:, :-1]], axis=1)


def build(attention):
    """An encoder, and a decoder that gets its last states and attends to all its outputs."""
    encoder_inputs = Input(shape=(LONGEST,), dtype="int32")
    embedded = Embedding(VOCABULARY, LATENT, mask_zero=True)(encoder_inputs)
    encoder_outputs, forward_h, forward_c, backward_h, backward_c = Bidirectional(
        LSTM(LATENT // 2, return_sequences=True, return_state=True)
    )(embedded)
    state_h = Concatenate()([forward_h, backward_h])
    state_c = Concatenate()([forward_c, backward_c])

    decoder_inputs = Input(shape=(None,), dtype="int32")
    decoder_embedded = Embedding(VOCABULARY, LATENT)(decoder_inputs)
    decoder_outputs, _, _ = LSTM(LATENT, return_sequences=True, return_state=True)(
        decoder_embedded, initial_state=[state_h, state_c]
    )

    context, scores = attention([decoder_outputs, encoder_outputs], return_attention_scores=True)
    merged = Concatenate(axis=-1)([decoder_outputs, context])
    outputs = TimeDistributed(Dense(VOCABULARY, activation="softmax"))(merged)
    model = Model([encoder_inputs, decoder_inputs], outputs)
    return model, Model([encoder_inputs, decoder_inputs], scores)


model, looks = build(AdditiveAttention())
start_alike(model)
model.compile(optimizer=Adam(0.02), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
history = model.fit(
    [encoder_in[:160], decoder_in[:160]],
    decoder_out[:160],
    batch_size=32,
    epochs=6,
    validation_data=([encoder_in[160:], decoder_in[160:]], decoder_out[160:]),
    shuffle=False,
    verbose=0,
)

# one symbol after the other
written = np.ones((10, 1), "int32")
padded = np.zeros((10, LONGEST), "int32")
padded[:, 0] = 1
for step in range(LONGEST):
    probabilities = model.predict([encoder_in[160:170], padded], verbose=0)
    chosen = probabilities[:, step].argmax(axis=-1)
    written = np.concatenate([written, chosen[:, None]], axis=1)
    if step + 1 < LONGEST:
        padded[:, step + 1] = chosen

numbers = {
    **history.history,
    "written": written,
    "probabilities": probabilities,
    "looks": looks.predict([encoder_in[160:170], padded], verbose=0),
}
