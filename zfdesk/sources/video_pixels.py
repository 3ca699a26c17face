"""From FFmpeg's frames to our pixels."""

import math
from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Colorspace
from PIL import Image

from zfdesk.sources.frame import LONGEST_SIDE

_STANDARD_DEFINITION = (1024, 576)


def rgb_pixels(frame: av.VideoFrame, pixel_aspect: Fraction | None = None) -> np.ndarray:
    """A decoded frame as uint8 height x width x 3, RGB: upright, with square pixels, at most `LONGEST_SIDE` long.

    `pixel_aspect` is the width of a pixel over its height; None or 0 where it is not known. Transparency is put
    on white, as in `read_picture`. Raises ValueError or av.FFmpegError where FFmpeg cannot convert the frame.
    """
    width, height = _shown_size(frame, pixel_aspect)
    transparent = any(component.is_alpha for component in frame.format.components)
    converted = frame.reformat(
        width, height, "rgba" if transparent else "rgb24", src_colorspace=_colour_space(frame), interpolation="BICUBIC"
    )
    pixels = converted.to_ndarray()
    if transparent:
        layered = Image.fromarray(pixels)
        white = Image.new("RGBA", layered.size, (255, 255, 255, 255))
        pixels = np.array(Image.alpha_composite(white, layered).convert("RGB"))
    return np.ascontiguousarray(_displayed(pixels, frame))


def _displayed(pixels: np.ndarray, frame: av.VideoFrame) -> np.ndarray:
    """The picture turned and mirrored as the frame's display matrix says, in the way of ffmpeg's own program.

    Of the matrix (a, b, u; c, d, v; x, y, w) a pixel goes from (x, y) to (ax + cy, bx + dy), both counted to the right
    and down. Phones' front cameras mirror by it, and all phones turn by it.
    """
    matrix: Any = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return pixels
    a, b, _, c, d = (value / 65536 for value in np.frombuffer(matrix, np.int32)[:5].tolist())
    clockwise = math.degrees(math.atan2(b, a))
    if abs(clockwise - 90 * round(clockwise / 90)) > 1:
        return np.asarray(Image.fromarray(pixels).rotate(-clockwise, Image.Resampling.BICUBIC))
    across, down = (a, d) if abs(a) > abs(b) else (c, b)
    if abs(b) >= abs(a) and b:
        pixels = pixels.swapaxes(0, 1)
    return pixels[:: -1 if down < 0 else 1, :: -1 if across < 0 else 1]


def _shown_size(frame: av.VideoFrame, pixel_aspect: Fraction | None) -> tuple[int, int]:
    width: float = frame.width * float(pixel_aspect or 1)
    height: float = frame.height
    scale = max(1.0, max(width, height) / LONGEST_SIDE)
    return max(1, round(width / scale)), max(1, round(height / scale))


def _colour_space(frame: av.VideoFrame) -> int | None:
    """None for what the frame itself says; where it says nothing, what players take for its size."""
    unspecified = frame.colorspace in (2, 3)  # AVCOL_SPC_UNSPECIFIED, AVCOL_SPC_RESERVED
    if not unspecified or frame.format.is_rgb:
        return None
    small = frame.width <= _STANDARD_DEFINITION[0] and frame.height <= _STANDARD_DEFINITION[1]
    return int(Colorspace.ITU601 if small else Colorspace.ITU709)
