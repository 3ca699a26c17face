"""A result of a small network, and figures put together from it, without a window."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

import zfdesk.engine as zf
from zfdesk.live import Computation, Demand, Request, Result, UnitReference, View
from zfdesk.pages.composition import Composition, Slot, free_place, placed
from zfdesk.pages.panels import Captured, PanelKind, PanelSpec, Sources, capture, completed
from zfdesk.sources import Frame


def small_network() -> zf.Model:
    """Untrained, 32 × 32 pixels, a millisecond a picture."""
    layers = (
        zf.Conv("conv1", 6, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2), zf.Conv("conv2", 9, 3, 1, 1),
        zf.ReLU("relu2"), zf.MaxPool("pool2", 2, 2), zf.Linear("fc3", 5), zf.Softmax("prob"),
    )  # fmt: skip
    architecture = zf.Architecture("small", "A small network", layers, size=32)
    classes = ("tabby", "tiger cat", "moped", "church", "tench")
    return replace(zf.random_model(architecture), classes=classes, name="small")


def some_result(model: zf.Model, number: int = 7, **view: object) -> Result:
    """Of a random frame of that number, with all that the panes show by default."""
    pixels = np.random.default_rng(number).integers(0, 256, (40, 48, 3), dtype=np.uint8)
    frame = Frame(pixels, number, time.perf_counter(), "noise")
    asked: dict = {"layer": "conv2", "unit": 0, **view}
    *_, result = Computation().run(Request(frame, View(**asked), Demand(), model))
    return result


def active_unit(model: zf.Model, layer: str = "conv2") -> int:
    """The strongest unit of a layer on the frame of `some_result`."""
    return int(some_result(model, layer=layer).mosaic.values.max((1, 2)).argmax())  # type: ignore[union-attr]


def covered(model: zf.Model, number: int = 7) -> Result:
    """With a square on it, and two pinned units."""
    unit = active_unit(model)
    pins = (UnitReference("conv1", active_unit(model, "conv1")), UnitReference("conv2", unit))
    return some_result(model, number, unit=unit, occluders=(zf.Occluder(4, 5, 9, 9),), pins=pins)


def slot(kind: PanelKind, sources: Sources, number: int = 0) -> Slot:
    """A panel as it is now."""
    return Slot(PanelSpec(kind, number)).showing(taken(kind, sources, number))


def taken(kind: PanelKind, sources: Sources, number: int = 0) -> Captured:
    return capture(PanelSpec(kind, number), sources)


def figure_of(sources: Sources, *kinds: PanelKind) -> Composition:
    """Panels one after the other, where there is room."""
    composition = Composition()
    for kind in kinds:
        composition = placed(composition, slot(kind, sources), *free_place(composition))
    return composition


def full(result: Result, *parts: object) -> Sources:
    """All that can be captured from a result, and from what panes add."""
    sources = Sources(result)
    for part in parts:
        sources = sources.having(part)
    return completed(sources)
