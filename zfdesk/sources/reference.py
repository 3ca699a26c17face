"""Which source is meant, as a View and a session file keep it."""

from dataclasses import dataclass

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
