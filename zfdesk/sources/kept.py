"""A frame that was kept: shown again exactly, under the number and name it had."""

from zfdesk.sources.base import Deliver, OnError, Source
from zfdesk.sources.frame import Frame
from zfdesk.sources.reference import SourceReference


class KeptSource(Source):
    """One frame of a session. ``reference`` is where it once came from, and where going live again leads."""

    def __init__(self, reference: SourceReference, frame: Frame) -> None:
        super().__init__(reference, frame.origin)
        self.frame = frame

    def start(self, deliver: Deliver, on_error: OnError) -> None:
        """Hand over the frame itself, once, from within this call."""
        deliver(self.frame)

    def stop(self) -> None:
        """Do nothing: there is no thread to stop."""
