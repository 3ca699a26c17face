"""``zfdesk weights calibrate``: one temperature, so that probabilities mean what they say."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict
from pathlib import Path

from zfdesk.cli.common import weights_file_name
from zfdesk.cli.output import CommandError, check_output, message_printer, print_message
from zfdesk.cli.report import report
from zfdesk.progress import ProgressLine, percent_text


def add_calibrate_arguments(parser: argparse.ArgumentParser) -> None:
    """Of ``zfdesk weights calibrate``."""
    parser.add_argument("name", metavar="NAME|FILE", help="a name from the list, or a file")
    parser.add_argument("data", metavar="PICTURES", help="pictures by class, of neither training nor test")
    parser.add_argument(
        "-o", "--output", type=weights_file_name, required=True, metavar="FILE.safetensors", help="the file to write"
    )
    parser.add_argument("--classes", metavar="FILE", help="the class of each folder: JSON, or lines of folder,class")


def calibrate_command(arguments: argparse.Namespace) -> int:
    """Fit, fold in, write; 1 when some pictures could not be read.

    JSON: {"path", "sha256", "temperature", "pictures", "loss": [before, after], "error": [before, after], "skipped"}.
    """
    from zfdesk.cli.network import weights_file
    from zfdesk.training.calibration import BINS, calibrate
    from zfdesk.training.class_names import left_out, places_of, read_class_map
    from zfdesk.training.data import open_pictures, passed_over
    from zfdesk.weights import load, save

    source, place = weights_file(arguments.name), Path(arguments.output)
    check_output(str(place))
    if place.exists() and place.samefile(source):
        raise CommandError(f"{place} is the network that is read: name another file.")
    model = load(source)
    pictures = open_pictures(arguments.data, "val")
    class_of = read_class_map(arguments.classes) if arguments.classes else None
    for sentence in (*passed_over(pictures), *(left_out(pictures, class_of) if class_of else ())):
        print_message(sentence)
    skipped: list[str] = []
    with ProgressLine(things="pictures", every=30.0) as progress:
        say = message_printer(progress)

        def skip(sentence: str) -> None:
            skipped.append(sentence)
            say(sentence)

        calibrated, found = calibrate(
            model, pictures, places_of(pictures.classes, model.classes, class_of),
            threads=os.cpu_count() or 1, progress=progress, on_message=skip,
        )  # fmt: skip
    facts = {"path": str(place), "sha256": save(calibrated, place), "skipped": len(skipped)} | asdict(found)
    text = (
        f"{place}: scores divided by {found.temperature:.4g}, fitted on {found.pictures:,} pictures.\n"
        f"Of these pictures the negative log likelihood goes from {found.loss[0]:.3f} to {found.loss[1]:.3f}, the "
        f"calibration error ({BINS} bins) from {percent_text(found.error[0], 1)} to "
        f"{percent_text(found.error[1], 1)}; of others: "
        "zfdesk evaluate."
    )
    report(arguments, facts, text)
    return 1 if skipped else 0
