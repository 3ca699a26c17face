"""The selected unit's portrait: asked for when the selection changes, kept, and made off the window's thread."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.scan import ScanController
from zfdesk.desk.tasks import TaskSlot, error_text
from zfdesk.engine import Model, Rule
from zfdesk.library.pictures import (
    MadePicture,
    MadePictures,
    Portrayed,
    examples_shown,
    rolling_portrait,
)

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.library import RollingScan, UnitPortrait

MOST_KEPT = 40  # portraits: nine patches and projections of conv5 take 1 MB, of fc7 3 MB
REST_MS = 60  # a selection that moves on is not looked up
AT_ONCE = 3  # examples whose pictures are made before they are shown
CAMERA_MINUTES, CAMERA_EVERY, CAMERA_RENEW = 5.0, 0.5, 2.0  # the last two in seconds
FAILED = "The portrait could not be made"
Key = tuple[str, int, Rule, bool]


class PortraitController(QObject):
    """What the portrait pane shows: `shown` and `made`, both of the selected unit. ``changed``: one of them is new."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state, self._scan = context.state, context.get(ScanController)
        self.shown: Portrayed | None = None
        self.made: MadePicture | None = None
        self.camera = False  # the last minutes of the live source in place of a scan
        self._seen = False
        self._kept: OrderedDict[Key, Portrayed] = OrderedDict()
        self._asked: Key | None = None
        self._task = TaskSlot()
        self._made_task = TaskSlot()
        self._made_for: tuple[Model, str, int] | None = None
        self._atlas = MadePictures(self._state.model)
        self._rolling: RollingScan | None = None
        self._feed_task = TaskSlot()
        self._fed_at = self._asked_at = 0.0
        self._idle_timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._idle_timer.timeout.connect(self._ask)
        self._state.view_changed.connect(self.follow)
        self._state.model_changed.connect(self._follow_model)
        self._state.result_ready.connect(self._feed)
        self._scan.changed.connect(self._renew)

    @property
    def loads_made(self) -> bool:
        """Whether the made picture is being looked up."""
        return self._made_task.running

    @property
    def network(self) -> Model:
        """What pictures are scanned with."""
        return self._state.model.base

    def set_seen(self, seen: bool) -> None:
        """Whether anyone looks: work for nobody rests."""
        if seen != self._seen:
            self._seen = seen
            self.follow()

    def use_camera(self, camera: bool) -> None:
        """Show the last minutes of the live source, or what was scanned."""
        if camera != self.camera:
            self.camera = camera
            self._rolling = None
            for key in [key for key in self._kept if key[3]]:  # of minutes that are over
                del self._kept[key]
            self.follow()
            self.changed.emit()

    def follow(self) -> None:
        """The selection may be another one."""
        key = self._key()
        if not self._seen or key == self._asked:
            return
        self._asked = key
        self._task.abandon()
        self.shown = self._kept.get(key)
        if self.shown is not None:
            self._kept.move_to_end(key)
        self._make()
        self.changed.emit()
        self._idle_timer.start()

    # The portrait

    def _key(self) -> Key:
        view = self._state.view
        return view.layer, view.unit, view.method, self.camera

    def _renew(self) -> None:
        """Other pictures or more of them: what is shown stays until the new is there."""
        self._kept.clear()
        if not self.camera:
            self._asked = None if not self._seen else self._key()
            self._task.abandon()
            if not self._scan.status.pictures:
                self.shown = None
            if self._seen:
                self._idle_timer.start()
        self.changed.emit()

    def _follow_model(self) -> None:
        """Another network. One that was only taught anew has the same units below its classifier: theirs stays."""
        state = self._state
        layer, unit = state.view.layer, state.view.unit
        self._atlas = MadePictures(state.model)
        if layer not in state.model.architecture.class_layers and state.is_valid_for(layer):
            for key in [key for key in self._kept if key[0] in state.model.architecture.class_layers]:
                del self._kept[key]
            if not self._made_task.running and self._made_for is not None and self._made_for[1:] == (layer, unit):
                self._made_for = state.model, layer, unit
            self._make()
            return
        self._kept.clear()
        self._task.abandon()
        self.shown = self.made = self._rolling = None
        self._made_for = self._asked = None
        self.follow()

    def _ask(self) -> None:
        """From what is known by now to what is still missing."""
        layer, unit, rule, camera = key = self._key()
        if key != self._asked:
            return
        known = self._kept.get(key)
        if layer == "input":
            self._keep(Portrayed(layer, unit, rule, camera, error="The input has no units: choose a layer above it."))
        elif not self._scan.scans(layer):
            sentence = "These classes were taught: the scan is of the network below them. Choose a lower layer."
            self._keep(Portrayed(layer, unit, rule, camera, error=sentence))
        elif camera:
            self._ask_camera(key)
        elif known is None and self._scan.status.pictures:
            question: Callable[[Any], UnitPortrait] = lambda portraits: portraits.portrait(layer, unit, exact=False)  # noqa: E731
            self._task.put(self._scan.ask("portrait", question, partial(self._on_portrait, key), self))
        elif known is not None and known.portrait is not None:
            self._ask_more(key, known)

    def _ask_more(self, key: Key, known: Portrayed) -> None:
        layer, unit, rule, _ = key
        assert known.portrait is not None
        wanted = known.portrait.examples[len(known.shown) : len(known.shown) + AT_ONCE]
        if wanted:
            self._task.put(self._scan.ask(
                "examples", lambda portraits: examples_shown(portraits, layer, unit, wanted, rule),
                partial(self._on_pictures, key), self,
            ))  # fmt: skip
        elif known.portrait.unsettled:
            self._task.put(
                self._scan.ask(
                    "near ties", lambda portraits: portraits.portrait(layer, unit), partial(self._on_settled, key), self
                )
            )

    def _on_portrait(self, key: Key, portrait: UnitPortrait | None, error: Exception | None) -> None:
        if portrait is None:
            self._keep(Portrayed(*key, error=error_text(error, FAILED)))
        else:
            before = self.shown.shown if self.shown is not None and _key_of(self.shown) == key else ()
            made = {one.example: one for one in before}
            same = takewhile(lambda example: example in made, portrait.examples)
            self._keep(Portrayed(*key, portrait, tuple(made[example] for example in same)))
            self._ask()

    def _on_pictures(self, key: Key, pictures: Any, error: Exception | None) -> None:
        known = self._kept.get(key)
        if known is None or pictures is None:
            self._keep(Portrayed(*key, error=error_text(error, FAILED)))
            return
        self._keep(replace(known, shown=(*known.shown, *pictures)))
        self._ask()

    def _on_settled(self, key: Key, portrait: UnitPortrait | None, error: Exception | None) -> None:
        """Float64 has been asked: where it changes the order, the pictures follow."""
        known = self._kept.get(key)
        if known is None or portrait is None or known.portrait is None:
            return
        same = [one.picture for one in portrait.examples] == [one.picture for one in known.portrait.examples]
        self._keep(replace(known, portrait=portrait, shown=known.shown if same else ()))
        if not same:
            self._ask()

    def _keep(self, portrayed: Portrayed) -> None:
        """Keep it; the whole portrait of fewer pictures stays on show until this one has all of its own."""
        key = _key_of(portrayed)
        self._kept[key] = portrayed
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        shows_complete = self.shown is not None and _key_of(self.shown) == key and _is_complete(self.shown)
        if key == self._key() and (_is_complete(portrayed) or portrayed.error or not shows_complete):
            self.shown = portrayed
            self.changed.emit()

    # The last minutes of a live source

    def _feed(self) -> None:
        """Now and then a frame goes into the rolling scan: one pass more, by one thread."""
        result, now = self._state.result, time.monotonic()
        due = now - self._fed_at >= CAMERA_EVERY and not self._feed_task.running
        if not (self.camera and self._seen and due) or result is None:
            return
        self._fed_at = now
        model, picture = self.network, result.clean
        if self._rolling is None:
            from zfdesk.library import RollingScan
            from zfdesk.library.records import scannable_layers

            self._rolling = RollingScan(model, scannable_layers(model.architecture), CAMERA_MINUTES, CAMERA_EVERY)
        work = partial(_feed_scan, self._rolling, model, picture, now)
        self._feed_task.put(self._state.tasks.run("camera scan", work, self._on_fed, owner=self, threads=1))

    def _on_fed(self, added: bool | None, error: Exception | None) -> None:
        if error is not None:
            self._keep(Portrayed(*self._key(), error=error_text(error, FAILED)))
        elif self._fed_at - self._asked_at > CAMERA_RENEW:
            self._ask()

    def _ask_camera(self, key: Key) -> None:
        rolling, (layer, unit, rule, _) = self._rolling, key
        if rolling is None or self._task.running:
            return
        self._asked_at = time.monotonic()
        work = partial(rolling_portrait, rolling, layer, unit, rule)
        self._task.put(
            self._state.tasks.run("camera portrait", work, partial(self._on_camera, key), owner=self, threads=1)
        )

    def _on_camera(self, key: Key, portrayed: Portrayed | None, error: Exception | None) -> None:
        self._keep(portrayed or Portrayed(*key, error=error_text(error, FAILED)))

    # The made picture

    def _make(self) -> None:
        view, model = self._state.view, self._state.model
        wanted = model, view.layer, view.unit
        if wanted == self._made_for:
            return
        self._made_for = wanted
        self.made = None
        self._made_task.abandon()
        if model.architecture.stage(view.layer).layer is not None:
            work, atlas = partial(self._atlas.of_unit, view.layer, view.unit), self._atlas
            self._made_task.put(
                self._state.tasks.run("atlas", work, partial(self._on_made, atlas), owner=self, threads=1)
            )

    def _on_made(self, atlas: MadePictures, made: MadePicture | None, error: Exception | None) -> None:
        if atlas is self._atlas:
            self.made = made
            self.changed.emit()


def _key_of(portrayed: Portrayed) -> Key:
    return portrayed.layer, portrayed.unit, portrayed.rule, portrayed.camera


def _is_complete(portrayed: Portrayed) -> bool:
    return portrayed.portrait is not None and len(portrayed.shown) == len(portrayed.portrait.examples)


def _feed_scan(rolling: RollingScan, model: Model, picture: np.ndarray, now: float) -> bool:
    return rolling.feed(model.forward(picture), picture, now)


__all__ = ["PortraitController"]
