"""A model as one file of C99, which C++ compiles as well."""

from __future__ import annotations

import numpy as np

from cello.lowering.ir import Buffer, Number
from cello.lowering.module import Module
from cello.lowering.names import comment
from cello.lowering.samples import Samples
from cello.lowering.writers.braces import buffers_of, counted
from cello.lowering.writers.c_functions import texts
from cello.lowering.writers.c_language import C, float_text, type_of


def write_c(module: Module, header: bool, samples: Samples | None = None) -> str:
    """The text of a file.

    Args:
        module: the model.
        header: whether it is a `.h`, whose functions are compiled where `NAME_IMPLEMENTATION` is
            defined; a `.c` compiles them unless `NAME_DECLARATIONS` is defined.
        samples: what the model must give for some inputs, for a test in the file.
    """
    name, upper = module.name, module.name.upper()
    writer = C(name)
    bodies = _functions(module, writer)
    test = _self_test(module, writer, samples) if samples else []
    guard = f"defined({upper}_IMPLEMENTATION)" if header else f"!defined({upper}_DECLARATIONS)"
    lines = [
        *_title(module, header),
        f"#ifndef {upper}_H",
        f"#define {upper}_H",
        "",
        *_declarations(module),
        "",
        f"#endif /* {upper}_H */",
        "",
        f"#if {guard}",
        "",
        *texts(writer.used, writer.prefix),
        "",
        *[line for b in module.weights for line in _weight(b, writer.prefix)],
        *bodies,
        *test,
        "",
        f"#endif /* {guard.replace('!', 'not ')} */",
    ]
    return "\n".join(lines) + "\n"


def _title(module: Module, header: bool) -> list[str]:
    count = sum(b.size for b in module.weights)
    constants, memory = (sum(b.bytes for b in some) for some in (module.weights, module.states))
    upper = module.name.upper()
    how = (
        f"Define {upper}_IMPLEMENTATION before including it in one source file."
        if header
        else f"Compile it; or include it, with {upper}_DECLARATIONS defined for declarations alone."
    )
    return [
        f"/* {comment(module.title)}, written by Cello.",
        " *",
        *(f" *   {comment(line)}" for line in module.layers),
        " *",
        f" * {count} constants of {constants} bytes; {memory} bytes of state.",
        " * It includes nothing and allocates nothing; each step takes the same time.",
        f" * {how}",
        " */",
    ]


def _parameters(module: Module) -> list[tuple[Buffer, str]]:
    found = [(b, f"const {type_of(b)} *{b.name}") for b in module.inputs]
    return found + [(b, f"{type_of(b)} *{b.name}") for b in module.outputs]


def _declarations(module: Module) -> list[str]:
    name = module.name
    members = [
        *(f"    {type_of(b)} {b.name}[{b.size}]; /* {_described(b)} */" for b in module.states),
        *(["    int phase; /* of windows: which step comes next */"] if module.phased else []),
    ] or ["    char unused;"]
    described = [
        f" * {b.name}: {_described(b)}, {type_of(b)}" for b in (*module.inputs, *module.outputs)
    ]
    told = (
        [
            " * A step gives a number with bit k set if it wrote output k, a block the number of",
            " * steps that the first output has.",
        ]
        if module.phased
        else []
    )
    return [
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* All that is remembered between steps: plain data, to be copied and saved. */",
        "typedef struct {",
        *members,
        f"}} {name}_state;",
        "",
        f"void {name}_init({name}_state *state);",
        f"void {name}_reset({name}_state *state);",
        "",
        *_functions_declared(module, described, told),
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
    ]


def _functions_declared(module: Module, described: list[str], told: list[str]) -> list[str]:
    name = module.name
    parameters = ", ".join(text for _, text in _parameters(module))
    if module.length:
        return [
            f"/* n steps of one sequence, at most {module.length}; inputs of n steps are enough, "
            f"outputs have room for {module.length}.",
            *described,
            " */",
            f"#define {name.upper()}_STEPS {module.length}",
            f"void {name}_sequence({name}_state *state, {parameters}, int n);",
        ]
    gives = "int" if module.phased else "void"
    return [
        "/* One step, or n of them one after the other.",
        *described,
        *told,
        " */",
        f"{gives} {name}_step({name}_state *state, {parameters});",
        f"{gives} {name}_block({name}_state *state, {parameters}, int n);",
    ]


