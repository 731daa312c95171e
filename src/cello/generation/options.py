"""The options of `generate`, each declared once."""

from __future__ import annotations

from typing import Any

from cello.core.arguments import arg
from cello.core.kinds import (
    Integer,
    Number,
    boolean,
    integer,
    nearest,
    number,
    optional,
    positive_integer,
)
from cello.core.serialization import Configurable

METHODS = ("greedy", "sample", "beam")


def _method(value):
    if value not in METHODS:
        raise ValueError(f'"greedy", "sample" or "beam"{nearest(str(value), METHODS)}')
    return value


def _length(value: Integer):
    if value is None:
        raise ValueError(
            "given, since a row that never gives the end token would run for ever: pass "
            "max_length=100, say"
        )
    return positive_integer(value)


def _above_zero(value: Number):
    if not number(value) > 0:
        raise ValueError('a number above 0 (method="greedy" is the limit towards 0)')
    return value


def _share(value: Number):
    if not 0 < number(value) <= 1:
        raise ValueError("a number above 0 and up to 1")
    return value


def _not_negative(value: Number):
    if not number(value) >= 0:
        raise ValueError("a number that is not negative")
    return value


class GenerationOptions(Configurable):
    """How `Model.generate` and `Seq2Seq.generate` write tokens.

    Each row is written until its `end_token`, which is part of it, or for `max_length` tokens.

    *Greedy* search takes the likeliest token at each step. *Sampling* draws from the probabilities
    `softmax(log p / temperature)`: from the `top_k` likeliest, and of these from the fewest that
    together reach `top_p`. *Beam* search goes on with the `beam_width` likeliest beginnings of each
    row, so that with a width of 1 it is greedy search. Those that have ended keep their place as
    long as their score is among the best. The score is `log p / ((5 + length) / 6) **
    length_penalty`, with the length in tokens, the end token included; `log p` is the sum of the
    model's own log-probabilities of the tokens, for all methods.

    Sources: Holtzman et al. 2020 (`top_p`); Wu et al. 2016 (`length_penalty`).
    """

    max_length = arg(None, kind=_length, doc="The most tokens to write.")
    end_token = arg(None, kind=optional(integer), doc="The token that ends a row.")
    method = arg("greedy", kind=_method, doc='"greedy", "sample" or "beam".')
    temperature = arg(1.0, kind=_above_zero, doc="Below 1: more of the likely; above: of the rest.")
    top_k = arg(None, kind=optional(positive_integer), doc="Tokens to draw from; all if `None`.")
    top_p = arg(None, kind=optional(_share), doc="Probability to draw from; all if `None`.")
    beam_width = arg(4, kind=positive_integer, doc="Beginnings of each row that a beam keeps.")
    length_penalty = arg(0.0, kind=_not_negative, doc="Above 0: longer ones score better.")
    pad_token = arg(0, kind=integer, doc="What follows the end token in the result.")
    seed = arg(
        None, kind=optional(integer), doc="Start of the random numbers; from `set_random_seed` if "
        "`None`.",
    )  # fmt: skip
    from_logits = arg(
        None, kind=optional(boolean), doc="Whether the model gives logits, not probabilities; by "
        "the last layer's activation, or the loss, if `None`.",
    )  # fmt: skip
    return_scores = arg(False, kind=boolean, doc="Whether to return `(tokens, scores)`.")
    return_beams = arg(
        False, kind=boolean, doc="Whether to return `(tokens (batch, beam_width, max_length), "
        "scores (batch, beam_width))`, the best first.",
    )  # fmt: skip

    def _store(self, values: dict[str, Any]) -> None:
        super()._store(values)
        self._only_for("sample", "temperature", "top_k", "top_p", "seed")
        self._only_for("beam", "length_penalty", "return_beams")
        if self.method == "beam" and self.end_token is None:
            raise ValueError(
                'GenerationOptions: method="beam" compares hypotheses that end: pass the token '
                "that ends them, end_token=1, say."
            )

    def _only_for(self, method: str, *names: str) -> None:
        """Refuse options that would do nothing."""
        for name in names:
            default = type(self).declared[name].default
            if self.method != method and getattr(self, name) != default:
                raise ValueError(
                    f"GenerationOptions: {name} is for method={method!r} and would do nothing with "
                    f"method={self.method!r}."
                )

    @property
    def width(self) -> int:
        """Hypotheses of a row."""
        return self.beam_width if self.method == "beam" else 1
