"""What every way of making a picture has in common: it goes step by step, shows where it is, and can be left.

A maker is an iterator of `Sketch`: take the next one to go on, leave it to pause, drop it to cancel; the last sketch
stays a picture, marked as unfinished. Steps that lead to values that are no numbers are taken back and halved.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine import Model
from zfdesk.engine.differentiable import Differentiable

_HALVINGS = 12
_COPIES = 4
"""How often a step holds each layer's values: as they are, rectified, their gradient, and on the way between."""


@dataclass(frozen=True, eq=False)
class Sketch:
    """Where a maker is. ``pictures``: uint8 (N, height, width, 3) RGB, read-only; ``values`` (N,): how well each does,
    by the maker's own measure, in float64. ``notes``: what the user should know, a sentence each."""

    step: int
    steps: int
    pictures: np.ndarray
    values: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def finished(self) -> bool:
        """Whether all steps are done."""
        return self.step >= self.steps


@dataclass
class GradientStepper:
    """Gradient steps on one parameter, a tensor of any shape, downhill. ``steps_taken``: how many so far.

    Adam (Kingma & Ba 2015) with its usual constants, by hand, because a step can be taken back. ``notes``: what the
    user should know, a sentence each. Gradients are (N, …) as the parameter is.
    """

    parameter: Tensor
    rate: float
    notes: list[str] = field(default_factory=list)
    steps_taken: int = 0

    def __post_init__(self) -> None:
        self._mean = torch.zeros_like(self.parameter)
        self._square = torch.zeros_like(self.parameter)
        self._good = self.parameter.detach().clone()
        self._halvings = 0

    def sound(self, gradient: Tensor, value: Tensor) -> bool:
        """Whether a gradient, shaped as the parameter, and the values (N,) are numbers.

        If not, the parameter goes back to where they were, and steps are half as long from now on. Raises
        ArithmeticError when halving does not help.
        """
        if bool(gradient.isfinite().all()) and bool(value.isfinite().all()):
            with torch.no_grad():
                self._good.copy_(self.parameter)
            return True
        self._halvings += 1
        if self._halvings > _HALVINGS:
            raise ArithmeticError("The values stay no numbers however small the steps are: no picture can be made so.")
        self.rate /= 2
        halved = f"From step {self.steps_taken} on values were no numbers; the step was reduced to {self.rate:.3g}."
        self.notes[:] = [note for note in self.notes if "were no numbers" not in note] + [halved]
        with torch.no_grad():
            self.parameter.copy_(self._good)
            self._mean.zero_()
            self._square.zero_()
        return False

    def adam(self, gradient: Tensor) -> None:
        """One step of Adam down the gradient, which is shaped as the parameter."""
        self.steps_taken += 1
        self._mean.mul_(0.9).add_(gradient, alpha=0.1)
        self._square.mul_(0.999).addcmul_(gradient, gradient, value=0.001)
        mean = self._mean / (1 - 0.9**self.steps_taken)
        root = (self._square / (1 - 0.999**self.steps_taken)).sqrt_().add_(1e-8)
        with torch.no_grad():
            self.parameter.addcdiv_(mean, root, value=-self.rate)

    def along(self, gradient: Tensor, rate: Tensor | float) -> None:
        """One step down the gradient, ``rate`` times as long; a rate for each picture is (N, 1, 1, 1)."""
        self.steps_taken += 1
        with torch.no_grad():
            self.parameter.sub_(gradient * rate)


def check_memory(network: Differentiable, count: int = 1) -> None:
    """Raise ValueError where a step on ``count`` pictures needs more memory than is free."""
    import psutil

    values = 0
    for layer, (top, left, bottom, right) in network.windows.items():
        values += network.shapes[layer][0] * (bottom - top) * (right - left)
    needed, free = 4 * _COPIES * count * values, int(psutil.virtual_memory().available)
    if needed > free:
        height, width = network.input_shape
        what = f"{count} pictures" if count > 1 else "a picture"
        raise ValueError(
            f"A step on {what} of {height} × {width} pixels takes {needed / 1e9:.1f} GB of memory, and "
            f"{free / 1e9:.1f} GB are free: make fewer, or smaller ones."
        )


def normaliser(model: Model, dtype: torch.dtype = torch.float32) -> Callable[[Tensor], Tensor]:
    """Takes RGB pictures (N, 3, height, width) from 0 to 255 to what the network expects."""
    mean = torch.tensor(model.input.mean, dtype=dtype)[:, None, None]
    std = torch.tensor(model.input.std, dtype=dtype)[:, None, None]
    flipped = model.input.order == "BGR"

    def normalised(pictures: Tensor) -> Tensor:
        x = (pictures - mean) / std
        return x.flip(1) if flipped else x

    return normalised


def as_pictures(values: Tensor) -> np.ndarray:
    """RGB (N, 3, height, width) from 0 to 255 → uint8 (N, height, width, 3), read-only."""
    array = values.detach().clamp(0, 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    array.setflags(write=False)
    return array


def as_tensor(picture: np.ndarray, dtype: torch.dtype = torch.float32) -> Tensor:
    """uint8 (N, height, width, 3), or one, → (N, 3, height, width), 0 to 255. Raises ValueError on other arrays."""
    batch = picture[None] if picture.ndim == 3 else picture
    if batch.ndim != 4 or batch.shape[3] != 3 or batch.dtype != np.uint8 or 0 in batch.shape:
        raise ValueError(f"A picture must be uint8 (height, width, 3), not {picture.dtype} {picture.shape}.")
    return torch.from_numpy(np.array(batch)).to(dtype).permute(0, 3, 1, 2)


def no_larger(picture: np.ndarray, side: int) -> np.ndarray:
    """A uint8 (height, width, 3) picture, made smaller where its longest side is above ``side`` pixels."""
    height, width = picture.shape[:2]
    if max(height, width) <= side:
        return picture
    share = side / max(height, width)
    size = max(round(height * share), 1), max(round(width * share), 1)
    return np.array(as_pictures(F.interpolate(as_tensor(picture), size, mode="bilinear", antialias=True))[0])
