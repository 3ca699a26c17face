"""``zfdesk train --transfer``: the layers of a trained network on another data set (Section 5.2, Tables 4 and 7)."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import add_weights_option, at_least, listed, number_where
from zfdesk.cli.data_sets import download_data_sets
from zfdesk.cli.output import CommandError, check_output, print_message
from zfdesk.cli.report import report, table
from zfdesk.progress import ProgressLine, noun

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.training.precision import Precisions
    from zfdesk.training.transfer import Transfer, TransferPlan

MOST_NAMED = 3
"""Pictures that cannot be read are named, at most so many."""

_OWN = (
    "--svm", "--layer", "--layers", "--per-class", "--rounds", "--tested", "--without", "--strength", "--weights",
    "--average-precision",
)  # fmt: skip
"""Options that mean something with --transfer alone."""

_ROUNDS = ("--layers", "--per-class", "--rounds", "--tested", "--without", "--seed")
"""Of these what means nothing with --average-precision."""

_SHARED = ("--transfer", "--output", "--seed", "--threads", "--download", "--json")
"""Options of a whole training that mean something with --transfer, too."""


def add_transfer_options(parser: argparse.ArgumentParser) -> None:
    """The options of the verb `train` that belong to transfer."""
    group = parser.add_argument_group(
        "transfer (Section 5.2)",
        "Keep all layers of the network in use and teach the classes of FOLDER on top: random pictures a class are "
        "taught, up to 50 others tested, in several rounds; -o NAME.safetensors keeps the network of the first round, "
        "where the last layer is read. Of the options above --seed, --threads, --download and --json go with it.",
    )
    group.add_argument(
        "--transfer", metavar="FOLDER", help="a folder of classes, or torchvision:NAME, in place of DATA"
    )
    group.add_argument("--svm", action="store_true", help="a linear SVM instead of the softmax")
    group.add_argument("--layer", metavar="L", help="the layer that is read: a name, or 1 to 7 (default: the last)")
    group.add_argument(
        "--layers", metavar="L,L,…", help="compare these layers with softmax and SVM, as Table 7: 1,2,3,4,5,7"
    )
    group.add_argument(
        "--per-class", type=listed(at_least(1)), metavar="N,N,…", help="pictures a class to teach with (default: 30)"
    )
    group.add_argument("--rounds", type=at_least(1), metavar="N", help="with other random pictures (default: 5)")
    group.add_argument("--tested", type=at_least(1), metavar="N", help="other pictures a class to test (default: 50)")
    group.add_argument("--without", action="append", metavar="CLASS", help="leave a class out; may be repeated")
    strength = number_where(lambda value: 0 < value < 1e9, "a positive number")
    group.add_argument("--strength", type=strength, metavar="C", help="of the fits, C of an SVM (default: 100)")
    group.add_argument(
        "--average-precision", action="store_true",
        help="teach FOLDER/train and test FOLDER/val: average precision a class, as Table 6 (VOCDetection)",
    )  # fmt: skip
    add_weights_option(group)  # type: ignore[arg-type]


def refuse_transfer_options(given: Sequence[str]) -> None:
    """CommandError where an option of transfer is among those given without --transfer."""
    own = [name for name in given if name in _OWN]
    if own:
        raise CommandError(f"{', '.join(own)} {'goes' if len(own) == 1 else 'go'} with --transfer FOLDER.")


def transfer_command(arguments: argparse.Namespace, given: Sequence[str]) -> int:
    """Compare, print the table beside the paper's, and keep the network where that was asked for."""
    if arguments.data or arguments.resume:
        raise CommandError("--transfer FOLDER takes the place of DATA and of --resume.")
    surplus = [name for name in given if name not in (*_OWN, *_SHARED)]
    if surplus:
        raise CommandError(
            f"--transfer teaches the classes on top of a trained network: it does not take {', '.join(surplus)}."
        )
    output = arguments.output
    if output:
        if os.path.splitext(output)[1] != ".safetensors":
            raise CommandError(f"{output}: the taught network is a weights file: its name ends in .safetensors.")
        if arguments.layers:
            raise CommandError("-o keeps one network: it goes with --layer, not with --layers.")
        check_output(output)
    import torch

    from zfdesk.cli.network import chosen_model
    from zfdesk.training.transfer import as_json, run_transfer
    from zfdesk.weights import save

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    model = chosen_model(arguments.weights)
    if arguments.average_precision:
        return _average_precision(arguments, given, model)
    plan = _plan(arguments, model)
    if output and plan.layers and plan.layers != (model.architecture.feature_layer,):
        raise CommandError("Only a classifier on the layer below the classes makes a network: leave --layer out.")
    download_data_sets(arguments, [arguments.transfer])
    with ProgressLine() as progress:
        found = run_transfer(model, arguments.transfer, plan, _shown_on(progress))
    if output:
        assert found.network is not None  # of the one layer, see above
        save(found.network, output)
    facts = as_json(found, model)
    return _report(arguments, found, facts, lambda: _page(found, facts, model, output))


