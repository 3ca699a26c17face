"""Panels of where a class or a unit looks: what lies over the picture, the methods side by side, the sanity check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from zfdesk.experiments.curves import InsertionDeletion
from zfdesk.figures.page import Page
from zfdesk.live import HeatFound, HeatSettings
from zfdesk.pages.heat_pages import agreement_text, heat_panel, heat_text, method_label
from zfdesk.pages.panels import CannotError, Captured, PanelKind, PanelSpec, Sources

GROUP = "Where a class looks"


@dataclass(frozen=True, eq=False)
class HeatShown:
    """What the window shows of it. ``over``: the picture; ``beside``: the methods side by side, and their ``curves``
    where they were measured; ``sanity``: the page of the check, where it was made."""

    look: HeatSettings
    colours: str
    over: HeatFound | None = None
    beside: HeatFound | None = None
    sanity: Page | None = None
    curves: Mapping[str, InsertionDeletion] = field(default_factory=dict)


def _over(spec: PanelSpec, sources: Sources) -> tuple[HeatShown, HeatFound]:
    shown = sources.get(HeatShown)
    if shown is None or shown.over is None:
        raise CannotError("No heat lies over the picture: press Ctrl+Shift+H in the window.")
    if shown.over.reasons:
        raise CannotError(next(iter(shown.over.reasons.values())))
    return shown, shown.over


def _capture_heat(spec: PanelSpec, sources: Sources) -> Captured:
    shown, over = _over(spec, sources)
    return _captured(shown, over, next(iter(over.found)))


def _beside(spec: PanelSpec, sources: Sources) -> tuple[HeatShown, HeatFound]:
    shown = sources.get(HeatShown)
    if shown is None or shown.beside is None:
        raise CannotError("No methods were set side by side: open that pane, Ctrl+Alt+Shift+H.")
    if spec.number >= len(shown.beside.found):
        reasons = iter(shown.beside.reasons.values())
        raise CannotError(next(reasons, "There are not so many methods side by side."))
    return shown, shown.beside


def _capture_method(spec: PanelSpec, sources: Sources) -> Captured:
    shown, beside = _beside(spec, sources)
    return _captured(shown, beside, list(beside.found)[spec.number])


def _captured(shown: HeatShown, found: HeatFound, name: str) -> Captured:
    note = (
        "; ".join(agreement_text(found, name, shown.look.box, shown.curves.get(name))) if found is shown.beside else ""
    )
    panel = heat_panel(found, name, shown.look, shown.colours, note)
    return Captured(panel, method_label(found.found[name]), found.frame_text(), heat_text(found, name))


def _method_title(spec: PanelSpec, sources: Sources) -> str:
    shown = sources.get(HeatShown)
    made = list(shown.beside.found.values()) if shown is not None and shown.beside is not None else []
    return method_label(made[spec.number]) if spec.number < len(made) else ""


def _methods_count(sources: Sources) -> int:
    shown = sources.get(HeatShown)
    return len(shown.beside.found) if shown is not None and shown.beside is not None else 0


def _sanity(spec: PanelSpec, sources: Sources) -> Page:
    shown = sources.get(HeatShown)
    if shown is None or shown.sanity is None:
        raise CannotError("The sanity check was not made: Ctrl+Alt+Shift+S.")
    return shown.sanity


def _capture_sanity(spec: PanelSpec, sources: Sources) -> Captured:
    page = _sanity(spec, sources)
    cell = page.cells[-1]
    return Captured(cell.panel, cell.label, "the sanity check", page.caption)


HEAT = PanelKind("heat", GROUP, "Over the picture", _capture_heat, _over, about_unit=False)
HEAT_METHOD = PanelKind(
    "heat, a method side by side", GROUP, "A method side by side", _capture_method, _beside, about_unit=False,
    title=_method_title, count=_methods_count,
)  # fmt: skip
SANITY = PanelKind("sanity check", GROUP, "Sanity check", _capture_sanity, _sanity, columns=2, about_unit=False)
KINDS = (HEAT, HEAT_METHOD, SANITY)

__all__ = ["HEAT", "HEAT_METHOD", "KINDS", "SANITY", "HeatShown"]
