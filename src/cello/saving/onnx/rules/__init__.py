"""A rule for each primitive of JAX: what its nodes are."""

from cello.saving.onnx.rules import elements, lookups, loops, recurrent, shapes, sums

__all__ = ["elements", "lookups", "loops", "recurrent", "shapes", "sums"]
