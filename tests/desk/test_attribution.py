"""Where a class looks, in the window: over the picture, side by side, measured, and what is said where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from desk_hands import COVER, HandSource, change, drag, input_point, numbered_picture, show_picture, view_of
from desk_tools import settle, wait_until
from desk_window import Window
from PySide6.QtCore import QPointF

from zfdesk.attribution import METHODS, attribute, of_class
from zfdesk.desk.heat_maps import OVERLAY, HeatMaps, HeatStream
from zfdesk.live import HeatFound, HeatTarget


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
    assert "OLD: frame" in live.picture.heat.words()


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
        found.found["gradcam"].heat, attribute(seen, of_class(looking.desk.model, top), "gradcam").heat
    )
    assert found.probability == pytest.approx(result.probabilities[top], abs=1e-6)
    looking.picture.show_facts()
    name = looking.desk.model.classes[top]
    for word in (name, "Grad-CAM", "at conv5", f"{result.probabilities[top] * 100:.1f} %"):
        assert word in looking.picture.facts.whole


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
    assert looking.picture.heat.words().startswith(f"{found.found[name].words()}, P ")


@pytest.mark.parametrize(
    ("heat", "said"),
    [
        ({"method": "cam"}, "CAM needs a head"),
        ({"method": "telepathy"}, "no method 'telepathy'"),
        ({"target": HeatTarget.CLASS, "class_index": 99}, "There is no class 99"),
        ({"layer": "fc8"}, "fc8 has no maps"),
        ({"method": "smoothgrad", "samples": 0}, "1 to 1000"),
        ({"target": HeatTarget.UNIT, "method": "occlusion"}, "answers for classes"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(looking: Window, heat: dict[str, object], said: str) -> None:
    looked(looking, **heat)
    assert said in looking.picture.heat.words()


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
