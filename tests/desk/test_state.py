"""The desk behind the window: sources that come late or not at all, undo, another network."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from desk_hands import HandSource, numbered_picture, up_to_date, wait_for_result
from desk_tools import PATIENCE, settle, wait_until

import zfdesk.engine as zf
from zfdesk.desk import state as state_module
from zfdesk.desk.state import AppState
from zfdesk.live import Crop, MapsContent, UnitOrder, UnitReference, View
from zfdesk.sources import Source, SourceError, SourceReference


class Doorman:
    """Stands in for `open_source`: each location opens when the test says so, and as it says."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.made: dict[str, HandSource] = {}
        self._changed = threading.Condition()
        self._answers: dict[str, str | BaseException] = {}

    def open_source(self, reference: SourceReference) -> Source:
        name = reference.location
        with self._changed:
            self.asked.append(name)
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: name in self._answers, PATIENCE)
            answer = self._answers[name]
        if isinstance(answer, BaseException):
            raise answer
        source = HandSource(name)
        source.reference = reference
        self.made[name] = source
        return source

    def let(self, name: str, error: BaseException | None = None) -> None:
        """Open it, or fail."""
        with self._changed:
            self._answers[name] = error or ""
            self._changed.notify_all()

    def wait_for(self, name: str) -> None:
        """Until somebody stands at the door with that name."""
        with self._changed:
            assert self._changed.wait_for(lambda: name in self.asked, PATIENCE)


def reference(name: str) -> SourceReference:
    return SourceReference("picture", name)


@pytest.fixture
def doorman(monkeypatch: pytest.MonkeyPatch) -> Doorman:
    doorman = Doorman()
    monkeypatch.setattr(state_module, "open_source", doorman.open_source)
    return doorman


@pytest.fixture
def running(desk: AppState, doorman: Doorman) -> AppState:
    """A desk that shows a picture from a source called "first"."""
    desk.view = desk.view.change(source=reference("first"))
    desk.update_worker()
    doorman.let("first")
    desk.start()
    wait_until(lambda: desk.source is not None)
    doorman.made["first"].give(numbered_picture(0))
    wait_for_result(desk)
    return desk


def wish(desk: AppState, name: str) -> None:
    desk.change(desk.view.change(source=reference(name)))


def told_by(desk: AppState) -> list[tuple[str, bool]]:
    said: list[tuple[str, bool]] = []
    desk.message.connect(lambda sentence, trouble: said.append((sentence, trouble)))
    return said


# Sources


def test_the_last_wish_wins_however_late_the_others_come(running: AppState, doorman: Doorman) -> None:
    for name in ("slow", "slower", "quick"):
        wish(running, name)
        doorman.wait_for(name)
    doorman.let("quick")
    wait_until(lambda: running.source is doorman.made.get("quick"))
    assert doorman.made["first"].stops == 1
    for name in ("slower", "slow"):
        doorman.let(name)
        wait_until(lambda name=name: name in doorman.made and doorman.made[name].stops == 1)
        assert doorman.made[name].starts == 0  # never begun, and its file or camera given back
    assert running.source is doorman.made["quick"]
    assert running.view.source == reference("quick")
    frame = doorman.made["quick"].give(numbered_picture(4))
    wait_for_result(running, lambda result: result.request.frame is frame)


