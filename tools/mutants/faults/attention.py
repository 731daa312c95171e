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
    (
        "src/cello/layers/spectrogram.py",
        "loudest = jnp.max(bands, axis=(-2, -1), keepdims=True)",
        "loudest = jnp.max(bands)",
        ["tests/oracles/test_spectrogram.py::test_each_row_is_that_of_keras"],
        "How loud a row is depends on the other rows.",
    ),
    (
        "src/cello/layers/vocabulary.py",
        'counts = counts.at[rows, flat].add(each, mode="drop")',
        'counts = counts.at[rows, flat].set(each, mode="drop")',
        ["tests/oracles/test_lookup.py::test_counts_are_those_of_plain_python"],
        "What is counted counts once.",
    ),
    (
        "src/cello/layers/vocabulary.py",
        "key=lambda token: (counts[token], token), reverse=True)",
        "key=lambda token: -counts[token])",
        ["tests/oracles/test_lookup.py::test_the_examples_in_the_documents_of_keras"],
        "Tokens that are as frequent stand in the order of the data.",
    ),
    (
        "src/cello/layers/vocabulary.py",
        'if isinstance(config.get("vocabulary"), str):',
        "if False:",
        ["tests/oracles/test_lookup.py::test_what_does_not_fit_is_refused"],
        "A file of a model names another file, which is opened.",
    ),
    (
        "src/cello/ops/hashes.py",
        "    block(last - 63, factor, 9)",
        "    block(last - 63, factor, 1)",
        ["tests/oracles/test_lookup.py::test_fingerprints_of_every_length"],
        "The hash of a long string is another than TensorFlow's.",
    ),
]
