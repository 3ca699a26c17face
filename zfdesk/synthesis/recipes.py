"""How a picture is made: all that decides the result besides network, objective and start, by name.

Yosinski et al. 2015, *Understanding Neural Networks Through Deep Visualization*, Table 1, give four sets of
hyperparameters; the learning rates and numbers of steps that go with them are those of their toolbox's
``doc/running-optimize-image.md``. ``modern`` is what the field has used since Olah et al. 2017, with our numbers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import StrEnum


class Policy(StrEnum):
    """How the length of a step is chosen."""

    ADAM = "adam"  # Kingma & Ba 2015, at ``rate``
    CONSTANT = "constant"  # ``rate`` times the gradient
    PROGRESS = "progress"  # so far that the objective should rise by ``progress``, at most ``rate`` times the gradient


class Parametrisation(StrEnum):
    """What gradient ascent changes: frequencies or pixels."""

    FREQUENCIES = "frequencies"
    PIXELS = "pixels"


@dataclass(frozen=True)
class MaximiseRecipe:
    """The hyperparameters. Each regulariser is off at 0.

    Of the step: ``steps``, ``policy``, ``rate``, ``progress``, ``parametrisation``, ``decorrelated`` colours;
    ``slope``: frequencies are scaled by 1/f to this power.
    Transformations before each look (a picture that is to excite under all of them has fewer fine ripples):
    ``jitter`` in pixels, ``scale`` (0.1: by 0.9 to 1.1), ``rotation`` in degrees either way.
    ``total_variation``: of the mean absolute difference of neighbouring pixels, of 255 levels; ``contrast``: of the
    mean square distance from the mean colour, of half of 255 levels: both as shares of the objective, and less for
    units that see little (`maximise.WHOLE_BURDEN`), so that a recipe suits any layer. ``diversity``: the same of the
    likeness of pictures made together.
    After each step (Yosinski's): ``decay`` towards the mean; a Gaussian blur of ``blur_radius`` pixels every
    ``blur_every`` steps; pixels below ``small_norm_percentile`` of all norms, or below
    ``small_contribution_percentile`` of all contributions (pixel times gradient), are set to the mean.
    ``noise``: standard deviation of the start's noise, of 255 levels, around the mean.
    ``bfloat16``: the network is computed in that precision while pictures are made: half the time on a processor that
    has it, and pictures that differ a little; what is said of a finished one is float32's.
    Raises ValueError for numbers out of range.
    """

    name: str = "modern"
    steps: int = 96
    policy: Policy = Policy.ADAM
    rate: float = 0.02
    progress: float = 0.0
    parametrisation: Parametrisation = Parametrisation.FREQUENCIES
    decorrelated: bool = True
    slope: float = 1.0
    contrast: float = 4.0
    jitter: int = 8
    scale: float = 0.1
    rotation: float = 5.0
    total_variation: float = 20.0
    diversity: float = 0.0
    decay: float = 0.0
    blur_radius: float = 0.0
    blur_every: int = 0
    small_norm_percentile: float = 0.0
    small_contribution_percentile: float = 0.0
    noise: float = 2.5
    bfloat16: bool = False

    def __post_init__(self) -> None:
        numbers = [value for value in vars(self).values() if isinstance(value, int | float)]
        if not all(math.isfinite(value) and value >= 0 for value in numbers):
            raise ValueError("A recipe's numbers are finite and not negative.")
        if self.steps < 1 or self.rate <= 0:
            raise ValueError("A recipe has at least one step and a rate above 0.")
        if self.scale >= 1 or self.decay >= 1:
            raise ValueError("A recipe's scale and decay are below 1.")
        if max(self.small_norm_percentile, self.small_contribution_percentile) > 100:
            raise ValueError("A recipe's percentiles are at most 100.")
        pixelwise = (self.decay, self.blur_radius, self.small_norm_percentile, self.small_contribution_percentile)
        if self.parametrisation is Parametrisation.FREQUENCIES and any(pixelwise):
            raise ValueError("Decay, blur and clipping act on pixels: choose the parametrisation pixels.")


_PIXELS = MaximiseRecipe(
    "pixels", policy=Policy.CONSTANT, rate=100.0, parametrisation=Parametrisation.PIXELS, decorrelated=False,
    jitter=0, scale=0, rotation=0, total_variation=0, contrast=0, noise=10.0,
)  # fmt: skip
RECIPES = {
    recipe.name: recipe
    for recipe in (
        MaximiseRecipe(),
        replace(_PIXELS, name="yosinski-1", steps=500, policy=Policy.PROGRESS, progress=2.0, blur_radius=0.5,
                blur_every=4, small_norm_percentile=50),
        replace(_PIXELS, name="yosinski-2", steps=750, decay=0.3, small_norm_percentile=20),
        replace(_PIXELS, name="yosinski-3", steps=1000, decay=0.0001, blur_radius=1.0, blur_every=4),
        replace(_PIXELS, name="yosinski-4", steps=1000, policy=Policy.PROGRESS, rate=1e8, progress=2.0,
                blur_radius=0.5, blur_every=4, small_contribution_percentile=90),
    )
}  # fmt: skip
"""By name; yosinski-1 to 4 are the rows of their Table 1, from the top."""


def recipe_called(name: str) -> MaximiseRecipe:
    """ValueError for a name that there is not."""
    if name not in RECIPES:
        raise ValueError(f"There is no recipe {name!r}; there are {', '.join(RECIPES)}.")
    return RECIPES[name]


def recipe_text(recipe: MaximiseRecipe) -> str:
    """The recipe in full: its name, its step, and each regulariser that is on."""
    policy = {
        Policy.ADAM: f"Adam at rate {recipe.rate:g}",
        Policy.CONSTANT: f"gradient steps at rate {recipe.rate:g}",
        Policy.PROGRESS: f"gradient steps for progress {recipe.progress:g}, at rate {recipe.rate:g} at most",
    }[recipe.policy]
    frequencies = recipe.parametrisation is Parametrisation.FREQUENCIES
    colours = "decorrelated" if recipe.decorrelated else "plain"
    what = f"in frequencies (1/f^{recipe.slope:g}) and {colours} colours" if frequencies else "in pixels"
    numbers = {
        "noise": recipe.noise, "jitter": recipe.jitter, "scale": recipe.scale, "rotation": recipe.rotation,
        "total variation": recipe.total_variation, "contrast": recipe.contrast, "diversity": recipe.diversity,
        "decay": recipe.decay, "small norms below percentile": recipe.small_norm_percentile,
        "small contributions below percentile": recipe.small_contribution_percentile,
    }  # fmt: skip
    parts = [f"{name} {value:g}" for name, value in numbers.items() if value]
    if recipe.blur_every and recipe.blur_radius:
        parts.append(f"blur {recipe.blur_radius:g} every {recipe.blur_every} steps")
    if recipe.bfloat16:
        parts.append("computed in bfloat16")
    return f"{recipe.name}: {recipe.steps} steps, {policy}, {what}" + "".join(f", {one}" for one in parts)
