"""Weights of fewer bits: int8, bfloat16, float16."""
