"""Arguments that several verbs share. Imports nothing heavy."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from typing import TypeVar

from zfdesk.attribution import METHODS as REGISTERED

CROPS = {"centre": "crop", "fit": "fit", "stretch": "stretch"}
"""Words for `zfdesk.live.CropMode`."""

FILLS, SHAPES = ("grey", "mean", "blur", "noise", "black"), ("square", "ellipse")
"""Of an occluder, as `zfdesk.engine` calls them."""

METHODS = tuple(name for name, method in REGISTERED.items() if method.walk)
"""Ways back down: those of `zfdesk.attribution` that are walks of `zfdesk.engine.reconstruct`."""

SIZES = ("one-column", "two-column", "slide")
"""Of a page, as `zfdesk.figures.SIZES` calls them."""

LARGEST_DPI = 2400

Item = TypeVar("Item")


def at_least(least: int, most: int | None = None) -> Callable[[str], int]:
    """For argparse: a whole number not below ``least`` and not above ``most``."""

    def number(text: str) -> int:
        value = int(text) if text.isascii() and text.removeprefix("-").isdecimal() and len(text) < 12 else least - 1
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} {'up' if most is None else f'to {most}'}"
            )
        return value

    return number


def number_where(fits: Callable[[float], bool], what: str) -> Callable[[str], float]:
    """For argparse: a number that fits; ``what`` it is, in the sentence for all else."""

    def number(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan  # which is neither above nor below anything
        if not fits(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {what}")
        return value

    return number


def listed(one: Callable[[str], Item]) -> Callable[[str], tuple[Item, ...]]:
    """For argparse: entries between commas, each as ``one`` takes it; what is named twice counts once."""
    return lambda text: tuple(dict.fromkeys(one(part.strip()) for part in text.split(",")))


def given_options(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> tuple[str, ...]:
    """What was given, in the order of the help: "--per-class", or "DATA" for what has no dashes.

    An option that is given its default counts as not given: it changes nothing.
    """
    given = [name for name, value in vars(arguments).items() if value not in (parser.get_default(name), [])]
    return tuple("DATA" if name == "data" else f"--{name.replace('_', '-')}" for name in given)


def one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    """For argparse: one of these words."""

    def word(text: str) -> str:
        if text not in known:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(known)}")
        return text

    return word


BOX_ORDER = ["top", "left", "bottom", "right"]
"""Of every box in JSON; bottom and right are the first row and column that it does not hold."""
UNIT_METAVAR = "N|max|total"
UNIT_HELP = "max: the one with the highest single activation; total: with the highest total over its map"


def unit_choice(text: str) -> int | str:
    """For argparse: the number of a unit, or "max" or "total", see `UNIT_HELP`."""
    return text if text in ("max", "total") else at_least(0)(text)


def figure_name(text: str) -> str:
    """For argparse: the name of a figure's file."""
    if os.path.splitext(text)[1].lower() not in (".png", ".svg", ".pdf"):
        raise argparse.ArgumentTypeError(f"{text!r}: a figure's name ends in .png, .svg or .pdf")
    return text


def png_name(text: str) -> str:
    """For argparse: the name of a PNG file."""
    told_later = not text or os.path.isdir(text)  # in sentences of their own
    if os.path.splitext(text)[1].lower() != ".png" and not told_later and not _is_device(text):
        raise argparse.ArgumentTypeError(f"{text!r}: the picture is written as PNG, so its name ends in .png")
    return text


def npz_name(text: str) -> str:
    """For argparse: the name of a file of several arrays."""
    return _name_ending_in(".npz", text)


def npy_name(text: str) -> str:
    """For argparse: the name of a file of one array."""
    return _name_ending_in(".npy", text)


def _name_ending_in(suffix: str, text: str) -> str:
    if os.path.splitext(text)[1].lower() != suffix and not _is_device(text):
        raise argparse.ArgumentTypeError(f"{text!r}: its name ends in {suffix}")
    return text


def _is_device(text: str) -> bool:
    """Such as /dev/stdout, or a pipe."""
    return os.path.exists(text) and not os.path.isfile(text) and not os.path.isdir(text)


def weights_file_name(text: str) -> str:
    """For argparse: the name of a weights file."""
    if os.path.splitext(text)[1] != ".safetensors":
        raise argparse.ArgumentTypeError(f"{text!r}: the name of a weights file ends in .safetensors")
    return text


def add_page_options(parser: argparse.ArgumentParser, own_size: bool = False) -> None:
    """What every page can be told: ``-o``, ``--npz``, ``--size`` (None for its ``own_size``) and ``--dpi``."""
    parser.add_argument(
        "-o", "--output", required=True, type=figure_name, metavar="OUT.(png|svg|pdf)", help="the figure to write"
    )
    parser.add_argument("--npz", type=npz_name, metavar="OUT.npz", help="also write the raw arrays of every panel")
    default: str | None = "two-column"
    size_help = "default: two-column, 7.16 inches wide"
    if own_size:
        default, size_help = None, "default: a figure's own, else two-column, 7.16 inches wide"
    parser.add_argument("--size", choices=SIZES, default=default, help=size_help)
    parser.add_argument(
        "--dpi", type=at_least(10, LARGEST_DPI), default=300, metavar="N", help="dots an inch of a PNG (default: 300)"
    )


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
