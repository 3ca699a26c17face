"""Bars by kind of thing: a choice in the Classes menu, in the pane, as numbers, in captions and in figures."""

from __future__ import annotations

from dataclasses import replace

import pytest
from desk_hands import change, click, view_of, wait_for_result
from desk_tools import small_model
from desk_window import Window
from PySide6.QtCore import QPointF

import zfdesk.engine as zf
from zfdesk.desk.window.copy_commands import caption_of
from zfdesk.engine.class_kinds import class_kinds, sum_by_kind
from zfdesk.live import ClassBars
from zfdesk.pages.view_page import result_page
from zfdesk.resources import resource

NAMES = tuple(line.split("\t")[1] for line in resource("imagenet/classes.tsv").read_text("utf-8").splitlines()[1:])


@pytest.fixture(scope="module")
def model() -> zf.Model:
    """ImageNet's classes, in a network of a millisecond that is sure of none of them: kinds of many classes win."""
    made = small_model(NAMES)
    calmed = {name: values * 1e-3 if name.startswith("fc8") else values for name, values in made.weights.items()}
    return replace(made, weights=calmed)


def test_the_bars_become_sums_by_kind_and_say_so_everywhere(still: Window) -> None:
    window, kinds = still, class_kinds(NAMES)
    assert kinds is not None
    assert not window.actions_by_id["bars-by-kind"].isChecked()
    assert caption_of(window.desk).count("softmax") == 0
    window.run("bars-by-kind")
    result = wait_for_result(window.desk)
    wanted = sum_by_kind(result.probabilities, kinds, view_of(window).top_k)
    rows = window.classes.bars.rows
    assert [(row.name, row.probability) for row in rows] == [
        (one.kind, pytest.approx(one.probability)) for one in wanted
    ]
    assert rows[0].text.startswith(f"{rows[0].name}: ")
    assert window.actions_by_id["bars-by-kind"].isChecked()
    window.classes.show_facts()
    assert "sums of softmax" in window.classes.facts.full_text
    copied = [line.split("\t") for line in window.classes.as_data().splitlines()]
    assert copied[0] == ["kind", "classes summed", "probability"]
    assert copied[1][:2] == [wanted[0].kind, str(len(wanted[0].members))]
    assert "sums of softmax" in caption_of(window.desk)
    page = result_page(result)
    assert page.caption.startswith("The bars are sums of softmax")
    bars = page.cells[-1]
    assert bars.label == "probabilities by kind"
    assert "sums of softmax" in bars.panel.note
    assert bars.panel.values.tolist() == pytest.approx([one.probability for one in wanted])
    window.run("undo")
    assert view_of(window).bars is ClassBars.CLASSES
    wait_for_result(window.desk)
    assert [row.name for row in window.classes.bars.rows] == [NAMES[row.index] for row in window.classes.bars.rows]


def test_a_click_on_a_kind_watches_its_most_probable_class(still: Window) -> None:
    window = still
    change(window, bars=ClassBars.KINDS)
    bars = window.classes.bars
    row = bars.rows[0]
    assert f"{len(row.members)} classes" in bars.tip(row)
    assert NAMES[row.members[0][0]] in bars.tip(row)
    click(bars, QPointF(20, 0.5 * bars.row_height()))
    assert view_of(window).watched == (row.members[0][0],)
    wait_for_result(window.desk)
    assert [found.name for found in bars.rows[:2]] == [class_kinds(NAMES).plain[row.index], row.name]  # type: ignore[union-attr]


def test_what_has_no_kinds_says_so(still: Window, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zfdesk.live.bars.kinds_of", lambda classes: None)
    change(still, bars=ClassBars.KINDS, top_k=4)
    still.classes.show_facts()
    assert "no kinds are known" in still.classes.facts.full_text
    assert len(still.classes.bars.rows) == 4
    assert all(row.name == NAMES[row.index] for row in still.classes.bars.rows)
