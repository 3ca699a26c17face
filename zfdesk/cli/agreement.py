"""``zfdesk agreement``: do methods of attribution look at the thing itself? Over a folder of marked pictures."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.attribution import METHODS
from zfdesk.cli.common import BOX_ORDER, add_crop_option, add_json_option, add_weights_option, listed, one_of
from zfdesk.cli.output import CommandError, print_message
from zfdesk.cli.report import provenance, report, table
from zfdesk.progress import ProgressLine, counted

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.attribution.agreement import PixelBox
    from zfdesk.engine import Model

KNOWN = tuple(name for name, one in METHODS.items() if "head" not in one.options)
DIGITS = 3


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "agreement",
        help="how much of each method's heat lies on the thing, over pictures in which it is marked",
        epilog="The thing is marked in the window (“Mark parts”) as a part called “object”, kept in zfdesk-parts.json "
        "beside the pictures. For each method: the share of its heat in that box (mean ± standard error), and in how "
        "many pictures its hottest pixel lies in the box, or within 15 pixels (pointing game). “even heat” is the "
        "box's share of the picture. The heat is that of the most probable class, or of --class. --curves adds the "
        "areas under the deletion and insertion curves, which takes seconds a picture and method.",
        allow_abbrev=False,
    )
    parser.add_argument("folder", metavar="FOLDER", help="a folder of pictures with marked objects")
    parser.add_argument(
        "--methods", type=listed(one_of(KNOWN)), default=KNOWN, metavar="M,M,…", help=f"of {', '.join(KNOWN)}; all"
    )
    parser.add_argument(
        "--class", dest="class_name", metavar="NAME|INDEX", help="default: each picture's most probable one"
    )
    parser.add_argument("--layer", metavar="L", help="whose maps Grad-CAM weights (default: the last convolution)")
    parser.add_argument("--curves", action="store_true", help="also deletion and insertion")
    add_crop_option(parser)
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=agreement_command)


def agreement_command(arguments: argparse.Namespace) -> int:
    """Print a row for each method; JSON: that and the numbers of each picture, see `_picture_facts`."""
    from zfdesk.cli.network import chosen_model, class_called

    model = chosen_model(arguments.weights)
    index = None if arguments.class_name is None else class_called(model, arguments.class_name)
    pictures = _marked(arguments, model)
    found = {}
    with ProgressLine("", "pictures") as progress:
        for number, (name, (picture, box)) in enumerate(pictures.items(), 1):
            found[name] = _picture_facts(model, picture, box, index, arguments)
            progress(number, len(pictures))
    rows = [_row(name, [one["methods"][name] for one in found.values()]) for name in arguments.methods]
    even = _mean([one["even"] for one in found.values()])
    facts = {
        "folder": arguments.folder,
        "pictures": found,
        "methods": rows,
        "even": even,
        "box_order": BOX_ORDER,
    } | provenance(model)
    report(arguments, facts, _page(model, rows, even, len(found)))
    return 0


def _marked(arguments: argparse.Namespace, model: Model) -> dict[str, tuple[np.ndarray, PixelBox]]:
    """What the network sees of each marked picture, and its object's box, in the network's pixels."""
    from zfdesk.cli.network import crop_called
    from zfdesk.engine import crop
    from zfdesk.experiments.parts import OBJECT, check_boxes, read_parts, to_input
    from zfdesk.sources import read_picture

    place, size = Path(arguments.folder), model.architecture.size
    marks = {name: parts for name, parts in read_parts(place).items() if OBJECT in parts}
    if not marks:
        raise CommandError(f"No part called “{OBJECT}” is marked in {arguments.folder}.")
    pictures: dict[str, tuple[np.ndarray, PixelBox]] = {}
    for name, parts in marks.items():
        pixels = read_picture(place / name)
        check_boxes(name, parts, *pixels.shape[:2])
        cut = crop_called(arguments.crop, model).box(*pixels.shape[:2])
        top, left, height, width = to_input(parts[OBJECT], cut, size)
        box = max(top, 0), max(left, 0), min(top + height, size), min(left + width, size)
        if box[2] <= box[0] or box[3] <= box[1]:
            print_message(f"In {name} the object lies outside of what the network sees: it is left out.")
            continue
        pictures[name] = crop(pixels, cut, size), box
    if not pictures:
        raise CommandError("No marked object lies in what the network sees.")
    return pictures


def _picture_facts(
    model: Model, picture: np.ndarray, box: PixelBox, index: int | None, arguments: argparse.Namespace
) -> dict[str, Any]:
    """``even``: the box's share of the picture; by method its ``share``, whether it ``points`` into the box, and with
    ``--curves`` its ``deletion`` and ``insertion``."""
    from zfdesk.attribution import Options, attribute, class_target
    from zfdesk.attribution.agreement import points_into, share_inside
    from zfdesk.experiments.curves import insertion_deletion

    seen = model.forward(picture)
    index = int(seen.probabilities[0].argmax()) if index is None else index
    methods: dict[str, dict[str, Any]] = {}
    for name in arguments.methods:
        heat = attribute(seen, class_target(model, index), name, Options(layer=arguments.layer)).heat
        methods[name] = {"share": share_inside(heat, box), "points": points_into(heat, box)}
        if arguments.curves:
            curves = insertion_deletion(model, picture, heat, index)
            methods[name] |= {"deletion": curves.deletion.area, "insertion": curves.insertion.area}
    even = (box[2] - box[0]) * (box[3] - box[1]) / picture.shape[0] / picture.shape[1]
    return {
        "class": model.classes[index], "probability": float(seen.probabilities[0, index]), "box": list(box),
        "even": even, "methods": methods,
    }  # fmt: skip


def _mean(values: list[float]) -> dict[str, float | None]:
    """Mean and its standard error; no error of a single one."""
    import numpy as np

    error = float(np.std(values, ddof=1) / len(values) ** 0.5) if len(values) > 1 else None
    return {"mean": float(np.mean(values)), "standard_error": error}


def _row(name: str, found: list[dict[str, Any]]) -> dict[str, Any]:
    row = {
        "method": name,
        "share": _mean([one["share"] for one in found]),
        "points": sum(one["points"] for one in found),
    }
    for area in ("deletion", "insertion"):
        if area in found[0]:
            row[area] = _mean([one[area] for one in found])
    return row


def _page(model: Model, rows: list[dict[str, Any]], even: Mapping[str, float | None], count: int) -> str:
    head = ["method", "heat on the thing", f"points at it, of {count}"]
    areas = [area for area in ("deletion", "insertion") if area in rows[0]]
    lines = [[*head, *areas]]
    for row in sorted(rows, key=lambda one: -one["share"]["mean"]):
        shown = [METHODS[row["method"]].label, _percent(row["share"]), str(row["points"])]
        lines.append([*shown, *(f"{row[area]['mean']:.{DIGITS}f}" for area in areas)])
    lines.append(["even heat", _percent(even), "", *("" for _ in areas)])
    return f"{counted(count, 'picture')}; {model.name or model.architecture.name}.\n\n{table(lines)}"


def _percent(value: Mapping[str, float | None]) -> str:
    error = value["standard_error"]
    assert value["mean"] is not None
    return f"{value['mean'] * 100:.0f} %" + ("" if error is None else f" ± {error * 100:.0f}")
