"""Every layer as an ONNX file, functions of `cello.ops`, and primitives of JAX."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from contract import each, inputs_of, moved
from jax import lax
from onnx_files import agree, close, exported, make_mask, nodes, normal, randomise, session

import cello
from cello import Input, Model, Sequential, layers, ops
from cello.layers import (
    LSTM,
    RNN,
    Dense,
    GRUCell,
    Lambda,
    SimpleRNNCell,
)

COMPILATIONS = 400

# ------------------------------------------------------------------------------ every layer

SEQUENCE = (3, 6, 4)


def row(*args, inputs=SEQUENCE, dtype="float32", **kwargs):
    return args, kwargs, inputs if isinstance(inputs, list) else [inputs], dtype


PICTURE = (3, 5, 6, 4)
# fmt: off
ROWS = {
    "CategoryEncoding": [row(9, inputs=(3, 5), dtype="int32"),
                         row(9, "count", inputs=(3, 5), dtype="int32")],
    "Discretization": [row([-1.0, 0.0, 1.0], inputs=(3, 5))],
    "GRU": [row(3)],
    "IntegerLookup": [row(vocabulary=[3, 1, 4], inputs=(3, 5), dtype="int32")],
    "LSTM": [row(3)],
    "RNN": [row(GRUCell(3)), row([SimpleRNNCell(3), SimpleRNNCell(2)])],
    "SimpleRNN": [row(3)],
    "Activation": [row(f, inputs=(3, 4)) for f in cello.activations.registry.entries
                   if f != "threshold"],
    "Add": [row(inputs=[(3, 4), SEQUENCE, (3, 1, 4)])],
    "AdditiveAttention": [row(inputs=[SEQUENCE, (3, 2, 4)]), row(False, inputs=[SEQUENCE] * 2)],
    "Attention": [
        row(inputs=[SEQUENCE, (3, 2, 5), (3, 2, 4)]),
        row(True, inputs=[SEQUENCE] * 2),
        row(True, "concat", inputs=[SEQUENCE] * 2),
        row(score_mode="concat", inputs=[SEQUENCE] * 2),
    ],
    "Average": [row(inputs=[SEQUENCE] * 3), row(inputs=[(3, 4), SEQUENCE])],
    "BatchNormalization": [
        row(), row(axis=1), row(center=False, scale=False, inputs=(3, 4)), row(epsilon=0.1),
    ],
    "Bidirectional": [row(LSTM(2)), row(RNN(GRUCell(3)), merge_mode="ave")],
    "Concatenate": [row(inputs=[SEQUENCE, (3, 6, 2)]), row(axis=1, inputs=[SEQUENCE, (3, 2, 4)])],
    "Conv1D": [
        row(5, 3), row(4, 2, strides=2, padding="same", groups=2), row(4, 3, strides=3,
        padding="same"), row(3, 2, padding="same"), row(3, 4, padding="same", dilation_rate=2),
        row(4, 2, dilation_rate=3, padding="causal", use_bias=False, activation="gelu"),
        row(4, 3, padding="causal", strides=2), row(4, 2, strides=3, activation="glu"),
    ],
    "Dense": [row(5), row(4, "relu", use_bias=False, inputs=(3, 4)), row(4, "glu"),
              row(2, dtype="int32")],
    "Dot": [
        row(2, inputs=[SEQUENCE, (3, 2, 4)]), row((1, 2), inputs=[(3, 4, 6), (3, 2, 4)]),
        row(1, normalize=True, inputs=[(3, 4), (3, 4)]), row((1, 2), inputs=[(3, 4), SEQUENCE]),
    ],
    "Dropout": [row(0.5)],
    "EinsumDense": [
        row("abc,cd->abd", (None, 5), bias_axes="d", activation="relu"),
        row("...c,cde->...de", (2, 3), bias_axes="e"), row("ab...,bd->ad...", 5, activation="glu"),
    ],
    "ActivityRegularization": [row(0.1)],
    "ReLU": [row(), row(1.5, 0.2, 0.3)],
    "PReLU": [row(shared_axes=[1]), row(inputs=(3, 4))],
    "Softmax": [row(), row(axis=[1, 2]), row(axis=1)],
    "Rescaling": [row(0.5, 0.1), row([1.0, 2.0, 3.0, 4.0], 1.0), row(2.0, dtype="int32")],
    "Normalization": [row(mean=[1.0, 2.0, 3.0, 4.0], variance=[1.0, 0.0, 4.0, 2.0]),
                      row(axis=None, mean=0.5, variance=2.0, invert=True)],
    "UnitNormalization": [row(), row(axis=[1, 2])],
    "GroupNormalization": [row(2), row(-1, epsilon=0.1), row(2, center=False, inputs=(3, 4)),
                           row(1, axis=1), row(2, inputs=(3, 2, 5, 4))],
    "Conv1DTranspose": [row(5, 3), row(3, 2, 3), row(3, 4, 2, "same"),
                        row(3, 3, 2, output_padding=1),
                        row(3, 3, 1, "same", dilation_rate=2, activation="tanh")],
    "Conv2D": [row(4, 3, inputs=PICTURE), row(4, (2, 3), (2, 1), "same", inputs=PICTURE),
               row(4, 3, padding="same", dilation_rate=2, groups=2, inputs=PICTURE)],
    "DepthwiseConv1D": [row(3), row(2, 2, "same", 2), row(3, padding="causal", depth_multiplier=3)],
    "SeparableConv1D": [row(5, 3), row(4, 2, 2, "same", depth_multiplier=2, activation="relu")],
    "AveragePooling1D": [row(2), row(3, 2, "same"), row(2, 3, "same"), row(2, 1)],
    "AveragePooling2D": [row(2, inputs=PICTURE), row((2, 3), 1, "same", inputs=PICTURE)],
    "MaxPooling2D": [row(inputs=PICTURE), row((2, 3), 2, "same", inputs=PICTURE)],
    "GlobalAveragePooling2D": [row(inputs=PICTURE), row(keepdims=True, inputs=PICTURE)],
    "GlobalMaxPooling2D": [row(inputs=PICTURE), row(keepdims=True, inputs=PICTURE)],
    "UpSampling1D": [row(), row(3)],
    "ZeroPadding1D": [row(), row((2, 0))],
    "Cropping1D": [row(), row((0, 2)), row((1, 0))],
    "AlphaDropout": [row(0.5)],
    "ELU": [row(0.7)],
    "GaussianDropout": [row(0.5)],
    "GaussianNoise": [row(0.5)],
    "Identity": [row()],
    "LeakyReLU": [row(0.2)],
    "Embedding": [row(9, 3, inputs=(3, 5), dtype="int32"), row(9, 3, inputs=(3,), dtype="int32"),
                  row(9, 2, inputs=(3, 5), dtype="float32-symbols")],
    "Flatten": [row(), row(inputs=(3,)), row(inputs=(3, 2, 2, 2))],
    "GlobalAveragePooling1D": [row(), row(keepdims=True)],
    "GlobalMaxPooling1D": [row(), row(keepdims=True)],
    "LayerNormalization": [
        row(), row(axis=[1, 2], center=False), row(axis=1), row(scale=False), row(center=False,
        scale=False), row(epsilon=0.1, inputs=(3, 4)), row(axis=[1, 2]),
    ],
    "GroupQueryAttention": [],  # test_attention_in_heads has both
    "MultiHeadAttention": [],
    "Masking": [row()],
    "MaxPooling1D": [row(), row(3, 2, "same"), row(2, 3, "same"), row(2, 1)],
    "Maximum": [row(inputs=[SEQUENCE] * 3)],
    "Minimum": [row(inputs=[SEQUENCE] * 2)],
    "Multiply": [row(inputs=[(3, 4), SEQUENCE])],
    "Permute": [row((2, 1)), row((3, 1, 2), inputs=(3, 2, 4, 5))],
    "RMSNormalization": [row(), row(axis=[1, 2]), row(axis=1, epsilon=0.1)],
    "RepeatVector": [row(3, inputs=(3, 4))],
    "Reshape": [row((4, 6)), row((-1, 2)), row((24,))],
    "SpatialDropout1D": [row(0.5)],
    "Subtract": [row(inputs=[SEQUENCE, (3, 4)])],
    "TimeDistributed": [
        row(Dense(3)), row(LSTM(2), inputs=(3, 2, 5, 4)), row(layers.Flatten(),
        inputs=(3, 2, 5, 4)),
    ],
}
# fmt: on
READING_STRINGS = {"Hashing", "StringLookup", "TextVectorization"}  # the file begins behind them
SPECTRA = {"STFTSpectrogram", "MelSpectrogram"}  # ONNX Runtime has no such transform
LOOPING = {"Discretization", "IntegerLookup"}  # which search
NOT_LAYERS = {"Wrapper", "InputLayer", "InputSpec", "Layer"}


def classes():
    return {
        name: cls
        for name in layers.__all__
        if isinstance(cls := getattr(layers, name), type) and name not in NOT_LAYERS
    }


def test_every_layer_has_a_row():
    names = {cls.__name__ for cls in classes().values()}
    known = {name for name in names if not name.endswith(("Cell", "Cells"))} - set(RECURRENT)
    elsewhere = READING_STRINGS | SPECTRA | {"Lambda"}  # of which there are many below
    assert known == set(ROWS) - set(RECURRENT) | elsewhere


@pytest.mark.parametrize("name", sorted(READING_STRINGS))
def test_a_file_begins_behind_what_reads_strings(name):
    vocabulary = {} if name == "Hashing" else {"vocabulary": ["a", "b"]}
    reader = getattr(layers, name)(**({"num_bins": 5} if name == "Hashing" else vocabulary))
    model = Sequential([Input((), dtype="string"), reader, layers.Embedding(9, 2)])
    symbols = np.asarray(reader(["a", "b"]))
    (got,) = session(exported(model)).run(None, {reader.name: symbols})
    close(got, np.asarray(model.layers[-1].embeddings.value)[symbols])


# ------------------------------------------------------------------- cells that ONNX has not

RECURRENT = {
    name: thing
    for name in layers.__all__
    if inspect.isclass(thing := getattr(layers, name)) and issubclass(thing, RNN)
}
QUICK = ["GRUD", "LRU", "MinGRU", "RetNet", "SLSTM"]  # one for each kind of rule
FIELDS = {"ConvGRU1D": (6,), "ConvGRU2D": (4, 5), "ConvGRU3D": (3, 4, 3), "ConvLSTM1D": (6,),
          "ConvLSTM2D": (4, 5), "ConvLSTM3D": (3, 4, 3)}  # fmt: skip


def recurrent(name, **options):
    """A model of one recurrent layer, and inputs for it."""
    layer = RECURRENT[name]
    if name in FIELDS:
        start, data = Input((None, *FIELDS[name], 2)), [normal(2, 5, *FIELDS[name], 2)]
        return Model(start, layer(3, 2, return_sequences=True)(start)), data
    x = inputs_of(layer, rows=2, time=7)
    start = each(lambda a: Input((None, *a.shape[2:])), x)
    model = moved(Model(start, layer(4, return_sequences=True, **options)(start)), seed=3)
    return model, jax.tree.leaves(x)


@pytest.mark.parametrize("name", QUICK)
def test_a_layer_is_a_loop_over_its_step(name):
    agree(*recurrent(name), loops=True)


@pytest.mark.deep
@pytest.mark.parametrize("name", sorted(set(RECURRENT) - {"RNN", *QUICK}))
def test_every_recurrent_layer(name):
    model, data = recurrent(name)
    agree(model, data, loops=name not in ("GRU", "LSTM", "SimpleRNN"))


class Own(layers.Layer):
    """A cell of one's own, whose output is not its state."""

    state_size = [3, 3]

    def build(self, input_shape):
        self.kernel = self.add_weight((input_shape[-1], 3), "glorot_uniform", name="kernel")

    def call(self, inputs, states):
        h, count = states
        h = jnp.tanh(inputs @ self.kernel.value + 0.5 * h)
        return h * 2, [h, count + 1]


