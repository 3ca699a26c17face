"""A figure put together without a window: what pieces are, how the grid is edited, what the caption says, its files."""

from __future__ import annotations

import io
import json
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from composing import active_unit, covered, figure_of, full, slot, small_network, some_result, taken
from matplotlib.image import AxesImage

import zfdesk.engine as zf
from zfdesk.figures import draw, encode, panels
from zfdesk.figures.page import Cell, Page
from zfdesk.figures.pixels import pixels
from zfdesk.live import MapsDisplay, Normalise, SweepInput, SweepSettings, SweepSnapshot, SweepState, TraceAxis
from zfdesk.live.trace import Trace
from zfdesk.pages.composition import (
    Composition,
    Slot,
    free_place,
    inserted,
    labelled,
    moved,
    placed,
    refreshed,
    removed,
    spanned,
    widened,
)
from zfdesk.pages.layout_file import (
    LayoutError,
    empty_of,
    figure_bytes,
    from_text,
    layout_of,
    open_composition,
    read_page,
    save_composition,
    to_text,
)
from zfdesk.pages.panels import CannotError, PanelKind, PanelSpec, Sources, capture, completed, why_not
from zfdesk.pages.panels_live import (
    BARS,
    COVERED,
    COVERED_MAP,
    DECONVNET,
    GRADIENT,
    GUIDED,
    MAPS,
    PICTURE,
    PIN,
    PIN_MAP,
    UNIT_MAP,
)
from zfdesk.pages.panels_snapshot import A_MAP, A_PICTURE, SnapshotA
from zfdesk.pages.panels_sweep import (
    SWEEP_ACTIVATION,
    SWEEP_INPUT,
    SWEEP_LABEL,
    SWEEP_PROBABILITY,
    SWEEP_RECONSTRUCTION,
    SweepShown,
)
from zfdesk.pages.panels_trace import TRACE, TraceLines
from zfdesk.pages.templates import TEMPLATES
from zfdesk.pages.view_page import result_page


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return small_network()


@pytest.fixture(scope="module")
def sources(model: zf.Model) -> Sources:
    return full(covered(model))


@pytest.fixture(scope="module")
def swept(model: zf.Model) -> SweepSnapshot:
    result = some_result(model)
    plan = zf.SweepPlan(8, 6)
    *_, sweep = zf.sweep(model.forward(result.clean), result.clean, plan, "conv2")
    return SweepSnapshot(SweepInput(model, result.clean, 7, "noise"), sweep, SweepState.DONE, 100.0)


def rectangles(composition: Composition) -> list[tuple[int, int, int, int]]:
    return [slot.rectangle for slot in composition.slots]


def blanks(*places: tuple[int, int, int, int]) -> Composition:
    """Slots of words, told apart by their labels A, B, …"""
    slots = tuple(
        Slot(PanelSpec(PICTURE), *place, panel=panels.Text("words"), label=chr(ord("A") + index), by_hand=True)
        for index, place in enumerate(places)
    )
    return Composition(slots)


def drawn_labels(composition: Composition) -> list[str]:
    return [cell.label for cell in composition.page().cells]


# Pieces


def test_the_default_pieces_make_the_page_that_render_makes(sources: Sources) -> None:
    result = sources.result
    assert result is not None
    composition = figure_of(sources, PICTURE, UNIT_MAP, DECONVNET, BARS)
    page, rendered = composition.page(), result_page(result)
    assert (page.title, page.caption) == (rendered.title, rendered.caption)
    assert encode(draw(page), "png", 100) == encode(draw(rendered), "png", 100)


def test_maps_of_one_value_are_seen_beside_each_other(model: zf.Model) -> None:
    panel = taken(MAPS, full(some_result(model, layer="fc3", unit=2))).panel
    assert isinstance(panel, panels.Maps)
    assert not panel.each, "each over its own range would be as bright as the next"
    assert panel.marked == -1, "a value has no frame around it"


@pytest.mark.parametrize(("kind", "rule"), [(DECONVNET, zf.Rule.DECONVNET), (GUIDED, zf.Rule.GUIDED),
                                            (GRADIENT, zf.Rule.GRADIENT)])  # fmt: skip
def test_each_method_is_the_engines(sources: Sources, kind: PanelKind, rule: zf.Rule) -> None:
    result = sources.result
    assert result is not None
    panel = taken(kind, sources).panel
    seen = result.request.model.forward(result.picture)
    expected = zf.reconstruct(seen, result.request.view.looked_at.to_seed(), rule)
    np.testing.assert_array_equal(panel.values, expected.values)  # type: ignore[union-attr]
    assert panel.facts.method is rule


