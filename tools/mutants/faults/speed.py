"""Faults that leave every number right, and make Cello slow or large."""

FAULTS = [
    (
        "src/cello/ops/convolution.py",
        "ad.defbilinear(_convolution_p, _towards_maps, _towards_kernel)",
        """ad.defbilinear(
    _convolution_p,
    _towards_maps,
    lambda g, maps, kernel, **options: jax.linear_transpose(
        lambda k: _compute(maps, k, **options), kernel.aval
    )(g)[0],
)""",
        [
            "tests/ops/test_convolution.py::"
            "test_training_has_them_in_the_one_order_that_is_fast_in_a_loop[Conv1D]"
        ],
        "the gradients of convolutions are slow in the compiled loop",
    ),
    (
        "src/cello/ops/convolution.py",
        "(before, w - 1 + r - m - before)",
        "(before, w + r - m - before)",
        ["tests/ops/test_convolution.py::test_it_is_that_of_jax_in_all_derivatives[strides]"],
        "the gradient of a convolution's kernel has another size",
    ),
    (
        "src/cello/ops/convolution.py",
        ".swapaxes(-3, -1)",
        ".swapaxes(-3, -1)[..., ::-1, :]",
        ["tests/ops/test_convolution.py::test_it_is_that_of_jax_in_all_derivatives[dilation]"],
        "the gradients of a convolution go to another group's channels",
    ),
    (
        "src/cello/training/feeding.py",
        "            return apart\n",
        "            return False\n",
        ["tests/test_filling.py::test_a_few_programs_serve_any_number_of_rows"],
        "each number of rows in the last batch is compiled for itself",
    ),
    (
        "src/cello/training/feeding.py",
        "        return self._programs.find(key, found) is None",
        "        return False",
        ["tests/test_filling.py::test_what_keeps_rows_apart_is_filled_up_whoever_wrote_it"],
        "with a layer of the user's own each number of rows is compiled for itself",
    ),
    (
        "src/cello/training/feeding.py",
        "        return self._programs.find(key, found) is None",
        "        return True",
        ["tests/test_filling.py::test_what_a_layer_of_ones_own_sees_is_the_batch_itself"],
        "a layer of the user's own sees rows that are not in the data",
    ),
    (
        "src/cello/training/loop.py",
        "filled or (n == 1 and rows < feed.batch_size)",
        "filled",
        [
            "tests/test_filling.py::"
            "test_rows_that_meet_are_told_of_and_need_a_program_for_each_size_at_most"
        ],
        "a last batch that is not filled up is compiled for each number of batches",
    ),
    (
        "src/cello/core/calls.py",
        "shown, rows = real_part(widen(leaf))",
        "shown, rows = widen(leaf), leaf.shape[0]",
        ["tests/test_filling.py::test_slices_and_penalties_train_as_in_keras"],
        "rows that fill a batch up count in the penalty on outputs",
    ),
    (
        "src/cello/training/apart.py",
        "    specs = jax.eval_shape(call)\n    leaves, masks, left",
        "    specs = jax.eval_shape(call)\n"
        "    given = [v for v in jax.tree.leaves(arguments) if isinstance(v, jax.Array)]\n"
        "    leaves, masks, left",
        ["tests/test_filling.py::test_lists_of_sequences_are_filled_up_too"],
        "what a call makes of its arguments is taken for them",
    ),
    (
        "src/cello/training/primitives.py",
        "    return before[0] == before[1]",
        "    return True",
        ["tests/test_row_wise.py::test_rows_that_may_meet_are_noticed[other_order]"],
        "rows that a reshape brings into another order are taken for apart",
    ),
    (
        "src/cello/training/row_wise.py",
        '        if not (self._derivatives and one.primitive.name.startswith("custom")):\n',
        "        if True:\n",
        ["tests/test_row_wise.py::test_rows_that_may_meet_are_noticed[derivative]"],
        "rows that meet in a derivative alone are taken for apart",
    ),
    (
        "src/cello/training/row_wise.py",
        "    return alike and one.tobytes() == two.tobytes()",
        "    return alike",
        ["tests/test_row_wise.py::test_rows_that_may_meet_are_noticed[number]"],
        "a function that divides by the number of rows is taken for one of each row",
    ),
    (
        "src/cello/training/loop.py",
        "(*(4**i for i in range(5)), most)",
        "range(1, most + 1)",
        ["tests/test_filling.py::test_a_few_programs_serve_any_number_of_rows"],
        "each number of batches is compiled for itself",
    ),
    (
        "src/cello/layers/normalization.py",
        "_by_element(real_only(mask, inputs), inputs)",
        "_by_element(mask, inputs)",
        ["tests/test_filling.py::test_a_filled_batch_trains_as_in_keras"],
        "rows that fill a batch up count in its normalisation",
    ),
    (
        "src/cello/losses/loss.py",
        "        mask = real_only(mask, values)\n",
        "",
        ["tests/test_filling.py::test_a_filled_batch_trains_as_in_keras"],
        "rows that fill a batch up count in the loss",
    ),
    (
        "src/cello/metrics/metric.py",
        "    mask = real_only(mask, values)\n",
        "",
        ["tests/test_filling.py::test_a_filled_batch_trains_as_in_keras"],
        "rows that fill a batch up count in the metrics",
    ),
    (
        "src/cello/core/inventory.py",
        "same and [v.trainable for v in self._variables] == self._trainable",
        "False",
        ["tests/test_inventory.py::test_nothing_is_looked_for_again_in_a_loop_of_calls"],
        "every call looks through the whole model for what it holds",
    ),
    (
        "src/cello/core/inventory.py",
        "            self._remember(value, value)",
        "            self._remember((), value)",
        ["tests/test_inventory.py::test_every_change_is_noticed[replace_in_a_list]"],
        "a layer that is replaced goes on as it was",
    ),
    (
        "src/cello/core/inventory.py",
        "        mark = (object(),)",
        "        mark = ()",
        ["tests/test_inventory.py::test_what_goes_from_one_list_to_the_next_is_noticed"],
        "a layer that goes from one list to the next goes on as it was",
    ),
    (
        "src/cello/training/loop.py",
        "            state.write(chunk.before, chunk.after)\n",
        "            pass\n",
        ["tests/test_memory.py::test_out_of_memory_is_an_error_that_loses_nothing"],
        "the weights are lost if a step does not fit into memory",
    ),
    (
        "src/cello/training/loop.py",
        "        _runners.add(self)\n",
        "",
        ["tests/test_memory.py::test_dropped_models_go_although_they_refer_to_themselves"],
        "the programs of dropped models stay until Python looks for garbage",
    ),
    (
        "src/cello/utils.py",
        "    jax.clear_caches()\n",
        "",
        ["tests/test_memory.py::test_clear_session_frees_models_and_programs"],
        "clear_session keeps what was compiled",
    ),
    (
        "src/cello/ridge.py",
        'programs.find(("readout", dense), lambda: _features(Model(model.input, dense.input)))',
        "_features(Model(model.input, dense.input))",
        ["tests/test_echo_state.py::test_a_second_readout_compiles_nothing"],
        "fit_readout compiles at every call",
    ),
]
