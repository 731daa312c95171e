"""Faults in layers that are not recurrent."""

TABLE = "tests/oracles/test_layers.py"
THIN = "tests/test_thin_layers.py"

FAULTS = [
    (
        "src/cello/ops/convolution.py",
        "    mirrored = jnp.flip(kernel, range(kernel.ndim - 2)).swapaxes(-1, -2)\n    return",
        "    mirrored = kernel.swapaxes(-1, -2)\n    return",
        [TABLE + "::test_values_and_gradients_are_those_of_keras"],
        "a transposed convolution has its window the wrong way round",
    ),
    (
        "src/cello/layers/pooling.py",
        "            count = lax.reduce_window(jnp.ones_like(widen(inputs)), 0.0, lax.add, **window)",
        "            pass",
        [TABLE + "::test_values_and_gradients_are_those_of_keras"],
        "zeros of padding count in means",
    ),
    (
        "src/cello/layers/normalization.py",
        "        kept = None if kept is None else jnp.reshape(kept, in_groups)",
        "        kept = None",
        [THIN + "::test_each_row_is_that_of_its_own_steps"],
        "masked steps count in the means of groups",
    ),
    (
        "src/cello/layers/activations.py",
        "            kept = kept.reshape(*kept.shape, *(1,) * (x.ndim - kept.ndim))",
        "            pass",
        [THIN + "::test_each_row_is_that_of_its_own_steps"],
        "a softmax along time takes its mask for one of features",
    ),
    (
        "src/cello/layers/dropout.py",
        "        return a * jnp.where(kept, inputs, least) - a * least * self.rate",
        "        return a * jnp.where(kept, inputs, least) + a * least * self.rate",
        [THIN + "::test_alpha_dropout_is_the_affine_map_of_keras"],
        "alpha dropout moves the mean",
    ),
    (
        "src/cello/layers/preprocessing.py",
        "            squares = squares + within + moved**2 * (count * new / (count + new))",
        "            squares = squares + within",
        [THIN + "::test_batches_and_sequences_are_one_data_set"],
        "the variance of batches forgets that their means differ",
    ),
    (
        "src/cello/models/front.py",
        "            return [x[name] for name in names]",
        "            return list(x.values())",
        ["tests/test_strings.py::test_several_inputs_by_place_and_by_name"],
        "strings in a dict are taken by their order, not by their names",
    ),
    (
        "src/cello/models/model.py",
        "        return self.read_strings(x), y",
        "        return x, y",
        ["tests/test_strings.py::test_strings_of_every_form"],
        "predict and fit take no strings, though a call of the model does",
    ),
    (
        "src/cello/models/inputs.py",
        "    dtype = jax.dtypes.canonicalize_dtype(tensor.dtype)\n",
        "    dtype = tensor.dtype\n",
        ["tests/test_strings.py::test_several_inputs_by_place_and_by_name"],
        "JAX warns at each call that an Input of int64 is one of int32",
    ),
    (
        "src/cello/saving/keras_assets.py",
        '                    own["idf_weights"] = np.asarray(reader.array(weights)).tolist()',
        "                    pass",
        ["tests/saving/test_keras_fixtures.py::test_predictions_are_those_of_keras"],
        "the weights of a vocabulary in a file of Keras are not read",
    ),
    (
        "src/cello/saving/keras_weights.py",
        '            arrays.update({f"{inner}/{name}": np.asarray(v) for name, v in store.items()})\n',
        "",
        ["tests/saving/test_vocabularies.py"],
        "Keras misses the weights of a vocabulary in Cello's files, where it looks a second time",
    ),
    (
        "src/cello/layers/vocabulary.py",
        "    wrong = [v for v in read if not isinstance(v, str)]",
        "    wrong = [v for v in read if not isinstance(v, str) and v is not None]",
        ["tests/test_bad_input.py::test_what_is_written_in_a_hurry"],
        "None among texts is not noticed",
    ),
    (
        "src/cello/core/calls.py",
        "                refuse_strings(self, tensors)\n",
        "",
        ["tests/test_strings.py::test_what_is_refused"],
        "a layer of numbers is called on strings",
    ),
]
