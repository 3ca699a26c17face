"""``zfdesk fool``: a picture that looks the same and is another class."""

from __future__ import annotations

import argparse
from typing import Any

from zfdesk.cli.common import add_crop_option, number_where
from zfdesk.cli.made_pictures import add_making_options, check_outputs, finish, made, network_picture
from zfdesk.cli.report import provenance
from zfdesk.progress import percent_text


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "fool",
        help="change a picture, hardly visibly, into any class",
        epilog="Projected gradient steps towards the class, never beyond the budget: the largest change of a pixel in "
        "levels of 255 (linf), or the length of all changes together (l2). Beside it: the change, magnified.",
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument("--to", required=True, metavar="CLASS", help="name or index of the class it is to be taken for")
    parser.add_argument(
        "--norm", choices=("linf", "l2"), default="linf", help="how a change is measured (default: linf)"
    )
    parser.add_argument(
        "--budget", type=number_where(lambda value: 0 < value < 1e6, "a number of levels above 0"), metavar="LEVELS",
        help="the most that is changed (default: 8 for linf, 1500 for l2)",
    )  # fmt: skip
    parser.add_argument("--alone", action="store_true", help="write the picture alone, without the change beside it")
    add_crop_option(parser)
    add_making_options(parser, steps=40, seed=False)
    parser.set_defaults(run=lambda arguments: fool_command(parser, arguments))


def fool_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Make the picture; JSON: what it was and is taken for, how much was changed and by how much that is magnified."""
    check_outputs(parser, arguments, arguments.image)
    import numpy as np

    from zfdesk.cli.network import chosen_model, class_called
    from zfdesk.synthesis import Norm, fool
    from zfdesk.synthesis.fooling import magnified
    from zfdesk.synthesis.sheet import contact_sheet

    model = chosen_model(arguments.weights)
    to, norm = class_called(model, arguments.to), Norm(arguments.norm)
    budget = arguments.budget or (8.0 if norm is Norm.LARGEST else 1500.0)
    picture = network_picture(arguments.image, model, arguments.crop)
    sketch = made(fool(model, picture, to, budget, norm, arguments.steps), "")
    if sketch is None:
        return finish(arguments, None, None, {}, "")
    changed = sketch.pictures[0]
    shown, factor = magnified(picture, changed)
    answers = model.probabilities(np.stack((picture, changed))).numpy()
    (was, sure), (now, _) = ((int(answer.argmax()), float(answer.max())) for answer in answers)
    change = changed.astype(float) - picture
    facts = {
        "path": arguments.image, "method": "projected gradient steps", "to": model.classes[to], "index": to,
        "probability": float(answers[1, to]), "probability_before": float(answers[0, to]),
        "was": {"class": model.classes[was], "index": was, "probability": sure},
        "is": {"class": model.classes[now], "index": now, "probability": float(answers[1, now])},
        "norm": str(norm), "budget": budget, "largest_change": float(np.abs(change).max()),
        "length_of_change": float(np.linalg.norm(change)), "change_magnified": factor, **provenance(model),
    }  # fmt: skip
    pixels = changed if arguments.alone else contact_sheet(np.stack((picture, changed, shown)), 3)
    what = "still" if now == was else "now"
    text = (
        f"{model.classes[was]} {percent_text(sure, 1)} is {what} {model.classes[now]} "
        f"{percent_text(answers[1, now], 1)}; no pixel changed by more than "
        f"{facts['largest_change']:g} of 255 levels, by {facts['length_of_change']:.0f} in all"
    )
    return finish(arguments, sketch, pixels, facts, text)
