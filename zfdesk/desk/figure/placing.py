"""Pieces on their way from the window into the figure: placed, and taken anew. Methods of the builder."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial

from zfdesk.desk.figure.capture import material_of
from zfdesk.desk.figure.export import sentence
from zfdesk.desk.figure.grid import Target
from zfdesk.pages.composition import Composition, Slot, filled, free_place, inserted, placed, taken_of
from zfdesk.pages.panels_of_view import CannotError, Kind, Piece, Taken, why_not


class PlacingCommands:
    """Mixed into the builder."""

    def place(self, piece: Piece, target: Target | None = None) -> None:
        """Take a piece from the window now, and put it there, or where there is room."""
        reason = why_not(piece, material_of(self.context))
        if reason:
            self.say(reason, True)
            return
        where = target or Target(*free_place(self.draft.now))
        self.grid.pending.append((where.row, where.column))

        def into(composition: Composition) -> Composition:
            at = where if target else Target(*free_place(composition))
            if at.insert:
                composition = inserted(composition, *at.line)
            return placed(composition, Slot(piece), at.row, at.column)

        def ended() -> None:
            self.grid.pending.remove((where.row, where.column))
            self.grid.update()

        self.take_into(into, [piece], "", ended, place=True)

    def place_here(self) -> None:
        """The piece that is chosen in the list, at the cursor of the grid."""
        piece = self.pieces.piece_at(self.pieces.currentItem())
        if piece is None:
            self.say("Choose a panel in the list first.", True)
        else:
            self.place(piece, Target(*self.grid.cursor_place))

    def take_into(
        self, into: Callable[[Composition], Composition], pieces: Iterable[Piece], words: str,
        ended: Callable[[], None] = lambda: None, place: bool = False,
    ) -> None:  # fmt: skip
        """Take pieces of one moment, and go on to ``into`` of what there is by then, filled with them."""
        before = list(pieces)

        def done(taken: dict[Piece, Taken | CannotError] | None, error: Exception | None) -> None:
            ended()
            if taken is None:
                self.say(sentence(error or ValueError("nothing was taken")), True)
                return
            lacking = [str(reason) for reason in taken.values() if isinstance(reason, CannotError)]
            if place and lacking:
                self.say(lacking[0], True)
                return
            then = self.draft.now
            made = into(then)
            only = [i for i, slot in enumerate(made.slots) if not place or not any(slot is old for old in then.slots)]
            if place:
                only = [i for i in only if made.slots[i].panel is None]
            chosen = only[-1] if place and only else None
            self.draft.change(filled(made, taken, only), chosen)
            if lacking:
                self.say(f"{len(lacking)} panels cannot be had: {lacking[0]}", True)
            elif words:
                self.say(words, False)

        self.taker.take(partial(taken_of, before), done)

    def refresh_chosen(self) -> None:
        """The chosen panel anew, of what the window shows now."""
        index = self.draft.chosen
        if index < 0:
            self.say("Choose a panel first, or refresh all.", True)
            return
        self._refresh([index])

    def refresh_all(self) -> None:
        """Every panel anew, all of one and the same frame."""
        self._refresh(list(range(len(self.draft.now.slots))))

    def _refresh(self, indices: list[int]) -> None:
        slots = [self.draft.now.slots[index] for index in indices]
        wanted = [(slot.piece, slot.row, slot.column) for slot in slots if slot.piece.kind is not Kind.FIXED]
        if not wanted:
            self.say("It was made by a template or comes from a file: take that again.", True)
            return

        def done(taken: dict[Piece, Taken | CannotError] | None, error: Exception | None) -> None:
            if taken is None:
                self.say(sentence(error or ValueError("nothing was taken")), True)
                return
            now = self.draft.now
            only = [i for i, slot in enumerate(now.slots) if (slot.piece, slot.row, slot.column) in wanted]
            self.draft.change(filled(now, taken, only))
            lacking = [str(reason) for reason in taken.values() if isinstance(reason, CannotError)]
            said = f"{len(only)} panels are taken anew." if len(only) != 1 else "The panel is taken anew."
            self.say(lacking[0] if lacking else said, bool(lacking))

        self.taker.take(partial(taken_of, [piece for piece, _, _ in wanted]), done)


__all__ = ["PlacingCommands"]
