"""What a figure is made of: a kind of panel is declared once, as a `PanelKind`, and captured from what is shown.

    _lines = part_of(AnswerLines, "No answer has come yet.")
    ANSWER = PanelKind("my answer", "The network", "My answer", _capture_answer, _lines)

is all there is to a kind; it stands in a module of its feature and has its place in the list of
`zfdesk.pages.panel_kinds`. What it is made from comes from `Sources`: the result that the window shows, or what a pane
adds of its own, by its type::

    def figure(context: AppContext, sources: Sources) -> Sources:       # `figure=` of the pane's PaneSpec
        return sources.having(context.get(AnswerLog).lines())           # a frozen dataclass, say AnswerLines

    def _capture_answer(spec: PanelSpec, sources: Sources) -> Captured: # in any thread
        lines = _lines(spec, sources)
        ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from zfdesk.engine import Rule
from zfdesk.figures.panels import Panel
from zfdesk.live import Computation, Demand, Result
from zfdesk.sources import frame_of_text

T = TypeVar("T")


class CannotError(ValueError):
    """A panel that cannot be had, with the reason in a sentence."""


@dataclass(frozen=True, eq=False)
class Sources:
    """What panels are captured from. ``compared``: the result once more with its unit clean and covered, from one seed.

    ``parts``: what panes add, by its type. Raises TypeError for one under another type.
    """

    result: Result | None = None
    compared: Result | None = None
    parts: Mapping[type, Any] = field(default_factory=dict)

    def live(self) -> Result:
        """The result that the window shows. Raises CannotError before there is a picture."""
        if self.result is None:
            raise CannotError("No picture has come yet.")
        return self.result

    def get(self, kind: type[T]) -> T | None:
        """What a pane added of that type."""
        return self.parts.get(kind)

    def having(self, part: object | None) -> Sources:
        """The same with what a pane adds; None adds nothing."""
        return self if part is None else replace(self, parts={**self.parts, type(part): part})

    def __post_init__(self) -> None:
        for kind, part in self.parts.items():
            if type(part) is not kind:
                raise TypeError(f"{part!r} is no {kind.__name__}")


@dataclass(frozen=True, eq=False)
class Captured:
    """A panel as it is now. ``label``: words above it. ``origin``: of which frame, or sweep, or network it is.

    ``text``: sentences for the caption beyond the panel's facts.
    """

    panel: Panel
    label: str
    origin: str
    text: str = ""


@dataclass(frozen=True)
class PanelSpec:
    """What a place of a figure shows. ``number``: which of several, such as pinned units."""

    kind: PanelKind
    number: int = 0


def _nothing(spec: PanelSpec, sources: Sources) -> None:
    """There is always what the panel is captured from."""


@dataclass(frozen=True, eq=False)
class PanelKind:
    """One kind of panel. ``name``: in a layout's file, for ever. ``group``: the heading it is listed under; "": not.

    ``text``: what people call it; ``short``: the same under its heading. ``capture``: makes it, in any thread; a
    ValueError says why it cannot. ``needs``: finds what it is captured from, without computing anything; CannotError
    says why it is not there. ``columns``: how many it wants. ``about_unit``: whether the unit that its facts name is
    its subject, for the caption. ``title``: what one of several is called; ``count``: how many there are.
    """

    name: str
    group: str
    text: str
    capture: Callable[[PanelSpec, Sources], Captured]
    needs: Callable[[PanelSpec, Sources], object] = _nothing
    columns: int = 1
    about_unit: bool = True
    short: str = ""
    title: Callable[[PanelSpec, Sources], str] | None = None
    count: Callable[[Sources], int] | None = None

    def specs(self, sources: Sources) -> list[PanelSpec]:
        """One, or as many as there are of it."""
        return [PanelSpec(self, number) for number in range(max(self.count(sources), 1) if self.count else 1)]


NOT_AGAIN = "It was made by a template or comes from a file: take that again."


def _fixed(spec: PanelSpec, sources: Sources) -> Captured:
    raise CannotError(NOT_AGAIN)


FIXED = PanelKind("fixed", "", "Panel as it was made", _fixed, _fixed)
"""Of a template or a file: it stays as it is."""


def completed(sources: Sources) -> Sources:
    """The same with all that panels need computed, of the same frame: it takes a tenth of a second, not in the window's
    thread. Raises ValueError or ArithmeticError where the view asks for what cannot be."""
    if sources.result is None:
        return sources
    request, computation = sources.result.request, Computation()
    demand = Demand(layers=False, methods=tuple(Rule))
    *_, result = computation.run(replace(request, demand=demand))
    compared = None
    if result.occluded:
        *_, compared = computation.run(replace(request, demand=replace(demand, methods=(), compare=True, maps=False)))
    return replace(sources, result=result, compared=compared)


def capture(spec: PanelSpec, sources: Sources) -> Captured:
    """The panel as it is now. ``sources``: `completed`. Raises CannotError."""
    try:
        spec.kind.needs(spec, sources)
        return spec.kind.capture(spec, sources)
    except CannotError:
        raise
    except ValueError as error:
        raise CannotError(str(error)) from None


def why_not(spec: PanelSpec, sources: Sources) -> str:
    """Why a panel cannot be had, as far as that is known without computing anything; "" when it may be."""
    try:
        spec.kind.needs(spec, sources)
    except CannotError as error:
        return str(error)
    return ""


def panel_text(spec: PanelSpec, sources: Sources) -> str:
    """What a panel is called under the heading of its group."""
    kind = spec.kind
    return (kind.title(spec, sources) if kind.title else "") or kind.short or kind.text


def frame_text(result: Result) -> str:
    """frame 1203 of demo."""
    frame = result.request.frame
    return frame_of_text(frame.number, frame.origin)


def part_of(kind: type[T], missing: str) -> Callable[[PanelSpec, Sources], T]:
    """What a pane adds of that type, found for a panel; ``missing`` says why it is not there."""

    def part(spec: PanelSpec, sources: Sources) -> T:
        if (found := sources.get(kind)) is None:
            raise CannotError(missing)
        return found

    return part


def live_result(spec: PanelSpec, sources: Sources) -> Result:
    """The result that the window shows, found for a panel. Raises CannotError before there is a picture."""
    return sources.live()


__all__ = ["FIXED", "NOT_AGAIN", "CannotError", "Captured", "PanelKind", "PanelSpec", "Sources", "capture",
           "completed", "frame_text", "live_result", "panel_text", "part_of", "why_not"]  # fmt: skip
