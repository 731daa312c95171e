"""Other packages' gated cells, on vectors and maps, and cells of irregular times; a reservoir."""

from functools import partial

import numpy as np
import torch
from recording import (
    LAYERS,
    layer,
    leaf,
    normal,
    randomised,
    record,
    stand_in,
    stepped,
    without_init,
)


def torchrecurrent_cell(name, states=1, **options):
    import torchrecurrent

    cell = randomised(getattr(torchrecurrent, f"{name}Cell")(4, 5, **options))
    run = stepped(cell, *[torch.zeros(1, 5).double()] * states)
    source = f"torchrecurrent 0.2.5, {name}Cell"
    record(name, source, run, normal(3, 9, 4), cell)


for name, options in {
    "MGU": {},
    "UGRNN": {},
    "IndRNN": {"nonlinearity": "relu"},
    "PeepholeLSTM": {"states": 2},
}.items():
    LAYERS[name] = partial(torchrecurrent_cell, name, **options)


@layer
def CoupledLSTM():
    import onnx
    import onnxruntime
    from onnx import helper

    shapes = {"W": (1, 20, 4), "R": (1, 20, 5), "B": (1, 40)}
    weights = {name: leaf(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}
    results = {"y": (9, 1, 3, 5), "h": (1, 3, 5), "c": (1, 3, 5)}
    shapes = {"x": (9, 3, 4)} | shapes
    node = helper.make_node("LSTM", list(shapes), list(results), hidden_size=5, input_forget=1)
    typed = lambda shapes: [helper.make_tensor_value_info(n, 1, s) for n, s in shapes.items()]  # noqa: E731
    graph = helper.make_graph([node], "coupled", typed(shapes), typed(results))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())

    def run(x):
        feed = {k: v.detach().float().numpy() for k, v in weights.items()}
        y, h, c = session.run(None, {"x": x.detach().transpose(0, 1).float().numpy()} | feed)
        return [torch.tensor(y[:, 0]).transpose(0, 1), torch.tensor(h[0]), torch.tensor(c[0])]

    source = f"onnxruntime {onnxruntime.__version__}, LSTM with input_forget=1"
    record("CoupledLSTM", source, run, normal(3, 9, 4), weights, differentiate=False)


@layer
def ProjectedLSTM():
    module = randomised(torch.nn.LSTM(4, 5, proj_size=3, batch_first=True))

    def run(x):
        outputs, (h, c) = module(x)
        return outputs, h[0], c[0]

    record("ProjectedLSTM", f"torch {torch.__version__}, LSTM", run, normal(3, 9, 4), module)


def haste_layer(name, theirs, states, **options):
    stand_in("haste_pytorch_lib")
    import haste_pytorch

    module = randomised(getattr(haste_pytorch, theirs)(4, 5, batch_first=True, **options))

    def run(x):
        outputs, last = module(x)
        return [outputs, *[s[0] for s in (last if states > 1 else [last])]]

    source = f"haste_pytorch 0.5.0rc0, {theirs} on a CPU, {options}"
    record(name, source, run, normal(3, 9, 4), module)


LAYERS["LayerNormLSTM"] = partial(haste_layer, "LayerNormLSTM", "LayerNormLSTM", 2)
LAYERS["ZoneoutLSTM"] = partial(haste_layer, "ZoneoutLSTM", "LSTM", 2, zoneout=0.3)
LAYERS["ZoneoutGRU"] = partial(haste_layer, "ZoneoutGRU", "GRU", 1, zoneout=0.3)


@layer
def SLSTM():
    from xlstm.blocks.slstm.cell import sLSTMCell, sLSTMCellConfig

    config = sLSTMCellConfig(
        hidden_size=6, num_heads=2, backend="vanilla", output_shape="BSH", dtype="float32",
        enable_automatic_mixed_precision=False, dtype_b="float32",
    )  # fmt: skip
    cell = randomised(sLSTMCell(config))
    kernel = leaf(4, 24, seed=7)  # the cell has none: its block makes the sums of the inputs

    def run(x):
        outputs, state = cell(x @ kernel)
        return [outputs, *state[:3]]

    weights = dict(cell.named_parameters()) | {"kernel": kernel}
    source = "xlstm 2.0.6, sLSTMCell, backend vanilla"
    record("SLSTM", source, run, normal(3, 9, 4), weights)


