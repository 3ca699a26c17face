"""``zfdesk correspondence``: Table 1 for a folder of pictures with marked parts."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import FILLS, add_crop_option, add_json_option, add_weights_option, at_least
from zfdesk.cli.output import print_message
from zfdesk.cli.report import provenance, report, table
from zfdesk.progress import ProgressLine, counted

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.experiments import Correspondence, MarkedPicture


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "correspondence",
        help="what masking the same part changes in several pictures (Table 1)",
        epilog="The parts are marked in the window (“Mark parts”) and kept in zfdesk-parts.json beside the pictures. "
        "A score is the share of features whose change has another sign, the mean over all pairs of pictures, ± its "
        "standard error (ours: the paper does not say what its ± is): the lower, the more alike. The paper's random "
        "masks lie on other parts of the object; so do these where a box called “object” is marked, else anywhere. "
        "The paper's five dogs stand beside it.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="FOLDER", help="a folder of pictures with marked parts")
    parser.add_argument(
        "--layers", type=_layers, metavar="L[,L…]", help="layers to compare at (default: the paper's, pool5,fc7)"
    )
    parser.add_argument("--fill", choices=FILLS, default=FILLS[0], help="what masks become (default: grey)")
    parser.add_argument(
        "--random", type=at_least(0), default=10, metavar="N", help="random places a picture (default: 10; 0: none)"
    )
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of the random places (default: 0)")
    add_crop_option(parser)
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=correspondence_command)


def correspondence_command(arguments: argparse.Namespace) -> int:
    """Print our table beside the paper's; JSON: the same as one object, see `_facts`."""
    from zfdesk.cli.network import chosen_model
    from zfdesk.engine import OccluderFill
    from zfdesk.experiments import correspondence

    model = chosen_model(arguments.weights)
    for layer in arguments.layers or ():
        model.architecture.stage(layer)
    pictures, left_out = marked_pictures(arguments.folder, model, arguments.crop)
    fill = OccluderFill(arguments.fill)
    with ProgressLine("", "pictures") as progress:
        found = correspondence(
            model, pictures, arguments.layers or (), fill, arguments.random, arguments.seed, left_out, progress
        )
    if not arguments.json:
        for sentence in found.left_out:
            print_message(sentence)
    report(arguments, _facts(arguments, found) | provenance(model), _page(model, found))
    return 0


def marked_pictures(folder: str, model: Model, crop: str) -> tuple[list[MarkedPicture], list[str]]:
    """What a network sees of a folder's marked pictures, and sentences on what it does not. Raises PartsError."""
    from zfdesk.cli.network import crop_called
    from zfdesk.experiments.correspondence import cut_out
    from zfdesk.experiments.parts import check_marks, read_parts
    from zfdesk.sources import read_picture

    place = Path(folder)
    marks = read_parts(place)
    check_marks(place, marks)
    box = crop_called(crop, model).box
    return cut_out(marks, lambda name: read_picture(place / name), box, model.architecture.size)


def _facts(arguments: argparse.Namespace, found: Correspondence) -> dict[str, Any]:
    """``scores``: one for each part and layer; ``standard_error`` is null for a single pair, ``paper`` where the paper
    has no such row or layer."""
    return {
        "folder": arguments.folder,
        "pictures": list(found.pictures),
        "layers": list(found.layers),
        "scores": [
            {
                "part": score.part,
                "layer": score.layer,
                "score": score.mean,
                "standard_error": score.error,
                "pairs": score.pairs,
                "pictures": score.pictures,
                "paper": {"score": score.paper[0], "error": score.paper[1]} if score.paper else None,
            }
            for score in found.scores
        ],
        "left_out": list(found.left_out),
        "fill": str(found.fill),
        "random": found.draws,
        "seed": found.seed,
        "crop": arguments.crop,
    }


def _page(model: Model, found: Correspondence) -> str:
    masks = f"{found.fill} masks" + (
        f", {found.draws} random places a picture (in the box called “object” where one is marked, else anywhere)"
        if found.draws
        else ""
    )
    lead = f"{counted(len(found.pictures), 'picture')}, {masks}; {model.name or model.architecture.name}."
    return f"{lead} Share of differing signs: lower is more alike.\n\n{table(found.table())}"


def _layers(text: str) -> tuple[str, ...]:
    layers = tuple(layer.strip() for layer in text.split(","))
    if not all(layers):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list of layers such as pool5,fc7")
    return layers
