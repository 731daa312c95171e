"""Arguments that several losses and metrics have."""

from __future__ import annotations

from cello.core.arguments import arg
from cello.core.kinds import boolean, fraction, integer


def logits():
    return arg(False, kind=boolean, doc="Whether `y_pred` are logits, not probabilities.")


def smoothing(default=0.0):
    return arg(default, kind=fraction, doc="How far labels are drawn towards equal ones.")


def axis():
    return arg(-1, kind=integer, doc="The axis of the classes.")


def along():
    return arg(-1, kind=integer, doc="The axis along which targets and outputs are compared.")
