"""Losses and metrics of the user's own under masks and weights, and metrics made of others."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello
from cello.core.masking import set_mask

COMPILATIONS = 200

RNG = np.random.default_rng(0)
TRUE, PRED = RNG.normal(size=(2, 4, 5, 3)).astype("float32")
MASK = np.arange(5) < np.array([5, 2, 3, 1])[:, None]
ROWS = np.array([0.5, 0.0, 2.0, 1.0], "float32")
STEPS, ELEMENTS = (RNG.uniform(0, 2, s).astype("float32") for s in ((4, 5), (4, 5, 3)))


def each_element(y_true, y_pred):
    return jnp.square(y_true - y_pred)


def each_step(y_true, y_pred):
    return jnp.mean(jnp.square(y_true - y_pred), -1)


def each_row(y_true, y_pred):
    return jnp.mean(jnp.square(y_true - y_pred), (1, 2))


def one_number(y_true, y_pred):
    return jnp.mean(jnp.square(y_true - y_pred))


def measured(kind, function, masked, weights):
    pred = jnp.array(PRED)
    set_mask(pred, jnp.asarray(MASK) if masked else None)
    return getattr(cello, kind).get(function)(TRUE, pred, sample_weight=weights)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("weights", [None, ROWS, STEPS, STEPS[..., None], ELEMENTS])
def test_the_mean_over_what_is_real(masked, weights):
    """The definition, for values a step and values an element, whatever the weights are for."""
    weight = np.ones(1) if weights is None else weights
    weight = np.broadcast_to(
        np.reshape(weight, weight.shape + (1,) * (3 - weight.ndim)), PRED.shape
    )
    real = np.broadcast_to(MASK[..., None] if masked else True, PRED.shape)
    total = np.sum(np.square(TRUE - PRED) * weight * real)
    functions = [each_element, cello.losses.mean_squared_error]
    if weights is not ELEMENTS:
        functions.append(each_step)
    for function in functions:
        loss, metric = (measured(k, function, masked, weights) for k in ("losses", "metrics"))
        np.testing.assert_allclose(loss, total / real.sum(), 1e-5)
        np.testing.assert_allclose(metric, total / (weight * real).sum(), 1e-5)


@pytest.mark.parametrize("kind", ["losses", "metrics"])
@pytest.mark.parametrize(
    "function, masked, weights, message",
    [
        (one_number, True, None, r"one number for outputs with a mask of shape \(4, 5\)"),
        (one_number, False, ROWS, r"one number, which sample_weight of shape \(4,\) does not fit"),
        (each_row, True, None, r"values of shape \(4,\) for outputs with a mask"),
        (each_row, True, ROWS, r"values of shape \(4,\) for outputs with a mask"),
        (each_row, False, STEPS, r"values of shape \(4,\), which sample_weight of shape \(4, 5\)"),
        (each_step, False, ELEMENTS, r"values of shape \(4, 5\), which sample_weight"),
        (
            each_step,
            False,
            ROWS[:3],
            r"values of shape \(4, 5\), which sample_weight of shape \(3,\) does not fit",
        ),
    ],
)
def test_what_masks_and_weights_do_not_fit_is_refused(kind, function, masked, weights, message):
    what = {"losses": "loss", "metrics": "metric"}[kind]
    with pytest.raises(ValueError, match=rf"The {what} {function.__name__} gave {message}"):
        measured(kind, function, masked, weights)


# -------------------------------------------------------------------- probabilities or logits

LOGITS = RNG.normal(size=(4, 5, 3)).astype("float32")
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(-1, keepdims=True)
CHANCES = 1 / (1 + np.exp(-LOGITS))
LABELS = RNG.integers(0, 3, (4, 5))
BITS = np.round(CHANCES)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
PADDED = np.where(MASK[..., None], SHARES, 0)


def train(outputs, targets, loss, mask_value=-1.0):
    """Train a model whose outputs are its inputs."""
    inputs = cello.Input((5, 3))
    model = cello.Model(inputs, cello.layers.Masking(mask_value)(inputs))
    model.compile("sgd", loss)
    model.train_on_batch(outputs, targets)
    return model


@pytest.mark.parametrize(
    "name, outputs, targets",
    [
        ("SparseCategoricalCrossentropy", LOGITS, LABELS),
        ("SparseCategoricalCrossentropy", CHANCES, LABELS),
        ("CategoricalCrossentropy", LOGITS, ONE_HOT),
        ("BinaryCrossentropy", LOGITS, BITS),
        ("BinaryFocalCrossentropy", LOGITS, BITS),
    ],
)
def test_logits_for_probabilities(name, outputs, targets):
    loss = getattr(cello.losses, name)
    with pytest.warns(
        UserWarning, match=rf"takes probabilities.*{name}\(from_logits=True\)"
    ) as seen:
        model = train(outputs, targets, loss())
        model.train_on_batch(outputs, targets)
    assert len(seen) == 1
    train(outputs, targets, loss(from_logits=True))


def test_logits_for_a_divergence():
    with pytest.warns(UserWarning, match="kl_divergence takes probabilities.*in a softmax"):
        train(LOGITS, CHANCES, "kl_divergence")
    with pytest.warns(UserWarning, match="do not sum to 1.*in a softmax"):
        train(2 * SHARES, SHARES, "kld")


@pytest.mark.parametrize(
    "loss, outputs, targets, mask_value",
    [
        ("kl_divergence", SHARES, CHANCES, -1.0),
        ("kl_divergence", PADDED, CHANCES, 0.0),
        ("sparse_categorical_crossentropy", SHARES, LABELS, -1.0),
        ("categorical_crossentropy", SHARES.astype("float16"), ONE_HOT, -1.0),
        ("sparse_categorical_crossentropy", PADDED, LABELS, 0.0),
        ("binary_crossentropy", CHANCES, BITS, -1.0),
        ("mse", LOGITS, LOGITS, -1.0),
    ],
)
def test_probabilities_as_probabilities(loss, outputs, targets, mask_value):
    """No warning, which would be an error here; nor for what is masked."""
    train(outputs, targets, loss, mask_value)


# ------------------------------------------------------------------------------ in training

LENGTHS = (5, 3, 2, 4, 5)
X = [RNG.normal(size=(n, 2)).astype("float32") for n in LENGTHS]
Y = [x.sum(1, keepdims=True) for x in X]


def model_of(loss="mse", **compiled):
    inputs = cello.Input((None, 2))
    model = cello.Model(inputs, cello.layers.SimpleRNN(1, return_sequences=True)(inputs))
    model.set_weights([np.array([[0.4], [0.9]]), np.array([[-0.3]]), np.array([0.1])])
    model.compile("sgd", loss, **compiled)
    return model


def mean_metric(library):
    class Counting(library.metrics.Metric):
        """The mean error, counted as Keras' guides do it."""

        def __init__(self, name="counting", **kwargs):
            super().__init__(name=name, **kwargs)
            self.total = self.add_weight(name="total", initializer="zeros")
            self.count = self.add_weight(name="count", initializer="zeros")

        def update_state(self, y_true, y_pred, sample_weight=None):
            values = jnp.mean(jnp.abs(y_true - y_pred), -1)
            weights = jnp.ones(()) if sample_weight is None else jnp.asarray(sample_weight)
            weights = jnp.broadcast_to(weights, values.shape)
            self.total.assign(self.total + jnp.sum(values * weights))
            self.count.assign(self.count + jnp.sum(weights))

        def result(self):
            return self.total / self.count

    return Counting


