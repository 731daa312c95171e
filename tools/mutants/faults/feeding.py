"""Faults in what data mean, from what the caller passes to batches."""

FEEDING = "tests/test_feeding.py::"
NUMBERS = "tests/test_numbers.py::"
ONE_BATCH = "tests/test_one_batch.py::"

FAULTS = [
    (
        "src/cello/training/feeding.py",
        "        outputs = self.outputs_for(parts, targets)\n"
        "        parts = self._weigh(where, parts, class_weight, outputs)\n"
        "        return",
        "        known = getattr(self, '_seen', None) or self.outputs_for(parts, targets)\n"
        "        self._seen = outputs = known\n"
        "        if targets:\n"
        "            self.objective.check_targets(values_only(parts[1]), outputs)\n"
        "        parts = self._weigh(where, parts, class_weight, outputs)\n"
        "        return",
        ["tests/oracles/test_training.py::test_batches_of_other_lengths_with_a_target_a_step"],
        "each batch is checked against the outputs for the first one",
    ),
    (
        "src/cello/training/ragged.py",
        "    if len(set(shapes)) > 1 or shape[1:2] == (None,):",
        "    if len(set(shapes)) > 1:",
        [FEEDING + "test_a_list_of_sequences_means_the_same_whatever_its_lengths"],
        "a list of sequences of one length is an array",
    ),
    (
        "src/cello/training/one_batch.py",
        "        return feed.join([outputs])",
        "        return jax.tree.map(lambda a: a[0], outputs)",
        [FEEDING + "test_one_batch_may_have_sequences_of_very_different_lengths"],
        "predict_on_batch gives padding for a list of sequences",
    ),
    (
        "src/cello/training/ragged.py",
        "    return rows == len(shapes) and rows not in firsts",
        "    return True",
        [FEEDING + "test_a_class_with_two_inputs_gets_them_from_a_list"],
        "two inputs of a model class are taken for two sequences",
    ),
    (
        "src/cello/models/model.py",
        "            return self._first_forms\n",
        "            return None\n",
        [FEEDING + "test_a_class_with_one_input_gets_sequences_from_a_list"],
        "the first call of a model class does not say what a list means",
    ),
    (
        "src/cello/training/class_weights.py",
        "        return labels\n    if shape[-1] == 1",
        "        return labels[:, 0]\n    if shape[-1] == 1",
        [FEEDING + "test_class_weights_are_those_of_each_step"],
        "class weights of whole numbers a step are those of the first step",
    ),
    (
        "src/cello/core/numbers.py",
        "if least < has.min or largest > has.max:",
        "if False:",
        [NUMBERS + "test_numbers_that_would_change_are_refused"],
        "whole numbers beyond 32 bits are wrapped",
    ),
    (
        "src/cello/core/calls.py",
        """            array = as_tensor(leaf, f"{self}: an input", dtype)""",
        "            array = jnp.asarray(leaf)",
        [NUMBERS + "test_numbers_that_would_change_are_refused"],
        "whole numbers beyond 32 bits are wrapped in the call of a layer",
    ),
    (
        "src/cello/training/ragged.py",
        "(forms or {}).get(k)",
        "None",
        [NUMBERS + "test_fractions_for_whole_numbers_are_refused"],
        "inputs by name are not looked at",
    ),
    (
        "src/cello/core/numbers.py",
        "    if strays.size:\n",
        "    if False:\n",
        [NUMBERS + "test_fractions_for_whole_numbers_are_refused"],
        "fractions for whole numbers are cut off",
    ),
    (
        "src/cello/core/numbers.py",
        "    if np.unique(rounded).size < np.unique(array).size:\n",
        "    if False:\n",
        [NUMBERS + "test_whole_numbers_that_become_the_same_are_warned_of"],
        "time stamps become the same without a word",
    ),
    (
        "src/cello/layers/embedding.py",
        "            outside |= symbols != jnp.floor(symbols)\n",
        "            pass\n",
        [NUMBERS + "test_symbols_out_of_range_are_nan_in_compiled_code"],
        "fractions of symbols are cut off in compiled code",
    ),
    (
        "src/cello/layers/embedding.py",
        "outside = (symbols < 0) | (symbols >= self.input_dim)",
        "outside = symbols >= self.input_dim",
        [NUMBERS + "test_symbols_out_of_range_are_nan_in_compiled_code"],
        "the symbol -1 is the last one",
    ),
    (
        "src/cello/training/counts.py",
        "return check_count(model, name, 32 if size is None else size)",
        "return check_count(model, name, size or 32)",
        [NUMBERS + "test_counts_that_make_no_sense_are_refused_by_name"],
        "a batch size of 0 is 32",
    ),
    (
        "src/cello/training/data.py",
        "            feed._interrupted |= feed.iterator is iterator",
        "            pass",
        [
            FEEDING + "test_one_loader_for_training_and_validation",
            FEEDING + "test_a_pass_that_another_one_ended_is_no_short_epoch",
        ],
        "one loader for training and validation ends early",
    ),
    (
        "src/cello/training/feeding.py",
        "        if left and (stateful or any(sizes)):",
        "        if False:",
        [FEEDING + "test_a_smaller_last_batch_is_refused_before_any_step"],
        "a stateful model fails at a smaller last batch in the midst of the training",
    ),
    (
        "src/cello/training/threads.py",
        "        if user != me:",
        "        if False:",
        ["tests/test_threads.py::test_only_one_thread_trains"],
        "two threads train one model and lose steps",
    ),
    (
        "src/cello/training/state.py",
        "            if variable.value is old:",
        "            if True:",
        ["tests/test_threads.py::test_predict_takes_nothing_back_that_was_trained_meanwhile"],
        "predict writes back weights that another thread has trained since",
    ),
    (
        "src/cello/ops/kernels.py",
        "        if not kernel.size:  # without units no input matters\n"
        "            return (jnp.zeros(results[0].shape),)\n",
        "",
        [
            "tests/ops/test_kernels.py"
            "::test_without_units_values_and_gradients_are_those_of_the_scan"
        ],
        "the gradient of a recurrence without units is an error of the library",
    ),
    (
        "src/cello/core/numbers.py",
        "            array = np.asarray(array.tolist())",
        "            pass",
        [FEEDING + "test_an_array_of_objects_is_a_list"],
        "an array of objects is a list of sequences only if their lengths differ",
    ),
    (
        "src/cello/training/feeding.py",
        "return self.outputs_for(feed.parts, targets)",
        "return self.outputs_for(feed.first(), targets)",
        ["tests/test_filling.py::test_a_message_shows_what_was_given"],
        "an error shows a filled batch in place of what was given",
    ),
    (
        "src/cello/training/one_batch.py",
        "        if way.outputs is not None:",
        "        if False:",
        [ONE_BATCH + "test_what_is_refused_is_refused_after_a_good_batch_too"],
        "labels out of range are refused in the first batch only",
    ),
    (
        "src/cello/training/one_batch.py",
        "        return data.shape, data.dtype",
        "        return data.dtype",
        [ONE_BATCH + "test_batches_of_another_form_in_between"],
        "a batch goes the way of one of another shape",
    ),
    (
        "src/cello/training/one_batch.py",
        "if feed.rows > feed.batch_size or _shapes(feed.parts) != _shapes(data):",
        "if _shapes(feed.parts) != _shapes(data):",
        [ONE_BATCH + "test_the_size_of_the_batches_of_predict_counts"],
        "a second prediction of several batches is one of a single batch",
    ),
    (
        "src/cello/training/one_batch.py",
        "if feed.rows > feed.batch_size or _shapes(feed.parts) != _shapes(data):",
        "if feed.rows > feed.batch_size:",
        [ONE_BATCH + "test_a_list_of_sequences_stays_one"],
        "a second list of sequences of one length is taken for inputs, one each",
    ),
    (
        "src/cello/training/one_batch.py",
        """        if mode != "predict":
            self.model.reset_metrics()
""",
        "",
        [ONE_BATCH + "test_what_changed_between_two_calls_counts"],
        "the numbers of a second batch are those of both",
    ),
    (
        "src/cello/training/one_batch.py",
        "if way is None or current() is not ONE_DEVICE:",
        "if way is None:",
        [ONE_BATCH + "test_a_known_batch_is_spread_where_training_is"],
        "a batch that is known is computed on one device",
    ),
    (
        "src/cello/training/one_batch.py",
        "else end_to_end([found])",
        "else jax.tree.map(lambda a: a[0], found)",
        [ONE_BATCH + "test_outputs_are_the_callers_own"],
        "the outputs of a second prediction cannot be written",
    ),
    (
        "src/cello/training/one_batch.py",
        "size = feed.batch_size if feed.fills else feed.rows",
        "size = feed.batch_size",
        [ONE_BATCH + "test_a_layer_that_sees_the_whole_batch_sees_no_other_rows"],
        "a layer of the user's own sees rows that are not in the data of a second prediction",
    ),
    (
        "src/cello/training/one_batch.py",
        "x = read_inputs(x, way.forms, count_labels(y))",
        'x = as_arrays(x, "x")',
        [ONE_BATCH + "test_fractions_for_whole_numbers_are_refused_after_a_good_batch"],
        "fractions for whole numbers are refused in the first batch only",
    ),
]
