"""``zfdesk record``: a film of a figure, drawn anew for every frame of a clip, a folder or an occluder's path."""

from __future__ import annotations

import argparse
import os
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zfdesk.cancellation import stop_on_signal
from zfdesk.cli.common import (
    CROPS,
    METHODS,
    UNIT_HELP,
    UNIT_METAVAR,
    add_json_option,
    add_weights_option,
    at_least,
    listed,
    number_where,
    one_of,
    unit_choice,
)
from zfdesk.cli.output import CommandError, message_printer, print_message
from zfdesk.cli.report import report
from zfdesk.progress import ProgressLine, noun

if TYPE_CHECKING:
    from zfdesk.engine import Model
    from zfdesk.film import FilmFrame, FilmWriter
    from zfdesk.live import Result, View
    from zfdesk.live.replay import Replay
    from zfdesk.live.stepping import FilmStep, Span, Stepper
    from zfdesk.pages.film_page import FilmedFigure
    from zfdesk.sources.stepped import Stepped

PARTS = ("picture", "maps", "map", "reconstruction", "bars")
QUALITIES = ("small", "good", "best")

_EPILOG = """\
Every frame is computed and drawn, however long that takes; nothing is dropped.
Without --fps a clip keeps its own times, a folder's pictures are 25 a second,
and a path over a still picture gives one frame for each of its positions, at
the path's own times.

Beside FILM lie FILM.json, the facts of every frame, and with --path
FILM.path.json. Ctrl-C ends the film; what was drawn by then is kept.
"""


def add_parser(verbs: Any) -> None:
    """Register the verb."""
    parser = verbs.add_parser(
        "record",
        help="a film of what a layer and a unit answer, frame by frame",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "source", metavar="SOURCE", help="a clip, a folder of pictures, a picture, demo, pattern, or a saved session"
    )
    parser.add_argument(
        "-o", "--output", required=True, type=_film_name, metavar="OUT.(mp4|webp|gif)|FOLDER",
        help="the film to write; a name without an ending becomes a folder of numbered PNGs",
    )  # fmt: skip
    parser.add_argument(
        "--what", type=listed(one_of(PARTS)), default=("picture", "map", "reconstruction", "bars"), metavar="PART,…",
        help=f"what is drawn, of {', '.join(PARTS)} (default: picture,map,reconstruction,bars)",
    )  # fmt: skip
    parser.add_argument("--layer", metavar="L", help="the layer (default: conv5, or the session's)")
    parser.add_argument(
        "--unit",
        type=unit_choice,
        metavar=UNIT_METAVAR,
        help=f"its unit; {UNIT_HELP}, in the first frame (default: max)",
    )
    parser.add_argument("--method", choices=METHODS, help="of the reconstruction (default: deconvnet)")
    parser.add_argument("--bars", choices=("classes", "kinds"), help="of classes, or sums by kind (default: classes)")
    parser.add_argument("--crop", choices=tuple(CROPS), help="how a frame is made square (default: centre)")
    parser.add_argument("--path", metavar="PATH.json", help="lead the occluders along a recorded drag path")
    parser.add_argument(
        "--frames", type=_frames, default=(0, None), metavar="A:B", help="only the frames from A to before B"
    )
    seconds = number_where(lambda value: 0 < value < 1e6, "a number of seconds")
    rate = number_where(lambda value: 0.1 <= value <= 120, "a number of frames a second from 0.1 to 120")
    parser.add_argument("--seconds", type=seconds, metavar="S", help="at most so long a film")
    parser.add_argument("--fps", type=rate, metavar="N", help="frames a second at most (default: see below)")
    parser.add_argument(
        "--size", type=at_least(160, 3840), default=960, metavar="N", help="width in pixels (default: 960)"
    )
    parser.add_argument("--quality", choices=QUALITIES, default="good", help="of MP4 and WebP (default: good)")
    add_weights_option(parser)
    add_json_option(parser)
    parser.set_defaults(run=lambda arguments: record_command(parser, arguments), written_beside=_beside)


