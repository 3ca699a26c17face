"""Sessions in real windows: saved, opened, gone live again, undone, kept against a crash."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from desk_hands import HandSource, change, numbered_picture, show_picture, wait_for_result
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, QSettings, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog

import zfdesk.engine as zf
from zfdesk import session
from zfdesk.desk.session.autosave import Autosave
from zfdesk.desk.session.controller import current_session
from zfdesk.desk.state import AppState
from zfdesk.live import Crop, CropMode, Result, UnitReference, View
from zfdesk.sources import KeptSource, SourceReference

FAR = {
    "layer": "conv4", "unit": 9, "position": (3, 5), "seed": zf.SeedKind.AT, "method": zf.Rule.GUIDED,
    "crop": Crop(CropMode.CROP, 0.4, 0.55, 0.6), "occluders": (zf.Occluder(4, 6, 9, 9),),
    "pins": (UnitReference("conv5", 3),), "watched": (2,),
}  # fmt: skip


def told_by(desk: AppState) -> list[tuple[str, bool]]:
    said: list[tuple[str, bool]] = []
    desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    return said


def save(window: Window, path: Path) -> Path:
    """Save and wait until it is on the disk."""
    said = told_by(window.desk)
    window.sessions.save_to(path)
    wait_until(lambda: said)
    assert said == [(f"Saved {path.name}.", False)]
    return path


def opened(window: Window, path: Path) -> Result:
    """Open and wait until all of it is shown."""
    done: list[bool] = []
    window.sessions.opened.connect(lambda path, worked: done.append(worked))
    window.open_path(str(path))
    wait_until(lambda: done)
    assert done == [True]
    return wait_for_result(window.desk)


def assert_same_answers(a: Result, b: Result) -> None:
    """Pixel for pixel what the network saw, and number for number what it answered."""
    assert np.array_equal(a.request.frame.pixels, b.request.frame.pixels)
    assert np.array_equal(a.picture, b.picture)
    assert np.array_equal(a.clean, b.clean)
    assert np.array_equal(a.probabilities, b.probabilities)
    assert np.array_equal(a.clean_probabilities, b.clean_probabilities)
    assert a.unit is not None
    assert b.unit is not None
    assert np.array_equal(a.unit.map, b.unit.map)
    assert (a.unit.position, a.unit.activation) == (b.unit.position, b.unit.activation)
    for rule, rendered in a.unit.pictures.items():
        assert np.array_equal(rendered.image, b.unit.pictures[rule].image)


def other_window(model: zf.Model, tmp_path: Path, name: str = "other") -> Window:
    """A second window, as on another day: its own settings, another picture, another view."""
    window = Window(AppState(model, View(source=SourceReference("pattern"))), QSettings(
        str(tmp_path / f"{name}.ini"), QSettings.Format.IniFormat
    ))  # fmt: skip
    window.show()
    return window


@pytest.fixture
def camera(window: Window) -> HandSource:
    """The window on something like a camera: frames that come by themselves, under a camera's reference."""
    source = show_picture(window)
    source.reference = SourceReference("camera", "usb-1")
    source.name = "Front camera"
    window.desk.view = window.desk.view.change(source=source.reference)
    window.desk.update_worker()
    frame = source.give(numbered_picture(41))
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    return source


# There and back


def test_a_camera_frame_comes_back_pixel_for_pixel(camera: HandSource, window: Window, tmp_path: Path) -> None:
    before = change(window, **FAR)
    path = save(window, tmp_path / "cat.zfdesk")
    camera.give(numbered_picture(42))  # the camera goes on, somebody clicks about
    wait_for_result(window.desk, lambda result: result.request.frame.number == 2)
    change(window, **{field: getattr(View(), field) for field in FAR} | {"layer": "conv5"})
    after = opened(window, path)
    assert_same_answers(before, after)
    assert (after.request.frame.number, after.request.frame.origin) == (1, "Front camera")
    assert window.desk.view == before.request.view.change(frozen=True)
    assert camera.stops == 1  # and nothing of the camera comes any more
    assert isinstance(window.desk.source, KeptSource)


