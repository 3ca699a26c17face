"""A pytest plugin: ``pytest -m fast`` runs what takes little time, under a minute in all.

Fast is every test that is not slow and whose name is not in not_fast.txt. ``pytest --measure`` (one process, no -n)
brings that list up to date for the tests it runs: the names of those that take more than `MOST` seconds of processor
time, their fixtures included, in any of their parameters.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

MOST = 0.2
LIST = Path(__file__).with_name("not_fast.txt")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measure", action="store_true", help="bring tests/not_fast.txt up to date for the tests run")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"fast: takes at most {MOST} s (by itself, see tests/fast.py)")
    if config.getoption("--measure"):
        if config.getoption("numprocesses", None):
            raise pytest.UsageError("--measure goes with one process: without -n")
        config.pluginmanager.register(_Stopwatch(), "stopwatch")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    slower = _listed()
    for item in items:
        if name_of(item) not in slower and item.get_closest_marker("slow") is None:
            item.add_marker("fast")


def name_of(item: pytest.Item) -> str:
    """Of the function, without parameters: a list of names outlives files that move."""
    return getattr(item, "originalname", None) or item.name


def _listed() -> set[str]:
    return set(LIST.read_text("ascii").split()) if LIST.exists() else set()


class _Stopwatch:
    """Measures every test, and writes the list at the end."""

    def __init__(self) -> None:
        self.most: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        before = _seconds()
        answer = yield
        if item.get_closest_marker("slow") is None:
            self.most[name_of(item)] = max(self.most.get(name_of(item), 0), _seconds() - before)
        return answer

    def pytest_sessionfinish(self) -> None:
        slower = {name for name, seconds in self.most.items() if seconds > MOST}
        names = sorted(slower | (_listed() - self.most.keys()))
        LIST.write_text("".join(f"{name}\n" for name in names), "ascii")


def _seconds() -> float:
    """Of processor time, of this process and those it waited for."""
    return sum(os.times()[:4])
