"""``zfdesk occlude``: where the evidence lies, found by covering one part of the picture after another (Fig. 7)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import (
    BOX_ORDER,
    FILLS,
    SHAPES,
    UNIT_HELP,
    UNIT_METAVAR,
    add_crop_option,
    add_json_option,
    add_weights_option,
    at_least,
    figure_name,
    npz_name,
    unit_choice,
)
from zfdesk.cli.output import CommandError, check_output, print_message, write_output
from zfdesk.cli.report import provenance, report
from zfdesk.progress import ProgressLine, percent_text

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Pass, Sweep, SweepPlan

_EPILOG = """\
The .npz holds, for rows × columns of positions of the occluder,
  positions    int32 (rows, columns, 2): its top and left in pixels of the
               network's input (224 × 224 for ZFNet); it may hang over the edge
  probability  float32 (rows, columns): of the class, 0 to 1
  activation   float32 (rows, columns): of the unit, summed over its map, in
               the network's own units
  label        int32 (rows, columns): index of the most probable class
  done         bool (rows, columns): false where a sweep that was interrupted
               did not come; there the values are NaN and the label is -1
and, without the occluder,
  clean        float32 (classes,): the probabilities of all classes
  clean_activation  float32 (): the unit's

Ctrl-C ends the sweep; what was done by then is written, marked as partial.
"""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "occlude",
        help="sweep an occluder over a picture: where is the evidence?",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument(
        "--size", type=at_least(1), default=50, metavar="N", help="side of the occluder in pixels (default: 50)"
    )
    parser.add_argument(
        "--stride", type=at_least(1), default=8, metavar="N", help="pixels from position to position (default: 8)"
    )
    parser.add_argument("--fill", choices=FILLS, default=FILLS[0], help="what covers the picture (default: grey)")
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0], help="of the occluder (default: square)")
    parser.add_argument("--clipped", action="store_true", help="the occluder never hangs over the picture's edge")
    parser.add_argument("--class", dest="class_index", metavar="NAME|INDEX", help="default: the most probable class")
    parser.add_argument("--layer", default="conv5", metavar="L", help="layer of the unit (default: conv5)")
    parser.add_argument(
        "--unit",
        type=unit_choice,
        default="total",
        metavar=UNIT_METAVAR,
        help=f"whose total activation; {UNIT_HELP} (default: total)",
    )
    add_crop_option(parser)
    add_weights_option(parser)
    parser.add_argument("-o", "--output", type=figure_name, metavar="OUT.(png|svg|pdf)", help="write Fig. 7's row")
    parser.add_argument("--npz", type=npz_name, metavar="OUT.npz", help="write the raw values")
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: occlude_command(parser, arguments))


def occlude_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Sweep and write; 130 when interrupted. JSON: see `_facts`."""
    outputs = [path for path in (arguments.output, arguments.npz) if path]
    if not outputs and not arguments.json:
        parser.error("nothing to do: give -o for a figure, --npz for the raw values or --json for the facts")
    for path in outputs:
        check_output(path)
    from zfdesk import npz
    from zfdesk.cli.network import chosen_model, class_called, crop_called, unit_called
    from zfdesk.engine import OccluderFill, OccluderShape, SweepPlan, crop
    from zfdesk.sources import read_picture

    model = chosen_model(arguments.weights)
    stage = model.architecture.stage(arguments.layer)
    if isinstance(arguments.unit, int):
        stage.check_unit(arguments.unit)
    index = None if arguments.class_index is None else class_called(model, arguments.class_index)
    shape, fill = OccluderShape(arguments.shape), OccluderFill(arguments.fill)
    plan = SweepPlan(arguments.size, arguments.stride, shape, fill, not arguments.clipped)
    pixels = read_picture(arguments.image)
    picture = crop(pixels, crop_called(arguments.crop, model).box(*pixels.shape[:2]), model.architecture.size)
    clean = model.forward(picture)
    unit = unit_called(clean, stage.name, arguments.unit)
    swept = _swept(clean, picture, plan, stage.name)
    if swept is None:
        print_message("The sweep was interrupted before anything was done; nothing is written.")
        return 130
    index = int(swept.clean_probabilities.argmax()) if index is None else index
    facts = _facts(arguments, swept, index, unit)
    # both are made before the first is written: what cannot be made leaves no half of an answer
    made = {}
    if arguments.npz:
        made[arguments.npz] = npz.encode(swept.arrays(unit, index))
    if arguments.output:
        made[arguments.output] = _figure(arguments, swept, index, unit)
    for path, data in made.items():
        write_output(path, data)
    report(arguments, facts, _sentence(facts, outputs))
    if not swept.complete:
        print_message(f"The sweep was interrupted: {swept.done.sum()} of {swept.done.size} positions are done, "
             "and what is written is marked as partial.")  # fmt: skip
        return 130
    return 0


