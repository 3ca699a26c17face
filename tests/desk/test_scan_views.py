"""What a scan opens in the window: nearest pictures, the map, boxes, Fig. 2, object or background."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desk_hands import LEFT, SHIFT, click, turn_wheel
from desk_tools import close, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QPointF, QSettings, Qt
from PySide6.QtWidgets import QApplication

import zfdesk.engine as zf
from zfdesk.cancellation import Cancelled
from zfdesk.desk.feature import Panes
from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.open_scanned import open_scanned
from zfdesk.desk.scan import ScanController
from zfdesk.desk.scan_views import map_pane
from zfdesk.desk.scan_views.boxes_pane import BoxesPane
from zfdesk.desk.scan_views.fig2_pane import Fig2Pane, UnitChoice, block_of
from zfdesk.desk.scan_views.map_pane import MapPane
from zfdesk.desk.scan_views.map_view import MapView
from zfdesk.desk.scan_views.nearest_pane import NearestPane
from zfdesk.desk.scan_views.objects_pane import ObjectsPane
from zfdesk.desk.state import AppState
from zfdesk.engine import Occluder
from zfdesk.figures.panels import Tiles
from zfdesk.library import Library, Portraits
from zfdesk.library.boxes import object_box, object_shares
from zfdesk.library.gallery import Gallery
from zfdesk.library.nearest import PIXELS, Neighbours, pixel_features
from zfdesk.library.picture_map import STEPS, PictureMap
from zfdesk.live import Crop, View
from zfdesk.pages.panels import PanelSpec, capture, why_not
from zfdesk.pages.panels_scan import (
    BOXES,
    FIG2_DOWN,
    KINDS,
    NEAREST,
    OBJECT_SHARES,
    PICTURE_MAP,
)
from zfdesk.sources import SourceReference

COUNT = 18


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of three classes."""
    folder = tmp_path_factory.mktemp("scanned") / "pictures"
    for number in range(COUNT):
        rng = np.random.default_rng(number)
        coarse = Image.fromarray(rng.integers(0, 256, (5, 6, 3), np.uint8))
        path = folder / f"kind{number % 3}" / f"p{number:02d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        coarse.resize((60 + number, 48), Image.Resampling.BICUBIC).save(path)
    return folder


