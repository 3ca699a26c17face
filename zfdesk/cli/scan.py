"""``zfdesk scan``: what wakes each unit, over any number of pictures; kept, so that it is done once."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import (
    BOX_ORDER,
    add_crop_option,
    add_json_option,
    add_weights_option,
    at_least,
    listed,
    number_where,
)
from zfdesk.cli.output import CommandError, print_message
from zfdesk.cli.report import provenance, report
from zfdesk.progress import ProgressLine, counted, duration

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.library import Portraits, ScanStep
    from zfdesk.live import Crop


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "scan",
        help="what wakes each unit, over folders of pictures",
        epilog="Folders are gone through with all that is nested in them; a subfolder is a class. What was scanned is "
        "kept by weights and crop in the user's data folder: a scan takes what is new or changed, goes on after an "
        "interruption, and a second one at the same time shares the work.",
        allow_abbrev=False,
    )
    parser.add_argument("paths", nargs="*", metavar="FOLDER", help="folders, pictures, clips")
    parser.add_argument(
        "--layers", type=listed(str), metavar="L[,L…]", help="scan for these layers alone (default: every layer)"
    )
    parser.add_argument(
        "--top", type=at_least(1, 100), default=9, metavar="K", help="pictures of each unit in the JSON (default: 9)"
    )
    parser.add_argument(
        "--clip-every", type=number_where(lambda value: 0.001 <= value < 1e6, "a number of seconds"), default=1.0,
        metavar="S", help="seconds from one frame of a clip to the next (default: 1)",
    )  # fmt: skip
    parser.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT",
        help="let the workers of a Dask scheduler do it, which see the same paths (pip install 'zfdesk[dask]')",
    )  # fmt: skip
    parser.add_argument("--clear", action="store_true", help="forget what was scanned with these weights and crop")
    add_crop_option(parser)
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: scan_command(parser, arguments))


class Watching:
    """Follows a scan for a verb: a line of progress, and what cannot be read, each once.

    every: seconds between two lines of progress where stderr is no terminal; None for no such lines.
    """

    def __init__(self, every: float | None = None) -> None:
        self.unreadable: list[str] = []
        self.last: ScanStep | None = None
        self._progress = ProgressLine(every=every)

    def on_step(self, step: ScanStep) -> None:
        """Show how far the scan is, and say what could not be read."""
        for sentence in step.passed_over:
            self._progress.end()
            print_message(sentence)
        for path, reason in step.unreadable:
            self.unreadable.append(path)
            self._progress.end()
            print_message(f"{reason.rstrip('.')} ({path})." if reason else path)
        self.last = step
        if step.phase == "looking":
            self._progress.show(f"{counted(step.found, 'picture')} found")
        elif step.done:
            left = duration(step.seconds_left or 0)
            self._progress.show(f"{step.done:,} of {step.total:,} pictures, {step.rate:.1f} a second, {left} left")

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.end()


def scan_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Scan, and say what is there; exit status 1 where a picture could not be read.

    JSON: {"paths", "found", "scanned", "seconds", "pictures_per_second", "unreadable": [{"path", "reason"}],
    "kept": {"folder", "pictures", "bytes"}, "crop", "box_order", "layers": {LAYER: {"pictures", "count", "dead",
    "duplicates": [[unit, unit, correlation]], "units": [{"unit", "active", "mean", "classes", "top": [{"path", "class",
    "seconds", "activation", "position", "box"}]}]}}}, and the network; "layers" are those of --layers, else the
    convolutions.
    """
    from zfdesk.cli.network import chosen_model, crop_called
    from zfdesk.library import Library, LibraryError, scan

    if not arguments.paths and not arguments.clear:
        parser.error("name folders, pictures or clips to scan")
    model = chosen_model(arguments.weights)
    crop = crop_called(arguments.crop, model)
    for layer in arguments.layers or ():
        if model.architecture.stage(layer).layer is None:
            raise CommandError("The input has no units to look at: choose a layer above it.")
    if arguments.clear:
        _clear(model, crop)
        if not arguments.paths:
            return 0
    compute = None
    if arguments.scheduler:
        from zfdesk.library.cluster import compute_on

        compute = compute_on(arguments.scheduler)
    with Library(model, crop) as library, Watching(every=30.0) as watching:
        try:
            steps = scan(
                library, arguments.paths, arguments.layers or (), clip_every=arguments.clip_every, compute=compute
            )
            for step in steps:
                watching.on_step(step)
        except KeyboardInterrupt:
            raise CommandError("Stopped; what was scanned is kept, and the same command goes on.") from None
        except LibraryError as error:
            raise CommandError(str(error)) from None
        facts = _facts(arguments, library, watching)
    report(arguments, facts | provenance(library.model), lambda: _page(facts))
    return 1 if watching.unreadable else 0


