"""From a frame of any size to the square picture the network sees, and from that to its input tensor."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine.layers import ReceptiveField

CropBox = tuple[float, float, float, float]
"""left, top, right, bottom in frame pixels: as in Pillow, where a layer's windows are top, left, bottom, right."""


@dataclass(frozen=True)
class InputSpec:
    """What a network's weights expect: (picture - mean) / std with the picture in 0–255, channels in ``order``.

    ``mean`` and ``std`` are in RGB order, ``order`` is "RGB" or "BGR". ``resize`` is the side in pixels the shortest
    edge was brought to before the central crop when the weights were trained; it fixes how much of a frame the standard
    centre crop takes. Raises ValueError for numbers that cannot be.
    """

    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    order: str = "RGB"
    resize: int = 256

    def __post_init__(self) -> None:
        if self.order not in ("RGB", "BGR"):
            raise ValueError(f"The channel order {self.order!r} is neither RGB nor BGR.")
        if len(self.mean) != 3 or len(self.std) != 3:
            raise ValueError("The input's mean and std must be three numbers each.")
        if self.resize < 1:
            raise ValueError(f"The input's resize must be a positive number of pixels, not {self.resize}.")
        if min(self.std) <= 0 or not np.isfinite([*self.mean, *self.std]).all():
            raise ValueError("The input's mean and std must be finite and std positive.")

    @property
    def divisor(self) -> tuple[float, float, float] | None:
        """``std`` where it is not 1 in all colours, else None: one unit of the input is so many levels of 255."""
        return None if self.std == (1.0, 1.0, 1.0) else self.std

    def to_tensor(self, pictures: np.ndarray) -> Tensor:
        """uint8 (N, height, width, 3) RGB → float32 (N, 3, height, width), channels-last in memory."""
        n, height, width, _ = pictures.shape
        # whole rows of pixels: to add three numbers at a time takes ten times as long
        lines = torch.from_numpy(np.array(pictures, order="C")).view(n * height, width * 3)
        mean, std = (torch.tensor(each, dtype=torch.float32).repeat(width) for each in (self.mean, self.std))
        x = (lines - mean).float().div_(std).view(n, height, width, 3)
        if self.order == "BGR":
            x = x.flip(-1)
        return x.permute(0, 3, 1, 2)

    def to_pictures(self, values: Tensor) -> np.ndarray:
        """The way back of `to_tensor`: (N, 3, height, width) → uint8 (N, height, width, 3) RGB."""
        rgb = values if self.order == "RGB" else values.flip(1)
        pictures = rgb.permute(0, 2, 3, 1).double() * torch.tensor(self.std) + torch.tensor(self.mean)
        return pictures.clamp(0, 255).round().to(torch.uint8).contiguous().numpy()

    def to_rgb(self, values: Tensor) -> Tensor:
        """Channels of a (3, height, width) tensor in the network's order → RGB, the same shape."""
        return values if self.order == "RGB" else values.flip(0)


