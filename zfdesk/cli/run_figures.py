"""``zfdesk figure training RUN`` and ``zfdesk figure fig4 RUN``: what a training run's folder holds, as arrays."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import at_least, listed, one_of
from zfdesk.cli.output import CommandError

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.figures import Page
    from zfdesk.figures.fig4 import UnitOverTime
    from zfdesk.library import UnitAnswer
    from zfdesk.runs import Run, StrongestEntry

PARTS = ("curves", "spread", "filters", "probe")
AddTemplate = Callable[..., argparse.ArgumentParser]


def add_training(templates: Any, template: AddTemplate) -> None:
    """Register the page of a run; ``template`` makes a template with the options that all have."""
    help_text = "a training run: curves, spread of values, dead units, filters, a probe picture"
    parser = template(templates, "training", help_text, _training, weights=False)
    parser.set_defaults(fewer="Show fewer parts with --show, or fewer snapshots with --epochs.")
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run, also of one in progress")
    parser.add_argument(
        "--show",
        type=listed(one_of(PARTS)),
        default=PARTS,
        metavar="PART,…",
        help=f"of {', '.join(PARTS)} (default: all)",
    )
    parser.add_argument("--layer", metavar="L", help="of the probe picture's maps (default: the middle convolution)")
    parser.add_argument("--maps", type=at_least(1), default=4, metavar="N", help="how many of its maps (default: 4)")
    parser.add_argument("--filters", type=at_least(1), default=6, metavar="N", help="how many filters (default: 6)")
    _add_epochs(parser)


def add_fig4(templates: Any, template: AddTemplate) -> None:
    """Register Fig. 4 of a run; ``template`` as of `add_training`."""
    help_text = "how units evolve while a network trains: strongest activation and patch at each snapshot"
    parser = template(templates, "fig4", help_text, _fig4, weights=False)
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run, also of one in progress")
    parser.add_argument(
        "--pictures", action="append", metavar="PATH",
        help="search these pictures, or folders of them, rather than show what the run found; may be given again",
    )  # fmt: skip
    parser.add_argument("--layers", type=listed(str), metavar="L,L,…", help="default: all convolutions that are known")
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--random", type=at_least(1), default=3, metavar="N", help="random units of a layer (default: 3)"
    )
    which.add_argument("--unit", action="append", type=_unit, metavar="L:N", help="this unit; may be given again")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the random choice (default: 0)")
    _add_epochs(parser)


def _add_epochs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--epochs", type=listed(at_least(0)), metavar="E,E,…", help="these snapshots (default: all, or ten of them)"
    )


# The training


def _training(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.pages.run_page import training_of
    from zfdesk.runs import read_run

    page = training_of(
        read_run(arguments.folder), arguments.epochs, parts=arguments.show, layer=arguments.layer or "",
        units=arguments.maps, filters=arguments.filters, size=arguments.size,
    )  # fmt: skip
    return page, 0


# Fig. 4


def _fig4(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.figures.fig4 import fig4_page
    from zfdesk.library import answers_over
    from zfdesk.pages.run_page import chosen_epochs, run_facts
    from zfdesk.runs import read_run
    from zfdesk.weights import load

    run = read_run(arguments.folder)
    epochs = chosen_epochs(run.snapshots, arguments.epochs)
    if not epochs:
        raise CommandError(f"{arguments.folder} has no snapshots yet.")
    last = load(run.snapshot_file(epochs[-1]))
    facts = run_facts(last)
    pictures = _Pictures(arguments.pictures or ())
    kept = () if arguments.pictures else run.strongest()
    if not kept and not arguments.pictures:
        raise CommandError(
            "The run kept no strongest activations of its own: name pictures to search with --pictures FOLDER."
        )
    if kept:
        units = _units_kept(kept, epochs, arguments)
        searched, how = "training pictures, as many as the run looked through at each snapshot", ""
    else:
        units, how = _units_random(last, arguments)
        searched = ""
    found: list[list[UnitAnswer]] = []
    for epoch in epochs:
        model = last if epoch == epochs[-1] else load(run.snapshot_file(epoch))
        if kept:
            found.append(_answers_kept(run, model, epoch, kept, units))
            continue
        found.append(answers_over(model, units, partial(pictures.walk, model)))
        searched = f"{len(pictures.files):,} pictures" if len(pictures.files) > 1 else "1 picture"
    page = fig4_page(
        [_unit_over_time(found, place) for place in range(len(units))], epochs, about=run.label, searched=searched,
        chosen=how, facts=facts, size=arguments.size,
    )  # fmt: skip
    return page, 1 if pictures.unreadable else 0


def _units_kept(
    kept: Sequence[StrongestEntry], epochs: Sequence[int], arguments: argparse.Namespace
) -> list[tuple[str, int]]:
    """Of what the run kept, the units asked for, or the first of each layer; in the order of the run."""
    there = list(dict.fromkeys((one.layer, one.unit) for one in kept if one.epoch in epochs))
    if arguments.unit:
        for layer, unit in arguments.unit:
            if (layer, unit) not in there:
                raise CommandError(f"The run kept nothing of {layer}:{unit}; search it with --pictures FOLDER.")
        return list(dict.fromkeys(arguments.unit))
    layers = list(dict.fromkeys(layer for layer, _ in there))
    for layer in arguments.layers or ():
        if layer not in layers:
            raise CommandError(f"The run kept nothing of {layer}, only of {', '.join(layers)}; search with --pictures.")
    wanted = arguments.layers or sorted(layers)
    return [(layer, unit) for name in wanted for layer, unit in [u for u in there if u[0] == name][: arguments.random]]


def _units_random(model: Model, arguments: argparse.Namespace) -> tuple[list[tuple[str, int]], str]:
    import numpy as np

    if arguments.unit:
        return list(dict.fromkeys(arguments.unit)), ""
    layers = arguments.layers or list(model.architecture.convolutions)
    rng = np.random.default_rng(arguments.seed)
    units = []
    for layer in layers:
        count = model.architecture.stage(layer).shape[0]
        chosen = rng.choice(count, min(arguments.random, count), replace=False)
        units += [(layer, int(unit)) for unit in sorted(chosen)]
    return units, f"{arguments.random} a layer at random (seed {arguments.seed})"


def _answers_kept(
    run: Run, model: Model, epoch: int, kept: Sequence[StrongestEntry], units: Sequence[tuple[str, int]]
) -> list[UnitAnswer]:
    from zfdesk.library import answer_of_crop
    from zfdesk.library.evolution import silent_answer
    from zfdesk.runs import read_crop

    by_unit = {(one.layer, one.unit): one for one in kept if one.epoch == epoch}
    answers = []
    for layer, unit in units:
        one = by_unit.get((layer, unit))
        if one is None or not one.crop:
            answers.append(silent_answer(model, layer, unit))
        else:
            answers.append(answer_of_crop(model, layer, unit, one.position, read_crop(run.folder, one), one.picture))
    return answers


class _Pictures:
    """The pictures that are searched at every snapshot; what cannot be read is told once, in the first walk."""

    def __init__(self, paths: Sequence[str]) -> None:
        from zfdesk.cli.pictures import picture_files

        self.unreadable: list[str] = []
        self.files = list(picture_files(paths, self.unreadable))
        self._walked = False

    def walk(self, model: Model) -> Iterator[tuple[str, np.ndarray]]:
        """Each with where it comes from, as the network sees it."""
        from zfdesk.cli.network import crop_called
        from zfdesk.cli.pictures import seen_pictures

        readable: list[str] = []
        lost: list[str] = []
        crop = crop_called("centre", model)
        for name, picture in seen_pictures(self.files, crop, model, lost if self._walked else self.unreadable):
            readable.append(name)
            yield name, picture
        if not self._walked:
            self.files, self._walked = readable, True


def _unit_over_time(found: Sequence[Sequence[UnitAnswer]], place: int) -> UnitOverTime:
    import numpy as np

    from zfdesk.figures.fig4 import UnitOverTime

    answers = [at[place] for at in found]
    return UnitOverTime(
        answers[0].layer, answers[0].unit, np.stack([one.patch for one in answers]),
        np.stack([one.down for one in answers]), np.array([one.alive for one in answers]),
    )  # fmt: skip


# Words into values


def _unit(text: str) -> tuple[str, int]:
    layer, colon, unit = text.rpartition(":")
    if not colon or not layer:
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit such as conv5:12")
    return layer, at_least(0)(unit)


__all__ = ["add_fig4", "add_training"]
