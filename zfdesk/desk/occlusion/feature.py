"""The occlusion sweep: where is the evidence? (Zeiler & Fergus, Fig. 7)"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from zfdesk.desk.actions import Action, cycle
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Area, ExampleView, Feature, PaneSpec, SessionPart
from zfdesk.desk.occlusion.commands import (
    cancel_or_resume_sweep,
    find_sweep_class,
    live_sweep,
    occlude_largest_drop,
    save_sweep_arrays,
    save_sweep_figure,
    start_sweep,
)
from zfdesk.desk.occlusion.controller import Sweeps
from zfdesk.desk.occlusion.pane import SweepPane
from zfdesk.live import SweepMap, SweepUnit, View
from zfdesk.session import kept_sweep

if TYPE_CHECKING:
    from zfdesk.pages.panels import Sources
    from zfdesk.session import Reopened, Session


def _make(context: AppContext) -> None:
    context.add(Sweeps(context))


def _connect(context: AppContext) -> None:
    context.get(SweepPane).square_hovered.connect(context.outlined)


def _figure(context: AppContext, sources: Sources) -> Sources:
    from zfdesk.pages.panels_sweep import SweepShown

    sweeps, swept = context.get(Sweeps), context.get(Sweeps).swept
    if swept is None or swept.sweep is None or swept.input.model is not context.state.model:
        return sources
    return sources.having(SweepShown(swept, sweeps.unit, sweeps.class_index, context.state.view.sweep))


def _key(context: AppContext) -> object:
    """A running sweep changes all the time: it is kept when it rests."""
    sweeps = context.get(Sweeps)
    return None if sweeps.running else sweeps.swept


def _keep(context: AppContext, session: Session) -> Session:
    kept, note = kept_sweep(context.get(Sweeps).swept, context.state.model)
    return replace(session, sweep=kept, notes=(*session.notes, *((note,) if note else ())))


def _restore(context: AppContext, reopened: Reopened) -> None:
    if reopened.swept is not None:
        context.get(Sweeps).restore(reopened.swept)


ACTIONS = (
    Action("sweep", "Sweep the occluder over the picture", ("Ctrl+X",), "Sweep", command=start_sweep, also="occlusion heat map heatmap sensitivity saliency"),
    Action("sweep-cancel", "Cancel the sweep, or go on with it", ("Ctrl+Shift+X",), "Sweep", command=cancel_or_resume_sweep),
    Action("sweep-live", "Live sweep of the newest frame, on a coarse grid", ("V",), "Sweep", command=live_sweep, checked=lambda v, c: v.sweep.live, also="occlusion heat map heatmap"),
    Action("sweep-map", "Map of the sweep: all, activation, reconstruction, probability, label", ("Shift+V",), "Sweep",
           lambda v, c: v.change_sweep(shown=cycle(tuple(SweepMap), v.sweep.shown)), also="occlusion heat map heatmap"),
    Action("sweep-change", "Values of the sweep as change from clean", ("Ctrl+Shift+V",), "Sweep",
           lambda v, c: v.change_sweep(change=not v.sweep.change), checked=lambda v, c: v.sweep.change),
    Action("sweep-contour", "Contour at half the clean value", ("Y",), "Sweep",
           lambda v, c: v.change_sweep(contour=not v.sweep.contour), checked=lambda v, c: v.sweep.contour),
    Action("sweep-unit", "Unit of the sweep: the highest total, or the selected", ("Ctrl+Shift+Y",), "Sweep",
           lambda v, c: v.change_sweep(unit=cycle(tuple(SweepUnit), v.sweep.unit))),
    Action("sweep-class", "Class of the sweep…", ("Ctrl+/",), "Sweep", command=find_sweep_class),
    Action("sweep-drop", "Occluder to where the class falls most", ("Ctrl+Return",), "Sweep", command=occlude_largest_drop),
    Action("sweep-figure", "Save the sweep as a figure (Fig. 7)…", ("Ctrl+Shift+F",), "Sweep", command=save_sweep_figure, also="export pdf svg heat map"),
    Action("sweep-arrays", "Save the sweep as arrays…", ("Ctrl+Shift+A",), "Sweep", command=save_sweep_arrays, also="export numpy npz values"),
)

EXAMPLE = ExampleView(
    5, "Where the cat is seen (Fig. 7)",
    "A grey square is swept over the cat, and each map fills where the square's centre was: look where (d), the class's "
    "probability, falls, and which label (e) stands there instead.",
    0.0, View(layer="conv5", unit=2), start_sweep,
)  # fmt: skip

FEATURE = Feature(
    name="occlusion",
    make=_make,
    connect=_connect,
    panes=(PaneSpec("Sweep", Area.CENTRE, SweepPane, figure=_figure),),
    actions=ACTIONS,
    examples=(EXAMPLE,),
    session=SessionPart(_key, _keep, _restore),
)
