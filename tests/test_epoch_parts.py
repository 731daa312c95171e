"""Epochs of fewer batches than there are: each goes on where the one before ended."""

import jax.numpy as jnp
import keras
import numpy as np
import pytest

import cello

COMPILATIONS = 60

NUMBERS = np.repeat(np.arange(7.0, dtype="float32"), 2)[:, None]
BATCHES = [(NUMBERS[i : i + 2], NUMBERS[i : i + 2]) for i in range(0, 14, 2)]


class Sequence(keras.utils.PyDataset):
    def __len__(self):
        return 7

    def __getitem__(self, i):
        if i >= 7:
            raise IndexError
        return BATCHES[i]


def targets_seen(library, *data, epochs=6, **options):
    """The mean of the targets of each epoch, which is the loss."""
    inputs = library.Input((None, 1) if isinstance(data[0], list) and len(data) > 1 else (1,))
    dense = library.layers.Dense(1)
    outputs = dense(inputs) if len(inputs.shape) == 2 else library.layers.SimpleRNN(1)(inputs)
    model = library.Model(inputs, outputs)
    model.compile("sgd", lambda y_true, y_pred: jnp.mean(y_true, -1))
    options = {"shuffle": False, "verbose": 0, "epochs": epochs, **options}
    return model.fit(*data, **options).history["loss"]


@pytest.mark.parametrize("steps", [3, 7])
@pytest.mark.parametrize("data", ["arrays", "sequence", "list"])
@pytest.mark.filterwarnings("ignore:Your (`PyDataset`|input ran out):UserWarning")  # of Keras
def test_epochs_are_parts_of_a_pass_as_in_keras(data, steps):
    given = {
        "arrays": lambda: (NUMBERS, NUMBERS),
        "sequence": lambda: (Sequence(),),
        "list": lambda: (BATCHES,),
    }[data]()
    size = {"batch_size": 2} if data == "arrays" else {}
    theirs = (Sequence(),) if data == "list" else given  # Keras takes no list of batches
    want = targets_seen(keras, *theirs, steps_per_epoch=steps, **size)
    got = targets_seen(cello, *given, steps_per_epoch=steps, **size)
    np.testing.assert_allclose(got, want, 1e-6)


ROWS = [np.ones((2 + i % 2, 1), "float32") for i in range(14)]


@pytest.mark.parametrize("x", [NUMBERS, ROWS], ids=["arrays", "sequences"])
def test_a_shuffled_pass_has_every_row_once_and_is_resumed(x, tmp_path):
    options = {"batch_size": 2, "steps_per_epoch": 3, "shuffle": True}
    cello.utils.set_random_seed(1)
    whole = targets_seen(cello, x, NUMBERS, epochs=6, **options)
    for one, other, rest in (whole[:3], whole[3:]):
        np.testing.assert_allclose((3 * one + 3 * other + rest) / 7, NUMBERS.mean(), 1e-6)
    assert len(set(whole)) > 4
    cello.utils.set_random_seed(1)
    for epochs in (2, 3, 6):
        resumed = targets_seen(cello, x, NUMBERS, epochs=epochs, resume=tmp_path, **options)
    np.testing.assert_allclose(resumed, whole, 1e-6)


def test_an_iterable_is_resumed_within_a_pass(tmp_path):
    options = {"steps_per_epoch": 3, "resume": tmp_path}
    for epochs in (1, 2, 5):
        resumed = targets_seen(cello, BATCHES, epochs=epochs, **options)
    np.testing.assert_allclose(resumed, [1, 4, 6, 1, 4])


def test_each_validation_starts_anew():
    inputs = cello.Input((1,))
    model = cello.Model(inputs, cello.layers.Dense(1)(inputs))
    model.compile("sgd", lambda y_true, y_pred: jnp.mean(y_true, -1))
    kept = model.fit(
        NUMBERS, NUMBERS, batch_size=2, epochs=3, verbose=0,
        validation_data=(NUMBERS, NUMBERS), validation_steps=3,
    )  # fmt: skip
    np.testing.assert_allclose(kept.history["val_loss"], [1, 1, 1])


def test_hooks_hear_of_the_batches_that_are_there():
    seen = []
    note = cello.callbacks.LambdaCallback(
        on_train_batch_begin=lambda batch, logs: seen.append(("begin", batch)),
        on_train_batch_end=lambda batch, logs: seen.append(("end", batch)),
    )
    targets_seen(cello, NUMBERS, NUMBERS, batch_size=2, steps_per_epoch=5, epochs=2, callbacks=note)
    assert seen == [(w, i) for n in (5, 2) for i in range(n) for w in ("begin", "end")]
