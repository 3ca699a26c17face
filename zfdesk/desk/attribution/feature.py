"""Where a class or a unit looks, by the methods of `zfdesk.attribution`."""

from __future__ import annotations

from zfdesk.attribution import METHODS
from zfdesk.desk.actions import Action, ViewContext, calls, cycle
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.widgets.heat_controls import CONTOUR_LABELS, hold_top
from zfdesk.live import HeatTarget, View


def _make(context: AppContext) -> None:
    context.add(HeatMaps(context.state, context))


def _hold(view: View, context: ViewContext) -> View:
    return hold_top(view, int(context.result.probabilities.argmax()) if context.result is not None else 0)


def remove_box(context: AppContext) -> None:
    """There is no box any more."""
    context.state.change(context.state.view.change_heat(box=None))


ACTIONS = (
    Action("heat", "Where the class looks, over the picture", ("Ctrl+Shift+H",), "Attribution",
           lambda v, c: v.change_heat(shown=not v.heat.shown), checked=lambda v, c: v.heat.shown),
    Action("heat-method", "Method of attribution: the next", ("Ctrl+Alt+Shift+M",), "Attribution",
           lambda v, c: v.change_heat(method=cycle(tuple(METHODS), v.heat.method))),
    Action("heat-contour", "Contour of the heat: none, 25, 50, 75 %", ("Ctrl+Alt+Shift+C",), "Attribution",
           lambda v, c: v.change_heat(contour=cycle(tuple(CONTOUR_LABELS), v.heat.contour))),
    Action("heat-hold", "Hold the class that looks, or follow the most probable", ("Ctrl+Alt+Shift+K",), "Attribution", _hold,
           checked=lambda v, c: v.heat.target is HeatTarget.CLASS),
    Action("heat-unit", "Where the unit looks, or the class", ("Ctrl+Alt+Shift+U",), "Attribution",
           lambda v, c: v.change_heat(target=HeatTarget.TOP if v.heat.target is HeatTarget.UNIT else HeatTarget.UNIT),
           checked=lambda v, c: v.heat.target is HeatTarget.UNIT),
    Action("heat-box", "Draw the box of the pointing game, or do not", ("Ctrl+Alt+Shift+B",), "Attribution",
           command=calls(HeatMaps, HeatMaps.ask_box)),
    Action("heat-box-remove", "Remove the box of the pointing game", ("Ctrl+Alt+Shift+X",), "Attribution", command=remove_box),
)  # fmt: skip

FEATURE = Feature(name="attribution", make=_make, actions=ACTIONS)
