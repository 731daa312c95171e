"""Other packages' cells whose state is linear in the one before: a vector, or a matrix."""

from functools import partial
from types import SimpleNamespace

import torch
from recording import (
    LAYERS,
    layer,
    leaf,
    normal,
    randomised,
    record,
    stand_in,
    time_first,
    without_init,
)


def sru_cell(name, features):
    from sru.modules import SRUCell

    cell = SRUCell(features, 5, highway_bias=-1.0, v1=True)
    scale = cell.scale_x.clone()
    cell = randomised(cell)
    with torch.no_grad():
        cell.weight_c.zero_()  # of the second version
    cell.scale_x = scale.double()
    source = "sru 2.6.0, SRUCell with v1=True, highway_bias=-1"
    record(name, source, time_first(cell), normal(3, 9, features), cell)


LAYERS["SRU"] = partial(sru_cell, "SRU", 5)
LAYERS["SRU-of-4-features"] = partial(sru_cell, "SRU-of-4-features", 4)


@layer
def QRNN():
    without_init("fastai.text.models")

    class Module(torch.nn.Module):
        """fastcore's calls PyTorch's constructor before that of the class."""

        def __new__(cls, *args, **kwargs):
            new = object.__new__(cls)
            torch.nn.Module.__init__(new)
            return new

    names = {"nn": torch.nn, "torch": torch, "partial": partial, "Module": Module}
    stand_in("fastai.data")
    stand_in("fastai.data.all", ifnone=lambda a, b: b if a is None else a, **names)
    stand_in("fastai.text.core")
    stand_in("fastai.text.models.awdlstm", dropout_mask=None)
    from fastai.text.models.qrnn import QRNNLayer

    module = randomised(QRNNLayer(4, 5, window=2))
    source = "fastai 2.0.19, QRNNLayer with window=2"

    def run(x):
        with torch.no_grad():  # it changes tensors in place that PyTorch's gradients need
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

    options = {"mode": "diag", "measure": "diag-lin", "disc": discretization}
    module = randomised(S4(3, d_state=8, transposed=False, **options))
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
    """flash-linear-attention, without the clock of a GPU to choose among sizes by."""
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
    shapes = dict.fromkeys("x_r x_w x_k x_v x_a x_g w0 a0 k_k k_a r_k ln_w ln_b".split(), (n,))
    shapes |= dict.fromkeys("R_ K_ V_ O_".split(), (n, n))
    shapes |= {f"{name}1": (n, rank) for name in "wag"} | {f"{name}2": (rank, n) for name in "wag"}
    w = {name: leaf(*shape, seed=i) for i, (name, shape) in enumerate(shapes.items())}
    nothing = dict.fromkeys(("v0", "v1", "v2"))  # of layers above the first

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
