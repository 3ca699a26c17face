"""``zfdesk weights report``: measure a network and make it the embedded one of a checkout, in one go."""

from __future__ import annotations

import argparse
from pathlib import Path

from zfdesk.cli.output import CommandError, print_message
from zfdesk.cli.report import report
from zfdesk.cli.weights_renewal import renew
from zfdesk.progress import ProgressLine

NAMES = (
    "`imagenet-sample-images`, one picture for each of the 1000 classes",
    "Imagenette's validation part",
)


def add_report_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``zfdesk weights report``."""
    parser.add_argument("name", metavar="NAME|FILE", help="a name from the list, or a file")
    parser.add_argument(
        "samples", metavar="SAMPLES", help="a picture of each class (EliSchwartz/imagenet-sample-images)"
    )
    parser.add_argument("imagenette", metavar="IMAGENETTE", help="Imagenette's validation part")
    parser.add_argument(
        "--ship", metavar="CHECKOUT", type=Path,
        help="make it the embedded network there, and make anew what README and its card say and show of it",
    )  # fmt: skip
    parser.add_argument(
        "--caltech",
        metavar="FOLDER",
        help="with --ship: README's tables of Caltech-101 too, of its pictures",
    )


def report_command(arguments: argparse.Namespace) -> int:
    """Measure, print, and write with --ship; JSON: the facts, as in ``resources/weights/embedded.json``."""
    from zfdesk.cli.network import weights_file
    from zfdesk.training.embedded_report import measure, ship
    from zfdesk.weights.embedded_facts import facts_from, readme_block

    if arguments.caltech and arguments.ship is None:
        raise CommandError("--caltech goes with --ship.")
    file = weights_file(arguments.name)
    with ProgressLine(every=60.0) as progress:
        facts = measure(
            file, tuple(zip(NAMES, (arguments.samples, arguments.imagenette), strict=True)),
            lambda name, done, total: progress.show(f"{name}: {done:,} of {total:,}"), print_message,
        )  # fmt: skip
    text = f"{file}, SHA-256 {facts['sha256']}\n\n{readme_block(facts_from(facts))}"
    if arguments.ship is not None:
        written = ship(file, facts, arguments.ship)
        renewed = renew(arguments.ship.resolve(), print_message, arguments.caltech or "", arguments.samples)
        text += f"\n\nWritten: {', '.join([*map(str, written), *renewed])}."
    report(arguments, facts, text)
    return 0
