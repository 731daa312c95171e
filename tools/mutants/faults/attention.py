"""Faults in attention without a recurrence, and in what stands in front of it."""

HEADS = "src/cello/layers/heads.py"
EINSUM = "src/cello/layers/einsum.py"
TESTS = "tests/oracles/test_multi_head.py::"
VALUES = TESTS + "test_values_and_gradients_are_those_of_keras"
MASKS = TESTS + "test_masks_are_those_of_keras_and_nothing_under_them_counts"
STREAM = "tests/test_streaming.py::test_chunks_give_what_the_whole_sequence_gives"

FAULTS = [
    (
        HEADS,
        "key = hide_masked(value if key is None else key, value_mask)",
        "key = value if key is None else key",
        [MASKS],
        "NaN under the mask of a key reaches the weights.",
    ),
    (
        HEADS,
        "return jnp.where(seen, jax.nn.softmax(jnp.where(seen, scores, -1e9), axis=axes), 0)",
        "return jax.nn.softmax(jnp.where(seen, scores, -1e9), axis=axes)",
        [MASKS],
        "A step that may look at nothing looks at all.",
    ),
    (
        HEADS,
        "key_mask = get_mask(key) if key_mask is None else key_mask",
        "key_mask = None",
        [MASKS],
        "The mask that travels with the key is not seen.",
    ),
    (
        HEADS,
        "before = keys.shape[1] - queries.shape[1]",
        "before = 0",
        [STREAM + "[attention]"],
        "In a piece each step sees what is a window too early.",
    ),
    (
        HEADS,
        '"kernel_initializer": _again(self.kernel_initializer),',
        '"kernel_initializer": self.kernel_initializer,',
        [TESTS + "test_penalties_and_first_weights_are_those_of_keras"],
        "Query, key and value start from the same numbers.",
    ),
    (
        EINSUM,
        "initializer = type(initializer)(**(axes | given))",
        "initializer = type(initializer)(**given)",
        [TESTS + "test_penalties_and_first_weights_are_those_of_keras"],
        "The fans of a kernel are those of its last two axes, not those of the equation.",
    ),
]
