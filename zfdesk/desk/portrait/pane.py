"""The portrait of the selected unit: what wakes it most of thousands of pictures, and the picture made for it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from zfdesk.desk.actions import ActionTable
from zfdesk.desk.context import AppContext
from zfdesk.desk.portrait.controller import CAMERA_MINUTES, PortraitController
from zfdesk.desk.portrait.examples import ExamplesView, example_caption
from zfdesk.desk.portrait.histogram import HistogramView
from zfdesk.desk.portrait.opening import open_example
from zfdesk.desk.portrait.scan_row import ScanRow, ScanStart
from zfdesk.desk.portrait.texts import class_text, example_hint, links_to, made_text, places_text, share_text
from zfdesk.desk.scan import ScanController
from zfdesk.desk.widgets.canvas import Canvas, CanvasPicture
from zfdesk.desk.widgets.controls import Choice
from zfdesk.desk.widgets.pane import ElidedLabel, Pane
from zfdesk.desk.widgets.theme import set_role
from zfdesk.desk.widgets.tsv import table_text
from zfdesk.engine import Conv
from zfdesk.figures.facts import RULE_LABELS, unit_text
from zfdesk.library.pictures import Portrayed, ShownExample, projection_picture
from zfdesk.live import Demand, MapsContent, Result
from zfdesk.live.changes import to_unit
from zfdesk.progress import counted, noun

SCANNED, CAMERA = "scan", "camera"
SOURCE_LABELS = {SCANNED: "scanned pictures", CAMERA: f"last {CAMERA_MINUTES:.0f} minutes"}
SMALLEST, MADE_FIRST = 64, 100  # pixels; how much sooner than others they grow to their share
MADE_SHARE, MADE_ALONE = 0.17, 0.45  # of the height: the made picture, the filter, the histogram
MAKING = "The made picture is looked up…"
NONE_MADE = "No picture was made for this layer. zfdesk atlas makes one for each unit."


class PortraitPane(Pane):
    """What the selected unit is for."""

    title = "Portrait"
    shows_unit = True

    def __init__(self, context: AppContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.portraits, self.scan = context.get(PortraitController), context.get(ScanController)
        self.source = Choice(
            SOURCE_LABELS, "Of which pictures: those that were scanned, or the frames of the live source"
        )
        self.source.chosen.connect(lambda value: self.portraits.use_camera(value == CAMERA))
        self.start = ScanStart(context)
        self.examples = ExamplesView()
        self.examples.chosen.connect(self._open)
        self.body.addWidget(self.start, 3)
        self.body.addWidget(self.examples, 3)
        self.body.addLayout(self._small_pictures(), MADE_FIRST)
        self.share, self.classes, self.alike = (QLabel(wordWrap=True) for _ in range(3))
        self.alike.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.alike.linkActivated.connect(self._select)
        for label in (self.share, self.classes):  # a folder may be called like a tag
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label, name in (
            (self.share, "How many wake it"),
            (self.classes, "Classes"),
            (self.alike, "Units that are alike"),
        ):
            label.setAccessibleName(name)
            label.setMinimumWidth(1)
            self.body.addWidget(label)
        self.scan_row = ScanRow(context, self.source, "Of which pictures")
        self.body.addWidget(self.scan_row)
        self.portraits.changed.connect(self._renew)
        self.scan.progressed.connect(self._renew_start)

    def _small_pictures(self) -> QHBoxLayout:
        self.made, self.filter = Canvas(smooth=True), Canvas()
        self.made.setAccessibleName("The picture made for the unit")
        self.made.pressed.connect(lambda: self.context.get(ActionTable).run("lab-nine"))
        self.filter.setAccessibleName("The unit's filter")
        self.histogram = HistogramView()
        self.made_caption = ElidedLabel(lines=2)
        set_role(self.made_caption, "quiet")
        self.body.addWidget(self.made_caption)
        row = QHBoxLayout()
        row.setSpacing(4)
        for widget in (self.made, self.filter, self.histogram):
            widget.setMinimumHeight(SMALLEST)
            row.addWidget(widget, 1)
        return row

    # What is asked of others

    def set_seen(self, seen: bool) -> None:
        self.portraits.set_seen(seen)

    def demand(self, demand: Demand) -> Demand:
        return replace(demand, activation=True)

    # What is shown

    def show_view(self) -> None:
        self.source.show_value(CAMERA if self.portraits.camera else SCANNED)
        self._show_filter()

    def show_result(self, result: Result) -> None:
        """The live value in the histogram."""
        self.histogram.show_live(self._live_value(result))

    def _live_value(self, result: Result) -> float | None:
        view, unit, mosaic = self.desk.view, result.unit, result.mosaic
        if unit is not None and (unit.reference.layer, unit.reference.unit) == (view.layer, view.unit):
            return float(unit.map.max())
        if mosaic is not None and mosaic.layer == view.layer and mosaic.content is MapsContent.ACTIVATION:
            return float(mosaic.values[view.unit].max()) if view.unit < len(mosaic.values) else None
        return None

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self._share_out()

    def _share_out(self) -> None:
        """Where nothing was scanned yet the made picture has the room of what is missing."""
        alone = self.start.isVisible()
        share, across = (MADE_ALONE, 1.0) if alone else (MADE_SHARE, 0.6)
        side = max(int(min(self.height() * share, self.width() * across)), SMALLEST)
        self.histogram.setVisible(not alone)
        for widget in (self.made, self.filter, self.histogram):
            widget.setMaximumHeight(side)  # and no more than is left: the pane's height must not depend on it

    def _renew(self) -> None:
        shown = self.portraits.shown
        self._renew_start()
        self._show_examples(shown)
        self._show_made()
        self._show_texts(shown)
        self.show_facts()

    def _renew_start(self) -> None:
        """Three buttons where there is nothing to speak of."""
        status = self.scan.status
        shown = self.portraits.shown
        nothing = not self.portraits.camera and status.known and not status.pictures and not status.running
        nothing = nothing and not (shown is not None and shown.error)
        self.start.setVisible(nothing)
        self.examples.setVisible(not nothing)
        self.scan_row.show_scan(not self.portraits.camera)
        self._share_out()
        if shown is None:
            self._show_examples(None)

    def _show_examples(self, shown: Portrayed | None) -> None:
        if shown is None or shown.portrait is None:
            waiting = "The first pictures are being scanned…" if self.scan.status.running else "Looked up…"
            self.examples.show_examples((), (), (), shown.error if shown is not None else waiting)
            return
        portrait = shown.portrait
        pictures = (*shown.shown, *(ShownExample(one) for one in portrait.examples[len(shown.shown) :]))
        spatial = self._is_spatial(shown.layer)
        hints = [example_hint(one, shown, portrait.weights, spatial) for one in pictures]
        sentence = f"None of {counted(portrait.pictures, 'picture')} wakes this unit."
        self.examples.show_examples(pictures, [example_caption(one) for one in pictures], hints, sentence)

    def _is_spatial(self, layer: str) -> bool:
        return any(stage.name == layer and stage.spatial for stage in self.desk.model.architecture.stages)

    def _show_made(self) -> None:
        made = self.portraits.made
        if made is None:
            looking = self.portraits.loads_made
            self.made.set_content(MAKING if looking else NONE_MADE)
            self.made_caption.say("")
            self.made.setToolTip("")
            return
        self.made.set_content(CanvasPicture.rgb(np.ascontiguousarray(made.picture)))
        caption, hint = made_text(made, self.desk.model.name)
        self.made_caption.say(caption)
        self.made.setToolTip(hint)

    def _show_filter(self) -> None:
        """Of a layer that looks at the picture itself."""
        view, model = self.desk.view, self.desk.model
        stage = model.architecture.stage(view.layer)
        first = isinstance(stage.layer, Conv) and model.architecture.index(view.layer) == 1
        self.filter.setVisible(first)
        if first:
            values = model.input.to_rgb(model.filters(view.layer)[view.unit]).permute(1, 2, 0).numpy()
            image, stretch = projection_picture(values)
            self.filter.set_content(CanvasPicture.rgb(image))
            size = f"{image.shape[0]} × {image.shape[1]}"
            self.filter.setToolTip(
                f"The filter of {view.layer}:{view.unit}, {size}, mid-grey is zero, stretched × {stretch:.3g}"
            )

    def _show_texts(self, shown: Portrayed | None) -> None:
        portrait = shown.portrait if shown is not None else None
        if portrait is None:
            self.histogram.show_counts(np.zeros(0, np.int64), np.zeros(0))
        else:
            self.histogram.show_counts(portrait.counts, portrait.edges)
        self.share.setText(share_text(portrait) if portrait is not None else "")
        self.classes.setText(class_text(portrait) if portrait is not None else "")
        self.alike.setText(links_to(portrait.alike) if portrait is not None else "")
        for label in (self.share, self.classes, self.alike):
            label.setVisible(bool(label.text()))

    def show_facts(self) -> None:
        view, shown = self.desk.view, self.portraits.shown
        parts = [unit_text(view.layer, view.unit)]
        if shown is not None and shown.portrait is not None:
            portrait = shown.portrait
            count = f"{portrait.pictures:,} {noun(portrait.pictures, 'frame' if shown.camera else 'picture')}"
            parts += [RULE_LABELS[shown.rule], portrait.weights]
            parts.append(f"{places_text(portrait.places)}: {count}" if portrait.places else count)
            if portrait.unsettled:
                parts.append(f"{portrait.unsettled} near ties open")
        self.facts.say(" · ".join(parts))

    # What is done

    def _select(self, unit: str) -> None:
        self.desk.change(to_unit(self.desk.view, int(unit)).change(chosen_occluder=-1), "unit")

    def _open(self, place: int) -> None:
        shown = self.portraits.shown
        if shown is not None and shown.portrait is not None and place < len(shown.portrait.examples):
            example = shown.portrait.examples[place]
            if shown.camera:
                self.context.show_message("This frame has gone by: it is kept here alone.")
            else:
                open_example(self.context, shown.layer, shown.unit, example, self._is_spatial(shown.layer))

    def as_data(self) -> str:
        """Return the examples as tab-separated lines."""
        shown = self.portraits.shown
        if shown is None or shown.portrait is None:
            return ""
        spatial = self._is_spatial(shown.layer)
        rows = (
            (one.path, one.class_name, one.activation, *(one.position if spatial else ("", "")), *one.box)
            for one in shown.portrait.examples
        )
        header = ("path", "class", "activation", "y", "x", "top", "left", "bottom", "right")
        return table_text(header, rows)


__all__ = ["PortraitPane"]
