"""Loss, accuracy and learning rate against the epochs, with the values under the mouse."""

from __future__ import annotations

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from zfdesk.desk.colourbar import number
from zfdesk.desk.panes.base import ElidedLabel
from zfdesk.desk.theme import THEMES, Colours
from zfdesk.desk.training_looks import Lines

DASH = Qt.PenStyle.DashLine


class CurvesView(QWidget):
    """Three plots above each other over one axis; a line at the chosen snapshot, another under the mouse."""

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.lines: Lines = ([], [], [])
        self._epoch: float | None = None
        self.canvas = pyqtgraph.GraphicsLayoutWidget()
        self.canvas.setAccessibleName("Loss, accuracy and learning rate against epochs")
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setContentsMargins(2, 2, 6, 2)
        self.plots = [self._plot(row, words) for row, words in enumerate(("loss", "per cent right", "rate"))]
        for row, stretch in enumerate((4, 4, 2)):
            self.canvas.ci.layout.setRowStretchFactor(row, stretch)
        self._marks = [self._mark(plot) for plot in self.plots]
        self._crosses = [self._mark(plot) for plot in self.plots]
        self.values = ElidedLabel()
        self.values.setAccessibleName("Values under the mouse, or the newest")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.values)
        self.canvas.scene().sigMouseMoved.connect(self._hover)

    def _plot(self, row: int, words: str) -> pyqtgraph.PlotItem:
        plot = self.canvas.addPlot(row=row, col=0, enableMenu=False)
        plot.hideButtons()
        plot.setLabel("left", words)
        plot.getAxis("left").setWidth(58)
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.getAxis("bottom").enableAutoSIPrefix(False)
        plot.setMouseEnabled(x=False, y=False)
        plot.addLegend(offset=(-14, -4 if row == 1 else 2), labelTextSize="9pt", brush=None, pen=None, verSpacing=-5)
        if row:
            plot.setXLink(self.canvas.getItem(0, 0))
        if row == 2:
            plot.setLabel("bottom", "epoch")
        return plot

    def _mark(self, plot: pyqtgraph.PlotItem) -> pyqtgraph.InfiniteLine:
        line = pyqtgraph.InfiniteLine(angle=90, movable=False)
        line.hide()
        plot.addItem(line, ignoreBounds=True)
        return line

    def show_lines(self, lines: Lines) -> None:
        """Draw these; a plot that has the lines it had gets other points only."""
        before, self.lines = self.lines, lines
        for plot, old, new in zip(self.plots, before, lines, strict=True):
            if [line.words for line in old] != [line.words for line in new]:
                for item in plot.listDataItems():
                    plot.removeItem(item)
                for line in new:
                    plot.addItem(pyqtgraph.PlotDataItem(name=line.words, connect="finite"))
                plot.legend.setVisible(len(new) > 1)
            for item, line in zip(plot.listDataItems(), new, strict=True):
                item.setData(line.x, line.y)
        self._dress()
        self._read(None)

    def show_epoch(self, epoch: float | None) -> None:
        """A line at the snapshot that is looked at."""
        for mark in self._marks:
            mark.setVisible(epoch is not None)
            if epoch is not None:
                mark.setPos(epoch)

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme."""
        self.colours = colours
        self.canvas.setBackground(colours.pane)
        self._dress()

    def _dress(self) -> None:
        colours = self.colours
        for plot, lines, mark, cross in zip(self.plots, self.lines, self._marks, self._crosses, strict=True):
            for side in ("left", "bottom"):
                plot.getAxis(side).setPen(colours.line)
                plot.getAxis(side).setTextPen(colours.quiet)
            mark.setPen(pyqtgraph.mkPen(colours.unit, width=1.5))
            cross.setPen(pyqtgraph.mkPen(colours.quiet))
            for item, line in zip(plot.listDataItems(), lines, strict=True):
                colour = QColor(getattr(colours, line.colour))
                # wider lines are stroked ten times as slowly
                item.setPen(pyqtgraph.mkPen(colour, width=1, style=DASH if line.dashed else Qt.PenStyle.SolidLine))
                few = np.isfinite(line.y).sum() <= 60 and line.words != "learning rate"
                item.setSymbol(("o" if line.dashed else "s") if few else None)
                item.setSymbolSize(4)
                item.setSymbolBrush(colour)
                item.setSymbolPen(None)
            plot.legend.setBrush(pyqtgraph.mkBrush(colours.colour("pane", 190)))
            for _, label in plot.legend.items:
                label.setText(label.text, color=colours.text)

    # The mouse

    def _hover(self, at: QPointF) -> None:
        inside = next((plot for plot in self.plots if plot.vb.sceneBoundingRect().contains(at)), None)
        self._read(None if inside is None else float(inside.vb.mapSceneToView(at).x()))

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._read(None)

    def _read(self, x: float | None) -> None:
        """The values next to x, else the newest, in words."""
        lines = [line for plot in self.lines for line in plot]
        said = []
        for line in lines:
            known = np.flatnonzero(np.isfinite(line.y))
            if len(known):
                place = known[-1] if x is None else known[np.abs(line.x[known] - x).argmin()]
                unit = " %" if "top-" in line.words else ""
                name = line.words if unit or line.colour == "quiet" else f"{line.words} loss"
                said.append(f"{name} {number(float(line.y[place]))}{unit}")
        for cross in self._crosses:
            cross.setVisible(x is not None)
            if x is not None:
                cross.setPos(x)
        where = "" if x is None else f"epoch {max(x, 0):.2f}: "
        self.values.say(where + " · ".join(said))
