"""The lesson of the example: three of the demo's pictures, from moments of their pans."""

from __future__ import annotations

import numpy as np

from zfdesk.engine import Model, crop
from zfdesk.live import Crop
from zfdesk.sources.demo import demo_frame

LESSON = {"my cat": (0.0, 9.5), "motorbike": (10.0, 19.5), "coffee": (20.0, 24.8)}
"""Class: from which second of the demo to which."""
PICTURES, BURSTS = 8, 2  # a class; taken in so many goes, so that the estimate can leave one out


def example_pictures(model: Model) -> dict[str, list[np.ndarray]]:
    """Pictures by class, each as the network sees it. Raises SourceError where the demo's pictures are missing."""
    box = Crop.centre_of(model).box(*demo_frame(0.0).shape[:2])
    return {
        name: [crop(demo_frame(float(moment)), box, model.architecture.size) for moment in np.linspace(*span, PICTURES)]
        for name, span in LESSON.items()
    }


def example_bursts() -> list[str]:
    """Which burst each picture of a class counts as."""
    return [f"hold {place * BURSTS // PICTURES}" for place in range(PICTURES)]


__all__ = ["BURSTS", "LESSON", "PICTURES", "example_bursts", "example_pictures"]
