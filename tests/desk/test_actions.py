"""The one table of actions: its words and keys, and what each function makes of any view."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from desk_tools import close, press, wait_until
from desk_window import Window
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QCompleter, QDialog, QLineEdit, QMenu, QToolButton

import zfdesk.engine as zf
from zfdesk.desk.actions import CLEAN_KEY, Action, ViewContext, check
from zfdesk.desk.history import MERGE_SECONDS, History
from zfdesk.desk.state import AppState
from zfdesk.desk.window.features import ACTIONS
from zfdesk.desk.window.menus import KEYS_ONLY, MENUS, Menu, ValuesMenu
from zfdesk.engine import Architecture, Model, Occluder, Rule, SeedKind
from zfdesk.live import (
    Crop,
    CropMode,
    Demand,
    LayerSummary,
    MapsContent,
    Mosaic,
    Normalise,
    Request,
    Result,
    Style,
    UnitReference,
    View,
)
from zfdesk.live.changes import to_layer
from zfdesk.live.handles import LARGEST, SMALLEST
from zfdesk.live.view import MOST_PINS
from zfdesk.sources import Frame, SourceReference

CHANGES = tuple(action for action in ACTIONS if action.change is not None)
BY_ID = {action.id: action for action in ACTIONS}
SEQUENCES, STEPS = 2_000, 25


def networks() -> dict[str, Model]:
    """Every declared architecture, without weights: an action knows a network by its layers alone."""
    return {
        name: SimpleNamespace(  # type: ignore[misc]
            architecture=declare(), input=zf.InputSpec(), classes=tuple(f"class {i}" for i in range(1000))
        )
        for name, declare in zf.ARCHITECTURES.items()
    }


NETWORKS = networks()


# The table


def nothing(context: object) -> None:
    """Do nothing."""


def test_a_key_given_twice_is_an_error_that_names_both() -> None:
    one = Action("one", "One", ("Ctrl+1", "A"), "Menu", command=nothing)
    two = Action("two", "Two", ("A",), "Menu", command=nothing)
    with pytest.raises(ValueError, match=r"The key A is given to both one and two\."):
        check((one, two))
    check((one, replace(two, keys=("B",))))
    with pytest.raises(ValueError, match="Two actions are called one"):
        check((one, one))
    with pytest.raises(ValueError, match="needs either a change or a command"):
        check((replace(one, command=None),))
    with pytest.raises(ValueError, match="needs either a change or a command"):
        check((replace(one, change=lambda view, context: view),))
    with pytest.raises(ValueError, match=CLEAN_KEY):
        check((replace(one, keys=(CLEAN_KEY,)),))


def test_every_action_has_words_a_menu_and_a_key() -> None:
    assert len({action.text for action in ACTIONS}) == len(ACTIONS)
    for action in ACTIONS:
        assert action.text == action.text.strip()
        assert action.text[0].isupper()
        assert action.text[-1] not in ".:"
        assert action.menu
    without = [action.id for action in ACTIONS if not action.keys]
    assert len(without) <= len(ACTIONS) // 20, without


def test_every_key_is_a_key_and_no_two_are_the_same(application: object) -> None:
    seen: dict[str, str] = {QKeySequence(CLEAN_KEY).toString(): "hold-clean"}
    for action in ACTIONS:
        for key in action.keys:
            sequence = QKeySequence(key)
            assert sequence.count() == 1, (action.id, key)
            assert sequence[0].key() != Qt.Key.Key_unknown, (action.id, key)
            portable = sequence.toString(QKeySequence.SequenceFormat.PortableText)
            assert portable, (action.id, key)
            assert portable not in seen, f"{key}: {action.id} and {seen[portable]}"
            seen[portable] = action.id


def test_every_command_can_be_called_and_says_what_it_does() -> None:
    for action in ACTIONS:
        if action.command:
            assert callable(action.command), action.id
        assert action.text, action.id


def walk(menu: QMenu) -> Iterator[QAction]:
    """The entries of a menu and its submenus."""
    for entry in menu.actions():
        if entry.menu():
            yield from walk(entry.menu())
        elif not entry.isSeparator():
            yield entry


def test_every_action_stands_once_in_the_menus_but_moves_by_keys(window: Window) -> None:
    entries = [entry for top in window.menuBar().actions() for entry in walk(top.menu())]
    titles = [top.text().replace("&", "") for top in window.menuBar().actions()]
    assert titles == ["File", "Edit", "View", "Network", "Occluder", "Unit", "Teach", "Tools", "Help"]
    by_value = {values.action for menu in MENUS for values in submenus_of_values(menu)}
    for action in ACTIONS:
        made = window.actions_by_id[action.id]
        stands = 0 if action.id in by_value or action.id.startswith(KEYS_ONLY) else 1
        assert sum(entry is made for entry in entries) == stands, action.id
        assert made.text().replace("&", "") == action.text
        assert [key.toString() for key in made.shortcuts()] == [QKeySequence(key).toString() for key in action.keys]


def submenus_of_values(menu: Menu) -> Iterator[ValuesMenu]:
    """All of a menu, in its submenus too."""
    for item in menu.items:
        if isinstance(item, Menu):
            yield from submenus_of_values(item)
        elif isinstance(item, ValuesMenu):
            yield item


def test_submenus_of_values_mark_the_present_one_and_choose_another(window: Window) -> None:
    bar = {top.text(): top.menu() for top in window.menuBar().actions()}
    (method,) = (entry.menu() for entry in bar["&Unit"].actions() if entry.menu() and "Method" in entry.text())
    method.aboutToShow.emit()
    marked = [entry.text() for entry in method.actions() if entry.isChecked()]
    assert marked == ["deconvnet"]
    next(entry for entry in method.actions() if entry.text().startswith("gradient")).trigger()
    assert window.desk.view.method is zf.Rule.GRADIENT
    (shape,) = (entry.menu() for entry in bar["&Occluder"].actions() if entry.menu() and "Shape" in entry.text())
    shape.aboutToShow.emit()
    assert not any(entry.isEnabled() for entry in shape.actions())  # there is none to be shaped
    window.run("occluder")
    shape.aboutToShow.emit()
    next(entry for entry in shape.actions() if entry.text() == "ellipse").trigger()
    assert window.desk.view.occluders[0].shape is zf.OccluderShape.ELLIPSE


def test_buttons_of_the_toolbar_show_their_value(window: Window) -> None:
    def texts() -> list[str]:
        return [button.text() for button in window.toolbar.findChildren(QToolButton)]

    assert "Method: deconvnet" in texts()
    window.run("method-direct")
    assert "Method: guided backprop" in texts()


# Every change is a function from any view to a view


class Contexts:
    """Whatever an action may find: no result yet, one of this or of another layer, a mouse anywhere."""

    def __init__(self, rng: random.Random, model: Model) -> None:
        self.rng, self.model = rng, model
        self.architecture: Architecture = model.architecture

    def result(self, view: View) -> Result:
        rng, stages = self.rng, self.architecture.stages
        stage = rng.choice([self.architecture.stage(view.layer), rng.choice(stages)])
        count = stage.shape[0]
        units = np.roll(np.arange(count)[:: rng.choice([1, -1])], rng.randrange(count))
        units = units[: rng.choice([count, max(count // 2, 1)])]  # some may be hidden
        values = np.broadcast_to(np.float32(rng.choice([0.0, 3.5, -2.0])), (count, 1, 1))
        mosaic = Mosaic(
            stage.name, MapsContent.ACTIVATION, "", np.zeros((1, 1), np.uint8), values, units, 4, (1, 1), 1, 0.0, 1.0,
            rng.random() < 0.3, count,
        )  # fmt: skip
        layer_summaries = tuple(
            LayerSummary(s, np.zeros((1, 1), np.uint8), 0.0, 0.0, int(rng.random() * s.shape[0])) for s in stages
        )
        probabilities = np.zeros(self.architecture.classes, np.float32)
        probabilities[rng.randrange(len(probabilities))] = 1
        frame = Frame(np.zeros((4, 4, 3), np.uint8), 0, 0.0, "")
        return Result(
            Request(frame, view, Demand(), self.model), frame.pixels, frame.pixels, (0, 0, 4, 4), probabilities,
            probabilities, layer_summaries if rng.random() < 0.8 else (), mosaic if rng.random() < 0.8 else None,
        )  # fmt: skip

    def any(self, view: View) -> ViewContext:
        result = self.result(view) if self.rng.random() < 0.5 else None
        size = self.architecture.size
        inside = (self.rng.uniform(0, size), self.rng.uniform(0, size))
        mouse = self.rng.choice([None, inside, (-50.0, 10.0), (size + 0.5, 1e6)])
        return ViewContext(self.model, result, self.rng.choice([1, 3, 16]), mouse)


def check_view(view: View, architecture: Architecture) -> None:
    """What must hold of every view that can be reached."""
    hash(view)
    stage = architecture.stage(view.layer)
    assert 0 <= view.unit < stage.shape[0]
    assert -1 <= view.chosen_occluder < len(view.occluders)
    if view.position is not None:
        assert 0 <= view.position[0] < stage.shape[1]
        assert 0 <= view.position[1] < stage.shape[2]
    for occluder in view.occluders:
        assert SMALLEST <= occluder.height <= LARGEST
        assert SMALLEST <= occluder.width <= LARGEST
        assert occluder.top < architecture.size
        assert occluder.left < architecture.size
        assert occluder.top + occluder.height > 0
        assert occluder.left + occluder.width > 0
        assert occluder.shape is not zf.OccluderShape.SQUARE or occluder.height == occluder.width
    assert len(view.pins) <= MOST_PINS
    assert len(set(view.pins)) == len(view.pins)
    for reference in (*view.pins, view.looked_at):
        pinned = architecture.stage(reference.layer)
        assert 0 <= reference.unit < pinned.shape[0]
    assert len(set(view.watched)) == len(view.watched)
    assert all(0 <= index < architecture.classes for index in view.watched)
    assert 0.01 <= view.crop.side <= 5
    low, high = view.maps.locked
    assert low <= 0 < high
    assert view.theme in ("dark", "light")


def test_no_sequence_of_actions_leads_astray() -> None:
    rng = random.Random(2013)
    names = list(NETWORKS)
    used: set[str] = set()
    for turn in range(SEQUENCES):
        model = NETWORKS[names[turn % len(names)]]
        contexts, architecture = Contexts(rng, model), model.architecture
        stage = rng.choice(architecture.stages)
        view = View(layer=stage.name, unit=rng.randrange(stage.shape[0]))
        done: list[str] = []
        for _ in range(STEPS):
            action = rng.choice(CHANGES)
            context = contexts.any(view)
            done.append(action.id)
            if stage.spatial and rng.random() < 0.1:  # a click on a map
                shape = architecture.stage(view.layer).shape
                position = (rng.randrange(shape[1]), rng.randrange(shape[2]))
                view = view.change(seed=SeedKind.AT, position=position)
            before = hash(view)
            assert action.change is not None
            after = action.change(view, context)
            assert action.change(view, context) == after, f"{action.id} is not a function"
            assert hash(view) == before
            try:
                check_view(after, architecture)
            except AssertionError as error:
                raise AssertionError(f"{architecture.name}: {' '.join(done)}\n{after}") from error
            if after != view:
                used.add(action.id)
            view = after
    assert used == {action.id for action in CHANGES}  # none of them does nothing


@pytest.mark.parametrize("name", ["zfnet", "vgg16", "alexnet"])
def test_fast_moves_stop_at_both_ends_of_every_layer(name: str) -> None:
    model = NETWORKS[name]
    context = ViewContext(model, None, columns=16)
    for stage in model.architecture.stages:
        for ids, end in (
            (("unit-left-fast", "unit-up-fast", "unit-left", "unit-up"), 0),
            (("unit-right-fast", "unit-down-fast", "unit-right", "unit-down"), stage.shape[0] - 1),
        ):
            view = View(layer=stage.name, unit=min(1, stage.shape[0] - 1))
            for one in ids * (stage.shape[0] // 40 + 2):
                view = BY_ID[one].change(view, context)  # type: ignore[misc]
            assert view.unit == end
    view = View(layer="input")
    for _ in range(30):
        view = BY_ID["layer-down-fast"].change(view, context)  # type: ignore[misc]
    assert view.layer == model.architecture.stages[-1].name
    for _ in range(30):
        view = BY_ID["layer-up"].change(view, context)  # type: ignore[misc]
    assert view.layer == "input"


def test_units_are_walked_as_they_are_laid_out() -> None:
    """In a sorted grid the right neighbour is the next tile, not the next number; below is a row on."""
    contexts = Contexts(random.Random(1), NETWORKS["zfnet"])
    view = View(layer="conv5")
    result = replace(contexts.result(view), mosaic=None)
    units = np.array([7, 3, 250, 9, 1, 4])
    mosaic = Mosaic(
        "conv5", MapsContent.ACTIVATION, "", np.zeros((1, 1), np.uint8), np.zeros((256, 1, 1), np.float32), units, 3,
        (1, 1), 1, 0.0, 1.0, False, 6,
    )  # fmt: skip
    context = ViewContext(NETWORKS["zfnet"], replace(result, mosaic=mosaic), columns=3)
    for start, name, end in (
        (7, "right", 3), (3, "left", 7), (7, "down", 9), (9, "up", 7), (250, "down", 4), (4, "right", 4),
        (7, "left", 7), (99, "right", 3),  # one that is not shown walks on from the first tile
    ):  # fmt: skip
        after = BY_ID[f"unit-{name}"].change(view.change(unit=start), context)  # type: ignore[misc]
        assert after.unit == end, (start, name)


def test_another_layer_shows_its_strongest_unit() -> None:
    contexts = Contexts(random.Random(3), NETWORKS["zfnet"])
    view = View(layer="conv5", unit=200, position=(3, 3), seed=SeedKind.AT)
    result = contexts.result(view)
    while not result.layer_summaries:
        result = contexts.result(view)
    architecture = NETWORKS["zfnet"].architecture
    for stage in architecture.stages:
        after = to_layer(view, stage.name, architecture, result)
        if stage.name == "conv5":
            assert after == view
            continue
        strongest = next(
            layer_summary.strongest
            for layer_summary in result.layer_summaries
            if layer_summary.stage.name == stage.name
        )
        assert (after.layer, after.unit, after.position, after.seed) == (stage.name, strongest, None, SeedKind.MAX)
        assert to_layer(view, stage.name, architecture, None).unit == 0


def context() -> ViewContext:
    return ViewContext(NETWORKS["zfnet"], None, 16, (100.0, 60.0))


def do(view: View, *ids: str) -> View:
    """The view after some actions."""
    for one in ids:
        action = BY_ID[one]
        assert action.change is not None
        view = action.change(view, context())
    return view


def test_what_each_does() -> None:
    """One line an action that has a plain meaning; the others have tests of their own."""
    first = View()
    assert do(first, "freeze").frozen
    assert do(first, "freeze", "freeze") == first
    assert do(first, "mirror").mirrored
    assert do(first, "crop-stretch").crop.mode is CropMode.STRETCH
    assert do(first, "crop-stretch", "crop-stretch") == first
    assert do(first, "crop-fit").crop.mode is CropMode.FIT
    assert do(first, "crop-fit", "crop-centre") == first
    assert do(first, "crop-larger").crop.side == pytest.approx(Crop().side * 1.1)
    assert do(first, "crop-smaller").crop.side == pytest.approx(Crop().side / 1.1)
    assert do(first, "method-direct").method is Rule.GUIDED
    assert do(first, "style").style is Style.GRAY
    assert do(first, "gamma").maps.gamma == 0.3
    assert do(first, *["gamma"] * 4) == first
    assert do(first, "boost").maps.boost == 2
    assert do(first, "zoom").zoom == 1
    assert do(first, "theme").theme == "light"
    assert do(first, "theme", "theme") == first
    assert do(first, "presenter").presenter
    assert do(first, "maps-content").maps.content is MapsContent.CHANGE
    assert do(first, "hide-silent").maps.hide_dead
    assert do(first, "gamma", "boost", "order", "maps-default") == first
    assert do(first, "pattern").source == SourceReference("pattern")
    assert do(first, "pattern", "demo") == first
    assert do(first, "lrn").lrn_derivative
    loop = [do(first, *["method"] * times) for times in range(5)]
    assert [(v.method.value, v.style.value) for v in loop] == [
        ("deconvnet", "raw"), ("gradient", "raw"), ("gradient", "norm"), ("guided", "raw"), ("deconvnet", "raw"),
    ]  # fmt: skip


def test_occluders() -> None:
    first = View()
    one = do(first, "occluder")
    assert one.occluders == (Occluder(35, 75, 50, 50),)  # about the mouse
    assert one.chosen_occluder == 0
    assert do(one, "occluder") == first
    two = do(one, "occluder-fill", "occluder-larger", "occluder-add")
    assert len(two.occluders) == 2
    assert two.chosen_occluder == 1
    assert two.occluders[1].fill is two.occluders[0].fill is zf.OccluderFill.MEAN
    assert two.occluders[1].height == two.occluders[0].height == 55
    assert do(two, "occluder-remove").chosen_occluder == 0
    assert do(two, "occluder-remove", "occluder-remove") == first
    assert do(first, "occluder-remove", "nudge-left", "occluder-larger", "occluder-fill", "occluder-shape") == first
    for name, dy, dx in (("left", 0, -1), ("right", 0, 1), ("up", -1, 0), ("down", 1, 0)):
        for kind in ("nudge", "arrow"):
            moved, far = do(one, f"{kind}-{name}").occluders[0], do(one, f"{kind}-{name}-fast").occluders[0]
            assert (moved.top, moved.left) == (35 + dy, 75 + dx)
            assert (far.top, far.left) == (35 + 8 * dy, 75 + 8 * dx)
    shapes = [do(one, *["occluder-shape"] * times).occluders[0].shape.value for times in range(4)]
    assert shapes == ["square", "rectangle", "ellipse", "square"]


def test_the_arrows_belong_to_the_chosen_occluder_else_to_the_unit() -> None:
    one = do(View(unit=20), "occluder")
    assert do(one, "arrow-right").unit == 20
    let_go = one.change(chosen_occluder=-1)
    assert do(let_go, "arrow-right") == let_go.change(unit=21)
    assert do(let_go, "arrow-down-fast") == let_go.change(unit=20 + 3 * 16)


def test_pins_and_origin() -> None:
    view = View(layer="conv4", unit=7)
    pinned = do(view, "pin")
    assert pinned.pins == (UnitReference("conv4", 7),)
    assert do(pinned, "pin") == view
    for unit in range(20):
        view = do(view.change(unit=unit), "pin")
    assert [pin.unit for pin in view.pins] == list(range(12, 20))
    origin = do(View(layer="conv4", unit=7), "origin")
    assert origin.looked_at == UnitReference("conv4", 7)
    assert do(origin, "layer-up").looked_at == UnitReference("conv4", 7)
    assert do(origin, "origin").origin is None


def test_the_seed_of_what_is_looked_at_is_changed() -> None:
    """With an origin frozen it is the origin that is reconstructed, so its seed is the one that matters."""
    origin = do(View(layer="conv4", unit=7), "origin", "layer-up")
    assert do(origin, "seed").looked_at.seed is not origin.looked_at.seed


def test_locking_takes_over_the_range_that_is_shown() -> None:
    contexts = Contexts(random.Random(3), NETWORKS["zfnet"])
    result = contexts.result(View())
    values = np.full((256, 1, 1), -2.5, np.float32)
    for signed, locked in ((False, (0.0, 2.5)), (True, (-2.5, 2.5))):
        mosaic = replace(result.mosaic or Mosaic, values=values, signed=signed)  # type: ignore[type-var]
        shown = ViewContext(NETWORKS["zfnet"], replace(result, mosaic=mosaic))
        for one, before in (("lock", View()), ("normalise", View().change_maps(normalise=Normalise.UNIT))):
            view = BY_ID[one].change(before, shown)  # type: ignore[misc]
            assert view.maps.normalise is Normalise.LOCKED
            assert view.maps.locked == locked


def test_reset_keeps_what_is_not_of_the_view() -> None:
    rich = do(View(layer="conv2", unit=3), "occluder", "pin", "theme", "presenter", "crop-fit", "pattern", "zoom")
    rich = rich.change(watched=(4,))
    kept = View(
        source=rich.source,
        crop=Crop.centre_of(context().model),
        theme="light",
        presenter=True,
        pins=rich.pins,
        watched=(4,),
        layer="conv5",
    )
    assert do(rich, "reset") == kept


# Undo


@pytest.fixture
def quiet(desk: AppState, monkeypatch: pytest.MonkeyPatch) -> AppState:
    """A desk that opens no source and whose undo clock stands still."""
    monkeypatch.setattr(desk, "open", lambda reference: None)
    return desk


def test_undo_and_redo_restore_exactly_the_same_views(quiet: AppState) -> None:
    rng = random.Random(7)
    contexts = Contexts(rng, quiet.model)
    for _ in range(40):
        views = [quiet.view]
        for _ in range(30):
            view = rng.choice(CHANGES).change(quiet.view, contexts.any(quiet.view))  # type: ignore[misc]
            before = quiet.view
            quiet.change(view)
            if view != before:
                views.append(view)
        for view in reversed(views[:-1]):
            quiet.undo()
            assert quiet.view == view
        for view in views[1:]:
            quiet.redo()
            assert quiet.view == view
        quiet.redo()  # there is nothing more
        assert quiet.view == views[-1]
        back = rng.randrange(len(views))
        for _ in range(back):
            quiet.undo()
        quiet.change(quiet.view.change(timings=not quiet.view.timings))
        changed = quiet.view
        quiet.redo()  # a change after undo makes another future
        assert quiet.view == changed


def test_changes_of_one_kind_in_quick_succession_are_one_step(quiet: AppState, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [50.0]
    monkeypatch.setattr(quiet, "history", History(500, clock=lambda: now[0]))
    first = quiet.view
    for unit in (2, 3, 4):
        now[0] += MERGE_SECONDS / 2
        quiet.change(quiet.view.change(unit=unit), "unit")
    quiet.change(quiet.view.change(layer="conv4"), "layer")
    quiet.undo()
    assert quiet.view == first.change(unit=4)
    quiet.undo()
    assert quiet.view == first
    quiet.redo()
    quiet.change(quiet.view.change(unit=5), "unit")  # never merged with what undo went back to
    quiet.undo()
    assert quiet.view == first.change(unit=4)
    now[0] += MERGE_SECONDS * 1.1
    for unit in (6, 7):
        quiet.change(quiet.view.change(unit=unit), "unit")
        now[0] += MERGE_SECONDS * 1.1
    quiet.undo()
    assert quiet.view.unit == 6


def test_undo_goes_back_five_hundred_steps_and_says_when_it_cannot(quiet: AppState) -> None:
    first = quiet.view
    assert not quiet.can_undo
    quiet.undo()
    quiet.redo()
    assert quiet.view == first
    for number in range(600):
        quiet.change(quiet.view.change(top_k=number + 6))
    for _ in range(600):
        quiet.undo()
    assert not quiet.can_undo
    assert quiet.view.top_k == 105


# Keys in a real window


def test_a_key_does_what_the_table_says(window: Window) -> None:
    none, shift, control = (
        Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier, Qt.KeyboardModifier.ControlModifier,
    )  # fmt: skip
    first = window.desk.view
    for key, modifiers, field, value in (
        (Qt.Key.Key_U, none, "layer", "conv4"), (Qt.Key.Key_O, none, "layer", "pool5"),
        (Qt.Key.Key_L, none, "unit", 2), (Qt.Key.Key_L, shift, "unit", 4), (Qt.Key.Key_Right, none, "unit", 2),
        (Qt.Key.Key_F, none, "frozen", True), (Qt.Key.Key_N, none, "method", Rule.GUIDED),
        (Qt.Key.Key_M, control, "mirrored", True), (Qt.Key.Key_5, none, "timings", True),
        (Qt.Key.Key_P, control, "presenter", True), (Qt.Key.Key_0, none, "crop", Crop(CropMode.STRETCH)),
    ):  # fmt: skip
        press(window, key, modifiers)
        assert getattr(window.desk.view, field) == value, field
        press(window, Qt.Key.Key_Z, control)
        assert window.desk.view == first, field


def test_a_modal_dialog_has_all_keys_also_while_it_completes_what_is_typed(window: Window) -> None:
    """As Qt's dialog for files does: Return there chose the strongest unit, and the file was not taken."""
    window.activateWindow()
    before = window.desk.view
    dialog = QDialog(window, modal=True)
    field = QLineEdit(dialog)
    completer = QCompleter(["/pictures/cat.jpg"], field)
    field.setCompleter(completer)
    field.returnPressed.connect(dialog.accept)
    dialog.show()
    dialog.activateWindow()
    field.setFocus()
    wait_until(lambda: field.hasFocus())
    for key in (Qt.Key.Key_Slash, Qt.Key.Key_P):
        press(field, key)
    wait_until(lambda: completer.popup().isVisible())
    press(completer.popup(), Qt.Key.Key_Return)
    assert window.desk.view == before
    assert dialog.result() == QDialog.DialogCode.Accepted
    close(dialog)
    window.activateWindow()
    wait_until(lambda: window.isActiveWindow())
    press(window, Qt.Key.Key_F)
    assert window.desk.view.frozen


def test_check_marks_tell_the_truth(window: Window) -> None:
    """Also when the same is chosen twice, which changes nothing."""
    checkable = [action for action in ACTIONS if action.checked is not None and action.change is not None]
    for action in (*checkable, *checkable):
        for _ in range(2):
            window.actions_by_id[action.id].trigger()
            for other in checkable:
                assert other.checked is not None
                shown = window.actions_by_id[other.id].isChecked()
                assert shown == other.checked(window.desk.view, window.view_context()), (action.id, other.id)
