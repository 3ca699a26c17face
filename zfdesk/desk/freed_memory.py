"""What the window freed goes back to the system now and then."""

from __future__ import annotations

from PySide6.QtCore import QTimer

from zfdesk.desk.state import AppState
from zfdesk.heap import give_back, resident_bytes

LOOK_MS = 5_000
GROWTH = 128 << 20  # bytes: with so much more than after the last time, memory is given back
LOOKS = 6  # with so many looks since the last time too: what was in use then may be free by now


class FreedMemory(QTimer):
    """Looks every few seconds. glibc keeps what torch frees between the blocks that are in use: 0.3 to 0.5 GB after
    ten minutes of restless hands, and ever more. To ask it how much that is takes as long as to have it given back:
    some 50 ms of another thread."""

    def __init__(self, state: AppState) -> None:
        super().__init__(state, interval=LOOK_MS)
        self._state = state
        self._held = self._looks = 0
        self.timeout.connect(self.look)

    def look(self) -> None:
        """Have what is free given back, off this thread, where the process has grown or it is long ago."""
        self._looks += 1
        if (resident_bytes() > self._held + GROWTH or self._looks >= LOOKS) and not self._state.closing:
            self._state.tasks.run("give memory back", give_back, self._given_back)

    def _given_back(self, *_: object) -> None:
        self._held, self._looks = resident_bytes(), 0


__all__ = ["FreedMemory"]
