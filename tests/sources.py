"""Models as source files, compiled and run beside Python."""

import json
import shutil
import subprocess

import numpy as np

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
QUICKLY = ["gcc", "-std=c99", "-O0"]
C_COMPILERS = {
    "gcc, fast": ["gcc", "-std=c99", "-O3", "-march=native"],
    "g++": ["g++", "-std=c++17", "-O1", "-x", "c++"],
    "clang": ["clang", "-std=c99", "-O1"],
    "sanitized": ["gcc", "-std=c99", "-O0", "-g", "-fsanitize=address,undefined",
                  "-fno-sanitize-recover=all"],
}  # fmt: skip

# Runs each test of several files, and prints how many outputs are off.
MAIN = """
#include <stdio.h>
{includes}
int main(void) {{
{calls}
    return 0;
}}
"""


def installed(command):
    return shutil.which(command) is not None


def run_c(folder, tolerances, command):
    """How many outputs of each header in a folder are off, its self-test says.

    Args:
        folder: where the headers are.
        tolerances: name to tolerance.
        command: of the compiler.
    """
    includes = "".join(
        f'#define {n.upper()}_IMPLEMENTATION\n#define {n.upper()}_TEST\n#include "{n}.h"\n'
        for n in tolerances
    )
    calls = "\n".join(
        f'    printf("{n} %d\\n", {n}_self_test({t:.9e}f));' for n, t in tolerances.items()
    )
    (folder / "main.c").write_text(MAIN.format(includes=includes, calls=calls))
    binary = folder / "main"
    compiled = subprocess.run(
        [*command, *WARNINGS, "-o", str(binary), str(folder / "main.c")],
        capture_output=True,
        text=True,
    )
    assert compiled.returncode == 0, compiled.stderr[:4000]
    ran = subprocess.run([str(binary)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:4000]
    return {line.split()[0]: int(line.split()[1]) for line in ran.stdout.splitlines()}


def run_javascript(folder, tolerances):
    """The same of modules of JavaScript."""
    lines = [f'import {{ selfTest as {n} }} from "./{n}.mjs";' for n in tolerances]
    lines += [f'console.log("{n}", {n}({t!r}));' for n, t in tolerances.items()]
    (folder / "main.mjs").write_text("\n".join(lines))
    ran = subprocess.run(["node", str(folder / "main.mjs")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:4000]
    return {line.split()[0]: int(line.split()[1]) for line in ran.stdout.splitlines()}


def call_javascript(folder, module, program):
    """What a program that sees a module as `m` prints, as JSON."""
    (folder / "call.mjs").write_text(f'import * as m from "./{module}";\n{program}')
    ran = subprocess.run(["node", str(folder / "call.mjs")], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr[:4000]
    return json.loads(ran.stdout)


def within(found, wanted, tolerance):
    np.testing.assert_allclose(found, wanted, rtol=tolerance, atol=tolerance)
