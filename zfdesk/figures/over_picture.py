"""Panels that lie over a picture: a quantity, or a label, where the occluder stood. Imports matplotlib."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.colors import ListedColormap, Normalize, to_rgb
from matplotlib.patches import Rectangle

from zfdesk.figures import panels
from zfdesk.figures.colours import CATEGORIES, EMPTY, INK, LINE, sequential
from zfdesk.figures.facts import number
from zfdesk.figures.look import fitting, text_width, wrapped
from zfdesk.figures.place import GAP, Body, PanelPlace, colour_bar, ends_of, inches_from_corner

SMALLEST_NUMBERED = 0.03
"""Share of the positions below which a region carries no number; the legend still has its colour."""

OTHERS = "#7b828d"
"""The stripes of the labels that have no colour of their own: no colour is striped, in grey print neither."""

STRIPE = 56
"""How many times stripes repeat along a side."""


def centres(panel: panels.Occlusion | panels.Labels) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the occluder's centre at each position, float64, in pixels of the network's input."""
    tops, lefts = panel.positions[:, 0, 0], panel.positions[0, :, 1]
    return tops + (panel.square[0] - 1) / 2, lefts + (panel.square[1] - 1) / 2


def nearest(centre: np.ndarray, size: int) -> np.ndarray:
    """For each of ``size`` pixels the index of the position it belongs to; −1 beyond half a step of the outermost."""
    edges = (centre[1:] + centre[:-1]) / 2
    pixels = np.arange(size)
    index = np.searchsorted(edges, pixels, side="right")
    step = np.diff(centre).min() if len(centre) > 1 else size
    index[(pixels < centre[0] - step / 2) | (pixels > centre[-1] + step / 2)] = -1
    return index


def spread(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, missing: float) -> np.ndarray:
    """Values (rows, columns) at each pixel of the picture; ``missing`` where no position is near."""
    out: np.ndarray = values[np.ix_(rows, columns)]  # −1 takes the last, and is written over
    out[rows < 0] = missing
    out[:, columns < 0] = missing
    return out


def draw_occlusion(place: PanelPlace, panel: panels.Occlusion) -> list[Body]:
    """A continuous map with its colour bar, on which the clean value is marked."""
    axes, known = place.bare(), panel.values[np.isfinite(panel.values)]
    body = Body(
        axes, lambda inches: inches, shaped=True, note="; ".join(part for part in (panel.quantity, panel.note) if part)
    )
    reach = [*known.tolist(), *([panel.clean] if panel.clean is not None else [])] or [0.0, 1.0]
    low = min(reach) if panel.low is None else panel.low
    high = max(reach) if panel.high is None else panel.high
    high = high if high > low else low + 1e-12
    norm = Normalize(low, high, clip=True)
    colours = sequential(panel.colours)
    y, x = centres(panel)
    values = spread(panel.values, nearest(y, panel.size), nearest(x, panel.size), np.nan)
    shown = colours(norm(np.ma.masked_invalid(values)))[..., :3]
    axes.imshow(_laid_over(shown, np.isnan(values), panel), aspect="auto")
    levels = sorted(level for level in set(panel.levels) if len(known) and known.min() < level < known.max())
    if levels and min(panel.values.shape) > 1:
        grid = np.ma.masked_invalid(panel.values)
        for width, colour in ((2.2, "white"), (0.9, INK)):
            axes.contour(x, y, grid, levels=levels, colors=colour, linewidths=width * place.look.stroke)
        axes.set(xlim=(-0.5, panel.size - 0.5), ylim=(panel.size - 0.5, -0.5))
        body.note += f"; contour at {', '.join(map(number, levels))}"
    mark = None
    if panel.clean is not None:
        mark = float(np.clip((panel.clean - low) / (high - low), 0, 1))
        body.note += f" (▼\N{NO-BREAK SPACE}clean\N{NO-BREAK SPACE}{number(panel.clean)})"
    colour_bar(body, colours, ends_of(low, high), place.look, mark)
    return [body]


