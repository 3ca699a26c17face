"""From arrays to 8-bit pictures: the mosaic of feature maps, thumbnails, reconstructions."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from zfdesk.engine import Reconstruction
from zfdesk.engine.blur import gaussian_blur
from zfdesk.live.result import Rendered
from zfdesk.live.view import MapsDisplay, Normalise, Style

TINY = 1e-12
BLUR_SIGMA = 4.0  # pixels, of the blurred norm


def grid_columns(count: int, tile: tuple[int, int], aspect: float) -> int:
    """How many columns make ``count`` tiles fill an area of that aspect (width over height) with the largest tiles."""
    count = max(count, 1)
    ideal = math.sqrt(count * max(aspect, 0.05) * tile[0] / tile[1])
    # whole columns next to the ideal, and the fewest columns that whole rows next to the ideal need
    rows = {max(math.floor(count / ideal), 1), math.ceil(count / ideal)}
    candidates = {math.floor(ideal), math.ceil(ideal), *(math.ceil(count / row) for row in rows)}
    candidates = {min(max(columns, 1), count) for columns in candidates}

    def scale(columns: int) -> float:
        return min(aspect / (columns * tile[1]), 1 / (math.ceil(count / columns) * tile[0]))

    return max(sorted(candidates), key=scale)


def levels(values: Tensor, display: MapsDisplay, signed: bool) -> tuple[Tensor, float, float]:
    """Maps (units, height, width) → uint8 levels 1 to 255, and the range they span (nan: each unit its own).

    Zero lies at level 1, or at 128 when ``signed``.
    """
    low = high = math.nan
    if display.normalise is Normalise.LOCKED:
        low, high = display.locked
        limit = max(abs(low), abs(high), TINY) if signed else max(high, TINY)
        scale: Tensor | float = 1 / limit
    elif display.normalise is Normalise.LAYER:
        limit = max(float(values.abs().max()), TINY)
        scale = 1 / limit
    else:
        limit = math.nan
        scale = 1 / values.abs().amax((1, 2), keepdim=True).clamp_min(TINY)
    if not math.isnan(limit):
        low, high = (-limit if signed else 0.0) / display.boost, limit / display.boost
    share = values * (scale * display.boost)
    share = share.clamp_(-1, 1) if signed else share.clamp_(0, 1)
    if display.gamma != 1:
        share = share.sign() * share.abs() ** display.gamma if signed else share.pow_(display.gamma)
    out = share.mul_(127).add_(128.5) if signed else share.mul_(254).add_(1.5)
    return out.to(torch.uint8), low, high


def tile_mosaic(maps: Tensor, columns: int, gap: int) -> np.ndarray:
    """uint8 maps (units, height, width) → one uint8 picture, row by row; gaps and missing tiles are 0."""
    count, height, width = maps.shape
    rows = math.ceil(count / columns)
    sheet = torch.zeros(rows * columns, height + gap, width + gap, dtype=torch.uint8)
    sheet[:count, :height, :width] = maps
    sheet = sheet.view(rows, columns, height + gap, width + gap).permute(0, 2, 1, 3)
    return frozen(sheet.reshape(rows * (height + gap), columns * (width + gap)).numpy())


def thumbnail(activation: Tensor, side: int = 32) -> np.ndarray:
    """A layer's activation (channels, height, width) as a small uint8 picture: the mean size over its channels.

    Of a large map positions at equal distances are taken. A vector of units is laid out as a near-square, unit 0 at
    the top left.
    """
    channels, height, width = activation.shape
    if height * width == 1:
        across = math.ceil(math.sqrt(channels))
        flat = F.pad(activation.reshape(-1).abs(), (0, across * across - channels)).view(1, 1, across, across)
        picture = flat if across <= side else F.adaptive_max_pool2d(flat, side)
    else:
        step = max(height // side, 1)
        sampled = activation[:, step // 2 :: step, step // 2 :: step].permute(1, 2, 0)
        rows = sampled.reshape(-1, channels).abs()
        picture = torch.mv(rows, rows.new_full((channels,), 1 / channels)).view(1, 1, *sampled.shape[:2])
    shades = picture[0, 0].numpy()
    return frozen((shades * (255 / max(float(shades.max()), TINY))).astype(np.uint8))


def render(reconstruction: Reconstruction, style: Style) -> Rendered:
    """A reconstruction (height, width, 3) as a picture. Zero is mid-grey, black for the norms; the contrast is
    stretched so that the largest absolute value just reaches the end of the range, and the factor is kept."""
    shown = style_values(reconstruction.values, style)
    return _stretched(reconstruction, shown, style, _reach(shown))


def render_alike(one: Reconstruction, other: Reconstruction, style: Style) -> tuple[Rendered, Rendered]:
    """Two reconstructions, both stretched by the factor that suits the larger."""
    shown, beside = style_values(one.values, style), style_values(other.values, style)
    limit = max(_reach(shown), _reach(beside))
    return _stretched(one, shown, style, limit), _stretched(other, beside, style, limit)


def _reach(shown: np.ndarray) -> float:
    return max(float(shown.max()), -float(shown.min()), TINY)


def _stretched(reconstruction: Reconstruction, shown: np.ndarray, style: Style, limit: float) -> Rendered:
    norm = style in (Style.NORM, Style.BLURRED)
    low, stretch, zero = (0.0, 255 / limit, 0.0) if norm else (-limit, 127 / limit, 128.5)
    image = (shown * stretch + zero).astype(np.uint8)
    image = image if image.ndim == 3 else np.repeat(image[:, :, None], 3, axis=2)
    return Rendered(reconstruction, frozen(image), low, limit, stretch)


def style_values(values: np.ndarray, style: Style) -> np.ndarray:
    """What a style shows of a reconstruction (height, width, 3): that itself, or one value a pixel (height, width)."""
    if style is Style.RAW:
        return values
    if style is Style.GRAY:
        result: np.ndarray = values.mean(2)
        return result
    norm = np.sqrt(np.einsum("hwc,hwc->hw", values, values))
    return norm if style is Style.NORM else gaussian_blur(torch.from_numpy(norm)[None], BLUR_SIGMA)[0].numpy()


def frozen(array: np.ndarray) -> np.ndarray:
    """The array itself, of any shape, read-only from now on."""
    array.setflags(write=False)
    return array
