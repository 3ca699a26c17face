"""Activation maximisation: the picture that a unit, a class or a sum of them would like to see.

Erhan et al. 2009, Simonyan et al. 2014, Yosinski et al. 2015, Olah et al. 2017. Only the receptive field of what is
wanted is made, and only the layers up to it are run; pictures that are made together share the weights' way to the
processor. For example:

    for sketch in maximise(model, [of_unit("conv5", 3), of_unit("conv5", 17)], recipe_called("modern")):
        sketch.pictures, sketch.values
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.engine.differentiable import Differentiable, MapWindow
from zfdesk.synthesis import regularisers
from zfdesk.synthesis.objectives import Objective
from zfdesk.synthesis.parametrisation import FourierParametrisation, PixelParametrisation
from zfdesk.synthesis.recipes import MaximiseRecipe, Parametrisation, Policy
from zfdesk.synthesis.steps import GradientStepper, Sketch, as_pictures, as_tensor, check_memory, normaliser

LARGEST = 64
"""Pictures that are made together, at most: where they are to differ, each of 224 × 224 takes some 40 MB."""
AT_ONCE = 4
"""Pictures that are differentiated at once where they do not depend on each other: no slower than 16 (measured on one
core), in a quarter of the memory."""
WHOLE_BURDEN = 128
"""Side of a receptive field in pixels from which on total variation and contrast weigh in full. A small field is filled
to its edges by what its unit wants: with the weights of a large one it would become a single colour."""
_JITTER_SHARE = 16
"""A picture is shifted by no more than its side over this: a filter of 7 pixels would see another one each time."""
MEAN, NOISE = "mean", "noise"
Start = str | np.ndarray
"""`NOISE` around the mean, the `MEAN` itself, or a picture, uint8 (size, size, 3)."""


class Maximiser:
    """A step object: `step` once, look at `sketch` whenever wanted. One picture for each of the objectives.

    ``field``: the window of the input that is made, (top, left, bottom, right) in pixels. ``steps_taken``: so far.
    Raises ValueError for objectives that do not exist, too many pictures, or a start that does not fit.
    """

    def __init__(
        self, model: Model, objectives: Sequence[Objective], recipe: MaximiseRecipe | None = None, start: Start = NOISE,
        seed: int = 0,
    ) -> None:  # fmt: skip
        if not 0 < len(objectives) <= LARGEST:
            raise ValueError(f"1 to {LARGEST} pictures are made together, not {len(objectives)}.")
        self.model, self.objectives, self.recipe = model, tuple(objectives), recipe or MaximiseRecipe()
        self._windows = _shared_windows(model, self.objectives)
        precision = torch.bfloat16 if self.recipe.bfloat16 else torch.float32
        compared = self._compared()
        self._likeness_layer = next(iter(compared), "")
        self.network = Differentiable(model, self._windows | compared, signed=True, dtype=precision)
        size = len(objectives) if self.recipe.diversity else AT_ONCE
        self._parts = [slice(first, first + size) for first in range(0, len(objectives), size)]
        check_memory(self.network, min(size, len(objectives)))
        self.field = self.network.field
        self._normalised = normaliser(model)
        self._mean = torch.tensor(model.input.mean)[:, None, None]
        self._generators = [torch.Generator().manual_seed(one) for one in self._seeds(seed)]
        self._jitter = min(self.recipe.jitter, min(self.network.input_shape) // _JITTER_SHARE)
        canvas = self._start(start)
        frequencies = self.recipe.parametrisation is Parametrisation.FREQUENCIES
        self._canvas = (
            FourierParametrisation(canvas, self.recipe.decorrelated, self.recipe.slope)
            if frequencies
            else PixelParametrisation(canvas)
        )
        self._stepper = GradientStepper(self._canvas.parameter, self.recipe.rate)
        stages = [model.architecture.stage(layer) for layer in self._windows]
        self._burden_share = min(max(stage.receptive_field.size for stage in stages) / WHOLE_BURDEN, 1.0)
        self._look = regularisers.RandomTransform(self._jitter, self.recipe.scale, self.recipe.rotation)
        self._values: Tensor = torch.full((len(objectives),), float("nan"))
        self.steps_taken = 0

    def step(self) -> None:
        """One step of the recipe. Raises ArithmeticError where values are no numbers however small the step is."""
        pictures = self._canvas.pictures()
        seen = [self._differentiated(pictures[part], part) for part in self._parts]
        values, gradients = (torch.cat(parts) for parts in zip(*seen, strict=True))
        # a product: to be given a gradient torch imports sympy first, for 0.7 s
        (gradient,) = torch.autograd.grad((pictures * gradients).sum(), self._canvas.parameter)
        if self._stepper.sound(gradient, values):
            self._values = values
            self._move(gradient)
        self.steps_taken += 1

    def _differentiated(self, pictures: Tensor, part: slice) -> tuple[Tensor, Tensor]:
        """The objectives' values of the pictures of one part, (N,), and the gradient of the loss to them."""
        pictures = pictures.detach().requires_grad_()
        shaken = self._normalised(self._look(pictures, self.network.input_shape, self._generators[part]))
        activations = {layer: of.float() for layer, of in self.network(shaken.to(self.network.dtype)).items()}
        values = self._score(activations, part)
        # as a share of what is reached, so that a recipe suits any layer of any network
        loss = (values.detach().abs() * self._burden(pictures) - values).sum()
        if self.recipe.diversity and len(pictures) > 1:
            likeness = regularisers.likeness(activations[self._likeness_layer].relu())
            shared = values.detach().abs().sum() * likeness
            loss = loss + self.recipe.diversity * shared
        (gradient,) = torch.autograd.grad(loss, pictures)
        return values.detach(), gradient

    def sketch(self) -> Sketch:
        """The pictures as they are now; their values are those of the last look."""
        with torch.no_grad():
            pictures = as_pictures(self._middle(self._canvas.pictures()))
        done = self.steps_taken >= self.recipe.steps
        values = self.true_values(pictures) if done else self._values.double().numpy()
        notes = (*self._stepper.notes, *(self._silent(values) if done else ()))
        return Sketch(self.steps_taken, self.recipe.steps, pictures, values, notes)

    @torch.no_grad()
    def true_values(self, pictures: np.ndarray) -> np.ndarray:
        """What the objectives are on finished pictures (N, height, width, 3), not shifted nor turned: float64 (N,)."""
        exact = self.network
        if self.recipe.bfloat16:
            exact = Differentiable(self.model, self._windows, signed=True)
        seen = self._normalised(as_tensor(pictures))
        return torch.cat([self._score(exact(seen[part]), part) for part in self._parts]).double().numpy()

    def _burden(self, pictures: Tensor) -> Tensor:
        """What the pictures' own looks cost, as a share of the objective: (N,)."""
        burden, share = pictures.new_zeros(len(pictures)), self._burden_share
        if self.recipe.total_variation:  # an edge across the picture is a share of it that falls with its side
            burden = burden + share * self.recipe.total_variation * regularisers.total_variation(pictures)
        if self.recipe.contrast:
            burden = burden + share**0.5 * self.recipe.contrast * regularisers.contrast(pictures, self._mean)
        return burden

    def _score(self, activations: dict[str, Tensor], part: slice) -> Tensor:
        values = []
        for i, objective in enumerate(self.objectives[part]):
            own = {layer: part[i : i + 1] for layer, part in activations.items()}
            values.append(objective.value(own, self._windows, self.model.architecture)[0])
        return torch.stack(values)

    def _silent(self, values: np.ndarray) -> Iterator[str]:
        for objective, value in zip(self.objectives, values, strict=True):
            layers = [self.model.architecture.stage(term.layer) for term in objective.terms]
            if len(layers) == 1 and layers[0].rectified and objective.terms[0].weight > 0 and value <= 0:
                yield f"{objective.description()} stayed silent ({value:.3g}): no picture was found that excites it."

    def _compared(self) -> dict[str, MapWindow | None]:
        """The layer that tells how alike pictures are: the one below the wanted one, where it has maps."""
        if not self.recipe.diversity:
            return {}
        architecture = self.model.architecture
        top = max(architecture.index(layer) for layer in self._windows)
        below = [stage for stage in architecture.stages[1:top] if stage.spatial and stage.parameters]
        stage = below[-1] if below else architecture.stages[0]
        alone = Differentiable(self.model, self._windows)
        return {stage.name: alone.windows[stage.name]}

    def _start(self, start: Start) -> Tensor:
        """The canvas: the field with a margin all round, (N, 3, height, width)."""
        margin, count = self._jitter, len(self.objectives)
        height, width = (side + 2 * margin for side in self.network.input_shape)
        canvas = self._mean.expand(count, 3, height, width).clone()
        if isinstance(start, np.ndarray):
            top, left, bottom, right = self.field
            size = self.model.architecture.size
            if start.shape != (size, size, 3):
                raise ValueError(f"The picture to start from must be ({size}, {size}, 3), not {start.shape}.")
            rows = np.clip(np.arange(top - margin, bottom + margin), 0, size - 1)
            columns = np.clip(np.arange(left - margin, right + margin), 0, size - 1)
            return as_tensor(start[rows][:, columns]).expand(count, -1, -1, -1).clone()
        if start not in (MEAN, NOISE):
            raise ValueError(f"A picture starts from {NOISE}, {MEAN} or another picture, not from {start!r}.")
        if start == NOISE and self.recipe.noise:
            if self.recipe.parametrisation is Parametrisation.FREQUENCIES:
                return self._coloured_noise(canvas)
            canvas += self.recipe.noise * self._noise(canvas.shape[1:])
            canvas.clamp_(0, 255)
        return canvas

    def _coloured_noise(self, canvas: Tensor) -> Tensor:
        """Noise with as much in long waves as in short ones, as natural pictures have it."""
        blank = FourierParametrisation(canvas, self.recipe.decorrelated, self.recipe.slope)
        with torch.no_grad():
            noise = self._noise(blank.parameter.shape[1:])
            blank.parameter.add_(noise, alpha=self.recipe.noise / 255)
            return blank.pictures()

    def _noise(self, shape: tuple[int, ...]) -> Tensor:
        return torch.stack([torch.randn(shape, generator=one) for one in self._generators])

    def _seeds(self, seed: int) -> list[int]:
        """One a picture, whatever it is made together with; the same objective again gets the next."""
        earlier: dict[Objective, int] = {}
        seeds = []
        for objective in self.objectives:
            seeds.append(seed + earlier.get(objective, 0))
            earlier[objective] = earlier.get(objective, 0) + 1
        return seeds

    def _middle(self, canvas: Tensor) -> Tensor:
        margin, (height, width) = self._jitter, self.network.input_shape
        return canvas[:, :, margin : margin + height, margin : margin + width]

    def _move(self, gradient: Tensor) -> None:
        recipe = self.recipe
        if recipe.policy is Policy.ADAM:
            self._stepper.adam(gradient)
        else:
            rate: Tensor | float = self._stepper.rate
            if recipe.policy is Policy.PROGRESS:
                square = gradient.flatten(1).square().sum(1).clamp_min(1e-30)
                rate = (recipe.progress / square).clamp_max(self._stepper.rate)[:, None, None, None]
            self._stepper.along(gradient, rate)
        if recipe.parametrisation is Parametrisation.PIXELS and self.steps_taken < recipe.steps - 1:
            self._regularise(gradient)

    @torch.no_grad()
    def _regularise(self, gradient: Tensor) -> None:
        """Yosinski's four, in their order, and what is beyond black and white is cut."""
        recipe, mean = self.recipe, self._mean
        pictures = decayed = regularisers.decayed(self._canvas.parameter, mean, recipe.decay)
        if recipe.blur_every and recipe.blur_radius and self.steps_taken % recipe.blur_every == 0:
            pictures = regularisers.blurred(decayed - mean, recipe.blur_radius) + mean
        if recipe.small_norm_percentile:
            weight = regularisers.norms(pictures, mean)
            pictures = regularisers.clipped(pictures, mean, weight, recipe.small_norm_percentile)
        if recipe.small_contribution_percentile:
            weight = regularisers.contributions(pictures, mean, gradient)
            pictures = regularisers.clipped(pictures, mean, weight, recipe.small_contribution_percentile)
        self._canvas.parameter.copy_(pictures.clamp(0, 255))