class Windows(layers.Layer):
    """A cell whose steps have windows over an axis of a free size."""

    state_size = 2

    def __init__(self):
        super().__init__()
        self.row = [layers.MaxPooling1D(2) for _ in range(3)]

    def call(self, inputs, states):
        for layer in self.row:
            inputs = layer(inputs)
        return states[0], [states[0] + inputs.mean(axis=1)]


def test_free_sizes_within_a_step():
    x = Input((None, None, 2))
    agree(Model(x, RNN(Windows())(x)), [normal(2, 3, 17, 2)], loops=True)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_cell_of_ones_own_under_a_mask(backwards):
    layer = RNN(Own(), return_sequences=True, return_state=True, go_backwards=backwards)
    x, m = Input((None, 2)), Input((None,), dtype="bool")
    mask = make_mask("empty", 3, 5, np.random.default_rng(0))
    data = normal(3, 5, 2)
    data[~mask] = np.nan  # what is under a mask reaches nothing
    agree(Model([x, m], layer(x, mask=m)), [data, mask], loops=True)


def test_what_an_operator_has_not_is_a_loop():
    """Other activations, states of all steps, both directions of a cell that ONNX has not."""
    x = Input((None, 3))
    y = layers.Masking()(x)
    outputs = [
        layers.LSTM(2, activation="gelu")(y),
        *layers.GRU(2, return_all_states=True, return_sequences=True)(y),
        layers.Bidirectional(layers.MinGRU(2, return_sequences=True))(y),
        RNN([GRUCell(2), layers.ProjectedLSTMCell(3, 2)])(y),
        layers.TimeDistributed(layers.MinGRU(2))(layers.Reshape((-1, 3, 1))(x)),
    ]
    model = Model(x, outputs)
    randomise(model)
    data = normal(2, 4, 3)
    data[0, 2:] = data[1, :1] = 0
    agree(model, [data], loops=True)


