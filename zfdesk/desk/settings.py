"""What is remembered from one start to the next: every setting by its key, with its type and what it is at first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QByteArray, QSettings

T = TypeVar("T")


@dataclass(frozen=True)
class Setting(Generic[T]):
    """``default``: what it is at first, and where the file holds something of another type."""

    key: str
    default: T

    def read(self, settings: QSettings) -> T:
        """Return the value that was written last; the default where there is none of its type."""
        value = settings.value(self.key, self.default, type(self.default))
        return value if isinstance(value, type(self.default)) else self.default

    def write(self, settings: QSettings, value: T) -> None:
        """Remember a value."""
        settings.setValue(self.key, value)

    def reset(self, settings: QSettings) -> None:
        """Remove what was written: the default counts again."""
        settings.remove(self.key)

    def of(self, name: str) -> Setting[T]:
        """One of a group: the same for each of several names."""
        return Setting(f"{self.key}/{name}", self.default)

    def names(self, settings: QSettings) -> list[str]:
        """Return the names of a group that were written, by the alphabet."""
        settings.beginGroup(self.key)
        names = settings.childKeys()
        settings.endGroup()
        return sorted(names, key=str.casefold)


THEME = Setting("view/theme", "dark")
PRESENTER = Setting("view/presenter", False)

LAYOUT_VERSION = Setting("layout/version", 0)
LAYOUT_GEOMETRY = Setting("layout/geometry", QByteArray())
LAYOUT_STATE = Setting("layout/state", QByteArray())
LAYOUT_FOLDED = Setting("layout/folded", True)
LAYOUT_WIDE = Setting("layout/wide", True)

HINTS_DONE = Setting("hints/done", False)
EMBEDDED_LINE_CLOSED = Setting("embedded-line/closed", "")
"""For which embedded network it was closed."""

FOLDER = Setting("files/folder", "")
WEIGHTS_FOLDER = Setting("files/weights", "")
MARKING_FOLDER = Setting("marking/folder", "")
TRAINING_RUN = Setting("training/run", "")
RECENT_SESSIONS = Setting[list[str]]("sessions/recent", [])
CAMERA = Setting("camera/id", "")

FIGURE_LAYOUT = Setting("figure/layout", "")
FIGURE_LAYOUTS = Setting("figure/layouts", "")
"""By the name that the user gave."""
FIGURE_GEOMETRY = Setting("figure/geometry", QByteArray())
FIGURE_SPLIT = Setting("figure/split", QByteArray())

FILM_CHOICE = Setting("film", "")
"""By the name of the choice."""
FILM_PARTS = Setting("film/parts", "picture,map,reconstruction,bars")
FILM_RATE = Setting("film/rate", 0.0)
FILM_AMOUNT = Setting("film/amount", 0.0)

__all__ = ["Setting"]
