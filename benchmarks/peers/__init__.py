"""Whom Cello is compared with: a file each, with one function.

    prepare(row) -> run

`row` is a `harness.rows.Row`, `row.data()` its data. `run()` works through all batches of the row,
does not return before the last number is there, and is called several times; `prepare` compiles
what is to be compiled. What a peer cannot do it refuses with `Unavailable("why")`, and the table
shows that. `run.note` may say something that belongs beside the time.

Every peer has a process of its own, in which nothing runs while another is measured. To add one:
write the file, and name it in `PEERS`.
"""

from __future__ import annotations

import dataclasses


class Unavailable(Exception):
    """A peer has no such thing; the reason is shown in the table."""


@dataclasses.dataclass(frozen=True)
class Peer:
    """`module` is imported in a process of its own, after `environment` was set there.

    Args:
        packages: distributions whose versions go into the header.
        competes: whether its time counts as a peer's; not for Cello itself.
        quick: whether `--quick` runs it.
    """

    name: str
    title: str
    module: str
    packages: tuple[str, ...] = ()
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    competes: bool = True
    quick: bool = True


PEERS = {
    peer.name: peer
    for peer in (
        Peer("cello", "Cello", "peers.cello_models", ("cello-rnn", "numpy"), competes=False),
        Peer("cello_ops", "Cello ops", "peers.cello_ops", competes=False),
        Peer("scan", "lax.scan", "peers.scan", ("jax", "jaxlib", "optax")),
        Peer("associative_scan", "associative scan", "peers.associative_scan"),
        Peer("keras_jax", "Keras JAX", "peers.keras_models", ("keras",), {"KERAS_BACKEND": "jax"}),
        Peer("torch", "PyTorch", "peers.torch_eager", ("torch",)),
        Peer("torch_compile", "torch. compile", "peers.torch_compiled", quick=False),
        Peer(
            "keras_tensorflow",
            "Keras TF",
            "peers.keras_models",
            ("tensorflow-cpu", "tensorflow"),
            {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
        ),
        Peer("onnxruntime", "ONNX Runtime", "peers.onnx_runtime", ("onnxruntime", "onnx")),
    )
}
