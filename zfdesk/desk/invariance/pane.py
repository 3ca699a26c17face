"""The picture shifted, enlarged or turned by a slider, and what that does to its features and to its answer."""

from __future__ import annotations

from functools import partial

import numpy as np
from PySide6.QtCore import QSignalBlocker, Qt, QTimer
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSlider, QWidget

from zfdesk.desk.context import AppContext
from zfdesk.desk.invariance.controller import NEUTRAL, InvarianceStudy, StudiedPicture
from zfdesk.desk.invariance.figure import ask_for_figure
from zfdesk.desk.invariance.plots import InvariancePlots, Series
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.controls import Controls
from zfdesk.desk.widgets.pane import Pane
from zfdesk.desk.widgets.theme import Colours
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.experiments.invariance import MOST_SHIFT, Transformation, invariance_layers
from zfdesk.figures.facts import number, with_minus_sign
from zfdesk.figures.fig5 import AXES, layer_text
from zfdesk.live import Result
from zfdesk.progress import percent_text

STILL_MS = 400  # a source that gives nothing new for so long stands still: its picture is taken
REST_MS = 250  # a slider that rests so long has the whole curve measured

LABELS = {Transformation.TRANSLATION: "Shift down", Transformation.SCALE: "Enlarge", Transformation.ROTATION: "Turn"}
EMPTY = "Move a slider, or take “this frame”: the picture that is moved appears here."


def amount_text(change: Transformation, amount: float) -> str:
    """12 px, × 1.25, 30°."""
    parts = {
        Transformation.TRANSLATION: f"{amount:g} px",
        Transformation.SCALE: f"× {amount:.2f}",
        Transformation.ROTATION: f"{amount:g}°",
    }
    return with_minus_sign(parts[change])


