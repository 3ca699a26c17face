"""A template's page in one column: legible there too, the same panels, and back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from composing import active_unit, covered, full, small_network, some_result
from figure_tools import unreadable, words_on

import zfdesk.engine as zf
from zfdesk.figures import draw
from zfdesk.live import SweepInput, SweepSnapshot, SweepState
from zfdesk.pages.composition import Composition, moved, widened
from zfdesk.pages.panels import Sources
from zfdesk.pages.panels_snapshot import SnapshotA
from zfdesk.pages.panels_sweep import SweepShown
from zfdesk.pages.resizing import arranged, resized
from zfdesk.pages.templates import TEMPLATES


@pytest.fixture(scope="module")
def model() -> zf.Model:
    return small_network()


@pytest.fixture(scope="module")
def sources(model: zf.Model) -> Sources:
    result = covered(model)
    *_, sweep = zf.sweep(model.forward(result.clean), result.clean, zf.SweepPlan(8, 6), "conv2")
    swept = SweepSnapshot(SweepInput(model, result.clean, 7, "noise"), sweep, SweepState.DONE, 100.0)
    return full(result, SweepShown(swept), SnapshotA(some_result(model, 3, unit=active_unit(model))))


def places(composition: Composition) -> list[tuple[int, int, int, int]]:
    return [slot.rectangle for slot in composition.slots]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda template: template.id)
def test_every_template_fits_one_column_and_comes_back(template: object, sources: Sources) -> None:
    made = arranged(template.make(sources))  # type: ignore[attr-defined]
    narrow = resized(made, "one-column")
    figure = draw(narrow.page())
    assert unreadable(figure, 6) == []
    assert figure.get_size_inches()[1] <= 11.7, "no taller than a sheet"
    cut = [text.get_text() for text in words_on(figure) if text.get_text().startswith("…")]
    assert cut == [], "no name is cut away altogether"
    pictures = [axes for axes in figure.axes if axes.images and axes.get_position().width * 3.5 < 1]
    assert pictures == [], "an inch at least"
    assert [slot.panel for slot in narrow.slots] == [slot.panel for slot in made.slots]
    back = resized(narrow, "slide")
    assert (places(back), back.widths, back.size) == (places(made), made.widths, "slide")


def test_what_was_moved_by_hand_stays(sources: Sources) -> None:
    fig7 = next(template for template in TEMPLATES if template.id == "fig7")
    made = arranged(fig7.make(sources))
    assert places(resized(made, (4.0, 0.0))) == [(0, 0, 1, 1), (0, 1, 1, 1), (0, 2, 1, 1), (1, 0, 1, 1), (1, 1, 1, 1)]
    for edited in (moved(made, 0, 1, 0), widened(made, 0, 2.0), replace(made, slots=made.slots[1:])):
        after = resized(edited, "one-column")
        assert (places(after), after.widths, after.size) == (places(edited), edited.widths, "one-column")
    by_hand = replace(made, arranged=None)
    assert places(resized(by_hand, "one-column")) == places(made)


def test_bars_stand_beside_the_picture_above_comparisons(sources: Sources) -> None:
    template = next(template for template in TEMPLATES if template.id == "covered")
    made = arranged(template.make(sources))
    kinds = [slot.spec.kind.name for slot in made.slots]
    assert kinds == ["picture", "map clean and covered", "probabilities", "reconstruction clean and covered"]
    assert places(resized(made, "one-column")) == [(0, 0, 1, 1), (1, 0, 1, 3), (0, 1, 1, 2), (2, 0, 1, 3)]
