"""Weekly carbon dioxide in the air at Mauna Loa, Hawaii, 1958 to 2001."""

from __future__ import annotations

from importlib import resources

import numpy as np


def load_data(fill=None):
    """The weekly atmospheric CO2 record of Mauna Loa Observatory, Hawaii.

    Each value is the mean of one week's measurements of the air's mole fraction of CO2, in parts
    per million (ppm, micromoles a mole). The record rises by 1.3 ppm a year on average, and within
    each year it swings by some 6 ppm, with its peak in May and its low in September or October.

    Args:
        fill: `None` leaves the weeks without a measurement as NaN. `"linear"` puts the straight
            line in time between the measurements on either side of a gap.

    Returns:
        `(dates, ppm)`, two arrays of shape `(2284,)`: `dates` is `datetime64[D]`, one Saturday
        after another from 1958-03-29 to 2001-12-29 without omission; `ppm` is `float32`. 59 weeks
        have no measurement; the longest gap is the 12 weeks from 1964-02-15 to 1964-05-23 but for
        none. The first and the last week were measured, so that a filled record has no NaN.

    Source: Keeling, C.D. and T.P. Whorf, Scripps Institution of Oceanography, "Atmospheric CO2
    concentrations from continuous air samples at Mauna Loa Observatory", September 2004, given out
    by the Carbon Dioxide Information Analysis Center, Oak Ridge National Laboratory. The copy is
    that of the statsmodels project, which states it to be in the public domain. The values are on
    the 1999 calibration scale; later releases of the record differ from it slightly.
    """
    if fill not in (None, "linear"):
        raise ValueError(f'fill={fill!r}: expected "linear" or None.')
    text = resources.files("cello.datasets").joinpath("co2.csv").read_text(encoding="utf-8")
    rows = [line.split(",") for line in text.splitlines() if not line.startswith("#")]
    dates = np.array([date for date, _ in rows[1:]], dtype="datetime64[D]")
    ppm = np.array([value or "nan" for _, value in rows[1:]], dtype="float32")
    if fill == "linear":
        missing = np.isnan(ppm)
        days = dates.astype("float64")
        ppm[missing] = np.interp(days[missing], days[~missing], ppm[~missing])
    return dates, ppm
