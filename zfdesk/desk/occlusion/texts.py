"""What is said of a sweep: how far it is, what the network answers at a position, and all of it as a table."""

from __future__ import annotations

import numpy as np

from zfdesk.desk.occlusion.controller import Sweeps
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.engine import Sweep
from zfdesk.figures.facts import number
from zfdesk.figures.facts import whole as with_sign
from zfdesk.live import SweepState
from zfdesk.progress import percent_text


def state_text(sweeps: Sweeps, stale: str) -> str:
    """How far the sweep is. stale: what its maps are of, where that is something older."""
    swept = sweeps.swept
    old = f"OLD: {stale} · " if stale else ""
    if sweeps.error:
        return sweeps.error
    if swept is None or swept.sweep is None:
        return "begins…" if sweeps.running else ""
    sweep = swept.sweep
    rows, columns = sweep.done.shape
    grid = f"{rows} × {columns} positions"
    if swept.live:
        seconds = sweep.done.size / max(swept.rate, 1e-9)
        ended = "" if sweeps.desk.view.sweep.live else " · ended"
        return f"live, frame {swept.input.number} · {grid}, {seconds:.1f} s a round{ended}"
    percent = f"{percent_text(sweep.fraction)} of {grid}"
    if sweeps.running and swept.state is SweepState.RUNNING:
        return f"{old}{percent} · {swept.rate:.0f} a second · {_time(swept.seconds_left)} left"
    if sweep.complete:
        return f"{old}{grid} · {sweep.positions_per_second:.0f} a second"
    return f"{old}partial: {percent}" + (" · Resume goes on" if sweeps.can_resume else "")


def answer_text(sweep: Sweep, place: tuple[int, int], unit: int, class_index: int) -> tuple[str, str]:
    """What the network answers at a place (row, column) of the grid; and shorter."""
    names = sweep.model.classes
    top, left = sweep.positions[place]
    label = int(sweep.label()[place])
    p, clean_p = float(sweep.probability(label)[place]), float(sweep.clean_probabilities[class_index])
    q = float(sweep.probability(class_index)[place])
    a, clean_a = float(sweep.activation(unit)[place]), float(sweep.clean_activations[unit])
    parts = [f"{names[label]} {percent_text(p, 1)}"]
    if label != class_index:
        parts.append(f"{names[class_index]} {percent_text(q, 1)}")
    parts[-1] += f" ({_arrow(q - clean_p)}{abs(q - clean_p) * 100:.1f})"
    parts.append(f"{sweep.layer}:{unit} {number(a)} ({_arrow(a - clean_a)}{number(abs(a - clean_a))})")
    return " · ".join([f"at ({with_sign(int(top))}, {with_sign(int(left))})", *parts]), " · ".join(parts)


def sweep_table(sweep: Sweep, unit: int, class_index: int) -> str:
    """A line for each position that is done, tab-separated."""
    names, labels = sweep.model.classes, sweep.label()
    values = sweep.probability(class_index), sweep.activation(unit)
    rows = [
        (*sweep.positions[row, column], *(v[row, column] for v in values), names[labels[row, column]])
        for row, column in np.argwhere(sweep.done)
    ]
    activation = f"total activation of {sweep.layer}:{unit}"
    return table_text(("top", "left", f"probability of {names[class_index]}", activation, "label"), rows)


def _arrow(value: float) -> str:
    return "▲" if value > 0 else "▼" if value < 0 else "±"


def _time(seconds: float) -> str:
    if seconds >= 90:
        return f"{seconds / 60:.0f} min"
    return f"{seconds:.0f} s" if np.isfinite(seconds) else "?"


__all__ = ["answer_text", "state_text", "sweep_table"]
