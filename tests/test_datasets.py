"""The data sets that come with the library."""

import numpy as np
import pytest

import cello

COMPILATIONS = 10


def test_co2_is_the_record_that_statsmodels_carries():
    statsmodels = pytest.importorskip("statsmodels.datasets.co2")
    table = statsmodels.load_pandas().data["co2"]
    dates, ppm = cello.datasets.co2.load_data()
    np.testing.assert_array_equal(dates, table.index.values.astype("datetime64[D]"))
    np.testing.assert_array_equal(ppm, table.to_numpy("float32"))


def test_co2_is_weekly_with_its_gaps():
    dates, ppm = cello.datasets.co2.load_data()
    assert (np.diff(dates) == np.timedelta64(7, "D")).all()
    assert (str(dates[0]), str(dates[-1]), len(dates)) == ("1958-03-29", "2001-12-29", 2284)
    assert ppm.dtype == np.float32 and np.isnan(ppm).sum() == 59


def test_filled_weeks_lie_on_the_line_between_their_neighbours():
    _, ppm = cello.datasets.co2.load_data()
    _, filled = cello.datasets.co2.load_data(fill="linear")
    missing = np.isnan(ppm)
    np.testing.assert_array_equal(filled[~missing], ppm[~missing])
    inner = np.flatnonzero(missing)
    bend = filled[inner - 1] - 2 * filled[inner] + filled[inner + 1]
    both_missing = missing[inner - 1] & missing[inner + 1]
    np.testing.assert_allclose(bend[both_missing], 0, atol=1e-3)
    alone = ~missing[inner - 1] & ~missing[inner + 1]
    np.testing.assert_allclose(bend[alone], 0, atol=1e-3)


def test_another_fill_is_refused():
    with pytest.raises(ValueError, match=r"fill='spline': expected \"linear\" or None"):
        cello.datasets.co2.load_data(fill="spline")


def test_japanese_vowels_are_as_their_authors_describe_them():
    train, test = cello.datasets.japanese_vowels.load_data()
    for (x, y), rows in ((train, 270), (test, 370)):
        assert len(x) == len(y) == rows
        assert {s.shape[1] for s in x} == {12} and x[0].dtype == np.float32
        assert min(map(len, x)) == 7 and set(y) == set(range(9))
    assert max(map(len, test[0])) == 29
    np.testing.assert_array_equal(np.bincount(train[1]), 30)
    np.testing.assert_array_equal(np.bincount(test[1]), [31, 35, 88, 44, 29, 24, 40, 50, 29])
    first = [1.860936, -0.207383]  # of the first utterance, as published
    np.testing.assert_allclose(train[0][0][0, :2], first, rtol=1e-6)
