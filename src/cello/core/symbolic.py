"""Symbolic tensors: what `Input` returns, and what layers make of it.

A functional model is recorded by calling layers on symbolic tensors. Shapes and dtypes come from
`jax.eval_shape`; an unknown dimension is a JAX symbolic dimension, shown as `None`. A layer
therefore needs no shape code of its own: whatever it computes is traced.
"""

from __future__ import annotations

import functools
import itertools
import secrets
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import export

from cello.core.masking import get_mask, set_mask
from cello.core.text import clean_text
from cello.core.variable import Binding

_scope = export.SymbolicScope()
_numbers = itertools.count()
_here = secrets.token_hex(4)  # unknown sizes of another process, from a pickle, are others
BATCH = export.symbolic_shape("batch", scope=_scope)[0]
STRING = "string"
"""The dtype of tensors of strings, which JAX has not: only layers that run in Python take them."""


def new_dimension():
    """An unknown size, different from every other."""
    return _dimension(f"n{next(_numbers)}_{_here}")


def show_shape(shape) -> tuple[int | None, ...]:
    """`shape` as users write it: `None` for each unknown size."""
    return tuple(d if isinstance(d, int) else None for d in shape)


class SymbolicTensor:
    """A tensor of a graph: a shape, a dtype and the call that makes it, but no numbers.

    Attributes:
        spec: shape and dtype, with symbolic dimensions.
        node: the recorded call whose output this is.
        index: its place among the outputs of that call.
        mask: shape and dtype of the mask that travels with it, or `None`.
    """

    def __init__(self, spec, node: Node, index: int, name: str, mask=None):
        self.spec = spec
        self.node = node
        self.index = index
        self.name = name
        self.mask = mask

    def __getstate__(self):
        """For `pickle` and `copy`: unknown sizes as text, since JAX does not pickle them."""
        return {**vars(self), "spec": _as_text(self.spec), "mask": _as_text(self.mask)}

    def __setstate__(self, state):
        vars(self).update(state, spec=_from_text(state["spec"]), mask=_from_text(state["mask"]))

    @property
    def shape(self) -> tuple[int | None, ...]:
        return show_shape(self.spec.shape)

    @property
    def ndim(self) -> int:
        return len(self.spec.shape)

    @property
    def dtype(self) -> str:
        return STRING if self.spec.dtype == object else jnp.dtype(self.spec.dtype).name

    def __repr__(self):
        name = clean_text(self.name)
        return f"<SymbolicTensor shape={self.shape} dtype={self.dtype} name={name}>"

    @property
    def __jax_array__(self):  # JAX asks for the attribute first: the message must come here
        raise ValueError(
            f"{self!r} has no numbers yet, so a function of JAX or NumPy cannot take it. Use "
            "cello.ops (cello.ops.exp(x)), or wrap the function: cello.layers.Lambda(f)(x)."
        )

    def __array__(self, dtype=None, copy=None):
        return self.__jax_array__

    def __iter__(self) -> Iterator[Any]:
        raise TypeError(f"{self!r} cannot be iterated: its steps are not known yet.")

    def __bool__(self) -> bool:
        raise TypeError(f"{self!r} has no truth value: it holds no numbers yet.")

    if TYPE_CHECKING:  # `core/operation.py` gives these

        def _operator(self, other: Any) -> SymbolicTensor: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _operator
        __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = _operator
        __mod__ = __rmod__ = __pow__ = __rpow__ = __matmul__ = __rmatmul__ = _operator
        __lt__ = __le__ = __gt__ = __ge__ = __getitem__ = _operator
        __eq__ = __ne__ = _operator  # type: ignore[assignment]
        __and__ = __rand__ = __or__ = __ror__ = __xor__ = __rxor__ = _operator

        def __neg__(self) -> SymbolicTensor: ...

        __abs__ = __pos__ = __invert__ = __neg__

        def __round__(self, decimals: int = 0) -> SymbolicTensor: ...


class Node:
    """One recorded call of a layer.

    Attributes:
        layer: the layer that was called.
        args, kwargs: what it was called with, with symbolic tensors among it.
        outputs: what it returned: symbolic tensors, in the layer's own nesting.
    """

    def __init__(self, layer, args, kwargs):
        self.layer = layer
        self.args = args
        self.kwargs = kwargs
        self.outputs: Any = None

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if k != "inputs"}  # found anew

    def __setstate__(self, state):
        vars(self).update(state)
        self.layer.graph_nodes.append(self)  # which are not copied with a layer

    @functools.cached_property
    def inputs(self) -> list[SymbolicTensor]:
        return symbolic_leaves((self.args, self.kwargs))

    @property
    def is_input(self) -> bool:
        return not self.inputs


def _as_text(spec):
    """A spec as `(sizes, dtype)`, unknown sizes written out."""
    if spec is None:
        return None
    return [d if isinstance(d, int) else str(d) for d in spec.shape], spec.dtype


def _from_text(state):
    if state is None:
        return None
    sizes, dtype = state
    shape = [d if isinstance(d, int) else _dimension(d) for d in sizes]
    return jax.ShapeDtypeStruct(tuple(shape), dtype)


def _dimension(text: str):
    return export.symbolic_shape(text, scope=_scope)[0]


def symbolic_leaves(tree) -> list[SymbolicTensor]:
    return [x for x in jax.tree.leaves(tree) if isinstance(x, SymbolicTensor)]


def replace_symbolic(tree, function):
    """`tree` with `function(tensor)` in place of each symbolic tensor."""
    return jax.tree.map(lambda x: function(x) if isinstance(x, SymbolicTensor) else x, tree)


