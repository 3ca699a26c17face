"""Whether pictures, recipe and network fit each other, asked before a training begins. All raise TrainingError."""

from __future__ import annotations

import torch

from zfdesk.training.data import PictureDataset
from zfdesk.training.errors import TrainingError
from zfdesk.training.network import TrainingNetwork
from zfdesk.training.plan import TrainingPlan
from zfdesk.training.recipe import TrainRecipe


def check_pictures(pictures: PictureDataset, asked: bool, recipe: TrainRecipe) -> None:
    """Whether there is something to learn from them. ``asked``: a teacher is asked about each."""
    if len(pictures.classes) < 2:
        raise TrainingError(
            f"{pictures.source} has one class only, {pictures.classes[0]!r}: there is nothing to learn."
        )
    taught = asked or pictures.teacher_classes
    if not pictures.labelled and not (taught and (recipe.soft_weight or recipe.embedding_weight)):
        raise TrainingError(f"{pictures.source} has pictures without labels, and no teacher answers for them.")
    if pictures.teacher_classes not in (0, len(pictures.classes)):
        raise TrainingError(
            f"The stored answers of {pictures.source} are for {pictures.teacher_classes} classes, "
            f"but there are {len(pictures.classes)} names."
        )


def check_plan(plan: TrainingPlan, processes: int) -> None:
    """Whether a step has pictures enough."""
    if plan.batch < processes:
        raise TrainingError(f"A batch of {plan.batch} cannot be shared by {processes} processes.")
    if plan.recipe.batch_norm and plan.batch < 2:
        raise TrainingError("Batch norm needs two pictures in a step at least; without it: --set batch_norm=false.")


def check_sides(network: TrainingNetwork, plan: TrainingPlan) -> None:
    """Whether the smallest pictures are large enough for every layer."""
    smallest = min(plan.recipe.sides, default=network.architecture.size)
    was = network.training
    network.eval()
    try:
        with torch.no_grad():
            network(torch.zeros(1, 3, smallest, smallest))
    except RuntimeError:  # of a convolution or pooling that is larger than what comes in
        raise TrainingError(
            f"Pictures of {smallest} pixels are too small for {network.architecture.name}: a layer would see nothing."
        ) from None
    finally:
        network.train(was)


__all__ = ["check_pictures", "check_plan", "check_sides"]
