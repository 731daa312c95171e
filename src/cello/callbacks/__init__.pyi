"""Written by tools/stubs.py: change the declarations, then `make stubs`."""

# mypy: disable-error-code="overload-overlap, overload-cannot-match, misc"
# pyright: basic


from cello.training.callback import Callback as Callback
from cello.training.callback import CallbackList as CallbackList
from cello.callbacks.monitor import Monitor as Monitor
from cello.training.backup import BackupAndRestore as BackupAndRestore
from cello.callbacks.csv_logger import CSVLogger as CSVLogger
from cello.callbacks.stopping import EarlyStopping as EarlyStopping
from cello.training.history import History as History
from cello.callbacks.lambda_callback import LambdaCallback as LambdaCallback
from cello.callbacks.checkpoint import ModelCheckpoint as ModelCheckpoint
from cello.callbacks.loggers import ProgbarLogger as ProgbarLogger
from cello.callbacks.recurrent_health import RecurrentHealth as RecurrentHealth
from cello.callbacks.loggers import RemoteMonitor as RemoteMonitor
from cello.callbacks.swap_ema_weights import SwapEMAWeights as SwapEMAWeights
from cello.callbacks.tensorboard import TensorBoard as TensorBoard
from cello.callbacks.stopping import TerminateOnNaN as TerminateOnNaN
from cello.callbacks.learning_rate import LearningRateScheduler as LearningRateScheduler
from cello.callbacks.learning_rate import ReduceLROnPlateau as ReduceLROnPlateau

__all__ = [
    "BackupAndRestore", "CSVLogger", "Callback", "CallbackList", "EarlyStopping", "History",
    "LambdaCallback", "LearningRateScheduler", "ModelCheckpoint", "Monitor", "ProgbarLogger",
    "RecurrentHealth", "ReduceLROnPlateau", "RemoteMonitor", "SwapEMAWeights", "TensorBoard",
    "TerminateOnNaN",
]
