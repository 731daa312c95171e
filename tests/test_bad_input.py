"""What a user gets wrong most often, each with a message that names the layer and what to do."""

import re

import numpy as np
import pytest

import cello
from cello import Input, Sequential, cells
from cello.layers import GRU, LSTM, RNN, Bidirectional, Dense, SimpleRNN, SimpleRNNCell

COMPILATIONS = 60


def x(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def raises(function, *parts, error=ValueError):
    with pytest.raises(error) as caught:
        function()
    for part in parts:
        assert part in str(caught.value), f"{part!r} is not in {caught.value}"


def model(**compiled):
    m = Sequential([Input((5, 3)), LSTM(4), Dense(3, "softmax")])
    m.compile("sgd", **{"loss": "sparse_categorical_crossentropy", **compiled})
    return m


@pytest.mark.parametrize("layer", [LSTM, GRU, SimpleRNN])
def test_wrong_rank(layer):
    given = layer(4, name="here")
    raises(
        lambda: given(x(32, 10)), f"{layer.__name__} 'here'", "(batch, time, features)", "(32, 10)",
        "x[..., None]",
    )  # fmt: skip
    raises(lambda: given(x(2, 3, 4, 5)), "'here'", "(2, 3, 4, 5)")


@pytest.mark.parametrize("layer", [LSTM, GRU, SimpleRNN])
def test_wrong_feature_count(layer):
    given = layer(4, name="here")
    given(x(2, 5, 3))
    raises(lambda: given(x(2, 5, 4)), f"{layer.__name__} 'here'", "(batch, time, 3)", "(2, 5, 4)")
    raises(lambda: given(Input((None, 2))), "(None, None, 2)", "built for 3 features")


def test_initial_states_of_wrong_number_or_shape():
    lstm = LSTM(4, name="here")
    raises(
        lambda: lstm(x(2, 5, 3), initial_state=[x(2, 4)]),
        "LSTM 'here'", "expects 2 initial state(s)", "[(2, 4), (2, 4)]", "got 1: [(2, 4)]",
    )  # fmt: skip
    raises(lambda: lstm(x(2, 5, 3), initial_state=[x(2, 4), x(2, 5)]), "'here'", "(2, 5)]")
    both = Bidirectional(LSTM(4), name="both")
    raises(lambda: both(x(2, 5, 3), initial_state=[x(2, 4)] * 2), "forward_lstm", "expects 2")


@pytest.mark.parametrize(
    "make, name, nearest",
    [
        (lambda: LSTM(4, activation="tahn"), "tahn", "tanh"),
        (lambda: LSTM(4, kernel_initializer="glorot_unifrom"), "glorot_unifrom", "glorot_uniform"),
        (lambda: Dense(4, kernel_regularizer="L22"), "L22", "L2"),
        (lambda: model(loss="mean_squared_eror"), "mean_squared_eror", "mean_squared_error"),
        (lambda: model(metrics=["acuracy"]), "acuracy", "accuracy"),
        (lambda: Sequential([Dense(1)]).compile("adaam", "mse"), "adaam", "adam"),
        (lambda: LSTM(4, return_sequence=True), "return_sequence", "return_sequences"),
    ],
)
def test_unknown_names_suggest_the_nearest(make, name, nearest):
    raises(make, name, f'Did you mean "{nearest}"?', error=(ValueError, TypeError))


@pytest.mark.parametrize("units", [-3, 0, 2.5, "8", True])
def test_units(units):
    for layer in (LSTM, GRU, SimpleRNN, SimpleRNNCell, Dense):
        raises(
            lambda layer=layer: layer(units),
            f"{layer.__name__}: units must be a positive integer. Received: units={units!r}"
            if layer in (Dense, SimpleRNNCell)
            else "units must be a positive integer. Received: units=",
        )


def test_stateful_without_a_batch_size():
    raises(
        lambda: LSTM(4, stateful=True, name="here")(Input((5, 3))),
        "LSTM 'here' is stateful", "(None, 5, 3)", "Input(batch_shape=(32, None, 8))",
    )  # fmt: skip
    layer = LSTM(4, stateful=True)
    layer(x(2, 5, 3))
    raises(lambda: layer(x(3, 5, 3)), "'lstm", "[(3, 4), (3, 4)]", "[(2, 4), (2, 4)]")


def test_unroll_without_a_length():
    raises(lambda: GRU(4, unroll=True, name="here")(Input((None, 3))), "GRU 'here'", "unroll=True")


@pytest.mark.parametrize("shape", [(2,), (2, 4), (3, 5), (2, 5, 3)])
def test_mask_of_wrong_shape(shape):
    raises(
        lambda: LSTM(4, name="here")(x(2, 5, 3), mask=np.ones(shape, bool)),
        "LSTM 'here'", "(batch, time) = (2, 5)", str(shape),
    )  # fmt: skip


def test_a_cell_that_is_none():
    raises(lambda: RNN(Dense(3)), "RNN: cell must be a cell", "Dense lacks state_size")


def test_a_sequence_with_arguments_of_its_own():
    class Cell(cells.Cell):
        state_size = 3

        def sequence(self, inputs, states, mask=None, go_backwards=False):
            raise NotImplementedError

    raises(lambda: RNN(Cell()), "sequence(inputs, states, run)", "(inputs, states, mask=None, go_b")


def test_fit_with_unequal_lengths():
    raises(
        lambda: model().fit(x(8, 5, 3), np.zeros(7)),
        "Sequential 'sequential'.fit", "same number of rows", "x: 8", "y: 7",
    )  # fmt: skip
    raises(lambda: model().fit(x(8, 5, 3), np.zeros(8), sample_weight=np.ones(3)), "3")


def test_fit_with_steps_of_unequal_lengths():
    ragged = [[[1.0, 2.0, 3.0], [1.0, 2.0]], [[4.0, 5.0, 6.0]]]
    raises(lambda: model().fit(ragged, np.zeros(2)), "x is not an array", "list of sequences")


def test_empty_data():
    raises(lambda: model().fit(x(0, 5, 3), np.zeros(0)), ".fit got no data: x has 0 rows")
    raises(lambda: model().predict(x(0, 5, 3)), ".predict got no data")
    raises(lambda: model().fit(iter([])), "gave no data")


def test_data_that_are_no_numbers():
    raises(lambda: model().fit(np.array([["a"]]), np.zeros(1)), "x must hold numbers", "TextVec")


def test_nan_loss_is_warned_of_with_its_step():
    data = x(40, 5, 3)
    data[35] = np.nan
    with pytest.warns(UserWarning, match=r"'sequential'.fit: the loss is nan in step 4 of epoch 1"):
        model().fit(data, np.zeros(40), batch_size=10, shuffle=False, verbose=0)


@pytest.mark.parametrize("labels", [[0, 1, 3, 2], [0, 1, -1, 2]])
def test_labels_out_of_range_for_a_sparse_loss(labels):
    raises(
        lambda: model().fit(x(4, 5, 3), np.array(labels)),
        "labels must be from 0 to 2", "3 classes", f"from {min(labels)} to {max(labels)}",
    )  # fmt: skip
    batches = [(x(4, 5, 3), np.array([0, 1, 2, 0])), (x(4, 5, 3), np.array(labels))]
    raises(lambda: model().fit(iter(batches), verbose=0), "labels must be from 0 to 2")


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_before_compile(method):
    m = Sequential([Input((5, 3)), LSTM(4)], name="mine")
    raises(
        lambda: getattr(m, method)(x(2, 5, 3), x(2, 4)),
        f"Sequential 'mine'.{method}: call compile(", error=RuntimeError,
    )  # fmt: skip


def test_fit_without_a_loss():
    m = Sequential([Input((5, 3)), LSTM(4)])
    m.compile("adam")
    raises(lambda: m.fit(x(2, 5, 3), x(2, 4)), "compile() was given no loss")


@pytest.mark.parametrize("method", ["train_step", "make_train_function"])
def test_a_training_step_of_the_users_own(method):
    own = type("Mine", (cello.Model,), {method: lambda self, *args: None})
    raises(
        lambda: own(name="mine").compile("adam", "mse"),
        f"Mine 'mine' has a {method}() of its own", "as_function()", error=NotImplementedError,
    )  # fmt: skip


def test_an_optimiser_that_trained_another_model():
    first, adam = model(), cello.optimizers.Adam()
    first.compile(adam, "sparse_categorical_crossentropy")
    first.fit(x(4, 5, 3), np.zeros(4), verbose=0)
    second = model()
    second.compile(adam, "sparse_categorical_crossentropy")
    raises(lambda: second.fit(x(4, 5, 3), np.zeros(4), verbose=0), "with a new optimiser")


def test_weights_frozen_after_compile():
    m = model()
    m.fit(x(4, 5, 3), np.zeros(4), verbose=0)
    m.layers[0].trainable = False
    raises(lambda: m.fit(x(4, 5, 3), np.zeros(4), verbose=0), "'sequential", "call compile() again")


def test_targets_that_do_not_fit_the_output():
    raises(
        lambda: model(loss="mse").fit(x(4, 5, 3), x(4, 2)), "(batch, 2)", "(batch, 3)", "last layer"
    )


def test_wrong_shape_of_the_data():
    raises(lambda: model().fit(x(4, 5), np.zeros(4)), "(None, 5, 3)", "(4, 5)")
    raises(lambda: model().predict(x(4, 5, 2)), "(None, 5, 3)", "(4, 5, 2)")


def test_input_needs_a_shape():
    raises(lambda: Input(), "Input needs either shape")
    raises(lambda: Input(5), "Input: shape must be a tuple", "(None, 8)")


def test_errors_from_within_a_layer_say_where():
    layer = cello.layers.Lambda(lambda a: a.nothing, name="mine")
    with pytest.raises(AttributeError) as caught:
        Sequential([Input((3,)), layer])
    assert re.search(r"This happened in Lambda 'mine', .*\(None, 3\)", caught.value.__notes__[0])


@pytest.mark.parametrize(
    "second", [lambda: GRU(2), lambda: Bidirectional(GRU(2)), lambda: cello.layers.Conv1D(2, 3)]
)
def test_after_a_recurrent_layer_that_gives_its_last_step(second):
    advice = "LSTM 'here' gives its last step alone. Give it return_sequences=True"
    raises(lambda: Sequential([Input((5, 3)), LSTM(4, name="here"), second()]), advice)
    between = [LSTM(4, name="here"), cello.layers.Dropout(0.5)]
    raises(lambda: Sequential([Input((5, 3)), *between, second()]), advice)
    raises(lambda: second()(LSTM(4)(x(2, 5, 3))), "return_sequences=True")


@pytest.mark.parametrize(
    "between", [cello.layers.Permute((2, 1)), cello.layers.Flatten(), cello.layers.Reshape((-1,))]
)
def test_an_unknown_time_in_the_place_of_features(between):
    last = LSTM(4) if isinstance(between, cello.layers.Permute) else Dense(4)
    raises(
        lambda: Sequential([Input((None, 3)), between, last]),
        "If Permute, Flatten or Reshape put the time there, that must be known: Input((20, 8))",
    )


def test_a_vector_of_unknown_size_is_no_sequence():
    raises(lambda: LSTM(4)(Input((None,))), "got (None, None): add a features axis")


class Looping(cello.layers.Layer):
    """Does in Python what JAX cannot trace."""

    def __init__(self, kind):
        super().__init__(name="looping")
        self.kind = kind

    def call(self, x):
        if self.kind == "range":
            return sum(x[:, t] for t in range(x.shape[1]))
        if self.kind == "steps":
            return sum(step for step in cello.ops.moveaxis(x, 1, 0))
        if self.kind == "if":
            return x if cello.ops.sum(x) > 0 else -x
        return x * (float(cello.ops.sum(x)) if self.kind == "float" else np.linalg.norm(x))


@pytest.mark.parametrize(
    ("kind", "advice"),
    [
        ("range", "Python cannot count up to it: give Input the number, or let RNN"),
        ("steps", "Python cannot count up to it: give Input the number, or let RNN"),
        ("if", "choose with cello.ops.where"),
        ("float", "use those of cello.ops or jax.numpy"),
        ("norm", "use those of cello.ops or jax.numpy"),
    ],
)
def test_python_in_a_layer(kind, advice):
    with pytest.raises(Exception) as caught:
        Sequential([Input((None, 3)), Looping(kind)])
    (note,) = caught.value.__notes__  # without JAX's on its traceback
    assert "Looping 'looping'" in note and advice in note


def test_errors_of_a_program_have_no_remark_on_tracebacks():
    class Late(cello.Model):
        def call(self, x, training=False):
            return Looping("if")(x) if training else x

    late = Late()
    late.compile("sgd", "mse")
    with pytest.raises(Exception) as caught:
        late.fit(x(4, 3), x(4, 3), verbose=0)
    assert not any("JAX has removed" in note for note in caught.value.__notes__)


def of_ones(*shape):
    return np.ones(shape, "float32")


LAYERS, STRINGS = cello.layers, np.array(["a"])
HURRIED = {
    "a lookup of strings in integers": (
        lambda: LAYERS.IntegerLookup(vocabulary=["a"]),
        "IntegerLookup 'integer_lookup' takes whole numbers, and got 'a': StringLookup",
    ),
    "an unknown integer without an index": (
        lambda: LAYERS.IntegerLookup(vocabulary=[1, 2], num_oov_indices=0)(np.array([1, 7])),
        "num_oov_indices=0 got 7, which is not in the vocabulary: give unknown integers",
    ),
    "an unknown string without an index": (
        lambda: LAYERS.StringLookup(vocabulary=["b"], num_oov_indices=0)(STRINGS),
        "got 'a', which is not in the vocabulary: give unknown strings an index",
    ),
    "a vocabulary in no file": (
        lambda: LAYERS.StringLookup(vocabulary="words.txt"),
        "StringLookup: vocabulary must be None or a list of tokens, or the name of a file",
    ),
    "numbers to be vectorised": (
        lambda: LAYERS.TextVectorization().adapt([1, 2]),
        "takes strings, and got 1. Turn numbers into strings",
    ),
    "texts with holes": (
        lambda: LAYERS.TextVectorization().adapt(["a", None]),
        "takes strings, and got None. Fill what is missing first",
    ),
    "fractions to be hashed": (
        lambda: LAYERS.Hashing(3)(np.array([1.5])),
        "Hashing 'hashing' takes strings or whole numbers, and got 1.5",
    ),
    "moments of other features": (
        lambda: LAYERS.Normalization(mean=[0, 0], variance=[1, 1])(of_ones(2, 3)),
        "have the sizes (3,) of axis=(-1,) in the inputs, and have the shape (2,)",
    ),
    "attention between other rows": (
        lambda: LAYERS.Attention()([of_ones(2, 5, 3), of_ones(3, 4, 3)]),
        "Attention 'attention' expects query, value and key of as many rows",
    ),
    "a key of other steps": (
        lambda: LAYERS.Attention()([of_ones(2, 5, 3), of_ones(2, 4, 3), of_ones(2, 5, 3)]),
        "value and key of as many steps, and got [(2, 5, 3), (2, 4, 3), (2, 5, 3)]",
    ),
    "an attention mask of other steps": (
        lambda: LAYERS.MultiHeadAttention(2, 4)(
            of_ones(2, 5, 3), of_ones(2, 5, 3), attention_mask=np.ones((2, 4, 4), bool)
        ),
        "which of the value it sees, (2, 5, 5) here, and has the shape (2, 4, 4)",
    ),
    "fractions to be embedded": (
        lambda: LAYERS.Embedding(5, 2)(np.array([[0.5]])),
        "Embedding 'embedding': the array of symbols is for whole numbers",
    ),
    "strings into a layer of numbers": (
        lambda: Sequential([Input((), dtype="string"), Dense(1)]),
        "Dense 'dense' computes with numbers",
    ),
    "a class beyond the last": (
        lambda: cello.metrics.IoU(2, [3]),
        "target_class_ids are classes from 0 to 1, as num_classes=2 says. Received: [3]",
    ),
    "JSON that is none": (
        lambda: cello.models.model_from_json("{nope"),
        "model_from_json: the text is no valid JSON",
    ),
    "JSON of something else": (
        lambda: cello.models.model_from_json('{"a": 1}'),
        "describes a dict and no model: pass what model.to_json() gave",
    ),
    "strings as classes": (
        lambda: cello.utils.to_categorical(["a"]),
        "to_categorical: x must hold whole numbers from 0, and has the dtype <U1",
    ),
    "one sequence in place of several": (
        lambda: cello.utils.pad_sequences([1, 2]),
        "entry 0 is the number 1: for one sequence pass [sequence]",
    ),
}


@pytest.mark.parametrize("use", HURRIED)
def test_what_is_written_in_a_hurry(use):
    run, message = HURRIED[use]
    raises(run, message)


def test_a_file_of_something_else(tmp_path):
    (tmp_path / "m.keras").write_text("hello")
    raises(
        lambda: cello.models.load_model(tmp_path / "m.keras"),
        "m.keras: It is neither a .keras file, which is a zip archive, nor an .h5 file",
        error=cello.saving.ModelFileError,
    )
