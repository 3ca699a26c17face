"""The Training pane on runs that are written as they are watched: by mouse and key, and never blocking the window."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from desk_hands import ALT, CONTROL, click, move_mouse
from desk_tools import press, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QCoreApplication, QMimeData, QPointF, Qt, QUrl
from PySide6.QtWidgets import QDockWidget, QFileDialog
from run_tools import CLASSES, between, make_run, some_pictures, tiny_architecture

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.cli import main
from zfdesk.desk.settings import TRAINING_RUN
from zfdesk.desk.training import pane as training_module
from zfdesk.desk.training import unit_tiles
from zfdesk.desk.training.commands import watch_run
from zfdesk.desk.training.pane import TrainingPane
from zfdesk.desk.training.run_texts import run_state_text
from zfdesk.desk.training.snapshots import SnapshotRequest, SnapshotWorker
from zfdesk.engine import ARCHITECTURES
from zfdesk.runs import Epoch, Note, RunWriter, Score, Step, read_run
from zfdesk.runs.entries import to_line

EPOCHS = (0, 1, 3)
KEPT = (("conv3", 5), ("conv3", 11))
LONGEST_BLOCK = 0.03  # seconds of the window's thread


@pytest.fixture(scope="module", autouse=True)
def tiny() -> Iterator[tuple[zf.Model, zf.Model]]:
    """Two tiny networks, their architecture declared for as long as these tests run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(ARCHITECTURES, "tiny", tiny_architecture)
        first, last = (replace(zf.random_model(tiny_architecture(), seed), classes=CLASSES) for seed in (1, 2))
        yield first, last


@pytest.fixture(scope="module")
def written(tiny: tuple[zf.Model, zf.Model], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    make_run(folder, *tiny, EPOCHS, total=4, strongest=KEPT)
    return folder


@pytest.fixture
def run(written: Path, tmp_path: Path) -> Path:
    """A run of one's own, that a test may change."""
    folder = tmp_path / "my run"
    shutil.copytree(written, folder)
    return folder


@pytest.fixture
def pane(window: Window, run: Path) -> TrainingPane:
    """The pane on the run, read."""
    window.open_path(str(run))
    assert window.training is not None
    wait_until(lambda: window.training.reading is not None)
    wait_until(lambda: len(window.training.curves.plots) == 3)
    return window.training


def looked(pane: TrainingPane) -> bool:
    """Whether what is wished for is shown."""
    result, controller = pane.snapshot.result, pane.snapshot_controller
    wanted = controller.request
    return result is not None and wanted is not None and result.request.key == wanted.key and not controller.computing


# Closed, opened


def test_nothing_is_made_or_imported_before_it_is_asked_for(window: Window) -> None:
    import subprocess
    import sys

    assert window.training is None
    assert all(not isinstance(pane, TrainingPane) for pane in window.panes)
    code = (
        "import torch, sys, zfdesk.desk.window.main_window; print([n for n in sys.modules if "
        "'desk.training.pane' in n or 'desk.training.snapshots' in n or 'matplotlib' in n])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_pane_opens_and_closes_and_computes_nothing_while_closed(window: Window, run: Path) -> None:
    press(window, Qt.Key.Key_W, CONTROL | ALT)
    pane = window.training
    assert pane is not None
    assert pane.isVisible()
    assert "What does a network learn" in pane.stack.currentWidget().layout().itemAt(1).widget().text()
    window.open_path(str(run))
    wait_until(lambda: pane.reading is not None)
    assert pane.watcher.timer.isActive()
    press(window, Qt.Key.Key_W, CONTROL | ALT)
    assert not pane.isVisible()
    assert not pane.watcher.timer.isActive()
    wait_until(lambda: not pane.desk.tasks.busy)
    window.layout_.reset()
    assert not pane.isVisible()


def test_the_last_run_is_remembered(window: Window, pane: TrainingPane, run: Path) -> None:
    assert TRAINING_RUN.read(window.settings) == str(run)
    dock, again = QDockWidget(), TrainingPane(window.context)
    dock.setWidget(again)
    dock.show()
    wait_until(lambda: again.reading is not None)
    assert again.watcher.folder == run
    again.end()
    dock.close()
    dock.deleteLater()
    settle()


def test_a_dropped_run_is_watched_and_other_folders_are_not(window: Window, run: Path, tmp_path: Path) -> None:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(run))])
    window.take_mime(data, "dropped")
    assert window.training is not None
    wait_until(lambda: window.training.reading is not None)
    other = tmp_path / "pictures"
    other.mkdir()
    Image.fromarray(some_pictures(1)[0]).save(other / "a.png")
    data.setUrls([QUrl.fromLocalFile(str(other))])
    window.take_mime(data, "dropped")
    assert window.training.watcher.folder == run
    assert window.desk.view.source.location == str(other)


