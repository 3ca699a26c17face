"""The weights: what is listed, switching, importing, and what happens when it fails."""

from __future__ import annotations

import pickle
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import shiboken6
import torch
from desk_tools import press, settle, wait_until
from desk_window import Window
from embedded import NAME
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QPushButton

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.desk.weights import dialog as weights_dialog
from zfdesk.desk.weights.dialog import WeightsDialog, show_weights, weights_error_text
from zfdesk.desk.weights.rows import COLUMNS, weights_state_text
from zfdesk.weights import store

NAMES = tuple(f"thing {number}" for number in range(7))


@pytest.fixture(scope="session")
def lab() -> zf.Model:
    """The smallest known architecture, 5 MB, passed off as trained."""
    model = zf.random_model(zf.ARCHITECTURES["zfnet-no3467"](len(NAMES)))
    return replace(model, classes=NAMES, trained=True, provenance="made in a test")


@pytest.fixture
def said(window: Window) -> list[tuple[str, bool]]:
    heard: list[tuple[str, bool]] = []
    window.desk.message.connect(lambda sentence, trouble: heard.append((sentence, trouble)))
    return heard


@pytest.fixture
def folder(settings: object, lab: zf.Model) -> Path:
    """A weights folder with one good, one untrained and one damaged file."""
    store.add(lab, "lab")
    store.add(replace(lab, trained=False), "untrained")
    (store.folder() / "broken.safetensors").write_bytes(b"no weights" * 20)
    return store.folder()


@pytest.fixture
def dialog(folder: Path, window: Window) -> Iterator[WeightsDialog]:
    dialog = WeightsDialog(window.context)
    dialog.show()
    wait_until(lambda: not dialog.busy)
    yield dialog
    if shiboken6.isValid(dialog):
        dialog.reject()
    settle()


def rows(dialog: WeightsDialog) -> dict[str, list[str]]:
    items = [dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount())]
    return {item.text(0): [item.text(column) for column in range(1, len(COLUMNS))] for item in items}


def select(dialog: WeightsDialog, name: str) -> None:
    items = [dialog.tree.topLevelItem(row) for row in range(dialog.tree.topLevelItemCount())]
    dialog.tree.setCurrentItem(next(item for item in items if item.text(0) == name))


def test_words() -> None:
    assert weights_error_text(zfdesk.weights.CheckpointError("It is damaged.")) == "It is damaged."
    assert weights_error_text(MemoryError()).endswith(".")
    assert weights_error_text(KeyError("x")).startswith("The weights could not be read (KeyError")
    assert weights_state_text(store.StoredWeights("a", Path("a"), 1, False, False, trained=False)) == "untrained"


def test_all_are_listed_with_what_is_amiss_in_words(dialog: WeightsDialog) -> None:
    listed = rows(dialog)
    assert listed[NAME][0] == "66 MB"
    assert re.fullmatch(r"\d+\.\d / \d+\.\d %", listed[NAME][1])  # measured, as its card says
    assert listed[NAME][2:] == ["MIT", "embedded"]
    assert listed["lab"][0] == "5 MB"
    assert listed["lab"][-1] == ""
    assert listed["untrained"][-1] == "untrained"
    assert listed["broken"] == ["", "", "", "cannot be used"]
    select(dialog, "broken")
    assert "not a safetensors file" in dialog.details.toPlainText()
    assert not dialog.use.isEnabled()
    select(dialog, "untrained")
    assert "untrained: the answers mean nothing" in dialog.details.toPlainText()
    select(dialog, "lab")
    assert "made in a test" in dialog.details.toPlainText()
    assert "7 classes" in dialog.details.toPlainText()
    assert dialog.use.isEnabled()
    assert not dialog.isModal()


