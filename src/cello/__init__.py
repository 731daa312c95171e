"""Recurrent neural networks: written as in Keras, computed by JAX."""

from cello import (
    activations,
    backend,
    callbacks,
    cells,
    constraints,
    datasets,
    distribution,
    generation,
    initializers,
    layers,
    losses,
    metrics,
    mixed_precision,
    models,
    ops,
    optimizers,
    plotting,
    random,
    regularizers,
    ridge,
    saving,
    tune,
    utils,
)
from cello.core import config, kinds
from cello.core.arguments import arg
from cello.core.dtype_policy import DTypePolicy
from cello.core.layer import Layer
from cello.core.variable import Variable
from cello.core.version import VERSION
from cello.layers.input import Input
from cello.models import Model, Seq2Seq, Sequential

__version__ = VERSION

__all__ = [
    "DTypePolicy",
    "Input",
    "Layer",
    "Model",
    "Seq2Seq",
    "Sequential",
    "Variable",
    "activations",
    "arg",
    "backend",
    "callbacks",
    "cells",
    "config",
    "constraints",
    "datasets",
    "distribution",
    "generation",
    "initializers",
    "kinds",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "plotting",
    "random",
    "regularizers",
    "ridge",
    "saving",
    "tune",
    "utils",
]
