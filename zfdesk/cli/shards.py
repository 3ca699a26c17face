"""``zfdesk shards``: pictures packed for training, with a teacher's answers or with labels."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, at_least, number_where
from zfdesk.cli.output import CommandError, message_printer, print_message
from zfdesk.cli.report import report
from zfdesk.progress import ProgressLine, noun

if TYPE_CHECKING:
    from zfdesk.training.pack_plan import PackPlan
    from zfdesk.training.teacher import Teacher


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "shards",
        help="pack pictures into tar shards for training, with a teacher's answers",
        description="Cuts views out of pictures and packs them into tar files of at most 60 MB. With --teacher each "
        "view goes with the teacher's answer to it; without, PICTURES is a folder with a folder for each class. An "
        "interrupted command goes on where it stopped when it is given again.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "pictures", nargs="+", metavar="PICTURES", help="a picture, a folder with all below it, or a .txt of paths"
    )
    parser.add_argument("-o", "--output", required=True, metavar="DIR", help="the folder of the shards")
    parser.add_argument("--teacher", metavar="NAME|FILE", help="lite0, lite1, lite2, or an .onnx file")
    parser.add_argument("--views", type=at_least(1), default=1, metavar="N", help="of each picture (default: 1)")
    parser.add_argument("--side", type=at_least(32, 1024), default=192, metavar="PX", help="of a view (default: 192)")
    share = number_where(lambda value: 0 <= value <= 1, "a share from 0 to 1")
    parser.add_argument(
        "--mixtures", type=share, default=0.0, metavar="SHARE", help="of views that show two pictures (default: 0)"
    )
    parser.add_argument("--most", type=at_least(1), metavar="N", help="at most so many pictures of each PICTURES")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of all that is random (default: 0)")
    parser.add_argument("--quality", type=at_least(1, 100), default=92, metavar="Q", help="of the JPEGs (default: 92)")
    parser.add_argument(
        "--validation-of",
        metavar="DIR",
        help="pack one central view of each picture, with the side and the classes of the shards in DIR",
    )
    parser.add_argument("--threads", type=at_least(1), metavar="N", help="for pictures and teacher (default: all)")
    add_json_option(parser)
    parser.set_defaults(run=shards_command)


def shards_command(arguments: argparse.Namespace) -> int:
    """Pack; 1 when something could not be read (it is told and left out), or nothing could be done.

    JSON: {"folder", "views", "shards", "made", "seconds", "unreadable"}: views and shards there are in the folder, and
    the views, seconds and unreadable pictures of this run alone.
    """
    import os

    from zfdesk.training.shards import pack
    from zfdesk.training.teacher import open_teacher

    if arguments.mixtures and not arguments.teacher:
        raise CommandError("A mixture of two pictures has no label: --mixtures needs a --teacher.")
    if arguments.validation_of and (arguments.mixtures or arguments.views > 1):
        raise CommandError("Validation packs one plain view of each picture: leave out --mixtures and --views.")
    threads = arguments.threads or os.cpu_count() or 1
    teacher = open_teacher(arguments.teacher, threads) if arguments.teacher else None
    plan = _plan(arguments, teacher)
    try:
        with ProgressLine(every=30.0) as progress:
            done = pack(
                plan, Path(arguments.output), teacher, source=", ".join(arguments.pictures), threads=threads,
                progress=progress.show, on_message=message_printer(progress),
            )  # fmt: skip
    except KeyboardInterrupt:
        print_message("Stopped. The whole shards are kept: the same command goes on from there.")
        raise
    facts = {
        "folder": arguments.output, "views": done.views, "shards": done.shards, "made": done.made,
        "seconds": round(done.seconds, 3), "unreadable": list(done.skipped),
    }  # fmt: skip
    rate = f", {done.made / done.seconds:.1f} views a second" if done.made else ""
    shards = f"{done.shards} {noun(done.shards, 'shard')}"
    report(arguments, facts, f"{done.views:,} {noun(done.views, 'view')} in {shards} in {arguments.output}{rate}.")
    return 1 if done.skipped else 0


def _plan(arguments: argparse.Namespace, teacher: Teacher | None) -> PackPlan:
    from zfdesk.training.class_names import usual_names
    from zfdesk.training.errors import ShardsError
    from zfdesk.training.pack_plan import PackPlan, labelled_pictures, pictures_of
    from zfdesk.training.shard_views import ViewPlan
    from zfdesk.training.shard_writer import read_description

    description = read_description(Path(arguments.validation_of)) if arguments.validation_of else None
    view = ViewPlan(
        description["side"] if description else arguments.side, arguments.mixtures, plain=description is not None
    )
    labels: tuple[int, ...] = ()
    if teacher:
        pictures = pictures_of(arguments.pictures, arguments.most, arguments.seed, print_message)
        classes = usual_names(teacher.classes)
    else:
        if len(arguments.pictures) > 1 or arguments.most:
            raise CommandError("Without --teacher one folder is packed, with a folder for each class, and whole.")
        pictures, given, classes = labelled_pictures(arguments.pictures[0], print_message)
        labels = tuple(given)
    if description and list(classes) != description["classes"]:
        if teacher or not set(classes) <= set(description["classes"]):
            raise ShardsError(f"{arguments.validation_of} has other classes.")
        labels = tuple(description["classes"].index(classes[label]) for label in labels)
        classes = tuple(description["classes"])
    return PackPlan(tuple(pictures), view, labels, classes, arguments.views, arguments.seed, arguments.quality)