@layer
def ConvGRU2D():
    without_init("torchvision.models.optical_flow")
    from torchvision.models.optical_flow.raft import ConvGRU

    cell = randomised(ConvGRU(input_size=2, hidden_size=3, kernel_size=3, padding=1))

    def run(x):
        h, outputs = torch.zeros(len(x), 3, *x.shape[3:]).double(), []
        for step in x.unbind(1):
            h = cell(h, step)
            outputs.append(h)
        return torch.stack(outputs, 1)

    source = "torchvision 0.28.0, ConvGRU of RAFT"
    record("ConvGRU2D", source, run, normal(3, 7, 2, 5, 4), cell)


@layer
def EchoState():
    from reservoirpy.nodes import Reservoir

    weights = {"W": leaf(6, 6, seed=1, scale=0.3), "Win": leaf(6, 4, seed=2)}
    weights["bias"] = leaf(6, seed=3)

    def run(x):
        arrays = {k: w.detach().numpy() for k, w in weights.items()}
        node = Reservoir(lr=0.3, **arrays)
        rows = []
        for row in x.detach().numpy():
            node.initialize(row)
            rows.append(node.run(row))
        return torch.tensor(np.stack(rows))

    source = "reservoirpy 0.4.2, Reservoir"
    record("EchoState", source, run, normal(3, 9, 4), weights, differentiate="by differences")


def grud(name, open_reset):
    """PyTorch's GRU has the reset gate behind the product of the state, the paper's in front of it.

    That is the same where the gate is 1, and where the product is with one number a unit.
    """
    without_init("pypots.nn.modules")
    from pypots.nn.modules.grud import BackboneGRUD

    x = normal(3, 9, 4)
    x[np.random.default_rng(4).random(x.shape) < 0.4] = np.nan
    t = np.concatenate([np.zeros((3, 1)), np.cumsum(abs(normal(3, 8, seed=5)), 1)], 1)
    mean = torch.tensor(normal(4, seed=6))
    known, since, seen = torch.tensor(~np.isnan(x)), [], np.zeros((3, 4))
    for i in range(9):
        since.append(t[:, i, None] - seen)
        seen = np.where(known[:, i], t[:, i, None], seen)
    since = torch.tensor(np.stack(since, 1))
    module = randomised(BackboneGRUD(9, 4, 5))
    weights = dict(module.named_parameters())
    keep = {f"rnn_cell.{k}": torch.ones_like(v) for k, v in module.rnn_cell.named_parameters()}
    if open_reset:
        for kept in keep.values():
            kept[:5] = 0
        opened = torch.cat([torch.full((5,), 40.0), torch.zeros(10)]).double()
    else:
        keep["rnn_cell.weight_ih"][10:, 4:9] = 0
        keep["rnn_cell.weight_hh"][10:] = torch.eye(5)
        keep["rnn_cell.bias_hh"][10:] = 0
        opened = torch.zeros(15).double()

    def run(x):
        used = weights | {k: weights[k] * kept for k, kept in keep.items()}
        used["rnn_cell.bias_ih"] = used["rnn_cell.bias_ih"] + opened
        last, outputs = [mean.expand(3, -1)], []
        for step in x.unbind(1):
            last.append(torch.where(step.isnan(), last[-1], step))
        given = torch.where(known, x, 0), known.double(), since, mean, torch.stack(last[1:], 1)
        for steps in range(1, 10):  # it gives the states before each step, and the last one
            module.n_steps = steps
            outputs.append(torch.func.functional_call(module, used, given)[1])
        return torch.stack(outputs, 1)

    source = f"pypots 1.5, BackboneGRUD, {name}"
    more = {f"keep/{k}": v for k, v in keep.items()} | {"opened": opened}
    record(name, source, run, x, weights, t=t, mean=mean, **more)


LAYERS["GRUD-with-open-gates"] = partial(grud, "GRUD-with-open-gates", open_reset=True)
LAYERS["GRUD-with-a-diagonal"] = partial(grud, "GRUD-with-a-diagonal", open_reset=False)