def maximise(
    model: Model, objectives: Sequence[Objective], recipe: MaximiseRecipe | None = None, start: Start = NOISE,
    seed: int = 0, every: int = 8,
) -> Iterator[Sketch]:  # fmt: skip
    """Sketches of the pictures every few steps, the last one finished; see `Maximiser`. Same seed, same pictures."""
    maker = Maximiser(model, objectives, recipe, start, seed)
    while maker.steps_taken < maker.recipe.steps:
        maker.step()
        if maker.steps_taken % every == 0 and maker.steps_taken < maker.recipe.steps:
            yield maker.sketch()
    yield maker.sketch()


def finished(sketches: Iterator[Sketch]) -> Sketch:
    """The last of some sketches, which must not be none."""
    *_, last = sketches
    return last


def several(objective: Objective, count: int, recipe: MaximiseRecipe) -> tuple[list[Objective], MaximiseRecipe]:
    """``count`` pictures of one objective that differ: what to hand to `maximise`."""
    return [objective] * count, recipe if recipe.diversity else replace(recipe, diversity=1.0)


def _shared_windows(model: Model, objectives: Sequence[Objective]) -> dict[str, MapWindow]:
    found: dict[str, MapWindow] = {}
    for objective in objectives:
        for layer, one in objective.windows(model.architecture).items():
            other = found.get(layer, one)
            found[layer] = (
                min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]),
            )  # fmt: skip
    return found
