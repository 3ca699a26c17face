"""What a step learns from: the loss with its parts, and the colours of its pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.training.loader import Batch, BatchValues
from zfdesk.training.network import normed
from zfdesk.training.recipe import TrainRecipe

_GREY = (0.299, 0.587, 0.114)
_CPU = torch.device("cpu")


def on(values: BatchValues, device: torch.device) -> Tensor:
    """An array or tensor as a tensor on a device; nothing is copied that is there."""
    return (values if isinstance(values, Tensor) else torch.from_numpy(values)).to(device)


def inputs(batch: Batch, recipe: TrainRecipe, device: torch.device) -> Tensor:
    """The network's input for a batch: colours changed by chance, minus mean; (N, 3, side, side), channels-last."""
    pictures = on(batch.pictures, device)
    if not recipe.jitter:
        return normed(pictures)
    by = 1 + recipe.jitter * on(batch.colours, device).view(-1, 3, 1, 1, 1)
    x = pictures.float()
    grey = (x @ torch.tensor(_GREY, device=device))[..., None]
    middle = grey.mean((1, 2, 3), keepdim=True)
    # saturation about each pixel's grey, contrast about the picture's mean, then brightness: one expression
    x = ((grey + (x - grey) * by[:, 2] - middle) * by[:, 1] + middle) * by[:, 0]
    return normed(x.clamp_(0, 255))


def density(maps: Tensor) -> Tensor:
    """How evenly activity is spread over a picture's maps (N, C, H, W): Σ|a| / √(n Σa²) of its n values, (N,).

    1 where all are equal, 1/√n where one alone answers (Hoyer, JMLR 2004); the scale of the activations, which batch
    norm behind them would undo, does not matter.
    """
    flat = maps.flatten(1).float()
    return flat.abs().sum(1) / (flat.shape[1] * flat.square().sum(1)).clamp(min=1e-12).sqrt()


def losses(
    scores: Tensor, guessed: Tensor | None, batch: Batch, recipe: TrainRecipe, whole: int, maps: Tensor | None = None
) -> tuple[Tensor, dict[str, Tensor]]:
    """The loss, summed over the batch's pictures and divided by ``whole`` (pictures in the step over all processes).

    Pictures with a teacher's answers learn those, and their label with the recipe's weight; others their soft or hard
    label. ``maps``: the last convolution's, whose density is held down. Returns the sum that is learned from and its
    parts, without their weights.
    """
    device, scores = scores.device, scores.float()
    logged = F.log_softmax(scores, 1)
    answered = on(batch.answered, device)
    parts: dict[str, Tensor] = {}
    total = scores.new_zeros(())
    if batch.logits is not None and recipe.soft_weight:
        warm = recipe.temperature
        wanted = F.log_softmax(on(batch.logits, device) / warm, 1)
        given = logged if warm == 1 else F.log_softmax(scores / warm, 1)
        apart = (wanted.exp() * (wanted - given)).sum(1) * warm**2
        parts["soft"] = (apart * answered).sum() / whole
        total = total + recipe.soft_weight * parts["soft"]
    if batch.embedding is not None and guessed is not None and recipe.embedding_weight:
        wanted, given = on(batch.embedding, device), guessed.float()
        if recipe.embedding_loss == "cosine":
            apart = 1 - F.cosine_similarity(given, wanted, 1)
        else:
            apart = (given - wanted).square().mean(1)
        parts["embedding"] = (apart * answered).sum() / whole
        total = total + recipe.embedding_weight * parts["embedding"]
    elif guessed is not None:
        total = total + 0 * guessed.sum()  # so that every parameter has a gradient in every process
    labels = on(batch.labels, device)
    taught = answered if recipe.soft_weight or recipe.embedding_weight else torch.zeros_like(answered)
    factor = torch.where(taught, recipe.taught_label_weight, recipe.label_weight)
    hard = F.nll_loss(logged, labels.clamp(min=0), reduction="none")
    if recipe.label_smoothing:
        hard = (1 - recipe.label_smoothing) * hard - recipe.label_smoothing * logged.mean(1)
    apart = hard * (labels >= 0)
    if batch.soft is not None:
        soft = on(batch.soft, device)
        apart = torch.where(soft.sum(1) > 0, -(soft * logged).sum(1), apart)
    if recipe.taught_label_weight or not batch.answered.all() or not bool(taught.all()):
        parts["label"] = (apart * factor).sum() / whole
        total = total + parts["label"]
    if maps is not None and recipe.density_weight:
        parts["density"] = density(maps).sum() / whole
        total = total + recipe.density_weight * parts["density"]
    return total, parts


def hits(scores: Tensor, batch: Batch) -> tuple[int, int, int]:
    """How many pictures have an answer to compare with, and for how many it is the first, among the first five.

    The answer is the label, else the class of the soft label, else the teacher's most probable class.
    """
    wanted = on(batch.labels, _CPU).clone()
    if batch.soft is not None:
        wanted = torch.where(wanted < 0, on(batch.soft, _CPU).argmax(1), wanted)
    if batch.logits is not None:
        answered = on(batch.answered, _CPU) & (wanted < 0)
        wanted = torch.where(answered, on(batch.logits, _CPU).argmax(1), wanted)
    return counted(scores, wanted)


def counted(scores: Tensor, wanted: Tensor) -> tuple[int, int, int]:
    """(pictures with a class ≥ 0 wanted, it is the first answer, it is among the first five)."""
    first = scores.detach().topk(min(5, scores.shape[1]), 1).indices.cpu()
    known = wanted >= 0
    right = (first == wanted[:, None]) & known[:, None]
    return int(known.sum()), int(right[:, 0].sum()), int(right.any(1).sum())
