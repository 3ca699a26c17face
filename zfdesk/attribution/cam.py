"""Class activation maps (Zhou et al. 2016) for a network that has fully connected layers.

CAM reads the weights of a head that sees nothing but the means of a layer's maps. ZFNet has no such head, so one is
taught: a softmax on the means of conv5's maps, over pictures in a folder by class, over any pictures with the network's
own answers as their classes, or over shards with the answers that a teacher stored in them. It is *another classifier*
on the same maps: its classes are those it was taught, and it may be wrong where the network is right;
`CamHead.description` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.experiments.layer_features import BATCH
from zfdesk.experiments.linear_classifier import fit_softmax
from zfdesk.progress import percent_text


class TeacherAnswers(StrEnum):
    """Whose classes a head is taught."""

    FOLDER = "a folder's classes"
    NETWORK = "the network's own answers"
    TEACHER = "a teacher's stored answers"
    LABELS = "the labels of shards"


@dataclass(frozen=True, eq=False)
class CamHead:
    """``weight``: (classes, maps) over the means of ``layer``'s maps, ``bias``: (classes,). ``indices``: which class of
    the network each is. ``pictures``: how many taught it, by whose ``answers``; ``agreement``: the share of them that
    it answers as it was taught."""

    layer: str
    weight: Tensor = field(repr=False)
    bias: Tensor = field(repr=False)
    indices: tuple[int, ...]
    pictures: int
    answers: TeacherAnswers
    agreement: float

    def description(self) -> str:
        """Return what the head was taught, as text."""
        return (
            f"a softmax on the means of {self.layer}'s maps, taught {len(self.indices)} classes from {self.pictures} "
            f"pictures with {self.answers}, {percent_text(self.agreement)} of which it answers so"
        )

    def weights_of(self, index: int, model: Model) -> Tensor:
        """The weights of one of the network's classes, (maps,). Raises ValueError for one that was not taught."""
        if index not in self.indices:
            some = ", ".join(model.classes[one] for one in self.indices[:5])
            raise ValueError(f"The CAM head was not taught {model.classes[index]}; it knows {some} …")
        return self.weight[self.indices.index(index)]


def teach_cam_head(
    model: Model, pictures: Iterable[np.ndarray], labels: Sequence[int] | None = None, layer: str | None = None,
    answers: TeacherAnswers = TeacherAnswers.FOLDER,
) -> CamHead:  # fmt: skip
    """Teach a head for CAM, the method `zfdesk.attribution.methods.cam`, from pictures, uint8 (size, size, 3) each.

    labels: for each the index of one of the network's classes, given by ``answers``; without them its own most probable
    one. layer: by default the last convolution. Takes a forward pass a picture and a second or two. Raises ValueError
    for fewer than two classes, labels that do not fit, or a layer without maps.
    """
    architecture = model.architecture
    layer = layer or architecture.convolutions[-1]
    if not architecture.stage(layer).spatial:
        raise ValueError(f"{layer} has no maps for CAM to weight.")
    means, own = [], []
    remaining = iter(pictures)
    keep = [layer] if labels is not None else [layer, architecture.stages[-1].name]
    while batch := list(islice(remaining, BATCH)):
        forward_pass = model.forward(np.stack(batch), keep=keep)
        means.append(forward_pass.activations[layer].mean((2, 3)).float())
        if labels is None:
            own += forward_pass.probabilities.argmax(1).tolist()
    classes = own if labels is None else list(labels)
    if not means or len(classes) != sum(map(len, means)):
        raise ValueError("A CAM head is taught with pictures, and one class for each.")
    indices = tuple(sorted(set(classes)))
    if len(indices) < 2:
        raise ValueError("A CAM head is taught at least two classes; all these pictures are of one.")
    if not all(0 <= index < len(model.classes) for index in indices):
        raise ValueError(f"The network's classes are 0 to {len(model.classes) - 1}.")
    features, taught = torch.cat(means), torch.tensor([indices.index(one) for one in classes])
    found = fit_softmax(features, taught, len(indices))
    agreement = float((found.answer(features) == taught).double().mean())
    by = TeacherAnswers.NETWORK if labels is None else answers
    return CamHead(layer, found.weight, found.bias, indices, len(features), by, agreement)
