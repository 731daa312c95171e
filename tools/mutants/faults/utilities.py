"""Faults in shapes, copies, configurations, data and the small helpers under Keras' names."""

CORE = "src/cello/core/"
SHAPES = "tests/test_shapes_and_copies.py::"
BATCHES = "tests/test_datasets_of_batches.py::"
CONFIGURATIONS = "tests/test_serialization.py::"

FAULTS = [
    (
        CORE + "layer.py",
        "            del layer.graph_nodes[before:]",
        "            pass",
        [SHAPES + "test_output_shapes_are_those_of_keras"],
        "looking at the shape of an output leaves a call in the graph",
    ),
    (
        CORE + "layer.py",
        "layer = self if self.built else copy.deepcopy(self)",
        "layer = self",
        [SHAPES + "test_output_shapes_are_those_of_keras"],
        "looking at the shape of an output builds the layer",
    ),
    (
        CORE + "layer.py",
        "changed = [binding.values[variable] for variable in groups[1]]",
        "changed = list(non_trainable_variables)",
        [SHAPES + "test_a_stateless_call_returns_what_changed_and_the_losses"],
        "a stateless call loses what it changed",
    ),
    (
        CORE + "calls.py",
        "arguments[own] = _masks_of(value)",
        "arguments[own] = _masks_of(inputs)",
        [SHAPES + "test_each_of_several_inputs_brings_its_mask"],
        "each of several inputs gets the mask of the first",
    ),
    (
        CORE + "calls.py",
        "        self.dtype = self._dtype_policy.variable_dtype\n",
        "",
        [SHAPES + "test_an_assigned_policy_holds_for_what_comes"],
        "an assigned dtype policy leaves the dtype of the variables",
    ),
    (
        CORE + "input_spec.py",
        "axes={a + 1 if a > 0 else a: size for",
        "axes={a: size for",
        [SHAPES + "test_a_cell_with_a_spec_of_keras_runs_over_sequences"],
        "what a cell expects of its features is asked of time",
    ),
    (
        CORE + "input_spec.py",
        "    yield from self.axes.items()",
        "    yield from ()",
        [SHAPES + "test_a_spec_with_the_arguments_of_keras"],
        "fixed sizes of a spec are not checked",
    ),
    (
        CORE + "owner.py",
        "trainable=trainable and smooth,",
        "trainable=trainable,",
        [SHAPES + "test_weights_of_integers_are_not_trained"],
        "an optimiser gets a weight of integers",
    ),
    (
        "src/cello/models/copying.py",
        "        copies[node.layer] = clone(node.layer)",
        "        copies[node.layer] = node.layer",
        [SHAPES + "test_a_clone_has_the_layers_and_weights_of_its_own"],
        "a clone shares its layers",
    ),
    (
        CORE + "registration.py",
        "    return custom_object(name) or tables.get(name)",
        "    return custom_object(name)",
        [CONFIGURATIONS + "test_registered_classes_and_functions"],
        "a registered object is not looked for among the caller's",
    ),
    (
        "src/cello/saving/write_h5.py",
        'if k not in ("module", "registered_name")',
        "if k not in ()",
        [
            "tests/saving/test_whole_h5.py::test_a_file_of_keras_and_one_of_cello_have_the_same_groups"
        ],
        "the layers of an .h5 file are written as those of a .keras file",
    ),
    (
        "src/cello/saving/keras_h5.py",
        "    if not old:\n",
        '    if any(name.endswith("learning_rate") for name in names):\n',
        ["tests/saving/test_whole_h5.py::test_keras_files_with_a_schedule_open"],
        "an .h5 file of Keras 3 with a schedule does not open",
    ),
    (
        "src/cello/training/py_dataset.py",
        "            if taken == n:",
        "            if taken == 1:",
        [BATCHES + "test_a_py_dataset_hears_of_its_passes_and_is_shuffled"],
        "a PyDataset hears of the end of an epoch at its start",
    ),
    (
        "src/cello/training/feeding.py",
        "iterable_of(x, shuffler, ",
        "iterable_of(x, ",
        [BATCHES + "test_a_py_dataset_hears_of_its_passes_and_is_shuffled"],
        "the batches of a PyDataset come in one order",
    ),
    (
        "src/cello/training/py_dataset.py",
        "return iter(Endless(x)) if goes_on else Endless(x)",
        "return iter(Endless(x))",
        [
            BATCHES + "test_a_py_dataset_without_an_end_goes_on_in_training_and_starts_anew"
            "_in_validation"
        ],
        "validation goes on through a PyDataset without an end",
    ),
    (
        "src/cello/training/dataset.py",
        "draw = generator if reshuffle_each_iteration else",
        "draw = generator if not reshuffle_each_iteration else",
        [BATCHES + "test_a_shuffled_dataset"],
        "a dataset is shuffled in one order",
    ),
    (
        "src/cello/training/dataset.py",
        "samples[n - right :]",
        "samples[left:]",
        [BATCHES + "test_split_dataset"],
        "the second part of a dataset has all that the first has not",
    ),
    (
        "src/cello/training/progress.py",
        "as_it_is = finalize or name in",
        "as_it_is = name in",
        ["tests/test_utils.py::test_a_progress_bar_averages_as_that_of_keras"],
        "a progress bar averages the last values with the others",
    ),
    (
        "src/cello/wrappers/estimators.py",
        "model = known if self.warm_start and known is not None else",
        "model = known if known is not None else",
        ["tests/test_sklearn.py::test_a_compiled_model_is_copied_by_fit_and_warm_starts_go_on"],
        "an estimator goes on with old weights",
    ),
    (
        "src/cello/wrappers/__init__.py",
        "return _estimators().SKLearnTransformer(",
        'return type("Transformer", (_estimators().SKLearnTransformer,), {})(',
        ["tests/test_sklearn.py::test_estimators_stand_in_pipelines_and_searches"],
        "a step of a pipeline has another name than with Keras' estimators",
    ),
    (
        "src/cello/callbacks/loggers.py",
        "urllib.parse.urlencode({self.field: text})",
        'urllib.parse.urlencode({"data": text})',
        ["tests/test_loggers.py::test_a_remote_monitor_sends_the_logs"],
        "a remote monitor passes over the name of the field",
    ),
]
