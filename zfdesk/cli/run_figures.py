"""``zfdesk figure training RUN`` and ``zfdesk figure fig4 RUN``: what a training run's folder holds, as arrays."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from zfdesk.cli.common import at_least
from zfdesk.cli.output import CommandError

if TYPE_CHECKING:
    import numpy as np

    from zfdesk.engine import Model
    from zfdesk.figures import Page
    from zfdesk.figures.fig4 import UnitOverTime
    from zfdesk.figures.training import FiltersOverTime, ProbeOverTime, Progress, SpreadOverTime
    from zfdesk.library import Answer
    from zfdesk.runs import Run, Strongest

PARTS = ("curves", "spread", "filters", "probe")
MOST_TIMES = 10
"""Snapshots on a page; of more, as many evenly chosen ones."""

Template = Callable[..., argparse.ArgumentParser]


def add_templates(templates: Any, template: Template) -> None:
    """Register both templates; ``template`` makes one with the options that all have."""
    words = "a training run: curves, spread of values, dead units, filters, a probe picture"
    parser = template(templates, "training", words, _training, weights=False)
    parser.set_defaults(fewer="Show fewer parts with --show, or fewer snapshots with --epochs.")
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run, also of one in progress")
    parser.add_argument(
        "--show", type=_parts, default=PARTS, metavar="PART,…", help=f"of {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("--layer", metavar="L", help="of the probe picture's maps (default: the middle convolution)")
    parser.add_argument("--units", type=at_least(1), default=4, metavar="N", help="how many maps (default: 4)")
    parser.add_argument("--filters", type=at_least(1), default=6, metavar="N", help="how many filters (default: 6)")
    _add_epochs(parser)

    words = "how units evolve while a network trains: strongest activation and patch at each snapshot"
    parser = template(templates, "fig4", words, _fig4, weights=False)
    parser.add_argument("folder", metavar="RUN", help="the folder of a training run, also of one in progress")
    parser.add_argument(
        "--pictures", action="append", metavar="PATH",
        help="search these pictures, or folders of them, rather than show what the run found; may be given again",
    )  # fmt: skip
    parser.add_argument("--layers", type=_names, metavar="L,L,…", help="default: all convolutions that are known")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--units", type=at_least(1), default=3, metavar="N", help="random units a layer (default: 3)")
    which.add_argument("--unit", action="append", type=_unit, metavar="L:N", help="this one; may be given again")
    parser.add_argument("--seed", type=at_least(0), default=0, metavar="S", help="of the random choice (default: 0)")
    _add_epochs(parser)


def _add_epochs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--epochs", type=_numbers, metavar="E,E,…", help=f"these snapshots (default: all, at most {MOST_TIMES})"
    )


def chosen_epochs(there: Sequence[int], wanted: Sequence[int] | None) -> tuple[int, ...]:
    """The snapshots to show: those asked for, or all, or as many as fit. CommandError for one that is not there."""
    import numpy as np

    if wanted is None:
        if len(there) <= MOST_TIMES:
            return tuple(there)
        return tuple(there[place] for place in np.linspace(0, len(there) - 1, MOST_TIMES).round().astype(int))
    for epoch in wanted:
        if epoch not in there:
            known = f"there are {', '.join(map(str, there))}" if there else "it has none yet"
            raise CommandError(f"The run has no snapshot of epoch {epoch}; {known}.")
    return tuple(sorted(wanted))


# The training


def _training(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.engine import ARCHITECTURES
    from zfdesk.figures.training import TrainingRecord, training_page
    from zfdesk.runs import read_run

    run = read_run(arguments.folder)
    if run.about.architecture not in ARCHITECTURES:
        raise CommandError(f"The run trains an architecture that is not known here, {run.about.architecture!r}.")
    architecture = ARCHITECTURES[run.about.architecture](max(len(run.about.classes), 1))
    epochs = chosen_epochs(run.snapshots, arguments.epochs)
    models: tuple[FiltersOverTime | None, ProbeOverTime | None, Any] = (None, None, _facts(None))
    if epochs and {"filters", "probe"} & set(arguments.show):
        models = _of_models(run, epochs, arguments)
    record = TrainingRecord(
        architecture, run.words, progress_of(run),
        spread_of_run(run, arguments.epochs) if "spread" in arguments.show else None, *models,
    )  # fmt: skip
    return training_page(record, parts=arguments.show, size=arguments.size), 0


def progress_of(run: Run) -> Progress:
    """The log as arrays."""
    import numpy as np

    from zfdesk.figures.training import Progress

    def column(name: str) -> np.ndarray:
        return np.array([getattr(step, name) for step in run.steps], np.float64)

    nothing = (np.nan,) * 3
    scores = [
        [(score.loss, score.top1, score.top5) if score else nothing for score in (epoch.training, epoch.validation)]
        for epoch in run.epochs
    ]
    both = np.array(scores, np.float64).reshape(-1, 2, 3)
    scored = np.array([epoch.epoch for epoch in run.epochs], np.float64)
    return Progress(column("epoch"), column("loss"), column("learning_rate"), scored, both[:, 0], both[:, 1])


def spread_of_run(run: Run, wanted: Sequence[int] | None) -> SpreadOverTime:
    """The histograms of the run; of an epoch that has none, none."""
    from zfdesk.figures.training import SpreadOverTime

    there = tuple(epoch for epoch in run.statistics_epochs if wanted is None or epoch in wanted)
    epochs = chosen_epochs(there, None)
    found = [run.statistics(epoch) for epoch in epochs]
    layers: dict[str, list[dict[str, Any]]] = {}
    for name in dict.fromkeys(name for one in found for name in one):
        for one in found:
            layer = one.get(name)
            told: dict[str, Any] = {}
            for kind in ("weight", "activation", "gradient"):
                if layer is not None and (spread := getattr(layer, kind)) is not None:
                    told[kind] = (spread.counts, spread.edges)
            if layer is not None and layer.dead is not None:
                told["dead"] = layer.dead
            layers.setdefault(name, []).append(told)
    return SpreadOverTime(epochs, layers)


def _facts(model: Model | None) -> Any:
    from zfdesk import __version__
    from zfdesk.figures import Facts

    return Facts(version=__version__) if model is None else Facts.of_model(model)


def _of_models(
    run: Run, epochs: tuple[int, ...], arguments: argparse.Namespace
) -> tuple[FiltersOverTime | None, ProbeOverTime | None, Any]:
    """What the snapshots hold and answer. The last one, which decides what is shown, is read first."""
    import numpy as np

    from zfdesk.engine import Conv, load
    from zfdesk.figures.fig6 import colour_filters, first_convolution
    from zfdesk.figures.training import FiltersOverTime, ProbeOverTime

    last = load(run.snapshot_file(epochs[-1]))
    first = first_convolution(last)
    rms = np.sqrt((colour_filters(last, first) ** 2).mean((1, 2, 3)))
    kept = np.sort(np.argsort(-rms, kind="stable")[: arguments.filters])
    picture = run.probe() if "probe" in arguments.show else None
    convolutions = [layer.name for layer in last.architecture.layers if isinstance(layer, Conv)]
    layer = arguments.layer or convolutions[len(convolutions) // 2]
    if last.architecture.stage(layer).layer is None:
        raise CommandError("The input has no units to look at: choose a layer above it.")
    units: tuple[int, ...] = ()
    filters, looks, answers = [], [], []
    for epoch in (epochs[-1], *epochs[:-1]):
        model = last if epoch == epochs[-1] else load(run.snapshot_file(epoch))
        filters.append(colour_filters(model, first)[kept])
        if picture is not None:
            units, look, answer = _look(model, picture, layer, units or None, arguments.units)
            looks.append(look)
            answers.append(answer)
    order = [*range(1, len(epochs)), 0]
    shown = FiltersOverTime(
        first.name, tuple(map(int, kept)), epochs, np.stack([filters[place] for place in order], 1),
        f"the {len(kept)} of {len(rms)} with the largest root mean square after epoch {epochs[-1]}",
    )  # fmt: skip
    if picture is None:
        return shown, None, _facts(last)
    maps, down = (np.stack([getattr(looks[place], name) for place in order], 1) for name in ("maps", "down"))
    seen = _seen(last, picture)
    probe = ProbeOverTime(seen, layer, units, epochs, maps, down, tuple(answers[place] for place in order))
    return shown, probe, _facts(last)


def _seen(model: Model, picture: np.ndarray) -> np.ndarray:
    from zfdesk.engine import centre_crop

    return centre_crop(picture, model.architecture.size, model.input.resize)


def _look(
    model: Model, picture: np.ndarray, layer: str, units: tuple[int, ...] | None, count: int
) -> tuple[tuple[int, ...], Any, str]:
    from zfdesk.library import look_at, strongest_units

    passed = model.forward(_seen(model, picture))
    units = strongest_units(passed, layer, count) if units is None else units
    likely = int(passed.probabilities[0].argmax())
    answer = f"{model.classes[likely]} {float(passed.probabilities[0, likely]) * 100:.0f} %"
    return units, look_at(passed, layer, units), answer


# Fig. 4


def _fig4(arguments: argparse.Namespace) -> tuple[Page, int]:
    from zfdesk.engine import load
    from zfdesk.figures.fig4 import fig4_page
    from zfdesk.library import answers_over
    from zfdesk.runs import read_run

    run = read_run(arguments.folder)
    epochs = chosen_epochs(run.snapshots, arguments.epochs)
    if not epochs:
        raise CommandError(f"{arguments.folder} has no snapshots yet.")
    last = load(run.snapshot_file(epochs[-1]))
    facts = _facts(last)
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
    found: list[list[Answer]] = []
    for epoch in epochs:
        model = last if epoch == epochs[-1] else load(run.snapshot_file(epoch))
        if kept:
            found.append(_answers_kept(run, model, epoch, kept, units))
            continue
        found.append(answers_over(model, units, partial(pictures.walk, model)))
        searched = f"{len(pictures.files):,} pictures" if len(pictures.files) > 1 else "1 picture"
    page = fig4_page(
        [_unit_over_time(found, place) for place in range(len(units))], epochs, about=run.words, searched=searched,
        chosen=how, facts=facts, size=arguments.size,
    )  # fmt: skip
    return page, 1 if pictures.unreadable else 0


def _units_kept(
    kept: Sequence[Strongest], epochs: Sequence[int], arguments: argparse.Namespace
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
    return [(layer, unit) for name in wanted for layer, unit in [u for u in there if u[0] == name][: arguments.units]]


def _units_random(model: Model, arguments: argparse.Namespace) -> tuple[list[tuple[str, int]], str]:
    import numpy as np

    from zfdesk.engine import Conv

    if arguments.unit:
        return list(dict.fromkeys(arguments.unit)), ""
    layers = arguments.layers or [layer.name for layer in model.architecture.layers if isinstance(layer, Conv)]
    chance = np.random.default_rng(arguments.seed)
    units = []
    for layer in layers:
        count = model.architecture.stage(layer).shape[0]
        chosen = chance.choice(count, min(arguments.units, count), replace=False)
        units += [(layer, int(unit)) for unit in sorted(chosen)]
    return units, f"{arguments.units} a layer at random (seed {arguments.seed})"


def _answers_kept(
    run: Run, model: Model, epoch: int, kept: Sequence[Strongest], units: Sequence[tuple[str, int]]
) -> list[Answer]:
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


def _unit_over_time(found: Sequence[Sequence[Answer]], place: int) -> UnitOverTime:
    import numpy as np

    from zfdesk.figures.fig4 import UnitOverTime

    answers = [at[place] for at in found]
    return UnitOverTime(
        answers[0].layer, answers[0].unit, np.stack([one.patch for one in answers]),
        np.stack([one.down for one in answers]), np.array([one.alive for one in answers]),
    )  # fmt: skip


# Words into values


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(dict.fromkeys(part.strip() for part in text.split(",")))
    for part in parts:
        if part not in PARTS:
            raise argparse.ArgumentTypeError(f"{part!r} is none of {', '.join(PARTS)}")
    return parts


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in text.split(",")))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(at_least(0)(part.strip()) for part in text.split(",")))


def _unit(text: str) -> tuple[str, int]:
    layer, colon, unit = text.rpartition(":")
    if not colon or not layer:
        raise argparse.ArgumentTypeError(f"{text!r} is not a unit such as conv5:12")
    return layer, at_least(0)(unit)


__all__ = ["add_templates"]
