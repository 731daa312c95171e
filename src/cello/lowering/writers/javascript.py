"""A model as one module of JavaScript."""

from __future__ import annotations

import json
import math

import numpy as np

from cello.lowering.ir import Apply, Buffer, Index, Load, Loop, Number
from cello.lowering.module import Module
from cello.lowering.names import comment
from cello.lowering.samples import Samples
from cello.lowering.writers.braces import LANES, OPERATORS, Braces, buffers_of, counted

ARRAYS = {"float": "Float32Array", "int": "Int32Array", "unsigned": "Uint32Array",
          "bool": "Uint8Array"}  # fmt: skip
BYTES = {"int8": "Int8Array", "offset8": "Uint8Array"}
WIDENED = ("bfloat16", "float16")  # when the file is read
MATH = {"exp", "tanh", "sqrt", "log", "log1p", "expm1", "sin", "cos", "abs", "sign", "floor",
        "pow", "max", "min"}  # fmt: skip
OWN = {
    "logistic": "const logistic = (x) => 1 / (1 + Math.exp(-x));",
    "rsqrt": "const rsqrt = (x) => 1 / Math.sqrt(x);",
    "round": """const round = (x) => {
  const up = Math.floor(x + 0.5);
  return up - x === 0.5 && up % 2 !== 0 ? up - 1 : up;
};""",
    "nearest": """const nearest = (x) => {
  const inside = Math.min(Math.max(Math.fround(x), -127), 127);
  return Math.trunc(Math.fround(inside + 128.5)) - 128;
};""",
    "dots": """const dots = (to, toAt, x, xAt, w, at, groups, blocks) => {
  for (const end = toAt + 16 * blocks; toAt < end; toAt += 16) {
    for (let unit = 0; unit < 16; ++unit) to[toAt + unit] = 0;
    for (let group = 0; group < groups; ++group) {
      const place = xAt + 4 * group;
      const a = x[place], b = x[place + 1], c = x[place + 2], d = x[place + 3];
      for (let unit = 0; unit < 16; ++unit, at += 4) {
        const whole = a * w[at] + b * w[at + 1] + c * w[at + 2] + d * w[at + 3];
        to[toAt + unit] += whole - 128 * (a + b + c + d);
      }
    }
  }
};""",
    "bfloat16": """const bfloat16 = (bits) => {
  return new Float32Array(Uint32Array.from(bits, (x) => x << 16).buffer);
};""",
    "float16": """const float16 = (bits) => Float32Array.from(bits, (x) => {
  const exponent = x >> 10 & 31, rest = x & 1023;
  const size = exponent ? (1024 + rest) * 2 ** (exponent - 25) : rest * 2 ** -24;
  return x >> 15 ? -size : size;
});""",
    "erf": """const erf = (x) => {
  x = Math.min(Math.max(x, -4), 4);
  const s = x * x;
  let p = -2.72614225801306e-10 * s + 2.77068142495902e-8;
  p = ((p * s - 2.10102402082508e-6) * s - 5.69250639462346e-5) * s - 7.34990630326855e-4;
  p = (p * s - 2.95459980854025e-3) * s - 1.60960333262415e-2;
  let q = -1.45660718464996e-5 * s - 2.13374055278905e-4;
  q = ((q * s - 1.68282697438203e-3) * s - 7.37332916720468e-3) * s - 1.42647390514189e-2;
  return x * p / q;
};""",
}


