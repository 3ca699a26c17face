"""A restless user: whatever can be done to the window, at random, and an eye on every result that is shown."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from desk_hands import click, drag, move_mouse, numbered_picture, space, turn_wheel
from desk_window import Window
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QMenu, QWidget

from zfdesk.desk.alive import alive
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.window.command_palette import Palette
from zfdesk.desk.window.features import ACTIONS
from zfdesk.desk.window.sources import SourceOpener
from zfdesk.engine import Model
from zfdesk.live import Result
from zfdesk.live.result import Rendered
from zfdesk.sources import PastedSource, SourceReference

CHANGES = tuple(a for a in ACTIONS if a.change is not None and a.id not in ("demo", "pattern"))
COMMANDS = (
    "undo", "undo", "redo", "escape", "next", "previous", "play", "step-on", "step-back", "loop", "snapshot",
    "panes-reset", "full-screen", "copy-pane", "find-class", "path-record", "path-replay", "path-exact", "trace-clear",
    "trace-copy",
)  # fmt: skip
DIALOGS = ("weights", "mark-parts", "figure", "record", "camera-pick")
KEYS = (
    Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Escape, Qt.Key.Key_Delete,
    Qt.Key.Key_Down, Qt.Key.Key_Tab, Qt.Key.Key_P,
)  # fmt: skip
EXPECTED = (
    "There is nothing to keep yet", "missing.png", "broken.png", "empty.png", "A pasted picture",
    "There is no path to replay", "There are no classes yet", "There is no picture to", "There is nothing to copy yet",
)  # fmt: skip


def answer_no_file(put: Callable[[object, str, object], None]) -> None:
    """Whoever asks for a file or a name is told: none. The real dialogs would wait for a hand."""
    for name in ("getOpenFileName", "getSaveFileName"):
        put(QFileDialog, name, lambda *_, **__: ("", ""))
    put(QFileDialog, "getExistingDirectory", lambda *_, **__: "")
    put(QDialog, "exec", lambda _: QDialog.DialogCode.Rejected)


class Eye:
    """Looks, after every result, whether a pane shows another frame's."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.looked = 0
        self.wrong: list[str] = []
        self._snapshots: list[Result] = []
        window.desk.result_ready.connect(self.look)

    def _expect(self, holds: bool, words: str) -> None:
        if not holds:
            self.wrong.append(words)

    def look(self) -> None:
        """Compare what the panes hold with the newest result."""
        window, result = self.window, self.window.desk.result
        assert result is not None
        self.looked += 1
        number = result.request.frame.number
        self._expect(result.request.model is window.desk.model, "a result of another network")
        if window.picture.isVisible():
            self._expect(window.picture.canvas.array is result.request.frame.pixels, f"picture: not frame {number}")
        if window.maps.isVisible() and result.mosaic is not None:
            canvas = window.maps.canvas
            self._expect(canvas.mosaic is result.mosaic, f"maps: not frame {number}")
            if result.mosaic.reason:
                self._expect(canvas.message == result.mosaic.reason, f"maps: not why there are none, frame {number}")
            else:
                self._expect(canvas.array is result.mosaic.image, f"maps' picture: not frame {number}")
                other_layer = result.mosaic.layer != window.desk.view.layer
                self._expect(bool(canvas.stale) or not other_layer, "maps of another layer are not marked")
        if window.classes.isVisible():
            self._look_at_the_classes(result)
        if window.layers.isVisible() and result.layer_summaries:
            held = [
                window.layers.layer_summaries.get(layer_summary.stage.name) for layer_summary in result.layer_summaries
            ]
            self._expect(
                all(a is b for a, b in zip(held, result.layer_summaries, strict=True)), f"layers: not frame {number}"
            )
        self._look_at_the_unit(result)
        self._look_at_pins_and_snapshot(result)

    def _look_at_the_classes(self, result: Result) -> None:
        """They are the picture's, or newer ones to the hand that moves a square; ticks are of the same frame."""
        shown, number = self.window.classes.bars.answer, result.request.frame.number
        rows = self.window.classes.bars.rows
        if shown is None or shown.started < result.started:
            self._expect(False, f"classes: older than frame {number}")
            return
        of_kinds = [[index for index, _ in row.members] for row in rows]  # of a class its own
        wanted = [shown.probabilities[members].sum() for members in of_kinds]
        self._expect(np.allclose([row.probability for row in rows], wanted, atol=1e-6), f"classes: not frame {number}")
        same = shown.request.frame is result.request.frame and shown.crop_box == result.crop_box
        clean = result.clean_probabilities if same else shown.clean_probabilities
        ticks = [(shown.probabilities if clean is None else clean)[members].sum() for members in of_kinds]
        self._expect(np.allclose([row.clean for row in rows], ticks, atol=1e-6), "ticks: another frame")

    def _look_at_the_unit(self, result: Result) -> None:
        """The unit may lag behind by an unfinished result, but all of its tiles are of one."""
        pane = self.window.unit
        shown = pane.shown_result
        if not pane.isVisible() or shown is None:
            return
        if result.unit is not None and result.complete:
            self._expect(shown is result, f"unit: not frame {result.request.frame.number}")
        if pane.shows_comparison:
            self._look_at_the_comparison(shown)
            return
        self._expect(pane.patch_tile.canvas.array is shown.picture, "what the unit sees is of another frame")
        assert shown.unit is not None
        content = pane.map_tile.canvas.content
        mapped = (
            content.position == shown.unit.position if isinstance(content, CanvasPicture) else shown.unit.map.size == 1
        )
        self._expect(mapped, "the unit's map is of another frame")
        for rule in pane.shown_rules():
            canvas = pane.rule_tiles[rule].canvas
            rendered = shown.unit.pictures.get(rule)
            if canvas.isVisible() and shown is result:
                self._expect(_is_shown(canvas, rendered), f"{rule.value} is of another frame")

    def _look_at_the_comparison(self, shown: Result) -> None:
        """All six tiles are of the one result, or say why they are not."""
        tiles, both = self.window.unit.comparison, shown.unit.comparison if shown.unit else None
        for row in range(3):
            canvas, picture = tiles.maps[row].canvas, tiles.pictures[row].canvas
            if not canvas.message and both is not None:
                self._expect(canvas.array is both.maps[row].image, "a compared map is of another frame")
            if not picture.message and both is not None and both.pictures is not None and row < 2:
                self._expect(picture.array is both.pictures[row].image, "a compared picture is of another frame")
            self._expect(both is not None or bool(canvas.message), "a comparison is shown that nobody made")

    def _look_at_pins_and_snapshot(self, result: Result) -> None:
        window = self.window
        if window.pins.isVisible() and result.pins:
            units = {unit.reference: unit for unit in result.pins}
            for card in window.pins.cards:
                unit, canvas = units.get(card.reference), card.picture_tile.canvas
                rendered = unit.pictures.get(result.request.view.method) if unit else None
                if unit is not None:
                    self._expect(_is_shown(canvas, rendered), f"pin {card.reference.layer} is of another frame")
        tile = window.compare.tiles[1]
        if window.compare.isVisible() and result.complete and window.compare.content.currentText() == "picture":
            self._expect(
                tile.canvas.array is not None and np.array_equal(tile.canvas.array, result.picture),
                "B is of another frame",
            )


