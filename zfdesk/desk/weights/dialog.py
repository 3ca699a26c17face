"""The weights: which are at hand and which to be had, using others, downloading, importing a file."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMessageBox,
    QPushButton,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.settings import WEIGHTS_FOLDER
from zfdesk.desk.tasks import Done, Progress, error_text
from zfdesk.desk.weights.download_row import DownloadRow
from zfdesk.desk.weights.rows import COLUMNS, NOTE, Row, known_lines, list_rows, stored_lines
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.save_dialog import ask_where
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.engine import Model
from zfdesk.weights import load, looks_untrained, store
from zfdesk.weights.catalogue import CATALOGUE, CatalogueEntry
from zfdesk.weights.checkpoint import embedded
from zfdesk.weights.download import Cancelled
from zfdesk.weights.embedded_facts import embedded_facts, known_kinds
from zfdesk.weights.export import export_model
from zfdesk.weights.obtain import KeptWeights, import_file
from zfdesk.weights.store import StoredWeights

if TYPE_CHECKING:
    pass

ENTRY = Qt.ItemDataRole.UserRole
FILES = "Weights (*.safetensors *.pth *.pt *.zip *.onnx);;All files (*)"
KNOWN = (
    "torchvision's AlexNet and VGG-16, pytorchcv's zfnet and zfnetb (.pth, .pt, .zip, .safetensors), "
    "the ONNX zoo's zfnet512 (.onnx), zfdesk's own"
)
EXPORTED = "ONNX (*.onnx);;PyTorch state dict (*.pth)"


def embedded_text() -> str:
    """What the embedded network is, as it was measured."""
    return (
        "The embedded network is ZFNet as in Fig. 3, trained briefly: it knows the ten classes of Imagenette, and of "
        f"other pictures often the kind ({known_kinds(embedded_facts())}), but most of the 1000 classes not. "
        "pytorchcv-zfnet is ZFNet trained on all of ImageNet."
    )


weights_error_text = partial(error_text, failed="The weights could not be read", memory="for these weights")


class WeightsDialog(Dialog):
    """The network in use stays until others are loaded and found good."""

    def __init__(self, context: AppContext, catalogue: tuple[CatalogueEntry, ...] = CATALOGUE) -> None:
        super().__init__(context, "Weights")
        self.catalogue = catalogue
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(list(COLUMNS))
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setAccessibleName("Weights at hand and to be had")
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(True)
        self.tree.currentItemChanged.connect(lambda now, _: self._show_details())
        self.tree.itemDoubleClicked.connect(lambda *_: self.use_or_get())
        self.details = QTextBrowser()
        self.details.setAccessibleName("Details of the selected weights")
        self.quiet = QLabel(wordWrap=True)
        set_role(self.quiet, "quiet")
        self.download = DownloadRow(self)
        self.download.ended.connect(self._got)
        self.finished.connect(self.download.stop)
        layout = QVBoxLayout(self)
        for part, stretch in ((self.quiet, 0), (self.tree, 3), (self.details, 2), (self.message, 0), (self.bar, 0)):
            layout.addWidget(part, stretch)
        layout.addWidget(self.download)
        layout.addLayout(self._buttons())
        self._hints: dict[str, str] = {}  # doubt, by the hash of the file
        self._wanted = self.desk.model.name
        self.desk.model_changed.connect(self.refresh)
        self._show_busy("")
        self.refresh()
        self.tree.setFocus()

    def _buttons(self) -> QHBoxLayout:
        self.use, self.get, close = QPushButton("Use"), QPushButton("Get"), QPushButton("Close")
        self.import_file = QPushButton("Import file…")
        self.get.clicked.connect(self.get_selected)
        self.use.clicked.connect(self.use_selected)
        self.export = QPushButton("Export…")
        self.import_file.clicked.connect(self.ask_for_file)
        self.export.clicked.connect(self.ask_where)
        self.export.setToolTip("Write the selected network for other programs: ONNX, or PyTorch's state dict")
        self.import_file.setToolTip(f"Convert and keep a file of weights: {KNOWN}")
        self.delete = QPushButton("Delete…")
        self.delete.setToolTip("Delete the selected weights' file for good")
        self.delete.clicked.connect(self.ask_to_delete)
        close.clicked.connect(self.reject)
        self.use.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.import_file)
        row.addWidget(self.export)
        row.addWidget(self.delete)
        row.addStretch(1)
        row.addWidget(self.get)
        row.addWidget(self.use)
        row.addWidget(close)
        return row

    def apply_theme(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""
        em = self.context.window.fontMetrics().height()
        room = self.context.window.screen().availableSize()
        self.resize(min(48 * em, room.width() - 40), min(34 * em, room.height() - 60))
        for row in range(self.tree.topLevelItemCount()):
            self._colour_row(self.tree.topLevelItem(row))
        self._show_details()

    # The list

    def refresh(self) -> None:
        """List the weights anew; only the headers of the files are read."""
        self.quiet.setText(embedded_text() if self._is_in_use(embedded().stem) else "")
        self.quiet.setVisible(bool(self.quiet.text()))
        self.run_task("weights list", partial(list_rows, self.catalogue), self._show_list)

    def _is_in_use(self, name: str) -> bool:
        return self.desk.model.name == name

    def _show_list(self, rows: list[Row] | None, error: Exception | None) -> None:
        if error is not None or rows is None:
            self.say(weights_error_text(error or RuntimeError("no list")), True)
            return
        selected = self._wanted or (self.selected.name if self.selected else self.desk.model.name)
        self._wanted = ""
        self.tree.clear()
        for row in rows:
            used = row.stored is not None and self._is_in_use(row.name)
            item = QTreeWidgetItem(row.columns(used))
            item.setData(0, ENTRY, row)
            for column in (1, 2):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            font = item.font(0)
            font.setBold(used)
            item.setFont(0, font)
            self._colour_row(item)
            self.tree.addTopLevelItem(item)
            if row.name == selected or self.tree.currentItem() is None:
                self.tree.setCurrentItem(item)
        self._show_details()

    def select(self, name: str) -> None:
        """Select a line by its name, now or when the list is there."""
        self._wanted = name if self.tree.topLevelItemCount() == 0 else ""
        for item in self.tree.findItems(name, Qt.MatchFlag.MatchExactly, 0):
            self.tree.setCurrentItem(item)

    def _colour_row(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        stored: StoredWeights | None = item.data(0, ENTRY).stored
        amiss = stored is not None and (stored.error or not stored.trained)
        for column in range(NOTE):
            item.setForeground(column, QColor(self.colours.text if stored else self.colours.quiet))
        item.setForeground(NOTE, QColor(self.colours.error if amiss else self.colours.quiet))

    @property
    def selected(self) -> Row | None:
        """Return the selected row; None where none is."""
        item = self.tree.currentItem()
        return item.data(0, ENTRY) if item else None

    def _show_details(self) -> None:
        row = self.selected
        stored = row.stored if row else None
        used = stored is not None and self._is_in_use(stored.name)
        self.use.setEnabled(stored is not None and not stored.error and not used and not self._working)
        self.export.setEnabled(stored is not None and not stored.error and not self._working)
        kept = stored is not None and not stored.embedded
        self.delete.setEnabled(kept and not used and not self._working)
        self.use.setText("In use" if used else "Use")
        self.get.setEnabled(row is not None and row.to_get and not self.download.running)
        self.get.setText("Go on" if row is not None and row.to_get and row.come else "Get")
        self.get.setDefault(self.get.isEnabled())
        self.use.setDefault(not self.get.isEnabled())
        if stored is not None:
            digest = self.desk.model.sha256 if used else ""
            lines = stored_lines(stored, self._hints.get(digest, ""), digest)
        else:
            lines = known_lines(row.entry) if row else []
        self.details.setPlainText("\n".join(lines))

    # Using, downloading and importing

    _working = ""

    def _show_busy(self, stage: str) -> None:
        self._working = stage
        self.import_file.setEnabled(not stage)
        if stage:
            self.say(stage, False)
        self._show_details()

    def _begin(self, stage: str, work: Callable[[], Any], done: Done) -> None:
        """One of these at a time; it is said while it lasts."""
        self._show_busy(stage)
        self.run_task("weights", work, done, progress=Progress(stage))

    def use_selected(self) -> None:
        """Load the selected weights off this thread, and switch to them."""
        row = self.selected
        entry = row.stored if row else None
        if entry is None or entry.error or self._working or self._is_in_use(entry.name):
            return
        self._begin(f"Loading {entry.name}…", partial(load, entry.path), partial(self._loaded, entry))

    def _loaded(self, entry: StoredWeights, model: Model | None, error: Exception | None) -> None:
        self._show_busy("")
        if model is None:
            sentence = weights_error_text(error or RuntimeError("nothing was loaded"))
            self.show_message(f"{sentence} The network in use stays.", True)
            return
        self.desk.use_model(model)
        self.show_message(f"{entry.name} is in use: {model.architecture.title}, {len(model.classes):,} classes.", False)
        work, done = partial(_remember_and_doubt, entry.name, model), partial(self._checked, model)
        self._begin("Looking whether it answers as a trained network does…", work, done)

    def _checked(self, model: Model, hint: str | None, error: Exception | None) -> None:
        self._show_busy("")
        if error is not None:
            self.show_message(weights_error_text(error), True)
            return
        self._hints[model.sha256] = hint or ""
        if hint:
            self.show_message(f"{model.name}: {hint}", True)
        else:
            self.say(f"{model.name} is in use, from now on also at the start.", False)
        self._show_details()

    def use_or_get(self) -> None:
        """What a double click on a line means."""
        self.get_selected() if self.selected and self.selected.to_get else self.use_selected()

    def get_selected(self) -> None:
        """Download the selected entry off this thread, check, convert and keep it; it is not yet in use."""
        row = self.selected
        if row is None or not row.to_get or self.download.running:
            return
        self.say("", False)
        self.download.start(row.entry)
        self._show_details()

    def _got(self, kept: tuple[KeptWeights, str] | None, error: Exception | None) -> None:
        if isinstance(error, Cancelled):
            self.show_message("The download was stopped; what has come is kept, and next time it goes on from there.")
        elif kept is None:
            self.show_message(
                f"{weights_error_text(error or RuntimeError('nothing came'))} The network in use stays.", True
            )
        else:
            (new, hint), self._wanted = kept, kept[0].name
            text = f"{new.name} is here: {new.model.architecture.title}, {len(new.model.classes):,} classes."
            self.show_message(f"{text} {hint or 'Press Use to switch to it.'}", bool(hint))
        self.refresh()

    def ask_for_file(self) -> None:
        """A file picker, then `import_path`."""
        folder = self.context.recall(WEIGHTS_FOLDER) or str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, "Import weights", folder, FILES)
        if path:
            self.context.remember(WEIGHTS_FOLDER, str(Path(path).parent))
            self.import_path(Path(path))

    def import_path(self, path: Path) -> None:
        """Convert a file off this thread and keep it; it is not yet in use."""
        if not self._working:
            self._begin(f"Importing {path.name}…", partial(_import, path), self._imported)

    def _imported(self, kept: tuple[str, Model, str] | None, error: Exception | None) -> None:
        self._show_busy("")
        if kept is None:
            self.show_message(weights_error_text(error or RuntimeError("nothing was imported")), True)
            return
        name, model, hint = kept
        text = f"Kept as {name}: {model.architecture.title}, {len(model.classes):,} classes."
        self.show_message(f"{text} {hint}".strip(), bool(hint))
        self._wanted = name
        self.refresh()

    def ask_to_delete(self) -> None:
        """Ask, and delete the selected weights: they cannot be brought back."""
        row = self.selected
        if row is None or row.stored is None:
            return
        question = f"Delete {row.name} and its file for good?"
        if QMessageBox.question(self, "Delete weights", question) is QMessageBox.StandardButton.Yes:
            self._begin(
                f"Deleting {row.name}…", partial(store.remove_weights, row.name), partial(self._deleted, row.name)
            )

    def _deleted(self, name: str, _: None, error: Exception | None) -> None:
        self._show_busy("")
        self.show_message(f"{name} is deleted." if error is None else weights_error_text(error), error is not None)
        self.refresh()

    def ask_where(self) -> None:
        """A file picker for the selected network, then `export_selected`."""
        row = self.selected
        if row is None or row.stored is None:
            return
        path, kind = ask_where(
            self.context, "Export weights", f"{row.name}.onnx", EXPORTED, parent=self, show_message=self.show_message
        )
        if path:
            place = Path(path)
            suffix = ".pth" if "*.pth" in kind else ".onnx"
            self.export_selected(place if place.suffix in (".onnx", ".pth") else place.with_name(place.name + suffix))

    def export_selected(self, path: Path) -> None:
        """Write the selected network off this thread, as the name's ending says."""
        entry = self.selected.stored if self.selected else None
        if entry is None or entry.error or self._working:
            return
        model = self.desk.model if self._is_in_use(entry.name) else None
        self._begin(f"Exporting {entry.name}…", partial(_export, model, entry.path, path), self._exported)

    def _exported(self, files: list[Path] | None, error: Exception | None) -> None:
        self._show_busy("")
        if files is None:
            self.show_message(weights_error_text(error or RuntimeError("nothing was exported")), True)
        else:
            self.show_message(f"Exported: {' and '.join(map(str, files))}.", False)


def _remember_and_doubt(name: str, model: Model) -> str:
    store.use(name, loaded=True)
    return looks_untrained(model)


def _import(path: Path) -> tuple[str, Model, str]:
    kept = import_file(path)
    return kept.name, kept.model, looks_untrained(kept.model)


def _export(model: Model | None, source: Path, path: Path) -> list[Path]:
    return export_model(model or load(source), path)


def show_weights(context: AppContext, select: str = "") -> WeightsDialog:
    """Open the list of weights, or bring it to the front; ``select``: the name to be selected."""
    dialog = open_dialog(WeightsDialog, context) or WeightsDialog(context)
    if select:
        dialog.select(select)
    dialog.show()
    return dialog


__all__ = ["WeightsDialog", "show_weights"]
