"""A figure being put together: panels in a grid, frozen as they were captured. Every edit gives another one.

    spec = PanelSpec(PICTURE)
    composition = placed(Composition(), Slot(spec).showing(capture(spec, sources)), 0, 0)
    page = composition.page()

A layout is a composition without what it shows: `refreshed` fills it from another view.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from zfdesk.figures.captions import PanelFacts, joint_caption
from zfdesk.figures.page import Cell, Page, PageSize, letter
from zfdesk.figures.panels import Panel
from zfdesk.pages.panels import FIXED, CannotError, Captured, PanelSpec, Sources, capture
from zfdesk.pages.view_page import page_title

MOST = 12
"""Rows and columns that can be made by hand; a template may have more."""
DPI = 300
NARROWEST, WIDEST = 0.2, 5.0
"""Of a column, as a share of an equal one."""
GridPlace = tuple[int, int]
Rectangle = tuple[int, int, int, int]
"""Row, column, rows, columns."""
Captures = Mapping[PanelSpec, Captured | CannotError]
"""Panels as they are now, or why they cannot be had."""


@dataclass(frozen=True, eq=False)
class Slot:
    """A place of the grid and what it shows. ``panel``: None where it cannot be had, for a ``reason``.

    ``label``: by hand where ``by_hand``, else the panel's ``own``. ``origin``: of which frame it is. ``text``:
    sentences for the caption. ``name``: of its arrays in a file, where a template gives it one.
    """

    spec: PanelSpec
    row: int = 0
    column: int = 0
    rows: int = 1
    columns: int = 1
    panel: Panel | None = None
    label: str = ""
    own: str = ""
    by_hand: bool = False
    origin: str = ""
    text: str = ""
    reason: str = ""
    name: str = ""

    def showing(self, captured: Captured) -> Slot:
        """The slot with another content; a label by hand stays."""
        label = self.label if self.by_hand else captured.label
        return replace(
            self, panel=captured.panel, label=label, own=captured.label, origin=captured.origin, text=captured.text,
            reason="",
        )  # fmt: skip

    def covers(self, row: int, column: int) -> bool:
        """Whether the place belongs to it."""
        return self.row <= row < self.row + self.rows and self.column <= column < self.column + self.columns

    @property
    def rectangle(self) -> Rectangle:
        """Row, column, rows, columns."""
        return self.row, self.column, self.rows, self.columns

    @property
    def title(self) -> str:
        """What it is, in a word or two."""
        return self.label or self.spec.kind.text


@dataclass(frozen=True)
class Arrangement:
    """Where slots stand, one after the other, and the columns' widths."""

    places: tuple[Rectangle, ...]
    widths: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Composition:
    """A figure. ``title``, ``caption``: by hand, or None for what is written from the facts.

    ``widths``: relative widths of the columns, () for equal ones. ``dpi``: of a PNG. ``template``: the page it is while
    its panels are those of a template, whose own title and caption it then has. ``arranged``: how a template arranged
    it for two columns.
    """

    slots: tuple[Slot, ...] = ()
    size: PageSize = "two-column"
    title: str | None = None
    caption: str | None = None
    captioned: bool = True
    letters: bool = True
    widths: tuple[float, ...] = ()
    dpi: int = DPI
    template: Page | None = None
    arranged: Arrangement | None = None

    @property
    def shape(self) -> GridPlace:
        """Rows and columns."""
        rows = max((slot.row + slot.rows for slot in self.slots), default=0)
        return rows, max((slot.column + slot.columns for slot in self.slots), default=0)

    def at(self, row: int, column: int) -> int | None:
        """The index of the slot that has a place."""
        return next((index for index, slot in enumerate(self.slots) if slot.covers(row, column)), None)

    @property
    def order(self) -> list[int]:
        """The slots that are drawn, in reading order, which is that of their letters."""
        shown = [index for index, slot in enumerate(self.slots) if slot.panel is not None]
        return sorted(shown, key=lambda index: (self.slots[index].row, self.slots[index].column))

    def letter_of(self, index: int) -> str:
        """(a), or "" where there are no letters or nothing is shown."""
        if not self.letters or index not in (order := self.order):
            return ""
        return f"({letter(order.index(index))})"

    @property
    def origins(self) -> list[str]:
        """Of which frames the panels are; more than one is worth a word."""
        shown = [self.slots[index].origin.removeprefix("sweep of ") for index in self.order]
        return list(dict.fromkeys(origin for origin in shown if origin.startswith("frame ")))

    @property
    def coverings(self) -> int:
        """In how many ways what was covered differs among the panels that are of a frame."""
        shown = [self.slots[index] for index in self.order]
        of_frames = [slot.panel for slot in shown if slot.origin.startswith("frame ")]
        return len({panel.facts.occluders for panel in of_frames if panel is not None})

    @property
    def written_title(self) -> str:
        """From the facts."""
        if (page := self._of_template()) is not None:
            return page.title
        shown = [self.slots[index].panel for index in self.order]
        facts = [panel.facts for panel in shown if panel is not None]
        fullest = max(facts, key=lambda known: (bool(known.picture), bool(known.layer)), default=None)
        return page_title(fullest) if fullest is not None and fullest.picture else "Figure"

    @property
    def written_caption(self) -> str:
        """From the facts of all panels."""
        if (page := self._of_template()) is not None:
            return page.caption
        known = []
        for index in self.order:
            slot = self.slots[index]
            assert slot.panel is not None
            name = self.letter_of(index) or slot.title
            known.append(PanelFacts(name, slot.panel.facts, slot.text, slot.spec.kind.about_unit))
        return joint_caption(known)

    def _of_template(self) -> Page | None:
        """The template's page, where the panels are still its own and in its order."""
        if self.template is None:
            return None
        now = [self.slots[index].panel for index in self.order]
        its = [cell.panel for cell in self.template.cells]
        same = len(now) == len(its) and all(one is other for one, other in zip(now, its, strict=True))
        return self.template if same and self.letters == self.template.letters else None

    def page(self) -> Page:
        """As it is drawn and written. Raises ValueError, also for one that shows nothing."""
        if not (order := self.order):
            raise ValueError("There is nothing on the page yet.")
        cells, names = [], set()
        for index in order:
            slot = self.slots[index]
            assert slot.panel is not None
            name = slot.name if slot.name not in names else ""
            names.add(name)
            cells.append(Cell(slot.panel, *slot.rectangle, label=slot.label, name=name))
        across = max(cell.column + cell.columns for cell in cells)
        widths = self.column_widths()[:across] if self.widths else ()
        title = self.written_title if self.title is None else self.title
        caption = self.written_caption if self.caption is None else self.caption
        return Page(tuple(cells), self.size, title, caption, self.captioned, self.letters, widths)

    def column_widths(self) -> tuple[float, ...]:
        """Return the relative width of each column, 1 by default."""
        across = self.shape[1]
        return (*self.widths[:across], *(1.0,) * (across - len(self.widths)))


