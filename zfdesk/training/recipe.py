"""Recipes: everything that decides how a network is trained, declared in one frozen value each.

``paper`` is Section 3 of Zeiler & Fergus 2013, but for what `PAPER` says; ``modern`` is what trains the same network
best in little time. What a recipe leaves to chance follows from the seed alone.
"""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from types import MappingProxyType

from zfdesk.training.errors import TrainingError

_CHOICES = {
    "optimiser": ("sgd", "adamw"),
    "schedule": ("plateau", "cosine", "hold-decay", "constant"),
    "initial": ("gauss", "he"),
    "view": ("ten", "scaled", "whole"),
    "embedding_loss": ("cosine", "mse"),
    "precision": ("auto", "float32", "bfloat16"),
}


@dataclass(frozen=True)
class TrainRecipe:
    """How a network is trained; every field can be set on the command line with ``--set FIELD=VALUE``."""

    name: str
    epochs: int = 70
    batch: int = 128
    """Pictures in a step, over all processes together."""

    # the steps
    optimiser: str = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    """Of SGD; the first moment's factor of AdamW."""
    nesterov: bool = False
    weight_decay: float = 0.0
    """Of weights, never of biases or of batch norm's scale and shift."""
    gradient_limit: float = 0.0
    """Longest gradient: a longer one is scaled back to this length; 0 for none."""
    schedule: str = "plateau"
    """plateau: divided by ten when validation no longer gets better; cosine: down to nothing at the end; hold-decay:
    held, then straight down over the last third; constant."""
    patience: int = 3
    """Epochs without a better validation before ``plateau`` lowers the rate."""
    warm_up: float = 0.0
    """Share of all steps over which the rate rises from nothing."""
    ema: float = 0.0
    """Decay of the running mean of the weights, a step; the network that is kept has these. 0 for none."""

    # the network
    initial: str = "gauss"
    """gauss: normal with deviation 0.01 (our reading of the paper's "all weights 0.01"); he: normal with deviation
    √(2 / inputs)."""
    dropout: float = 0.5
    """Share of fc6's and fc7's units left out at each step."""
    batch_norm: bool = False
    """While training, on all convolutions and hidden fully connected layers; folded into plain ones at export."""
    rms_limit: float = 0.0
    """Filters of convolutions with a larger root mean square are scaled back to it (input ±128); 0 for none."""
    precision: str = "auto"
    """auto: products in bfloat16 on CUDA and on processors that have them in hardware, else float32; sums and weights
    are float32 everywhere."""

    # the pictures
    view: str = "scaled"
    """ten: one of the paper's ten crops (shortest side 256; corners, centre, flips); scaled: a random part of between
    ``smallest_part`` and all of the picture; whole: the central square. Stored answers are for ``whole``."""
    smallest_part: float = 0.35
    flip: bool = True
    jitter: float = 0.0
    """Largest relative change of brightness, contrast and saturation."""
    shift: float = 0.0
    """Furthest that a view is moved up, down or aside, as a share of its side; what comes in is a reflection."""
    sides: tuple[int, ...] = ()
    """Sides of the input in pixels, one after another, each for an equal share of the computing; () for the
    declared."""

    # what is learned
    label_weight: float = 1.0
    """Of labels, hard or soft, of pictures that no teacher answered to."""
    taught_label_weight: float = 0.0
    """Of the labels of pictures that a teacher answered to as well."""
    label_smoothing: float = 0.0
    """Where there are only hard labels."""
    soft_weight: float = 0.0
    """Of the divergence from the teacher's probabilities."""
    temperature: float = 1.0
    embedding_weight: float = 0.0
    """Of the distance of a linear map of the last hidden layer from the teacher's embedding."""
    embedding_loss: str = "cosine"
    density_weight: float = 0.0
    """Of the density of the last convolution's maps, see `zfdesk.training.losses.density`; 0 for no such penalty."""

    def __post_init__(self) -> None:
        for field, choices in _CHOICES.items():
            if getattr(self, field) not in choices:
                raise TrainingError(f"{field} must be one of {', '.join(choices)}, not {getattr(self, field)!r}.")
        for field, least in (("epochs", 1), ("batch", 1), ("patience", 1)):
            if getattr(self, field) < least:
                raise TrainingError(f"{field} must be at least {least}, not {getattr(self, field)}.")
        shares = ("momentum", "warm_up", "ema", "dropout", "jitter", "label_smoothing")
        for field in shares:
            if not 0 <= getattr(self, field) < 1:
                raise TrainingError(f"{field} must be from 0 up to, but not, 1; it is {getattr(self, field):g}.")
        if not 0 <= self.shift < 0.5:
            raise TrainingError(f"shift must be from 0 to below 0.5, not {self.shift:g}.")
        if not 0 < self.smallest_part <= 1:
            raise TrainingError(f"smallest_part must be above 0 and at most 1, not {self.smallest_part:g}.")
        positive = ("learning_rate", "temperature")
        for field in positive:
            if not 0 < getattr(self, field) < 1e6:
                raise TrainingError(
                    f"{field} must be a finite number above 0 and below a million, not {getattr(self, field):g}."
                )
        weights = (
            "weight_decay", "gradient_limit", "rms_limit", "label_weight", "taught_label_weight", "soft_weight",
            "embedding_weight", "density_weight",
        )  # fmt: skip
        for field in weights:
            if not 0 <= getattr(self, field) < 1e6:
                raise TrainingError(
                    f"{field} must be a finite number, at least 0 and below a million, not {getattr(self, field):g}."
                )
        if not self.label_weight + self.soft_weight + self.embedding_weight:
            raise TrainingError("Nothing would be learned: the weights of labels, answers and embedding are all 0.")
        if any(not 16 <= side <= 1024 for side in self.sides):
            raise TrainingError(f"sides are from 16 to 1024 pixels, not {', '.join(map(str, self.sides))}.")


