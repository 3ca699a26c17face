"""Keys that do something for as long as they are held: one filter, whatever auto-repeat sends."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Signal
from PySide6.QtGui import QKeyEvent

SETTLE_MS = 60  # longer than a release of auto-repeat waits for the press that follows it


class HeldKeys(QObject):
    """``pressed`` comes once when a key goes down, ``released`` once when it is up; each carries the Qt.Key.

    X11 repeats a held key as pairs of release and press of one moment, and Qt does not always mark them as repeated: a
    release counts only when no such press has followed. One key is held at a time: others are not heard meanwhile.
    ``belongs``: whether a press, with its modifiers, is one of these keys.
    """

    pressed = Signal(int)
    released = Signal(int)

    def __init__(self, belongs: Callable[[QKeyEvent], bool], parent: QObject) -> None:
        super().__init__(parent)
        self._belongs = belongs
        self._key: int | None = None
        self._let_go_at = 0  # milliseconds, as the system stamps its events
        self._settling = QTimer(self, singleShot=True, interval=SETTLE_MS)
        self._last_look = QTimer(self, singleShot=True, interval=0)
        self._settling.timeout.connect(self._last_look.start)  # what came while the window was busy is heard before
        self._last_look.timeout.connect(self.release)

    @property
    def held(self) -> int | None:
        """The key that is down, a Qt.Key."""
        return self._key

    def handle(self, event: QEvent) -> bool:
        """Take a key event; whether it was one of these keys'. Any other event is none."""
        if not isinstance(event, QKeyEvent):
            return False
        if event.type() == QEvent.Type.KeyPress and (event.key() == self._key or self._belongs(event)):
            self._press(event)
            return True
        if event.type() == QEvent.Type.KeyRelease and event.key() == self._key:
            if not event.isAutoRepeat():
                self._let_go_at = event.timestamp()
                self._settling.start()
            return True
        return event.type() == QEvent.Type.KeyRelease and self._belongs(event)

    def release(self) -> None:
        """The key is up, or is not heard any more: another widget has the keys."""
        self._settling.stop()
        self._last_look.stop()
        key, self._key = self._key, None
        if key is not None:
            self.released.emit(key)

    def _press(self, event: QKeyEvent) -> None:
        waiting = self._settling.isActive() or self._last_look.isActive()
        repeated = event.isAutoRepeat() or (event.timestamp() and event.timestamp() == self._let_go_at)
        if event.key() == self._key and waiting and not repeated:
            self.release()  # and pressed once more
        if event.key() == self._key:
            self._settling.stop()
            self._last_look.stop()
        elif self._key is None and not event.isAutoRepeat():
            self._key = event.key()
            self.pressed.emit(self._key)


__all__ = ["SETTLE_MS", "HeldKeys"]