def draw_labels(place: PanelPlace, panel: panels.Labels) -> list[Body]:
    """A map of classes with numbers on its regions and a legend below; the commonest come first."""
    axes, done = place.bare(), panel.values[panel.values >= 0]
    found, counts = np.unique(done, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    found, counts = found[order], counts[order]
    most = panel.most if len(found) <= panel.most else panel.most - 1
    named, others = found[:most], found[most:]
    places = np.full(panel.values.shape, -1)
    for index, label in enumerate(named):
        places[panel.values == label] = index
    places[np.isin(panel.values, others)] = len(named)
    y, x = centres(panel)
    rows, columns = nearest(y, panel.size), nearest(x, panel.size)
    shown = spread(places, rows, columns, -2)
    table = ListedColormap(["white", *CATEGORIES[: len(named)], OTHERS])
    picture = table(shown.clip(-1) + 1)[..., :3]
    diagonal = np.add.outer(np.arange(panel.size), np.arange(panel.size)) * STRIPE // panel.size
    picture[(shown == len(named)) & (diagonal % 2 == 0)] = 1
    axes.imshow(_laid_over(picture, shown < 0, panel, "white"), aspect="auto")
    for index in range(len(named)):
        for region in _regions(places == index):
            middle = _middle_of(region)
            if region.sum() < SMALLEST_NUMBERED * len(done) or middle is None:
                continue
            axes.text(
                x[middle[1]].clip(6, panel.size - 7), y[middle[0]].clip(8, panel.size - 9), str(index + 1),
                fontsize=place.look.small, ha="center", va="center",
                bbox={"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": LINE, "linewidth": 0.4},
            )  # fmt: skip
    names = dict(panel.names)
    lines: list[tuple[dict[str, Any], str, int]] = [
        ({"facecolor": CATEGORIES[index], "edgecolor": LINE}, f"{index + 1} {names.get(int(label), f'class {label}')}",
         counts[index])
        for index, label in enumerate(named)
    ]  # fmt: skip
    if len(others):
        striped = {"facecolor": "white", "edgecolor": OTHERS, "hatch": "//////"}
        lines.append((striped, f"{len(others)} others", counts[most:].sum()))
    clean = "" if panel.clean is None else f"clean: {names.get(panel.clean, f'class {panel.clean}')}"
    body = Body(axes, lambda inches: inches, shaped=True, note="; ".join(part for part in (clean, panel.note) if part))

    def finish(inches: float) -> None:
        corner, look = inches_from_corner(axes), place.look
        side, step = look.line * 0.72, look.line * 1.08
        top = body.below + GAP
        for colours, name, count in lines:
            axes.add_patch(
                Rectangle((0, -top - side), side, side, transform=corner, clip_on=False, linewidth=0.4, **colours)
            )
            share, room = f"{count / len(done) * 100:.0f}\N{NO-BREAK SPACE}%", inches - side - 0.03
            lines_of_text = wrapped(f"{name}, {share}", room, look.small).split("\n")
            if len(lines_of_text) > 2:  # no more than two lines
                rest = fitting(
                    name[len(lines_of_text[0]) :].strip(), room - text_width(f", {share}", look.small), look.small
                )
                lines_of_text = [lines_of_text[0], f"{rest}, {share}"]
            for line in lines_of_text:
                axes.text(side + 0.03, -top + 0.02, line, transform=corner, va="top", ha="left", fontsize=look.small)
                top += step
        body.below = top

    body.finish.append(finish)
    return [body]


def _laid_over(
    colours: np.ndarray, missing: np.ndarray, panel: panels.Occlusion | panels.Labels, empty: str = EMPTY
) -> np.ndarray:
    """The map's colours 0 to 1 as uint8, over the picture as far as the map is transparent."""
    out = colours
    out[missing] = to_rgb(empty)
    if panel.picture is not None and panel.opacity < 1:
        # a grey picture, so that every colour that is seen is the map's
        grey = (panel.picture @ np.array([0.299, 0.587, 0.114]) / 255)[..., None]
        cover = np.where(missing, 0, panel.opacity)[..., None]
        out = out * cover + grey * (1 - cover)
    result: np.ndarray = (np.clip(out, 0, 1) * 255 + 0.5).astype(np.uint8)
    return result


def _regions(mask: np.ndarray) -> list[np.ndarray]:
    """The parts of a mask that hang together, edge to edge, each as a mask."""
    left, found = mask.copy(), []
    while left.any():
        region = np.zeros_like(left)
        waiting = [divmod(int(left.argmax()), left.shape[1])]
        while waiting:
            row, column = waiting.pop()
            if 0 <= row < left.shape[0] and 0 <= column < left.shape[1] and left[row, column]:
                left[row, column], region[row, column] = False, True
                waiting += [(row + 1, column), (row - 1, column), (row, column + 1), (row, column - 1)]
        found.append(region)
    return found


def _middle_of(mask: np.ndarray) -> tuple[int, int] | None:
    """A place deep inside a region: the first that is left before it is worn away; None for an empty one."""
    last = None
    while mask.any():
        last = mask
        edge = np.pad(mask, 1)
        mask = mask & edge[:-2, 1:-1] & edge[2:, 1:-1] & edge[1:-1, :-2] & edge[1:-1, 2:]
    if last is None:
        return None
    places = np.argwhere(last)
    middle = places[np.abs(places - places.mean(0)).sum(1).argmin()]
    return int(middle[0]), int(middle[1])
