"""The recurrences' ops by kernels: what JAX sees of them, beside the scan.

What the kernels compute is tested in tests/native/test_kernels.py, by their C interface.
"""

import concurrent.futures
import functools
import logging

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from recurrence_cases import CELLS, arrays_of, masks_of, run, spread, values_and_gradients

import cello
from cello.ops.engine import Engine
from cello.ops.gated import gated_sequence

pytestmark = pytest.mark.skipif(
    cello.native.library() is None or jax.default_backend() != "cpu",
    reason="there is no native library here, or JAX does not compute on the CPU",
)

COMPILATIONS = 105
FORMS = [*[(cell, {}) for cell in sorted(CELLS)],
    ("lstm", {"return_all_states": True, "go_backwards": True}),
    ("gru", {"return_sequences": False, "go_backwards": True, "recurrent_activation": "tanh"}),
    ("simple_rnn", {"zero_output_for_mask": True, "activation": "relu"}),
]  # fmt: skip


@functools.partial(jax.jit, static_argnums=(0, 1, 2))
def program(cell, engine, options, arrays, changing):
    return values_and_gradients(cell, arrays, engine, **dict(options), **changing)


def close(got, want, rtol=1e-4, atol=1e-5):
    for g, w in zip(jax.tree.leaves(got), jax.tree.leaves(want), strict=True):
        assert g.shape == w.shape and g.dtype == w.dtype
        np.testing.assert_allclose(g, w, rtol=rtol, atol=atol * np.abs(w).max(initial=1))


@pytest.mark.parametrize(("cell", "options"), FORMS)
def test_values_and_gradients_are_those_of_the_scan(cell, options):
    rng = np.random.default_rng(0)
    for seed, mask in enumerate(("right", "holes")):
        x, *rest = arrays_of(cell, 5, 6, 3, 17, seed, "float32")
        changing = {
            "mask": masks_of(mask, 5, 6, seed),
            "dropout_mask": rng.choice([0.0, 1.25], (5, 3)).astype("float32"),
            "recurrent_dropout_mask": rng.choice([0.0, 1.25], (5, 17)).astype("float32"),
        }
        got, want = (
            program(cell, engine, tuple(options.items()), (x, *rest), changing)
            for engine in ("native", "scan")
        )
        close(got, want)
        # What stands under the mask reaches nothing.
        dirty = np.where(changing["mask"][..., None], x, np.array([np.nan, np.inf, 1e30], "f"))
        again = program(cell, "native", tuple(options.items()), (dirty, *rest), changing)
        jax.tree.map(np.testing.assert_array_equal, again, got)


def test_without_bias_mask_and_dropout():
    arrays = list(arrays_of("gru", 5, 6, 3, 17, 0, "float32"))
    arrays[3] = None
    close(*(program("gru", engine, (), tuple(arrays), {}) for engine in ("native", "scan")))


def test_threads_that_share_the_hidden_units():
    """On XLA's pool and beside it."""
    arrays = arrays_of("lstm", 3, 5, 70, 530, seed=1, dtype="float32")
    close(*(program("lstm", engine, (), arrays, {}) for engine in ("native", "scan")))


@pytest.mark.parametrize("cell", ["lstm", pytest.param("layer_norm_gru", marks=pytest.mark.deep)])
def test_second_derivatives_go_through_the_scan(cell):
    arrays = arrays_of(cell, 2, 3, 2, 3, seed=4, dtype="float32")

    def penalty(arrays, engine):
        gradients = jax.grad(lambda a: spread(run(cell, a, engine)))(arrays)
        return sum(jnp.sum(g**2) for g in jax.tree.leaves(gradients))

    got = jax.jit(jax.grad(penalty), static_argnums=1)(arrays, "native")
    want = jax.jit(jax.grad(penalty), static_argnums=1)(arrays, "scan")
    close(got, want, 1e-3, 1e-4)