def test_using_switches_the_running_network_and_is_remembered(
    live: Window, folder: Path, said: list[tuple[str, bool]]
) -> None:
    dialog = WeightsDialog(live.context)
    dialog.show()
    wait_until(lambda: not dialog.busy)
    select(dialog, "lab")
    QTest.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    assert not dialog.use.isEnabled()
    assert "Loading lab" in dialog.message.text()
    assert dialog.bar.isVisible()
    wait_until(lambda: not dialog.busy)
    assert live.desk.model.name == "lab"
    assert said[0][0].startswith("lab is in use: ZFNet without layers")
    assert not said[0][1]
    assert store.current() == folder / "lab.safetensors"
    assert rows(dialog)["lab"][-1] == "in use"
    assert dialog.use.text() == "In use"
    # random weights passed off as trained are noticed
    assert "untrained networks" in said[1][0]
    assert said[1][1]
    assert "untrained networks" in dialog.details.toPlainText()
    assert not dialog.bar.isVisible()
    wait_until(lambda: live.desk.result is not None and live.desk.result.request.model.name == "lab")
    dialog.reject()


def test_weights_damaged_since_the_list_was_made_leave_the_network_in_use(
    dialog: WeightsDialog, folder: Path, window: Window, said: list[tuple[str, bool]]
) -> None:
    whole = (folder / "lab.safetensors").read_bytes()
    (folder / "lab.safetensors").write_bytes(whole[: len(whole) // 2])
    before = window.desk.model
    select(dialog, "lab")
    press(dialog.tree, Qt.Key.Key_Return)
    wait_until(lambda: not dialog.busy)
    assert window.desk.model is before
    assert store.current() is None
    assert said[-1][1]
    assert said[-1][0].endswith("The network in use stays.")
    assert dialog.message.text() == "⚠ " + said[-1][0]
    assert window.desk.view.layer == "conv5"


def test_importing_a_file_keeps_and_selects_it(
    dialog: WeightsDialog, lab: zf.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[tuple[str, bool]]
) -> None:
    zfdesk.weights.save(lab, tmp_path / "my weights.safetensors")
    chosen = (str(tmp_path / "my weights.safetensors"), "")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: chosen)
    QTest.mouseClick(dialog.import_file, Qt.MouseButton.LeftButton)
    assert "Importing my weights.safetensors" in dialog.message.text()
    assert not dialog.import_file.isEnabled()
    wait_until(lambda: not dialog.busy)
    assert dialog.selected is not None
    assert dialog.selected.name == "my-weights"
    assert dialog.use.isEnabled()
    assert said[0][0].startswith("Kept as my-weights: ZFNet without layers")
    assert "untrained networks" in said[0][0]


def test_weights_that_are_dropped_on_the_window_are_imported(
    dialog: WeightsDialog, said: list[tuple[str, bool]], tmp_path: Path, lab: zf.Model, window: Window
) -> None:
    zfdesk.weights.save(lab, tmp_path / "dropped.safetensors")
    window.open_path(str(tmp_path / "dropped.safetensors"))
    wait_until(lambda: said != [] and not dialog.busy)
    assert said[0][0].startswith("Kept as dropped")
    assert dialog.selected.name == "dropped"
    (tmp_path / "odd.PTH").write_bytes(b"no weights")
    window.open_path(str(tmp_path / "odd.PTH"))
    wait_until(lambda: len(said) == 2 and not dialog.busy)
    assert said[1][1]
    assert "odd.PTH" in said[1][0]


class _Harm:
    def __reduce__(self) -> tuple:
        return (Path.touch, (Path("/tmp/zfdesk-was-harmed"),))


@pytest.mark.parametrize("name", ["hostile.pth", "empty.onnx", "none.pt"])
def test_a_file_that_is_refused_is_told_and_nothing_is_kept(
    dialog: WeightsDialog, tmp_path: Path, said: list[tuple[str, bool]], window: Window, name: str
) -> None:
    path = tmp_path / name
    if name == "hostile.pth":
        path.write_bytes(pickle.dumps(_Harm()))
    elif name == "empty.onnx":
        path.write_bytes(b"")
    before, listed = window.desk.model, rows(dialog)
    dialog.import_path(path)
    wait_until(lambda: not dialog.busy)
    assert said[-1][1]
    assert said[-1][0].endswith(".")
    assert name in said[-1][0]
    assert window.desk.model is before
    assert rows(dialog) == listed
    assert dialog.import_file.isEnabled()
    assert not Path("/tmp/zfdesk-was-harmed").exists()


def test_an_unforeseen_error_is_a_sentence(
    dialog: WeightsDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(path: Path) -> None:
        raise RuntimeError("the disk is on fire")

    monkeypatch.setattr(weights_dialog, "import_file", fail)
    dialog.import_path(tmp_path / "x.pth")
    wait_until(lambda: not dialog.busy)
    assert dialog.message.text() == "⚠ The weights could not be read (RuntimeError: the disk is on fire)."


def test_closed_while_loading_it_still_switches_and_then_is_gone(dialog: WeightsDialog, window: Window) -> None:
    select(dialog, "lab")
    dialog.use_selected()
    dialog.reject()
    assert not dialog.isVisible()
    wait_until(lambda: window.desk.model.name == "lab")
    wait_until(lambda: (settle(), window.findChildren(WeightsDialog))[1] == [])


def test_one_quiet_line_when_the_embedded_network_is_in_use(
    dialog: WeightsDialog, window: Window, embedded: zf.Model
) -> None:
    assert not dialog.quiet.isVisible()
    window.desk.use_model(embedded)
    wait_until(lambda: not dialog.busy)
    assert "embedded network is ZFNet" in dialog.quiet.text()
    assert dialog.quiet.isVisible()
    assert rows(dialog)[NAME][-1] == "in use · embedded"


def test_there_is_one(window: Window, folder: Path) -> None:
    dialog = show_weights(window.context)
    assert show_weights(window.context) is dialog
    wait_until(lambda: not dialog.busy)
    window.close()
    assert not dialog.isVisible()


def test_keys_and_names(dialog: WeightsDialog, window: Window) -> None:
    before = window.desk.view
    for key in (Qt.Key.Key_X, Qt.Key.Key_F, Qt.Key.Key_Down, Qt.Key.Key_Left):
        press(dialog.tree, key)
    assert window.desk.view == before
    assert all(button.text() for button in dialog.findChildren(QPushButton))
    for part in (dialog.tree, dialog.details, dialog.message, dialog.bar):
        assert part.accessibleName()
    press(dialog.tree, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_the_selected_network_is_exported(
    dialog: WeightsDialog, lab: zf.Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[tuple[str, bool]]
) -> None:
    """As the picker's kind says where the name has no ending; ONNX Runtime and torch read what was written."""
    kinds = iter(weights_dialog.EXPORTED.split(";;"))
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "net"), next(kinds)))
    select(dialog, "lab")
    for files in (["net.onnx"], ["net.pth", "net.py"]):
        dialog.export.click()
        wait_until(lambda: not dialog.busy)
        assert [name for name in files if (tmp_path / name).stat().st_size > 500] == files
        assert said[-1] == (f"Exported: {' and '.join(str(tmp_path / name) for name in files)}.", False)
    session = onnxruntime.InferenceSession((tmp_path / "net.onnx").read_bytes())
    assert session.get_outputs()[1].shape == ["N", len(NAMES)]
    assert torch.load(tmp_path / "net.pth", weights_only=True)["fc8.weight"].shape[0] == len(NAMES)
    select(dialog, "broken")
    assert not dialog.export.isEnabled()
    dialog.export_selected(tmp_path / "no.onnx")
    assert not (tmp_path / "no.onnx").exists()


def test_an_export_that_fails_is_told(dialog: WeightsDialog, tmp_path: Path, said: list[tuple[str, bool]]) -> None:
    select(dialog, "lab")
    dialog.export_selected(tmp_path / "nowhere" / "net.onnx")
    wait_until(lambda: not dialog.busy)
    assert said[-1][1]
    assert "cannot be written" in said[-1][0]


def test_kept_weights_are_deleted_once_it_is_confirmed(
    dialog: WeightsDialog, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    select(dialog, NAME)
    assert not dialog.delete.isEnabled()  # it ships with the program
    assert rows(dialog)[NAME][1].endswith(" %")  # and its error is known
    select(dialog, "untrained")
    asked: list[str] = []
    answers = [QMessageBox.StandardButton.No, QMessageBox.StandardButton.Yes]
    monkeypatch.setattr(QMessageBox, "question", lambda *told: asked.append(told[-1]) or answers[len(asked) - 1])
    dialog.delete.click()
    assert (folder / "untrained.safetensors").exists()
    dialog.delete.click()
    wait_until(lambda: not dialog.busy and "untrained" not in rows(dialog))
    assert "untrained" in asked[0]
    assert not (folder / "untrained.safetensors").exists()
    assert (folder / "lab.safetensors").exists()