def record_command(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> int:
    """Compute, draw and write; 130 when interrupted, 1 when something could not be read or the film is not whole.

    JSON: {"film", "facts", "path", "frames", "seconds", "bytes", "interrupted"}.
    """
    import torch

    from zfdesk.film import FilmWriter, Quality, Titles, form_of
    from zfdesk.live.replay import load_path
    from zfdesk.live.stepping import Span
    from zfdesk.pages.film_page import FilmedFigure, film_facts, film_texts

    if form_of(arguments.output) == "gif" and arguments.fps and arguments.fps > 50:
        parser.error("a GIF has at most 50 frames a second")
    replay = load_path(Path(arguments.path)) if arguments.path else None
    source, stepper, reference = _look_at(arguments, replay)
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))  # one core draws meanwhile
    first_number, last_number = arguments.frames
    span = Span(first_number, last_number, arguments.seconds, arguments.fps)
    with stop_on_signal() as stop, ProgressLine() as progress:
        run = _Run(source, stepper, span, FilmedFigure(arguments.what, arguments.size), stop, progress)
        frames = run.frames(arguments.unit or "max")
        try:
            first = next(frames, None)
        except ValueError as error:
            raise CommandError(str(error)) from error
        if first is None:
            if stop.is_set():
                print_message("Interrupted before the first frame; nothing is written.")
                return 130
            raise CommandError(f"{arguments.source} has no such frames.")
        result, frame = first
        facts = {**film_facts(result), "source": reference, "parts": list(arguments.what)}
        film = FilmWriter(
            Path(arguments.output),
            Titles(*film_texts(result), facts),
            arguments.fps or 25.0,
            Quality(arguments.quality),
        )
        times = [frame.time]
        try:
            film.put(frame)
            for _, frame in frames:
                if not film.put(frame):
                    break
                times.append(frame.time)
        finally:
            film.drag_path = run.path_json()
            film.finish(_end(times, arguments.seconds))
            status = film.wait()
    if not status.kept:
        raise CommandError(status.sentence)
    report(arguments, _facts(arguments, film, stop.is_set()), status.sentence)
    if stop.is_set():
        print_message(f"Interrupted: the film ends after {status.frames} {noun(status.frames, 'frame')}.")
        return 130
    if status.error and arguments.json:
        print_message(status.sentence)
    return 1 if run.unreadable or status.error else 0


def _end(times: list[float], seconds: float | None) -> float | None:
    """When the film ends that is to last so many seconds, where its last frame, shown as long as the one before it,
    would go beyond that."""
    if seconds is None or len(times) < 2 or not times[-1] < seconds < 2 * times[-1] - times[-2]:
        return None
    return seconds


def _facts(arguments: argparse.Namespace, film: FilmWriter, interrupted: bool) -> dict[str, Any]:
    status = film.status
    return {
        "film": arguments.output, "facts": str(film.facts_file),
        "path": str(film.drag_path_file) if film.drag_path else None, "frames": status.frames,
        "seconds": round(status.seconds, 6), "bytes": status.bytes, "interrupted": interrupted,
    }  # fmt: skip


class _Run:
    """The frames of one film, computed; they are drawn in the film's own thread, while the next is computed."""

    def __init__(
        self, source: Stepped, stepper: Stepper, span: Span, figure: FilmedFigure, stop: threading.Event,
        progress: ProgressLine,
    ) -> None:  # fmt: skip
        self.source, self.stepper, self.span, self.figure = source, stepper, span, figure
        self.stop, self.progress = stop, progress
        self.unreadable: list[str] = []
        self._moments: list[Any] = []

    def frames(self, unit: int | str) -> Iterator[tuple[Result, FilmFrame]]:
        """Results, each with its frame of the film; ends early when it is asked to stop.

        ``unit``: which one to choose in the first frame, where the stepper's view has none; it is kept for all.
        """
        from zfdesk.film import FilmFrame
        from zfdesk.live.replay import TimedView
        from zfdesk.live.stepping import steps
        from zfdesk.pages.film_page import frame_facts

        of = "" if (total := self._total()) is None else f" of {total}"
        for number, step in enumerate(steps(self.source, self.span, self.stepper.replay, self._on_error)):
            if self.stop.is_set():
                return
            if number == 0 and self.stepper.view.unit < 0:
                self._choose_unit(step, unit)
            result = self.stepper.compute(step)
            self._moments.append(TimedView(round(step.time, 6), result.request.view))
            yield result, FilmFrame(partial(self.figure.draw, result, step.time), step.time, frame_facts(result))
            self.progress.show(f"{number + 1}{of} frames")

    def _choose_unit(self, step: FilmStep, unit: int | str) -> None:
        from zfdesk.cli.network import unit_called
        from zfdesk.live.compute import ForwardStep

        view = self.stepper.view
        seen = ForwardStep().forward(self.stepper.request(step)).occluded
        self.stepper.view = view.change(unit=unit_called(seen, view.layer, unit))

    def _total(self) -> int | None:
        count, first = self.source.count, self.span.first
        if self.source.still or self.span.seconds is not None or self.span.rate is not None:
            return None
        ends = [end for end in (count, self.span.last) if end is not None]
        return max(min(ends) - first, 0) if ends else None

    def _on_error(self, sentence: str) -> None:
        self.unreadable.append(sentence)
        message_printer(self.progress)(sentence)

    def path_json(self) -> bytes:
        """The way of the occluders as a path of its own, where they moved."""
        from zfdesk.live.replay import Replay, to_json

        path = Replay(tuple(self._moments), size=self.stepper.model.architecture.size)
        return to_json(path) if path.changes else b""


