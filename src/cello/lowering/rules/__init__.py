"""How each primitive of JAX is lowered."""

from cello.lowering.rules import elements, lookups, loops, narrow, shapes, sums

__all__ = ["elements", "lookups", "loops", "narrow", "shapes", "sums"]