@pytest.mark.parametrize("axes", [(None, 0), (0, 0)])
def test_vmap_of_inputs_and_of_models(axes):
    x, kernel, *rest = arrays_of("lstm", 3, 4, 2, 5, seed=5, dtype="float32")
    many = tuple(
        a if axis is None else np.stack([a, 2 * a, -a])
        for a, axis in zip((x, kernel), axes, strict=True)
    )

    @jax.jit
    def value_and_gradient(x, kernel):
        def loss(x, kernel):
            return spread(run("lstm", (x, kernel, *rest), "native"))

        return jax.value_and_grad(loss, (0, 1))(x, kernel)

    got = jax.jit(jax.vmap(value_and_gradient, axes))(*many)
    for i in range(3):
        one = [a if axis is None else a[i] for a, axis in zip(many, axes, strict=True)]
        close(jax.tree.map(lambda g, i=i: g[i], got), value_and_gradient(*one), 1e-5)


def test_within_lax_scan():
    x, *rest, states = arrays_of("gru", 3, 6, 2, 5, seed=6, dtype="float32")

    def whole(kernel):
        return run("gru", (x, kernel, *rest[1:], states), "native")[0]

    def pieces(kernel):
        def piece(states, x):
            outputs, states = run("gru", (x, kernel, *rest[1:], states), "native")
            return states, outputs

        chunks = x.reshape(3, 3, 2, 2).swapaxes(0, 1)
        outputs = jax.lax.scan(piece, states, chunks)[1]
        return outputs.swapaxes(0, 1).reshape(3, 6, 5)

    def of(function):
        return jax.jit(jax.value_and_grad(lambda k: spread(function(k))))(rest[0])

    close(of(pieces), of(whole))


def test_branches_of_one_program_do_not_wait_for_each_other_for_ever():
    """Several kernels at once on all of XLA's threads: each must be able to end by itself."""
    x, *_ = arrays_of("lstm", 32, 10, 16, 16, seed=7, dtype="float32")
    deep = [arrays_of("lstm", 32, 10, 16, 16, seed=s, dtype="float32")[1:4] for s in range(8)]

    @jax.jit
    def branches(x):
        def branch(weights):
            kernel, recurrent_kernel, bias = weights
            y = x @ (kernel[:, :16] + 1)
            for _ in range(2):
                y = cello.ops.lstm(y, kernel, recurrent_kernel, bias, engine="native")[0]
                y = y @ recurrent_kernel[:, :16]
            return y.sum()

        return jnp.stack([branch(w) for w in deep])

    first = branches(x)
    for _ in range(200):
        np.testing.assert_array_equal(branches(x), first)


def test_calls_from_several_threads():
    names = ("lstm", "gru", "layer_norm_lstm")
    cases = [arrays_of(cell, 9, 8, 5, 17, seed=0, dtype="float32") for cell in names]
    want = [program(n, "native", (), c, {}) for n, c in zip(names, cases, strict=True)]

    def work(i):
        i %= len(cases)
        return i, jax.tree.map(np.asarray, program(names[i], "native", (), cases[i], {}))

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        for i, got in pool.map(work, range(120)):
            jax.tree.map(np.testing.assert_array_equal, got, jax.tree.map(np.asarray, want[i]))


def test_only_the_last_output_stores_nothing_of_all_steps():
    arrays = arrays_of("lstm", 8, 300, 1, 64, seed=9, dtype="float32")
    every = 8 * 300 * 64 * 4  # bytes of one state at all steps

    def bytes_of(**options):
        program = jax.jit(lambda a: run("lstm", a, "native", **options)[0])
        memory = program.lower(arrays).compile().memory_analysis()
        return memory.temp_size_in_bytes + memory.output_size_in_bytes

    assert bytes_of(return_sequences=False) < every / 20
    assert bytes_of() >= every


def test_without_the_library_everything_is_scanned_and_it_is_said(monkeypatch, caplog):
    arrays = arrays_of("gru", 2, 3, 2, 4, seed=10, dtype="float32")
    want = run("gru", arrays, "native")
    jax.clear_caches()
    monkeypatch.setattr(cello.native, "missing", lambda: "There was no compiler.")
    with caplog.at_level(logging.WARNING, "cello"):
        got = run("gru", arrays, None)
        run("gru", arrays, None)
    (message,) = [r.getMessage() for r in caplog.records]
    assert "There was no compiler." in message
    jax.tree.map(lambda g, w: np.testing.assert_allclose(g, w, rtol=1e-5, atol=1e-6), got, want)
    layer = cello.layers.GRU(2)
    assert layer.engine == "scan" and layer.engine.reason == "There was no compiler."
    jax.clear_caches()


