"""Start a program in several processes that train together.

    python -m cello.launch --processes 2 train.py arguments...

starts them on this machine, shows what process 0 prints and, behind their numbers, the errors of
the others. Where one dies the others are ended, and a message says which it was. Within Slurm,
Kubernetes or mpirun, which have started the processes themselves,

    srun python -m cello.launch train.py arguments...

makes each of them one of the job.
"""

from __future__ import annotations

import argparse
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from cello.distribution import processes

SECONDS_TO_END = 5.0
"""How long a process that was told to end may take before it is killed."""
POLL_SECONDS = 0.05


def main(arguments: list[str] | None = None) -> int:
    """Run `python -m cello.launch`; the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m cello.launch", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--processes", type=int, help="how many to start on this machine")
    parser.add_argument(
        "--devices-per-process", type=int, default=1, help="devices of each; 1 if not given"
    )
    parser.add_argument("--cluster", help="mpi4py, for an MPI other than Open MPI")
    parser.add_argument(
        "--verbose", action="store_true", help="show what the others than process 0 print, too"
    )
    parser.add_argument("program", help="the Python file")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="those of the program")
    options = parser.parse_args(arguments)
    if not Path(options.program).is_file():
        parser.error(f"there is no file {options.program}")
    if options.processes is None:
        _become(options)
        return 0
    if options.processes < 1 or options.devices_per_process < 1:
        parser.error("--processes and --devices-per-process must be at least 1")
    return _Job(options).run()


# ------------------------------------------------------------------------------- one process


def _become(options) -> None:
    """Run the program in this process, as one of those that train together."""
    if processes.INDEX in os.environ:
        threading.Thread(target=_end_with_launcher, daemon=True).start()
    processes.initialize(cluster_detection_method=options.cluster)
    if not (processes.is_first() or options.verbose):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # libraries print there, too
    sys.argv = [options.program, *options.arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(options.program))
    try:
        runpy.run_path(options.program, run_name="__main__")
    except SystemExit as error:
        if error.code not in (None, 0):  # the exit in good order would wait for the others
            if isinstance(error.code, str):
                print(error.code, file=sys.stderr)
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(error.code if isinstance(error.code, int) else 1)


def _end_with_launcher() -> None:
    """The launcher holds the other end of this pipe and never writes."""
    os.read(0, 1)
    os._exit(1)


# ------------------------------------------------------------------------------ the launcher


class _Job:
    """The processes of this machine, started together and ended together."""

    def __init__(self, options):
        self.options = options
        self.children: list[subprocess.Popen] = []
        self.readers: list[threading.Thread] = []

    def run(self) -> int:
        signal.signal(signal.SIGTERM, _interrupt)
        try:
            self._start()
            while True:
                codes = [child.poll() for child in self.children]
                dead = [(code, i) for i, code in enumerate(codes) if code]
                if dead:
                    self._end(signal.SIGTERM, signal.SIGKILL)
                    return self._tell(*min(dead, key=_causes_first))
                if None not in codes:
                    return 0
                time.sleep(POLL_SECONDS)
        except KeyboardInterrupt:
            _say("Interrupted. All processes are being ended.")
            self._end(signal.SIGINT)
            return 130
        finally:
            self._end(signal.SIGTERM, signal.SIGKILL)
            self._close()

    def _start(self) -> None:
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        count, devices = self.options.processes, self.options.devices_per_process
        more = ["--verbose"] if self.options.verbose else []
        for i in range(count):
            own = range(i * devices, (i + 1) * devices)
            self.children.append(
                subprocess.Popen(
                    [
                        sys.executable, "-m", "cello.launch", *more,
                        self.options.program, *self.options.arguments,
                    ],
                    env={
                        **os.environ,
                        "PYTHONUNBUFFERED": "1",  # what was printed is seen, whatever happens
                        processes.COUNT: str(count),
                        processes.INDEX: str(i),
                        "JAX_COORDINATOR_ADDRESS": f"127.0.0.1:{port}",
                        "JAX_COORDINATOR_BIND_ADDRESS": f"127.0.0.1:{port}",
                        "JAX_LOCAL_DEVICE_IDS": ",".join(map(str, own)),
                        "JAX_NUM_CPU_DEVICES": str(devices),
                    },
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE if i else None,
                    stderr=subprocess.PIPE if i else None,
                    start_new_session=True,  # Ctrl-C comes to the launcher alone
                )
            )  # fmt: skip
            for stream in (self.children[-1].stdout, self.children[-1].stderr):
                if stream is not None:
                    self.readers.append(threading.Thread(target=_show, args=(i, stream)))
                    self.readers[-1].start()

    def _tell(self, code: int, which: int) -> int:
        for reader in self.readers:
            reader.join()
        how = f"was ended by {_signal_name(-code)}" if code < 0 else f"ended with exit code {code}"
        _say(
            f"Process {which} of {len(self.children)} {how}, so the others were ended. What "
            "fit(resume=folder) has saved is kept: the same command goes on from there."
        )
        return code if code > 0 else 128 - code

    def _end(self, *signals: signal.Signals) -> None:
        """End what still runs, by one signal after the other."""
        for number in signals:
            running = [child for child in self.children if child.poll() is None]
            for child in running:
                child.send_signal(number)
            until = time.monotonic() + SECONDS_TO_END
            while time.monotonic() < until and any(child.poll() is None for child in running):
                time.sleep(POLL_SECONDS)

    def _close(self) -> None:
        for child in self.children:
            child.wait()
            if child.stdin is not None:
                child.stdin.close()
        for reader in self.readers:
            reader.join()


def _interrupt(number, frame) -> None:
    raise KeyboardInterrupt


def _causes_first(dead: tuple[int, int]):
    """One that was killed before one with an error, which may follow from it; at last those that
    JAX has aborted because it missed the others."""
    code, which = dead
    return code == -signal.SIGABRT, code, which


def _show(number: int, stream) -> None:
    """Pass on what a process writes, line by line, behind its number."""
    for line in stream:
        sys.stderr.write(f"[{number}] {line.decode(errors='replace').rstrip()}\n")
        sys.stderr.flush()


def _say(sentence: str) -> None:
    print(f"cello.launch: {sentence}", file=sys.stderr, flush=True)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


if __name__ == "__main__":
    sys.exit(main())
