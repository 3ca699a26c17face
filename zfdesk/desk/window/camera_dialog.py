"""Which camera, and in which format; cameras that come or go are seen at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
)

from zfdesk.desk.context import AppContext
from zfdesk.desk.settings import CAMERA
from zfdesk.desk.widgets.combo_box import ComboBox
from zfdesk.desk.widgets.dialog import Dialog, open_dialog
from zfdesk.desk.widgets.theme import Colours, set_role
from zfdesk.desk.window.sources import SourceOpener
from zfdesk.sources import SourceError, SourceReference
from zfdesk.sources.camera_location import location_of, split_location
from zfdesk.sources.device import CameraDevice, CameraFormat

if TYPE_CHECKING:
    from collections.abc import Callable


TEST_STREAM = CameraDevice("lavfi:testsrc=size=640x480:rate=30", "Test stream, no camera needed")
LOOK_MS = 250
DEVICE = Qt.ItemDataRole.UserRole


def load_backend() -> list[CameraDevice] | None:
    """In a thread: loading Qt's multimedia may take a second. Where it does not load, FFmpeg is asked, here too."""
    try:
        import PySide6.QtMultimedia  # noqa: F401
    except ImportError:
        from zfdesk.sources.camera import cameras

        return cameras()
    return None


def why_none() -> str:
    """Why there is no camera, in a sentence."""
    from zfdesk.sources.camera import CameraSource

    try:
        CameraSource(SourceReference("camera"))
    except SourceError as error:
        return str(error)
    return ""


def format_text(choice: CameraFormat) -> str:
    """1280 × 720, 30 frames a second, NV12."""
    name = choice.pixel_format.removeprefix("Format_")
    return f"{choice.width} × {choice.height} · {choice.fps:g} fps" + (f" · {name}" if name else "")


class _News:
    """Where the watching of cameras, in whatever thread, leaves what it found."""

    found: list[CameraDevice] | None = None


class CameraDialog(Dialog):
    """Devices, and the formats of the one that is selected. ``chosen`` carries the location for a SourceReference."""

    chosen = Signal(str)

    def __init__(self, context: AppContext) -> None:
        super().__init__(context, "Camera")
        source = context.state.view.source
        current = source.location if source.kind == "camera" else context.recall(CAMERA)
        self._wanted_id, self._wanted_format = split_location(current)
        self._devices: list[CameraDevice] = []
        self._news = _News()
        self._unwatch: Callable[[], None] | None = None
        self.status = QLabel("Looking for cameras…", wordWrap=True)
        self.status.setAccessibleName("What was found")
        set_role(self.status, "quiet")
        self.list = QListWidget()
        self.list.setAccessibleName("Cameras")
        self.list.setSpacing(2)
        self.list.currentItemChanged.connect(lambda now, _: self._show_formats())
        self.list.itemDoubleClicked.connect(lambda _: self.accept())
        self.formats = ComboBox()
        self.formats.setAccessibleName("Format of the camera")
        form = QFormLayout()
        form.addRow("Format", self.formats)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.use = self.buttons.addButton("Use", QDialogButtonBox.ButtonRole.AcceptRole)
        self.use.setDefault(True)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.status)
        layout.addWidget(self.list, 1)
        layout.addLayout(form)
        layout.addWidget(self.buttons)
        self.accepted.connect(lambda: self.chosen.emit(self.location))
        self.finished.connect(self._stop_watching)
        self._clock = QTimer(self, interval=LOOK_MS)
        self._clock.timeout.connect(self._show_news)
        self._fill([])
        self.list.setFocus()
        self.run_task("camera list", load_backend, self._begin)

    def apply_theme(self, colours: Colours) -> None:
        """Room for the names in the size of the type."""
        em = self.context.window.fontMetrics().height()
        self.resize(28 * em, 20 * em)

    @property
    def device(self) -> CameraDevice:
        """Return the selected camera."""
        item = self.list.currentItem()
        return item.data(DEVICE) if item else TEST_STREAM

    @property
    def location(self) -> str:
        """What goes into SourceReference("camera", location)."""
        return location_of(self.device.id, self.formats.currentData())

    def _begin(self, found: list[CameraDevice] | None, error: Exception | None) -> None:
        from zfdesk.sources.camera import cameras, watch_cameras

        if self._ended:
            return
        self.show_devices(cameras() if found is None else found)
        news = self._news
        self._unwatch = watch_cameras(lambda devices: setattr(news, "found", devices))
        self._clock.start()

    def _show_news(self) -> None:
        found, self._news.found = self._news.found, None
        if found is not None:
            self.show_devices(found)

    def show_devices(self, devices: list[CameraDevice]) -> None:
        """List these; the selection stays where it can."""
        count = len(devices)
        if count == 0:
            self.status.setText(f"{why_none() or 'No camera is connected.'} One that is plugged in appears here.")
        else:
            self.status.setText("One camera." if count == 1 else f"{count} cameras.")
        if self._devices:  # something was listed, perhaps chosen, before
            self._wanted_id, self._wanted_format = self.device.id, self.formats.currentData()
        self._fill(devices)

    def _fill(self, devices: list[CameraDevice]) -> None:
        self._devices = devices
        row = 0
        with QSignalBlocker(self.list):
            self.list.clear()
            for index, device in enumerate((*devices, TEST_STREAM)):
                item = QListWidgetItem(device.name)
                item.setData(DEVICE, device)
                item.setToolTip(device.id)
                self.list.addItem(item)
                row = index if self._wanted_id and self._wanted_id in (device.id, device.name) else row
            self.list.setCurrentRow(row)
        self._show_formats()

    def _show_formats(self) -> None:
        from zfdesk.sources.camera import best_format

        formats = sorted(set(self.device.formats), key=lambda f: (-f.width * f.height, -f.fps, f.pixel_format))
        best = best_format(formats)
        self.formats.clear()
        self.formats.addItem(f"automatic: {format_text(best)}" if best else "as the camera gives it", None)
        for choice in formats:
            self.formats.addItem(format_text(choice), choice)
        if self._wanted_format in formats and self.device.id == self._wanted_id:
            self.formats.setCurrentIndex(1 + formats.index(self._wanted_format))
        self.formats.setEnabled(bool(formats))

    def _stop_watching(self) -> None:
        self._clock.stop()
        if self._unwatch is not None:
            self._unwatch()
            self._unwatch = None


def show_camera_dialog(context: AppContext) -> CameraDialog:
    """Open the picker, or bring it to the front; what is chosen is shown and remembered."""
    dialog = open_dialog(CameraDialog, context)
    if dialog is None:
        dialog = CameraDialog(context)
        dialog.chosen.connect(context.get(SourceOpener).use_camera)
        dialog.show()
    return dialog


__all__ = ["TEST_STREAM", "CameraDialog", "format_text", "show_camera_dialog", "why_none"]
