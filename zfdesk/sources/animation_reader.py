"""Pictures that move, in formats which FFmpeg reads not at all or without their transparency: WebP, PNG and AVIF."""

import os
from bisect import bisect_right

import numpy as np
from PIL import Image, ImageFile

from zfdesk.sources.files import file_name, open_file
from zfdesk.sources.frame import SourceError
from zfdesk.sources.frame_reader import DecodedFrame, FrameReader
from zfdesk.sources.picture_file import is_animation, open_picture, refuse_if_huge
from zfdesk.sources.picture_pixels import pixels_of

FORMATS = ("WEBP", "PNG", "AVIF")

_UNTOLD_SECONDS = 0.1
"""How long a frame is shown whose file says 0, as browsers do it."""

_TOLERANCE = 5e-4  # seconds; the formats count milliseconds


class AnimationReader(FrameReader):
    """An animated picture, frame by frame. Frames build on one another, so that going back decodes anew."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.name = file_name(path)
        self._stream = open_file(path)
        try:
            self._image: ImageFile.ImageFile = open_picture(self._stream)
            refuse_if_huge(self._image, self.name)
            # a PNG may have a picture in front that is not part of the animation, for those that show stills
            self._skipped = int(bool(getattr(self._image, "default_image", False)))
            self.count: int = getattr(self._image, "n_frames", 1) - self._skipped
            self._begins = [0.0]
            self._number = 0
            self._decode(0)
        except SourceError:
            self._stream.close()
            raise
        except Exception as error:  # damaged files make Pillow raise nearly anything
            self._stream.close()
            raise SourceError(f"{self.name} is damaged or cut short, so it cannot be read.") from error
        self.claimed_duration = self.count * self.current.duration
        self._note_end()

    @property
    def index(self) -> int:
        """The number of the current frame, from 0."""
        return self._number

    @property
    def next_time(self) -> float:
        """Seconds at which the next frame is due, or at which the animation ends."""
        return self.current.time + self.current.duration

    def pixels(self) -> np.ndarray:
        """The current frame as uint8 height x width x 3, RGB."""
        return pixels_of(self._image)

    def frame_at(self, seconds: float) -> DecodedFrame:
        """Go to the frame that is shown at a time."""
        if seconds < self.current.time - _TOLERANCE:
            self._go_to(max(0, bisect_right(self._begins, seconds + _TOLERANCE) - 1))
        while self.next_time <= seconds + _TOLERANCE and self._number + 1 < self.count:
            before = self._number
            self._go_to(before + 1)
            if self._number == before:
                break
        return self.current

    def move(self, count: int) -> DecodedFrame:
        """Go `count` frames on, or back where negative."""
        self._go_to(min(max(0, self._number + count), self.count - 1))
        return self.current

    def close(self) -> None:
        """Close the file."""
        self._image.close()
        self._stream.close()

    def _go_to(self, number: int) -> None:
        if number < self._number:
            self._begin_again()
        for each in range(self._number + 1, number + 1):
            if self.cancelled():
                return
            try:
                self._decode(each)
            except Exception:  # as above: the animation ends before what cannot be decoded
                self.damaged = True
                self.count = max(1, each)
                self._go_back_to_last()
                break
        self._note_end()

    def _begin_again(self) -> None:
        try:
            self._stream.seek(0)
            self._image = open_picture(self._stream)
            self._decode(0)
        except Exception as error:
            raise SourceError(f"{self.name} can no longer be read.") from error

    def _go_back_to_last(self) -> None:
        self._begin_again()
        for each in range(1, self.count):
            self._decode(each)

    def _decode(self, number: int) -> None:
        self._image.seek(number + self._skipped)
        self._image.load()
        milliseconds = float(self._image.info.get("duration") or 0)
        begin, duration = self._begins[number], milliseconds / 1000 or _UNTOLD_SECONDS
        if number + 1 == len(self._begins):
            self._begins.append(begin + duration)
        self._number, self.current = number, DecodedFrame(self._image, begin, duration)

    def _note_end(self) -> None:
        if self._number + 1 == self.count:
            self.end = self.next_time


def is_animated_picture(path: str | os.PathLike[str]) -> bool:
    """Whether a file is an animation that is read here. Raises SourceError where there is no such file."""
    with open_file(path) as stream:
        try:
            with open_picture(stream) as image:
                return is_animation(image) and image.format in FORMATS
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise SourceError(f"{file_name(path)} is too large a picture to be read.") from None
        except Exception:  # not a picture, or a damaged one: whoever reads it tells
            return False
