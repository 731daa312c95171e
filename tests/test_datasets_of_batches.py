"""`PyDataset`, what `timeseries_dataset_from_array` can do, `split_dataset`, the wrapped models."""

import threading

import jax
import keras
import numpy as np
import pytest

import cello
from cello import layers
from cello.training.dataset import Dataset

COMPILATIONS = 45

X = np.random.default_rng(0).normal(size=(22, 3)).astype("float32")
Y = X @ np.array([[1.0], [2.0], [3.0]], "float32")


class Batches:
    """In both libraries."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.told, self.asked, self.threads = [], [], set()

    def __len__(self):
        return 6

    def __getitem__(self, i):
        self.asked.append(i)
        self.threads.add(threading.get_ident())
        return X[i * 4 : i * 4 + 4], Y[i * 4 : i * 4 + 4]

    def on_epoch_end(self):
        self.told.append(len(self.asked))


def batches(k, **kwargs):
    return type("Batches", (Batches, k.utils.PyDataset), {})(**kwargs)


def model(k):
    made = k.Sequential([k.Input((3,)), k.layers.Dense(1, kernel_initializer="ones")])
    made.compile(k.optimizers.SGD(0.05), "mse")
    return made


def test_a_py_dataset_trains_as_in_keras():
    theirs, ours = model(keras), model(cello)
    for each, k in ((theirs, keras), (ours, cello)):
        each.fit(batches(k), epochs=3, shuffle=False, verbose=0, validation_data=batches(k))
    for a, b in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    for name, values in theirs.history.history.items():
        np.testing.assert_allclose(ours.history.history[name], values, rtol=1e-5)
    evaluated = [m.evaluate(batches(k), verbose=0) for m, k in ((theirs, keras), (ours, cello))]
    np.testing.assert_allclose(*evaluated, rtol=1e-5)
    np.testing.assert_allclose(ours.predict(batches(cello), verbose=0), ours(X), atol=1e-6)
    assert cello.utils.Sequence is cello.utils.PyDataset


def test_a_py_dataset_hears_of_its_passes_and_is_shuffled():
    dataset = batches(cello)
    model(cello).fit(dataset, epochs=3, verbose=0)
    assert dataset.told == [6, 12, 18]
    passes = [dataset.asked[i : i + 6] for i in (0, 6, 12)]
    assert all(sorted(each) == list(range(6)) for each in passes)
    assert len(set(map(tuple, passes))) > 1
    still = batches(cello)
    model(cello).fit(still, epochs=2, shuffle=False, verbose=0)
    assert still.asked == [*range(6)] * 2


def test_threads_make_the_batches_of_a_py_dataset():
    dataset = batches(cello, workers=3, use_multiprocessing=True, max_queue_size=2)
    ours, alone = model(cello), model(cello)
    ours.fit(dataset, epochs=2, shuffle=False, verbose=0)
    alone.fit(batches(cello), epochs=2, shuffle=False, verbose=0)
    assert threading.get_ident() not in dataset.threads and sorted(dataset.asked) == sorted(
        [*range(6)] * 2
    )
    np.testing.assert_array_equal(ours.get_weights()[0], alone.get_weights()[0])


def test_a_py_dataset_without_an_end_goes_on_in_training_and_starts_anew_in_validation():
    def fit(k):
        class Endless(k.utils.PyDataset):
            num_batches = None

            def __getitem__(self, i):
                return X[:4] * i, Y[:4]

        how = {"steps_per_epoch": 3, "validation_steps": 2, "shuffle": False, "verbose": 0}
        return model(k).fit(Endless(), epochs=2, validation_data=Endless(), **how).history

    theirs, ours = fit(keras), fit(cello)
    for name in ("loss", "val_loss"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-5)


def test_a_py_dataset_says_what_it_lacks():
    class Empty(cello.utils.PyDataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty needs a __len__"):
        model(cello).fit(Empty(), verbose=0)
    Empty.__len__ = lambda self: 1
    with pytest.raises(NotImplementedError, match=r"Empty needs a __getitem__"):
        model(cello).fit(Empty(), verbose=0)


def numbers(n=7):
    return Dataset(lambda: iter([np.array(i) for i in range(n)]), n)


@pytest.mark.parametrize(
    "chain, want",
    [
        (lambda d: d.take(3), [0, 1, 2]),
        (lambda d: d.take(-1), [*range(7)]),
        (lambda d: d.skip(5), [5, 6]),
        (lambda d: d.map(lambda v: v * 2).take(2), [0, 2]),
        (lambda d: d.batch(3), [[0, 1, 2], [3, 4, 5], [6]]),
        (lambda d: d.batch(3, drop_remainder=True), [[0, 1, 2], [3, 4, 5]]),
        (lambda d: d.batch(3).unbatch(), [*range(7)]),
        (lambda d: d.take(2).repeat(2), [0, 1, 0, 1]),
        (lambda d: d.take(2).cache().prefetch(4), [0, 1]),
    ],
)
def test_a_dataset_does_what_one_of_tensorflow_does(chain, want):
    made = chain(numbers())
    for _ in range(2):
        assert [np.asarray(v).tolist() for v in made] == want
    assert len(made) == len(want)


def test_a_shuffled_dataset():
    found = [[int(v) for v in numbers().shuffle(3, seed=1)] for _ in range(2)]
    assert found[0] == found[1] != list(range(7)) and sorted(found[0]) == list(range(7))
    assert all(v < i + 3 for i, v in enumerate(found[0]))  # of a buffer of three
    once = numbers(50).shuffle(50, seed=1)
    assert [int(v) for v in once] != [int(v) for v in once]
    fixed = numbers(50).shuffle(50, seed=1, reshuffle_each_iteration=False)
    assert [int(v) for v in fixed] == [int(v) for v in fixed]


def test_windows_are_mapped_cut_and_trained_on():
    series = np.arange(40.0, dtype="float32")[:, None]
    made = cello.utils.timeseries_dataset_from_array(series, series[4:], 4, batch_size=8)
    halved = made.map(lambda x, y: (x / 2, y / 2)).take(3).cache().prefetch(1)
    first = next(iter(made))
    np.testing.assert_array_equal(next(iter(halved))[0], first[0] / 2)
    single = cello.utils.timeseries_dataset_from_array(series, series[4:], 4, batch_size=None)
    np.testing.assert_array_equal(next(iter(single.batch(8)))[1], first[1])
    each = cello.Sequential([cello.Input((4, 1)), layers.Flatten(), layers.Dense(1)])
    each.compile("sgd", "mse")
    each.fit(halved, epochs=2, verbose=0)
    assert each.predict(halved.map(lambda x, y: x), verbose=0).shape == (24, 1)


def test_split_dataset():
    for data in (X, (X, Y), {"a": X, "b": Y}):
        left, right = cello.utils.split_dataset(data, left_size=0.75)
        assert (len(left), len(right)) == (16, 6)
        rows = [jax.tree.leaves(v)[0] for v in [*left, *right]]
        np.testing.assert_array_equal(np.stack(rows), X)
    drawn = [cello.utils.split_dataset((X, Y), 10, 5, shuffle=True, seed=3) for _ in range(2)]
    np.testing.assert_array_equal(*(next(iter(left))[0] for left, _ in drawn))
    assert [len([*part]) for part in drawn[0]] == [10, 5]
    ((x, y),) = [next(iter(drawn[0][1].batch(5)))]
    np.testing.assert_allclose(y, x @ np.array([[1.0], [2.0], [3.0]]), rtol=1e-5)
    assert len(cello.utils.split_dataset(cello.utils.split_dataset(X, 10)[0], right_size=3)[0]) == 7
    for sizes, words in (((), "needs left_size"), ((20, 20), "cannot be split"), ((1.5,), "share")):
        with pytest.raises(ValueError, match=words):
            cello.utils.split_dataset(X, *sizes)


def test_the_older_generator_of_windows():
    sequence = pytest.importorskip("keras.src.legacy.preprocessing.sequence")
    data = np.arange(30.0)[:, None]
    part = {"start_index": 4, "end_index": 20}
    for options in ({}, {"sampling_rate": 2}, {"stride": 3, "reverse": True}, part):
        arguments = {"length": 6, "batch_size": 4, **options}
        theirs = sequence.TimeseriesGenerator(data, data, **arguments)
        ours = cello.preprocessing.sequence.TimeseriesGenerator(data, data, **arguments)
        assert len(ours) == len(theirs)
        for i in range(len(ours)):
            for a, b in zip(ours[i], theirs[i], strict=True):
                np.testing.assert_array_equal(a, b)
    drawn = cello.preprocessing.sequence.TimeseriesGenerator(data, data, 6, shuffle=True)
    x, y = drawn[0]
    np.testing.assert_array_equal(x[:, -1] + 1, y)
    with pytest.raises(ValueError, match="no window of 40 steps"):
        cello.preprocessing.sequence.TimeseriesGenerator(data, data, 40)
