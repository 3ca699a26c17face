"""Pages to draw, and what can be asked of a drawn one."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text as Words

from zfdesk.engine import Occluder, Rule, SeedKind
from zfdesk.figures import Cell, Facts, Page, panels

FACTS = Facts(
    "ZFNet, Fig. 3", "zfnet-v0", "1a66663a739272183bcef4fcbdc7fa96f84830ef76a0441d6f53380954e568b6", "cat.jpg", 1203,
    "conv4", 17, (6, 7), SeedKind.AT, 9, Rule.DECONVNET, 310.0, occluders=(Occluder(87, 80),),
    version="0.1.0",
)  # fmt: skip


def grid(rows: int = 7, columns: int = 7, step: int = 32, square: int = 50) -> np.ndarray:
    """Positions of a square whose centre goes over a picture of 224 pixels."""
    tops = np.arange(rows) * step + step // 2 - square // 2
    lefts = np.arange(columns) * step + step // 2 - square // 2
    return np.stack(np.meshgrid(tops, lefts, indexing="ij"), -1).astype(np.int32)


def some_panels() -> list[panels.Panel]:
    """One of each kind and more, of random arrays."""
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (224, 224, 3), dtype=np.uint8)
    maps = rng.random((13, 9, 9), np.float32)
    signed = rng.normal(0, 1e-3, (224, 224, 3)).astype(np.float32)
    values = rng.random((7, 7), np.float32)
    values[0, :3] = np.nan
    labels = rng.integers(-1, 12, (7, 7), dtype=np.int32)
    names = tuple((index, f"a class with quite a long name {index}") for index in range(12))
    place = {"positions": grid(), "square": (50, 50), "size": 224}
    boxes = (
        panels.Box(-20, 100, 90, 90, "field", "conv4 @ (6, 7)"),
        panels.Box(100, 40, 50, 60, "covered", ellipse=True),
    )
    layers = (
        panels.Layer("input", "input", 3, 224, 224),
        panels.Layer("conv1", "conv", 96, 110, 110, 7, 2, 1, True),
        panels.Layer("norm1", "norm", 96, 110, 110),
        panels.Layer("fc6", "full", 4096, 1, 1),
    )
    return [
        panels.Picture(pixels, boxes, "frame 1203", FACTS),
        panels.Maps(maps, np.arange(13), marked=4),
        panels.Maps(maps - 0.5, np.arange(13), "change", each=False, signed=True, columns=5),
        panels.UnitMap(maps[0], (2, 3)),
        panels.Signed(signed, window=(20, 30, 160, 170), facts=FACTS),
        panels.Tiles(signed[:70, :70].reshape(10, 7, 70, 3)[:, :, :7]),
        panels.Tiles(rng.integers(0, 256, (4, 8, 8, 3), dtype=np.uint8), 4),
        panels.Occlusion(values, clean=0.5, quantity="P(tabby)", levels=(0.25,), picture=pixels, opacity=0.5, **place),
        panels.Labels(labels, names=names, clean=3, **place),
        panels.Bars(np.array([0.62, 0.2, 0.001], np.float32), ("Egyptian cat", "tabby", "a name too long to fit here"),
                    np.array([0.4, 0.2, 0.3], np.float32)),
        panels.Compare(pixels, pixels[::-1].copy(), quantity="RGB"),
        panels.Compare(maps[0], maps[1], ("clean", "covered"), "activation"),
        panels.Histogram(rng.integers(0, 5000, (2, 12)), np.linspace(-2, 2, 13), ("one", "two"), logarithmic=True),
        panels.Curves(np.arange(20.0), rng.random((3, 20)), ("a", "b", "c"), "position", "distance"),
        panels.Text("Words that are wrapped to whatever width there is, and go on for a while."),
        panels.Drawing(layers),
    ]  # fmt: skip


def every_panel(
    size: str | tuple[float, float] = "two-column", columns: int = 4, first: int = 0, last: int | None = None
) -> Page:
    """A page of `some_panels`, or of some of them."""
    cells = [Cell(panel, 0, 0, label=type(panel).__name__.lower()) for panel in some_panels()[first:last]]
    placed, row, column = [], 0, 0
    for cell in cells:
        across = min(columns, 2 if isinstance(cell.panel, panels.Compare | panels.Drawing) else 1)
        if column + across > columns:
            row, column = row + 1, 0
        placed.append(Cell(cell.panel, row, column, 1, across, cell.label))
        column += across
    return Page(tuple(placed), size, "Every panel", "A caption with signs: × ▼ Δ − ² and $5_a$.")


def words_on(figure: Figure) -> list[Words]:
    """Every text that is drawn."""
    figure.draw_without_rendering()
    hidden = {id(text) for axes in figure.findobj(lambda artist: hasattr(artist, "axison")) if not axes.axison
              for axis in (axes.xaxis, axes.yaxis) for text in axis.findobj(Words)}  # fmt: skip
    return [
        text for text in figure.findobj(Words)
        if text.get_visible() and text.get_text().strip() and id(text) not in hidden
    ]  # fmt: skip


def unreadable(figure: Figure, smallest: float = 6.5) -> list[str]:
    """What hampers reading: texts that overlap, leave the page, or are too small."""
    renderer, found = FigureCanvasAgg(figure).get_renderer(), []
    ticks = {id(label) for axes in figure.findobj(lambda artist: hasattr(artist, "xaxis"))
             for axis in (axes.xaxis, axes.yaxis)
             for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()) for label in (tick.label1, tick.label2)
             if not _within(tick, axis) or not label.get_visible()}  # fmt: skip
    words = [text for text in words_on(figure) if id(text) not in ticks]
    boxes = [text.get_window_extent(renderer) for text in words]
    page = figure.bbox
    for index, (text, box) in enumerate(zip(words, boxes, strict=True)):
        if text.get_fontsize() < smallest:
            found.append(f"{text.get_text()!r} is of {text.get_fontsize()} points")
        if box.x0 < -1 or box.y0 < -1 or box.x1 > page.x1 + 1 or box.y1 > page.y1 + 1:
            found.append(f"{text.get_text()!r} leaves the page")
        for other, area in zip(words[index + 1 :], boxes[index + 1 :], strict=True):
            across = min(box.x1, area.x1) - max(box.x0, area.x0)
            high = min(box.y1, area.y1) - max(box.y0, area.y0)
            # a line's box has room for letters that go below it and for accents
            if across > 1 and high > 0.3 * min(box.height, area.height):
                found.append(f"{text.get_text()!r} overlaps {other.get_text()!r}")
    return found


def _within(tick: object, axis: object) -> bool:
    low, high = sorted(axis.get_view_interval())  # type: ignore[attr-defined]
    return bool(low - 1e-9 <= tick.get_loc() <= high + 1e-9)  # type: ignore[attr-defined]
