"""The process in which one peer lives, and the other end of it.

The parent asks one thing at a time and waits for the answer, so that while one peer is measured all
others are blocked on their pipes.
"""

from __future__ import annotations

import importlib
import multiprocessing
import os
import sys
import time
import traceback
from importlib import metadata

from peers import Peer, Unavailable

START_SECONDS, PREPARE_SECONDS, RUN_SECONDS = 180, 400, 120


class Failure(Exception):
    """A peer's own error, or its silence; the message is the reason."""


class Worker:
    """A peer in its process.

    Args:
        peer: whom.
        log: path of the file for what the peer prints.
    """

    def __init__(self, peer: Peer, log):
        self.peer = peer
        self.log = str(log)
        self.process = None
        self.versions: dict[str, str] = {}

    def start(self) -> None:
        """Begin to import the peer; `wait_until_ready` says how that ended."""
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        arguments = theirs, self.peer, self.log
        self.process = context.Process(target=serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()

    def wait_until_ready(self) -> None:
        """Raise `Failure`, or `Unavailable` where a package is missing."""
        self.versions = self._answer(START_SECONDS)

    def prepare(self, key, row) -> str:
        """Let the peer prepare `row` and run it once; its note."""
        if self.process is None:
            self.start()
            self.wait_until_ready()
        self.connection.send(("prepare", key, row))
        return self._answer(PREPARE_SECONDS)

    def seconds(self, key) -> float:
        """How long one run of what was prepared takes."""
        self.connection.send(("seconds", key))
        return self._answer(RUN_SECONDS)

    def forget(self) -> None:
        """Let go of all that was prepared."""
        if self.process is not None:
            self.connection.send(("forget",))
            self._answer(RUN_SECONDS)

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()
            self.connection.close()
            self.process = None

    def _answer(self, limit):
        try:
            if not self.connection.poll(limit):
                self.stop()
                raise Failure(f"no answer within {limit} s; its process was ended")
            kind, value = self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
            code = self.process.exitcode
            self.stop()
            raise Failure(f"its process ended with exit code {code}; see {self.log}") from None
        if kind == "unavailable":
            raise Unavailable(value)
        if kind == "failed":
            raise Failure(value)
        return value


def start_workers(peers: list[Peer], log, say=print) -> list[Worker]:
    """Those of `peers` that can run, ready; `say` is told of the others, why not."""
    workers = [Worker(peer, log) for peer in peers]
    for worker in workers:
        worker.start()
    ready = []
    for worker in workers:
        try:
            worker.wait_until_ready()
            ready.append(worker)
        except (Unavailable, Failure) as error:
            worker.stop()
            say(f"{worker.peer.title} does not take part: {error}")
    return ready


def serve(connection, peer: Peer, log: str) -> None:
    """The loop of the peer's process."""
    with open(log, "a") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    os.environ.update(peer.environment)
    prepared: dict = {}
    module = None

    def do(what, *arguments):
        nonlocal module
        if what == "import":
            module = importlib.import_module(peer.module)
            return versions(peer.packages)
        if what == "prepare":
            key, row = arguments
            run = prepared[key] = module.prepare(row)
            run()
            return getattr(run, "note", "")
        if what == "seconds":
            return seconds(prepared[arguments[0]])
        prepared.clear()
        return None

    request = ("import",)
    while request is not None:
        try:
            answer = "done", do(*request)
        except Unavailable as reason:
            answer = "unavailable", str(reason)
        except ModuleNotFoundError as error:
            answer = "unavailable", f"{error.name} is not installed"
        except Exception as error:
            traceback.print_exc()
            answer = "failed", f"{type(error).__name__}: {error}"
        connection.send(answer)
        try:
            request = connection.recv()
        except EOFError:
            request = None


def seconds(run) -> float:
    """Of one run; short runs have one before, to wake threads and caches."""
    for _ in range(2):
        began = time.perf_counter()
        run()
        took = time.perf_counter() - began
        if took > 0.1:
            break
    return took


def versions(packages) -> dict[str, str]:
    found = {}
    for name in packages:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
