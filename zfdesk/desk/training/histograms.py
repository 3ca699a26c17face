"""How a layer's weights, activations and gradients are spread over the snapshots: a band for each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtGui import QImage, QPainter, QPen

from zfdesk.desk.training.epochs_view import EpochsView
from zfdesk.desk.training.reading import Reading
from zfdesk.desk.widgets.canvas import indexed_image
from zfdesk.desk.widgets.colour_tables import table
from zfdesk.desk.widgets.theme import THEMES
from zfdesk.figures.facts import number
from zfdesk.figures.training import KINDS, common_shares

FAINTEST = 1e-4  # as on paper: darkness (here light) falls with the logarithm, from all values down to one in 10,000
EMPTY = "Histograms are written with each snapshot: none yet for this layer."


@dataclass(frozen=True, eq=False)
class Band:
    """shares: float32 (times, bins); edges: float64 (bins + 1,)."""

    label: str
    shares: np.ndarray
    edges: np.ndarray

    def image(self) -> np.ndarray:
        """uint8 (bins, times): levels 1 to 255, 0 for a time that is not known; large values at the top."""
        strength = np.log10(np.maximum(self.shares, FAINTEST) / FAINTEST) / -np.log10(FAINTEST)
        levels = np.where(self.shares.any(1, keepdims=True), 1 + np.round(strength * 254), 0)
        return np.ascontiguousarray(levels.T[::-1].astype(np.uint8))


def bands_of(reading: Reading, layer: str) -> tuple[tuple[int, ...], list[Band], list[float]]:
    """The epochs, the bands of a layer, and its share of dead units at each epoch (nan where unknown)."""
    epochs = tuple(reading.statistics)
    found = [reading.statistics[epoch].get(layer) for epoch in epochs]
    bands = []
    for kind, label in KINDS.items():
        spreads = [getattr(one, kind) if one is not None else None for one in found]
        if any(spread is not None for spread in spreads):
            counted = [(spread.counts, spread.edges) if spread is not None else None for spread in spreads]
            bands.append(Band(label, *common_shares(counted)))
    dead = [one.dead if one is not None and one.dead is not None else np.nan for one in found]
    return epochs, bands, dead


class StripsView(EpochsView):
    """A band is one picture of 48 × times pixels, stretched. ``picked``: an epoch that was clicked."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__("Spread of weights, activations and gradients over the snapshots")
        self.bands: list[Band] = []
        self.dead: list[float] = []
        self._arrays: list[np.ndarray] = []

    def show_bands(self, epochs: tuple[int, ...], bands: list[Band], dead: list[float]) -> None:
        """Draw these bands."""
        self.epochs, self.bands, self.dead = epochs, bands, dead
        self.message = "" if bands else EMPTY
        self._arrays = [band.image() for band in bands]
        self.update()

    def rects(self) -> list[QRectF]:
        """Where each band's picture lies."""
        line = self.fontMetrics().height()
        left = self.fontMetrics().horizontalAdvance("−0.00000") + 6
        bottom = 2 * line + 6
        each = (self.height() - bottom) / max(len(self.bands), 1)
        return [
            QRectF(left, index * each + line + 2, max(self.width() - left - 6, 10), max(each - line - 6, 8))
            for index in range(len(self.bands))
        ]

    def place_at(self, point: QPointF) -> tuple[int, int, int] | None:
        """(band, time, bin) under a point of the widget."""
        for index, rect in enumerate(self.rects()):
            if rect.contains(point):
                bins = self._arrays[index].shape[0]
                time = int((point.x() - rect.left()) / rect.width() * len(self.epochs))
                place = int((rect.bottom() - point.y()) / rect.height() * bins)
                return index, min(time, len(self.epochs) - 1), min(max(place, 0), bins - 1)
        return None

    def paint_content(self, painter: QPainter) -> None:
        colours, metrics, rects = self.colours, self.fontMetrics(), self.rects()
        line = metrics.height()
        shades = table("inferno", False, colours is THEMES["dark"])
        for band, array, rect in zip(self.bands, self._arrays, rects, strict=True):
            image: QImage = indexed_image(array, shades)
            painter.drawImage(rect, image, QRectF(image.rect()))
            painter.setPen(colours.colour("text"))
            painter.drawText(QPointF(rect.left(), rect.top() - 4), band.label)
            painter.setPen(colours.colour("quiet"))
            ends = [(rect.top() + line * 0.8, band.edges[-1]), (rect.bottom(), band.edges[0])]
            if band.edges[0] < 0 < band.edges[-1] and rect.height() > 4 * line:
                zero = rect.bottom() + rect.height() * band.edges[0] / (band.edges[-1] - band.edges[0])
                ends.append((zero + line * 0.3, 0.0))
            for y, value in ends:
                text = number(float(value)) if value else "0"
                painter.drawText(QPointF(rect.left() - metrics.horizontalAdvance(text) - 4, y), text)
        step = rects[0].width() / len(self.epochs)
        columns = [QRectF(rects[0].left() + index * step, 0, step, 1) for index in range(len(self.epochs))]
        self.paint_epochs(painter, columns, rects[-1].bottom() + metrics.ascent() + 2)
        if self.epoch in self.epochs:
            painter.setPen(QPen(colours.colour("unit"), 1.5))
            left = columns[self.epochs.index(self.epoch)].left()
            for rect in rects:
                painter.drawRect(QRectF(left, rect.top(), step, rect.height()))

    def pick(self, place: tuple[int, ...]) -> None:
        self.picked.emit(self.epochs[place[1]])

    def description(self) -> str:
        """What lies under the mouse; else what the axis is, and the dead units."""
        if self.hover is not None:
            index, time, bin_ = self.hover
            band = self.bands[index]
            span = f"{number(float(band.edges[bin_]))} to {number(float(band.edges[bin_ + 1]))}"
            share = float(band.shares[time, bin_]) * 100
            return f"epoch {self.epochs[time]}: {share:.3g} % of the {band.label} are {span}"
        axis = "by epoch; the lighter, the more values (logarithmic)"
        dead = self.dead[self.epochs.index(self.epoch)] if self.epoch in self.epochs else np.nan
        return axis if np.isnan(dead) else f"{dead * 100:.3g} % of the units are dead · {axis}"


__all__ = ["Band", "StripsView", "bands_of"]
