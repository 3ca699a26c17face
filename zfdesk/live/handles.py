"""The hand on the picture: handles of occluders and of the crop box, and what dragging one makes of it.

Pure geometry on Views, so that every drag can be tested without a window.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from zfdesk.engine import Occluder, OccluderShape
from zfdesk.live import Crop, CropMode, View

SMALLEST = 4
LARGEST = 448


@dataclass(frozen=True)
class Handle:
    """What the mouse holds. ``what``: "occluder" or "crop"; ``edges``: which sides move, "" for all of it."""

    what: str
    index: int = 0
    edges: str = ""  # any of "t", "b", "l", "r"


def find_handle(view: View, x: float, y: float, reach: float) -> Handle | None:
    """The occluder handle at a point of the input picture; ``reach``: how near a border counts, in input pixels."""
    for index in range(len(view.occluders) - 1, -1, -1):
        occluder = view.occluders[index]
        edges = _edges(occluder.top, occluder.left, occluder.height, occluder.width, x, y, reach)
        if edges is not None:
            return Handle("occluder", index, edges)
    return None


def _edges(top: float, left: float, height: float, width: float, x: float, y: float, reach: float) -> str | None:
    if not (top - reach <= y <= top + height + reach and left - reach <= x <= left + width + reach):
        return None
    # a small occluder keeps a middle that can be dragged
    near_y, near_x = min(reach, height / 4), min(reach, width / 4)
    edges = "t" if y < top + near_y else "b" if y > top + height - near_y else ""
    edges += "l" if x < left + near_x else "r" if x > left + width - near_x else ""
    return edges


def drag_occluder(view: View, handle: Handle, start: Occluder, dx: float, dy: float, size: int) -> View:
    """The view after the occluder held, which was ``start``, was dragged by (dx, dy) input pixels."""
    if not handle.edges:
        moved = replace(start, top=round(start.top + dy), left=round(start.left + dx))
        return put_occluder(view, handle.index, keep_near(moved, size))
    top, left = start.top, start.left
    bottom, right = top + start.height, left + start.width
    if "t" in handle.edges:
        top = min(round(top + dy), bottom - SMALLEST)
    if "b" in handle.edges:
        bottom = max(round(bottom + dy), top + SMALLEST)
    if "l" in handle.edges:
        left = min(round(left + dx), right - SMALLEST)
    if "r" in handle.edges:
        right = max(round(right + dx), left + SMALLEST)
    if start.shape is OccluderShape.SQUARE:
        side = (
            max(bottom - top, right - left)
            if len(handle.edges) == 2
            else (bottom - top if handle.edges in ("t", "b") else right - left)
        )
        side = min(side, LARGEST)
        top = bottom - side if "t" in handle.edges else top
        left = right - side if "l" in handle.edges else left
        bottom, right = top + side, left + side
    height, width = min(bottom - top, LARGEST), min(right - left, LARGEST)
    top = bottom - height if "t" in handle.edges else top  # the side across from the handle stays where it is
    left = right - width if "l" in handle.edges else left
    resized = replace(start, top=top, left=left, height=height, width=width)
    return put_occluder(view, handle.index, keep_near(resized, size))


def put_occluder(view: View, index: int, occluder: Occluder) -> View:
    """The view with one occluder replaced and chosen; unchanged when it was removed meanwhile, as in mid-drag."""
    if not 0 <= index < len(view.occluders):
        return view
    occluders = (*view.occluders[:index], occluder, *view.occluders[index + 1 :])
    return view.change(occluders=occluders, chosen_occluder=index)


def keep_near(occluder: Occluder, size: int) -> Occluder:
    """At least a pixel of an occluder stays over the picture, so that it can always be caught again."""
    top = min(max(occluder.top, 1 - occluder.height), size - 1)
    left = min(max(occluder.left, 1 - occluder.width), size - 1)
    return replace(occluder, top=top, left=left)


def scale_occluder(occluder: Occluder, factor: float) -> Occluder:
    """Larger or smaller about its centre."""
    height = min(max(round(occluder.height * factor), SMALLEST), LARGEST)
    width = min(max(round(occluder.width * factor), SMALLEST), LARGEST)
    if height == occluder.height and width == occluder.width:
        step = 1 if factor > 1 else -1
        height = min(max(height + step, SMALLEST), LARGEST)
        width = min(max(width + step, SMALLEST), LARGEST)
    top = round(occluder.top + (occluder.height - height) / 2)
    left = round(occluder.left + (occluder.width - width) / 2)
    return replace(occluder, top=top, left=left, height=height, width=width)


def crop_handle(view: View, frame_height: int, frame_width: int, x: float, y: float, reach: float) -> Handle | None:
    """The crop box's border at a point of the frame; only a crop has one to drag."""
    if view.crop.mode is not CropMode.CROP:
        return None
    left, top, right, bottom = view.crop.box(frame_height, frame_width)
    inside = left + reach < x < right - reach and top + reach < y < bottom - reach
    if inside or not (left - reach <= x <= right + reach and top - reach <= y <= bottom + reach):
        return None
    vertical = "t" if abs(y - top) <= reach else "b" if abs(y - bottom) <= reach else ""
    horizontal = "l" if abs(x - left) <= reach else "r" if abs(x - right) <= reach else ""
    corner = vertical + horizontal
    return Handle("crop", 0, corner if len(corner) == 2 else "")


def drag_crop(start: Crop, handle: Handle, dx: float, dy: float, frame_height: int, frame_width: int) -> Crop:
    """The crop after its border was dragged by (dx, dy) frame pixels: corners scale it, sides move it."""
    shortest = min(frame_height, frame_width)
    if not handle.edges:
        x = min(max(start.x + dx / frame_width, 0.0), 1.0)
        y = min(max(start.y + dy / frame_height, 0.0), 1.0)
        return replace(start, x=x, y=y)
    sign_y, sign_x = (-1 if "t" in handle.edges else 1), (-1 if "l" in handle.edges else 1)
    grow = (sign_x * dx + sign_y * dy) / 2
    side = min(max(start.side * shortest + grow, 16.0), 2.0 * max(frame_height, frame_width)) / shortest
    change = (side - start.side) * shortest / 2
    x, y = start.x + sign_x * change / frame_width, start.y + sign_y * change / frame_height
    # the centre stays on the frame: a box beside it could not be caught again
    return replace(start, side=side, x=min(max(x, 0.0), 1.0), y=min(max(y, 0.0), 1.0))
