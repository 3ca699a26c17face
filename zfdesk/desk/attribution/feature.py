"""Where a class or a unit looks, by the methods of `zfdesk.attribution`: over the picture, and side by side."""

from __future__ import annotations

from zfdesk.attribution import METHODS
from zfdesk.desk.actions import Action, ViewContext, calls, cycle
from zfdesk.desk.attribution.commands import (
    add_to_sources,
    check_sanity,
    measure_methods,
    save_methods_figure,
    teach_head,
)
from zfdesk.desk.attribution.controller import TITLE, HeatWork
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, Feature, PaneSpec, toggles_pane
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.widgets.heat_controls import CONTOUR_LABELS, hold_top
from zfdesk.desk.widgets.pane import Pane
from zfdesk.live import HeatTarget, View


def _make(context: AppContext) -> None:
    context.add(HeatMaps(context.state, context))
    context.add(HeatWork(context))


def _make_pane(context: AppContext) -> Pane:
    from zfdesk.desk.attribution.pane import HeatPane

    return HeatPane(context)


def _hold_class(view: View, context: ViewContext) -> View:
    return hold_top(view, int(context.result.probabilities.argmax()) if context.result is not None else 0)


SYNONYMS = "heat map heatmap saliency attribution grad-cam"

ACTIONS = (
    Action("heat", "Where the class looks, over the picture", ("Ctrl+Shift+H",), "Attribution",
           lambda v, c: v.change_heat(shown=not v.heat.shown), checked=lambda v, c: v.heat.shown,
           also=SYNONYMS),
    Action("heats", "Methods side by side, or close that pane", ("Ctrl+Alt+Shift+H",), "Attribution", command=toggles_pane(TITLE),
           also=f"{SYNONYMS} compare"),
    Action("heat-method", "Method of attribution: the next", ("Ctrl+Alt+Shift+M",), "Attribution",
           lambda v, c: v.change_heat(method=cycle(tuple(METHODS), v.heat.method)), also=SYNONYMS),
    Action("heat-contour", "Contour of the heat: none, 25, 50, 75 %", ("Ctrl+Alt+Shift+C",), "Attribution",
           lambda v, c: v.change_heat(contour=cycle(tuple(CONTOUR_LABELS), v.heat.contour))),
    Action("heat-hold", "Hold the class that looks, or follow the most probable", ("Ctrl+Alt+Shift+K",), "Attribution", _hold_class,
           checked=lambda v, c: v.heat.target is HeatTarget.CLASS),
    Action("heat-unit", "Where the unit looks, or the class", ("Ctrl+Alt+Shift+U",), "Attribution",
           lambda v, c: v.change_heat(target=HeatTarget.TOP if v.heat.target is HeatTarget.UNIT else HeatTarget.UNIT),
           checked=lambda v, c: v.heat.target is HeatTarget.UNIT),
    Action("heat-box", "Draw the box of the pointing game, or do not", ("Ctrl+Alt+Shift+B",), "Attribution",
           command=calls(HeatMaps, HeatMaps.ask_box)),
    Action("heat-box-remove", "Remove the box of the pointing game", ("Ctrl+Alt+Shift+X",), "Attribution", command=lambda context: context.state.change(context.state.view.change_heat(box=None))),
    Action("heat-measure", "Measure the methods: insertion and deletion", ("Ctrl+Alt+Shift+N",), "Attribution", command=measure_methods),
    Action("heat-head", "Teach CAM's head from a folder…", ("Ctrl+Alt+Shift+T",), "Attribution", command=teach_head),
    Action("heat-sanity", "Sanity check: random layers from the top", ("Ctrl+Alt+Shift+S",), "Attribution", command=check_sanity),
    Action("heat-figure", "Save the methods, or the sanity check, as a figure…", ("Ctrl+Alt+Shift+F",), "Attribution", command=save_methods_figure, also="export pdf svg heat map"),
)  # fmt: skip

FEATURE = Feature(
    name="attribution",
    make=_make,
    panes=(PaneSpec(TITLE, Area.CENTRE, _make_pane, at_start=False, figure=add_to_sources),),
    actions=ACTIONS,
)