def made_of_others(library):
    class Both(library.metrics.Metric):
        """Metrics in an attribute, a list and a dict; one of them is made of others as well."""

        def __init__(self, name="both", deep=True, **kwargs):
            super().__init__(name=name, **kwargs)
            self.one = library.metrics.MeanAbsoluteError()
            self.several = [library.metrics.MeanSquaredError()]
            self.named = {"counting": mean_metric(library)()}
            if deep:
                self.named["deep"] = Both(name="deep", deep=False)

        @property
        def parts(self):
            return [self.one, *self.several, *self.named.values()]

        def update_state(self, y_true, y_pred, sample_weight=None):
            for part in self.parts:
                part.update_state(y_true, y_pred, sample_weight=sample_weight)

        def result(self):
            return sum(part.result() for part in self.parts)

    return Both


def test_a_metric_of_ones_own_leaves_padding_out():
    """Evaluated on lists of several lengths: the mean over the real steps, as NumPy has it."""
    model = model_of(metrics=[mean_metric(cello)()], weighted_metrics=[made_of_others(cello)()])
    weights = [np.linspace(0.2, 1.5, n).astype("float32") for n in LENGTHS]
    found = model.evaluate(X, Y, batch_size=5, sample_weight=weights, verbose=0, return_dict=True)
    predicted = model.predict(X, verbose=0)
    errors = np.concatenate([np.abs(a - b)[:, 0] for a, b in zip(predicted, Y, strict=True)])
    np.testing.assert_allclose(found["counting"], errors.mean(), 1e-5)
    mae, mse = (np.average(e, weights=np.concatenate(weights)) for e in (errors, errors**2))
    np.testing.assert_allclose(found["both"], 2 * (2 * mae + mse), 1e-5)


