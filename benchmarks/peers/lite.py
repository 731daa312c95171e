"""A step of an LSTM and a `Dense(1)` in TensorFlow Lite; its states go in and out."""

from __future__ import annotations

import importlib.util

import numpy as np


def in_lite(model, x) -> dict:
    """Functions that run the samples, one a call, by the names of who runs them.

    Each leaves its outputs in `out`. There is none if TensorFlow is not installed, which converts
    the step.

    Args:
        model: an `LSTM` and a `Dense(1)` on one input.
        x: the samples.
    """
    if importlib.util.find_spec("tensorflow") is None:
        return {}
    net, units = _converted(model), len(model.get_weights()[1])
    found = {"TF Lite": _calling(_lite(net), units, x)}
    if importlib.util.find_spec("tflite_micro"):
        found["TFLM"] = _calling(_micro(net), units, x)
    return found


def _converted(model) -> bytes:
    import tensorflow as tf

    kernel, recurrent, bias, last, last_bias = model.get_weights()
    state = tf.TensorSpec((1, len(recurrent)))

    @tf.function(input_signature=[tf.TensorSpec((1, 1)), state, state])
    def step(x, h, c):
        i, f, g, o = tf.split(x @ kernel + h @ recurrent + bias, 4, axis=1)
        c = tf.sigmoid(f) * c + tf.sigmoid(i) * tf.tanh(g)
        h = tf.sigmoid(o) * tf.tanh(c)
        return h, c, h @ last + last_bias

    functions = [step.get_concrete_function()]
    return tf.lite.TFLiteConverter.from_concrete_functions(functions, step).convert()


def _lite(net: bytes):
    import tensorflow as tf

    interpreter = tf.lite.Interpreter(model_content=net, num_threads=1)
    interpreter.allocate_tensors()
    given = [d["index"] for d in interpreter.get_input_details()]
    made = [d["index"] for d in interpreter.get_output_details()]

    def call(*arrays):
        for index, array in zip(given, arrays, strict=True):
            interpreter.set_tensor(index, array)
        interpreter.invoke()
        return [interpreter.get_tensor(index) for index in made]

    return call


def _micro(net: bytes):
    from tflite_micro.python.tflite_micro import runtime

    interpreter = runtime.Interpreter.from_bytes(net)

    def call(*arrays):
        for index, array in enumerate(arrays):
            interpreter.set_input(array, index)
        interpreter.invoke()
        return [interpreter.get_output(index) for index in range(3)]

    return call


def _calling(call, units: int, x):
    rows = list(x.reshape(-1, 1, 1))
    states = [np.zeros((1, units), "float32")] * 2

    def run():
        run.out = []
        for row in rows:
            *states[:], y = call(row, *states)
            run.out.append(y)

    return run
