"""What to do about JAX's own errors, for who writes layers without knowing JAX."""

from __future__ import annotations

import jax

_LENGTHS = (
    " A size that is None is not known yet, and Python cannot count up to it: give Input "
    "the number, or let RNN with a cell of your own, cello.ops.recurrence or cello.ops.scan repeat "
    "a step."
)
_TRUTH = (
    " Python's if, while, and, or cannot ask a tensor of which only the form is known: choose with "
    "cello.ops.where, or cello.ops.cond."
)
_NUMBERS = (
    " float(), int(), .item() and functions of NumPy cannot take a tensor of which only the form "
    "is known: use those of cello.ops or jax.numpy."
)


def advice_on(error: BaseException) -> str:
    """What to write instead; nothing if the error tells enough."""
    if isinstance(error, jax.errors.TracerBoolConversionError):
        return _TRUTH
    if isinstance(
        error,
        (
            jax.errors.ConcretizationTypeError,
            jax.errors.TracerArrayConversionError,
            jax.errors.TracerIntegerConversionError,
        ),
    ):
        return _NUMBERS
    if "_DimExpr" in str(error) or type(error).__name__ == "InconclusiveDimensionOperation":
        return _LENGTHS
    return ""


def drop_frames_note(error: BaseException) -> None:
    """Take JAX's remark that it has shortened the traceback away: it hides what helps."""
    notes = getattr(error, "__notes__", [])
    notes[:] = [note for note in notes if "JAX has removed its internal frames" not in note]