def test_a_second_call_traces_nothing():
    arrays = arrays_of("lstm", 3, 4, 2, 5, seed=8, dtype="float32")
    run("lstm", arrays, "native")
    before = gated_sequence.__wrapped__._cache_size()
    run("lstm", arrays, "native")
    assert gated_sequence.__wrapped__._cache_size() == before


# ------------------------------------------------------------------------------------ engines


def test_the_engine_of_a_layer_and_its_reason():
    assert cello.layers.LSTM(3).engine == "native"
    assert cello.layers.LSTM(3).engine.reason is None
    layer = cello.layers.GRU(3, activation="elu")
    assert layer.engine == "scan" and "elu" in layer.engine.reason
    double = cello.layers.SimpleRNN(3, dtype="float64")
    assert double.engine == "scan" and "float64" in double.engine.reason
    cells = [cello.layers.LSTMCell(3), cello.layers.GRUCell(3, recurrent_activation="softsign")]
    stack = cello.layers.RNN(cells)
    assert stack.engine == "scan" and "softsign" in stack.engine.reason
    assert cello.layers.Bidirectional(cello.layers.GRU(2)).engine == "native"


def test_the_engine_of_a_cell_of_ones_own():
    class Cell(cello.Layer):
        state_size = 2

        def call(self, inputs, states):
            return inputs + states[0], [inputs + states[0]]

    layer = cello.layers.RNN(Cell())
    assert layer.engine == "scan" and "Cell has no sequence()" in layer.engine.reason


def test_forcing_an_engine():
    layer = cello.layers.LSTM(3)
    elu = cello.layers.LSTM(3, activation="elu")
    x = np.ones((2, 3, 1), "float32")
    try:
        cello.config.engine("scan")
        assert layer.engine == "scan"
        scanned = layer(x)
        cello.config.engine("native")
        assert layer.engine == "native"
        np.testing.assert_allclose(layer(x), scanned, rtol=1e-5, atol=1e-6)
        with pytest.raises(ValueError, match=r"native engine was asked for.*elu"):
            elu(x)
    finally:
        cello.config.engine("auto")
    with pytest.raises(ValueError, match="one of auto, native, scan, and this is 'fast'"):
        cello.config.engine("fast")


def test_a_slower_engine_is_said_once(caplog):
    x = np.ones((2, 3, 1), "float32")
    with caplog.at_level(logging.WARNING, "cello"):
        for units in (2, 3):
            cello.layers.LSTM(units, activation="mish")(x)
    (message,) = [r.getMessage() for r in caplog.records]
    assert "mish" in message and "slower" in message


def test_nothing_is_said_where_there_is_no_choice(caplog):
    """No option of these would bring them to the kernels."""
    x = np.ones((2, 3, 1), "float32")
    with caplog.at_level(logging.DEBUG, "cello"):
        for layer in (cello.layers.MGU(2), cello.layers.ProjectedLSTM(3, 2)):
            assert layer(x).shape == (2, 2)
    assert not [r for r in caplog.records if r.name == "cello"]


def test_forward_mode_says_what_to_do():
    x = jnp.ones((2, 3, 1))
    layer = cello.layers.LSTM(2)
    layer(x)
    for function in (layer, lambda x: cello.ops.linear_scan(x, x)):
        with pytest.raises(TypeError, match=r"jax.jvp.*call cello.config.engine\('scan'\)"):
            jax.jvp(function, (x,), (x,))


def test_a_layer_in_a_summary_names_its_engine():
    model = cello.Sequential([
        cello.Input((None, 2)),
        cello.layers.LSTM(3, return_sequences=True),
        cello.layers.GRU(3, activation="elu"),
        cello.layers.Dense(1),
    ])  # fmt: skip
    lines = []
    model.summary(print_fn=lines.append, engines=True, line_length=120)
    text = "\n".join(lines)
    assert "Engine" in text and "native" in text and "scan: The kernels know" in text
    model.summary(print_fn=lines.append)
    assert "Engine" not in lines[-1]


