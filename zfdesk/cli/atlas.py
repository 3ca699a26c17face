"""``zfdesk atlas``: one made picture for every unit of every convolution and for every class."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, add_weights_option, at_least, listed
from zfdesk.cli.output import CommandError, check_output, print_message
from zfdesk.cli.report import provenance, report

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.synthesis.atlas import Atlas, AtlasPage


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "atlas",
        help="make the picture that each unit of each layer would like to see, in one file",
        epilog="The file is a zip: atlas.json and a WebP mosaic a layer. It is written after every layer, and layers "
        "that it has already, of the same weights and seed, are kept: run it again to go on. Takes hours.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--layers", type=listed(str), metavar="L,L,…", help="default: every convolution and the classes"
    )  # fmt: skip
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="default: 0")
    add_weights_option(parser)
    parser.add_argument("-o", "--output", required=True, metavar="OUT.zip", help="the atlas to write")
    add_json_option(parser)
    parser.set_defaults(run=atlas_command)


def atlas_command(arguments: argparse.Namespace) -> int:
    """Make what is missing and write it; 130 when interrupted. JSON: the layers that are in it."""
    check_output(arguments.output)
    from zfdesk.cli.network import chosen_model
    from zfdesk.progress import ProgressLine
    from zfdesk.synthesis.atlas import atlas_layers, make_page, write_atlas

    model = chosen_model(arguments.weights)
    layers = arguments.layers or atlas_layers(model.architecture)
    for layer in layers:
        model.architecture.stage(layer)
    atlas, interrupted = _begun(arguments, model), False
    for layer in layers:
        if layer in atlas.pages:
            continue
        made: AtlasPage | None = None
        with ProgressLine(f"{layer}: ", "units") as progress:
            try:
                for done, page in make_page(model, layer, arguments.seed):
                    progress(done, model.architecture.stage(layer).shape[0])
                    made = page
            except KeyboardInterrupt:
                interrupted = True
        if interrupted or made is None:
            break
        atlas = replace(atlas, pages={**atlas.pages, layer: made})
        write_atlas(arguments.output, atlas)
    facts = {
        "output": arguments.output, "seed": arguments.seed, **provenance(model),
        "layers": {layer: len(page.values) for layer, page in atlas.pages.items()},
    }  # fmt: skip
    report(arguments, facts, ", ".join(f"{layer} {count}" for layer, count in facts["layers"].items())
           + f": {arguments.output}")  # fmt: skip
    if interrupted:
        print_message("Interrupted: the layers that were whole are written; run it again to go on.")
    return 130 if interrupted else 0


def _begun(arguments: argparse.Namespace, model: Model) -> Atlas:
    """What the file has already, if it is of these weights and this seed. CommandError where it is something else."""
    from zfdesk.synthesis.atlas import Atlas, AtlasError, convolutions_hash, read_atlas

    if not Path(arguments.output).exists():
        return Atlas(model.name, model.sha256, convolutions_hash(model), arguments.seed, {})
    try:
        found = read_atlas(arguments.output)
    except AtlasError as error:
        raise CommandError(f"{error} It is not written over: name another file.") from error
    if (found.sha256, found.seed) != (model.sha256, arguments.seed):
        raise CommandError(f"{arguments.output} is of other weights or another seed: name another file.")
    return found
