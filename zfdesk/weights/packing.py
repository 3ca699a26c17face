"""A network in a quarter of its space: int8 rows for the linear layers, float16 for the convolutions.

Of ZFNet's 62.4 million weights 58.6 million are in fc6 to fc8, so a file of 249 MB becomes one of 66 MB. Whatever is
lost is lost for good: it is told here, layer by layer; `zfdesk evaluate` before and after tells what it costs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from zfdesk.engine.kernels import Weights, dense
from zfdesk.engine.layers import Linear
from zfdesk.engine.model import Model
from zfdesk.engine.packed_rows import PackedRows

STEPS = 127
"""Of an int8 row, to either side of zero."""


@dataclass(frozen=True)
class PackingLoss:
    """How far a layer's weights moved, relative to what they are: |packed − w| / |w|, Euclidean over the layer.

    kind: "int8 rows", "float16" or "float32", where float16 cannot hold them.
    """

    layer: str
    kind: str
    relative: float


def packed(model: Model) -> tuple[Model, list[PackingLoss]]:
    """The network with packed weights, and what was lost, layer by layer. Biases stay as they are.

    A row w of a linear layer becomes round(w / s) with s = max |w| / 127, the nearest of 255 steps. Rows that are
    packed already stay.
    """
    weights: Weights = dict(model.weights)
    losses = []
    for stage in model.architecture.stages:
        name = f"{stage.name}.weight"
        before = weights.get(name)
        if before is None or isinstance(before, PackedRows):
            continue
        after: Tensor | PackedRows = _rows(before) if isinstance(stage.layer, Linear) else _half(before)
        kind = "int8 rows" if isinstance(after, PackedRows) else "float32" if after is before else "float16"
        weights[name] = after
        losses.append(PackingLoss(stage.name, kind, _moved(before, after)))
    return replace(model, weights=weights, sha256=""), losses


def _rows(weight: Tensor) -> PackedRows:
    largest = weight.float().abs().amax(1)
    scale = torch.where(largest > 0, largest / STEPS, torch.ones_like(largest))
    return PackedRows((weight.float() / scale[:, None]).round().clamp(-STEPS, STEPS).to(torch.int8), scale)


def _half(weight: Tensor) -> Tensor:
    """float32 values that float16 holds; the weights themselves where one is too large for it."""
    rounded = weight.half().float()
    return rounded if bool(rounded.isfinite().all()) else weight


def _moved(before: Tensor, after: Tensor | PackedRows) -> float:
    length = float(before.double().norm())
    return float((dense(after, torch.float64) - before.double()).norm()) / length if length else 0.0
