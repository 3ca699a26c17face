"""Made pictures in a session: every pixel and every word comes back, and what does not fit together is refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from engine_nets import quick_weights
from session_files import frame_of

import zfdesk.engine as zf
import zfdesk.session.made
from zfdesk import session
from zfdesk.live import View
from zfdesk.session import FrameRecord, Session, kept_made, network_facts
from zfdesk.session.made import packed_made, unpacked_made
from zfdesk.synthesis.orders import Made, State


@pytest.fixture(scope="module")
def moment() -> FrameRecord:
    small = zf.Architecture("small", "Small", (zf.Conv("conv1", 2, 3), zf.Linear("fc", 2), zf.Softmax("prob")), 16)
    model = zf.Model(small, quick_weights(small))
    return FrameRecord(View(layer="conv1"), frame_of(), network_facts(model))


MADE = Made(
    "fooling picture", "taken for church", "All that decides it.",
    np.random.default_rng(1).integers(0, 256, (3, 16, 16, 3), np.uint8), ("before", "after", "difference × 16"),
    (0.25, 0.5, float("nan")), 3, 40, State.CANCELLED, ("A note.",), 3, "abc", (("conv1", 1),) * 3, 0, 1,
)  # fmt: skip


def test_they_come_back_exactly(moment: FrameRecord) -> None:
    again = session.from_bytes(session.to_bytes(Session(moment, made=MADE))).made
    assert again is not None
    assert np.array_equal(again.pictures, MADE.pictures)
    assert np.array_equal(again.values, MADE.values, equal_nan=True)
    same = {"pictures": MADE.pictures, "values": MADE.values}
    assert replace(again, **same).facts == MADE.facts
    assert (again.before, again.after, again.columns) == (0, 1, 3)


def test_a_session_without_them_has_no_part_for_them(moment: FrameRecord) -> None:
    data = session.to_bytes(Session(moment))
    assert session.from_bytes(data).made is None
    assert b"made.npz" not in data


@pytest.mark.parametrize(
    "wrong", [{"names": ("one",)}, {"after": 3}, {"before": -2}, {"targets": (("conv1", 1),)}, {"names": ()}]
)
def test_what_does_not_fit_together_is_refused(wrong: dict[str, object]) -> None:
    head, data = packed_made(MADE)
    with pytest.raises(ValueError, match="do not fit"):
        unpacked_made(replace(head, **wrong), data)


def test_too_many_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert kept_made(MADE) == (MADE, "")
    monkeypatch.setattr(zfdesk.session.made, "MOST_BYTES", 100)
    kept, told = kept_made(MADE)
    assert kept is None
    assert "PNG" in told
