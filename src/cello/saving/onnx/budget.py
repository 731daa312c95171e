"""What an ONNX file may ask for while a model is made from it: one budget for all of its nodes."""

from __future__ import annotations

import re
from typing import Any

from cello.core.files import EXPANSION, FREE_BYTES
from cello.core.loading import AXES, LimitError, Loading, current_loading

LARGEST_DEGREE = 8
"""The largest power of a free size: a file multiplies no more sizes than a tensor has axes."""
_BYTES_A_FREE_SIZE = 500  # what working with one costs, as numbers of so many bytes


class Budget(Loading):
    """A scope in which a file is read; see `Loading`, whose objects are nodes and names in them.

    Args:
        nbytes: the size of the file. Constants worked out from others may take `EXPANSION` times as
            much and `FREE_BYTES`, those that they are worked out from included.
        names: the number of its nodes, and of the names of their inputs and outputs.
    """

    def __init__(self, nbytes: int, names: int):
        super().__init__(4 * nbytes + FREE_BYTES, names)
        self.left["bytes of constants"] = EXPANSION * nbytes + FREE_BYTES
        self.left["calls of layers"] = self.left["parts of tensors"] = 1000 + 2 * names


def take(what: str, amount: int, who) -> None:
    """Count `amount` in the budget of the file that is being read."""
    budget = current_loading()
    if budget is not None:
        budget.take(what, amount, who)


def take_numbers(values, who) -> None:
    """Count arrays that are worked with or worked out, and check the free sizes in them."""
    for value in values:
        free = value.dtype == object
        take("bytes of constants", value.size * _BYTES_A_FREE_SIZE if free else value.nbytes, who)
        if free:
            check_sizes(value.reshape(-1).tolist(), who)


def check_sizes(sizes: list[Any], who) -> None:
    """Refuse sizes with which JAX, or Python, would compute for hours."""
    if len(sizes) > AXES:
        raise LimitError(f"{who} has {len(sizes)} sizes, and a tensor has at most {AXES}.")
    for size in sizes:
        if isinstance(size, (int, float)):
            deep = abs(size) >= 2**63
        else:
            text = str(size)
            nested = sum(text.count(word) for word in ("floordiv", "mod", "max(", "min("))
            powers = [int(power) for power in re.findall(r"\^(\d+)", text[:400])]
            deep = len(text) > 400 or nested > 4 or max(powers, default=0) > LARGEST_DEGREE
        if deep:
            raise LimitError(f"{who} works out a size larger, or less known, than any tensor's.")
