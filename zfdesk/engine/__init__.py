"""ZFNet and its relatives as data, and all that is computed from them. Torch and numpy only.

    import zfdesk.engine as zf
    import zfdesk.weights

    forward_pass = zfdesk.weights.load().forward(zf.centre_crop(picture))    # picture: uint8 (height, width, 3) RGB
    seed = zf.Seed("conv5", forward_pass.strongest_unit("conv5"))
    array = zf.reconstruct(forward_pass, seed).values                        # float32 (224, 224, 3)

The paper (Zeiler & Fergus, arXiv 1311.2901), part by part:

- Fig. 3, the network: `layers` (a network is a tuple of layers) and `architectures` (the tuples; Table 3's too).
- Section 2, the forward pass with its switches: `model`; the picture it sees (Section 3): `picture`.
- Section 2.1, the deconvnet: `reconstruct`, with guided back-propagation and the gradient beside it.
- Section 4.2, Fig. 7, the grey square: `occlude`, and `sweep` for all its positions.
- Section 5.2, other classes on top of the same layers: `classifier`.

The rest makes these fast: `kernels`, `packed_rows` and `winograd` compute single layers, `changed` and `windows` only
what a covered place can reach; `differentiable` is the network for whoever needs gradients. Shapes are written
(N, channels, height, width) for tensors and (height, width, 3) for pictures, sides in pixels; a position is (y, x).
"""

from zfdesk.engine.architectures import ARCHITECTURES
from zfdesk.engine.changed import forward_changed
from zfdesk.engine.layers import LRN, Architecture, Conv, Linear, MaxPool, ReceptiveField, ReLU, Softmax, Stage
from zfdesk.engine.model import Model, Pass, random_model
from zfdesk.engine.occlude import Occluder, OccluderFill, OccluderShape, occlude
from zfdesk.engine.picture import InputSpec, centre_box, centre_crop, crop, cut_field
from zfdesk.engine.reconstruct import Reconstruction, Rule, Seed, SeedKind, reconstruct
from zfdesk.engine.sweep import Sweep, SweepPlan, sweep

__all__ = [
    "ARCHITECTURES",
    "LRN",
    "Architecture",
    "Conv",
    "InputSpec",
    "Linear",
    "MaxPool",
    "Model",
    "Occluder",
    "OccluderFill",
    "OccluderShape",
    "Pass",
    "ReLU",
    "ReceptiveField",
    "Reconstruction",
    "Rule",
    "Seed",
    "SeedKind",
    "Softmax",
    "Stage",
    "Sweep",
    "SweepPlan",
    "centre_box",
    "centre_crop",
    "crop",
    "cut_field",
    "forward_changed",
    "occlude",
    "random_model",
    "reconstruct",
    "sweep",
]
