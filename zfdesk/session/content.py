"""What a session holds, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zfdesk.live import Result, View
from zfdesk.session.network_facts import NetworkFacts, network_facts
from zfdesk.session.sweeps import KeptSweep
from zfdesk.sources import Frame


@dataclass(frozen=True, eq=False)
class FrameRecord:
    """One frame, the view it was looked at with, and what the network made of it.

    ``arrays``: by the names that `zfdesk.session` lists; empty where they had not been computed yet.
    """

    view: View
    frame: Frame
    network: NetworkFacts
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Kept:
    """What a feature of the window keeps: its value as JSON, and the arrays that it names."""

    value: dict[str, Any]
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Session:
    """What was on screen, and the snapshots kept beside it, by name.

    ``sweep``: the occlusion sweep in its pane, perhaps of another frame. ``kept``: what features of the window keep
    besides, by name.
    ``zfdesk``: the version that wrote it, "" for this one. ``notes``: sentences on what was missing or not known when
    it was read, or is too large to be written.
    """

    moment: FrameRecord
    snapshots: Mapping[str, FrameRecord] = field(default_factory=dict)
    sweep: KeptSweep | None = None
    kept: Mapping[str, Kept] = field(default_factory=dict)
    zfdesk: str = ""
    notes: tuple[str, ...] = ()


def moment_of(result: Result, view: View | None = None) -> FrameRecord:
    """A result as a moment; with a ``view`` that is not the result's own, its frame without what was computed."""
    request = result.request
    same = view is None or view == request.view
    return FrameRecord(
        view or request.view, request.frame, network_facts(request.model), _arrays_of(result) if same else {}
    )


def _arrays_of(result: Result) -> dict[str, np.ndarray]:
    arrays = {
        "picture": result.picture,
        "probabilities": result.probabilities,
        "clean_probabilities": result.clean_probabilities,
    }
    unit = result.unit
    if unit is not None:
        arrays |= {"unit_map": unit.map, "clean_unit_map": unit.clean_map}
        if rendered := unit.pictures.get(result.request.view.method):
            arrays["reconstruction"] = rendered.reconstruction.values
    return arrays
