"""Whether a model ends in probabilities or in logits."""

from __future__ import annotations

from cello.core.operation import Operation
from cello.layers.time_distributed import TimeDistributed


def gives_logits(model, head) -> bool:
    """Whether the outputs of `head`, which is all of `model` or its end, are logits.

    It is told by the activation of the last layer, else by the loss.

    Raises:
        ValueError: where neither tells.
    """
    activation = _last_activation(head)
    if activation == "softmax":
        return False
    if activation in ("linear", "log_softmax"):  # log-probabilities are logits, too
        return True
    told = getattr(model.trainer.objective.loss, "from_logits", None)
    if told is None:
        raise ValueError(
            f"{model}.generate: the last layer of {head} does not say whether it gives logits or "
            "probabilities: pass from_logits=True or from_logits=False."
        )
    return told


def _last_activation(layer) -> str | None:
    """The name of the function that a layer applies last."""
    if layer.call_graph is not None:
        return _last_activation(layer.call_graph.flat_outputs[0].node.layer)
    if isinstance(layer, TimeDistributed):
        return _last_activation(layer.layer)
    if isinstance(layer, Operation):
        return layer.function
    return getattr(getattr(layer, "activation", None), "__name__", None)
