"""The whole live loop measured: a real 30 fps stream through a real window with every pane shown.

``python -m zfdesk.desk.benchmark [--seconds S] [--occluder] [--sweep | --live-sweep | --lab | --heat METHOD]`` prints
one JSON object;
`zfdesk bench` runs it in a process of its own, so that the start-up is a start-up and the memory is the program's.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import psutil

from zfdesk.attribution import METHODS

if TYPE_CHECKING:
    from zfdesk.desk.context import AppContext

STREAM = "lavfi:testsrc2=size=640x480:rate=30"
WARM_UP_SECONDS = 2.0
HEARTBEAT_MS = 5
TURN_SECONDS = 2.0


@dataclass
class _Record:
    """What is noted while the loop runs; times by time.perf_counter."""

    shown: list[float] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    times: list[dict[str, float]] = field(default_factory=list)
    longest_block: float = 0.0
    gui_seconds: float = 0.0  # processor time of the window's thread when the record began
    last_beat: float = 0.0
    rate: float = 0.0
    rounds: int = 0
    steps_a_second: float = 0.0
    turns: list[tuple[float, bool]] = field(default_factory=list)  # when a heat was laid over the picture, or taken off
    maps: int = 0
    made_since: float = 0.0
    shown_without: list[float] = field(default_factory=list)  # when, before the lab began


def measure(seconds: float, occluder: bool, sweep: str = "") -> dict[str, float]:
    """Run the window on the stream and return the figures (milliseconds, MB, frames a second).

    ``sweep``: "sweep": an occlusion sweep of one frame after another runs all the time; "live": the live one does;
    "lab": for so many seconds nothing does, and then, for as many again, pictures that units of conv5 would like to see
    are made all the time; ``shown_fps`` is of the second half. A method of attribution: its heat
    lies over the picture in every other `TURN_SECONDS`.
    """
    import torch  # noqa: F401  before Qt
    from PySide6.QtCore import QSettings, QTimer

    from zfdesk.desk.app import make_application, tune_interpreter
    from zfdesk.desk.lab.controller import Lab
    from zfdesk.desk.state import AppState
    from zfdesk.desk.window.main_window import FIRST_SIZE, Window, make_context
    from zfdesk.engine import Occluder
    from zfdesk.live import UnitReference, View
    from zfdesk.sources import SourceReference
    from zfdesk.weights import load

    application = make_application()
    view = View(source=SourceReference("camera", STREAM), unit=33)
    if occluder:
        pins = (UnitReference("conv3", 5), UnitReference("conv4", 17))
        view = view.change(occluders=(Occluder(80, 80),), chosen_occluder=0, pins=pins)
    with tempfile.TemporaryDirectory() as folder:
        settings = QSettings(str(Path(folder) / "settings.ini"), QSettings.Format.IniFormat)
        desk = AppState(load(), view)
        window = Window(make_context(desk, settings))
        window.resize(*FIRST_SIZE)  # whatever the screen is
        window.layout_.show_all()
        record = _Record()
        startup: list[float] = []

        def result() -> None:
            now, shown = time.perf_counter(), desk.result
            if shown is None or not shown.complete:
                return
            if not startup:
                startup.append(time.time() - psutil.Process().create_time())
                if sweep in METHODS:
                    QTimer.singleShot(0, lambda: _heat(window.context, sweep, record))
                elif sweep and sweep != "lab":
                    QTimer.singleShot(0, lambda: _sweep(window.context, sweep, record))
            if record.last_beat and shown.request.frame.number not in record.numbers:
                record.numbers.add(shown.request.frame.number)
                QTimer.singleShot(0, lambda: _note(record, shown, now))  # after the panes have painted

        def beat() -> None:
            now = time.perf_counter()
            if record.last_beat:
                record.longest_block = max(record.longest_block, now - record.last_beat - HEARTBEAT_MS / 1e3)
            else:
                record.gui_seconds = time.thread_time()
            record.last_beat = now

        desk.result_ready.connect(result)
        heart = QTimer(interval=HEARTBEAT_MS)
        heart.timeout.connect(beat)
        desk.start()
        window.show()
        tune_interpreter()
        QTimer.singleShot(int(WARM_UP_SECONDS * 1e3), heart.start)
        if sweep == "lab":  # the same window without and with it, one after the other
            QTimer.singleShot(int((WARM_UP_SECONDS + seconds) * 1e3), lambda: _make(window.context, record))
            seconds = 2 * seconds + WARM_UP_SECONDS
        QTimer.singleShot(int((WARM_UP_SECONDS + seconds) * 1e3), window.close)
        application.exec()
        if sweep == "lab":
            window.context.get(Lab).close(30.0)  # a thread that still computes would break the interpreter's end
        return _figures(record, startup, desk.worker.dropped)


def _sweep(context: AppContext, sweep: str, record: _Record) -> None:
    """Begin to sweep, and again whenever it is done; note how fast."""
    from zfdesk.desk.actions import ActionTable
    from zfdesk.desk.occlusion.controller import Sweeps
    from zfdesk.live import SweepState

    sweeps = context.get(Sweeps)

    def again() -> None:
        swept = sweeps.swept
        if swept is None or swept.state is not SweepState.RUNNING:
            record.rounds += 1
        if swept is not None:
            record.rate = swept.rate
            if swept.state is SweepState.DONE and not swept.live:
                sweeps.start()

    sweeps.changed.connect(again)
    context.get(ActionTable).run("sweep-live" if sweep == "live" else "sweep")


def _make(context: AppContext, record: _Record) -> None:
    """Make what one unit after another would like to see; note how fast."""
    from PySide6.QtCore import QTimer

    from zfdesk.desk.lab.commands import lab_pane
    from zfdesk.desk.lab.controller import Lab
    from zfdesk.synthesis import MaximiseRecipe, of_unit
    from zfdesk.synthesis.orders import units_order

    lab, begun = context.get(Lab), time.perf_counter()

    def again() -> None:
        steps = record.rounds * MaximiseRecipe().steps + (lab.progress.done if lab.progress is not None else 0)
        record.steps_a_second = steps / (time.perf_counter() - begun)
        if not lab.running and not context.state.closing:
            record.rounds += 1
            QTimer.singleShot(0, begin)

    record.shown_without, record.made_since = list(record.shown), begun

    def begin() -> None:
        if not context.state.closing:
            lab.start(units_order(context.state.model, [of_unit("conv5", record.rounds)], MaximiseRecipe()))

    lab_pane(context)
    lab.changed.connect(again)
    begin()


def _heat(context: AppContext, method: str, record: _Record) -> None:
    """Lay a method's heat over the picture, and take it off, in turns."""
    from PySide6.QtCore import QTimer

    from zfdesk.desk.heat_maps import OVERLAY, HeatMaps

    state, stream = context.state, context.get(HeatMaps).streams[OVERLAY]

    def found() -> None:
        record.maps += bool(record.last_beat)

    def turn() -> None:
        if not state.closing:
            on = not state.view.heat.shown
            state.change(state.view.change_heat(shown=on, method=method))
            record.turns.append((time.perf_counter(), on))

    stream.changed.connect(found)
    clock = QTimer(context, interval=int(TURN_SECONDS * 1e3))
    clock.timeout.connect(turn)
    clock.start()
    turn()


