"""Keras 3 and Cello open each other's files: predictions, names, states of optimisers."""

import functools
import inspect
import pathlib

import hypothesis.strategies as st
import keras
import numpy as np
import pytest
from hypothesis import given, settings

import cello

COMPILATIONS = 1060

# Keras warns of masks that end at functions, and of arrays passed in lists.
pytestmark = pytest.mark.filterwarnings(
    "ignore::UserWarning:keras", "ignore:.*does not support masking"
)


def randomised(model, seed=0):
    """Weights no two of which are alike, so that exchanged gates are noticed."""
    rng = np.random.default_rng(seed)
    model.set_weights(
        [np.abs(rng.normal(scale=0.5, size=w.shape)) + 0.01 for w in model.get_weights()]
    )
    return model


def data(*shapes, seed=1):
    rng = np.random.default_rng(seed)
    arrays = []
    for shape in shapes:
        x = rng.normal(size=shape).astype("float32")
        if len(shape) == 3:
            x[0, -2:] = 0  # padding, for the models that mask
        arrays.append(x)
    return arrays


def outputs(model, inputs):
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_state()
    found = model(inputs[0] if len(inputs) == 1 else inputs)
    return list(found) if isinstance(found, (list, tuple)) else [found]


def names(model):
    return [v.name for v in model.layers if type(v).__name__ != "Operation"]


def check_same(a, b, inputs):
    assert names(a) == names(b)
    for x, y in zip(outputs(a, inputs), outputs(b, inputs), strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-5)


def round_trip(build, folder, inputs, **options):
    """A model of Cello opened by Keras and by Cello, and one of Keras opened by Cello."""
    path = pathlib.Path(folder) / "m.keras"
    ours = randomised(build(cello))
    ours.save(path)
    check_same(ours, keras.models.load_model(path, **options), inputs)
    check_same(ours, cello.models.load_model(path, **options), inputs)
    theirs = randomised(build(keras))
    theirs.save(path)
    again = cello.models.load_model(path, **options)
    check_same(theirs, again, inputs)
    again.save(path)  # and back
    check_same(theirs, keras.models.load_model(path, **options), inputs)


# ------------------------------------------------------------------- recurrent layers, drawn

LAYERS = ("SimpleRNN", "LSTM", "GRU")
ACTIVATIONS = ("tanh", "relu", "sigmoid", "linear", "softsign", "elu")


@st.composite
def recurrent(draw):
    """A description, and a function that builds the model of a library."""
    name = draw(st.sampled_from(LAYERS))
    options = {
        "units": 3,
        "activation": draw(st.sampled_from(ACTIVATIONS)),
        "use_bias": draw(st.booleans()),
        "return_sequences": draw(st.booleans()),
        "go_backwards": draw(st.booleans()),
        "dropout": draw(st.sampled_from([0.0, 0.25])),
        "recurrent_dropout": draw(st.sampled_from([0.0, 0.5])),
        "seed": draw(st.sampled_from([None, 3])),
        "kernel_initializer": draw(st.sampled_from(["he_normal", "zeros"])),
        "bias_regularizer": draw(st.sampled_from([None, "l2"])),
        "recurrent_constraint": draw(st.sampled_from([None, "max_norm"])),
        "stateful": draw(st.booleans()),
    }
    unroll = draw(st.booleans())
    if name != "SimpleRNN":
        options["recurrent_activation"] = draw(st.sampled_from(["sigmoid", "hard_sigmoid"]))
    if name == "GRU":
        options["reset_after"] = draw(st.booleans())
    if name == "LSTM":
        options["unit_forget_bias"] = draw(st.booleans())
    form = draw(st.sampled_from(["layer", "layer", "bidirectional", "cell", "stacked", "states"]))
    merge = draw(st.sampled_from(["concat", "sum", "mul", "ave"]))
    masked = draw(st.booleans())
    if form == "bidirectional":  # Keras takes no other forward layer
        options["go_backwards"] = False
    if form == "stacked":  # Keras cannot reset the states of these
        options["stateful"] = False

    def layer(L):
        if form in ("cell", "stacked"):
            running = ("return_sequences", "go_backwards", "stateful")
            own = {k: v for k, v in options.items() if k not in running}
            cells = [getattr(L, f"{name}Cell")(**own)]
            if form == "stacked":
                cells.append(L.GRUCell(2))
            kept = {k: options[k] for k in running}
            return L.RNN(cells if form == "stacked" else cells[0], name="r", unroll=unroll, **kept)
        made = getattr(L, name)(**options, name="r", unroll=unroll, return_state=form == "states")
        return (
            L.Bidirectional(made, merge_mode=merge, name="b") if form == "bidirectional" else made
        )

    def build(library):
        L = library.layers
        x = L.Input(batch_shape=(2, 5 if unroll else None, 3), name="x")
        h = L.Masking(name="m")(x) if masked else x
        if form == "states":
            y, *states = layer(L)(h)
            return library.Model(x, [L.Dense(2, name="d")(y), *states])
        return library.Model(x, L.Dense(2, name="d")(layer(L)(h)))

    return (name, form, options, unroll, masked), build