class Turning(layers.Layer):
    """A cell of one's own whose state is complex."""

    state_size = 2

    def get_initial_state(self, batch_size):
        return [jnp.zeros((batch_size, 2), "complex64")]

    def call(self, inputs, states):
        state = states[0] * jnp.exp(0.5j) + inputs
        return jnp.abs(state) - state.imag, [state]


def test_complex_states_are_two():
    model = Sequential([Input((None, 2)), RNN(Turning(), True, name="turning")])
    run, x = session(exported(model, states=True, loops=True)), normal(2, 5, 2)
    names = [i.name for i in run.get_overridable_initializers()]
    assert names == ["turning/0/real", "turning/0/imaginary"]
    (source,) = model.input_names
    first, *states = run.run(None, {source: x[:, :2]})
    second = run.run(None, {source: x[:, 2:], **dict(zip(names, states, strict=True))})[0]
    close(np.concatenate([first, second], axis=1), model(x))


def test_complex_numbers_do_not_go_in_or_out():
    model = Sequential([Input((3,)), Lambda(lambda x: x * 1j, name="odd")])
    with pytest.raises(ValueError, match="its inputs or outputs are complex numbers"):
        exported(model)


@pytest.mark.parametrize("mask", [False, True])
def test_any_cell_piece_by_piece_is_the_whole(mask):
    masking = [layers.Masking()] if mask else []
    cells = layers.MinGRU(2, return_sequences=True, name="a"), RNN(Own(), True, name="b")
    model = Sequential([Input((None, 2)), *masking, *cells])
    randomise(model)
    x = normal(3, 6, 2)
    if mask:
        x[0, 3:] = x[1, 2:4] = 0
    run = session(exported(model, states=True, loops=True))
    names = [i.name for i in (*run.get_inputs(), *run.get_overridable_initializers())]
    held = ["a/output"], ["b/output"]  # the output of a masked step is that of the step before
    assert names[1:] == ["a/0", *held[0] * mask, "b/0", "b/1", *held[1] * mask]
    outputs, states = [], {}
    for start, end in ((0, 1), (1, 4), (4, 6)):
        y, *new = run.run(None, {names[0]: x[:, start:end], **states})
        states = dict(zip(names[1:], new, strict=True))
        outputs.append(y)
    close(np.concatenate(outputs, axis=1), model(x))


