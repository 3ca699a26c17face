"""``zfdesk invariance``: Fig. 5's numbers for pictures that are shifted, enlarged and turned."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from zfdesk.cli import fig5
from zfdesk.cli.common import add_json_option, add_weights_option, listed, number_where
from zfdesk.cli.report import provenance, report, table
from zfdesk.progress import percent_text

if TYPE_CHECKING:
    from zfdesk.experiments.invariance import Invariance

CHANGES = ("translation", "scale", "rotation")


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "invariance",
        help="how far features and answers move when a picture is shifted, enlarged, turned (Fig. 5)",
        epilog="Distances are Euclidean, between the features of the changed and of the unchanged picture. "
        "`zfdesk figure fig5` draws them.",
        allow_abbrev=False,
    )
    fig5.add_options(parser)
    parser.add_argument("--change", choices=CHANGES, action="append", help="may be given again (default: all three)")
    parser.add_argument(
        "--amounts", type=listed(number_where(lambda value: abs(value) < 1e6, "a number")), metavar="A[,A…]",
        help="of one --change: pixels down, times, or degrees; -A with = (--amounts=-5,5; default: the paper's)",
    )  # fmt: skip
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: invariance_command(parser, arguments))


def invariance_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Print a table for each change and picture.

    JSON: {"pictures": [{"path", "class", "index"}], "changes": [{"change", "unit", "amounts", "distances": {LAYER:
    [[number, …] a picture]}, "probabilities": [[…] a picture]}], "crop"}, and the network.
    """
    if arguments.amounts and len(arguments.change or ()) != 1:
        parser.error("--amounts goes with one --change")
    changes = [change for change in CHANGES if not arguments.change or change in arguments.change]
    computed = fig5.compute(arguments, changes, arguments.amounts)
    model = computed.model
    facts = {
        "pictures": [
            {"path": path, "class": model.classes[index], "index": index}
            for path, index in zip(arguments.images, computed.found[0].classes, strict=True)
        ],
        "changes": [_facts(change, one) for change, one in zip(changes, computed.found, strict=True)],
        "crop": arguments.crop,
    }
    tables = [
        _table(one, row, path, model.classes[one.classes[row]])
        for one in computed.found
        for row, path in enumerate(arguments.images)
    ]
    report(arguments, facts | provenance(model), "\n\n".join(tables))
    return 0


def _facts(change: str, one: Invariance) -> dict[str, Any]:
    from zfdesk.figures.fig5 import UNITS

    return {
        "change": change,
        "unit": UNITS[one.change],
        "amounts": one.amounts.tolist(),
        "distances": {layer: values.tolist() for layer, values in one.distances.items()},
        "probabilities": one.probabilities.tolist(),
    }


def _table(one: Invariance, row: int, path: str, class_name: str) -> str:
    from zfdesk.figures.fig5 import UNITS

    rows = [[UNITS[one.change], *one.distances, f"P({class_name})"]]
    for place, amount in enumerate(one.amounts):
        distances = [f"{values[row, place]:.3f}" for values in one.distances.values()]
        rows.append([f"{amount:g}", *distances, percent_text(one.probabilities[row, place], 1)])
    return f"{path}, {one.change}\n{table(rows, right=range(len(rows[0])))}"