@given(case=recurrent())
@settings(max_examples=5)
def test_recurrent_layers_with_every_option(case, tmp_path_factory):
    round_trip(case[1], tmp_path_factory.mktemp("k"), data((2, 5, 3)))


# ---------------------------------------------------------------------------- every layer


def chain(*makers, shape=(6, 3), dtype="float32"):
    def build(library):
        L = library.layers
        made = [getattr(L, name)(*args, name=f"n{i}", **kwargs) for i, (name, args, kwargs) in
                enumerate(makers)]  # fmt: skip
        return library.Sequential([L.Input(shape, dtype=dtype), *made], name="chain")

    return build, [(2, *shape)]


def one(name, *args, shape=(6, 3), **kwargs):
    return chain((name, args, kwargs), shape=shape)


def merged(name, *args, **kwargs):
    def build(library):
        a, b = (library.layers.Input((6, 3), name=n) for n in "ab")
        return library.Model(
            [a, b], getattr(library.layers, name)(*args, **kwargs, name="m")([a, b])
        )

    return build, [(2, 6, 3), (2, 6, 3)]


def attention(name, **kwargs):
    def build(library):
        a, b = (library.layers.Input((None, 3), name=n) for n in "ab")
        hidden = library.layers.Masking(name="mask")(b)
        layer = getattr(library.layers, name)(name="at", **kwargs)
        return library.Model([a, b], layer([a, hidden]))

    return build, [(2, 4, 3), (2, 6, 3)]


def headed(name, *args, **kwargs):
    def build(library):
        a, b = (library.layers.Input((None, 3), name=n) for n in "ab")
        layer = getattr(library.layers, name)(*args, name="at", **kwargs)
        return library.Model([a, b], layer(a, b, use_causal_mask=True))

    return build, [(2, 4, 3), (2, 6, 3)]


def embedded(library):
    L = library.layers
    x = L.Input((None,), dtype="int32", name="x")
    return library.Model(x, L.LSTM(3, name="l")(L.Embedding(5, 2, mask_zero=True, name="e")(x)))


def wrapped(name):
    def build(library):
        L = library.layers
        inner = {
            "Bidirectional": lambda: L.Bidirectional(
                L.LSTM(2, return_sequences=True), backward_layer=L.GRU(
                    3, go_backwards=True, return_sequences=True), name="w"),
            "TimeDistributed": lambda: L.TimeDistributed(L.Dense(2, "tanh"), name="w"),
            "RNN": lambda: L.RNN([L.LSTMCell(2), L.GRUCell(3)], return_sequences=True, name="w"),
        }[name]()  # fmt: skip
        return library.Sequential([L.Input((None, 3)), inner, L.GlobalMaxPooling1D(name="g")])

    return build, [(2, 5, 3)]


