"""Small things that a reader of the window stumbles over, each seen on the shown widget."""

from __future__ import annotations

import numpy as np
from desk_hands import COVER, change, wait_for_result
from desk_tools import settle, wait_until
from desk_window import Window
from PySide6.QtGui import QColor

from zfdesk.desk.occlusion.maps import LabelColours
from zfdesk.desk.widgets.canvas import Picture
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.engine import Occluder
from zfdesk.figures.facts import occluder_words, signed, whole


def test_a_unit_of_the_first_layer_shows_its_own_filter(still: Window) -> None:
    change(still, layer="conv1", unit=3)
    tile = still.unit.filter_tile
    assert tile.isVisible()
    weights = still.desk.model.filters("conv1")[3].numpy()
    shown = tile.canvas.content
    assert isinstance(shown, Picture)
    limit = np.abs(weights).max()
    assert np.allclose(shown.array, weights.transpose(1, 2, 0) * (127 / limit) + 128, atol=1)
    assert "3 × 3" in tile.caption.whole
    change(still, layer="conv4", unit=2)
    assert not tile.isVisible()  # a mosaic only when it is asked for
    still.run("unit-filters")
    wait_for_result(still.desk)
    assert tile.isVisible()
    assert f"{still.desk.model.filters('conv4').shape[1]} maps" in tile.caption.whole
    change(still, layer="pool5", unit=1)
    assert not tile.isVisible()
    still.run("unit-filters")


def test_one_number_is_no_map(still: Window) -> None:
    result = change(still, layer="fc8", unit=1)
    assert result.unit is not None
    assert not still.unit.map_tile.canvas.has_picture
    assert still.unit.map_tile.canvas.message.startswith("One number")
    still.show_facts()
    assert "active" not in still.layers.facts.whole  # a share of positive scores says nothing


def test_what_is_lit_is_what_is_shown(still: Window) -> None:
    change(still, occluders=(COVER,), all_methods=True)
    assert still.unit.all_methods.isChecked()
    change(still, compare_clean=True)
    assert not still.unit.all_methods.isChecked()
    still.unit.all_methods.click()
    wait_for_result(still.desk)
    assert still.unit.all_methods.isChecked()
    assert not still.unit.compare_clean.isChecked()
    assert len(still.unit.shown_rules()) == 3


def test_minus_is_no_hyphen() -> None:
    assert (signed(-0.25), signed(0.25), signed(0), whole(-3)) == ("−0.25", "+0.25", "0", "−3")
    assert occluder_words(Occluder(-4, -5, 10, 10)).endswith("at (−4, −5)")


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
    assert before
    assert rows
    desk.use_model(taught)  # the same body and the same classes, taught anew
    assert still.layers.layer_summaries.keys() == before.keys()
    assert still.classes.bars.rows == rows
    assert still.maps.canvas.has_picture
    wait_until(lambda: desk.result is not None and desk.result.request.model is taught)
    desk.use_model(body)
    wait_for_result(desk)