def test_the_folder_dialog(window: Window, run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(run))
    window.run("training-open")
    assert window.training is not None
    wait_until(lambda: window.training.reading is not None)


# Curves


def test_curves_are_the_log(pane: TrainingPane, run: Path) -> None:
    pane.choose_view("curves")
    told = read_run(run)
    loss, accuracy, rate = pane.curves.plots
    items = {item.name(): item for plot in (loss, accuracy, rate) for item in plot.listDataItems()}
    assert set(items) == {
        "training", "validation", "training top-1", "validation top-1", "learning rate",
    }  # fmt: skip
    assert len(told.about.classes) == 5  # among which top-5 is always right
    x, y = items["training"].getOriginalDataset()
    assert np.allclose(x, [step.epoch for step in told.steps])
    assert np.allclose(y, [step.loss for step in told.steps])
    _, y = items["validation top-1"].getOriginalDataset()
    assert np.allclose(y, [100 * epoch.validation.top1 for epoch in told.epochs])  # type: ignore[union-attr]
    assert pane.as_data().splitlines()[1].split("\t")[:2] == ["1", "20"]


def test_values_under_the_mouse(pane: TrainingPane, run: Path) -> None:
    pane.choose_view("curves")
    settle(50)
    view = pane.curves.plots[0].vb
    scene = view.mapViewToScene(QPointF(1.5, view.viewRange()[1][0]))
    pane.curves.canvas.scene().sigMouseMoved.emit(scene + QPointF(0, -3))
    step = min(read_run(run).steps, key=lambda step: abs(step.epoch - 1.5))
    assert pane.curves.values.full_text.startswith(f"epoch 1.50: training loss {step.loss:.3g}")
    assert pane.curves.crosses[2].isVisible()


def test_all_values_stand_below_the_curves(pane: TrainingPane) -> None:
    pane.choose_view("curves")
    values = pane.curves.values
    wait_until(lambda: "learning rate" in values.full_text)
    values.renew_now()
    pane.curves.resize(415, 500)  # as in a window of 1440 pixels
    settle()
    lines = values.text().strip().splitlines()
    assert len(values.full_text.split(" · ")) == 5
    assert [fact for line in lines for fact in line.split(" · ")] == values.full_text.split(" · ")
    assert max(map(values.fontMetrics().horizontalAdvance, lines)) <= 415


def test_a_run_in_progress_is_followed(pane: TrainingPane, run: Path, tiny: tuple[zf.Model, zf.Model]) -> None:
    pane.choose_view("curves")
    before = pane.reading
    pane.watcher.read()
    wait_until(lambda: not pane.desk.tasks.busy)
    assert pane.reading is before  # nothing new, nothing drawn
    writer = RunWriter.resume(run, 60)
    writer.log(Step(61, 3.05, 31.0, 0.25, 0.001, {"label": 0.25}, 224, 30.0))
    pane.watcher.read()
    wait_until(lambda: pane.reading is not before)
    assert pane.curves.plots[0].listDataItems()[0].getOriginalDataset()[1][-1] == 0.25
    assert pane.epoch == 3
    writer.log(Epoch(80, 4, 40.0, Score(0.5, 0.9, 1.0)))
    writer.snapshot(4, tiny[1])
    pane.watcher.read()
    wait_until(lambda: pane.epoch == 4)  # the newest, as nobody chose another
    assert "(4 of 4)" in pane.scrubber.label.text()
    pane.show_facts()
    assert pane.state_line.full_text.startswith("ended · epoch 4 of 4, step 80")


def test_a_chosen_snapshot_stays_while_the_run_goes_on(
    pane: TrainingPane, run: Path, tiny: tuple[zf.Model, zf.Model]
) -> None:
    pane.choose_epoch(1)
    RunWriter.resume(run, 60).snapshot(4, tiny[1])
    pane.watcher.read()
    wait_until(lambda: pane.reading.run.snapshots == (0, 1, 3, 4))
    assert pane.epoch == 1
    assert pane.scrubber.slider.value() == 1


