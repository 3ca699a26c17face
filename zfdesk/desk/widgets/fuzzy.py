"""How well a few typed letters fit a text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise


@dataclass(frozen=True)
class Match:
    """``rank``: how it was found, then how far from the best of its kind; lower is better. ``places``: the letters."""

    rank: tuple[int, int]
    places: tuple[int, ...]


@lru_cache(maxsize=8192)
def _prepared(text: str) -> tuple[str, tuple[int, ...]]:
    """The text in small letters, as many as it had, and where its words begin."""
    small = "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in text)
    return small, tuple(place.start() for place in re.finditer(r"\w+", small))


def match(query: str, text: str, gaps: bool = True) -> Match | None:
    """How well a query fits a text: its letters in order, best where they begin words or stand together.

    First ranks: 0 the whole text, 1 its beginning, 2 the beginnings of words ("oc sh"), 3 a part from the beginning of
    a word, 4 the first letters of words ("tsa"), 5 any part, 6, with ``gaps``, letters in order.
    """
    wanted = query.lower().strip()
    letters, starts = _prepared(text)
    if not wanted:
        return Match((0, 0), ())
    if letters.startswith(wanted):
        return Match((0 if letters == wanted else 1, 0), tuple(range(len(wanted))))
    if " " in wanted and (begun := _words_begun(wanted.split(), letters, starts)):
        return Match((2, begun[0]), tuple(sorted(begun)))
    if (part := letters.find(wanted)) >= 0:
        part = next((start for start in starts if letters.startswith(wanted, start)), part)
        if part in starts:
            return Match((3, part), tuple(range(part, part + len(wanted))))
    if len(wanted) > 1 and (first := _letters_in_order(wanted, "".join(letters[start] for start in starts))):
        return Match((4, _gaps(first)), tuple(starts[place] for place in first))
    if part >= 0:
        return Match((5, part), tuple(range(part, part + len(wanted))))
    hits = _letters_in_order(wanted.replace(" ", ""), letters, starts) if gaps else None
    return Match((6, _gaps(hits)), hits) if hits else None


def _words_begun(parts: list[str], letters: str, starts: tuple[int, ...]) -> list[int] | None:
    """Each word of the query begins another word of the text."""
    places: list[int] = []
    used: set[int] = set()
    for part in parts:
        start = next((s for s in starts if s not in used and letters.startswith(part, s)), None)
        if start is None:
            return None
        used.add(start)
        places += range(start, start + len(part))
    return places


def _letters_in_order(wanted: str, letters: str, starts: tuple[int, ...] = ()) -> tuple[int, ...] | None:
    """Where the letters are, word beginnings preferred when the rest still follows."""
    places: list[int] = []
    after = 0
    for index, letter in enumerate(wanted):
        found = letters.find(letter, after)
        if found < 0:
            return None
        begun = next((s for s in starts if s > found and letters[s] == letter), None)
        if begun is not None and found != after and _follows(wanted[index + 1 :], letters, begun + 1):
            found = begun
        places.append(found)
        after = found + 1
    return tuple(places)


def _follows(wanted: str, letters: str, after: int) -> bool:
    for letter in wanted:
        after = letters.find(letter, after) + 1
        if not after:
            return False
    return True


def _gaps(places: tuple[int, ...]) -> int:
    return sum(after - before > 1 for before, after in pairwise(places))
