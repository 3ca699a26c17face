"""The line that says how far a training is: rewritten on a terminal, else one a minute."""

from __future__ import annotations

import sys
import time
from typing import TextIO


class Progress:
    """Writes to ``stream`` (stderr). ``quiet``: says nothing of how it goes."""

    def __init__(self, quiet: bool = False, stream: TextIO | None = None, every: float = 60.0) -> None:
        self.stream, self.quiet, self.every = stream or sys.stderr, quiet, every
        self.terminal = self.stream.isatty()
        self._last, self._width = -float("inf"), 0

    def line(self, words: str) -> None:
        """How it stands; passed over when the last line is too fresh."""
        now = time.monotonic()
        if self.quiet or now - self._last < (0.2 if self.terminal else self.every):
            return
        self._last = now
        if self.terminal:
            print(f"\r{words.ljust(self._width)}", end="", file=self.stream, flush=True)
            self._width = len(words)
        else:
            print(words, file=self.stream, flush=True)

    def say(self, words: str) -> None:
        """A sentence that stays."""
        if not self.quiet:
            self.warn(words)

    def warn(self, words: str) -> None:
        """A sentence of what this process alone has seen, said also where ``quiet``."""
        if self.terminal and self._width:
            print(f"\r{' ' * self._width}\r", end="", file=self.stream)
            self._width = 0
        print(words, file=self.stream, flush=True)


def lasting(seconds: float) -> str:
    """``2 h 05 min``, ``3 min 10 s``, ``12 s``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"


def noun(count: int, one: str, many: str = "") -> str:
    """``picture`` for 1, else ``pictures``. many: where that is not the word with an s."""
    return one if count == 1 else many or f"{one}s"
