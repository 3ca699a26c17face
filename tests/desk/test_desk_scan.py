"""The scan that the window's panes speak of: begun, paused, ended, asked, and what goes wrong with it."""

from __future__ import annotations

import errno
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from desk_tools import wait_until
from desk_window import Window
from PIL import Image

from zfdesk.desk.context import AppContext
from zfdesk.desk.scan import ScanController
from zfdesk.library import Library, LibraryError, Portraits, scanning
from zfdesk.library import scan as scan_of


def write_pictures(folder: Path, count: int, kinds: int = 2) -> Path:
    """Small pictures in subfolders, one a class."""
    for number in range(count):
        path = folder / f"kind{number % kinds}" / f"{number:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8))
        coarse.resize((40, 40), Image.Resampling.BICUBIC).save(path)
    return folder


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return write_pictures(tmp_path / "pictures", 8)


@pytest.fixture
def scan(window: Window) -> ScanController:
    found = window.context.get(ScanController)
    wait_until(lambda: found.status.known)
    return found


def answered(scan: ScanController, context: AppContext, question: Any) -> tuple[Any, Exception | None]:
    told: list[tuple[Any, Exception | None]] = []
    scan.ask("test", question, lambda value, error: told.append((value, error)), context)
    wait_until(lambda: told)
    return told[0]


def finished(scan: ScanController) -> None:
    wait_until(lambda: not scan.status.running and scan.status.known)


def test_nothing_is_spoken_of_and_nothing_written_before_a_folder_is_chosen(
    scan: ScanController, tmp_path: Path
) -> None:
    assert (scan.status.places, scan.status.pictures, scan.status.error) == ((), 0, "")
    assert not (tmp_path / "library").exists()


def test_a_folder_that_is_opened_is_scanned_and_can_be_asked(
    scan: ScanController, window: Window, pictures: Path
) -> None:
    told: list[int] = []
    scan.changed.connect(lambda: told.append(scan.status.pictures))
    scan.open([pictures])
    assert scan.status.running
    assert scan.status.places == (pictures,)
    wait_until(lambda: scan.status.pictures == 8)
    assert told[0] == 0
    assert told[-1] == 8
    assert scan.status.bytes > 0
    portrait, error = answered(scan, window.context, lambda portraits: portraits.portrait("conv5", 3))
    assert error is None
    assert portrait.pictures == 8
    assert {Path(example.path).parent.parent for example in portrait.examples} <= {pictures}


def test_what_was_scanned_last_is_spoken_of_at_the_start(window: Window, pictures: Path, tmp_path: Path) -> None:
    with Library(window.desk.model, root=tmp_path / "library") as library:
        list(scan_of(library, [pictures]))
    later = ScanController(window.context)
    later.open_last()
    wait_until(lambda: later.status.known)
    assert (later.status.places, later.status.pictures) == ((pictures,), 8)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """A scan goes on after its first four pictures when this is set."""
    opened = threading.Event()
    compute = scanning.compute_here

    def gated(*arguments: Any) -> Iterator[Any]:
        for scanned in compute(*arguments):
            yield scanned
            opened.wait(20)

    monkeypatch.setattr(scanning, "BATCH", 4)
    monkeypatch.setattr(scanning, "KEEP_EVERY", 0.0)
    monkeypatch.setattr(scanning, "compute_here", gated)
    return opened


def four_done(scan: ScanController) -> None:
    wait_until(lambda: scan.status.step is not None and scan.status.step.done == 4)


def test_a_paused_scan_rests_and_a_stopped_one_keeps_what_it_has(
    scan: ScanController, gate: threading.Event, tmp_path: Path
) -> None:
    scan.open([write_pictures(tmp_path / "many", 40)])
    four_done(scan)
    scan.pause(True)
    gate.set()
    wait_until(lambda: scan.status.step is not None and scan.status.step.done == 8)  # where it saw that it shall rest
    assert scan.status.paused
    scan.cancel()
    finished(scan)
    wait_until(lambda: scan.status.pictures == 8)
    assert scan.status.error == ""
    scan.scan_again()
    wait_until(lambda: scan.status.pictures == 40)


