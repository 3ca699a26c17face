"""Play, pause, step and seek: a bar under the picture, for sources that have something to play."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QIcon,
    QMouseEvent,
    QPainter,
    QPixmap,
    QPolygonF,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QSlider, QStyle, QToolButton, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.widgets.text import clock
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.sources import Source, Transport

REFRESH_MS = 200
SEEK_MS = 60  # a drag asks for a frame at most this often
SETTLE_SECONDS = 0.5  # after a seek the slider waits so long for the source to get there
MANY = ("folder", "demo")  # kinds of source that have a next picture
SMALLEST = 24  # pixels a button


def position_text(state: Transport, kind: str) -> str:
    """Where the source stands: a picture's number where there are several, else the time."""
    if kind in MANY and state.index is not None and state.count:
        return f"{state.index + 1} / {state.count}"
    return clock(state.position) + (f" / {clock(state.duration)}" if state.duration else "")


def _icon(name: str, colours: Colours, size: int) -> QIcon:
    """Drawn, so that it has the theme's colours and looks alike everywhere."""
    pixmap = QPixmap(QSize(size, size) * 2)
    pixmap.setDevicePixelRatio(2)
    pixmap.fill(QColor(0, 0, 0, 0))
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(size / 16, size / 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colours.colour("text"))
    bars = {
        "pause": ((4, 3, 3, 10), (9, 3, 3, 10)), "step-on": ((3, 3, 2, 10),), "step-back": ((11, 3, 2, 10),),
        "next": ((11, 3, 2, 10),), "previous": ((3, 3, 2, 10),),
    }  # fmt: skip
    triangles = {
        "play": ((4, 2.5), (13, 8), (4, 13.5)),
        "step-on": ((7, 3), (13, 8), (7, 13)), "step-back": ((9, 3), (3, 8), (9, 13)),
        "next": ((3, 3), (10, 8), (3, 13)), "previous": ((13, 3), (6, 8), (13, 13)),
    }  # fmt: skip
    for bar in bars.get(name, ()):
        painter.drawRect(QRectF(*bar))
    if corners := triangles.get(name):
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in corners]))
    painter.end()
    return QIcon(pixmap)


class SeekSlider(QSlider):
    """A click on the groove goes there, and the drag goes on from there."""

    def __init__(self) -> None:
        super().__init__(Qt.Orientation.Horizontal)

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if event.button() == Qt.MouseButton.LeftButton:
            handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            span, x = self.width() - handle, int(event.position().x()) - handle // 2
            self.setSliderDown(True)
            self.setSliderPosition(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, span))
            event.accept()
        else:
            event.ignore()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        if self.isSliderDown():
            handle = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            span, x = self.width() - handle, int(event.position().x()) - handle // 2
            self.setSliderPosition(QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, span))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        self.setSliderDown(False)


