"""Writes a film in a thread of its own, from a short queue, to a temporary place; what is asked for appears at the end.

Beside FILM.mp4 lie FILM.mp4.json, the facts of every frame, and, where an occluder was moved, FILM.mp4.path.json, which
the window and ``zfdesk record --path`` replay. In a folder of PNGs they are called film.json and path.json.

    {"format": "zfdesk-film-1", "film": NAME, "title", "comment", "mode": "live" or "every frame", "zfdesk": VERSION,
     "width", "height",            pixels
     "duration",                   seconds, to the end of the last frame
     "dropped",                    frames that were due and are not in the film
     …,                            whatever else is known of all frames: network, weights, layer, unit, seed, method
     "frames": [{"number": 0,      in the film
                 "time": 0.0,      seconds since its first frame
                 …}]}              of this frame: source frame, occluders, most probable class and its probability
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np

from zfdesk import __version__
from zfdesk.atomic_write import write_whole
from zfdesk.error_reason import error_reason
from zfdesk.film import disk
from zfdesk.film.encoder import Encoder, FilmError, Settings
from zfdesk.film.formats import ENCODERS, FASTEST_GIF, FORMATS, LARGEST, form_of
from zfdesk.progress import bytes_text, noun

FORMAT = "zfdesk-film-1"
MOST_WAITING_BYTES = 96 << 20  # of pictures that wait for the encoder
MOST_WAITING = 16
MOST_WAITING_SECONDS = 0.4  # of the encoder's work, for which a closed program still runs
MOST_UNDRAWN = 3  # that wait to be drawn
LOOK_AT_DISK_SECONDS = 0.5
HEAVY_SECONDS, MOST_REST_SECONDS = 0.02, 0.25  # of drawing a frame; then that thread rests as long


class Quality(StrEnum):
    """How much of a picture's fineness is kept; PNGs keep all of it."""

    SMALL = "small"
    GOOD = "good"
    BEST = "best"


FACTORS = {Quality.SMALL: (28, 60), Quality.GOOD: (20, 82), Quality.BEST: (12, 95)}
"""x264's constant rate factor and WebP's quality."""


@dataclass(frozen=True)
class Titles:
    """What a film is, for people and for programs. facts: whatever JSON can hold, of all frames."""

    title: str = ""
    comment: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FilmFrame:
    """A frame of a film: uint8 (height, width, 3), RGB; seconds since the film's beginning; what JSON can hold.

    pixels: the picture, or what draws it, which then is done in the film's own thread.
    """

    pixels: np.ndarray | Callable[[], np.ndarray]
    time: float
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FilmStatus:
    """How a film stands. sentence: for people, once it is over. kept: it lies under the name that was asked for."""

    frames: int = 0
    dropped: int = 0
    bytes: int = 0
    seconds: float = 0.0
    over: bool = False
    kept: bool = False
    error: bool = False
    sentence: str = ""


