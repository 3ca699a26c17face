"""``zfdesk train``: train a declared network on one's own pictures, watched and resumable."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_json_option, at_least, given_options, number_where
from zfdesk.cli.data_sets import DATA_SETS_HELP, add_download_option, download_data_sets
from zfdesk.cli.output import CommandError, print_message
from zfdesk.cli.report import report
from zfdesk.cli.train_table3 import report_table3
from zfdesk.cli.transfer import add_transfer_options, refuse_transfer_options, transfer_command

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.training.loader import TeacherModel
    from zfdesk.training.recipe import TrainRecipe
    from zfdesk.training.train_config import Ended, TrainConfig

RECIPES = ("modern", "paper")

_RESUMED = (
    "--resume",
    "--threads",
    "--decoders",
    "--device",
    "--on-device",
    "--share-of-peak",
    "--save-every",
    "--log-every",
    "--json",
)
"""Options that go with --resume: what may be otherwise on another machine. All else is as the run was begun."""

_EPILOG = """\
DATA is a folder by class (DATA/CLASS/*.jpg, or DATA/train and DATA/val), a folder of tar shards, or a manifest (.jsonl,
.csv with path and label). RUN holds the log, snapshots, statistics and network.safetensors, the network to use.
Ctrl-C and SIGTERM save the state, and so does the training every --save-every minutes: no more is lost when the process
is killed. zfdesk train --resume RUN goes on to the same step, as the run was begun: besides --json it takes --threads,
--decoders, --device, --on-device, --share-of-peak, --save-every and --log-every. torchrun --nproc-per-node 2 -m zfdesk
train … trains in two processes.

"""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "train", help="train a network on pictures of one's own", epilog=_EPILOG + DATA_SETS_HELP, allow_abbrev=False
    )
    parser.add_argument("data", metavar="DATA", nargs="*", help="pictures by class, tar shards, or a manifest")
    parser.add_argument("-o", "--output", metavar="RUN", help="the folder of the run; it must be new or empty")
    parser.add_argument("--resume", metavar="RUN", help="go on with a run as it was begun, from its saved state")
    parser.add_argument("--recipe", choices=RECIPES, default=RECIPES[0], help="how to train (default: modern)")
    parser.add_argument(
        "--set",
        metavar="FIELD=VALUE",
        action="append",
        default=[],
        help="change a field of the recipe; may be repeated",
    )
    parser.add_argument("--epochs", metavar="N", help="the same as --set epochs=N")
    parser.add_argument("--batch", metavar="N", help="the same as --set batch=N")
    parser.add_argument("--sides", metavar="PX,PX,…", help="sides of the pictures, one after another")
    parser.add_argument("--architecture", metavar="NAME", default="zfnet", help="a declared network (default: zfnet)")
    parser.add_argument("--start", metavar="FILE", help="begin with the weights of a zfdesk checkpoint")
    parser.add_argument("--validation", metavar="DATA", help="pictures to validate on (default: DATA/val where it is)")
    parser.add_argument("--validation-pictures", type=at_least(1), metavar="N", help="at most so many, spread evenly")
    parser.add_argument(
        "--teacher",
        metavar="NAME|FILE",
        help="a classifier that is asked about every view: lite0, lite1, lite2 or an ONNX file",
    )
    parser.add_argument(
        "--teacher-classes",
        action="store_true",
        help="learn the teacher's classes in place of DATA's, which are labels where they are called as its",
    )
    parser.add_argument("--probe", metavar="PICTURE", help="the picture to follow (default: the first of validation)")
    parser.add_argument(
        "--strongest", type=at_least(0), default=256, metavar="N",
        help="training pictures searched at each snapshot for Fig. 4's strongest answers (default: 256; 0: none)",
    )  # fmt: skip
    parser.add_argument(
        "--table3", action="store_true", help="train the rows of the paper's Table 3 one after another into RUN"
    )
    parser.add_argument("--rows", metavar="NAME,NAME,…", help="with --table3: only these architectures")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="N", help="of all that is random (default: 0)")
    parser.add_argument("--threads", type=at_least(1), metavar="N", help="threads that compute (default: all cores)")
    parser.add_argument(
        "--decoders", type=at_least(1), metavar="N", help="threads that decode pictures (default: as many)"
    )
    parser.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute (default: auto)"
    )
    parser.add_argument(
        "--on-device", action="store_true",
        help="decode all pictures first and keep them where the network is: for a GPU; square views, as shards have",
    )  # fmt: skip
    parser.add_argument(
        "--share-of-peak", action="store_true", help="at the end say what share of a matrix product's speed it reached"
    )
    minutes = number_where(lambda value: 0 <= value < 1e6, "a number of minutes")
    parser.add_argument(
        "--save-every", type=minutes, default=5.0, metavar="MIN", help="minutes between saved states (default: 5)"
    )
    parser.add_argument(
        "--log-every", type=at_least(1), default=10, metavar="N", help="steps between lines of the log (default: 10)"
    )
    add_download_option(parser)
    add_json_option(parser)
    add_transfer_options(parser)
    parser.set_defaults(run=lambda arguments: train_command(arguments, given_options(parser, arguments)))


def train_command(arguments: argparse.Namespace, given: Sequence[str]) -> int:
    """Train, say how it goes on stderr, and at the end where the network lies; or transfer. given: `given_options`.

    JSON: {"run", "network", "steps", "seconds", "unreadable", "training": {"loss", "top1", "top5"}, "validation"}, the
    scores of the last epoch, null where there is none; see `transfer_command` and `report_table3` for theirs.
    """
    if arguments.transfer:
        return transfer_command(arguments, given)
    refuse_transfer_options(given)
    if arguments.rows and not arguments.table3:
        raise CommandError("--rows chooses rows of --table3.")
    if arguments.table3 and arguments.resume:
        raise CommandError("--table3 goes on by itself: give the same DATA and -o as before, without --resume.")
    surplus = [name for name in given if name not in _RESUMED]
    if arguments.resume and surplus:
        raise CommandError(f"--resume goes on with a run as it was begun: it does not take {', '.join(surplus)}.")
    import torch

    from zfdesk.progress import ProgressLine
    from zfdesk.training.process_group import join
    from zfdesk.training.train import train

    if arguments.teacher_classes and not arguments.teacher:
        raise CommandError("--teacher-classes goes with --teacher.")
    run, resume = _run_folder(arguments)
    download_data_sets(arguments, [*arguments.data, arguments.validation])
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    if arguments.table3:
        return _table3(arguments, run)
    config = _config_again(arguments, run) if resume else _config(arguments)
    group = join(arguments.device)
    try:
        ended = train(config, run, group, ProgressLine(every=60.0, quiet=not group.first), resume)
    finally:
        group.close()
    if not group.first:
        return 130 if ended.interrupted else 0
    if ended.interrupted:
        print_message(f"Interrupted at step {ended.step}; go on with: zfdesk train --resume {shlex.quote(str(run))}")
        return 130
    _report(arguments, run, ended)
    return 0


def _table3(arguments: argparse.Namespace, folder: Path) -> int:
    from zfdesk.progress import ProgressLine
    from zfdesk.training.process_group import join
    from zfdesk.training.table3 import rows_called, train_table3

    rows, config = rows_called(arguments.rows), _config(arguments)
    group = join(arguments.device)
    try:
        filled, interrupted = train_table3(
            lambda name: replace(config, architecture=name),
            folder,
            rows,
            group,
            ProgressLine(every=60.0, quiet=not group.first),
        )
    finally:
        group.close()
    if group.first and interrupted:
        print_message("Interrupted; the same command goes on.")
    elif group.first:
        report_table3(arguments, config.data, filled)
    return 130 if interrupted else 0


def _run_folder(arguments: argparse.Namespace) -> tuple[Path, bool]:
    if arguments.resume:
        return Path(arguments.resume), True
    if not arguments.data or not arguments.output:
        raise CommandError("Say what to train on and where to: zfdesk train DATA -o RUN.")
    return Path(arguments.output), False


def _recipe(arguments: argparse.Namespace) -> TrainRecipe:
    from zfdesk.training.recipe import RECIPES as DECLARED
    from zfdesk.training.recipe import changed

    settings: dict[str, str] = {}
    for text in arguments.set:
        field, sign, value = text.partition("=")
        if not sign:
            raise CommandError(f"--set wants FIELD=VALUE, not {text!r}.")
        settings[field.strip()] = value.strip()
    for field in ("epochs", "batch", "sides"):
        if getattr(arguments, field) is not None:
            settings[field] = getattr(arguments, field)
    return changed(DECLARED[arguments.recipe], settings)


def _config(arguments: argparse.Namespace) -> TrainConfig:
    from zfdesk.engine import ARCHITECTURES
    from zfdesk.training.data import validation_beside
    from zfdesk.training.train_config import TrainConfig

    if arguments.architecture not in ARCHITECTURES:
        raise CommandError(
            f"There is no architecture {arguments.architecture!r}; declared are {', '.join(ARCHITECTURES)}."
        )
    return TrainConfig(
        data=tuple(arguments.data), recipe=_recipe(arguments), architecture=arguments.architecture,
        validation=arguments.validation or validation_beside(arguments.data[0]), start=_start(arguments),
        start_text="" if arguments.start is None else os.path.basename(arguments.start),
        teacher=_teacher(arguments.teacher), teacher_path=arguments.teacher,
        teacher_classes=arguments.teacher_classes, seed=arguments.seed,
        command=shlex.join(["zfdesk", *sys.argv[1:]]),
        **_machine(arguments),
    )  # fmt: skip


def _config_again(arguments: argparse.Namespace, run: Path) -> TrainConfig:
    """The settings of a run that was begun, from its folder; this machine's settings may be others."""
    from zfdesk.runs import read_run
    from zfdesk.training.recipe import from_json
    from zfdesk.training.state import read_settings
    from zfdesk.training.train_config import VALIDATION, TrainConfig

    about, settings = read_run(run).about, read_settings(run)
    validation = [source.removeprefix(VALIDATION) for source in about.data if source.startswith(VALIDATION)]
    machine = _machine(arguments) | {"limit": settings["limit"], "strongest": settings["strongest"]}
    return TrainConfig(
        data=tuple(source for source in about.data if not source.startswith(VALIDATION)),
        recipe=from_json(dict(about.recipe)), architecture=about.architecture, validation=next(iter(validation), None),
        teacher=_teacher(settings["teacher_path"]), teacher_path=settings["teacher_path"],
        teacher_classes=bool(settings.get("teacher_classes")), start_text=settings["start_words"], seed=about.seed,
        command=about.command, **machine,
    )  # fmt: skip


def _machine(arguments: argparse.Namespace) -> dict[str, Any]:
    return {
        "every": arguments.save_every * 60,
        "log_every": arguments.log_every,
        "limit": arguments.validation_pictures,
        "threads": arguments.decoders or arguments.threads or os.cpu_count() or 1,
        "probe": arguments.probe,
        "strongest": arguments.strongest,
        "on_device": arguments.on_device,
        "share_of_peak": arguments.share_of_peak,
    }


def _start(arguments: argparse.Namespace) -> Model | None:
    if arguments.start is None:
        return None
    from zfdesk.cli.network import chosen_model

    model = chosen_model(arguments.start)
    if model.input.std != (1.0, 1.0, 1.0) or model.input.order != "RGB":
        raise CommandError(f"{arguments.start} wants its input scaled otherwise than 0–255 minus mean, RGB.")
    return model


def _teacher(path: str | None) -> TeacherModel | None:
    if path is None:
        return None
    from zfdesk.training.teacher import open_teacher

    return open_teacher(path)


def _report(arguments: argparse.Namespace, run: Path, ended: Ended) -> None:
    from zfdesk.progress import noun

    network, steps, lost = run / "network.safetensors", ended.step, ended.unreadable
    scores = {"training": ended.training, "validation": ended.validation}
    facts = {
        "run": str(run), "network": str(network), "steps": steps, "seconds": ended.seconds, "unreadable": lost,
        **{name: None if score is None else vars(score) for name, score in scores.items()},
    }  # fmt: skip
    left = f" {lost} {noun(lost, 'picture')} could not be read." if lost else ""
    report(arguments, facts, f"{network} is the network, after {steps} {noun(steps, 'step')}.{left}")