def _swept(clean: Pass, picture: np.ndarray, plan: SweepPlan, layer: str) -> Sweep | None:
    """The sweep, as far as it came before Ctrl-C; None if nothing was done. Tells a terminal how far it is."""
    import numpy as np

    from zfdesk.engine import sweep

    seen: Sweep | None = None
    steps = sweep(clean, picture, plan, layer)
    with ProgressLine(things="positions") as progress:
        try:
            for seen in steps:
                if not np.isfinite(seen.clean_probabilities).all():
                    raise CommandError(
                        f"{clean.model.name or 'The network'} answered with values that are not numbers."
                    )
                progress(int(seen.done.sum()), seen.done.size)
        except KeyboardInterrupt:
            return seen
    return seen


def _facts(arguments: argparse.Namespace, swept: Sweep, index: int, unit: int) -> dict[str, Any]:
    """What was found. Boxes are ``BOX_ORDER``, in pixels of the network's input, not clipped.

    ``clean``: without the occluder. ``largest_drop``: by how much the class's probability falls at most, and where;
    negative when it rises everywhere. ``label_change_share``: of the positions that are done.
    """
    model, plan = swept.model, swept.plan
    drop, occluder = swept.largest_drop(index)
    box = [occluder.top, occluder.left, occluder.top + occluder.height, occluder.left + occluder.width]
    top = int(swept.clean_probabilities.argmax())
    clean = float(swept.clean_probabilities[index])
    return {
        "path": arguments.image,
        "output": arguments.output,
        "npz": arguments.npz,
        "class": model.classes[index],
        "index": index,
        "clean": {
            "probability": clean,
            "label": {"class": model.classes[top], "index": top},
            "activation": float(swept.clean_activations[unit]),
        },
        "largest_drop": {"drop": drop, "probability": clean - drop, "box": box},
        "box_order": BOX_ORDER,
        "label_change_share": swept.label_change_share(),
        "layer": swept.layer,
        "unit": unit,
        "occluder": {
            "size": plan.size, "stride": plan.stride, "shape": str(plan.shape), "fill": str(plan.fill),
            "clipped": not plan.overhang,
        },
        "positions": list(swept.done.shape),
        "done": int(swept.done.sum()),
        "complete": swept.complete,
        "positions_per_second": swept.positions_per_second,
    } | provenance(model)  # fmt: skip


def _sentence(facts: dict[str, Any], outputs: list[str]) -> str:
    drop, (top, left, bottom, right) = facts["largest_drop"], facts["largest_drop"]["box"]
    return (
        f"{facts['class']} ({facts['index']}) {percent_text(facts['clean']['probability'], 1)}; falls most, "
        f"to {percent_text(drop['probability'], 1)}, with rows {top} to {bottom - 1}, columns {left} to {right - 1} "
        f"covered; "
        f"the label changes at {percent_text(facts['label_change_share'])} of {facts['done']} positions, "
        f"{facts['positions_per_second']:.0f} a second: {', '.join(outputs)}"
    )


def _figure(arguments: argparse.Namespace, swept: Sweep, index: int, unit: int) -> bytes:
    from zfdesk.figures import draw, encode, fig7_page, format_of
    from zfdesk.sources.files import file_name

    page = fig7_page(swept, unit, index, picture=file_name(arguments.image))
    return encode(draw(page), format_of(arguments.output))