def test_another_window_shows_the_same(camera: HandSource, window: Window, model: zf.Model, tmp_path: Path) -> None:
    before = change(window, **FAR)
    window.run("snapshot")
    change(window, unit=4)
    path = save(window, tmp_path / "cat.zfdesk")
    other = other_window(model, tmp_path)
    show_picture(other, 7)
    try:
        after = opened(other, path)
        assert_same_answers(window.desk.complete, after)  # type: ignore[arg-type]
        assert other.compare.a is not None
        assert_same_answers(before, other.compare.a)
        assert other.windowTitle() == "cat – zfdesk"
        assert other.sessions.recent() == [str(path)]
    finally:
        other.close()
        other.desk.deleteLater()
        other.deleteLater()


def test_the_look_of_the_window_stays(camera: HandSource, window: Window, tmp_path: Path) -> None:
    change(window, theme="light", presenter=True)
    path = save(window, tmp_path / "light.zfdesk")
    change(window, theme="dark", presenter=False)
    opened(window, path)
    assert (window.desk.view.theme, window.desk.view.presenter) == ("dark", False)


def test_what_is_saved_is_what_is_on_screen(camera: HandSource, window: Window) -> None:
    """Also in the moment after a change, before its result is there: then without what was computed for another."""
    wait_for_result(window.desk)
    window.desk.worker.stop()
    window.desk.change(window.desk.view.change(unit=7))
    kept = current_session(window.context)
    assert (kept.moment.view.unit, dict(kept.moment.arrays)) == (7, {})
    assert kept.moment.frame is window.desk.frame


def test_before_the_first_frame_there_is_nothing_to_save(window: Window, tmp_path: Path) -> None:
    said = told_by(window.desk)
    window.sessions.save_to(tmp_path / "a.zfdesk")
    assert said == [("There is nothing to save yet: try again in a moment.", True)]
    assert not (tmp_path / "a.zfdesk").exists()


# Going on


def test_going_live_again_goes_on_from_the_source(live: Window, tmp_path: Path) -> None:
    path = save(live, tmp_path / "a.zfdesk")
    frame = opened(live, path).request.frame
    press(live, Qt.Key.Key_F)
    wait_until(lambda: not isinstance(live.desk.source, KeptSource))
    wait_until(lambda: live.desk.frame is not frame and live.desk.frame.origin == "test pattern")
    assert (live.desk.view.source, live.desk.view.frozen) == (SourceReference("pattern"), False)


def test_a_frame_that_comes_late_is_not_shown(camera: HandSource, window: Window, tmp_path: Path) -> None:
    """A camera that gives one more frame just when it is stopped."""
    path, deliver = save(window, tmp_path / "a.zfdesk"), camera.deliver
    saved = opened(window, path)
    deliver(camera._next_frame(numbered_picture(50)))
    assert change(window, unit=3).request.frame is saved.request.frame


def test_a_source_that_is_gone_is_told_and_the_frame_stays(window: Window, tmp_path: Path) -> None:
    picture = tmp_path / "cat.png"
    Image.fromarray(numbered_picture(3)).save(picture)
    desk = window.desk
    desk.view = desk.view.change(source=SourceReference("picture", str(picture)))
    desk.start()
    wait_until(lambda: desk.result is not None)
    before = wait_for_result(desk)
    path = save(window, tmp_path / "a.zfdesk")
    picture.unlink()
    opened(window, path)
    said = told_by(desk)
    window.run("freeze")
    wait_until(lambda: said)
    assert said == [("cat.png does not exist. The saved frame stays.", True)]
    assert desk.view.frozen
    assert_same_answers(before, change(window, unit=2) and change(window, unit=before.request.view.unit))


def test_a_pasted_picture_cannot_go_on(window: Window, tmp_path: Path) -> None:
    show_picture(window, 5)
    path = save(window, tmp_path / "a.zfdesk")
    opened(window, path)
    window.desk.opened.clear()  # as in another run of the program
    said = told_by(window.desk)
    window.run("freeze")
    wait_until(lambda: said)
    assert said == [
        ("A pasted picture cannot be opened again: paste it once more. The saved frame stays.", True)
    ]  # fmt: skip
    assert window.desk.view.frozen


