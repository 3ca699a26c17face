"""The units of a layer beside each other; figures of portraits; which scan a session speaks of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from desk_hands import SHIFT, click
from desk_tools import wait_until
from desk_window import Window
from test_desk_scan import write_pictures

from zfdesk.desk.feature import Features
from zfdesk.desk.portrait.controller import PortraitController
from zfdesk.desk.portrait.layer_pane import LayerPane
from zfdesk.desk.portrait.pane import PortraitPane
from zfdesk.desk.scan import ScanController
from zfdesk.library import Library, Portraits
from zfdesk.live.changes import to_layer
from zfdesk.pages.panels import CannotError, PanelSpec, Sources, capture
from zfdesk.pages.panels_portrait import (
    LAYER_CORRELATION,
    LAYER_SPREAD,
    PORTRAIT_HISTOGRAM,
    PORTRAIT_MADE,
    PORTRAIT_PATCHES,
    PORTRAIT_PROJECTIONS,
)
from zfdesk.session import moment_of
from zfdesk.session.content import Session
from zfdesk.session.file import load_session, save_session
from zfdesk.session.reopen import reopen


@pytest.fixture
def scanned(live: Window, tmp_path: Path) -> Path:
    folder = write_pictures(tmp_path / "pictures", 12, kinds=3)
    live.context.get(ScanController).open([folder])
    wait_until(lambda: live.context.get(ScanController).status.pictures == 12)
    return folder


def layer_pane(window: Window) -> LayerPane:
    window.run("layer-statistics")
    pane = window.context.get(LayerPane)
    wait_until(lambda: pane.shown is not None and pane.canvas.has_picture)
    return pane


def sources_of(window: Window) -> Sources:
    sources = Sources()
    for spec in window.context.get(Features).panes:
        if spec.figure is not None:
            sources = spec.figure(window.context, sources)
    return sources


def test_correlations_activations_and_lists_follow_the_layer(live: Window, scanned: Path) -> None:
    pane = layer_pane(live)
    with Library(live.desk.model) as library:
        portraits = Portraits(library, (scanned,))
        expected, statistics = portraits.correlation("conv5"), portraits.statistics("conv5")
    assert pane.shown is not None
    assert pane.shown.correlation is not None
    np.testing.assert_array_equal(pane.shown.correlation, expected)
    click(pane.canvas, pane.canvas.to_screen(4.5, 7.5))
    assert live.desk.view.unit == 7
    click(pane.canvas, pane.canvas.to_screen(4.5, 7.5), SHIFT)
    assert live.desk.view.unit == 4
    assert f"({int(statistics.dead.sum())})" in pane.lists.text()
    pane.lists.linkActivated.emit("2")
    assert live.desk.view.unit == 2
    pane.choice.setCurrentIndex(1)
    pane.choice.chosen.emit("spread")
    assert pane.as_data().count("\n") == 1 + 12  # units, each with its bins
    live.desk.change(to_layer(live.desk.view, "conv4", live.desk.model.architecture, None))
    wait_until(lambda: pane.shown is not None and pane.shown.statistics.layer == "conv4")


def test_what_is_shown_can_stand_in_a_figure(live: Window, scanned: Path) -> None:
    with pytest.raises(CannotError, match="Layer statistics"):
        capture(PanelSpec(LAYER_SPREAD), sources_of(live))
    layer_pane(live)
    portraits = live.context.get(PortraitController)
    live.bring_up(live.context.get(PortraitPane))
    wait_until(lambda: portraits.shown is not None and len(portraits.shown.shown) > 0)
    sources = sources_of(live)
    kinds = (PORTRAIT_PATCHES, PORTRAIT_PROJECTIONS, PORTRAIT_HISTOGRAM, LAYER_CORRELATION, LAYER_SPREAD)
    for kind in kinds:
        found = capture(PanelSpec(kind), sources)
        assert "12 pictures of pictures" in found.text
    with pytest.raises(CannotError, match="No picture was made"):  # this network is not the embedded one
        capture(PanelSpec(PORTRAIT_MADE), sources)


def test_a_session_knows_its_scan(live: Window, scanned: Path, tmp_path: Path) -> None:
    scan, part = live.context.get(ScanController), live.context.get(Features)
    kept = next(one.session for one in part if one.name == "portrait")
    assert kept is not None
    assert live.desk.result is not None
    session = kept.keep(live.context, Session(moment_of(live.desk.result)))
    save_session(session, tmp_path / "a.zfdesk")
    again = load_session(tmp_path / "a.zfdesk")
    assert again.kept["scan"].value["places"] == [str(scanned)]
    other = write_pictures(tmp_path / "other", 3)
    scan.open([other])
    wait_until(lambda: scan.status.pictures == 3)
    kept.restore(live.context, reopen(again, live.desk.model))
    wait_until(lambda: scan.status.places == (scanned,) and scan.status.pictures == 12)
