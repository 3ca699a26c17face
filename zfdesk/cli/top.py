"""``zfdesk top``: Fig. 2 for chosen units, from the scan."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import METHODS, add_crop_option, at_least, listed
from zfdesk.cli.figure import page_options

if TYPE_CHECKING:
    from zfdesk.figures import Page


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "top",
        help="the pictures that wake chosen units most, and their projections (Fig. 2)",
        epilog="What is new in the folders is scanned first, for this layer alone; `zfdesk scan` does it for all.",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="+", metavar="FOLDER", help="folders, pictures, clips")
    parser.add_argument("--layer", required=True, metavar="L", help="a layer")
    parser.add_argument("--units", required=True, type=listed(at_least(0)), metavar="N,N,…", help="its units")
    parser.add_argument("--top", type=at_least(1, 100), default=9, metavar="K", help="pictures of each (default: 9)")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help="default: deconvnet")
    add_crop_option(parser)
    page_options(parser, make)


def make(arguments: argparse.Namespace) -> tuple[Page, int]:
    """Make the page of the units' strongest activations, and the exit status."""
    from zfdesk.cli.network import chosen_model, crop_called
    from zfdesk.cli.scan import Watching
    from zfdesk.engine import Rule
    from zfdesk.pages.folder_page import fig2_of

    model = chosen_model(arguments.weights)
    stage = model.architecture.stage(arguments.layer)
    for unit in arguments.units:
        stage.check_unit(unit)
    with Watching() as watching:
        page = fig2_of(
            model, arguments.paths, crop_called(arguments.crop, model), [arguments.layer], arguments.units,
            top=arguments.top, rule=Rule(arguments.method), size=arguments.size, on_step=watching.on_step,
        )  # fmt: skip
    return page, 1 if watching.unreadable else 0
