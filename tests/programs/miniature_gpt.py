"""A miniature GPT: blocks of one's own, a causal mask made by hand, a callback that writes on."""

import keras
import numpy as np
from keras import layers, ops
from start import start_alike

text = """
peter piper picked a peck of pickled peppers if peter piper picked a peck of pickled peppers
where is the peck of pickled peppers that peter piper picked
how much wood would a woodchuck chuck if a woodchuck could chuck wood
a woodchuck would chuck as much wood as a woodchuck could if a woodchuck could chuck wood
"""
words = text.split()
vocab = sorted(set(words))
word_to_index = {word: index for index, word in enumerate(vocab)}
tokens = np.array([word_to_index[word] for word in words], "int32")

vocab_size, maxlen, embed_dim, num_heads, feed_forward_dim = len(vocab), 8, 16, 2, 32


def causal_attention_mask(batch_size, n_dest, n_src, dtype):
    """Mask the upper half of the dot product matrix in self attention."""
    i = ops.arange(n_dest)[:, None]
    j = ops.arange(n_src)
    m = i >= j - n_src + n_dest
    mask = ops.cast(m, dtype)
    mask = ops.reshape(mask, [1, n_dest, n_src])
    return ops.tile(mask, [batch_size, 1, 1])


class TransformerBlock(layers.Layer):
    def __init__(self, embed_dim, num_heads, ff_dim):
        super().__init__()
        self.att = layers.MultiHeadAttention(num_heads, embed_dim)
        self.ffn = keras.Sequential(
            [layers.Dense(ff_dim, activation="relu"), layers.Dense(embed_dim)]
        )
        self.layernorm1 = layers.LayerNormalization(epsilon=1e-6)
        self.layernorm2 = layers.LayerNormalization(epsilon=1e-6)

    def call(self, inputs):
        input_shape = ops.shape(inputs)
        batch_size = input_shape[0]
        seq_len = input_shape[1]
        causal_mask = causal_attention_mask(batch_size, seq_len, seq_len, "bool")
        attention_output = self.att(inputs, inputs, attention_mask=causal_mask)
        out1 = self.layernorm1(inputs + attention_output)
        return self.layernorm2(out1 + self.ffn(out1))


class TokenAndPositionEmbedding(layers.Layer):
    def __init__(self, maxlen, vocab_size, embed_dim):
        super().__init__()
        self.token_emb = layers.Embedding(input_dim=vocab_size, output_dim=embed_dim)
        self.pos_emb = layers.Embedding(input_dim=maxlen, output_dim=embed_dim)

    def call(self, x):
        maxlen = ops.shape(x)[-1]
        positions = ops.arange(0, maxlen, 1)
        return self.token_emb(x) + self.pos_emb(positions)


def create_model():
    inputs = layers.Input(shape=(maxlen,), dtype="int32")
    x = TokenAndPositionEmbedding(maxlen, vocab_size, embed_dim)(inputs)
    x = TransformerBlock(embed_dim, num_heads, feed_forward_dim)(x)
    outputs = layers.Dense(vocab_size)(x)
    model = keras.Model(inputs=inputs, outputs=[outputs, x])
    start_alike(model)
    loss_fn = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss=[loss_fn, None])  # No loss on the embeddings of words
    return model


class TextGenerator(keras.callbacks.Callback):
    """Writes on from some words, the likeliest word each time."""

    def __init__(self, max_tokens, start_tokens):
        super().__init__()
        self.max_tokens, self.start_tokens = max_tokens, start_tokens
        self.written = []

    def on_epoch_end(self, epoch, logs=None):
        start_tokens = list(self.start_tokens)
        while len(start_tokens) < self.max_tokens:
            x = start_tokens[-maxlen:]
            sample_index = len(x) - 1
            x = np.array([x + [0] * (maxlen - len(x))])
            y, _ = self.model.predict(x, verbose=0)
            start_tokens.append(int(np.argmax(y[0][sample_index])))
        print(epoch, " ".join(vocab[token] for token in start_tokens))
        self.written.append(start_tokens)


windows = np.stack([tokens[i : i + maxlen + 1] for i in range(len(tokens) - maxlen)])
model = create_model()
model.optimizer.learning_rate = 0.01
generator = TextGenerator(14, [word_to_index[word] for word in "how much wood".split()])
history = model.fit(
    windows[:, :-1],
    [windows[:, 1:], None],
    batch_size=16,
    epochs=6,
    shuffle=False,
    callbacks=[generator],
    verbose=0,
)
logits, embedded = model.predict(windows[:4, :-1], verbose=0)
numbers = {
    **history.history,
    "written": generator.written,
    "logits": logits,
    "embedded": embedded,
}
