"""Class bars beside a moving picture: of one frame with their ticks, and with it but for the hand that drags."""

from __future__ import annotations

from dataclasses import replace

from desk_hands import COVER, numbered_picture, show_picture
from desk_window import Window

from zfdesk.engine import Occluder
from zfdesk.live import Answer
from zfdesk.sources import Frame


def test_bars_and_their_ticks_are_of_one_frame(window: Window) -> None:
    """Of a stream the answers come with their pictures; the hand that drags sees them before, without foreign ticks."""
    show_picture(window, 1, occluders=(COVER,))
    bars, desk = window.classes.bars, window.desk
    shown = desk.result
    assert shown is not None
    assert bars.occluded
    later = Frame(numbered_picture(2), 2, 0.0, shown.request.frame.origin)

    def answer(occluders: tuple[Occluder, ...]) -> Answer:
        request = replace(shown.request, frame=later, view=desk.view.change(occluders=occluders))
        return Answer(
            request, shown.picture, shown.clean, shown.crop_box, shown.probabilities[::-1].copy(), None,
            started=shown.started + 1,
        )  # fmt: skip

    desk.worker.stop()
    before = bars.answer
    desk.answer = answer((COVER,))
    desk.answer_ready.emit()
    assert bars.answer is before
    desk.answer = dragged = answer((replace(COVER, top=COVER.top + 3),))
    desk.answer_ready.emit()
    assert bars.answer is dragged
    assert not bars.occluded
    assert all(row.clean == row.probability for row in bars.rows)
    desk.result_ready.emit()  # the picture of before is complete only now
    assert bars.answer is dragged
