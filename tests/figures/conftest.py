"""A network, a finished and an unfinished sweep over a photograph, and a page with every kind of panel."""

from __future__ import annotations

import pytest
from engine_nets import embedded_model
from figure_tools import every_panel

import zfdesk.engine as zf
from zfdesk.figures import Page
from zfdesk.resources import resource
from zfdesk.sources import read_picture


@pytest.fixture(scope="session")
def model() -> zf.Model:
    """The network that ships."""
    return embedded_model()


@pytest.fixture(scope="session")
def sweeps(model: zf.Model) -> tuple[zf.Sweep, zf.Sweep]:
    """A sweep that has only begun, and the same one finished; 7 × 7 positions."""
    picture = zf.centre_crop(read_picture(resource("demo/chelsea.jpg")))
    first, *_, last = zf.sweep(model.forward(picture), picture, zf.SweepPlan(50, 32), batch=10)
    return first, last


@pytest.fixture(scope="session")
def page() -> Page:
    """Every kind of panel on one page."""
    return every_panel()
