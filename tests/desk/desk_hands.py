"""Hands for the tests of the desk: mouse, wheel and keys as events, a source fed by hand, places to point at."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from desk_tools import settle, wait_until
from desk_window import Window
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QWidget

from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.canvas import Canvas
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.engine import Occluder
from zfdesk.live import Result, View
from zfdesk.sources import Frame, Source, SourceReference
from zfdesk.sources.base import Deliver, OnError

LEFT, RIGHT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.NoButton
PLAIN, SHIFT = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
COVER = Occluder(8, 10, 12, 12)  # of a picture of 32 × 32
Point = QPointF | tuple[float, float]


# The mouse


def send_mouse(
    widget: QWidget, kind: QEvent.Type, at: Point, button: Qt.MouseButton, buttons: Qt.MouseButton,
    modifiers: Qt.KeyboardModifier = PLAIN,
) -> None:  # fmt: skip
    """One mouse event, handled before this returns."""
    point = at if isinstance(at, QPointF) else QPointF(*at)
    everywhere = widget.mapToGlobal(point)
    event = QMouseEvent(kind, point, everywhere, button, buttons, modifiers)
    QApplication.sendEvent(widget, event)


def press_mouse(
    widget: QWidget, at: Point, modifiers: Qt.KeyboardModifier = PLAIN, button: Qt.MouseButton = LEFT
) -> None:
    send_mouse(widget, QEvent.Type.MouseButtonPress, at, button, button, modifiers)


def move_mouse(widget: QWidget, at: Point, held: Qt.MouseButton = NONE, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    send_mouse(widget, QEvent.Type.MouseMove, at, NONE, held, modifiers)


def release_mouse(
    widget: QWidget, at: Point, modifiers: Qt.KeyboardModifier = PLAIN, button: Qt.MouseButton = LEFT
) -> None:
    send_mouse(widget, QEvent.Type.MouseButtonRelease, at, button, NONE, modifiers)


def click(widget: QWidget, at: Point, modifiers: Qt.KeyboardModifier = PLAIN, button: Qt.MouseButton = LEFT) -> None:
    """The mouse comes there and clicks."""
    move_mouse(widget, at, NONE, modifiers)
    press_mouse(widget, at, modifiers, button)
    release_mouse(widget, at, modifiers, button)


def drag(
    widget: QWidget, start: QPointF, end: QPointF, modifiers: Qt.KeyboardModifier = PLAIN, steps: int = 4,
    release: bool = True,
) -> None:  # fmt: skip
    """Press, move in steps, and let go."""
    move_mouse(widget, start, NONE, modifiers)
    press_mouse(widget, start, modifiers)
    for step in range(1, steps + 1):
        move_mouse(widget, start + (end - start) * (step / steps), LEFT, modifiers)
    if release:
        release_mouse(widget, end, modifiers)


def turn_wheel(widget: QWidget, at: QPointF, notches: float) -> None:
    """The wheel over a point; a notch is 120 eighths of a degree."""
    event = QWheelEvent(
        at, widget.mapToGlobal(at), QPoint(), QPoint(0, round(notches * 120)), NONE, PLAIN,
        Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(widget, event)


# A source


class HandSource(Source):
    """Hands over what a test gives it, from the thread of the test."""

    def __init__(self, label: str = "by hand") -> None:
        super().__init__(SourceReference("pasted", label), label)
        self.deliver: Deliver | None = None
        self.tell: OnError = lambda sentence: None
        self.starts = self.stops = 0

    def start(self, deliver: Deliver, trouble: OnError) -> None:
        self.deliver, self.tell = deliver, trouble
        self.starts += 1

    def stop(self) -> None:
        self.deliver = None
        self.stops += 1

    def give(self, pixels: np.ndarray) -> Frame:
        frame = self._next_frame(pixels.copy())
        if self.deliver is not None:
            self.deliver(frame)
        return frame


def numbered_picture(number: int, height: int = 96, width: int = 128) -> np.ndarray:
    """A picture that is a function of its number, with parts that any crop can see."""
    small = np.random.default_rng(number).integers(0, 256, (height // 8, width // 8, 3), np.uint8)
    return small.repeat(8, 0).repeat(8, 1)


def up_to_date(desk: AppState, fits: Callable[[Result], bool] = lambda result: True) -> bool:
    """Whether the newest result is complete and of the present view."""
    result = desk.result
    view = desk.view.change(occluders=()) if desk.wants_clean else desk.view
    return bool(result and result.complete and result.request.view == view and result.request.model is desk.model) and (
        result is not None and result.request.demand == desk.demand and fits(result)
    )


def wait_for_result(desk: AppState, fits: Callable[[Result], bool] = lambda result: True) -> Result:
    """The first complete result of the present view and demand."""
    wait_until(lambda: up_to_date(desk, fits))
    assert desk.result is not None
    return desk.result


def show_picture(window: Window, number: int = 0, **view: object) -> HandSource:
    """Start the desk on a still picture and wait until all of it is shown."""
    desk = window.desk
    source = HandSource()
    desk.worker.start()
    desk.open_made(source)
    frame = source.give(numbered_picture(number))
    if view:
        desk.change(desk.view.change(**view))
    wait_for_result(desk, lambda result: result.request.frame is frame)
    show_text(window)
    wait_for_result(desk, lambda result: result.request.frame is frame)  # for the panes' sizes
    return source


def show_text(window: Window) -> None:
    """All text at once, that else comes a few times a second: the first facts give the panes their sizes."""
    window.show_facts()
    for label in window.findChildren(ElidedLabel):
        label.renew_now()
    settle()


def change(window: Window, **fields: object) -> Result:
    """Change the view and wait for its result."""
    window.desk.change(window.desk.view.change(**fields))
    return wait_for_result(window.desk)


def view_of(window: Window) -> View:
    return window.desk.view


def wait_seconds(seconds: float) -> None:
    """Let Qt work for a while: for tests that make something happen all the time, never to wait for an outcome."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() >= end, seconds + 30)


