"""How far long work is, on a terminal or in a log. Belongs to no room and knows none."""

from __future__ import annotations

import math
import sys
import time
from types import TracebackType
from typing import TextIO

TERMINAL_SECONDS = 0.1
"""A line that is written over is renewed so often at most."""


class ProgressLine:
    """One line that is written over where stderr is a terminal, and wiped at the end; elsewhere a line now and then.

    As a context manager it ends by itself. Called with (done, total) it shows both and the time that is left.

    what: words before the numbers. things: what is counted. every: seconds between two lines where stderr is no
    terminal; None for no such lines. quiet: says nothing of how it goes. stream: in place of stderr.
    """

    def __init__(
        self,
        what: str = "",
        things: str = "",
        *,
        every: float | None = None,
        quiet: bool = False,
        stream: TextIO | None = None,
    ) -> None:
        self.quiet = quiet
        self._what, self._things, self._every, self._stream = what, things, every, stream
        self._begun = time.perf_counter()
        self._next = 0.0
        self._milestone = ""
        self._open = False

    def __call__(self, done: int, total: int) -> None:
        """How many of how many are done."""
        if done == total:
            self._next = 0.0  # the last is never passed over
        left = (time.perf_counter() - self._begun) * (total / done - 1) if done else 0.0
        share = f"{percent_text(done / total):>5} of {total:,} {self._things}" if total else f"0 {self._things}"
        self.show(f"{self._what}{share}, {duration(left)} left" if done else f"{self._what}{share}")

    def show(self, text: object, milestone: str = "") -> None:
        """How it stands; passed over when the last line is too fresh.

        milestone: where it is another than before, the line is never passed over; where stderr is no terminal it is
        what is written.
        """
        stream, now = self._output(), time.monotonic()
        if self.quiet or stream is None:
            return
        passed = milestone not in ("", self._milestone)
        self._milestone = milestone
        if stream.isatty():
            if passed or now >= self._next:
                self._next = now + TERMINAL_SECONDS
                print(f"\r{text}\x1b[K", end="", file=stream, flush=True)
                self._open = True
        elif milestone:
            if passed:
                print(milestone, file=stream, flush=True)
        elif self._every is not None and now >= self._next:
            self._next = now + self._every
            print(text, file=stream, flush=True)

    def message(self, sentence: str) -> None:
        """A sentence that stays, with a line of its own."""
        if not self.quiet:
            self.warn(sentence)

    def warn(self, sentence: str) -> None:
        """A sentence of what this process alone has seen: said also where ``quiet``."""
        self.end()
        if (stream := self._output()) is not None:
            print(sentence, file=stream, flush=True)

    def end(self) -> None:
        """Wipe the line."""
        if self._open:
            print("\r\x1b[K", end="", file=self._output(), flush=True)
            self._open, self._next = False, 0.0

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()

    def _output(self) -> TextIO | None:
        """Looked up at each line: stderr may be None (a program without a console), or be replaced."""
        return self._stream or sys.stderr


def duration(seconds: float) -> str:
    """``2 h 05 min``, ``3 min 10 s``, ``12 s``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {left:02d} s" if minutes else f"{left} s"


def bytes_text(count: int, decimals: int = 0) -> str:
    """A number of bytes as ``900 kB``, ``66 MB`` or ``1.2 GB``."""
    power = min(max(int(math.log10(max(count, 1)) // 3), 1), 3)
    return f"{count / 1000**power:.{decimals}f} {('kB', 'MB', 'GB')[power - 1]}"


def percent_text(share: float, decimals: int = 0) -> str:
    """``31 %`` for 0.31, ``31.0 %`` with one decimal. With a digit more close to none, and close to all:
    "100 %" is said of all alone."""
    if 0 < share < 0.01 or 0.995 <= share < 1:
        decimals = max(decimals, 1)
        return f"{min(share * 100, 100 - 10**-decimals):.{decimals}f} %"
    return f"{share * 100:.{decimals}f} %"


def counted(count: int, one: str, many: str = "") -> str:
    """``1 picture``, ``1,200 pictures``. many: as of `noun`."""
    return f"{count:,} {noun(count, one, many)}"


def noun(count: int, one: str, many: str = "") -> str:
    """``picture`` for 1, else ``pictures``. many: where that is not the word with an s."""
    return one if count == 1 else many or f"{one}s"


__all__ = ["ProgressLine", "bytes_text", "counted", "duration", "noun", "percent_text"]