def _described(buffer: Buffer) -> str:
    """The name that it has in Python, and its shape."""
    return f"{comment(buffer.comment)} {comment(str(buffer.shape))}"


def _weight(buffer: Buffer, prefix: str) -> list[str]:
    flat = np.asarray(buffer.value).ravel()
    if buffer.kind == "float" and not buffer.stored:
        values = [float_text(float(v)) if np.isfinite(v) else _odd(float(v)) for v in flat]
    else:
        values = [str(int(v)) for v in flat]
    many = 20 if buffer.bytes == buffer.size else 8
    rows = [", ".join(values[i : i + many]) for i in range(0, len(values), many)]
    kind = type_of(buffer)
    return [
        f"/* {_described(buffer)} */",
        f"static const {kind} {prefix}{buffer.name}[{buffer.size}] = {{",
        *(f"    {row}," for row in rows),
        "};",
        "",
    ]


def _odd(value: float) -> str:
    """An infinite weight: the largest number, as an initializer takes no function."""
    return f"{'-' if value < 0 else ''}3.40282347e38f"


def _functions(module: Module, writer: C) -> list[str]:
    name, phased = module.name, module.phased
    parameters = ", ".join(text for _, text in _parameters(module))
    lines = [f"void {name}_reset({name}_state *state) {{"]
    for buffer in module.states:
        lines.append(_start_of(buffer, writer, module))
    if phased:
        lines.append("    state->phase = 0;")
    if not module.states and not phased:
        lines.append("    state->unused = 0;")
    lines += ["}", "", f"void {name}_init({name}_state *state) {{ {name}_reset(state); }}", ""]

    for number, step in enumerate(module.steps):
        count = ", const int *n" if module.length else ""
        head = (
            f"static inline void {name}_step_{number}({name}_state *state, {parameters}{count}) {{"
        )
        lines.append(head)
        for buffer in [] if module.length else buffers_of(step.program):
            lines.append(f"    {type_of(buffer)} {buffer.name}[{buffer.size}];")
        body = list(writer.lines(step.program.statements, 1))
        text = "\n".join(body)
        for buffer, _ in _parameters(module):
            if f"{buffer.name}[" not in text:
                lines.append(f"    (void){buffer.name};")
        if module.length and "n[0]" not in text:
            lines.append("    (void)n;")
        if "state->" not in text:
            lines.append("    (void)state;")
        lines += [*body, "}", ""]

    return lines + (_sequence(module) if module.length else _steps(module))


def _sequence(module: Module) -> list[str]:
    """The function that runs a whole sequence."""
    name = module.name
    parameters = ", ".join(text for _, text in _parameters(module))
    arguments = ", ".join(b.name for b, _ in _parameters(module))
    return [
        f"void {name}_sequence({name}_state *state, {parameters}, int n) {{",
        f"    const int steps = n < {module.length} ? n : {module.length};",
        f"    if (steps > 0) {name}_step_0(state, {arguments}, &steps);",
        "}",
    ]


def _steps(module: Module) -> list[str]:
    """The functions that make one step and several."""
    name, phased = module.name, module.phased
    parameters = ", ".join(text for _, text in _parameters(module))
    gives = "int" if phased else "void"
    lines: list[str] = []
    arguments = ", ".join(b.name for b, _ in _parameters(module))
    lines.append(f"{gives} {name}_step({name}_state *state, {parameters}) {{")
    if not phased:
        lines.append(f"    {name}_step_0(state, {arguments});")
    else:
        lines.append("    switch (state->phase) {")
        for number, step in enumerate(module.steps):
            label = f"case {number}" if number < len(module.steps) - 1 else "default"
            lines += [
                f"    {label}:",
                f"        {name}_step_{number}(state, {arguments});",
                f"        state->phase = {step.next};",
                f"        return {step.bits};",
            ]
        lines.append("    }")
    lines += ["}", ""]

    lines.append(f"{gives} {name}_block({name}_state *state, {parameters}, int n) {{")
    if phased:
        lines.append("    int given, steps = 0;")
    lines.append("    for (int step = 0; step < n; ++step) {")
    call = f"{name}_step(state, {arguments});"
    lines.append(f"        given = {call}" if phased else f"        {call}")
    for buffer in module.inputs:
        if buffer.timed:
            lines.append(f"        {buffer.name} += {buffer.size};")
    for k, buffer in enumerate(module.outputs):
        if buffer.timed and phased:
            lines.append(f"        {buffer.name} += (given >> {k} & 1) * {buffer.size};")
        elif buffer.timed:
            lines.append(f"        {buffer.name} += {buffer.size};")
    if phased:
        lines.append(f"        steps += {counted(module.outputs[0])};")
    lines.append("    }")
    if phased:
        lines.append("    return steps;")
    return [*lines, "}"]


