"""README's pictures of the window, made anew with the embedded network: python docs/pictures.py [-o FOLDER] [NAME…]

NAME: window, sweep, teach, figure, wants, units; all of them without one. `zfdesk weights report … --ship` runs this.
With a display they are made on it, in its fonts.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image
from PySide6.QtCore import QEventLoop, QSettings
from PySide6.QtWidgets import QWidget

import zfdesk.weights
from zfdesk.cli.preflight import prepare_qt
from zfdesk.desk.app import make_application, select_strongest
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.figure.builder import FigureBuilder, show_builder
from zfdesk.desk.occlusion.controller import Sweeps
from zfdesk.desk.occlusion.pane import SweepPane
from zfdesk.desk.state import AppState
from zfdesk.desk.teach.controller import Teaching
from zfdesk.desk.teach.pane import TeachPane
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.screenshot import save_png
from zfdesk.desk.window.layout import PaneLayout
from zfdesk.desk.window.main_window import FIRST_SIZE, Window, make_context
from zfdesk.engine import Conv, Occluder, crop
from zfdesk.live import Crop, View
from zfdesk.pages.templates import TEMPLATES
from zfdesk.resources import resource
from zfdesk.sources import SourceReference, read_picture
from zfdesk.synthesis import MaximiseRecipe, finished, maximise, of_class, of_unit
from zfdesk.synthesis.orders import units_order
from zfdesk.synthesis.sheet import contact_sheet, png_bytes

DOCS = Path(__file__).resolve().parent
BUILDER_SIZE = (1400, 860)
PATIENCE = 300.0  # seconds
FRAMES = 40  # of the demo that is shown in motion
SETTLED = 1.0  # seconds after which text has followed the pictures
COVER = Occluder(88, 76, 50, 50)
WANTED, WANTED_STEPS = (130, 340, 497, 950), 64  # flamingo, zebra, church, orange
ACROSS, UNIT_SIDE = 9, 100  # of the units of a layer
TAUGHT = (("cat", "chelsea.jpg"), ("cup", "coffee.jpg"), ("motorcycle", "motorcycle_left.jpg"))


def wait(ready: Callable[[], bool]) -> None:
    """Let Qt work until that is so."""
    application, end = make_application(), time.monotonic() + PATIENCE
    while not ready():
        if time.monotonic() > end:
            raise SystemExit("The window did not come to what was to be shown.")
        application.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 50)


def settle() -> None:
    """What is drawn a few times a second only has followed."""
    end = time.monotonic() + SETTLED
    wait(lambda: time.monotonic() > end)


def demo(name: str) -> SourceReference:
    """One of the demo's pictures."""
    return SourceReference("picture", str(resource("demo") / name))


@contextmanager
def shown(source: SourceReference, **view: object) -> Iterator[AppContext]:
    """A window on a source, with a network and settings as at first, until its newest result is that of its view."""
    model = zfdesk.weights.load()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ["ZFDESK_HOME"] = folder
        state = AppState(model, View(source=source, crop=Crop.centre_of(model), **view))  # type: ignore[arg-type]
        context = make_context(state, QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat))
        window = Window(context)
        select_strongest(state)
        state.start()
        window.resize(*FIRST_SIZE)
        window.show()
        window.resize(*FIRST_SIZE)  # the screen may be small
        settle()  # its panes have their sizes
        context.get(PaneLayout).reset()
        settle()
        wait(lambda: up_to_date(state))
        yield context
        window.close()
        state.close()
        window.deleteLater()
        state.deleteLater()
        settle()


def up_to_date(state: AppState) -> bool:
    """Whether what is shown is all of the view."""
    return state.result is not None and state.result.complete and state.result.request.view == state.view


def crops_of(pixels: np.ndarray, size: int) -> list[np.ndarray]:
    """Nine of a picture, a little beside each other, as the network sees them."""
    places = [(x, y) for x in (0.44, 0.5, 0.56) for y in (0.44, 0.5, 0.56)]
    return [crop(pixels, Crop(x=x, y=y, side=0.8).box(*pixels.shape[:2]), size) for x, y in places]


