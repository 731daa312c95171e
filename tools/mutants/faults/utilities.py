"""Faults in shapes, copies, configurations, data and the small helpers under Keras' names."""

CORE = "src/cello/core/"
SHAPES = "tests/test_shapes_and_copies.py::"
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
        ["tests/saving/test_whole_h5.py::test_keras_and_cello_open_it_and_cello_trains_on"],
        "the layers of an .h5 file are written as those of a .keras file",
    ),
    (
        "src/cello/saving/keras_h5.py",
        "    if not old:\n",
        '    if any(name.endswith("learning_rate") for name in names):\n',
        ["tests/saving/test_whole_h5.py::test_keras_files_with_a_schedule_open"],
        "an .h5 file of Keras 3 with a schedule does not open",
    ),
]
