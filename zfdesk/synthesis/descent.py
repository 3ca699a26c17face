"""Pictures that go downhill on a loss with Adam, in frequencies: what inversion, texture and style share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from zfdesk.synthesis.parametrisation import FourierParametrisation
from zfdesk.synthesis.steps import GradientStepper, Sketch, as_pictures

LARGEST_SIDE = 1024
"""Of a picture that is made. Above, the layers' values of a step take gigabytes."""


def check_side(height: int, width: int) -> None:
    """Raise ValueError for a picture that is too large to be made or looked at; sides in pixels."""
    if max(height, width) > LARGEST_SIDE:
        raise ValueError(f"A picture of {height} × {width} is too large; {LARGEST_SIDE} is the most.")


Loss = Callable[[Tensor], tuple[Tensor, Tensor]]
"""Pictures (N, 3, height, width), RGB 0 to 255 → the loss, a number, and the value that is shown of each, (N,)."""


class Descent:
    """A step object: `step` once, look at `sketch` whenever wanted.

    start: (N, 3, height, width), RGB 0 to 255. ``steps``: how many there are to take, ``rate``: Adam's. Raises
    ValueError for no step, a rate that is not above 0, or a picture that is too large.
    """

    def __init__(self, start: Tensor, loss: Loss, steps: int, rate: float) -> None:
        if steps < 1 or not rate > 0:
            raise ValueError("A picture is made in at least one step, of a rate above 0.")
        check_side(start.shape[2], start.shape[3])
        self.steps, self.steps_taken = steps, 0
        self._loss = loss
        self._canvas = FourierParametrisation(start)
        self._stepper = GradientStepper(self._canvas.parameter, rate)
        self._values = torch.full((len(start),), float("nan"))

    def step(self) -> None:
        """One step. Raises ArithmeticError when no step helps against values that are no numbers."""
        loss, values = self._loss(self._canvas.pictures())
        (gradient,) = torch.autograd.grad(loss, self._canvas.parameter)
        if self._stepper.sound(gradient, values):
            self._values = values.detach()
            self._stepper.adam(gradient)
        self.steps_taken += 1

    def sketch(self) -> Sketch:
        """The pictures and their values, after the steps taken so far."""
        with torch.no_grad():
            pictures = as_pictures(self._canvas.pictures())
        values: np.ndarray = self._values.double().numpy()
        return Sketch(self.steps_taken, self.steps, pictures, values, tuple(self._stepper.notes))

    def sketches(self, every: int) -> Iterator[Sketch]:
        """Step to the end, with a sketch every few steps and a last one."""
        while self.steps_taken < self.steps:
            self.step()
            if self.steps_taken % every == 0 or self.steps_taken == self.steps:
                yield self.sketch()


def noise_about(mean: tuple[float, float, float], size: tuple[int, int], seed: int, levels: float = 8.0) -> Tensor:
    """A picture to start from: the mean with a little white noise, (1, 3, height, width).

    mean: RGB, 0 to 255. size: (height, width). levels: the noise's standard deviation, of 255.
    """
    generator = torch.Generator().manual_seed(seed)
    return torch.tensor(mean)[None, :, None, None] + levels * torch.randn(1, 3, *size, generator=generator)
