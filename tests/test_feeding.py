"""What data mean that are passed to fit, evaluate and predict: batches of them, or a refusal."""

import functools
import importlib.util

import numpy as np
import pytest

import cello
from cello import Input, Model, Sequential
from cello.layers import GRU, LSTM, Dense, Lambda, Reshape

COMPILATIONS = 165

RNG = np.random.default_rng(7)


def numbers(*shape):
    return RNG.normal(size=shape).astype("float32")


def sequences(lengths, features=3):
    return [numbers(n, features) for n in lengths]


@functools.cache
def each_step():
    """A model with an output at each step, whose training changes nothing."""
    model = Sequential([Input((None, 3)), GRU(4, return_sequences=True), Dense(2)])
    model.compile(cello.optimizers.SGD(0.0), "mse")
    return model


# ------------------------------------------------------------------ batches of other lengths


def test_targets_that_do_not_fit_a_later_batch_are_refused():
    batches = [(numbers(2, 5, 3), numbers(2, 5, 2)), (numbers(2, 7, 3), numbers(2, 5, 2))]
    with pytest.raises(ValueError, match=r"\(batch, 5, 2\).*\(batch, 7, 2\)") as caught:
        each_step().evaluate(batches, verbose=0)
    assert "batch 2" in "".join(caught.value.__notes__)


class OnePassAtATime:
    """As a DataLoader with persistent workers: it has one iterator, which starts anew."""

    def __init__(self, batches):
        self.batches = batches
        self.pass_through = self.Pass()

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        self.pass_through.left = list(self.batches)
        return self.pass_through

    class Pass:
        def __iter__(self):
            return self

        def __next__(self):
            if not self.left:
                raise StopIteration
            return self.left.pop(0)


def test_one_loader_for_training_and_validation():
    batches = [(numbers(2, 5, 3), numbers(2, 5, 2)) for _ in range(3)]
    want = each_step().fit(batches, validation_data=batches, epochs=2, verbose=0).history
    loader = OnePassAtATime(batches)
    found = each_step().fit(loader, validation_data=loader, epochs=2, verbose=0).history
    assert found == want
    evaluate = cello.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: each_step().evaluate(loader, verbose=0)
    )
    found = each_step().fit(loader, epochs=2, callbacks=evaluate, verbose=0).history
    assert found["loss"] == want["loss"]


def test_a_pass_that_another_one_ended_is_no_short_epoch():
    loader = OnePassAtATime([(numbers(2, 5, 3), numbers(2, 5, 2)) for _ in range(3)])
    evaluate = cello.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: each_step().evaluate(loader, verbose=0)
    )
    with pytest.raises(ValueError, match=r"started anew after 1 batches.*persistent_workers"):
        each_step().fit(loader, callbacks=evaluate, verbose=0)


@pytest.mark.deep
@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
@pytest.mark.filterwarnings("ignore:os.fork")
def test_one_data_loader_with_persistent_workers():
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    x, y = numbers(12, 5, 3), numbers(12, 5, 2)
    data = TensorDataset(torch.tensor(x), torch.tensor(y))
    loader = DataLoader(data, batch_size=4, num_workers=1, persistent_workers=True)
    found = each_step().fit(loader, validation_data=loader, epochs=2, verbose=0).history
    want = each_step().evaluate(x, y, batch_size=4, verbose=0)
    assert found["loss"] == pytest.approx([want, want], rel=1e-5)
    assert found["val_loss"] == pytest.approx([want, want], rel=1e-5)


@pytest.mark.parametrize(
    "layer", [lambda: LSTM(2, stateful=True), lambda: Lambda(lambda x: x[:, 0, :2])]
)
def test_a_smaller_last_batch_is_refused_before_any_step(layer):
    """If it cannot be filled up, and the Input says how many rows a batch has."""
    model = Sequential([Input(batch_shape=(4, 5, 3)), layer(), Dense(2)])
    model.compile("sgd", "mse")
    before, batches = model.get_weights(), []
    hook = cello.callbacks.LambdaCallback(on_train_batch_begin=lambda b, logs: batches.append(b))
    x, y = numbers(10, 5, 3), numbers(10, 2)
    for call in (
        lambda: model.fit(x, y, batch_size=4, callbacks=hook, verbose=0),
        lambda: model.fit(x[:8], y[:8], 4, validation_data=(x, y), callbacks=hook, verbose=0),
        lambda: model.evaluate(x, y, batch_size=4, verbose=0),
        lambda: model.predict(x, batch_size=4, verbose=0),
    ):
        with pytest.raises(ValueError, match=r"last batch would have 2 rows.*steps.*=2"):
            call()
    assert not batches
    for old, now in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, now)
    assert len(model.predict(x, batch_size=4, steps=2, verbose=0)) == 8
    assert len(model.predict(x[:4], verbose=0)) == 4