EVERY_LAYER = {
    "Activation": one("Activation", "gelu"),
    "AdditiveAttention": attention("AdditiveAttention"),
    "Attention": attention("Attention", use_scale=True, score_mode="concat"),
    "BatchNormalization": one("BatchNormalization", momentum=0.9),
    "Bidirectional": wrapped("Bidirectional"),
    "Concatenate": merged("Concatenate", axis=1),
    "Conv1D": one("Conv1D", 4, 3, padding="causal", dilation_rate=2, activation="relu"),
    "ConvLSTM1D": one("ConvLSTM1D", 2, 3, go_backwards=True, seed=1, shape=(3, 6, 3)),
    "ConvLSTM2D": one("ConvLSTM2D", 2, 2, strides=2, padding="same", shape=(3, 5, 4, 3)),
    "ConvLSTM3D": one("ConvLSTM3D", 2, (2, 1, 2), shape=(2, 3, 3, 2, 2)),
    "Dense": one("Dense", 4, "selu", kernel_regularizer="l1", bias_constraint="non_neg"),
    "Dot": merged("Dot", axes=(2, 2), normalize=True),
    "Dropout": one("Dropout", 0.3, noise_shape=(None, 1, None)),
    "EinsumDense": one("EinsumDense", "abc,cde->abde", (None, 2, 3), bias_axes="e"),
    "Embedding": (embedded, None),
    "Flatten": one("Flatten"),
    "GRUCell": wrapped("RNN"),
    "GroupQueryAttention": headed("GroupQueryAttention", 2, 4, 2, use_gate=True, dropout=0.2),
    "GlobalAveragePooling1D": chain(("Masking", (), {}), ("GlobalAveragePooling1D", (), {})),
    "GlobalMaxPooling1D": one("GlobalMaxPooling1D", keepdims=True),
    "InputLayer": one("Flatten"),
    "LSTMCell": wrapped("RNN"),
    "LayerNormalization": one("LayerNormalization", axis=[1, 2], scale=False),
    "ActivityRegularization": one("ActivityRegularization", 0.1),
    "AlphaDropout": one("AlphaDropout", 0.3, seed=1),
    "AveragePooling1D": one("AveragePooling1D", 3, strides=1, padding="same"),
    "AveragePooling2D": one("AveragePooling2D", 2, shape=(3, 4, 2)),
    "Conv1DTranspose": one("Conv1DTranspose", 4, 3, strides=2, output_padding=1),
    "Conv2D": one("Conv2D", 4, (2, 1), padding="same", activation="relu", shape=(3, 4, 2)),
    "Cropping1D": one("Cropping1D", (1, 0)),
    "DepthwiseConv1D": one("DepthwiseConv1D", 3, depth_multiplier=2),
    "ELU": one("ELU"),  # Keras' own file has no alpha
    "GaussianDropout": one("GaussianDropout", 0.3),
    "GaussianNoise": one("GaussianNoise", 0.3),
    "GlobalAveragePooling2D": one("GlobalAveragePooling2D", shape=(3, 4, 2)),
    "GlobalMaxPooling2D": one("GlobalMaxPooling2D", keepdims=True, shape=(3, 4, 2)),
    "GroupNormalization": one("GroupNormalization", -1, epsilon=0.1),
    "Identity": one("Identity"),
    "LeakyReLU": one("LeakyReLU", 0.2),
    "MaxPooling2D": one("MaxPooling2D", (1, 2), shape=(3, 4, 2)),
    "Normalization": one("Normalization", mean=0.5, variance=2.0),
    "PReLU": one("PReLU", "uniform", shared_axes=[1]),
    "ReLU": one("ReLU", 1.5, 0.1, 0.2),
    "Rescaling": one("Rescaling", [0.5, 1.0, 2.0], 1.0),
    "SeparableConv1D": one("SeparableConv1D", 4, 3, depth_multiplier=2, padding="same"),
    "Softmax": one("Softmax", axis=1),
    "UnitNormalization": one("UnitNormalization", [1, 2]),
    "UpSampling1D": one("UpSampling1D", 3),
    "ZeroPadding1D": one("ZeroPadding1D", (1, 2)),
    "Masking": chain(("Masking", (), {"mask_value": 0.0}), ("GRU", (2,), {})),
    "MaxPooling1D": one("MaxPooling1D", 3, strides=1, padding="same"),
    "MultiHeadAttention": headed(
        "MultiHeadAttention", 2, 3, output_shape=4, sliding_window=3, use_gate=True, dropout=0.2
    ),
    "RMSNormalization": one("RMSNormalization", axis=[1, 2], epsilon=0.1),
    "Permute": one("Permute", (2, 1)),
    "RNN": wrapped("RNN"),
    "RepeatVector": one("RepeatVector", 4, shape=(3,)),
    "Reshape": one("Reshape", (-1, 2)),
    "CategoryEncoding": chain(
        ("Discretization", ([-1.0, 0.0],), {}),
        ("CategoryEncoding", (3, "count"), {}),
        shape=(6,),
    ),
    "Discretization": one("Discretization", [0.0, 1.0], output_mode="one_hot"),
    "MelSpectrogram": one("MelSpectrogram", 16, 8, 12, num_mel_bins=4, shape=(40,)),
    "STFTSpectrogram": one("STFTSpectrogram", "real", 4, window=[1.0, 2.0, 2.0, 1.0]),
    "SpatialDropout1D": one("SpatialDropout1D", 0.2),
    "StackedRNNCells": wrapped("RNN"),
    "TimeDistributed": wrapped("TimeDistributed"),
    **{n: merged(n) for n in ("Add", "Average", "Maximum", "Minimum", "Multiply", "Subtract")},
    # Drawn above.
    **dict.fromkeys(("GRU", "LSTM", "SimpleRNN", "SimpleRNNCell")),
    # Keras' need TensorFlow; test_lookup.py.
    **dict.fromkeys(("Hashing", "IntegerLookup", "StringLookup", "TextVectorization")),
    # With tests of their own below.
    **dict.fromkeys(("Lambda", "Layer", "Wrapper")),
    # Keras does not have them; test_cells.py saves every recurrent layer.
    **dict.fromkeys(name for name in cello.layers.__all__ if not hasattr(keras.layers, name)),
}


