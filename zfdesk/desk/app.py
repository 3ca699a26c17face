"""From the command line to an open window."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

import torch  # before Qt: on Windows Qt's own libraries would otherwise be found first  # noqa: F401
from PySide6.QtCore import QMessageLogContext, QSettings, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication, QWidget

from zfdesk.desk.freed_memory import FreedMemory
from zfdesk.desk.session.autosave import Autosave
from zfdesk.desk.session.controller import Sessions
from zfdesk.desk.settings import PRESENTER, THEME
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.application import the_application
from zfdesk.desk.widgets.numbers import use_plain_numbers
from zfdesk.desk.widgets.pane import FACTS_EVERY_MS
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.desk.window.hints import first_steps
from zfdesk.desk.window.main_window import FIRST_SIZE, Window, make_context
from zfdesk.engine import Model
from zfdesk.heap import few_arenas
from zfdesk.live import View
from zfdesk.live.changes import to_unit
from zfdesk.resources import resource
from zfdesk.session import Reopened

SWITCH_SECONDS = 0.0005
SAVING_SECONDS = 20.0  # what is being saved at the end is waited for
PATIENCE_MS = 10_000  # how long a screenshot waits for the next frame


def make_application() -> QApplication:
    """The one QApplication, named for its settings."""
    known = QApplication.instance()
    application = known if isinstance(known, QApplication) else QApplication(sys.argv[:1])
    application.setApplicationName("zfdesk")
    application.setOrganizationName("zfdesk")
    application.setApplicationDisplayName("zfdesk")
    application.setDesktopFileName("zfdesk")  # `zfdesk desktop install`: the icon of a window on Wayland
    use_plain_numbers()
    application.setStyle("Fusion")
    application.setWindowIcon(QIcon(str(resource("icons/zfdesk.svg"))))
    return application


def run(
    model: Model,
    view: View,
    screenshot: str = "",
    after: int = 30,
    settings: QSettings | None = None,
    opened: tuple[Reopened, Path] | None = None,
    strongest: bool = False,
) -> NoReturn:
    """Open the window and stay until it is closed; then end the process, with status 0, or 1 for a lost screenshot.

    ``screenshot``: write a picture of the window after ``after`` results, and leave. ``opened``: a session to show,
    and its file. ``strongest``: the unit that answers most to the first frame is selected.
    """
    few_arenas()
    qInstallMessageHandler(_quiet)
    application = make_application()
    settings = settings or QSettings()
    desk = AppState(model, remembered(view, settings))
    context = make_context(desk, settings)
    window = Window(context)
    close_on_interrupt(window)
    if opened:
        context.get(Sessions).show(*opened)
    if strongest:
        select_strongest(desk)
    desk.start()
    window.show()
    tune_interpreter()
    if screenshot:
        window.message.hide()
        window.resize(*FIRST_SIZE)  # not the remembered size: the same command gives the same picture
        _leave(_screenshot(application, desk, window, screenshot, after))
    first_steps(context)
    Autosave(context).start()
    FreedMemory(desk).start()
    _leave(application.exec())


def select_strongest(state: AppState) -> None:
    """Once the first frame has come, the unit of the shown layer that answers most to it is selected."""

    def select() -> None:
        result = state.result
        if result is None or not result.layer_summaries:
            return
        state.result_ready.disconnect(select)
        if state.view == first:
            found = {summary.stage.name: summary.strongest for summary in result.layer_summaries}
            state.change_without_undo(to_unit(first, found[first.layer]))

    first = state.view
    state.result_ready.connect(select)


def close_on_interrupt(window: QWidget) -> None:
    """Ctrl-C closes the window, as do the end of the desktop's session (SIGTERM) and of the terminal's (SIGHUP), unless
    that is ignored as `nohup` has it. Between two events: Python calls the handler wherever it is, in a paint event
    too, and a window closed there would lose what is being painted on."""
    hangup = getattr(signal, "SIGHUP", None)  # not on Windows
    others = [signal.SIGTERM, *([hangup] if hangup and signal.getsignal(hangup) != signal.SIG_IGN else [])]
    for number in (signal.SIGINT, *others):
        signal.signal(number, lambda *_: QTimer.singleShot(0, window, window.close))


def tune_interpreter() -> None:
    """Ready the interpreter for a live window, once the window is there."""
    # the worker gives the interpreter up hundreds of times a frame and must not wait 5 ms for it each time
    sys.setswitchinterval(SWITCH_SECONDS)
    # what is there now stays: to look through it all for garbage would stop every thread for 0.14 s
    gc.freeze()


def remembered(view: View, settings: QSettings) -> View:
    """The view with the theme and size of type that were used last; what makes no sense in the file is left alone."""
    theme = THEME.read(settings)
    presenter = PRESENTER.read(settings)
    return view.change(theme=theme if theme in THEMES else view.theme, presenter=presenter)


def _screenshot(application: QApplication, desk: AppState, window: Window, path: str, after: int) -> int:
    from zfdesk.desk.widgets.screenshot import save_png

    shown = 0
    outcome: list[str] = []
    patience = QTimer(interval=PATIENCE_MS, singleShot=True)

    def count() -> None:
        nonlocal shown
        patience.start()
        shown += bool(desk.result and desk.result.complete and desk.result.request.view == desk.view)
        if shown == after:
            QTimer.singleShot(2 * FACTS_EVERY_MS, window, finish)  # the text follows the pictures

    def finish() -> None:
        try:
            save_png(window, path)
        except OSError as error:
            outcome.append(f"The picture was not saved: {error}.")
        window.close()

    def give_up() -> None:
        if desk.complete is None:
            outcome.append(f"No frame came within {PATIENCE_MS // 1000} seconds.")
            window.close()
        else:
            outcome.append(f"Only {shown} of {after} frames came; the picture shows the last.")
            finish()

    def show(sentence: str, error: bool) -> None:
        if error:
            outcome.append(sentence)
            if desk.source is None:
                window.close()

    desk.result_ready.connect(count)
    desk.message.connect(show)
    patience.timeout.connect(give_up)
    patience.start()
    application.exec()
    for sentence in outcome:
        print(f"zfdesk: {sentence}", file=sys.stderr)
    return 1 if outcome else 0


def _quiet(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Qt's own messages, without what the offscreen platform says at every window."""
    if "propagateSizeHints" not in message and kind != QtMsgType.QtDebugMsg:
        print(message, file=sys.stderr)


def _leave(status: int) -> NoReturn:
    """End the process without clearing up: Python and torch take one to two seconds for that on a busy machine.

    What a user saved is written first (threads that must not be cut off are no daemons). Only what lies on the
    clipboard needs Qt's own end, which hands it to the desktop.
    """
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(SAVING_SECONDS)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with suppress(OSError):
                stream.flush()
    if QGuiApplication.clipboard().ownsClipboard():
        the_application().shutdown()
    os._exit(status)
