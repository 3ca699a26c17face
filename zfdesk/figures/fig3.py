"""The architecture drawing (Fig. 3), from the declared layers of whichever network it is."""

from __future__ import annotations

from zfdesk.engine import LRN, Architecture, Conv, Linear, MaxPool, Softmax
from zfdesk.figures.facts import Facts, caption
from zfdesk.figures.page import Cell, Page, PageSize
from zfdesk.figures.panels import Drawing, Layer

KINDS = {Conv: "conv", MaxPool: "pool", LRN: "norm", Linear: "full", Softmax: "softmax"}


def fig3_page(architecture: Architecture, facts: Facts | None = None, *, size: PageSize = "two-column") -> Page:
    """One drawing of a network. facts: by default what the architecture says of itself, without weights."""
    facts = facts or Facts(network=architecture.title)
    counts = f"{architecture.parameters:,} parameters, {architecture.multiply_adds / 1e9:.3f} G multiply-adds a picture"
    panel = Drawing(drawn_layers(architecture), counts, facts)
    how = (
        "A block is higher the larger its maps and longer the more they are (not to scale); above it its output, "
        "below it how that is made."
    )
    return Page(
        (Cell(panel, 0, 0),), size, f"Architecture: {architecture.title}", f"{caption(facts)} {how}", letters=False
    )


def drawn_layers(architecture: Architecture) -> tuple[Layer, ...]:
    """The layers of a network, as a `Drawing` takes them."""
    return tuple(
        Layer(
            stage.name, KINDS[type(stage.layer)] if stage.layer else "input", *stage.shape,
            getattr(stage.layer, "kernel", 0), getattr(stage.layer, "stride", 0), getattr(stage.layer, "padding", 0),
            stage.rectified,
        )
        for stage in architecture.stages
    )  # fmt: skip
