"""Where a class looks, in the window: over the picture, side by side, measured, and what is said where it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from desk_hands import COVER, HandSource, change, drag, input_point, numbered_picture, show_picture, view_of
from desk_tools import settle, small_model, wait_until
from desk_window import Window
from engine_nets import quick_weights
from PIL import Image
from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication
from shard_files import write_shards

import zfdesk.engine as zf
from zfdesk.attribution import METHODS, attribute, class_target
from zfdesk.attribution.agreement import share_inside
from zfdesk.desk.attribution.commands import add_to_sources
from zfdesk.desk.attribution.pane import HeatPane
from zfdesk.desk.feature import Panes
from zfdesk.desk.heat_maps import OVERLAY, HeatMaps, HeatStream
from zfdesk.desk.recording.stepping import SourceSteps
from zfdesk.engine import Rule
from zfdesk.experiments.curves import insertion_deletion
from zfdesk.live import HeatFound, HeatInput, HeatQuery, HeatSettings, HeatTarget, View
from zfdesk.live.changes import set_method
from zfdesk.live.fitting import fitting_view
from zfdesk.live.heat import HeatFinder
from zfdesk.live.stepping import Span
from zfdesk.pages.panels import PanelSpec, Sources, capture, why_not
from zfdesk.pages.panels_heat import KINDS as HEAT_KINDS
from zfdesk.typed_json import from_plain, to_plain


def overlay(window: Window) -> HeatStream:
    return window.context.get(HeatMaps).streams[OVERLAY]


def found_now(window: Window, stream: HeatStream | None = None) -> HeatFound:
    """What is laid over the picture, once it is of what is shown."""
    stream = stream or overlay(window)
    wait_until(lambda: stream.found is not None and not stream.stale())
    assert stream.found is not None
    return stream.found


def looked(window: Window, **heat: object) -> HeatFound:
    window.desk.change(view_of(window).change_heat(shown=True, **heat))
    return found_now(window)


# Windows of their own: before the one that the others share


def test_live_it_skips_and_says_of_which_frame_it_is(live: Window) -> None:
    stream = overlay(live)
    numbers: list[int] = []
    stream.changed.connect(lambda: numbers.append(stream.found.input.number))  # type: ignore[union-attr]
    live.desk.change(view_of(live).change_heat(shown=True))
    wait_until(lambda: len(numbers) > 2)
    assert numbers == sorted(set(numbers))
    wait_until(lambda: stream.stale() != "")
    assert f"frame {stream.found.input.number}" in stream.stale()  # type: ignore[union-attr]
    assert "OLD: frame" in live.picture.heat.text()


def test_a_film_of_every_frame_waits_for_its_map(live: Window) -> None:
    live.desk.change(view_of(live).change_heat(shown=True))
    stream, seen = overlay(live), []
    wait_until(lambda: stream.found is not None)
    steps = SourceSteps(live.desk, Span(seconds=1.0), None, True, live, live.context.get(HeatMaps))

    def arrived() -> None:
        seen.append((stream.stale(), stream.found.input.number))  # type: ignore[union-attr]
        steps.go_on()

    steps.arrived.connect(arrived)
    steps.begin()
    wait_until(lambda: len(seen) == 4)
    steps.end()
    assert [stale for stale, _ in seen] == [""] * 4
    assert len({number for _, number in seen}) == 4


def test_nothing_is_found_for_nobody(window: Window) -> None:
    source: HandSource = show_picture(window)
    stream = overlay(window)
    looked(window)
    window.docks[window.picture].hide()
    settle()
    frame = source.give(numbered_picture(7))
    wait_until(lambda: window.desk.frame is frame)
    settle(50)
    assert stream.found is not None
    assert stream.found.input.number != frame.number
    assert stream.stale()


# The shared one


@pytest.fixture
def looking(still: Window) -> object:
    """The shared window with Grad-CAM over its picture."""
    looked(still)
    yield still
    still.desk.change(view_of(still).change_heat(shown=False))


def test_what_lies_over_the_picture_is_the_method_of_the_shown_frame(looking: Window) -> None:
    found = found_now(looking)
    result = looking.desk.result
    assert result is not None
    top = int(result.probabilities.argmax())
    seen = looking.desk.model.forward(result.picture)
    assert np.array_equal(
        found.found["gradcam"].heat, attribute(seen, class_target(looking.desk.model, top), "gradcam").heat
    )
    assert found.probability == pytest.approx(result.probabilities[top], abs=1e-6)
    looking.picture.show_facts()
    name = looking.desk.model.classes[top]
    looking.run("copy-caption")
    caption = QGuiApplication.clipboard().text()
    for word in (name, "Grad-CAM", "at conv5", f"{result.probabilities[top] * 100:.1f} %"):
        assert word in looking.picture.facts.full_text
        assert word in caption


def test_the_heat_is_seen_and_goes_again(looking: Window) -> None:
    heated = looking.picture.canvas.grab().toImage()
    looking.desk.change(view_of(looking).change_heat(shown=False))
    settle()
    assert looking.picture.canvas.grab().toImage() != heated


def test_an_occluder_makes_another_map(looking: Window) -> None:
    clean = found_now(looking).found["gradcam"].heat
    change(looking, occluders=(COVER,), chosen_occluder=0)
    covered = found_now(looking)
    assert covered.input.occluders == (COVER,)
    assert not np.array_equal(covered.found["gradcam"].heat, clean)


def test_a_class_is_held_and_followed_again(looking: Window) -> None:
    top = int(looking.desk.result.probabilities.argmax())  # type: ignore[union-attr]
    looking.run("heat-hold")
    assert view_of(looking).heat.target is HeatTarget.CLASS
    assert view_of(looking).heat.class_index == top
    controls = looking.picture.heat_controls
    controls.class_field.choose("tench")
    assert found_now(looking).found["gradcam"].target.unit == 4
    controls.class_field.choose("a unicorn")
    assert "unicorn" in looking.message.label.text()
    assert view_of(looking).heat.class_index == 4
    looking.run("heat-hold")
    assert found_now(looking).found["gradcam"].target.unit == top


@pytest.mark.parametrize("name", [name for name in METHODS if name != "cam"])
def test_every_method_can_be_laid_over_the_picture(looking: Window, name: str) -> None:
    found = looked(looking, method=name, samples=2, steps=2)
    assert found.found[name].heat.shape == (32, 32)
    assert looking.picture.heat.text().startswith(f"{found.found[name].description()}, P ")


@pytest.mark.parametrize(
    ("heat", "said"),
    [
        ({"method": "cam"}, "CAM needs a head"),
        ({"method": "telepathy"}, "no method 'telepathy'"),
        ({"method": "smoothgrad", "samples": 0}, "1 to 1000"),
        ({"target": HeatTarget.UNIT, "method": "occlusion"}, "answers for classes"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(looking: Window, heat: dict[str, object], said: str) -> None:
    looked(looking, **heat)
    assert said in looking.picture.heat.text()


def test_a_class_and_a_layer_that_are_not_there_are_not_shown(looking: Window) -> None:
    """Only a file or another network could name them: where the most probable class looks is shown."""
    found = looked(looking, target=HeatTarget.CLASS, class_index=99, layer="fc8")
    assert found.found
    heat = view_of(looking).heat
    assert (heat.target, heat.layer) == (HeatTarget.TOP, "")


def test_of_a_unit(looking: Window) -> None:
    found = looked(looking, target=HeatTarget.UNIT)
    reference = view_of(looking).looked_at
    target = found.found["gradcam"].target if found.found else None
    assert found.query.unit == reference
    assert target is None or (target.layer, target.unit) == (reference.layer, reference.unit)


def test_the_box_is_drawn_with_the_mouse_and_undone(looking: Window) -> None:
    canvas = looking.picture.canvas
    looking.run("heat-box")
    drag(canvas, input_point(looking, 4.2, 6.1), input_point(looking, 20.3, 17.9))
    assert view_of(looking).heat.box == (6, 4, 18, 20)
    looking.desk.undo()
    assert view_of(looking).heat.box is None
    looking.run("heat-box")
    drag(canvas, input_point(looking, 4, 6), input_point(looking, 4, 6) + QPointF(1, 1))
    assert view_of(looking).heat.box is None  # a click draws none, and the next drag still does
    drag(canvas, input_point(looking, -9, 6), input_point(looking, 60, 90))
    assert view_of(looking).heat.box == (6, 0, 32, 32)


# Side by side


@pytest.fixture
def beside(looking: Window) -> Iterator[HeatPane]:
    """The pane of methods side by side, with three of them."""
    looking.desk.change(view_of(looking).change_heat(methods=("gradcam", "saliency", "cam"), samples=2, steps=2))
    looking.context.get(Panes).show("Methods side by side")
    pane = looking.context.get(HeatPane)
    found_now(looking, pane.work.stream)
    yield pane
    looking.context.get(Panes).hide("Methods side by side")
    pane.work.heats.use_head(None)


def test_the_chosen_methods_stand_side_by_side_on_one_frame(looking: Window, beside: HeatPane) -> None:
    found = found_now(looking, beside.work.stream)
    assert list(found.found) == ["gradcam", "saliency"]
    assert [name for name, tile in beside.tiles.items() if tile.isVisible()] == ["saliency", "gradcam", "cam"]
    assert beside.tiles["gradcam"].canvas.has_picture
    assert "CAM needs a head" in beside.tiles["cam"].canvas.message
    assert all(widget.window() is looking for widget in (*beside.tiles.values(), beside.controls.method))
    beside.methods["lrp"].trigger()
    assert view_of(looking).heat.methods == ("saliency", "gradcam", "cam", "lrp")
    wait_until(lambda: "lrp" in beside.work.stream.found.found)  # type: ignore[union-attr]
    assert beside.tiles["lrp"].isVisible()
    looking.desk.change(view_of(looking).change_heat(methods=()))
    assert "No method is chosen" in beside.facts.full_text


def test_a_box_gives_numbers_and_measuring_gives_more(looking: Window, beside: HeatPane) -> None:
    looking.desk.change(view_of(looking).change_heat(box=(4, 4, 20, 20)))
    found = found_now(looking, beside.work.stream)
    inside = share_inside(found.found["gradcam"].heat, (4, 4, 20, 20))
    assert f"{inside * 100:.0f} % of the heat in it" in beside.tiles["gradcam"].note.full_text
    assert "with Grad-CAM" in beside.tiles["saliency"].note.full_text
    looking.run("heat-measure")
    wait_until(lambda: beside.work.progress is None)
    assert beside.work.measured is found
    top = found.found["gradcam"].target.unit
    wanted = insertion_deletion(looking.desk.model, found.input.picture, found.found["gradcam"].heat, top)
    assert beside.work.curves["gradcam"].deletion.area == wanted.deletion.area
    assert f"deletion {wanted.deletion.area:.3f}" in beside.tiles["gradcam"].note.full_text
    head, first, *_ = beside.as_data().splitlines()
    assert head.split("\t")[:3] == ["method", "deletion", "insertion"]
    assert first.split("\t")[0] == "gradcam"


def test_a_head_is_taught_from_a_folder_and_says_what_it_is(looking: Window, beside: HeatPane, tmp_path: Path) -> None:
    names = looking.desk.model.classes[:2]
    for number, name in enumerate(names):
        (tmp_path / name).mkdir()
        for picture in range(3):
            Image.fromarray(numbered_picture(10 * number + picture)).save(tmp_path / name / f"{picture}.png")
    beside.work.teach_head(str(tmp_path))
    wait_until(lambda: beside.work.heats.head is not None)
    assert "6 pictures with a folder's classes" in looking.message.label.text()
    looking.desk.change(view_of(looking).change_heat(target=HeatTarget.CLASS, class_index=1))
    wait_until(lambda: "cam" in beside.work.stream.found.found)  # type: ignore[union-attr]
    beside.work.teach_head(str(tmp_path / names[0]))  # no classes: the network's own answers
    wait_until(lambda: beside.work.progress is None)
    teacher = np.eye(len(looking.desk.model.classes))[[0, 0, 1, 1]]
    views = [numbered_picture(number) for number in range(4)]
    write_shards(tmp_path / "shards", views, teacher, looking.desk.model.classes)
    beside.work.teach_head(str(tmp_path / "shards"))
    wait_until(lambda: beside.work.progress is None)
    assert "4 pictures with a teacher's stored answers" in looking.message.label.text()
    (tmp_path / "empty").mkdir()
    beside.work.teach_head(str(tmp_path / "empty"))
    wait_until(lambda: beside.work.progress is None)
    assert "no pictures in empty" in looking.message.label.text()
    assert beside.work.heats.head is not None


def test_the_sanity_check_is_one_action_and_one_figure(looking: Window, beside: HeatPane, tmp_path: Path) -> None:
    looking.run("heat-sanity")
    wait_until(lambda: beside.work.sanity is not None and beside.shows_sanity)
    page = beside.work.sanity.page  # type: ignore[union-attr]
    assert [cell.label for cell in page.cells] == [
        "Grad-CAM at conv5", "saliency", "likeness to the map of the trained network",
    ]  # fmt: skip
    assert page.cells[0].panel.names == ("trained", "fc8", "conv5", "conv4", "conv1")  # type: ignore[union-attr]
    assert "Adebayo" in beside.facts.full_text
    sources = add_to_sources(looking.context, Sources(result=looking.desk.result))
    for kind in HEAT_KINDS:
        for spec in kind.specs(sources):
            captured = capture(spec, sources)
            assert captured.text
            assert captured.label
    beside.back.click()
    assert not beside.shows_sanity
    assert beside.tiles["gradcam"].isVisible()


def test_the_maps_keep_their_size_while_something_is_worked_out(looking: Window, beside: HeatPane) -> None:
    settle()
    before = beside.tiles["gradcam"].size()
    beside.cancel.show()
    settle()
    assert beside.tiles["gradcam"].size() == before
    beside.cancel.hide()


def test_panels_that_cannot_be_had_say_why() -> None:
    for kind in HEAT_KINDS:
        assert why_not(PanelSpec(kind), Sources()).endswith((".", "S."))


def test_cancelling_keeps_what_was_there(looking: Window, beside: HeatPane) -> None:
    looking.run("heat-measure")
    looking.run("heat-measure")
    assert "already" in looking.message.label.text()
    beside.cancel.click()
    wait_until(lambda: beside.work.progress is None)
    assert beside.work.stream.found is not None


# The unit pane, and A | B


def test_the_unit_pane_offers_every_method(looking: Window) -> None:
    pane = looking.unit
    assert pane.controls.method.values == tuple(METHODS)
    assert [pane.controls.method.itemText(place) for place in range(pane.controls.method.count())] == [
        m.label for m in METHODS.values()
    ]
    pane.controls.method.chosen.emit("saliency")
    found = found_now(looking, pane.heat_tile.stream)
    unit = view_of(looking).looked_at
    assert (found.found["saliency"].target.layer, found.found["saliency"].target.unit) == (unit.layer, unit.unit)
    assert pane.heat_tile.isVisible()
    assert not pane.rule_tiles[Rule.DECONVNET].isVisible()

    def says_saliency() -> bool:
        pane.show_facts()  # of the result that is shown: the worker's next one is the first of the new method
        return "saliency" in pane.facts.full_text

    wait_until(says_saliency)
    pane.controls.method.chosen.emit("occlusion")
    wait_until(lambda: "answers for classes" in pane.heat_tile.canvas.message)
    looking.run("method-direct")
    assert view_of(looking).heat.unit_method == ""
    assert view_of(looking).method is Rule.GUIDED
    assert pane.rule_tiles[Rule.GUIDED].isVisible()
    looking.desk.change(set_method(view_of(looking), "deconvnet"))


def test_a_and_b_are_compared_in_where_the_class_looks(looking: Window) -> None:
    pane = looking.compare
    looking.bring_up(pane)
    settle()
    pane.take_snapshot()
    pane.content.setCurrentText("where the class looks")
    pane.content.activated.emit(pane.content.currentIndex())
    change(looking, occluders=(COVER,), chosen_occluder=0)
    b = found_now(looking, looking.context.get(HeatMaps).streams["B"])
    wait_until(lambda: all(tile.canvas.has_picture for tile in pane.tiles))
    a = looking.context.get(HeatMaps).streams["A"].found
    assert a is not None
    assert a.input.occluders == ()
    assert b.input.occluders == (COVER,)
    assert "Grad-CAM" in pane.tiles[0].caption.full_text
    assert "A − B" in pane.tiles[2].caption.full_text
    pane.content.setCurrentIndex(0)
    pane.content.activated.emit(0)
    looking.bring_up(looking.pins)


@pytest.mark.parametrize("name", ["alexnet", "vgg16", "zfnet512"])
@pytest.mark.slow
def test_every_declared_architecture_has_maps(name: str) -> None:
    architecture = zf.ARCHITECTURES[name]()
    model, size = zf.Model(architecture, quick_weights(architecture)), architecture.size
    picture = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
    methods = tuple(one for one in METHODS if one not in ("cam", "occlusion"))
    found = HeatFinder().find(HeatQuery(methods, samples=1, steps=1), HeatInput(model, picture))
    assert not found.reasons
    assert all(one.heat.shape == (size, size) for one in found.found.values())


def test_a_session_keeps_it_and_says_what_another_network_lacks() -> None:
    heat = HeatSettings(True, "lrp", HeatTarget.CLASS, 99, "conv9", epsilon=0.1, box=(1, 2, 3, 4), methods=("gradcam",))
    kept = from_plain(View, to_plain(View(layer="conv5", heat=heat)), "view")
    assert kept.heat == heat
    view, notes = fitting_view(kept, small_model())
    assert view.heat == replace(heat, target=HeatTarget.TOP, class_index=0, layer="")
    assert len(notes) == 2
    assert "class 99" in notes[0]
    assert "conv9" in notes[1]
