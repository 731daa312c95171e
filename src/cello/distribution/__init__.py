"""Training over several devices and processes; docs/scaling.md says how and what for."""

from cello.distribution.processes import initialize, is_first
from cello.distribution.scopes import data_parallel, model_parallel

__all__ = ["data_parallel", "initialize", "is_first", "model_parallel"]
