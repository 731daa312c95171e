"""`EinsumDense`: a product of inputs and a kernel along any axes."""

from __future__ import annotations

import re
import string
from collections.abc import Sequence
from typing import NamedTuple

import jax.numpy as jnp

from cello.core.arguments import arg
from cello.core.input_spec import InputSpec
from cello.core.kinds import Integer, optional, positive_integer
from cello.initializers import VarianceScaling
from cello.layers.kernel import KernelLayer

_FORM = re.compile(
    r"(?P<before>\.\.\.)?(?P<inputs>[a-zA-Z]+)(?P<after>\.\.\.)?,(?P<kernel>[a-zA-Z]+)->"
    r"(?(before)\.\.\.)(?P<outputs>[a-zA-Z]+)(?(after)\.\.\.)"
)


class _Letters(NamedTuple):
    """Those of an equation, with some in the place of `...`, and how many axes that stands for."""

    inputs: str
    kernel: str
    outputs: str
    elided: int


def _equation(value: str):
    found = _FORM.fullmatch(value.replace(" ", "")) if isinstance(value, str) else None
    if found is None or (found["before"] and found["after"]):
        raise ValueError('an equation such as "ab,bc->ac", "...a,ab->...b" or "ab...,bc->ac..."')
    inputs, kernel, outputs = (set(found[part]) for part in ("inputs", "kernel", "outputs"))
    if not (outputs <= inputs | kernel and kernel <= inputs | outputs):
        raise ValueError(
            "an equation in which each letter behind the arrow stands before it, too, and each "
            "letter of the kernel in the inputs or in the outputs"
        )
    return value.replace(" ", "")


def sizes(value: Integer | Sequence[int | None]) -> tuple[int | None, ...]:
    """A size, or several, with `None` for one that is not known."""
    given = value if isinstance(value, Sequence) else (value,)
    if isinstance(value, str):
        raise ValueError("a positive integer, or several, with None for one that is not known")
    return tuple(None if d is None else positive_integer(d) for d in given)


def _letters(value: str):
    if not isinstance(value, str) or not value.isalpha():
        raise ValueError('letters of the outputs, such as "c"')
    return value


class EinsumDense(KernelLayer):
    """`activation(einsum(equation, inputs, kernel) + bias)`.

    The equation says which axes meet: `EinsumDense("abc,cd->abd", (None, 64), bias_axes="d")` is
    `Dense(64)` on each step. Its first letter is the batch; `...` stands for any axes at the begin
    or the end of inputs and outputs. Weights: `kernel` and `bias`, whose shapes follow from the
    equation.
    """

    argument_order = (
        "equation output_shape activation bias_axes kernel_initializer bias_initializer "
        "kernel_regularizer bias_regularizer kernel_constraint bias_constraint"
    )
    equation = arg(kind=_equation, doc='How the axes meet, such as "ab,bc->ac".')
    output_shape = arg(
        kind=sizes,
        doc="Sizes of the outputs without the batch and what `...` stands for; `None`: not known.",
    )
    bias_axes = arg(
        None,
        kind=optional(_letters),
        doc="Letters of the outputs that have a bias.",
    )
    use_bias = property(lambda self: self.bias_axes is not None)
    _ignored_arguments = {"gptq_unpacked_column_size": None}

    def build(self, input_shape):
        letters = self._letters_for(len(input_shape))
        inputs, kernel, outputs, _ = letters
        known = self._sizes_of(letters, input_shape)
        initializer = self.kernel_initializer
        if isinstance(initializer, VarianceScaling):
            axes = {
                "input_axes": [a for a, letter in enumerate(kernel) if letter not in outputs],
                "output_axes": [a for a, letter in enumerate(kernel) if letter in outputs],
            }
            given = {k: v for k, v in initializer.get_config().items() if v is not None}
            initializer = type(initializer)(**(axes | given))
        self.kernel = self.add_weight(
            tuple(known[letter] for letter in kernel),
            initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.bias_axes is not None:
            first = min(outputs.index(letter) for letter in self.bias_axes)
            self.bias = self.add_weight(
                tuple(known[c] if c in self.bias_axes else 1 for c in outputs[first:]),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        fixed = {c: size for c, size in known.items() if c in kernel and size is not None}
        self.input_spec = InputSpec(("batch", *inputs[1:]), fixed)

    def _letters_for(self, rank: int) -> _Letters:
        """The letters for inputs of `rank` axes."""
        found = _FORM.fullmatch(self.equation)
        assert found is not None  # as the argument was checked
        inputs, kernel, outputs = found["inputs"], found["kernel"], found["outputs"]
        free = [c for c in string.ascii_letters if c not in self.equation]
        elided = rank - len(inputs)
        if not bool(found["before"]) <= elided <= (len(free) if "." in self.equation else 0):
            raise ValueError(
                f"{self} with the equation {self.equation!r} does not fit inputs of {rank} axes."
            )
        dots = "".join(free[:elided])
        if found["before"]:
            return _Letters(dots + inputs, kernel, dots + outputs, elided)
        return _Letters(inputs + dots, kernel, outputs + dots, elided)

    def _sizes_of(self, letters: _Letters, input_shape) -> dict[str, int | None]:
        """The sizes by their letters."""
        if self.equation.startswith("."):
            made = [*input_shape[: letters.elided], *self.output_shape]
        else:
            last = input_shape[len(input_shape) - letters.elided :]
            made = [input_shape[0], *self.output_shape, *last]
        if len(made) != len(letters.outputs):
            raise ValueError(
                f"{self} with the equation {self.equation!r} makes outputs of "
                f"{len(letters.outputs)} axes of inputs of the shape {tuple(input_shape)}, and "
                f"output_shape={self.output_shape} gives sizes for {len(made)}, the batch included."
            )
        known = dict(zip(letters.inputs, input_shape, strict=True))
        for letter, size in zip(letters.outputs, made, strict=True):
            if None not in (size, known.get(letter)) and known[letter] != size:
                raise ValueError(
                    f"{self}: the inputs of the shape {tuple(input_shape)} have {known[letter]} "
                    f"along '{letter}' of {self.equation!r}, and output_shape says {size}."
                )
            known[letter] = size if known.get(letter) is None else known[letter]
        return known

    def call(self, inputs):
        return self.finish(jnp.einsum(self.equation, inputs, self.kernel.value))

    def why_not_in_pieces(self, arguments):
        inputs, kernel, outputs, _ = self._letters_for(arguments["inputs"].ndim)
        if inputs[1] in kernel or outputs[1:2] != inputs[1]:
            return f"with the equation {self.equation!r} steps meet, or time is no longer axis 1."
        return None
