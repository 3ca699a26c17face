"""``zfdesk``: the window, and a picture of it."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zfdesk.cli.common import add_weights_option, at_least, png_name
from zfdesk.cli.output import check_output

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.live import View
    from zfdesk.sources import SourceReference

AFTER = 30
"""Results before the picture is taken: a second of a clip, by which time the panes are full."""


def make_parser(epilog: str) -> argparse.ArgumentParser:
    """The parser of ``zfdesk`` without a verb."""
    from zfdesk import __version__

    parser = argparse.ArgumentParser(
        prog="zfdesk",
        usage="zfdesk [PATH | --camera [ID]] [options]\n       zfdesk VERB …",
        description="Look into ZFNet (Zeiler & Fergus 2013) on live pictures. Without a verb the window opens.",
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "path", nargs="?", metavar="PATH", help='picture, folder, clip or session; "demo" (default), "pattern"'
    )
    source.add_argument("--camera", nargs="?", const="", metavar="ID", help="the camera, or one by its id")
    parser.add_argument("--layer", metavar="L", help="the layer to show first, such as conv5")
    parser.add_argument("--unit", type=at_least(0), metavar="U", help="the unit to look at first")
    add_weights_option(parser)
    parser.add_argument(
        "--screenshot", type=png_name, metavar="OUT.png", help="save a picture of the window, and leave"
    )
    parser.add_argument(
        "--after",
        type=at_least(1),
        metavar="N",
        help=f"frames before the screenshot (default: {AFTER}; always 1 of a picture)",
    )
    parser.add_argument("--version", action="version", version=f"zfdesk {__version__}")
    parser.set_defaults(run=lambda arguments: open_command(parser, arguments))
    return parser


def open_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Open the window and stay until it is closed, or until the screenshot is taken."""
    from zfdesk.cli.preflight import prepare_qt

    if arguments.after is not None and not arguments.screenshot:
        parser.error("--after goes with --screenshot")
    if arguments.screenshot:
        check_output(arguments.screenshot)
    if arguments.path is not None and _is_session(arguments.path):
        return _open_session(arguments)
    source = _source(arguments)
    prepare_qt(offscreen=bool(arguments.screenshot), camera=source.kind == "camera")
    # torch comes with the network, and so before Qt: on Windows the other order breaks c10.dll
    from zfdesk.cli.network import chosen_model

    model = chosen_model(arguments.weights)
    view = _view(model, source, arguments.layer, arguments.unit)
    from zfdesk.desk.app import run

    still = source.kind in ("picture", "folder")
    after = 1 if still else arguments.after or AFTER
    return run(model, view, arguments.screenshot or "", after, strongest=arguments.unit is None)


def _is_session(path: str) -> bool:
    from zfdesk.session import is_session

    return is_session(path)


def _open_session(arguments: argparse.Namespace) -> int:
    """The window on a saved session; what differs from what was saved is told in it, or with a screenshot here."""
    from dataclasses import replace
    from pathlib import Path

    from zfdesk.cli.network import chosen_model
    from zfdesk.cli.output import print_message
    from zfdesk.cli.preflight import prepare_qt
    from zfdesk.session import load_session, reopen

    path = Path(arguments.path)
    session = load_session(path)
    prepare_qt(offscreen=bool(arguments.screenshot), camera=False)
    reopened = reopen(session, chosen_model(arguments.weights), switch=arguments.weights is None)
    view = reopened.view
    if arguments.layer is not None and arguments.layer != view.layer:
        view = view.change(layer=arguments.layer, unit=0, position=None)
    if arguments.unit is not None and arguments.unit != view.unit:
        view = view.change(unit=arguments.unit, position=None)
    reopened.model.architecture.stage(view.layer).check_unit(view.unit)
    if arguments.screenshot:
        for note in reopened.notes:
            print_message(note)
    from zfdesk.desk.app import run

    return run(reopened.model, view, arguments.screenshot or "", 1, opened=(replace(reopened, view=view), path))


def _source(arguments: argparse.Namespace) -> SourceReference:
    from zfdesk.sources import SourceReference, parse_source

    if arguments.camera is not None:
        return SourceReference("camera", arguments.camera.removeprefix("camera:"))
    return SourceReference("demo") if arguments.path is None else parse_source(arguments.path)


def _view(model: Model, source: SourceReference, layer: str | None, unit: int | None) -> View:
    """The first view; ValueError for a layer or unit that the network does not have."""
    from zfdesk.live import Crop, View

    view = View(source=source, crop=Crop.centre_of(model))
    if layer is None and view.layer not in [stage.name for stage in model.architecture.stages]:
        layer = model.architecture.last_convolution
    view = view.change(layer=layer or view.layer, unit=unit or 0)
    model.architecture.stage(view.layer).check_unit(view.unit)
    return view
