"""What `compile` and `fit` are given for the outputs of a model, spread over them.

A model's outputs are one tensor, or lists and dicts of them, within each other or not. What is
given for them has the same form, or names them, or is one thing for all.
"""

from __future__ import annotations

from typing import Any

import jax


def name_outputs(outputs, output_names: list[str]) -> Any:
    """The tree of the outputs with a name for each: the keys and places that lead there.

    Args:
        outputs: the tree.
        output_names: the names of the outputs in their order, which stand for their places; empty
            for a model that has none.
    """
    leaves, structure = jax.tree_util.tree_flatten_with_path(outputs)
    known = output_names if len(output_names) == len(leaves) else []
    names = []
    for i, (path, _) in enumerate(leaves):
        parts = [jax.tree_util.keystr((key,), simple=True) for key in path]
        if not path or isinstance(path[-1], jax.tree_util.SequenceKey):
            parts[-1:] = [known[i] if known else f"output_{i}"]
        names.append("/".join(parts))
    return jax.tree.unflatten(structure, names)


def spread(given, form, what: str) -> list[Any]:
    """What is given for each output, in their order; `None` where there is nothing.

    Args:
        given: in the form of the outputs, or a dict by their names, or a list of one thing for
            each; or what is neither a list nor a dict, for all.
        form: that of `name_outputs`.
        what: what it is, for messages.

    Raises:
        ValueError: for what has another form.
    """
    if isinstance(form, str):
        named = isinstance(given, dict) and "class_name" not in given
        if named:
            _check_names(given, [form], what)
        return [given.get(form) if named else given]
    names = jax.tree.leaves(form)
    if isinstance(given, dict) and "class_name" not in given:
        by_key = isinstance(form, dict) and not set(given) - set(form)
        if not by_key:
            _check_names(given, names, what)
            return [given.get(name) for name in names]
        return [v for key in sorted(form) for v in spread(given.get(key), form[key], what)]
    if not isinstance(given, (list, tuple)):
        return [given] * len(names)
    if isinstance(form, (list, tuple)) and len(given) == len(form):
        return [v for g, f in zip(given, form, strict=True) for v in spread(g, f, what)]
    if len(given) == len(names):
        return list(given)
    raise ValueError(f"{what} has {len(given)} entries for the outputs {names}.")


def place_targets(targets, form, taught: list[int]) -> list[Any]:
    """The target of each output, matched by place or by name; `None` where there is none.

    Args:
        targets: in a form that `spread` takes, or one for each output with a loss.
        form: that of `name_outputs`.
        taught: the places of the outputs with a loss, some more than once if they have several.

    Raises:
        ValueError: for targets in another form.
    """
    names, taught = jax.tree.leaves(form), list(dict.fromkeys(taught))
    found: list[Any] = [None] * len(names)
    if targets is None:
        return found
    if isinstance(targets, dict):
        return spread(targets, form, "y")
    flat = jax.tree.leaves(targets, is_leaf=lambda v: not isinstance(v, (list, tuple, dict)))
    if len(taught) == len(flat) < len(names):
        for i, target in zip(taught, flat, strict=True):
            found[i] = target
        return found
    if len(flat) != len(names):
        raise ValueError(
            f"The model has {len(names)} output(s), {names}, and y has {len(flat)}: pass a list "
            "with one array for each, in this order, or a dict by name."
        )
    return flat if len(names) == 1 else spread(targets, form, "y")


def _check_names(given: dict[str, Any], names: list[str], what: str) -> None:
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise ValueError(f"{what} names the outputs {unknown}; the model has {names}.")
