"""``zfdesk figure sanity``: which methods of attribution notice that a network's weights are random?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from zfdesk.attribution import METHODS
from zfdesk.cli.common import add_crop_option, at_least, listed, one_of

if TYPE_CHECKING:
    from zfdesk.figures import Page

HELP = "the sanity check of methods of attribution: random layers from the top (Adebayo et al. 2018)"
CHOSEN = "gradcam,guided-gradcam,guided,saliency"


def add_options(parser: argparse.ArgumentParser) -> None:
    """What is asked for beyond what every template has."""
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    known = tuple(name for name, one in METHODS.items() if "head" not in one.options)
    parser.add_argument(
        "--methods", type=listed(one_of(known)), default=tuple(CHOSEN.split(",")), metavar="M,M,…",
        help=f"of {', '.join(known)} (default: {CHOSEN})",
    )  # fmt: skip
    parser.add_argument("--class", dest="class_name", metavar="NAME|INDEX", help="default: the most probable class")
    parser.add_argument("--layer", metavar="L", help="whose maps Grad-CAM weights (default: the last convolution)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of the random weights (default: 0)")
    add_crop_option(parser)


def make(arguments: argparse.Namespace) -> tuple[Page, int]:
    """The page."""
    from zfdesk.attribution import Options, class_target
    from zfdesk.attribution.agreement import sanity_check
    from zfdesk.cli.made_pictures import network_picture
    from zfdesk.cli.network import chosen_model, class_called
    from zfdesk.figures.facts import Facts
    from zfdesk.pages.heat_pages import sanity_page
    from zfdesk.progress import ProgressLine
    from zfdesk.sources.files import file_name

    model = chosen_model(arguments.weights)
    picture = network_picture(arguments.image, model, arguments.crop)
    named = arguments.class_name
    index = int(model.probabilities(picture).argmax()) if named is None else class_called(model, named)
    total, steps = 1 + sum(bool(stage.parameters) for stage in model.architecture.stages), []
    options = Options(layer=arguments.layer)
    with ProgressLine("sanity check: ", "networks") as progress:
        for step in sanity_check(
            model, picture, class_target(model, index), arguments.methods, options, arguments.seed
        ):
            steps.append(step)
            progress(len(steps), total)
    facts = Facts.of_model(model, picture=file_name(arguments.image))
    return sanity_page(picture, steps, facts, size=arguments.size, seed=arguments.seed), 0
