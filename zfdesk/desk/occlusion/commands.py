"""What the actions of the sweep do outside the view."""

from __future__ import annotations

from functools import partial

from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Panes
from zfdesk.desk.occlusion.controller import Sweeps
from zfdesk.desk.occlusion.pane import SweepPane
from zfdesk.desk.widgets.save_dialog import ask_where


def start_sweep(context: AppContext) -> None:
    """Sweep the occluder over what is shown now."""
    _show_sweep(context)
    context.get(Sweeps).start()


def cancel_or_resume_sweep(context: AppContext) -> None:
    """End the sweep that runs, or go on with the one that was ended."""
    if context.get(Sweeps).running:
        context.get(Sweeps).cancel()
    elif context.get(Sweeps).can_resume:
        context.get(Sweeps).resume()
    else:
        context.show_message("No sweep is running, and none was left unfinished.")


def live_sweep(context: AppContext) -> None:
    """Turn the live sweep on or off."""
    view = context.state.view
    if not view.sweep.live:
        _show_sweep(context)
    context.state.change(view.change_sweep(live=not view.sweep.live))


def find_sweep_class(context: AppContext) -> None:
    """Put the cursor into the pane's class chooser."""
    _show_sweep(context)
    chooser = context.get(SweepPane).controls.class_field
    chooser.setFocus()
    chooser.selectAll()


def occlude_largest_drop(context: AppContext) -> None:
    """The live occluder goes to where the class falls most."""
    sweeps = context.get(Sweeps)
    if sweeps.swept is None or sweeps.swept.sweep is None:
        context.show_message("There is no sweep yet that would know where: sweep first.")
        return
    sweep, class_index = sweeps.swept.sweep, sweeps.class_index
    drop, occluder = sweep.largest_drop(class_index)
    sweeps.place(occluder)
    name = sweep.model.classes[class_index]
    if drop > 0:
        context.show_message(f"Covered there, {name} falls most: by {drop * 100:.1f} points.")
    else:
        context.show_message(f"No position lowers {name}; this one raises it least.")


def save_sweep_figure(context: AppContext) -> None:
    """Ask for a place and save Fig. 7's row."""
    from zfdesk.desk.occlusion.files import write_figure
    from zfdesk.desk.widgets.page_files import FIGURE_KINDS

    if path := _sweep_path(context, "figure 7", "zfdesk-occlusion.pdf", FIGURE_KINDS):
        context.get(Sweeps).save(path, partial(write_figure, settings=context.state.view.sweep))


def save_sweep_arrays(context: AppContext) -> None:
    """Ask for a place and save the raw values."""
    from zfdesk.desk.occlusion.files import ARRAY_KINDS, write_arrays

    if path := _sweep_path(context, "arrays", "zfdesk-occlusion.npz", ARRAY_KINDS, ".npz"):
        context.get(Sweeps).save(path, write_arrays)


def _sweep_path(context: AppContext, label: str, name: str, kinds: str, suffix: str = "") -> str:
    if context.get(Sweeps).swept is None:
        context.show_message("There is no sweep to save yet.", error=True)
        return ""
    return ask_where(context, f"Save the sweep: {label}", name, kinds, suffix)[0]


def _show_sweep(context: AppContext) -> None:
    context.get(Panes).show(SweepPane.title)
