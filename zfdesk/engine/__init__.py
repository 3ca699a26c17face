"""ZFNet and its relatives as data, and all that is computed from them. Torch and numpy only.

    import zfdesk.engine as zf
    import zfdesk.weights

    seen = zfdesk.weights.load().forward(zf.centre_crop(picture))            # picture: uint8 (height, width, 3) RGB
    array = zf.reconstruct(seen, zf.Seed("conv5", seen.strongest_unit("conv5"))).values

Read on in `layers` (a network is a tuple), `architectures` (the tuples), `model` (the forward pass) and
`reconstruct` (the way back down).
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
