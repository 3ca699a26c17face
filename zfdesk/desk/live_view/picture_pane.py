"""The live frame, with all that can be done to it by hand, and the buttons that play its source."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtWidgets import QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.heat_maps import HeatMaps
from zfdesk.desk.live_view.picture_canvas import SMALLEST, PictureCanvas
from zfdesk.desk.live_view.picture_heat import PictureHeat
from zfdesk.desk.live_view.transport import TransportBar
from zfdesk.desk.widgets.canvas import CanvasPicture, rgb_image
from zfdesk.desk.widgets.heat_controls import HeatControls
from zfdesk.desk.widgets.pane import Pane
from zfdesk.figures.facts import whole
from zfdesk.live import Demand, Result

SMALLEST_PRESENTED = QSize(224, 140)  # large type needs its room in a small window, and the play buttons stay


class PicturePane(Pane):
    """The picture, with all that can be done to it by hand."""

    title = "Picture"
    two_lines = True
    follows_occluder = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        desk = self.desk
        self.canvas = PictureCanvas(desk)
        self.canvas.set_content("Waiting for the first frame…")
        self.canvas.setAccessibleName("Picture with crop box and occluders")
        self.heat = self.canvas.heat = PictureHeat(context.get(HeatMaps), self.canvas)
        self.heat_controls = HeatControls(desk, self, True, lambda view: (view.heat.method,))
        self.body.addWidget(self.canvas, 1)
        self.body.addWidget(self.heat_controls)
        self.heat_controls.hide()
        self.transport = TransportBar(context)
        self.body.addWidget(self.transport)
        self._clean = False
        desk.message.connect(self._on_message)
        desk.answer_ready.connect(self._follow_answer)
        desk.model_changed.connect(self._follow_model)

    def _on_message(self, sentence: str, is_error: bool) -> None:
        """Before the first frame, why there is none stays where it would be; the message line goes by itself."""
        if is_error and self.desk.frame is None:
            self.canvas.set_content(f"{sentence}\n\nThe Source menu has others: a picture, a clip, a folder, the demo.")

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, unit=True)  # whose position it marks

    def set_lecture(self, lecture: bool) -> None:
        super().set_lecture(lecture)
        self.heat_controls.setVisible(self.desk.view.heat.shown and not lecture)

    def caption_text(self) -> str:
        return f"{self.heat.text()}." if self.desk.view.heat.shown else ""

    def set_seen(self, seen: bool) -> None:
        self.heat.stream.watch(seen)

    def _follow_answer(self) -> None:
        """The square goes and comes with the bars."""
        if self._clean != self.desk.shows_clean:
            self._clean = self.desk.shows_clean
            self.canvas.update()

    def _follow_model(self) -> None:
        unit = self.canvas.unit
        if unit is not None and not self.desk.is_valid_for(unit.reference.layer):
            self.canvas.unit = None
            self.canvas.update()

    def show_result(self, result: Result) -> None:
        pixels = result.request.frame.pixels
        image = rgb_image(pixels)
        if result.request.view.mirrored:
            image = image.flipped(Qt.Orientation.Horizontal)
        self.canvas.unit = result.unit
        self.canvas.set_content(CanvasPicture(image, pixels))
        self.canvas.set_window(self._window())

    def show_view(self) -> None:
        self.canvas.setMinimumSize(SMALLEST_PRESENTED if self.desk.view.presenter else SMALLEST)
        self.heat_controls.setVisible(self.desk.view.heat.shown and not self.lecture)
        self.heat_controls.show_view()
        self.canvas.set_window(self._window())
        self.canvas.update()

    def _window(self) -> QRectF | None:
        """The whole frame, or only the crop that the network sees."""
        box = self.canvas.crop_box()
        if box and self.desk.view.picture_zoom:
            left, top, right, bottom = box
            if self.desk.view.mirrored and self.canvas.array is not None:
                width = self.canvas.array.shape[1]
                left, right = width - right, width - left
            return QRectF(left, top, right - left, bottom - top)
        return None

    def show_facts(self) -> None:
        result = self.desk.result
        if result is None:
            return
        frame, view = result.request.frame, self.desk.view
        left, top, right, bottom = result.crop_box
        parts = [frame.origin, frame.size_text, f"frame {frame.number}"]
        at = f"({whole(round(top))}, {whole(round(left))})"
        parts.append(f"{view.crop.mode.value} {right - left:.0f} × {bottom - top:.0f} at {at}")
        if view.mirrored:
            parts.append("mirrored on screen only")
        if view.frozen:
            parts.insert(0, "FROZEN")
        if result.request.clean:
            parts.insert(0, "CLEAN")
        if view.heat.shown:
            parts.append(self.heat.text())
        self.facts.say(" · ".join(parts))