def _in_turns(record: _Record) -> dict[str, float]:
    """Frames a second with the heat over the picture and without; maps a second while it is."""
    counts, spans = {True: 0, False: 0}, {True: 1e-9, False: 1e-9}
    first, last = record.shown[0], record.shown[-1]
    ends = [at for at, _ in record.turns[1:]] + [last]
    for (begun, on), end in zip(record.turns, ends, strict=True):
        begun, end = max(begun, first), min(end, last)
        if end > begun:
            counts[on] += sum(begun < at <= end for at in record.shown)
            spans[on] += end - begun
    return {
        "fps_with_heat": counts[True] / spans[True], "fps_without_heat": counts[False] / spans[False],
        "heats_per_second": record.maps / spans[True],
    }  # fmt: skip


def _note(record: _Record, shown: object, at: float) -> None:
    record.shown.append(at)
    record.ages.append(time.perf_counter() - shown.request.frame.time)  # type: ignore[attr-defined]
    record.times.append(dict(shown.times))  # type: ignore[attr-defined]


def _figures(record: _Record, startup: list[float], dropped: int) -> dict[str, float]:
    shown = [at for at in record.shown if not record.made_since or at > record.made_since + WARM_UP_SECONDS]
    ages = np.array(record.ages or [float("nan")]) * 1e3
    figures = {
        "shown_fps": _rate(shown),
        "age_median_ms": float(np.median(ages)),
        "age_p95_ms": float(np.percentile(ages, 95)),
        "longest_gui_block_ms": record.longest_block * 1e3,
        "gui_cpu_ms_per_frame": (time.thread_time() - record.gui_seconds) * 1e3 / max(len(record.shown), 1),
        "memory_mb": psutil.Process().memory_info().rss / 1e6,
        "startup_s": startup[0] if startup else float("nan"),
        "dropped": dropped,
    }
    if record.rate:
        figures |= {"sweep_positions_per_second": record.rate, "sweeps_or_rounds_done": record.rounds}
    if record.made_since:
        without = _rate(record.shown_without)
        figures |= {"shown_fps_without": without, "share_of_fps_without": figures["shown_fps"] / without}
        figures |= {"lab_steps_per_second": record.steps_a_second, "lab_pictures_done": record.rounds}
    if record.turns and record.shown:
        figures |= _in_turns(record)
    for step in ("forward", "maps", "unit", "total"):
        figures[f"{step}_ms"] = float(np.median([times.get(step, 0.0) for times in record.times] or [0.0]))
    return {name: round(value, 3) for name, value in figures.items()}


def _rate(times: list[float]) -> float:
    """Return how many came a second."""
    return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 else float("nan")


def main() -> int:
    """Entry of ``python -m zfdesk.desk.benchmark``."""
    parser = argparse.ArgumentParser(description="Measure the live loop.")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--occluder", action="store_true", help="with an occluder on the picture and two pins")
    way = parser.add_mutually_exclusive_group()
    way.add_argument(
        "--sweep", action="store_const", const="sweep", default="", help="while one frame after another is swept"
    )
    way.add_argument("--live-sweep", dest="sweep", action="store_const", const="live", help="while the live sweep runs")
    way.add_argument("--lab", dest="sweep", action="store_const", const="lab", help="without and with pictures made")
    way.add_argument("--heat", dest="sweep", choices=tuple(METHODS), help="a heat over the picture, in turns")
    arguments = parser.parse_args()
    json.dump(measure(arguments.seconds, arguments.occluder, arguments.sweep), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
