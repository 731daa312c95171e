"""Plants faults and says which of them the fast tests catch: `make mutants`.

Each fault of mutant_list.py is planted alone, in a copy of the tree, and the tests named for it are
run there. It is caught if one of them fails; a fault that survives, a run that ends otherwise, or a
test that fails without any fault makes the exit status 1.

    python tools/mutants [--only TEXT] [-j N] [--list]
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Iterable
from pathlib import Path

from mutant_list import MUTANTS, Mutant

ROOT = Path(__file__).parents[2]
LIMIT = 900  # seconds for the tests of one fault


class Workshop:
    """A copy of the tree, with an environment in which `cello` is the copy's."""

    def __init__(self, folder: Path):
        self.folder = folder
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT, check=True, capture_output=True, text=True,
        )  # fmt: skip
        native = ROOT / "src/cello/native"
        libraries = [*native.glob("libcello_*"), *native.glob("_runner.*")]
        for name in [*listed.stdout.split("\0"), *(str(p.relative_to(ROOT)) for p in libraries)]:
            if name and (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)
        (folder / "build").mkdir()
        compiled = ROOT / "build" / "compiled"
        compiled.mkdir(parents=True, exist_ok=True)
        (folder / "build" / "compiled").symlink_to(compiled.resolve())
        venv.create(folder / ".venv", symlinks=True)
        paths = [str(folder / "src"), *(p for p in sys.path if "site-packages" in p)]
        site = next((folder / ".venv").rglob("site-packages"))
        (site / "paths.pth").write_text("\n".join(paths))
        beside = [str(Path(sys.executable).parent), os.environ["PATH"]]
        self.environment = os.environ | {"PATH": os.pathsep.join(beside)}
        self.environment.pop("PYTHONPATH", None)
        imported = self.python("-c", "import cello; print(cello.__file__)")
        if not imported.stdout.startswith(str(folder)):
            raise RuntimeError(f"The copy's tests would not run the copy: {imported.stdout}")

    def python(self, *arguments: str, limit: int | None = LIMIT) -> subprocess.CompletedProcess:
        """Run the copy's Python; what it prints, errors as well, is kept."""
        return subprocess.run(
            [str(next((self.folder / ".venv").rglob("python"))), *arguments],
            cwd=self.folder, env=self.environment, text=True, timeout=limit,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def test(
        self, tests: Iterable[str], *options: str, limit: int | None = LIMIT
    ) -> subprocess.CompletedProcess:
        command = ("-m", "pytest", "-q", "-m", "not deep", "-p", "no:cacheprovider")
        return self.python(*command, *options, *tests, limit=limit)

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.write_text(text)
        # Python compares sizes and whole seconds: a fault of the same length could be overlooked.
        Path(importlib.util.cache_from_source(path)).unlink(missing_ok=True)

    def judge(self, mutant: Mutant) -> tuple[bool, str]:
        """Whether the tests catch the fault, and which does, or what happened."""
        sound = (self.folder / mutant.file).read_text()
        if sound.count(mutant.old) != 1:
            return False, f"stale: its old text stands {sound.count(mutant.old)} times in the file"
        libraries = {p: p.read_bytes() for p in (self.folder / "src").rglob("libcello_*")}
        self.write(mutant.file, sound.replace(mutant.old, mutant.new))
        try:
            if mutant.is_native and (failure := self._compile()):
                return False, f"it does not compile:\n{failure}"
            done = self.test(mutant.tests, "-x")
        except subprocess.TimeoutExpired:
            return False, f"the tests do not end within {LIMIT} s"
        finally:
            self.write(mutant.file, sound)
            for path, content in libraries.items():
                path.write_bytes(content)
        if done.returncode == 0:
            return False, "SURVIVED"
        if failed := re.search(
            r"^(?:FAILED|ERROR) (tests/.+?)(?: - |$)", done.stdout, re.MULTILINE
        ):
            return True, failed[1]
        if done.returncode < 0:
            return True, f"the process dies of signal {-done.returncode}"
        return False, f"the tests do not run:\n{done.stdout[-2000:]}"

    def _compile(self) -> str:
        """Compile the library for one instruction set; what went wrong, or nothing."""
        asked = self.python("-c", "from cello import native; print(*native.isas())").stdout.split()
        isa = "avx2" if "avx2" in asked else asked[0]
        build, package = self.folder / "build/mutant", self.folder / "src/cello/native"
        for command in (
            ["cmake", "-S", "native", "-B", build, "-G", "Ninja", f"-DCELLO_ISAS={isa}"],
            ["cmake", "--build", build, "--target", "cello_kernels"],
        ):
            done = subprocess.run(
                [str(part) for part in command],
                cwd=self.folder, env=self.environment, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )  # fmt: skip
            if done.returncode:
                return done.stdout[-2000:]
        for library in build.glob("libcello_kernels.*"):
            # A new file: a process that has the old one open keeps it.
            (package / library.name).unlink(missing_ok=True)
            shutil.copy2(library, package / library.name)
        return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="faults whose file or description has this")
    parser.add_argument("-j", type=int, default=1, help="how many at a time")
    parser.add_argument("--list", action="store_true", help="print the faults and plant none")
    options = parser.parse_args()
    chosen = [m for m in MUTANTS if options.only in m.file or options.only in m.what]
    if options.list or not chosen:
        print(*(f"{m.file}: {m.what}" for m in chosen or MUTANTS), sep="\n")
        return 0 if chosen else 1
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        workshops = []
        for number in range(min(options.j, len(chosen))):
            (Path(folder) / str(number)).mkdir()
            workshops.append(Workshop(Path(folder) / str(number)))
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        print(f"Without a fault: {len(tests)} tests and files", flush=True)
        done = workshops[0].test(tests, limit=None)
        print(done.stdout.strip().splitlines()[-1], flush=True)
        if done.returncode:
            print(done.stdout[-5000:])
            return 1
        return judge_all(chosen, workshops)


def judge_all(mutants: list[Mutant], workshops: list[Workshop]) -> int:
    waiting: queue.SimpleQueue[Mutant] = queue.SimpleQueue()
    for mutant in mutants:
        waiting.put(mutant)
    escaped: list[str] = []
    judged: list[Mutant] = []
    printing = threading.Lock()

    def work(workshop: Workshop) -> None:
        while True:
            try:
                mutant = waiting.get_nowait()
            except queue.Empty:
                return
            start = time.monotonic()
            caught, why = workshop.judge(mutant)
            with printing:
                judged.append(mutant)
                place = f"[{len(judged)}/{len(mutants)}] {time.monotonic() - start:.0f} s"
                said = f"caught by {why}" if caught else why
                print(f"{place}  {mutant.file}: {mutant.what}\n      {said}", flush=True)
                if not caught:
                    escaped.append(f"{mutant.file}: {mutant.what}: {why.splitlines()[0]}")

    threads = [threading.Thread(target=work, args=(w,)) for w in workshops]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"\n{len(judged) - len(escaped)} of {len(mutants)} faults are caught.")
    if escaped or len(judged) < len(mutants):
        print(*escaped, sep="\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
