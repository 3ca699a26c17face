"""Whatever the window saves, what it reads is not written over; one file picker asks for all of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from desk_tools import wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtWidgets import QFileDialog

import zfdesk.desk
from zfdesk.desk.widgets.save_dialog import ask_where, reads_any
from zfdesk.desk.window import copy_commands
from zfdesk.sources import SourceReference
from zfdesk.weights import store


@pytest.fixture
def read(window: Window, tmp_path: Path) -> Path:
    """The picture that the window shows."""
    (tmp_path / "shown").mkdir()
    path = tmp_path / "shown" / "picture.png"
    Image.new("RGB", (40, 30), "red").save(path)
    show(window, "picture", path)
    return path


def show(window: Window, kind: str, path: Path) -> None:
    reference = SourceReference(kind, str(path))
    window.desk.open(reference)
    wait_until(lambda: window.desk.view.source == reference)


def choose(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))


@pytest.mark.parametrize("way", ["itself", "spelled otherwise", "a link", "a hard link"])
def test_the_picture_that_is_shown_is_not_written_over(
    way: str, window: Window, read: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path: Path | str = {
        "itself": read,
        "spelled otherwise": f"{read.parent}/./../shown/{read.name}",
    }.get(way, read.with_name("other.png"))
    if way == "a link":
        Path(path).symlink_to(read)
    elif way == "a hard link":
        os.link(read, path)
    bytes_before = read.read_bytes()
    choose(monkeypatch, path)
    monkeypatch.setattr(copy_commands, "ask_for_number", lambda *_: 1.0)
    window.run("save-window-as")
    assert read.read_bytes() == bytes_before
    assert "which is read" in window.message.label.text()
    choose(monkeypatch, read.with_name("new.png"))
    window.run("save-window-as")
    assert read.with_name("new.png").exists()
    window.message.hide()


def test_what_else_the_window_reads(
    window: Window, read: Path, small_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    show(window, "folder", read.parent)
    for path in (read, small_weights):
        choose(monkeypatch, path)
        assert (
            ask_where(window.context, "Save", "x", "", show_message=lambda sentence, error: said.append(sentence))[0]
            == ""
        )
        assert "which is read" in said.pop()
    window.context.inputs.append(lambda: [str(read.parent / "made.npz")])
    (read.parent / "made.npz").write_bytes(b"made")
    assert reads_any(window.context, ["new.npz", str(read.parent / "made.npz")], lambda *_: None)
    assert not reads_any(window.context, ["new.npz"], pytest.fail)


@pytest.fixture
def small_weights(window: Window) -> Path:
    path = store.folder() / "mine.safetensors"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"weights")
    return path


def test_an_added_suffix_replaces_nothing_unasked(
    window: Window, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    choose(monkeypatch, tmp_path / "arrays")

    def asked() -> str:
        return ask_where(
            window.context, "Save", "x.npz", "", ".npz", show_message=lambda sentence, _: said.append(sentence)
        )[0]

    assert asked() == str(tmp_path / "arrays.npz")
    (tmp_path / "arrays.npz").write_bytes(b"old")
    assert asked() == ""
    assert "is there already" in said[0]


def test_one_picker_asks_for_all_that_is_saved() -> None:
    folder = Path(zfdesk.desk.__file__).parent
    asking = [path.name for path in folder.rglob("*.py") if "getSaveFileName" in path.read_text("utf-8")]
    assert asking == ["save_dialog.py"]
