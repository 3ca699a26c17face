"""Made pictures in a session: every pixel and every word comes back, and what does not fit together is left out."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from engine_nets import quick_weights
from session_files import frame_of

import zfdesk.desk.lab.kept
import zfdesk.engine as zf
from zfdesk import session
from zfdesk.desk.feature import keeps
from zfdesk.desk.lab.kept import KeptMade, kept_made
from zfdesk.live import View
from zfdesk.session import FrameRecord, Session, SessionError, network_facts
from zfdesk.synthesis.orders import Description, Made, State
from zfdesk.synthesis.steps import Sketch


@pytest.fixture(scope="module")
def moment() -> FrameRecord:
    small = zf.Architecture("small", "Small", (zf.Conv("conv1", 2, 3), zf.Linear("fc", 2), zf.Softmax("prob")), 16)
    model = zf.Model(small, quick_weights(small))
    return FrameRecord(View(layer="conv1"), frame_of(), network_facts(model))


MADE = Made(
    Description(
        "fooling picture", "taken for church", "All that decides it.", "abc", 3, (("conv1", 1),) * 3, before=0, after=1
    ),
    Sketch(
        3, 40, np.random.default_rng(1).integers(0, 256, (3, 16, 16, 3), np.uint8), np.array([0.25, 0.5, np.nan]),
        ("A note.",),
    ),
    ("before", "after", "difference × 16"), State.CANCELLED,
)  # fmt: skip


def restored(moment: FrameRecord, kept: KeptMade | None) -> tuple[list[Made], str | None, bytes]:
    """What comes back of them through a file, what is said, and the file."""
    shown: list[Made] = []
    context: Any = SimpleNamespace()
    part = keeps("made", KeptMade, lambda _: kept, lambda _, again: shown.append(again.whole))
    data = session.to_bytes(part.keep(context, Session(moment)))
    reopened: Any = SimpleNamespace(session=session.from_bytes(data))
    return shown, part.restore(context, reopened), data


def test_they_come_back_exactly(moment: FrameRecord) -> None:
    (again,), sentence, _ = restored(moment, kept_made(MADE))
    assert sentence is None
    assert np.array_equal(again.pictures, MADE.pictures)
    assert np.array_equal(again.sketch.values, MADE.sketch.values, equal_nan=True)
    assert (again.description, again.names, again.state) == (MADE.description, MADE.names, MADE.state)
    assert (again.sketch.step, again.sketch.steps, again.sketch.notes) == (3, 40, ("A note.",))


def test_a_session_without_them_has_no_part_for_them(moment: FrameRecord) -> None:
    shown, _, data = restored(moment, None)
    assert shown == []
    assert b"made.npz" not in data


@pytest.mark.parametrize(
    "wrong",
    [
        {"names": ("one",)},
        {"description": replace(MADE.description, after=3)},
        {"description": replace(MADE.description, before=-2)},
        {"description": replace(MADE.description, targets=(("conv1", 1),))},
        {"names": ()},
    ],
)
def test_what_does_not_fit_together_is_left_out(moment: FrameRecord, wrong: dict[str, Any]) -> None:
    kept = kept_made(MADE)
    object.__setattr__(kept, "made", replace(kept.made, **wrong))  # as only a file can have it
    shown, sentence, _ = restored(moment, kept)
    assert shown == []
    assert "do not fit" in str(sentence)


def test_too_many_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zfdesk.desk.lab.kept, "MOST_BYTES", 100)
    with pytest.raises(SessionError, match="PNG"):
        kept_made(MADE)
