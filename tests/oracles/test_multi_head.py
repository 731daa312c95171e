"""Attention in several heads, beside Keras': what it takes, masks, files, pieces."""

import jax
import jax.numpy as jnp
import keras
import numpy as np
import pytest
from in_numpy import in_numpy, outputs_of
from layer_table import close, weighted
from rounding import MIXED, near

import cello
from cello.core.masking import get_mask
from cello.core.variable import Binding

COMPILATIONS = 300

QUERY, VALUE, KEY = (2, 5, 6), (2, 4, 7), (2, 4, 3)
PICTURES = (2, 5, 3, 6)
SOME = np.random.default_rng(5).random((2, 5, 4)) > 0.4
SOME[:, :, 1] = True
SCORES = {"return_attention_scores": True}
HEADS, GROUPS = (2, 3), (3, 4, 2)
# A name, its arguments, and options; the shapes of what it is called on, and options of the call.
CASES = {
    "plain": ("MultiHeadAttention", HEADS, {}, [QUERY, VALUE], {}),
    "all arguments": (
        "MultiHeadAttention", HEADS,
        {"value_dim": 4, "use_gate": True, "output_shape": (3, 2), "use_bias": False},
        [QUERY, VALUE, KEY], SCORES,  # without these Keras' cannot have another value_dim on JAX
    ),
    "a mask": ("MultiHeadAttention", HEADS, {}, [QUERY, VALUE], {"attention_mask": SOME}),
    "causal": ("MultiHeadAttention", HEADS, {}, [QUERY, QUERY], {"use_causal_mask": True}),
    "a window": (
        "MultiHeadAttention", HEADS, {"sliding_window": 2, "output_shape": 3}, [QUERY, VALUE],
        {"attention_mask": SOME, "use_causal_mask": True} | SCORES,
    ),
    "two axes": ("MultiHeadAttention", HEADS, {}, [PICTURES, PICTURES], {}),
    "the axis behind time": (
        "MultiHeadAttention", HEADS, {"attention_axes": [-2]}, [PICTURES, PICTURES], {},
    ),
    "time of pictures": (
        "MultiHeadAttention", HEADS, {"attention_axes": 1}, [PICTURES, PICTURES], SCORES,
    ),
    "groups": ("GroupQueryAttention", GROUPS, {}, [QUERY, VALUE, KEY], {}),
    "gated groups": (
        "GroupQueryAttention", (2, 4, 1), {"use_gate": True, "use_bias": False}, [QUERY, VALUE],
        {"attention_mask": SOME} | SCORES,
    ),
    "groups in a window": (
        "GroupQueryAttention", GROUPS, {"sliding_window": 3}, [QUERY, QUERY],
        {"use_causal_mask": True},
    ),
}  # fmt: skip


LAYERS = [("MultiHeadAttention", HEADS), ("GroupQueryAttention", GROUPS)]


def data(shapes):
    rng = np.random.default_rng(0)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def pair(name, args, kwargs, inputs):
    """Keras' layer and ours, built, with the same random weights."""
    layers = [getattr(library.layers, name)(*args, **kwargs) for library in (keras, cello)]
    rng = np.random.default_rng(1)
    for layer in layers:
        layer.build(*[x.shape for x in inputs])
    described = [[(w.name, tuple(w.shape)) for w in layer.weights] for layer in layers]
    assert described[0] == described[1]
    weights = [rng.normal(size=shape) for _, shape in described[0]]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def first(outputs):
    return outputs[0] if isinstance(outputs, tuple) else outputs


@pytest.mark.parametrize("case", CASES)
def test_values_and_gradients_are_those_of_keras(case):
    name, args, kwargs, shapes, given = CASES[case]
    inputs = data(shapes)
    theirs, ours = pair(name, args, kwargs, inputs)

    def total(weights, inputs):
        with Binding(dict(zip(ours.weights, weights, strict=True))):
            outputs = ours(*inputs, **given)
        return weighted(first(outputs)), outputs

    def keras_total(weights, inputs):
        state = [v.value for v in theirs.non_trainable_variables]
        outputs, _ = theirs.stateless_call(weights, state, *inputs, **given)
        return weighted(first(outputs)), outputs

    weights = [np.asarray(w) for w in ours.get_weights()]
    found, want = (
        in_numpy(jax.grad(f, (0, 1), has_aux=True), weights, inputs)(weights, inputs)
        for f in (total, keras_total)
    )
    close(found, want, 1e-4)


