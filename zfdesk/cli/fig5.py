"""``zfdesk figure fig5``: how features and answers change when pictures are shifted, enlarged and turned."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zfdesk.cli.common import add_crop_option
from zfdesk.cli.output import CommandError
from zfdesk.progress import Progress

if TYPE_CHECKING:
    from zfdesk.figures import Page

WORDS = "features and answers of pictures that are shifted, enlarged and turned"
MOST_PICTURES = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is asked for beyond what every template has."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help=f"one to {MOST_PICTURES} pictures")
    parser.add_argument(
        "--class", dest="classes", action="append", metavar="NAME|INDEX",
        help="a picture's true label; again for each picture (default: the most probable class)",
    )  # fmt: skip
    parser.add_argument(
        "--layer", action="append", metavar="L", help="a layer; may be given again (default: the paper's 1 and 7)"
    )
    add_crop_option(parser)


def make(arguments: argparse.Namespace) -> tuple[Page, int]:
    """The page."""
    from zfdesk.cli.network import chosen_model, class_called, crop_called
    from zfdesk.experiments.invariance import Change, around, invariance, paper_amounts
    from zfdesk.figures import fig5_page
    from zfdesk.sources import read_picture
    from zfdesk.sources.files import file_name

    if len(arguments.images) > MOST_PICTURES:
        raise CommandError(f"Fig. 5 is drawn of 1 to {MOST_PICTURES} pictures, not {len(arguments.images)}.")
    if arguments.classes and len(arguments.classes) != len(arguments.images):
        raise CommandError("--class is given once for each picture, in their order, or not at all.")
    model = chosen_model(arguments.weights)
    for layer in arguments.layer or ():
        model.architecture.stage(layer)
    classes = [class_called(model, word) for word in arguments.classes or ()]
    cut, size = crop_called(arguments.crop, model), model.architecture.size
    frames = [read_picture(path) for path in arguments.images]
    canvases = [around(frame, cut.box(*frame.shape[:2]), size) for frame in frames]
    found = []
    for change in Change:
        with Progress(f"{change}: ", "pictures") as progress:
            amounts = paper_amounts(change, size)
            found.append(invariance(model, canvases, change, amounts, arguments.layer or (), classes, progress))
    names = [file_name(path) for path in arguments.images]
    return fig5_page(model, names, canvases, found, given=bool(classes), size=arguments.size), 0
