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
import subprocess
import sys
import warnings

os.environ["TRITON_INTERPRET"] = "1"
os.environ["RWKV_V7_ON"] = "1"

import gated  # noqa: F401
import linear  # noqa: F401
from recording import LAYERS

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    match sys.argv[1:]:
        case [name]:
            LAYERS[name]()
        case names:  # in processes of their own: stand-ins of one are in the way of another
            for name in names or LAYERS:
                subprocess.run([sys.executable, __file__, name], check=True)
