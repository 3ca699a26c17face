"""An hour of random hands on the whole window, with its memory minute by minute.

    python tests/desk/restless_hour.py            # an hour, without a display
    python tests/desk/restless_hour.py --minutes 5 --seed 3

Ends with 1 when an error was raised, a pane showed another frame's result, or the memory held after the first ten
minutes is not flat: the median of every ten minutes within 5 % of the median of them all.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import traceback
from pathlib import Path
from statistics import median
from types import TracebackType

from desk_tools import wait_until
from desk_window import Window
from PySide6.QtCore import QSettings
from restless import Eye, User, answer_no_file

import zfdesk.engine as zf
import zfdesk.weights
from zfdesk.desk.app import make_application, tune_interpreter
from zfdesk.desk.freed_memory import FreedMemory
from zfdesk.desk.session.autosave import Autosave
from zfdesk.desk.state import AppState
from zfdesk.heap import few_arenas, resident_bytes
from zfdesk.live import View
from zfdesk.sources import SourceReference

SETTLED_MINUTES = 10  # until every pane was open once and all caches are full
FLAT = 0.05


def main() -> int:
    """Be restless for so long; 0 when nothing went wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60)
    parser.add_argument("--seed", type=int, default=7)
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
    held: list[float] = []
    began = time.monotonic()
    for minute in range(1, given.minutes + 1):
        user.go_on(began + 60 * minute - time.monotonic())
        held.append(resident_bytes() / 1e6)
        blocks, widgets = sys.getallocatedblocks(), len(application.allWidgets())
        print(f"minute {minute:2}  {held[-1]:5.0f} MB  {blocks:,} Python blocks  {widgets} widgets", end="  ")
        print(f"{len(user.done):,} actions  {eye.looked:,} results  {len(raised)} errors", flush=True)
    start = time.monotonic()
    window.close()
    print(f"closed in {time.monotonic() - start:.2f} s")
    faults = [*raised, *eye.wrong, *sorted(set(user.troubles()))]
    settled = held[SETTLED_MINUTES:]
    tens = [median(settled[at : at + 10]) for at in range(0, len(settled) - 9, 10)]
    if tens:
        off = max(abs(one / median(settled) - 1) for one in tens)
        print("medians of ten minutes:", *(f"{one:.0f}" for one in tens), f"MB, at most {off:.1%} off the median")
        if off > FLAT:
            faults.append("the memory is not flat")
    print(*faults[:20], sep="\n")
    sys.stdout.flush()
    os._exit(bool(faults))  # as the program itself ends: without waiting for its threads


if __name__ == "__main__":
    main()
