"""MP4 through FFmpeg."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import cast

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from zfdesk.film.disk import RESERVE
from zfdesk.film.encoder import FileEncoder, FilmError

TICKS = 60_000  # a second of an MP4's clock; 24, 25, 30, 50 and 60 frames a second and 1000/1001 of them fall on it
CODECS = ("libx264", "libopenh264", "mpeg4")


class Mp4(FileEncoder):
    """H.264 (or MPEG-4 where the former is not built in), BT.709, 4:2:0: what every player takes.

    Sides must be even there: a picture of odd ones gets a last row or column once more.
    """

    reserve = RESERVE

    def _open(self) -> None:
        settings = self.settings
        self._container = av.open(self.file, "w", format="mp4")
        self._container.metadata["title"] = settings.title
        self._container.metadata["comment"] = settings.comment
        codec = best_codec()
        stream = cast(
            av.VideoStream, self._container.add_stream(codec, rate=Fraction(settings.rate).limit_denominator(1001))
        )
        context = stream.codec_context
        context.width, context.height = self.width + self.width % 2, self.height + self.height % 2
        context.pix_fmt = "yuv420p"
        context.time_base = Fraction(1, TICKS)
        context.color_range, context.colorspace = ColorRange.MPEG, Colorspace.ITU709
        context.color_primaries = context.color_trc = 1  # BT.709
        if codec == "libx264":
            context.options = {"crf": str(settings.factor), "preset": "veryfast" if settings.hurry else "medium"}
        else:
            context.bit_rate = round(
                0.1 * context.width * context.height * settings.rate * 1.12 ** (23 - settings.factor)
            )
        context.thread_count = 1 if settings.hurry else 0
        self._stream, self._last = stream, -1
        self._lasts: dict[int, int] = {}  # how long each frame is shown that the encoder still holds; it forgets

    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None:
        tall, wide = self.height % 2, self.width % 2
        if tall or wide:
            pixels = np.pad(pixels, ((0, tall), (0, wide), (0, 0)), "edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        frame = frame.reformat(
            format="yuv420p", src_colorspace=Colorspace.ITU709, dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG, dst_color_range=ColorRange.MPEG, interpolation="AREA",
        )  # fmt: skip
        frame.time_base = Fraction(1, TICKS)
        frame.pts = self._last = max(round(time * TICKS), self._last + 1)
        self._lasts[frame.pts] = max(round(until * TICKS) - frame.pts, 1)
        self._mux(frame)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        for packet in self._stream.encode(frame):
            packet.duration = self._lasts.pop(cast(int, packet.pts), packet.duration or 1)
            self._container.mux(packet)

    def _end(self) -> None:
        self._mux(None)
        self._container.close()

    def close(self) -> None:
        if not self.file.closed:
            self.file.close()


def best_codec() -> str:
    """The best of `CODECS` that FFmpeg was built with here. FilmError where there is none."""
    for name in CODECS:
        if name in av.codecs_available:
            return name
    raise FilmError("PyAV has no encoder for MP4 here; choose WebP, GIF or PNG.")