class FilmWriter:
    """One film. `offer` and `put` are called by one thread, `status` may be read by any.

    path: what will appear; its suffix says which kind, see `form_of`. rate: frames a second that are aimed at.
    live: frames that find the queue full are dropped, and counted; the encoder hurries.
    Raises FilmError, with a sentence, where nothing could be written there.
    """

    def __init__(
        self,
        path: Path,
        titles: Titles,
        rate: float = 25.0,
        quality: Quality = Quality.GOOD,
        live: bool = False,
    ) -> None:
        self.form = form_of(path)
        self.path, self.titles, self.live = Path(os.path.realpath(path)), titles, live
        self.rate = min(rate, FASTEST_GIF) if self.form == "gif" else rate
        disk.remove_left(self.path.parent)
        self._check_place()
        self.drag_path: bytes = b""
        factor, percent = FACTORS[quality]
        comment = titles.comment[:2000]
        self._settings = Settings(self.rate, factor, percent, live, titles.title[:200], comment)
        self._part = self.path.with_name(f".{self.path.name[:40]}.{secrets.token_hex(4)}.part")
        self._queue: queue.Queue[FilmFrame | None] = queue.Queue(MOST_WAITING)
        self._size: tuple[int, int] | None = None
        self._most: int | None = None
        self._took = 0.0  # seconds for the last frame
        self._dropped = 0
        self._end: float | None = None
        self._over = threading.Event()
        self._at_once = threading.Event()
        self._lines: list[dict[str, Any]] = []
        self._status = FilmStatus()
        # not a daemon: a program that ends brings the film to its end
        self._thread = threading.Thread(target=self._work, name="zfdesk-film")
        self._thread.start()

    # How it stands

    @property
    def status(self) -> FilmStatus:
        """How it stands; once ``over`` is set nothing changes any more."""
        return self._status

    @property
    def queue_full(self) -> bool:
        """Whether there is no room for another frame just now."""
        if self._most is None:
            return False
        most = self._most
        if self._took > 0:
            most = min(most, max(1, int(MOST_WAITING_SECONDS / self._took)))
        return self._queue.qsize() >= most

    # Frames

    def offer(self, frame: FilmFrame) -> bool:
        """Take a frame if there is room; else it is counted as dropped. False also once the film is over."""
        if self._over.is_set():
            return False
        if self.queue_full:
            self.drop()
            return False
        self._enqueue(frame)
        return True

    def put(self, frame: FilmFrame) -> bool:
        """Wait until there is room, and take a frame. False once the film is over: it was not taken."""
        while not self._over.is_set():
            if not self.queue_full:
                self._enqueue(frame)
                return True
            self._over.wait(0.005)
        return False

    def _enqueue(self, frame: FilmFrame) -> None:
        """Into the queue; the first frame says how many may wait there."""
        if self._most is None:
            self._most = MOST_UNDRAWN
            if isinstance(frame.pixels, np.ndarray):
                self._most = max(2, min(MOST_WAITING, MOST_WAITING_BYTES // max(1, frame.pixels.nbytes)))
        self._queue.put(frame)

    def drop(self, count: int = 1) -> None:
        """Count frames that were due and could not be taken."""
        self._dropped += count

    def finish(self, end: float | None = None) -> None:
        """No more frames come; the last is shown until ``end`` (s), or as long as the one before it, or as one at the
        film's rate. Returns immediately; `wait` waits."""
        if self._end is None:
            self._end = -1.0 if end is None else end
            self._queue.put(None)

    def finish_at_once(self) -> None:
        """The program ends: a film that has frames ends too, and those that still wait count as dropped."""
        self._at_once.set()
        self.finish()

    def wait(self, seconds: float | None = None) -> FilmStatus:
        """Wait until the film is over."""
        self._thread.join(seconds)
        return self._status

    def __enter__(self) -> FilmWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self.finish()
        self.wait()

    def _pixels(self, frame: FilmFrame) -> np.ndarray:
        """The picture of a frame, drawn if need be, of the size that all have."""
        pixels = self._draw(frame.pixels) if callable(frame.pixels) else frame.pixels
        height, width = pixels.shape[:2]
        if self._size is None:
            if max(height, width) > LARGEST[self.form]:
                raise FilmError(f"a film of {width} × {height} pixels is too large, {LARGEST[self.form]} at most")
            self._size = (height, width)
        if pixels.shape != (*self._size, 3) or pixels.dtype != np.uint8:
            raise FilmError(f"all frames of a film are uint8 {(*self._size, 3)}, not {pixels.dtype} {pixels.shape}")
        return pixels

    def _draw(self, picture: Callable[[], np.ndarray]) -> np.ndarray:
        """Live, what takes long to draw takes half of the time at most: the rest is the network's and the window's."""
        begun = time.thread_time()
        pixels = picture()
        took = time.thread_time() - begun
        if self.live and took > HEAVY_SECONDS:
            self._at_once.wait(min(took, MOST_REST_SECONDS))
        return pixels

    def _check_place(self) -> None:
        """FilmError where the film could not be written, as far as a look can tell."""
        folder, name = self.path.parent, self.path.name
        if not folder.is_dir():
            raise FilmError(f"{name} cannot be written: the folder {folder} does not exist.")
        if self.form == "png":
            if self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
                what = "a folder with something in it" if self.path.is_dir() else "a file"
                raise FilmError(f"{name} is there already, {what}: choose another name for the folder of pictures.")
        elif self.path.exists() and not self.path.is_file():
            raise FilmError(f"{name} cannot be written: it is no file.")
        if not os.access(folder, os.W_OK):
            raise FilmError(f"{name} cannot be written: there is no permission to write in {folder}.")
        try:
            free = disk.free_bytes(folder)
        except OSError as error:
            raise FilmError(f"{name} cannot be written: {_reason(error)}.") from error
        if free < disk.LEAST_FREE:
            reason = f"only {free >> 20} MB of disk are free in {folder}, and {disk.LEAST_FREE >> 20} must stay free"
            raise FilmError(f"{name} cannot be written: {reason}.")

    # The thread

    def _work(self) -> None:
        encoder: Encoder | None = None
        why, last, lasts = "", 0.0, 1 / self.rate
        try:
            looked = time.monotonic()
            while not why and (frame := self._queue.get()) is not None:
                if self._ends_at_once(encoder):
                    continue
                begun = time.monotonic()
                try:
                    pixels = self._pixels(frame)
                except (ValueError, ArithmeticError, MemoryError) as error:
                    if encoder is None:
                        raise
                    why = f"The recording ended early: {_reason(error)}."
                    break
                if self._ends_at_once(encoder):
                    continue
                if encoder is None:
                    encoder = ENCODERS[self.form](self._part, self._settings, pixels.shape[:2])
                elif not self.live:
                    lasts = frame.time - last
                encoder.add(pixels, frame.time, _as_texts(frame.facts))
                self._took = time.monotonic() - begun
                self._lines.append({"number": len(self._lines), "time": round(frame.time, 6), **frame.facts})
                last = frame.time
                self._report(encoder, last)
                if encoder.full or time.monotonic() - looked >= LOOK_AT_DISK_SECONDS:
                    looked = time.monotonic()
                    why = self._why_end(encoder)
            self._finish(encoder, last, lasts, why)
        except Exception as error:  # whatever it is: told, and nothing under the asked name
            self._fail(error)
        finally:
            self._over.set()
            self._clear_up(encoder)

    def _ends_at_once(self, encoder: Encoder | None) -> bool:
        """Whether the program waits for the film's end: a frame that is not in it yet counts as dropped."""
        if encoder is None or not self._at_once.is_set():
            return False
        self.drop()
        return True

    def _why_end(self, encoder: Encoder) -> str:
        with suppress(OSError):
            if encoder.full or disk.free_bytes(self.path.parent) < disk.LEAST_FREE:
                return "The disk is full: the recording ended there."
        return ""

    def _report(self, encoder: Encoder, seconds: float) -> None:
        self._status = FilmStatus(len(self._lines), self._dropped, encoder.bytes, seconds)

    def _finish(self, encoder: Encoder | None, last: float, lasts: float, why: str) -> None:
        if encoder is None:
            self._status = FilmStatus(
                dropped=self._dropped, over=True, sentence="There was no frame to record: no film was made."
            )
            return
        end = last + lasts
        if not why and self._end is not None and self._end > last:
            end = self._end
        encoder.finish(end)
        encoder.close()
        del self._lines[encoder.frames :]  # on a full disk the last one may not have found room
        if encoder.full and not why:
            why = "The disk is full: the recording ended there."
        if not encoder.frames:
            raise OSError("there was no room for a single frame")
        self._put_in_place()
        beside = self._write_facts(encoder, end)
        size = encoder.bytes
        frames = f"{len(self._lines)} {noun(len(self._lines), 'frame')}"
        text = f"Saved {self.path.name}: {frames}, {end:.1f} s, {bytes_text(size, 1)}"
        text += f", {self._dropped} dropped" if self.live else ""
        sentence = " ".join(part for part in (why, f"{text}.", beside) if part)
        error = bool(why or beside)
        self._status = FilmStatus(len(self._lines), self._dropped, size, end, True, True, error, sentence)

    def _put_in_place(self) -> None:
        if self.form == "png" and self.path.is_dir():
            self.path.rmdir()  # an empty one
        os.replace(self._part, self.path)

    def _write_facts(self, encoder: Encoder, end: float) -> str:
        """The JSON beside the film, and the path; a sentence where they could not be written."""
        facts = {
            "format": FORMAT, "film": self.path.name, "title": self.titles.title, "comment": self.titles.comment,
            "mode": "live" if self.live else "every frame", "zfdesk": __version__, "width": encoder.width,
            "height": encoder.height, "duration": round(end, 6), "dropped": self._dropped, **self.titles.facts,
        }  # fmt: skip
        head = json.dumps(facts, ensure_ascii=False, allow_nan=False, indent=1)[:-2]
        lines = ",\n  ".join(json.dumps(line, ensure_ascii=False, allow_nan=False) for line in self._lines)
        try:
            write_whole(self.facts_file, [f'{head},\n "frames": [\n  {lines}\n ]\n}}\n'.encode()])
            if self.drag_path:
                write_whole(self.drag_path_file, [self.drag_path])
        except OSError as error:
            return f"The facts of its frames could not be written: {_reason(error)}."
        return ""

    @property
    def facts_file(self) -> Path:
        """Where the facts of the frames are written."""
        return self.path / "film.json" if self.form == "png" else self.path.with_name(f"{self.path.name}.json")

    @property
    def drag_path_file(self) -> Path:
        """Where the occluders' path is written."""
        return self.path / "path.json" if self.form == "png" else self.path.with_name(f"{self.path.name}.path.json")

    def _fail(self, error: Exception) -> None:
        lost = (
            f"{len(self._lines)} {noun(len(self._lines), 'frame is', 'frames are')} lost"
            if self._lines
            else "nothing was recorded"
        )
        sentence = f"{self.path.name} could not be written: {_reason(error)}; {lost}."
        self._status = FilmStatus(len(self._lines), self._dropped, 0, 0.0, True, False, True, sentence)

    def _clear_up(self, encoder: Encoder | None) -> None:
        """Nothing of a film that failed is left."""
        with suppress(Exception):
            if encoder is not None:
                encoder.close()
        with suppress(OSError):
            if self._part.is_dir():
                shutil.rmtree(self._part, ignore_errors=True)
            else:
                self._part.unlink(missing_ok=True)
        while True:  # whoever waits for room
            try:
                self._queue.get_nowait()
            except queue.Empty:
                break


def _as_texts(facts: Mapping[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in facts.items()}  # fmt: skip


def _reason(error: Exception) -> str:
    if isinstance(error, av.FFmpegError | OSError):
        return error_reason(error)
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    return str(error).rstrip(".") or type(error).__name__


__all__ = ["FORMATS", "FilmFrame", "FilmStatus", "FilmWriter", "Quality", "Titles"]
