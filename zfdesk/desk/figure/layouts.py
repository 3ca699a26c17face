"""Layouts that are kept: where panels stand, to be filled from another view."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from zfdesk.desk.context import AppContext
from zfdesk.desk.figure.bench import Bench
from zfdesk.desk.figure.kept import KeptFigure
from zfdesk.desk.settings import FIGURE_LAYOUT, FIGURE_LAYOUTS
from zfdesk.desk.widgets.menu import PopupMenu, literal
from zfdesk.desk.widgets.questions import ask_for_text
from zfdesk.pages.composition import Captures, Composition, filled, lacking
from zfdesk.pages.layout_file import LayoutError, empty_of, from_text, layout_of, to_text
from zfdesk.progress import counted


class LayoutCommands:
    """Commands that keep, apply and forget layouts."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.draft, self.settings = bench, bench.draft, bench.context.settings

    def kept_layouts(self) -> list[str]:
        """The names of the layouts that were kept."""
        return FIGURE_LAYOUTS.names(self.settings)

    def ask_keep_layout(self) -> None:
        """Ask for a name, and keep where the panels stand."""
        name = ask_for_text(self.bench.dialog, "Keep the layout", "Name under which the layout is kept:")
        if name is not None:
            self.keep_layout(name)

    def keep_layout(self, name: str) -> None:
        """Keep where the panels stand under a name."""
        name = "".join(letter for letter in name.strip() if letter.isprintable() and letter not in "/\\")[:60]
        layout = layout_of(self.draft.now)
        if not name or not layout.spots:
            self.bench.say(
                "A layout needs a name." if not name else "There is no panel whose place could be kept.", True
            )
            return
        FIGURE_LAYOUTS.of(name).write(self.settings, to_text(layout))
        left_out = len(self.draft.now.slots) - len(layout.spots)
        rest = f"; {left_out} of a template are left out" if left_out else ""
        self.bench.say(f"Kept as the layout “{name}”{rest}.")

    def forget_layout(self, name: str) -> None:
        """Remove a kept layout."""
        FIGURE_LAYOUTS.of(name).reset(self.settings)
        self.bench.say(f"The layout “{name}” is forgotten.")

    def apply_layout(self, name: str) -> None:
        """The panels of a kept layout, taken from what the window shows now."""
        try:
            empty = empty_of(from_text(FIGURE_LAYOUTS.of(name).read(self.settings)))
        except LayoutError as error:
            self.bench.say(str(error), True)
            return
        self.arrange(empty, f"The layout “{name}”")

    def fill_menu(self, menu: PopupMenu) -> None:
        """Made anew whenever it is opened."""
        menu.clear()
        names = self.kept_layouts()
        for name in names:
            menu.addAction(literal(name), partial(self.apply_layout, name))
        if names:
            menu.addSeparator()
        menu.addAction("Keep this layout…", self.ask_keep_layout)
        if names:
            forget = menu.add_submenu("Forget")
            for name in names:
                forget.addAction(literal(name), partial(self.forget_layout, name))

    def arrange(self, empty: Composition, name: str) -> None:
        """Fill an arrangement from what the window shows, and go on to it."""
        empty = replace(empty, dpi=self.draft.now.dpi)

        def fill(found: Captures) -> None:
            self.draft.change(filled(empty, found))
            reasons = lacking(found)
            cannot = f"{counted(len(reasons), 'panel')} cannot be had: {reasons[0]}" if reasons else ""
            self.bench.say(cannot or f"{name} is filled from the window.", bool(reasons))

        self.bench.capture([slot.spec for slot in empty.slots], fill)


def first_figure(context: AppContext) -> Composition:
    """What the last builder left: its figure in this run of the program, else its layout."""
    kept = context.get(KeptFigure).composition
    if kept is not None:
        return kept
    text = context.recall(FIGURE_LAYOUT)
    try:
        return empty_of(from_text(text)) if text else Composition()
    except LayoutError:  # of another version: nothing of it is needed
        return Composition()


def keep_figure(context: AppContext, composition: Composition) -> None:
    """What the next builder begins with."""
    context.get(KeptFigure).composition = composition
    context.remember(FIGURE_LAYOUT, to_text(layout_of(composition)))


__all__ = ["LayoutCommands", "first_figure", "keep_figure"]
