"""Where a panel is drawn and what it needs: shared by all that draw panels. Imports matplotlib."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec
from matplotlib.transforms import ScaledTranslation, Transform, blended_transform_factory

from zfdesk.figures.colours import INK, LINE
from zfdesk.figures.facts import number
from zfdesk.figures.look import PageStyle, text_width, wrapped

GAP = 0.045
"""Inches between a picture and what stands below it."""


@dataclass
class Body:
    """The axes of a panel and what decides its place.

    height: inches it wants to be high at a width in inches. finish: called in turn, with the width, for words that
    must fit. below: inches taken under the axes so far; notes go below that. title, note: words above and below.
    shaped: it is a picture, whose pixels are square once it is laid out; until then it fills its place, so that what
    stands around it is measured from there. rigid: it cannot be drawn smaller, as its words would not shrink with it.
    """

    axes: Axes
    height: Callable[[float], float]
    finish: list[Callable[[float], None]] = field(default_factory=list)
    below: float = 0.0
    title: str = ""
    note: str = ""
    shaped: bool = False
    rigid: bool = False


@dataclass(frozen=True)
class PanelPlace:
    """The part of a figure that a panel gets. thirds: the same for each of three pictures side by side."""

    figure: Figure
    spec: SubplotSpec
    look: PageStyle
    thirds: tuple[SubplotSpec, ...] = ()

    def axes(self, spec: SubplotSpec | None = None) -> Axes:
        """New axes in the place, or in a part of it."""
        return self.figure.add_subplot(spec if spec is not None else self.spec)

    def bare(self, spec: SubplotSpec | None = None) -> Axes:
        """New axes for a picture: a thin frame and no ticks."""
        axes = self.axes(spec)
        axes.set(xticks=[], yticks=[])
        for spine in axes.spines.values():
            spine.set(visible=True, linewidth=0.5 * self.look.stroke, color=LINE)
        return axes


def hide_frame(axes: Axes) -> None:
    """Draw no lines around the axes."""
    for spine in axes.spines.values():
        spine.set_visible(False)


def inches_below(axes: Axes) -> Transform:
    """x as a share of the axes' width, y in inches up from their lower edge."""
    return blended_transform_factory(axes.transAxes, inches_from_corner(axes))


def inches_from_corner(axes: Axes) -> Transform:
    """x and y in inches from the axes' lower left corner."""
    return _from_corner(axes.figure, axes.transAxes)


def inches_on_page(figure: Figure) -> Transform:
    """x and y in inches from the figure's lower left corner."""
    return _from_corner(figure, figure.transFigure)


def _from_corner(figure: Any, place: Any) -> Transform:
    result: Transform = figure.dpi_scale_trans + ScaledTranslation(0, 0, place)
    return result


def say_below(body: Body, text: str, width: float, look: PageStyle) -> None:
    """Write small text under the axes and whatever is there already."""
    if not text:
        return
    lines = wrapped(text, width, look.small)
    body.axes.text(
        0, -body.below - GAP, lines, transform=inches_below(body.axes), va="top", ha="left", fontsize=look.small,
        linespacing=1.15,
    )  # fmt: skip
    body.below += GAP + (lines.count("\n") + 1) * look.line


def colour_bar(
    body: Body, colours: Colormap, ends: tuple[str, str], look: PageStyle, mark: float | None = None, middle: str = ""
) -> None:
    """A bar below the axes, with words at its ends. mark: a share from 0 to 1 where a ▼ stands; middle: words there."""
    axes, thick = body.axes, 0.07 * look.stroke
    top = body.below + GAP + (0.6 * look.line if mark is not None else 0)
    bar = axes.inset_axes((0, -top - thick, 1, thick), transform=inches_below(axes))
    bar.imshow(np.linspace(0, 1, 256)[None], cmap=colours, aspect="auto", extent=(0, 1, 0, 1), interpolation="none")
    bar.set(xticks=[], yticks=[])
    for spine in bar.spines.values():
        spine.set(visible=True, linewidth=0.4 * look.stroke, color=LINE)
    under = inches_below(axes)
    if mark is not None:
        axes.text(mark, -top + 0.01, "▼", transform=under, ha="center", va="bottom", fontsize=look.small)
        bar.axvline(mark, color="white", linewidth=2.2 * look.stroke)
        bar.axvline(mark, color=INK, linewidth=0.9 * look.stroke)
    body.below = top + thick + 0.02

    def finish(inches: float) -> None:
        widths = [text_width(text, look.small) for text in (*ends, middle)]
        if widths[0] + widths[1] + 0.05 > inches:  # too narrow for two words in a line
            body.below -= GAP
            say_below(body, f"{ends[0]} to {ends[1]}", inches, look)
            return
        shown = [(0.0, ends[0], "left"), (1.0, ends[1], "right")]
        shown += [(0.5, middle, "center")] if middle and 2 * max(widths[:2]) + widths[2] + 0.1 <= inches else []
        for x, text, side in shown:
            axes.text(x, -body.below, text, transform=under, ha=side, va="top", fontsize=look.small)
        body.below += look.line - GAP

    body.finish.append(finish)


def ends_of(low: float, high: float) -> tuple[str, str]:
    """The words at a colour bar's ends."""
    return number(low), number(high)
