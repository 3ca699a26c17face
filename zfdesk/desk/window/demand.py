"""What the worker must compute for what is seen."""

from __future__ import annotations

from dataclasses import replace

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Features, Panes
from zfdesk.live import Demand

NOTHING = Demand(layers=True, maps=False, unit=False, pins=False)


def demand_of(context: AppContext, shown: bool, navigating: bool) -> Demand:
    """All that the panes in view ask for, and the features besides. ``shown``: whether the window is; before that,
    every pane counts as seen. ``navigating``: a key is held down, and what takes long waits."""
    demand = NOTHING
    for pane in context.get(Panes).all:
        seen = not shown or not pane.visibleRegion().isEmpty()
        pane.set_seen(seen)
        if seen:
            demand = pane.demand(demand)
    if navigating:
        demand = replace(demand, unit=False, pins=False, activation=False)
    for feature in context.get(Features):
        if feature.demand is not None:
            demand = feature.demand(context, demand)
    return demand


__all__ = ["demand_of"]
