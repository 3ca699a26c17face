"""From a frame of any size to the square picture the network sees, and from that to its input tensor."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Box = tuple[float, float, float, float]  # left, top, right, bottom in frame pixels


@dataclass(frozen=True)
class InputSpec:
    """What a network's weights expect: (picture - mean) / std with the picture in 0–255, channels in ``order``.

    ``mean`` and ``std`` are in RGB order. ``resize`` is the side the shortest edge was brought to before the
    central crop when the weights were trained; it fixes how much of a frame the standard centre crop takes.
    """

    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    order: str = "RGB"
    resize: int = 256

    def __post_init__(self) -> None:
        if self.order not in ("RGB", "BGR"):
            raise ValueError(f"The channel order {self.order!r} is neither RGB nor BGR.")
        if min(self.std) <= 0 or not np.isfinite([*self.mean, *self.std]).all():
            raise ValueError("The input's mean and std must be finite and std positive.")

    def to_tensor(self, pictures: np.ndarray) -> Tensor:
        """uint8 (N, height, width, 3) RGB → float32 (N, 3, height, width), channels-last in memory."""
        x = torch.from_numpy(np.array(pictures, dtype=np.float32))
        x = (x - torch.tensor(self.mean)).div_(torch.tensor(self.std))
        if self.order == "BGR":
            x = x.flip(-1)
        return x.permute(0, 3, 1, 2)

    def to_rgb(self, values: Tensor) -> Tensor:
        """Channels of a (3, height, width) array in the network's order → RGB."""
        return values if self.order == "RGB" else values.flip(0)


def centre_box(height: int, width: int, share: float = 224 / 256) -> Box:
    """The standard central crop of a frame: a square of ``share`` of its shortest side, in frame pixels."""
    side = share * min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return left, top, left + side, top + side


def crop(frame: np.ndarray, box: Box, size: int = 224) -> np.ndarray:
    """Cut ``box`` out of a frame and scale it to ``size`` × ``size``, antialiased bilinear.

    frame: uint8 (height, width, 3) RGB. Where the box hangs over the frame the picture is mid-grey (128).
    A box that is not square is stretched. Returns uint8 (size, size, 3), read-only.
    Raises ValueError on a box without area or a frame that is not an RGB picture.
    """
    if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8 or 0 in frame.shape:
        raise ValueError(f"A frame must be uint8 (height, width, 3), not {frame.dtype} {frame.shape}.")
    left, top, right, bottom = box
    if not (right - left >= 1 and bottom - top >= 1):
        raise ValueError(f"The crop {box} is smaller than a pixel.")
    height, width = frame.shape[:2]
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(right, width), min(bottom, height)
    out = np.full((size, size, 3), 128, np.uint8)
    if x1 - x0 < 1 or y1 - y0 < 1:
        return _frozen(out)
    scale_x, scale_y = size / (right - left), size / (bottom - top)
    # where the visible part of the box lies in the output, in whole pixels
    u0, v0 = round((x0 - left) * scale_x), round((y0 - top) * scale_y)
    u1, v1 = max(round((x1 - left) * scale_x), u0 + 1), max(round((y1 - top) * scale_y), v0 + 1)
    part = frame[int(y0) : max(round(y1), int(y0) + 1), int(x0) : max(round(x1), int(x0) + 1)]
    out[v0:v1, u0:u1] = _resize(part, v1 - v0, u1 - u0)[: size - v0, : size - u0]
    return _frozen(out)


def centre_crop(frame: np.ndarray, size: int = 224, resize: int = 256) -> np.ndarray:
    """The standard central crop of a uint8 (height, width, 3) picture, as uint8 (size, size, 3)."""
    return crop(frame, centre_box(*frame.shape[:2], share=size / resize), size)


def _resize(part: np.ndarray, height: int, width: int) -> np.ndarray:
    # (1, 3, h, w) over channels-last memory: torch's own uint8 path, the one torchvision uses
    copied = part if part.flags.writeable and part.flags.c_contiguous else np.array(part)
    x = torch.from_numpy(copied).permute(2, 0, 1)[None]
    y = F.interpolate(x, (height, width), mode="bilinear", antialias=True, align_corners=False)
    return y[0].permute(1, 2, 0).numpy()


def _frozen(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
