"""``zfdesk deconv``: what a unit saw in a picture, as a picture and as an array."""

from __future__ import annotations

import argparse
import io
import re
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import (
    BOX_ORDER,
    METHODS,
    UNIT_HELP,
    UNIT_METAVAR,
    add_crop_option,
    add_json_option,
    add_weights_option,
    at_least,
    npy_name,
    png_name,
    unit_choice,
)
from zfdesk.cli.output import CommandError, write_output
from zfdesk.cli.report import provenance, report

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.live import Rendered, Result, UnitResult

SEEDS = ("max", "map", "topk")
STYLES = ("raw", "gray", "norm", "blurred norm")


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "deconv",
        help="project a unit's activation down to the pixels of a picture",
        epilog="The picture is contrast-stretched (by how much stands in its metadata); the array is not: float32, "
        "height × width × RGB, in network-input space. The boxes of --json are top, left, bottom, right: the crop's in "
        "pixels of the picture, the others in pixels of the network's input. A unit of a layer without maps "
        "(fc6 to prob) is one value: its position and seed are null.",
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument("--layer", required=True, metavar="L", help="a layer, such as conv5 (see `zfdesk info`)")
    parser.add_argument("--unit", required=True, type=unit_choice, metavar=UNIT_METAVAR, help=f"a unit; {UNIT_HELP}")
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--at", type=_position, metavar="Y,X", help="start from this position of the unit's map")
    start.add_argument("--seed", choices=SEEDS, help="start from its strongest position (default), all, or the top K")
    parser.add_argument("--top", type=at_least(1), metavar="K", help="how many positions for --seed topk (default: 9)")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help="default: deconvnet")
    parser.add_argument("--style", choices=STYLES, default=STYLES[0], help="how the result is shown (default: raw)")
    add_crop_option(parser)
    add_weights_option(parser)
    parser.add_argument("-o", "--output", required=True, type=png_name, metavar="OUT.png", help="the picture to write")
    parser.add_argument("--npy", type=npy_name, metavar="OUT.npy", help="also write the array")
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: deconv_command(parser, arguments))