# ----------------------------------------------------- a list means the same whatever its lengths


@pytest.mark.parametrize("lengths", [(4, 6), (6, 6), (2, 2), (6,), (1, 1)])
def test_a_list_of_sequences_means_the_same_whatever_its_lengths(lengths):
    model, x, y = each_step(), sequences(lengths), sequences(lengths, 2)
    want = [np.asarray(model(one[None])[0]) for one in x]
    loss = np.mean((np.concatenate(want) - np.concatenate(y)) ** 2)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(loss, rel=1e-4)
    assert model.evaluate(iter([(x, y)]), verbose=0) == pytest.approx(loss, rel=1e-4)
    assert model.train_on_batch(x, y) == pytest.approx(loss, rel=1e-4)
    assert model.fit(x, y, verbose=0).history["loss"] == pytest.approx([loss], rel=1e-4)
    outputs = [model.predict(x, verbose=0), model.predict_on_batch(x)]
    outputs.append(model.predict(iter([(x,), (x,)]), verbose=0)[: len(x)])
    for found in outputs:
        assert isinstance(found, list)
        for ours, theirs in zip(found, want, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lengths", [(4, 6), (6, 6)])
def test_an_array_of_objects_is_a_list(lengths):
    """NumPy makes one of numbers, and not of arrays, if the lengths are equal."""
    x, y = sequences(lengths), sequences(lengths, 2)
    want = each_step().evaluate(x, y, verbose=0)
    objects = [np.array(v, dtype=object) for v in (x, y)]
    assert each_step().evaluate(*objects, verbose=0) == want
    for ours, theirs in zip(each_step().predict(objects[0], verbose=0), x, strict=True):
        np.testing.assert_allclose(ours, each_step()(theirs[None])[0], rtol=1e-5, atol=1e-6)


def test_a_stateful_layer_takes_batches_of_lists():
    """The second batch goes on where each row of the first one ended."""
    model = Sequential([Input(batch_shape=(2, None, 3)), GRU(4, stateful=True)])
    whole = Sequential([Input((None, 3)), GRU(4)])
    whole.set_weights(model.get_weights())
    first, second = sequences((6, 6)), sequences((6, 4))
    found = model.predict(iter([(first,), (second,)]), verbose=0)[2:]
    for a, b, output in zip(first, second, found, strict=True):
        want = whole(np.concatenate([a, b])[None])[0]
        np.testing.assert_allclose(output, want, rtol=1e-5, atol=1e-6)


def test_outputs_that_make_no_array_say_so():
    with pytest.raises(ValueError, match=r"\[\(5, 2\), \(6, 2\)\].*list of sequences"):
        each_step().predict(iter([(numbers(2, n, 3),) for n in (5, 6)]), verbose=0)


def test_a_batch_of_an_iterable_may_have_sequences_of_one_length():
    """One step for each batch, as train_on_batch does it."""
    batches = [(sequences(n), sequences(n, 2)) for n in ((4, 6), (6, 6), (5,))]
    weights = []
    for train in (
        lambda m: m.fit(iter(batches), verbose=0),
        lambda m: [m.train_on_batch(*batch) for batch in batches],
    ):
        cello.utils.set_random_seed(0)
        model = Sequential([Input((None, 3)), GRU(4, return_sequences=True), Dense(2)])
        model.compile(cello.optimizers.SGD(0.1), "mse")
        train(model)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):  # two programs: sums in another order
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_one_batch_may_have_sequences_of_very_different_lengths():
    """Their outputs come in their order."""
    x = sequences((2, 30, 3))
    for one, output in zip(x, each_step().predict_on_batch(x), strict=True):
        np.testing.assert_allclose(output, each_step()(one[None])[0], rtol=1e-5, atol=1e-6)


def test_an_array_of_labels_and_weights_beside_sequences_of_one_length():
    model, x, y, w = each_step(), sequences((5, 5)), numbers(2, 5, 2), RNG.random((2, 5))
    errors = np.mean((np.asarray(model(np.stack(x))) - y) ** 2, axis=-1)
    for data in ((x, y, w), (iter([(x, y, w)]),)):
        found = model.evaluate(
            *data[:2], sample_weight=data[2:][0] if data[2:] else None, verbose=0
        )
        assert found == pytest.approx(np.mean(errors * w), rel=1e-4)


# ------------------------------------------------------------------- inputs or sequences


class One(Model):
    """A class that takes one sequence a row."""

    def __init__(self):
        super().__init__()
        self.lstm, self.head = LSTM(4), Dense(2)

    def call(self, inputs):
        return self.head(self.lstm(inputs))


class Two(One):
    """A class that takes two."""

    def call(self, inputs):
        a, b = inputs
        return self.head(self.lstm(a) + self.lstm(b))


