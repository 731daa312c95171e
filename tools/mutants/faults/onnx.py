"""Faults in models as ONNX files."""

ONNX = "src/cello/saving/onnx/"
TESTS = "tests/saving/test_onnx.py::"
LAYERS = "tests/saving/test_onnx_layers.py::"

FAULTS = [
    (
        ONNX + "forms.py",
        'LSTM, "iofg",',
        'LSTM, "oifg",',
        [TESTS + "test_an_rnn_of_a_gated_cell_is_its_layer"],
        "LSTM's gates are written to ONNX in a wrong order",
    ),
    (
        ONNX + "rules/recurrent.py",
        'attributes["linear_before_reset"] = int(cells[0].reset_after)',
        'attributes["linear_before_reset"] = 0',
        [TESTS + "test_masks_go_on_as_in_cello"],
        "ONNX's GRU resets before the product whatever the layer does",
    ),
    (
        ONNX + "rules/recurrent.py",
        "    return x is their_x and ",
        "    return ",
        [TESTS + "test_directions_of_two_sequences_stay_two"],
        "recurrences over two sequences become one node of both directions over one",
    ),
    (
        ONNX + "lower.py",
        'self.b.op("Div", self.b.op("Sub", left, rest), right)',
        'self.b.op("Div", left, right)',
        [LAYERS + "test_primitives_of_jax"],
        "a free size that is divided is cut towards zero in ONNX",
    ),
    (
        ONNX + "lower.py",
        "        return spread\n",
        "        return value\n",
        [LAYERS + "test_primitives_of_jax", LAYERS + "test_functions_of_ops"],
        "what is the same along an axis comes out of an ONNX file with one element there",
    ),
    (
        ONNX + "lower.py",
        "        if value.size and not name and ",
        "        if value.size and ",
        ["tests/saving/test_onnx_import.py::test_weights_of_zeros_stay_weights"],
        "a bias of zeros is no weight in ONNX, and is not learned by what is read",
    ),
    (
        ONNX + "tracing.py",
        "key=lambda way: -len(set(way))",
        "key=lambda way: len(set(way))",
        [LAYERS + "test_lengths_are_equal_only_where_they_must"],
        "all free lengths of an ONNX file are taken for one",
    ),
    (
        ONNX + "tracing.py",
        "        return jax.tree.map(_with_simple_sizes, outputs)\n",
        "        return outputs\n",
        [LAYERS + "test_sizes_of_many_windows_have_names"],
        "a row of strided layers takes JAX minutes to write as ONNX",
    ),
    (
        ONNX + "rules/lookups.py",
        '    if "CLIP" not in mode and "FILL" not in mode:\n',
        "    if True:\n",
        [LAYERS + "test_primitives_of_jax"],
        "places outside of an array are not looked after in ONNX",
    ),
    (
        ONNX + "rules/loops.py",
        "        if values and reverse:\n",
        "        if False:\n",
        [LAYERS + "test_primitives_of_jax"],
        "loops from the last element run from the first in ONNX",
    ),
    (
        ONNX + "states.py",
        "isinstance(_cells(layer)[-1].itself, tuple(FORMS))",
        "True",
        [LAYERS + "test_any_cell_piece_by_piece_is_the_whole"],
        "an ONNX file forgets what a cell gave last before masked steps",
    ),
    (
        "src/cello/lowering/flat.py",
        "        if inputs_known and not _has_free_sizes(equation):\n",
        "        if inputs_known:\n",
        [LAYERS + "test_primitives_of_jax"],
        "arrays of free sizes are computed before the sizes are known",
    ),
]
