"""The kinds of film, by the name of their file: `mp4`, `animations` (WebP, GIF) and `pngs`.

All of them keep no more than a picture or two in memory, so that a film may be as long as there is disk. Times are
kept as they are: an MP4 to 1/60000 s, a WebP to the millisecond, a GIF to its hundredth of a second; rounding does not
add up. What is written so far can be brought to its end at any moment.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from zfdesk.film.animations import Gif, WebP
from zfdesk.film.encoder import Encoder, FilmError
from zfdesk.film.mp4 import Mp4
from zfdesk.film.pngs import Pngs

FORMATS: Mapping[str, str] = {
    "mp4": "MP4 video (H.264)",
    "webp": "animated WebP",
    "gif": "animated GIF",
    "png": "folder of numbered PNGs",
}
"""The kinds of film, and what people call them."""

LARGEST = {"mp4": 8192, "webp": 16383, "gif": 65535, "png": 65535}
"""Pixels of a side."""

FASTEST_GIF = 50.0
"""Frames a second: a GIF counts hundredths of a second, and what is shorter than two of them is shown far slower."""

ENCODERS: Mapping[str, type[Encoder]] = {"mp4": Mp4, "webp": WebP, "gif": Gif, "png": Pngs}


def form_of(path: str | os.PathLike[str]) -> str:
    """mp4, webp or gif by the name's suffix; png, a folder, for a name without one.

    FilmError, with a sentence, for any other.
    """
    suffix = os.path.splitext(os.fspath(path))[1].lower().removeprefix(".")
    if suffix not in (*FORMATS, "") or suffix == "png":
        raise FilmError(f"{os.fspath(path)}: a film's name ends in .mp4, .webp or .gif; a folder's has no ending.")
    return suffix or "png"
