"""Callbacks that tell others how the training goes, and those of functions."""

import http.server
import json
import threading
import urllib.parse

import numpy as np
import pytest

import cello
from cello import callbacks

COMPILATIONS = 12


def fit(*used):
    model = cello.Sequential([cello.Input((2,)), cello.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model.fit(np.ones((4, 2)), np.ones((4, 1)), epochs=2, verbose=0, callbacks=list(used))


@pytest.fixture
def server():
    """An HTTP server that keeps what it is sent."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.server.got.append((self.path, dict(self.headers), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as found:
        found.got = []
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield found
        found.shutdown()


@pytest.mark.parametrize("as_json", [True, False])
def test_a_remote_monitor_sends_the_logs(server, as_json):
    root = f"http://127.0.0.1:{server.server_port}"
    history = fit(
        callbacks.RemoteMonitor(root, "/logs", "d", {"X-Run": "7"}, send_as_json=as_json)
    ).history
    assert [path for path, _, _ in server.got] == ["/logs", "/logs"]
    for epoch, (_, headers, body) in enumerate(server.got):
        text = body if as_json else urllib.parse.parse_qs(body)["d"][0]
        assert json.loads(text) == {"epoch": epoch, "loss": pytest.approx(history["loss"][epoch])}
        assert headers["X-Run"] == "7"
        assert (headers["Content-Type"] == "application/json") == as_json


def test_a_server_that_is_not_there_ends_no_training():
    with pytest.warns(UserWarning, match="RemoteMonitor could not reach http://127.0.0.1:9"):
        fit(callbacks.RemoteMonitor("http://127.0.0.1:9"))


def test_the_logger_of_the_progress_adds_nothing(capsys):
    fit(callbacks.ProgbarLogger())
    assert capsys.readouterr().out == ""


def test_a_callback_of_functions_keeps_what_is_no_hook():
    told = []
    callback = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: callback.note(epoch), note=told.append
    )
    fit(callback)
    assert told == [0, 1]
    with pytest.raises(ValueError, match=r"no hook .* Did you mean .on_epoch_end."):
        callbacks.LambdaCallback(on_epoch_ende=print)
