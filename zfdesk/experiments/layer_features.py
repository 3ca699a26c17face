"""Features: what a layer answers to pictures, as numbers that a classifier can be fitted on (Sections 5.2 and 5.3).

They are taken as they come from the layer, flattened. Maps of more than 6 × 6 positions are averaged down to 6 × 6, the
size of pool5, unless the network's own classifier reads them: the paper does not say what it does, and layer 1 alone
would have 290,400 numbers a picture (our choice).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.model import Model, Pass

GRID = 6  # positions a side that a layer's maps are averaged down to
BATCH = 16  # pictures a forward pass


def pass_features(forward_pass: Pass, layer: str) -> Tensor:
    """The features of a pass, float32 (N, features): the layer's activations, averaged down to 6 × 6, flattened.

    What the classifier itself reads stays whole.
    """
    x, architecture = forward_pass.activations[layer], forward_pass.model.architecture
    read = architecture.teachable and layer == architecture.feature_layer
    if max(x.shape[2:]) > GRID and not read:
        x = F.adaptive_avg_pool2d(x, (min(GRID, x.shape[2]), min(GRID, x.shape[3])))
    return x.reshape(x.shape[0], -1).float()


def features(model: Model, pictures: Iterable[np.ndarray], layer: str | None = None) -> Tensor:
    """The features of pictures, float32 (N, features). Raises ValueError without pictures or for an unknown layer.

    pictures: uint8 (size, size, 3) RGB each, as `crop` gives, taken in batches of 16. layer: by default the one that
    the classifier reads.
    """
    (found,) = features_of_layers(model, pictures, [layer or model.architecture.feature_layer]).values()
    return found


def features_of_layers(model: Model, pictures: Iterable[np.ndarray], layers: Sequence[str]) -> dict[str, Tensor]:
    """`features` of several layers, float32 (N, features) each, from one forward pass a picture, by layer.

    Raises ValueError without pictures, or for a layer that does not exist.
    """
    found: dict[str, list[Tensor]] = {layer: [] for layer in layers}
    with torch.inference_mode():
        remaining = iter(pictures)
        while batch := list(islice(remaining, BATCH)):
            forward_pass = model.forward(np.stack(batch), keep=layers)
            for layer in layers:
                found[layer].append(pass_features(forward_pass, layer))
    if not next(iter(found.values())):
        raise ValueError("There are no pictures to take features of.")
    return {layer: torch.cat(parts) for layer, parts in found.items()}


__all__ = ["BATCH", "features", "features_of_layers", "pass_features"]
