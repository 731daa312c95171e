"""Models as source files: `model.export("voice.c")`, `.h`, `.js` or `.mjs`."""

from __future__ import annotations

import functools
from pathlib import Path

from cello.core.files import replacing
from cello.lowering.module import module_of_stream
from cello.lowering.narrower.quantized import quantize
from cello.lowering.samples import predict_from, take_samples
from cello.lowering.sequence import module_of_sequence
from cello.lowering.writers.c import write_c
from cello.lowering.writers.javascript import write_javascript


def write_source(
    model,
    filepath,
    *,
    name=None,
    self_test=None,
    rest=None,
    like=None,
    steps=None,
    weights="float32",
    calibrate=None,
) -> None:
    """Write a model that runs sample by sample as one file of C99 or JavaScript.

    The file needs nothing else. In C its functions are `NAME_init`, `NAME_reset`, `NAME_step` and
    `NAME_block` on a plain struct `NAME_state`; in JavaScript `init`, `reset`, `step` and `block`
    of an ES module. They give what `model.predict` gives for the steps so far.

    Args:
        model: a built model that streams (see `Model.stream`): each layer in it, also one of your
            own, is translated from what it computes.
        filepath: ends with `.c`, `.h`, `.js` or `.mjs`. A `.h` is compiled in the one source file
            that defines `NAME_IMPLEMENTATION`.
        name: what stands in front of the names in C; from the file's name if `None`.
        self_test: inputs `(1, steps, ...)`, as for `predict`. The file gets a function that runs
            them and counts the outputs that are not what Python gives: `NAME_self_test(tolerance)`
            in C if `NAME_TEST` is defined, `selfTest(tolerance)` in JavaScript.
        rest: a number, or an array for the inputs of a step: the state at the start is that which
            this constant input leads to, so that a sound does not click at its start.
        steps: for a model that looks at later steps, such as `Bidirectional`: the most steps of a
            sequence. One function, `NAME_sequence(state, in, out, n)`, or `sequence`, takes whole
            sequences then, of n steps; the state is its memory, and nothing is remembered.
        like: for a model without a graph: inputs like those that will come, `(batch, time, ...)`.
        weights: "float32", or narrower "int8", "bfloat16" or "float16", or what `Model.quantized`
            gave for this model.
        calibrate: as for `Model.quantized`.

    Raises:
        ValueError: if a layer needs later steps and there is no `steps`, or computes something that
            has no rule; the layer is named and nothing is written.
    """
    path = Path(filepath)
    if not isinstance(name, (str, type(None))):
        raise ValueError(f"{model}.export: name must be a string, and it is {name!r}.")
    if steps is not None and rest is not None:
        raise ValueError(f"{model}.export: rest= is for streams, and steps= for whole sequences.")
    called = name or path.stem
    predict = functools.partial(predict_from, model, rest, steps)
    if weights != "float32":
        narrow = quantize(model, weights, calibrate, steps, like)
        module = narrow.module(called, rest)
        predict = functools.partial(narrow.predict, rest=rest)
    elif steps is None:
        module = module_of_stream(model, called, like, rest)
    else:
        module = module_of_sequence(model, called, steps, like)
    samples = None
    if self_test is not None:
        samples = take_samples(model, self_test, predict)
        if steps is not None and samples.steps > steps:
            raise ValueError(
                f"{model}.export: self_test has {samples.steps} steps, and steps={steps} are the "
                "most of the file: pass a shorter one."
            )
    if path.suffix in (".c", ".h"):
        text = write_c(module, path.suffix == ".h", samples)
    else:
        text = write_javascript(module, samples)
    with replacing(path) as temporary:
        Path(temporary).write_text(text)
