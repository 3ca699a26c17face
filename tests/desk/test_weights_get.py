"""Downloading in the window: what is to be had, progress, stopping at any moment, and the line that offers it."""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import shiboken6
from desk_tools import press, settle, wait_until
from desk_window import Window
from embedded import NAME
from loopback import Loopback, loopback
from PySide6.QtCore import QSettings, Qt
from PySide6.QtTest import QTest

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.desk.state import AppState
from zfdesk.desk.weights.dialog import WeightsDialog
from zfdesk.desk.weights.embedded_note import EmbeddedLine
from zfdesk.desk.weights.rows import COLUMNS
from zfdesk.weights import store
from zfdesk.weights.catalogue import CATALOGUE, CatalogueEntry
from zfdesk.weights.obtain import downloads, part_bytes

TITLE = NAME.replace("zfnet-", "ZFNet ")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with loopback() as made:
        yield made


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A checkpoint of 5 MB, passed off as trained."""
    path = tmp_path_factory.mktemp("peer") / "small.safetensors"
    zfdesk.weights.save(replace(zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](7)), trained=True), path)
    return path.read_bytes()


@pytest.fixture
def entry(server: Loopback, data: bytes) -> CatalogueEntry:
    return CatalogueEntry(
        "lab", "The lab's network", "for tests", "zfnet-no3467", "MIT", server.serve("lab.safetensors", data),
        "sha1", hashlib.sha1(data).hexdigest(), 40.5, 20.25, bytes=len(data),
    )  # fmt: skip


@pytest.fixture
def said(window: Window) -> list[tuple[str, bool]]:
    heard: list[tuple[str, bool]] = []
    window.desk.message.connect(lambda sentence, trouble: heard.append((sentence, trouble)))
    return heard


@pytest.fixture
def dialog(entry: CatalogueEntry, window: Window) -> Iterator[WeightsDialog]:
    dialog = WeightsDialog(window.context, (entry, *CATALOGUE))
    dialog.show()
    wait_until(lambda: not dialog.busy)
    dialog.select("lab")
    yield dialog
    if shiboken6.isValid(dialog):
        dialog.reject()
        wait_until(lambda: not shiboken6.isValid(dialog) or not dialog.busy)
    settle()


def rows(dialog: WeightsDialog) -> dict[str, list[str]]:
    items = [dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount())]
    return {item.text(0): [item.text(column) for column in range(1, len(COLUMNS))] for item in items}


def stalled(server: Loopback, entry: CatalogueEntry, count: int = 1_000_000) -> None:
    """The server stops for a long while after so many bytes."""
    server.files["/lab.safetensors"].stall = count


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "zfdesk weights get"]


def test_what_is_at_hand_and_what_is_to_be_had(dialog: WeightsDialog) -> None:
    listed = rows(dialog)
    assert list(listed) == [NAME, "lab", *(known.name for known in CATALOGUE)]
    assert listed["pytorchcv-zfnet"] == ["≈ 249 MB", "39.8 / 17.3 %", "MIT", "to download"]
    assert listed["vgg16"] == ["553 MB", "28.4 / 9.6 %", "BSD 3-Clause", "to download"]
    assert listed["zfnet512"][-1] == "by file"
    dialog.select("pytorchcv-zfnet")
    told = dialog.details.toPlainText()
    assert "top 1 39.79 %, top 5 17.27 %" in told
    assert "From https://github.com/osmr/imgclsmob/" in told
    assert dialog.get.isEnabled()
    assert dialog.get.isDefault()
    assert not dialog.use.isEnabled()
    dialog.select("zfnet512")
    assert "To get it, download zfnet512-12.onnx" in dialog.details.toPlainText()
    assert not dialog.get.isEnabled()
    dialog.select(NAME)
    assert not dialog.get.isEnabled()
    assert not dialog.download.isVisible()


def test_get_and_then_use(dialog: WeightsDialog, window: Window, said: list[tuple[str, bool]], data: bytes) -> None:
    before = window.desk.model
    QTest.mouseClick(dialog.get, Qt.MouseButton.LeftButton)
    assert dialog.download.isVisible()
    assert not dialog.get.isEnabled()
    wait_until(lambda: not dialog.busy)
    assert not dialog.download.isVisible()
    assert window.desk.model is before
    assert store.current() is None
    sentence, trouble = said[-1]
    assert sentence.startswith("lab is here: ZFNet without layers 3, 4, 6, 7, Table 3, 7 classes.")
    assert trouble  # its weights are random, which is noticed
    assert rows(dialog)["lab"] == ["5 MB", "40.5 / 20.2 %", "MIT", ""]
    assert dialog.selected is not None
    assert dialog.selected.name == "lab"
    assert "Licence: MIT" in dialog.details.toPlainText()
    assert [path.name for path in downloads().iterdir()] == ["lock"]
    assert dialog.use.isDefault()
    dialog.use_selected()
    wait_until(lambda: not dialog.busy)
    assert window.desk.model.name == "lab"
    assert rows(dialog)["lab"][-1] == "in use"


def test_progress_and_cancel_then_going_on(
    dialog: WeightsDialog, server: Loopback, entry: CatalogueEntry, said: list[tuple[str, bool]], data: bytes
) -> None:
    stalled(server, entry)
    dialog.get_selected()
    assert dialog.download.status.text() == "Asking for lab…"
    wait_until(lambda: part_bytes(entry) == 1_000_000)
    wait_until(lambda: dialog.download.status.text().startswith("Downloading lab… "))
    assert f" of {len(data) / 1e6:.0f} MB" in dialog.download.status.text()
    assert 0 <= dialog.download.bar.value() < dialog.download.bar.maximum()
    dialog.get_selected()  # nothing: one is under way
    wait_until(lambda: dialog.download.status.text().endswith(" MB · waiting for the server"))
    QTest.mouseClick(dialog.download.cancel, Qt.MouseButton.LeftButton)
    begun = time.monotonic()
    wait_until(lambda: not dialog.download.running)
    assert time.monotonic() - begun < 1
    assert said == [("The download was stopped; what has come is kept, and next time it goes on from there.", False)]
    wait_until(lambda: not dialog.busy)
    assert rows(dialog)["lab"][-1] == "1 MB have come"
    assert dialog.get.text() == "Go on"
    server.files["/lab.safetensors"].stall = -1
    dialog.get_selected()
    wait_until(lambda: not dialog.busy)
    assert server.ranges() == ["", "bytes=1000000-"]
    assert (store.folder() / "lab.safetensors").exists()


def test_other_weights_can_be_used_meanwhile(
    dialog: WeightsDialog, server: Loopback, entry: CatalogueEntry, window: Window
) -> None:
    stalled(server, entry)
    dialog.get_selected()
    assert server.stalled.wait(10)
    dialog.select(NAME)
    dialog.use_selected()
    wait_until(lambda: window.desk.model.name == NAME)
    assert dialog.download.running


def test_closing_the_dialog_ends_the_download_within_a_second(
    dialog: WeightsDialog, server: Loopback, entry: CatalogueEntry, window: Window, said: list[tuple[str, bool]]
) -> None:
    stalled(server, entry)
    dialog.get_selected()
    wait_until(lambda: part_bytes(entry) == 1_000_000)
    assert threads()
    press(dialog.tree, Qt.Key.Key_Escape)
    begun = time.monotonic()
    wait_until(lambda: not threads())
    assert time.monotonic() - begun < 1
    wait_until(lambda: (settle(), window.findChildren(WeightsDialog))[1] == [])
    assert part_bytes(entry) == 1_000_000
    assert said[-1][0].startswith("The download was stopped")


def test_closing_the_window_ends_the_download_within_a_second(
    dialog: WeightsDialog, server: Loopback, entry: CatalogueEntry, window: Window
) -> None:
    stalled(server, entry)
    dialog.get_selected()
    wait_until(lambda: part_bytes(entry) == 1_000_000)
    window.close()
    begun = time.monotonic()
    wait_until(lambda: not threads())
    assert time.monotonic() - begun < 1
    assert part_bytes(entry) == 1_000_000


@pytest.mark.parametrize("wrong", ["hash", "page", "nobody"])
def test_failures_are_a_sentence_and_the_network_in_use_stays(
    wrong: str, entry: CatalogueEntry, server: Loopback, window: Window, said: list[tuple[str, bool]]
) -> None:
    words = {
        "hash": "is not what the catalogue names",
        "page": "sent a web page instead of the file",
        "nobody": "127.0.0.1 refuses the connection.",
    }[wrong]
    if wrong == "hash":
        entry = replace(entry, hash="00")
    elif wrong == "nobody":
        with socket.create_server(("127.0.0.1", 0)) as closed:
            entry = replace(entry, source=f"http://127.0.0.1:{closed.getsockname()[1]}/lab.safetensors")
    else:
        server.files["/lab.safetensors"].kind = "text/html"
    dialog, before = WeightsDialog(window.context, (entry,)), window.desk.model
    dialog.show()
    wait_until(lambda: not dialog.busy)
    dialog.select("lab")
    press(dialog.tree, Qt.Key.Key_Return)
    wait_until(lambda: not dialog.busy)
    assert said
    sentence, trouble = said[-1]
    assert trouble
    assert words in sentence
    assert sentence.endswith("The network in use stays.")
    assert dialog.message.text() == f"⚠ {sentence}"
    assert window.desk.model is before
    assert list(rows(dialog)) == [NAME, "lab"]
    assert dialog.get.isEnabled()
    dialog.reject()
    settle()


# ---- the line in the status bar


@pytest.fixture
def line(window: Window, embedded: zf.Model) -> EmbeddedLine:
    window.desk.use_model(embedded)
    (line,) = window.findChildren(EmbeddedLine)
    return line


def test_the_embedded_network_is_named_and_a_full_one_offered(line: EmbeddedLine, window: Window) -> None:
    assert line.isVisible()
    assert line.text == f"embedded {TITLE}: briefly trained, knows few classes · get the full one…"
    QTest.mouseClick(line.offer, Qt.MouseButton.LeftButton)
    (dialog,) = window.findChildren(WeightsDialog)
    wait_until(lambda: not dialog.busy)
    assert dialog.selected is not None
    assert dialog.selected.name == "pytorchcv-zfnet"
    # and again while it is open
    dialog.select("vgg16")
    QTest.mouseClick(line.offer, Qt.MouseButton.LeftButton)
    assert dialog.selected.name == "pytorchcv-zfnet"
    dialog.reject()


def test_another_network_needs_no_such_line(line: EmbeddedLine, window: Window, model: zf.Model) -> None:
    window.desk.use_model(model)
    assert not line.isVisible()


def test_closed_it_stays_closed(line: EmbeddedLine, window: Window, embedded: zf.Model, settings: QSettings) -> None:
    QTest.mouseClick(line.close_, Qt.MouseButton.LeftButton)
    assert not line.isVisible()
    window.desk.use_model(embedded)
    assert not line.isVisible()
    again = AppState(embedded)
    second = Window(again, settings)
    second.show()
    assert not second.findChildren(EmbeddedLine)[0].isVisible()
    second.close()
    second.deleteLater()
    again.deleteLater()
    settle()


def test_where_there_is_little_room_it_is_short(line: EmbeddedLine, window: Window) -> None:
    window.resize(1440, 900)
    settle()
    assert line.offer.text() == line.text
    window.resize(1024, 680)
    settle()
    assert line.offer.text() == f"{TITLE}, embedded · full one…"
    assert line.offer.accessibleName() == line.text
    assert window.width() == 1024
    for button in (line.offer, line.close_):
        assert min(button.width(), button.height()) >= 24
    window.resize(1440, 900)
    settle()
    for presenter, words in ((True, line.short), (False, line.text)):
        window.desk.change(window.desk.view.change(presenter=presenter))
        settle()
        assert line.offer.text() == words, presenter