def _start_of(buffer: Buffer, writer: C, module: Module) -> str:
    """The line that sets a state to what it is before the first step."""
    start = module.starts[buffer]
    text = writer.number(start) if isinstance(start, Number) else f"{writer.place(start)}[i]"
    return f"    for (int i = 0; i < {buffer.size}; ++i) state->{buffer.name}[i] = {text};"


def _self_test(module: Module, writer: C, samples: Samples) -> list[str]:
    """A function behind `NAME_TEST` that counts the outputs that are not what Python gives."""
    name = module.name
    lines = ["", f"#ifdef {name.upper()}_TEST", ""]
    arrays = [
        *zip(module.inputs, samples.inputs, strict=True),
        *zip(module.outputs, samples.outputs, strict=True),
    ]
    for buffer, array in arrays:
        made = Buffer(f"test_{buffer.name}", array.shape, buffer.kind, "weight", array, "test")
        lines += _weight(made, writer.prefix)
    parameters = [
        *(f"const {type_of(b)} *{b.name} = {name}_test_{b.name};" for b in module.inputs),
        *(f"{type_of(b)} {b.name}[{b.size}];" for b in module.outputs),
    ]
    lines += [
        "/* How many outputs are off by more than tolerance, of numbers above 1 by more than that",
        " * part of them; 0 if all is well. */",
        f"int {name}_self_test(float tolerance);",
        f"int {name}_self_test(float tolerance) {{",
        f"    static {name}_state state;",
        *(f"    {p}" for p in parameters),
        f"    int wrong = 0{''.join(f', {b.name}_at = 0' for b in module.outputs)};",
        f"    {name}_init(&state);",
        *(_compared_at_once if module.length else _compared_by_step)(module, samples),
    ]
    return [*lines, "    return wrong;", "}", "", f"#endif /* {name.upper()}_TEST */"]


def _compared_at_once(module: Module, samples: Samples) -> list[str]:
    call = ", ".join(b.name for b, _ in _parameters(module))
    lines = [f"    {module.name}_sequence(&state, {call}, {samples.steps});"]
    for buffer, wanted in zip(module.outputs, samples.outputs, strict=True):
        lines += [f"    {line}" for line in _compared(module, buffer, wanted.size)]
    return lines


def _compared_by_step(module: Module, samples: Samples) -> list[str]:
    phased = module.phased
    call = ", ".join(b.name for b, _ in _parameters(module))
    lines = [
        f"    for (int step = 0; step < {samples.steps}; ++step) {{",
        f"        {'const int given = ' if phased else ''}{module.name}_step(&state, {call});",
        *(f"        {b.name} += {b.size};" for b in module.inputs if b.timed),
        *(["        (void)given;"] if phased else []),
    ]
    for k, buffer in enumerate(module.outputs):
        when = f"given >> {k} & 1" if phased else ""
        if not buffer.timed:
            when = f"step == {samples.steps - 1}"
        lines += [f"        if ({when}) {{"] if when else ["        {"]
        lines += [f"            {line}" for line in _compared(module, buffer, buffer.size)]
        lines += [f"            {buffer.name}_at += {buffer.size};"] if buffer.timed else []
        lines.append("        }")
    return [*lines, "    }"]


def _compared(module: Module, buffer: Buffer, size: int) -> list[str]:
    """The lines that count how many numbers of an output are off."""
    name = buffer.name
    return [
        f"for (int i = 0; i < {size}; ++i) {{",
        f"    const float want = (float){module.name}_test_{name}[{name}_at + i];",
        f"    const float off = (float){name}[i] - want;",
        "    const float size = want < 0.0f ? -want : want;",
        "    const float most = tolerance * (size > 1.0f ? size : 1.0f);",
        "    wrong += !(off <= most && -off <= most);",
        "}",
    ]
