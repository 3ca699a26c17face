"""How a page looks: matplotlib's settings, sizes of text, and words that fit. Imports matplotlib."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from matplotlib import style
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.textpath import TextToPath

from zfdesk.figures.colours import INK, LINE

_SETTINGS: dict[str, Any] = {
    "font.family": ["DejaVu Sans"], "font.sans-serif": ["DejaVu Sans"], "text.parse_math": False,
    "text.hinting": "no_hinting", "text.usetex": False,
    "axes.unicode_minus": True, "axes.formatter.use_mathtext": False,
    "text.color": INK, "axes.labelcolor": INK, "axes.edgecolor": LINE, "xtick.color": LINE, "ytick.color": LINE,
    "xtick.labelcolor": INK, "ytick.labelcolor": INK, "axes.linewidth": 0.6, "lines.linewidth": 1.1,
    "xtick.major.width": 0.6, "ytick.major.width": 0.6, "xtick.major.size": 2.5, "ytick.major.size": 2.5,
    "axes.titlelocation": "left", "axes.spines.top": False, "axes.spines.right": False,
    "figure.facecolor": "white", "axes.facecolor": "white", "savefig.facecolor": "white", "savefig.transparent": False,
    # what a vector file needs: text that stays text, fonts that travel along, pictures as they are, the same every time
    "svg.fonttype": "none", "pdf.fonttype": 42, "svg.hashsalt": "zfdesk", "image.composite_image": False,
    "figure.autolayout": False, "figure.constrained_layout.use": False, "savefig.bbox": None,
}  # fmt: skip

_LOCK = threading.RLock()


@contextmanager
def styled() -> Iterator[None]:
    """Matplotlib with our settings and none of the user's, in one thread at a time; it has them only once."""
    with _LOCK, style.context(_SETTINGS, after_reset=True):
        yield


@dataclass(frozen=True)
class PageStyle:
    """Sizes at which a page is drawn. text, small: points. line: the height of a line of small text in inches."""

    text: float = 7.5
    small: float = 6.5
    stroke: float = 1.0

    @property
    def line(self) -> float:
        """Height of a line of small text in inches."""
        return self.small * 1.25 / 72


PAPER, BETWEEN, SLIDE = PageStyle(), PageStyle(11, 9.5, 1.4), PageStyle(15, 12.5, 1.9)


def looks_for(width: float, height: float) -> tuple[PageStyle, ...]:
    """The looks to try for a page of that size in inches: what is wider than two columns is looked at from afar, but
    what a page of a given height cannot hold is drawn smaller."""
    if width <= 8.5:
        return (PAPER,)
    return (SLIDE, BETWEEN, PAPER) if height else (SLIDE,)


@lru_cache(maxsize=4096)
def text_width(text: str, points: float) -> float:
    """Width in inches of one line of text."""
    width, _, _ = TextToPath().get_text_width_height_descent(
        text, FontProperties(family=["DejaVu Sans"], size=points), False
    )
    return width / 72


@lru_cache(maxsize=1)
def _letters() -> frozenset[int]:
    return frozenset(get_font(findfont(FontProperties(family=["DejaVu Sans"]))).get_charmap())


def printable(text: str) -> str:
    """The text with a sign in place of each letter that the font lacks."""
    known = _letters()
    return "".join(letter if ord(letter) in known or letter == "\n" else "�" for letter in text)


def fitting(text: str, width: float, points: float) -> str:
    """One line, cut with an ellipsis where it is wider than ``width`` inches."""
    text = printable(text[: _most_letters(width, points)]) + text[_most_letters(width, points) :][:1]
    if _fitting_letters(text, width, points) == len(text):
        return text
    kept = text[: _fitting_letters(text, width - text_width("…", points), points)]
    return f"{kept.rstrip()}…"


def wrapped(text: str, width: float, points: float) -> str:
    """The text in at most `MOST_LINES` lines no wider than ``width`` inches. What a space that does not break, or a ×,
    holds together is broken there only where it is wider, and a single word between its letters."""
    lines: list[str] = []
    for paragraph in printable(text).split("\n"):
        line = ""
        for word in _TIMES.sub(lambda found: found[0].replace(" ", _JOINED), paragraph).split(" "):
            longer = f"{line} {word}" if line else word
            if _fitting_letters(longer, width, points) == len(longer):
                line = longer
                continue
            lines += [line] if line else []
            while (cut := max(1, _fitting_letters(word, width, points))) < len(word) and len(lines) <= MOST_LINES:
                cut = word.rfind(_JOINED, 1, cut + 1) if _JOINED in word[1 : cut + 1] else cut
                lines, word = [*lines, word[:cut]], word[cut:].removeprefix(_JOINED)
            line = word
        lines.append(line)
        if len(lines) > MOST_LINES:
            lines = [*lines[: MOST_LINES - 1], "…"]
            break
    return _HELD.sub(lambda found: found[0].replace(_JOINED, " "), "\n".join(lines))


def _fitting_letters(text: str, width: float, points: float) -> int:
    """How many of the first letters fit in ``width`` inches, found by halving, so that no text takes long."""
    most = min(len(text), _most_letters(width, points))
    if most == len(text) and text_width(text, points) <= width:
        return most
    fits, least = 0, most + 1  # so many fit, so many do not
    while least - fits > 1:
        middle = (fits + least) // 2
        fits, least = (middle, least) if text_width(text[:middle], points) <= width else (fits, middle)
    return fits


def _most_letters(width: float, points: float) -> int:
    """More than fit in a line, were they all of the narrowest kind."""
    return int(max(width, 0) * 72 / points / 0.2) + 16


MOST_LINES = 250
"""Of any text on a page: more are read by nobody, and take long to draw."""

_JOINED = "\N{NO-BREAK SPACE}"
_TIMES = re.compile(r"((?<=\d) )?× ")
"""What is held together while words are broken: 50 × 50, and × 310."""
_HELD = re.compile(rf"{_JOINED}?×{_JOINED}")
