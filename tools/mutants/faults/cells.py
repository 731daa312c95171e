"""Faults in cells, their frame and the recurrences on arrays."""

FAULTS: list[tuple] = []