def test_what_goes_wrong_is_one_sentence_and_what_was_scanned_stays(
    scan: ScanController, window: Window, pictures: Path, tmp_path: Path
) -> None:
    (pictures / "kind0" / "broken.png").write_bytes(b"no picture")
    scan.open([pictures])
    wait_until(lambda: scan.status.pictures == 8)
    assert [Path(path).name for path, _ in scan.status.unreadable] == ["broken.png"]
    (tmp_path / "empty").mkdir()
    scan.open([tmp_path / "empty"])
    finished(scan)
    wait_until(lambda: scan.status.error)
    assert "no pictures" in scan.status.error
    assert scan.status.pictures == 0
    _, error = answered(scan, window.context, lambda portraits: portraits.portrait("conv5", 0))
    assert isinstance(error, LibraryError)
    scan.open([pictures])
    wait_until(lambda: scan.status.pictures == 8)
    assert scan.status.error == ""


def test_a_damaged_store_is_told_and_can_be_cleared(scan: ScanController, pictures: Path, tmp_path: Path) -> None:
    scan.open([pictures])
    wait_until(lambda: scan.status.pictures == 8)
    scan.clear()
    wait_until(lambda: scan.status.places == ())
    assert list((tmp_path / "library").iterdir()) == []
    scan.open([pictures])
    wait_until(lambda: scan.status.pictures == 8)
    scan.clear()
    wait_until(lambda: scan.status.places == ())
    folder = tmp_path / "library"
    with Library(window_model(scan), root=folder) as library:
        broken = library.folder
    for path in broken.glob("index.sqlite*"):
        path.write_bytes(b"this is no database" * 100)
    scan.open([pictures])
    finished(scan)
    wait_until(lambda: "damaged" in scan.status.error)
    scan.clear()
    wait_until(lambda: scan.status.places == () and not scan.status.error)
    scan.open([pictures])
    wait_until(lambda: scan.status.pictures == 8)


def window_model(scan: ScanController) -> Any:
    context = scan.parent()
    assert isinstance(context, AppContext)
    return context.state.model


def test_a_question_that_is_abandoned_is_not_asked(scan: ScanController, window: Window, pictures: Path) -> None:
    scan.open([pictures])
    wait_until(lambda: scan.status.pictures == 8)
    asked: list[str] = []
    gate = threading.Event()

    def question(name: str, wait: bool = False) -> Any:
        def ask(portraits: Portraits) -> str:
            if wait:
                gate.wait(20)
            asked.append(name)
            return name

        return ask

    told: list[object] = []
    scan.ask("a", question("a", wait=True), lambda value, _: told.append(value), window.context)
    scan.ask("b", question("b"), lambda value, _: told.append(value), window.context).abandon()
    gate.set()
    scan.ask("c", question("c"), lambda value, _: told.append(value), window.context)
    wait_until(lambda: len(told) == 2)
    assert set(asked) == {"a", "c"}
    assert set(told) == {"a", "c"}


def test_a_folder_that_vanishes_and_a_full_disk_are_told_and_what_was_scanned_stays(
    scan: ScanController, gate: threading.Event, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_pictures(tmp_path / "many", 40)
    scan.open([folder])
    four_done(scan)
    folder.rename(tmp_path / "elsewhere")
    gate.set()
    wait_until(lambda: "vanished" in scan.status.error)
    wait_until(lambda: 0 < scan.status.pictures < 40)
    (tmp_path / "elsewhere").rename(folder)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("zfdesk.library.store.write_whole", full)
        scan.scan_again()
        wait_until(lambda: "no space left" in scan.status.error)
    assert 0 < scan.status.pictures < 40
    scan.scan_again()
    wait_until(lambda: scan.status.pictures == 40)
    assert scan.status.error == ""