class JavaScript(Braces):
    """Statements in JavaScript.

    Attributes:
        step: the number of the step that is written, which has temporary arrays of its own.
    """

    step = 0

    def element(self, buffer: Buffer, index: Index) -> str:
        text = self.index(index)
        if buffer.role in ("input", "output"):
            text = f"{buffer.name}_at" + ("" if text == "0" else f" + {text}")
        text = f"{self.place(buffer)}[{text}]"
        return f"({text} - 128)" if buffer.stored == "offset8" else text

    def place(self, buffer: Buffer) -> str:
        if buffer.role == "temporary":
            return f"step_{self.step}_{buffer.name}"
        return f"state.{buffer.name}" if buffer.role == "state" else buffer.name

    def number(self, number: Number) -> str:
        value = float(number.value)
        if math.isnan(value):
            return "NaN"
        if math.isinf(value):
            return "Infinity" if value > 0 else "(-Infinity)"
        if number.kind != "float":
            return str(int(number.value))
        return str(np.float32(value)) if value >= 0 else f"({np.float32(value)})"

    def call(self, value: Apply, arguments: list[str]) -> str:
        text = self._value(value, arguments)
        inside = value.arguments[0].kind
        if value.kind == "int" and inside == "int" and value.name in ("add", "sub", "neg"):
            return f"({text} | 0)"
        if value.kind == "unsigned" and value.name not in ("max", "min", "select"):
            return f"({text} >>> 0)"
        return text

    def _value(self, value: Apply, arguments: list[str]) -> str:
        name, kind = value.name, value.kind
        if kind in ("int", "unsigned"):
            if name == "mul":
                return f"Math.imul({', '.join(arguments)})"
            if name == "div":
                return f"Math.trunc({arguments[0]} / {arguments[1]})"
        if name in OPERATORS:
            return f"({arguments[0]} {OPERATORS[name]} {arguments[1]})"
        if name == "rem":
            return f"({arguments[0]} % {arguments[1]})"
        if name == "neg":
            return f"(-{arguments[0]})"
        if name == "not":
            return f"(!{arguments[0]})" if kind == "bool" else f"(~{arguments[0]})"
        if name == "select":
            return "({} ? {} : {})".format(*arguments)
        if name == "to_float":
            return f"(+{arguments[0]})"
        if name.startswith("to_"):
            return f"Math.trunc({arguments[0]})"
        if name in MATH:
            return f"Math.{name}({', '.join(arguments)})"
        self.used.add(name)
        return f"{name}({', '.join(arguments)})"

    def loop(self, loop: Loop, first: int = 0, step: int = 1) -> str:
        forward = f"++{loop.name}" if step == 1 else f"{loop.name} += {step}"
        return f"for (let {loop.name} = {first}; {loop.name} < {loop.size}; {forward})"

    def local(self, name: str, kind: str, value: str) -> str:
        return f"let {name} = {value};"

    def part(self, first: Load) -> str:
        return f"{self.place(first.buffer)}, {self.index(first.index)}"

    def function(self, name: str) -> str:
        return name

    def lanes(self, name: str, kind: str) -> str:
        return f"const {name} = lanes_of_{kind};"


def array_of(buffer: Buffer) -> str:
    """What its elements are in memory."""
    return BYTES.get(buffer.stored) or ARRAYS[buffer.kind]


