"""``zfdesk texture``: a picture of the same texture as an example."""

from __future__ import annotations

import argparse
from typing import Any

from zfdesk.cli.common import at_least, listed
from zfdesk.cli.made_pictures import add_making_options, check_outputs, finish, made
from zfdesk.cli.output import print_message
from zfdesk.cli.report import provenance
from zfdesk.progress import percent_text


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "texture", help="make a picture with the texture of an example (Gram matrices)", allow_abbrev=False,
        epilog="The well-known textures are VGG-16's: zfdesk weights get vgg16, then --weights vgg16.",
    )  # fmt: skip
    parser.add_argument("image", metavar="IMAGE", help="the example")
    parser.add_argument("--side", type=at_least(32, 1024), default=224, metavar="N", help="longest side (default: 224)")
    parser.add_argument(
        "--layers", type=listed(str), default=(), metavar="L,L,…", help="default: every convolution; VGG: Gatys's"
    )
    add_making_options(parser, steps=200)
    parser.set_defaults(run=lambda arguments: texture_command(parser, arguments))


def texture_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Make the texture; JSON: layers, seed and the mean relative error of the Gram matrices."""
    check_outputs(parser, arguments, arguments.image)
    from zfdesk.cli.network import chosen_model
    from zfdesk.sources import read_picture
    from zfdesk.synthesis import texture
    from zfdesk.synthesis.steps import no_larger
    from zfdesk.synthesis.style import advice, style_layers

    model = chosen_model(arguments.weights)
    layers = arguments.layers or style_layers(model.architecture)
    example = no_larger(read_picture(arguments.image), arguments.side)
    sketch = made(texture(model, example, None, layers, arguments.steps, seed=arguments.seed), "")
    error = float("nan") if sketch is None else float(sketch.values[0])
    facts = {
        "path": arguments.image, "method": "texture by Gram matrices (Gatys et al. 2015)", "layers": list(layers),
        "seed": arguments.seed, "relative_error": error, **provenance(model),
    }  # fmt: skip
    if hint := advice(model.architecture):
        print_message(hint)
    text = f"texture by {', '.join(layers)}, relative error {percent_text(error, 2)}, seed {arguments.seed}"
    return finish(arguments, sketch, None if sketch is None else sketch.pictures[0], facts, text)
