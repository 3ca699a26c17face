"""What is being put together, with undo: edits are functions Composition → Composition, kept in one list."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from zfdesk.desk.history import History
from zfdesk.figures.page import Page
from zfdesk.pages.composition import Composition

MOST_UNDO = 100
MERGE_SECONDS = 1.0  # edits of one kind in quick succession are one step


class Draft(QObject):
    """The composition and the ones before it. ``chosen``: the index of the chosen slot, or −1."""

    changed = Signal()
    chosen_changed = Signal()

    def __init__(self, composition: Composition) -> None:
        super().__init__()
        self.now = composition
        self.chosen = -1
        self._history: History[tuple[Composition, int]] = History(MOST_UNDO, MERGE_SECONDS)
        self._page: tuple[Composition, Page | None, str] | None = None

    def change(self, composition: Composition, chosen: int | None = None, kind: str = "") -> None:
        """Go on to another composition; ``chosen``: what is chosen from now on."""
        if composition is self.now:
            return
        self._history.step((self.now, self.chosen), kind)
        self._show(composition, self.chosen if chosen is None else chosen)

    def replace(self, composition: Composition) -> None:
        """Another composition in place of this one, which nobody would want to come back to."""
        self._show(composition, self.chosen)

    def choose(self, index: int) -> None:
        """Choose a slot, or none with −1."""
        index = index if 0 <= index < len(self.now.slots) else -1
        if index != self.chosen:
            self.chosen = index
            self.chosen_changed.emit()

    def undo(self) -> bool:
        """Back; whether there was anything."""
        return self._go(self._history.undo((self.now, self.chosen)))

    def redo(self) -> bool:
        """Redo the edit that was undone last; False where there is none."""
        return self._go(self._history.redo((self.now, self.chosen)))

    @property
    def can_undo(self) -> bool:
        """Whether there is something to go back to."""
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is something to go forward to."""
        return self._history.can_redo

    def page(self) -> Page | None:
        """The page of the composition, the same object as long as that is the same; None where there is none."""
        return self._made()[1]

    def reason(self) -> str:
        """Why there is no page; "" where there is one."""
        return self._made()[2]

    def _made(self) -> tuple[Composition, Page | None, str]:
        if self._page is None or self._page[0] is not self.now:
            try:
                self._page = self.now, self.now.page(), ""
            except ValueError as error:
                self._page = self.now, None, str(error)
        return self._page

    def _go(self, there: tuple[Composition, int] | None) -> bool:
        if there is not None:
            self._show(*there)
        return there is not None

    def _show(self, composition: Composition, chosen: int) -> None:
        self.now = composition
        self.chosen = chosen if 0 <= chosen < len(composition.slots) else -1
        self.changed.emit()


__all__ = ["Draft"]
