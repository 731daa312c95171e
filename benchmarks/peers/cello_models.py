"""Cello through its public `fit` and `predict`."""

import cello
from cello import native
from peers import models


def prepare(row):
    run = models.prepare(cello, row)
    engine = next(layer.engine for layer in run.model.layers if hasattr(layer, "engine"))
    run.note = f"engine {engine}, " + (engine.reason or f"instruction set {native.isa()}")
    return run
