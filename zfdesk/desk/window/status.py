"""The status line: what the machine does."""

from __future__ import annotations

import time

import numpy as np

from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.sources import Frame

STILL_SECONDS = 1.0  # without another frame: it is a still picture


class StatusLine(ElidedLabel):
    """Source, rate, frame, milliseconds by step, age, drops, device, weights."""

    def __init__(self, desk: AppState) -> None:
        super().__init__()
        self.desk = desk
        self.setAccessibleName("Status")
        self._frames: tuple[Frame | None, float, float] = None, 0.0, 0.0  # the newest, when it came, the one before

    def show_facts(self) -> None:
        """Renew the line from the newest result."""
        desk, result = self.desk, self.desk.result
        weights = desk.model.name or desk.model.architecture.name
        if result is None:
            self.say(f"waiting for the first frame · cpu · {weights}")
            return
        draws = list(desk.draws)
        now = draws[-1][0] if draws else 0.0
        recent = [d for d in draws if now - d[0] < 2.0]
        span = recent[-1][0] - recent[0][0] if len(recent) > 2 else 0.0
        rate = (len(recent) - 1) / span if span else 0.0
        age = float(np.median([d[1] for d in recent])) * 1e3 if recent else 0.0
        draw = float(np.median([d[2] for d in recent])) * 1e3 if recent else 0.0
        times = result.times
        moving = self._moves(result.request.frame) and rate > 0
        said = [result.request.frame.size_words]
        said += [f"{rate:.1f} fps" if moving else "still", f"frame {result.request.frame.number}"]
        capture = f"capture {times['capture'] + times['crop']:.0f} · " if moving else ""
        forward, unit = times["forward"], (desk.complete or result).times.get("unit", 0.0)
        said.append(f"{capture}forward {forward:.0f} · reconstruct {unit:.0f} · draw {draw:.0f} ms")
        if moving:
            said += [f"age {age:.0f} ms", f"{desk.worker.dropped} dropped"]
        said += ["cpu", f"{weights}" + ("" if desk.model.trained else " (untrained)")]
        if desk.view.timings:
            said.append(", ".join(f"{name} {ms:.1f}" for name, ms in times.items()) + " ms")
        self.say(" · ".join(said))

    def _moves(self, frame: Frame) -> bool:
        """Whether frames follow each other: the first one of a source, and a picture that is only looked at anew, do
        not."""
        newest, came, before = self._frames
        now = time.perf_counter()
        if frame is not newest:
            self._frames, came, before = (frame, now, came), now, came
        return not self.desk.view.frozen and now - before < 2 * STILL_SECONDS and now - came < STILL_SECONDS