def _clear(model: Model, crop: Crop) -> None:
    from zfdesk.library.store import folder_of, remove

    remove(folder_of(model, crop))


def _facts(arguments: argparse.Namespace, library: Any, watching: Watching) -> dict[str, Any]:
    from zfdesk.library import Portraits
    from zfdesk.library.listing import absolute

    places, step, kept = absolute(arguments.paths), watching.last, library.kept()
    assert step is not None
    convolutions = library.model.architecture.convolutions
    portraits = Portraits(library, places, arguments.top)
    return {
        "paths": [str(place) for place in places],
        "found": step.found,
        "scanned": step.done,
        "seconds": round(step.seconds, 3),
        "pictures_per_second": round(step.rate, 2),
        "unreadable": [{"path": path, "reason": reason} for path, reason in library.unreadable(places)],
        "kept": {"folder": str(library.folder), "pictures": kept.pictures, "bytes": kept.bytes},
        "crop": arguments.crop,
        "box_order": BOX_ORDER,
        "layers": {
            layer: _layer(portraits, layer, arguments.json) for layer in arguments.layers or tuple(convolutions)
        },
    }


def _layer(portraits: Portraits, layer: str, with_units: bool) -> dict[str, Any]:
    found = portraits.statistics(layer)
    facts: dict[str, Any] = {
        "pictures": found.pictures,
        "count": found.units,
        "dead": found.dead.nonzero()[0].tolist(),
        "duplicates": [[a, b, round(value, 4)] for a, b, value in portraits.duplicates(layer)],
    }
    if with_units:
        units = range(found.units)
        facts["units"] = [
            {
                "unit": ranked.unit,
                "active": round(float(found.active[ranked.unit] / found.pictures), 6),
                "mean": round(float(found.sums[ranked.unit] / found.pictures), 6),
                "classes": [one.name for one in portraits.classes(layer, ranked.unit)],
                "top": [
                    {
                        "path": os.fspath(one.path), "class": one.class_name, "seconds": one.seconds,
                        "activation": one.activation, "position": list(one.position), "box": list(one.box),
                    }
                    for one in portraits.examples(layer, ranked)
                ],
            }
            for ranked in portraits.ranked(layer, units)
        ]  # fmt: skip
    return facts


def _page(facts: dict[str, Any]) -> str:
    from zfdesk.progress import bytes_text

    kept = facts["kept"]
    lines = [
        f"{counted(facts['found'], 'picture')}, {facts['scanned']:,} scanned now"
        + (f", {facts['pictures_per_second']:.1f} a second" if facts["scanned"] else "")
        + f"; {bytes_text(kept['bytes'])} are kept of {counted(kept['pictures'], 'picture')} in {kept['folder']}.",
    ]
    for layer, layer_facts in facts["layers"].items():
        dead = ", ".join(map(str, layer_facts["dead"][:8])) + (" …" if len(layer_facts["dead"]) > 8 else "")
        pairs = ", ".join(f"{a} and {b}" for a, b, _ in layer_facts["duplicates"][:4])
        more = f" and {len(layer_facts['duplicates']) - 4} pairs more" if len(layer_facts["duplicates"]) > 4 else ""
        alike = f"; alike: {pairs}{more}" if pairs else ""
        lines.append(f"{layer:8} {layer_facts['count']} units, dead: {dead or 'none'}{alike}.")
    return "\n".join(lines)
