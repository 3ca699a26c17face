"""The weights at hand: which there are, which are in use, using others, importing a file."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QTextBrowser,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
)

from zfdesk.desk.sheet import Sheet, open_sheet
from zfdesk.desk.theme import Colours
from zfdesk.engine import CheckpointError, Model, doubt, import_weights, load, store
from zfdesk.engine.store import StoredWeights

if TYPE_CHECKING:
    from zfdesk.desk.state import Desk
    from zfdesk.desk.window import Window

ENTRY = Qt.ItemDataRole.UserRole
FILES = "Weights (*.safetensors *.pth *.pt *.zip *.onnx);;All files (*)"
KNOWN = (
    "torchvision's AlexNet and VGG-16, pytorchcv's zfnet and zfnetb (.pth, .pt, .zip, .safetensors), "
    "the ONNX zoo's zfnet512 (.onnx), zfdesk's own"
)
EMBEDDED_WORDS = (
    "The embedded network is ZFNet as in Fig. 3, trained briefly: it knows cats, dogs, vehicles and the ten classes of "
    "Imagenette in part, and most other classes not."
)


def size_words(count: int) -> str:
    """66 MB."""
    return f"{count / 1e6:.0f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def state_words(entry: StoredWeights) -> str:
    """What is amiss or special about weights, in a word or two."""
    if entry.trouble:
        return "cannot be used"
    if not entry.trained:
        return "untrained"
    return "embedded" if entry.embedded else ""


def words_of(error: Exception) -> str:
    """The sentence for a failed load or import."""
    if isinstance(error, CheckpointError):
        return str(error)
    if isinstance(error, MemoryError):
        return "There is not enough memory for these weights."
    return f"The weights could not be read ({type(error).__name__}: {error})."


class WeightsDialog(Sheet):
    """The network in use stays until others are loaded and found good."""

    def __init__(self, desk: Desk, window: Window) -> None:
        super().__init__(window, "Weights")
        self.tree = QTreeWidget()
        self.tree.setHeaderLabels(["weights", "architecture", "classes", "size", "note"])
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.tree.setAccessibleName("Weights at hand")
        self.tree.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.tree.header().setStretchLastSection(True)
        self.tree.currentItemChanged.connect(lambda now, _: self._show_details())
        self.tree.itemDoubleClicked.connect(lambda *_: self.use_selected())
        self.details = QTextBrowser()
        self.details.setAccessibleName("Details of the selected weights")
        self.told = QLabel(wordWrap=True)
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setAccessibleName("What happened")
        self.quiet = QLabel(wordWrap=True)
        self.bar = QProgressBar(maximum=0, textVisible=False)
        self.bar.setAccessibleName("Busy")
        self.bar.setFixedHeight(4)
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)
        layout = QVBoxLayout(self)
        for part, stretch in ((self.quiet, 0), (self.tree, 3), (self.details, 2), (self.told, 0), (self.bar, 0)):
            layout.addWidget(part, stretch)
        layout.addLayout(self._buttons())
        self._hints: dict[str, str] = {}  # doubt, by the hash of the file
        self._trouble = False
        self._wanted = desk.model.name
        desk.model_changed.connect(self.refresh)
        self._show_busy("")
        self.refresh()
        self.tree.setFocus()

    def _buttons(self) -> QHBoxLayout:
        self.use, self.import_file, close = QPushButton("Use"), QPushButton("Import file…"), QPushButton("Close")
        self.use.clicked.connect(self.use_selected)
        self.import_file.clicked.connect(self.ask_for_file)
        self.import_file.setToolTip(f"Convert and keep a file of weights: {KNOWN}")
        close.clicked.connect(self.reject)
        self.use.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.import_file)
        row.addStretch(1)
        row.addWidget(self.use)
        row.addWidget(close)
        return row

    def dress(self, colours: Colours) -> None:
        """Take over a theme or another size of type."""
        em = self.window_.fontMetrics().height()
        room = self.window_.screen().availableSize()
        self.resize(min(46 * em, room.width() - 40), min(34 * em, room.height() - 60))
        self.quiet.setStyleSheet(f"color: {colours.quiet};")
        self.bar.setStyleSheet(
            f"QProgressBar {{ border: 0; background: {colours.line}; }}"
            f"QProgressBar::chunk {{ background: {colours.field}; }}"
        )
        self._dress_told()
        for row in range(self.tree.topLevelItemCount()):
            self._colour_row(self.tree.topLevelItem(row))
        self._show_details()

    # The list

    def refresh(self) -> None:
        """List the weights anew; only the headers of the files are read."""
        self.quiet.setText(EMBEDDED_WORDS if self._is_in_use(store.embedded().stem) else "")
        self.quiet.setVisible(bool(self.quiet.text()))
        self.run_errand("weights list", store.list_weights, self._show_list)

    def _is_in_use(self, name: str) -> bool:
        return self.desk.model.name == name

    def _show_list(self, entries: list[StoredWeights] | None, error: Exception | None) -> None:
        if error is not None or entries is None:
            self.say(words_of(error or RuntimeError("no list")), True)
            return
        selected = self._wanted or (self.selected.name if self.selected else self.desk.model.name)
        self._wanted = ""
        self.tree.clear()
        for entry in entries:
            used = self._is_in_use(entry.name)
            known = "" if entry.trouble else f"{entry.classes:,}"
            note = " · ".join(filter(None, ("in use" if used else "", state_words(entry))))
            size = size_words(entry.bytes) if entry.bytes else ""
            item = QTreeWidgetItem([entry.name, entry.architecture, known, size, note])
            item.setData(0, ENTRY, entry)
            for column in (2, 3):
                item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            font = item.font(0)
            font.setBold(used)
            item.setFont(0, font)
            self._colour_row(item)
            self.tree.addTopLevelItem(item)
            if entry.name == selected or self.tree.currentItem() is None:
                self.tree.setCurrentItem(item)
        self._show_details()

    def _colour_row(self, item: QTreeWidgetItem | None) -> None:
        if item is None:
            return
        entry: StoredWeights = item.data(0, ENTRY)
        amiss = entry.trouble or not entry.trained
        item.setForeground(4, QColor(self.colours.trouble if amiss else self.colours.quiet))

    @property
    def selected(self) -> StoredWeights | None:
        """The selected entry."""
        item = self.tree.currentItem()
        return item.data(0, ENTRY) if item else None

    def _show_details(self) -> None:
        entry = self.selected
        used = entry is not None and self._is_in_use(entry.name)
        self.use.setEnabled(entry is not None and not entry.trouble and not used and not self._working)
        self.use.setText("In use" if used else "Use")
        if entry is None:
            self.details.setPlainText("")
            return
        lines = [entry.trouble] if entry.trouble else [entry.provenance or "It does not say where it comes from."]
        if not entry.trouble:
            lines.append(f"{entry.parameters:,} parameters, {entry.classes:,} classes, {size_words(entry.bytes)}")
            if not entry.trained:
                lines.append("These weights are known to be untrained: the answers mean nothing.")
            elif used and (hint := self._hints.get(self.desk.model.sha256, "")):
                lines.append(hint)
        if used and self.desk.model.sha256:
            lines.append(f"SHA-256 {self.desk.model.sha256}")
        if not entry.trouble:  # else the sentence names the file
            lines.append("Ships with the program." if entry.embedded else str(entry.path))
        self.details.setPlainText("\n".join(lines))

    # Using and importing

    _working = ""

    def _show_busy(self, words: str) -> None:
        self._working = words
        self.bar.setVisible(bool(words))
        self.import_file.setEnabled(not words)
        if words:
            self.say(words, False)
        self._show_details()

    def use_selected(self) -> None:
        """Load the selected weights off this thread, and switch to them."""
        entry = self.selected
        if entry is None or entry.trouble or self._working or self._is_in_use(entry.name):
            return
        self._show_busy(f"Loading {entry.name}…")
        self.run_errand("weights load", partial(load, entry.path), partial(self._loaded, entry))

    def _loaded(self, entry: StoredWeights, model: Model | None, error: Exception | None) -> None:
        self._show_busy("")
        if model is None:
            sentence = words_of(error or RuntimeError("nothing was loaded"))
            self._tell(f"{sentence} The network in use stays.", True)
            return
        self.desk.use_model(model)
        self._tell(f"{entry.name} is in use: {model.architecture.title}, {len(model.classes):,} classes.", False)
        self._show_busy("Looking whether it answers as a trained network does…")
        self.run_errand("weights check", partial(_remember_and_doubt, entry.name, model), partial(self._checked, model))

    def _checked(self, model: Model, hint: str | None, error: Exception | None) -> None:
        self._show_busy("")
        if error is not None:
            self._tell(words_of(error), True)
            return
        self._hints[model.sha256] = hint or ""
        if hint:
            self._tell(f"{model.name}: {hint}", True)
        else:
            self.say(f"{model.name} is in use, from now on also at the start.", False)
        self._show_details()

    def ask_for_file(self) -> None:
        """A file picker, then `import_path`."""
        folder = str(self.window_.settings.value("files/weights", str(Path.home())))
        path, _ = QFileDialog.getOpenFileName(self, "Import weights", folder, FILES)
        if path:
            self.window_.settings.setValue("files/weights", str(Path(path).parent))
            self.import_path(Path(path))

    def import_path(self, path: Path) -> None:
        """Convert a file off this thread and keep it; it is not yet in use."""
        if not self._working:
            self._show_busy(f"Importing {path.name}…")
            self.run_errand("weights import", partial(_import, path), self._imported)

    def _imported(self, kept: tuple[str, Model, str] | None, error: Exception | None) -> None:
        self._show_busy("")
        if kept is None:
            self._tell(words_of(error or RuntimeError("nothing was imported")), True)
            return
        name, model, hint = kept
        said = f"Kept as {name}: {model.architecture.title}, {len(model.classes):,} classes."
        self._tell(f"{said} {hint}".strip(), bool(hint))
        self._wanted = name
        self.refresh()

    # Saying

    def _tell(self, sentence: str, trouble: bool) -> None:
        """Here and in the window, which this sheet may cover or have left."""
        self.say(sentence, trouble)
        self.desk.told.emit(sentence, trouble)

    def say(self, sentence: str, trouble: bool) -> None:
        """One sentence above the buttons."""
        self._trouble = trouble
        self.told.setText(("⚠ " if trouble else "") + sentence)
        self._dress_told()

    def _dress_told(self) -> None:
        self.told.setStyleSheet(f"color: {self.colours.trouble if self._trouble else self.colours.text};")


def _remember_and_doubt(name: str, model: Model) -> str:
    store.use(name)
    return doubt(model)


def _import(path: Path) -> tuple[str, Model, str]:
    model = import_weights(path)
    name = store.name_for(path)
    store.add(model, name)
    return name, model, doubt(model)


def show_weights(window: Window) -> WeightsDialog:
    """Open the list of weights, or bring it to the front."""
    dialog = open_sheet(WeightsDialog, window) or WeightsDialog(window.desk, window)
    dialog.show()
    return dialog


__all__ = ["WeightsDialog", "show_weights", "size_words", "state_words"]
