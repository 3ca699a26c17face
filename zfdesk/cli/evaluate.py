"""``zfdesk evaluate``: how often a network is right on labelled pictures."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, figure_name
from zfdesk.cli.data_sets import DATA_SETS_HELP, add_download_option, download_data_sets
from zfdesk.cli.output import CommandError, check_output, message_printer, print_message, write_output
from zfdesk.cli.report import report
from zfdesk.progress import ProgressLine, duration, noun, percent_text

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.training.calibration import Reliability
    from zfdesk.training.evaluate import Evaluation, Protocol

ROWS = 10
"""Classes at either end of the table, and confusions."""

FEW = 5
"""With fewer pictures a class, a share says little about one of many classes."""

TABLE_2 = (
    ("Krizhevsky et al., 1 convnet", 40.7, 18.2),
    ("replication of it, 1 convnet", 40.5, 18.1),
    ("Fig. 3, 1 convnet", 38.4, 16.5),
    ("Fig. 3, 5 convnets", 36.7, 15.3),
    ("layers 3–5: 512-1024-512, 1 convnet", 37.5, 16.0),
)
"""Of the paper: error in % on the validation part of ImageNet 2012, top-1 and top-5."""

_EPILOG = """\
DATA is a folder by class (DATA/CLASS/*.jpg, or DATA/val/CLASS/…), a folder of tar shards with labels, or a manifest
(.jsonl, .csv). A class is called by its name, by its index, or by its WordNet id (n01440764).

"""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "evaluate",
        help="how often a network is right on labelled pictures",
        epilog=_EPILOG + DATA_SETS_HELP,
        allow_abbrev=False,
    )
    parser.add_argument("data", metavar="DATA", help="pictures by class")
    parser.add_argument(
        "--weights", metavar="A[,B…]", help="files, or names from `zfdesk weights list`; several are averaged"
    )
    seen = parser.add_mutually_exclusive_group()
    seen.add_argument(
        "--ten-crop", action="store_true", help="average over corners, centre and mirror images, as in Table 2"
    )
    seen.add_argument("--whole", action="store_true", help="see the largest central square, not 224/256 of it")
    parser.add_argument("--classes", metavar="FILE", help="the class of each folder: JSON, or lines of folder,class")
    parser.add_argument("--among", action="store_true", help="also count the answer among the pictures' classes alone")
    parser.add_argument("--table2", action="store_true", help="print the errors beside Table 2 of the paper")
    parser.add_argument(
        "-o", "--output", type=figure_name, metavar="OUT.(png|svg|pdf)", help="also draw a reliability diagram"
    )
    add_download_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=evaluate_command)


def evaluate_command(arguments: argparse.Namespace) -> int:
    """Print what is found; 1 when some pictures could not be read. JSON: see `_facts`."""
    from zfdesk.cli.network import chosen_model
    from zfdesk.training.calibration import reliability
    from zfdesk.training.class_names import left_out, places_of, read_class_map
    from zfdesk.training.data import open_pictures, passed_over
    from zfdesk.training.evaluate import Protocol, evaluate

    if arguments.output:
        check_output(arguments.output)
    names = _names(arguments.weights)
    class_of = read_class_map(arguments.classes) if arguments.classes else None
    download_data_sets(arguments, [arguments.data])
    pictures = open_pictures(arguments.data, "val")
    models = [chosen_model(name) for name in names]
    places = places_of(pictures.classes, models[0].classes, class_of)
    for sentence in (*passed_over(pictures), *(left_out(pictures, class_of) if class_of else ())):
        print_message(sentence)
    protocol = Protocol(10 if arguments.ten_crop else 1, arguments.whole)
    began = time.monotonic()

    def show(done: int, total: int) -> None:
        rate = done / max(time.monotonic() - began, 1e-9)
        left = duration((total - done) / rate)
        progress.show(f"{done:,} of {total:,} {noun(total, 'picture')}, {rate:.1f} a second, {left} left")

    with ProgressLine(every=30.0) as progress:
        found = evaluate(
            models,
            pictures,
            places,
            protocol,
            threads=os.cpu_count() or 1,
            progress=show,
            on_message=message_printer(progress),
        )
    bins = reliability(found.confidences, found.ranks == 0)
    if arguments.output:
        write_output(arguments.output, _drawn(arguments, models, bins))
    facts = _facts(arguments, models, found, protocol) | {"calibration": _calibration(bins)}
    report(arguments, facts, _page(arguments, models, found, protocol, bins))
    return 1 if found.skipped else 0


def _names(weights: str | None) -> Sequence[str | None]:
    """What `chosen_model` takes, network by network. A file whose name holds a comma is one file."""
    if weights is None or os.path.exists(weights):
        return [weights]
    names = weights.split(",")
    if not all(name.strip() for name in names):
        raise CommandError(f"--weights {weights!r} has an empty name: give one name, or several with commas between.")
    return names


def _facts(arguments: argparse.Namespace, models: list[Model], found: Evaluation, protocol: Protocol) -> dict[str, Any]:
    """``top1``, ``top5``: shares. ``among``: the same among the pictures' own classes, null when not asked for.
    ``same_kind``: the share taken for some class of the right kind, null for classes that are not ImageNet's.
    ``confusions``: all wrong answers, the most frequent first."""

    def named(index: int) -> dict[str, Any]:
        return {"index": index, "class": found.classes[index]}

    among = {"classes": len(found.places), "top1": found.top(1, True), "top5": found.top(5, True)}
    return {
        "data": arguments.data,
        "pictures": len(found.labels),
        "skipped": len(found.skipped),
        "weights": [{"name": model.name, "sha256": model.sha256} for model in models],
        "crops": protocol.crops,
        "crop": "whole" if protocol.whole else "centre",
        "top1": found.top(1),
        "top5": found.top(5),
        "among": among if arguments.among else None,
        "same_kind": _same_kind(found),
        "classes": [
            named(index) | {"pictures": count, "top1": top1, "top5": top5}
            for index, count, top1, top5 in found.per_class
        ],
        "confusions": [
            named(index) | {"answer": named(answer), "pictures": count} for index, answer, count in found.confused()
        ],
    }


def _calibration(bins: Reliability) -> dict[str, Any]:
    """The expected calibration error, and the bins it is of: above ``from`` up to ``to``; null in empty ones."""

    def shown(value: float, count: int) -> float | None:
        return float(value) if count else None

    rows = zip(bins.edges[:-1], bins.edges[1:], bins.counts, bins.confidence, bins.accuracy, strict=True)
    return {
        "ece": bins.error,
        "mean_confidence": bins.mean_confidence,
        "bins": [
            {
                "from": float(low),
                "to": float(high),
                "answers": int(count),
                "confidence": shown(confidence, count),
                "accuracy": shown(accuracy, count),
            }
            for low, high, count, confidence, accuracy in rows
        ],
    }


def _drawn(arguments: argparse.Namespace, models: list[Model], bins: Reliability) -> bytes:
    from zfdesk.figures.drawing import draw
    from zfdesk.figures.facts import Facts
    from zfdesk.figures.files import encode, format_of
    from zfdesk.figures.reliability import reliability_page
    from zfdesk.sources.files import file_name

    facts = Facts.of_model(models[0]) if len(models) == 1 else None
    pictures = f"pictures of {file_name(arguments.data.rstrip('/'))}"
    page = reliability_page(bins.edges, bins.counts, bins.confidence, bins.accuracy, bins.error, pictures, facts)
    return encode(draw(page), format_of(arguments.output))


def _page(
    arguments: argparse.Namespace, models: list[Model], found: Evaluation, protocol: Protocol, bins: Reliability
) -> str:
    names = ", ".join(model.name or "the network" for model in models)
    lines = [
        f"{names}{' (averaged)' * (len(models) > 1)} on {arguments.data}",
        f"{_pictures(found)}, {protocol}; ± is the standard error",
        "",
        _scores(f"of {len(found.classes)} classes", found, False),
    ]
    if arguments.among:
        lines.append(_scores(f"among the {len(found.places)} of the pictures", found, True))
    lines.append(
        f"{'calibration error (ECE)':32}{percent_text(bins.error, 2):>8} in {len(bins.counts)} bins of equal width: "
        f"{percent_text(bins.mean_confidence, 1)} sure on average, right in {percent_text(found.top(1), 1)}"
    )
    if (kind := _same_kind(found)) is not None:
        lines.append(f"{'taken for its kind (WordNet)':32}{percent_text(kind, 2):>8}")
    if arguments.table2:
        lines += ["", *_table_2(names, found, protocol)]
    if len(found.per_class) > 1:
        lines += ["", *_classes(found)]
    confused = [row for row in found.confused(ROWS) if row[2] > 1]
    if confused:
        lines += ["", "most often confused"]
        lines += [
            f"  {number:5} × {found.classes[index]} ({index}) taken for {found.classes[answer]} ({answer})"
            for index, answer, number in confused
        ]
    return "\n".join(lines)


def _same_kind(found: Evaluation) -> float | None:
    """The share taken for some class of the right kind; None for classes that are not ImageNet's."""
    from zfdesk.engine.class_kinds import class_kinds

    kinds = class_kinds(found.classes)
    return None if kinds is None else found.same_kind(kinds.kinds)


def _pictures(found: Evaluation) -> str:
    pictures, classes = len(found.labels), len(found.per_class)
    return f"{pictures:,} {noun(pictures, 'picture')} of {classes} {noun(classes, 'class', 'classes')}"


def _scores(label: str, found: Evaluation, among: bool) -> str:
    from zfdesk.training.evaluate import standard_error

    scores = []
    for k in (1, 5):
        share = found.top(k, among)
        scores.append(
            f"top-{k} {percent_text(share, 2):>8} ± {percent_text(standard_error(share, len(found.labels)), 2)}"
        )
    return f"{label:32}{'    '.join(scores)}"


def _table_2(names: str, found: Evaluation, protocol: Protocol) -> list[str]:
    ours = (f"{names}, {protocol}", 100 - 100 * found.top(1), 100 - 100 * found.top(5))
    rows = [f"  {label:52}{top1:7.1f}{top5:8.1f}" for label, top1, top5 in (*TABLE_2, ours)]
    head = f"{'error in %':54}{'top-1':>7}{'top-5':>8}"
    paper = "The paper's rows: 50,000 pictures of 1000 classes (ImageNet 2012's validation part), ten crops;"
    return [head, *rows, f"{paper} the last: {_pictures(found)}."]


def _classes(found: Evaluation) -> list[str]:
    """All classes, or the best and the worst of many; nothing where that would be chance."""
    if len(found.per_class) > 2 * ROWS and len(found.labels) < FEW * len(found.per_class):
        return [f"With fewer than {FEW} pictures a class the classes are not listed (they are with --json)."]
    rows = sorted(found.per_class, key=lambda row: (-row[2], -row[3], row[0]))
    lines = [
        f"  {f'{found.classes[index]} ({index})':40}{count:9,}{percent_text(top1, 1):>9}{percent_text(top5, 1):>9}"
        for index, count, top1, top5 in rows
    ]
    if len(lines) > 2 * ROWS + 1:
        lines[ROWS:-ROWS] = [f"  … {len(lines) - 2 * ROWS} more (all with --json) …"]
    return [f"  {'class':40}{'pictures':>9}{'top-1':>9}{'top-5':>9}", *lines]
