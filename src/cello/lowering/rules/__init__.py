"""How each primitive of JAX is lowered."""

from cello.lowering.rules import elements, lookups, loops, shapes, sums

__all__ = ["elements", "lookups", "loops", "shapes", "sums"]
