"""Faults in saving, optimisers, callbacks, losses, metrics, training, streaming and generation."""

TESTS = "tests/"
SAVING = "tests/saving/"
ORACLES = "tests/oracles/"

FAULTS = [
    # ------------------------------------------------------------------ layers in a row
    (
        "src/cello/models/sequential.py",
        "    if layer.call_graph is None or (isinstance(layer, Sequential) and layer.shape_from_data):\n",
        "    if layer is not None:\n",
        [TESTS + "test_models.py::test_a_model_in_front_of_others_says_the_shape"],
        "a Sequential that begins with a model has no weights before data come",
    ),
    # ------------------------------------------------------------------ pickle and copy
    (
        "src/cello/models/graph.py",
        'return {"nodes": self.nodes, **vars(self)}',
        "return vars(self)",
        [TESTS + "test_copies.py::test_a_long_graph_is_no_deep_one"],
        "a long graph is pickled from its end, each call within the next",
    ),
    (
        "src/cello/core/symbolic.py",
        "        self.layer.graph_nodes.append(self)  # which are not copied with a layer\n",
        "",
        [TESTS + "test_copies.py::test_the_graph_of_a_copy_is_a_graph"],
        "the layers of a copied graph do not know their calls",
    ),
    (
        "src/cello/training/programs.py",
        'return {**vars(self), "_found": {}, "_held": None, "_inventory": None}',
        "return vars(self)",
        [TESTS + "test_copies.py::test_a_copy_of_a_trained_model_goes_on_as_the_model"],
        "a trained model is pickled with its compiled programs",
    ),
    (
        "src/cello/layers/recurrent.py",
        '"__module__": __package__}',
        '"__module__": __name__}',
        [TESTS + "test_copies.py::test_every_class_and_function_is_found_where_it_says"],
        "pickle does not find the layers that are made of cells",
    ),
    # ------------------------------------------------------------------ what is one's own in files
    (
        "src/cello/saving/keras_weights.py",
        "        place.layer.save_own_variables(store)\n",
        "        Layer.save_own_variables(place.layer, store)\n",
        [SAVING + "test_keras_files.py::test_a_layer_writes_and_reads_variables_of_its_own"],
        "save_own_variables of a class is not called",
    ),
    (
        "src/cello/core/serialization.py",
        '    own = isinstance(cls, type) and hasattr(cls, "get_config")\n',
        "    own = isinstance(cls, type) and issubclass(cls, Configurable)\n",
        [SAVING + "test_keras_files.py::test_a_callable_object_is_an_activation"],
        "a callable object in a file is not made again",
    ),
    (
        "src/cello/core/files.py",
        "super().__init__(clean_text(message, 1000))",
        "super().__init__(message)",
        [SAVING + "test_foreign_text.py::test_messages_about_files"],
        "a message quotes control characters and lists of a file",
    ),
    (
        "src/cello/saving/keras_h5.py",
        'order="F"',
        'order="C"',
        [SAVING + "test_cudnn_files.py"],
        "the input kernels of CuDNNLSTM are read in the order of an LSTM",
    ),
    (
        "src/cello/saving/keras_weights.py",
        "path not in known or known[path].shape != v.shape for",
        "path not in known for",
        [
            SAVING
            + "test_keras_files.py::test_layers_that_do_not_fit_are_skipped_where_that_is_wanted"
        ],
        "skip_mismatch skips only what a file lacks",
    ),
    # ------------------------------------------------------------------ counts in configurations
    (
        "src/cello/core/kinds.py",
        '        loading.take("calls of layers", repeated, "A loop")\n',
        "        pass\n",
        [
            SAVING + "test_untrusted.py::test_more_is_asked_for_than_there_is"
            "[a billion steps within a step]"
        ],
        "a file may ask for any number of a solver's steps",
    ),
    # ------------------------------------------------------------------ ONNX files, untrusted
    (
        "src/cello/saving/onnx/budget.py",
        "EXPANSION * nbytes + FREE_BYTES",
        "2**40",
        [SAVING + "test_onnx_untrusted.py::test_what_asks_for_more_than_the_file_has_is_refused"],
        "constants that an ONNX file works out are not bounded",
    ),
    (
        "src/cello/saving/onnx/reader.py",
        "        if key not in self._in_jax:\n",
        "        if True:\n",
        [SAVING + "test_onnx_untrusted.py::test_a_wide_constant_is_one_array_for_all_nodes"],
        "each node of an ONNX file copies the constant that it takes",
    ),
    (
        "src/cello/layers/merging.py",
        "return type(self) if type(self) in _ELEMENT_BY_ELEMENT else None",
        "return None",
        [SAVING + "test_onnx_untrusted.py::test_many_nodes_that_are_alike_are_traced_once"],
        "each addition of a graph is traced by itself",
    ),
    (
        "src/cello/core/operation.py",
        "first.append(slice(0, len(range(size)[k])))",
        "first.append(k)",
        [SAVING + "test_onnx_untrusted.py::test_many_nodes_that_are_alike_are_traced_once"],
        "each piece of a tensor is traced by itself",
    ),
    (
        "src/cello/core/operation.py",
        "        return jax.tree.map(_form, (args, kwargs)) if self.is_elementwise else (args, kwargs)\n",
        "        return args, kwargs\n",
        [SAVING + "test_onnx_untrusted.py::test_many_nodes_that_are_alike_are_traced_once"],
        "each product with a constant is traced by itself",
    ),
    # ------------------------------------------------------------------------ out of memory
    (
        "src/cello/streaming/jax_steps.py",
        "            self._state, self.phases = before\n",
        "            pass\n",
        [TESTS + "test_memory.py::test_out_of_memory_in_a_stream_leaves_it_where_it_was"],
        "a stream that ran out of memory has gone on by half a chunk",
    ),
    (
        "src/cello/core/calls.py",
        "            if is_lack_of_memory(error):\n",
        "            if False:\n",
        [TESTS + "test_memory.py::test_out_of_memory_outside_of_a_program_says_what_to_do"],
        "a call that runs out of memory does not say what to do",
    ),
    # ------------------------------------------------------------------ files of fit(resume=)
    (
        "src/cello/training/random_numbers.py",
        "if not 0 <= place <= most:",
        "if not -1 <= place <= most:",
        [
            SAVING
            + "test_resume_files.py::test_an_altered_record_is_refused_and_nothing_has_changed"
        ],
        "NumPy's generator gets a place outside of its buffer from a file of fit(resume=)",
    ),
    (
        "src/cello/training/backup.py",
        "                callback.check_state(state)\n",
        "                pass\n",
        [
            SAVING
            + "test_resume_files.py::test_an_altered_record_is_refused_and_nothing_has_changed"
        ],
        "what callbacks remember is taken from a file of fit(resume=) unseen",
    ),
    (
        "src/cello/training/backup.py",
        "            _check_array(name, arrays.get(name), own)",
        "            pass",
        [SAVING + "test_resume_files.py::test_an_altered_array_is_refused"],
        "arrays in a file of fit(resume=) are not looked at before the first is assigned",
    ),
    (
        "src/cello/training/backup.py",
        "self.feed.skip(len(self.trainer.history.epoch))",
        'self.feed.skip(saved["epoch"])',
        [
            SAVING
            + "test_resume_files.py::test_a_generator_is_wound_forward_by_the_epochs_that_are_done"
        ],
        "fit(resume=) winds a generator forward by epochs that it never had",
    ),
    # ------------------------------------------------------------------ saving
    (
        "src/cello/saving/torch_weights.py",
        'GRU_CELL, "rzn")',
        'GRU_CELL, "zrn")',
        [SAVING + "test_torch.py::test_the_same_outputs_and_states_both_ways"],
        "PyTorch's GRU keeps its own order of gates",
    ),
    (
        "src/cello/saving/torch_weights.py",
        'weights.append(arrays[f"weight_hr{place}"].T)',
        'weights.append(arrays[f"weight_hr{place}"].T[:, ::-1])',
        [SAVING + "test_torch.py::test_a_projected_lstm_takes_masks_states_and_directions[False]"],
        "the projection of PyTorch's LSTM is loaded with its columns turned",
    ),
    (
        "src/cello/saving/torch_weights.py",
        "biases[0] + biases[1])",
        "biases[0])",
        [SAVING + "test_torch.py::test_what_a_state_dict_does_not_say"],
        "PyTorch's second bias is forgotten",
    ),
    (
        "src/cello/saving/torch_weights.py",
        "layer.set_weights([weight.T] + ",
        "layer.set_weights([np.reshape(weight, weight.T.shape)] + ",
        [SAVING + "test_torch.py::test_a_whole_network_layer_by_layer"],
        "nn.Linear's weight is reshaped in place of transposed",
    ),
    (
        "src/cello/saving/hdf5.py",
        "if wanted > stored or self.nbytes > self.size:",
        "if wanted < 0:",
        [SAVING + "test_untrusted.py::test_arrays_in_a_file"],
        "an array may ask for more memory than the file has bytes",
    ),
    (
        "src/cello/saving/hdf5.py",
        "if address in self._addresses:",
        "if False:",
        [SAVING + "test_untrusted.py::test_arrays_in_a_file"],
        "an array of an HDF5 file may be in two places",
    ),
    (
        "src/cello/saving/hdf5.py",
        "if math.prod(kind.shape) * length > EXPANSION * self.size + FREE_BYTES:",
        "if math.prod(kind.shape) * length < 0:",
        [
            SAVING + "test_untrusted.py::test_attributes",
            SAVING + "test_untrusted.py::test_many_names_that_are_one_long_text",
        ],
        "the size of an attribute is not checked before it is read",
    ),
    (
        "src/cello/optimizers/slots.py",
        '("iteration", jnp.asarray(state.count, jnp.int32))',
        '("iteration", jnp.asarray(0, jnp.int32))',
        [SAVING + "test_keras_files.py::test_training_goes_on"],
        "the number of steps done is not written to Keras' files",
    ),
    (
        "src/cello/saving/keras_weights.py",
        "if known[path].shape != variable.shape:",
        "if False:",
        [
            SAVING
            + "test_keras_files.py::test_weights_of_another_model_are_refused_and_nothing_changes"
        ],
        "shapes in a weights file are not compared",
    ),
    (
        "src/cello/saving/safetensors_weights.py",
        "extra = sorted(set(arrays) - set(weights))",
        "extra = []",
        [SAVING + "test_safetensors.py"],
        "arrays in a safetensors file that the model does not have are passed over",
    ),
    (
        "src/cello/optimizers/slots.py",
        '_MOMENTS: Groups = ({"m": "momentum", "v": "velocity"},)',
        '_MOMENTS: Groups = ({"v": "momentum", "m": "velocity"},)',
        [SAVING + "test_keras_files.py::test_training_goes_on"],
        "the two moments of Adam are exchanged in Keras' files",
    ),
    (
        "src/cello/core/files.py",
        "            os.fsync(file.fileno())\n",
        "            pass\n",
        [SAVING + "test_atomic.py::test_a_failed_write_leaves_the_old_file_alone"],
        "a file takes the old one's name before it is on the disk",
    ),
    # -------------------------------------------------------------- optimisers
    (
        "src/cello/training/programs.py",
        "return self.optimizer.scale_loss(loss, optimizer_state), (",
        "return loss, (",
        [
            TESTS
            + "test_optimizer_variables.py::test_fit_leaves_alone_what_is_excluded_and_takes_a_built_optimizer"
        ],
        "fit does not scale the loss by loss_scale_factor",
    ),
    (
        "src/cello/optimizers/optimizer.py",
        "        return 0.0 if self.is_excluded(variable) else self.weight_decay or 0.0",
        "        return self.weight_decay or 0.0",
        [TESTS + "test_optimizer_variables.py::test_what_is_excluded_from_weight_decay"],
        "weight decay takes variables that were excluded from it",
    ),
    (
        "src/cello/optimizers/muon.py",
        'embeds = self.exclude_embeddings and "embedding" in variable.path.lower()',
        "embeds = False",
        [
            TESTS
            + "test_optimizer_variables.py::test_muon_leaves_embeddings_and_named_layers_to_adam"
        ],
        "Muon trains embeddings",
    ),
    (
        "src/cello/optimizers/rate.py",
        "    if callable(rate) and not inspect.signature(rate).parameters:",
        "    if False:",
        [TESTS + "test_optimizers.py::test_a_function_of_nothing_as_the_learning_rate"],
        "a function of nothing is no learning rate",
    ),
    (
        "src/cello/optimizers/averaging.py",
        "return updates, AccumulationState(seen, kept, inner)",
        "return updates, AccumulationState(seen, summed, inner)",
        [TESTS + "test_averaging.py::test_accumulating_batches_is_training_on_larger_ones"],
        "accumulated gradients are not forgotten after a step",
    ),
    (
        "src/cello/optimizers/averaging.py",
        "keep = jnp.where(step == 0, 0.0, momentum)",
        "keep = momentum",
        [TESTS + "test_averaging.py::test_the_average_is_that_of_the_weights_after_each_batch"],
        "the moving average starts from zero",
    ),
    (
        "src/cello/optimizers/optimizer.py",
        "self.average or (), strict=False):\n            variable.assign(value)",
        "self.average or (), strict=False):\n            pass",
        [TESTS + "test_averaging.py"],
        "fit does not end with the moving averages as weights",
    ),
    (
        "src/cello/optimizers/moments.py",
        "scale = jnp.sqrt(1 - beta_2**count) / (1 - beta_1**count)",
        "scale = (1 - beta_2**count) / (1 - beta_1**count)",
        [
            TESTS + "test_optimizers.py::test_steps",
            TESTS + "test_optimizers.py::test_learning_rate_changed_in_the_middle",
        ],
        "Adam's correction of the bias has no root",
    ),
    (
        "src/cello/optimizers/optimizer.py",
        "rule = _decaying(rule, learning_rate, self._decays)",
        "rule = _decaying(rule, 1.0, self._decays)",
        [
            TESTS + "test_optimizers.py::test_steps",
            TESTS + "test_optimizers.py::test_learning_rate_changed_in_the_middle",
        ],
        "weight decay does not go by the learning rate",
    ),
    # --------------------------------------------------------------- callbacks
    (
        "src/cello/callbacks/stopping.py",
        "if self.wait >= self.patience and epoch > 0:",
        "if self.wait > self.patience and epoch > 0:",
        [TESTS + "test_callbacks.py::test_early_stopping"],
        "EarlyStopping waits an epoch too long",
    ),
    (
        "src/cello/callbacks/stopping.py",
        "            self.model.set_weights(self.best_weights)",
        "            pass",
        [
            TESTS + "test_callbacks.py::test_early_stopping",
            TESTS + "test_fit.py::test_early_stopping_stops_and_restores",
        ],
        "the best weights are not restored",
    ),
    (
        "src/cello/callbacks/learning_rate.py",
        "self.cooldown_counter = self.cooldown",
        "self.cooldown_counter = 0",
        [TESTS + "test_callbacks.py::test_reduce_on_plateau"],
        "ReduceLROnPlateau has no cooldown",
    ),
    (
        "src/cello/callbacks/checkpoint.py",
        "watched.best = value\n        self._save(",
        "pass\n        self._save(",
        [TESTS + "test_callbacks.py::test_model_checkpoint"],
        "save_best_only forgets the best value",
    ),
    (
        "src/cello/callbacks/swap_ema_weights.py",
        "    def on_test_end(self, logs=None):\n        self._swap_back()",
        "    def on_test_end(self, logs=None):\n        pass",
        [
            TESTS + "test_averaging.py::test_validation_sees_the_averages_as_in_keras",
            TESTS + "test_averaging.py::test_evaluate_and_predict_swap_and_swap_back",
        ],
        "after an evaluation the averages stay in the model",
    ),
    # ------------------------------------------------------- losses and metrics
    (
        "src/cello/losses/loss.py",
        "factor = factor * mask.size / jnp.maximum(jnp.sum(factor), 1)",
        "pass",
        [ORACLES + "test_losses.py::test_masks"],
        "a masked loss is divided by all steps",
    ),
    (
        "src/cello/losses/loss.py",
        "            y_true, y_pred = hide(y_true, mask), hide(y_pred, mask)",
        "            pass",
        [ORACLES + "test_losses.py::test_masks"],
        "NaN under a mask reaches the gradient of a loss",
    ),
    (
        "src/cello/losses/loss.py",
        "            values = values * weights",
        "            pass",
        [ORACLES + "test_losses.py::test_values"],
        "sample weights are ignored by losses",
    ),
    (
        "src/cello/metrics/means.py",
        "(y_true == (y_pred > threshold)",
        "(y_true == (y_pred > 0.5)",
        [ORACLES + "test_metrics.py::test_over_batches"],
        "the threshold of an accuracy is ignored",
    ),
    # ---------------------------------------------------------------- training
    (
        "src/cello/training/data.py",
        "order = self.shuffler.permutation(self.rows) if self.shuffler is not None else None",
        "order = None if self.shuffler is None else __import__('numpy').random.default_rng(0)"
        ".permutation(self.rows)",
        [TESTS + "test_fit.py::test_shuffling_shows_every_row_once_an_epoch"],
        "every epoch is shuffled alike",
    ),
    (
        "src/cello/training/objective.py",
        "total = total + factor * value",
        "total = total + value",
        [ORACLES + "test_training.py::test_epochs_are_those_of_keras"],
        "the weights of the losses are ignored",
    ),
    (
        "src/cello/training/objective.py",
        "flat[i], weights[i] if weighted else None)",
        "flat[i], None)",
        [ORACLES + "test_training.py::test_weights_of_rows_and_classes"],
        "weighted metrics ignore the weights",
    ),
    (
        "src/cello/training/random_numbers.py",
        'shuffler.bit_generator.state = states["shuffler"]',
        "pass",
        [
            TESTS
            + "test_backup.py::test_a_training_that_was_cut_off_ends_as_one_that_was_not[arrays]"
        ],
        "a resumed training shuffles in another order",
    ),
    # ------------------------------------------------------ streaming, generation
    (
        "src/cello/streaming/pieces.py",
        "return outputs, (carry.kept, jnp.zeros_like(starts))",
        "return outputs, (carry.kept, starts)",
        [TESTS + "test_streaming.py::test_one_step_at_a_time"],
        "a stream starts anew with every piece",
    ),
    (
        "src/cello/streaming/session.py",
        "np.append(starts, np.ones(count, bool))",
        "np.append(starts, np.zeros(count, bool))",
        [TESTS + "test_streaming.py::test_rows_come_and_go_and_none_sees_another"],
        "a new row of a stream does not start anew",
    ),
    (
        "src/cello/streaming/session.py",
        "values, starts = jax.tree.map(lambda v: v[~chosen], self._steps.live())",
        "values, starts = jax.tree.map(lambda v: v[: (~chosen).sum()], self._steps.live())",
        [TESTS + "test_streaming.py::test_rows_come_and_go_and_none_sees_another"],
        "the states of rows behind a dropped one do not move up",
    ),
    (
        "src/cello/generation/search.py",
        "return log_p / ((5 + lengths) / 6) ** length_penalty",
        "return log_p",
        [TESTS + "test_generation.py::test_a_beam_as_wide_as_all_sequences_finds_the_best"],
        "beam search ignores the length penalty",
    ),
    (
        "src/cello/generation/search.py",
        "            carried = jax.tree.map(lambda a: a[flat], carried)",
        "            pass",
        [TESTS + "test_generation.py::test_the_score_of_a_beam_is_the_models_own"],
        "the states of hypotheses do not follow their parents in a beam",
    ),
    (
        "src/cello/generation/search.py",
        "log_p = jnp.where(hypotheses.ended[..., None], stays, log_p)",
        "del stays",
        [TESTS + "test_generation.py::test_the_score_of_a_beam_is_the_models_own"],
        "a hypothesis that has ended is written on",
    ),
    (
        "src/cello/generation/search.py",
        "likely = jnp.where(before < top_p, likely, -jnp.inf)",
        "likely = jnp.where(before <= 1, likely, -jnp.inf)",
        [TESTS + "test_generation.py::test_only_the_tokens_that_the_options_leave_are_drawn"],
        "top_p leaves all tokens",
    ),
    # ------------------------------------------------------------------ observers
    (
        "src/cello/core/observation.py",
        "_observers.reset(self._token)",
        "pass",
        [TESTS + "test_observation.py"],
        "a scope of observation does not end",
    ),
    (
        "src/cello/core/loading.py",
        "layer.count_pieces(arguments), layer)",
        "1, layer)",
        [SAVING + "test_untrusted.py::test_more_is_asked_for_than_there_is"],
        "a file may ask for a billion pieces in one call",
    ),
    (
        "src/cello/core/carry.py",
        "        if reason is not None:\n",
        "        if False:\n",
        [TESTS + "test_streaming.py::test_what_looks_at_later_steps_is_refused_by_name"],
        "layers that look ahead may stream",
    ),
    (
        "src/cello/cells/steps.py",
        "jnp.concatenate([start[:, None], s[:, :-1]], 1)",
        "s",
        [TESTS + "test_plotting.py::test_gates_of_lstm_are_those_of_the_equations"],
        "gates are read from the states after their step",
    ),
    (
        "src/cello/cells/steps.py",
        "run.zero_output_for_mask and run.return_sequences",
        "run.zero_output_for_mask",
        [TESTS + "test_observation.py"],
        "a run that is watched ends with zeros under a mask",
    ),
    (
        "src/cello/training/find_nan.py",
        "return place._replace(step=passage.counts.shape[1] - 1 - place.step)",
        "return place",
        [TESTS + "test_find_nan.py::test_the_step_in_a_cell_of_ones_own"],
        "find_nan counts the steps of a layer that runs backwards from the end",
    ),
    (
        "src/cello/callbacks/recurrent_health.py",
        "jax.tree.map(jnp.add, states, probe)",
        "states",
        [TESTS + "test_callbacks.py::test_recurrent_health_is_what_pytorch_finds"],
        "RecurrentHealth's gradients are zero",
    ),
    # ------------------------------------------------------------------ names that are missing
    (
        "src/cello/core/absent.py",
        "raise ModuleNotFoundError(sentence)",
        "raise ModuleNotFoundError(sentence, name=fullname)",
        [TESTS + "test_keras_names.py::test_a_missing_name_says_what_to_write"],
        "from cello import applications hides what to write instead",
    ),
    (
        "src/cello/core/absent.py",
        'vars(module).setdefault("__path__", [])',
        "vars(module)",
        [TESTS + "test_keras_names.py::test_a_missing_name_says_what_to_write"],
        "an import from a module that is no package does not say what to write instead",
    ),
    (
        "src/cello/core/absent.py",
        'if name.startswith("_"):',
        'if name.startswith("__"):',
        [TESTS + "test_keras_names.py::test_a_missing_name_is_missing_to_python"],
        "private names are explained, too, and find_spec fails for them",
    ),
    (
        "src/cello/core/functions/neural.py",
        "jnp.where(kept, falling, 0)",
        "jnp.where(kept, sums, 0)",
        [TESTS + "test_activations.py::test_sparsemax_is_the_nearest_of_all_probabilities"],
        "sparsemax sums what is summed already",
    ),
    # ------------------------------------------------------------------ functions of cello.ops
    (
        "src/cello/core/functions/__init__.py",
        "axis % (rank + (function in MAKES_AN_AXIS)) > 1",
        "axis % rank > 1",
        [ORACLES + "test_ops.py::test_an_axis_that_is_made_in_front_of_time_is_no_step"],
        "stack along a new last axis may not run in a stream",
    ),
    (
        "src/cello/models/operation_config.py",
        "more = [] if by_place is None else args[by_place:]",
        "more = []",
        [ORACLES + "test_ops.py::test_on_tensors_of_a_graph"],
        "the weights of ops.average are lost on the way through a configuration",
    ),
    (
        "src/cello/models/operation_config.py",
        "if k in kept or (v is not None and v is not False)}",
        "if v is not None and (v is not False or k in kept)}",
        [ORACLES + "test_ops.py::test_on_tensors_of_a_graph"],
        "None in a configuration is taken for the default of an option",
    ),
    (
        "src/cello/core/functions/signal.py",
        "jnp.where(places < time, places, period - places)",
        "jnp.where(places < time, places, period - places - 1)",
        [ORACLES + "test_ops.py::test_values"],
        "stft mirrors the end of a sequence one step too early",
    ),
    (
        "src/cello/ops/control_flow.py",
        "more & (count < maximum_iterations)",
        "more",
        [ORACLES + "test_ops.py::test_functions_of_functions_in_a_layer"],
        "while_loop forgets maximum_iterations",
    ),
]