class InvariancePane(Pane):
    """Sliders, the transformed picture, and three curves that grow while one slides."""

    title = "Invariance"

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self._seen = True
        self._key: tuple[object, ...] = ()  # of the frame that was seen last
        self._studied_key: tuple[object, ...] = ()  # of that which is looked at
        self.study = context.add(InvarianceStudy(context))
        self.study.changed.connect(self._show)
        self.study.failed.connect(partial(context.show_message, error=True))
        self.sliders: dict[Transformation, QSlider] = {}
        self._values: dict[Transformation, QLabel] = {}
        self.canvas = Canvas(smooth=True)
        self.canvas.setAccessibleName("The transformed picture")
        self.canvas.set_content(EMPTY)
        self.plots = InvariancePlots(3)
        self.plots.picked.connect(self._go_to)
        self.body.addWidget(self._buttons(context))
        self.body.addLayout(self._rows())
        below = QHBoxLayout()
        below.setSpacing(6)
        below.addWidget(self.canvas, 2)
        below.addWidget(self.plots, 3)
        self.body.addLayout(below, 1)
        self._still_timer = QTimer(self, singleShot=True, interval=STILL_MS)
        self._still_timer.timeout.connect(self.take_frame)
        self._idle_timer = QTimer(self, singleShot=True, interval=REST_MS)
        self._idle_timer.timeout.connect(lambda: self.study.fill(self._seen))
        self.desk.model_changed.connect(self._set_ranges)

    def _buttons(self, context: AppContext) -> Controls:
        controls = Controls()
        for text, tip, action in (
            ("⟳ this frame", "Look at the frame that is shown now", self.take_frame),
            ("as it is", "Set all sliders back", self.reset),
            ("figure…", "Save Fig. 5 of this picture, all three changes", partial(ask_for_figure, context, self.study)),
        ):
            controls.add_button(text, tip, action)
        return controls

    def _rows(self) -> QGridLayout:
        rows = QGridLayout()
        rows.setSpacing(4)
        for row, change in enumerate(Transformation):
            slider = QSlider(Qt.Orientation.Horizontal)
            slider.setAccessibleName(LABELS[change])
            slider.setToolTip(f"{change.capitalize()}, in {AXES[change]}")
            slider.setMinimumHeight(24)
            slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            slider.sliderPressed.connect(self._grab)
            slider.valueChanged.connect(partial(self._slide, change))
            value = QLabel()
            value.setMinimumWidth(self.fontMetrics().horizontalAdvance("−888 px "))
            self.sliders[change], self._values[change] = slider, value
            for column, widget in enumerate((QLabel(LABELS[change]), slider, value)):
                rows.addWidget(widget, row, column)
        self._set_ranges()
        return rows

    def _set_ranges(self) -> None:
        most = round(MOST_SHIFT * self.desk.model.architecture.size)
        spans = {
            Transformation.TRANSLATION: (-most, most),
            Transformation.SCALE: (100, 180),
            Transformation.ROTATION: (0, 359),
        }
        for change, (low, high) in spans.items():
            with QSignalBlocker(self.sliders[change]):
                self.sliders[change].setRange(low, high)
                self.sliders[change].setValue(self._place(change, NEUTRAL[change]))
            self._values[change].setText(amount_text(change, NEUTRAL[change]))
        self.study.set_amount(self.study.change, NEUTRAL[self.study.change])

    @staticmethod
    def _place(change: Transformation, amount: float) -> int:
        return round(amount * 100) if change is Transformation.SCALE else round(amount)

    # The hand

    def _grab(self) -> None:
        """A slider is taken hold of: what is shown now is what it moves, also of a camera."""
        if not self._still_timer.isActive() and self._is_of_now():
            return
        self.take_frame()

    def _slide(self, change: Transformation, place: int) -> None:
        for other, slider in self.sliders.items():  # one change at a time, as in the paper
            if other is not change:
                with QSignalBlocker(slider):
                    slider.setValue(self._place(other, NEUTRAL[other]))
                self._values[other].setText(amount_text(other, NEUTRAL[other]))
        amount = place / 100 if change is Transformation.SCALE else float(place)
        self._values[change].setText(amount_text(change, amount))
        self.study.fill(False)
        self.study.set_amount(change, amount)
        self._idle_timer.start()
        self._show()

    def _go_to(self, amount: float) -> None:
        self.sliders[self.study.change].setValue(self._place(self.study.change, amount))

    def reset(self) -> None:
        """Set all sliders back: the picture is shown unchanged."""
        self.sliders[self.study.change].setValue(self._place(self.study.change, NEUTRAL[self.study.change]))

    def take_frame(self) -> None:
        """Look at the frame that is shown now, in place of that before."""
        if self.desk.result is not None:
            self._studied_key = self._key_of(self.desk.result)
            self.study.set_frame(self.desk.result)

    # What comes

    @staticmethod
    def _key_of(result: Result) -> tuple[object, ...]:
        return result.request.frame, result.crop_box, result.request.model

    def _is_of_now(self) -> bool:
        return self.desk.result is not None and self._key_of(self.desk.result) == self._studied_key

    def show_result(self, result: Result) -> None:
        key = self._key_of(result)
        if key == self._key:
            return
        self._key = key
        if key != self._studied_key and not any(slider.isSliderDown() for slider in self.sliders.values()):
            self._still_timer.start()

    def set_seen(self, seen: bool) -> None:
        self._seen = seen
        if not seen:
            self.study.fill(False)

    def show_view(self) -> None:
        self.study.follow_model()
        self._show()

    def set_colours(self, colours: Colours) -> None:
        super().set_colours(colours)
        self.plots.set_colours(colours)

    # What is shown

    def _show(self) -> None:
        study = self.study
        change, subject = study.change, study.subject
        slider = self.sliders[change]
        scale = 100 if change is Transformation.SCALE else 1
        span = slider.minimum() / scale, slider.maximum() / scale
        points, present = study.points(change), study.present()
        index, x = study.class_index, np.array(list(points))
        series = []
        for layer in invariance_layers(self.desk.model.architecture):
            y = np.array([one.distances[layer] for one in points.values()])
            at = present.distances[layer] if present is not None else np.nan
            series.append(Series(f"{layer_text(layer)}<br>distance", x, y, at))
        y = np.array([one.probabilities[index] * 100 for one in points.values()])
        at = float(present.probabilities[index]) * 100 if present is not None else np.nan
        series.append(Series("P, %", x, y, at))
        self.plots.show_series(series, AXES[change], span, study.amount)
        picture = study.picture
        self.canvas.set_content(EMPTY if picture is None else CanvasPicture.rgb(picture))
        self.facts.say(self._facts(subject))
        if subject is not None and study.missing(change) and not self._idle_timer.isActive() and study.amount in points:
            self._idle_timer.start()

    def _facts(self, subject: StudiedPicture | None) -> str:
        study = self.study
        if subject is None:
            return "no picture taken yet"
        name = self.desk.model.classes[study.class_index]
        parts = [f"{study.change} {amount_text(study.change, study.amount)}", subject.text]
        present = study.present()
        if present is not None:
            moved = [f"{layer} {number(distance)}" for layer, distance in present.distances.items()]
            parts.append(f"moved by {', '.join(moved)}")
            parts.append(f"P({name}) {percent_text(present.probabilities[study.class_index], 1)}")
        if missing := len(study.missing(study.change)):
            parts.append(f"{missing} amounts of the curve to come")
        return " · ".join(parts)

    def as_data(self) -> str:
        """Amount, distances, probability, as tab-separated lines."""
        study = self.study
        layers = invariance_layers(self.desk.model.architecture)
        name = self.desk.model.classes[study.class_index]
        head = [AXES[study.change], *(f"distance in {layer}" for layer in layers), f"P({name})"]
        rows = [
            [amount, *(one.distances[layer] for layer in layers), float(one.probabilities[study.class_index])]
            for amount, one in study.points(study.change).items()
        ]
        return table_text(head, rows) if rows else ""


__all__ = ["InvariancePane", "amount_text"]
