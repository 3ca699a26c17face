"""Panels of what changes while a network trains. Imports matplotlib."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap

from zfdesk.figures.colours import BAR, EMPTY, INK, LINE, LINES, sequential, signed_picture
from zfdesk.figures.facts import number
from zfdesk.figures.look import PageStyle, printable, text_width
from zfdesk.figures.over_time import Evolution, Shares, Strips
from zfdesk.figures.place import Body, PanelPlace, hide_frame

FAINTEST = 1e-4
"""The share of values that is just not white in a band; lightness falls with the logarithm up to all of them."""

BAND = 0.3
"""Inches: the height of a layer's band, which holds two lines of words beside it."""

SLOTS = 6
"""Columns a table of numbers is drawn for at least."""

TINY = 1e-12


def draw_strips(place: PanelPlace, panel: Strips) -> list[Body]:
    """The bands one below the other, each with its name and range at the left, and the times below all."""
    axes, look = place.axes(), place.look
    layers, times, bins = panel.shares.shape
    darkness = np.log10(np.maximum(panel.shares, FAINTEST) / FAINTEST) / -np.log10(FAINTEST)
    gap = max(bins // 12, 1)
    sheet = np.full((layers * (bins + gap) - gap, times), np.nan)
    for index in range(layers):
        first = index * (bins + gap)
        sheet[first : first + bins] = np.where(panel.shares[index].any(1), darkness[index].T[::-1], np.nan)
    colours = band_colours()
    axes.imshow(sheet, cmap=colours, vmin=0, vmax=1, aspect="auto", interpolation="none")
    hide_frame(axes)
    middles = [index * (bins + gap) + (bins - 1) / 2 for index in range(layers)]
    labels = [f"{printable(name)}\n{_range(edges)}" for name, edges in zip(panel.names, panel.edges, strict=True)]
    _name_rows(axes, middles, labels, look, linespacing=1.0)
    for index, edges in enumerate(panel.edges):
        first = index * (bins + gap) - 0.5
        axes.plot([-0.5, times - 0.5], [first + bins] * 2, color=LINE, linewidth=0.5 * look.stroke, clip_on=False)
        if edges[0] < 0 < edges[-1]:  # where zero lies
            zero = first + bins * edges[-1] / (edges[-1] - edges[0])
            axes.plot([-0.5, times - 0.5], [zero] * 2, color=LINE, linewidth=0.4 * look.stroke, linestyle=(0, (1, 2)))
    axes.set(xlim=(-0.5, times - 0.5), ylim=(len(sheet) - 0.5, -0.5))
    body = Body(axes, lambda inches: layers * BAND * look.line / 0.113, below=look.line, note=panel.note, rigid=True)
    body.finish.append(lambda inches: _say_times(axes, panel.times, inches / times, look.small))
    return [body]


def draw_shares(place: PanelPlace, panel: Shares) -> list[Body]:
    """Per cents in cells, as high as wide; few times are not drawn huge."""
    axes, look = place.axes(), place.look
    rows, times = panel.values.shape
    axes.imshow(panel.values, cmap=_cells(), vmin=0, vmax=1, aspect="auto", interpolation="none")
    hide_frame(axes)
    for row in range(rows):
        for column in range(times):
            value = panel.values[row, column]
            text = "–" if np.isnan(value) else f"{value * 100:.0f}" if value in (0, 1) or value >= 0.01 else "<1"
            axes.text(column, row, text, fontsize=look.small, ha="center", va="center", color=INK)
    _name_rows(axes, range(rows), map(printable, panel.names), look)
    slots = max(times, SLOTS)
    axes.set(xlim=(-0.5, slots - 0.5), ylim=(rows - 0.5, -0.5))
    body = Body(axes, lambda inches: inches * rows / slots, below=look.line, note=panel.note, shaped=True)
    body.finish.append(lambda inches: _say_times(axes, panel.times, inches / slots, look.small))
    return [body]


def draw_evolution(place: PanelPlace, panel: Evolution) -> list[Body]:
    """The table as one picture, the times above it and the names of the rows at its left."""
    axes, look = place.bare(), place.look
    rows, times, height, width = panel.values.shape[:4]
    gap = max(1, round(min(height, width) / 16))
    slots = max(times, panel.slots)
    tiles = _tiles(panel)
    sheet = np.full((rows, slots, height + gap, width + gap, 3), 255, np.uint8)
    sheet[:, :times, :height, :width] = tiles
    sheet = sheet.swapaxes(1, 2).reshape(rows * (height + gap), slots * (width + gap), 3)[:-gap, :-gap]
    axes.imshow(sheet, aspect="auto")
    hide_frame(axes)
    if panel.known is not None:
        for row, column in zip(*np.nonzero(panel.known == 0), strict=True):
            at = column * (width + gap) + (width - 1) / 2, row * (height + gap) + (height - 1) / 2
            axes.text(*at, "–", fontsize=look.small, ha="center", va="center", color=INK)
    middles = [row * (height + gap) + (height - 1) / 2 for row in range(rows)]
    _name_rows(axes, middles, map(printable, panel.names), look)
    axes.tick_params(axis="x", top=True, bottom=False, labeltop=True, labelbottom=False, length=0, pad=1)
    size = sheet.shape[0] / sheet.shape[1]
    body = Body(axes, lambda inches: inches * size, note=panel.note, shaped=True)

    def finish(inches: float) -> None:
        step = inches / slots
        places = [column * (width + gap) + (width - 1) / 2 for column in range(times)]
        shown = _fitting_times(panel.times, step, look.small)
        axes.set_xticks([places[index] for index in shown], [printable(panel.times[index]) for index in shown])
        for label in axes.get_xticklabels():
            label.set_fontsize(look.small)

    finish(2.0)  # that the layout knows of a line above
    body.finish.append(finish)
    return [body]


def _tiles(panel: Evolution) -> np.ndarray:
    """uint8 (rows, times, height, width, 3), grey where there is none."""
    values = panel.values
    if values.dtype != np.uint8:
        axes = tuple(range(2, values.ndim))
        share = values / np.maximum(np.abs(values).max(axes, keepdims=True), TINY)
        if values.ndim == 5:
            values = signed_picture(share, 1)
        else:
            values = sequential(panel.colours)(np.clip(share, 0, 1), bytes=True)[..., :3]
    if panel.known is None:
        return values
    empty = np.array([int(EMPTY[place : place + 2], 16) for place in (1, 3, 5)], np.uint8)
    return np.where(panel.known[:, :, None, None, None] > 0, values, empty)


def _name_rows(axes: Axes, middles: Sequence[float], names: Iterable[str], look: PageStyle, **others: Any) -> None:
    axes.set_yticks(middles, list(names), fontsize=look.small, **others)
    axes.tick_params(axis="y", length=0, pad=2)


def _say_times(axes: Axes, times: tuple[str, ...], step: float, points: float) -> None:
    shown = _fitting_times(times, step, points)
    axes.set_xticks(shown, [printable(times[index]) for index in shown], fontsize=points)
    axes.tick_params(axis="x", length=0, pad=2)


def _fitting_times(times: tuple[str, ...], step: float, points: float) -> list[int]:
    """Which of the times can be named in a row whose columns are so many inches apart: all, or as many as fit."""
    shown: list[int] = []
    free = -np.inf
    for index, time in enumerate(times):
        half = text_width(time, points) / 2 + 0.02
        if index * step - half >= free:
            shown.append(index)
            free = index * step + half
    return shown


def _range(edges: np.ndarray) -> str:
    low, high = float(edges[0]), float(edges[-1])
    return f"±{number(high)}" if np.isclose(-low, high) else f"{number(low)}…{number(high)}"


def band_colours() -> Colormap:
    """From white to nearly black, ever darker: the bands keep their order in grey."""
    return LinearSegmentedColormap.from_list("bands", ["#ffffff", BAR, LINES[0], "#06263c"]).with_extremes(bad=EMPTY)


def _cells() -> Colormap:
    return LinearSegmentedColormap.from_list("cells", ["#ffffff", BAR]).with_extremes(bad="#ffffff")
