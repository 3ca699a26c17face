"""``zfdesk invert``: what a layer still knows of a picture."""

from __future__ import annotations

import argparse
from typing import Any

from zfdesk.cli.common import add_crop_option, listed
from zfdesk.cli.made_pictures import add_making_options, check_outputs, finish, made, network_picture
from zfdesk.cli.report import provenance
from zfdesk.progress import percent_text


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "invert",
        help="make a picture that a layer takes for the given one: what does it still know?",
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument(
        "--layers", type=listed(str), metavar="L,L,…", help="one picture each, in a row (default: conv1 to the scores)"
    )
    add_crop_option(parser)
    add_making_options(parser, steps=200)
    parser.set_defaults(run=lambda arguments: invert_command(parser, arguments))


def invert_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Invert each layer; the row is the picture and then a picture a layer. JSON: each layer's relative error."""
    check_outputs(parser, arguments, arguments.image)
    import numpy as np

    from zfdesk.cli.network import chosen_model
    from zfdesk.synthesis import invert
    from zfdesk.synthesis.sheet import contact_sheet

    model = chosen_model(arguments.weights)
    architecture = model.architecture
    layers = arguments.layers or tuple(stage.name for stage in architecture.stages if stage.parameters)
    for layer in layers:
        architecture.stage(layer)
    picture = network_picture(arguments.image, model, arguments.crop)
    row, errors, sketch = [picture], {}, None
    for layer in layers:
        sketch = made(invert(model, picture, layer, arguments.steps, seed=arguments.seed), f"{layer}: ")
        if sketch is None:
            break
        row.append(sketch.pictures[0])
        errors[layer] = float(sketch.values[0])
        if not sketch.finished:
            break
    facts = {
        "path": arguments.image, "method": "feature inversion (Mahendran & Vedaldi 2015)", "seed": arguments.seed,
        "relative_error": errors, **provenance(model),
    }  # fmt: skip
    relative = ", ".join(f"{layer} {percent_text(error, 1)}" for layer, error in errors.items())
    text = f"relative error of the inverted layers: {relative}; seed {arguments.seed}"
    return finish(arguments, sketch, contact_sheet(np.stack(row), len(row)), facts, text)