def test_feature_maps_are_the_activations(sources: Sources) -> None:
    result = sources.result
    assert result is not None
    panel = taken(MAPS, sources).panel
    activation = result.request.model.forward(result.picture).activations["conv2"][0].numpy()
    np.testing.assert_allclose(panel.values, activation, atol=1e-4)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("display", "said"),
    [
        (MapsDisplay(colours="gray", gamma=0.5), "gamma 0.5"),
        (MapsDisplay(colours="gray", normalise=Normalise.LOCKED, locked=(0.0, 0.25)), "what is beyond is cut"),
        (MapsDisplay(colours="gray", normalise=Normalise.UNIT, boost=4.0, gamma=0.7), "its max / 4"),
        (MapsDisplay(colours="gray", boost=2.0), "what is beyond is cut"),
    ],
)
def test_feature_maps_are_as_bright_as_in_the_window(model: zf.Model, display: MapsDisplay, said: str) -> None:
    result = some_result(model, maps=display)
    mosaic = result.mosaic
    assert mosaic is not None
    panel = taken(MAPS, full(result)).panel
    assert isinstance(panel, panels.Maps)
    columns = mosaic.columns
    figure = draw(Page((Cell(replace(panel, columns=columns), 0, 0),)))
    sheet = figure.axes[0].images[0].get_array()
    height, width = mosaic.tile
    assert np.ptp(mosaic.image[:height, :width]) > 50
    for unit in mosaic.units:
        top, left = mosaic.corner_of(int(unit))  # type: ignore[misc]
        level = mosaic.image[top : top + height, left : left + width]
        row, column = divmod(int(np.flatnonzero(mosaic.units == unit)[0]), columns)
        y, x = row * (height + 1), column * (width + 1)
        printed = sheet[y : y + height, x : x + width, 0]
        np.testing.assert_allclose(printed, (level - 1.0) / 254 * 255, atol=4)  # of 255 steps
    assert any(said in text.get_text() for axes in figure.axes for text in axes.texts)


def test_clean_and_covered(sources: Sources) -> None:
    result = sources.result
    assert result is not None
    unit = result.request.view.unit
    panel = taken(COVERED_MAP, sources).panel
    assert isinstance(panel, panels.Compare)
    for picture, array in ((result.clean, panel.a), (result.picture, panel.b)):
        activation = result.request.model.forward(picture).activations["conv2"][0, unit].numpy()
        np.testing.assert_allclose(array, activation, atol=1e-4)
    assert panel.names == ("clean", "covered")
    both = taken(COVERED, sources).panel
    assert isinstance(both, panels.Compare)
    assert both.a.shape == both.b.shape == (32, 32, 3)


def test_pins_are_their_own_units(sources: Sources) -> None:
    result = sources.result
    assert result is not None
    for number, pin in enumerate(result.request.view.pins):
        facts = taken(PIN, sources, number).panel.facts
        assert (facts.layer, facts.unit) == (pin.layer, pin.unit)
        values = taken(PIN_MAP, sources, number).panel.values  # type: ignore[union-attr]
        activation = result.request.model.forward(result.picture).activations[pin.layer][0, pin.unit].numpy()
        np.testing.assert_allclose(values, activation, atol=1e-4)


def test_a_snapshot_and_now(model: zf.Model) -> None:
    unit = active_unit(model)
    a, b = some_result(model, 3, unit=unit), some_result(model, 7, unit=unit)
    sources = full(b, SnapshotA(a))
    found = taken(A_PICTURE, sources)
    np.testing.assert_array_equal(found.panel.a, a.picture)  # type: ignore[union-attr]
    np.testing.assert_array_equal(found.panel.b, b.picture)  # type: ignore[union-attr]
    assert "A is frame 3 of noise, B is frame 7 of noise; the difference is A − B" in found.text
    pictures = draw(figure_of(sources, A_MAP).page()).findobj(AxesImage)
    shown = next(np.asarray(image.get_array()) for image in pictures if image.get_clim()[0] < 0)
    np.testing.assert_allclose(shown, a.unit.map - b.unit.map, atol=1e-6)  # type: ignore[union-attr]


