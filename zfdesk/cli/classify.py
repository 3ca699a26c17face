"""``zfdesk classify``: what the network sees in pictures."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_crop_option, add_json_option, add_weights_option, at_least, figure_name
from zfdesk.cli.output import CommandError, check_output, print_json, write_output
from zfdesk.cli.pictures import picture_files, seen_pictures
from zfdesk.progress import percent_text

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.engine.class_kinds import ClassKinds

KINDS = 3
"""Kinds of things that are shown."""
BATCH = 8
"""Pictures in one forward pass. ZFNet takes 15.8, 13.9, 14.9, 16.8 ms a picture in batches of 1, 4, 8, 16 (2 cores)."""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser("classify", help="the most probable classes of pictures", allow_abbrev=False)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture, or a folder for all pictures in it")
    parser.add_argument("--top", type=at_least(1), default=5, metavar="K", help="how many classes (default: 5)")
    parser.add_argument(
        "-o", "--output", type=figure_name, metavar="SHEET.(png|svg|pdf)",
        help="also draw a contact sheet: the pictures with what is answered below them",
    )  # fmt: skip
    add_crop_option(parser)
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=classify_command)


def classify_command(arguments: argparse.Namespace) -> int:
    """Print the classes of every picture, and the kinds of things they are; 1 when some could not be read.

    JSON: [{"path", "classes": [{"class", "index", "probability"}], "kinds": [{"kind", "probability", "classes":
    [{"class", "plain_name", "index", "probability"}]}]}], most probable first; "kinds" is null for classes that are not
    ImageNet's.
    """
    from zfdesk.cli.network import chosen_model, crop_called
    from zfdesk.engine.class_kinds import class_kinds

    if arguments.output:
        check_output(arguments.output)
    model = chosen_model(arguments.weights)
    kinds = class_kinds(model.classes)
    unreadable: list[str] = []
    files = picture_files(arguments.paths, unreadable)
    pictures = seen_pictures(files, crop_called(arguments.crop, model), model, unreadable)
    answers, sheet = [], []
    for path, picture, probabilities in _probabilities(pictures, model):
        if arguments.output:
            sheet.append((path, picture, probabilities))
        answer = {"path": path, "classes": _top(probabilities, model.classes, arguments.top)}
        if arguments.json:
            answers.append(answer | {"kinds": kinds and _kinds(probabilities, model.classes, kinds)})
        else:
            print("\n".join([_table(answer), *(_kind_lines(probabilities, kinds) if kinds else [])]), flush=True)
    if sheet:
        write_output(arguments.output, _drawn(sheet, model, arguments.output))
    if arguments.json:
        print_json(answers)
    return 1 if unreadable else 0


def _drawn(sheet: list[tuple[str, np.ndarray, np.ndarray]], model: Model, output: str) -> bytes:
    from zfdesk.figures.drawing import draw
    from zfdesk.figures.files import encode, format_of
    from zfdesk.pages.answers_page import Answered, answers_page
    from zfdesk.sources.files import file_name

    answered = [Answered(file_name(path), picture, probabilities) for path, picture, probabilities in sheet]
    return encode(draw(answers_page(answered, model)), format_of(output))


def _probabilities(
    pictures: Iterator[tuple[str, np.ndarray]], model: Model
) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Each path with what the network sees and its class probabilities, float32 (classes,)."""
    from itertools import islice

    import numpy as np

    while batch := list(islice(pictures, BATCH)):
        answers = model.probabilities(np.stack([picture for _, picture in batch])).numpy()
        if not np.isfinite(answers).all():
            raise CommandError(f"{model.name or 'The network'} answered with values that are not numbers.")
        yield from ((path, picture, answer) for (path, picture), answer in zip(batch, answers, strict=True))


def _top(probabilities: np.ndarray, classes: tuple[str, ...], count: int) -> list[dict[str, Any]]:
    order = (-probabilities).argsort(kind="stable")[:count]
    return [{"class": classes[i], "index": int(i), "probability": float(probabilities[i])} for i in order]


def _kinds(probabilities: np.ndarray, classes: tuple[str, ...], kinds: ClassKinds) -> list[dict[str, Any]]:
    from zfdesk.engine.class_kinds import sum_by_kind

    return [
        {
            "kind": one.kind,
            "probability": one.probability,
            "classes": [
                {"class": classes[index], "plain_name": kinds.plain[index], "index": index, "probability": probability}
                for index, probability in one.members[:KINDS]
            ],
        }
        for one in sum_by_kind(probabilities, kinds)[:KINDS]
    ]


def _kind_lines(probabilities: np.ndarray, kinds: ClassKinds) -> list[str]:
    """By kind: sums of softmax."""
    from zfdesk.engine.class_kinds import kind_text, sum_by_kind

    found = sum_by_kind(probabilities, kinds)[:KINDS]
    return ["  by kind (sums of softmax):", *(f"    {kind_text(one, kinds, KINDS)}" for one in found)]


def _table(answer: dict[str, Any]) -> str:
    rows = [
        f"  {percent_text(found['probability'], 1):>7}  {found['class']} ({found['index']})"
        for found in answer["classes"]
    ]
    return "\n".join([answer["path"], *rows])