def test_undo_and_redo_lead_out_and_in_again(live: Window, tmp_path: Path) -> None:
    path = save(live, tmp_path / "a.zfdesk")
    frozen = change(live, frozen=True, unit=5)
    saved = opened(live, path)
    change(live, unit=3)
    live.desk.undo()
    assert_same_answers(saved, wait_for_result(live.desk))
    live.desk.undo()
    back = wait_for_result(live.desk)
    assert back.request.frame is frozen.request.frame  # the frame that was frozen, not one of the session
    live.desk.redo()
    again = wait_for_result(live.desk)
    assert_same_answers(saved, again)
    live.desk.undo()
    live.desk.undo()  # of the freezing: the pattern moves again
    wait_until(lambda: live.desk.frame not in (frozen.request.frame, saved.request.frame))
    assert not live.desk.view.frozen


def test_opening_it_again_comes_back_to_it(live: Window, tmp_path: Path) -> None:
    path = save(live, tmp_path / "a.zfdesk")
    first = opened(live, path)
    assert_same_answers(first, opened(live, path))


def test_the_last_wish_wins(camera: HandSource, window: Window, tmp_path: Path) -> None:
    one = save(window, tmp_path / "one.zfdesk")
    change(window, unit=5)
    two = save(window, tmp_path / "two.zfdesk")
    done: list[str] = []
    window.sessions.opened.connect(lambda path, worked: done.append(path.name))
    window.open_path(str(one))
    window.open_path(str(two))
    wait_until(lambda: "two.zfdesk" in done)
    settle(50)
    assert done == ["two.zfdesk"]
    assert window.desk.view.unit == 5


# What cannot be opened


def test_a_damaged_file_changes_nothing(camera: HandSource, window: Window, tmp_path: Path) -> None:
    path = save(window, tmp_path / "a.zfdesk")
    before = change(window, unit=4)
    path.write_bytes(path.read_bytes()[:-100])
    said, view, source = told_by(window.desk), window.desk.view, window.desk.source
    window.open_path(str(path))
    wait_until(lambda: said)
    assert said == [("a.zfdesk cannot be opened as a session: it is cut short or damaged.", True)]
    assert (window.desk.view, window.desk.source, window.desk.result) == (view, source, before)


def test_other_weights_are_told_in_the_window(camera: HandSource, window: Window, tmp_path: Path) -> None:
    from dataclasses import replace

    change(window, **FAR)
    window.run("snapshot")
    path = save(window, tmp_path / "a.zfdesk")
    before = window.desk.complete
    window.desk.use_model(replace(zf.random_model(window.desk.model.architecture, 99), name="small", sha256="cd" * 32))
    said = told_by(window.desk)
    after = opened(window, path)
    assert "other weights called small (without a file) than those here (SHA-256 cdcdcdcd)" in said[0][0]
    assert "Snapshot A was taken with other weights" in said[0][0]
    assert said[0][1]
    assert window.message.isVisible()
    assert np.array_equal(before.picture, after.picture)  # type: ignore[union-attr]
    assert not np.array_equal(before.probabilities, after.probabilities)  # type: ignore[union-attr]
    assert window.compare.a is None


# Ways in


