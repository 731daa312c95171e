"""What training calls at its milestones, under Keras' names."""

from __future__ import annotations

from cello.callbacks.checkpoint import ModelCheckpoint
from cello.callbacks.csv_logger import CSVLogger
from cello.callbacks.lambda_callback import LambdaCallback
from cello.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
from cello.callbacks.loggers import ProgbarLogger, RemoteMonitor
from cello.callbacks.monitor import Monitor
from cello.callbacks.recurrent_health import RecurrentHealth
from cello.callbacks.stopping import EarlyStopping, TerminateOnNaN
from cello.callbacks.swap_ema_weights import SwapEMAWeights
from cello.callbacks.tensorboard import TensorBoard
from cello.core.exports import public as _public
from cello.training.backup import BackupAndRestore
from cello.training.callback import Callback, CallbackList
from cello.training.history import History

__all__ = _public(globals())