def test_what_covered_one_of_two_snapshots_is_said_of_that_one(model: zf.Model) -> None:
    a, b = some_result(model, unit=active_unit(model)), covered(model)
    told = figure_of(full(b, SnapshotA(a)), A_PICTURE, A_MAP).page().caption
    assert "A is frame 7 of noise (nothing covered)" in told
    assert "B is frame 7 of noise (covered: grey square 9 × 9 at (4, 5))" in told
    assert "Covered:" not in told
    both = figure_of(full(b, SnapshotA(covered(model, 3))), A_PICTURE).page().caption
    assert "nothing covered" not in both
    assert "Covered: grey square 9 × 9 at (4, 5)" in both


def test_a_page_without_a_reconstruction_tells_of_none(sources: Sources) -> None:
    told = figure_of(sources, PICTURE, UNIT_MAP, BARS).page().caption
    assert "conv2:" in told
    for words in ("deconvnet", "single activation", "contrast"):
        assert words not in told
        assert words in figure_of(sources, PICTURE, DECONVNET).page().caption


def test_sweep_pieces_are_fig7s(model: zf.Model, swept: SweepSnapshot) -> None:
    assert swept.sweep is not None
    sources = full(some_result(model), SweepShown(swept, 2, 1))
    panel = taken(SWEEP_PROBABILITY, sources).panel
    np.testing.assert_array_equal(panel.values, swept.sweep.probability(1))  # type: ignore[union-attr]
    panel = taken(SWEEP_ACTIVATION, sources).panel
    np.testing.assert_array_equal(panel.values, swept.sweep.activation(2))  # type: ignore[union-attr]
    template = next(template for template in TEMPLATES if template.id == "fig7")
    by_template = template.make(sources)
    by_hand = figure_of(sources, SWEEP_INPUT, SWEEP_ACTIVATION, SWEEP_RECONSTRUCTION)
    assert "moved in steps of 6" in by_hand.page().caption
    assert [type(cell.panel) for cell in by_template.page().cells][3:] == [panels.Occlusion, panels.Labels]
    look = SweepSettings(colours="gray", opacity=0.5)
    sources = full(some_result(model), SweepShown(swept, 2, 1, look))
    for panel in (taken(SWEEP_PROBABILITY, sources).panel, template.make(sources).page().cells[3].panel):
        assert isinstance(panel, panels.Occlusion)
        assert (panel.colours, panel.opacity) == ("gray", 0.5)
    # taken anew, it says the same of itself as the template's own page
    assert refreshed(by_template, sources).page().caption == by_template.page().caption


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (COVERED, "Nothing is covered"), (PIN, "No unit is pinned"), (SWEEP_LABEL, "There is no sweep"),
        (A_MAP, "no snapshot A"), (TRACE, "no trace"),
    ],
)  # fmt: skip
def test_what_cannot_be_had_says_why(model: zf.Model, kind: PanelKind, words: str) -> None:
    sources = full(some_result(model))
    assert words in why_not(PanelSpec(kind), sources)
    with pytest.raises(CannotError, match=words):
        capture(PanelSpec(kind), sources)


def test_a_trace_is_its_points(model: zf.Model) -> None:
    """Values of each class at each point; a gap where something was left out between two."""
    results = [covered(model, number) for number in (3, 4, 9)]
    trace = Trace()
    for at, result in enumerate(results):
        trace.add_view(result.request.view)
        trace.add_result(result, float(at))
    points = tuple(trace.points(TraceAxis.RECENT))
    assert [point.joined for point in points] == [False, True, False]
    sources = full(results[-1], TraceLines(points, (2, 0), TraceAxis.RECENT, "seconds"))
    found = taken(TRACE, sources)
    assert isinstance(found.panel, panels.Curves)
    assert found.panel.names == ("moped", "tabby")
    np.testing.assert_allclose(found.panel.x, [-2, -1, -0.5, 0])
    for row, class_index in enumerate((2, 0)):
        expected = [float(result.probabilities[class_index]) * 100 for result in results]
        np.testing.assert_allclose(found.panel.values[row, [0, 1, 3]], expected, rtol=1e-6)
    assert np.isnan(found.panel.values[:, 2]).all()
    assert found.panel.note == "1 point that is joined to none is not drawn"
    assert found.origin == "trace of frames 3 to 9"


def test_nothing_can_be_had_before_a_picture() -> None:
    assert why_not(PanelSpec(PICTURE), Sources()) == "No picture has come yet."
    assert completed(Sources()) is not None