def _look_at(arguments: argparse.Namespace, replay: Replay | None) -> tuple[Stepped, Stepper, dict[str, str]]:
    """The source, and how it is looked at. Raises what `zfdesk.cli` tells in a line."""
    from zfdesk.cli.network import chosen_model, model_of
    from zfdesk.live import Crop, Demand, View
    from zfdesk.live.fitting import fitting_view
    from zfdesk.live.stepping import Stepper
    from zfdesk.session import is_session, load_session
    from zfdesk.sources import parse_source
    from zfdesk.sources.stepped import one_picture, step_through

    if os.path.isfile(arguments.source) and is_session(arguments.source):
        session = load_session(Path(arguments.source))
        model = model_of(session, arguments.weights)
        view, notes = fitting_view(session.moment.view, model)
        for note in notes:
            print_message(note)
        frame = session.moment.frame
        source = one_picture(frame.origin, frame.pixels, frame.number)
        named = {"kind": "session", "name": frame.origin}
    else:
        reference = parse_source(arguments.source)
        source = step_through(reference)
        model = chosen_model(arguments.weights)
        view = View(source=reference, unit=-1, crop=Crop.centre_of(model))
        named = {"kind": reference.kind, "name": source.name}
        if arguments.layer is None and all(stage.name != view.layer for stage in model.architecture.stages):
            arguments.layer = model.architecture.last_convolution
    view = _view(arguments, view, model)
    if replay is not None and replay.size != model.architecture.size:
        path, size = replay.size, model.architecture.size
        print_message(
            f"The path is of {path} × {path} pixels, the input of {size} × {size}: its positions are taken as they are."
        )
    demand = Demand(layers=False, maps="maps" in arguments.what, unit=True)
    return source, Stepper(model, view, demand, source.name, replay), named


def _view(arguments: argparse.Namespace, view: View, model: Model) -> View:
    """The view with what the options change. unit −1: to be chosen in the first frame."""
    from zfdesk.cli.network import crop_called
    from zfdesk.engine import Rule
    from zfdesk.live import ClassBars

    if arguments.layer is not None:
        model.architecture.stage(arguments.layer)
        view = view.change(layer=arguments.layer, unit=-1, position=None, origin=None)
    if arguments.unit is not None:
        named = isinstance(arguments.unit, int)
        if named:
            model.architecture.stage(view.layer).check_unit(arguments.unit)
        unit = arguments.unit if named else -1
        view = view.change(unit=unit, position=None, origin=None)
    if arguments.method is not None:
        view = view.change(method=Rule(arguments.method))
    if arguments.bars is not None:
        view = view.change(bars=ClassBars(arguments.bars))
    if arguments.crop is not None:
        view = view.change(crop=crop_called(arguments.crop, model))
    return view


# Words into values


def _beside(film: str) -> tuple[str, str]:
    """The facts of every frame, and the way of the occluders, which may be written too."""
    if os.path.splitext(film)[1]:
        return f"{film}.json", f"{film}.path.json"
    return os.path.join(film, "film.json"), os.path.join(film, "path.json")


def _film_name(text: str) -> str:
    suffix = os.path.splitext(text)[1].lower()
    if suffix not in ("", ".mp4", ".webp", ".gif"):
        raise argparse.ArgumentTypeError(f"{text!r}: a film's name ends in .mp4, .webp or .gif; a folder has no ending")
    return text


def _frames(text: str) -> tuple[int, int | None]:
    first, colon, last = text.partition(":")
    begin = at_least(0)(first) if first else 0
    end = at_least(0)(last) if last else None
    if not colon or (end is not None and end <= begin):
        raise argparse.ArgumentTypeError(f"{text!r} is not a range of frames such as 0:100 or 50:")
    return begin, end