def test_an_engine_is_its_name():
    assert Engine("scan", "Because.") == "scan" and Engine("scan", "Because.").reason == "Because."


# ----------------------------------------------------------------------------- wrong arrays


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("kernel", (3, 20)), ("recurrent_kernel", (5, 16)), ("bias", (2, 20)),
        ("mask", (2, 3)), ("recurrent_dropout_mask", (2, 4)), ("initial_state", (2, 4)),
        ("dropout_mask", (2, 3)), ("recurrent_kernel", (20,)),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused_by_name(name, shape):
    x, kernel, recurrent_kernel, bias, states = arrays_of("lstm", 2, 4, 2, 5, 0, "float32")
    arguments = {
        "inputs": x, "kernel": kernel, "recurrent_kernel": recurrent_kernel, "bias": bias,
        "initial_state": states,
    }  # fmt: skip
    wrong = np.ones(shape, "float32")
    arguments[name] = (wrong, wrong) if name == "initial_state" else wrong
    with pytest.raises(ValueError, match=name):
        cello.ops.lstm(**arguments)


def test_an_unknown_activation_is_refused_by_name():
    x, kernel, recurrent_kernel, *_ = arrays_of("lstm", 2, 4, 2, 5, 0, "float32")
    with pytest.raises(ValueError, match=r"recurrent_activation must be .*sigmoid"):
        cello.ops.lstm(x, kernel, recurrent_kernel, recurrent_activation="sigmiod")


@pytest.mark.parametrize("layer", [cello.layers.LSTM, cello.layers.GRU])
def test_a_sequence_without_steps_leaves_the_state(layer):
    one = layer(3, return_state=True)
    states = [np.full((2, 3), i + 1, "float32") for i in range(len(one.state_size))]
    output, *last = one(np.ones((2, 0, 4), "float32"), initial_state=states)
    np.testing.assert_array_equal(output, states[0])
    jax.tree.map(np.testing.assert_array_equal, last, states)


@pytest.mark.parametrize("cell", sorted(CELLS))
def test_without_units_values_and_gradients_are_those_of_the_scan(cell):
    arrays = arrays_of(cell, 2, 4, 3, 0, 0, "float32")
    got, want = (program(cell, engine, (), arrays, {}) for engine in ("native", "scan"))
    close(got, want)


def test_the_library_itself_refuses_wrong_shapes_and_dtypes():
    """Behind the checks of `cello.ops`: an error, never a read beyond an array."""
    x, kernel, recurrent_kernel, bias, (h, c) = arrays_of("lstm", 2, 4, 2, 5, 0, "float32")
    nothing, mask = jnp.zeros((0,), "float32"), jnp.zeros((0,), bool)
    attributes = {
        "cell": np.int64(0), "activation": np.int64(0), "recurrent_activation": np.int64(1),
        "go_backwards": False, "epsilon": np.float32(0),
    }  # fmt: skip

    def call(*arrays, **more):
        spec = jax.ShapeDtypeStruct
        results = [spec((0,), "float32")] * 3 + [spec((2, 5), "float32")] * 2
        ffi_call = jax.ffi.ffi_call("cello_forward", results)
        return jax.block_until_ready(ffi_call(*arrays, **{**attributes, **more}))

    good = [x, kernel, recurrent_kernel, bias, nothing, h, c, mask, nothing]
    assert call(*good)[3].shape == (2, 5)
    bad = {
        0: x[:, :, :1], 1: kernel[:, :-1], 2: recurrent_kernel[:-1], 3: bias[:-1], 5: h[:1],
        6: c[:, :2], 7: jnp.ones((2, 3), bool), 8: h[:1],
    }  # fmt: skip
    for place, array in bad.items():
        with pytest.raises(Exception, match="cello_forward expects"):
            call(*good[:place], array, *good[place + 1 :])
    with pytest.raises(Exception, match="cello_forward expects vectors"):
        call(*good, cell=np.int64(4))
    for wrong in ({"cell": np.int64(9)}, {"activation": np.int64(-1)}):
        with pytest.raises(Exception, match="unknown"):
            call(*good, **wrong)
    with pytest.raises(Exception, match="dtype"):
        call(x.astype("float16"), *good[1:])
