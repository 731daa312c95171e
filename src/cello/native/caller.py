"""`Caller`: a call of a session without Python in between, if the native library has it."""

import importlib.util
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or importlib.util.find_spec("cello.native._runner") is None:

    class Caller:
        """Called, it asks `self.call`; in the native library `self.runner` before."""

        runner: Any

        def __call__(self, chunk):
            return self.call(chunk)

        def call(self, chunk):
            raise NotImplementedError

else:
    from cello.native._runner import Caller  # noqa: F401
