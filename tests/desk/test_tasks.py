"""The one background task: what is told, what is thrown away, how it ends."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator

import numpy as np
import pytest
from desk_tools import settle, wait_until
from PySide6.QtCore import QObject

from zfdesk.cancellation import checkpoint
from zfdesk.desk.tasks import Cancelled, Progress, TaskRunner, TaskSlot, error_text
from zfdesk.sources import SourceError


@pytest.fixture
def runner(nothing_left: None) -> Iterator[TaskRunner]:
    runner = TaskRunner()
    yield runner
    runner.close()


def test_a_result_and_an_error_are_told_in_the_windows_thread(runner: TaskRunner) -> None:
    told: list[tuple[object, object, bool]] = []
    main = threading.current_thread()

    def done(value: object, error: Exception | None) -> None:
        told.append((value, error, threading.current_thread() is main))

    runner.run("sum", lambda: (threading.current_thread() is main, 3), done)
    wait_until(lambda: bool(told))
    runner.run("fail", lambda: 1 // 0, done)
    wait_until(lambda: len(told) == 2)
    assert told[0] == ((False, 3), None, True)
    assert told[1][0] is None
    assert isinstance(told[1][1], ZeroDivisionError)
    assert told[1][2]
    assert not runner.busy


def test_work_nobody_waits_for_ends_where_it_comes_to_a_checkpoint(runner: TaskRunner) -> None:
    begun, over, went_on = threading.Event(), threading.Event(), []

    def read() -> None:
        begun.set()
        over.wait(5)
        checkpoint()
        went_on.append(True)

    task = runner.run("read", read, lambda value, error: None)
    assert begun.wait(5)
    task.abandon()
    over.set()
    assert task.wait(5)
    assert not went_on


def test_cancelled_work_ends_where_it_reports(runner: TaskRunner) -> None:
    told: list[object] = []
    progress, begun = Progress("Counting…"), threading.Event()

    def count() -> int:
        for number in range(100_000):
            progress.report(number, 100_000)
            begun.set()
            time.sleep(0.001)
        return number

    task = runner.run("count", count, lambda value, error: told.append(error), progress=progress)
    assert begun.wait(5)
    assert task.running
    assert progress.total == 100_000
    assert progress.message == "Counting…"
    task.cancel()
    wait_until(lambda: not task.running)  # busy until it is told, not only until it ended
    assert isinstance(told[0], Cancelled)
    assert progress.done < 10_000


def test_nobody_is_called_back_who_was_deleted_and_the_value_is_thrown_away(runner: TaskRunner) -> None:
    told: list[object] = []
    thrown: list[int] = []
    gate, owner = threading.Event(), QObject()
    runner.run("late", lambda: gate.wait(5) and 7, lambda *_: told.append(1), owner=owner, discard=thrown.append)
    owner.deleteLater()
    settle()
    gate.set()
    wait_until(lambda: thrown == [7])
    settle()
    assert not told


@pytest.mark.parametrize("when", ["before it ends", "after it ended"])
def test_what_is_abandoned_is_thrown_away_once(runner: TaskRunner, when: str) -> None:
    told: list[object] = []
    thrown: list[int] = []
    gate = threading.Event()
    task = runner.run("late", lambda: gate.wait(5) and 7, lambda *_: told.append(1), discard=thrown.append)
    if when == "after it ended":
        gate.set()
        assert task.wait(5)
    task.abandon()
    task.abandon()
    gate.set()
    assert task.wait(5)
    settle()
    assert thrown == [7]
    assert not told
    assert not runner.busy


def test_a_task_that_was_told_is_neither_thrown_away_nor_kept_in_memory(runner: TaskRunner) -> None:
    thrown: list[object] = []
    seen: list[weakref.ref[np.ndarray]] = []

    def done(value: np.ndarray, error: Exception | None) -> None:
        seen.append(weakref.ref(value))

    task = runner.run("big", lambda: np.zeros(4), done, discard=thrown.append)
    wait_until(lambda: bool(seen))
    wait_until(lambda: seen[0]() is None)
    task.abandon()
    assert not thrown


def test_a_slot_holds_the_task_under_way_alone(runner: TaskRunner) -> None:
    told: list[object] = []
    gate, slot, progress = threading.Event(), TaskSlot(), Progress()
    assert not slot.running
    slot.put(runner.run("first", lambda: gate.wait(5), lambda value, error: told.append("first"), progress=progress))
    assert slot.progress is progress
    slot.put(runner.run("second", lambda: gate.wait(5) and 2, lambda value, error: told.append(value)))
    assert progress.cancelled
    gate.set()
    wait_until(lambda: bool(told))
    settle()
    assert told == [2]
    assert not slot.running
    assert slot.progress is None


def test_closing_does_not_wait_and_lets_what_is_saved_end(runner: TaskRunner) -> None:
    told: list[object] = []
    gate, saved = threading.Event(), threading.Event()
    progress, kept_progress = Progress(), Progress()

    def save() -> None:
        gate.wait(5)
        kept_progress.check()
        saved.set()

    searched = runner.run("search", lambda: gate.wait(5), lambda *_: told.append("search"), progress=progress)
    kept = runner.run("save", save, lambda *_: told.append("save"), keep=True, progress=kept_progress)
    begun = time.monotonic()
    runner.close()
    assert time.monotonic() - begun < 0.5
    assert progress.cancelled
    assert not kept_progress.cancelled
    gate.set()
    assert searched.wait(5)
    assert kept.wait(5)
    settle()
    assert saved.is_set()  # the file is whole
    assert not told  # and nobody is there to hear of it


def test_one_callback_may_begin_another_task_or_close(runner: TaskRunner) -> None:
    told: list[str] = []

    def second(value: str, error: Exception | None) -> None:
        told.append(value)
        runner.close()

    def first(value: str, error: Exception | None) -> None:
        told.append(value)
        runner.run("second", lambda: "second", second)

    runner.run("first", lambda: "first", first)
    wait_until(lambda: told == ["first", "second"])
    after = runner.run("after the end", lambda: "never", lambda value, error: told.append(value))
    assert after.wait(5)
    settle()
    assert told == ["first", "second"]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (SourceError("cat.png does not exist."), "cat.png does not exist."),
        (ValueError("The stride must be at least 1 pixel, not 0."), "The stride must be at least 1 pixel, not 0."),
        (ValueError("shapes (2,) (3,) not aligned"), "It failed (ValueError: shapes (2,) (3,) not aligned)."),
        (KeyError("x"), "It failed (KeyError: 'x')."),
        (MemoryError(), "There is not enough memory for it."),
        (PermissionError(13, "Permission denied"), "It failed: permission denied."),
    ],
)
def test_an_error_in_one_sentence(error: Exception, text: str) -> None:
    assert error_text(error, "It failed", "for it") == text