@pytest.mark.parametrize("name, args", LAYERS)
@pytest.mark.parametrize("travels", [False, True])
def test_masks_are_those_of_keras_and_nothing_under_them_counts(name, args, travels):
    """Whether they travel with the inputs or are passed; what is under them is NaN."""
    query, value, key = data([QUERY, VALUE, KEY])
    theirs, ours = pair(name, args, {}, [query, value, key])
    masks = [np.array(m, bool) for m in ([[1, 1, 1, 0, 0], [1] * 5], [[1, 1, 0, 1], [1, 0, 1, 1]])]
    third = np.array([[1, 1, 1, 1], [0, 0, 1, 1]], bool)
    masks.append(third)
    names = ["query_mask", "value_mask", "key_mask"]
    # Keras' answers where everything is masked are of two kinds; those with scores are zeros.
    both = {"value_mask": masks[1] & masks[2], "attention_mask": masks[0][..., None]}
    want = theirs(query, value, key, **both, **SCORES)
    spoiled = [
        np.where(m[..., None], x, np.nan) for m, x in zip(masks, (query, value, key), strict=True)
    ]

    def run(*inputs):
        if not travels:
            return ours(*inputs, **dict(zip(names, masks, strict=True)), **SCORES)
        for x, mask in zip(inputs, masks, strict=True):
            cello.core.masking.set_mask(x, jnp.asarray(mask))
        return ours(*inputs, **SCORES)

    def total(inputs):
        outputs = run(*inputs)
        return weighted(outputs[0]), outputs

    gradients, found = in_numpy(jax.grad(total, has_aux=True), spoiled)(spoiled)
    close(found, want, 1e-5)
    for gradient, mask in zip(gradients, masks, strict=True):
        assert np.isfinite(gradient).all() and not gradient[~mask].any()


def test_the_mask_of_the_query_goes_on():
    query, value = data([QUERY, VALUE])
    mask = jnp.arange(5) < jnp.array([[3], [5]])
    cello.core.masking.set_mask(query := jnp.asarray(query), mask)
    for layer in (
        cello.layers.MultiHeadAttention(*HEADS),
        cello.layers.GroupQueryAttention(*GROUPS),
    ):
        outputs, scores = layer(query, value, **SCORES)
        np.testing.assert_array_equal(get_mask(outputs), mask)
        assert get_mask(scores) is None


@pytest.mark.parametrize("name, args", LAYERS)
def test_penalties_and_first_weights_are_those_of_keras(name, args):
    query, value = data([QUERY, VALUE])
    options = {"activity_regularizer": "l2", "kernel_regularizer": "l1", "use_gate": True}
    theirs, ours = pair(name, args, options, [query, value])
    theirs(query, value), ours(query, value)
    # Keras' adds the penalties on outputs batch by batch, each divided by its rows, as ours.
    np.testing.assert_allclose(sum(map(float, ours.losses)), sum(map(float, theirs.losses)), 1e-5)
    size = 60
    layer, like = (
        getattr(library.layers, name)(*args[:-1], size, kernel_initializer="he_uniform")
        if name == "MultiHeadAttention"
        else getattr(library.layers, name)(size, *args[1:], kernel_initializer="he_uniform")
        for library in (cello, keras)
    )
    layer.build(QUERY, VALUE), like.build(QUERY, VALUE)
    kernels = [w for w in layer.get_weights() if w.any()]
    for kernel, other in zip(kernels, [w for w in like.get_weights() if w.any()], strict=True):
        np.testing.assert_allclose(abs(kernel).max(), abs(other).max(), rtol=0.05)
    layer = getattr(cello.layers, name)(*args, kernel_initializer="random_normal")
    layer.build(QUERY, VALUE)
    first = [w.reshape(-1)[:5] for w in layer.get_weights() if w.any()]
    assert len(np.unique(np.round(first, 6))) == 5 * len(first)


