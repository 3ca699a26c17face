"""How long after the hand the answer comes: a square dragged over the picture, until the class bars show it there.

``python -m zfdesk.desk.drag_benchmark [--seconds S] [--stream]`` prints one JSON object. The mouse moves 60 times a
second in a real window with every pane shown, over a still picture or a 30 fps stream. A position's delay runs from the
moment it was due until the bars that show it are painted; positions that the window never shows have none.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QEvent, QObject
    from PySide6.QtWidgets import QWidget

    from zfdesk.desk.window.main_window import Window

MOVES_PER_SECOND = 60
WARM_UP_SECONDS = 2.0
SIDE = 50


def path(number: int) -> tuple[int, int]:
    """Where the square is after so many moves, (top, left): round and round over the picture."""
    angle = number / MOVES_PER_SECOND * 2
    return round(87 + 75 * math.sin(angle)), round(87 + 75 * math.sin(1.37 * angle))


class _Hand:
    """Drags the square with mouse events, and notes when the bars show it where it was due when."""

    def __init__(self, window: Window) -> None:
        from PySide6.QtCore import QTimer

        from zfdesk.desk.live_view.classes_pane import ClassesPane
        from zfdesk.desk.live_view.picture_pane import PicturePane

        self.canvas, self.bars = window.context.get(PicturePane).canvas, window.context.get(ClassesPane).bars
        self.due: dict[tuple[int, int], float] = {}
        self.delays: list[float] = []
        self.begun, self._moves = 0.0, 0
        self._clock = QTimer(interval=2)
        self._clock.timeout.connect(self._move)
        painted = _painted(self.bars, self._note)
        self.bars.installEventFilter(painted)

    def begin(self) -> None:
        """Take hold of the square."""
        from PySide6.QtCore import QEvent

        self._send(QEvent.Type.MouseButtonPress, path(0))
        self.begun = time.perf_counter()
        self._clock.start()

    def _move(self) -> None:
        from PySide6.QtCore import QEvent

        moves = int((time.perf_counter() - self.begun) * MOVES_PER_SECOND)
        if moves > self._moves:  # what a busy window misses, the system merges into one move
            self._moves = moves
            self.due[path(moves)] = self.begun + moves / MOVES_PER_SECOND
            self._send(QEvent.Type.MouseMove, path(moves))

    def _send(self, kind: QEvent.Type, place: tuple[int, int]) -> None:
        from PySide6.QtCore import QPointF, Qt
        from PySide6.QtGui import QMouseEvent
        from PySide6.QtWidgets import QApplication

        top, left = place
        at = QPointF(self.canvas.input_rect(top, left, top + SIDE, left + SIDE).center())
        button = Qt.MouseButton.LeftButton
        event = QMouseEvent(
            kind, at, self.canvas.mapToGlobal(at), button, button, Qt.KeyboardModifier.NoModifier
        )  # fmt: skip
        QApplication.sendEvent(self.canvas, event)

    def _note(self) -> None:
        answer = self.bars.answer
        if answer is None or not answer.request.view.occluders:
            return
        occluder = answer.request.view.occluders[0]
        due = self.due.pop((occluder.top, occluder.left), None)
        if due is not None:
            self.delays.append(time.perf_counter() - due)

    def figures(self) -> dict[str, float]:
        """The delays in milliseconds, and the positions shown a second."""
        span = time.perf_counter() - self.begun
        delays = np.array(self.delays or [math.nan]) * 1e3
        return {
            "median_ms": round(float(np.median(delays)), 3),
            "p95_ms": round(float(np.percentile(delays, 95)), 3),
            "shown_per_s": round(len(self.delays) / span, 3),
        }


def _painted(widget: QWidget, note: Callable[[], None]) -> QObject:
    """A filter that lets the widget paint itself, then calls ``note``."""
    from PySide6.QtCore import QEvent, QObject

    class Painted(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
            if event.type() is not QEvent.Type.Paint:
                return False
            widget.event(event)
            note()
            return True

    return Painted(widget)


def measure(seconds: float, stream: bool) -> dict[str, float]:
    """Drag for so long; ``stream``: over a 30 fps stream, else over a still picture."""
    import torch  # noqa: F401  before Qt
    from PySide6.QtCore import QSettings, QTimer

    from zfdesk.desk.app import make_application, tune_interpreter
    from zfdesk.desk.benchmark import STREAM
    from zfdesk.desk.state import AppState
    from zfdesk.desk.window.main_window import Window, make_context
    from zfdesk.engine import Occluder
    from zfdesk.live import View
    from zfdesk.resources import resource
    from zfdesk.sources import SourceReference
    from zfdesk.weights import load

    application = make_application()
    picture = SourceReference("picture", str(resource("demo/chelsea.jpg")))
    source = SourceReference("camera", STREAM) if stream else picture
    view = View(source=source, unit=33, occluders=(Occluder(*path(0), SIDE, SIDE),), chosen_occluder=0)
    with tempfile.TemporaryDirectory() as folder:
        desk = AppState(load(), view)
        settings = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
        window = Window(make_context(desk, settings))
        window.layout_.show_all()
        hand = _Hand(window)
        figures: dict[str, float] = {}

        def end() -> None:
            figures.update(hand.figures())
            window.close()

        def shown() -> None:
            desk.result_ready.disconnect(shown)
            QTimer.singleShot(int(WARM_UP_SECONDS * 1e3), hand.begin)
            QTimer.singleShot(int((WARM_UP_SECONDS + seconds) * 1e3), end)

        desk.result_ready.connect(shown)
        desk.start()
        window.show()
        tune_interpreter()
        application.exec()
        desk.worker.stop(30.0)  # a thread that still computes would break the interpreter's end
    return figures


def main() -> int:
    """Entry of ``python -m zfdesk.desk.drag_benchmark``."""
    parser = argparse.ArgumentParser(description="Measure how soon the class bars follow a dragged square.")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--stream", action="store_true", help="over a 30 fps stream, not a still picture")
    arguments = parser.parse_args()
    json.dump(measure(arguments.seconds, arguments.stream), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