def test_a_silent_unit_says_why(model: zf.Model) -> None:
    result = some_result(model)
    silent = np.flatnonzero(result.mosaic.values.max((1, 2)) == 0)  # type: ignore[union-attr]
    if not len(silent):
        result = some_result(model, layer="input")
        assert "layer above" in why_not(PanelSpec(DECONVNET), full(result))
        return
    sources = full(some_result(model, unit=int(silent[0])))
    with pytest.raises(CannotError, match="inactive"):
        capture(PanelSpec(DECONVNET), sources)


# The grid


def test_placed_in_free_and_taken_places() -> None:
    one = placed(Composition(), Slot(PanelSpec(PICTURE)), 0, 0)
    two = placed(one, Slot(PanelSpec(BARS)), 0, 1)
    assert rectangles(two) == [(0, 0, 1, 1), (0, 1, 1, 1)]
    other = placed(two, Slot(PanelSpec(MAPS)), 0, 0)
    assert [slot.spec.kind for slot in other.slots] == [MAPS, BARS]
    wide = placed(two, Slot(PanelSpec(COVERED)), 1, 0)
    assert wide.slots[2].rectangle == (1, 0, 1, 3)
    assert placed(blanks((0, 1, 1, 1)), Slot(PanelSpec(COVERED)), 0, 0).slots[1].rectangle == (0, 0, 1, 1)


def test_moved_to_an_empty_place_and_swapped() -> None:
    composition = blanks((0, 0, 1, 1), (0, 1, 1, 2), (1, 0, 1, 1))
    swapped = moved(composition, 0, 0, 2)
    assert rectangles(swapped) == [(0, 1, 1, 2), (0, 0, 1, 1), (1, 0, 1, 1)]
    assert drawn_labels(swapped) == ["B", "A", "C"]
    away = moved(composition, 2, 0, 3)  # its row is empty then, and goes
    assert rectangles(away) == [(0, 0, 1, 1), (0, 1, 1, 2), (0, 3, 1, 1)]
    assert moved(composition, 0, 0, 0) is composition


def test_an_emptied_column_goes_with_its_width() -> None:
    composition = replace(blanks((0, 0, 1, 1), (0, 1, 1, 1), (0, 2, 1, 1)), widths=(1.0, 2.0, 3.0))
    gone = removed(composition, 1)
    assert rectangles(gone) == [(0, 0, 1, 1), (0, 1, 1, 1)]
    assert gone.widths == (1.0, 3.0)


def test_a_templates_spacers_stay() -> None:
    """A column that never had anything in it, as between the units of Fig. 2."""
    composition = replace(blanks((0, 0, 1, 1), (0, 2, 1, 1), (1, 0, 1, 1)), widths=(1.0, 0.1, 1.0))
    assert rectangles(removed(composition, 2)) == [(0, 0, 1, 1), (0, 2, 1, 1)]


def test_spans_stop_at_others() -> None:
    composition = blanks((0, 0, 1, 1), (0, 2, 1, 1), (2, 0, 1, 1))
    assert spanned(composition, 0, 5, 5).slots[0].rectangle == (0, 0, 2, 2)
    assert spanned(composition, 0, 0, 0).slots[0].rectangle == (0, 0, 1, 1)


def test_every_edit_leaves_a_grid_that_can_be_drawn() -> None:
    """A thousand random edits: panels never lie over each other, and no width is missing."""
    chance = np.random.default_rng(5)
    composition = blanks((0, 0, 1, 1))
    for step in range(1000):
        count, rows, columns = len(composition.slots), *composition.shape
        index, row, column = (int(chance.integers(0, limit)) for limit in (count, rows + 1, columns + 1))
        match int(chance.integers(0, 6)):
            case 0 if count < 9:
                kind = (COVERED, PICTURE)[step % 2]
                fresh = Slot(PanelSpec(kind), panel=panels.Text("words"), label=f"{step}")
                composition = placed(composition, fresh, row, column)
            case 1:
                composition = moved(composition, index, row, column)
            case 2:
                composition = spanned(composition, index, *(int(n) for n in chance.integers(1, 4, 2)))
            case 3:
                composition = widened(composition, column % columns, float(chance.uniform(0, 3)))
            case 4:
                composition = inserted(composition, column if step % 2 else row, bool(step % 2))
            case 5 if count > 1:
                composition = removed(composition, index)
        page = composition.page()  # raises for cells that overlap, or widths that do not fit
        assert len(page.cells) == len(composition.slots)
        assert max(composition.shape) <= 12