class TransportBar(QWidget):
    """Seen only while the source can be played."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        desk = self.desk = context.state
        self._table = context.get(ActionTable)
        self.colours: Colours = THEMES[desk.view.theme]
        self._icons_of: tuple[str, bool] | None = None
        self._wanted: float | None = None
        self._seek_time = 0.0
        self._was_playing = False
        self.setAccessibleName("Playing")
        self._make_parts()
        self._seek_clock = QTimer(self, singleShot=True, interval=SEEK_MS)
        self._seek_clock.timeout.connect(self._seek_now)
        self.refresh_clock = QTimer(self, interval=REFRESH_MS)
        self.refresh_clock.timeout.connect(self.refresh)
        desk.source_changed.connect(self.refresh)
        desk.view_changed.connect(self._renew_icons)
        self._renew_icons()
        self.refresh()

    def _make_parts(self) -> None:
        self.previous = self._button("previous", lambda source: self.desk.move(lambda moved: moved.previous()))
        self.step_back = self._button("step-back", lambda source: self.desk.move(lambda moved: moved.step(-1)))
        self.play = self._button("play", lambda source: self.desk.play_or_pause())
        self.step_on = self._button("step-on", lambda source: self.desk.move(lambda moved: moved.step(1)))
        self.next = self._button("next", lambda source: self.desk.move(lambda moved: moved.next()))
        self.loop = self._button("loop", lambda source: source.set_looping(self.loop.isChecked()))
        self.loop.setCheckable(True)
        self.loop.setText("loop")
        self.slider = SeekSlider()
        self.slider.setAccessibleName("Position")
        self.slider.setMinimumSize(30, SMALLEST)
        self.slider.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.slider.sliderPressed.connect(self._begin_drag)
        self.slider.sliderMoved.connect(self._want)
        self.slider.sliderReleased.connect(self._end_drag)
        self.label = QLabel()
        self.label.setAccessibleName("Position in words")
        self.label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(2, 0, 2, 0)
        layout.setSpacing(2)
        for part in (self.previous, self.step_back, self.play, self.step_on, self.next):
            layout.addWidget(part)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.label)
        layout.addWidget(self.loop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def _button(self, name: str, action: Callable[[Source], None]) -> QToolButton:
        button = QToolButton()
        button.setToolTip(self._table.hint(name))
        button.setAccessibleName(self._table.find(name).text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self._run(action))
        return button

    def _run(self, action: Callable[[Source], None]) -> None:
        if self.desk.source is not None:
            action(self.desk.source)
            self.refresh()

    # Looks

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """Narrow panes get fewer parts rather than a wider pane."""
        return QSize(100, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _renew_icons(self) -> None:
        view = self.desk.view
        if self._icons_of == (view.theme, view.presenter):
            return
        self._icons_of = (view.theme, view.presenter)
        self.colours = THEMES[view.theme]
        side = max(SMALLEST, self.fontMetrics().height() + 8)
        for name in ("previous", "step-back", "step-on", "next"):
            button = getattr(self, name.replace("-", "_"))
            button.setIcon(_icon(name, self.colours, side - 10))
        self._icons = {True: _icon("pause", self.colours, side - 10), False: _icon("play", self.colours, side - 10)}
        self._playing_shown: bool | None = None
        sheet = f"QToolButton {{ padding: 0 3px; min-width: {SMALLEST - 8}px; min-height: {side - 2}px; }}"
        for button in (self.previous, self.step_back, self.play, self.step_on, self.next, self.loop):
            button.setIconSize(QSize(side - 10, side - 10))
            button.setStyleSheet(sheet)
        self.refresh()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "refresh_clock"):
            self._icons_of = None
            self._renew_icons()

    def event(self, event: QEvent) -> bool:
        """Once it has its place, see whether there is something to play."""
        if event.type() == QEvent.Type.ParentChange and hasattr(self, "refresh_clock"):
            QTimer.singleShot(0, self, self.refresh)
        return super().event(event)

    def _fit(self) -> None:
        """What there is room for: the play button and the slider always, then steps, next, loop, the words."""
        source = self.desk.source
        many = source is not None and source.reference.kind in MANY
        state = source.transport if source else None
        room = self.width() - self.play.sizeHint().width() - 70
        optional: list[tuple[tuple[QWidget, ...], bool]] = [
            ((self.previous, self.next), many),
            ((self.step_back, self.step_on), True),
            ((self.label,), True),
            ((self.loop,), True),
        ]
        for parts, wanted in optional:
            width = sum(part.sizeHint().width() + 2 for part in parts)
            fits = wanted and width <= room
            room -= width if fits else 0
            for part in parts:
                part.setVisible(fits)
        self.slider.setVisible(bool(state and state.duration))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self.refresh_clock.start()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802
        super().hideEvent(event)
        self.refresh_clock.stop()
        self._seek_clock.stop()
        self._wanted = None

    def refresh(self) -> None:
        """Show where the source stands."""
        source = self.desk.source
        state = source.transport if source is not None else None
        self.setVisible(state is not None and self.parentWidget() is not None)
        if source is None or state is None:
            return
        if state.playing != self._playing_shown:
            self._playing_shown = state.playing
            self.play.setIcon(self._icons[state.playing])
            self.play.setAccessibleName("Pause" if state.playing else "Play")
        with QSignalBlocker(self.loop):
            self.loop.setChecked(state.looping)
        position = position_text(state, source.reference.kind)
        self.label.setText(position)
        # figures are of one width, and none is longer than the last: so nothing jumps
        end = position.split(" / ")[-1]
        longest = f" {end} / {end}" if "/" in position else f" {end}"
        self.label.setMinimumWidth(self.fontMetrics().horizontalAdvance(longest))
        exact = clock(state.position) + (f" / {clock(state.duration)}" if state.duration else "")
        frame = f", frame {state.index + 1} of {state.count}" if state.index is not None and state.count else ""
        self.slider.setToolTip(exact + (frame if source.reference.kind == "clip" else ""))
        if state.duration and not self.slider.isSliderDown() and time.monotonic() - self._seek_time > SETTLE_SECONDS:
            with QSignalBlocker(self.slider):
                self.slider.setMaximum(max(int(state.duration * 1000), 1))
                self.slider.setValue(int(state.position * 1000))
        self._fit()

    # Seeking

    def _begin_drag(self) -> None:
        """While the handle is held the source stands still; what a freeze had halted goes on afterwards."""
        self.desk.move(lambda source: None)
        source = self.desk.source
        if source is not None and source.transport is not None:
            self._was_playing = source.transport.playing
            source.pause()

    def _want(self, value: int) -> None:
        self._wanted = value / 1000
        if not self._seek_clock.isActive():
            self._seek_now()

    def _seek_now(self) -> None:
        """Only the latest wanted position, and no more than one every `SEEK_MS`."""
        wanted, self._wanted = self._wanted, None
        if wanted is not None and self.desk.source is not None:
            self.desk.move(lambda source: source.seek(wanted))
            self._seek_time = time.monotonic()
            self._seek_clock.start()

    def _end_drag(self) -> None:
        self._seek_clock.stop()
        self._seek_now()
        if self._was_playing and self.desk.source is not None:
            self.desk.source.play()
        self._was_playing = False


__all__ = ["SeekSlider", "TransportBar", "position_text"]
