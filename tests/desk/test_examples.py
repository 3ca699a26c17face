"""Six ready views: each shows what its sentence says, and the sentence stands in a line of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from desk_hands import wait_for_result
from desk_tools import close, settle, wait_until
from desk_window import Window
from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QToolButton

import zfdesk.engine as zf
from zfdesk.desk.actions import with_keys
from zfdesk.desk.feature import Features
from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.window.examples import ExampleViews
from zfdesk.desk.window.features import ACTIONS
from zfdesk.desk.window.hints import HintBar, show_hints
from zfdesk.live import View
from zfdesk.sources import Frame, KeptSource, SourceReference
from zfdesk.sources.demo import demo_frame


@pytest.fixture
def lecture(application: object, nothing_left: None, model: zf.Model, settings: QSettings) -> Iterator[Window]:
    """A window with another network than the examples'."""
    desk = AppState(model, View(source=SourceReference("pattern")))
    window = Window(desk, settings)
    window.show()
    desk.start()
    wait_until(lambda: desk.result is not None)
    yield window
    close(window)
    desk.deleteLater()
    settle()


def show(window: Window, place: int) -> ExampleViews:
    examples = window.context.get(ExampleViews)
    window.run(f"example-{place}")
    wait_until(lambda: examples.shown is not None and examples.shown.place == place)
    return examples


def test_they_are_six_in_order_and_stand_in_the_file_menu_and_the_first_steps(window: Window) -> None:
    examples = window.context.get(Features).examples
    assert [one.place for one in examples] == [1, 2, 3, 4, 5, 6]
    titles = [action.text() for action in window.table.menus["Examples"].actions()]
    assert titles == [f"Example: {one.title}" for one in examples]
    show_hints(window.context)
    bar = window.findChild(HintBar)
    button = next(b for b in bar.findChildren(QToolButton) if b.accessibleName() == "Examples")
    assert [action.text() for action in button.menu().actions()] == titles
    bar.finish()


def test_what_they_promise(embedded: zf.Model) -> None:
    """The wheel's and the engine's numbers, the eye within what the unit sees."""
    from zfdesk.desk.live_view.examples import CAT, EXAMPLES, EYE
    from zfdesk.live import Crop

    wheel = EXAMPLES[3]
    box = Crop.centre_of(embedded).box(480, 640)
    picture = zf.crop(demo_frame(wheel.seconds), box)
    moped = embedded.classes.index("moped")
    on_the_engine = (zf.Occluder(104, 86, 64, 64),)
    shares = [
        float(embedded.forward(seen).probabilities[0, moped])
        for seen in (picture, *(zf.occlude(picture, covers) for covers in (wheel.view.occluders, on_the_engine)))
    ]
    assert [f"{share:.0%}" for share in shares[:2]] == ["60%", "35%"]
    assert shares[2] < shares[1]
    assert "from 60 to 35 %" in wheel.text
    seen = embedded.forward(zf.crop(demo_frame(CAT), box))
    assert seen.strongest_unit(EYE.layer) == EYE.unit
    from zfdesk.desk.teach.feature import EXAMPLE

    taught = embedded.forward(zf.crop(demo_frame(EXAMPLE.seconds), box))
    assert taught.strongest_unit(EXAMPLE.view.layer) == EXAMPLE.view.unit
    y, x = divmod(int(seen.activations[EYE.layer][0, EYE.unit].argmax()), 13)
    top, left, bottom, right = embedded.architecture.stage(EYE.layer).receptive_field.box(y, x)
    assert top < 80 < bottom  # the cat's eye on the left
    assert left < 60 < right