def test_what_is_shown_stays_until_the_new_source_is_there(running: AppState, doorman: Doorman) -> None:
    shown = running.result
    wish(running, "slow")
    doorman.wait_for("slow")
    assert running.source is doorman.made["first"]
    frame = doorman.made["first"].give(numbered_picture(2))  # it even goes on
    wait_for_result(running, lambda result: result.request.frame is frame)
    doorman.let("slow")
    wait_until(lambda: running.source is doorman.made.get("slow"))
    assert running.result is not None
    assert running.result is not shown
    assert running.result.request.frame is frame


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (SourceError("bad.png is damaged."), "bad.png is damaged."),
        (RuntimeError("codec"), "bad could not be opened (RuntimeError: codec)."),
        (MemoryError(), "There is not enough memory."),
    ],
)
def test_a_source_that_cannot_be_opened_is_told_and_the_old_one_stays(
    running: AppState, doorman: Doorman, error: Exception, sentence: str
) -> None:
    said, before = told_by(running), running.view
    wish(running, "bad")
    doorman.let("bad", error)
    wait_until(lambda: said)
    assert said == [(sentence, True)]
    assert running.source is doorman.made["first"]
    assert doorman.made["first"].stops == 0
    assert running.view == before
    assert not running.can_undo  # there is nothing to take back
    running.undo()
    running.redo()
    settle()
    assert doorman.asked == ["first", "bad"]
    frame = doorman.made["first"].give(numbered_picture(3))
    wait_for_result(running, lambda result: result.request.frame is frame)


def test_a_view_changed_meanwhile_is_kept_when_the_source_fails(running: AppState, doorman: Doorman) -> None:
    said = told_by(running)
    wish(running, "bad")
    running.change(running.view.change(unit=5))
    doorman.let("bad", SourceError("It is gone."))
    wait_until(lambda: said)
    assert running.view.unit == 5
    assert running.view.source == reference("first")
    result = wait_for_result(running)
    assert result.request.view.source == reference("first")


def test_only_the_source_in_use_is_heard(running: AppState, doorman: Doorman) -> None:
    said = told_by(running)
    first = doorman.made["first"]
    first.tell("The camera is gone.")
    wait_until(lambda: said)
    assert said == [("The camera is gone.", True)]
    doorman.let("second")
    wish(running, "second")
    wait_until(lambda: running.source is doorman.made.get("second"))
    first.tell("The camera is gone once more.")
    settle(20)
    assert len(said) == 1


def test_closed_while_a_source_opens(running: AppState, doorman: Doorman) -> None:
    wish(running, "slow")
    doorman.wait_for("slow")
    running.close()
    doorman.let("slow")
    wait_until(lambda: "slow" in doorman.made and doorman.made["slow"].stops == 1)
    settle()
    assert doorman.made["slow"].starts == 0
    assert doorman.made["first"].stops == 1


def test_a_new_source_ends_a_frozen_frame(running: AppState, doorman: Doorman) -> None:
    running.change(running.view.change(frozen=True))
    doorman.made["first"].give(numbered_picture(5))
    doorman.let("second")
    wish(running, "second")
    wait_until(lambda: running.source is doorman.made.get("second"))
    assert not running.view.frozen
    for number in (6, 7):
        frame = doorman.made["second"].give(numbered_picture(number))
        wait_for_result(running, lambda result, frame=frame: result.request.frame is frame)


def test_undo_of_another_source_opens_the_one_before(running: AppState, doorman: Doorman) -> None:
    doorman.let("second")
    wish(running, "second")
    wait_until(lambda: running.source is doorman.made.get("second"))
    second, first = doorman.made["second"], doorman.made["first"]
    running.undo()
    wait_until(lambda: running.source is not second)
    assert running.view.source == reference("first")
    assert running.source is doorman.made["first"] is not first
    assert second.stops == 1


def test_the_same_source_again_begins_anew(running: AppState, doorman: Doorman) -> None:
    first = doorman.made["first"]
    running.open(reference("first"))
    wait_until(lambda: running.source is not first)
    assert first.stops == 1
    assert running.source is doorman.made["first"]
    assert doorman.made["first"].starts == 1


