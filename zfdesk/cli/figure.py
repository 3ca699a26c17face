"""``zfdesk figure``: figures for paper, each a template named after the paper's, without a display."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from zfdesk.cli import fig5, fig8, run_figures, sanity
from zfdesk.cli.common import (
    FILLS,
    METHODS,
    SHAPES,
    UNIT_HELP,
    UNIT_METAVAR,
    add_crop_option,
    add_json_option,
    add_page_options,
    add_weights_option,
    at_least,
    listed,
    unit_choice,
)
from zfdesk.cli.output import CommandError, check_output, write_output
from zfdesk.cli.report import report

if TYPE_CHECKING:
    from zfdesk.figures import Page

TEMPLATES = (
    "fig2",
    "fig3",
    "fig4",
    "fig5",
    "fig6",
    "fig7",
    "fig8",
    "table7",
    "filters",
    "histograms",
    "sanity",
    "training",
)
COLOURS = ("inferno", "viridis", "gray", "jet")

Make = Callable[[argparse.Namespace], tuple["Page", int]]
"""A template: from the arguments to a page and the exit status, 1 when some pictures could not be read."""


def add_parser(verbs: Any) -> None:
    """Register the verb and its templates."""
    verb = verbs.add_parser(
        "figure",
        help="a figure for paper as PNG, SVG or PDF",
        epilog="The .npz holds the raw arrays of every panel, called by its letter or name, and the page as JSON.",
        allow_abbrev=False,
    )
    templates = verb.add_subparsers(dest="template", required=True, metavar="|".join(TEMPLATES))
    _add_fig2(templates)
    _add_fig3(templates)
    run_figures.add_fig4(templates, _template)
    fig5.add_options(_template(templates, "fig5", fig5.HELP, fig5.make))
    _template(templates, "fig6", "the first layer's filters and their strength", _fig6)
    _add_fig7(templates)
    fig8.add_options(_template(templates, "fig8", fig8.HELP, fig8.make))
    _add_table7(templates)
    _add_filters(templates)
    _add_histograms(templates)
    sanity.add_options(_template(templates, "sanity", sanity.HELP, sanity.make))
    run_figures.add_training(templates, _template)


def _template(templates: Any, name: str, help_text: str, make: Make, weights: bool = True) -> argparse.ArgumentParser:
    """A template, see `page_options`."""
    parser: argparse.ArgumentParser = templates.add_parser(
        name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.", allow_abbrev=False
    )
    page_options(parser, make, weights)
    return parser


def page_options(parser: argparse.ArgumentParser, make: Make, weights: bool = True) -> None:
    """The options that all figures have; ``weights``: and that of the network to use."""
    add_page_options(parser)
    group = parser.add_mutually_exclusive_group()
    group.add_argument("--caption", metavar="WORDS", help="these words in place of the caption made from the facts")
    group.add_argument(
        "--no-caption", action="store_true", help="leave the caption out of the picture, not of the file"
    )
    parser.add_argument("--caption-file", metavar="OUT.txt", help="also write the caption as text")
    if weights:
        add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: figure_command(arguments, make))


def figure_command(arguments: argparse.Namespace, make: Make) -> int:
    """Make the page and write what is asked for.

    JSON: {"output", "npz", "caption_file", "caption", "inches", "panels": [{"letter", "kind", "label"}]}.
    """
    outputs = [path for path in (arguments.output, arguments.npz, arguments.caption_file) if path]
    for path in outputs:
        check_output(path)
    from dataclasses import replace

    page, status = make(arguments)
    page = replace(page, captioned=not arguments.no_caption)
    if arguments.caption is not None:
        page = replace(page, caption=arguments.caption)

    import zfdesk.figures as figures

    try:
        figure = figures.draw(page)
    except ValueError as error:
        raise CommandError(f"{error} {getattr(arguments, 'fewer', '')}".strip()) from None
    picture = figures.encode(figure, figures.format_of(arguments.output), arguments.dpi)
    if arguments.npz:
        write_output(arguments.npz, figures.encode_arrays(page))
    if arguments.caption_file:
        write_output(arguments.caption_file, f"{page.caption}\n".encode())
    write_output(arguments.output, picture)
    facts = _facts(arguments, page, [float(side) for side in figure.get_size_inches()])
    report(arguments, facts, f"{page.title}: {arguments.output}\n{page.caption}")
    return status


def _facts(arguments: argparse.Namespace, page: Page, inches: list[float]) -> dict[str, Any]:
    panels = [
        {"name": page.name_of(index), "kind": type(cell.panel).__name__.lower(), "label": cell.label}
        for index, cell in enumerate(page.cells)
    ]
    return {
        "output": arguments.output,
        "npz": arguments.npz,
        "caption_file": arguments.caption_file,
        "caption": page.caption,
        "inches": inches,
        "panels": panels,
    }


# Fig. 2


def _add_fig2(templates: Any) -> None:
    parser = _template(templates, "fig2", "each unit's strongest activations over many pictures, projected down", _fig2)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a folder with all in it, a picture, a clip")
    parser.add_argument(
        "--layer", action="append", metavar="L", help="a layer; may be given again (default: conv2 and above)"
    )
    _add_units(parser, "the units, of one --layer", 3)
    parser.add_argument("--top", type=at_least(1), default=9, metavar="K", help="how many activations (default: 9)")
    parser.add_argument("--method", choices=METHODS, default=METHODS[0], help="default: deconvnet")
    add_crop_option(parser)


def _add_units(parser: argparse.ArgumentParser, help_text: str, count: int) -> None:
    units = parser.add_mutually_exclusive_group()
    units.add_argument("--units", type=listed(at_least(0)), metavar="N,N,…", help=help_text)
    units.add_argument(
        "--random",
        type=at_least(1),
        default=count,
        metavar="N",
        help=f"random units of a layer (default: {count})",
    )
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the random choice (default: 0)")


def _fig2(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.cli.network import chosen_model, crop_called
    from zfdesk.cli.scan import Watching
    from zfdesk.engine import Rule
    from zfdesk.pages.folder_page import fig2_of

    model = chosen_model(arguments.weights)
    convolutions = model.architecture.convolutions
    layers = list(dict.fromkeys(arguments.layer or convolutions[1:][-4:]))
    if arguments.units and len(layers) > 1:
        raise CommandError("--units goes with one --layer.")
    for layer in layers:
        stage = model.architecture.stage(layer)
        if stage.layer is None:
            raise CommandError("The input has no units to look at: choose a layer above it.")
        for unit in arguments.units or ():
            stage.check_unit(unit)
    with Watching() as watching:
        page = fig2_of(
            model, arguments.paths, crop_called(arguments.crop, model), layers, arguments.units or (),
            arguments.random, arguments.seed, arguments.top, Rule(arguments.method), arguments.size, watching.on_step,
        )  # fmt: skip
    return page, 1 if watching.unreadable else 0


# Fig. 3, Fig. 6 and filters


def _add_fig3(templates: Any) -> None:
    parser = _template(templates, "fig3", "the architecture as a drawing", _fig3)
    parser.add_argument(
        "--architecture", metavar="NAME", help="a declared network, without weights (`zfdesk info --list`)"
    )


def _fig3(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.cli.network import chosen_model
    from zfdesk.engine import ARCHITECTURES
    from zfdesk.figures import Facts, fig3_page

    if arguments.architecture is None:
        model = chosen_model(arguments.weights)
        return fig3_page(model.architecture, Facts.of_model(model), size=arguments.size), 0
    if arguments.architecture not in ARCHITECTURES:
        raise CommandError(
            f"There is no architecture called {arguments.architecture!r}; there are {', '.join(ARCHITECTURES)}."
        )
    return fig3_page(ARCHITECTURES[arguments.architecture](), size=arguments.size), 0


def _fig6(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.cli.network import chosen_model
    from zfdesk.figures import fig6_page

    return fig6_page(chosen_model(arguments.weights), size=arguments.size), 0


def _add_filters(templates: Any) -> None:
    help_text = "a layer's filters: the first layer's in colour, a mosaic for each unit of higher ones"
    parser = _template(templates, "filters", help_text, _filters)
    parser.add_argument("--layer", metavar="L", help="a convolution (default: the first)")
    _add_units(parser, "the units of a higher layer", 6)


def _filters(arguments: argparse.Namespace) -> tuple[Page, int]:
    import numpy as np

    from zfdesk.cli.network import chosen_model
    from zfdesk.figures import filters_page
    from zfdesk.figures.fig6 import first_convolution
    from zfdesk.pages.folder_page import random_units

    model = chosen_model(arguments.weights)
    layer = arguments.layer or first_convolution(model).name
    count = model.architecture.stage(layer).shape[0]
    rng = np.random.default_rng(arguments.seed)
    units = arguments.units or random_units(np.ones(count, bool), arguments.random, rng)
    return filters_page(model, layer, units, size=arguments.size), 0


# Fig. 7


def _add_fig7(templates: Any) -> None:
    parser = _template(templates, "fig7", "where the evidence lies: an occluder moved over a picture", _fig7)
    parser.add_argument("image", metavar="IMAGE", help="a picture")
    parser.add_argument(
        "--occluder", type=at_least(1), default=50, metavar="N", help="its side in pixels (default: 50)"
    )
    parser.add_argument(
        "--stride", type=at_least(1), default=8, metavar="N", help="pixels from place to place (default: 8)"
    )
    parser.add_argument("--shape", choices=SHAPES, default=SHAPES[0], help="of the occluder (default: square)")
    parser.add_argument("--fill", choices=FILLS, default=FILLS[0], help="of the occluder (default: grey)")
    parser.add_argument("--clipped", action="store_true", help="the occluder never hangs over the picture's edge")
    parser.add_argument(
        "--layer", default="conv5", metavar="L", help="the layer of panels (b) and (c) (default: conv5)"
    )
    parser.add_argument(
        "--unit",
        type=unit_choice,
        default="total",
        metavar=UNIT_METAVAR,
        help=f"its unit; {UNIT_HELP} (default: total)",
    )
    parser.add_argument("--class", dest="class_index", metavar="NAME|INDEX", help="default: the most probable class")
    parser.add_argument(
        "--colours", choices=COLOURS, default=COLOURS[0], help="of the maps (default: inferno; the paper: jet)"
    )
    parser.add_argument("--overlay", action="store_true", help="lay the maps over the picture")
    parser.add_argument("--contour", action="store_true", help="a line at half the clean value")
    add_crop_option(parser)


def _fig7(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.cli.network import chosen_model, class_called, crop_called, unit_called
    from zfdesk.engine import OccluderFill, OccluderShape, SweepPlan, crop, sweep
    from zfdesk.figures import fig7_page
    from zfdesk.sources import read_picture
    from zfdesk.sources.files import file_name

    model = chosen_model(arguments.weights)
    stage = model.architecture.stage(arguments.layer)
    if isinstance(arguments.unit, int):
        stage.check_unit(arguments.unit)
    class_index = None if arguments.class_index is None else class_called(model, arguments.class_index)
    pixels = read_picture(arguments.image)
    picture = crop(pixels, crop_called(arguments.crop, model).box(*pixels.shape[:2]), model.architecture.size)
    plan = SweepPlan(
        arguments.occluder, arguments.stride, OccluderShape(arguments.shape), OccluderFill(arguments.fill),
        not arguments.clipped,
    )  # fmt: skip
    clean = model.forward(picture)
    unit = unit_called(clean, arguments.layer, arguments.unit)
    *_, swept = sweep(clean, picture, plan, arguments.layer)
    page = fig7_page(
        swept, unit, class_index, size=arguments.size, picture=file_name(arguments.image),
        colours="jet (paper)" if arguments.colours == "jet" else arguments.colours,
        opacity=0.6 if arguments.overlay else 1.0, contour=arguments.contour,
    )  # fmt: skip
    return page, 0


# Table 7


def _add_table7(templates: Any) -> None:
    parser = _template(templates, "table7", "how much each layer tells of another data set", _table7)
    parser.add_argument(
        "result", metavar="RESULT.json", help="what `zfdesk train --transfer … --layers … --json` printed"
    )


def _table7(arguments: argparse.Namespace) -> tuple[Page, int]:
    import json

    from zfdesk.figures.table7 import table7_page
    from zfdesk.sources.files import open_file

    with open_file(arguments.result) as file:
        content = file.read(10 << 20)
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict):
        raise CommandError(f"{arguments.result} is not JSON as `zfdesk train --transfer … --json` prints it.")
    return table7_page(data, size=arguments.size), 0


# Histograms


def _add_histograms(templates: Any) -> None:
    parser = _template(templates, "histograms", "weights and activations layer by layer, and dead units", _histograms)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pictures, or folders of them, for the activations")
    add_crop_option(parser)


def _histograms(arguments: argparse.Namespace) -> tuple[Page, int]:
    from itertools import chain

    from zfdesk.cli.network import chosen_model, crop_called
    from zfdesk.cli.pictures import picture_files, seen_pictures
    from zfdesk.figures import histograms_page
    from zfdesk.pages.folder_page import histograms_of

    model = chosen_model(arguments.weights)
    if not arguments.paths:
        return histograms_page(model, size=arguments.size), 0
    unreadable: list[str] = []
    files = picture_files(arguments.paths, unreadable)
    pictures = seen_pictures(files, crop_called(arguments.crop, model), model, unreadable)
    first = next(pictures, None)
    if first is None:
        raise SystemExit(1)  # why has been told of each
    page = histograms_of(model, arguments.paths, lambda _: chain((first,), pictures), arguments.size)
    return page, 1 if unreadable else 0
