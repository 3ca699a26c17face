"""``zfdesk style``: a picture in the style of another, or of two mixed."""

from __future__ import annotations

import argparse
from typing import Any

from zfdesk.cli.common import at_least, number_where
from zfdesk.cli.made_pictures import add_making_options, check_outputs, finish, made
from zfdesk.cli.output import print_message
from zfdesk.cli.report import provenance
from zfdesk.progress import percent_text

_weight = number_where(lambda value: 0 <= value < 1e6, "a weight from 0 up")


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "style", help="draw a picture in the style of another, or of two mixed", allow_abbrev=False,
        epilog="The well-known styles are VGG-16's: zfdesk weights get vgg16, then --weights vgg16.",
    )  # fmt: skip
    parser.add_argument("image", metavar="IMAGE", help="what is drawn")
    parser.add_argument(
        "--like", action="append", required=True, metavar="STYLE", help="whose style; give it twice to mix two"
    )
    parser.add_argument("--mix", type=number_where(lambda value: 0 <= value <= 1, "a share from 0 to 1"), default=0.5,
                        metavar="SHARE", help="share of the second style (default: 0.5)")  # fmt: skip
    parser.add_argument("--content", type=_weight, default=1.0, metavar="WEIGHT", help="of the content (default: 1)")
    parser.add_argument("--side", type=at_least(32, 1024), default=224, metavar="N", help="longest side (default: 224)")
    add_making_options(parser, steps=200, seed=False)
    parser.set_defaults(run=lambda arguments: style_command(parser, arguments))


def style_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Draw and write; JSON: styles with their weights, layers, and the mean relative error of the Gram matrices."""
    if len(arguments.like) > 2:
        parser.error("--like is given once, or twice to mix two styles")
    check_outputs(parser, arguments, arguments.image)
    check_outputs(parser, arguments, *arguments.like)
    from zfdesk.cli.network import chosen_model
    from zfdesk.sources import read_picture
    from zfdesk.synthesis import StyleSource, transfer
    from zfdesk.synthesis.steps import no_larger
    from zfdesk.synthesis.style import advice, content_layer, style_layers

    model = chosen_model(arguments.weights)
    shares = [1.0] if len(arguments.like) == 1 else [1 - arguments.mix, arguments.mix]
    styles = [
        StyleSource(no_larger(read_picture(path), arguments.side), share)
        for path, share in zip(arguments.like, shares, strict=True)
    ]  # fmt: skip
    content = no_larger(read_picture(arguments.image), arguments.side)
    sketch = made(transfer(model, content, styles, arguments.content, steps=arguments.steps), "")
    error = float("nan") if sketch is None else float(sketch.values[0])
    layers, at = style_layers(model.architecture), content_layer(model.architecture)
    facts = {
        "path": arguments.image, "method": "style transfer by Gram matrices (Gatys et al. 2016)",
        "styles": [{"path": path, "weight": share} for path, share in zip(arguments.like, shares, strict=True)],
        "layers": list(layers), "content_layer": at, "content_weight": arguments.content, "relative_error": error,
        **provenance(model),
    }  # fmt: skip
    if hint := advice(model.architecture):
        print_message(hint)
    mixed = " + ".join(f"{share:g} × {path}" for path, share in zip(arguments.like, shares, strict=True))
    text = (
        f"{arguments.image} in the style of {mixed}: by {', '.join(layers)}, content at {at}, error "
        f"{percent_text(error, 2)}"
    )
    return finish(arguments, sketch, None if sketch is None else sketch.pictures[0], facts, text)
