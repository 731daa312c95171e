"""The same start for both libraries: weights that NumPy draws, one variable after the other."""

import numpy as np


def start_alike(model, seed=0):
    """Give each weight of a built model numbers of its own, scaled as Glorot's.

    Biases get small numbers as well, so that none stands for another; what is not trained keeps
    what it has.
    """
    rng = np.random.default_rng(seed)
    for weight in model.trainable_weights:
        fan = sum(weight.shape[-2:]) if len(weight.shape) > 1 else 100
        weight.assign(rng.normal(0, (2 / fan) ** 0.5, weight.shape).astype("float32"))
    return model
