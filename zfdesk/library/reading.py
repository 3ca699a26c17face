"""Pictures again from where a listing found them, cut square as the network sees them."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict

import numpy as np

from zfdesk.engine import Model, crop
from zfdesk.engine.picture import CropBox
from zfdesk.library.listing import WHOLE, ListedPicture
from zfdesk.library.records import digest_of
from zfdesk.live import Crop
from zfdesk.sources import SourceError, read_picture
from zfdesk.sources.clip_reader import ClipReader

CLIPS_OPEN = 4


class Gone(ValueError):  # noqa: N818 - not an error: files come and go
    """The file is no longer there."""


class Reader:
    """Reads pictures and frames of clips, in any thread, and cuts them square."""

    def __init__(self, model: Model, crop: Crop) -> None:
        self._model, self._crop = model, crop
        self._lock = threading.Lock()  # of the clips: a reader stands at one frame
        self._clips: OrderedDict[bytes, ClipReader] = OrderedDict()

    def read(self, found: ListedPicture) -> np.ndarray:
        """What the network sees, uint8 (size, size, 3). Raises `Gone`, or ValueError with the reason."""
        frame = self.frame(found)
        return crop(frame, self.box(frame), self._model.architecture.size)

    def read_same(self, found: ListedPicture, digest: bytes) -> np.ndarray | None:
        """As `read`, of a picture that was scanned; None for one that is gone or another by now."""
        try:
            picture = self.read(found)
        except ValueError:
            return None
        return picture if digest_of(picture) == digest else None

    def box(self, frame: np.ndarray) -> CropBox:
        """The part of a frame, uint8 (height, width, 3), that the network sees, in the frame's pixels."""
        return self._crop.box(*frame.shape[:2])

    def frame(self, found: ListedPicture) -> np.ndarray:
        """The whole picture, uint8 (height, width, 3). Raises `Gone`, or ValueError with the reason."""
        path = os.fsdecode(found.path)
        try:
            if found.frame == WHOLE:
                return read_picture(path)
            with self._lock:
                reader = self._clip(found.path)
                reader.frame_at(found.frame / 1000)
                return reader.pixels()
        except SourceError as error:
            if not os.path.lexists(path):
                raise Gone(str(error)) from None
            raise ValueError(str(error)) from None
        except MemoryError:
            raise ValueError("There is not enough memory to decode it.") from None

    def close(self) -> None:
        """Close the clips."""
        with self._lock:
            while self._clips:
                self._clips.popitem()[1].close()

    def _clip(self, path: bytes) -> ClipReader:
        if path not in self._clips:
            self._clips[path] = ClipReader(os.fsdecode(path))
            if len(self._clips) > CLIPS_OPEN:
                self._clips.popitem(last=False)[1].close()
        self._clips.move_to_end(path)
        return self._clips[path]


__all__ = ["Gone", "Reader"]
