"""Settings of the whole library, under Keras' names."""

from cello.core.config import dtype_policy, engine, floatx, set_dtype_policy, set_floatx

__all__ = ["dtype_policy", "engine", "floatx", "set_dtype_policy", "set_floatx"]
