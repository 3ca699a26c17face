"""Distances and a probability against the amount of a change: as they are measured, and where the slider stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from zfdesk.desk.widgets.axis import axes
from zfdesk.desk.widgets.theme import THEMES, Colours


@dataclass(frozen=True, eq=False)
class Series:
    """A quantity against the amounts: float64 (points,) each. ``present``: its value where the slider stands, nan while
    it is not known."""

    label: str
    x: np.ndarray
    y: np.ndarray
    present: float


class InvariancePlots(QWidget):
    """Plots above each other over one axis. ``picked``: an amount that was clicked or dragged to."""

    picked = Signal(float)

    def __init__(self, count: int) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.series: tuple[Series, ...] = ()
        self.canvas = pyqtgraph.GraphicsLayoutWidget()
        self.canvas.setAccessibleName("Distances and probability against the amount of the change")
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setContentsMargins(2, 4, 8, 2)
        self.plots = [self._plot(row, row == count - 1) for row in range(count)]
        self._lines = [plot.plot() for plot in self.plots]
        self._rings = [plot.plot() for plot in self.plots]
        self._marks = [pyqtgraph.InfiniteLine(angle=90, movable=False) for _ in self.plots]
        for plot, mark in zip(self.plots, self._marks, strict=True):
            plot.addItem(mark, ignoreBounds=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.canvas)
        self.canvas.scene().sigMouseClicked.connect(lambda event: self._pick(event.scenePos()))
        self.setMinimumSize(160, 160)

    def _plot(self, row: int, last: bool) -> pyqtgraph.PlotItem:
        plot = self.canvas.addPlot(row=row, col=0, enableMenu=False, axisItems=axes())
        plot.hideButtons()
        plot.setMouseEnabled(x=False, y=False)
        plot.getAxis("left").setWidth(62)
        for side in ("left", "bottom"):
            plot.getAxis(side).enableAutoSIPrefix(False)
        plot.getAxis("bottom").setStyle(showValues=last)
        if row:
            plot.setXLink(self.canvas.getItem(0, 0))
        return plot

    def show_series(self, series: Sequence[Series], axis: str, span: tuple[float, float], at: float) -> None:
        """Draw these, one a plot; ``at``: the present amount."""
        self.series = tuple(series)
        for number, one in enumerate(series):
            plot = self.plots[number]
            plot.setLabel("left", one.label)
            self._lines[number].setData(one.x, one.y)
            known = np.isfinite(one.present)
            self._rings[number].setData([at] if known else [], [one.present] if known else [])
            self._marks[number].setPos(at)
            highest = float(np.nanmax([*one.y, one.present, 1e-6])) if len(one.y) else 1.0
            plot.setYRange(0, highest * 1.05, padding=0)
        self.plots[0].setXRange(*span, padding=0.01)
        self.plots[-1].setLabel("bottom", axis)

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme."""
        self.colours = colours
        self.canvas.setBackground(colours.pane)
        for plot, line, ring, mark in zip(self.plots, self._lines, self._rings, self._marks, strict=True):
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(colours.line)
                plot.getAxis(side).setTextPen(colours.quiet)
            line.setPen(pyqtgraph.mkPen(colours.field, width=1))
            line.setSymbol("o")
            line.setSymbolSize(5)
            line.setSymbolBrush(colours.field)
            line.setSymbolPen(None)
            mark.setPen(pyqtgraph.mkPen(colours.unit, width=1))
            ring.setPen(None)
            ring.setSymbol("o")
            ring.setSymbolSize(11)
            ring.setSymbolBrush(None)
            ring.setSymbolPen(pyqtgraph.mkPen(colours.unit, width=2))

    def _pick(self, at: QPointF) -> None:
        inside = next((plot for plot in self.plots if plot.vb.sceneBoundingRect().contains(at)), None)
        if inside is not None:
            self.picked.emit(float(inside.vb.mapSceneToView(at).x()))


__all__ = ["InvariancePlots", "Series"]