def save(context: AppContext, widget: QWidget, path: Path) -> None:
    """As it stands, without what only guides, once nothing is looked up any more."""
    settle()
    wait(lambda: not context.state.tasks.busy)
    context.message_hidden.emit()
    settle()
    context.text_wanted.emit()
    for label in widget.findChildren(ElidedLabel):
        label.renew_now()
    save_png(widget, str(path))
    print(path)


def window(path: Path) -> None:
    """The moving demo."""
    with shown(SourceReference("demo")) as context:
        state = context.state
        wait(lambda: state.result is not None and state.result.request.frame.number >= FRAMES and up_to_date(state))
        save(context, context.window, path)


def sweep(path: Path) -> None:
    """Fig. 7 of a motorcycle."""
    with shown(demo("motorcycle_left.jpg")) as context:
        sweeps = context.get(Sweeps)
        context.get(Panes).show(SweepPane.title)
        settle()
        sweeps.start()
        wait(lambda: not sweeps.running and sweeps.swept is not None)
        save(context, context.window, path)


def teach(path: Path) -> None:
    """Three of the demo's things, each from nine crops; one of them half covered."""
    with shown(demo("coffee.jpg"), occluders=(COVER,)) as context:
        teaching, size = context.get(Teaching), context.state.model.architecture.size
        context.get(Panes).show(TeachPane.title)
        for index, (thing, name) in enumerate(TAUGHT):
            teaching.add(thing)
            teaching.add_pictures(index, crops_of(read_picture(str(resource("demo") / name)), size))
        wait(lambda: teaching.up_to_date and teaching.in_use and up_to_date(context.state))
        save(context, context.window, path)


def figure(path: Path) -> None:
    """The builder on the template of a unit, of a covered cat."""
    with shown(demo("chelsea.jpg"), occluders=(COVER,)) as context:
        builder: FigureBuilder = show_builder(context)
        builder.resize(*BUILDER_SIZE)
        template = next(one for one in TEMPLATES if one.id == "unit")
        builder.templates.use_template(template)
        wait(lambda: bool(builder.draft.now.slots) and not builder.queue.busy and not builder.preview.busy)
        save(context, builder, path)
        builder.close()


def wants(path: Path) -> None:
    """What four classes would like to see, as the lab makes it."""
    model = zfdesk.weights.load()
    objectives = [of_class(model.architecture, index) for index in WANTED]
    order = units_order(model, objectives, replace(MaximiseRecipe(), steps=WANTED_STEPS))
    made = order.made(finished(order.sketches()))
    path.write_bytes(png_bytes(contact_sheet(made.pictures, len(WANTED)), made.facts))
    print(path)


def units(path: Path) -> None:
    """What units of each convolution would like to see, a row each: every so many, none chosen."""
    model, rows = zfdesk.weights.load(), []
    for stage in model.architecture.stages:
        if isinstance(stage.layer, Conv):
            chosen = [number * stage.shape[0] // ACROSS for number in range(ACROSS)]
            made = finished(maximise(model, [of_unit(stage.name, unit) for unit in chosen]))
            rows += [
                Image.fromarray(picture).resize((UNIT_SIDE, UNIT_SIDE), Image.Resampling.BICUBIC)
                for picture in made.pictures
            ]
    facts = {"method": f"activation maximisation, recipe {MaximiseRecipe().name}, seed 0", "weights": model.name}
    path.write_bytes(png_bytes(contact_sheet(np.stack([np.asarray(one) for one in rows]), ACROSS), facts))
    print(path)


PICTURES = {"window": window, "sweep": sweep, "teach": teach, "figure": figure, "wants": wants, "units": units}


def main() -> None:
    """Make those that are asked for, one after another."""
    parser = argparse.ArgumentParser(description="README's pictures of the window, made anew.", allow_abbrev=False)
    parser.add_argument("names", metavar="NAME", nargs="*", help=f"{', '.join(PICTURES)} (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=DOCS, metavar="FOLDER", help="where to (default: docs)")
    asked = parser.parse_args()
    for name in asked.names:
        if name not in PICTURES:
            parser.error(f"there is no picture called {name}")
    prepare_qt(offscreen=not os.environ.get("DISPLAY"), camera=False)
    make_application()
    for name in asked.names or PICTURES:
        PICTURES[name](asked.output.resolve() / f"{name}.png")


if __name__ == "__main__":
    main()
