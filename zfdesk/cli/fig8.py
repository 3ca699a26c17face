"""``zfdesk figure fig8``: the pictures of Table 1 with their masks."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zfdesk.cli.common import FILLS, add_crop_option, at_least
from zfdesk.cli.output import print_message

if TYPE_CHECKING:
    from zfdesk.figures import Page

HELP = "the pictures of Table 1 with their masks"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is asked for beyond what every template has."""
    parser.add_argument("folder", metavar="FOLDER", help="a folder of pictures with marked parts")
    parser.add_argument("--fill", choices=FILLS, default=FILLS[0], help="what masks become (default: grey)")
    parser.add_argument(
        "--random", type=at_least(0), default=10, metavar="N",
        help="random places a picture, as of `zfdesk correspondence` (default: 10)",
    )  # fmt: skip
    parser.add_argument("--shown", type=at_least(0), default=2, metavar="N", help="how many are shown (default: 2)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the random places (default: 0)")
    add_crop_option(parser)


def make(arguments: argparse.Namespace) -> tuple[Page, int]:
    """Make the page of masked parts, and the exit status."""
    from zfdesk.cli.correspondence import marked_pictures
    from zfdesk.cli.network import chosen_model
    from zfdesk.engine import OccluderFill
    from zfdesk.figures import fig8_page

    model = chosen_model(arguments.weights)
    pictures, left_out = marked_pictures(arguments.folder, model, arguments.crop)
    for sentence in left_out:
        print_message(sentence)
    page = fig8_page(
        model, pictures, fill=OccluderFill(arguments.fill), draws=arguments.random, seed=arguments.seed,
        shown=min(arguments.shown, arguments.random), size=arguments.size,
    )  # fmt: skip
    return page, 0