def test_inserted_before_and_within() -> None:
    composition = blanks((0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1))
    assert rectangles(inserted(composition, 1, True)) == [(0, 0, 1, 3), (1, 0, 1, 1), (1, 2, 1, 1)]
    assert rectangles(inserted(composition, 0, False)) == [(1, 0, 1, 2), (2, 0, 1, 1), (2, 1, 1, 1)]


def test_labels_by_hand_stay_and_can_be_given_back(sources: Sources) -> None:
    composition = labelled(figure_of(sources, PICTURE), 0, "my cat")
    again = refreshed(composition, sources)
    assert again.slots[0].label == "my cat"
    assert labelled(again, 0, None).slots[0].label == "what the network sees"


def test_free_places() -> None:
    assert free_place(Composition()) == (0, 0)
    assert free_place(blanks((0, 0, 1, 1))) == (0, 1)
    assert free_place(blanks((0, 0, 1, 1), (1, 1, 1, 1))) == (0, 1)
    assert free_place(blanks(*((0, column, 1, 1) for column in range(4)))) == (1, 0)


# Frames and captions


def test_refreshed_is_of_one_result(model: zf.Model) -> None:
    first, second = full(covered(model, 3)), full(covered(model, 9))
    composition = figure_of(first, PICTURE, BARS)
    mixed = placed(composition, slot(UNIT_MAP, second), 0, 2)
    assert mixed.origins == ["frame 3 of noise", "frame 9 of noise"]
    assert mixed.coverings == 1
    assert placed(composition, slot(UNIT_MAP, full(some_result(model, 3))), 0, 2).coverings == 2
    one = refreshed(mixed, second)
    assert one.origins == ["frame 9 of noise"]
    assert {panel.facts.frame for panel in (slot.panel for slot in one.slots) if panel} == {9}
    twice = refreshed(figure_of(first, PICTURE, PICTURE), second, [1])
    assert [slot.origin for slot in twice.slots] == ["frame 3 of noise", "frame 9 of noise"]
    only = refreshed(mixed, second, [0])
    assert [slot.origin for slot in only.slots] == ["frame 9 of noise", "frame 3 of noise", "frame 9 of noise"]


def test_a_figure_taken_anew_is_drawn_in_one_size(model: zf.Model) -> None:
    """Result after result, where the page's height is given."""
    made = replace(figure_of(full(covered(model, 3)), PICTURE, BARS), size=(4.0, 3.0))
    frames = [pixels(refreshed(made, full(covered(model, number))).page(), 60) for number in (3, 4)]
    assert {frame.shape for frame in frames} == {(180, 240, 3)}
    np.testing.assert_array_equal(frames[0], pixels(made.page(), 60))
    assert (frames[0] != frames[1]).any()


def test_a_piece_that_cannot_be_had_any_more_is_blank_and_says_why(model: zf.Model, sources: Sources) -> None:
    composition = figure_of(sources, PICTURE, COVERED)
    later = refreshed(composition, full(some_result(model)))
    assert "Nothing is covered" in later.slots[1].reason
    assert [type(cell.panel) for cell in later.page().cells] == [panels.Picture]


def test_the_caption_names_every_frame(model: zf.Model) -> None:
    first, second = full(covered(model, 3)), full(covered(model, 9))
    composition = figure_of(first, PICTURE, GUIDED)
    caption = placed(composition, slot(GRADIENT, second), 0, 2).page().caption
    assert "(a): noise, frame 3" in caption
    assert "(c): noise, frame 9" in caption
    assert "guided backprop" in caption
    assert caption.count("A small network") == caption.count("Made with zfdesk") == 1


def test_a_caption_by_hand_is_kept(model: zf.Model, sources: Sources) -> None:
    composition = replace(figure_of(sources, PICTURE), caption="Mine.", title="Also mine")
    later = refreshed(composition, full(some_result(model, 11)))
    assert (later.page().caption, later.page().title) == ("Mine.", "Also mine")
    assert "frame 11" in replace(later, caption=None).page().caption


@pytest.mark.parametrize("template", [t for t in TEMPLATES if t.id not in ("a-b", "fig7")], ids=lambda t: t.id)
def test_templates_make_pages(template: object, sources: Sources) -> None:
    page = template.make(sources).page()  # type: ignore[attr-defined]
    assert page.caption
    assert pixels(page, 40).std() > 1


