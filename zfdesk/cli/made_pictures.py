"""What the verbs that make pictures share: their options, their progress, and the PNG that says how it was made."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, add_weights_option, at_least, png_name
from zfdesk.cli.output import check_output, print_message, write_output
from zfdesk.cli.report import report

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.synthesis import Sketch


def add_making_options(parser: argparse.ArgumentParser, steps: int | None = None, seed: bool = True) -> None:
    """``-o``, ``--weights``, ``--json``, and where they count ``--steps`` and ``--seed``."""
    if steps:
        parser.add_argument(
            "--steps", type=at_least(1, 100_000), default=steps, metavar="N", help=f"default: {steps}"
        )  # fmt: skip
    if seed:
        parser.add_argument(
            "--seed", type=at_least(0), default=0, metavar="N", help="the same seed gives the same picture (default: 0)"
        )
    add_weights_option(parser)
    parser.add_argument("-o", "--output", required=True, type=png_name, metavar="OUT.png", help="the picture to write")
    add_json_option(parser)


def network_picture(path: str, model: Model, crop: str = "centre") -> np.ndarray:
    """A picture as the network sees it, uint8 (size, size, 3)."""
    from zfdesk.cli.network import crop_called
    from zfdesk.engine import crop as cut
    from zfdesk.sources import read_picture

    pixels = read_picture(path)
    return cut(pixels, crop_called(crop, model).box(*pixels.shape[:2]), model.architecture.size)


def made(sketches: Iterator[Sketch], what: str) -> Sketch | None:
    """The last sketch; after Ctrl-C the last one that came, or None. Tells a terminal how far it is."""
    from zfdesk.progress import ProgressLine

    last: Sketch | None = None
    with ProgressLine(what, "steps") as progress:
        try:
            for last in sketches:
                progress(last.step, last.steps)
        except KeyboardInterrupt:
            pass
    return last


def finish(
    arguments: argparse.Namespace,
    sketch: Sketch | None,
    pixels: np.ndarray | None,
    facts: Mapping[str, Any],
    text: str,
) -> int:
    """Write the picture with its facts in its text chunks, tell them, and give the exit status: 130 if interrupted."""
    if sketch is None or pixels is None:
        print_message("Interrupted before anything was made; nothing is written.")
        return 130
    from zfdesk.synthesis.sheet import png_bytes

    state = {"steps": sketch.step, "of_steps": sketch.steps, "finished": sketch.finished, "notes": list(sketch.notes)}
    facts = {**facts, **state}
    write_output(arguments.output, png_bytes(pixels, facts))
    for note in sketch.notes:
        print_message(note)
    part = "" if sketch.finished else f" (unfinished: {sketch.step} of {sketch.steps} steps)"
    report(arguments, facts, f"{text}{part}: {arguments.output}")
    if not sketch.finished:
        print_message(
            f"Interrupted after {sketch.step} of {sketch.steps} steps; what is written is marked as unfinished."
        )
        return 130
    return 0


def check_outputs(parser: argparse.ArgumentParser, arguments: argparse.Namespace, *others: str | None) -> None:
    """Before long work: usage error where two outputs, or an output and an input, are one file."""
    import os

    paths = [path for path in (arguments.output, *others) if path]
    if len({os.path.realpath(path) for path in paths}) < len(paths):
        parser.error("two of the files named are the same")
    check_output(arguments.output)
