"""`plot_gradient_flow`: how far back in time a loss reaches."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

from cello.cells.loop import repeat_step
from cello.cells.steps import StepObserver
from cello.core.variable import Binding
from cello.models.model import Model
from cello.plotting.canvas import HATCH, LINES, take_axis
from cello.plotting.recording import find_recurrent_layers

VANISHES, EXPLODES = 1e-6, 1e3
"""What a gradient is said to do, in terms of the one at the last step."""


def plot_gradient_flow(model, x, y, layer=None, ax=None):
    """The gradient of the loss by the state of each step: how far back in time it reaches.

    For each recurrent layer, a line with::

        g_t = || d loss / d h_t ||,   t = 0 ... time - 1

    where `h_t` is the output of step t, which is the state that goes on to step t + 1 as well; the
    norm is the root of the sum of squares over all rows of the batch and all units. The loss is
    that of `compile` on the whole batch, without dropout. Where the loss looks at the last step
    only, `g_t` tells how the gradient shrinks or grows on its way back.

    A gradient is said to vanish where `g_t` is below 1e-6 of the largest `g` at a last step (a
    float32 has 7 digits: beside the gradient of the last step it is lost), and to explode where it
    is above 1000 of it: the hatched bands. The line has a gap at steps that are masked in all rows.

    Args:
        model: a compiled model.
        x, y: a batch as `fit` takes it: inputs and targets.
        layer: one recurrent layer, by name or itself; all where `None`. A layer that is called
            several times has a line for each call.
        ax: an axis of matplotlib to draw in.

    Returns:
        The axis.

    Raises:
        RuntimeError: before `compile`.
        ValueError: where there is no such layer, the data do not fit, or the output of a step of
            the layer's cell is not one of its states.

    Sources: Bengio, Simard and Frasconi 1994; Pascanu, Mikolov and Bengio 2013.
    """
    if not isinstance(model, Model):
        raise TypeError(f"plot_gradient_flow needs a model and got {type(model).__name__}.")
    model.trainer.ready("plot_gradient_flow")
    layers = find_recurrent_layers(model, layer, "plot_gradient_flow")
    lines = _measure_gradients(model, x, y, layers)
    ax = take_axis(ax, "plot_gradient_flow", (7.2, 4.2))
    calls = [called.name for called, _ in lines]
    for i, (called, norms) in enumerate(lines):
        number = (
            f", call {calls[:i].count(called.name) + 1}" if calls.count(called.name) > 1 else ""
        )
        style = LINES[i % len(LINES)]
        marker = "." if len(norms) <= 60 else None
        ax.plot(norms, label=f"{called.name}{number}", marker=marker, **style)
    largest = max(_find_last(called, norms) for called, norms in lines)
    _draw_bands(ax, largest if largest > 0 else 1.0, np.concatenate([n for _, n in lines]))
    ax.set(
        title=f"Gradient flow in {model}", xlabel="time step t (the gradient flows to the left)",
        ylabel="norm of d loss / d h$_t$",
    )  # fmt: skip
    ax.xaxis.get_major_locator().set_params(integer=True)
    ax.legend(fontsize="small", loc="upper right")
    return ax


def _find_last(layer, norms) -> float:
    """The gradient at the last step that the layer runs and a mask does not hide."""
    seen = norms[norms > 0]
    return seen[0 if layer.go_backwards else -1] if len(seen) else 0.0


def _draw_bands(ax, last: float, norms) -> None:
    """A logarithmic axis with hatched bands above and below."""
    vanishes, explodes = VANISHES * last, EXPLODES * last
    seen = norms[np.isfinite(norms) & (norms > 0)]
    bottom = min(vanishes / 30, *seen / 3) if len(seen) else vanishes / 30
    top = max(explodes * 30, *seen * 3) if len(seen) else explodes * 30
    bottom = max(bottom, vanishes * 1e-20)  # further down there is nothing to see
    ax.set_yscale("log")
    ax.set_ylim(bottom, top)
    for edge, beyond, word, place in (
        (vanishes, 1e-30, "vanishes", "top"), (explodes, 1e30, "explodes", "bottom")
    ):  # fmt: skip
        ax.axhspan(min(edge, edge * beyond), max(edge, edge * beyond), zorder=0, **HATCH)
        ax.text(
            0.5, edge * beyond ** (1 / 60), word, transform=ax.get_yaxis_transform(), va=place,
            ha="center", fontsize="small", zorder=1, clip_on=True,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip


def _measure_gradients(model, x, y, layers):
    """`(layer, g)` for each call of a layer, `g` in the order of time; NaN at masked steps."""
    batch = model.trainer.feeding.feed("plot_gradient_flow", (x, y, None)).first()
    programs = model.trainer.programs

    def loss(watching):
        with Binding(), watching:
            return programs.loss_of(batch, programs.outputs_of(batch, False), False)

    seen = StepObserver(layers)
    loss(seen)
    if not seen.passages:
        raise ValueError(
            f"plot_gradient_flow: {model} calls none of its layers {[v.name for v in layers]}."
        )
    pushes = [jax.tree.map(jnp.zeros_like, passage.outputs) for passage in seen.passages]
    found = []
    gradients = jax.grad(lambda pushes: loss(_Pushing(layers, pushes)))(pushes)
    for passage, gradient in zip(seen.passages, gradients, strict=True):
        squares = np.square(np.asarray(gradient, float))
        norms = np.sqrt(squares.sum(axis=(0, *range(2, squares.ndim))))
        counts = np.asarray(passage.counts).any(axis=0)
        found.append((passage.layer, passage.in_time(np.where(counts, norms, np.nan))))
    return found


class _Pushing(StepObserver):
    """Adds something to the output of each step, for the loss to be differentiated by it."""

    def __init__(self, layers, pushes):
        super().__init__(layers)
        self._pushes = iter(pushes)

    def repeat(self, layer, cell, inputs, states, run):
        return repeat_step(_PushedCell(layer, cell), (inputs, next(self._pushes)), states, run)


class _PushedCell:
    """A cell with something added to the output of a step, and to the state that it is."""

    def __init__(self, layer, cell):
        self._layer, self._cell = layer, cell
        self.itself = cell.itself

    def take_step(self, inputs_and_push, states, **options):
        inputs, push = inputs_and_push
        outputs, after = self._cell.take_step(inputs, states, **options)
        if not any(s is outputs for s in jax.tree.leaves(after)):
            raise ValueError(
                f"plot_gradient_flow: the output of a step of {self._layer} is none of the states "
                f"of its {type(self.itself).__name__}, so there is no one h_t: name another layer, "
                "layer=..."
            )
        pushed = outputs + push
        return pushed, jax.tree.map(lambda s: pushed if s is outputs else s, after)
