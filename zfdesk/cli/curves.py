"""``zfdesk curves``: how good heat maps are, as insertion and deletion curves (Petsiuk et al. 2018)."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_crop_option, add_json_option, add_weights_option, at_least, figure_name
from zfdesk.cli.output import check_output, write_output
from zfdesk.cli.report import provenance, report, table
from zfdesk.progress import ProgressLine, counted, percent_text

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.experiments import Baseline, InsertionDeletion
    from zfdesk.experiments.heatmap import HeatMap

FILLS = ("mean", "grey", "blur", "black")


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "curves",
        help="compare heat maps in a number: insertion and deletion curves",
        epilog="MAP.npy is an array (height, width) of any size, spread over what the network sees, higher = more "
        "important; MAP.npz is what `zfdesk occlude --npz` writes. Deletion: the smaller the area under the curve, the "
        "better; insertion: the larger. Random maps, as coarse as each map, stand beside it.",
        allow_abbrev=False,
    )
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument("maps", metavar="MAP", nargs="+", help="a heat map of it, .npy or .npz")
    parser.add_argument("--class", dest="class_name", metavar="NAME|INDEX", help="default: the most probable class")
    parser.add_argument(
        "--steps", type=at_least(1), default=56, metavar="N", help="points of a curve (default: 56; RISE's code: 224)"
    )
    parser.add_argument("--fill", choices=FILLS, default=FILLS[0], help="what deleted pixels become (default: mean)")
    parser.add_argument(
        "--random", type=at_least(0), default=5, metavar="N", help="random maps to set beside (default: 5; 0: none)"
    )
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of the random maps (default: 0)")
    add_crop_option(parser)
    add_weights_option(parser)
    parser.add_argument(
        "-o", "--output", type=figure_name, metavar="OUT.(png|svg|pdf)", help="also draw the curves into this file"
    )
    add_json_option(parser)
    parser.set_defaults(run=curves_command)


def curves_command(arguments: argparse.Namespace) -> int:
    """Print the areas of every map, and of random maps beside it; JSON: the curves too, see `_facts`."""
    from zfdesk.cli.network import chosen_model, class_called, crop_called
    from zfdesk.engine import OccluderFill, crop
    from zfdesk.experiments import insertion_deletion, random_baseline
    from zfdesk.experiments.heatmap import read_heat_map
    from zfdesk.sources import read_picture

    if arguments.output:
        check_output(arguments.output)
    pixels = read_picture(arguments.image)
    model = chosen_model(arguments.weights)
    size = model.architecture.size
    heats = [read_heat_map(Path(path), size) for path in arguments.maps]
    picture = crop(pixels, crop_called(arguments.crop, model).box(*pixels.shape[:2]), size)
    probabilities = model.probabilities(picture)[0].numpy()
    named = arguments.class_name
    index = int(probabilities.argmax()) if named is None else class_called(model, named)
    fill = OccluderFill(arguments.fill)
    found, baselines = [], {}
    for path, heat in zip(arguments.maps, heats, strict=True):
        with ProgressLine(f"{path}: ", "pictures") as progress:
            found.append(insertion_deletion(model, picture, heat.values, index, arguments.steps, fill, progress))
        if arguments.random and heat.cells not in baselines:
            with ProgressLine("random maps: ", "pictures") as progress:
                baselines[heat.cells] = random_baseline(
                    model, picture, index, heat.cells, arguments.random, arguments.seed, arguments.steps, fill, progress
                )
    random_maps = [baselines.get(heat.cells) for heat in heats]
    if arguments.output:
        write_output(arguments.output, _drawn(arguments, model, heats, found, random_maps))
    facts = _facts(arguments, model, probabilities, heats, found, random_maps) | provenance(model)
    report(arguments, facts, _page(arguments, model, probabilities, heats, found, random_maps))
    return 0


def _drawn(
    arguments: argparse.Namespace,
    model: Model,
    heats: list[HeatMap],
    found: list[InsertionDeletion],
    random_maps: list[Baseline | None],
) -> bytes:
    from zfdesk.figures.curves import curves_page
    from zfdesk.figures.drawing import draw
    from zfdesk.figures.facts import Facts
    from zfdesk.figures.files import encode, format_of
    from zfdesk.sources.files import file_name

    named = [(file_name(path), curves) for path, curves in zip(arguments.maps, found, strict=True)]
    baselines = {
        _random_text(heat, baseline): baseline for heat, baseline in zip(heats, random_maps, strict=True) if baseline
    }
    facts = Facts.of_model(model, picture=file_name(arguments.image))
    page = curves_page(model.classes[found[0].class_index], named, list(baselines.items()), facts)
    return encode(draw(page), format_of(arguments.output))


def _random_text(heat: HeatMap, baseline: Baseline) -> str:
    count = len(baseline.curves)
    return f"{count} random map{'s' * (count > 1)}, {heat.cells[0]} × {heat.cells[1]}"


def _facts(
    arguments: argparse.Namespace, model: Model, probabilities: np.ndarray, heats: list[HeatMap],
    found: list[InsertionDeletion], random_maps: list[Baseline | None],
) -> dict[str, Any]:  # fmt: skip
    """``shares`` of all pixels changed, and for each map the class's probability at each of them; areas from 0 to 1.
    ``random``: mean and sample standard deviation over random maps of as many cells (null for a single one)."""
    index = found[0].class_index

    def random(baseline: Baseline | None) -> dict[str, Any] | None:
        if baseline is None:
            return None
        pairs = (("deletion", baseline.deletion), ("insertion", baseline.insertion))
        return {"maps": len(baseline.curves)} | {name: {"mean": mean, "sd": sd} for name, (mean, sd) in pairs}

    return {
        "path": arguments.image,
        "class": model.classes[index],
        "index": index,
        "probability": float(probabilities[index]),
        "shares": found[0].deletion.shares.tolist(),
        "maps": [
            {
                "path": path,
                "cells": list(heat.cells),
                "deletion": curves.deletion.area,
                "insertion": curves.insertion.area,
                "deletion_curve": curves.deletion.probabilities.tolist(),
                "insertion_curve": curves.insertion.probabilities.tolist(),
                "random": random(baseline),
            }
            for path, heat, curves, baseline in zip(arguments.maps, heats, found, random_maps, strict=True)
        ],
        "steps": arguments.steps,
        "fill": arguments.fill,
        "seed": arguments.seed,
        "crop": arguments.crop,
        "output": arguments.output,
    }


def _page(
    arguments: argparse.Namespace, model: Model, probabilities: np.ndarray, heats: list[HeatMap],
    found: list[InsertionDeletion], random_maps: list[Baseline | None],
) -> str:  # fmt: skip
    index = found[0].class_index
    rows = [("area under the curve", "deletion (lower is better)", "insertion (higher is better)")]
    shown: set[tuple[int, int]] = set()
    for path, heat, curves, baseline in zip(arguments.maps, heats, found, random_maps, strict=True):
        rows.append((path, f"{curves.deletion.area:.3f}", f"{curves.insertion.area:.3f}"))
        if baseline is not None and heat.cells not in shown:
            shown.add(heat.cells)
            rows.append((_random_text(heat, baseline), _mean_text(*baseline.deletion), _mean_text(*baseline.insertion)))
    lead = f"{arguments.image}: {model.classes[index]} ({index}), {percent_text(probabilities[index], 1)}; "
    lead += f"{counted(arguments.steps, 'step')}."
    return f"{lead}\n\n{table(rows)}"


def _mean_text(mean: float, deviation: float | None) -> str:
    return f"{mean:.3f}" if deviation is None else f"{mean:.3f} ± {deviation:.3f}"