def test_no_layer_is_missing_here():
    classes = {
        thing.__name__
        for name in cello.layers.__all__
        if inspect.isclass(thing := getattr(cello.layers, name)) and name != "InputSpec"
    }
    assert classes <= set(EVERY_LAYER)


RARE = {
    *("ConvLSTM1D", "ConvLSTM3D"),  # as ConvLSTM2D
    *("AlphaDropout", "GaussianDropout", "GaussianNoise", "Identity"),  # as Dropout
    *("ELU", "LeakyReLU", "UpSampling1D", "ZeroPadding1D", "GlobalMaxPooling2D", "MaxPooling2D"),
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.deep] if name in RARE else [])
        for name, case in EVERY_LAYER.items()
        if case
    ],
)
def test_every_layer(name, tmp_path):
    build, shapes = EVERY_LAYER[name]
    inputs = data(*shapes) if shapes else [np.array([[1, 2, 3, 0], [4, 1, 0, 0]], "int32")]
    round_trip(build, tmp_path, inputs)


# ------------------------------------------------------------------------------- structure


def nested_and_shared(library):
    L = library.layers
    encoder = library.Sequential([L.Input((None, 3)), L.LSTM(4, name="l")], name="encoder")
    a, b = L.Input((None, 3), name="a"), L.Input((None, 3), name="b")
    head = L.Dense(2, name="head")
    pair = library.Model([a, b], [head(encoder(a)), head(encoder(b))], name="pair")
    c, d = L.Input((None, 3), name="c"), L.Input((None, 3), name="d")
    last = L.Dense(1, name="last")
    outputs = [last(L.add(pair(inputs), name=n)) for inputs, n in (([c, d], "s"), ([d, c], "t"))]
    return library.Model([c, d], outputs, name="whole")


def functions(library):
    L, ops = library.layers, library.ops
    x = L.Input((5, 4), name="x")
    h = L.GRU(4, return_sequences=True, name="g")(x)
    y = ops.mean(h * 2.0 - x, axis=1, keepdims=True) + ops.max(h, axis=1, keepdims=True)
    z = ops.concatenate([y[:, 0], h[:, -1, :2], ops.tanh(h[:, 0])], axis=-1)
    z = ops.clip(ops.where(z > 0.1, z, 0.5 * z), -0.7, 0.7)
    w = ops.softmax(ops.reshape(ops.transpose(h[:, :2], (0, 2, 1)), (-1, 8)), axis=-1)
    e = ops.einsum("bi,bj->bij", z[:, :2], ops.expand_dims(w, 1)[:, 0])
    return library.Model(x, [z, w, ops.sum(e, axis=(1, 2)), ops.stack([h, x], axis=1)])


def encoder_decoder(library):
    L = library.layers
    source, target = L.Input((None, 3), name="source"), L.Input((None, 3), name="target")
    keep, h, c = L.LSTM(4, return_state=True, return_sequences=True, name="e")(
        L.Masking(name="m")(source)
    )
    y = L.LSTM(4, return_sequences=True, name="d")(target, initial_state=[h, c])
    y = L.concatenate([y, L.Attention(name="at")([y, keep])], name="cat")
    return library.Model({"source": source, "target": target}, L.Dense(2, name="o")(y))


