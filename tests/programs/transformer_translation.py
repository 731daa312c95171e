"""Sentences into another language: a transformer whose layers hand masks on themselves."""

import keras
import numpy as np
from keras import layers, ops
from start import start_alike

WORDS = {
    "i": "yo",
    "see": "veo",
    "a": "un",
    "dog": "perro",
    "cat": "gato",
    "not": "no",
    "the": "el",
}
rng = np.random.default_rng(3)
pairs = []
for _pair in range(160):
    negated = ["not"] if rng.random() < 0.5 else []
    tail = [rng.choice(["a", "the"]), rng.choice(["dog", "cat"])] if rng.random() < 0.7 else []
    english = ["i", *negated, "see", *tail]
    pairs.append((english, ["[start]", *(WORDS[word] for word in english), "[end]"]))
source_vocabulary = ["", *WORDS]
target_vocabulary = ["", "[start]", "[end]", *WORDS.values()]


def encode(sentences, vocabulary, length):
    out = np.zeros((len(sentences), length), "int32")
    for row, sentence in zip(out, sentences, strict=True):
        row[: len(sentence)] = [vocabulary.index(word) for word in sentence]
    return out


source = encode([english for english, _ in pairs], source_vocabulary, 6)
target = encode([spanish for _, spanish in pairs], target_vocabulary, 8)
sequence_length, embed_dim, latent_dim, num_heads = 8, 16, 32, 2


class TransformerEncoder(layers.Layer):
    def __init__(self, embed_dim, dense_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.dense_proj = keras.Sequential(
            [layers.Dense(dense_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm_1 = layers.LayerNormalization()
        self.layernorm_2 = layers.LayerNormalization()
        self.supports_masking = True

    def call(self, inputs, mask=None):
        padding_mask = ops.cast(mask[:, None, :], dtype="int32") if mask is not None else None
        attention_output = self.attention(
            query=inputs, value=inputs, key=inputs, attention_mask=padding_mask
        )
        proj_input = self.layernorm_1(inputs + attention_output)
        return self.layernorm_2(proj_input + self.dense_proj(proj_input))


class PositionalEmbedding(layers.Layer):
    def __init__(self, sequence_length, vocab_size, embed_dim, **kwargs):
        super().__init__(**kwargs)
        self.token_embeddings = layers.Embedding(vocab_size, embed_dim)
        self.position_embeddings = layers.Embedding(sequence_length, embed_dim)

    def call(self, inputs):
        length = ops.shape(inputs)[-1]
        positions = ops.arange(0, length, 1)
        return self.token_embeddings(inputs) + self.position_embeddings(positions)

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0)


class TransformerDecoder(layers.Layer):
    def __init__(self, embed_dim, latent_dim, num_heads, **kwargs):
        super().__init__(**kwargs)
        self.attention_1 = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.attention_2 = layers.MultiHeadAttention(num_heads=num_heads, key_dim=embed_dim)
        self.dense_proj = keras.Sequential(
            [layers.Dense(latent_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm_1 = layers.LayerNormalization()
        self.layernorm_2 = layers.LayerNormalization()
        self.layernorm_3 = layers.LayerNormalization()
        self.supports_masking = True

    def call(self, inputs, mask=None):
        inputs, encoder_outputs = inputs
        inputs_padding_mask, encoder_outputs_padding_mask = mask
        attention_output_1 = self.attention_1(
            query=inputs,
            value=inputs,
            key=inputs,
            query_mask=inputs_padding_mask,
            use_causal_mask=True,
        )
        out_1 = self.layernorm_1(inputs + attention_output_1)
        attention_output_2 = self.attention_2(
            query=out_1,
            value=encoder_outputs,
            key=encoder_outputs,
            query_mask=inputs_padding_mask,
            key_mask=encoder_outputs_padding_mask,
        )
        out_2 = self.layernorm_2(out_1 + attention_output_2)
        return self.layernorm_3(out_2 + self.dense_proj(out_2))


encoder_inputs = keras.Input(shape=(None,), dtype="int64", name="encoder_inputs")
x = PositionalEmbedding(sequence_length, len(source_vocabulary), embed_dim)(encoder_inputs)
encoder_outputs = TransformerEncoder(embed_dim, latent_dim, num_heads)(x)

decoder_inputs = keras.Input(shape=(None,), dtype="int64", name="decoder_inputs")
x = PositionalEmbedding(sequence_length, len(target_vocabulary), embed_dim)(decoder_inputs)
x = TransformerDecoder(embed_dim, latent_dim, num_heads)([x, encoder_outputs])
decoder_outputs = layers.Dense(len(target_vocabulary), activation="softmax")(x)
transformer = keras.Model(
    {"encoder_inputs": encoder_inputs, "decoder_inputs": decoder_inputs},
    decoder_outputs,
    name="transformer",
)
start_alike(transformer)
transformer.summary()
transformer.compile(
    keras.optimizers.Adam(0.01), loss=keras.losses.SparseCategoricalCrossentropy(ignore_class=0)
)


def format_dataset(rows):
    inputs = {"encoder_inputs": source[rows], "decoder_inputs": target[rows, :-1]}
    return inputs, target[rows, 1:]


validation = format_dataset(slice(128, None))
history = transformer.fit(
    *format_dataset(slice(128)),
    batch_size=32,
    epochs=6,
    validation_data=validation,
    shuffle=False,
    verbose=0,
)
predictions = transformer.predict(validation[0], verbose=0)
numbers = {**history.history, "predictions": predictions[target[128:, 1:] != 0]}