def test_float64():
    """ONNX Runtime has no recurrent operator in float64, and some others in float32 only."""
    kinds = [
        lambda **wide: layers.Conv1D(3, 2, padding="same", activation="gelu", **wide),
        lambda **wide: layers.Bidirectional(LSTM(2, return_sequences=True, **wide), **wide),
        lambda **wide: layers.GRU(3, return_sequences=True, **wide),
        lambda **wide: layers.SimpleRNN(3, return_sequences=True, **wide),
        lambda **wide: layers.MinGRU(3, return_sequences=True, **wide),
        lambda **wide: layers.LayerNormalization(**wide),
        lambda **wide: layers.AveragePooling1D(2, **wide),
        lambda **wide: Dense(2, "softmax", **wide),
    ]
    with jax.enable_x64(True):
        row = [kind(dtype="float64") for kind in kinds]
        model = Sequential([Input((None, 3), dtype="float64"), *row])
        randomise(model)
        proto, (got,) = agree(model, [normal(2, 6, 3).astype("float64")], loops=True)
    assert got.dtype == np.float64
    assert not nodes(proto)


def opened(name, args, kwargs, shapes):
    """The shapes with a free time, where there is one and the layer does not need to know it."""
    if name.endswith("Normalization") and "axis" in kwargs:
        return None
    if (name == "Dot" and args == ((1, 2),)) or args[:1] == ("ab...,bd->ad...",):
        return None
    free = [(s[0], None, *s[2:]) if len(s) == 3 else s for s in shapes]
    return None if free == shapes else free


