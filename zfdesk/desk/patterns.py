"""What each unit of a layer answers to most, as small pictures: what the grid of maps shows in pattern mode.

One `Patterns` a window. ``patterns.sheet(layer, pattern, rule)`` gives what is known by now, at once, and sees to it
that the rest is made, off the window's thread; ``changed`` tells that there is more.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from zfdesk.desk.context import AppContext
from zfdesk.desk.scan import ScanController
from zfdesk.desk.tasks import TaskSlot, error_text
from zfdesk.engine import Model, Rule
from zfdesk.library.pictures import LayerBest, MadePictures, best_tiles, layer_best
from zfdesk.live import Pattern
from zfdesk.progress import counted

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.library import Example

SIDE, SIDE_OF_MANY, MANY = 72, 40, 1024  # pixels of a tile; of a layer with so many units
PICTURES_AT_ONCE = 4  # between two of them a portrait may be asked for
REPORT_SECONDS = 0.7
SHEETS_KEPT = 3
FAILED = "The patterns could not be made"
NO_SCAN = "No pictures were scanned: choose some in the pane “Portrait”."
FIRST = "The first pictures are being scanned…"
NONE_MADE = "No pictures were made for this layer: zfdesk atlas makes one for each unit."


@dataclass(frozen=True, eq=False)
class PatternSheet:
    """The patterns of a layer as far as they are made. ``tiles``: by unit, uint8 (side, side, 3).

    ``best``: what the scan says of the units, None without one. ``text``: what is shown. ``reason``: why there is
    nothing, or not yet.
    """

    layer: str
    pattern: Pattern
    side: int
    tiles: dict[int, np.ndarray]
    best: LayerBest | None = None
    text: str = ""
    reason: str = ""


@dataclass(eq=False)
class _Layer:
    """What is known of a layer and still to be asked, for one rule.

    ``tile_examples``: the examples that the tiles are of. ``outdated``: more pictures have been scanned since.
    """

    key: tuple[str, Rule]
    side: int
    best: LayerBest | None = None
    pending: list[list[tuple[int, Example]]] | None = None
    error: str = ""
    tile_examples: dict[int, Example] = field(default_factory=dict)
    outdated: bool = False


class Patterns(QObject):
    """Finds and keeps the patterns of layers, as the module's docstring says."""

    changed = Signal()

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self._state, self._scan = context.state, context.get(ScanController)
        self._layers: OrderedDict[tuple[str, Rule], _Layer] = OrderedDict()
        self._patches: dict[tuple[str, Rule], dict[int, np.ndarray]] = {}
        self._projections: dict[tuple[str, Rule], dict[int, np.ndarray]] = {}
        self._made: OrderedDict[str, dict[int, np.ndarray] | None] = OrderedDict()
        self._task = TaskSlot()
        self._asked: tuple[str, Rule] | None = None
        self._with_tiles = False
        self._made_task = TaskSlot()
        self._made_task_layer = ""
        self._reported_at = 0.0
        self._scan_key: tuple[object, ...] = ()  # places and network
        self._scan.changed.connect(self._follow_scan)
        self._state.model_changed.connect(self._clear)

    def sheet(self, layer: str, pattern: Pattern, rule: Rule) -> PatternSheet:
        """What is known of a layer's patterns by now; the rest is asked for, in place of what was asked before."""
        stage = self._state.model.architecture.stage(layer)
        side = min(SIDE_OF_MANY if stage.shape[0] >= MANY else SIDE, stage.receptive_field.size)
        sheet = PatternSheet(layer, pattern, side, {})
        if stage.layer is None:
            return replace(sheet, reason="The input has no units: choose a layer above it.")
        taught = not self._scan.scans(layer)
        known = None if taught else self._of_scan(layer, rule, side, tiles=pattern is not Pattern.MADE)
        sheet = replace(sheet, best=known.best if known is not None else None)
        if pattern is Pattern.MADE:
            return self._with_made(sheet)
        if known is None:
            none = FIRST if self._scan.status.running else NO_SCAN
            return replace(sheet, reason=none if not taught else "The scan is of the network below these classes.")
        tiles = (self._patches if pattern is Pattern.PATCH else self._projections).get(known.key, {})
        return replace(sheet, tiles=tiles, text=self._caption(known, pattern), reason=known.error)

    # Of a scan

    def _caption(self, known: _Layer, pattern: Pattern) -> str:
        if known.best is None:
            return "looked up…"
        label = "best patch" if pattern is Pattern.PATCH else f"best projection, {known.key[1]}"
        count, left = len(known.best.examples), [unit for group in known.pending or () for unit, _ in group]
        remaining = f" · {count - len(left)} of {count}" if left else ""
        remaining += ", the others of fewer" if any(unit in known.tile_examples for unit in left) else ""
        return f"{label} of {counted(known.best.pictures, 'picture')}{remaining}"

    def _of_scan(self, layer: str, rule: Rule, side: int, tiles: bool) -> _Layer | None:
        """``tiles``: the pictures too are wanted, and not only the classes."""
        if not self._scan.status.pictures:
            return None
        key = layer, rule
        known = self._layers.setdefault(key, _Layer(key, side))
        self._layers.move_to_end(key)
        while len(self._layers) > SHEETS_KEPT:
            dropped, _ = self._layers.popitem(last=False)
            self._patches.pop(dropped, None)
            self._projections.pop(dropped, None)
        if key != self._asked or (tiles and not self._with_tiles):
            self._abandon()
            self._asked, self._with_tiles = key, tiles
            self._ask_next(known)
        return known

    def _abandon(self) -> None:
        self._task.abandon()
        self._asked = None

    def _ask_next(self, known: _Layer) -> None:
        layer, rule = known.key
        if known.error:
            return
        if known.best is None or known.outdated:
            done = partial(self._on_best, known)
            self._task.put(self._scan.ask("best of the layer", partial(layer_best, layer=layer), done, self))
        elif known.pending and self._with_tiles:
            wanted = known.pending[:PICTURES_AT_ONCE]
            question = partial(best_tiles, layer=layer, wanted=wanted, rule=rule, side=known.side)
            self._task.put(self._scan.ask("patterns", question, partial(self._on_tiles, known), self))

    def _on_best(self, known: _Layer, best: LayerBest | None, error: Exception | None) -> None:
        if best is None:
            known.error = error_text(error, FAILED)
        else:
            known.best, known.outdated = best, False
            groups = (
                [task for task in tasks if known.tile_examples.get(task[0]) != task[1]] for tasks in best.by_picture()
            )
            known.pending = [group for group in groups if group]
        self._ask_next(known)
        self.changed.emit()

    def _on_tiles(self, known: _Layer, tiles: Sequence[Any] | None, error: Exception | None) -> None:
        if tiles is None or known.pending is None:
            known.error = error_text(error, FAILED)
            self.changed.emit()
            return
        wanted = {unit: example for group in known.pending[:PICTURES_AT_ONCE] for unit, example in group}
        known.pending = known.pending[PICTURES_AT_ONCE:]
        patches, projections = (kept.setdefault(known.key, {}) for kept in (self._patches, self._projections))
        for unit in wanted:  # a picture that is gone leaves none
            for kept in (patches, projections, known.tile_examples):
                kept.pop(unit, None)
        for unit, patch, projection in tiles:
            patches[unit], projections[unit], known.tile_examples[unit] = patch, projection, wanted[unit]
        self._ask_next(known)
        if not known.pending or time.monotonic() - self._reported_at > REPORT_SECONDS:
            self._reported_at = time.monotonic()
            self.changed.emit()

    # Of the atlas

    def _with_made(self, sheet: PatternSheet) -> PatternSheet:
        layer, model = sheet.layer, self._state.model
        if layer in self._made:
            tiles = self._made[layer]
            return replace(sheet, tiles=tiles or {}, text="made pictures", reason="" if tiles else NONE_MADE)
        if not self._made_task.running or self._made_task_layer != layer:
            self._made_task_layer = layer
            done = partial(self._on_made, model, layer)
            self._made_task.put(
                self._state.tasks.run(
                    "made pictures", partial(_made_tiles, model, layer, sheet.side), done, owner=self, threads=1
                )
            )
        return replace(sheet, reason="The made pictures are read…")

    def _on_made(self, model: Model, layer: str, tiles: dict[int, np.ndarray] | None, error: Exception | None) -> None:
        if model is self._state.model:
            self._made[layer] = tiles
            while len(self._made) > SHEETS_KEPT:
                self._made.popitem(last=False)
            self.changed.emit()

    # Other pictures, another network

    def _follow_scan(self) -> None:
        """Other pictures, or more of them: what was made of fewer stays until there is what replaces it."""
        scan_key = self._scan.status.places, self._state.model.base
        if scan_key != self._scan_key or not self._scan.status.pictures:
            self._scan_key = scan_key
            self._clear_scan()
            return
        self._abandon()
        for known in self._layers.values():
            known.outdated, known.error = True, ""
        self.changed.emit()

    def _clear_scan(self) -> None:
        self._abandon()
        for kept in (self._layers, self._patches, self._projections):
            kept.clear()
        self.changed.emit()

    def _clear(self) -> None:
        self._made.clear()
        self._made_task.abandon()
        self._clear_scan()


def _made_tiles(model: Model, layer: str, side: int) -> dict[int, np.ndarray] | None:
    from zfdesk.synthesis.steps import no_larger

    pictures = MadePictures(model).of_layer(layer)
    return None if pictures is None else {unit: no_larger(one, side) for unit, one in enumerate(pictures)}


__all__ = ["PatternSheet", "Patterns"]
