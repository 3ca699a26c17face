"""What a step learns from: the loss with its parts, and the colours of its pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.training.loader import Batch, BatchValues
from zfdesk.training.network import network_input
from zfdesk.training.recipe import TrainRecipe

_GREY = (0.299, 0.587, 0.114)
_CPU = torch.device("cpu")


def to_device(values: BatchValues, device: torch.device) -> Tensor:
    """An array or tensor as a tensor on a device; nothing is copied that is there."""
    return (values if isinstance(values, Tensor) else torch.from_numpy(values)).to(device)


def inputs(batch: Batch, recipe: TrainRecipe, device: torch.device) -> Tensor:
    """The network's input for a batch: colours changed at random, minus the mean; (N, 3, side, side), channels-last."""
    pictures = to_device(batch.pictures, device)
    if not recipe.jitter:
        return network_input(pictures)
    by = 1 + recipe.jitter * to_device(batch.colours, device).view(-1, 3, 1, 1, 1)
    x = pictures.float()
    grey = (x @ torch.tensor(_GREY, device=device))[..., None]
    middle = grey.mean((1, 2, 3), keepdim=True)
    # saturation about each pixel's grey, contrast about the picture's mean, then brightness: one expression
    x = ((grey + (x - grey) * by[:, 2] - middle) * by[:, 1] + middle) * by[:, 0]
    return network_input(x.clamp_(0, 255))


def density(maps: Tensor) -> Tensor:
    """How evenly activity is spread over a picture's maps (N, C, H, W): Σ|a| / √(n Σa²) of its n values, (N,).

    1 where all are equal, 1/√n where one alone answers (Hoyer, JMLR 2004); the scale of the activations, which batch
    norm behind them would undo, does not matter.
    """
    flat = maps.flatten(1).float()
    return flat.abs().sum(1) / (flat.shape[1] * flat.square().sum(1)).clamp(min=1e-12).sqrt()


def losses(
    scores: Tensor, predicted: Tensor | None, batch: Batch, recipe: TrainRecipe, global_batch: int,
    maps: Tensor | None = None,
) -> tuple[Tensor, dict[str, Tensor]]:  # fmt: skip
    """The loss, summed over the batch's pictures and divided by ``global_batch``, and its parts without their weights.

    Pictures with a teacher's answers learn those, and their label with the recipe's weight; others their soft or hard
    label. scores: (N, classes). predicted: (N, embedding), what the network makes of the teacher's embedding.
    global_batch: pictures in the step over all processes. maps: (N, C, H, W) of the last convolution, whose density is
    held down.
    """
    device, scores = scores.device, scores.float()
    log_probabilities = F.log_softmax(scores, 1)
    answered = to_device(batch.answered, device)
    parts: dict[str, Tensor] = {}
    total = scores.new_zeros(())
    if batch.logits is not None and recipe.soft_weight:
        temperature = recipe.temperature
        wanted = F.log_softmax(to_device(batch.logits, device) / temperature, 1)
        given = log_probabilities if temperature == 1 else F.log_softmax(scores / temperature, 1)
        divergence = (wanted.exp() * (wanted - given)).sum(1) * temperature**2
        parts["soft"] = (divergence * answered).sum() / global_batch
        total = total + recipe.soft_weight * parts["soft"]
    if batch.embedding is not None and predicted is not None and recipe.embedding_weight:
        wanted, given = to_device(batch.embedding, device), predicted.float()
        if recipe.embedding_loss == "cosine":
            distance = 1 - F.cosine_similarity(given, wanted, 1)
        else:
            distance = (given - wanted).square().mean(1)
        parts["embedding"] = (distance * answered).sum() / global_batch
        total = total + recipe.embedding_weight * parts["embedding"]
    elif predicted is not None:
        total = total + 0 * predicted.sum()  # so that every parameter has a gradient in every process
    labels = to_device(batch.labels, device)
    taught = answered if recipe.soft_weight or recipe.embedding_weight else torch.zeros_like(answered)
    factor = torch.where(taught, recipe.taught_label_weight, recipe.label_weight)
    entropy = F.nll_loss(log_probabilities, labels.clamp(min=0), reduction="none")
    if recipe.label_smoothing:
        entropy = (1 - recipe.label_smoothing) * entropy - recipe.label_smoothing * log_probabilities.mean(1)
    entropy = entropy * (labels >= 0)
    if batch.soft is not None:
        soft = to_device(batch.soft, device)
        entropy = torch.where(soft.sum(1) > 0, -(soft * log_probabilities).sum(1), entropy)
    if recipe.taught_label_weight or not batch.answered.all() or not bool(taught.all()):
        parts["label"] = (entropy * factor).sum() / global_batch
        total = total + parts["label"]
    if maps is not None and recipe.density_weight:
        parts["density"] = density(maps).sum() / global_batch
        total = total + recipe.density_weight * parts["density"]
    return total, parts


def count_hits(scores: Tensor, batch: Batch) -> tuple[int, int, int]:
    """How many pictures have an answer to compare with, and for how many it is the first, among the first five.

    The answer is the label, else the class of the soft label, else the teacher's most probable class.
    """
    wanted = to_device(batch.labels, _CPU).clone()
    if batch.soft is not None:
        wanted = torch.where(wanted < 0, to_device(batch.soft, _CPU).argmax(1), wanted)
    if batch.logits is not None:
        answered = to_device(batch.answered, _CPU) & (wanted < 0)
        wanted = torch.where(answered, to_device(batch.logits, _CPU).argmax(1), wanted)
    return count_right(scores, wanted)


def count_right(scores: Tensor, wanted: Tensor) -> tuple[int, int, int]:
    """(pictures with a class ≥ 0 wanted, it is the first answer, it is among the first five)."""
    first = scores.detach().topk(min(5, scores.shape[1]), 1).indices.cpu()
    known = wanted >= 0
    right = (first == wanted[:, None]) & known[:, None]
    return int(known.sum()), int(right[:, 0].sum()), int(right.any(1).sum())
