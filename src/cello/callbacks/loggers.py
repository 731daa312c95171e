"""Callbacks that tell others how the training goes."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
import warnings
from typing import Any

import numpy as np

from cello.training.callback import Callback


class ProgbarLogger(Callback):
    """Keras' name for the progress that `fit`, `evaluate` and `predict` show by themselves.

    It adds nothing to what `verbose=` says.
    """


class RemoteMonitor(Callback):
    """Sends the logs of each epoch to a server, as JSON.

    Args:
        root: the address of the server.
        path: the path there that takes a POST.
        field: the field of the form in which the JSON stands.
        headers: headers of the request, by name.
        send_as_json: whether the request is the JSON, and not a form with it.
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: dict[str, str] | None = None,
        send_as_json: bool = False,
    ):
        super().__init__()
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers or {}, send_as_json

    def on_epoch_end(self, epoch, logs=None):
        values: dict[str, Any] = {"epoch": epoch}
        values.update((name, np.asarray(value).tolist()) for name, value in (logs or {}).items())
        text = json.dumps(values)
        headers = dict(self.headers)
        if self.send_as_json:
            headers["Content-Type"] = "application/json"
            data = text.encode()
        else:
            data = urllib.parse.urlencode({self.field: text}).encode()
        request = urllib.request.Request(self.root + self.path, data, headers)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except (urllib.error.URLError, OSError) as error:
            warnings.warn(f"RemoteMonitor could not reach {self.root}: {error}.", stacklevel=2)
