"""Models as C on a microcontroller: their self-tests run on a Cortex-M4 that QEMU plays."""

import subprocess

import pytest
from contract import moved, normal
from sources import WARNINGS, installed

import cello
from cello import Input, Sequential
from cello.layers import Dense

COMPILATIONS = 30

COMPILER = "arm-none-eabi-gcc"
EMULATOR = "qemu-system-arm"
FLAGS = ["-std=c99", "-O2", "-ffreestanding", "-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=hard",
         "-mfpu=fpv4-sp-d16"]  # fmt: skip
CELLS = ["LSTM", "GRU", "MinGRU"]

# What a chip starts with: the unit of floats switched on, and at the end a number for the debugger.
# The last functions are those that gcc calls without being asked.
MAIN = """
#define {upper}_TEST
#define {upper}_IMPLEMENTATION
#include "{name}.h"

void start(void);
void start(void) {{
    *(volatile unsigned *)0xE000ED88u |= 0xFu << 20;
    __asm__ volatile("dsb\\n isb");
    unsigned parameters[2] = {{0x20026u, (unsigned){name}_self_test(2e-6f)}};
    register unsigned operation __asm__("r0") = 0x20u;
    register void *given __asm__("r1") = parameters;
    __asm__ volatile("bkpt 0xAB" : : "r"(operation), "r"(given) : "memory");
    for (;;) {{
    }}
}}

void *memset(void *to, int value, unsigned size);
void *memset(void *to, int value, unsigned size) {{
    for (volatile char *p = to; size--; ++p) *p = (char)value;
    return to;
}}

void *memcpy(void *to, const void *from, unsigned size);
void *memcpy(void *to, const void *from, unsigned size) {{
    volatile char *p = to;
    for (const char *q = from; size--; ++p, ++q) *p = *q;
    return to;
}}
"""
# First in memory: the top of the stack, and where to start.
LINK = """
ENTRY(start)
SECTIONS {
    . = 0;
    .text : { LONG(0x20010000) LONG(start | 1) *(.text*) *(.rodata*) }
}
"""

pytestmark = [
    pytest.mark.deep,
    pytest.mark.skipif(
        not (installed(COMPILER) and installed(EMULATOR)),
        reason=f"there is no {COMPILER}, or no {EMULATOR}",
    ),
]


def export(cell, folder, weights="float32", inputs=1):
    """A header with a test in it."""
    layer = getattr(cello.layers, cell)(16, return_sequences=True)
    model = moved(Sequential([Input((None, inputs)), layer, Dense(1)]), seed=1)
    x = normal(1, 50, inputs)
    model.export(folder / "voice.h", self_test=x, weights=weights, calibrate=x)


def run_on_chip(folder):
    """How many outputs are off, the self-test says on the chip."""
    (folder / "main.c").write_text(MAIN.format(name="voice", upper="VOICE"))
    (folder / "chip.ld").write_text(LINK)
    link = ["-nostdlib", "-T", "chip.ld", "main.c", "-lgcc", "-o", "voice.elf"]
    subprocess.run([COMPILER, *FLAGS, *WARNINGS, *link], cwd=folder, check=True)
    machine = [EMULATOR, "-M", "mps2-an386", "-display", "none", "-serial", "none", "-monitor",
               "none", "-semihosting-config", "enable=on,target=native"]  # fmt: skip
    return subprocess.run([*machine, "-kernel", "voice.elf"], cwd=folder, timeout=60).returncode


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(
    ("weights", "inputs", "most"),
    [("float32", 1, 1600), ("int8", 1, 2048), ("int8", 12, 2048), ("bfloat16", 1, 1600)],
)
def test_a_model_on_a_cortex_m4(tmp_path, cell, weights, inputs, most):
    """It computes there what it does here, in so many bytes of code."""
    export(cell, tmp_path, weights, inputs)
    assert run_on_chip(tmp_path) == 0
    library = ["-x", "c", "-DVOICE_IMPLEMENTATION", "-c", "voice.h", "-o", "voice.o"]
    subprocess.run([COMPILER, *FLAGS, *library], cwd=tmp_path, check=True)
    command = ["arm-none-eabi-size", "-A", "voice.o"]
    said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    sizes = {line.split()[0]: int(line.split()[1]) for line in said.splitlines()[2:] if line}
    print(f"{cell} {weights}: code {sizes['.text']}, constants {sizes['.rodata']} bytes")
    assert sizes[".text"] <= most
    assert sizes.get(".data", 0) == sizes.get(".bss", 0) == 0


def test_the_chip_says_what_is_off(tmp_path):
    """The number that comes out is that of the test."""
    export("GRU", tmp_path)
    text = (tmp_path / "voice.h").read_text()
    (tmp_path / "voice.h").write_text(text.replace("1.0f + ", "1.5f + "))
    assert run_on_chip(tmp_path) == 50
