"""A clip that plays in real time, by its own timestamps."""

import os
from dataclasses import replace

from zfdesk.sources.animation_reader import AnimationReader, is_animated_picture
from zfdesk.sources.base import Transport
from zfdesk.sources.clip_reader import ClipReader
from zfdesk.sources.files import file_name
from zfdesk.sources.frame_reader import FrameReader
from zfdesk.sources.paced import PacedSource
from zfdesk.sources.reference import SourceReference
from zfdesk.sources.threaded import SourceRun


def open_clip(path: str | os.PathLike[str]) -> FrameReader:
    """Open a clip, or an animated picture. Raises SourceError where it is neither, or cannot be read."""
    return AnimationReader(path) if is_animated_picture(path) else ClipReader(path)


class ClipSource(PacedSource):
    """A video file or an animated picture. It is opened, and its first frame decoded, when the source is made.

    Steps and seeks are exact to the frame. Frames that would come late are left out; a computer too slow for
    the clip shows it slower. Sound is not played. Raises SourceError.
    """

    def __init__(self, reference: SourceReference) -> None:
        super().__init__(reference, file_name(reference.location), playing=True, looping=True)
        self._reader: FrameReader | None = open_clip(reference.location)
        self._claimed_duration = self._reader.claimed_duration
        self._count = self._reader.count
        self._index = self._reader.index
        self._damage_reported = False

    @property
    def transport(self) -> Transport:
        """Where the clip stands; the duration is the file's claim until the end has been met once."""
        state = super().transport
        if state.duration is None and self._claimed_duration and self._claimed_duration > state.position:
            return replace(state, duration=self._claimed_duration)
        return state

    def _open(self, run: SourceRun) -> None:
        if self._reader is None:
            self._reader = open_clip(self.reference.location)
        self._reader.cancelled = run.stopping.is_set

    def _close(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _show(self, run: SourceRun, position: float) -> float:
        assert self._reader is not None
        frame = self._reader.frame_at(position)
        self._shown, self._duration = frame.time, self._reader.end
        self._index, self._count = self._reader.index, self._reader.count
        run.hand_over(self._reader.pixels())
        if self._reader.damaged and not self._damage_reported:
            self._damage_reported = True
            run.report(f"{self.name} is damaged in places; what can be decoded is shown.")
        return self._reader.next_time

    def _position_after(self, count: int) -> float:
        assert self._reader is not None
        return self._reader.move(count).time

    def _index_and_count(self) -> tuple[int | None, int | None]:
        return self._index, self._count
