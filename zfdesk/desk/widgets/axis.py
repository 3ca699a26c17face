"""The axes of plots."""

from __future__ import annotations

from collections.abc import Sequence

import pyqtgraph

from zfdesk.figures.facts import with_minus_sign


class Axis(pyqtgraph.AxisItem):  # type: ignore[misc]
    """An axis whose figures have the minus sign of mathematics."""

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:  # noqa: N802
        return [with_minus_sign(text) for text in super().tickStrings(values, scale, spacing)]


def axes() -> dict[str, Axis]:
    """The two that a plot has, as `pyqtgraph.GraphicsLayoutWidget.addPlot` takes them."""
    return {side: Axis(side) for side in ("left", "bottom")}


__all__ = ["Axis", "axes"]
