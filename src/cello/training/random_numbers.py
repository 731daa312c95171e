"""The random numbers of a program: as they are, and those of a file, checked before they count."""

from __future__ import annotations

import random
import sys
from typing import Any

import numpy as np

from cello.core.kinds import number, optional
from cello.core.random import global_generator, new_shuffler
from cello.distribution.layout import current


def new_agreed_shuffler() -> np.random.Generator:
    """What draws the order of the rows, the same in all processes that train together."""
    shuffler = new_shuffler()
    state = shuffler.bit_generator.state
    shuffler.bit_generator.state = current().agree(state, "the start of fit")
    return shuffler


def random_numbers(shuffler: np.random.Generator | None) -> dict[str, Any]:
    """The states of NumPy's, Python's, PyTorch's and Cello's generators and of the `shuffler`."""
    torch = _torch()
    return {
        "shuffler": None if shuffler is None else shuffler.bit_generator.state,
        "cello": global_generator().bit_generator.state,
        "numpy": np.random.get_state(legacy=False),
        "python": random.getstate(),
        "torch": torch.default_generator.get_state().numpy() if torch else None,
    }


def check_random_numbers(states: dict[str, Any], shuffler: np.random.Generator | None) -> None:
    """Try states from a file on generators that nobody uses.

    Raises:
        ValueError: for what is no state of these generators.
    """
    if shuffler is not None and states["shuffler"] is None:
        raise ValueError("it is of a training with shuffle=False")
    for name, kind in _trials(shuffler).items():
        try:
            kind(states[name])
        except Exception as error:
            raise ValueError(f"the random numbers {name!r} are none ({error})") from None


def restore_random_numbers(states: dict[str, Any], shuffler: np.random.Generator | None) -> None:
    """Go on from states that `check_random_numbers` has seen."""
    if shuffler is not None:
        shuffler.bit_generator.state = states["shuffler"]
    global_generator().bit_generator.state = states["cello"]
    np.random.set_state(states["numpy"])
    random.setstate(_of_python(states["python"]))
    torch = _torch()
    if torch and states["torch"] is not None:
        torch.default_generator.set_state(torch.from_numpy(states["torch"]))


def _trials(shuffler) -> dict[str, Any]:
    """By the name of a generator: what raises for a state that it cannot take."""

    def on_numpy(like):
        unused = getattr(np.random, like["bit_generator"])()

        def try_(state):
            np.random.RandomState(unused).set_state(state)
            _check_position(unused.state)

        return try_

    def on_python(state):
        optional(number)(state[2])
        random.Random().setstate(_of_python(state))

    def on_torch(state):
        if torch and state is not None:
            torch.Generator().set_state(torch.from_numpy(state))

    torch, now = _torch(), random_numbers(shuffler)
    trials = {"python": on_python, "torch": on_torch}
    for name in ("shuffler", "cello", "numpy"):
        if now[name] is not None:
            trials[name] = on_numpy(now[name])
    return trials


def _check_position(state: dict[str, Any]) -> None:
    """NumPy does not look at the place in its buffer, and reads whatever lies there."""
    for place, most in ((state["state"].get("pos", 0), 624), (state.get("buffer_pos", 0), 4)):
        if not 0 <= place <= most:
            raise ValueError(f"a place of {place} in {most}")


def _of_python(state) -> tuple[Any, ...]:
    version, numbers, gauss = state
    return version, tuple(numbers), gauss


def _torch():
    """PyTorch, from whose generator a `DataLoader` draws, if the program uses it."""
    return sys.modules.get("torch")