def write_javascript(module: Module, samples: Samples | None = None) -> str:
    """The text of an ES module.

    Args:
        module: the model.
        samples: what the model must give for some inputs, for a test in the module.
    """
    writer = JavaScript()
    functions = _functions(module, writer)
    test = _self_test(module, samples) if samples else []
    writer.used.update(b.stored for b in module.weights if b.stored in WIDENED)
    lines = [
        *_title(module),
        *[OWN[name] for name in OWN if name in writer.used],
        *[f"const lanes_of_{kind} = new {array}({LANES});" for kind, array in ARRAYS.items()
          if any(f"lanes_of_{kind};" in line for line in functions)],
        "",
        *[line for b in module.weights for line in _weight(b)],
        *functions,
        *test,
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _title(module: Module) -> list[str]:
    count = sum(b.size for b in module.weights)
    told = [
        f" * step(state, {_names(module)});  one step",
        f" * block(state, {_names(module)}, n);  n steps one after the other",
    ]
    if module.length:
        told = [f" * sequence(state, {_names(module)}, n);  n steps of one sequence"]
    return [
        f"/* {comment(module.title)}, written by Cello: {count} constants.",
        " *",
        *(f" *   {comment(line)}" for line in module.layers),
        " *",
        " * const state = init();           what is remembered between steps: plain arrays",
        *told,
        " * reset(state);                   as at the start",
        *[
            f" * {b.name}: {ARRAYS[b.kind]}, {comment(b.comment)} {comment(str(b.shape))}"
            for b in (*module.inputs, *module.outputs)
        ],
        " */",
        "",
    ]


def _names(module: Module) -> str:
    return ", ".join(b.name for b in (*module.inputs, *module.outputs))


def _weight(buffer: Buffer) -> list[str]:
    flat = np.asarray(buffer.value).ravel()
    kind = "int" if buffer.stored else buffer.kind
    texts = [JavaScript().number(Number(v.item(), kind)).strip("()") for v in flat]
    made = buffer.stored if buffer.stored in WIDENED else f"new {array_of(buffer)}"
    rows = [", ".join(texts[i : i + 8]) for i in range(0, len(texts), 8)]
    return [
        f"/* {comment(buffer.comment)} {comment(str(buffer.shape))} */",
        f"const {buffer.name} = {made}([",
        *(f"  {row}," for row in rows),
        "]);",
        "",
    ]


def _functions(module: Module, writer: JavaScript) -> list[str]:
    buffers = [*module.inputs, *module.outputs]
    lines = ["export function reset(state) {"]
    for state, start in module.starts.items():
        fill = (
            f"fill({writer.number(start)})" if isinstance(start, Number) else f"set({start.name})"
        )
        lines.append(f"  state.{state.name}.{fill};")
    lines += ["  state.phase = 0;", "}", "", "export function init() {", "  const state = {"]
    lines += [f"    {b.name}: new {array_of(b)}({b.size})," for b in module.states]
    lines += ["    phase: 0,", "  };", "  reset(state);", "  return state;", "}", ""]

    places = ", ".join(f"{b.name}, {b.name}_at" for b in buffers)
    for number, step in enumerate(module.steps):
        writer.step = number
        for b in [] if module.length else buffers_of(step.program):
            lines.append(f"const {writer.place(b)} = new {array_of(b)}({b.size});")
        count = ", n" if module.length else ""
        lines.append(f"function step_{number}(state, {places}{count}) {{")
        body = [line.replace("    ", "  ") for line in writer.lines(step.program.statements, 1)]
        lines += [*body, "}", ""]

    return lines + (_sequence(module) if module.length else _steps(module))


def _sequence(module: Module) -> list[str]:
    """The function that runs a whole sequence."""
    places = ", ".join(f"{b.name}, 0" for b in (*module.inputs, *module.outputs))
    return [
        f"/* n steps of one sequence, at most {module.length}; outputs have room for so many. */",
        f"export function sequence(state, {_names(module)}, n) {{",
        f"  if (n > 0) step_0(state, {places}, [Math.min(n, {module.length})]);",
        "}",
    ]


def _steps(module: Module) -> list[str]:
    """The functions that make one step and several."""
    buffers = [*module.inputs, *module.outputs]
    places = ", ".join(f"{b.name}, {b.name}_at" for b in buffers)
    lines: list[str] = []
    lines += [
        "/* One step; a number with bit k set if output k was written. */",
        f"export function step(state, {_names(module)}) {{",
        f"  return step_at(state, {', '.join(f'{b.name}, 0' for b in buffers)});",
        "}",
        "",
        f"function step_at(state, {places}) {{",
        "  switch (state.phase) {",
    ]
    for number, step in enumerate(module.steps):
        label = f"case {number}" if number < len(module.steps) - 1 else "default"
        lines += [
            f"    {label}:",
            f"      step_{number}(state, {places});",
            f"      state.phase = {step.next};",
            f"      return {step.bits};",
        ]
    lines += ["  }", "}", ""]
    lines += [
        "/* n steps; how many steps the first output has. */",
        f"export function block(state, {_names(module)}, n) {{",
        f"  let steps = 0{''.join(f', {b.name}_at = 0' for b in buffers)};",
        "  for (let step = 0; step < n; ++step) {",
        f"    const given = step_at(state, {places});",
        *(f"    {b.name}_at += {b.size};" for b in module.inputs if b.timed),
        *(
            f"    {b.name}_at += (given >> {k} & 1) * {b.size};"
            for k, b in enumerate(module.outputs)
            if b.timed
        ),
        f"    steps += {counted(module.outputs[0])};",
        "  }",
        "  return steps;",
        "}",
    ]
    return lines


def _self_test(module: Module, samples: Samples) -> list[str]:
    """A function that counts the outputs that are not what Python gives."""
    given = [json.dumps(np.asarray(a, "float64").ravel().tolist()) for a in samples.inputs]
    wanted = [json.dumps(np.asarray(a, "float64").ravel().tolist()) for a in samples.outputs]
    inputs = [f"new {ARRAYS[b.kind]}({text})" for b, text in zip(module.inputs, given, strict=True)]
    run = "sequence" if module.length else "block"
    sizes = [
        f"new {ARRAYS[b.kind]}({b.size if module.length else f'wanted[{k}].length'})"
        for k, b in enumerate(module.outputs)
    ]
    return [
        "",
        "/* How many outputs are off by more than the tolerance, of numbers above 1 by more than",
        " * that part of them; 0 if all is well. */",
        "export function selfTest(tolerance) {",
        f"  const wanted = [{', '.join(wanted)}];",
        f"  const found = [{', '.join(sizes)}];",
        f"  {run}(init(), {', '.join(inputs)}, ...found, {samples.steps});",
        "  let wrong = 0;",
        "  wanted.forEach((row, k) => row.forEach((value, i) => {",
        "    const most = tolerance * Math.max(1, Math.abs(value));",
        "    wrong += !(Math.abs(found[k][i] - value) <= most);",
        "  }));",
        "  return wrong;",
        "}",
    ]