def cases_of_each_layer():
    for name, rows in ROWS.items():
        for case in rows:
            yield pytest.param(name, case, case[2], id=f"{name}{case[:3]}")
            free = opened(name, *case[:3])
            if free is not None:
                yield pytest.param(name, case, free, id=f"{name}{case[:3]}-open")


@pytest.mark.parametrize(("name", "case", "shapes_in"), [*cases_of_each_layer()])
def test_each_layer(name, case, shapes_in):
    args, kwargs, shapes, dtype = case
    open_time = shapes_in != shapes
    symbols = "symbols" in dtype or name == "Embedding"
    dtype = dtype.split("-")[0]
    if open_time and name != "Reshape":  # another length than any that the layer was told of
        shapes = [(s[0], 7, *s[2:]) if s[1:2] == (6,) else s for s in shapes]
    layer = getattr(layers, name)(*args, **kwargs)
    layer = type(layer).from_config(layer.get_config())  # rows share objects
    inputs = [Input(s[1:], dtype=dtype) for s in shapes_in]
    model = Model(inputs, layer(inputs if len(inputs) > 1 else inputs[0]))
    randomise(model)
    rng = np.random.default_rng(0)
    batch = 3
    data = [
        rng.integers(0, 9, size=(batch, *s[1:])).astype(dtype)
        if symbols or dtype == "int32"
        else rng.normal(size=(batch, *s[1:])).astype(dtype) * 2
        for s in shapes
    ]
    for opset in (18,) if open_time else (17, 23):
        agree(model, data, opset=opset, loops=name in LOOPING)


# ------------------------------------------------------------------ functions of cello.ops, of JAX

