"""How a training goes on, step by step: a function of the step alone, so that it can be resumed anywhere."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from zfdesk.training.recipe import TrainRecipe


@dataclass(frozen=True)
class TrainingPlan:
    """The steps of ``recipe`` over ``pictures`` pictures, for a network whose declared input has ``size`` pixels."""

    recipe: TrainRecipe
    pictures: int
    size: int

    @property
    def batch(self) -> int:
        """Pictures in a step: the recipe's, or all there are where they are fewer."""
        return min(self.recipe.batch, self.pictures)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in an epoch; the few pictures left over are others in every epoch."""
        return self.pictures // self.batch

    @property
    def steps(self) -> int:
        """Steps of the optimiser, over all epochs."""
        return self.steps_per_epoch * self.recipe.epochs

    def epoch(self, step: int) -> int:
        """The epoch, from 0, that a step (from 0) lies in."""
        return step // self.steps_per_epoch

    @cached_property
    def _ends(self) -> tuple[tuple[float, int], ...]:
        """(share of the steps, side): until where each side is trained on, each for an equal share of the computing."""
        sides = self.recipe.sides or (self.size,)
        shares = [1 / side**2 for side in sides]
        done, ends = 0.0, []
        for side, share in zip(sides, shares, strict=True):
            done += share / sum(shares)
            ends.append((done, side))
        return tuple(ends)

    def side(self, step: int) -> int:
        """The side of the pictures in a step, in pixels."""
        return next((side for end, side in self._ends if step < round(end * self.steps)), self._ends[-1][1])

    def pixels(self, step: int) -> float:
        """Pixels of all pictures still to be seen after ``step`` steps, to a thousandth: larger ones take longer."""
        stride = max(1, self.steps // 1000)
        return sum(self.side(later) ** 2 for later in range(step, self.steps, stride)) * stride * float(self.batch)

    def learning_rate(self, step: int, lowered: float = 1.0) -> float:
        """The rate of a step; ``lowered``: by what the plateaus have lowered it so far."""
        recipe = self.recipe
        warm = round(recipe.warm_up * self.steps)
        if step < warm:
            return recipe.learning_rate * (step + 1) / warm
        done = (step - warm) / max(self.steps - warm, 1)
        match recipe.schedule:
            case "cosine":
                factor = (1 + math.cos(math.pi * done)) / 2
            case "hold-decay":
                factor = min(1.0, (1 - done) * 3)
            case "plateau":
                factor = lowered
            case _:
                factor = 1.0
        return recipe.learning_rate * factor
