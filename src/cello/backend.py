"""What of `keras.backend` a recurrent notebook uses."""

from cello.core.config import floatx, set_floatx
from cello.utils import clear_session

__all__ = ["clear_session", "floatx", "set_floatx"]
