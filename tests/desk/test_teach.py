"""Teaching in real windows: keys held while something moves, and the window answers with the user's classes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from desk_hands import (
    PLAIN,
    HandSource,
    change,
    click,
    press_mouse,
    release_mouse,
    show_picture,
    view_of,
    wait_for_result,
)
from desk_tools import PATIENCE, press, settle, small_model, wait_until
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QKeyEvent
from PySide6.QtWidgets import QApplication, QFileDialog

import zfdesk.engine as zf
from zfdesk.desk.state import AppState
from zfdesk.desk.teach import classifier as classifier_module
from zfdesk.desk.teach import commands
from zfdesk.desk.teach import controller as controller_module
from zfdesk.desk.teach import files as teaching_files
from zfdesk.desk.teach.commands import import_classes
from zfdesk.desk.teach.pane import estimate_text
from zfdesk.engine import Occluder
from zfdesk.experiments.layer_features import features
from zfdesk.experiments.linear_classifier import fit_softmax
from zfdesk.live import ClassSet, Sample, UnitReference
from zfdesk.live import class_set as class_set
from zfdesk.session import from_bytes, moment_of, reopen, to_bytes
from zfdesk.session.content import Session
from zfdesk.weights import store

KEYS = (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_3)


def thing(kind: int, moment: int, side: int = 48) -> np.ndarray:
    """One of three things that move: a disc, stripes, and nothing but noise. No two moments are alike."""
    rng = np.random.default_rng(1000 * kind + moment)
    rows, columns = np.mgrid[:side, :side]
    picture = np.full((side, side, 3), 60.0)
    if kind == 0:
        y, x = rng.uniform(16, side - 16, 2)
        picture[(rows - y) ** 2 + (columns - x) ** 2 < 100] = (230, 120, 40)
    elif kind == 1:
        lines = (columns + int(rng.integers(0, 8))) // 4 % 2 == 1
        picture[lines] = (40, 200, 220)
    return np.clip(picture + rng.normal(0, 12, picture.shape), 0, 255).astype(np.uint8)


class Stage:
    """Shows one thing after the other, a new moment at every frame, from the test's own hand."""

    def __init__(self, window: Window) -> None:
        self.window, self.moment = window, 0
        self.source = HandSource()
        window.desk.worker.start()
        window.desk.open_made(self.source)

    def show(self, kind: int) -> None:
        """One more frame, until it is the one on screen."""
        self.moment += 1
        frame = self.source.give(thing(kind, self.moment))
        wait_for_result(self.window.desk, lambda result: result.request.frame is frame)

    def hold(self, kind: int, frames: int = 4, key: int | None = None) -> None:
        """Show a thing, and hold its key for so many frames."""
        self.show(kind)
        send_key(self.window, QEvent.Type.KeyPress, KEYS[kind if key is None else key])
        for _ in range(frames - 1):
            self.show(kind)
        send_key(self.window, QEvent.Type.KeyRelease, KEYS[kind if key is None else key])


def send_key(window: Window, kind: QEvent.Type, key: Qt.Key, repeated: bool = False) -> None:
    event = QKeyEvent(kind, key, PLAIN, chr(key), repeated)
    QApplication.sendEvent(QApplication.focusWidget() or window, event)
    if kind == QEvent.Type.KeyRelease and not repeated:
        wait_until(lambda: window.teach.keys.held is None)  # a press of auto-repeat might follow


@pytest.fixture
def stage(window: Window) -> Stage:
    """The pane in front with three classes, and a source by hand."""
    stage = Stage(window)
    stage.show(2)
    window.run("teach")
    settle()
    wait_until(lambda: window.desk.result is not None and window.desk.result.features is not None)
    for name in ("disc", "stripes", "nothing"):
        window.teaching.add(name)
    window.teach.setFocus()
    settle()
    return stage


def counts(window: Window) -> list[int]:
    return [len(known.samples) for known in window.teaching.class_set.classes]


def taught(window: Window) -> None:
    """Wait until all that there is has been taught and answers."""
    teaching = window.teaching
    wait_until(lambda: teaching.in_use and teaching.up_to_date)
    wait_for_result(window.desk)


