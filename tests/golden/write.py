"""Write the golden files: what other packages' layers give, with their weights and gradients.

    python tests/golden/write.py SRU QRNN     # some layers; all of them without arguments

The tests read the files and need none of the packages. They were written under Python 3.11, on a
CPU, in an environment of its own with torch 2.13.0, transformers 5.24.0 and onnxruntime, and

    pip install --no-deps einops==0.8.2 espnet==202511 fastai==2.0.19 fla-core==0.6.0 \
        flash-linear-attention==0.6.0 minGRU-pytorch==0.2.1 pypots==1.5 reservoirpy==0.4.2 \
        rwkv==0.8.32 s5-pytorch==0.2.1 sru==2.6.0 torchrecurrent==0.2.5 torchscale==0.3.0 \
        torchvision==0.28.0 triton==3.9.0 xlstm==2.0.6
    pip install joblib ninja opt_einsum scipy

The sources of haste_pytorch 0.5.0rc0, hgru 0.0.0 and lrnnx 1.0.0.post1 compile kernels for a GPU
when they are installed; their files in Python are enough: unpack the archives from PyPI, and put
`haste_pytorch-*/frameworks/pytorch`, named `haste_pytorch`, `hgru-*/hgru` and `lrnnx-*/lrnnx` on
the path. flash-linear-attention runs in Triton's interpreter.
"""

import os
import sys
import warnings
from functools import partial
from types import SimpleNamespace

os.environ["TRITON_INTERPRET"] = "1"
os.environ["RWKV_V7_ON"] = "1"

import numpy as np
import torch
from recording import listed, normal, randomised, record, stand_in, without_init

warnings.simplefilter("ignore")
LAYERS = {}


def layer(write):
    LAYERS[write.__name__] = write
    return write


def leaf(*shape, seed, scale=0.5):
    """A weight that belongs to no module."""
    return torch.tensor(scale * normal(*shape, seed=seed), requires_grad=True)


def time_first(run):
    """`run`, which wants the time first, for inputs with the batch first."""

    def swapped(x):
        outputs, *states = listed(run(x.transpose(0, 1)))
        return [outputs.transpose(0, 1), *states]

    return swapped


def stepped(cell, *states):
    """Outputs of every step, and the last states, of a cell that gives its states alone."""

    def run(x):
        now, outputs = [s.expand(len(x), -1) for s in states], []
        for step in x.unbind(1):
            now = listed(cell(step, tuple(now) if len(now) > 1 else now[0]))
            outputs.append(now[0])
        return [torch.stack(outputs, 1), *now]

    return run