# Edits


def placed(composition: Composition, slot: Slot, row: int, column: int) -> Composition:
    """With a slot put there: in place of the one that has the place, or as wide as its panel would like to be."""
    there = composition.at(row, column)
    if there is not None:
        slot = _in(slot, composition.slots[there])
        return _with(composition, there, slot)
    row, column = min(row, MOST - 1), min(column, MOST - 1)
    wanted = max(slot.columns, slot.spec.kind.columns)
    slot = _fitted(composition, replace(slot, row=row, column=column, columns=wanted), None)
    return _grown(replace(composition, slots=(*composition.slots, slot)), composition)


def moved(composition: Composition, index: int, row: int, column: int) -> Composition:
    """A slot moved; it changes places with the one that is there."""
    slot, there = composition.slots[index], composition.at(row, column)
    if there == index or not (0 <= row < MOST and 0 <= column < MOST):
        return composition
    if there is not None:
        other = composition.slots[there]
        composition = _with(composition, index, _in(slot, other))
        return _with(composition, there, _in(other, slot))
    slot = _fitted(composition, replace(slot, row=row, column=column), index)
    return _tidied(_grown(_with(composition, index, slot), composition), composition)


def spanned(composition: Composition, index: int, rows: int, columns: int) -> Composition:
    """A slot over more or fewer rows and columns, as far as the places beside it are free."""
    slot = composition.slots[index]
    slot = replace(slot, rows=max(rows, 1), columns=max(columns, 1))
    return _tidied(_grown(_with(composition, index, _fitted(composition, slot, index)), composition), composition)


def removed(composition: Composition, index: int) -> Composition:
    """Without a slot; the rows and columns that it leaves empty go too."""
    slots = composition.slots[:index] + composition.slots[index + 1 :]
    return _tidied(replace(composition, slots=slots), composition)


def widened(composition: Composition, column: int, width: float) -> Composition:
    """A column with another width, as a share of an equal one."""
    widths = list(composition.column_widths())
    widths[column] = min(max(width, NARROWEST), WIDEST)
    return replace(composition, widths=tuple(round(width, 4) for width in widths))


def inserted(composition: Composition, at: int, across: bool) -> Composition:
    """With an empty column, or else row, before that one; slots that reach over it grow."""
    if composition.shape[1 if across else 0] >= MOST:
        return composition
    slots = []
    for slot in composition.slots:
        start, count = (slot.column, slot.columns) if across else (slot.row, slot.rows)
        start, count = (start + 1, count) if start >= at else (start, count + (start + count > at))
        slots.append(replace(slot, column=start, columns=count) if across else replace(slot, row=start, rows=count))
    widths = composition.widths
    if across and widths:
        every = composition.column_widths()
        widths = (*every[:at], sum(every) / len(every), *every[at:])
    return replace(composition, slots=tuple(slots), widths=widths)


def labelled(composition: Composition, index: int, label: str | None) -> Composition:
    """A slot with a label by hand; None: its own again."""
    slot = composition.slots[index]
    if label is None:
        return _with(composition, index, replace(slot, label=slot.own, by_hand=False))
    return _with(composition, index, replace(slot, label=label, by_hand=True))


