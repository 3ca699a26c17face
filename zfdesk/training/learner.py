"""A network in training: its weights, the optimiser, the running mean of the weights, and one step of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel

from zfdesk.engine import Model
from zfdesk.engine.layers import Architecture
from zfdesk.runs import Score
from zfdesk.training.errors import TrainingError
from zfdesk.training.loader import Batch
from zfdesk.training.losses import count_hits, inputs, losses
from zfdesk.training.network import TrainingNetwork, exported, initialise, start_from
from zfdesk.training.optimise import RunningMean, limit_filters, make_optimiser
from zfdesk.training.probe import Probe
from zfdesk.training.process_group import ProcessGroup
from zfdesk.training.recipe import TrainRecipe
from zfdesk.training.validate import Validation, as_kept


class NotFiniteError(TrainingError):
    """The loss, or a weight, is NaN or infinite."""

    def __init__(self, what: str, step: int, run: Path) -> None:
        super().__init__(
            f"The {what} at step {step}; the last good state is kept. A lower learning rate may help: begin a new run "
            f"with --set learning_rate=…, and with --start {run / 'network.safetensors'} to keep what was learned."
        )


@dataclass(frozen=True)
class StepResult:
    """One step, over all processes. loss: mean over its pictures; parts: of the loss, by name, without their weights.

    known: pictures that have a class to compare with; top1, top5: those whose class was the first answer, or among the
    first five.
    """

    loss: float
    parts: dict[str, float]
    known: int
    top1: int
    top5: int


class Learner:
    """The network of ``architecture`` with fresh weights. embedding: values of a teacher's that are learned too, 0 for
    none. seed: of the weights and of dropout. run: the folder of the run, which errors name."""

    def __init__(
        self, architecture: Architecture, recipe: TrainRecipe, embedding: int, seed: int, group: ProcessGroup, run: Path
    ) -> None:
        self.recipe, self.seed, self.group, self.run = recipe, seed, group, run
        network = TrainingNetwork(architecture, recipe, embedding)
        initialise(network, seed)
        self.network: TrainingNetwork = network.to(group.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.optimiser = make_optimiser(self.network, recipe)
        self.mean = RunningMean(self.network, recipe.ema) if recipe.ema else None
        self.bfloat = recipe.precision == "bfloat16" or (
            recipe.precision == "auto" and (group.device.type == "cuda" or fast_bfloat())
        )
        self._module: torch.nn.Module = self.network

    def start_from(self, model: Model, pictures: Iterator[Tensor]) -> list[str]:
        """Take a network's weights; see `zfdesk.training.network.start_from`. Returns the layers that do not fit."""
        left = start_from(self.network, model, pictures)
        if self.mean is not None:
            self.mean = RunningMean(self.network, self.recipe.ema)
        return left

    def distribute(self) -> None:
        """Train as one with the other processes, from weights that are the same in all."""
        if self.group.processes > 1:
            # in a group of its own: it never lets go of it, and a thread of a group that is left at the end of Python,
            # just letting go of a tensor, aborts the process
            self._module = DistributedDataParallel(
                self.network, process_group=dist.new_group(), forward_sync_buffers=False
            )

    def step(self, batch: Batch, rate: float, number: int, global_batch: int, probe: Probe | None = None) -> StepResult:
        """Take one step of the optimiser, the one after ``number`` steps. Raises NotFiniteError.

        rate: the learning rate. global_batch: pictures of the step over all processes. probe: looks on.
        """
        recipe, device = self.recipe, self.group.device
        for settings in self.optimiser.param_groups:
            settings["lr"] = rate
        self._module.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=self.bfloat):
            place = (self.seed, number, batch.first, global_batch)
            scores, predicted = self._module(inputs(batch, recipe, device), place)
        loss, parts = losses(scores, predicted, batch, recipe, global_batch, self.network.last_maps)
        self.network.last_maps = None
        # DistributedDataParallel takes the mean over processes; each loss is already a share of the whole
        (loss * self.group.processes).backward()
        # the last word between processes in a step: where one is lost, the others stand between two steps
        numbers = [float(value.detach()) for value in (loss, *parts.values())]
        total, *sums = self.group.summed(*numbers, *count_hits(scores.detach().float(), batch))
        *values, known, top1, top5 = sums
        if not math.isfinite(total):
            raise NotFiniteError("loss is no longer a number", number + 1, self.run)
        if probe is not None:
            probe.look()
        if recipe.gradient_limit:
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), recipe.gradient_limit, foreach=True)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        if recipe.rms_limit:
            limit_filters(self.network, recipe.rms_limit)
        if self.mean is not None:
            self.mean.update(self.network, number + 1)
        return StepResult(total, dict(zip(parts, values, strict=True)), int(known), int(top1), int(top5))

    @property
    def mean_weights(self) -> dict[str, Tensor] | None:
        """The running mean by the names of `state_dict`, where the recipe has one."""
        return self.mean.tensors if self.mean is not None else None

    def check(self, step: int) -> None:
        """Raise NotFiniteError where a weight is none: a loss that is a number can still have had such a gradient."""
        tensors = [*self.network.state_dict().values(), *(self.mean_weights or {}).values()]
        if not bool(torch.stack([tensor.isfinite().all() for tensor in tensors]).all()):
            raise NotFiniteError("weights are no longer numbers", step, self.run)

    def score(self, validation: Validation) -> Score | None:
        """How the network does that would be exported now; see `Validation.score`."""
        with as_kept(self.network, self.mean_weights):
            return validation.score(self.network, self.group, self.bfloat)

    def exported(self, classes: tuple[str, ...], provenance: str) -> Model:
        """The plain declared network as it is now: the running mean's weights where the recipe has it."""
        return exported(self.network, self.mean_weights or self.network.state_dict(), classes, provenance)


def fast_bfloat() -> bool:
    """Whether the processor multiplies bfloat16 in hardware: here 45 instead of 27 pictures/s a core at 128 px."""
    return torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()


__all__ = ["Learner", "NotFiniteError", "StepResult", "fast_bfloat"]
