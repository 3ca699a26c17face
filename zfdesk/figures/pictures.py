"""Panels that are pictures: pixels with boxes, maps, reconstructions, tiles, comparisons. Imports matplotlib."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Ellipse, Patch, Rectangle

from zfdesk.figures import panels
from zfdesk.figures.colours import BOXES, EMPTY, sequential, signed, signed_picture
from zfdesk.figures.facts import number, stretch_text
from zfdesk.figures.files import CELLS
from zfdesk.figures.look import PageStyle, fitting
from zfdesk.figures.place import Body, PanelPlace, colour_bar, ends_of, hide_frame

TINY = 1e-12
SMALL_TILE = 32  # pixels: tiles no larger are filters, whose pixels are values

SMALL_BOX = 0.15
"""Inches; a box that is printed smaller has half as thick an outline, which would hide what it stands on."""


def draw_picture(place: PanelPlace, panel: panels.Picture) -> list[Body]:
    """Pixels, and the boxes on them."""
    return [_shown(place, panel.pixels, panel.boxes, panel.note)]


def draw_signed(place: PanelPlace, panel: panels.Signed) -> list[Body]:
    """A reconstruction about mid-grey, with the stretch in words."""
    values = panel.values
    top, left = 0, 0
    if panel.window is not None:
        top, left, bottom, right = panel.window
        values = values[top:bottom, left:right]
    limit = panel.limit or float(np.abs(values).max())
    note = "zero everywhere" if limit < TINY else f"{stretch_text(127 / limit, panel.facts.std)}; mid-grey is 0"
    boxes = tuple(
        panels.Box(box.top - top, box.left - left, box.height, box.width, box.kind, box.words, box.ellipse)
        for box in panel.boxes
    )
    return [_shown(place, signed_picture(values, limit), boxes, _joined(note, panel.note))]


def draw_unit_map(place: PanelPlace, panel: panels.UnitMap) -> list[Body]:
    """One map over its own range, with its colour bar."""
    body = _scalar(place, place.bare(), panel.values, panel.signed, panel.colours)
    if panel.position is not None:
        y, x = panel.position
        _outline(body.axes, Rectangle((x - 0.5, y - 0.5), 1, 1), BOXES["unit"], place.look)
    body.note = _joined(panel.quantity, panel.note)
    return [body]


def draw_maps(place: PanelPlace, panel: panels.Maps) -> list[Body]:
    """Draw all maps as one picture."""
    count, height, width = panel.values.shape
    columns = panel.columns or near_square(count, height + 1, width + 1)
    largest = np.abs(panel.values).max((1, 2), keepdims=True) if panel.each else np.abs(panel.values).max()
    limits = np.maximum((panel.high or largest) / panel.boost, TINY)
    share = np.clip(panel.values / limits, -1 if panel.signed else 0, 1)
    share = np.sign(share) * np.abs(share) ** panel.gamma
    colours = signed() if panel.signed else sequential(panel.colours)
    shades = colours((share + 1) / 2 if panel.signed else share, bytes=True)[..., :3]
    body = _shown(place, sheet(shades, columns, 1 if height * width > 1 else 0), (), "")
    body.axes.images[0].set_label(CELLS)
    if panel.marked in panel.units:
        row, column = divmod(int(np.flatnonzero(panel.units == panel.marked)[0]), columns)
        corner = (column * (width + 1) - 0.5, row * (height + 1) - 0.5)
        _outline(body.axes, Rectangle(corner, width, height), BOXES["unit"], place.look)
    high = float(np.max(limits))
    own = "its max" if panel.boost == 1 else f"its max / {number(panel.boost)}"
    ends = (f"− {own}" if panel.signed else "0", own) if panel.each else ends_of(-high * panel.signed, high)
    colour_bar(body, colours, ends, place.look, middle="0" if panel.signed else "")
    cut = "what is beyond is cut" if bool(np.any(largest > limits * (1 + 1e-6))) else ""
    gamma = f"gamma {number(panel.gamma)}" if panel.gamma != 1 else ""
    body.note = _joined(panel.quantity, gamma, cut, panel.note)
    return [body]


def draw_tiles(place: PanelPlace, panel: panels.Tiles) -> list[Body]:
    """Small pictures in a sheet, with their names on them where they have any."""
    count, height, width, _ = panel.values.shape
    columns = panel.columns or near_square(count, height, width)
    gap = max(1, round(min(height, width) / 20))
    tiles, note = panel.values, ""
    if tiles.dtype != np.uint8:
        limits = np.abs(tiles).max((1, 2, 3), keepdims=True) if panel.each else np.abs(tiles).max()
        tiles = signed_picture(tiles / np.maximum(limits, TINY), 1)
        note = (
            "each stretched to its own range"
            if panel.each
            else stretch_text(127 / max(float(limits), TINY), panel.facts.std)
        )
        note += "; mid-grey is 0"
    body = _shown(place, sheet(tiles, columns, gap), (), _joined("" if panel.silent else note, panel.note))
    if max(height, width) <= SMALL_TILE:
        body.axes.images[0].set_label(CELLS)
    hide_frame(body.axes)
    body.finish.append(lambda inches: _name_tiles(body.axes, panel, columns, gap, inches, place.look))
    return [body]


def _name_tiles(axes: Axes, panel: panels.Tiles, columns: int, gap: int, inches: float, look: PageStyle) -> None:
    """Each tile's name, if it has one, in its upper left corner."""
    _, height, width, _ = panel.values.shape
    room = inches / (columns * (width + gap) - gap) * width - 0.04
    for index, name in enumerate(panel.names):
        if not name:
            continue
        row, column = divmod(index, columns)
        axes.text(
            column * (width + gap), row * (height + gap), fitting(name, room, look.small), fontsize=look.small,
            ha="left", va="top", bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
        )  # fmt: skip