@pytest.mark.parametrize(
    ("age", "words"),
    [(3.2, "running, updated 3 s ago"), (-5, "running, updated 0 s ago"), (119, "running, updated 119 s ago"),
     (725, "no new line for 12 min"), (3 * 3600, "no new line for 3 h"), (9e5, "no new line for 10 days")],
)  # fmt: skip
def test_state_in_words(written: Path, age: float, words: str) -> None:
    run = replace(read_run(written), updated=1000.0)
    assert run_state_text(run, 1000 + age) == words
    assert run_state_text(replace(run, notes=(Note(60, "Stopped.", end=True),)), 1000 + age) == "ended"


# Spread


def test_bands_and_their_values(pane: TrainingPane, run: Path) -> None:
    pane.choose_view("spread")
    pane.choose_layer("conv2")
    strips = pane.strips
    assert [band.label for band in strips.bands] == ["weights", "activations", "gradients"]
    assert strips.epochs == EPOCHS
    pane.choose_epoch(0)
    spread = read_run(run).statistics(1)["conv2"].weight
    assert spread is not None
    rect = strips.rects()[0]
    click(strips, rect.center())
    assert pane.epoch == 1
    move_mouse(strips, rect.center())
    edges = strips.bands[0].edges
    inside = (spread.edges[1:] > edges[24]) & (spread.edges[:-1] < edges[25])
    share = strips.bands[0].shares[1, 24]
    assert 0 < share <= spread.counts[inside].sum() / spread.counts.sum() + 1e-6
    assert strips.description().startswith(f"epoch 1: {share * 100:.3g} % of the weights are")
    dead = read_run(run).statistics(1)["conv2"].dead
    strips.leaveEvent(None)
    assert strips.description().startswith(f"{dead * 100:.3g} % of the units are dead")


# Snapshots


def test_a_snapshot_is_looked_at(pane: TrainingPane, run: Path) -> None:
    pane.choose_view("snapshot")
    pane.choose_layer("conv2")
    wait_until(lambda: looked(pane))
    result = pane.snapshot.result
    assert result is not None
    model = zfdesk.weights.load(read_run(run).snapshot_file(3))
    seen = model.forward(zf.centre_crop(read_run(run).probe(), 32, 256))
    assert result.unit == seen.strongest_unit("conv2")
    assert result.activation == pytest.approx(float(seen.activations["conv2"].max()))
    assert result.answers[0] == (
        CLASSES[int(seen.probabilities.argmax())],
        pytest.approx(float(seen.probabilities.max())),
    )
    down = zf.reconstruct(seen, zf.Seed("conv2", result.unit)).values
    assert result.down is not None
    assert np.array_equal(result.down, (down * (127 / np.abs(down).max()) + 128.5).astype(np.uint8))
    tile = result.maps[: result.tile[0], : result.tile[1]]  # type: ignore[index]
    values = seen.activations["conv2"][0, 0].numpy()
    assert np.array_equal(tile, (values / max(values.max(), 1e-12) * 254 + 1.5).astype(np.uint8))


def test_a_click_chooses_a_unit(pane: TrainingPane) -> None:
    pane.choose_view("snapshot")
    pane.choose_layer("conv2")
    wait_until(lambda: looked(pane))
    result = pane.snapshot.result
    assert result is not None
    row, column = divmod(7, result.columns)
    click(pane.snapshot.mosaic, pane.snapshot.mosaic.to_screen(column * 17 + 3, row * 17 + 3))
    wait_until(lambda: looked(pane) and pane.snapshot.result.unit == 7)
    assert "conv2:7" in pane.snapshot.down.caption.full_text


def test_scrubbing_by_keys_and_actions(window: Window, pane: TrainingPane) -> None:
    pane.choose_view("snapshot")
    pane.scrubber.slider.setFocus()
    unit = window.desk.view.unit
    press(pane.scrubber.slider, Qt.Key.Key_Left)
    assert pane.epoch == 1
    press(pane.scrubber.slider, Qt.Key.Key_Home)
    assert pane.epoch == 0
    assert window.desk.view.unit == unit  # the arrow keys were the slider's
    window.run("training-on")
    assert pane.epoch == 1
    press(window, Qt.Key.Key_Left, CONTROL | ALT)
    assert pane.epoch == 0
    wait_until(lambda: looked(pane))
    assert pane.snapshot.result.request.epoch == 0