def test_dropped_on_the_window(camera: HandSource, window: Window, tmp_path: Path) -> None:
    path = save(window, tmp_path / "a.zfdesk")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    done: list[bool] = []
    window.sessions.opened.connect(lambda path, worked: done.append(worked))
    drop = QDropEvent(
        QPointF(40, 40), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    window.dropEvent(drop)
    wait_until(lambda: done)
    assert done == [True]


def test_actions_save_open_and_remember(
    camera: HandSource, window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = told_by(window.desk)
    asked: list[str] = []

    def ask(parent: object, title: str, proposal: str, files: str) -> tuple[str, str]:
        asked.append(proposal)
        return str(tmp_path / "mine"), files

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(tmp_path / "mine.zfdesk"), ""))
    press(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)  # the first time it asks
    wait_until(lambda: said)
    assert [Path(name).name for name in asked] == ["session.zfdesk"]
    change(window, unit=6)
    press(window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)  # and then no more
    wait_until(lambda: len(said) == 2)
    assert said == [("Saved mine.zfdesk.", False)] * 2
    assert len(asked) == 1
    assert session.load_session(tmp_path / "mine.zfdesk").moment.view.unit == 6
    press(
        window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )  # as: the name without suffix is there already
    assert said[-1] == ("mine.zfdesk is there already: choose that name itself to replace it.", True)
    change(window, unit=2)
    press(window, Qt.Key.Key_F12, Qt.KeyboardModifier.ControlModifier)
    wait_until(lambda: window.desk.view.unit == 6)
    menu = window.actions_by_id["session-open"].associatedObjects()
    recent = next(m for m in (a.menu() for w in menu if hasattr(w, "actions") for a in w.actions() if a.menu())
                  if m and m.title() == "Recent sessions")  # fmt: skip
    recent.aboutToShow.emit()
    assert [action.text() for action in recent.actions()] == [f"mine   ({tmp_path})"]
    change(window, unit=1)
    recent.actions()[0].trigger()
    wait_until(lambda: window.desk.view.unit == 6)


def test_a_full_disk_is_told_and_the_old_file_stays(
    camera: HandSource, window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(window, tmp_path / "a.zfdesk")
    before = path.read_bytes()
    change(window, unit=4)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    said = told_by(window.desk)
    window.sessions.save_to(path)
    wait_until(lambda: said)
    assert said == [("a.zfdesk was not saved: no space left on device.", True)]
    assert path.read_bytes() == before


# Kept against a crash


@pytest.fixture
def autosave(camera: HandSource, window: Window, tmp_path: Path) -> Autosave:
    made = Autosave(window.context, tmp_path / "autosave")
    made.start()
    return made


def kept(autosave: Autosave) -> session.Session:
    """What is kept once the writing under way has ended."""
    wait_until(lambda: not autosave.busy)
    return session.load_session(autosave.path)


def test_a_changed_view_is_kept_and_a_clean_exit_leaves_nothing(autosave: Autosave, window: Window) -> None:
    autosave.look()
    assert kept(autosave).moment.view == window.desk.view
    written = autosave.path.stat().st_mtime_ns
    autosave.look()
    assert not autosave.busy  # nothing has changed
    assert autosave.path.stat().st_mtime_ns == written
    change(window, **FAR)
    autosave.look()
    assert kept(autosave).moment.view == window.desk.view
    window.run("snapshot")
    autosave.look()
    assert set(kept(autosave).snapshots) == {"A"}
    window.close()
    assert list(autosave.folder.iterdir()) == []


def test_a_write_under_way_at_the_end_leaves_nothing(
    autosave: Autosave, window: Window, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(window, unit=3)
    autosave.look()
    window.close()
    assert list(autosave.folder.iterdir()) == []


def test_keeping_does_not_block_the_window(autosave: Autosave, window: Window) -> None:
    """A large frame: what the window's own thread does for it is a hundredth of what the writing takes."""
    large = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), np.uint8)
    source = window.desk.source
    frame = source.give(large)  # type: ignore[union-attr]
    wait_for_result(window.desk, lambda result: result.request.frame is frame)
    begun = time.perf_counter()
    autosave.look()
    blocked = time.perf_counter() - begun
    kept(autosave)
    begun = time.perf_counter()
    session.to_bytes(current_session(window.context))
    assert blocked < (time.perf_counter() - begun) / 10


CRASH = """
import os, sys
from desk_tools import small_model, wait_until
from PySide6.QtCore import QSettings
from zfdesk.desk.app import make_application
from zfdesk.desk.session.autosave import Autosave
from zfdesk.desk.state import AppState
from desk_window import Window
from zfdesk.live import View
from zfdesk.sources import SourceReference
make_application()
desk = AppState(small_model(), View(source=SourceReference("demo"), unit=7, layer="conv4"))
window = Window(desk, QSettings(sys.argv[1] + ".ini", QSettings.Format.IniFormat))
autosave = Autosave(window.context)
autosave.start()
desk.start()
window.show()
wait_until(lambda: desk.complete)
autosave.look()
wait_until(lambda: not autosave.busy)
print("kept", autosave.path, flush=True)
wait_until(lambda: False, 1000)
"""


