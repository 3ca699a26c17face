"""The way of a frame: a view, a request, a result, and the thread between them. No Qt."""

from zfdesk.live.class_set import Lesson, LessonError, Shot, TaughtClass
from zfdesk.live.compute import Computation
from zfdesk.live.result import Demand, Developed, Glance, Mosaic, Request, Result, Trouble, UnitComparison, UnitResult
from zfdesk.live.slot import LatestSlot
from zfdesk.live.sweeping import Projected, Subject, Sweeper, SweepState, Swept
from zfdesk.live.view import (
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
    "Computation", "Crop", "CropMode", "Demand", "Developed", "Glance", "LatestSlot", "Lesson", "LessonError",
    "MapsContent", "MapsDisplay", "Mosaic", "Normalise", "Order", "Projected", "Request", "Result", "Shot", "Style",
    "Subject", "SweepMap", "SweepSettings", "SweepState", "SweepUnit", "Sweeper", "Swept", "TaughtClass", "TraceAxis",
    "Trouble", "UnitComparison", "UnitReference", "UnitResult", "View", "Worker",
]  # fmt: skip