# ----------------------------------------------------------------------------- gated cells


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

    kernel, recurrent, bias = (leaf(*s, seed=i) for i, s in enumerate([(1, 20, 4), (1, 20, 5), (1, 40)]))
    floats = lambda name, shape: helper.make_tensor_value_info(name, 1, shape)  # noqa: E731
    shapes = {"x": (9, 3, 4), "W": (1, 20, 4), "R": (1, 20, 5), "B": (1, 40)}
    results = {"y": (9, 1, 3, 5), "h": (1, 3, 5), "c": (1, 3, 5)}
    node = helper.make_node("LSTM", list(shapes), list(results), hidden_size=5, input_forget=1)
    graph = helper.make_graph(
        [node], "g", [floats(*s) for s in shapes.items()], [floats(*r) for r in results.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString())

    def run(x):
        feed = {"x": x.transpose(0, 1), "W": kernel, "R": recurrent, "B": bias}
        y, h, c = session.run(None, {k: v.detach().numpy().astype("float32") for k, v in feed.items()})
        return [torch.tensor(y[:, 0]).transpose(0, 1), torch.tensor(h[0]), torch.tensor(c[0])]

    weights = {"W": kernel, "R": recurrent, "B": bias}
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
def MLSTM():
    from xlstm.blocks.mlstm.backends import parallel_stabilized_simple

    projections = ("q", "k", "v", "o")  # its block makes them
    w = {name: leaf(4, 6, seed=i) for i, name in enumerate(projections)}
    w |= {name: leaf(4, 2, seed=10 + i) for i, name in enumerate("if")}
    w |= {f"{name}_bias": leaf(2, seed=20 + i) for i, name in enumerate("if")}
    by_head = lambda a: a.unflatten(-1, (2, -1)).transpose(1, 2)  # noqa: E731

    def run(x):
        q, k, v, o = (x @ w[name] for name in projections)
        i, f = (by_head(x @ w[name] + w[f"{name}_bias"]) for name in "if")
        h = parallel_stabilized_simple(*map(by_head, (q, k, v)), i, f)
        return h.transpose(1, 2).flatten(2) * torch.sigmoid(o)

    record("MLSTM", "xlstm 2.0.6, parallel_stabilized_simple", run, normal(3, 12, 4), w)


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

    weights = {"W": leaf(6, 6, seed=1, scale=0.3), "Win": leaf(6, 4, seed=2), "bias": leaf(6, seed=3)}

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
    """PyTorch's GRU multiplies the state by the reset gate after the product, the paper's before it.

    That is the same where the gate is 1, and where the product is one number a unit.
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


# ----------------------------------------------------------------------------- linear cells


def sru_cell(name, features):
    from sru.modules import SRUCell

    cell = SRUCell(features, 5, highway_bias=-1.0, v1=True)
    scale = cell.scale_x.clone()
    cell = randomised(cell)
    with torch.no_grad():
        cell.weight_c.zero_()  # of the second version
    cell.scale_x = scale.double()
    run = time_first(lambda x: cell(x))
    record(name, "sru 2.6.0, SRUCell with v1=True, highway_bias=-1", run, normal(3, 9, features), cell)


LAYERS["SRU"] = partial(sru_cell, "SRU", 5)
LAYERS["SRU-of-4-features"] = partial(sru_cell, "SRU-of-4-features", 4)


@layer
def QRNN():
    without_init("fastai.text.models")
    names = {"nn": torch.nn, "torch": torch, "partial": partial, "Module": torch.nn.Module}
    stand_in("fastai.data")
    stand_in("fastai.data.all", ifnone=lambda a, b: b if a is None else a, **names)
    stand_in("fastai.text.core")
    stand_in("fastai.text.models.awdlstm", dropout_mask=None)

    class Module(torch.nn.Module):
        """fastcore's calls the constructor of PyTorch's before that of the class."""

        def __new__(cls, *args, **kwargs):
            new = object.__new__(cls)
            torch.nn.Module.__init__(new)
            return new

    sys.modules["fastai.data.all"].Module = Module
    from fastai.text.models.qrnn import QRNNLayer

    module = randomised(QRNNLayer(4, 5, window=2))
    # It changes tensors in place that PyTorch's gradients need.
    source = "fastai 2.0.19, QRNNLayer with window=2"

    def run(x):
        with torch.no_grad():
            return module(x)

    record("QRNN", source, run, normal(3, 9, 4), module, differentiate="by differences")


@layer
def MinGRU():
    from minGRU_pytorch import minGRU

    module = minGRU(4, expansion_factor=1.5, proj_out=False)
    module.to_hidden_and_gate = torch.nn.Linear(4, 12)  # with a bias
    module = randomised(module, scale=1.0)
    record("MinGRU", "minGRU-pytorch 0.2.1, minGRU", module, normal(3, 9, 4), module)


@layer
def MinLSTM():
    from minGRU_pytorch.minLSTM import minLSTM

    module = minLSTM(4, expansion_factor=1.5, proj_out=False)
    module.to_hidden_and_f_i_gate = torch.nn.Linear(4, 18)
    module = randomised(module, scale=1.0)
    record("MinLSTM", "minGRU-pytorch 0.2.1, minLSTM", module, normal(3, 9, 4), module)


@layer
def LRU():
    stand_in("selective_scan_cuda")
    stand_in("simplified_scan_cuda")
    without_init("lrnnx.models.lti")
    without_init("lrnnx.ops")
    from lrnnx.models.lti.lru import LRU

    module = randomised(LRU(4, 6)).float()
    run = lambda x: module(x.float())  # noqa: E731
    record("LRU", "lrnnx 1.0.0.post1, LRU", run, normal(3, 12, 4), module)


@layer
def HGRN():
    without_init("hgru")
    stand_in("hgru.hgru_cuda", HgruFunction=SimpleNamespace(apply=None))
    from hgru.hgru1d import Hgru1d

    module = randomised(Hgru1d(6))
    run = time_first(lambda x: module.forward_naive(x, lower_bound=0.3))
    source = "hgru 0.0.0, the authors' Hgru1d.forward_naive with lower_bound=0.3"
    record("HGRN", source, run, normal(3, 12, 6), module)


def s4d(name, discretization):
    without_init("espnet2.asr.state_spaces")
    from espnet2.asr.state_spaces.s4 import S4

    torch.manual_seed(0)
    start = S4(3, d_state=8, mode="diag", measure="diag-lin", disc=discretization, transposed=False)
    module = randomised(start)
    run = lambda x: module(x)[0]  # noqa: E731
    source = f"espnet 202511, its copy of the authors' S4 with mode=diag, disc={discretization}"
    record(name, source, run, normal(3, 12, 3), module)


LAYERS["S4D"] = partial(s4d, "S4D", "zoh")
LAYERS["S4D-bilinear"] = partial(s4d, "S4D-bilinear", "bilinear")


@layer
def S5():
    from s5.s5_model import S5

    module = randomised(S5(4, 6)).float()
    with torch.no_grad():
        module.seq.Lambda.real.abs_().neg_()
    run = lambda x: module(x.float())  # noqa: E731
    record("S5", "s5-pytorch 0.2.1, S5", run, normal(3, 12, 4), module)


# -------------------------------------------------------------- cells with a matrix as state


def fla():
    """flash-linear-attention, with the first of the sizes it would choose from by a GPU's clock."""
    from triton.runtime import autotuner

    autotuner.Autotuner._bench = lambda self, *args, config, **options: [0.0, 0.0, 0.0]
    import fla.layers

    return fla.layers


def fla_layer(name, theirs, **options):
    module = getattr(fla(), theirs)(mode="fused_recurrent", hidden_size=8, num_heads=2, **options)
    module = randomised(module).float()
    run = lambda x: module(x.float())[0]  # noqa: E731
    source = f"flash-linear-attention 0.6.0, {theirs} in Triton's interpreter"
    record(name, source, run, normal(3, 12, 8), module)


LAYERS["GLA"] = partial(fla_layer, "GLA", "GatedLinearAttention", gate_low_rank_dim=5)
LAYERS["DeltaNet"] = partial(fla_layer, "DeltaNet", "DeltaNet")


@layer
def RetNet():
    without_init("torchscale")
    without_init("torchscale.component")
    without_init("torchscale.architecture")
    for unused in ("fairscale", "fairscale.nn", "timm", "timm.models", "timm.models.layers"):
        stand_in(unused, checkpoint_wrapper=None, wrap=None, drop_path=None, __path__=[])
    for unused in ("moe_layer", "routing"):
        stand_in(f"torchscale.component.xmoe.{unused}", MOELayer=None, Top1Gate=None, Top2Gate=None)
    from torchscale.architecture.retnet import RetNetRelPos
    from torchscale.component.multiscale_retention import MultiScaleRetention

    args = SimpleNamespace(
        multiway=False, layernorm_eps=1e-6, decoder_embed_dim=8, decoder_retention_heads=2,
        recurrent_chunk_size=4,
    )  # fmt: skip
    module = randomised(MultiScaleRetention(args, 8, 16, 2))
    position = RetNetRelPos(args).double()
    run = lambda x: module(x, position(x.shape[1]))  # noqa: E731
    source = "torchscale 0.3.0, MultiScaleRetention"
    record("RetNet", source, run, normal(3, 12, 8), module)


@layer
def RWKV7():
    from rwkv.model import RWKV_x070_TMix_one

    n, rank = 8, 3
    shapes = {name: (n,) for name in "x_r x_w x_k x_v x_a x_g w0 a0 k_k k_a r_k ln_w ln_b".split()}
    shapes |= {name: (n, n) for name in "R_ K_ V_ O_".split()}
    shapes |= {f"{name}1": (n, rank) for name in "wag"} | {f"{name}2": (rank, n) for name in "wag"}
    w = {name: leaf(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}
    nothing = {name: None for name in ("v0", "v1", "v2")}  # of layers above the first

    def run(x):
        rows, single = [], {k: v.float() for k, v in w.items()}
        for row in x.float():
            before, state, outputs = torch.zeros(n), torch.zeros(2, 4, 4), []
            for step in row:
                y, before, state, _ = RWKV_x070_TMix_one(
                    0, 2, 4, x=step, x_prev=before, v_first=None, state=state, **single, **nothing
                )
                outputs.append(y)
            rows.append((torch.stack(outputs), state))
        return [torch.stack(parts) for parts in zip(*rows, strict=True)]

    record("RWKV7", "rwkv 0.8.32, RWKV_x070_TMix_one", run, normal(3, 12, n), w)


if __name__ == "__main__":
    for name in sys.argv[1:] or LAYERS:
        LAYERS[name]()
