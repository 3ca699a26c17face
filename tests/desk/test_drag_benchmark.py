"""The measurement of a drag: a real window in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys

from zfdesk.desk.drag_benchmark import MOVES_PER_SECOND, path


def test_the_square_is_hardly_ever_where_it_was_and_stays_on_the_picture() -> None:
    places = [path(number) for number in range(16 * MOVES_PER_SECOND)]
    assert len(set(places)) > 0.95 * len(places)
    assert all(0 <= side <= 224 - 50 for place in places for side in place)


def test_a_dragged_square_reaches_the_bars() -> None:
    words = [sys.executable, "-m", "zfdesk.desk.drag_benchmark", "--seconds", "2"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)
    assert figures.keys() == {"median_ms", "p95_ms", "shown_per_s"}
    assert 0 < figures["median_ms"] <= figures["p95_ms"]
    assert 0 < figures["shown_per_s"] <= MOVES_PER_SECOND