@pytest.mark.parametrize("name, args", LAYERS)
def test_dropout_drops_weights_and_repeats_by_its_seed(name, args):
    query, value = data([(2, 50, 6), (2, 40, 7)])
    layers = [getattr(cello.layers, name)(*args, dropout=0.3, seed=7) for _ in range(2)]
    for layer in layers:
        layer.build(query.shape, value.shape)
        layer.set_weights(layers[0].get_weights())
    first, second = (layer(query, value, training=True) for layer in layers)
    np.testing.assert_array_equal(first, second)
    assert abs(first - layers[0](query, value)).max() > 1e-3
    assert abs(first - layers[0](query, value, training=True)).max() > 1e-3


@pytest.mark.parametrize("name, args", LAYERS)
def test_mixed_precision_is_near(name, args):
    inputs = data([QUERY, VALUE])
    exact, mixed = (getattr(cello.layers, name)(*args, dtype=d) for d in ("float32", MIXED))
    for layer in (exact, mixed):
        layer.build(*[x.shape for x in inputs])
        layer.set_weights(exact.get_weights())
    found, want = (outputs_of(lambda x, layer=layer: layer(*x), inputs) for layer in (mixed, exact))
    assert mixed(*inputs).dtype == "bfloat16"
    near(found, want, 8)


@pytest.mark.parametrize(
    "options, given, message",
    [
        ({}, {}, "looks at the whole value. It can if"),
        ({}, {"use_causal_mask": True}, "It can if it looks at some steps before it alone"),
        ({"sliding_window": 3}, {}, "with sliding_window=, use_causal_mask=True"),
    ],
)
def test_what_sees_all_steps_does_not_stream(options, given, message):
    x = cello.Input((None, 3))
    model = cello.Model(x, cello.layers.MultiHeadAttention(2, 3, **options)(x, x, **given))
    with pytest.raises(ValueError, match=rf"MultiHeadAttention 'multi.*{message}"):
        model.stream()


def test_a_piece_does_not_say_which_steps_of_a_memory_it_may_see():
    layer, piece, memory = cello.layers.MultiHeadAttention(2, 3), *data([QUERY, VALUE])
    arguments = {"query": piece, "value": memory}
    assert layer.why_not_in_pieces(arguments) is None
    assert "depends on its number" in layer.why_not_in_pieces(arguments | {"use_causal_mask": True})


HEADED, GROUPED = cello.layers.MultiHeadAttention, cello.layers.GroupQueryAttention
EINSUM = cello.layers.EinsumDense


@pytest.mark.parametrize(
    "make, shapes, message",
    [
        (lambda: HEADED(2, 3), [(2, 5), (2, 4)], "shape .batch, time, features.*got"),
        (lambda: HEADED(2, 3), [QUERY, VALUE, QUERY], "as many steps in the key"),
        (lambda: HEADED(2, 3, attention_axes=2), [QUERY, VALUE], "attention_axes=2"),
        (lambda: HEADED(2, 3, flash_attention=True), [], "flash_attention=True"),
        (lambda: HEADED(2, 3, sliding_window=2), [PICTURES] * 2, "there is no order"),
        (lambda: GROUPED(*GROUPS), [PICTURES] * 2, "expects a query of the shape"),
        (lambda: GROUPED(3, 4, 3), [], "multiple of num_key_value_heads"),
        (lambda: EINSUM("ab,bc", 3), [], 'equation must be an equation such as "ab,bc->ac"'),
        (lambda: EINSUM("ab,bc->ad", 3), [], "each letter behind the arrow"),
        (lambda: EINSUM("ab,bc->ac", "3"), [], "output_shape must be a positive integer"),
        (lambda: EINSUM("ab,bc->ac", 3), [QUERY], "does not fit inputs of 3 axes"),
        (lambda: EINSUM("abc,cd->abd", 3), [QUERY], "gives sizes for 2"),
        (lambda: EINSUM("abc,cd->abd", (4, 3)), [QUERY], "have 5 along 'b' of .* says 4"),
    ],
)
def test_what_does_not_fit_is_refused(make, shapes, message):
    with pytest.raises(ValueError, match=message):
        make()(*data(shapes))
