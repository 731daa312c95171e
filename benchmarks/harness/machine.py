"""What this machine is, and what it can do at most, measured by `machine.cpp`."""

from __future__ import annotations

import datetime
import os
import platform
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).with_name("machine.cpp")


class Limits:
    """The peak of multiply-adds and the bandwidth of STREAM's add; `None` without a compiler.

    Args:
        folder: where the program is compiled to.
    """

    def __init__(self, folder):
        self.why_not = ""
        self.program = str(Path(folder) / "machine")
        compiler = os.environ.get("CXX") or shutil.which("g++") or shutil.which("c++")
        if compiler is None:
            self.why_not = "no C++ compiler, so no peak was measured"
            return
        flags = ["-std=c++17", "-O3", "-march=native", "-pthread"]
        done = subprocess.run(
            [compiler, *flags, str(SOURCE), "-o", self.program], capture_output=True, text=True
        )
        if done.returncode:
            self.why_not = f"{compiler} failed, so no peak was measured: {done.stderr[:300]}"

    def fma(self, seconds: float = 0.15) -> float | None:
        """Float32 flops a second of all cores."""
        values = self._run(seconds, "fma")
        return values[0] if values else None

    def stream_add(self, seconds: float = 0.5) -> dict[str, float] | None:
        """Bytes a second, with ordinary and with non-temporal stores (where there are any)."""
        values = self._run(seconds, "add")
        if not values:
            return None
        kinds = zip(("ordinary stores", "non-temporal stores"), values, strict=True)
        return {kind: value for kind, value in kinds if value}

    def _run(self, seconds, what):
        if self.why_not:
            return None
        done = subprocess.run([self.program, str(seconds), what], capture_output=True, text=True)
        return [float(word) for word in done.stdout.split()] if done.returncode == 0 else None


def description() -> dict[str, str]:
    """Processor, cores, system, Python and the date."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "date": datetime.datetime.now().astimezone().isoformat(" ", "minutes"),
        "processor": processor(),
        "cores": str(cores),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


def processor() -> str:
    """The model's name and the widest vectors of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    facts = {key.strip(): value.strip() for key, _, value in (li.partition(":") for li in lines)}
    name = facts.get("model name", platform.machine())
    if "cpu family" in facts:
        name += f" (family {facts['cpu family']}, model {facts.get('model', '?')})"
    flags = facts.get("flags", "").split()
    widest = next((f for f in ("avx512f", "avx2", "avx", "sse2") if f in flags), "")
    return f"{name}{widest and ', ' + widest}"
