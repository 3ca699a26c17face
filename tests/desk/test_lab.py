"""The lab in a real window: pictures come, wait, are cancelled and come back; what decides them is said."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from desk_hands import click, show_picture
from desk_tools import settle, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from test_accessibility import SMALLEST_TARGET, controls, describe

from zfdesk.desk.feature import Features
from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.lab.commands import lab_pane
from zfdesk.desk.lab.files import save_made
from zfdesk.desk.lab.maximise_form import Aim, MaximiseForm
from zfdesk.desk.lab.pane import GO_ON, LabPane
from zfdesk.desk.lab.picture_forms import FoolForm, StyleForm
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.recording.controller import RecordingPlan
from zfdesk.desk.session.controller import current_session
from zfdesk.desk.widgets.canvas import CanvasPicture
from zfdesk.desk.widgets.controls import Controls
from zfdesk.film.writer import FilmStatus
from zfdesk.pages.panel_kinds import kind_named
from zfdesk.pages.panels import PanelSpec, capture, why_not
from zfdesk.session import Session, from_bytes, reopen, to_bytes
from zfdesk.synthesis import RECIPES, MaximiseRecipe, Sketch, finished, maximise, of_unit
from zfdesk.synthesis.orders import Description, Order, State, units_order


@pytest.fixture
def pane(still: Window) -> Iterator[LabPane]:
    """The lab in the shared window, in front, with nothing made."""
    pane = lab_pane(still.context)
    settle()
    yield pane
    pane.lab.cancel()
    wait_until(lambda: not pane.lab.running)
    while pane.lab.history.can_undo:
        pane.lab.undo()


def form_of(pane: LabPane) -> MaximiseForm:
    form = pane.form
    assert isinstance(form, MaximiseForm)
    return form


def choose(pane: LabPane, aim: Aim) -> None:
    """As if it were chosen by mouse."""
    choice = form_of(pane).aim
    choice.setCurrentIndex(choice.values.index(aim))
    choice.activated.emit(choice.currentIndex())


def steps(pane: LabPane, count: int) -> None:
    form_of(pane).numbers.fields["steps"].setValue(count)


def made(pane: LabPane) -> None:
    click(pane.make, (5.0, 5.0))
    wait_until(lambda: not pane.lab.running)


class Held:
    """An order whose steps are let through one by one."""

    def __init__(self, steps: int = 6, fails: Exception | None = None, size: tuple[int, int] = (8, 8)) -> None:
        self.size = size
        self.steps, self.fails, self.taken = steps, fails, 0
        self.gate = threading.Semaphore(0)
        self.order = Order(
            Description("waiting", "a picture", "All that decides it."), self.sketches, lambda sketch: ("one",)
        )

    def sketches(self) -> Iterator[Sketch]:
        for step in range(1, self.steps + 1):
            self.gate.acquire(timeout=20)
            if self.fails is not None and step == 3:
                raise self.fails
            self.taken = step
            yield Sketch(step, self.steps, np.full((1, *self.size, 3), step, np.uint8), np.array([float(step)]))


def test_the_pane_is_made_when_it_is_asked_for(window: Window) -> None:
    assert not window.context.has(LabPane)
    window.run("lab")
    assert window.context.get(LabPane).isVisible()
    window.run("lab")
    assert not window.context.get(LabPane).isVisible()


def test_before_and_after_are_compared_in_the_other_panes(window: Window) -> None:
    still, pane = window, lab_pane(window.context)
    show_picture(window)
    pane.show_form("Fool")
    form = pane.form
    assert isinstance(form, FoolForm)
    form.target_class.choose("moped")
    form.budget.setValue(40)
    made(pane)
    shown = pane.lab.made
    assert shown is not None
    before = still.desk.view
    pane.compare.trigger()
    wait_until(lambda: still.compare.a is not None)
    wait_until(
        lambda: still.desk.complete is not None and np.array_equal(still.desk.complete.picture, shown.pictures[1])
    )
    assert still.compare.a is not None
    assert np.array_equal(still.compare.a.picture, shown.pictures[0])
    pane.grid.show_alone(2)
    pane.look_at.trigger()
    wait_until(
        lambda: still.desk.complete is not None and np.array_equal(still.desk.complete.picture, shown.pictures[2])
    )
    for _ in range(3):
        still.desk.undo()
    assert still.desk.view == before


def test_the_picture_is_the_one_the_command_line_makes(pane: LabPane) -> None:
    change_unit(pane, "conv5", 3)
    choose(pane, Aim.UNIT)
    steps(pane, 5)
    form_of(pane).seed.setValue(7)
    made(pane)
    recipe = MaximiseRecipe("modern, changed", steps=5)
    last = finished(maximise(pane.desk.model, [of_unit("conv5", 3)], recipe, seed=7))
    shown = pane.lab.made
    assert shown is not None
    assert shown.state is State.DONE
    assert np.array_equal(shown.pictures, last.pictures)
    for part in ("conv5:3", "modern, changed: 5 steps", "seed 7", "Start: noise", "jitter"):
        assert part in pane.description.text()
    assert "conv5:3" in pane.facts.full_text
    assert pane.as_data().count("\n") >= 1


def change_unit(pane: LabPane, layer: str, unit: int) -> None:
    pane.desk.change(pane.desk.view.change(layer=layer, unit=unit, position=None))


def test_paused_continued_cancelled_and_come_back_to(pane: LabPane) -> None:
    held = Held()
    pane.lab.start(held.order)
    held.gate.release(2)
    wait_until(lambda: held.taken == 2)
    click(pane.pause, (5.0, 5.0))
    assert pane.lab.paused
    held.gate.release(4)
    wait_until(lambda: held.taken >= 2)
    before = held.taken
    settle(300)
    assert held.taken <= before + 1 < held.steps  # the step under way is all that came
    click(pane.pause, (5.0, 5.0))
    click(pane.cancel, (5.0, 5.0))
    wait_until(lambda: not pane.lab.running)
    shown = pane.lab.made
    assert shown is not None
    if held.taken < held.steps:
        assert shown.state is State.CANCELLED
        wait_until(lambda: "cancelled at step" in pane.grid.stale)
        wait_until(lambda: "CANCELLED" in pane.facts.full_text)
    assert shown.pictures[0, 0, 0, 0] == shown.sketch.step
    pane.lab.undo()
    assert pane.lab.made is None
    assert not pane.grid.has_picture
    pane.lab.redo()
    assert pane.lab.made is shown


@pytest.mark.parametrize("error", [ArithmeticError("No picture can be made so."), MemoryError()])
def test_what_fails_is_said_and_its_last_picture_stays(pane: LabPane, error: Exception) -> None:
    held = Held(fails=error)
    pane.lab.start(held.order)
    held.gate.release(6)
    wait_until(lambda: not pane.lab.running)
    assert pane.lab.made is not None
    assert pane.lab.made.state is State.FAILED
    assert pane.lab.made.sketch.step == 2
    assert pane.lab.error.endswith(".")


def test_the_last_picture_is_marked_also_where_it_was_shown_before_the_end_was_told(pane: LabPane) -> None:
    held = Held()
    pane.lab.start(held.order)
    held.gate.release()
    wait_until(lambda: held.taken == 1)
    pane.lab.cancel()
    held.gate.release()
    thread = next(one for one in threading.enumerate() if one.name == "zfdesk lab")
    thread.join(20)  # it has put its last picture, and the window has not been told that it has ended
    pane.lab.look_for_sketch()
    assert pane.lab.running
    wait_until(lambda: not pane.lab.running)
    assert "cancelled" in pane.grid.stale
    assert not pane.cancel.isEnabled()


def test_another_making_takes_the_place_of_the_one_that_runs(pane: LabPane) -> None:
    first, second = Held(), Held()
    pane.lab.start(first.order)
    first.gate.release()
    wait_until(lambda: first.taken == 1)
    pane.lab.start(second.order)
    first.gate.release(5)
    second.gate.release(6)
    wait_until(lambda: not pane.lab.running)
    assert pane.lab.made is not None
    assert (pane.lab.made.sketch.step, pane.lab.made.state) == (6, State.DONE)


def test_a_sheet_of_a_layer_selects_units(pane: LabPane) -> None:
    change_unit(pane, "conv5", 0)
    choose(pane, Aim.LAYER)
    steps(pane, 2)
    made(pane)
    assert pane.lab.made is not None
    assert len(pane.lab.made.pictures) == 12
    assert len(set(pane.lab.made.names)) == 12
    at = pane.grid.picture_rect().bottomLeft() + QPointF(4, -40)
    number = pane.grid.picture_at(at)
    assert number
    click(pane.grid, at)
    assert pane.desk.view.unit == number


@pytest.mark.parametrize(
    ("aim", "fill", "told"),
    [
        (Aim.CLASS, lambda form: form.class_field.choose("moped"), "moped"),
        (Aim.DIFFERENCE, lambda form: (form.class_field.choose("moped"), form.other_class.choose("1")), "tiger cat"),
        (Aim.MIXED, lambda form: form.units.setText("1, 4"), "0.5 × conv5:4"),
        (Aim.BETWEEN, lambda form: (form.other.setValue(4), form.share.setValue(25)), "0.25 × conv5:4"),
        (Aim.WORDS, lambda form: form.objective_text.setText("class:church - conv5:2/map"), "conv5:2, whole map"),
        (Aim.MAP, lambda form: None, "whole map"),
        (Aim.POSITION, lambda form: None, "conv5:2 at ("),
    ],
)  # fmt: skip
def test_objectives_are_said_as_they_are(pane: LabPane, aim: Aim, fill: object, told: str) -> None:
    change_unit(pane, "conv5", 2)
    wait_until(lambda: pane.desk.result is not None and pane.desk.result.request.view == pane.desk.view)
    wait_until(lambda: pane.desk.result is not None and pane.desk.result.unit is not None)
    choose(pane, aim)
    fill(form_of(pane))  # type: ignore[operator]
    assert told in pane.form.order().description.text


def test_what_cannot_be_made_is_said_and_nothing_changes(still: Window, pane: LabPane) -> None:
    for aim, fill in (
        (Aim.MIXED, lambda form: form.units.setText("3, many")),
        (Aim.WORDS, lambda form: form.objective_text.setText("conv9:1")),
        (Aim.MIXED, lambda form: form.units.setText("3, 9999")),
    ):
        choose(pane, aim)
        fill(form_of(pane))
        click(pane.make, (5.0, 5.0))
        assert not pane.lab.running
        assert pane.lab.made is None
        assert still.message.label.text().startswith("⚠")


def test_recipes_show_their_numbers(pane: LabPane) -> None:
    form = form_of(pane)
    for name, recipe in RECIPES.items():
        form.recipe.setCurrentIndex(form.recipe.values.index(name))
        form.recipe.activated.emit(form.recipe.currentIndex())
        assert form.numbers.recipe == recipe
    form.numbers.fields["decay"].setValue(0.5)
    assert form.numbers.recipe.decay == 0.5
    assert form.numbers.recipe.name == "yosinski-4, changed"
    assert form.numbers.recipe.rate == RECIPES["yosinski-4"].rate
    choices = {"policy", "parametrisation", "decorrelated", "bfloat16", "name"}
    assert {*form.numbers.fields, *choices} == {field.name for field in fields(MaximiseRecipe)}
    click(form.more, (5.0, 5.0))
    click(form.numbers.bfloat16, (5.0, 5.0))
    choose(pane, Aim.UNIT)
    assert form.numbers.recipe.bfloat16
    assert "bfloat16" in pane.form.order().description.text
    click(form.numbers.bfloat16, (5.0, 5.0))
    click(form.more, (5.0, 5.0))
    form.recipe.activated.emit(0)


def test_the_portraits_made_picture_leads_to_nine_that_differ(still: Window, pane: LabPane) -> None:
    change_unit(pane, "conv1", 2)
    choose(pane, Aim.CLASS)
    steps(pane, 2)
    portrait = still.context.get(PortraitPane)
    portrait.made.set_content(CanvasPicture.rgb(np.zeros((8, 8, 3), np.uint8)))  # this network comes without an atlas
    click(portrait.made, (portrait.made.width() / 2, portrait.made.height() / 2))
    wait_until(lambda: pane.lab.made is not None and not pane.lab.running)
    shown = pane.lab.made
    assert shown is not None
    assert len(shown.pictures) == 9
    assert len({picture.tobytes() for picture in shown.pictures}) == 9
    assert shown.description.targets == (("conv1", 2),) * 9
    form_of(pane).count.setValue(1)


def test_a_start_from_the_frame(pane: LabPane) -> None:
    form = form_of(pane)
    choose(pane, Aim.UNIT)
    form.start.choose("current frame")
    assert "frame" in pane.form.order().description.text
    steps(pane, 1)
    made(pane)
    assert pane.lab.made is not None
    form.start.choose("noise")


def test_a_picture_of_another_network_is_marked(pane: LabPane) -> None:
    order = units_order(pane.desk.model, [of_unit("conv5", 1)], MaximiseRecipe(steps=1))
    pane.lab.restore(order.made(finished(order.sketches())))
    assert not pane.grid.stale
    pane.lab.restore(Held().order.made(Sketch(1, 1, np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1))))
    assert pane.grid.stale == ("of another network" if pane.lab.network else "")


def test_every_form_makes_what_it_says(pane: LabPane) -> None:
    """Each as it stands at first, with a few steps, of the frame that is shown."""
    change_unit(pane, "conv5", 2)
    for title, form in pane.forms.items():
        if title == "Maximise":
            continue
        pane.show_form(title)
        assert form.isVisible()
        form.steps.setValue(2)  # type: ignore[attr-defined]
        if title == "Fool":
            form.target_class.choose("moped")  # type: ignore[attr-defined]
        made(pane)
        shown = pane.lab.made
        assert shown is not None, pane.lab.error
        assert shown.state is State.DONE, pane.lab.error
        assert "frame" in shown.description.text
        assert shown.description.method in pane.facts.full_text
        assert pane.grid.has_picture
    pane.show_form("Maximise")


def test_a_style_is_mixed_by_sliders_from_files(pane: LabPane, tmp_path: Path) -> None:
    pane.show_form("Style")
    form = pane.form
    assert isinstance(form, StyleForm)
    for name, slot in (("waves", form.style_slot), ("sand", form.second)):
        Image.fromarray(np.random.default_rng(1).integers(0, 255, (40, 60, 3), np.uint8)).save(tmp_path / f"{name}.png")
        slot.open(str(tmp_path / f"{name}.png"))
    strip = form.mix.parentWidget()
    assert isinstance(strip, Controls)
    strip.more.setChecked(True)  # in a narrow pane the strip shows one line
    assert form.mix.isVisible()  # there are two to be mixed
    form.mix.setValue(25)
    form.weight.setValue(75)
    words = form.order().description.text
    assert "0.75 × waves.png + 0.25 × sand.png" in words
    assert "weight 10" in words
    form.style_slot.open(str(tmp_path / "missing.png"))  # told, and the one before stays
    assert "waves.png" in form.order().description.text
    form.style_slot.choose("current frame")
    form.second.choose("none")
    assert not form.mix.isVisible()
    strip.more.setChecked(False)
    pane.show_form("Maximise")


def show_kept(window: Window, kept: Session) -> None:
    """Show what a session file keeps of the lab."""
    part = next(one.session for one in window.context.get(Features) if one.name == "lab")
    assert part is not None
    assert part.restore(window.context, reopen(from_bytes(to_bytes(kept)), window.desk.model)) is None


def test_a_session_keeps_what_was_made(still: Window, pane: LabPane, tmp_path: Path) -> None:
    held = Held(steps=1)
    pane.lab.start(held.order)
    held.gate.release()
    wait_until(lambda: not pane.lab.running)
    shown = pane.lab.made
    assert shown is not None
    kept = current_session(still.context)
    save_made(str(tmp_path / "a.png"), shown)
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.text["words"] == shown.description.text  # type: ignore[attr-defined]
    pane.lab.undo()
    assert pane.lab.made is not shown
    show_kept(still, kept)
    assert pane.lab.made is not None
    assert np.array_equal(pane.lab.made.pictures, shown.pictures)


def test_a_figure_takes_what_was_made(still: Window, pane: LabPane) -> None:
    spec = PanelSpec(kind_named("made pictures"))
    while pane.lab.made is not None:
        pane.lab.undo()
    assert "Nothing has been made" in why_not(spec, sources_of(still.context))
    held = Held(steps=1)
    pane.lab.start(held.order)
    held.gate.release()
    wait_until(lambda: not pane.lab.running)
    captured = capture(spec, sources_of(still.context))
    assert "All that decides it." in captured.text
    assert captured.panel.names == ("one",)  # type: ignore[union-attr]


def test_a_film_takes_what_is_made_over_a_still_picture(still: Window, pane: LabPane, tmp_path: Path) -> None:
    told: list[FilmStatus] = []
    still.films.ended.connect(told.append)
    held = Held(steps=5)
    still.films.start(RecordingPlan(tmp_path / "lab.gif", "Lab", rate=10))
    pane.lab.start(held.order)
    for step in range(1, 6):
        held.gate.release()
        wait_until(lambda step=step: pane.lab.made is not None and pane.lab.made.sketch.step >= step)
        settle(150)  # of the film's own clock: the next frame is due
    still.films.stop()
    wait_until(lambda: told)
    assert told[0].frames >= 4, told[0]


def test_buttons_stay_where_they_are_whatever_is_said_above_them(pane: LabPane) -> None:
    before = pane.make.mapTo(pane, QPoint(0, 0))
    for said in ("short", " · ".join(f"a fact of some length, number {number}" for number in range(9)), ""):
        pane.facts.say(said)
        pane.facts.renew_now()
        settle()
        assert pane.make.mapTo(pane, QPoint(0, 0)) == before


def test_buttons_stay_where_they_are_when_it_is_paused(pane: LabPane) -> None:
    held = Held()
    pane.lab.start(held.order)
    settle()
    before = pane.cancel.geometry()
    pane.lab.pause()
    settle()
    assert pane.pause.text() == GO_ON
    assert pane.cancel.geometry() == before
    pane.lab.cancel()
    held.gate.release(6)
    wait_until(lambda: not pane.lab.running)


def test_in_large_type_the_pictures_keep_their_room(still: Window, pane: LabPane) -> None:
    held = Held(steps=1)
    description = replace(held.order.description, text="All that decides it. " * 30)
    held.order = replace(held.order, description=description)
    pane.lab.start(held.order)
    held.gate.release()
    wait_until(lambda: not pane.lab.running)
    still.desk.change(still.desk.view.change(presenter=True))
    settle()
    try:
        assert pane.grid.height() > pane.description.height()
        assert pane.description.geometry().bottom() <= pane.height()
    finally:
        still.desk.undo()
        settle()


@pytest.mark.parametrize("size", [(8, 8), (8, 40), (40, 8)])
def test_what_is_said_of_a_cancelled_picture_is_not_written_over_its_name(
    pane: LabPane, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> None:
    held = Held(size=size)
    pane.lab.start(held.order)
    held.gate.release()
    wait_until(lambda: held.taken == 1)
    pane.lab.cancel()
    held.gate.release()
    wait_until(lambda: not pane.lab.running)
    assert pane.grid.stale
    named: list[float] = []
    monkeypatch.setattr(pane.grid, "_paint_name", lambda painter, area, name: named.append(area.bottom()))
    pane.grid.grab()
    assert named
    assert max(named) <= pane.grid.height() - pane.grid.fontMetrics().height()


def test_every_control_of_every_form_is_named_and_large_enough(still: Window, pane: LabPane) -> None:
    for title in pane.forms:
        pane.show_form(title)
        settle()
        for widget in controls(still):
            if pane.isAncestorOf(widget):
                assert any(letter.isalpha() for letter in widget.accessibleName()), describe(widget)
                assert widget.toolTip() or getattr(widget, "placeholderText", str)(), describe(widget)
                assert min(widget.width(), widget.height()) >= SMALLEST_TARGET, describe(widget)
    pane.show_form("Maximise")


def test_letters_in_a_field_are_text_and_no_keys(still: Window, pane: LabPane) -> None:
    choose(pane, Aim.CLASS)
    field = form_of(pane).class_field
    click(field, (10.0, 10.0))
    field.clear()
    field.setFocus(Qt.FocusReason.MouseFocusReason)
    before = still.desk.view
    QTest.keyClicks(field, "church")
    assert field.text() == "church"
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert field.index == 3
    assert still.desk.view == before
    assert "church" in pane.form.order().description.text
    field.clear()
    assert field.index == -1
    choose(pane, Aim.UNIT)


def test_what_the_maker_has_to_say_stands_first(pane: LabPane) -> None:
    held = Held(steps=1)
    note = "conv5:3 stayed silent: no picture was found that excites it."
    made = held.order.made(Sketch(1, 1, np.zeros((1, 8, 8, 3), np.uint8), np.zeros(1), (note,)))
    pane.lab.restore(made)
    assert pane.description.text().startswith(note)
    assert "All that decides it." in pane.description.text()


def test_what_an_undone_run_still_makes_is_not_shown(pane: LabPane) -> None:
    first = Held(2)
    first.gate.release(2)
    pane.lab.start(first.order)
    wait_until(lambda: not pane.lab.running)
    done = pane.lab.made
    second = Held(6)
    pane.lab.start(second.order)
    second.gate.release(1)
    wait_until(lambda: pane.lab.made is not done)
    pane.lab.undo()
    assert pane.lab.made is done
    second.gate.release(1)
    wait_until(lambda: second.taken == 2)
    settle(150)
    assert pane.lab.made is done


def test_a_session_without_a_picture_lets_the_run_go_on(still: Window, pane: LabPane) -> None:
    empty = current_session(still.context)
    assert "made" not in empty.kept
    held = Held(3)
    pane.lab.start(held.order)
    held.gate.release(1)
    wait_until(lambda: pane.lab.made is not None)
    show_kept(still, empty)
    assert pane.lab.running
    kept = pane.lab.kept
    assert kept is not None
    assert kept.state is State.CANCELLED  # what a session says of it, which is opened when nothing runs
    held.gate.release(2)
    wait_until(lambda: not pane.lab.running)
    assert pane.lab.made is not None
    assert pane.lab.made.state is State.DONE
