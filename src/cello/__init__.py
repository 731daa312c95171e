"""Recurrent neural networks: written as in Keras, computed by JAX."""

import sys as _sys

from cello import (
    activations,
    backend,
    callbacks,
    cells,
    config,
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
    preprocessing,
    random,
    regularizers,
    ridge,
    saving,
    tune,
    utils,
    wrappers,
)
from cello.core import kinds
from cello.core.absent import explain_missing as _explain_missing
from cello.core.arguments import arg
from cello.core.dtype_policy import DTypePolicy
from cello.core.layer import Layer
from cello.core.variable import Variable
from cello.core.version import VERSION
from cello.initializers import Initializer
from cello.layers import InputSpec
from cello.layers.input import Input
from cello.losses import Loss
from cello.metrics import Metric
from cello.models import Model, Seq2Seq, Sequential
from cello.optimizers import Optimizer
from cello.regularizers import Regularizer

__version__ = VERSION

__all__ = [
    "DTypePolicy",
    "Initializer",
    "Input",
    "InputSpec",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
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
    "preprocessing",
    "random",
    "regularizers",
    "ridge",
    "saving",
    "tune",
    "utils",
    "wrappers",
]

_explain_missing(_sys.modules[__name__])
