"""Keras' older names of the dtype policies."""

from cello.core.config import dtype_policy, set_dtype_policy
from cello.core.dtype_policy import DTypePolicy
from cello.optimizers import LossScaleOptimizer

Policy = DTypePolicy
global_policy = dtype_policy
set_global_policy = set_dtype_policy

__all__ = [
    "DTypePolicy",
    "LossScaleOptimizer",
    "Policy",
    "dtype_policy",
    "global_policy",
    "set_dtype_policy",
    "set_global_policy",
]
