"""The status line (what the machine does) and the message line (what it has to say)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import Colours

MESSAGE_MS = 8000


class StatusLine(ElidedLabel):
    """Source, rate, frame, milliseconds by step, age, drops, device, weights."""

    def __init__(self, desk: AppState) -> None:
        super().__init__()
        self.desk = desk
        self.setAccessibleName("Status")

    def show_facts(self) -> None:
        """Renew the line from the newest result."""
        desk, result = self.desk, self.desk.result
        weights = desk.model.name or desk.model.architecture.name
        if result is None:
            self.say(f"waiting for the first frame · cpu · {weights}")
            return
        height, width = result.request.frame.pixels.shape[:2]
        draws = list(desk.draws)
        now = draws[-1][0] if draws else 0.0
        recent = [d for d in draws if now - d[0] < 2.0]
        span = recent[-1][0] - recent[0][0] if len(recent) > 2 else 0.0
        rate = (len(recent) - 1) / span if span else 0.0
        age = float(np.median([d[1] for d in recent])) * 1e3 if recent else 0.0
        draw = float(np.median([d[2] for d in recent])) * 1e3 if recent else 0.0
        times = result.times
        moving = rate > 1.5
        said = [f"{width}×{height}"]
        said += [f"{rate:.1f} fps" if moving else "still", f"frame {result.request.frame.number}"]
        capture = f"capture {times['capture'] + times['crop']:.0f} · " if moving else ""
        forward, unit = times["forward"], (desk.complete or result).times.get("unit", 0.0)
        said.append(f"{capture}forward {forward:.0f} · reconstruct {unit:.0f} · draw {draw:.0f} ms")
        if desk.view.timings:
            said.append(", ".join(f"{name} {ms:.1f}" for name, ms in times.items()) + " ms")
        if moving:
            said += [f"age {age:.0f} ms", f"{desk.worker.dropped} dropped"]
        said += ["cpu", f"{weights}" + ("" if desk.model.trained else " (untrained)")]
        self.say(" · ".join(said))


class MessageLine(QWidget):
    """One sentence over the panes, gone by itself after a while; trouble stays twice as long."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.label = QLabel(wordWrap=True)
        self.label.setAccessibleName("Message")
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        close = QToolButton(text="×")
        close.setAccessibleName("Close the message")
        close.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 6, 6)
        layout.addWidget(self.label, 1)
        layout.addWidget(close)
        self.setAutoFillBackground(True)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.clock = QTimer(self, singleShot=True, interval=MESSAGE_MS)
        self.clock.timeout.connect(self.hide)
        self._colours: Colours | None = None
        self._trouble = False
        window.installEventFilter(self)
        self.hide()

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme."""
        self._colours = colours
        self._dress()

    def say(self, sentence: str, trouble: bool = False) -> None:
        """Show a sentence."""
        self._trouble = trouble
        self.label.setText(("⚠ " if trouble else "") + sentence)
        self._dress()
        self._place()
        self.show()
        self.raise_()
        self.clock.start(MESSAGE_MS * 2 if trouble else MESSAGE_MS)

    def _dress(self) -> None:
        if self._colours:
            edge = self._colours.trouble if self._trouble else self._colours.field
            self.setStyleSheet(
                f"MessageLine {{ background: {self._colours.raised}; border: 1px solid {edge};"
                f" border-left: 5px solid {edge}; border-radius: 4px; }} QLabel {{ color: {self._colours.text}; }}"
            )

    def _place(self) -> None:
        parent = self.parentWidget()
        width = min(parent.width() - 40, 760)
        height = max(self.layout().heightForWidth(width), self.sizeHint().height())
        self.setGeometry((parent.width() - width) // 2, parent.height() - height - 44, width, height)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return False