def test_each_is_shown_with_its_own_network_and_its_sentence_whole(lecture: Window) -> None:
    examples = show(lecture, 4)
    desk = lecture.desk
    assert desk.model.name.startswith("zfnet-v")
    result = wait_for_result(desk)
    assert result.occluded
    assert desk.view.frozen
    assert np.array_equal(result.request.frame.pixels, demo_frame(examples.shown.seconds))
    assert desk.model.classes[int(result.clean_probabilities.argmax())] == "moped"
    for width in (1024, 1440):
        lecture.resize(width, 760)
        settle()
        whole = with_keys(examples.shown.text, ACTIONS)
        for label in examples.line.findChildren(ElidedLabel):
            assert label.text().replace("\n", " ") == whole, width
            assert not label.cut, width
    geometry = examples.line.geometry()
    for dock in lecture.docks.values():
        assert not dock.isVisible() or not dock.geometry().intersects(geometry)
    buttons = {button.accessibleName(): button for button in examples.line.findChildren(QToolButton)}
    buttons["The next example"].click()
    wait_until(lambda: examples.shown is not None and examples.shown.place == 5)
    wait_until(lambda: lecture.sweeps.running)
    wait_until(lambda: lecture.sweeps.swept is not None and lecture.sweeps.swept.sweep is not None)
    assert lecture.sweeps.swept.input.number == 0, "the cat, not what was shown before"
    assert lecture.sweeps.of_what_is_shown
    lecture.sweeps.cancel()
    desk.change(desk.view.change(source=SourceReference("pattern"), frozen=False))
    wait_until(lambda: examples.line is None)  # it was about another picture


@pytest.mark.slow
def test_a_class_taught(lecture: Window) -> None:
    show(lecture, 6)
    wait_until(lambda: lecture.teaching.in_use)
    assert lecture.desk.model.classes == ("my cat", "motorbike", "coffee")
    result = wait_for_result(lecture.desk)
    assert float(result.probabilities[0]) > 0.9  # the cat
    examples = show(lecture, 2)
    assert len(lecture.desk.model.classes) == 1000  # each example has the network it is of
    assert lecture.teaching.class_set.pictures == 24  # the lesson stays
    assert examples.line is not None


def test_its_maps_are_not_left_behind_another_pane(lecture: Window) -> None:
    lecture.bring_up(lecture.teach)
    show(lecture, 2)
    wait_until(lambda: not lecture.maps.visibleRegion().isEmpty())
    lecture.bring_up(lecture.teach)
    show(lecture, 1)
    wait_until(lambda: not lecture.maps.visibleRegion().isEmpty())


def test_an_example_that_comes_late_leaves_the_lecture_view_as_it_is(lecture: Window) -> None:
    lecture.run("lecture")
    try:
        examples = show(lecture, 1)
        assert examples.line is not None
        assert not examples.line.isVisible()
    finally:
        lecture.run("lecture")
    assert examples.line.isVisible()


def test_a_sentence_of_one_frame_ends_when_the_demo_goes_on(lecture: Window) -> None:
    examples = show(lecture, 4)
    lecture.run("freeze")
    wait_until(lambda: examples.shown is None)
    assert examples.line is None
    show(lecture, 2)  # which says to go on
    lecture.run("freeze")
    wait_until(lambda: not isinstance(lecture.desk.source, KeptSource))
    settle()
    assert examples.line is not None
    lecture.run("freeze")
    assert examples.line is not None


@pytest.mark.parametrize("end", ["reset", "undo", "another frame", "another network"])
def test_a_sentence_ends_with_what_it_is_about(lecture: Window, model: zf.Model, end: str) -> None:
    examples, desk = show(lecture, 1), lecture.desk  # whose network the next one has
    show(lecture, 2)
    if end == "reset":
        lecture.run("freeze")
        wait_until(lambda: not isinstance(desk.source, KeptSource))
        desk.change(desk.view.change(layer="conv4", unit=9))
        assert examples.line is not None, "units may be clicked on"
        lecture.run("reset")
    elif end == "undo":
        lecture.run("undo")
    elif end == "another frame":
        desk.show_kept(Frame(demo_frame(5.0), 125, time.perf_counter(), "demo"), desk.view)
    else:
        desk.use_model(model)
    assert examples.line is None
    assert examples.shown is None
