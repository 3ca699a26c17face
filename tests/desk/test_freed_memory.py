"""What the window freed goes back to the system, when there is much of it."""

from __future__ import annotations

import pytest
from desk_tools import wait_until

from zfdesk.desk import freed_memory
from zfdesk.desk.freed_memory import GROWTH, LOOKS, FreedMemory
from zfdesk.desk.state import AppState


def test_memory_is_given_back_when_so_much_has_come_or_long_after_the_last_time(
    desk: AppState, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, given = [10 * GROWTH], []

    def give_back() -> None:
        given.append(held[0])
        held[0] = 5 * GROWTH

    monkeypatch.setattr(freed_memory, "resident_bytes", lambda: held[0])
    monkeypatch.setattr(freed_memory, "give_back", give_back)
    clock = FreedMemory(desk)
    looks = [(10 * GROWTH, 1), (6 * GROWTH, 1), (6 * GROWTH + 1, 2), *[(0, 2)] * (LOOKS - 1), (0, 3), (5 * GROWTH, 3)]
    for now, times in looks:
        held[0] = now
        clock.look()
        wait_until(lambda: not desk.tasks.busy)
        assert len(given) == times
