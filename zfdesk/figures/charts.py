"""Panels of bars, lines and words. Imports matplotlib."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

from zfdesk.figures import panels
from zfdesk.figures.colours import BAR, CLEAN, DASHES, EMPTY, LINES
from zfdesk.figures.facts import number, with_minus_sign
from zfdesk.figures.look import PageStyle, fitting, printable, text_width, wrapped
from zfdesk.figures.place import GAP, Body, PanelPlace, hide_frame, inches_from_corner
from zfdesk.progress import percent_text

FEW, MARKERS = 24, ("o", "s", "^", "D")
"""A bridged line of so few points has them marked, each line in its own way."""

SMALLEST_CHANGE = 0.0005
"""Of a probability: what would be 0.0 % is no change."""


TALL, LOW = 0.62, 0.5
"""Height of lines, and of a histogram's steps, as a share of their width: there may be many histograms on a page."""

WIDE = 1.3
"""Inches that an axis must be long to have room for five figures."""


def draw_bars(place: PanelPlace, panel: panels.Bars) -> list[Body]:
    """A bar a class with its name above it; where something is covered, a tick at the clean value, and the change."""
    axes, look, count = place.axes(), place.look, len(panel.values)
    axes.set(xlim=(0, 1), ylim=(count, 0), xticks=[], yticks=[])
    hide_frame(axes)
    row = look.line + 0.09 * look.stroke + 0.05
    text = look.line / row

    def finish(inches: float) -> None:
        for index, (value, name) in enumerate(zip(panel.values, panel.names, strict=True)):
            value_text = percent_text(value, 1)
            if panel.clean is not None:
                change = float(value - panel.clean[index])
                arrow = "▲" if change > SMALLEST_CHANGE else "▼" if change < -SMALLEST_CHANGE else "="
                value_text += f"  {arrow} {abs(change) * 100:.1f}"
            room = inches - text_width(value_text, look.small) - 0.08
            axes.text(0, index + text * 0.92, fitting(name, room, look.small), fontsize=look.small, va="bottom")
            axes.text(1, index + text * 0.92, value_text, fontsize=look.small, va="bottom", ha="right")

    height = 0.09 * look.stroke / row
    for index, value in enumerate(panel.values):
        axes.add_patch(Rectangle((0, index + text), 1, height, facecolor=EMPTY, edgecolor="none"))
        axes.add_patch(Rectangle((0, index + text), float(value), height, facecolor=BAR, edgecolor="none"))
        if panel.clean is not None:
            x = float(panel.clean[index])
            axes.plot([x, x], [index + text - 0.04, index + text + height + 0.08], color=CLEAN,
                      linewidth=1.4 * look.stroke, solid_capstyle="butt", clip_on=False)  # fmt: skip
    clean = "tick: clean value; ▲▼ change in points" if panel.clean is not None else ""
    note = " · ".join(part for part in (clean, panel.note) if part)
    return [Body(axes, lambda inches: count * row, [finish], note=note, rigid=True)]


def draw_histogram(place: PanelPlace, panel: panels.Histogram) -> list[Body]:
    """Steps, filled where there is one series."""
    axes = place.axes()
    for index, counts in enumerate(panel.counts):
        alone = len(panel.counts) == 1
        axes.stairs(
            counts, panel.edges, fill=alone, color=BAR if alone else LINES[index % len(LINES)],
            linestyle="-" if alone else DASHES[index % len(DASHES)], linewidth=1.1 * place.look.stroke,
        )  # fmt: skip
    if panel.logarithmic:
        axes.set_yscale("log")
        axes.set_ylim(bottom=0.7)
    axes.set_xlim(panel.edges[0], panel.edges[-1])
    return [_chart(place, axes, panel.quantity, "count", panel.names, panel.note, LOW)]


def draw_curves(place: PanelPlace, panel: panels.Curves) -> list[Body]:
    """Lines that differ in dashes as well as in colour."""
    axes = place.axes()
    for index, values in enumerate(panel.values):
        known = np.isfinite(values) if panel.bridged else np.ones(len(values), bool)
        axes.plot(
            panel.x[known], values[known], color=LINES[index % len(LINES)], linestyle=DASHES[index % len(DASHES)],
            linewidth=1.2 * place.look.stroke, label=printable(panel.names[index]) if panel.names else None,
            marker=MARKERS[index % len(MARKERS)] if panel.bridged and known.sum() <= FEW else None,
            markersize=2.6 * place.look.stroke,
        )  # fmt: skip
    if panel.logarithmic:
        axes.set_yscale("log")
    axes.margins(x=0.02)
    body = _chart(place, axes, panel.x_quantity, panel.quantity, panel.names, panel.note)
    if panel.logarithmic:  # of quantities rather than counts: not only powers of ten
        axes.yaxis.set(major_locator=_Figures(), major_formatter=FuncFormatter(_figure))
    return [body]


