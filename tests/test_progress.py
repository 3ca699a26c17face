"""The line that says how far long work is."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest

import zfdesk
from zfdesk.progress import ProgressLine, bytes_text, counted, duration, percent_text


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0 %"), (0.0004, "0.0 %"), (0.004, "0.4 %"), (0.314, "31 %"), (0.994, "99 %"), (0.995, "99.5 %"),
        (0.99996, "99.9 %"), (383 / 384, "99.7 %"), (0.99666, "99.7 %"), (1.0, "100 %"),
    ],
)  # fmt: skip
def test_all_is_said_of_all_alone(share: float, text: str) -> None:
    assert percent_text(share) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, "0.0 %"), (0.3149, "31.5 %"), (0.99666, "99.7 %"), (0.99996, "99.9 %"), (1.0, "100.0 %")]
)
def test_with_a_decimal_it_says_the_same(share: float, text: str) -> None:
    assert percent_text(share, 1) == text


@pytest.mark.parametrize(("share", "text"), [(0.0044, "0.44 %"), (0.99996, "99.99 %"), (0.9987, "99.87 %")])
def test_with_two_decimals_it_has_two_everywhere(share: float, text: str) -> None:
    assert percent_text(share, 2) == text


def test_nobody_writes_percentages_of_their_own() -> None:
    sources = Path(zfdesk.__file__).parent.rglob("*.py")
    assert not [str(file) for file in sources if re.search(r"\.\d%\}", file.read_text("utf-8"))]


def test_on_a_terminal_one_line_is_written_over_and_wiped() -> None:
    stream = Terminal()
    with ProgressLine(stream=stream) as progress:
        progress.show("1 of 4", milestone="Downloading")
        progress.show("2 of 4", milestone="Downloading")  # too fresh
        progress.show("checking", milestone="Checking")
        progress.message("Half of it is here.")
        progress.show("done", milestone="Done")
    assert stream.getvalue() == "\r1 of 4\x1b[K\rchecking\x1b[K\r\x1b[KHalf of it is here.\n\rdone\x1b[K\r\x1b[K"


def test_in_a_log_only_milestones_are_written() -> None:
    stream = io.StringIO()
    with ProgressLine(stream=stream) as progress:
        for share in (0, 1, 2):
            progress.show(share, milestone=f"{share // 2 * 10} %")
        progress.show("no milestone")
    assert stream.getvalue() == "0 %\n10 %\n"


def test_in_a_log_a_line_is_written_now_and_then() -> None:
    stream = io.StringIO()
    with ProgressLine("maps: ", "positions", every=1000.0, stream=stream) as progress:
        for done in (0, 1, 2):
            progress(done, 4)
        progress(4, 4)
    assert stream.getvalue() == "maps:   0 % of 4 positions\nmaps: 100 % of 4 positions, 0 s left\n"


def test_quiet_says_only_what_is_wrong() -> None:
    stream = Terminal()
    with ProgressLine(quiet=True, stream=stream) as progress:
        progress(1, 4)
        progress.message("Everything is well.")
        progress.warn("One picture could not be read.")
    assert stream.getvalue() == "One picture could not be read.\n"


def test_a_program_without_a_console_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    with ProgressLine() as progress:
        progress(1, 4)
        progress.warn("One picture could not be read.")


@pytest.mark.parametrize(("seconds", "text"), [(-1, "0 s"), (59.4, "59 s"), (60, "1 min 00 s"), (7500, "2 h 05 min")])
def test_durations_are_said_in_two_units_at_most(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_numbers_of_bytes() -> None:
    assert [bytes_text(count) for count in (0, 900, 66_000_000, 2_000_000_000_000)] == [
        "0 kB",
        "1 kB",
        "66 MB",
        "2000 GB",
    ]
    assert bytes_text(3_440_000, 1) == "3.4 MB"


def test_one_thing_is_no_plural() -> None:
    assert [counted(number, "picture") for number in (0, 1, 2, 1200)] == [
        "0 pictures", "1 picture", "2 pictures", "1,200 pictures",
    ]  # fmt: skip
    assert counted(1, "class", "classes") == "1 class"
