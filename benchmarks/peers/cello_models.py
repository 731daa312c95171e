"""Cello through its public `fit` and `predict`."""

import cello
from peers import models


def prepare(row):
    run = models.prepare(cello, row)
    layer = next(one for one in run.model.layers if hasattr(one, "units") or "Bi" in str(one))
    run.note = f"engine: {getattr(layer, 'engine', 'scan')}"
    return run
