"""Keys that are held: one hold, whatever auto-repeat sends; and what is seen changes as a whole."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from desk_hands import COVER, PLAIN, change, occluder_point, show_text, wait_for_result
from desk_tools import settle, wait_until
from desk_window import Window
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from test_painted import painted

from zfdesk.desk.widgets.held_keys import SETTLE_MS, HeldKeys

PRESS, RELEASE = QEvent.Type.KeyPress, QEvent.Type.KeyRelease
A, B = Qt.Key.Key_A, Qt.Key.Key_B


def key_event(kind: QEvent.Type, key: Qt.Key, at: int, repeated: bool = False) -> QKeyEvent:
    """A key event as the system stamps it; ``at``: milliseconds."""
    event = QKeyEvent(kind, key, PLAIN, "", repeated)
    event.setTimestamp(at)
    return event


class Heard:
    """What a filter for A and B tells."""

    def __init__(self) -> None:
        self.owner = QObject()
        self.keys = HeldKeys(lambda event: event.key() in (A, B) and not event.modifiers(), self.owner)
        self.told: list[str] = []
        self.keys.pressed.connect(lambda key: self.told.append(f"{chr(key)} down"))
        self.keys.released.connect(lambda key: self.told.append(f"{chr(key)} up"))

    def send(self, kind: QEvent.Type, key: Qt.Key, at: int, repeated: bool = False) -> bool:
        return self.keys.handle(key_event(kind, key, at, repeated))


@pytest.fixture
def heard(nothing_left: None) -> Iterator[Heard]:
    heard = Heard()
    yield heard
    heard.keys.release()


@pytest.mark.parametrize("marked", [True, False])
def test_auto_repeat_is_one_hold(heard: Heard, marked: bool) -> None:
    """X11 repeats by pairs of one moment; now and then Qt does not mark them."""
    assert heard.send(PRESS, A, 1000)
    for at in range(1600, 2600, 40):
        assert heard.send(RELEASE, A, at, marked)
        settle(3)
        assert heard.send(PRESS, A, at, marked)
    settle(2 * SETTLE_MS)
    assert heard.told == ["A down"]
    assert heard.keys.held == A
    heard.send(RELEASE, A, 2700)
    wait_until(lambda: heard.told == ["A down", "A up"])
    assert heard.keys.held is None


def test_a_busy_window_hears_the_press_before_the_release_counts(heard: Heard) -> None:
    class Ear(QObject):
        def event(self, event: QEvent) -> bool:
            return heard.keys.handle(event) or super().event(event)

    ear = Ear()
    heard.send(PRESS, A, 1000)
    heard.send(RELEASE, A, 1600)
    QCoreApplication.postEvent(ear, key_event(PRESS, A, 1600))
    time.sleep(2 * SETTLE_MS / 1000)  # a long picture is being drawn: the clock runs out meanwhile
    settle(2 * SETTLE_MS)
    assert heard.told == ["A down"]


def test_a_second_press_is_a_second_hold_however_quick(heard: Heard) -> None:
    for at in (1000, 1040):
        heard.send(PRESS, A, at)
        heard.send(RELEASE, A, at + 20)
    wait_until(lambda: heard.keys.held is None)
    assert heard.told == ["A down", "A up", "A down", "A up"]


def test_one_key_at_a_time_and_no_other_key(heard: Heard) -> None:
    assert not heard.send(PRESS, Qt.Key.Key_C, 900)
    assert not heard.send(RELEASE, Qt.Key.Key_C, 950)
    heard.send(PRESS, A, 1000)
    assert heard.send(PRESS, B, 1100)  # heard by nobody else, and nothing begins
    assert heard.send(RELEASE, B, 1200)
    settle(2 * SETTLE_MS)
    assert heard.told == ["A down"]
    heard.keys.release()
    assert heard.told == ["A down", "A up"]
    heard.send(PRESS, A, 1700, repeated=True)  # of a key that went down elsewhere
    assert heard.told == ["A down", "A up"]


def send_space(kind: QEvent.Type, at: int, repeated: bool = False) -> None:
    event = QKeyEvent(kind, Qt.Key.Key_Space, PLAIN, " ", repeated)
    event.setTimestamp(at)
    QApplication.sendEvent(QApplication.focusWidget(), event)


def on_screen_now(window: Window) -> tuple[bool, int]:
    """Whether the square is on the picture as it is painted, and a number for the bars as they are painted."""
    at = occluder_point(window).toPoint()
    square = bool((painted(window.picture.canvas)[at.y(), at.x()] == 128).all())
    return square, zlib.crc32(painted(window.classes.bars).tobytes())


def changes(seen: list[tuple[bool, int]]) -> int:
    """How often the screen became another."""
    return sum(one != other for one, other in pairwise(seen))


def test_picture_and_bars_change_together(still: Window) -> None:
    window = still
    change(window, occluders=(COVER,))
    show_text(window)
    seen = [on_screen_now(window)]
    send_space(PRESS, 1000)
    for at in range(1600, 2400, 40):
        send_space(RELEASE, at)
        QApplication.processEvents()
        seen.append(on_screen_now(window))
        send_space(PRESS, at)
        QApplication.processEvents()
        seen.append(on_screen_now(window))
    wait_for_result(window.desk)
    settle()
    assert not on_screen_now(window)[0]
    assert window.desk.wants_clean
    send_space(RELEASE, 2500)
    end = time.monotonic() + 10
    while seen[-1] != seen[0] and time.monotonic() < end:
        settle(2)
        seen.append(on_screen_now(window))
    assert len(set(seen)) == 2  # the square over the covered bars, or neither
    assert changes(seen) == 2  # once to clean, once back, whatever auto-repeat sent


PROGRAM = """
import json, os, sys, threading
sys.path.insert(0, {tests!r})
from zfdesk.desk.app import make_application
application = make_application()
from PySide6.QtCore import QSettings, QTimer
from desk_hands import show_text, COVER, change, show_picture
from desk_tools import settle, small_model
from desk_window import Window
from test_held_keys import on_screen_now
from zfdesk.desk.state import AppState
from zfdesk.live import View
from zfdesk.sources import SourceReference

