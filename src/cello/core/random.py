"""Random numbers that repeat: a generator is a variable that holds a JAX key."""

from __future__ import annotations

import contextlib
import contextvars
import random

import jax
import numpy as np

from cello.core.variable import Variable

_held: contextvars.ContextVar[dict[SeedGenerator, jax.Array]] = contextvars.ContextVar(
    "held",
    default={},  # noqa: B039 - never changed: `hold` sets a new dict
)


class SeedGenerator:
    """A stream of JAX keys. Its state is a variable, so that it is saved and traced like a weight.

    Args:
        seed: the start of the stream; drawn from the global stream where `None`.
    """

    def __init__(self, seed: int | None = None, name: str = "seed_generator"):
        self.seed = seed
        key = new_key() if seed is None else jax.random.PRNGKey(seed)
        self.state = Variable(key, trainable=False, weight=False, name=f"{name}_state")

    def next(self) -> jax.Array:
        """A key that was not given before (but the same one each time under `hold`)."""
        held = _held.get().get(self)
        if held is not None:
            return held
        state, key = jax.random.split(self.state.value)
        self.state.assign(state)
        return key


@contextlib.contextmanager
def hold(generators):
    """Within it, each generator gives one key again and again.

    So the dropout masks that a cell draws at each step are the same along a sequence.
    """
    token = _held.set({**_held.get(), **{g: g.next() for g in generators}})
    try:
        yield
    finally:
        _held.reset(token)


_global = np.random.default_rng()
"""The global stream, for initialisers and for generators without a seed."""


def global_generator() -> np.random.Generator:
    """What the global stream draws from."""
    return _global


def restart_global_generator(seed: int) -> None:
    """Let the global stream start from a seed."""
    global _global
    _global = np.random.default_rng(seed)


def new_seed() -> int:
    """A seed from the global stream, for numbers that NumPy draws."""
    return int(_global.integers(2**63))


def new_key() -> jax.Array:
    """A key from the global stream, which `set_random_seed` restarts; no value that is traced."""
    with jax.ensure_compile_time_eval():
        return jax.random.PRNGKey(int(_global.integers(2**31)))


def new_shuffler() -> np.random.Generator:
    """A NumPy generator from the global stream, for the order of the data."""
    return np.random.default_rng(new_seed())


def set_random_seed(seed: int) -> None:
    """Make a program repeat exactly: seeds Python, NumPy and everything that Cello draws.

    Call it before the model is built. The same program then starts from the same weights, sees the
    data in the same order and drops the same units.
    """
    random.seed(seed)
    np.random.seed(seed % 2**32)
    restart_global_generator(seed)
