"""Make the files in `fixtures/` with the Keras at hand, each beside what that Keras computes.

    KERAS_BACKEND=jax python tests/saving/make_fixtures.py keras      # Keras 3
    python tests/saving/make_fixtures.py tf_keras                     # tf-keras, which is Keras 2
    KERAS_BACKEND=tensorflow python tests/saving/make_fixtures.py keras   # models of strings

`<keras|tf_keras>_<name>.<keras|h5>` is a file, `.npz` beside it has the inputs `x0`, `x1`, ... and
the outputs `y0`, `y1`, ...; and `later`, the losses of three more epochs on these data and the
targets `t`, without shuffling, for a model that was compiled.
"""

import importlib
import pathlib
import sys

import numpy as np

FOLDER = pathlib.Path(__file__).parent / "fixtures"
package = sys.argv[1]
keras = importlib.import_module(package)
L = keras.layers
rng = np.random.default_rng(7)


def data(*shape):
    x = rng.normal(size=shape).astype("float32")
    if len(shape) == 3:
        x[: shape[0] // 2, -2:] = 0  # padding, for the models that mask
    return x


def symbols(*shape):
    x = rng.integers(1, 7, size=shape)
    x[: shape[0] // 2, -2:] = 0
    return x


def sequential():
    model = keras.Sequential(
        [
            L.Input((None, 3)),
            L.Masking(),
            L.LSTM(4, return_sequences=True, recurrent_dropout=0.0),
            L.BatchNormalization(),
            L.GRU(3),
            L.Dense(2, activation="tanh", kernel_regularizer="l2"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model, [data(6, 5, 3)], data(6, 2)


def two_directions():
    model = keras.Sequential(
        [
            L.Input((None, 3)),
            L.Bidirectional(L.LSTM(3, return_sequences=True), merge_mode="sum"),
            L.Bidirectional(L.GRU(2, reset_after=False)),
            L.Dense(1),
        ]
    )
    model.compile(keras.optimizers.RMSprop(0.01, momentum=0.9), "mae")
    return model, [data(4, 6, 3)], data(4, 1)


def encoder_decoder():
    source, target = L.Input((None,), name="source"), L.Input((None, 2), name="target")
    _, h, c = L.LSTM(4, return_state=True, name="encoder")(
        L.Embedding(7, 3, mask_zero=True)(source)
    )
    y, *_ = L.LSTM(4, return_sequences=True, return_state=True, name="decoder")(
        target, initial_state=[h, c]
    )
    model = keras.Model([source, target], L.TimeDistributed(L.Dense(2))(y))
    return model, [symbols(4, 5), data(4, 6, 2)], None


def nested_and_shared():
    inner = keras.Sequential([L.Input((None, 3)), L.SimpleRNN(3, activation="relu")], name="inner")
    shared = L.Dense(2, name="shared")
    a, b = L.Input((None, 3), name="a"), L.Input((None, 3), name="b")
    joined = L.concatenate([shared(inner(a)), shared(inner(b))])
    out = L.Dense(1, name="out")(joined)
    model = keras.Model([a, b], [out, L.average([inner(a), inner(b)])])
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True), "mse")
    return model, [data(4, 5, 3), data(4, 7, 3)], None


def stacked_cells():
    cells = [L.LSTMCell(3), L.GRUCell(2), L.SimpleRNNCell(4)]
    model = keras.Sequential([L.Input((None, 2)), L.RNN(cells, return_sequences=True), L.Dense(1)])
    return model, [data(3, 5, 2)], None


def old_activation():
    layer = L.LSTM(4, recurrent_activation="hard_sigmoid", go_backwards=True, unroll=True)
    return keras.Sequential([L.Input((5, 3)), layer]), [3 * data(4, 5, 3)], None


def old_optimizer():
    """One of the optimisers that Keras had up to 2.10."""
    model = keras.Sequential([L.Input((None, 3)), L.SimpleRNN(3), L.Dense(1)])
    model.compile(keras.optimizers.legacy.Adam(0.01), "mse")
    return model, [data(4, 5, 3)], data(4, 1)


def tensorflow_functions():
    """Functions of TensorFlow in the graph, around nested models of both kinds."""
    import tensorflow as tf

    x = L.Input((5, 3), name="x")
    inner_input = L.Input((None, 3))
    inner = keras.Model(inner_input, L.GRU(4, return_sequences=True)(inner_input), name="inner")
    row = keras.Sequential([L.Dense(4)], name="row")
    y = tf.nn.relu(inner(x) * 2.0 + row(x)) - row(inner(x)[:, :, :3])
    outputs = tf.concat([y[:, -1], tf.reduce_mean(y, axis=1)], -1)
    return keras.Model(x, outputs), [data(4, 5, 3)], None


def strings():
    """Layers that were adapted: their vocabularies are files beside the configuration."""
    import tensorflow as tf

    words, text = L.Input((3,), dtype="string", name="words"), L.Input((1,), dtype="string")
    codes, sizes = L.Input((2,), dtype="int64", name="codes"), L.Input((4,), name="sizes")
    lookup, integers = (
        L.StringLookup(mask_token="", num_oov_indices=2),
        L.IntegerLookup(output_mode="multi_hot"),
    )
    weighed, cut = (
        L.TextVectorization(output_mode="tf_idf"),
        L.TextVectorization(output_sequence_length=4, ngrams=2),
    )
    scaled, bins = L.Normalization(), L.Discretization(num_bins=3)
    lookup.adapt(np.array(["x", "y", "x", "zoë"])), integers.adapt(np.array([5, 7, 5, -9]))
    weighed.adapt(TEXTS), cut.adapt(TEXTS)
    scaled.adapt(data(20, 4) + 3), bins.adapt(data(50, 1))
    inner = keras.Sequential([L.Input((4,)), L.Embedding(30, 3, mask_zero=True), L.LSTM(2)])
    parts = [
        L.Flatten()(L.Embedding(9, 2)(lookup(words))),
        L.Flatten()(L.Embedding(5, 2)(L.Hashing(5)(words))),
        integers(codes),
        scaled(sizes),
        L.CategoryEncoding(3, "count")(bins(sizes)),
        L.Flatten()(weighed(text)),
        inner(cut(text)),
    ]
    model = keras.Model([words, text, codes, sizes], L.Dense(2)(L.Concatenate()(parts)))
    x = [[["x", "zoë", "q"], ["", "y", "r"]], [["The cat, a dog"], ["a bird"]]]
    inputs = [*map(np.array, x), np.array([[5, 1], [-9, 2]]), data(2, 4)]
    outputs = model.predict([tf.constant(a) for a in inputs])
    stem = FOLDER / "keras_strings"
    model.save(stem.with_suffix(".keras"))
    np.savez(stem.with_suffix(".npz"), **numbered("x", inputs), y0=outputs)


TEXTS = ["the cat sat", "A dog, a cat!", "the bird", "a bird and a dog"]
MODELS = [sequential, two_directions, encoder_decoder, nested_and_shared, stacked_cells]
MODELS += [old_activation]
if package == "tf_keras":
    MODELS += [old_optimizer, tensorflow_functions]


def numbered(letter, arrays):
    return {f"{letter}{i}": a for i, a in enumerate(arrays)}


def all_different(model):
    """Weights that are not symmetric, so that exchanged gates are noticed."""
    weights = model.get_weights()
    model.set_weights([w + rng.normal(size=w.shape) * 0.3 if w.ndim else w for w in weights])
    for layer in model.layers:  # variances stay positive
        if isinstance(layer, L.BatchNormalization):
            layer.set_weights([np.abs(w) + 0.1 for w in layer.get_weights()])


def main():
    FOLDER.mkdir(exist_ok=True)
    for make in MODELS:
        model, inputs, targets = make()
        all_different(model)
        if targets is not None:
            model.fit(inputs, targets, epochs=2, verbose=0, shuffle=False, batch_size=2)
        outputs = model.predict(inputs, verbose=0)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        stem = FOLDER / f"{package}_{make.__name__}"
        for suffix in (".keras", ".h5"):
            model.save(stem.with_suffix(suffix))
        kept = {**numbered("x", inputs), **numbered("y", outputs)}
        if targets is not None:
            history = model.fit(inputs, targets, epochs=3, verbose=0, shuffle=False, batch_size=2)
            kept |= {"t": targets, "later": np.array(history.history["loss"])}
        np.savez(stem.with_suffix(".npz"), **kept)
        print(stem.name, keras.__version__)


if package == "keras" and keras.backend.backend() == "tensorflow":
    strings()
else:
    main()
