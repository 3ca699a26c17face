"""Small things that a reader of the window stumbles over, each seen on the shown widget."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from desk_hands import COVER, HandSource, change, numbered_picture, wait_for_result
from desk_tools import close, settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QToolButton

from zfdesk.desk.occlusion.maps import LabelColours
from zfdesk.desk.training.curves import CurvesView
from zfdesk.desk.training.reading import lines_of
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.colour_bar import ColourBar
from zfdesk.desk.widgets.images import image_array
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.screenshot import picture_of
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.engine import Occluder, Rule, SeedKind
from zfdesk.figures.facts import caption, occluder_text, signed, whole
from zfdesk.live import MapsContent, UnitReference
from zfdesk.pages.film_page import frame_facts
from zfdesk.pages.view_page import facts_of
from zfdesk.runs import Score


def test_a_unit_of_the_first_layer_shows_its_own_filter(still: Window) -> None:
    change(still, layer="conv1", unit=3)
    tile = still.unit.filter_tile
    assert tile.isVisible()
    weights = still.desk.model.filters("conv1")[3].numpy()
    shown = tile.canvas.content
    assert isinstance(shown, CanvasPicture)
    limit = np.abs(weights).max()
    assert np.allclose(shown.array, weights.transpose(1, 2, 0) * (127 / limit) + 128, atol=1)
    assert "3 × 3" in tile.caption.full_text
    change(still, layer="conv4", unit=2)
    assert not tile.isVisible()  # a mosaic only when it is asked for
    still.run("unit-filters")
    wait_for_result(still.desk)
    assert tile.isVisible()
    assert f"{still.desk.model.filters('conv4').shape[1]} maps" in tile.caption.full_text
    change(still, layer="pool5", unit=1)
    assert not tile.isVisible()
    still.run("unit-filters")


def test_one_number_is_no_map(still: Window) -> None:
    result = change(still, layer="fc8", unit=1)
    assert result.unit is not None
    assert not still.unit.map_tile.canvas.has_picture
    assert still.unit.map_tile.canvas.message.startswith("One number")
    still.unit.show_facts()
    assert "map max" not in still.unit.bottom_line.full_text
    still.show_facts()
    assert "active" not in still.layers.facts.full_text  # a share of positive scores says nothing


def test_a_unit_of_one_value_has_no_position(still: Window) -> None:
    still.unit.controls.more.setChecked(True)
    change(still, layer="fc8", unit=1)
    still.unit.show_facts()
    assert "seed: its one value" in still.unit.facts.full_text
    assert not still.unit.controls.seed.isVisible()
    assert "Seed" in [button.text() for button in still.toolbar.findChildren(QToolButton)]  # without a value
    change(still, pins=(UnitReference("fc8", 1), UnitReference("conv4", 1)))
    wait_until(lambda: len(still.pins.as_data().splitlines()) == 3)
    flat, map_ = (line.split("\t") for line in still.pins.as_data().splitlines()[1:])
    assert (flat[2:4], flat[5]) == (["", ""], "")
    assert "" not in map_
    result = change(still, seed=SeedKind.AT, position=(0, 0), method=Rule.GRADIENT)
    words = caption(facts_of(result))
    assert "fc8:1, gradient, contrast" in words
    assert "(0, 0)" not in words
    assert frame_facts(result)["position"] is None
    change(still, occluders=(COVER,), compare_clean=True)
    still.unit.show_facts()
    assert still.unit.bottom_line.full_text == "both reconstructed from its one value"
    change(still, layer="conv4", unit=1)
    assert still.unit.controls.seed.isVisible()
    assert "Seed: picked position" in [button.text() for button in still.toolbar.findChildren(QToolButton)]


def test_what_is_lit_is_what_is_shown(still: Window) -> None:
    change(still, occluders=(COVER,), all_methods=True)
    assert still.unit.controls.all_methods.isChecked()
    change(still, compare_clean=True)
    assert not still.unit.controls.all_methods.isChecked()
    still.unit.controls.all_methods.click()
    wait_for_result(still.desk)
    assert still.unit.controls.all_methods.isChecked()
    assert not still.unit.controls.compare_clean.isChecked()
    assert len(still.unit.shown_rules()) == 3


def test_minus_is_no_hyphen() -> None:
    assert (signed(-0.25), signed(0.25), signed(0), whole(-3)) == ("−0.25", "+0.25", "0", "−3")
    assert occluder_text(Occluder(-4, -5, 10, 10)).endswith("at (−4, −5)")


def test_the_legend_counts_from_one() -> None:
    colours = LabelColours()
    assert [entry.number for entry in colours.legend(np.array([3, 3, 7]), 3)] == [1, 2]
    kept = colours.legend(np.array([7, 7]), 3)
    assert [(entry.label, entry.number) for entry in kept] == [(7, 1)]


def luminance(colour: QColor) -> float:
    """As WCAG has it."""
    parts = (colour.redF(), colour.greenF(), colour.blueF())
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_chosen_map_is_outlined_for_every_page(still: Window) -> None:
    """Pixels of the shown window: amber within black, on the light page too."""
    change(still, layer="conv5", unit=2, theme="light", labels=False)
    settle(30)
    canvas = still.maps.canvas
    image = canvas.grab().toImage()
    corner = canvas.mosaic.corner_of(2)
    rect = canvas.rect_to_screen(
        corner[1], corner[0], corner[1] + canvas.mosaic.tile[1], corner[0] + canvas.mosaic.tile[0]
    )
    ratio = image.devicePixelRatio()
    row = [
        QColor(image.pixel(int(x * ratio), int(rect.center().y() * ratio)))
        for x in range(max(int(rect.left()) - 6, 0), int(rect.left()) + 3)
    ]
    amber = THEMES["dark"].colour("unit")
    lights = [luminance(colour) for colour in row]
    assert any(abs(light - luminance(amber)) < 0.05 for light in lights)
    assert (max(lights) + 0.05) / (min(lights) + 0.05) > 4.5
    change(still, theme="dark", labels=True)


def test_teaching_again_leaves_the_thumbnails_and_bars(still: Window) -> None:
    from dataclasses import replace

    desk = still.desk
    body = desk.model
    taught = replace(body, name="taught", body=body)
    before = dict(still.layers.layer_summaries)
    rows = list(still.classes.bars.rows)
    picture = picture_of(still.picture.canvas)
    still.show_facts()
    status = still.status.full_text
    assert before
    assert rows
    desk.use_model(taught)  # the same body and the same classes, taught anew
    assert still.layers.layer_summaries.keys() == before.keys()
    assert still.classes.bars.rows == rows
    assert still.maps.canvas.has_picture
    assert picture_of(still.picture.canvas) == picture, "the crop or what the unit sees is not outlined"
    still.show_facts()
    assert still.status.full_text == status
    wait_until(lambda: desk.result is not None and desk.result.request.model is taught)
    desk.use_model(body)
    wait_for_result(desk)


def test_pins_and_a_comparison_are_large_enough_to_be_seen(still: Window) -> None:
    still.resize(1440, 900)
    still.layout_.reset()
    change(still, layer="conv5", unit=1)
    still.run("pin")
    wait_for_result(still.desk)
    still.bring_up(still.pins)
    settle(30)
    (card,) = still.pins.cards
    for tile in (card.map_tile, card.picture_tile):
        assert min(tile.canvas.width(), tile.canvas.height()) >= 90
    still.run("snapshot")
    settle(30)
    for tile in still.compare.tiles:
        assert min(tile.canvas.width(), tile.canvas.height()) >= 90
    facts = still.compare.facts
    facts.renew_now()
    assert "→" in facts.full_text
    assert facts.text().split() == facts.full_text.split()
    still.run("pin")
    still.layout_.reset()


def test_methods_side_by_side_stand_as_they_are_largest(still: Window) -> None:
    still.resize(1440, 900)
    still.layout_.reset()
    change(still, layer="conv5", unit=1, all_methods=True)
    settle(30)
    tiles = [still.unit.rule_tiles[rule] for rule in still.unit.shown_rules()]
    assert len(tiles) == 3
    for tile in tiles:
        assert min(tile.canvas.width(), tile.canvas.height()) >= 100
        for label in (tile.caption, tile.note):
            label.renew_now()
            assert not label.cut, label.text()
    change(still, all_methods=False)


def test_a_sentence_in_place_of_a_small_picture_is_whole(still: Window) -> None:
    canvas = Canvas()
    canvas.resize(76, 66)

    def painted(text: str) -> QImage:
        canvas.set_content(text)
        return picture_of(canvas)

    whole = painted("Take a snapshot (Shift+A) to compare it with the live picture.")
    assert painted("XXXX a snapshot (Shift+A) to compare it with the live picture.") != whole
    assert painted("Take a snapshot (Shift+A) to compare it with the live xxxxxxx.") != whole


def test_maps_without_a_picture_have_no_range(still: Window) -> None:
    def colours(bar: ColourBar) -> int:
        return len(np.unique(image_array(picture_of(bar)).reshape(-1, 3), axis=0))

    assert colours(ColourBar()) == 1, "before the first frame"
    change(still, layer="conv5", occluders=())
    settle(30)
    assert colours(still.maps.bar) > 9
    change(still, maps=replace(still.desk.view.maps, content=MapsContent.CHANGE))
    assert "no change" in still.maps.canvas.message
    still.maps.show_facts()
    assert colours(still.maps.bar) == 1
    change(still, maps=replace(still.desk.view.maps, content=MapsContent.ACTIVATION))


def test_a_picture_says_how_large_it_is_in_its_file(still: Window, tmp_path: Path) -> None:
    Image.new("RGB", (4000, 60), (90, 140, 20)).save(tmp_path / "strip.png")
    before = still.desk.view.source
    still.open_path(tmp_path / "strip.png")
    wait_until(lambda: still.desk.frame is not None and still.desk.frame.origin == "strip.png")
    still.show_facts()
    for line in (still.picture.facts, still.status):
        assert "4000 × 60, read as 2048 × 31" in line.full_text
    still.desk.change(still.desk.view.change(source=before))
    wait_until(lambda: isinstance(still.desk.source, HandSource))
    still.desk.source.give(numbered_picture(0))
    wait_for_result(still.desk)


def test_a_live_sweep_that_follows_is_not_tinted(still: Window) -> None:
    still.bring_up(still.sweep)
    still.run("sweep-live")
    wait_until(lambda: still.sweeps.swept is not None and still.sweeps.swept.sweep is not None)
    source = still.desk.source
    source.give(numbered_picture(5))  # another frame of the same source
    wait_for_result(still.desk)
    assert still.sweeps.stale() == ""
    still.run("sweep-live")
    source.give(numbered_picture(6))
    wait_for_result(still.desk)
    wait_until(lambda: still.sweeps.stale() != "")
    source.give(numbered_picture(0))
    still.bring_up(still.maps)


def test_top_5_of_three_classes_is_no_curve_and_the_legend_hides_none() -> None:
    classes = ("cat", "dog", "tree")
    run = SimpleNamespace(
        steps=[], about=SimpleNamespace(classes=classes),
        epochs=[SimpleNamespace(epoch=1, training=Score(1.0, 0.5, 1.0), validation=Score(1.2, 0.4, 1.0))],
    )  # fmt: skip
    _, accuracies, _ = lines_of(run)
    assert [line.label for line in accuracies] == ["training top-1", "validation top-1"]
    run.about.classes = tuple(f"class {number}" for number in range(6))
    _, accuracies, _ = lines_of(run)
    assert len(accuracies) == 4
    view = CurvesView()
    view.resize(500, 600)
    view.show()
    wait_until(lambda: len(view.plots) == 3)
    view.show_lines(lines_of(run))
    settle(30)
    title, area = view.plots[1].titleLabel, view.plots[1].vb
    assert "top-5" in title.text
    assert not title.sceneBoundingRect().intersects(area.sceneBoundingRect().adjusted(1, 1, -1, -1))
    unknown = Score(1.0, np.nan, np.nan)  # of pictures of which a teacher alone answered
    run.epochs = [SimpleNamespace(epoch=1, training=unknown, validation=None)]
    view.show_lines(lines_of(run))
    assert view.lines[1] == []
    assert view.plots[1].titleLabel.text == "not validated"
    assert not view.plots[1].getAxis("left").style["showValues"]
    assert view.plots[0].getAxis("left").style["showValues"]
    close(view)


def test_a_short_form_stands_where_the_whole_has_no_room(application: object) -> None:
    label = ElidedLabel()
    label.say("(b) total activation of conv5:12 (highest total)", "(b) conv5:12")
    label.resize(label.fontMetrics().horizontalAdvance(label.full_text) + 2, 20)
    label.renew_now()
    assert label.text() == label.full_text
    label.resize(label.fontMetrics().horizontalAdvance("(b) conv5:12") + 2, 20)
    label.resizeEvent(None)
    assert label.text() == "(b) conv5:12"
    assert not label.cut
    label.say("conv5:2 @ (5, 4) · deconvnet · frame 3")
    label.resize(label.fontMetrics().horizontalAdvance("conv5:2 @ (5, 4) · deconvnet") + 2, 20)
    label.renew_now()
    assert label.text() == "conv5:2 @ (5, 4) · deconvnet"  # the last fact has no room, and none is cut
    close(label)


def test_a_file_name_without_room_keeps_its_end(application: object) -> None:
    label = ElidedLabel(lines=2)
    label.say("fold/DSC_2024-06-12_a_rather_long_name_0123.jpg · 640 × 480 · frame 3")
    label.resize(label.fontMetrics().horizontalAdvance("640 × 480 · frame 3") + 2, 40)
    label.renew_now()
    name, rest = label.text().splitlines()
    assert name.startswith("fold/")
    assert name.endswith(".jpg")
    assert label.fontMetrics().horizontalAdvance(name) <= label.width()
    assert label.cut
    assert rest == "640 × 480 · frame 3"
    close(label)


def test_class_bars_never_lie_over_one_another(still: Window) -> None:
    bars = still.classes.bars
    before = bars.size()
    bars.resize(300, 60)
    metrics = bars.fontMetrics()
    assert bars.row_height() >= metrics.height() + 4
    image = bars.grab().toImage()
    last = int(60 // bars.row_height()) * bars.row_height()
    below = {QColor(image.pixel(x, y)).name() for x in range(300) for y in range(int(last) + 1, 60)}
    assert below <= {bars.colours.colour("pane").name()}  # a row that has no room is left out whole
    bars.resize(before)