def test_templates_of_the_network_are_the_commands_pages(sources: Sources) -> None:
    from zfdesk.figures import fig6_page

    assert sources.result is not None
    made = next(t for t in TEMPLATES if t.id == "fig6").make(sources).page()
    page = fig6_page(sources.result.request.model)
    assert (made.caption, made.title) == (page.caption, page.title)
    assert encode(draw(made), "png", 60) == encode(draw(page), "png", 60)


# Files


def test_layouts_there_and_back(sources: Sources) -> None:
    composition = replace(labelled(figure_of(sources, PICTURE, COVERED), 0, "x"), widths=(1.0, 2.0, 1.0, 1.0))
    composition = replace(composition, size=(5.0, 0.0), dpi=600)
    layout = from_text(to_text(layout_of(composition)))
    assert layout == layout_of(composition)
    again = refreshed(empty_of(layout), sources)
    assert encode(draw(again.page()), "png", 60) == encode(draw(composition.page()), "png", 60)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"spots": 3}', '{"spots": [{"kind": "cake"}]}', '{"spots": [{"kind": "picture", "row": -1}]}',
     '{"size": "poster"}', '{"dpi": 1e9}', '{"spots": [{"kind": "picture", "rows": 99999}]}',
     '{"widths": [0]}', '{"spots": [{"kind": "picture"}, {"kind": "trace"}]}'],
)  # fmt: skip
def test_damaged_layouts_are_refused(text: str) -> None:
    with pytest.raises(LayoutError):
        empty_of(from_text(text))


def test_a_figures_file_there_and_back(sources: Sources, tmp_path: Path) -> None:
    composition = figure_of(sources, PICTURE, MAPS, COVERED)
    composition = replace(labelled(composition, 0, "by hand"), caption="Mine × 1.")
    path = tmp_path / "f.npz"
    save_composition(composition, path)
    opened = open_composition(path)
    assert encode(draw(opened.page()), "png", 80) == encode(draw(composition.page()), "png", 80)
    assert opened.caption == "Mine × 1."
    assert [slot.spec for slot in opened.slots] == [slot.spec for slot in composition.slots]
    assert [slot.by_hand for slot in opened.slots] == [True, False, False]
    assert [slot.origin for slot in opened.slots] == ["frame 7 of noise"] * 3
    with np.load(path, allow_pickle=False) as arrays:  # a reader that is not ours
        np.testing.assert_array_equal(arrays["a_pixels"], sources.result.picture)  # type: ignore[union-attr]
        assert json.loads(str(arrays["page"]))["caption"] == "Mine × 1."
    assert figure_bytes(composition) == path.read_bytes()


def test_damaged_files_are_refused(sources: Sources, tmp_path: Path) -> None:
    data = figure_bytes(figure_of(sources, PICTURE, BARS))
    chance = np.random.default_rng(2)
    refused: list[str] = []
    for case in range(120):
        broken = bytearray(data)
        if case % 3 == 0:
            broken = broken[: int(chance.integers(0, len(data)))]
        else:
            broken[int(chance.integers(0, len(data)))] ^= 1 << int(chance.integers(0, 8))
        path = tmp_path / "broken.npz"
        path.write_bytes(broken)
        try:
            read_page(path)
        except LayoutError as error:
            refused.append(str(error))
    assert len(refused) > 80  # a bit in a name or a date may do no harm
    assert all("broken.npz" in words for words in refused)


def test_files_that_claim_much_are_refused(tmp_path: Path) -> None:
    header = b"\x93NUMPY\x01\x00"
    words = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000, 1000), }"
    member = header + len(words).to_bytes(2, "little") + words + b"\0" * 8
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as archive:
        archive.writestr("a_values.npy", member)
    (tmp_path / "bomb.npz").write_bytes(memory.getvalue())
    with pytest.raises(LayoutError, match="damaged"):
        read_page(tmp_path / "bomb.npz")
    with pytest.raises(LayoutError, match="nowhere"):
        read_page(tmp_path / "nowhere.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(LayoutError, match="no page"):
        read_page(tmp_path / "other.npz")


def test_a_figures_file_is_whole_or_not_there(sources: Sources, tmp_path: Path) -> None:
    composition = figure_of(sources, PICTURE)
    with pytest.raises(FileNotFoundError):
        save_composition(composition, tmp_path / "no" / "f.npz")
    with pytest.raises(ValueError, match="nothing on the page"):
        save_composition(Composition(), tmp_path / "empty.npz")
    assert os.listdir(tmp_path) == []
