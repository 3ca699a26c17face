"""What a feature declares is found by its folder, and what it keeps comes back from a session file."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from engine_nets import quick_weights
from session_files import frame_of

import zfdesk.desk
import zfdesk.engine as zf
import zfdesk.pages
from zfdesk import session
from zfdesk.desk.feature import keeps
from zfdesk.desk.window.features import FEATURES, found_features
from zfdesk.live import View
from zfdesk.pages.panel_kinds import KINDS, found_kinds
from zfdesk.session import FrameRecord, Kept, Session, SessionError, network_facts


@pytest.fixture
def forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test imports from a folder of its own is not there afterwards."""
    monkeypatch.setattr(sys, "modules", dict(sys.modules))


def test_a_folder_with_a_feature_is_one_of_the_window(
    tmp_path: Path, forgotten: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "zebra").mkdir()
    (tmp_path / "zebra" / "__init__.py").touch()
    (tmp_path / "zebra" / "feature.py").write_text("FEATURE = 'mine'")
    monkeypatch.setattr(zfdesk.desk, "__path__", [*zfdesk.desk.__path__, str(tmp_path)])
    assert found_features() == (*FEATURES, "mine")


def test_a_module_of_panels_is_offered(tmp_path: Path, forgotten: None, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "panels_zebra.py").write_text("KINDS = ('stripes',)")
    monkeypatch.setattr(zfdesk.pages, "__path__", [*zfdesk.pages.__path__, str(tmp_path)])
    assert found_kinds() == (*KINDS, "stripes")


@dataclass(frozen=True)
class Levels:
    """What a feature may keep."""

    levels: tuple[float, ...]
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Painting:
    """What a feature may keep, with an array in it."""

    pixels: np.ndarray
    levels: Levels


def small_session() -> Session:
    """A session of a small network."""
    small = zf.Architecture("small", "Small", (zf.Conv("conv1", 2, 3), zf.Linear("fc", 2), zf.Softmax("prob")), 16)
    return Session(FrameRecord(View(layer="conv1"), frame_of(), network_facts(zf.Model(small, quick_weights(small)))))


def restored(value: Levels | None, change: dict[str, Any] | None = None) -> tuple[list[Levels], str | None, Session]:
    """What comes back of it through a file, what is said, and the session."""
    shown: list[Levels] = []
    context: Any = SimpleNamespace()
    part = keeps("levels", Levels, lambda _: value, lambda _, again: shown.append(again))
    whole = part.keep(context, small_session())
    if change is not None:
        whole = replace(whole, kept={"levels": Kept(change)})
    again = session.from_bytes(session.to_bytes(whole))
    assert again.notes == ()
    reopened: Any = SimpleNamespace(session=again)
    return shown, part.restore(context, reopened), again


def test_what_a_feature_keeps_comes_back() -> None:
    shown, said, _ = restored(Levels((0.5, 2.0), 7))
    assert (shown, said) == ([Levels((0.5, 2.0), 7)], None)


def test_nothing_to_keep_keeps_nothing() -> None:
    shown, said, again = restored(None)
    assert (shown, said, again.kept) == ([], None, {})


def test_arrays_come_back_too() -> None:
    shown: list[Painting] = []
    context: Any = SimpleNamespace()
    painting = Painting(np.arange(12, dtype=np.uint8).reshape(2, 2, 3), Levels((0.5,)))
    part = keeps("painting", Painting, lambda _: painting, lambda _, again: shown.append(again))
    again: Any = SimpleNamespace(session=session.from_bytes(session.to_bytes(part.keep(context, small_session()))))
    assert part.restore(context, again) is None
    assert np.array_equal(shown[0].pixels, painting.pixels)
    assert shown[0].levels == painting.levels


def test_what_is_too_large_is_told_and_not_kept() -> None:
    def now(_: object) -> Levels:
        raise SessionError("It is too large.")

    context: Any = SimpleNamespace()
    saved = keeps("levels", Levels, now, lambda _, __: None).keep(context, small_session())
    assert (saved.notes, saved.kept) == (("It is too large.",), {})


@pytest.mark.parametrize(
    ("change", "words"), [({"levels": "many"}, "levels.levels is not a list"), ({}, "levels.levels is missing")]
)
def test_what_cannot_be_is_told(change: dict[str, Any], words: str) -> None:
    shown, said, _ = restored(Levels(()), change)
    assert shown == []
    assert said is not None
    assert words in said


def test_a_later_version_may_keep_more() -> None:
    assert restored(Levels(()), {"levels": [1], "colour": "red"})[0] == [Levels((1.0,))]
