"""Sliding a picture: what is measured is what the study measures; a camera does not slip from under the hand."""

from __future__ import annotations

import numpy as np
import pytest
from desk_hands import HandSource
from desk_tools import small_model, wait_until
from desk_window import Window

from zfdesk.desk.feature import Panes
from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.invariance.figure import ask_for_figure, page_of
from zfdesk.desk.invariance.pane import InvariancePane
from zfdesk.experiments.invariance import Transformation, around, invariance, paper_amounts
from zfdesk.pages.panels import PanelSpec, capture, why_not
from zfdesk.pages.panels_invariance import INVARIANCE_HIGH, INVARIANCE_LOW


def noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (48, 64, 3), np.uint8)


@pytest.fixture
def source(window: Window) -> HandSource:
    """A picture by hand, shown."""
    source = HandSource()
    window.desk.start()
    window.desk.open_made(source)
    source.give(noise(1))
    wait_until(lambda: window.desk.result is not None and window.desk.result.request.frame.origin == "by hand")
    return source


@pytest.fixture
def pane(window: Window, source: HandSource) -> InvariancePane:
    """The pane, once it has taken the picture."""
    window.run("invariance")
    pane = window.context.get(InvariancePane)
    wait_until(lambda: pane.study.subject is not None)
    return pane


def measured(pane: InvariancePane, change: Transformation) -> bool:
    return not pane.study.missing(change)


def test_sliding_measures_what_the_study_does(window: Window, pane: InvariancePane) -> None:
    result = window.desk.result
    assert result is not None
    model, size = window.desk.model, window.desk.model.architecture.size
    canvas = around(result.request.frame.pixels, result.crop_box, size)
    for change, place, amount in (
        (Transformation.TRANSLATION, -3, -3.0),
        (Transformation.SCALE, 150, 1.5),
        (Transformation.ROTATION, 33, 33.0),
    ):
        pane.sliders[change].setValue(place)
        wait_until(lambda: pane.study.present() is not None and pane.study.picture is not None)
        present = pane.study.present()
        expected = invariance(model, [canvas], change, [amount])
        assert present is not None
        for layer, distances in expected.distances.items():
            assert present.distances[layer] == pytest.approx(distances[0, 0], rel=1e-6)
            assert distances[0, 0] > 0
        assert present.probabilities[expected.classes[0]] == pytest.approx(expected.probabilities[0, 0], rel=1e-6)
    assert pane.sliders[Transformation.SCALE].value() == 100  # one change at a time
    wait_until(lambda: measured(pane, Transformation.ROTATION))  # once the slider rests
    points = pane.study.points(Transformation.ROTATION)
    assert set(paper_amounts(Transformation.ROTATION).tolist()) | {33.0} == set(points)
    whole = invariance(model, [canvas], Transformation.ROTATION)
    layer = next(iter(whole.distances))
    found = [points[amount].distances[layer] for amount in whole.amounts.tolist()]
    assert np.allclose(found, whole.distances[layer][0], rtol=1e-6)
    assert pane.as_data().splitlines()[0].startswith("degrees\tdistance in ")
    assert len(pane.as_data().splitlines()) == 1 + len(points)
    sources = sources_of(window.context)
    taken = capture(PanelSpec(INVARIANCE_HIGH), sources)
    assert len(taken.panel.x) == len(points)  # type: ignore[union-attr]
    assert taken.origin == "frame 0 of by hand"
    assert pane.study.subject is not None
    page = page_of(pane.study.subject, pane.study.class_index)
    assert {one.name.lower() for one in Transformation} == {cell.name.split("_")[0] for cell in page.cells}
    assert "frame 0 of by hand" in page.caption


def test_what_is_looked_at(window: Window, pane: InvariancePane, source: HandSource) -> None:
    before = pane.study.subject
    assert before is not None
    first = int(before.original.probabilities.argmax())
    assert pane.study.class_index == first
    other = (first + 1) % len(window.desk.model.classes)
    window.desk.change(window.desk.view.change(watched=(other,)))
    wait_until(lambda: f"P({window.desk.model.classes[other]})" in pane.facts.full_text)
    source.give(noise(2))  # and stands still then
    wait_until(lambda: pane.study.subject is not before)
    held = pane.study.subject
    assert held is not None
    assert held.text == "frame 1 of by hand"
    pane.sliders[Transformation.SCALE].setSliderDown(True)  # the hand holds what it took
    source.give(noise(3))
    wait_until(lambda: window.desk.result is not None and window.desk.result.request.frame.number == 2)
    assert pane.study.subject is held
    pane.sliders[Transformation.SCALE].setSliderDown(False)
    pane.take_frame()
    wait_until(lambda: pane.study.subject is not held)
    pane.sliders[Transformation.SCALE].setValue(140)
    wait_until(lambda: pane.study.present() is not None)
    window.desk.use_model(small_model(("a", "b", "c")))
    assert pane.study.subject is None
    assert pane.sliders[Transformation.SCALE].value() == 100
    wait_until(lambda: pane.study.subject is not None)
    assert pane.study.subject.original.model is window.desk.model  # type: ignore[union-attr]


def test_a_network_of_fewer_classes_takes_the_place_of_what_is_looked_at(window: Window, pane: InvariancePane) -> None:
    """The window shows its panes before the study, made later, is told of the other network."""
    many = small_model(tuple(f"thing {index}" for index in range(50)))
    window.desk.use_model(many)
    wait_until(lambda: pane.study.subject is not None and pane.study.subject.original.model is many)
    assert pane.study.class_index > 0
    window.desk.use_model(small_model(("a",)))
    assert pane.study.subject is None
    wait_until(lambda: pane.study.subject is not None)
    assert pane.study.class_index == 0


def test_the_axes_have_the_minus_sign_of_mathematics(window: Window, pane: InvariancePane) -> None:
    axis = pane.plots.plots[-1].getAxis("bottom")
    assert axis.tickStrings([-50.0, 0.0, 50.0], 1.0, 50.0) == ["−50", "0", "50"]


def test_before_any_picture_it_says_so(window: Window) -> None:
    assert "open the pane Invariance" in why_not(PanelSpec(INVARIANCE_LOW), sources_of(window.context))
    pane = window.context.get(Panes).show("Invariance")
    assert isinstance(pane, InvariancePane)
    assert pane.canvas.message
    assert pane.as_data() == ""
    told: list[str] = []
    window.desk.message.connect(lambda sentence, _: told.append(sentence))
    ask_for_figure(window.context, pane.study)
    assert told == ["No picture has come yet."]
