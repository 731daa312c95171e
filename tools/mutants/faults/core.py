"""Faults in variables, random numbers, arguments, dtypes, configurations, names and plain layers."""

CORE = "src/cello/core/"
LAYERS = "src/cello/layers/"
TESTS = "tests/"
ORACLES = "tests/oracles/"

FAULTS = [
    # ------------------------------------------------------------------------ variables
    (
        CORE + "variable.py",
        "            scope = scope._outer",
        "            scope = None",
        [TESTS + "test_core.py"],
        "an inner binding does not see the values of the outer one",
    ),
    (
        CORE + "variable.py",
        "        self.values[variable] = value\n",
        "",
        [TESTS + "test_core.py"],
        "what is assigned under a binding is lost",
    ),
    (
        CORE + "variable.py",
        "            binding.write(self, value)",
        "            self._value = value",
        [TESTS + "test_core.py"],
        "an assignment under a binding changes the variable itself",
    ),
    (
        CORE + "variable.py",
        "        outer.losses.extend(inner.losses)",
        "        pass",
        [TESTS + "test_core.py"],
        "a penalty that is added where other values are read is lost",
    ),
    (
        CORE + "variable.py",
        "jax.device_put(np.array(value))",
        "jax.device_put(np.asarray(value))",
        [TESTS + "test_core.py"],
        "a variable shares its memory with the array that it was made from",
    ),
    (
        CORE + "variable.py",
        "self.autocast = autocast and trainable",
        "self.autocast = autocast",
        [TESTS + "test_mixed_precision.py::test_a_state_that_is_not_trained_keeps_its_precision"],
        "statistics are read in half precision",
    ),
    # ------------------------------------------------------------------- random numbers
    (
        CORE + "random.py",
        "        self.state.assign(state)\n",
        "",
        [TESTS + "test_random.py::test_seeds"],
        "a generator gives the same key each time",
    ),
    (
        CORE + "random.py",
        "        if held is not None:",
        "        if held is None:",
        [TESTS + "test_recurrent.py::test_dropout_keeps_one_draw_for_the_whole_sequence"],
        "a held generator draws at each step",
    ),
    (
        CORE + "random.py",
        "_global = np.random.default_rng(seed)",
        "_global = np.random.default_rng()",
        [TESTS + "test_building.py", TESTS + "test_initializers.py::TestSeeds"],
        "set_random_seed does not reach initial weights",
    ),
    (
        "src/cello/random.py",
        "jax.random.truncated_normal(_key(seed), -2.0, 2.0,",
        "jax.random.truncated_normal(_key(seed), -3.0, 3.0,",
        [TESTS + "test_random.py::test_mean_variance_and_dtype"],
        "cello.random's truncated normal is cut at three deviations",
    ),
    (
        "src/cello/random.py",
        "jax.random.permutation(_key(seed), jnp.asarray(x), axis)",
        "jax.random.permutation(_key(seed), jnp.asarray(x), axis, independent=True)",
        [TESTS + "test_random.py::test_shuffle"],
        "shuffle tears rows apart",
    ),
    # ------------------------------------------------------------------- initial values
    (
        CORE + "initializers.py",
        "np.where(np.diagonal(r) < 0, -1, 1)",
        "np.ones(len(r))",
        [TESTS + "test_initializers.py::test_orthogonal_is_uniform_over_rotations"],
        "orthogonal matrices have diagonals of one sign",
    ),
    (
        CORE + "initializers.py",
        "np.abs(values) > 2",
        "np.abs(values) > 3",
        [TESTS + "test_initializers.py::test_variance_is_the_papers"],
        "the truncated normal is cut at three deviations",
    ),
    (
        CORE + "initializers.py",
        "return math.prod(shape[:-1]), math.prod(shape[:-2]) * shape[-1]",
        "return math.prod(shape[:-2]) * shape[-1], math.prod(shape[:-1])",
        [TESTS + "test_initializers.py::test_variance_is_the_papers"],
        "the numbers of inputs and outputs of a weight are exchanged",
    ),
    # ---------------------------------------------------------- penalties and constraints
    (
        CORE + "regularizers.py",
        "return self.l1 * jnp.sum(jnp.abs(x)) + self.l2 * jnp.sum(jnp.square(x))",
        "return self.l1 * jnp.sum(jnp.abs(x)) + self.l2 * jnp.mean(jnp.square(x))",
        [TESTS + "test_regularizers_constraints.py"],
        "L1L2 takes the mean of the squares",
    ),
    (
        CORE + "constraints.py",
        "jnp.minimum(norms, self.max_value)",
        "jnp.maximum(norms, self.max_value)",
        [TESTS + "test_regularizers_constraints.py"],
        "MaxNorm makes short vectors long",
    ),
    # ------------------------------------------------------------------------ arguments
    (
        CORE + "arguments.py",
        "first = [name for name in cls.argument_order.split() if name in arguments]",
        "first = [name for name in arguments if name in cls.argument_order.split()]",
        [
            TESTS + "test_declarations.py",
            ORACLES + "test_layers.py::test_signature_is_that_of_keras",
        ],
        "Keras' order of arguments is not kept",
    ),
    (
        CORE + "arguments.py",
        "if name in own or name not in vars(cls) or argument.keyword_only",
        "if name in own or name not in vars(cls)",
        [TESTS + "test_declarations.py"],
        "a class with a name of its own takes no name",
    ),
    (
        CORE + "keras_names.py",
        "Concatenate Conv1D",
        "Concatenate",
        [TESTS + "test_declarations.py"],
        "files name a layer of Keras' as Cello's",
    ),
    (
        CORE + "kinds.py",
        'f"{annotation(kind)} | None"',
        "annotation(kind)",
        [TESTS + "test_types.py"],
        "type checkers refuse None for an optional argument",
    ),
    (
        CORE + "kinds.py",
        "not isinstance(value, (int, np.integer)) or value < 1:",
        "not isinstance(value, (int, np.integer)):",
        [TESTS + "test_bad_input.py::test_units"],
        "a layer of no units is made",
    ),
    (
        CORE + "arguments.py",
        "if harmless is not None and value not in harmless:",
        "if False:",
        [ORACLES + "test_layers.py::test_bad_arguments_are_refused"],
        "an argument of Keras that changes results is passed over",
    ),
    # ---------------------------------------------------------------------------- masks
    (
        CORE + "masking.py",
        "return jnp.logical_and(mask, other)",
        "return jnp.logical_or(mask, other)",
        [ORACLES + "test_layers.py::test_masks_travel_as_in_keras"],
        "of two masks one is enough",
    ),
    (
        CORE + "masking.py",
        "lambda _: masks.pop(key, None)",
        "lambda _: None",
        [TESTS + "test_core.py"],
        "masks stay in memory when their tensors are gone",
    ),
    # --------------------------------------------------------------------------- dtypes
    (
        CORE + "dtype_policy.py",
        "array.dtype.itemsize < 4",
        "array.dtype.itemsize < 2",
        [
            TESTS + "test_mixed_precision.py::test_statistics_of_normalisation_are_float32",
            TESTS + "test_mixed_precision.py::test_softmax_losses_and_metrics_are_float32",
        ],
        "sums and means are taken in half precision",
    ),
    (
        CORE + "dtype_policy.py",
        '"float32" if self.mixed else self.name',
        "self.compute_dtype",
        [TESTS + "test_mixed_precision.py::test_the_global_policy"],
        "mixed precision keeps its weights in half precision",
    ),
    # ------------------------------------------------------------- configurations, names
    (
        CORE + "serialization.py",
        "        _custom.reset(token)",
        "        pass",
        [TESTS + "test_core.py"],
        "custom_object_scope does not end",
    ),
    (
        CORE + "serialization.py",
        "if known is not None and known.__qualname__ != thing.__qualname__:",
        "if False:",
        [TESTS + "saving/test_keras_files.py::test_a_registered_function_is_an_activation"],
        "a second class takes a registered name",
    ),
    (
        CORE + "loading.py",
        "        if self.left[what] < 0:",
        "        if False:",
        [TESTS + "saving/test_untrusted.py::test_more_is_asked_for_than_there_is"],
        "a small file may ask for any amount of memory",
    ),
    (
        CORE + "naming.py",
        "    _counts[prefix] += 1",
        "    _counts[prefix] = 1",
        [TESTS + "test_utils.py::test_clear_session_counts_names_anew"],
        "the third layer of a kind is called as the second",
    ),
    # --------------------------------------------------------------------------- layers
    (
        LAYERS + "embedding.py",
        "both(previous_mask, inputs != 0)",
        "both(previous_mask, inputs == 0)",
        [TESTS + "test_recurrent.py::test_masks_reach_the_layers_above"],
        "Embedding masks the real symbols",
    ),
    (
        LAYERS + "normalization.py",
        "moving.assign(moving.value * self.momentum + value * (1 - self.momentum))",
        "moving.assign(moving.value * (1 - self.momentum) + value * self.momentum)",
        [ORACLES + "test_layers.py::test_batch_normalization_in_training"],
        "BatchNormalization's momentum is that of the new value",
    ),
    (
        LAYERS + "pooling.py",
        "count = jnp.sum(kept[..., None], axis=1",
        "count = jnp.sum(jnp.ones_like(kept)[..., None], axis=1",
        [ORACLES + "test_layers.py::test_values_and_gradients_are_those_of_keras"],
        "a masked mean is divided by all steps",
    ),
    (
        LAYERS + "attention.py",
        "steps[:, None] >= others",
        "steps[:, None] > others",
        [ORACLES + "test_layers.py::test_causal_attention_and_its_scores"],
        "causal attention does not see its own step",
    ),
    (
        LAYERS + "attention.py",
        "outputs = hide_masked(weights @ hide_masked(value, value_mask), query_mask)",
        "outputs = hide_masked(weights @ value, query_mask)",
        [ORACLES + "test_layers.py::test_nothing_under_a_mask_reaches_attention"],
        "NaN under a mask reaches attention",
    ),
    (
        LAYERS + "dropout.py",
        "return jnp.where(kept, x / (1 - rate), 0)",
        "return jnp.where(kept, x, 0)",
        [ORACLES + "test_layers.py::test_dropout_keeps_the_mean_and_drops_the_rate"],
        "dropout does not keep the mean",
    ),
]
