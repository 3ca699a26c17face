"""An hour of random hands on the whole window, with its memory minute by minute.

    python tests/desk/restless_hour.py            # an hour, without a display
    python tests/desk/restless_hour.py --minutes 5 --seed 3

Ends with 1 when an error was raised, a pane showed another frame's result, or the memory held after the first ten
minutes is not flat. Memory is read every second, with whether a task was under way: the lab takes 0.1 GB or more for as
long as it makes a picture, and chance says when. So all readings are judged, and those without a task alone: the median
of every ten minutes is within 5 % of the median of them all. Every five minutes the lab is told to end: a sheet of a
thousand classes would go on for the hour, and nothing be read without it.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from itertools import chain, pairwise
from pathlib import Path
from statistics import median
from types import TracebackType

import torch
from desk_tools import wait_until
from desk_window import Window
from PySide6.QtCore import QSettings
from restless import Eye, User, answer_no_file

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.desk.app import make_application, tune_interpreter
from zfdesk.desk.freed_memory import FreedMemory
from zfdesk.desk.lab.controller import Lab
from zfdesk.desk.session.autosave import Autosave
from zfdesk.desk.state import AppState
from zfdesk.desk.tasks import TaskRunner
from zfdesk.heap import few_arenas, resident_bytes
from zfdesk.live import View
from zfdesk.sources import SourceReference

SETTLED_MINUTES = 10  # until every pane was open once and all caches are full
FLAT = 0.05
RATE = 10.0  # things a second: as fast as a hand that does not rest, and the same on a fast machine


@dataclass(frozen=True)
class Reading:
    """What the process holds, in MB, and whether a task was under way."""

    held: float
    busy: bool


def read_memory(readings: list[Reading], tasks: TaskRunner) -> None:
    """Add a reading every second."""
    while True:
        readings.append(Reading(resident_bytes() / 1e6, tasks.busy))
        time.sleep(1)


def unevenness(name: str, tens: list[list[float]]) -> float:
    """Tell the median of every ten minutes; how far one is off the median of all, as a share. Infinite where ten
    minutes have no reading."""
    if not all(tens):
        print(f"{name}: ten minutes without a reading")
        return float("inf")
    medians, whole = [median(ten) for ten in tens], median(chain.from_iterable(tens))
    off = max(abs(one / whole - 1) for one in medians)
    print(f"{name}: medians of ten minutes", *(f"{one:.0f}" for one in medians), f"MB, at most {off:.1%} off", end=" ")
    print(f"({sum(map(len, tens)):,} readings)")
    return off


def main() -> int:
    """Be restless for so long; 0 when nothing went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rate", type=float, default=RATE, help="things a second")
    given = parser.parse_args()
    os.environ["HOME"] = os.environ["ZFDESK_HOME"] = home = tempfile.mkdtemp(prefix="restless")
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    raised: list[str] = []

    def keep_error(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        raised.append("".join(traceback.format_exception(kind, error, trace)))
        print(raised[-1], user.done[-10:], sep="\n", flush=True)

    answer_no_file(setattr)
    few_arenas()
    application = make_application()
    models = [zfdesk.weights.load(), zf.random_model(zf.ARCHITECTURES["alexnet"](), 1)]
    for model in models:
        model.batch_kernels(torch.float32)  # made at the first sweep, and kept as long as the network
    state = AppState(models[0], View(source=SourceReference("demo")))
    window = Window(state, QSettings(home + "/settings.ini", QSettings.Format.IniFormat))
    window.show()
    window.activateWindow()
    state.start()
    tune_interpreter()
    Autosave(window.context).start()
    FreedMemory(state).start()
    wait_until(lambda: state.result is not None, 60)
    eye, user = Eye(window), User(window, models, Path(home), given.seed)
    sys.excepthook = keep_error
    readings: list[Reading] = []
    threading.Thread(target=read_memory, args=(readings, state.tasks), daemon=True).start()
    starts: list[int] = []  # of each minute, among the readings
    began = time.monotonic()
    for minute in range(1, given.minutes + 1):
        starts.append(len(readings))
        if minute % 5 == 1:
            window.context.get(Lab).cancel()
        user.go_on(began + 60 * minute - time.monotonic(), given.rate)
        latest = readings[starts[-1] :]
        held, busy = [one.held for one in latest], sum(one.busy for one in latest)
        print(f"minute {minute:2}  {min(held):5.0f} {median(held):5.0f} {max(held):5.0f} MB", end="  ")
        print(f"a task in {busy:2} of {len(latest)} s", end="  ")
        print(f"{sys.getallocatedblocks():,} Python blocks  {len(application.allWidgets())} widgets", end="  ")
        print(f"{len(user.done):,} actions  {eye.looked:,} results  {len(raised)} errors", flush=True)
    start = time.monotonic()
    window.close()
    print(f"closed in {time.monotonic() - start:.2f} s")
    faults = [*raised, *eye.wrong, *sorted(set(user.troubles()))]
    edges = [*starts, len(readings)][SETTLED_MINUTES::10]
    tens = [readings[start:end] for start, end in pairwise(edges)]
    if tens:
        off = unevenness("all readings", [[one.held for one in ten] for ten in tens])
        alone = unevenness("without a task", [[one.held for one in ten if not one.busy] for ten in tens])
        if max(off, alone) > FLAT:
            faults.append("the memory is not flat")
    print(*faults[:20], sep="\n")
    sys.stdout.flush()
    os._exit(bool(faults))  # as the program itself ends: without waiting for its threads


if __name__ == "__main__":
    main()