@pytest.mark.parametrize(
    ("build", "shapes"),
    [
        (nested_and_shared, [(2, 5, 3), (2, 4, 3)]),
        (functions, [(2, 5, 4)]),
        (encoder_decoder, [(2, 5, 3), (2, 4, 3)]),
    ],
)
def test_structure(build, shapes, tmp_path):
    inputs = data(*shapes)
    if build is encoder_decoder:
        inputs = [dict(zip(("source", "target"), inputs, strict=True))]
    round_trip(build, tmp_path, inputs)


def test_sharing_between_models_stays_sharing(tmp_path):
    """Keras does not open such a file, not even its own."""
    L = cello.layers
    pair = nested_and_shared(cello).get_layer("pair")
    x = L.Input((None, 3), name="x")
    shared = pair.get_layer("head")(pair.get_layer("encoder")(x))
    whole = randomised(cello.Model(x, [*pair([x, x]), shared]))
    whole.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    check_same(whole, again, data((2, 5, 3)))
    for name in ("head", "encoder"):
        assert again.get_layer("pair").get_layer(name) is again.get_layer(name)
    assert len(again.weights) == 3 + 2


def own_class(library, name="Forecaster"):
    class Forecaster(library.Model):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.encoder = library.layers.LSTM(units)
            self.blocks = [library.layers.Dense(3), library.layers.Dense(4)]
            self._hidden = library.layers.Dense(2)
            self.by_name = {"k": [library.layers.Dense(5)]}

        def call(self, x):
            h = self.blocks[1](self.blocks[0](self.encoder(x)))
            return self._hidden(self.by_name["k"][0](h))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Forecaster


def test_a_model_of_ones_own_class(tmp_path):
    (x,) = data((2, 5, 3))
    classes = {library: own_class(library) for library in (cello, keras)}
    for writer in (cello, keras):
        model = classes[writer](3, name="own")
        model(x)
        randomised(model).save(tmp_path / "m.keras")
        model.save_weights(tmp_path / "m.weights.h5")
        for reader in (cello, keras):
            again = reader.models.load_model(
                tmp_path / "m.keras", custom_objects={"Forecaster": classes[reader]}
            )
            np.testing.assert_allclose(again.predict(x, verbose=0), model(x), rtol=1e-5, atol=1e-5)
            other = classes[reader](3)
            other(x)
            other.load_weights(tmp_path / "m.weights.h5")
            np.testing.assert_allclose(other(x), model(x), rtol=1e-5, atol=1e-5)


def own_cell(library, register):
    @register(package="acme")
    class Leaky(library.layers.Layer):
        def __init__(self, units, leak=0.5, **kwargs):
            super().__init__(**kwargs)
            self.units, self.leak = units, leak
            self.state_size = self.output_size = units

        def build(self, input_shape):
            self.w = self.add_weight((input_shape[-1], self.units), name="w")
            self.u = self.add_weight((self.units, self.units), name="u")

        def call(self, inputs, states):
            (h,) = states
            new = library.ops.tanh(inputs @ self.w + h @ self.u)
            h = self.leak * h + (1 - self.leak) * new
            return h, [h]

        def get_config(self):
            return {**super().get_config(), "units": self.units, "leak": self.leak}

    return Leaky


def test_a_registered_cell_needs_no_custom_objects(tmp_path):
    cells = {
        cello: own_cell(cello, cello.saving.register_serializable),
        keras: own_cell(keras, keras.saving.register_keras_serializable),
    }

    def build(library):
        L = library.layers
        cell = cells[library](3, leak=0.2, name="cell")
        return library.Sequential([L.Input((None, 3)), L.RNN([cell, L.LSTMCell(2)], name="r")])

    round_trip(build, tmp_path, data((2, 5, 3)))


def test_a_registered_function_is_an_activation(tmp_path):
    @cello.saving.register_serializable(package="acme")
    def twice(x):
        return 2 * x

    model = cello.Sequential([cello.Input((None, 3)), cello.layers.GRU(2, activation=twice)])
    model.save(tmp_path / "m.keras")
    again = cello.models.load_model(tmp_path / "m.keras")
    assert again.layers[0].activation is twice
    with pytest.raises(ValueError, match="acme>twice' is registered already"):
        cello.saving.register_serializable(package="acme", name="twice")(lambda x: x)


