"""What the Training pane says of a run."""

from __future__ import annotations

from functools import partial

from zfdesk.desk.tasks import error_text
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.runs import Run

QUIET_AFTER = 120.0  # seconds without a new line


def run_state_text(run: Run, now: float) -> str:
    """Whether a run goes on, by what its log says and when it last grew. now: as `time.time`."""
    if run.ended:
        return "ended"
    age = max(now - run.updated, 0.0)
    if age < QUIET_AFTER:
        return f"running, updated {age:.0f} s ago"
    minutes = int(age // 60)
    if minutes < 120:
        return f"no new line for {minutes} min"
    hours = minutes // 60
    return f"no new line for {hours} h" if hours < 48 else f"no new line for {hours // 24} days"


def run_progress_text(run: Run, now: float) -> str:
    """The state, how far the run is and how fast, and its last note. now: as `time.time`."""
    done = run.epochs[-1].epoch if run.epochs else 0
    facts = [run_state_text(run, now), f"epoch {done} of {run.about.epochs}, step {run.step:,}"]
    speed = run.steps[-1].pictures_per_second if run.steps and not run.ended else 0.0
    facts += [f"{speed:.3g} pictures/s"] if speed > 0 else []
    facts += [run.notes[-1].words] if run.notes else []
    return " · ".join(facts)


def scores_text(run: Run) -> str:
    """The scores and losses after each epoch, as tab-separated text; empty before there are any."""
    names = ("loss", "top-1", "top-5")
    head = ("epoch", "step", *(f"training {name}" for name in names), *(f"validation {name}" for name in names))
    rows = [
        (epoch.epoch, epoch.step, *vars(epoch.training).values(),
         *(vars(epoch.validation).values() if epoch.validation else ("", "", "")))
        for epoch in run.epochs
    ]  # fmt: skip
    return table_text(head, rows) if rows else ""


run_error_text = partial(error_text, failed="The run could not be read", memory="for this network")
