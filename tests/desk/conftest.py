"""Real windows, offscreen. Whatever a test leaves behind, or Qt complains of, fails that test."""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
import shiboken6
from desk_hands import show_picture, view_of, wait_for_result
from desk_tools import close, settle, small_model, wait_until
from desk_window import Window
from engine_nets import embedded_model
from PySide6.QtCore import QMessageLogContext, QSettings, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication, QMenu, QWidget

import zfdesk.engine as zf
from zfdesk.desk.app import make_application
from zfdesk.desk.state import AppState
from zfdesk.live import View
from zfdesk.sources import SourceReference

IGNORED = (
    "This plugin does not support propagateSizeHints", "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
)  # fmt: skip
ENDS_WITHIN = 5.0  # seconds, of threads and single shots


@pytest.fixture(scope="session")
def application() -> Iterator[QApplication]:
    made = make_application()
    gc.collect()
    gc.freeze()  # what was imported stays: else each collection looks through 200,000 objects, a fifth of a second
    yield made
    made.clipboard().clear()  # Qt would ask for what lies there after Python's end


@pytest.fixture(scope="session")
def model() -> zf.Model:
    """Small and quick; for the network that ships there is `embedded`."""
    return small_model()


@pytest.fixture(scope="session")
def embedded() -> zf.Model:
    return embedded_model()


@pytest.fixture
def qt_messages() -> Iterator[list[str]]:
    """What Qt says; at the end of the test there must be nothing."""
    said: list[str] = []

    def hear(kind: QtMsgType, context: QMessageLogContext, text: str) -> None:
        # what Qt's multimedia tells of the machine's libraries is no fault of ours
        multimedia = (context.category or "").startswith("qt.multimedia")
        if not multimedia and not text.startswith(IGNORED):
            said.append(f"{kind.name}: {text}")

    before = qInstallMessageHandler(hear)
    yield said
    qInstallMessageHandler(before)
    assert not said, said


@pytest.fixture(autouse=True)
def no_exception(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """PySide prints what a slot or an event raises and goes on; here it fails the test."""
    raised: list[str] = []

    def hear(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        raised.append("".join(traceback.format_exception(kind, error, trace)))

    monkeypatch.setattr(sys, "excepthook", hear)
    monkeypatch.setattr(threading, "excepthook", lambda told: raised.append(f"{told.thread}: {told.exc_value!r}"))
    yield raised
    assert not raised, raised[0]


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("zfdesk")}


def running_timers() -> list[str]:
    """Timers that tick; found among all that Python knows, since Qt has no list of them."""
    timers = [thing for thing in gc.get_objects() if issubclass(type(thing), QTimer)]
    return [f"{t.parent()!r} every {t.interval()} ms" for t in timers if shiboken6.isValid(t) and t.isActive()]


def top_level(application: QApplication) -> list[QWidget]:
    """All widgets without a parent on screen; pyqtgraph never deletes the menu of a plot, nor its submenus."""
    widgets = [widget for widget in application.topLevelWidgets() if shiboken6.isValid(widget)]
    plots = {id(w) for w in widgets if isinstance(w, QMenu) and w.parent() is None and w.title() == "Plot Options"}
    return [widget for widget in widgets if id(widget) not in plots and id(widget.parent()) not in plots]


@pytest.fixture
def nothing_left(application: QApplication, qt_messages: list[str]) -> Iterator[None]:
    """No top-level widget, running timer or thread of ours outlives the test."""
    # held by reference: a new object may otherwise get the address of one that is gone
    widgets, timers = top_level(application), running_timers()
    threads = own_threads()
    yield
    settle()
    gc.collect()  # quick: `application` has frozen what was imported
    left = [widget for widget in top_level(application) if not any(widget is known for known in widgets)]
    assert not left, f"widgets left: {[(type(w).__name__, w.windowTitle(), w.objectName()) for w in left]}"
    end = time.monotonic() + ENDS_WITHIN
    # a shared window lives on: its labels renew themselves by single shots, which may have ended or begun meanwhile
    while (ticking := [timer for timer in running_timers() if timer not in timers]) and time.monotonic() < end:
        settle(10)
    assert not ticking, f"timers left: {ticking}"
    while (running := own_threads() - threads) and time.monotonic() < end:
        time.sleep(0.01)
    assert not running, f"threads left: {sorted(thread.name for thread in running)}"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> QSettings:
    """The user's settings, in a file of the test's own; the weights folder is there too."""
    monkeypatch.setenv("ZFDESK_HOME", str(tmp_path))
    return QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def desk(nothing_left: None, model: zf.Model, settings: QSettings) -> Iterator[AppState]:
    """A desk that has not been started: nothing computes, nothing moves."""
    desk = AppState(model, View(source=SourceReference("pattern"), unit=1))
    yield desk
    desk.close()
    desk.deleteLater()
    settle()


@pytest.fixture
def window(application: QApplication, desk: AppState, settings: QSettings) -> Iterator[Window]:
    """A window on that desk, shown and active."""
    window = Window(desk, settings)
    window.show()
    window.activateWindow()
    wait_until(window.isActiveWindow)
    yield window
    close(window)


@pytest.fixture
def live(window: Window) -> Window:
    """The window with everything alive: the moving test pattern, and a first result."""
    window.desk.start()
    wait_until(lambda: window.desk.result is not None)
    return window


@pytest.fixture(scope="module")
def live_once(application: QApplication, model: zf.Model, tmp_path_factory: pytest.TempPathFactory) -> object:
    """One window on a still picture for tests that only change its view; they begin by setting all they need."""
    settings = QSettings(str(tmp_path_factory.mktemp("once") / "settings.ini"), QSettings.Format.IniFormat)
    desk = AppState(model, View(source=SourceReference("pattern"), unit=1))
    window = Window(desk, settings)
    window.show()
    window.activateWindow()
    wait_until(window.isActiveWindow)
    show_picture(window)
    yield window
    window.close()
    window.deleteLater()
    desk.deleteLater()
    settle()


@pytest.fixture
def still(live_once: Window) -> Window:
    """The shared window as at first."""
    window = live_once
    window.activateWindow()
    wait_until(window.isActiveWindow)
    window.picture.canvas.setFocus()
    window.desk.set_clean(False)
    window.desk.change(View(source=view_of(window).source, unit=1))
    window.desk.history.settle()
    wait_for_result(window.desk)
    return window
