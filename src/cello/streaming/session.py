"""`Session`: a model that runs over sequences as they come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cello.core.memory import telling_of_memory
from cello.core.numbers import exact_numbers, refuse_complex, strings_refused
from cello.core.variable import CHANGES
from cello.native.caller import Caller
from cello.ops.engine import Engine
from cello.streaming.jax_steps import JaxSteps
from cello.streaming.plan import in_order, plan_stream, shape_of


class Session(Caller):
    """A model that goes on where the last call ended; `Model.stream` opens it.

    Each row is a sequence of its own. For every chunk a call gives what the model would have given
    at these steps for the whole sequences::

        session = model.stream(batch_size=1)
        for chunk in source:  # (1, steps, features), of any number of steps
            outputs = session(chunk)

    An output without an axis of time is that after the last step of the chunk.

    Sessions of one model share its weights and nothing else; the states of stateful layers are
    neither used nor changed.

    Args:
        model: a model that has been built.
        batch_size: the number of sequences to start with.
        like: for a model without a graph: inputs like those that will come, `(batch, time, ...)`.
        choose: what computes the steps: a function of the `StreamPlan` and `batch_size`.

    Raises:
        ValueError: where a layer needs later steps, such as `Bidirectional`; it is named.
    """

    def __init__(self, model, batch_size: int = 1, like=None, choose=None):
        self._model = model
        self._plan = plan_stream(model, like)
        self.batch_size = self._checked_count("batch_size", batch_size)
        steps = JaxSteps(self._plan) if choose is None else choose(self._plan, batch_size)
        values, self._first_phases = self._plan.before_first(batch_size)
        steps.set(values, np.ones(batch_size, bool), self._first_phases)
        self._take(steps)

    def _take(self, steps) -> None:
        """Run with these steps from now on."""
        self._steps = steps
        self.runner = steps.runner
        self._weights_of = CHANGES[0]

    def _set(self, values, starts, phases) -> None:
        """Take these states of the rows."""
        self._steps.set(values, starts, phases)
        self._take(self._steps.renew())

    def __getstate__(self):
        """For `pickle` and `copy`."""
        return dict(vars(self))

    def __setstate__(self, state):
        vars(self).update(state)
        self._take(self._steps)

    def call(self, chunk):
        """The outputs for the next steps: what a call of the session is, looked at.

        Args:
            chunk: array `(rows, steps, ...)`, with any number of steps; for a model with several
                inputs a list of them or a dict by name. Inputs without time are `(rows, ...)`.

        Returns:
            NumPy arrays in the structure of the model's outputs.

        Raises:
            ValueError: for other rows or features than those of the session.
            MemoryError: if a piece does not fit into memory; the session stays as it was.
        """
        if CHANGES[0] != self._weights_of:
            self._take(self._steps.renew())
        leaves, steps = self._check_chunk(chunk)
        advice = "Open the session with fewer rows (batch_size), or pass chunks of fewer steps."
        with telling_of_memory("A chunk", leaves, advice):
            return self._steps.run(leaves, steps)

    # ----------------------------------------------------------------------------- state

    @property
    def model(self):
        """The model that it runs."""
        return self._model

    @property
    def along_time(self):
        """For each output, whether it has an axis of time, as a tree."""
        return self._plan.along_time

    @property
    def engine(self) -> Engine:
        """What computes the steps, `"native"`, `"c"` or `"jax"`; its `reason` says why."""
        return self._steps.engine

    @property
    def state(self) -> dict[str, np.ndarray]:
        """All that the session remembers, as NumPy arrays by name.

        Assign it to a session of the same model, in this process or another, and that one goes on
        from here::

            np.savez("state.npz", **session.state)
            session.state = dict(np.load("state.npz"))
        """
        return _name_arrays(self._steps.live()) | {
            f"phases/{p}": np.array(n) for p, n in self._steps.phases.items()
        }

    @state.setter
    def state(self, state: dict[str, Any]) -> None:
        if not isinstance(state, Mapping):
            raise ValueError(
                f"{self._model}: the state must be a dict of arrays, as `session.state` gives it, "
                f"and not {state!r}."
            )
        live = self._steps.live()
        have = _name_arrays(live)
        phases = {f"phases/{path}": path for path in self._steps.phases}
        if set(state) != {*have, *phases}:
            missing = sorted({*have, *phases} - set(state))
            unknown = sorted(set(state) - {*have, *phases})
            raise ValueError(
                f"{self._model}: the state does not fit this session: missing {missing}, unknown "
                f"{unknown}. Pass what `session.state` gave for the same model."
            )
        rows = np.shape(state["starts"])[:1]
        for name, value in have.items():
            if np.shape(state[name]) != (*rows, *value.shape[1:]) or not rows[0]:
                raise ValueError(
                    f"{self._model}: the state '{name}' must have the shape "
                    f"{(*rows, *value.shape[1:])} and has {np.shape(state[name])}."
                )
        arrays = [np.asarray(state[name], value.dtype) for name, value in have.items()]
        values, starts = jax.tree.unflatten(jax.tree.structure(live), arrays)
        self.batch_size = rows[0]
        self._set(values, starts, {path: int(state[name]) for name, path in phases.items()})

    # ------------------------------------------------------------------------------ rows

    def add_rows(self, count: int = 1) -> None:
        """Start `count` more sequences, in rows behind the others."""
        self._checked_count("count", count)
        self._check_windows("add_rows")
        values, starts = self._steps.live()
        self.batch_size += count
        self._set(values, np.append(starts, np.ones(count, bool)), self._steps.phases)

    def drop_rows(self, rows) -> None:
        """End some sequences; the rows behind them move up.

        Args:
            rows: their numbers, or one boolean a row.
        """
        chosen = self._checked_rows("drop_rows", rows)
        if chosen.all():
            raise ValueError(f"{self._model}: drop_rows must leave a row; open another session.")
        values, starts = jax.tree.map(lambda v: v[~chosen], self._steps.live())
        self.batch_size = len(starts)
        self._set(values, starts, self._steps.phases)

    def reset_rows(self, rows=None) -> None:
        """Let sequences start anew with the next chunk.

        Args:
            rows: their numbers, or one boolean a row; all if `None`.
        """
        chosen = self._checked_rows("reset_rows", slice(None) if rows is None else rows)
        if not chosen.all():
            self._check_windows("reset_rows")
        values, starts = self._steps.live()
        phases = self._first_phases if chosen.all() else self._steps.phases
        self._set(values, starts | chosen, phases)

    # --------------------------------------------------------------------------- details

    def _check_chunk(self, chunk):
        """The leaves of a chunk, in the model's dtypes and with room for more rows; its steps."""
        specs, leaves = self._plan.specs, jax.tree.leaves(in_order(self._plan.names, chunk))
        text = next((v for v in leaves if isinstance(v, (str, bytes))), None)
        if text is not None:
            raise strings_refused(f"{self._model}: a chunk", text)
        if len(leaves) != len(specs):
            raise ValueError(
                f"{self._model} has {len(specs)} input(s) and the chunk has {len(leaves)}."
            )
        leaves = [self._as_numbers(v, s.dtype) for v, s in zip(leaves, specs, strict=True)]
        timed = zip(leaves, self._plan.timed, strict=True)
        steps = max(v.shape[1] if t and v.ndim > 1 else 1 for v, t in timed)
        for leaf, spec in zip(leaves, specs, strict=True):
            if leaf.shape != shape_of(spec, self.batch_size, steps) or steps == 0:
                raise ValueError(
                    f"{self._model}: a chunk of this session has the shape "
                    f"{shape_of(spec, self.batch_size, 'steps')}, with one step at least, and this "
                    f"one has {leaf.shape}."
                )
        return leaves, steps

    def _as_numbers(self, value, dtype) -> np.ndarray:
        """A leaf of a chunk in the dtype of its input."""
        what = f"{self._model}: a chunk"
        array = exact_numbers(value, what, dtype)
        if not jnp.issubdtype(dtype, jnp.complexfloating):
            refuse_complex(array, what)
        return array.astype(dtype)

    def _checked_count(self, name: str, value) -> int:
        if not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(
                f"{self._model}: {name} must be a positive integer. Received: {name}={value!r}"
            )
        return int(value)

    def _checked_rows(self, where: str, rows) -> np.ndarray:
        """One boolean a row."""
        chosen = np.zeros(self.batch_size, bool)
        try:
            chosen[rows if isinstance(rows, slice) else np.asarray(rows)] = True
        except IndexError:
            raise ValueError(
                f"{self._model}: {where} needs numbers from 0 to {self.batch_size - 1}, or "
                f"{self.batch_size} booleans. Received: rows={rows!r}"
            ) from None
        return chosen

    def _check_windows(self, where: str) -> None:
        """Windows end at the same steps in all rows: a row can only start where one may begin."""
        for path, phase in self._steps.phases.items():
            if phase != self._first_phases[path]:
                raise ValueError(
                    f"{self._model}: {where} cannot start a row here: the windows of layer "
                    f"'{path}' end at the same steps in all rows, and a new row would begin in the "
                    "middle of one. Start it when a window begins, or open a session for it."
                )


def _name_arrays(state) -> dict[str, Any]:
    """The arrays of a state by name."""
    values, starts = state
    leaves = jax.tree_util.tree_leaves_with_path(values)
    named = {
        "values/" + jax.tree_util.keystr(path, simple=True, separator="/"): leaf
        for path, leaf in leaves
    }
    return named | {"starts": starts}