@pytest.fixture(scope="module")
def scanned(
    application: QApplication, model: zf.Model, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> object:
    """A window on one of the pictures, with all of them scanned."""
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZFDESK_HOME", str(home))
        source = SourceReference("picture", str(folder / "kind1" / "p04.png"))
        desk = AppState(model, View(source=source, unit=1))
        window = Window(desk, QSettings(str(home / "settings.ini"), QSettings.Format.IniFormat))
        window.show()
        desk.start()
        wait_until(lambda: desk.result is not None)
        scan = window.context.get(ScanController)
        scan.open([folder])
        wait_until(lambda: scan.status.pictures == COUNT and not scan.status.running)
        yield window
        desk.close()
        close(window)
        desk.deleteLater()
        settle()


def fresh(window: Window, folder: Path) -> None:
    """The view as at first."""
    source = SourceReference("picture", str(folder / "kind1" / "p04.png"))
    window.desk.change(View(source=source, unit=1, crop=Crop.centre_of(window.desk.model)))
    wait_until(lambda: window.desk.result is not None and window.desk.result.request.view == window.desk.view)


def test_without_a_scan_each_says_so(window: Window) -> None:
    for title in ("Nearest", "Map", "Boxes", "Fig. 2", "Objects"):
        pane = window.context.get(Panes).show(title)
        settle()
        assert "No pictures were scanned with these weights yet" in pane.sentence.text()  # type: ignore[attr-defined]
        assert pane.stack.currentIndex() == 0  # type: ignore[attr-defined]
        assert pane.as_data() == ""
    for kind in KINDS:
        assert "open the pane" in why_not(PanelSpec(kind), sources_of(window.context))


def test_nearest_as_the_library_finds_them(scanned: Window, model: zf.Model, folder: Path) -> None:
    fresh(scanned, folder)
    scanned.run("scan-nearest")
    pane = scanned.context.get(NearestPane)
    wait_until(lambda: pane.found is not None and set(pane.found.rows) == {"pool5", PIXELS})
    assert pane.found is not None
    result = pane.found.result
    with Library(model) as library:
        for by, near in pane.found.rows.items():
            pictures = library.pictures([folder], "pool5")
            features = library.features(pictures, by) if by != PIXELS else None
            seen = model.forward(result.picture).activations
            query = pixel_features(result.picture) if by == PIXELS else seen[by][0].mean((1, 2)).float().numpy()
            found = Neighbours(Gallery(library, pictures), by, features).nearest(query, 8)
            assert [one.path for one, _ in near] == [one.path for one in found]
            assert near[0][0].path == str(folder / "kind1" / "p04.png")
    assert f"{COUNT} pictures of pictures · small" in pane.facts.full_text
    grid = pane.rows["pool5"][1]
    click(grid, grid.place(1).center())
    second = pane.found.rows["pool5"][1][0].path
    wait_until(lambda: scanned.desk.view.source.location == second)
    wait_until(lambda: pane.found is not None and pane.found.rows["pool5"][0][0].path == second)
    assert len(pane.as_data().splitlines()) == 17
    taken = capture(PanelSpec(NEAREST), sources_of(scanned.context))
    assert isinstance(taken.panel, Tiles)
    assert len(taken.panel.values) == 18  # two rows: the live picture and eight
    assert f"18 pictures of {folder}" in taken.text
    scanned.run("scan-nearest")
    assert not scanned.context.get(Panes).is_open("Nearest")


def test_the_map(scanned: Window, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh(scanned, folder)
    scanned.run("scan-map")
    pane = scanned.context.get(MapPane)
    wait_until(lambda: pane.live is not None and pane.known is not None)
    assert pane.known is not None
    assert pane.shown is not None
    gallery = pane.known.gallery
    itself = gallery.pictures.ids.tolist().index(
        next(number for number in gallery.pictures.ids.tolist() if gallery.path(number).endswith("p04.png"))
    )
    spread = float(np.abs(pane.shown.points).max())
    wait_until(lambda: pane.live is not None and scanned.desk.complete is scanned.desk.result)
    assert pane.live == pytest.approx(pane.shown.points[itself], abs=1e-2 * spread)  # float16 features
    wait_until(lambda: sum(gallery.tried(number) for number in gallery.pictures.ids.tolist()) > 3)
    view = pane.view
    far = view.to_screen(pane.shown.points).astype(float)
    assert (far >= 0).all()
    assert (far <= (view.width(), view.height())).all()
    # all, by a lasso around everything
    corners = [QPointF(2, 2), QPointF(view.width() - 2, 2), QPointF(view.width() - 2, view.height() - 2)]
    corners.append(QPointF(2, view.height() - 2))
    lasso(view, corners)
    assert pane.selected.sum() == COUNT
    assert pane.count.full_text == "18 pictures of 3 classes"
    assert [pane.list.item(row).text() for row in range(3)] == ["kind0: 6", "kind1: 6", "kind2: 6"]
    point = int(pane.list.item(4).data(Qt.ItemDataRole.UserRole))
    pane.list.itemClicked.emit(pane.list.item(4))
    wait_until(lambda: scanned.desk.view.source.location == gallery.path(int(gallery.pictures.ids[point])))
    # zoomed until it has room, a click opens what lies there
    place = view.to_screen(pane.shown.points[7:8])[0]
    for _ in range(20):
        turn_wheel(view, QPointF(*place), 2)
    click(view, QPointF(*place))
    wait_until(lambda: scanned.desk.view.source.location == gallery.path(int(gallery.pictures.ids[7])))
    taken = capture(PanelSpec(PICTURE_MAP), sources_of(scanned.context))
    assert "by PCA of pool5" in taken.text
    go, stopped = threading.Event(), threading.Event()

    def tsne(begun: PictureMap, progress: Callable[[int, int], None]) -> PictureMap:
        """In place of scikit-learn's, which tests/library looks at: steps until it is let go."""
        try:
            while not go.wait(0.01):
                progress(250, STEPS)
        except Cancelled:
            stopped.set()
            raise
        return replace(begun, points=begun.points[::-1].copy(), method="t-SNE")

    monkeypatch.setattr(map_pane, "tsne_map", tsne)
    pane.tsne.click()
    wait_until(lambda: "t-SNE: 250 of 1,000 steps" in pane.facts.full_text)
    pane.tsne.click()
    assert stopped.wait(10)
    assert pane.work_progress is None
    assert pane.shown.method == "PCA"
    pane.tsne.click()
    go.set()
    wait_until(lambda: pane.shown is not None and pane.shown.method == "t-SNE")
    assert "pool5 by t-SNE" in pane.facts.full_text
    assert pane.as_data().count("\n") == COUNT + 1
    scanned.run("scan-map")


def lasso(view: MapView, corners: list[QPointF]) -> None:
    from desk_hands import move_mouse, press_mouse, release_mouse

    press_mouse(view, corners[0], SHIFT)
    for corner in [*corners[1:], corners[0]]:
        move_mouse(view, corner, LEFT, SHIFT)
    release_mouse(view, corners[0], SHIFT)


def test_boxes_follow_the_unit(scanned: Window, model: zf.Model, folder: Path) -> None:
    fresh(scanned, folder)
    scanned.run("scan-boxes")
    pane = scanned.context.get(BoxesPane)
    pane.jump.click()
    assert scanned.desk.view.layer == "pool5"
    wait_until(lambda: pane.unit == ("pool5", 1) and pane.boxed)
    with Library(model) as library:
        expected = Portraits(library, [folder]).portrait("pool5", 1)
    assert [one.example.path for one in pane.boxed] == [one.path for one in expected.examples]
    assert pane.grid.cells[0].caption == "1.00"
    assert pane.boxed[0].pixels.shape[0] == 48  # whole, not what the network sees
    click(pane.grid, pane.grid.place(2).center())
    wait_until(lambda: scanned.desk.view.source.location == expected.examples[2].path)
    taken = capture(PanelSpec(BOXES), sources_of(scanned.context))
    assert taken.panel.names[0] == "1.00"  # type: ignore[union-attr]
    assert "pool5:1" in taken.text
    scanned.desk.change(scanned.desk.view.change(layer="fc8", unit=0))
    wait_until(lambda: "see the whole picture" in pane.grid.message)
    scanned.run("scan-boxes")


def test_fig2_of_the_layer(scanned: Window, model: zf.Model, folder: Path) -> None:
    fresh(scanned, folder)
    scanned.run("scan-fig2")
    pane = scanned.context.get(Fig2Pane)
    pane.unit_choice.setCurrentIndex(list(UnitChoice).index(UnitChoice.ON))
    pane.unit_choice.chosen.emit(UnitChoice.ON)
    wait_until(lambda: pane.shown)
    assert pane.request is not None
    assert pane.request.layer == "conv5"
    with Library(model) as library:
        portraits = Portraits(library, [folder])
        alive = [unit for unit in range(1, 10) if not portraits.statistics("conv5").dead[unit]]
        expected = portraits.portrait("conv5", alive[0]).examples
    assert [one.unit for one in pane.shown] == alive
    first = pane.shown[0]
    assert [one.path for one in first.examples] == [one.path for one in expected]
    best = model.forward(first.pictures[0])
    seed = zf.Seed("conv5", first.unit, zf.SeedKind.AT, expected[0].position)
    field = model.architecture.stage("conv5").receptive_field
    down = zf.cut_field(zf.reconstruct(best, seed, zf.Rule.DECONVNET).values, field, expected[0].position)
    assert np.allclose(first.projections[0], down, atol=1e-6)
    assert block_of(first).shape[1] == 2 * block_of(first).shape[0]
    place = pane.grid.place(1)
    click(pane.grid, QPointF(place.left() + place.width() / 4, place.center().y()))
    assert scanned.desk.view.unit == alive[1]
    wait_until(lambda: pane.shown and pane.shown[0].unit == alive[1])  # from the selected on
    taken = capture(PanelSpec(FIG2_DOWN), sources_of(scanned.context))
    assert taken.panel.facts.unit == alive[1]
    scanned.desk.change(scanned.desk.view.change(method=zf.Rule.GUIDED))
    wait_until(lambda: pane.request is not None and pane.request.rule is zf.Rule.GUIDED and pane.shown)
    assert "guided" in pane.facts.full_text
    pane.unit_choice.setCurrentIndex(list(UnitChoice).index(UnitChoice.PINNED))
    pane.unit_choice.chosen.emit(UnitChoice.PINNED)
    assert "No unit of conv5 is pinned" in pane.grid.message
    scanned.run("scan-fig2")


def test_object_or_background(scanned: Window, model: zf.Model, folder: Path) -> None:
    fresh(scanned, folder)
    scanned.run("scan-objects")
    pane = scanned.context.get(ObjectsPane)
    wait_until(lambda: pane.known is not None)
    assert why_not(PanelSpec(OBJECT_SHARES), sources_of(scanned.context))
    occluder = Occluder(6, 7, 12, 12)
    scanned.desk.change(scanned.desk.view.change(occluders=(occluder,)))
    wait_until(lambda: pane.covered)
    result = scanned.desk.result
    assert result is not None
    clean, covered = (
        model.forward(picture).activations["conv5"][0].amax((1, 2)) for picture in (result.clean, result.picture)
    )
    expected = {int(unit): float(covered[unit] / clean[unit]) for unit in clean.nonzero()[:, 0]}
    assert {unit: one.kept for unit, one in pane.covered.items()} == pytest.approx(expected, rel=1e-3, abs=1e-3)
    pane.table.sortByColumn(4, Qt.SortOrder.AscendingOrder)
    order = [pane.units.units[pane.order.mapToSource(pane.order.index(row, 0)).row()] for row in range(3)]
    assert [expected[unit] for unit in order] == pytest.approx(sorted(expected.values())[:3], rel=1e-3, abs=1e-3)
    pane.table.clicked.emit(pane.order.index(2, 0))
    assert scanned.desk.view.unit == order[2]
    pane.measure.click()
    wait_until(lambda: pane.shares.get("conv5"))
    found = pane.shares["conv5"]
    assert found == sorted(found, key=lambda one: -one.share)
    with Library(model) as library:
        portraits = Portraits(library, [folder])
        examples = {one.unit: portraits.examples("conv5", one) for one in portraits.ranked("conv5", range(12), False)}
        pictures = list({one.picture: one for strongest in examples.values() for one in strongest}.values())
        boxes = {
            one.picture: box
            for one, picture in zip(pictures, portraits.read(pictures), strict=True)
            if picture is not None and (box := object_box(model, picture)) is not None
        }
    assert found == object_shares(examples, boxes, 32)
    assert len(pane.as_data().splitlines()) == 13
    captured = capture(PanelSpec(OBJECT_SHARES), sources_of(scanned.context))
    assert "an occluder of 9 × 9 pixels" in captured.text
    scanned.run("scan-objects")


def test_a_file_that_is_gone_and_a_moment_of_a_clip(scanned: Window, folder: Path, tmp_path: Path) -> None:
    fresh(scanned, folder)
    told: list[tuple[str, bool]] = []
    scanned.desk.message.connect(lambda sentence, trouble: told.append((sentence, trouble)))
    before = scanned.desk.view
    open_scanned(scanned.context, str(tmp_path / "gone.png"))
    assert told == [("gone.png does not exist.", True)]
    assert scanned.desk.view == before
    frames = [Image.new("RGB", (40, 40), (10 * number, 0, 0)) for number in range(12)]
    frames[0].save(tmp_path / "clip.gif", save_all=True, append_images=frames[1:], duration=100)
    for seconds in (0.55, 0.25):  # opened there, and gone to once it is open
        open_scanned(scanned.context, str(tmp_path / "clip.gif"), seconds)
        wait_until(lambda seconds=seconds: at(scanned) == int(seconds * 10))
        assert scanned.desk.source is not None
        assert scanned.desk.source.transport is not None
        assert not scanned.desk.source.transport.playing


def at(window: Window) -> int | None:
    """The number of the frame that is shown, by its colour."""
    result = window.desk.result
    if result is None or result.request.frame.origin != "clip.gif":
        return None
    return round(float(result.request.frame.pixels[..., 0].mean()) / 10)


def test_more_pictures_and_other_ones(
    scanned: Window, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # the last: it changes what is scanned
    fresh(scanned, folder)
    scanned.run("scan-map")
    pane, scan = scanned.context.get(MapPane), scanned.context.get(ScanController)
    wait_until(lambda: pane.known is not None)
    forgotten: list[int] = []
    monkeypatch.setattr(pane, "clear", lambda: forgotten.append(1))
    (folder / "kind0" / "p99.png").write_bytes((folder / "kind1" / "p04.png").read_bytes())
    scan.scan_again()
    wait_until(lambda: pane.known is not None and len(pane.known.gallery) == COUNT + 1)
    assert not forgotten, "what is shown stays until there is more"
    assert f"{COUNT + 1} pictures of pictures" in pane.facts.full_text
    other = tmp_path / "other"
    other.mkdir()
    for number in range(4):
        (other / f"{number}.png").write_bytes((folder / "kind0" / f"p{3 * number:02d}.png").read_bytes())
    scan.open([other])
    wait_until(lambda: pane.known is not None and len(pane.known.gallery) == 4)
    assert forgotten
    assert "4 pictures of other" in pane.facts.full_text
