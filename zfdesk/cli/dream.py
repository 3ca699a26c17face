"""``zfdesk dream``: DeepDream on a picture."""

from __future__ import annotations

import argparse
from typing import Any

from zfdesk.cli.common import at_least, number_where
from zfdesk.cli.made_pictures import add_making_options, check_outputs, finish, made
from zfdesk.cli.report import provenance


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "dream", help="DeepDream: show a layer more of what it sees in a picture", allow_abbrev=False
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture, taken whole")
    parser.add_argument("--layer", default="conv4", metavar="L", help="default: conv4")
    parser.add_argument(
        "--unit", type=at_least(0), metavar="N", help="of this unit alone (default: of the whole layer)"
    )
    parser.add_argument("--octaves", type=at_least(1, 12), default=4, metavar="N", help="sizes, 1.4 apart (default: 4)")
    parser.add_argument(
        "--rate", type=number_where(lambda value: 0 < value < 100, "a number of levels above 0"), default=1.5,
        metavar="LEVELS", help="mean change of a step, of 255 levels (default: 1.5)",
    )  # fmt: skip
    add_making_options(parser, steps=10)
    parser.set_defaults(run=lambda arguments: dream_command(parser, arguments))


def dream_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Dream and write; ``--steps`` are those of each octave. JSON: layer, unit, octaves, seed and the objective."""
    check_outputs(parser, arguments, arguments.image)
    from zfdesk.cli.network import chosen_model
    from zfdesk.sources import read_picture
    from zfdesk.synthesis import dream

    model = chosen_model(arguments.weights)
    layer, unit = arguments.layer, arguments.unit
    sketches = dream(
        model, read_picture(arguments.image), layer, unit, arguments.octaves, arguments.steps, arguments.rate,
        arguments.seed,
    )  # fmt: skip
    sketch = made(sketches, "")
    value = float("nan") if sketch is None else float(sketch.values[0])
    facts = {
        "path": arguments.image, "method": "DeepDream", "layer": layer, "unit": unit, "octaves": arguments.octaves,
        "rate": arguments.rate, "seed": arguments.seed, "value": value, **provenance(model),
    }  # fmt: skip
    what = layer if unit is None else f"{layer}:{unit}"
    text = f"DeepDream of {what}, {arguments.octaves} octaves, seed {arguments.seed}, objective {value:.4g}"
    return finish(arguments, sketch, None if sketch is None else sketch.pictures[0], facts, text)
