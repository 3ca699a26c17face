"""The one-place slot between threads."""

from __future__ import annotations

import threading

from zfdesk.live import LatestSlot


def test_the_newest_is_taken_once_and_the_others_are_counted() -> None:
    slot: LatestSlot[str] = LatestSlot()
    assert slot.take() is None
    for item in ("a", "b", "c"):
        slot.put(item)
    assert slot.dropped == 2
    assert slot.take() == "c"
    assert slot.take() is None
    slot.put("d")  # what was taken is not dropped
    assert slot.dropped == 2
    assert slot.take() == "d"


def test_an_item_that_is_false_is_an_item() -> None:
    slot: LatestSlot[int] = LatestSlot()
    slot.put(0)
    slot.put(0)
    assert slot.dropped == 1
    assert slot.take() == 0


def test_between_threads_nothing_comes_twice_out_of_order_or_uncounted() -> None:
    slot: LatestSlot[tuple[int, int]] = LatestSlot()
    count, done = 5_000, threading.Event()
    taken: list[tuple[int, int]] = []

    def put(thread: int) -> None:
        for number in range(count):
            slot.put((thread, number))

    def take() -> None:
        while True:
            over = done.is_set()
            item = slot.take()
            if item is not None:
                taken.append(item)
            elif over:
                return

    putters = [threading.Thread(target=put, args=(number,)) for number in range(2)]
    taker = threading.Thread(target=take)
    for thread in (taker, *putters):
        thread.start()
    for thread in putters:
        thread.join()
    done.set()
    taker.join()
    assert len(taken) + slot.dropped == 2 * count
    assert len(set(taken)) == len(taken)
    for thread in range(2):
        numbers = [number for who, number in taken if who == thread]
        assert numbers == sorted(numbers)
    assert taken[-1][1] == count - 1  # the very last put is never lost