def test_what_comes_for_an_earlier_choice_is_not_drawn(pane: TrainingPane, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    gate = [False]
    compute = SnapshotWorker.compute

    def slow(self: SnapshotWorker, request: SnapshotRequest) -> object:
        begun.append(request.epoch)
        end = time.monotonic() + 20
        while not gate[0] and time.monotonic() < end:
            time.sleep(0.002)
        return compute(self, request)

    monkeypatch.setattr(SnapshotWorker, "compute", slow)
    pane.choose_view("snapshot")
    wait_until(lambda: begun == [3])
    for epoch in (1, 0, 1):
        pane.choose_epoch(epoch)
    drawn: list[int] = []
    show = pane.snapshot.show_result
    monkeypatch.setattr(pane.snapshot, "show_result", lambda result: (drawn.append(result.request.epoch), show(result)))
    gate[0] = True
    wait_until(lambda: looked(pane))
    assert begun == [3, 1]  # the newest wish alone, after the one under way
    assert drawn == [1]


def test_playing_goes_through_the_snapshots(pane: TrainingPane, monkeypatch: pytest.MonkeyPatch) -> None:
    pane.scrubber.clock.setInterval(5)
    pane.choose_view("snapshot")
    wait_until(lambda: looked(pane))
    drawn: list[int] = []
    show = pane.snapshot.show_result
    monkeypatch.setattr(pane.snapshot, "show_result", lambda result: (drawn.append(result.request.epoch), show(result)))
    pane.scrubber.play()
    assert pane.scrubber.button.text() == "■"
    wait_until(lambda: not pane.scrubber.clock.isActive())
    wait_until(lambda: looked(pane))
    assert list(dict.fromkeys(drawn)) == [0, 1, 3]
    assert pane.scrubber.button.text() == "▶"


def test_the_window_takes_over_a_snapshots_network(window: Window, pane: TrainingPane) -> None:
    said: list[tuple[str, bool]] = []
    window.desk.message.connect(lambda *words: said.append(words))
    pane.choose_epoch(1)
    before = window.desk.model
    pane.use_network()
    assert window.desk.model is before  # it is loaded off this thread
    wait_until(lambda: window.desk.model is not before)
    assert window.desk.model.classes == CLASSES
    assert window.desk.model.name == "epoch-0001"
    assert said == [("The network of epoch-0001 is in use: A tiny network, 5 classes.", False)]


# Fig. 4


def test_units_that_the_run_kept(pane: TrainingPane, run: Path) -> None:
    pane.choose_layer("conv3")
    pane.choose_view("units")
    units = pane.units
    assert units.units == (5, 11)
    wait_until(lambda: len(units.columns) == len(EPOCHS))
    kept = {(one.epoch, one.unit): one for one in read_run(run).strongest()}
    for epoch, tiles in units.columns.items():
        for unit, tile in zip(units.units, tiles, strict=True):
            assert tile.activation == pytest.approx(kept[epoch, unit].activation, rel=1e-5, abs=1e-5)
    pane.choose_epoch(0)
    click(units, units.cell(1, 1).center())
    assert (pane.epoch, pane.unit) == (1, 11)
    move_mouse(units, units.cell(0, 2).center())
    assert units.description().startswith("conv3:5 at epoch 3: ")
    pane.choose_layer("conv1")
    assert units.units == ()
    assert "kept no strongest activations of conv1" in units.message


def test_units_are_searched_over_pictures(pane: TrainingPane, run: Path, tmp_path: Path) -> None:
    place = tmp_path / "pictures"
    place.mkdir()
    pictures = some_pictures(5, seed=3)
    for number, pixels in enumerate(pictures):
        Image.fromarray(pixels).save(place / f"{number}.png")
    (place / "z.jpg").write_bytes(b"no picture")
    pane.choose_layer("conv2")
    pane.choose_view("snapshot")
    pane.choose_unit(7)
    pane.search(str(place))
    assert pane.shown == "units"
    assert 7 in pane.units.units
    assert len(pane.units.units) == 4
    wait_until(lambda: len(pane.units.columns) == len(EPOCHS))
    model = zfdesk.weights.load(read_run(run).snapshot_file(1))
    crops = np.stack([zf.centre_crop(picture, 32, 256) for picture in pictures])
    highest = model.forward(crops).activations["conv2"].amax((2, 3))
    for row, unit in enumerate(pane.units.units):
        tile = pane.units.columns[1][row]
        assert tile.activation == pytest.approx(float(highest[:, unit].max()), rel=1e-4, abs=1e-5)
        if tile.down is not None:
            assert tile.picture == str(place / f"{int(highest[:, unit].argmax())}.png")


def test_a_search_rests_while_the_pane_is_closed(
    window: Window, pane: TrainingPane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "pictures"
    place.mkdir()
    for number, pixels in enumerate(some_pictures(40)):
        Image.fromarray(pixels).save(place / f"{number}.png")
    read: list[str] = []
    real = unit_tiles.read_picture

    def slow(path: str) -> np.ndarray:
        read.append(path)
        time.sleep(0.02)
        return real(path)

    monkeypatch.setattr(unit_tiles, "read_picture", slow)
    pane.choose_layer("conv2")
    pane.search(str(place))
    wait_until(lambda: len(pane.units.columns) == 1)
    before = len(read)
    wait_until(lambda: len(read) > before)
    window.run("training")
    at_end = len(read)
    assert not pane.isVisible()
    wait_until(lambda: not pane.units_controller.running)
    assert len(read) <= at_end + 2  # in the middle of a column
    settle(150)
    assert len(read) <= at_end + 2
    assert len(pane.units.columns) < len(EPOCHS)
    window.run("training")
    wait_until(lambda: len(pane.units.columns) == len(EPOCHS))
    assert not pane.error


def test_the_run_is_saved_as_the_commands_figure(
    window: Window, pane: TrainingPane, run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, bool]] = []
    window.desk.message.connect(lambda words, trouble: told.append((words, trouble)))
    answers = [("", ""), (str(tmp_path / "mine.svg"), ""), (str(tmp_path / "mine.txt"), "")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answers.pop(0))
    pane.choose_layer("conv2")
    pane.figure_button.click()
    assert told == [], "left without a name"
    press(window, Qt.Key.Key_V, CONTROL | ALT)
    wait_until(lambda: ("Saved mine.svg.", False) in told, 60)
    expected = tmp_path / "expected.svg"
    assert main(["figure", "training", str(run), "--layer", "conv2", "-o", str(expected)]) == 0
    assert (tmp_path / "mine.svg").read_bytes() == expected.read_bytes()
    window.run("training-figure")
    wait_until(lambda: told[-1][1], 60)
    assert "mine.txt" in told[-1][0]
    assert "ends in .png, .svg or .pdf" in told[-1][0]
    assert not (tmp_path / "mine.txt").exists()


def test_a_search_without_pictures_is_told(pane: TrainingPane, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    pane.choose_layer("conv2")
    pane.search(str(empty))
    wait_until(lambda: pane.error)
    assert "pictures in" in pane.error
    wait_until(lambda: not pane.desk.tasks.busy)


# What goes wrong


def test_a_folder_that_is_no_run(window: Window, tmp_path: Path) -> None:
    watch_run(window.context, str(tmp_path))
    pane = window.training
    assert pane is not None
    wait_until(lambda: pane.error)
    assert pane.error == f"{tmp_path} is not a training run: it has no run.json."
    assert pane.state_line.full_text == f"⚠ {pane.error}"
    assert pane.stack.currentIndex() == 0


def test_a_run_that_vanishes_stays_on_show_and_may_come_back(pane: TrainingPane, run: Path) -> None:
    pane.choose_view("curves")
    away = run.with_name("away")
    run.rename(away)
    pane.watcher.read()
    wait_until(lambda: pane.error)
    assert "there is no such folder" in pane.error
    assert pane.state_line.full_text.startswith("⚠ ")
    assert pane.curves.plots[0].listDataItems()
    pane.choose_view("snapshot")
    wait_until(lambda: "epoch-0003" in pane.snapshot.filters.canvas.message)
    away.rename(run)
    pane.watcher.read()
    wait_until(lambda: not pane.error)
    pane.choose_epoch(0)
    wait_until(lambda: looked(pane))


def test_damaged_files_are_told(pane: TrainingPane, run: Path) -> None:
    snapshot = run / "snapshots" / "epoch-0001.safetensors"
    snapshot.write_bytes(snapshot.read_bytes()[:3000])
    pane.choose_view("snapshot")
    pane.choose_epoch(1)
    wait_until(lambda: "epoch-0001.safetensors" in pane.snapshot.maps.canvas.message)
    pane.use_network()
    said: list[tuple[str, bool]] = []
    pane.desk.message.connect(lambda *words: said.append(words))
    wait_until(lambda: said)
    assert said[0][0].endswith("The network in use stays.")
    (run / "probe.png").write_bytes(b"half")
    pane.choose_epoch(0)
    wait_until(lambda: looked(pane))
    assert "probe.png is no picture" in pane.snapshot.probe.canvas.message
    assert pane.snapshot.filters.canvas.has_picture
    (run / "statistics" / "epoch-0009.npz").write_bytes(b"PK\3\4 half")
    pane.watcher.read()
    wait_until(lambda: "epoch-0009.npz is damaged" in pane.error)
    assert tuple(pane.reading.statistics) == EPOCHS


def test_a_run_without_anything_yet(window: Window, tmp_path: Path, run: Path) -> None:
    bare = RunWriter.create(tmp_path / "bare", read_run(run).about)
    window.open_path(str(bare.folder))
    pane = window.training
    assert pane is not None
    wait_until(lambda: pane.reading is not None)
    for name in training_module.VIEWS:
        pane.choose_view(name)
        settle(20)
        assert not pane.grab().isNull()
    assert pane.scrubber.label.text() == "no snapshot yet"
    assert not pane.scrubber.isEnabled()
    pane.use_network()
    pane.scrubber.play()
    pane.scrubber.step(1)
    assert not pane.desk.tasks.busy


def test_another_run_while_one_is_being_read(
    pane: TrainingPane, tmp_path: Path, tiny: tuple[zf.Model, zf.Model]
) -> None:
    other = tmp_path / "other"
    make_run(other, *tiny, (0, 2))
    pane.choose_view("snapshot")
    pane.watcher.read()
    pane.open(str(other))
    wait_until(lambda: pane.reading is not None and pane.reading.run.folder == other)
    wait_until(lambda: looked(pane))
    assert pane.snapshot.result.request.run.folder == other
    assert pane.epoch == 2


# The window goes on


@pytest.mark.slow
def test_the_window_is_never_blocked(pane: TrainingPane, run: Path, tiny: tuple[zf.Model, zf.Model]) -> None:
    """A run of 20,000 lines that goes on, all views, a scrubber that is dragged: by processor time of the window's
    thread, and by the quickest of five rounds, so that other programs do not count."""
    with (run / "log.jsonl").open("ab") as log:
        log.writelines(to_line(Step(n, n / 5000, n * 0.1, 1 / n, 0.01, {}, 224, 30.0)) for n in range(61, 20_061))
    writer = RunWriter(run, read_run(run).about)
    for epoch in range(4, 12):
        writer.snapshot(epoch, between(*tiny, epoch / 12))
    longest: dict[tuple[object, ...], list[float]] = {}

    def timed(what: tuple[object, ...], work: Callable[[], object]) -> None:
        begun = time.thread_time()
        work()
        longest.setdefault(what, []).append(time.thread_time() - begun)

    def rest(what: tuple[object, ...], seconds: float) -> None:
        """The longest of what Qt does in that time."""
        end, most = time.monotonic() + seconds, 0.0
        while time.monotonic() < end:
            begun = time.thread_time()
            QCoreApplication.processEvents()
            most = max(most, time.thread_time() - begun)
        longest.setdefault(what, []).append(most)

    further = count(20_061)
    for _ in range(5):
        for name in training_module.VIEWS:
            timed((name,), partial(pane.choose_view, name))
            rest((name, "shown"), 0.1)
            for place in (3, 9, 5, 0):
                timed((name, place), partial(pane.scrubber.slider.setValue, place))
                rest((name, place, "shown"), 0.1)
            writer.log(Step(next(further), 5.0, 1.0, 0.1, 0.01, {}, 224, 30.0))
            timed((name, "read"), pane.watcher.read)
            rest((name, "read", "shown"), 0.3)
    wait_until(lambda: not pane.desk.tasks.busy)
    assert len(pane.reading.run.steps) == 20_080
    found = sorted(((min(seconds), what) for what, seconds in longest.items()), key=lambda one: -one[0])
    print(*(f"{seconds * 1000:.1f} ms {what}" for seconds, what in found[:6]), sep="\n")
    assert found[0][0] < LONGEST_BLOCK, found[:6]


def test_it_is_light_and_dark_and_large(window: Window, pane: TrainingPane) -> None:
    for theme in ("light", "dark"):
        window.desk.change(window.desk.view.change(theme=theme, presenter=theme == "light"))
        for name in training_module.VIEWS:
            pane.choose_view(name)
            settle(30)
            assert not pane.grab().isNull()
        assert pane.strips.colours is pane.units.colours
        assert pane.curves.canvas.backgroundBrush().color().name() == pane.strips.colours.pane
    wait_until(lambda: not pane.desk.tasks.busy)
