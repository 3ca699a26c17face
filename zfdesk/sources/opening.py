"""From what a user names to a source that is open."""

from pathlib import Path

from zfdesk.sources.base import Source
from zfdesk.sources.files import is_folder, regular_file
from zfdesk.sources.frame import SourceError
from zfdesk.sources.reference import SourceReference


def parse_source(text: str) -> SourceReference:
    """What a user names: "demo", "pattern", "camera", "camera:ID", or the path of a file or folder.

    Whether a file is a picture or a clip is decided by its content, not by its suffix; an animated GIF, WebP,
    PNG or AVIF is a clip. A file that is called "demo" is named "./demo".

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
    from zfdesk.sources.clip import open_clip
    from zfdesk.sources.picture import kind_of_picture

    if is_folder(text):
        return SourceReference("folder", str(Path(text).absolute()))
    path = regular_file(text)
    if kind_of_picture(path) == "picture":
        return SourceReference("picture", str(path.absolute()))
    open_clip(path).close()
    return SourceReference("clip", str(path.absolute()))


def open_source(reference: SourceReference) -> Source:
    """Open a source. Reads what it needs to know that frames will come, so it may take a moment for a large file.

    Raises SourceError with a sentence that names the file or camera.
    """
    # Imported when asked for: the demo does not need FFmpeg, and nothing but a camera needs Qt.
    match reference.kind:
        case "demo":
            from zfdesk.sources.demo import DemoSource

            return DemoSource()
        case "pattern":
            from zfdesk.sources.pattern import PatternSource

            return PatternSource()
        case "picture":
            from zfdesk.sources.picture import PictureSource

            return PictureSource(reference)
        case "folder":
            from zfdesk.sources.folder import FolderSource

            return FolderSource(reference)
        case "clip":
            from zfdesk.sources.clip import ClipSource

            return ClipSource(reference)
        case "camera":
            from zfdesk.sources.camera import CameraSource

            return CameraSource(reference)
        case "pasted":
            raise SourceError("A pasted picture cannot be opened again: paste it once more.")
    raise SourceError(f"There is no source of the kind {reference.kind}.")
