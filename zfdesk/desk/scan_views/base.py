"""What every pane about scanned pictures has: a sentence and a button where there are none, questions to the scan."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.scan import ScanController
from zfdesk.desk.tasks import Cancelled, Progress, TaskSlot, error_text
from zfdesk.desk.widgets.buttons import ThinBar, plain_button
from zfdesk.desk.widgets.page_files import ask_for_page
from zfdesk.desk.widgets.pane import FACTS_EVERY_MS, Pane
from zfdesk.progress import noun

if TYPE_CHECKING:
    from zfdesk.library import Portraits
    from zfdesk.pages.panels import PanelKind

NOTHING = "No pictures were scanned with these weights yet. A scan finds what wakes each unit, and is kept."


class ScanPane(Pane):
    """Subclasses fill ``inside`` and override two methods: `clear`, for other pictures or weights, and `renew`, which
    asks about them, or about more of them, and keeps what is shown until the answer comes; only while it is seen."""

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.scan = context.get(ScanController)
        self.error = ""
        self._task = TaskSlot()
        self._long_task = TaskSlot()
        self._seen, self._up_to_date = False, False
        self._scan_key: tuple[object, ...] = ()  # which pictures and weights are shown
        self._count = 0  # of the pictures that were asked about last
        self.content = QWidget()
        self.inside = QVBoxLayout(self.content)
        self.inside.setContentsMargins(0, 0, 0, 0)
        self.inside.setSpacing(3)
        self.bar = ThinBar(f"{self.title}: how far it is")
        self.stack = QStackedWidget()
        self.stack.addWidget(self._invitation())
        self.stack.addWidget(self.content)
        self.body.addWidget(self.stack, 1)
        self.body.addWidget(self.bar)
        self._progress_timer = QTimer(self, interval=FACTS_EVERY_MS)
        self._progress_timer.timeout.connect(self._show_long)
        self.scan.changed.connect(self._on_scan_changed)
        self.scan.progressed.connect(self._show_scan)

    def _invitation(self) -> QWidget:
        page = QWidget()
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        table = self.context.get(ActionTable)
        self.button = plain_button("Scan a folder…", table.hint("scan-folder"), partial(table.run, "scan-folder"))
        row = QHBoxLayout()
        row.addWidget(self.button)
        row.addStretch(1)
        layout = QVBoxLayout(page)
        layout.addStretch(1)
        layout.addWidget(self.sentence)
        layout.addLayout(row)
        layout.addStretch(2)
        return page

    # The scan

    def facts_parts(self) -> list[str]:
        """The facts of what is shown, before those of the scan."""
        return []

    def show_facts(self) -> None:
        if self.has_content:
            error = [self.error] if self.error else []
            self.facts.say(" · ".join([*error, *self.facts_parts(), self.scanned_text]))

    def renew(self) -> None:
        """Ask: the pictures are others, or more."""

    def clear(self) -> None:
        """What was shown is of other pictures or other weights."""

    @property
    def has_scan(self) -> bool:
        """Whether there is anything to ask about."""
        return self.scan.status.pictures > 0

    def for_figure(self) -> object | None:
        """What is shown, for a figure; None while there is nothing."""
        return None

    def save_figure(self, kind: PanelKind, text: str, name: str, missing: str) -> None:
        """Ask for a place and save what is shown as a page; ``missing``: why nothing is shown yet. text: what it is."""
        from zfdesk.pages.panels_scan import scan_page

        shown = self.for_figure()
        if shown is None:
            self.context.show_message(missing, error=True)
        else:
            ask_for_page(self.context, f"Save {text} as a figure", name, partial(scan_page, kind, shown))

    @property
    def has_content(self) -> bool:
        """Whether there is anything to show in place of the invitation."""
        return self.has_scan

    @property
    def scanned_text(self) -> str:
        """200 pictures of holiday · zfnet-v2."""
        model = self.desk.model.base
        places = ", ".join(place.name or str(place) for place in self.scan.status.places)
        scanned = f"{self._counted} of {places}" if places and self._count else "no pictures scanned"
        return f"{scanned} · {model.name or 'weights without a name'}"

    @property
    def scanned_in_full(self) -> str:
        """200 pictures of /home/me/holiday: for captions, which name the weights besides."""
        return f"{self._counted} of {', '.join(map(str, self.scan.status.places))}"

    @property
    def _counted(self) -> str:
        return f"{self._count:,} {noun(self._count, 'picture')}"

    def _on_scan_changed(self) -> None:
        self._up_to_date = False
        self.error = ""
        self._show_scan()
        if self._seen:
            self._renew()

    def _renew(self) -> None:
        scan_key = (self.scan.status.places, self.desk.model.base)
        if scan_key != self._scan_key or not self.has_scan:
            self._scan_key = scan_key
            self.clear()
        self._up_to_date = True
        if self.has_scan:
            self.renew()

    def set_seen(self, seen: bool) -> None:
        self._seen = seen
        self._show_scan()
        if seen and not self._up_to_date:
            self._renew()

    def _show_scan(self) -> None:
        status = self.scan.status
        step = status.step
        message = status.error or NOTHING
        if step is not None:
            found = f"{step.done:,} of {step.total:,}" if step.total else f"{step.found:,} found"
            message = f"Scanning {', '.join(place.name or str(place) for place in status.places)}: {found} …"
        self.sentence.setText(message)
        self.button.setVisible(step is None)
        self.stack.setCurrentIndex(1 if self.has_content else 0)
        if not self.has_content:
            self.facts.say("no pictures are scanned" if step is None else "scanning")

    # Questions and work

    def ask(self, question: Callable[[Portraits], Any], on_result: Callable[[Any], None]) -> None:
        """Ask the scan; what was asked before is of no use any more."""
        self._task.abandon()
        done = partial(self._on_answer, on_result, self.scan.status.pictures)
        self._task.put(self.scan.ask(self.title, question, done, self))

    def _on_answer(self, on_result: Callable[[Any], None], count: int, value: Any, error: Exception | None) -> None:
        self._count = count
        if error is not None:
            self.fail(error)
        else:
            self.error = ""
            on_result(value)

    def fail(self, error: Exception) -> None:
        """Show what went wrong, in one sentence."""
        if not isinstance(error, Cancelled):
            self.error = error_text(error, "That could not be found out")
            self.show_facts()

    def run_long(self, message: str, work: Callable[[Progress], Any], on_result: Callable[[Any], None]) -> None:
        """Do what takes long in a task of its own, with a bar; one at a time: what went on before is ended."""
        self.stop_work()
        progress = Progress(message)

        def done(value: Any, error: Exception | None) -> None:
            self._show_long()
            if error is not None:
                self.fail(error)
            else:
                on_result(value)
            if self._seen and not self._up_to_date:
                self._renew()

        self._long_task.put(
            self.desk.tasks.run(self.title, partial(work, progress), done, owner=self, progress=progress, threads=1)
        )
        self._progress_timer.start()
        self._show_long()

    def stop_work(self) -> None:
        """End the long work that is under way."""
        self._long_task.abandon()
        self._show_long()

    @property
    def work_progress(self) -> Progress | None:
        """How far what goes on is; None where there is nothing."""
        return self._long_task.progress

    def _show_long(self) -> None:
        progress = self.work_progress
        self.bar.show_progress(progress if progress is not None and progress.shown else None)
        if progress is None:
            self._progress_timer.stop()
        self.show_facts()


__all__ = ["ScanPane"]
