"""A folder of numbered PNGs."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from zfdesk.film.disk import FULL
from zfdesk.film.encoder import Encoder, Settings


class Pngs(Encoder):
    """A folder of numbered PNGs, each with its facts in its text."""

    def __init__(self, place: Path, settings: Settings, size: tuple[int, int]) -> None:
        super().__init__(place, settings, size)
        place.mkdir()
        self._bytes, self._full = 0, False

    @property
    def full(self) -> bool:
        return self._full

    @property
    def bytes(self) -> int:
        return self._bytes

    def _write(self, pixels: np.ndarray, time: float, until: float, facts: Mapping[str, str]) -> None:
        info = PngInfo()
        for name, text in {"Title": self.settings.title, "Description": self.settings.comment, **facts}.items():
            info.add_text(name, text) if text.isascii() else info.add_itxt(name, text)
        memory = io.BytesIO()
        Image.fromarray(pixels).save(memory, "PNG", pnginfo=info, compress_level=1 if self.settings.hurry else 6)
        path = self.place / f"frame-{self.frames + 1:06}.png"
        try:
            with path.open("xb") as file:
                write_all(file, memory.getbuffer())
        except OSError as error:
            path.unlink(missing_ok=True)
            if error.errno not in FULL:
                raise
            self._full = True
            self.frames -= 1  # this one is lost
        else:
            self._bytes += memory.tell()

    def _end(self) -> None:
        """Nothing ends a folder."""

    def close(self) -> None:
        """Nothing is open."""


def write_all(file: BinaryIO, data: memoryview) -> None:
    """Write a picture, down to the disk. OSError if it fails."""
    file.write(data)
    file.flush()
