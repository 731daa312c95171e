"""The model of a row, in any library of Keras' shape: Keras, and Cello."""

from __future__ import annotations

from peers import Unavailable


def prepare(library, row):
    """`fit` or `predict` over the batches, `library` being the module `keras` or `cello`."""
    if row.cell == "linear_scan":
        raise Unavailable("no such layer")
    if row.states == "all":
        raise Unavailable("no layer returns all states of every step")
    model = build(library, row)
    x, y = row.data().flat
    if row.training:

        def run():
            model.fit(x, y, batch_size=row.batch, shuffle=False, verbose=0)

    else:

        def run():
            model.predict(x, batch_size=row.batch, verbose=0)

    run.model = model
    return run


def build(library, row):
    layers = library.layers
    parts = [library.Input((row.time, row.features))]
    if row.mask:
        parts.append(layers.Masking(0.0))
    for depth in range(row.layers):
        last = depth == row.layers - 1
        layer = getattr(layers, row.cell)(
            row.units,
            use_bias=row.bias,
            recurrent_dropout=row.recurrent_dropout,
            return_sequences=not last or row.states == "outputs",
        )
        parts.append(layers.Bidirectional(layer) if row.bidirectional else layer)
    if row.states == "outputs":
        parts.append(layers.GlobalAveragePooling1D())  # the outputs of all steps are used
    model = library.Sequential([*parts, layers.Dense(1)])
    model.compile("adam", "mse")
    return model
