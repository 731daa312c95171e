"""Weekly carbon dioxide in the air at Mauna Loa, Hawaii, 1958 to 2001."""

from __future__ import annotations

from importlib import resources

import numpy as np


def load_data(fill=None):
    """The weekly atmospheric CO2 record of Mauna Loa Observatory, Hawaii.

    Each value is the air's mole fraction of CO2 in a week, in parts per million (ppm).

    Args:
        fill: `None` leaves the weeks without a measurement as NaN. `"linear"` puts the straight
            line in time between the measurements on either side of a gap.

    Returns:
        `(dates, ppm)`, two arrays of shape `(2284,)`: `dates` is `datetime64[D]`, one Saturday
        after another from 1958-03-29 to 2001-12-29; `ppm` is `float32`, NaN in the 59 weeks without
        a measurement.

    Raises:
        ValueError: for another `fill`.

    Source: Keeling and Whorf, 2004; public domain. See this folder's README.md.
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
