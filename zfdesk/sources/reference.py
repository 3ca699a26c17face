"""Which source is meant, as a View and a session file keep it."""

from dataclasses import dataclass
from pathlib import Path

from zfdesk.sources.files import is_folder, regular_file
from zfdesk.sources.frame import SourceError

KINDS = ("demo", "pattern", "picture", "folder", "clip", "camera", "pasted")


@dataclass(frozen=True)
class SourceReference:
    """Names a source without opening it; hashable, and plain enough for JSON.

    kind: one of `KINDS`.
    location: absolute path of a picture, folder or clip; id of a camera ("" for the usual one); label and
        hash of what was pasted; else "".
    """

    kind: str
    location: str = ""

    @staticmethod
    def parse(text: str) -> "SourceReference":
        """What a user names: "demo", "pattern", "camera", "camera:ID", or the path of a file or folder.

        Whether a file is a picture or a clip is decided by its content, not by its suffix; an animated GIF is a
        clip. A file that is called "demo" is named "./demo".

        Raises SourceError where the path does not exist, may not be read, is empty, or is neither.
        """
        word, _, rest = text.partition(":")
        if text in ("demo", "pattern", "camera"):
            return SourceReference(text)
        if word == "camera":
            return SourceReference("camera", rest)
        if not text.strip():
            raise SourceError("No picture, clip or folder is named.")
        return _parse_path(text)


def _parse_path(text: str) -> SourceReference:
    # Pillow and FFmpeg are needed only once a file is named.
    from zfdesk.sources.clip_reader import ClipReader
    from zfdesk.sources.picture import is_animation, is_picture

    if is_folder(text):
        return SourceReference("folder", str(Path(text).absolute()))
    path = regular_file(text)
    if is_picture(path) and not is_animation(path):
        return SourceReference("picture", str(path.absolute()))
    ClipReader(path).close()
    return SourceReference("clip", str(path.absolute()))