def refuse_strings(layer, tensors) -> None:
    """Refuse tensors of strings for a layer that computes."""
    texts = next((t for t in tensors if t.dtype == STRING), None)
    if texts is not None:
        raise ValueError(
            f"{layer} computes with numbers, and {texts} has strings: put a TextVectorization, "
            "StringLookup or Hashing between them, right behind the Input."
        )


def record(layer, run, args, kwargs):
    """Record a call of `layer` and return its symbolic outputs.

    Args:
        layer: the layer; its `graph_nodes` gets the new node.
        run: the function of `(args, kwargs)` that computes on arrays.
    """
    node = Node(layer, args, kwargs)
    key = _key_of_call(layer, args, kwargs)
    found = _known_shapes.get(key)
    if found is None:
        found = _traced(node, run)
        if key is not None:
            if len(_known_shapes) == 4096:
                _known_shapes.clear()
            _known_shapes[key] = found
    specs, mask_specs, structure = found
    several = len(specs) > 1
    tensors = [
        SymbolicTensor(spec, node, i, f"{layer.name}_{i}" if several else layer.name, mask)
        for i, (spec, mask) in enumerate(zip(specs, mask_specs, strict=True))
    ]
    node.outputs = jax.tree.unflatten(structure, tensors)
    layer.graph_nodes.append(node)
    return node.outputs


_known_shapes: dict[Any, Any] = {}


def _key_of_call(layer, args, kwargs):
    """What decides the shapes of the outputs of a call; `None` if it must be traced."""
    if layer.alike is None:
        return None
    leaves, structure = jax.tree.flatten(layer.typical_call(args, kwargs))
    if any(getattr(v, "mask", None) is not None for v in leaves):
        return None
    wide = jax.config.jax_enable_x64  # type: ignore[attr-defined]
    key = [layer.alike, layer.dtype_policy.name, structure, wide]
    for leaf in leaves:
        if isinstance(leaf, SymbolicTensor):
            key += leaf.spec.shape, leaf.spec.dtype
        elif isinstance(leaf, jax.ShapeDtypeStruct):
            key += leaf.shape, leaf.dtype, leaf.weak_type
        elif isinstance(leaf, slice):
            key += "slice", leaf.start, leaf.stop, leaf.step
        elif isinstance(leaf, (bool, int, float, str, type(Ellipsis))):
            key += type(leaf), leaf
        else:
            return None
    return tuple(key)


def _traced(node: Node, run):
    """The specs of the outputs of a call, those of their masks, the structure of the outputs."""
    args, kwargs = node.args, node.kwargs
    masks: list[Any] = []

    def computed(specs_and_masks):
        values = iter(specs_and_masks)

        def real(_):
            value, mask = next(values)
            set_mask(value, mask)
            return value

        with Binding():
            outputs = run(*replace_symbolic((args, kwargs), real))
        arrays, structure = jax.tree.flatten(outputs)
        masks.append(structure)
        return [jnp.asarray(a) for a in arrays], [get_mask(a) for a in arrays]

    specs, mask_specs = _evaluate_shapes(computed, [(t.spec, t.mask) for t in node.inputs])
    specs, mask_specs = jax.tree.map(with_simple_sizes, (specs, mask_specs))
    return specs, mask_specs, masks[-1]


@functools.lru_cache(4096)
def _stand_in(size: str):
    """An unknown size in the place of one that is written so."""
    return new_dimension()


def with_simple_sizes(spec):
    """`spec` with a new unknown for a size such as `floordiv(floordiv(n - 1, 2) - 1, 2)`.

    JAX compares such sizes in a time that grows exponentially with each strided layer.
    """
    texts = [str(d) for d in spec.shape]
    shape = tuple(
        _stand_in(text) if text.count("floordiv") > 1 or "max(" in text else d
        for d, text in zip(spec.shape, texts, strict=True)
    )
    return jax.ShapeDtypeStruct(shape, spec.dtype)


def _evaluate_shapes(function, inputs):
    """`jax.eval_shape`, first as if all unknown sizes differed, then as if they were equal.

    Two inputs with unknown lengths may be meant to have the same length (they are added, say) or
    different ones (a sequence attends to another); only the layer knows.
    """
    try:
        return jax.eval_shape(function, inputs)
    except Exception as error:
        unknown = {
            d for s in jax.tree.leaves(inputs) for d in s.shape if not isinstance(d, int)
        } - {BATCH}
        if len(unknown) < 2:
            raise
        common = new_dimension()

        def unified(spec):
            shape = tuple(common if d in unknown else d for d in spec.shape)
            return jax.ShapeDtypeStruct(shape, spec.dtype)

        try:
            return jax.eval_shape(function, jax.tree.map(unified, inputs))
        except Exception:
            raise error from None


def stand_in(shape, dtype) -> SymbolicTensor:
    """A tensor of this whole shape that no `Input` made, to be traced with."""
    node = Node(None, (), {})
    node.outputs = SymbolicTensor(input_spec(shape, dtype), node, 0, "stand_in")
    return node.outputs


def input_spec(shape, dtype) -> jax.ShapeDtypeStruct:
    """The spec of an `Input` of this whole shape, where `None` is an unknown size."""
    dims = [
        d if d is not None else (BATCH if i == 0 else new_dimension()) for i, d in enumerate(shape)
    ]
    return jax.ShapeDtypeStruct(
        tuple(dims), np.dtype(object) if dtype == STRING else jnp.dtype(dtype)
    )
