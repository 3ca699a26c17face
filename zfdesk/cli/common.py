"""Arguments that several verbs share. Imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Callable

CROPS = {"centre": "crop", "fit": "fit", "stretch": "stretch"}
"""Words for `zfdesk.live.CropMode`."""


def at_least(least: int) -> Callable[[str], int]:
    """For argparse: a whole number not below ``least``."""

    def number(text: str) -> int:
        value = int(text) if text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 12 else least - 1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} up")
        return value

    return number


def add_weights_option(parser: argparse.ArgumentParser) -> None:
    """``--weights``, as `zfdesk.cli.network.chosen_model` takes it."""
    parser.add_argument(
        "--weights", metavar="FILE|NAME", help="the network's weights: a file, or a name from `zfdesk weights list`"
    )


def add_crop_option(parser: argparse.ArgumentParser) -> None:
    """``--crop``: how a picture that is not square is made so, as in the window."""
    parser.add_argument(
        "--crop", choices=tuple(CROPS), default="centre", help="how the picture is made square (default: centre)"
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON")
