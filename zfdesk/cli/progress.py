"""How far a long command is, on stderr: one line written over on a terminal, else a line now and then."""

from __future__ import annotations

import sys
import time

from zfdesk.cli.output import tell


class ProgressLine:
    """``every``: seconds between lines where stderr is no terminal."""

    def __init__(self, every: float = 30.0) -> None:
        self._every, self._next, self._open = every, 0.0, False

    def show(self, words: object) -> None:
        """How it stands; passed over when the last line is too fresh."""
        now, terminal = time.monotonic(), sys.stderr.isatty()
        if now < self._next:
            return
        self._next = now + (0.2 if terminal else self._every)
        print(f"\r{words}\x1b[K" if terminal else words, end="" if terminal else "\n", file=sys.stderr, flush=True)
        self._open = terminal

    def tell(self, sentence: str) -> None:
        """A sentence with a line of its own."""
        self.end()
        tell(sentence)

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            print(file=sys.stderr)
            self._open = False