def _is_shown(canvas: Canvas, rendered: Rendered | None) -> bool:
    """Whether it is the picture on the canvas; where there is none, a sentence must be."""
    if rendered is None or rendered.high <= 1e-12:
        return bool(canvas.message)
    return canvas.array is rendered.image


class User:
    """Does anything, at random but the same for one seed."""

    def __init__(self, window: Window, models: list[Model], folder: Path, seed: int) -> None:
        self.window, self.models, self.rng = window, models, random.Random(seed)
        self.sources = self._make_sources(folder)
        self.done: list[str] = []
        self.told: list[str] = []
        window.desk.message.connect(lambda sentence, trouble: self.told.append(sentence) if trouble else None)

    def _make_sources(self, folder: Path) -> list[SourceReference]:
        pictures = folder / "pictures"
        pictures.mkdir(exist_ok=True)
        for number, shape in enumerate([(96, 128), (1, 1), (16, 400), (300, 16), (224, 224)]):
            height, width = shape
            pixels = np.random.default_rng(number).integers(0, 256, (height, width, 3), np.uint8)
            Image.fromarray(pixels).save(pictures / f"{number}.png")
        (folder / "broken.png").write_bytes((pictures / "0.png").read_bytes()[:200])
        (folder / "empty.png").touch()
        files = [SourceReference("picture", str(path)) for path in sorted(pictures.iterdir())]
        bad = [SourceReference("picture", str(folder / name)) for name in ("missing.png", "broken.png", "empty.png")]
        return [
            SourceReference("pattern"), SourceReference("demo"), SourceReference("folder", str(pictures)), *files, *bad,
        ]  # fmt: skip

    def troubles(self) -> list[str]:
        """What was told as trouble and is none of what was provoked."""
        return [sentence for sentence in self.told if not any(known in sentence for known in EXPECTED)]

    def act(self) -> None:
        """One thing."""
        things: list[tuple[int, Callable[[], str]]] = [
            (40, self.change), (12, self.command), (8, self.source), (3, self.network), (8, self.pane),
            (10, self.mouse_on_the_picture), (10, self.mouse_anywhere), (4, self.hold_space), (3, self.paste),
            (3, self.resize), (6, self.focus), (4, self.palette), (5, self.teach), (4, self.dialog), (4, self.keys),
            (2, self.menu),
        ]  # fmt: skip
        thing = self.rng.choices([thing for _, thing in things], [weight for weight, _ in things])[0]
        self.done.append(thing())

    def change(self) -> str:
        action = self.rng.choice(CHANGES)
        self.window.run(action.id)
        return action.id

    def command(self) -> str:
        name = self.rng.choice(COMMANDS)
        self.window.run(name)
        return name

    def source(self) -> str:
        reference = self.rng.choice(self.sources)
        self.window.context.get(SourceOpener).open_reference(reference)
        return f"source {reference.kind} {Path(reference.location).name}"

    def network(self) -> str:
        model = self.rng.choice(self.models)
        self.window.desk.use_model(model)
        return f"network {model.architecture.name}"

    def pane(self) -> str:
        dock = self.window.docks[self.rng.choice(self.window.panes)]
        what = self.rng.choice(["hide", "show", "raise_", "float", "dock"])
        if what in ("float", "dock"):
            dock.setFloating(what == "float")
        else:
            getattr(dock, what)()
        return f"{what} {dock.windowTitle()}"

    def _point(self, widget: QWidget) -> QPointF:
        """Mostly on the widget, sometimes far beside it."""
        if self.rng.random() < 0.1:
            return QPointF(self.rng.uniform(-3_000, 3_000), self.rng.uniform(-3_000, 3_000))
        return QPointF(self.rng.uniform(0, widget.width()), self.rng.uniform(0, widget.height()))

    def mouse_on_the_picture(self) -> str:
        """Catch an occluder or the crop, and pull."""
        canvas, view = self.window.picture.canvas, self.window.desk.view
        start = self._point(canvas)
        box = canvas.crop_box()
        if view.occluders and self.rng.random() < 0.6:
            o = self.rng.choice(view.occluders)
            y = o.top + self.rng.choice([0, 0.5, 1]) * o.height
            x = o.left + self.rng.choice([0, 0.5, 1]) * o.width
            start = canvas.input_rect(y, x, y, x).topLeft()
        elif box is not None:
            start = canvas.to_screen(box[self.rng.choice([0, 2])], box[self.rng.choice([1, 3])])
        alt = Qt.KeyboardModifier.AltModifier if self.rng.random() < 0.1 else Qt.KeyboardModifier.NoModifier
        if alt and len(view.occluders) > 5:
            alt = Qt.KeyboardModifier.NoModifier
        drag(canvas, start, self._point(canvas), alt, release=self.rng.random() < 0.9)
        return "drag on the picture"

    def mouse_anywhere(self) -> str:
        canvas = self.rng.choice([c for c in self.window.findChildren(Canvas) if c.isVisible()] or [self.window])
        at = self._point(canvas)
        what = self.rng.choice(["move", "click", "wheel", "leave"])
        if what == "move":
            move_mouse(canvas, at)
        elif what == "click":
            click(canvas, at)
        elif what == "wheel":
            turn_wheel(canvas, at, self.rng.choice([-5, -1, 1, 5]))
        else:
            QCoreApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
        return f"{what} on {type(canvas).__name__}"

    def hold_space(self) -> str:
        space(self.window, self.rng.choice([QEvent.Type.KeyPress, QEvent.Type.KeyRelease]))
        return "space"

    def paste(self) -> str:
        self.window.desk.open_made(PastedSource(numbered_picture(self.rng.randrange(100)), "pasted picture"))
        return "paste"

    def focus(self) -> str:
        """The keys go to any widget that can have them, also to one that is about to go."""
        able = [one for one in self.window.findChildren(QWidget) if one.isVisible() and one.focusPolicy()]
        widget = self.rng.choice(able)
        widget.setFocus()
        return f"focus {type(widget).__name__}"

    def palette(self) -> str:
        """Open it; or do what it shows, or close it, after whatever was done meanwhile."""
        palettes = [one for one in self.window.findChildren(Palette) if one.isVisible()]
        if not palettes:
            self.window.run("palette")
            return "palette"
        words = self.rng.choice(["", "conv4", "pin", "teach", "class"])
        QTest.keyClicks(palettes[0].edit, words)
        ends = [Qt.Key.Key_Escape, Qt.Key.Key_Down, *([Qt.Key.Key_Return] if words else [])]
        QTest.keyClick(palettes[0].edit, self.rng.choice(ends))
        return "in the palette"

    def teach(self) -> str:
        """Classes come and go, and with them their rows."""
        name = self.rng.choice(["teach-add", "teach-remove", "teach-next", "teach-undo", "teach-clear", "teach-take"])
        self.window.run(name)
        return name

    def dialog(self) -> str:
        """A dialog opened, or closed in the middle of what it does."""
        open_ones = self.window.findChildren(QDialog)
        shown = [one for one in open_ones if one.isVisible()]
        if shown and self.rng.random() < 0.6:
            shown[0].close()
            return f"close {type(shown[0]).__name__}"
        name = self.rng.choice(DIALOGS)
        self.window.run(name)
        return name

    def keys(self) -> str:
        """A key for whoever has the focus, sometimes held."""
        widget = QApplication.focusWidget() or self.window
        # what a dialog does by Return may take the network, or a file
        key = self.rng.choice(KEYS if widget.window() is self.window else [Qt.Key.Key_Tab, Qt.Key.Key_Escape])
        QTest.keyPress(widget, key)
        if self.rng.random() < 0.8 and alive(widget):
            QTest.keyRelease(widget, key)
        return f"key {key.name}"

    def menu(self) -> str:
        """The maps' menu, left open."""
        self.window.maps.menu_asked.emit(self.rng.choice([None, 1]), self.window.mapToGlobal(QPoint(50, 50)))
        for menu in self.window.findChildren(QMenu):
            if menu.isVisible() and self.rng.random() < 0.5:
                menu.close()
        return "menu"

    def resize(self) -> str:
        self.window.resize(self.rng.randrange(500, 1800), self.rng.randrange(400, 1200))
        return "resize"

    def go_on(self, seconds: float, rate: float = float("inf")) -> None:
        """Act for so long, at most ``rate`` times a second; Qt gets a moment after each thing, sometimes none."""
        end = time.monotonic() + seconds
        while (began := time.monotonic()) < end:
            self.act()
            for _ in range(self.rng.choice([0, 1, 1, 3])):
                QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
                # as the program's own loop does between two events: what was to go is gone
                QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
            rest = began + 1 / rate - time.monotonic()
            if rest > 0:
                loop = QEventLoop()
                QTimer.singleShot(round(rest * 1000), loop.quit)
                loop.exec()
