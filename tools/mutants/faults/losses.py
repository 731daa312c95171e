"""Faults in losses, metrics, and what callbacks get to know."""

TESTS = "tests/"
ORACLES = "tests/oracles/"

FAULTS = [
    (
        "src/cello/losses/loss.py",
        "    if fits and all(f in (1, v)",
        "    if values.ndim == 0 or fits and all(f in (1, v)",
        [TESTS + "test_own_losses.py::test_a_loss_that_masked_steps_would_dilute_changes_nothing"],
        "a loss that is one number counts masked steps",
    ),
    (
        "src/cello/losses/loss.py",
        "        if self.elementwise:\n            y_true, y_pred = split",
        "        if False:\n            y_true, y_pred = split",
        [TESTS + "test_own_losses.py::test_the_mean_over_what_is_real"],
        "a loss does not take one weight an element",
    ),
    (
        "src/cello/metrics/metric.py",
        "        if self.elementwise:\n            y_true, y_pred = split",
        "        if False:\n            y_true, y_pred = split",
        [TESTS + "test_own_losses.py::test_the_mean_over_what_is_real"],
        "a metric does not take one weight an element",
    ),
    (
        "src/cello/metrics/means.py",
        "    return (y_true == (y_pred > threshold)).astype(jnp.float32)",
        "    return jnp.mean(y_true == (y_pred > threshold), axis=-1, dtype=jnp.float32)",
        [ORACLES + "test_metrics.py::test_one_weight_an_element"],
        "BinaryAccuracy gives a value a row",
    ),
    (
        "src/cello/metrics/metric.py",
        "        for metric in self._parts:\n            found.update",
        "        for metric in ():\n            found.update",
        [TESTS + "test_own_losses.py::test_a_metric_made_of_others_is_that_of_keras"],
        "the variables of metrics within a metric are not found",
    ),
    (
        "src/cello/metrics/metric.py",
        "        for metric in self._parts:\n            metric.reset_state()",
        "        for metric in ():\n            metric.reset_state()",
        [TESTS + "test_own_losses.py::test_a_metric_made_of_others_is_that_of_keras"],
        "metrics within a metric are not reset",
    ),
    (
        "src/cello/training/objective.py",
        "    if mask is not None and np.shape(y_true)",
        "    if False and np.shape(y_true)",
        [TESTS + "test_own_losses.py::test_a_metric_of_ones_own_leaves_padding_out"],
        "a metric of one's own counts padded steps",
    ),
    (
        "src/cello/training/callback.py",
        "(*args, {} if logs is None else logs)",
        "(*args, logs)",
        [TESTS + "test_callbacks.py::test_hooks_get_what_keras_gives_them"],
        "hooks without logs get None",
    ),
    (
        "src/cello/core/variable.py",
        "        return function(*map(read, args)",
        "        return function(*args",
        [
            TESTS + "test_regularizers_constraints.py::test_on_a_variable",
            TESTS + "test_activations.py::test_values",
        ],
        "activations, regularisers and constraints take no variable",
    ),
    (
        "src/cello/losses/loss.py",
        "return widen(array) if self.dtype is None else array.astype(self.dtype)",
        "return widen(array)",
        [ORACLES + "test_losses.py::test_the_dtype_of_a_loss"],
        "the dtype of a loss changes nothing",
    ),
    (
        "src/cello/losses/ctc.py",
        "        if ((labels[:, :-1] == 0)",
        "        if False and ((labels[:, :-1] == 0)",
        [TESTS + "test_ctc.py::test_what_is_refused"],
        "the CTC loss is trained on the blank as a label",
    ),
]
