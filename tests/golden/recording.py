"""How the writers of golden files run another package's module, and what they keep of it."""

import importlib.util
import sys
import types
from pathlib import Path

import numpy as np
import torch

FOLDER = Path(__file__).parent
LAYERS = {}
"""What writes a file, by its name."""


def layer(write):
    """Put a function of that name among `LAYERS`."""
    LAYERS[write.__name__] = write
    return write


def normal(*shape, seed=1, scale=1.0):
    """Numbers that float32 and float64 can both hold."""
    values = scale * np.random.default_rng(seed).normal(size=shape)
    return values.astype("float32").astype("float64")


def randomised(module, scale=0.5, seed=2):
    """`module` in float64, with weights that are all different, biases too."""
    module = module.double().eval()
    with torch.no_grad():
        for i, parameter in enumerate(module.parameters()):
            drawn = [normal(*parameter.shape, seed=seed + 100 * i + k) for k in range(2)]
            values = drawn[0] + 1j * drawn[1] if parameter.is_complex() else drawn[0]
            parameter.copy_(scale * torch.as_tensor(values))
    return module


def leaf(*shape, seed, scale=0.5):
    """A weight that belongs to no module."""
    return torch.tensor(scale * normal(*shape, seed=seed), requires_grad=True)


def time_first(run):
    """`run`, which wants the time first, for inputs with the batch first."""

    def swapped(x):
        outputs, *states = listed(run(x.transpose(0, 1)))
        return [outputs.transpose(0, 1), *states]

    return swapped


def stepped(cell, *states):
    """Outputs of every step, and the last states, of a cell that gives its states alone."""

    def run(x):
        now, outputs = [s.expand(len(x), -1) for s in states], []
        for step in x.unbind(1):
            now = listed(cell(step, tuple(now) if len(now) > 1 else now[0]))
            outputs.append(now[0])
        return [torch.stack(outputs, 1), *now]

    return run


def record(name, source, run, x, weights, differentiate=True, **more):
    """Write `name.npz`.

    Args:
        source: the package, its version, and what of it.
        run: function of a tensor like `x` that gives outputs, or a list with states behind them.
        weights: the tensors of the module, by its own names; or the module.
        differentiate: `True`; `False` where only outputs are to be had; or "by differences", in
            float64, where PyTorch cannot.
        more: other arrays that the test needs.
    """
    if isinstance(weights, torch.nn.Module):
        weights = {n: p for n, p in weights.named_parameters() if p.requires_grad}
    leaves = {"x": torch.tensor(x, requires_grad=differentiate is True), **weights}
    results = listed(run(leaves["x"]))
    projections = [torch.tensor(normal(*r.shape, seed=50 + i)) for i, r in enumerate(results)]

    def total(results):
        return sum((r.double() * p).sum() for r, p in zip(results, projections, strict=True))

    gradients = {}
    if differentiate is True:
        found = torch.autograd.grad(total(results), list(leaves.values()), allow_unused=True)
        gradients = {k: g for k, g in zip(leaves, found, strict=True) if g is not None}
        leaves = {k: leaves[k] for k in gradients}
    elif differentiate:
        for key, leaf in leaves.items():
            gradients[key] = by_differences(lambda: total(listed(run(leaves["x"]))), leaf)
    kept = {f"weight/{k}": v for k, v in leaves.items()}
    kept |= {f"gradient/{k}": v for k, v in gradients.items()}
    for i, (result, projection) in enumerate(zip(results, projections, strict=True)):
        kept |= {f"result/{i}": result, f"projection/{i}": projection}
    kept |= {f"more/{k}": v for k, v in more.items()}
    arrays = {k: as_real(v) for k, v in kept.items()}
    assert all(np.isfinite(v).all() for k, v in arrays.items() if k != "weight/x"), name
    np.savez_compressed(FOLDER / f"{name}.npz", source=source, **arrays)
    print(f"{name}: {', '.join(arrays)}")


def listed(results):
    return list(results) if isinstance(results, (list, tuple)) else [results]


def by_differences(total, leaf, step=1e-5):
    """The gradient of `total()`, for a tensor of float64 that it reads."""
    gradient = torch.zeros_like(leaf)
    with torch.no_grad():
        for i in range(leaf.numel()):
            entry, into = leaf.view(-1)[i : i + 1], gradient.view(-1)
            start = entry.clone()
            entry.copy_(start + step)
            above = total()
            entry.copy_(start - step)
            into[i] = (above - total()) / (2 * step)
            entry.copy_(start)
    return gradient


def as_real(value):
    """A float32 array; a complex tensor has its real and imaginary part as one more axis."""
    value = torch.as_tensor(value).detach().resolve_conj()
    value = torch.view_as_real(value) if value.is_complex() else value
    return value.numpy().astype("float32")


# ------------------------------------------------------------- packages made for other machines


def stand_in(name, **members):
    """An empty module in place of one that cannot be had: compiled for a GPU, or not used here."""
    module = types.ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module


def without_init(package):
    """Import from `package` without what it and the packages it is in import for themselves."""
    top, *inner = package.split(".")
    if top not in sys.modules:
        stand_in(top, __path__=importlib.util.find_spec(top).submodule_search_locations)
    folder = Path(sys.modules[top].__path__[0])
    for depth in range(1, len(inner) + 1):
        path = folder.joinpath(*inner[:depth])
        stand_in(".".join([top, *inner[:depth]]), __path__=[str(path)])