def refreshed(composition: Composition, sources: Sources, only: Sequence[int] | None = None) -> Composition:
    """Its panels captured anew, all from the same sources (`zfdesk.pages.panels.completed`); what is fixed stays.

    only: the slots to capture. A panel that cannot be had any more is blank on the page and says why.
    """
    wanted = [slot.spec for slot in composition.slots] if only is None else [composition.slots[i].spec for i in only]
    return filled(composition, captured_of(wanted, sources), only)


def captured_of(specs: Iterable[PanelSpec], sources: Sources) -> Captures:
    """Each panel that is not fixed as it is now, or why it cannot be had; of `completed` sources."""
    found: dict[PanelSpec, Captured | CannotError] = {}
    for spec in specs:
        if spec.kind is not FIXED and spec not in found:
            try:
                found[spec] = capture(spec, sources)
            except CannotError as error:
                found[spec] = error
    return found


def lacking(captured: Captures) -> list[str]:
    """Why panels cannot be had, of those that cannot."""
    return [str(reason) for reason in captured.values() if isinstance(reason, CannotError)]


def filled(composition: Composition, captured: Captures, only: Iterable[int] | None = None) -> Composition:
    """Its slots with what was captured for them. only: the slots to fill."""
    slots, indices = list(composition.slots), None if only is None else set(only)
    for index, slot in enumerate(slots):
        found = captured.get(slot.spec) if indices is None or index in indices else None
        if isinstance(found, CannotError):
            slots[index] = replace(slot, panel=None, reason=str(found), origin="")
        elif found is not None:
            slots[index] = slot.showing(found)
    return replace(composition, slots=tuple(slots))


def of_page(page: Page, origin: str = "", specs: Callable[[int], PanelSpec] | None = None) -> Composition:
    """A template's or a file's page as a composition. specs: what its cells are of, else they are fixed."""
    slots = tuple(
        Slot(
            specs(index) if specs else PanelSpec(FIXED), cell.row, cell.column, cell.rows, cell.columns, cell.panel,
            cell.label, cell.label, origin=origin, name=cell.name,
        )
        for index, cell in enumerate(page.cells)
    )  # fmt: skip
    return Composition(slots, page.size, None, None, page.captioned, page.letters, page.widths, template=page)


def free_place(composition: Composition) -> GridPlace:
    """The first empty place, row by row; else the end of the first row, or a new row where it is long."""
    rows, columns = composition.shape
    for row in range(rows):
        for column in range(columns):
            if composition.at(row, column) is None and (not composition.widths or composition.widths[column] > 0.5):
                return row, column
    return (0, columns) if rows <= 1 and columns < 4 else (rows, 0)


def _in(slot: Slot, other: Slot) -> Slot:
    """A slot in the place of another."""
    return replace(slot, row=other.row, column=other.column, rows=other.rows, columns=other.columns)


def _with(composition: Composition, index: int, slot: Slot) -> Composition:
    slots = list(composition.slots)
    slots[index] = slot
    return replace(composition, slots=tuple(slots))


def _fitted(composition: Composition, slot: Slot, index: int | None) -> Slot:
    """As large as it wants, as far as no other slot and no end of the grid is in the way: columns first, then rows."""
    others = [other for place, other in enumerate(composition.slots) if place != index]

    def free(row: int, first: int, count: int) -> bool:
        return not any(other.covers(row, column) for other in others for column in range(first, first + count))

    columns = min(slot.columns, MOST - slot.column)
    while columns > 1 and not free(slot.row, slot.column, columns):
        columns -= 1
    rows = 1
    while rows < min(slot.rows, MOST - slot.row) and free(slot.row + rows, slot.column, columns):
        rows += 1
    return replace(slot, rows=rows, columns=columns)


def _grown(composition: Composition, before: Composition) -> Composition:
    """With a width for each new column, where the columns have widths."""
    return replace(composition, widths=composition.column_widths()) if before.widths else composition


def _tidied(composition: Composition, before: Composition) -> Composition:
    """Without the rows and columns that had something in them before and no longer have."""
    rows, columns = _used(composition)
    gone_rows, gone_columns = _used(before)[0] - rows, _used(before)[1] - columns
    widths = composition.widths
    if widths:
        every = (*before.column_widths(), *composition.column_widths()[before.shape[1] :])
        widths = tuple(width for column, width in enumerate(every) if column not in gone_columns)
    slots = tuple(
        replace(
            slot,
            row=slot.row - sum(gone < slot.row for gone in gone_rows),
            column=slot.column - sum(gone < slot.column for gone in gone_columns),
        )
        for slot in composition.slots
    )
    tidy = replace(composition, slots=slots, widths=widths)
    return replace(tidy, widths=tidy.column_widths() if widths else ())


def _used(composition: Composition) -> tuple[set[int], set[int]]:
    rows = {row for slot in composition.slots for row in range(slot.row, slot.row + slot.rows)}
    return rows, {column for slot in composition.slots for column in range(slot.column, slot.column + slot.columns)}
