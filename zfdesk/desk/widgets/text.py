"""Numbers and facts as the window writes them."""

from __future__ import annotations

from collections.abc import Callable

BETWEEN = " · "
"""Stands between facts; what comes first matters most."""


def fit_facts(text: str, lines: int, fits: Callable[[str], bool]) -> list[str]:
    """As many facts of a text, from its first, as ``lines`` lines take: a fact that does not fit is left out with all
    after it, none is cut. Where the first is longer than a line it is broken between words; what even so has no room
    stands in the last line in full, for the caller to cut.
    """
    shown: list[str] = []
    for fact in text.split(BETWEEN):
        joined = f"{shown[-1]}{BETWEEN}{fact}" if shown else fact
        if shown and fits(joined):
            shown[-1] = joined
        elif len(shown) < lines and (fits(fact) or not shown):
            shown.append(fact)
        else:
            break
    if len(shown) == 1 and not fits(shown[0]):
        return _broken(shown[0], lines, fits)
    return shown


def _broken(text: str, lines: int, fits: Callable[[str], bool]) -> list[str]:
    """A text broken between words; the last line takes all the rest."""
    broken = [""]
    for word in text.split(" "):
        joined = f"{broken[-1]} {word}".strip()
        if fits(joined) or not broken[-1] or len(broken) == lines:
            broken[-1] = joined
        else:
            broken.append(word)
    return broken


def clock(seconds: float) -> str:
    """Return seconds as a clock shows them: 0:07.4 or 1:02:03.0."""
    tenths = int(seconds * 10 + 1e-6)
    hours, minutes = divmod(tenths // 600, 60)
    rest = f"{tenths // 10 % 60:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"
