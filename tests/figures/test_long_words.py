"""Any text is drawn in bounded time: broken, cut or shortened."""

import time

import pytest

from zfdesk.figures.look import MOST_LINES, fitting, text_width, wrapped


@pytest.mark.parametrize("words", ["a" * 100_000, "i" * 100_000, "word " * 20_000, "\n" * 100_000, "50 × " * 20_000])
def test_long_words_take_no_time(words: str) -> None:
    begun = time.process_time()
    line = fitting(words.replace("\n", " "), 2.0, 7.5)
    lines = wrapped(words, 3.0, 7.5).split("\n")
    assert time.process_time() - begun < 2  # 0.1 s; letter by letter a thousand took 19 s
    assert text_width(line, 7.5) <= 2.0
    assert len(lines) <= MOST_LINES
    assert all(text_width(each, 7.5) <= 3.0 for each in lines[:40])


def test_what_fits_stays_and_what_does_not_is_broken_as_late_as_possible() -> None:
    assert fitting("a short one", 5.0, 7.5) == "a short one"
    cut = fitting("m" * 50, 1.0, 7.5)
    assert cut.endswith("…")
    assert text_width(f"m{cut}", 7.5) > 1.0
    lines = wrapped("m" * 50, 1.0, 7.5).split("\n")
    assert "".join(lines) == "m" * 50
    assert all(text_width(f"{line}m", 7.5) > 1.0 for line in lines[:-1])
    assert wrapped("two words", 5.0, 7.5) == "two words"
