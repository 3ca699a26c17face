"""``zfdesk maximise``: the pictures that units and classes would like to see."""

from __future__ import annotations

import argparse
from typing import Any

from zfdesk.cli.common import at_least, listed
from zfdesk.cli.made_pictures import add_making_options, check_outputs, finish, made, network_picture
from zfdesk.cli.report import provenance

RECIPES = ("modern", "yosinski-1", "yosinski-2", "yosinski-3", "yosinski-4")
"""As `zfdesk.synthesis.RECIPES` calls them."""

_EPILOG = """\
An objective is a unit (conv5:17), one of its positions (conv5:17@2,3), the mean
of its map (conv5:17/map), a class (class:tabby), or a sum: "class:tabby -
class:tiger cat", "0.5*conv5:17 + 0.5*conv5:40", "conv5:17>40@0.3" (30 % of the
way from one unit to another). Values are taken before the rectification.

Recipes: modern (frequencies, decorrelated colours, jitter, scale, rotation,
total variation), and the four rows of Table 1 in Yosinski et al. 2015, whose
hundreds of steps take longer.

Ctrl-C ends it; the picture as it is then is written, marked as unfinished.
"""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "maximise",
        help="make the picture that a unit or a class would like to see",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--layer", metavar="L", help="a layer, such as conv5; goes with --units")
    parser.add_argument("--units", type=listed(at_least(0)), metavar="N,N,…", help="units of the layer")
    parser.add_argument(
        "--objective", action="append", default=[], metavar="WORDS", help="see below; may be given several times"
    )
    parser.add_argument("--each", type=at_least(1, 16), default=1, metavar="K", help="so many different pictures each")
    parser.add_argument("--recipe", choices=RECIPES, default=RECIPES[0], help="default: modern")
    parser.add_argument("--steps", type=at_least(1, 100_000), metavar="N", help="default: the recipe's")
    parser.add_argument(
        "--start", default="noise", metavar="noise|mean|IMAGE", help="what it starts from (default: noise)"
    )
    add_making_options(parser)
    parser.set_defaults(run=lambda arguments: maximise_command(parser, arguments))


def maximise_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Make the pictures and write them as one sheet; JSON: recipe, and objective, value and place of each picture."""
    if (arguments.layer is None) != (arguments.units is None):
        parser.error("--layer and --units go together")
    if not arguments.units and not arguments.objective:
        parser.error("what shall be maximised? give --layer and --units, or --objective")
    start = arguments.start if arguments.start not in ("noise", "mean") else None
    check_outputs(parser, arguments, start)
    from dataclasses import asdict, replace

    from zfdesk.cli.network import chosen_model, class_called
    from zfdesk.synthesis import Maximiser, maximise, of_unit, parse_objective, recipe_called, several
    from zfdesk.synthesis.sheet import contact_sheet

    model = chosen_model(arguments.weights)
    architecture = model.architecture
    objectives = [of_unit(architecture.stage(arguments.layer).name, unit) for unit in arguments.units or ()]
    objectives += [
        parse_objective(text, architecture, lambda name: class_called(model, name)) for text in arguments.objective
    ]
    recipe = recipe_called(arguments.recipe)
    if arguments.each > 1:
        recipe = several(objectives[0], 1, recipe)[1]
        objectives = [one for one in objectives for _ in range(arguments.each)]
    recipe = replace(recipe, steps=arguments.steps or recipe.steps)
    picture = network_picture(start, model) if start else arguments.start
    descriptions = [one.description(model.classes, architecture.class_layers) for one in objectives]
    maker = Maximiser(model, objectives, recipe, picture, arguments.seed)
    sketch = made(maximise(model, objectives, recipe, picture, arguments.seed), "")
    pixels = None if sketch is None else contact_sheet(sketch.pictures)
    values = [] if sketch is None else [float(value) for value in sketch.values]
    facts = {
        "method": f"activation maximisation, recipe {recipe.name}",
        "objectives": [{"words": text, "value": value} for text, value in zip(descriptions, values, strict=False)],
        "seed": arguments.seed, "start": arguments.start, "recipe": asdict(recipe), "field": list(maker.field),
        "scale": "1 pixel of the network's input each", **provenance(model),
    }  # fmt: skip
    each = [f"{text}: {value:.4g}" for text, value in zip(descriptions, values, strict=False)]
    return finish(arguments, sketch, pixels, facts, f"{'; '.join(each)}; recipe {recipe.name}, seed {arguments.seed}")
