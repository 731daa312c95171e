"""The course of a training in files that TensorBoard shows."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from cello.core.kinds import count
from cello.core.symbolic import symbolic_leaves
from cello.distribution.processes import is_first
from cello.training.callback import Callback

NOT_WRITTEN = {
    "write_images": "histogram_freq=1 shows the weights as histograms",
    "profile_batch": "put `with jax.profiler.trace(log_dir):` around fit",
    "embeddings_freq": "take them from the Embedding layer with get_weights()",
    "embeddings_metadata": "take the embeddings from the layer with get_weights()",
}


class TensorBoard(Callback):
    """Write event files: `tensorboard --logdir logs` shows them.

    The folder `train` has the results of training and the learning rate as `epoch_loss`,
    `epoch_learning_rate` and so on, by epoch; `validation` has those of validation as `epoch_loss`,
    by epoch, and as `evaluation_loss_vs_iterations`, by the number of steps done. Names are Keras'.
    It needs the package tensorboardX, which `pip install "cello-rnn[tensorboard]"` brings.

    Args:
        log_dir: the folder.
        histogram_freq: epochs from one histogram of each weight to the next; 0 for none.
        write_graph: whether to write the model's layers and how they are connected.
        write_steps_per_second: whether to write how many steps were done in a second.
        update_freq: "epoch", or a number of batches after which the running averages of the epoch
            are written too, as `batch_loss` and so on; "batch" is 1. Training does not become
            slower by it.
        write_images, profile_batch, embeddings_freq, embeddings_metadata: not supported; only
            Keras' defaults are taken.

    Raises:
        ValueError: for an argument that is not supported.
        ImportError: without tensorboardX.
    """

    memory = {"_steps": count}

    def __init__(
        self,
        log_dir="logs",
        histogram_freq=0,
        write_graph=True,
        write_images=False,
        write_steps_per_second=False,
        update_freq="epoch",
        profile_batch=0,
        embeddings_freq=0,
        embeddings_metadata=None,
    ):
        super().__init__()
        given = {
            "write_images": write_images,
            "profile_batch": profile_batch,
            "embeddings_freq": embeddings_freq,
            "embeddings_metadata": embeddings_metadata,
        }
        for name, value in given.items():
            if value:
                raise ValueError(
                    f"TensorBoard: {name} is not supported; {NOT_WRITTEN[name]}. Received: "
                    f"{name}={value!r}"
                )
        update_freq = 1 if update_freq == "batch" else update_freq
        if update_freq != "epoch" and (not isinstance(update_freq, int) or update_freq < 1):
            raise ValueError(
                "TensorBoard: update_freq must be 'epoch', 'batch' or a number of batches. "
                f"Received: update_freq={update_freq!r}"
            )
        _package()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = update_freq
        self._writers: dict[str, Any] = {}
        self._trains = False
        self._steps = 0

    def on_train_begin(self, logs=None):
        self._close()
        self._trains = True
        self._steps = 0
        if self.write_graph and self.model.call_graph is not None:
            self._writer("train").file_writer.add_event(_graph_event(self.model.whole_graph))

    def on_train_end(self, logs=None):
        self._trains = False
        self._close()

    def on_epoch_begin(self, epoch, logs=None):
        self._began = time.perf_counter()
        self._iterations = self.model.optimizer.iterations

    def on_train_chunk_end(self, batch, logs=None):
        logs = logs or {}
        for i in range(len(logs.get("loss", ()))):
            self._steps += 1
            if self.update_freq != "epoch" and self._steps % self.update_freq == 0:
                now = {f"batch_{name}": values[i] for name, values in logs.items()}
                self._write("train", now, self._steps)

    def on_test_end(self, logs=None):
        names = {f"evaluation_{name}_vs_iterations": v for name, v in (logs or {}).items()}
        optimizer = self.model.optimizer
        self._write("validation", names, 0 if optimizer is None else optimizer.iterations)
        if not self._trains:
            self._close()

    def on_epoch_end(self, epoch, logs=None):
        found = dict(logs or {})
        held_out = {name: found.pop(name) for name in list(found) if name.startswith("val_")}
        found.update(_learning_rate(self.model.optimizer))
        if self.write_steps_per_second:
            steps = self.model.optimizer.iterations - self._iterations
            found["steps_per_second"] = steps / (time.perf_counter() - self._began)
        self._write("train", {f"epoch_{name}": value for name, value in found.items()}, epoch)
        if held_out:
            names = {f"epoch_{name.removeprefix('val_')}": v for name, v in held_out.items()}
            self._write("validation", names, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            for weight in self.model.weights:
                values = np.asarray(weight.value, np.float32)
                self._writer("train").add_histogram(f"{weight.path}/histogram", values, epoch)
        for writer in self._writers.values():
            writer.flush()

    def _write(self, folder: str, numbers, step: int) -> None:
        for name, value in numbers.items():
            if np.ndim(value) == 0:
                self._writer(folder).add_scalar(name, float(value), step)

    def _writer(self, folder: str):
        if folder not in self._writers:
            path = os.path.join(self.log_dir, folder)
            self._writers[folder] = _package().SummaryWriter(path, write_to_disk=is_first())
        return self._writers[folder]

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}


def _package():
    try:
        import tensorboardX
    except ImportError:
        raise ImportError(
            "TensorBoard needs the package tensorboardX to write its files: "
            'pip install "cello-rnn[tensorboard]".'
        ) from None
    return tensorboardX


def _learning_rate(optimizer) -> dict[str, float]:
    """Nothing where an optax rule keeps its rate to itself."""
    try:
        return {"learning_rate": float(optimizer.learning_rate)}
    except TypeError:
        return {}


def _graph_event(graph):
    """The calls of a model's graph, as TensorFlow's graphs are written."""
    from tensorboardX.proto.attr_value_pb2 import AttrValue
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.graph_pb2 import GraphDef
    from tensorboardX.proto.node_def_pb2 import NodeDef
    from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

    names: dict[Any, str] = {}
    for node in graph.nodes:
        calls = sum(other.layer is node.layer for other in names)
        names[node] = f"{node.layer.name}_call_{calls}" if calls else node.layer.name

    def shape_of(tensor):
        sizes = [size if isinstance(size, int) else -1 for size in tensor.shape]
        return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])

    nodes = []
    for node, name in names.items():
        shapes = [shape_of(tensor) for tensor in symbolic_leaves(node.outputs)]
        attributes = {"_output_shapes": AttrValue(list=AttrValue.ListValue(shape=shapes))}
        inputs = [
            names[t.node] + (f":{t.index}" if t.index else "")
            for t in node.inputs
            if t.node in names
        ]
        kind = type(node.layer).__name__
        nodes.append(NodeDef(name=name, op=kind, input=inputs, attr=attributes))
    return Event(wall_time=time.time(), graph_def=GraphDef(node=nodes).SerializeToString())
