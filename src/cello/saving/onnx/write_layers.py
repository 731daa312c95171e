"""Which operators compute a layer: one table, from the class of a layer to a function.

A function takes the exporter, the layer and what the layer's `call` takes, with values of the ONNX
graph in place of arrays, and returns the outputs. Masks follow by a second table.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import numpy as np

from cello import layers
from cello.core.layer import Layer
from cello.core.operation import Operation
from cello.layers.input import Input
from cello.models.model import Model
from cello.saving.onnx import (
    activations,
    write_attention,
    write_elements,
    write_heads,
    write_masks,
    write_merging,
    write_normalizations,
    write_operations,
    write_recurrent,
    write_windows,
)
from cello.saving.onnx.builder import Value, weight_of
from cello.saving.onnx.refused import REFUSED
from cello.saving.onnx.tracing import graph_of, runs_its_graph

# --------------------------------------------------------------------------------- the weights


def finish(e, layer, product: Value) -> Value:
    """As `KernelLayer.finish`."""
    if layer.bias is not None:
        product = e.b.op("Add", product, weight_of(e, layer, "bias"))
    if layer.activation in activations.NEEDS_SIZE:
        product = dataclasses.replace(product, shape=(None, layer.kernel.shape[-1]))
    return activations.apply(e.b, layer.activation, product, layer)


def dense(e, layer, x):
    return finish(
        e, layer, e.b.op("MatMul", e.b.cast(x, layer.dtype), weight_of(e, layer, "kernel"))
    )


def einsum_dense(e, layer, x):
    x, kernel = e.b.cast(x, layer.dtype), weight_of(e, layer, "kernel")
    return finish(e, layer, e.b.op("Einsum", x, kernel, equation=layer.equation))


# ----------------------------------------------------------------------------- symbols, masking


def embedding(e, layer, x):
    symbols = x if x.dtype in (np.int32, np.int64) else e.b.cast(x, "int32")
    return e.b.op("Gather", weight_of(e, layer, "embeddings"), symbols, dtype=layer.dtype, axis=0)


def embedding_mask(e, layer, x, previous):
    return dataclasses.replace(different(e, x, 0), shape=x.shape) if layer.mask_zero else None


def different(e, x: Value, number) -> Value:
    same = e.b.op("Equal", x, e.b.scalar(number, x.dtype), dtype=bool)
    return e.b.op("Not", same)


def masking(e, layer, x):
    kept = e.b.unsqueeze(masking_mask(e, layer, x, None), -1)
    return e.b.op("Where", kept, x, e.b.scalar(0, x.dtype), dtype=x.dtype)


def masking_mask(e, layer, x, previous):
    def kept():
        some = e.b.cast(different(e, x, layer.mask_value), "float32")
        return e.b.cast(e.b.reduce("ReduceMax", some, [-1]), bool)

    return e.b.once(("masking", layer.mask_value, x.name), kept)


# ------------------------------------------------------------------------------ element by element


def identity(e, layer, x, *args, **kwargs):
    return x


def activation(e, layer, x):
    if not np.issubdtype(x.dtype, np.floating) and layer.activation is not layers_linear:
        x = dataclasses.replace(e.b.cast(x, e.specs[0].dtype if e.specs else layer.dtype),
                                shape=x.shape)  # fmt: skip
    return activations.apply(e.b, layer.activation, x, layer)


# ------------------------------------------------------------------------------------- reshaping


def flatten(e, layer, x):
    return e.b.unsqueeze(x, 1) if x.ndim == 1 else e.b.reshape(x, 0, -1)


def reshape(e, layer, x):
    return e.b.reshape(x, 0, *layer.target_shape)


def permute(e, layer, x):
    return e.b.op("Transpose", x, perm=[0, *layer.dims])


def repeat_vector(e, layer, x):
    return e.b.op("Tile", e.b.unsqueeze(x, 1), e.b.integers(1, layer.n, 1))


def time_distributed(e, layer, x, training=False, mask=None):
    b = e.b
    inner = [d if d is not None else b.sizes(x, a, a + 1) for a, d in enumerate(x.shape) if a > 1]
    rows = b.reshape(x, -1, *inner)
    rows = dataclasses.replace(rows, shape=(None, *x.shape[2:]))
    options = {}
    if isinstance(mask, Value) and "mask" in layer.layer.call_signature.parameters:
        options["mask"] = b.reshape(mask, -1, b.sizes(mask, 2))
        if layer.layer.masks_by_step and len(mask.shape or (0, 1)) == 2 and x.ndim > 3:
            every = b.cast(b.unsqueeze(b.reshape(mask, -1), 1), bool)
            options["mask"] = b.op("Expand", every, b.sizes(rows, 0, 2))
    e.in_rows += 1
    outputs = e.call(layer.layer, (rows,), options)
    e.in_rows -= 1
    return [b.reshape(y, b.sizes(x, 0, 2), b.sizes(y, 1)) for y in outputs]


# --------------------------------------------------------------------------------------- pooling


def average_over_time(e, layer, x, mask=None):
    b = e.b
    x = b.cast(x, layer.dtype) if not np.issubdtype(x.dtype, np.floating) else x
    if mask is None:
        return b.reduce("ReduceMean", x, [1], layer.keepdims)
    kept = b.unsqueeze(b.cast(mask, bool), 2)
    total = b.reduce("ReduceSum", write_attention.hide(b, x, kept), [1], layer.keepdims)
    count = b.reduce("ReduceSum", b.cast(kept, x.dtype), [1], layer.keepdims)
    return b.op("Div", total, b.op("Max", count, b.scalar(1, x.dtype)))


def max_over_time(e, layer, x):
    return e.b.reduce("ReduceMax", x, [1], layer.keepdims)


# ---------------------------------------------------------------------------------------- models


def model(e, layer, inputs, training=False, mask=None, **kwargs):
    """A model inside: its own graph, between these values."""
    tensors = jax.tree.leaves(inputs)
    made = None
    if layer.call_graph is None or not runs_its_graph(layer):  # a class with a call of its own
        made = jax.tree.map(lambda v: Input(batch_shape=v.shape, dtype=v.dtype.name), inputs)
    elif isinstance(inputs, dict):
        given = layer.call_graph.inputs
        keys = sorted(given) if isinstance(given, dict) else layer.input_names
        tensors = [inputs[k] for k in keys]
    masks = jax.tree.leaves(mask, is_leaf=lambda m: m is None) if mask is not None else []
    if len(masks) == len(tensors):
        tensors = [
            t if m is None else dataclasses.replace(t, mask=m)
            for t, m in zip(tensors, masks, strict=True)
        ]
    with graph_of(layer, made) as graph:
        fitted = [
            dataclasses.replace(_fitting(e, v, t), mask=v.mask)
            for v, t in zip(tensors, graph.flat_inputs, strict=True)
        ]
        return e.graph(graph, fitted)


def _fitting(e, value: Value, tensor) -> Value:
    """As a model does with its data: dtype and number of axes of its `Input`."""
    value = e.b.cast(value, tensor.dtype)
    want = tensor.shape
    if value.ndim == len(want) - 1 and want[-1] == 1:
        value = e.b.unsqueeze(value, -1)
    elif value.ndim == len(want) + 1 and value.shape and value.shape[-1] == 1:
        value = e.b.squeeze(value, -1)
    return dataclasses.replace(value, shape=want)


# ---------------------------------------------------------------------------------- the tables

layers_linear = layers.Activation("linear").activation

EXPORTERS: dict[type, Any] = {
    layers.LSTM: write_recurrent.rnn,
    layers.GRU: write_recurrent.rnn,
    layers.SimpleRNN: write_recurrent.rnn,
    layers.RNN: write_recurrent.rnn,
    layers.Bidirectional: write_recurrent.bidirectional,
    layers.Dense: dense,
    layers.EinsumDense: einsum_dense,
    layers.Conv1D: write_windows.convolution(finish),
    layers.Conv2D: write_windows.convolution(finish),
    layers.Conv1DTranspose: write_windows.transposed(finish),
    layers.DepthwiseConv1D: write_windows.depthwise(finish),
    layers.SeparableConv1D: write_windows.separable(finish),
    layers.Embedding: embedding,
    layers.Masking: masking,
    layers.Dropout: identity,
    layers.SpatialDropout1D: identity,
    layers.AlphaDropout: identity,
    layers.GaussianDropout: identity,
    layers.GaussianNoise: identity,
    layers.ActivityRegularization: identity,
    layers.Identity: identity,
    layers.LeakyReLU: write_elements.leaky_relu,
    layers.ELU: write_elements.elu,
    layers.ReLU: write_elements.relu,
    layers.PReLU: write_elements.prelu,
    layers.Softmax: write_elements.softmax,
    layers.Rescaling: write_elements.rescaling,
    layers.Normalization: write_normalizations.normalization,
    layers.UnitNormalization: write_normalizations.unit_normalization,
    layers.GroupNormalization: write_normalizations.group_normalization,
    layers.Activation: activation,
    layers.LayerNormalization: write_normalizations.layer_normalization,
    layers.RMSNormalization: write_normalizations.rms_normalization,
    layers.BatchNormalization: write_normalizations.batch_normalization,
    layers.Flatten: flatten,
    layers.Reshape: reshape,
    layers.Permute: permute,
    layers.RepeatVector: repeat_vector,
    layers.TimeDistributed: time_distributed,
    layers.MaxPooling1D: write_windows.pooling("MaxPool"),
    layers.MaxPooling2D: write_windows.pooling("MaxPool"),
    layers.AveragePooling1D: write_windows.pooling("AveragePool"),
    layers.AveragePooling2D: write_windows.pooling("AveragePool"),
    layers.GlobalMaxPooling2D: write_windows.over_pictures("ReduceMax"),
    layers.GlobalAveragePooling2D: write_windows.over_pictures("ReduceMean"),
    layers.UpSampling1D: write_elements.up_sampling,
    layers.ZeroPadding1D: write_elements.zero_padding,
    layers.Cropping1D: write_elements.cropping,
    layers.GlobalAveragePooling1D: average_over_time,
    layers.GlobalMaxPooling1D: max_over_time,
    layers.Add: write_merging.merge("Add"),
    layers.Subtract: write_merging.merge("Sub"),
    layers.Multiply: write_merging.multiply,
    layers.Average: write_merging.merge("Add", layer_mean=True),
    layers.Maximum: write_merging.extreme("Max"),
    layers.Minimum: write_merging.extreme("Min"),
    layers.Concatenate: write_merging.concatenate,
    layers.Dot: write_merging.dot,
    layers.Attention: write_attention.attention,
    layers.AdditiveAttention: write_attention.attention,
    layers.MultiHeadAttention: write_heads.headed_attention,
    layers.GroupQueryAttention: write_heads.headed_attention,
    Operation: write_operations.operation,
}

MASKS: dict[Any, Any] = {
    Layer.compute_mask: lambda e, layer, x, mask: mask if layer.supports_masking else None,
    Model.compute_mask: lambda e, layer, x, mask: None,
    layers.RNN.compute_mask: write_masks.rnn_mask,
    layers.Bidirectional.compute_mask: write_masks.bidirectional_mask,
    layers.Embedding.compute_mask: embedding_mask,
    layers.Masking.compute_mask: masking_mask,
    layers.Add.compute_mask: write_merging.merge_mask,
    layers.Concatenate.compute_mask: write_merging.concatenate_mask,
    layers.Dot.compute_mask: lambda e, layer, x, mask: None,
    layers.GlobalAveragePooling1D.compute_mask: lambda e, layer, x, mask: None,
    layers.Attention.compute_mask: lambda e, layer, x, mask: mask[0] if mask else None,
    layers.TimeDistributed.compute_mask: lambda e, layer, x, mask: mask,
}


def exporter_of(layer: Layer):
    """The function for `layer`; refuses a layer that has none."""
    kind = type(layer)
    if isinstance(layer, Model):
        return model
    if kind in EXPORTERS:
        return EXPORTERS[kind]
    reason = REFUSED.get(kind)
    if isinstance(layer, layers.RNN) and kind in vars(layers).values():
        reason = (
            f"ONNX has no operator with the equations of {type(layer.cell).__name__}; use LSTM or "
            "GRU, or leave it out of the exported model"
        )
    reason = reason or (
        f"no form in ONNX is known for the class {kind.__name__}; make it of layers and functions "
        "of cello.ops in Model(inputs, outputs), or leave it out of the exported model"
    )
    raise ValueError(f"{layer} cannot be exported to ONNX: {reason}.")


def mask_rule(layer: Layer):
    """The function that gives the masks of the outputs of `layer`."""
    rule = MASKS.get(type(layer).compute_mask)
    if rule is None:
        raise ValueError(
            f"{layer} cannot be exported to ONNX: its class has a compute_mask of its own."
        )
    return rule