FUNCTIONS = {
    "getitem": [
        lambda x: x[:, -1], lambda x: x[..., 0], lambda x: x[:, ::2, 1:], lambda x: x[:, ::-1],
        lambda x: x[:, None, 1:-1], lambda x: x[:, 0, None, ..., -1], lambda x: x[:, -2:1:-1],
        lambda x: x[:, jnp.array([2, 0, 1])], lambda x: x[:, :, jnp.array([[0], [1]])],
    ],
    "arithmetic": [
        lambda x: x + 1, lambda x: 2 - x, lambda x: x * x / 3, lambda x: -x, lambda x: x**2,
        lambda x: x // 2, lambda x: x % 0.7, lambda x: 1 / (x + 9), lambda x: x @ np.eye(4)[:, :2],
        lambda x: ops.dot(x, jnp.ones((4, 2))), lambda x: ops.matmul(x, ops.swapaxes(x, 1, 2)),
        lambda x: ops.einsum("bij,bkj->bik", x, x), lambda x: ops.maximum(x, 0.1),
        lambda x: ops.minimum(x, x[:, :1]), lambda x: ops.subtract(x, 1), lambda x: ops.mod(x, 2.0),
        lambda x: ops.add(x, np.arange(4, dtype="float32")), lambda x: ops.divide(x, 2),
        lambda x: ops.true_divide(x, 2), lambda x: ops.floor_divide(x, 0.3),
        lambda x: ops.power(ops.abs(x), 1.5),
    ],
    "comparison": [
        lambda x: x > 0, lambda x: x <= 0.1, lambda x: ops.equal(x, x), lambda x: x < x[:, :1],
        lambda x: ops.not_equal(x, 0), lambda x: ops.where(x >= 0, x, -1.0),
        lambda x: ops.logical_and(x > 0, x < 1), lambda x: ops.logical_not(x > 0),
        lambda x: ops.logical_or(x > 1, x < 0), lambda x: ops.clip(x, -0.5, 0.5),
        lambda x: ops.clip(x, None, 0.5), lambda x: ops.isnan(x), lambda x: ops.isfinite(x),
        lambda x: ops.cast(x > 0, "float32"), lambda x: ops.cast(x, "int32") + 1,
        lambda x: ops.cast(x, "int32") / 2, lambda x: ops.greater((x > 0), (x > 1)),
    ],
    "reductions": [
        lambda x: ops.mean(x, axis=1), lambda x: ops.sum(x, axis=(1, 2)), lambda x: ops.max(x, -1),
        lambda x: ops.min(x, axis=1, keepdims=True), lambda x: ops.prod(x, axis=1), ops.sum,
        lambda x: ops.any(x > 0, axis=1), lambda x: ops.all(x > -1, axis=-1, keepdims=True),
        lambda x: ops.var(x, axis=1), lambda x: ops.std(x, axis=1, keepdims=True),
        lambda x: ops.argmax(x, axis=1), lambda x: ops.argmin(x, axis=-1), ops.mean,
        lambda x: ops.logsumexp(x, axis=-1), lambda x: ops.cumsum(x, axis=1),
        lambda x: ops.average(x, axis=1), ops.argmax,
    ],
    "shapes": [
        lambda x: ops.reshape(x, (-1, 4)), lambda x: ops.transpose(x, (0, 2, 1)), ops.transpose,
        lambda x: ops.moveaxis(x, 1, -1), lambda x: ops.squeeze(x[:, :1], axis=1), ops.flip,
        lambda x: ops.expand_dims(x, -1), lambda x: ops.concatenate([x, x * 2], axis=1),
        lambda x: ops.stack([x, -x], axis=-1), lambda x: ops.flip(x, axis=1),
        lambda x: ops.tile(x, (1, 2, 1)), lambda x: ops.repeat(x, 2, axis=1),
        lambda x: ops.repeat(x, 3, axis=-1), lambda x: ops.take(x, jnp.array([1, 0]), axis=2),
        lambda x: ops.split(x, 2, axis=-1)[1], lambda x: ops.unstack(x, axis=2)[3],
        lambda x: ops.zeros_like(x), lambda x: ops.ones_like(x) + x,
        lambda x: ops.broadcast_to(ops.sum(x), (3, 2)), lambda x: ops.swapaxes(x, 0, 1),
    ],
    "element": [
        *(getattr(ops, n) for n in (
            "abs absolute ceil cos cosh exp floor round sign sin sinh tan tanh square expm1 "
            "negative sigmoid elu leaky_relu gelu relu relu6 selu silu softplus log_sigmoid "
            "soft_sign softsign erf softmax log_softmax reciprocal arctan "
            "convert_to_tensor").split()),
        lambda x: ops.log(ops.abs(x) + 1), lambda x: ops.log10(ops.abs(x) + 1),
        lambda x: ops.log2(ops.abs(x) + 1), lambda x: ops.log1p(ops.abs(x)),
        lambda x: ops.sqrt(ops.abs(x)),
        lambda x: ops.softmax(x, axis=1), lambda x: ops.gelu(x, approximate=False),
        lambda x: ops.multiply(x, 2),
    ],
}  # fmt: skip


@pytest.mark.parametrize("group", FUNCTIONS)
def test_functions_of_ops(group):
    """All of a group in one model."""
    x = Input((None, 4), name="x")
    outputs = [f(x) for f in FUNCTIONS[group]]
    model = Model(x, outputs)
    for opset in (17, 23):
        _, got = agree(model, [normal(3, 6, 4)], opset=opset)
        assert len(got) == len(outputs)


