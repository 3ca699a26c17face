"""Panels on their way from the window into the figure: placed, and captured anew."""

from __future__ import annotations

from zfdesk.desk.figure.bench import Bench
from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.figure.grid import Target
from zfdesk.pages.composition import Captures, Slot, filled, free_place, inserted, lacking, placed
from zfdesk.pages.panels import FIXED, NOT_AGAIN, CannotError, PanelSpec, why_not


class PlacingCommands:
    """Commands that place panels and refresh them from the window."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.draft, self.grid = bench, bench.draft, bench.grid

    def place(self, spec: PanelSpec, target: Target | None = None) -> None:
        """Capture a panel from the window now, and put it there, or where there is room."""
        reason = why_not(spec, sources_of(self.bench.context))
        if reason:
            self.bench.say(reason, True)
            return
        where = target or Target(*free_place(self.draft.now))
        self.grid.pending.append((where.row, where.column))

        def put(found: Captures) -> None:
            captured = found[spec]
            if isinstance(captured, CannotError):
                self.bench.say(str(captured), True)
                return
            composition = self.draft.now
            at = target or Target(*free_place(composition))
            if at.insert:
                composition = inserted(composition, *at.line)
            made = placed(composition, Slot(spec).showing(captured), at.row, at.column)
            chosen = next(index for index, slot in enumerate(made.slots) if slot.panel is captured.panel)
            self.draft.change(made, chosen)

        def ended() -> None:
            self.grid.pending.remove((where.row, where.column))
            self.grid.update()

        self.bench.capture([spec], put, ended)

    def place_here(self) -> None:
        """The panel that is chosen in the list, at the cursor of the grid."""
        spec = self.bench.panels.spec_at(self.bench.panels.currentItem())
        if spec is None:
            self.bench.say("Choose a panel in the list first.", True)
        else:
            self.place(spec, Target(*self.grid.cursor_place))

    def refresh_chosen(self) -> None:
        """The chosen panel anew, of what the window shows now."""
        index = self.draft.chosen
        if index < 0:
            self.bench.say("Choose a panel first, or refresh all.", True)
            return
        self._refresh([index])

    def refresh_all(self) -> None:
        """Every panel anew, all of one and the same frame."""
        self._refresh(list(range(len(self.draft.now.slots))))

    def _refresh(self, indices: list[int]) -> None:
        slots = [self.draft.now.slots[index] for index in indices]
        wanted = [(slot.spec, slot.row, slot.column) for slot in slots if slot.spec.kind is not FIXED]
        if not wanted:
            self.bench.say(NOT_AGAIN, True)
            return

        def show(found: Captures) -> None:
            now = self.draft.now
            only = [i for i, slot in enumerate(now.slots) if (slot.spec, slot.row, slot.column) in wanted]
            self.draft.change(filled(now, found, only))
            reasons = lacking(found)
            anew = f"{len(only)} panels are captured anew." if len(only) != 1 else "The panel is captured anew."
            self.bench.say(reasons[0] if reasons else anew, bool(reasons))

        self.bench.capture([spec for spec, _, _ in wanted], show)


__all__ = ["PlacingCommands"]
