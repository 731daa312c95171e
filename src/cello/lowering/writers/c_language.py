"""How statements are written in C."""

from __future__ import annotations

import math

import numpy as np

from cello.lowering.ir import Apply, Buffer, Index, Load, Loop, Number
from cello.lowering.writers.braces import LANES, OPERATORS, Braces

STORED = {
    "int8": "signed char",
    "offset8": "unsigned char",
    "bfloat16": "unsigned short",
    "float16": "unsigned short",
}
TYPES = {"float": "float", "int": "int", "unsigned": "unsigned", "bool": "int"}
WIDENED = ("bfloat16", "float16")  # by a function, where they are read
WHOLE = ("max", "min", "select")  # functions that whole numbers have, too


class C(Braces):
    """Statements in C.

    Args:
        name: what stands in front of every name of the file.
    """

    def __init__(self, name: str):
        super().__init__()
        self.prefix = f"{name}_"

    def element(self, buffer: Buffer, index: Index) -> str:
        text = super().element(buffer, index)
        if buffer.stored == "offset8":
            return f"({text} - 128)"
        if buffer.stored not in WIDENED:
            return text
        self.used.add(buffer.stored)
        return f"{self.prefix}{buffer.stored}({text})"

    def place(self, buffer: Buffer) -> str:
        if buffer.role == "state":
            return f"state->{buffer.name}"
        return self.prefix + buffer.name if buffer.role == "weight" else buffer.name

    def number(self, number: Number) -> str:
        if number.kind == "float":
            return self.float_number(float(number.value))
        if number.kind == "unsigned":
            return f"{int(number.value)}u"
        value = int(number.value)
        return str(value) if value > -(2**31) else f"({value + 1} - 1)"

    def float_number(self, value: float) -> str:
        if math.isnan(value):
            self.used.add("nan")
            return f"{self.prefix}nan()"
        if math.isinf(value):
            self.used.add("infinity")
            return f"{'-' if value < 0 else ''}{self.prefix}infinity()"
        return float_text(value)

    def call(self, value: Apply, arguments: list[str]) -> str:
        name, kind = value.name, value.kind
        inner = value.arguments[0].kind
        if name in OPERATORS:
            return f"({arguments[0]} {OPERATORS[name]} {arguments[1]})"
        if name == "neg":
            return f"(-{arguments[0]})"
        if name == "not":
            return f"(!{arguments[0]})" if kind == "bool" else f"(~{arguments[0]})"
        if name.startswith("to_"):
            return f"({TYPES[kind]})({arguments[0]})"
        if name == "rem" and inner != "float":
            return f"({arguments[0]} % {arguments[1]})"
        if kind != "float" and name != "nearest":
            if name == "abs":
                name, arguments = "max", [arguments[0], f"(-{arguments[0]})"]
            if name == "sign":
                return f"(({arguments[0]} > 0) - ({arguments[0]} < 0))"
            if name in WHOLE:
                name = f"{'u' if kind == 'unsigned' else 'i'}{name}"
        self.used.add(name)
        return f"{self.prefix}{name}({', '.join(map(_without_brackets, arguments))})"

    def loop(self, loop: Loop, first: int = 0, step: int = 1) -> str:
        forward = f"++{loop.name}" if step == 1 else f"{loop.name} += {step}"
        return f"for (int {loop.name} = {first}; {loop.name} < {loop.size}; {forward})"

    def local(self, name: str, kind: str, value: str) -> str:
        return f"{TYPES[kind]} {name} = {value};"

    def part(self, first: Load) -> str:
        place, index = self.place(first.buffer), self.index(first.index)
        return place if index == "0" else f"{place} + {index}"

    def function(self, name: str) -> str:
        return self.prefix + name

    def lanes(self, name: str, kind: str) -> str:
        return f"{TYPES[kind]} {name}[{LANES}];"


def type_of(buffer: Buffer) -> str:
    """What its elements are in memory."""
    return STORED[buffer.stored] if buffer.stored else TYPES[buffer.kind]


def float_text(value: float) -> str:
    """The shortest number that is read as the same float."""
    text = repr(np.float32(value).item()) if value == 0 else str(np.float32(value))
    text = text.replace("np.float32(", "").rstrip(")")
    return f"{text}f" if "." in text or "e" in text else f"{text}.0f"


def _without_brackets(text: str) -> str:
    """An argument without brackets around all of it."""
    if not (text.startswith("(") and text.endswith(")")):
        return text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and place < len(text) - 1:
            return text
    return text[1:-1]