PAPER = TrainRecipe(
    "paper", epochs=70, batch=128, optimiser="sgd", learning_rate=0.01, momentum=0.9, schedule="plateau",
    initial="gauss", dropout=0.5, rms_limit=0.1, view="ten", precision="float32",
)  # fmt: skip
"""Section 3, but for the mean: the paper subtracts one for each pixel, we the three of the channels, as the engine's
input does. The paper lowered the rate by hand when validation stood still; here that is done by rule."""

MODERN = TrainRecipe(
    "modern", epochs=30, batch=128, optimiser="sgd", learning_rate=0.05, momentum=0.9, nesterov=True,
    weight_decay=5e-5, gradient_limit=5.0, schedule="cosine", warm_up=0.02, ema=0.999, initial="he", dropout=0.1,
    batch_norm=True, view="scaled", jitter=0.2, sides=(128, 160, 192, 224), label_smoothing=0.1, soft_weight=1.0,
    temperature=1.0, embedding_weight=1.0,
)  # fmt: skip
"""Batch norm, a teacher where there is one, small pictures first, the running mean of the weights."""

RECIPES = MappingProxyType({recipe.name: recipe for recipe in (PAPER, MODERN)})
"""The declared recipes by name."""


def changed(recipe: TrainRecipe, settings: dict[str, str]) -> TrainRecipe:
    """A recipe with fields set from texts, as the command line gives them. Raises TrainingError in a sentence."""
    kinds = typing.get_type_hints(TrainRecipe)
    values: dict[str, typing.Any] = {}
    for field, text in settings.items():
        if field not in kinds or field == "name":
            known = ", ".join(sorted(kinds.keys() - {"name"}))
            raise TrainingError(f"A recipe has no field {field!r}; it has {known}.")
        values[field] = _value(field, kinds[field], text)
    return dataclasses.replace(recipe, **values)


def _value(field: str, kind: type, text: str) -> object:
    try:
        if kind is bool:
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
        if kind is int or kind is float:
            return kind(text)
        if kind is str:
            return text
        return tuple(int(part) for part in text.split(",") if part)
    except (ValueError, KeyError):
        allowed = {bool: "yes or no", int: "a whole number", float: "a number"}.get(kind, "whole numbers with commas")
        raise TrainingError(f"{field} must be {allowed}, not {text!r}.") from None


def as_json(recipe: TrainRecipe) -> dict[str, object]:
    """Every field; tuples as lists."""
    return {
        key: list(value) if isinstance(value, tuple) else value for key, value in dataclasses.asdict(recipe).items()
    }


def from_json(data: dict[str, typing.Any]) -> TrainRecipe:
    """The recipe that `as_json` gave. Raises TrainingError where it is none."""
    kinds = typing.get_type_hints(TrainRecipe)
    if set(data) != set(kinds):
        odd = sorted(set(data) ^ set(kinds))
        raise TrainingError(f"The stored recipe does not fit this version of zfdesk ({', '.join(odd)}).")
    values: dict[str, typing.Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in data.items()
    }
    for key, value in values.items():
        kind = typing.get_origin(kinds[key]) or kinds[key]
        fits = isinstance(value, int | float if kind is float else kind)
        if not fits:
            raise TrainingError(f"The stored recipe is damaged: {key} is {value!r}.")
    return TrainRecipe(**values)
