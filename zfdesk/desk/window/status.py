"""The status line: what the machine does."""

from __future__ import annotations

import numpy as np

from zfdesk.desk.state import AppState
from zfdesk.desk.widgets.pane import ElidedLabel

STILL = ("picture", "pasted")  # kinds of source that have one frame


class StatusLine(ElidedLabel):
    """Source, rate, frame, milliseconds by step, age, drops, device, weights."""

    def __init__(self, desk: AppState) -> None:
        super().__init__()
        self.desk = desk
        self.setAccessibleName("Status")

    def show_facts(self) -> None:
        """Renew the line from the newest result."""
        desk, result = self.desk, self.desk.result
        weights = desk.model.name or desk.model.architecture.name
        if result is None and desk.is_valid_for("input"):
            return  # taught anew: the next frame comes at once
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
        moving = self._moves()
        parts = [result.request.frame.size_text]
        parts += [f"{rate:.1f} fps" if moving else "still", f"frame {result.request.frame.number}"]
        capture = f"capture {times['capture'] + times['crop']:.0f} · " if moving else ""
        forward, unit = times["forward"], (desk.complete or result).times.get("unit", 0.0)
        parts.append(f"{capture}forward {forward:.0f} · reconstruct {unit:.0f} · draw {draw:.0f} ms")
        if moving:
            parts += [f"age {age:.0f} ms", f"{desk.worker.dropped} dropped"]
        parts += ["cpu", f"{weights}" + ("" if desk.model.trained else " (untrained)")]
        if desk.view.timings:
            parts.append(", ".join(f"{name} {ms:.1f}" for name, ms in times.items()) + " ms")
        self.say(" · ".join(parts))

    def _moves(self) -> bool:
        """Whether frames follow each other: not of a picture, nor of what is paused or frozen."""
        source = self.desk.source
        if source is None or self.desk.view.frozen or source.reference.kind in STILL:
            return False
        return source.transport is None or source.transport.playing
