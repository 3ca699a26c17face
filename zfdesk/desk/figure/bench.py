"""What the builder's commands work with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from zfdesk.desk.context import AppContext
from zfdesk.desk.figure.capture import CaptureQueue
from zfdesk.desk.figure.draft import Draft
from zfdesk.desk.figure.fields import Fields
from zfdesk.desk.figure.grid import GridCanvas
from zfdesk.desk.figure.page_view import LabelEditor
from zfdesk.desk.figure.panel_list import PanelList
from zfdesk.desk.figure.preview import Preview
from zfdesk.desk.tasks import Progress, error_text
from zfdesk.desk.widgets.dialog import Dialog
from zfdesk.pages.composition import Captures, captured_of
from zfdesk.pages.panels import PanelSpec

NOTHING = "There is nothing on the page yet: place a panel first."


@dataclass(frozen=True, eq=False)
class Bench:
    """The figure that is put together, the parts of its dialog, and how to tell something or to work in the background.

    ``draft``: the figure with its undo; ``queue``: captures panels from the window; ``panels``: the list of what can be
    had; ``grid``: the arrangement; ``preview``: the page; ``editors``: of a label, in the grid and on the page.
    """

    context: AppContext
    dialog: Dialog
    draft: Draft
    queue: CaptureQueue
    panels: PanelList
    grid: GridCanvas
    fields: Fields
    preview: Preview
    editors: tuple[LabelEditor, LabelEditor]

    def say(self, text: str, error: bool = False) -> None:
        """One sentence in the dialog."""
        self.dialog.say(text, error)

    def show_error(self, error: Exception | None) -> None:
        """Say why something failed."""
        self.say(error_text(error, "That did not work"), True)

    def commit(self) -> None:
        """What is being typed counts."""
        for editor in self.editors:
            editor.finish()
        self.fields.take_typed()

    def has_page(self) -> bool:
        """Whether there is anything to write; else it is said."""
        page = self.draft.page()
        if page is None:
            self.say(NOTHING if not self.draft.now.order else self.draft.reason(), True)
        return page is not None

    def capture(self, specs: Iterable[PanelSpec], then: Callable[[Captures], None],
                ended: Callable[[], None] = lambda: None) -> None:  # fmt: skip
        """Take panels of this moment from the window and go on with them; ``ended`` is called in any case."""

        def done(found: Captures | None, error: Exception | None) -> None:
            ended()
            if found is None:
                self.show_error(error)
            else:
                then(found)

        self.queue.submit(partial(captured_of, list(specs)), done)

    def work(
        self, work: Callable[[Progress], Any], done: Callable[[Any, Exception | None], None], text: str,
        keep: bool = False,
    ) -> None:  # fmt: skip
        """Work off this thread that is shown, and can be stopped. ``keep``: it goes on when the dialog is closed."""
        progress = Progress(text)

        def finish(value: Any, error: Exception | None) -> None:
            if not self.dialog.ended or keep:
                done(value, error)

        self.dialog.run_task("figure", partial(work, progress), finish, keep=keep, progress=progress, threads=1)


__all__ = ["NOTHING", "Bench"]