def test_a_metric_made_of_others_is_that_of_keras():
    """Over two epochs: what is inside is found, counted and reset."""
    histories = []
    x, y = (np.stack([a[:2] for a in arrays]) for arrays in (X, Y))
    for library in (cello, keras):
        inputs = library.Input((None, 2))
        layer = library.layers.SimpleRNN(1, return_sequences=True)
        model = library.Model(inputs, layer(inputs))
        model.set_weights([np.array([[0.4], [0.9]]), np.array([[-0.3]]), np.array([0.1])])
        model.compile(library.optimizers.SGD(0.1), "mse", metrics=[made_of_others(library)()])
        fitted = model.fit(x, y, batch_size=3, epochs=2, shuffle=False, verbose=0)
        histories.append(fitted.history)
    ours, theirs = histories
    assert set(ours) == set(theirs)
    for name in ours:
        np.testing.assert_allclose(ours[name], theirs[name], 1e-5)
    metric = made_of_others(cello)()
    assert len(metric.variables) == len(made_of_others(keras)().variables)


def test_a_metric_without_weights_is_refused_where_it_needs_them():
    class Bare(cello.metrics.Metric):
        def update_state(self, y_true, y_pred):
            pass

        def result(self):
            return jnp.ones(())

    arrays = [np.stack([a[:2] for a in arrays]) for arrays in (X, Y)]
    assert model_of(metrics=[Bare()]).evaluate(*arrays, verbose=0)[1] == 1.0
    with pytest.raises(ValueError, match=r"bare must have update_state\(y_true, y_pred, sample"):
        model_of(metrics=[Bare()]).evaluate(X, Y, verbose=0)


def test_a_loss_that_masked_steps_would_dilute_changes_nothing():
    model = model_of(one_number)
    before = model.get_weights()
    with pytest.raises(ValueError, match="one_number gave one number for outputs with a mask"):
        model.fit(X, Y, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def labels_that_are_there(library):
    class OfLabels(library.losses.Loss):
        def call(self, y_true, y_pred):
            values = library.losses.sparse_categorical_crossentropy(y_true, y_pred)
            real = library.ops.cast(y_true > 0, "float32")
            return library.ops.sum(values * real) / library.ops.sum(real)

    return OfLabels()


def test_a_loss_class_of_ones_own_says_itself_what_targets_it_takes():
    """Labels for probabilities of classes: other shapes than those of one number beside each."""
    labels, found = np.array([[1, 2, 0], [2, 1, 1]]), []
    kernel = RNG.normal(size=(5, 3)).astype("float32")
    for library in (keras, cello):
        model = library.Sequential(
            [library.Input((3, 5)), library.layers.Dense(3, "softmax", use_bias=False)]
        )
        model.set_weights([kernel])
        model.compile(loss=labels_that_are_there(library))
        found.append(model.test_on_batch(PRED[:2, :3].repeat(2, -1)[..., :5], labels))
    np.testing.assert_allclose(*map(np.ravel, found), rtol=1e-6)