class Leaky:
    """A callable object, of no library."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, x):
        return x * (x > 0) + self.slope * x * (x <= 0)

    def get_config(self):
        return {"slope": self.slope}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


def test_a_callable_object_is_an_activation(tmp_path):
    def build(library):
        return library.Sequential(
            [library.Input((5, 3)), library.layers.LSTM(2, activation=Leaky(0.25)),
             library.layers.Dense(2, activation=Leaky(0.5))]
        )  # fmt: skip

    round_trip(build, tmp_path, data((2, 5, 3)), custom_objects={"Leaky": Leaky})
    build(cello).save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=r"custom_objects=.*Leaky"):
        cello.models.load_model(tmp_path / "m.keras")


def test_a_callable_without_a_name_is_refused_before_anything_is_written(tmp_path):
    unnamed = functools.partial(cello.ops.multiply, 2.0)
    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(2, activation=unnamed)])
    with pytest.raises(TypeError, match=r"partial cannot be named in a configuration.*get_config"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


def own_variables(library):
    class Counting(library.layers.Layer):
        """What it counts is no weight; it writes that and its weight under names of its own."""

        def build(self, shape):
            self.scale = self.add_weight((shape[-1],), "ones", name="scale")
            self.table = np.zeros(3, "float32")

        def call(self, x):
            return x * self.scale + self.table

        def save_own_variables(self, store):
            store["table"], store["scale"] = self.table, np.asarray(self.scale)

        def load_own_variables(self, store):
            self.table = np.array(store["table"])
            self.scale.assign(np.array(store["scale"]))

    return Counting


@pytest.mark.parametrize("name", ["m.keras", "m.weights.h5"])
def test_a_layer_writes_and_reads_variables_of_its_own(name, tmp_path):
    def build(library):
        inner = own_variables(library)(name="own")
        head = library.layers.Dense(2, name="head")
        return library.Sequential([library.Input((3,)), inner, head])

    x = data((2, 3))
    for writer, reader in ((cello, cello), (cello, keras), (keras, cello)):
        model, other = randomised(build(writer)), build(reader)
        model.layers[0].table = np.array([1.0, 2.0, 3.0], "float32")
        if name == "m.keras":
            model.save(tmp_path / name)
            classes = {"Counting": own_variables(reader)}
            other = reader.models.load_model(tmp_path / name, custom_objects=classes)
        else:
            model.save_weights(tmp_path / name)
            other.load_weights(tmp_path / name)
        check_same(model, other, x)
    with pytest.raises(ValueError, match="Counting 'own' has a save_own_variables"):
        build(cello).save_weights(tmp_path / "m.safetensors")


@pytest.mark.parametrize("name", ["m.weights.h5", "m.safetensors", "m.keras"])
@pytest.mark.filterwarnings("ignore:A total of")  # Keras'
def test_layers_that_do_not_fit_are_skipped_where_that_is_wanted(name, tmp_path):
    def build(library, units):
        body = library.layers.Dense(4, name="body")
        return library.Sequential(
            [library.Input((3,)), body, library.layers.Dense(units, name="head")]
        )

    source = randomised(build(cello, 2))
    source.save(tmp_path / name) if name == "m.keras" else source.save_weights(tmp_path / name)
    model = randomised(build(cello, 5), seed=1)
    before = model.get_weights()
    with pytest.raises(ValueError, match=r"head|dense_1"):
        model.load_weights(tmp_path / name)
    with pytest.warns(UserWarning, match=r"load_weights: these layers do not fit.*(head|dense_1)"):
        model.load_weights(tmp_path / name, skip_mismatch=True)
    want = [*source.get_weights()[:2], *before[2:]]
    for got, wanted in zip(model.get_weights(), want, strict=True):
        np.testing.assert_array_equal(got, wanted)
    if name == "m.weights.h5":
        theirs = build(keras, 5)
        theirs.set_weights(before)
        theirs.load_weights(tmp_path / name, skip_mismatch=True)
        for got, wanted in zip(theirs.get_weights(), want, strict=True):
            np.testing.assert_array_equal(got, wanted)


def test_a_lambda_gets_its_function_from_the_caller(tmp_path):
    def build(library):
        return library.Sequential(
            [library.Input((3,)), library.layers.Lambda(lambda x: 3 * x, name="triple")]
        )

    (x,) = data((2, 3))
    for library in (cello, keras):
        build(library).save(tmp_path / "m.keras")
        with pytest.raises(ValueError, match="Lambda 'triple': a file cannot hold its function"):
            cello.models.load_model(tmp_path / "m.keras")
        again = cello.models.load_model(
            tmp_path / "m.keras", custom_objects={"triple": lambda x: 4 * x}
        )
        np.testing.assert_allclose(again.predict(x, verbose=0), 4 * x, rtol=1e-6)


def test_what_only_cello_has_comes_back_in_cello(tmp_path):
    L = cello.layers
    x = L.Input((3,))
    model = cello.Model(x, L.Dense(2)(x * cello.ops.ones_like(x) + cello.ops.full_like(x, 2.0)))
    model.save(tmp_path / "m.keras")
    check_same(model, cello.models.load_model(tmp_path / "m.keras"), data((2, 3)))


# -------------------------------------------------------------------------------- training

OPTIMIZERS = [
    ("SGD", {}), ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}), ("RMSprop", {"momentum": 0.9, "centered": True}),
    ("Adam", {"clipnorm": 1.0}), ("Adam", {"amsgrad": True}), ("AdamW", {"weight_decay": 0.01}),
    ("Adamax", {}), ("Nadam", {}), ("Adagrad", {}), ("Adadelta", {"learning_rate": 1.0}),
    ("Lion", {}), ("Lamb", {}), ("Adafactor", {}),
    ("Muon", {"exclude_layers": ["gru"]}), ("Ftrl", {}), ("ScheduleFreeAdamW", {}),
    ("SGD", {"loss_scale_factor": 3.0, "momentum": 0.5}),
    ("SGD", {"gradient_accumulation_steps": 4}),
    ("Adam", {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.8}),
    ("RMSprop", {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}),
]  # fmt: skip


def trainee(library, name, options, recurrent=False):
    L = library.layers
    layers = [L.Input((None, 3)), L.GRU(4)] if recurrent else [L.Input((3,))]
    model = library.Sequential([*layers, L.Dense(1)])
    options = {"learning_rate": 0.01, **options}
    model.compile(getattr(library.optimizers, name)(**options), "mse", metrics=["mae"])
    return randomised(model)


def train(model, epochs=2):
    x, y = data((6, 5, 3) if len(model.layers) == 2 else (6, 3), (6, 1))
    history = model.fit(x, y, batch_size=2, epochs=epochs, shuffle=False, verbose=0).history
    return np.array([history["loss"], history["mae"]])


# The state of each optimiser is one tree both ways: fast tests read Keras' files and write some.
GOING_ON = [
    pytest.param(
        *optimizer, *both, id=f"{name}-{options}-{way}",
        marks=[pytest.mark.deep] if way == "to" and number % 4 else [],
    )
    for number, (name, options) in enumerate(OPTIMIZERS)
    for optimizer in [(name, options)]
    for way, both in {"to": (cello, keras), "from": (keras, cello)}.items()
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "writer", "reader"), GOING_ON)
def test_training_goes_on(name, options, writer, reader, tmp_path):
    model = trainee(writer, name, options, recurrent={"amsgrad", "exclude_layers"} & set(options))
    train(model)
    model.save(tmp_path / "m.keras")
    again = reader.models.load_model(tmp_path / "m.keras")
    steps = options.get("gradient_accumulation_steps", 1)
    assert int(again.optimizer.iterations) == 6 // steps
    if options.get("use_ema") and writer is keras:  # which cannot fit such a model twice
        model = keras.models.load_model(tmp_path / "m.keras")
    np.testing.assert_allclose(train(again), train(model), rtol=2e-5)
    if reader is cello:
        again.save(tmp_path / "m.keras")
        once_more = cello.models.load_model(tmp_path / "m.keras")
        assert once_more.optimizer.iterations == 12 // steps


def test_losses_and_metrics_come_back(tmp_path):
    def build(library):
        L = library.layers
        x = L.Input((None, 3))
        h = L.GRU(3, name="g")(x)
        model = library.Model(x, {"a": L.Dense(2, name="a")(h), "b": L.Dense(1, name="b")(h)})
        model.compile(
            library.optimizers.Adam(0.02),
            loss={"a": library.losses.LogCosh(), "b": "mae"},
            loss_weights={"a": 2.0, "b": 0.5},
            metrics={"a": [library.metrics.RootMeanSquaredError(name="r")], "b": ["mse"]},
        )
        return randomised(model)

    x, a, b = data((4, 5, 3), (4, 2), (4, 1))
    for library in (cello, keras):
        model = build(library)
        model.save(tmp_path / "m.keras")
        expected = model.evaluate(x, {"a": a, "b": b}, verbose=0, return_dict=True)
        for reader in (cello, keras):
            again = reader.models.load_model(tmp_path / "m.keras")
            got = again.evaluate(x, {"a": a, "b": b}, verbose=0, return_dict=True)
            assert set(got) == set(expected)
            for name, value in expected.items():
                assert got[name] == pytest.approx(value, rel=1e-5), name


def test_a_bare_optax_rule_is_left_out_with_a_warning(tmp_path):
    import optax

    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(1)])
    model.compile(optax.adam(0.1), "mse")
    with pytest.warns(UserWarning, match=r"call compile\(\) after load_model\(\)"):
        model.save(tmp_path / "m.keras")
    assert cello.models.load_model(tmp_path / "m.keras").optimizer is None


# ------------------------------------------------------------------------------- weights


@pytest.mark.parametrize("writer", [cello, keras], ids=["cello", "keras"])
def test_weights_files(writer, tmp_path):
    inputs = data((2, 5, 3), (2, 4, 3))
    model = randomised(nested_and_shared(writer))
    model.save_weights(tmp_path / "m.weights.h5")
    for reader in (cello, keras):
        other = randomised(nested_and_shared(reader), seed=5)
        other.load_weights(tmp_path / "m.weights.h5")
        check_same(model, other, inputs)


def test_weights_of_another_model_are_refused_and_nothing_changes(tmp_path):
    cello.Sequential([cello.Input((3,)), cello.layers.Dense(2)]).save_weights(
        tmp_path / "m.weights.h5"
    )
    other = cello.Sequential([cello.Input((3,)), cello.layers.Dense(4)])
    before = other.get_weights()
    with pytest.raises(cello.saving.ModelFileError, match=r"Dense 'dense.*\(3, 4\).*\(3, 2\)"):
        other.load_weights(tmp_path / "m.weights.h5")
    more = cello.Sequential([cello.Input((3,)), cello.layers.Dense(2), cello.layers.Dense(2)])
    with pytest.raises(cello.saving.ModelFileError, match="Only in the model: layers/dense_1"):
        more.load_weights(tmp_path / "m.weights.h5")
    for a, b in zip(other.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_where_to_write():
    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(2)])
    for name in ("m.txt", "m.safetensors", "m"):
        with pytest.raises(ValueError, match=r"must end in \.keras"):
            model.save(name)
    with pytest.raises(ValueError, match="not built yet"):
        cello.Sequential([cello.layers.Dense(2)]).save("m.keras")
    with pytest.raises(FileNotFoundError, match="there is no file"):
        cello.models.load_model("none.keras")


def test_overwriting_can_be_forbidden(tmp_path):
    model = cello.Sequential([cello.Input((3,)), cello.layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    model.save(tmp_path / "m.keras")
    with pytest.raises(FileExistsError):
        model.save(tmp_path / "m.keras", overwrite=False)


def test_a_checkpoint_of_the_whole_model(tmp_path):
    model = trainee(cello, "Adam", {}, recurrent=True)
    x, y = data((6, 5, 3), (6, 1))
    saver = cello.callbacks.ModelCheckpoint(tmp_path / "e{epoch}.keras", save_weights_only=False)
    model.fit(x, y, epochs=2, verbose=0, callbacks=[saver])
    again = cello.models.load_model(tmp_path / "e2.keras")
    np.testing.assert_array_equal(again.predict(x, verbose=0), model.predict(x, verbose=0))
    assert again.optimizer.iterations == model.optimizer.iterations
    with pytest.raises(ValueError, match="disagree"):
        cello.callbacks.ModelCheckpoint("m.keras", save_weights_only=True)
