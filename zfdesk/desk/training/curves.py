"""Loss, accuracy and learning rate against the epochs, with the values under the mouse."""

from __future__ import annotations

import numpy as np
import pyqtgraph
from PySide6.QtCore import QPointF, Qt, QTimer
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from zfdesk.desk.training.reading import Line, Lines
from zfdesk.desk.widgets.axis import axes
from zfdesk.desk.widgets.pane import ElidedLabel
from zfdesk.desk.widgets.theme import THEMES, Colours
from zfdesk.figures.facts import number

DASH = Qt.PenStyle.DashLine

LABELS = ("loss", "per cent right", "rate")
NOTHING = ("no loss yet", "not validated", "no rate yet")
"""What stands over a plot without a line."""


def legend_text(lines: list[Line], colours: Colours) -> str:
    """A stroke in the colour of each line and its name, as rich text."""
    return "&nbsp;&nbsp; ".join(
        f'<span style="color:{getattr(colours, line.colour)}"><b>{"╌╌" if line.dashed else "──"}</b></span> '
        f'<span style="color:{colours.text}">{line.label}</span>'
        for line in lines
    )


class CurvesView(QWidget):
    """Three plots above each other over one axis; a line at the chosen snapshot, another under the mouse.

    A plot takes 20 ms of the window's thread to make: they come one after another, once the view is seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.colours: Colours = THEMES["dark"]
        self.lines: Lines = ([], [], [])
        self._epoch: float | None = None
        self.canvas = pyqtgraph.GraphicsLayoutWidget()
        self.canvas.setAccessibleName("Loss, accuracy and learning rate against epochs")
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.ci.setContentsMargins(2, 2, 6, 2)
        self.plots: list[pyqtgraph.PlotItem] = []
        self._marks: list[pyqtgraph.InfiniteLine] = []
        self.crosses: list[pyqtgraph.InfiniteLine] = []
        self._growth = QTimer(self, singleShot=True, interval=0)
        self._growth.timeout.connect(self._grow)
        self.values = ElidedLabel(lines=3, steady=True)
        self.values.setAccessibleName("Values under the mouse, or the newest")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.canvas, 1)
        layout.addWidget(self.values)
        self.canvas.scene().sigMouseMoved.connect(self._hover)

    def _plot(self, row: int, label: str) -> pyqtgraph.PlotItem:
        plot = self.canvas.addPlot(row=row, col=0, enableMenu=False, axisItems=axes())
        plot.hideButtons()
        plot.setLabel("left", label)
        plot.getAxis("left").setWidth(58)
        plot.getAxis("left").enableAutoSIPrefix(False)
        plot.getAxis("bottom").enableAutoSIPrefix(False)
        plot.setMouseEnabled(x=False, y=False)
        if row:
            plot.setXLink(self.canvas.getItem(0, 0))
        if row == 2:
            plot.setLabel("bottom", "epoch")
        return plot

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        if len(self.plots) < len(LABELS):
            self._growth.start()

    def _grow(self) -> None:
        row = len(self.plots)
        plot = self._plot(row, LABELS[row])
        self.canvas.ci.layout.setRowStretchFactor(row, 2 if row == 2 else 4)
        self.plots.append(plot)
        self._marks.append(self._mark(plot))
        self.crosses.append(self._mark(plot))
        self._fill(row, [])
        self._apply_theme(row)
        self.show_epoch(self._epoch)
        if len(self.plots) < len(LABELS):
            self._growth.start()

    def _mark(self, plot: pyqtgraph.PlotItem) -> pyqtgraph.InfiniteLine:
        line = pyqtgraph.InfiniteLine(angle=90, movable=False)
        line.hide()
        plot.addItem(line, ignoreBounds=True)
        return line

    def show_lines(self, lines: Lines) -> None:
        """Draw these; a plot that has the lines it had gets other points only."""
        before, self.lines = self.lines, lines
        for row in range(len(self.plots)):
            if self._fill(row, before[row]):
                self._apply_theme(row)
        self._read(None)

    def _fill(self, row: int, before: list[Line]) -> bool:
        """Set the points of a plot; whether it has other lines than before, which have yet to get their colours."""
        plot, lines = self.plots[row], self.lines[row]
        same = [line.key for line in before] == [line.key for line in lines]
        if not same:
            for item in plot.listDataItems():
                plot.removeItem(item)
            for line in lines:
                plot.addItem(pyqtgraph.PlotDataItem(name=line.label, connect="finite"))
        for item, line in zip(plot.listDataItems(), lines, strict=True):
            item.setData(line.x, line.y)
        return not same

    def show_epoch(self, epoch: float | None) -> None:
        """A line at the snapshot that is looked at."""
        self._epoch = epoch
        for mark in self._marks:
            mark.setVisible(epoch is not None)
            if epoch is not None:
                mark.setPos(epoch)

    def set_colours(self, colours: Colours) -> None:
        """Take over a theme."""
        self.colours = colours
        self.canvas.setBackground(colours.pane)
        for row in range(len(self.plots)):
            self._apply_theme(row)

    def _apply_theme(self, row: int) -> None:
        colours, plot = self.colours, self.plots[row]
        for side in ("left", "bottom"):
            plot.getAxis(side).setPen(colours.line)
            plot.getAxis(side).setTextPen(colours.quiet)
        self._marks[row].setPen(pyqtgraph.mkPen(colours.unit, width=1.5))
        self.crosses[row].setPen(pyqtgraph.mkPen(colours.quiet))
        for item, line in zip(plot.listDataItems(), self.lines[row], strict=True):
            colour = QColor(getattr(colours, line.colour))
            # wider lines are stroked ten times as slowly
            item.setPen(pyqtgraph.mkPen(colour, width=1, style=DASH if line.dashed else Qt.PenStyle.SolidLine))
            item.setSymbol(("o" if line.dashed else "s") if line.marked else None)
            item.setSymbolSize(4)
            item.setSymbolBrush(colour)
            item.setSymbolPen(None)
        lines = self.lines[row]
        plot.getAxis("left").setStyle(showValues=bool(lines))  # an empty axis from 0 to 1 looks like a result
        # above the plot, where it hides no curve
        title = legend_text(lines, colours) if len(lines) > 1 else None
        plot.setTitle(title if lines else NOTHING[row], size="9pt", color=colours.quiet)

    # The mouse

    def _hover(self, at: QPointF) -> None:
        inside = next((plot for plot in self.plots if plot.vb.sceneBoundingRect().contains(at)), None)
        self._read(None if inside is None else float(inside.vb.mapSceneToView(at).x()))

    def leaveEvent(self, event: object) -> None:  # noqa: N802
        self._read(None)

    def _read(self, x: float | None) -> None:
        """Show the values next to the epoch x, else the newest."""
        lines = [line for plot in self.lines for line in plot]
        values = []
        for line in lines:
            known = np.flatnonzero(np.isfinite(line.y))
            if len(known):
                place = known[-1] if x is None else known[np.abs(line.x[known] - x).argmin()]
                unit = " %" if "top-" in line.label else ""
                name = line.label if unit or line.colour == "quiet" else f"{line.label} loss"
                values.append(f"{name} {number(float(line.y[place]))}{unit}")
        for cross in self.crosses:
            cross.setVisible(x is not None)
            if x is not None:
                cross.setPos(x)
        where = "" if x is None else f"epoch {max(x, 0):.2f}: "
        self.values.say(where + " · ".join(values))
