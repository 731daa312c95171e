"""Run by test_distribution.py in a process with eight devices: what does not hold, as JSON.

eight_devices.py names...
"""

import json
import sys
import tempfile
import traceback

import cases
import jax
import numpy as np

import cello
from cello import Input, Sequential
from cello.distribution import data_parallel, model_parallel
from cello.distribution.layout import current
from cello.layers import LSTM, Dense, Embedding
from cello.ops import kernels

CHECKS = {}


def check(function):
    CHECKS[function.__name__] = function
    return function


def compare(got, want, what):
    got, want = jax.tree.leaves_with_path(got), jax.tree.leaves_with_path(want)
    for (path, g), (_, w) in zip(got, want, strict=True):
        where = f"{what}{jax.tree_util.keystr(path)}"
        np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-5, err_msg=where)


def same_training(name):
    def compared():
        with data_parallel():
            assert current().mesh.size == 8
            spread = cases.trained(name)
        compare(spread, cases.trained(name), name)

    return compared


CHECKS |= {name: same_training(name) for name in cases.CASES}


def program_of(model, x, y, batches=3):
    """The compiled training program, as text, and where the batches lie."""
    with data_parallel():
        model.compile("adam", "mse")
        model.train_on_batch(x, y)
        programs = model.trainer.programs
        runner = programs.runner("train")
        spread = current()
        values = programs.state("train").read()
        chunk = [np.stack([a] * batches) for a in (x, y)]
        batch = spread.put((*chunk, None), len(x))
        lowered = runner._compiled.lower(spread.give(values), batch, batches)
    return lowered.compile().as_text(), batch[0].sharding


@check
def no_gather():
    """Neither kernels nor scan gather the batch; without their rule the kernels would."""
    x, y = cases.normal(16, 5, 3), cases.normal(16, 1)

    def text(engine):
        cello.config.engine(engine)
        model = Sequential([Input((5, 3)), LSTM(4, return_sequences=True), LSTM(4), Dense(1)])
        text, sharding = program_of(model, x, y)
        cello.config.engine("auto")
        assert sharding.shard_shape((3, *x.shape)) == (3, 2, 5, 3)
        assert "all-reduce" in text, "the gradients were not summed"
        assert ("cello_forward" in text) == (engine == "native")
        return text

    assert "all-gather" not in text("native")
    assert "all-gather" not in text("scan")
    rule = kernels.by_rows
    forget = kernels._forward_call, kernels._backward_call, kernels._input_gradient_call
    try:
        kernels.by_rows = lambda function, *axes: function
        for cached in forget:
            cached.cache_clear()
        assert "all-gather" in text("native"), "the check finds nothing"
    finally:
        kernels.by_rows = rule
        for cached in forget:
            cached.cache_clear()


def wide_model():
    layers = [Input((5,), dtype="int32"), Embedding(9, 12), LSTM(4), Dense(12, activation="tanh")]
    return Sequential([*layers, Dense(4, activation="softmax")])


def fit_wide():
    cello.utils.set_random_seed(3)
    model = wide_model()
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(**cases.tokens(), epochs=3, verbose=0).history
    return model, (model.get_weights(), history, model.predict(cases.tokens()["x"], verbose=0))


@check
def wide_layers():
    """Their weights, and what the optimiser keeps of these, lie in parts; the results are equal."""
    _, want = fit_wide()
    with model_parallel(4, wide=12):
        model, got = fit_wide()
        compare(got, want, "wide")
        parts = [{s.data.shape for s in w.value.addressable_shards} for w in model.weights]
        assert parts == [
            {(9, 3)}, {(12, 4)}, {(4, 4)}, {(16,)},  # embedding, lstm
            {(4, 3)}, {(12,)}, {(12, 4)}, {(4,)},  # the last one is not wide
        ], parts  # fmt: skip
        kept = [a for a in jax.tree.leaves(model.optimizer.state) if a.shape == (9, 12)]
        assert len(kept) == 2
        assert all(a.addressable_shards[0].data.shape == (9, 3) for a in kept)
        assert len({s.device for s in model.weights[0].value.addressable_shards}) == 8
    same = model.predict(cases.tokens()["x"], verbose=0)  # outside, on one device again
    compare(same, got[2], "outside")
    assert all(len(w.value.sharding.device_set) == 1 for w in model.weights)


@check
def resumed():
    """A training on eight devices, resumed on one, and the other way round."""
    want = cases.trained("lstm", epochs=4)["weights"]
    with tempfile.TemporaryDirectory() as folder:
        for name, scopes in (("a", (True, False)), ("b", (False, True))):
            for epochs, spread in zip((2, 4), scopes, strict=True):
                with data_parallel(None if spread else jax.devices()[:1]):
                    got = cases.trained("lstm", epochs=epochs, resume=f"{folder}/{name}")
            compare(got["weights"], want, name)


@check
def some_devices():
    with data_parallel(jax.devices()[2:5]):
        got = cases.trained("lstm")
        assert current().mesh.size == 3
    compare(got, cases.trained("lstm"), "three devices")


@check
def refusals():
    for arguments, words in ((3, "model must divide it"), (16, "model must divide it")):
        try:
            with model_parallel(arguments):
                raise AssertionError("accepted")
        except ValueError as error:
            assert words in str(error), error


if __name__ == "__main__":
    failed = {}
    for name in sys.argv[1:]:
        try:
            CHECKS[name]()
            failed[name] = None
        except Exception:
            failed[name] = traceback.format_exc()
    print(json.dumps({"checks": list(CHECKS), "failed": failed}))