def test_lengths_are_equal_only_where_they_must():
    inputs = [Input((None, 3)) for _ in "abc"]
    a, b, c = inputs
    model = Model(inputs, [layers.GlobalAveragePooling1D()(x) for x in (a, layers.Add()([b, c]))])
    agree(model, [normal(2, time, 3) for time in (4, 6, 6)])


def test_sizes_of_many_windows_have_names():
    """JAX compares `floordiv(floordiv(n - 3, 2) - 2, 2)` and longer ones in exponential time."""
    row = [layers.Conv1D(2, 3, strides=2, padding=("same", "valid")[i % 2]) for i in range(5)]
    model = Sequential([Input((None, 3)), *row])
    randomise(model)
    proto, _ = agree(model, [normal(2, 150, 3)])
    assert len(proto.graph.node) < 200


PRIMITIVES = {
    "sizes": [
        lambda x: jnp.zeros(x.shape[0]) + (x.shape[1] * 3 - 1) // 4 + x.shape[1] % 5 * 10,
        lambda x: jnp.full(x.shape[:1], x.shape[1] ** 2) - (2 - x.shape[1] // 2) // 2,
        lambda x: jnp.arange(x.shape[1] * 2 + 1), lambda x: x.reshape(-1, 2, x.shape[1]),
    ],
    "places": [
        lambda x: x.at[:, 1].set(0.5), lambda x: x.at[:, jnp.array([0, 0, 2])].add(1.0),
        lambda x: x.at[:, :, jnp.array([1, 9])].set(2.0), lambda x: x.at[0, :, 1:3].multiply(2.0),
        lambda x: x.at[:, 9].set(1.0, mode="drop"), lambda x: x[jnp.array([2, 0]), :, 1],
        lambda x: lax.dynamic_update_slice(x, x[:1, :1] * 2, (jnp.int32(9), 1, 0)),
        lambda x: lax.dynamic_slice(x, (0, 0, jnp.argmax(x[0, 0])), (x.shape[0], x.shape[1], 2)),
        lambda x: jnp.take(x, jnp.array([0, 7, -1]), axis=2),
        lambda x: jnp.take(x, jnp.array([0, 7, -1]), axis=2, mode="clip"),
        lambda x: jnp.take_along_axis(x, jnp.argsort(x, axis=1), axis=1),
        lambda x: x[jnp.arange(x.shape[0]), (x[:, 0, 0] > 0).astype(int)],
        lambda x: jnp.roll(x, 1, 1),
    ],
    "sums": [
        lambda x: jnp.cumprod(x, 1), lambda x: lax.cummax(x, axis=1, reverse=True),
        lambda x: lax.cummin((x * 10).astype("int32"), axis=1), lambda x: jnp.sort(x, axis=1),
        lambda x: jnp.einsum("bij,bkl->bikl", x, x), lambda x: x @ jnp.arange(4.0),
        lambda x: jnp.einsum("bij,kij->bk", x, jnp.ones((2, 6, 4))),
        lambda x: jnp.median(x, axis=2), lambda x: jnp.abs(jnp.exp(1j * x) / (2 + 1j * x) ** 3),
        lambda x: lax.pad(x, 0.5, [(0, 0, 0), (1, -1, 2), (0, 1, 0)]), jnp.tril, lax.round,
        lambda x: lax.select_n((x > 0).astype("int32") + (x > 1), x, -x, x * 2),
    ],
    "loops": [
        lambda x: lax.while_loop(lambda c: c[0] < 3, lambda c: (c[0] + 1, c[1] * 2), (0, x))[1],
        lambda x: lax.cond(x.sum() > 0, lambda v: v * 2, lambda v: v - 1, x),
        lambda x: lax.fori_loop(0, 3, lambda i, c: c + i, x), lambda x: lax.map(jnp.sum, x),
        lambda x: lax.scan(lambda c, v: (c + v, c * v), x[0], x, reverse=True),
    ],
}  # fmt: skip


@pytest.mark.parametrize("group", PRIMITIVES)
def test_primitives_of_jax(group):
    x = Input((6 if group == "sums" else None, 4), name="x")
    outputs = [Lambda(f)(x) for f in PRIMITIVES[group]]
    agree(Model(x, jax.tree.leaves(outputs)), [normal(3, 6, 4)], loops=group in ("sums", "loops"))
