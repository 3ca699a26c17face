"""``zfdesk attribute``: where a class, or a unit, looks in a picture."""

from __future__ import annotations

import argparse
import io
from typing import TYPE_CHECKING, Any

from zfdesk.attribution import METHODS
from zfdesk.cli.common import (
    add_crop_option,
    add_json_option,
    add_weights_option,
    at_least,
    npy_name,
    number_where,
    png_name,
)
from zfdesk.cli.made_pictures import check_outputs, network_picture
from zfdesk.cli.output import write_output
from zfdesk.cli.report import provenance, report

if TYPE_CHECKING:
    from zfdesk.attribution import Attribution
    from zfdesk.attribution.cam import CamHead
    from zfdesk.engine import Model, Pass, Seed


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    listed = "\n".join(f"  {name:15} {one.help}\n{'':18}({one.source})" for name, one in METHODS.items())
    parser = verbs.add_parser(
        "attribute",
        help="show where in a picture a class or a unit looks: Grad-CAM, saliency and other methods",
        epilog=f"methods:\n{listed}\n\nThe array is the method's own: float64, height × width, or × RGB where it is a "
        "signed picture;\nnot stretched.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument(
        "--method", choices=tuple(METHODS), default="gradcam", metavar="M", help="see below (default: gradcam)"
    )
    parser.add_argument("--class", dest="class_name", metavar="NAME|INDEX", help="default: the most probable class")
    parser.add_argument("--of", metavar="LAYER", help="of a unit of this layer, instead of a class")
    parser.add_argument(
        "--unit", type=at_least(0), metavar="N", help="the unit (default: the one with the highest single activation)"
    )
    parser.add_argument("--layer", metavar="L", help="whose maps Grad-CAM weights (default: the last convolution)")
    parser.add_argument(
        "--pictures", metavar="FOLDER", help="for cam, what its head is taught from: a folder for each class, pictures "
        "alone (with the network's own answers), or what zfdesk shards --teacher wrote (with the teacher's)",
    )  # fmt: skip
    parser.add_argument("--samples", type=at_least(1, 1000), metavar="N", help="of SmoothGrad (default: 16)")
    parser.add_argument("--steps", type=at_least(1, 1000), metavar="N", help="of integrated gradients (default: 24)")
    share = number_where(lambda value: 0 <= value <= 10, "a share from 0 to 10")
    parser.add_argument("--noise", type=share, metavar="S", help="of SmoothGrad, a share of the range (default: 0.15)")
    parser.add_argument("--epsilon", type=share, metavar="E", help="of LRP, of a layer's mean square (default: 0.05)")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of SmoothGrad's noise (default: 0)")
    add_crop_option(parser)
    add_weights_option(parser)
    parser.add_argument("-o", "--output", type=png_name, metavar="OUT.png", help="the picture under its heat")
    parser.add_argument("--npy", type=npy_name, metavar="OUT.npy", help="the array")
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: attribute_command(parser, arguments))


def attribute_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Attribute and write; JSON: the facts, see `_facts`."""
    if not (arguments.output or arguments.npy or arguments.json):
        parser.error("nothing to do: give -o for a picture, --npy for the array or --json for the facts")
    if arguments.of and arguments.class_name:
        parser.error("--class and --of name two targets")
    if arguments.unit is not None and not arguments.of:
        parser.error("--unit goes with --of")
    if arguments.method == "cam" and not arguments.pictures:
        parser.error("cam needs --pictures: its head is taught from them, since this network has none of its own")
    if arguments.output:
        check_outputs(parser, arguments, arguments.npy, arguments.image)
    import numpy as np

    from zfdesk.attribution import attribute
    from zfdesk.cli.network import chosen_model
    from zfdesk.figures.heat import warmed
    from zfdesk.synthesis.sheet import png_bytes

    model = chosen_model(arguments.weights)
    picture = network_picture(arguments.image, model, arguments.crop)
    seen = model.forward(picture)
    target = _target(seen, arguments)
    found = attribute(seen, target, arguments.method, _options(model, arguments))
    facts = _facts(arguments, seen, found)
    if arguments.npy:
        memory = io.BytesIO()
        np.save(memory, found.values)
        write_output(arguments.npy, memory.getvalue())
    if arguments.output:
        write_output(arguments.output, png_bytes(warmed(picture, found.heat), facts))
    written = ", ".join(path for path in (arguments.output, arguments.npy) if path)
    row, column = facts["hottest"]
    text = f"{found.description()}; hottest at row {row}, column {column}"
    report(arguments, facts, f"{text}: {written}" if written else text)
    return 0


def _target(seen: Pass, arguments: argparse.Namespace) -> Seed:
    from zfdesk.attribution import class_target
    from zfdesk.cli.network import class_called
    from zfdesk.engine import Seed

    if arguments.of:
        layer = seen.model.architecture.stage(arguments.of).name
        unit = seen.strongest_unit(layer) if arguments.unit is None else arguments.unit
        return Seed(layer, unit)
    index = (
        int(seen.probabilities[0].argmax())
        if arguments.class_name is None
        else class_called(seen.model, arguments.class_name)
    )
    return class_target(seen.model, index)


def _options(model: Model, arguments: argparse.Namespace) -> Any:
    from zfdesk.attribution import Options

    given = {name: getattr(arguments, name) for name in ("layer", "samples", "noise", "steps", "epsilon", "seed")}
    head = _head(model, arguments) if arguments.method == "cam" else None
    return Options(head=head, **{name: value for name, value in given.items() if value is not None})


def _head(model: Model, arguments: argparse.Namespace) -> CamHead:
    """See `zfdesk.library.cam_pictures`."""
    from zfdesk.cli.network import class_called, crop_called
    from zfdesk.cli.output import print_message
    from zfdesk.library.cam_pictures import teach_from_folder
    from zfdesk.progress import ProgressLine

    with ProgressLine("CAM's head: ", "pictures") as progress:
        return teach_from_folder(
            model, arguments.pictures, crop_called(arguments.crop, model), lambda name: class_called(model, name),
            progress, lambda error: print_message(str(error)),
        )  # fmt: skip


def _facts(arguments: argparse.Namespace, seen: Pass, found: Attribution) -> dict[str, Any]:
    """What it is. ``hottest``: row and column in pixels of the network's input; ``range``: of the array."""
    import numpy as np

    target, model = found.target, seen.model
    is_class = target.layer in model.architecture.class_layers
    y, x = np.unravel_index(int(found.heat.argmax()), found.heat.shape)
    return {
        "path": arguments.image, "output": arguments.output, "npy": arguments.npy, "words": found.description(),
        "method": found.method.name, "source": found.method.source, "of": target.layer, "unit": target.unit,
        "class": model.classes[target.unit] if is_class else None,
        "probability": float(seen.probabilities[0, target.unit]) if is_class else None,
        "position": list(target.position) if target.position else None, "seed_kind": str(target.kind),
        "layer": found.layer, "options": {name: getattr(found.options, name) for name in found.method.options
                                          if name != "head"},
        "head": found.options.head.description() if found.options.head else None,
        "shape": list(found.values.shape), "range": [float(found.values.min()), float(found.values.max())],
        "hottest": [int(y), int(x)], **provenance(model),
    }  # fmt: skip