def test_fifty_wishes_in_a_row(running: AppState, doorman: Doorman) -> None:
    for number in range(50):
        doorman.let(f"n{number}", None if number % 3 else SourceError(f"n{number} is bad."))
    for number in range(50):
        wish(running, f"n{number}")
        if number % 7 == 0:
            settle()
    wait_until(lambda: running.source is doorman.made.get("n49"))
    wait_until(lambda: not [t for t in threading.enumerate() if t.name == "zfdesk open"])
    settle()
    assert running.source is doorman.made["n49"]
    assert running.view.source == reference("n49")
    for name, source in doorman.made.items():
        assert source.starts - source.stops == (1 if name == "n49" else 0) or source.starts == 0, name


# Another network


@pytest.fixture(scope="module")
def alexnet() -> zf.Model:
    return zf.random_model(zf.ARCHITECTURES["alexnet"](20), 1)


def other_model(layers: tuple[str, ...] = ("first", "conv5"), units: int = 3, classes: int = 4) -> zf.Model:
    """A small network with other layers, fewer units and fewer classes."""
    declared: list[zf.layers.LayerSpec] = []
    for name in layers:
        declared += [zf.Conv(name, units, 3, 1, 1), zf.ReLU(f"relu {name}"), zf.MaxPool(f"pool {name}", 2, 2)]
    declared += [zf.Linear("out", classes), zf.Softmax("probability")]
    return zf.random_model(zf.Architecture("other", "Another network", tuple(declared), 32), 1)


RICH: dict[str, object] = {
    "layer": "conv5", "unit": 11, "position": (3, 3), "seed": zf.SeedKind.AT, "watched": (4, 1),
    "pins": (UnitReference("conv4", 20),), "origin": UnitReference("fc8", 4), "occluders": (zf.Occluder(3, 4, 5, 6),),
    "chosen_occluder": 0, "top_k": 9,
}  # fmt: skip


def test_another_network_moves_the_view_to_what_it_has(running: AppState) -> None:
    running.change(running.view.change(**RICH))
    wait_for_result(running)
    heard: list[str] = []
    running.model_changed.connect(lambda: heard.append("model"))
    model = other_model()
    running.use_model(model)
    assert heard == ["model"]
    assert running.result is None  # nothing of the old network is shown as the new one's
    view = running.view
    assert (view.layer, view.unit) == ("conv5", 2)  # the same layer, the nearest unit
    assert (view.position, view.origin, view.pins, view.watched) == (None, None, (), ())
    assert view.occluders == RICH["occluders"]
    assert not running.can_undo  # views of the old network are gone
    result = wait_for_result(running)
    assert result.request.model is model
    assert len(result.probabilities) == 4
    running.use_model(other_model(("a", "b")))
    assert running.view.layer == "b"  # no such layer: the last convolution
    wait_for_result(running)
    assert not running.worker.failures


def test_what_the_network_does_not_have_is_not_shown(running: AppState) -> None:
    """A map, a link or a list may be of the network before when it is clicked on."""
    running.change(running.view.change(layer="conv4", unit=286, pins=(UnitReference("conv5", 500),)))
    assert (running.view.unit, running.view.pins) == (23, ())
    running.undo()
    running.change(running.view.change(layer="no such layer", unit=3, origin=UnitReference("fc8", 99)))
    assert (running.view.layer, running.view.unit, running.view.origin) == ("conv5", 3, None)


def test_another_network_has_its_own_centre_crop(running: AppState) -> None:
    """The zoo's zfnet512 takes the whole shortest side, the embedded network 224 / 256 of it."""
    tight, whole = (replace(other_model(), input=zf.InputSpec(resize=resize)) for resize in (64, 32))
    running.use_model(tight)
    running.change(running.view.change(crop=Crop.centre_of(tight)))
    running.use_model(whole)
    assert running.view.crop == Crop.centre_of(whole) == Crop(side=1.0)
    assert wait_for_result(running).crop_box == (16.0, 0.0, 112.0, 96.0)
    dragged = Crop(x=0.4, side=0.3)
    running.change(running.view.change(crop=dragged))
    running.use_model(tight)
    assert running.view.crop == dragged  # what the user chose stays