@pytest.fixture
def crashing(tmp_path: Path, settings: QSettings):
    """Starts another zfdesk, which has kept its view; the test ends it as it likes."""
    running: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], Path]:
        process = subprocess.Popen(
            [sys.executable, "-c", CRASH, str(tmp_path / f"other-{len(running)}")],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "ZFDESK_HOME": str(tmp_path)},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        line = process.stdout.readline()  # type: ignore[union-attr]
        assert line.startswith("kept "), process.stderr.read()  # type: ignore[union-attr]
        return process, Path(line.removeprefix("kept ").strip())

    yield start
    for process in running:
        process.kill()
        process.communicate()


def killed(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_after_a_crash_the_session_is_offered_and_restored(crashing, camera: HandSource, window: Window) -> None:
    process, path = crashing()
    alive = Autosave(window.context)
    alive.start()
    assert alive.offer is None  # its owner lives: nobody touches it
    alive.close()
    killed(process)
    assert path.exists()
    autosave = Autosave(window.context)
    autosave.start()
    assert autosave.offer is not None
    assert "ended without being closed" in autosave.offer.label.text()
    rival = Autosave(window.context)
    rival.start()
    assert rival.offer is None  # offered once, however many windows are open
    rival.close()
    before = session.load_session(path)
    view = window.desk.view
    assert window.desk.view is view  # nothing changes by itself
    autosave.offer.buttons["Restore"].click()
    wait_until(lambda: isinstance(window.desk.source, KeptSource))
    result = wait_for_result(window.desk)
    assert window.desk.view == before.moment.view.change(frozen=True)
    assert np.array_equal(result.picture, before.moment.arrays["picture"])
    assert np.array_equal(result.probabilities, before.moment.arrays["probabilities"])
    assert window.sessions.path is None  # Save will ask for a name
    assert path.exists()  # until this window has kept it itself
    autosave.look()
    wait_until(lambda: not path.exists())
    assert session.load_session(autosave.path).moment.view == window.desk.view
    window.desk.undo()
    assert window.desk.view == view
    window.close()
    assert list(autosave.folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_what_nobody_answers_is_offered_again(crashing, camera: HandSource, window: Window) -> None:
    process, path = crashing()
    killed(process)
    for _ in range(2):
        autosave = Autosave(window.context)
        autosave.start()
        assert autosave.offer is not None
        autosave.offer.finish()
        autosave.close()
    assert path.exists()
    autosave = Autosave(window.context)
    autosave.start()
    assert autosave.offer is not None
    autosave.offer.buttons["Discard"].click()
    assert not path.exists()
    assert window.desk.source is camera


def test_a_damaged_autosave_is_told_and_set_aside(autosave: Autosave, window: Window) -> None:
    autosave.look()
    kept(autosave)
    left = autosave.folder / "1-abcdef.zfdesk"
    left.write_bytes(autosave.path.read_bytes()[:5000])
    later = Autosave(window.context, autosave.folder)
    later.start()
    assert later.offer is not None
    said = told_by(window.desk)
    later.offer.buttons["Restore"].click()
    wait_until(lambda: said)
    wait_until(lambda: not left.exists())
    assert said == [("1-abcdef.zfdesk cannot be opened as a session: it is cut short or damaged.", True)]
    assert left.with_suffix(".damaged").exists()
    assert window.desk.source is not None
    assert not isinstance(window.desk.source, KeptSource)


def test_a_folder_that_cannot_be_made_is_told_once(camera: HandSource, window: Window, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    said = told_by(window.desk)
    Autosave(window.context, tmp_path / "file" / "autosave").start()
    assert said == [("What is shown is not kept against a crash: not a directory.", True)]
