"""Decodes a clip, and finds the exact frame that belongs to a time, forwards and backwards."""

import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import av
import numpy as np

from zfdesk.sources.files import file_name, open_file, regular_file
from zfdesk.sources.frame import SourceError
from zfdesk.sources.frame_reader import DecodedFrame, FrameReader
from zfdesk.sources.iso_media import still_kind
from zfdesk.sources.video_pixels import rgb_pixels

CONTAINERS = (
    "mov,matroska,webm,avi,mpeg,mpegts,ogg,flv,asf,gif,nut,ivf,dv,mxf,yuv4mpegpipe,h264,hevc,m4v,mpegvideo,mjpeg"
)
"""The containers that are opened, by FFmpeg's names. Others are left out because they read text as pictures
("tty") or open further files and addresses that a hostile file names (playlists, "concat")."""

MOST_PIXELS = 64_000_000
"""A clip that declares larger frames is refused."""

SEEK_SECONDS = 2.0
"""A frame that is this near ahead is reached by decoding on, one further away from the nearest key frame."""

_LATEST = 1e7  # seconds; keeps what is asked for within FFmpeg's whole numbers
_TOLERANCE = 1e-3  # seconds; Matroska rounds times to milliseconds


Timed = tuple[av.VideoFrame, int | None, Fraction | None]
"""A decoded frame with when it is shown, and the unit of that in seconds, where these are known."""