def map_point(window: Window, unit: int, y: int, x: int) -> QPointF:
    """The middle of a value of a unit on the feature maps."""
    canvas = window.maps.canvas
    corner = canvas.mosaic.corner_of(unit)  # type: ignore[union-attr]
    assert corner is not None
    return canvas.to_screen(corner[1] + x + 0.5, corner[0] + y + 0.5)


def input_point(window: Window, x: float, y: float) -> QPointF:
    """A point of the network's picture on the picture pane."""
    return window.picture.canvas.input_rect(y, x, y, x).topLeft()


def occluder_point(window: Window, edges: str = "", index: int = 0) -> QPointF:
    """A handle of an occluder on the picture pane, or its middle."""
    o = view_of(window).occluders[index]
    x = o.left if "l" in edges else o.left + o.width if "r" in edges else o.left + o.width / 2
    y = o.top if "t" in edges else o.top + o.height if "b" in edges else o.top + o.height / 2
    return input_point(window, x, y)


def space(window: Window, kind: QEvent.Type, modifiers: Qt.KeyboardModifier = PLAIN) -> None:
    """The space bar pressed or let go."""
    QApplication.sendEvent(window, QKeyEvent(kind, Qt.Key.Key_Space, modifiers, " "))


def every_text_or_picture(window: Window) -> list[str]:
    """The canvases that can be seen and show neither a picture nor a sentence."""
    return [
        canvas.accessibleName() or repr(canvas)
        for canvas in window.findChildren(Canvas)
        if canvas.isVisible() and not canvas.has_picture and not canvas.message
    ]


def is_plain(image: QImage) -> bool:
    """Whether nothing at all is drawn below the pane's own line."""
    small = image.copy(image.rect().adjusted(4, 30, -4, -4)).convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(small.constBits(), np.uint8).reshape(small.height(), -1)
    return bool((rows.reshape(-1, 4)[:, :3] == rows.reshape(-1, 4)[0, :3]).all())
