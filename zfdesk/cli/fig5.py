"""``zfdesk figure fig5``: how features and answers change when pictures are shifted, enlarged and turned."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from zfdesk.cli.common import add_crop_option
from zfdesk.cli.output import CommandError
from zfdesk.progress import ProgressLine

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.experiments.invariance import Invariance
    from zfdesk.figures import Page

HELP = "features and answers of pictures that are shifted, enlarged and turned"
MOST_PICTURES = 5


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is asked for beyond what every template has."""
    parser.add_argument("images", nargs="+", metavar="IMAGE", help="pictures")
    parser.add_argument(
        "--class", dest="classes", action="append", metavar="NAME|INDEX",
        help="a picture's true label; again for each picture (default: the most probable class)",
    )  # fmt: skip
    parser.add_argument(
        "--layer", action="append", metavar="L", help="a layer; may be given again (default: the paper's 1 and 7)"
    )
    add_crop_option(parser)


@dataclass(frozen=True, eq=False)
class Computed:
    """The network, what pictures it saw, and one `Invariance` for each change."""

    model: Model
    canvases: list[np.ndarray]
    found: list[Invariance]


def compute(arguments: argparse.Namespace, changes: Sequence[str], amounts: Sequence[float] | None = None) -> Computed:
    """What changes, by name, do to the pictures; amounts: by default the paper's."""
    import numpy as np

    from zfdesk.cli.network import chosen_model, class_called, crop_called
    from zfdesk.experiments.invariance import Transformation, around, invariance, paper_amounts
    from zfdesk.sources import read_picture

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
    for change in (Transformation[word.upper()] for word in changes):
        with ProgressLine(f"{change}: ", "pictures") as progress:
            wanted = paper_amounts(change, size) if amounts is None else np.asarray(amounts, float)
            found.append(invariance(model, canvases, change, wanted, arguments.layer or (), classes, progress))
    return Computed(model, canvases, found)


def make(arguments: argparse.Namespace) -> tuple[Page, int]:
    """Make the page of Fig. 5, and the exit status."""
    from zfdesk.experiments.invariance import Transformation
    from zfdesk.figures import fig5_page
    from zfdesk.sources.files import file_name

    if len(arguments.images) > MOST_PICTURES:
        raise CommandError(f"Fig. 5 is drawn of 1 to {MOST_PICTURES} pictures, not {len(arguments.images)}.")
    computed = compute(arguments, [change.name for change in Transformation])
    names = [file_name(path) for path in arguments.images]
    given = bool(arguments.classes)
    return fig5_page(computed.model, names, computed.canvases, computed.found, given=given, size=arguments.size), 0