desk = AppState(small_model(), View(source=SourceReference("pattern"), unit=1))
window = Window(desk, QSettings({settings!r}, QSettings.Format.IniFormat))
window.show()
settle(200)
show_picture(window)
change(window, occluders=(COVER,))
window.picture.canvas.setFocus()
seen, held = [], []
desk.view_changed.connect(lambda: held.append(desk.wants_clean))
settle(300)
clock = QTimer(interval=5)
clock.timeout.connect(lambda: seen.append(on_screen_now(window)))
clock.start()
print("window", int(window.winId()), flush=True)
done = []
threading.Thread(target=lambda: (sys.stdin.read(), done.append(1)), daemon=True).start()
while not done or not on_screen_now(window)[0]:
    settle(5)
print(json.dumps({{"seen": seen, "held": held}}), flush=True)
os._exit(0)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    not all(shutil.which(name) for name in ("Xvfb", "xdotool")), reason="a real X server and xdotool are not here"
)
def test_space_held_on_a_real_x_server(tmp_path: Path) -> None:
    """Three seconds under the server's own auto-repeat: one hold, and never a square over clean bars."""
    with (
        subprocess.Popen(
            ["Xvfb", "-displayfd", "1", "-screen", "0", "1600x1000x24"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        ) as server,
    ):  # fmt: skip
        try:
            assert server.stdout is not None
            display = f":{server.stdout.readline().strip()}"
            environment = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "ZFDESK_HOME": str(tmp_path)}
            code = PROGRAM.format(tests=str(Path(__file__).parent), settings=str(tmp_path / "settings.ini"))
            with subprocess.Popen(
                [sys.executable, "-c", code], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as program:
                assert program.stdin is not None
                assert program.stdout is not None
                name = program.stdout.readline().split()[1]
                keys = {"env": environment, "check": True, "timeout": 20}
                subprocess.run(["xdotool", "windowfocus", name], **keys)  # type: ignore[call-overload]
                time.sleep(0.5)
                for _ in range(3):
                    subprocess.run(["xdotool", "keydown", "space"], **keys)  # type: ignore[call-overload]
                    time.sleep(3)
                    subprocess.run(["xdotool", "keyup", "space"], **keys)  # type: ignore[call-overload]
                    time.sleep(2)
                program.stdin.close()
                answer = json.loads(program.stdout.read())
        finally:
            server.kill()
    seen = [tuple(one) for one in answer["seen"]]
    assert answer["held"] == [True, False] * 3
    assert len(set(seen)) == 2
    assert changes(seen) == 6
