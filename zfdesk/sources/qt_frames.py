"""From Qt's video frames to our pixels; imports no Qt, it only uses the frame that it is given.

Not by ``QVideoFrame.toImage``: that wants a graphics device for the thread it runs in, prints when there is none,
and mirrors. FFmpeg's converter knows the same formats, and is what the other sources use.
"""

from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange

from zfdesk.sources.frame import SourceError
from zfdesk.sources.picture import decode_picture
from zfdesk.sources.video_pixels import rgb_pixels

# Qt's names, in memory order, to FFmpeg's. Cameras are opaque: their alpha, where they have one, says nothing.
_FORMATS = {
    "Format_ARGB8888": "0rgb",
    "Format_ARGB8888_Premultiplied": "0rgb",
    "Format_XRGB8888": "0rgb",
    "Format_BGRA8888": "bgr0",
    "Format_BGRA8888_Premultiplied": "bgr0",
    "Format_BGRX8888": "bgr0",
    "Format_ABGR8888": "0bgr",
    "Format_XBGR8888": "0bgr",
    "Format_RGBA8888": "rgb0",
    "Format_RGBX8888": "rgb0",
    "Format_YUV420P": "yuv420p",
    "Format_YUV422P": "yuv422p",
    "Format_YUYV": "yuyv422",
    "Format_UYVY": "uyvy422",
    "Format_NV12": "nv12",
    "Format_NV21": "nv21",
    "Format_P010": "p010le",
    "Format_Y8": "gray",
    "Format_Y16": "gray16le",
}
_COLOUR_SPACES = {"ColorSpace_BT601": 5, "ColorSpace_BT709": 1, "ColorSpace_BT2020": 9}  # FFmpeg's numbers
_COLOUR_RANGES = {"ColorRange_Video": ColorRange.MPEG, "ColorRange_Full": ColorRange.JPEG}


def pixels_of_qt(frame: Any) -> np.ndarray:
    """A QVideoFrame as uint8 height x width x 3, RGB, upright but never mirrored.

    May be called in any thread. Raises SourceError where the frame cannot be had or is of an unknown format.
    """
    if not frame.map(type(frame).MapMode.ReadOnly):
        raise SourceError("The camera gave a picture that cannot be had.")
    try:
        name = frame.pixelFormat().name
        if name == "Format_Jpeg":
            return decode_picture(bytes(frame.bits(0)), "The camera's picture")
        if name not in _FORMATS:
            raise SourceError(f"The camera gives pictures of an unknown kind ({name}).")
        copy = _copied(frame, _FORMATS[name])
    finally:
        frame.unmap()
    pixels = rgb_pixels(copy)
    layout = frame.surfaceFormat()
    if layout.scanLineDirection().name == "BottomToTop":
        pixels = pixels[::-1]
    clockwise = layout.rotation().value + frame.rotation().value  # degrees; the camera's, and the device's
    return np.ascontiguousarray(np.rot90(pixels, -(clockwise // 90)))


def _copied(frame: Any, format: str) -> av.VideoFrame:
    """The planes of a mapped frame as a frame of FFmpeg, row by row, since either may pad its rows."""
    copy = av.VideoFrame(frame.width(), frame.height(), format)
    for number, plane in enumerate(copy.planes):
        row_bytes = frame.bytesPerLine(number)
        source = np.frombuffer(frame.bits(number), np.uint8)[: row_bytes * plane.height].reshape(-1, row_bytes)
        target = np.frombuffer(memoryview(plane), np.uint8)[: plane.line_size * plane.height].reshape(
            -1, plane.line_size
        )
        width = min(row_bytes, plane.line_size)
        target[: len(source), :width] = source[:, :width]
    layout = frame.surfaceFormat()
    copy.colorspace = _COLOUR_SPACES.get(layout.colorSpace().name, 2)
    copy.color_range = _COLOUR_RANGES.get(layout.colorRange().name, ColorRange.UNSPECIFIED)
    return copy