class ClipReader(FrameReader):
    """A clip in one of `CONTAINERS`, read by FFmpeg."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self._path = regular_file(path)
        self.name = file_name(path)
        with open_file(path) as stream:
            if still_kind(stream):  # FFmpeg would show the first of its tiles
                raise SourceError(f"{self.name} is a still picture, not a clip.")
        self._open()
        first = self._read_frame()
        if first is None:
            self.close()
            raise SourceError(f"{self.name} has no picture that can be decoded.")
        self._seekable = first.frame.pts is not None
        self._stand_at(first)
        self._read_facts()

    def close(self) -> None:
        """Close the file."""
        self._frames: Iterator[Timed] = iter(())
        self._container.close()

    @property
    def index(self) -> int | None:
        """The number of the current frame, from 0, where they are evenly spaced; else None."""
        return None if self._steady_rate is None else round(self.current.time * self._steady_rate)

    @property
    def next_time(self) -> float:
        """Seconds at which the frame after the current one is due, or at which the clip ends."""
        return self.current.time + self.current.duration if self._following is None else self._following.time

    def pixels(self) -> np.ndarray:
        """The current frame as uint8 height x width x 3, RGB."""
        try:
            return rgb_pixels(self.current.frame, self._stream.sample_aspect_ratio)
        except (av.FFmpegError, ValueError) as error:
            raise SourceError(f"{self.name} has pictures of a kind that cannot be shown.") from error

    def frame_at(self, seconds: float) -> DecodedFrame:
        """Go to the frame that is shown at a time: the last that begins no later, or the first of the clip."""
        near_ahead = self.current.time <= seconds + self._tolerance and seconds < self.next_time + SEEK_SECONDS
        if not near_ahead:
            self._seek(seconds)
        while self._following is not None and self._following.time <= seconds + self._tolerance:
            self._advance()
        return self.current

    def move(self, count: int) -> DecodedFrame:
        """Go `count` frames on, or back where negative; no further than the first or last frame."""
        if count < 0:
            return self.frame_at(self._time_before(-count))
        for _ in range(count):
            if self._following is None:
                break
            self._advance()
        return self.current

    # Opening.

    def _open(self) -> None:
        try:
            self._container = av.open(
                f"file:{self._path}",  # with a scheme, no name can be taken for an address
                options={"protocol_whitelist": "file", "format_whitelist": CONTAINERS},
                metadata_errors="replace",
            )
        except (av.FFmpegError, OSError, ValueError) as error:
            if isinstance(error, PermissionError):
                raise SourceError(f"There is no permission to read {self.name}.") from error
            raise SourceError(
                f"{self.name} is not a picture or clip that can be read; it may be damaged or cut short."
            ) from error
        try:
            self._open_stream()
        except SourceError:
            self._container.close()
            raise

    def _open_stream(self) -> None:
        if not self._container.streams.video:
            if not self._container.streams:
                raise SourceError(f"{self.name} is damaged or cut short: there is nothing in it.")
            raise SourceError(f"{self.name} has no pictures in it, only sound or text.")
        self._stream = self._container.streams.video[0]
        context = self._stream.codec_context
        if context is None:
            raise SourceError(f"{self.name} is in a coding that cannot be decoded here.")
        if context.width * context.height > MOST_PIXELS:
            raise SourceError(
                f"{self.name} has frames of {context.width} x {context.height} pixels, which is too large."
            )
        self._stream.thread_type = "AUTO"
        context.thread_count = min(2, os.cpu_count() or 1)  # one core is left to the window
        self._interval = self._usual_interval()
        self._tolerance = min(_TOLERANCE, self._interval / 4)
        self._zero: int | None = None
        self._start_decoding()

    def _usual_interval(self) -> float:
        rate = self._stream.guessed_rate or self._stream.average_rate
        return float(1 / rate) if rate else 1 / 25

    def _read_facts(self) -> None:
        stream, container = self._stream, self._container
        if stream.duration and stream.time_base:
            self.claimed_duration = float(stream.duration * stream.time_base)
        elif container.duration:
            self.claimed_duration = container.duration / 1e6
        self.count = stream.frames or None
        steady = self.count is not None and stream.average_rate == stream.base_rate
        self._steady_rate: Fraction | None = stream.average_rate if steady else None

    # Decoding.

    def _start_decoding(self) -> None:
        self._frames = self._decode()
        self._last_time: float | None = None

    def _decode(self) -> Iterator[Timed]:
        """Frames from where the container stands to its end; what cannot be decoded is left out.

        A packet without a byte means that the frame before it is shown once more (Theora, AVI, variable rates).
        """
        packets = self._container.demux(self._stream)
        last: av.VideoFrame | None = None
        repeats: deque[tuple[int, Fraction | None]] = deque()  # still to come between the frames a decoder holds back
        while not self.cancelled():
            try:
                packet = next(packets, None)
            except (av.FFmpegError, OSError):
                self.damaged = True
                packet = None
            if packet is None:
                break
            shown = packet.dts if packet.pts is None else packet.pts
            if packet.size == 0 and shown is not None:
                repeats.append((shown, packet.time_base))
                continue
            for frame in self._decoded(packet):
                while last is not None and repeats and (frame.pts is None or repeats[0][0] < frame.pts):
                    yield last, *repeats.popleft()
                last = frame
                yield frame, frame.pts, frame.time_base
        if last is not None:
            for repeat in repeats:
                yield last, *repeat

    def _decoded(self, packet: "av.Packet[Any]") -> Iterator[av.VideoFrame]:
        try:
            yield from (frame for frame in packet.decode() if isinstance(frame, av.VideoFrame))
        except (av.FFmpegError, OSError, ValueError):
            self.damaged = True

    def _read_frame(self) -> DecodedFrame | None:
        if self.cancelled():
            return None
        timed = next(self._frames, None)
        if timed is None:
            return None
        frame, shown, unit = timed
        base = unit or self._stream.time_base
        time = self._time_of(shown, base)
        duration = float(frame.duration * base) if frame.duration and base else self._interval
        self._last_time = time
        return DecodedFrame(frame, time, duration)

    def _time_of(self, shown: int | None, base: Fraction | None) -> float:
        """Seconds from the first frame; frames without a time, or with one before the last, follow evenly."""
        evenly = 0.0 if self._last_time is None else self._last_time + self._interval
        if shown is None or base is None:
            return evenly
        if self._zero is None:
            self._zero = shown
        time = float((shown - self._zero) * base)
        if self._last_time is not None and time < self._last_time:
            self._zero = shown - round(evenly / base)
            return evenly
        return time

    def _stand_at(self, found: DecodedFrame) -> None:
        self.current = found
        self._following = self._read_frame()
        self._note_end()

    def _advance(self) -> None:
        assert self._following is not None
        self._stand_at(self._following)

    def _note_end(self) -> None:
        if self._following is None and not self.cancelled():
            self.end = self.current.time + self.current.duration

    # Finding.

    def _seek(self, seconds: float) -> None:
        """Stand at some frame that is shown at `seconds` or before it."""
        early = 0.0
        while self._seekable and seconds - early > 0:
            first = self._first_from(seconds - early)
            if first is not None and first.time <= seconds + self._tolerance:
                self._stand_at(first)
                return
            early = max(1.0, 4 * early)  # some containers land behind what they were asked for
        self._rewind()

    def _rewind(self) -> None:
        first = self._first_from(0.0) if self._seekable else None
        if first is None or abs(first.time) > self._tolerance:
            self.close()
            self._open()
            first = self._read_frame()
        if first is None:
            if self.cancelled():
                return
            raise SourceError(f"{self.name} can no longer be read.")
        self._stand_at(first)

    def _first_from(self, seconds: float) -> DecodedFrame | None:
        """The first frame that comes after a jump to the key frame before a time; None where one cannot jump."""
        base = self._stream.time_base
        if base is None or self._zero is None:
            return None
        try:
            offset = self._zero + int(min(seconds, _LATEST) / base)
            self._container.seek(offset, stream=self._stream, backward=True)
        except (av.FFmpegError, OSError, OverflowError):
            return None
        self._start_decoding()
        return self._read_frame()

    def _time_before(self, count: int) -> float:
        """Seconds at which the frame `count` frames before the current one begins."""
        goal, reach = self.current.time, max(1.0, count * self._interval)
        while True:
            start = max(0.0, goal - reach)
            self._seek(start)
            times: deque[float] = deque(maxlen=count)
            while self.current.time < goal - self._tolerance:
                times.append(self.current.time)
                if self._following is None:
                    break
                self._advance()
            if len(times) == count or start <= 0.0:
                return times[0] if times else 0.0
            reach *= 4
