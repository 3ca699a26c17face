"""From the command line to an open window."""

from __future__ import annotations

import signal
import sys
import threading
import time

import torch  # before Qt: on Windows Qt's own libraries would otherwise be found first  # noqa: F401
from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from zfdesk.desk.state import Desk
from zfdesk.desk.window import Window
from zfdesk.engine import Model
from zfdesk.live import View


def make_application() -> QApplication:
    """The one QApplication, named for its settings."""
    application = QApplication.instance() or QApplication(sys.argv[:1])
    application.setApplicationName("zfdesk")
    application.setOrganizationName("zfdesk")
    application.setApplicationDisplayName("zfdesk")
    application.setStyle("Fusion")
    return application


def run(model: Model, view: View, screenshot: str = "", after: int = 30, settings: QSettings | None = None) -> int:
    """Open the window and stay until it is closed; the exit status.

    ``screenshot``: write a picture of the window after ``after`` results, and leave.
    """
    application = make_application()
    settings = settings or QSettings()
    view = view.change(
        theme=settings.value("view/theme", view.theme, str), presenter=settings.value("view/presenter", False, bool)
    )
    desk = Desk(model, view)
    window = Window(desk, settings)
    signal.signal(signal.SIGINT, lambda *_: window.close())
    desk.start()
    window.show()
    if screenshot:
        return _screenshot(application, desk, window, screenshot, after)
    window.first_steps()
    status = application.exec()
    _leave()
    return status


def _screenshot(application: QApplication, desk: Desk, window: Window, path: str, after: int) -> int:
    from zfdesk.desk.capture import save_png

    shown = 0
    outcome: list[str] = []

    def count() -> None:
        nonlocal shown
        shown += bool(desk.result and desk.result.complete)
        if shown == after:
            QTimer.singleShot(400, window, finish)  # the text follows the pictures a few times a second

    def finish() -> None:
        try:
            save_png(window, path)
        except OSError as error:
            outcome.append(f"The picture was not saved: {error}.")
        window.close()

    desk.result_ready.connect(count)
    desk.told.connect(lambda sentence, trouble: outcome.append(sentence) if trouble else None)
    application.exec()
    for sentence in outcome:
        print(f"zfdesk: {sentence}", file=sys.stderr)
    return 1 if outcome else 0


def _leave() -> None:
    """Nothing that is left running may keep the process alive: all threads are daemons, Python ends them."""
    deadline = time.monotonic() + 0.5
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, deadline - time.monotonic()))
