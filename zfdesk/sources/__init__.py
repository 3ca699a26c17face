"""Where frames come from: picture, folder, clip, camera, demo, test pattern, clipboard.

`parse_source` says what a user's words mean, `open_source` opens it, `Source.start` makes it hand over
`Frame`s. What cannot be opened raises `SourceError`, whose text is a sentence for people.
"""

from zfdesk.sources.base import Deliver, OnError, Source, Transport
from zfdesk.sources.frame import LONGEST_SIDE, Frame, SourceError, frame_of_text
from zfdesk.sources.kept import KeptSource
from zfdesk.sources.opening import open_source, parse_source
from zfdesk.sources.picture import PastedSource, PictureSource, decode_picture, read_picture
from zfdesk.sources.reference import SourceReference

__all__ = [
    "LONGEST_SIDE",
    "Deliver",
    "Frame",
    "KeptSource",
    "OnError",
    "PastedSource",
    "PictureSource",
    "Source",
    "SourceError",
    "SourceReference",
    "Transport",
    "decode_picture",
    "frame_of_text",
    "open_source",
    "parse_source",
    "read_picture",
]
