"""Every frame of a source, one after the other, as slowly as whoever takes them: nothing is left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk.sources.clip import open_clip
from zfdesk.sources.files import file_name
from zfdesk.sources.folder import pictures_in
from zfdesk.sources.frame import SourceError, frozen_pixels
from zfdesk.sources.frame_reader import FrameReader
from zfdesk.sources.reference import SourceReference

FOLDER_RATE = 25.0
"""Pictures a second that a folder's are taken to be when nobody says otherwise."""


@dataclass(frozen=True, eq=False)
class TimedPicture:
    """A picture of a source: uint8 (height, width, 3), RGB; its number there, from 0; seconds from the first;
    ``file``: which of a folder's."""

    pixels: np.ndarray
    number: int
    time: float
    file: str = ""


@dataclass(frozen=True)
class Stepped:
    """A source that is taken step by step.

    name: for people. count: how many, None where that is not known. still: it is one picture. endless: it has no end.
    paced: its pictures have times of their own; those of a folder are as far apart as one likes. pictures: they
    themselves, once.
    """

    name: str
    count: int | None
    pictures: Callable[[int, Callable[[str], None]], Iterator[TimedPicture]]
    still: bool = False
    endless: bool = False
    paced: bool = False


def step_through(reference: SourceReference) -> Stepped:
    """Every frame of a source from ``pictures(first, on_error)`` on: from the frame of that number. A picture that
    cannot be read is passed over; ``on_error`` is called with a sentence about it.

    Raises SourceError, also for a camera, whose frames wait for nobody.
    """
    match reference.kind:
        case "demo":
            from zfdesk.sources.demo import FRAMES_PER_SECOND, demo_frame

            return _made("demo", FRAMES_PER_SECOND, lambda number: demo_frame(number / FRAMES_PER_SECOND))
        case "pattern":
            from zfdesk.sources.pattern import FRAMES_PER_SECOND, pattern_frame

            return _made("test pattern", FRAMES_PER_SECOND, pattern_frame)
        case "picture":
            return _picture(reference)
        case "folder":
            return _folder(reference)
        case "clip":
            return _clip(reference)
    raise SourceError(f"The frames of a {reference.kind} wait for nobody: record it live, in the window.")


def _made(name: str, rate: float, frame: Callable[[int], np.ndarray]) -> Stepped:
    def pictures(first: int, on_error: Callable[[str], None]) -> Iterator[TimedPicture]:
        number = first
        while True:
            yield TimedPicture(frozen_pixels(frame(number)), number, (number - first) / rate)
            number += 1

    return Stepped(name, None, pictures, endless=True, paced=True)


def one_picture(name: str, pixels: np.ndarray, number: int = 0) -> Stepped:
    """A picture that stands still, read-only uint8 (height, width, 3) RGB; ``number``: of the frame that it is."""

    def pictures(first: int, on_error: Callable[[str], None]) -> Iterator[TimedPicture]:
        if first == 0:
            yield TimedPicture(pixels, number, 0.0)

    return Stepped(name, 1, pictures, still=True)


def _picture(reference: SourceReference) -> Stepped:
    from zfdesk.sources.picture import read_picture

    return one_picture(file_name(reference.location), frozen_pixels(read_picture(reference.location)))


def _folder(reference: SourceReference) -> Stepped:
    from zfdesk.sources.picture import read_picture

    folder, names = Path(reference.location), pictures_in(reference.location)
    if not names:
        raise SourceError(f"{file_name(folder)} has no pictures in it.")

    def pictures(first: int, on_error: Callable[[str], None]) -> Iterator[TimedPicture]:
        shown = 0
        for number, name in enumerate(names):
            if number < first:
                continue
            try:
                pixels = frozen_pixels(read_picture(folder / name))
            except SourceError as error:
                on_error(str(error))
                continue
            yield TimedPicture(pixels, number, shown / FOLDER_RATE, name)
            shown += 1

    return Stepped(file_name(folder), len(names), pictures)


def _clip(reference: SourceReference) -> Stepped:
    reader = open_clip(reference.location)

    def pictures(first: int, on_error: Callable[[str], None]) -> Iterator[TimedPicture]:
        try:
            yield from _frames(reader, first)
            if reader.damaged:
                on_error(f"{reader.name} is damaged in places; what could be decoded was taken.")
        finally:
            reader.close()

    return Stepped(reader.name, reader.count, pictures, paced=True)


def _frames(reader: FrameReader, first: int) -> Iterator[TimedPicture]:
    number = 0
    while number < first:
        before = reader.current
        if reader.move(1) is before:
            return
        number += 1
    begun = reader.current.time
    while True:
        frame = reader.current
        yield TimedPicture(frozen_pixels(reader.pixels()), number, frame.time - begun)
        if reader.move(1) is frame:
            return
        number += 1
