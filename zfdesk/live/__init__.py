"""The way of a frame: a view, a request, a result, and the thread between them. No Qt."""

from zfdesk.live.class_set import ClassSet, ClassSetError, Sample, TaughtClass
from zfdesk.live.compute import Computation
from zfdesk.live.result import (
    Answer,
    Demand,
    LayerSummary,
    Mosaic,
    Rendered,
    Request,
    Result,
    Trouble,
    UnitComparison,
    UnitResult,
)
from zfdesk.live.slot import LatestSlot
from zfdesk.live.sweeping import Projected, Sweeper, SweepInput, SweepSnapshot, SweepState
from zfdesk.live.view import (
    ClassBars,
    Crop,
    CropMode,
    MapsContent,
    MapsDisplay,
    Normalise,
    Order,
    Style,
    SweepMap,
    SweepSettings,
    SweepUnit,
    TraceAxis,
    UnitReference,
    View,
)
from zfdesk.live.worker import Worker

__all__ = [
    "Answer",
    "ClassBars",
    "ClassSet",
    "ClassSetError",
    "Computation",
    "Crop",
    "CropMode",
    "Demand",
    "LatestSlot",
    "LayerSummary",
    "MapsContent",
    "MapsDisplay",
    "Mosaic",
    "Normalise",
    "Order",
    "Projected",
    "Rendered",
    "Request",
    "Result",
    "Sample",
    "Style",
    "SweepInput",
    "SweepMap",
    "SweepSettings",
    "SweepSnapshot",
    "SweepState",
    "SweepUnit",
    "Sweeper",
    "TaughtClass",
    "TraceAxis",
    "Trouble",
    "UnitComparison",
    "UnitReference",
    "UnitResult",
    "View",
    "Worker",
]  # fmt: skip
