"""Panels on their way from the window into the figure: placed, and captured anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from zfdesk.desk.figure.bench import Bench
from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.figure.export import sentence
from zfdesk.desk.figure.grid import Target
from zfdesk.pages.composition import Composition, Slot, captured_of, filled, free_place, inserted, placed
from zfdesk.pages.panels import FIXED, CannotError, Captured, PanelSpec, why_not


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

        def into(composition: Composition) -> Composition:
            at = where if target else Target(*free_place(composition))
            if at.insert:
                composition = inserted(composition, *at.line)
            return placed(composition, Slot(spec), at.row, at.column)

        def ended() -> None:
            self.grid.pending.remove((where.row, where.column))
            self.grid.update()

        self.capture_into(into, [spec], "", ended, place=True)

    def place_here(self) -> None:
        """The panel that is chosen in the list, at the cursor of the grid."""
        spec = self.bench.panels.spec_at(self.bench.panels.currentItem())
        if spec is None:
            self.bench.say("Choose a panel in the list first.", True)
        else:
            self.place(spec, Target(*self.grid.cursor_place))

    def capture_into(
        self, into: Callable[[Composition], Composition], specs: Iterable[PanelSpec], text: str,
        ended: Callable[[], None] = lambda: None, place: bool = False,
    ) -> None:  # fmt: skip
        """Capture panels of one moment, and go on to ``into`` of what there is by then, filled with them."""
        wanted = list(specs)

        def done(found: dict[PanelSpec, Captured | CannotError] | None, error: Exception | None) -> None:
            ended()
            if found is None:
                self.bench.say(sentence(error or ValueError("nothing was captured")), True)
                return
            lacking = [str(reason) for reason in found.values() if isinstance(reason, CannotError)]
            if place and lacking:
                self.bench.say(lacking[0], True)
                return
            then = self.draft.now
            made = into(then)
            only = [i for i, slot in enumerate(made.slots) if not place or not any(slot is old for old in then.slots)]
            if place:
                only = [i for i in only if made.slots[i].panel is None]
            chosen = only[-1] if place and only else None
            self.draft.change(filled(made, found, only), chosen)
            if lacking:
                self.bench.say(f"{len(lacking)} panels cannot be had: {lacking[0]}", True)
            elif text:
                self.bench.say(text)

        self.bench.queue.take(partial(captured_of, wanted), done)

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
            self.bench.say("It was made by a template or comes from a file: take that again.", True)
            return

        def done(found: dict[PanelSpec, Captured | CannotError] | None, error: Exception | None) -> None:
            if found is None:
                self.bench.say(sentence(error or ValueError("nothing was captured")), True)
                return
            now = self.draft.now
            only = [i for i, slot in enumerate(now.slots) if (slot.spec, slot.row, slot.column) in wanted]
            self.draft.change(filled(now, found, only))
            lacking = [str(reason) for reason in found.values() if isinstance(reason, CannotError)]
            said = f"{len(only)} panels are captured anew." if len(only) != 1 else "The panel is captured anew."
            self.bench.say(lacking[0] if lacking else said, bool(lacking))

        self.bench.queue.take(partial(captured_of, [spec for spec, _, _ in wanted]), done)


__all__ = ["PlacingCommands"]