def draw_text(place: PanelPlace, panel: panels.Text) -> list[Body]:
    """Draw text, wrapped to the width."""
    axes, look = place.axes(), place.look
    axes.set_axis_off()

    def height(inches: float) -> float:
        return (wrapped(panel.words, inches, look.small).count("\n") + 1) * look.line + 0.02

    def finish(inches: float) -> None:
        lines = wrapped(panel.words, inches, look.small)
        axes.text(0, 1, lines, transform=axes.transAxes, fontsize=look.small, va="top", linespacing=1.15)

    return [Body(axes, height, [finish], note=panel.note, rigid=True)]


def _chart(
    place: PanelPlace, axes: Axes, x_label: str, y_label: str, names: tuple[str, ...], note: str, share: float = TALL
) -> Body:
    look = place.look
    axes.tick_params(labelsize=look.small, pad=2)
    axes.set_xlabel(printable(x_label), fontsize=look.small, labelpad=1.5)
    axes.set_ylabel(printable(y_label), fontsize=look.small, labelpad=1.5)
    axes.xaxis.set(major_locator=MaxNLocator(3), major_formatter=FuncFormatter(_tick))
    if axes.get_yscale() == "log":
        axes.yaxis.set(major_locator=_Powers(), major_formatter=FuncFormatter(_power))
        axes.yaxis.set(minor_locator=NullLocator(), minor_formatter=NullFormatter())
    else:
        axes.yaxis.set(major_locator=_Steps(), major_formatter=FuncFormatter(_tick))
    below = (2 if x_label else 1) * look.line + 0.03  # tick labels and the axis's words
    body = Body(axes, lambda inches: min(max(share * inches, 0.5), 2.4 * look.stroke), below=below, note=note)
    body.finish.append(lambda inches: axes.xaxis.set_major_locator(MaxNLocator(4 if inches >= WIDE else 3)))
    if len(names) > 1:
        body.finish.append(lambda inches: _legend(body, names, inches, look))
    return body


class _Powers(LogLocator):
    """At most four powers of ten, and fewer on an axis too low for them, of those that are on it.

    matplotlib's own may choose such as lie beyond it on either side, and then none is seen.
    """

    most = 4
    steps: tuple[tuple[int, ...], ...] = ((1,),)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        room = max(2, min(self.most, self.axis.get_tick_space()))  # type: ignore[union-attr]
        low, high = sorted((max(vmin, 1e-300), max(vmax, 1e-300)))
        exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        ticks: list[float] = []
        for steps in self.steps:
            ticks = [step * 10.0**power for power in exponents for step in steps]
            ticks = [tick for tick in ticks if low * (1 - 1e-9) <= tick <= high * (1 + 1e-9)]
            if len(ticks) <= room:
                break
        return ticks[:: max(1, math.ceil((len(ticks) - 1) / (room - 1)))] if len(ticks) > room else ticks


class _Figures(_Powers):
    """1, 2, 5, 10, … where there is room for them, else fewer."""

    most = 6
    steps = ((1, 2, 5), (1, 3), (1,))


class _Steps(MaxNLocator):
    """At most four steps, and fewer on an axis too low for them."""

    def __init__(self) -> None:
        super().__init__(4)

    def tick_values(self, vmin: float, vmax: float) -> Sequence[float]:
        self.set_params(nbins=max(1, min(4, self.axis.get_tick_space())))  # type: ignore[union-attr]
        return super().tick_values(vmin, vmax)


def _legend(body: Body, names: tuple[str, ...], inches: float, look: PageStyle) -> None:
    """A piece of each line with its name, below the axes, where it hides nothing; as many in a row as there is room
    for."""
    place, sample, top = inches_from_corner(body.axes), 0.22 * look.stroke, body.below + GAP
    widths = [min(sample + 0.05 + text_width(printable(name), look.small), inches) for name in names]
    left = 0.0
    for index, (name, width) in enumerate(zip(names, widths, strict=True)):
        if left and left + width > inches:
            left, top = 0.0, top + look.line
        body.axes.plot(
            [left, left + sample], [-top - 0.5 * look.line] * 2, transform=place, clip_on=False,
            color=LINES[index % len(LINES)], linestyle=DASHES[index % len(DASHES)], linewidth=1.2 * look.stroke,
            scalex=False, scaley=False,
        )  # fmt: skip
        label = fitting(name, inches - sample - 0.05, look.small)
        body.axes.text(left + sample + 0.05, -top, label, transform=place, va="top", fontsize=look.small)
        left += width + 0.12
    body.below = top + look.line


def _tick(value: float, place: int) -> str:
    return with_minus_sign(f"{value:.6g}")


def _figure(value: float, place: int) -> str:
    return number(value)


def _power(value: float, place: int) -> str:
    """10⁴; matplotlib's own would be mathematical text, of other fonts."""
    exponent = round(math.log10(value)) if value > 0 else 0
    return f"10{str(exponent).translate(_RAISED)}"


_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