def draw_compare(place: PanelPlace, panel: panels.Compare) -> list[Body]:
    """A and B over the same range, and their difference over its own, symmetric about zero."""
    parts = place.thirds
    a, b = panel.a, panel.b
    sign = -1 if panel.reverse else 1
    if a.ndim == 3 and a.dtype == np.uint8:
        difference = sign * (b.astype(np.float32) - a.astype(np.float32)).mean(2)
        bodies = [_shown(place, pixels, (), "", parts[index]) for index, pixels in enumerate((a, b))]
        note = "mean over RGB, levels of 255"
    elif a.ndim == 3:
        limit = max(float(np.abs(a).max()), float(np.abs(b).max()), TINY)
        difference = sign * (b - a).mean(2)
        pictures = [signed_picture(values, limit) for values in (a, b)]
        note = stretch_text(127 / limit, panel.facts.std)
        bodies = [_shown(place, pixels, (), note, parts[index]) for index, pixels in enumerate(pictures)]
        note = "mean over RGB"
    else:
        low = min(float(a.min()), float(b.min()), 0.0)
        high = max(float(a.max()), float(b.max()))
        high = max(high, -low) if low < 0 else high
        bodies = [
            _scalar(place, place.bare(parts[index]), values, low < 0, "inferno", high)
            for index, values in enumerate((a, b))
        ]
        difference, note = sign * (b - a), ""
        for body in bodies:
            body.note = panel.quantity
    bodies.append(_scalar(place, place.bare(parts[2]), difference, True, ""))
    bodies[2].note = _joined(note, panel.note)
    of, less = panel.names if panel.reverse else panel.names[::-1]
    for body, name in zip(bodies, (*panel.names, f"{of} − {less}"), strict=True):
        body.title = name
    return bodies


def near_square(count: int, height: int, width: int) -> int:
    """How many columns make tiles of that size as nearly a square as they can."""
    return max(1, min(count, round(math.sqrt(count * height / width))))