class WithFeatures(One):
    def call(self, inputs):
        a, b = inputs
        return self.head(cello.layers.Concatenate()([self.lstm(a), b]))


def by_hand(model, x):
    return np.asarray(model(x))


@pytest.mark.parametrize(
    "kind, inputs",
    [
        (WithFeatures, lambda: [numbers(6, 5, 3), numbers(6, 7)]),
        (Two, lambda: [numbers(6, 5, 3), numbers(6, 4, 3)]),
        (Two, lambda: [numbers(6, 5, 3), numbers(6, 5, 3)]),
        (Two, lambda: [numbers(2, 5, 3), numbers(2, 5, 3)]),
    ],
)
def test_a_class_with_two_inputs_gets_them_from_a_list(kind, inputs):
    model, x = kind(), inputs()
    y = numbers(len(x[0]), 2)
    model.compile(cello.optimizers.SGD(0.0), "mse")
    found = model.fit(x, y, verbose=0).history["loss"]
    np.testing.assert_allclose(found, [np.mean((by_hand(model, x) - y) ** 2)], rtol=1e-4)
    np.testing.assert_allclose(model.predict(x, verbose=0), by_hand(model, x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("lengths", [(4, 5), (5, 5), (5,)])
@pytest.mark.parametrize("called_before", [False, True])
def test_a_class_with_one_input_gets_sequences_from_a_list(lengths, called_before):
    """The labels tell, or the first call did."""
    model, x, y = One(), sequences(lengths), numbers(len(lengths), 2)
    if called_before:
        model(numbers(1, 2, 3))
        want = np.concatenate([by_hand(model, one[None]) for one in x])
        np.testing.assert_allclose(model.predict(x, verbose=0), want, rtol=1e-5, atol=1e-6)
    model.compile(cello.optimizers.SGD(0.0), "mse")
    loss = model.evaluate(x, y, verbose=0)
    want = np.concatenate([by_hand(model, one[None]) for one in x])
    assert loss == pytest.approx(np.mean((want - y) ** 2), rel=1e-4)


def test_what_may_be_either_says_how_to_be_explicit():
    with pytest.raises(Exception) as caught:
        One().predict(sequences((5, 5)), verbose=0)
    assert "inputs of the model, one each" in "".join(caught.value.__notes__)
    assert "call the model on one of them first" in "".join(caught.value.__notes__)


# ------------------------------------------------------------------------- class weights

LABELS = RNG.integers(0, 3, (4, 5))
SPARSE = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    "classes, loss, y, labels",
    [
        (3, SPARSE, LABELS, LABELS),
        (3, SPARSE, LABELS[..., None], LABELS),
        (3, SPARSE, list(LABELS), LABELS),
        (3, "categorical_crossentropy", np.eye(3)[LABELS], LABELS),
        (1, "binary_crossentropy", LABELS % 2, LABELS % 2),
        (1, "binary_crossentropy", (LABELS % 2)[..., None], LABELS % 2),
    ],
)
def test_class_weights_are_those_of_each_step(classes, loss, y, labels):
    """As the weighted mean of what the paper's formula gives for each step."""
    factors = {0: 2.0, 1: 0.5, 2: 3.0}
    model, x = classifier(classes, loss), numbers(4, 5, 3)
    given = list(x) if isinstance(y, list) else x
    found = model.train_on_batch(given, y, class_weight=factors)
    shares = np.asarray(model(x), "float64")
    shares = np.concatenate([1 - shares, shares], -1) if classes == 1 else shares
    errors = -np.log(np.take_along_axis(shares, labels[..., None], -1))[..., 0]
    assert found == pytest.approx(np.mean(np.vectorize(factors.get)(labels) * errors), rel=1e-5)


@functools.cache
def classifier(classes, loss):
    activation = "sigmoid" if classes == 1 else "softmax"
    model = Sequential(
        [Input((None, 3)), GRU(4, return_sequences=True), Dense(classes, activation)]
    )
    model.compile(cello.optimizers.SGD(0.0), loss)
    return model


def test_class_weights_are_a_dict():
    for given in ("balanced", [1.0, 2.0]):
        with pytest.raises(ValueError, match=r"class_weight must be a dict.*Received"):
            classifier(3, SPARSE).fit(numbers(4, 5, 3), LABELS, class_weight=given, verbose=0)


def test_class_weights_that_belong_to_no_class_are_refused():
    model = Sequential([Input((5, 3)), GRU(4, return_sequences=True), Dense(1), Reshape((5,))])
    model.compile("sgd", "mse")
    for y in (LABELS % 2, LABELS):  # five labels a row, or one of five classes?
        with pytest.raises(ValueError, match=r"one class for each row or step.*sample_weight"):
            model.fit(numbers(4, 5, 3), y, class_weight={0: 2.0}, verbose=0)