def centre_box(height: int, width: int, share: float = 224 / 256) -> CropBox:
    """The standard central crop of a frame, in frame pixels: a square of ``share`` of its shortest side (Section 3: the
    centre 224 of 256)."""
    side = share * min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def crop(frame: np.ndarray, box: CropBox, size: int = 224) -> np.ndarray:
    """Cut ``box`` out of a frame and scale it to ``size`` × ``size``, antialiased bilinear.

    frame: uint8 (height, width, 3) RGB. The box may lie between pixels, so that a dragged crop moves smoothly; the
    result is that of Pillow's ``resize(box=…, BILINEAR)`` to ±1. Where the box hangs over the frame the picture is
    mid-grey (128), in the exact share of each pixel. A box that is not square is stretched.
    Returns uint8 (size, size, 3), read-only.
    Raises ValueError on a box smaller than a pixel or not finite, or a frame that is not an RGB picture.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or 0 in frame.shape:
        raise ValueError(f"A frame must be uint8 (height, width, 3), not {frame.dtype} {frame.shape}.")
    left, top, right, bottom = (float(edge) for edge in box)
    if not np.isfinite([left, top, right, bottom]).all():
        raise ValueError(f"The crop {box} is not made of finite numbers.")
    if not (right - left >= 1 and bottom - top >= 1):
        raise ValueError(f"The crop {box} is smaller than a pixel.")
    height, width = frame.shape[:2]
    rows, columns = _taps(top, bottom, height, size), _taps(left, right, width, size)
    part = frame[rows.first : rows.last + 1, columns.first : columns.last + 1].astype(np.float32, order="C")
    # down the columns, then along the rows: each result row is a weighted sum of a few source rows
    x = rows.sum_of(torch.from_numpy(part).view(part.shape[0], -1))
    x = x.view(size, -1, 3).transpose(0, 1).reshape(part.shape[1], -1)
    x = columns.sum_of(x).view(size, size, 3).transpose(0, 1)
    if not (rows.inside and columns.inside):
        x = x + 128 * (1 - rows.cover[:, None, None] * columns.cover[None, :, None])
    return _frozen((x + 0.5).to(torch.uint8).contiguous().numpy())


def centre_crop(frame: np.ndarray, size: int = 224, resize: int = 256) -> np.ndarray:
    """The standard central crop of a uint8 (height, width, 3) RGB picture, as uint8 (size, size, 3).

    The shortest side becomes ``resize`` pixels, of which the middle ``size`` are kept. Raises ValueError as `crop`.
    """
    height, width = frame.shape[:2]
    return crop(frame, centre_box(height, width, size / resize), size)


def cut_field(picture: np.ndarray, field: ReceptiveField, position: tuple[int, int], ground: float = 0) -> np.ndarray:
    """What the unit at a position (y, x) sees of a (size, size, 3) picture: (side, side, 3) of the same type.

    side: the receptive field's, or the picture's where that is smaller; then it is the whole picture. What lies beyond
    the picture is ``ground``.
    """
    size = len(picture)
    side = min(field.size, size)
    out = np.full((side, side, 3), ground, picture.dtype)
    top, left = field.box(*position)[:2] if field.size == side else (0, 0)
    end = field.reach or size
    y0, y1, x0, x1 = max(top, 0), min(top + side, end), max(left, 0), min(left + side, end)
    if y0 < y1 and x0 < x1:
        out[y0 - top : y1 - top, x0 - left : x1 - left] = picture[y0:y1, x0:x1]
    return out


@dataclass(frozen=True, eq=False)
class _Taps:
    """How each of ``size`` result pixels along one axis is made of source pixels ``first`` to ``last``.

    ``index``: (size, taps) from ``first`` on. ``weight``: (size, taps), each row sums to its ``cover``, the share of
    the result pixel that lies on the frame. ``inside``: every cover is 1.
    """

    first: int
    last: int
    index: Tensor
    weight: Tensor
    cover: Tensor
    inside: bool

    def sum_of(self, lines: Tensor) -> Tensor:
        """The weighted sums of lines ``first`` to ``last``: (lines, n) → (size, n)."""
        return F.embedding_bag(self.index, lines, per_sample_weights=self.weight, mode="sum")


@lru_cache(maxsize=64)
def _taps(begin: float, end: float, length: int, size: int) -> _Taps:
    """The triangle filter that takes ``begin`` … ``end`` of a line of ``length`` pixels to ``size`` pixels."""
    step = (end - begin) / size
    reach = max(step, 1.0)
    centres = begin + (np.arange(size) + 0.5) * step
    count = min(int(np.ceil(2 * reach)) + 1, length)
    first = np.clip(np.floor(centres - reach + 0.5), 0, length - count).astype(np.int64)
    index = first[:, None] + np.arange(count)
    weight = np.maximum(1 - np.abs(index + 0.5 - centres[:, None]) / reach, 0)
    cover = np.diff(np.clip(begin + np.arange(size + 1) * step, 0, length)) / step
    total = weight.sum(1)
    weight *= np.divide(cover, total, out=np.zeros(size), where=total > 0)[:, None]
    low, high = int(index.min()), int(index.max())
    return _Taps(
        low,
        high,
        torch.from_numpy(index - low),
        torch.from_numpy(weight.astype(np.float32)),
        torch.from_numpy(cover.astype(np.float32)),
        bool(begin >= 0 and end <= length),
    )


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
