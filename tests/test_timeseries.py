"""Windows of a series as Keras documents them, and without a copy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cello
from cello.utils import timeseries_dataset_from_array, windows


@given(
    time=st.integers(20, 40),
    length=st.integers(1, 6),
    stride=st.integers(1, 5),
    rate=st.integers(1, 3),
    batch_size=st.sampled_from([3, 8, 128]),
    start=st.sampled_from([None, 2]),
    end=st.sampled_from([None, 19]),
    with_targets=st.booleans(),
)
def test_batches_are_those_that_keras_documents(
    time, length, stride, rate, batch_size, start, end, with_targets
):
    data = np.arange(time * 2.0).reshape(time, 2)
    targets = np.arange(time - 1) * 10 if with_targets else None
    options = {
        "sequence_length": length, "sequence_stride": stride, "sampling_rate": rate,
        "batch_size": batch_size, "start_index": start, "end_index": end,
    }  # fmt: skip
    ours = list(timeseries_dataset_from_array(data, targets, **options))
    theirs = list(documented(data, targets, length, stride, rate, batch_size, start, end))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        for x, y in zip(*((a, b) if with_targets else ([a], [b])), strict=True):
            np.testing.assert_array_equal(x, y)


def documented(data, targets, sequence_length, sequence_stride, sampling_rate, batch_size, start,
               end):  # fmt: skip
    """What Keras' documentation says, window by window."""
    data = data[start:end]
    kept = [[], []]
    for first in range(0, len(data), sequence_stride):
        steps = [first + i * sampling_rate for i in range(sequence_length)]
        if steps[-1] < len(data) and (targets is None or first < len(targets[start:end])):
            kept[0].append([data[step] for step in steps])
            kept[1].append(None if targets is None else targets[start:end][first])
    for i in range(0, len(kept[0]), batch_size):
        x, y = (part[i : i + batch_size] for part in kept)
        yield x if targets is None else (x, y)


def test_windows_take_no_memory():
    series = np.zeros((100_000, 3), np.float32)
    x = windows(series, 1000, stride=2, sampling_rate=3)
    assert x.shape == (48_502, 1000, 3)
    assert np.shares_memory(x, series)
    assert not x.flags.writeable
    i, t = 7, 11
    series[2 * i + 3 * t] = [1, 2, 3]
    np.testing.assert_array_equal(x[i, t], [1, 2, 3])


def test_a_model_trains_on_windows_in_another_order_each_time():
    series = np.sin(np.arange(300) * 0.3).astype("float32")[:, None]
    batches = timeseries_dataset_from_array(
        series[:-1], series[20:], 20, batch_size=32, shuffle=True, seed=1
    )
    assert len(batches) == 9
    first, second = (np.concatenate([x[:, 0, 0] for x, _ in batches]) for _ in range(2))
    assert not np.array_equal(first, second)
    np.testing.assert_array_equal(np.sort(first), np.sort(second))
    for x, y in batches:
        np.testing.assert_allclose(2 * np.cos(0.3) * x[:, -1] - x[:, -2], y, atol=1e-5)
    model = cello.Sequential([cello.layers.GRU(8), cello.layers.Dense(1)])
    model.compile(cello.optimizers.Adam(0.01), "mse")
    loss = model.fit(batches, epochs=6, verbose=0).history["loss"]
    assert loss[-1] < 0.3 * loss[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sequence_length": 0}, "sequence_length must be a positive integer. Received: .*=0"),
        ({"sequence_length": 30}, "need a series of at least 30 steps, and this has the shape"),
        ({"sequence_length": 3, "sequence_stride": 0}, "sequence_stride must be a positive"),
        ({"sequence_length": 3, "batch_size": -1}, "batch_size must be a positive integer"),
        ({"sequence_length": 3, "start_index": 9, "end_index": 4}, "start_index < end_index <= 10"),
        ({"sequence_length": 3, "end_index": 11}, "start_index < end_index <= 10"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        timeseries_dataset_from_array(np.arange(10), None, **options)
    with pytest.raises(IndexError, match="There are 1 batches, and no batch 1"):
        timeseries_dataset_from_array(np.arange(10), None, 3)[1]
