"""A layer beside the equations of a paper, written down as a loop in PyTorch."""

import jax
import numpy as np
import pytest
from contract import FEATURES, normal
from in_numpy import in_numpy

from cello import layers
from cello.core.variable import Binding


def close(got, wanted, tolerance=1e-5):
    """Within a share of the largest number of each array, or of 1."""
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(wanted), strict=True):
        scale = max(1.0, np.abs(np.asarray(w)).max(initial=0))
        np.testing.assert_allclose(g, w, rtol=tolerance, atol=tolerance * scale)


def moved(layer, seed=0, scale=0.4):
    """`layer` with weights off their start, all of them different."""
    rng = np.random.default_rng(seed)
    layer.set_weights([w + scale * rng.normal(size=w.shape) for w in layer.get_weights()])
    return layer


def made(name, units=4, features=FEATURES, dtype="float32", **options):
    layer = getattr(layers, name)(units, dtype=dtype, **options)
    layer.build((1, 2, features))
    return moved(layer)


def weights_of(layer):
    """By name, in float64."""
    return {w.name: np.asarray(w.value, "float64") for w in layer.weights}


def run(layer, x, states=None, **options):
    """What the layer gives, and the gradients of a sum over it by weights, inputs and states."""

    def results(weights, x, states):
        with Binding(dict(zip(layer.weights, weights, strict=True))):
            return layer(x, initial_state=states, **options)

    def both(weights, x, states):
        y, back = jax.vjp(results, weights, x, states)
        return y, back(jax.tree.map(lambda o: jax.numpy.cos(o + 1), y))

    given = [w.numpy() for w in layer.weights], x, states
    return in_numpy(both, *given)(*given)


def gradients(layer, x, states, **options):
    """Of a sum that looks at every output, by the weights, the inputs and the states."""
    return run(layer, x, states, **options)[1]


def some_states(layer, batch, seed=5):
    states = layer.get_initial_state(batch)
    rng = np.random.default_rng(seed)
    return [np.abs(rng.normal(size=s.shape)).astype(s.dtype) for s in states]


def torch_or_skip():
    return pytest.importorskip("torch")


def same_as(name, equations, features=FEATURES, tolerance=1e-5, **options):
    """Values and gradients of the layer are those of `equations`.

    Args:
        equations: function of the weights, by name, of the inputs and of the list of states, all
            of them float64 tensors of PyTorch; it loops over the steps.
    """
    torch = torch_or_skip()
    layer = made(name, features=features, return_sequences=True, **options)
    x = normal(2, 7, features)
    states = some_states(layer, 2)
    tensor = lambda v: torch.tensor(np.asarray(v, "float64"), requires_grad=True)  # noqa: E731
    weights = {w.name: tensor(w.value) for w in layer.weights}
    theirs_x, theirs_states = tensor(x), [tensor(s) for s in states]
    wanted = equations(torch, weights, theirs_x, theirs_states)
    torch.sin(wanted + 1).sum().backward()
    y, (by_weights, by_x, by_states) = run(layer, x, states)
    close(y, wanted.detach().numpy(), tolerance)
    close(by_weights, [w.grad.numpy() for w in weights.values()], 10 * tolerance)
    close(by_x, theirs_x.grad.numpy(), 10 * tolerance)
    close(by_states, [s.grad.numpy() for s in theirs_states], 10 * tolerance)