def sheet(tiles: np.ndarray, columns: int, gap: int) -> np.ndarray:
    """uint8 tiles (count, height, width, 3) → one picture, row by row, with white between them."""
    count, height, width, _ = tiles.shape
    rows = math.ceil(count / columns)
    out = np.full((rows * columns, height + gap, width + gap, 3), 255, np.uint8)
    out[:count, :height, :width] = tiles
    out = out.reshape(rows, columns, height + gap, width + gap, 3).swapaxes(1, 2)
    out = out.reshape(rows * (height + gap), columns * (width + gap), 3)
    return out[: out.shape[0] - gap, : out.shape[1] - gap]


def draw_boxes(axes: Axes, boxes: tuple[panels.Box, ...], look: PageStyle) -> list[tuple[Patch, Patch]]:
    """Outlines on a picture, clipped to it: of each box what is drawn of it."""
    drawn = []
    for box in boxes:
        corner = (box.left - 0.5, box.top - 0.5)
        if box.ellipse:
            centre = (corner[0] + box.width / 2, corner[1] + box.height / 2)
            patch: Ellipse | Rectangle = Ellipse(centre, box.width, box.height)
        else:
            patch = Rectangle(corner, box.width, box.height)
        colour = {"covered": "black", "region": "black"}.get(box.kind, BOXES.get(box.kind, "black"))
        drawn.append(_outline(axes, patch, colour, look))
    return drawn


def _shown(
    place: PanelPlace, pixels: np.ndarray, boxes: tuple[panels.Box, ...], note: str, spec: object = None
) -> Body:
    """A picture of uint8 pixels."""
    axes = place.bare(spec)  # type: ignore[arg-type]
    axes.imshow(pixels, aspect="auto")
    height, width = pixels.shape[:2]
    outlines = draw_boxes(axes, boxes, place.look)
    body = Body(axes, lambda inches: inches * height / width, note=note, shaped=True)
    worded = [box for box in boxes if box.words]

    def finish(inches: float) -> None:
        for box, lines in zip(boxes, outlines, strict=True):
            if min(box.height, box.width) * inches / width < SMALL_BOX:
                for line in lines:
                    line.set_linewidth(line.get_linewidth() / 2)
        for box in worded:
            label = fitting(box.words, inches, place.look.small)
            y, side = (box.top - 1, "bottom") if box.top > height / 6 else (box.top + box.height, "top")
            x = min(max(box.left, 0), width * 0.6)
            axes.text(
                x, y, label, fontsize=place.look.small, ha="left", va=side, clip_on=True,
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )  # fmt: skip

    body.finish.append(finish)
    return body


def _scalar(
    place: PanelPlace, axes: Axes, values: np.ndarray, about_zero: bool, colours: str, high: float | None = None
) -> Body:
    """A map of numbers with its colour bar, from zero up or symmetric about it."""
    table = signed() if about_zero else sequential(colours)
    high = max(float(np.abs(values).max()) if high is None else high, TINY)
    axes.imshow(values, cmap=table, vmin=-high if about_zero else 0, vmax=high, aspect="auto")
    height, width = values.shape
    body = Body(axes, lambda inches: inches * height / width, shaped=True)
    silent = high <= TINY
    ends = ends_of(-high if about_zero else 0, high) if not silent else ("0", "0")
    colour_bar(body, table, ends, place.look, middle="0" if about_zero else "")
    return body


def _outline(axes: Axes, patch: Rectangle | Ellipse, colour: str, look: PageStyle) -> tuple[Patch, Patch]:
    """A line that is seen on light and on dark, in colour and in grey."""
    from copy import copy

    under = copy(patch)
    under.set(fill=False, edgecolor="white", linewidth=2.4 * look.stroke)
    patch.set(fill=False, edgecolor=colour, linewidth=1.1 * look.stroke)
    axes.add_patch(under)
    axes.add_patch(patch)
    return under, patch


def _joined(*parts: str) -> str:
    return " · ".join(part for part in parts if part)


__all__ = ["EMPTY", "draw_boxes", "draw_compare", "draw_maps", "draw_picture", "draw_signed", "draw_tiles",
           "draw_unit_map", "near_square", "number", "sheet"]  # fmt: skip
