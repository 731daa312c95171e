"""Models that run over sequences as they come; start with `Model.stream`."""

from cello.streaming.session import Session

__all__ = ["Session"]