def _shown_on(progress: ProgressLine) -> Callable[[str, int, int], None]:
    return lambda what, done, total: progress.show(f"{what}: {done} of {total}")


def _report(
    arguments: argparse.Namespace, found: Transfer | Precisions, facts: dict[str, Any], text: Callable[[], str]
) -> int:
    """Print the facts, and what was passed over or could not be read; the exit status."""
    for sentence in found.passed_over:
        print_message(sentence)
    for name in found.unreadable[:MOST_NAMED]:
        print_message(f"{name} could not be read and was left out.")
    more = len(found.unreadable) - MOST_NAMED
    if more > 0:
        print_message(
            f"{more} more {noun(more, 'picture')} could not be read and {noun(more, 'was', 'were')} left out."
        )
    report(arguments, facts, text)
    return 1 if found.unreadable else 0


def _average_precision(arguments: argparse.Namespace, given: Sequence[str], model: Model) -> int:
    """Table 6: print each class beside the paper's. JSON: see `zfdesk.training.precision.as_json`."""
    from zfdesk.experiments.linear_classifier import STRENGTH
    from zfdesk.training.precision import as_json, run_precision
    from zfdesk.training.transfer import layers_called

    surplus = [name for name in given if name in (*_ROUNDS, "--output")]
    if surplus:
        raise CommandError(f"--average-precision teaches one part and tests the other: without {', '.join(surplus)}.")
    layer = layers_called(model, [arguments.layer])[0] if arguments.layer else ""
    download_data_sets(arguments, [arguments.transfer])
    with ProgressLine() as progress:
        found = run_precision(
            model, arguments.transfer, layer, "svm" if arguments.svm else "softmax", arguments.strength or STRENGTH,
            _shown_on(progress),
        )  # fmt: skip
    return _report(arguments, found, as_json(found, model), lambda: _precisions_page(found, model))


def _precisions_page(found: Precisions, model: Model) -> str:
    from zfdesk.figures.table7 import KIND_LABELS, PAPER_TABLE_6, PAPER_TABLE_6_MEAN
    from zfdesk.training.data import title_of

    def percent(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.1f}"

    title = (
        f"{model.name} on {title_of(found.data)}: {KIND_LABELS[found.kind]} on {found.layer}, "
        f"{found.taught:,} pictures taught, {found.tested:,} tested; average precision in %"
    )
    rows = [("class", "here", "paper (VOC 2012, Table 6)")]
    for name, value in zip(found.classes, found.values, strict=True):
        rows.append((name, percent(value), f"{PAPER_TABLE_6[name]:.1f}" if name in PAPER_TABLE_6 else ""))
    paper = f"{PAPER_TABLE_6_MEAN:.1f}" if set(PAPER_TABLE_6) <= set(found.classes) else ""
    return f"{title}\n\n{table([*rows, ('mean', percent(found.mean), paper)])}"


def _plan(arguments: argparse.Namespace, model: Model) -> TransferPlan:
    from zfdesk.experiments.linear_classifier import STRENGTH
    from zfdesk.training.transfer import TransferPlan, layers_called

    if arguments.layers and (arguments.layer or arguments.svm):
        raise CommandError("--layers compares softmax and SVM on several layers: it takes neither --layer nor --svm.")
    if arguments.layers:
        layers = layers_called(model, [word.strip() for word in arguments.layers.split(",")])
    else:
        layers = layers_called(model, [arguments.layer]) if arguments.layer else ()
    return TransferPlan(
        layers, ("softmax", "svm") if arguments.layers else ("svm",) if arguments.svm else ("softmax",),
        arguments.per_class or (30,), arguments.tested or 50, arguments.rounds or 5, arguments.seed,
        tuple(arguments.without or ()), arguments.strength or STRENGTH,
    )  # fmt: skip


def _page(found: Transfer, facts: dict[str, Any], model: Model, output: str | None) -> str:
    from zfdesk.figures.table7 import paper_text, rows_of
    from zfdesk.training.data import title_of

    plan = found.plan
    title = (
        f"{model.name} on {title_of(found.data)}: {len(found.classes)} classes, "
        f"{found.pictures} pictures, {plan.rounds} {noun(plan.rounds, 'round')} (seed {plan.seed}), up to "
        f"{plan.tested} {noun(plan.tested, 'other')} a class tested; mean accuracy of the classes in %"
        f"{', ± deviation over the rounds' if plan.rounds > 1 else ''}"
    )
    rows = [("classifier", "layer", "a class", "here", "paper (ImageNet weights)")]
    for row in rows_of(facts):
        layer = row.layer + (f" ({row.number})" if row.number else "")
        paper = paper_text(row.kind, row.number, row.per_class)
        rows.append((row.kind, layer, str(row.per_class), row.per_cent, paper))
    kept = f"\n{output} is the network of the first round." if output else ""
    return f"{title}\n{table(rows, right=(2, 3))}{kept}"