def deconv_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Reconstruct one unit and write it; JSON: the facts, see `_facts`."""
    if arguments.top is not None and (arguments.at or arguments.seed not in (None, "topk")):
        parser.error("--top goes with --seed topk")
    import numpy as np

    from zfdesk.cli.network import chosen_model

    model = chosen_model(arguments.weights)
    result, unit = _computed(model, arguments)
    rendered = next(iter(unit.pictures.values()))
    facts = _facts(arguments, result, unit, rendered)
    if arguments.npy:
        memory = io.BytesIO()
        np.save(memory, rendered.reconstruction.values)
        write_output(arguments.npy, memory.getvalue())
    write_output(arguments.output, _png(rendered, facts))
    where = "" if facts["position"] is None else " at ({}, {})".format(*facts["position"])
    seed = "" if facts["seed"] is None else f", {facts['seed']}"
    text = (
        f"{unit.reference.layer}:{unit.reference.unit}{where}, activation {unit.activation:.4g}, "
        f"{arguments.method}{seed}: {arguments.output}"
    )
    report(arguments, facts, text)
    return 0


def _computed(model: Model, arguments: argparse.Namespace) -> tuple[Result, UnitResult]:
    """The same as the window computes for this view of this picture."""
    import time

    from zfdesk.cli.network import crop_called, unit_called
    from zfdesk.engine import Rule, SeedKind
    from zfdesk.live import Computation, Demand, Request, Style, View
    from zfdesk.live.compute import ForwardStep
    from zfdesk.sources import Frame, read_picture
    from zfdesk.sources.files import file_name

    stage = model.architecture.stage(arguments.layer)
    stage.check_unit(arguments.unit if isinstance(arguments.unit, int) else 0, arguments.at)
    seed = "at" if arguments.at else arguments.seed or ("topk" if arguments.top else "max")
    pixels = read_picture(arguments.image)
    frame = Frame(pixels, 0, time.perf_counter(), file_name(arguments.image))
    demand = Demand(layers=False, maps=False, unit=True, pins=False)
    view = View(crop=crop_called(arguments.crop, model), layer=stage.name)
    seen = ForwardStep().forward(Request(frame, view, demand, model)).occluded
    view = view.change(
        unit=unit_called(seen, stage.name, arguments.unit), position=arguments.at, seed=SeedKind(seed),
        seed_count=arguments.top or view.seed_count,
        method=Rule(arguments.method), style=Style(arguments.style),
    )  # fmt: skip
    *_, result = Computation().run(Request(frame, view, demand, model))
    assert result.unit is not None
    if result.unit.reason:
        raise CommandError(result.unit.reason)
    return result, result.unit


def _facts(arguments: argparse.Namespace, result: Result, unit: UnitResult, rendered: Rendered) -> dict[str, Any]:
    """What the reconstruction is. Boxes are ``BOX_ORDER``: ``receptive_field`` and ``window`` in pixels of what the
    network saw, not clipped; ``crop`` in pixels of the picture. A unit of one value has neither ``seed`` nor
    ``position``."""

    model, made = result.request.model, rendered.reconstruction
    left, top, right, bottom = result.crop_box
    is_class = unit.reference.layer in model.architecture.class_layers
    return {
        "path": arguments.image,
        "output": arguments.output,
        "npy": arguments.npy,
        "layer": unit.reference.layer,
        "unit": unit.reference.unit,
        "class": model.classes[unit.reference.unit] if is_class else None,
        "position": list(unit.place) if unit.place else None,
        "activation": unit.activation,
        "seed": str(made.seed.kind) if unit.place else None,
        "positions": [list(position) for position in made.positions] if unit.place else [],
        "method": str(made.rule),
        "style": arguments.style,
        "range": [rendered.low, rendered.high],
        "stretch": rendered.stretch,
        "input_std": list(model.input.std),
        "receptive_field": list(unit.box),
        "window": list(made.window),
        "crop": [top, left, bottom, right],
        "box_order": BOX_ORDER,
        "shape": list(made.values.shape),
    } | provenance(model)


def _png(rendered: Rendered, facts: dict[str, Any]) -> bytes:
    """The picture with what it is in its text chunks."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    from zfdesk.sources.files import file_name

    low, high = facts["range"]
    seed = f"topk of {len(facts['positions'])}" if facts["seed"] == "topk" else facts["seed"]
    std = facts["input_std"]
    unit = "" if std == [1, 1, 1] else f" (a unit is {', '.join(f'{one:.6g}' for one in std)} levels of R, G, B)"
    texts = {
        "Software": f"zfdesk {facts['zfdesk']}",
        "source": file_name(facts["path"]),
        "layer": facts["layer"],
        "unit": str(facts["unit"]),
        "position": None if facts["position"] is None else "{},{}".format(*facts["position"]),
        "activation": repr(facts["activation"]),
        "seed": seed,
        "method": facts["method"],
        "style": facts["style"],
        "stretch": f"contrast stretched by {facts['stretch']:.6g} levels per unit of value{unit}; {low:.6g} to "
        f"{high:.6g} fill the range",
        "architecture": facts["architecture"],
        "weights": facts["weights"]["name"],
        "weights sha256": facts["weights"]["sha256"],
    }
    information = PngInfo()
    for key, text in texts.items():
        if text is not None:
            information.add_text(key, text)
    memory = io.BytesIO()
    Image.fromarray(rendered.image).save(memory, "PNG", pnginfo=information)
    return memory.getvalue()


def _position(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d{1,9},\s*\d{1,9}", text, re.ASCII):
        raise argparse.ArgumentTypeError(f"{text!r} is not a position Y,X such as 6,4")
    y, x = map(int, text.split(","))
    return y, x
