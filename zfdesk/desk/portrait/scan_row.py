"""The scan in the pane: what to scan where there is nothing, how the scan stands, and what can be done to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt
from PySide6.QtWidgets import QFileDialog, QLabel, QVBoxLayout, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.scan import ScanController, ScanStatus
from zfdesk.desk.widgets.buttons import ThinBar, plain_button, tool_button
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.menu import PopupMenu, literal
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import set_role
from zfdesk.progress import bytes_text, duration, noun
from zfdesk.resources import resource

MOST_LISTED = 200  # of the pictures that cannot be read


def demo_folder() -> Path:
    """The pictures that come with the program."""
    return resource("demo")


def pictures_folder() -> Path:
    """Where the system says that the user keeps pictures."""
    return Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation))


def ask_for_folder(context: AppContext) -> None:
    """Ask for a folder and scan it."""
    chosen = QFileDialog.getExistingDirectory(context.window, "Scan a folder of pictures", context.last_folder())
    if chosen:
        context.remember_folder(chosen)
        context.get(ScanController).open([chosen])


def ask_for_files(context: AppContext) -> None:
    """Ask for clips and pictures and scan them."""
    folder = context.last_folder()
    chosen, _ = QFileDialog.getOpenFileNames(context.window, "Scan clips or pictures: a frame a second", folder)
    if chosen:
        context.remember_folder(chosen[0])
        context.get(ScanController).open(chosen)


def scan_progress_text(status: ScanStatus) -> str:
    """How a scan under way stands."""
    step = status.step
    if step is None:
        return ""
    if not step.total:
        found = f"{step.found:,} {noun(step.found, 'picture')} found"
        return f"{found}…" if step.phase == "looking" else f"{found}: the first are being scanned…"
    parts = [f"{step.done:,} of {step.total:,}"]
    if step.rate:
        parts.append(f"{step.rate:.1f}/s")
    if status.paused:
        parts.append("paused")
    elif step.seconds_left is not None:
        parts.append(f"{duration(step.seconds_left)} left")
    return " · ".join(parts)


class ScanStart(QWidget):
    """One click to scan: the demo's pictures, one's pictures folder, a folder."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        scan = context.get(ScanController)
        self._hint = QLabel(wordWrap=True)
        self._hint.setText("Scan pictures to see which of them this unit answers to most:")
        set_role(self._hint, "quiet")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self._hint)
        choices: tuple[tuple[str, str, Callable[[], object]], ...] = (
            ("The demo's pictures", "The few that come with the program", lambda: scan.open([demo_folder()])),
            (
                "My pictures folder",
                f"{pictures_folder()}, with all folders in it",
                lambda: scan.open([pictures_folder()]),
            ),
            ("A folder…", "With all folders in it; each subfolder is a class", lambda: ask_for_folder(context)),
        )
        self.buttons = [plain_button(*choice) for choice in choices]
        for button in self.buttons:
            layout.addWidget(button)
        layout.addStretch(1)


class ScanRow(QWidget):
    """How the scan stands, and its menu: scan again, other folders, what cannot be read, clear.

    ``lead``: a control, called ``name``, that stands before them, and stays where there is no scan to speak of.
    """

    def __init__(self, context: AppContext, lead: QWidget, name: str) -> None:
        super().__init__()
        self._context, self.scan = context, context.get(ScanController)
        self._shown = True
        self.state_line = ElidedLabel(lines=2)
        self.state_line.setAccessibleName("How the scan stands")
        set_role(self.state_line, "quiet")
        self.error_label = QLabel(wordWrap=True)
        self.error_label.setTextFormat(Qt.TextFormat.PlainText)
        self.error_label.setAccessibleName("What went wrong with the scan")
        set_role(self.error_label, "error")
        self.bar = ThinBar("How far the scan is")
        self.menu = PopupMenu(self)
        self.menu.aboutToShow.connect(self._fill_menu)
        self.more = tool_button("Scan ▾", "Scan folders for the pictures that wake each unit most", pops_up=True)
        self.more.setMenu(self.menu)
        self.pause = tool_button("Pause", "Let the scan rest, or go on", checkable=True)
        self.pause.clicked.connect(self.scan.pause)
        self._controls = controls = Controls()
        controls.add(lead, name)
        controls.add(self.more, "Scan")
        controls.add(self.pause, "Pause the scan")
        hint = "End the scan: what was scanned is kept, and it can go on later"
        self.cancel = controls.add_button("Stop", hint, self.scan.cancel, "Stop the scan")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for widget in (self.error_label, self.state_line, self.bar, controls):
            layout.addWidget(widget)
        self.scan.progressed.connect(self.show_status)
        self.show_status()

    def show_scan(self, shown: bool) -> None:
        """Whether it is a scan that is spoken of."""
        if shown != self._shown:
            self._shown = shown
            self.show_status()

    def show_status(self) -> None:
        """Follow the scan."""
        status = self.scan.status if self._shown else ScanStatus()
        self._controls.set_present(self.more, self._shown)
        self.error_label.setText(status.error)
        self.error_label.setVisible(bool(status.error))
        self._controls.set_present(self.pause, status.running)
        self._controls.set_present(self.cancel, status.running)
        self.pause.setChecked(status.paused)
        self.bar.setVisible(status.running)
        if status.step is not None:
            self.bar.setRange(0, status.step.total)
            self.bar.setValue(status.step.done)
            self.state_line.say(scan_progress_text(status))
            self.state_line.show()
            return
        parts = [f"{bytes_text(status.bytes)} kept"] if status.bytes else []
        if status.unreadable:
            parts.append(f"{len(status.unreadable):,} cannot be read")
        self.state_line.say(" · ".join(parts))
        self.state_line.setVisible(bool(parts))

    def _fill_menu(self) -> None:
        menu, scan, status = self.menu, self.scan, self.scan.status
        menu.clear()
        if status.places:
            menu.addAction("Scan what is new or changed", scan.scan_again).setEnabled(not status.running)
            menu.addSeparator()
        menu.addAction("The demo's pictures", lambda: scan.open([demo_folder()]))
        menu.addAction("My pictures folder", lambda: scan.open([pictures_folder()]))
        menu.addAction("A folder…", lambda: ask_for_folder(self._context))
        menu.addAction("Clips or pictures…", lambda: ask_for_files(self._context))
        if status.unreadable:
            menu.addSeparator()
            listed = menu.add_submenu(f"Cannot be read ({len(status.unreadable):,})")
            listed.setToolTipsVisible(True)
            for path, reason in status.unreadable[:MOST_LISTED]:
                action = listed.addAction(literal(Path(path).name))
                action.setToolTip(f"{path}: {reason}")
        menu.addSeparator()
        size = f" ({bytes_text(status.bytes)})" if status.bytes else ""
        menu.addAction(f"Forget all that was scanned with these weights{size}", scan.clear)


__all__ = ["ScanRow", "ScanStart", "ask_for_folder", "demo_folder", "pictures_folder", "scan_progress_text"]
