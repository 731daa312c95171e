"""A callback made of functions."""

from __future__ import annotations

from cello.core.kinds import nearest
from cello.training.callback import Callback

HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class LambdaCallback(Callback):
    """A callback made of functions.

    Args:
        on_epoch_begin, on_epoch_end, on_train_begin, on_train_end, on_train_batch_begin,
            on_train_batch_end: functions with the arguments of the hooks.
        kwargs: functions for further hooks, by name; what does not begin with `on_` is kept as an
            attribute, a method of one's own say.
    """

    def __init__(
        self,
        on_epoch_begin=None,
        on_epoch_end=None,
        on_train_begin=None,
        on_train_end=None,
        on_train_batch_begin=None,
        on_train_batch_end=None,
        **kwargs,
    ):
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for hook, function in given.items():
            if hook.startswith("on_") and hook not in HOOKS:
                hint = nearest(hook, HOOKS) or "."
                raise ValueError(f"LambdaCallback: there is no hook {hook!r}{hint}")
            if function is not None:
                setattr(self, hook, function)