def teach_all(stage: Stage, holds: int = 2) -> None:
    for _ in range(holds):
        for kind in range(3):
            stage.hold(kind)
    taught(stage.window)


# Held, and taught


def test_held_keys_teach_it_and_unseen_frames_are_answered(stage: Stage) -> None:
    window = stage.window
    teach_all(stage)
    assert counts(window) == [8, 8, 8]
    model = window.desk.model
    assert model.classes == ("disc", "stripes", "nothing")
    right = 0
    for moment in range(5):
        for kind in range(3):
            stage.show(kind)
            right += int(window.desk.result.probabilities.argmax()) == kind
            bars = [row.index for row in window.classes.bars.rows]
            assert sorted(bars) == [0, 1, 2], moment
    assert right >= 14
    window.show_facts()
    settle(150)
    assert "Taught 3 classes with 24 pictures" in window.teach.state_line.full_text
    row = window.teach.rows[int(window.desk.result.probabilities.argmax())]
    assert row.answer.value == pytest.approx(float(window.desk.result.probabilities.max()))


def test_features_are_the_workers_own_and_no_pass_is_run_twice(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    window = stage.window

    def refuse(*_: object) -> None:
        raise AssertionError("features were computed a second time")

    monkeypatch.setattr(classifier_module, "features", refuse)
    teach_all(stage, holds=1)
    teaching = window.teaching
    samples = teaching.class_set.samples()
    own = np.stack([teaching.features[sample] for sample in samples])
    computed = features(teaching.base, [sample.picture for sample in samples]).numpy()
    np.testing.assert_allclose(own, computed, atol=1e-3, rtol=1e-3)
    # and the network that answers is the one that they teach
    labels = torch.arange(3).repeat_interleave(4)
    classifier = fit_softmax(torch.from_numpy(own), labels)
    wanted = classifier.probabilities(torch.from_numpy(computed)).numpy()
    seen = window.desk.model.forward(np.stack([sample.picture for sample in samples])).probabilities.numpy()
    np.testing.assert_allclose(seen, wanted, atol=1e-3)


def test_while_a_key_repeats_nothing_begins_anew_and_on_letting_go_it_ends(stage: Stage) -> None:
    window = stage.window
    stage.show(0)
    send_key(window, QEvent.Type.KeyPress, KEYS[0])
    stage.show(0)
    for _ in range(3):
        send_key(window, QEvent.Type.KeyRelease, KEYS[0], repeated=True)
        send_key(window, QEvent.Type.KeyPress, KEYS[0], repeated=True)
    stage.show(0)
    assert window.teaching.burst_class == 0
    assert "●" in window.teach.rows[0].hold_button.text()
    hint = window.teach.hint
    hint.renew_now()
    hint.resize(415, hint.height())  # as in a window of 1440 pixels
    assert hint.text().split() == hint.full_text.split()
    assert "let go" in hint.full_text
    send_key(window, QEvent.Type.KeyRelease, KEYS[0])
    stage.show(0)
    assert counts(window) == [3, 0, 0]
    assert len({sample.burst for sample in window.teaching.class_set.samples()}) == 1


def test_the_digits_are_actions_again_where_the_pane_has_not_the_focus(stage: Stage) -> None:
    window = stage.window
    before = view_of(window).timings
    window.picture.canvas.setFocus()
    press(window.picture.canvas, Qt.Key.Key_5)
    assert view_of(window).timings != before
    window.teach.setFocus()
    for name in ("a", "b"):
        window.teaching.add(name)
    press(window.teach, Qt.Key.Key_5)  # the fifth class
    assert view_of(window).timings != before
    assert counts(window) == [0, 0, 0, 0, 1]
    press(window.teach, Qt.Key.Key_8)  # no eighth class: the action
    assert not view_of(window).labels


def test_a_key_that_is_let_go_elsewhere_ends_the_hold(stage: Stage) -> None:
    window = stage.window
    send_key(window, QEvent.Type.KeyPress, KEYS[1])
    assert window.teaching.burst_class == 1
    window.picture.canvas.setFocus()
    assert window.teaching.burst_class is None


def test_a_button_held_with_the_mouse_takes_pictures(stage: Stage) -> None:
    window = stage.window
    button = window.teach.rows[1].hold_button
    assert button.isVisible()
    middle = QPointF(button.rect().center())
    stage.show(1)
    press_mouse(button, middle)
    stage.show(1)
    stage.show(1)
    release_mouse(button, middle)
    stage.show(1)
    assert counts(window) == [0, 3, 0]


def test_on_a_still_picture_each_press_takes_one(stage: Stage) -> None:
    window = stage.window
    stage.show(0)
    for pressed in range(1, 4):
        send_key(window, QEvent.Type.KeyPress, KEYS[0])
        settle(30)
        send_key(window, QEvent.Type.KeyRelease, KEYS[0])
        assert counts(window) == [pressed, 0, 0]
    stage.show(1)
    window.teaching.choose(1)
    window.run("teach-take")
    assert counts(window) == [3, 1, 0]


def test_a_press_before_anything_is_shown_gets_the_next_picture(stage: Stage) -> None:
    """As while another network is being put to use."""
    window = stage.window
    window.desk.result = None
    send_key(window, QEvent.Type.KeyPress, KEYS[0])
    send_key(window, QEvent.Type.KeyRelease, KEYS[0])
    assert counts(window) == [0, 0, 0]
    stage.show(0)
    stage.show(0)
    assert counts(window) == [1, 0, 0]
    window.desk.result = None
    window.run("teach-take")
    window.run("teach-undo")  # forgets that
    assert counts(window) == [0, 0, 0]
    stage.show(0)
    assert counts(window) == [0, 0, 0]


def test_what_is_taught_is_the_crop_without_the_occluder(stage: Stage) -> None:
    window = stage.window
    change(window, occluders=(Occluder(8, 8, 20, 20),))
    stage.hold(0, 2)
    sample = window.teaching.class_set.samples()[0]
    result = window.desk.result
    assert result.occluded
    assert np.array_equal(window.teaching.class_set.samples()[-1].picture, result.clean)
    assert not np.array_equal(result.clean, result.picture)
    clean = features(window.desk.model, [sample.picture])[0].numpy()
    np.testing.assert_allclose(window.teaching.features[sample], clean, atol=1e-3, rtol=1e-3)
    window.teach.show_facts()
    settle(150)
    assert "the occluder is left out" in window.teach.facts.full_text


def test_it_begins_by_itself_and_again_when_there_is_more(stage: Stage) -> None:
    window, teaching = stage.window, stage.window.teaching
    stage.hold(0, 3)
    stage.hold(1, 2)
    settle(50)
    assert teaching.taught is None
    stage.hold(1, 1)
    taught(window)
    assert window.desk.model.classes == ("disc", "stripes")  # the third has no pictures yet
    first = teaching.taught
    stage.hold(2, 3)
    taught(window)
    assert teaching.taught is not first
    assert len(window.desk.model.classes) == 3
    assert window.desk.model.sha256 != first.model.sha256


def test_occluder_sweep_and_reconstruction_speak_of_the_new_classes(stage: Stage) -> None:
    window = stage.window
    teach_all(stage, holds=1)
    result = change(window, occluders=(Occluder(8, 8, 12, 12),), layer="fc8", unit=2, pins=(UnitReference("prob", 1),))
    assert result.occluded
    assert len(result.probabilities) == 3
    assert result.clean_probabilities.tolist() != result.probabilities.tolist()
    window.docks[window.unit].raise_()
    result = wait_for_result(window.desk, lambda found: bool(found.unit and found.unit.pictures))
    assert float(np.abs(next(iter(result.unit.pictures.values())).reconstruction.values).max()) > 0
    window.run("sweep")
    wait_until(lambda: window.sweeps.swept is not None and not window.sweeps.running)
    swept = window.sweeps.swept.sweep
    assert swept.model is window.desk.model
    assert len(swept.clean_probabilities) == 3


# The estimate


def test_the_estimate_leaves_whole_holds_out_and_says_so(stage: Stage) -> None:
    window, teaching = stage.window, stage.window.teaching
    for kind in range(3):
        stage.hold(kind, 3)
    taught(window)
    assert teaching.taught.left_out is None
    assert "hold each key a second time" in estimate_text(teaching.taught)
    for kind in range(2):
        stage.hold(kind, 3)
    taught(window)
    assert teaching.taught.left_out.tried == (6, 6, 0)
    words = estimate_text(teaching.taught)
    assert words.startswith("Estimate: ")
    assert "of 12 pictures told rightly, each hold left out in turn" in words
    assert "near-copies" in words
    assert "1 held once only: not tried" in words


# The classes


def test_every_step_is_an_action_and_can_be_taken_back(stage: Stage) -> None:
    window, teaching = stage.window, stage.window.teaching

    def names() -> list[str]:
        return [known.name for known in teaching.class_set.classes]

    teaching.choose(1)
    window.run("teach-up")
    assert names() == ["stripes", "disc", "nothing"]
    assert teaching.chosen == 0
    window.run("teach-down")
    window.run("teach-next")
    assert teaching.chosen == 2
    window.run("teach-remove")
    assert names() == ["disc", "stripes"]
    window.run("teach-background")
    assert names() == ["disc", "stripes", "nothing"]
    window.run("teach-add")
    assert names()[-1] == "class 1"
    assert QApplication.focusWidget() is window.teach.rows[-1].name
    for letter in (Qt.Key.Key_F, Qt.Key.Key_5, Qt.Key.Key_Return):
        press(QApplication.focusWidget(), letter)  # text, neither an action nor a hold
    assert names()[-1] == "f5"
    assert not view_of(window).frozen
    assert QApplication.focusWidget() is window.teach
    window.run("teach-clear")
    assert names() == []
    assert window.teach.pages.currentIndex() == 0
    window.run("teach-undo")
    assert names() == ["disc", "stripes", "nothing", "f5"]
    steps = 0
    while teaching.can_undo:
        window.run("teach-undo")
        steps += 1
    assert names() == []
    assert steps == 9


def test_a_name_that_is_taken_is_told_and_the_old_one_stays(stage: Stage) -> None:
    window, said = stage.window, []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    field = window.teach.rows[1].name
    field.setFocus()
    field.selectAll()
    for letter in "DISC":
        press(field, Qt.Key(ord(letter)))
    press(field, Qt.Key.Key_Return)
    assert said == [("There is a class called “disc” already.", True)]
    assert window.teaching.class_set.classes[1].name == "stripes"
    assert field.text() == "stripes"


def test_a_picture_is_dropped_by_click_or_key_and_a_hold_by_undo(stage: Stage) -> None:
    window, teaching = stage.window, stage.window.teaching
    stage.hold(0, 4)
    stage.hold(0, 2)
    strip = window.teach.rows[0].strip
    settle()
    place, rect = strip.places()[1]
    gone = strip.samples[place]
    click(strip, rect.center())
    assert gone not in teaching.class_set.classes[0].samples
    assert counts(window)[0] == 5
    window.run("teach-undo")
    assert gone in teaching.class_set.classes[0].samples
    strip.setFocus()
    press(strip, Qt.Key.Key_Left)
    press(strip, Qt.Key.Key_Delete)  # not the occluder
    assert counts(window)[0] == 5
    assert teaching.class_set.classes[0].samples[-1] is strip.samples[-1]
    window.run("teach-undo")
    window.run("teach-undo")
    assert counts(window)[0] == 4  # without the second hold
    window.run("teach-drop")
    assert counts(window)[0] == 0  # all within two seconds


def test_it_is_full_at_some_point_and_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    window, said = stage.window, []
    window.desk.message.connect(lambda sentence, trouble: said.append(sentence))
    monkeypatch.setattr(class_set, "MOST_PICTURES", 3)
    stage.hold(0, 5)
    assert counts(window)[0] == 3
    assert any("all there is room for" in sentence for sentence in said)
    assert window.teaching.burst_class is None


# Which network


def test_one_key_leads_to_the_original_network_and_back(stage: Stage) -> None:
    window, original = stage.window, stage.window.desk.model
    change(window, watched=(3,), pins=(UnitReference("conv4", 2),))
    teach_all(stage, holds=1)
    mine = window.desk.model
    assert view_of(window).pins == (UnitReference("conv4", 2),)  # below the classifier nothing has changed
    assert view_of(window).watched == ()
    change(window, watched=(1,))
    press(window.teach, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    assert window.desk.model is original
    assert view_of(window).watched == (3,)
    assert not window.actions_by_id["teach-original"].isChecked()
    assert wait_for_result(window.desk).probabilities.shape == (5,)
    press(window.teach, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    assert window.desk.model is mine
    assert view_of(window).watched == (1,)
    assert window.actions_by_id["teach-original"].isChecked()


def test_while_the_original_answers_more_pictures_bring_the_classes_back(stage: Stage) -> None:
    window = stage.window
    teach_all(stage, holds=1)
    window.run("teach-original")
    assert not window.teaching.in_use
    stage.hold(0, 2)
    taught(window)
    assert window.teaching.taught.pictures == 14


def test_with_fewer_than_two_classes_the_original_answers_and_a_step_back_brings_them_again(stage: Stage) -> None:
    window, teaching, original = stage.window, stage.window.teaching, stage.window.desk.model
    stage.hold(0)
    stage.hold(1)
    taught(window)
    mine, before = window.desk.model, teaching.taught
    change(window, watched=(1,))
    window.run("teach-clear")
    assert window.desk.model is original
    assert wait_for_result(window.desk).probabilities.shape == (5,)
    words = "small answers again: it takes two classes with 3 pictures each."
    settle(150)
    assert window.teach.state_line.full_text == words
    assert not window.teach.buttons["teach-save"].isEnabled()
    window.teaching.add("cup")
    stage.hold(0)
    settle(150)
    assert window.desk.model is original
    assert window.teach.state_line.full_text == words
    while not teaching.class_set.pictures or teaching.class_set.classes[0].name == "cup":
        window.run("teach-undo")
    assert window.desk.model is mine  # at once, without being taught anew
    assert teaching.taught is before
    assert view_of(window).watched == (1,)
    assert teaching.up_to_date
    window.run("teach-undo")  # without the second class's pictures
    assert window.desk.model is original
    stage.hold(1)
    taught(window)
    assert window.desk.model.classes == ("disc", "stripes")


def test_classes_forgotten_while_the_original_answers_come_back_as_they_were(stage: Stage) -> None:
    window, teaching, original = stage.window, stage.window.teaching, stage.window.desk.model
    teach_all(stage, holds=1)
    before = teaching.taught
    window.run("teach-original")
    window.run("teach-clear")
    assert teaching.taught is None
    window.run("teach-undo")
    assert teaching.taught is before
    assert window.desk.model is original


def held_back(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Teaching waits in the middle: (set once it has begun, to be set for it to go on)."""
    begun, go_on = threading.Event(), threading.Event()
    real = controller_module.teach

    def slow(*given: object) -> object:
        begun.set()
        go_on.wait(PATIENCE)
        return real(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(controller_module, "teach", slow)
    return begun, go_on


def test_what_is_forgotten_while_it_is_being_taught_is_not_put_to_use(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, teaching, original = stage.window, stage.window.teaching, stage.window.desk.model
    begun, go_on = held_back(monkeypatch)
    stage.hold(0)
    stage.hold(1, 3)  # no more than are being taught with
    wait_until(begun.is_set)
    window.run("teach-clear")
    go_on.set()
    wait_until(lambda: not teaching.busy)
    assert window.desk.model is original
    assert teaching.taught is None
    window.run("teach-undo")
    assert window.desk.model.classes == ("disc", "stripes")


def test_undo_and_occluder_live_on_when_the_same_classes_are_taught_again(stage: Stage) -> None:
    window = stage.window
    teach_all(stage, holds=1)
    change(window, occluders=(Occluder(8, 8, 12, 12),), layer="conv4", unit=3, watched=(2,))
    before = view_of(window)
    stage.hold(1, 2)
    taught(window)
    assert view_of(window) == before
    window.run("undo")
    assert view_of(window).occluders == ()


def test_another_network_keeps_the_pictures_and_is_taught_for_when_it_is_wanted(stage: Stage) -> None:
    window, teaching = stage.window, stage.window.teaching
    teach_all(stage, holds=1)
    layers = (
        zf.Conv("conv1", 6, 5, 2), zf.ReLU("relu1"), zf.Linear("fc7", 20), zf.ReLU("relu7"), zf.Linear("out", 4),
        zf.Softmax("p"),
    )  # fmt: skip
    other = replace(zf.random_model(zf.Architecture("other", "Another", layers, 40), 1), name="other")
    send_key(window, QEvent.Type.KeyPress, KEYS[0])
    window.desk.use_model(other)  # in the middle of a hold
    assert teaching.burst_class is None
    wait_until(lambda: teaching.taught is not None and teaching.up_to_date)
    assert window.desk.model is other  # as it was chosen
    assert counts(window)[1:] == [4, 4]
    assert teaching.taught.model.body is other
    window.run("teach-original")
    assert window.desk.model.classes == ("disc", "stripes", "nothing")
    wait_for_result(window.desk)
    stage.hold(0, 2)
    taught(window)
    assert not window.desk.worker.failures


def test_a_network_without_a_classifier_says_so(window: Window) -> None:
    layers = (zf.Conv("conv1", 6, 5, 2), zf.ReLU("relu1"), zf.Conv("conv2", 3, 14), zf.Softmax("p"))
    window.desk.use_model(replace(zf.random_model(zf.Architecture("maps", "Maps", layers, 32), 1), name="maps"))
    said: list[str] = []
    window.desk.message.connect(lambda sentence, trouble: said.append(sentence))
    show_picture(window)
    window.run("teach")
    wait_for_result(window.desk)
    window.teaching.add("cup")
    window.run("teach-take")
    assert said[-1] == "maps has no classifier that could be taught anew."
    window.teach.show_facts()
    settle(150)
    assert "cannot be taught" in window.teach.facts.full_text


# Files


@pytest.fixture
def declared(window: Window, monkeypatch: pytest.MonkeyPatch) -> Window:
    """The small network as one that a weights file may name."""
    architecture = window.desk.model.architecture

    def declare(classes: int = 5) -> zf.Architecture:
        return small_model(tuple(f"c{index}" for index in range(classes))).architecture

    assert declare() == architecture
    monkeypatch.setitem(zf.ARCHITECTURES, "small", declare)
    return window


def test_it_is_kept_as_weights_and_a_session_finds_it_again(
    declared: Window, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, said = stage.window, []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    teach_all(stage, holds=1)
    unsaved = to_bytes(Session(moment_of(window.desk.complete)))
    monkeypatch.setattr(commands, "ask_for_text", lambda *_: "mine")
    window.run("teach-save")
    wait_until(lambda: window.desk.model.name == "mine")
    assert said[-1] == ("Kept as mine: it is in the list of weights from now on.", False)
    entry = next(entry for entry in store.list_weights() if entry.name == "mine")
    assert entry.classes == 3
    assert "its softmax taught on 3 classes, 12 pictures" in entry.provenance
    assert window.desk.model.sha256 == entry.sha256
    result = wait_for_result(window.desk)
    saved = from_bytes(to_bytes(Session(moment_of(result))))
    again = reopen(saved, small_model())
    assert again.notes == ()
    assert again.model.classes == ("disc", "stripes", "nothing")
    np.testing.assert_allclose(again.result.probabilities, result.probabilities, atol=1e-5)
    # one of before it was kept, or where the weights are not there, says in words what differs
    notes = reopen(from_bytes(unsaved), small_model()).notes
    assert any("small taught 3 classes" in note and "not installed" in note for note in notes)
    entry.path.unlink()
    notes = reopen(saved, small_model()).notes
    assert any("the weights mine" in note and "not installed" in note for note in notes)
    monkeypatch.setattr(commands, "ask_for_text", lambda *_: "a/b")
    window.run("teach-save")
    wait_until(lambda: "is not a name for weights" in said[-1][0])


def test_what_is_shown_is_kept_against_a_crash_with_a_taught_network(stage: Stage, tmp_path: Path) -> None:
    from zfdesk.desk.session.autosave import Autosave
    from zfdesk.session import load_session

    window = stage.window
    teach_all(stage, holds=1)
    autosave = Autosave(window.context, tmp_path / "autosave")
    autosave.start()
    autosave.look()
    wait_until(lambda: autosave.path.exists() and not autosave.busy)
    told = load_session(autosave.path).moment.network
    assert (told.classes, told.sha256) == (3, window.desk.model.sha256)
    autosave.close()


def test_a_class_without_pictures_is_not_saved(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    window, said = stage.window, []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *_: pytest.fail("a folder is asked")))
    window.run("teach-add")
    window.run("teach-export")
    assert said[-1] == ("There are no pictures to save yet.", True)


def test_pictures_go_into_a_folder_of_classes_and_back(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, teaching, said = stage.window, stage.window.teaching, []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    folder = tmp_path / "things"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", staticmethod(lambda *_: str(folder)))
    teach_all(stage)
    window.run("teach-export")
    wait_until(lambda: said and said[-1][0].startswith("Saved 24 pictures"))
    assert sorted(path.name for path in folder.iterdir()) == ["classes.json", "disc", "nothing", "stripes"]
    before = teaching.class_set
    window.run("teach-export")  # once more: nothing is written over
    wait_until(lambda: said[-1][1])
    assert "not empty" in said[-1][0]
    (folder / "disc" / "broken.png").write_bytes(b"no picture")
    window.run("teach-clear")
    window.run("teach-import")
    wait_until(lambda: bool(teaching.class_set.classes))
    assert said[-1][0].startswith("Added 24 pictures of 3 classes. ")
    assert "broken.png" in said[-1][0]
    names = [known.name for known in teaching.class_set.classes]
    assert names == ["disc", "stripes", "nothing"]  # in the order of their keys
    for known in teaching.class_set.classes:
        old = next(other for other in before.classes if other.name == known.name)
        assert [sample.picture.tobytes() for sample in known.samples] == [
            sample.picture.tobytes() for sample in old.samples
        ]
        assert len({sample.burst for sample in known.samples}) == 2  # still what was held together
    taught(window)
    assert window.desk.model.classes == ("disc", "stripes", "nothing")


def test_a_folder_without_classes_is_told(stage: Stage, tmp_path: Path) -> None:
    window, said = stage.window, []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    before = window.teaching.class_set
    for folder, words in ((tmp_path, "no folders of pictures"), (tmp_path / "gone", "does not exist")):
        import_classes(window.context, folder)
        wait_until(lambda words=words: said and words in said[-1][0])  # type: ignore[misc]
    assert window.teaching.class_set == before


def drop(window: Window, index: int, data: QMimeData) -> None:
    row = window.teach.rows[index]
    actions, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    enter = QDragEnterEvent(QPointF(5, 5).toPoint(), actions, data, left, PLAIN)
    row.dragEnterEvent(enter)
    assert row.acceptDrops()
    assert enter.isAccepted()
    row.dropEvent(QDropEvent(QPointF(5, 5), actions, data, left, PLAIN))


def test_pictures_are_dropped_on_a_class(stage: Stage, tmp_path: Path) -> None:
    window, said = stage.window, []
    window.desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    for number in range(3):
        Image.fromarray(thing(0, 100 + number)).save(tmp_path / f"{number}.png")
    (tmp_path / "text.png").write_text("no picture")
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    drop(window, 0, data)
    wait_until(lambda: counts(window) == [3, 0, 0])
    assert "text.png" in said[-1][0]
    assert len({sample.burst for sample in window.teaching.class_set.samples()}) == 3
    size = window.desk.model.architecture.size
    pixels = thing(0, 101)
    wanted = zf.crop(pixels, view_of(window).crop.box(*pixels.shape[:2]), size)
    assert np.array_equal(window.teaching.class_set.classes[0].samples[1].picture, wanted)
    image = QMimeData()
    image.setImageData(QImage(thing(1, 5).tobytes(), 48, 48, 144, QImage.Format.Format_RGB888).copy())
    drop(window, 1, image)
    assert counts(window) == [3, 1, 0]
    words = QMimeData()
    words.setText("cup")
    window.teach.add_dropped(2, words)
    assert said[-1] == ("There is no picture in what was dropped.", True)


# The end


def test_closed_while_it_is_being_taught_nothing_is_left(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fixtures look for threads and timers."""
    begun, go_on = held_back(monkeypatch)
    stage.hold(0, 3)
    stage.hold(1, 3)
    wait_until(begun.is_set)
    assert stage.window.teaching.busy
    stage.window.close()
    go_on.set()
    settle(100)
    assert stage.window.teaching.taught is None


def test_a_lesson_outlives_its_window(stage: Stage) -> None:
    window, teaching = stage.window, stage.window.teaching
    assert window.teach.last.isHidden()
    window.run("teach-last")  # there is none yet
    teach_all(stage, holds=1)
    teaching.attempt(lambda: teaching.class_set.rename(0, "a/b: con"))
    before = teaching.class_set
    window.close()
    wait_until(lambda: teaching_files.last_classes_folder().is_dir())
    again = Window(AppState(small_model()), window.settings)
    again.show()
    again.run("teach")
    settle()
    assert again.teach.last.isVisible()
    click(again.teach.last, again.teach.last.rect().center().toPointF())
    kept = again.teaching
    wait_until(lambda: kept.class_set.pictures == before.pictures)
    assert [known.name for known in kept.class_set.classes] == ["a/b: con", "stripes", "nothing"]
    for known, old in zip(kept.class_set.classes, before.classes, strict=True):
        assert [sample.picture.tobytes() for sample in known.samples] == [
            sample.picture.tobytes() for sample in old.samples
        ]
    wait_until(lambda: kept.up_to_date and kept.in_use)
    again.close()
    again.deleteLater()
    again.desk.deleteLater()
    settle()


def test_what_cannot_be_kept_leaves_the_last_classes_folder_as_it_was(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ClassSet().add("cup", [Sample(thing(0, 1), 1, 0.0)])
    teaching_files.keep_last(first)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(teaching_files, "write_whole", full)
    teaching_files.keep_last(ClassSet().add("cat", [Sample(thing(1, 1), 1, 0.0)]))
    place = teaching_files.last_classes_folder()
    assert sorted(path.name for path in place.iterdir()) == ["classes.json", "cup"]
    assert sorted(path.name for path in place.parent.glob("*lesson*")) == ["lesson"]


# With the network that ships


@pytest.fixture
def moving(application: object, nothing_left: None, embedded: zf.Model, settings: object) -> Iterator[Stage]:
    desk = AppState(embedded)
    window = Window(desk, settings)  # type: ignore[arg-type]
    window.show()
    window.activateWindow()
    yield Stage(window)
    window.close()
    window.deleteLater()
    desk.deleteLater()
    settle()


def test_the_embedded_network_answers_within_seconds(moving: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    """Two things, eight frames each in two holds; from the last key that is let go to the first answer."""
    window = moving.window
    moving.show(0)
    window.run("teach")
    wait_until(lambda: window.desk.result is not None and window.desk.result.features is not None)
    for name in ("disc", "stripes"):
        window.teaching.add(name)
    window.teach.setFocus()
    for _ in range(2):
        for kind in range(2):
            moving.hold(kind)
    let_go = time.perf_counter()
    taught(window)
    waited = time.perf_counter() - let_go
    seconds = window.teaching.taught.seconds
    with capsys.disabled():
        print(f"\n  taught and answering {waited:.2f} s after the last key, {seconds:.2f} s of it teaching")
    assert waited < 10  # on a machine at rest 0.6 s
    for moment in range(3):
        for kind in range(2):
            moving.show(kind)
            assert int(window.desk.result.probabilities.argmax()) == kind, (moment, kind)
            assert float(window.desk.result.probabilities[kind]) > 0.8
    assert isinstance(window.teaching.class_set, ClassSet)
    assert isinstance(window.teaching.class_set.samples()[0], Sample)
