"""Templates in the builder: from what the window shows, from the network, and over the pictures of a folder."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from PySide6.QtWidgets import QFileDialog

from zfdesk.desk.figure.bench import Bench
from zfdesk.desk.figure.capture import sources_of
from zfdesk.desk.figure.export import picture_paths, reader
from zfdesk.desk.tasks import Cancelled, Progress
from zfdesk.desk.widgets.menu import PopupMenu
from zfdesk.figures.page import Page
from zfdesk.library import ScanStep
from zfdesk.pages.composition import Composition, of_page
from zfdesk.pages.folder_page import fig2_of, histograms_of
from zfdesk.pages.resizing import arranged, resized
from zfdesk.pages.templates import TEMPLATES, Template

RANDOM_UNITS = 6
FOLDERS = (
    ("fig2-random", "Fig. 2: {count} units of {layer} at random, over a folder…",
     "What random units of the selected layer answer to most, projected down, beside the patches"),
    ("fig2-units", "Fig. 2: {units}, over a folder…",
     "What the selected unit, and those pinned of its layer, answer to most"),
    ("histograms-folder", "Histograms and dead units, over a folder…",
     "How weights and activations are spread, and which units never answer"),
)  # fmt: skip


class TemplateCommands:
    """Commands that begin a page from a template."""

    def __init__(self, bench: Bench) -> None:
        self.bench, self.draft = bench, bench.draft
        self.state = bench.context.state

    def fill_menu(self, menu: PopupMenu) -> None:
        """Made anew whenever it is opened: what cannot be had says why."""
        menu.clear()
        menu.setToolTipsVisible(True)
        sources = sources_of(self.bench.context)
        for template in TEMPLATES:
            reason = template.why_not(sources)
            action = menu.addAction(template.label, partial(self.use_template, template))
            action.setEnabled(not reason)
            action.setToolTip(reason or template.hint)
            if reason:
                action.setText(f"{template.label}   ({reason.rstrip('.')})")
            if template.id in ("a-b", "fig6"):
                menu.addSeparator()
        menu.addSeparator()
        layer, units = self.folder_units()
        named = ", ".join(map(str, units))
        for name, pattern, hint in FOLDERS:
            text = pattern.format(count=RANDOM_UNITS, layer=layer, units=f"{layer}:{named}")
            action = menu.addAction(text, partial(self.ask_folder, name))
            action.setToolTip(hint)
            action.setEnabled(layer != "input" or name == "histograms-folder")

    def use_template(self, template: Template) -> None:
        """Take a template's page in place of this one, which undo brings back."""

        def made(composition: Composition | None, error: Exception | None) -> None:
            if composition is None:
                self.bench.show_error(error)
                return
            self.show_made(composition)
            self.bench.say(f"{template.label}.")

        self.bench.say(f"{template.label}…")
        self.bench.queue.submit(template.make, made)

    def show_made(self, composition: Composition) -> None:
        """In the size and resolution that were chosen."""
        now = self.draft.now
        made = replace(arranged(composition), dpi=now.dpi, captioned=now.captioned)
        self.draft.change(resized(made, now.size), -1)

    def folder_units(self) -> tuple[str, tuple[int, ...]]:
        """The selected layer, and its selected and pinned units."""
        view = self.state.view
        pinned = [pin.unit for pin in view.pins if pin.layer == view.layer]
        return view.layer, tuple(dict.fromkeys((view.unit, *pinned)))

    def ask_folder(self, name: str) -> None:
        """A folder picker, then `make_over`."""
        folder = QFileDialog.getExistingDirectory(
            self.bench.dialog, "A folder of pictures", self.bench.context.last_folder()
        )
        if folder:
            self.make_over(name, folder)

    def make_over(self, name: str, folder: str) -> None:
        """Make a template over the pictures of a folder; it is told how far it is, and can be cancelled."""
        model, crop, method = self.state.model, self.state.view.crop, self.state.view.method
        layer, units = self.folder_units()
        unreadable: list[str] = []

        def work(progress: Progress) -> Page:
            if name == "histograms-folder":
                paths = picture_paths(folder)
                return histograms_of(model, paths, reader(model, crop, progress, len(paths), unreadable))

            def on_step(step: ScanStep) -> None:
                unreadable.extend((*step.passed_over, *(reason or path for path, reason in step.unreadable)))
                done, total = (step.done, step.total) if step.total else (0, 1)
                message = f"{done} of {step.total} pictures" if step.total else "looking for pictures"
                progress.report(done, total, message)

            chosen = units if name == "fig2-units" else ()
            return fig2_of(model, [folder], crop, [layer], chosen, RANDOM_UNITS, rule=method, on_step=on_step)

        def made(page: Page | None, error: Exception | None) -> None:
            if isinstance(error, Cancelled):
                self.bench.say("Stopped; the figure is as it was.")
            elif page is None:
                self.bench.show_error(error)
            else:
                self.show_made(of_page(page, "the pictures of a folder"))
                rest = f" {len(unreadable)} could not be read: {unreadable[0]}" if unreadable else ""
                self.bench.say(f"{page.title}.{rest}", bool(unreadable))

        self.bench.work(work, made, "Looking into the folder…")


__all__ = ["TemplateCommands"]