def test_a_change_after_the_switch_can_be_undone(running: AppState) -> None:
    running.change(running.view.change(unit=3), "unit")
    running.use_model(other_model())
    running.change(running.view.change(unit=1), "unit")
    assert running.can_undo
    running.undo()
    assert running.view.unit == 2


def test_the_clean_picture_stays_clean_over_a_switch(running: AppState) -> None:
    running.change(running.view.change(occluders=(zf.Occluder(3, 4, 5, 6),)))
    running.set_clean(True)
    running.use_model(other_model())
    result = wait_for_result(running)
    assert not result.occluded
    running.set_clean(False)
    assert wait_for_result(running).occluded


def test_switching_to_and_fro_while_it_runs_shows_no_mixture(running: AppState, doorman: Doorman) -> None:
    models = [running.model, other_model(), other_model(("a", "b"), 7, 2)]
    seen: list[bool] = []

    def look() -> None:
        result = running.result
        assert result is not None
        seen.append(
            result.request.model is running.model
            and len(result.probabilities) == running.model.architecture.classes
            and {layer_summary.stage.name for layer_summary in result.layer_summaries}
            <= {s.name for s in running.model.architecture.stages}
        )

    running.result_ready.connect(look)
    source = doorman.made["first"]
    for turn in range(30):
        running.use_model(models[turn % 3])
        source.give(numbered_picture(turn))
        layers = running.model.architecture.stages
        running.change(running.view.change(layer=layers[turn % len(layers)].name, unit=0))
        if turn % 4 == 0:
            settle(5)
    wait_for_result(running)
    assert seen
    assert all(seen)
    assert not running.worker.failures


def test_alexnet_and_zfnet_to_and_fro(
    running: AppState, embedded: zf.Model, alexnet: zf.Model, doorman: Doorman
) -> None:
    said = told_by(running)
    running.use_model(embedded)
    running.change(running.view.change(layer="norm2", unit=200, watched=(999,), pins=(UnitReference("norm1", 3),)))
    running.change(running.view.change_maps(content=MapsContent.GRADIENT, order=UnitOrder.ACTIVITY, hide_dead=True))
    result = wait_for_result(running)
    assert len(result.probabilities) == len(embedded.classes)
    running.use_model(alexnet)
    assert (running.view.layer, running.view.unit) == ("conv5", 200)  # AlexNet, as declared here, has no norm2
    result = wait_for_result(running)
    assert len(result.probabilities) == 20
    assert result.mosaic is not None
    assert result.mosaic.values.shape == (256, 13, 13)
    for layer in ("fc8", "fc6", "prob", "conv1", "input"):
        running.change(running.view.change(layer=layer, unit=0))
        running.use_model(embedded)  # in the middle of the reconstruction of an fc unit
        doorman.made["first"].give(numbered_picture(8))
        running.use_model(alexnet)
    wait_for_result(running)
    assert not said, said


# Undo of whatever


def test_random_changes_are_undone_to_the_last(running: AppState) -> None:
    rng = np.random.default_rng(3)
    changes: list[Callable[[View], View]] = [
        lambda v: v.change(unit=int(rng.integers(0, 12))),
        lambda v: v.change(occluders=(zf.Occluder(int(rng.integers(0, 20)), 3, 9, 9),), chosen_occluder=0),
        lambda v: v.change(frozen=not v.frozen),
        lambda v: v.change(mirrored=not v.mirrored),
        lambda v: v.change_maps(boost=float(rng.integers(1, 9))),
    ]
    views = [running.view]
    for _ in range(100):
        view = changes[int(rng.integers(0, len(changes)))](running.view)
        if view != running.view:
            running.change(view)
            views.append(view)
    for view in reversed(views[:-1]):
        running.undo()
        assert running.view == view
    assert not running.can_undo
    assert wait_for_result(running).request.view == views[0]
    assert up_to_date(running)
