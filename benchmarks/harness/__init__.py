"""Rows, rounds, the machine's limits, and what is made of the results."""
