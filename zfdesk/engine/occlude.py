"""Covering parts of the picture the network sees (Section 4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import torch

from zfdesk.engine.blur import gaussian_blur

GREY = 128
BLUR_SIGMA = 12.0  # pixels


class OccluderShape(StrEnum):
    """The outline of an occluder. A square is a rectangle whose sides are kept equal when it is resized."""

    SQUARE = "square"
    RECTANGLE = "rectangle"
    ELLIPSE = "ellipse"


class OccluderFill(StrEnum):
    """What the covered pixels become."""

    GREY = "grey"  # 128, as the paper's pictures show
    MEAN = "mean"  # the mean the network subtracts, in whole steps: its input is at most half a step from zero there
    BLUR = "blur"  # the picture itself, blurred until no object is left
    NOISE = "noise"  # uniform noise, the same at every frame
    BLACK = "black"


@dataclass(frozen=True)
class Occluder:
    """A covered region, in network-input pixels; it may hang over the border.

    Raises ValueError for a height or width below 1, a shape or a fill that does not exist.
    """

    top: int
    left: int
    height: int = 50
    width: int = 50
    shape: OccluderShape = OccluderShape.SQUARE
    fill: OccluderFill = OccluderFill.GREY

    def __post_init__(self) -> None:
        object.__setattr__(self, "shape", OccluderShape(self.shape))
        object.__setattr__(self, "fill", OccluderFill(self.fill))
        if self.height < 1 or self.width < 1:
            raise ValueError(f"An occluder must be at least 1 × 1 pixel, not {self.height} × {self.width}.")

    def mask(self, height: int, width: int) -> np.ndarray:
        """bool (height, width): the covered pixels of a picture of that size."""
        mask = np.zeros((height, width), bool)
        rows = slice(max(self.top, 0), max(self.top + self.height, 0))
        columns = slice(max(self.left, 0), max(self.left + self.width, 0))
        if self.shape is not OccluderShape.ELLIPSE:
            mask[rows, columns] = True
            return mask
        # a pixel is covered when its centre lies inside the ellipse
        y = (np.arange(height) + 0.5 - self.top - self.height / 2) / (self.height / 2)
        x = (np.arange(width) + 0.5 - self.left - self.width / 2) / (self.width / 2)
        return y[:, None] ** 2 + x[None, :] ** 2 <= 1


def occlude(
    picture: np.ndarray, occluders: Iterable[Occluder], mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
) -> np.ndarray:
    """The picture with the occluders drawn over it, later ones on top.

    picture: uint8 (height, width, 3) RGB, not changed. ``mean``: RGB, 0–255, for the mean fill.
    Returns uint8 of the same shape, read-only; the picture itself when there are no occluders.
    """
    occluders = tuple(occluders)
    if not occluders:
        return picture
    out = picture.copy()
    for occluder in occluders:
        mask = occluder.mask(*picture.shape[:2])
        match occluder.fill:
            case OccluderFill.GREY:
                out[mask] = GREY
            case OccluderFill.MEAN:
                out[mask] = np.round(mean).astype(np.uint8)
            case OccluderFill.BLACK:
                out[mask] = 0
            case OccluderFill.NOISE:
                out[mask] = np.random.default_rng(0).integers(0, 256, picture.shape, np.uint8)[mask]
            case OccluderFill.BLUR:
                out[mask] = blurred_picture(picture)[mask]
    out.setflags(write=False)
    return out


def blurred_picture(picture: np.ndarray, sigma: float = BLUR_SIGMA) -> np.ndarray:
    """A uint8 (height, width, 3) picture, blurred as `gaussian_blur` does, uint8 again; sigma in pixels."""
    maps = gaussian_blur(torch.from_numpy(picture.astype(np.float32)).permute(2, 0, 1), sigma)
    return maps.permute(1, 2, 0).round().clamp(0, 255).to(torch.uint8).numpy()
