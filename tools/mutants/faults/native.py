"""Faults in the kernels."""

FAULTS: list[tuple] = []
