"""What the window asks of the worker and what comes back. All frozen, arrays read-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from zfdesk.engine import Model, Reconstruction, Rule, Stage
from zfdesk.live.view import MapsContent, UnitReference, View
from zfdesk.sources import Frame


@dataclass(frozen=True)
class Demand:
    """What the open panes show; the rest is not computed. ``aspect``: width over height of the feature maps pane.

    ``compare``: the unit on the clean picture too, from the same seed, while something is covered. ``activation``: the
    unit's map alone, where ``unit`` is not asked for. ``features``: what the classifier reads, of the clean picture.
    """

    layers: bool = True
    maps: bool = True
    unit: bool = True
    pins: bool = True
    methods: tuple[Rule, ...] = ()
    compare: bool = False
    activation: bool = False
    features: bool = False
    means: tuple[str, ...] = ()
    peaks: bool = False
    aspect: float = 1.0


@dataclass(frozen=True, eq=False)
class Request:
    """One frame and one view, computed together by one model. ``clean``: the view lacks its occluders, for as long as
    the clean picture is looked at."""

    frame: Frame
    view: View
    demand: Demand
    model: Model
    clean: bool = False


@dataclass(frozen=True, eq=False)
class LayerSummary:
    """A layer at a glance: thumbnail (uint8, height × width), highest activation, share of units above zero."""

    stage: Stage
    thumbnail: np.ndarray
    peak: float
    active: float
    strongest: int


@dataclass(frozen=True, eq=False)
class Mosaic:
    """The feature maps of a layer as one uint8 picture.

    ``image``: uint8 (rows · (height + gap), columns · (width + gap)); 0 is the gap between maps, 1 to 255 run over
    ``low`` to ``high``; with ``signed`` 128 is zero. ``units``: tile index → unit. ``values``: float32
    (all units, height, width), as shown before scaling. ``low`` and ``high`` are nan where each unit has its own range.
    """

    layer: str
    content: MapsContent
    text: str
    image: np.ndarray
    values: np.ndarray
    units: np.ndarray
    columns: int
    tile: tuple[int, int]
    gap: int
    low: float
    high: float
    signed: bool
    alive: int
    reason: str = ""

    @property
    def full_range(self) -> tuple[float, float]:
        """(low, high) that holds all values, from zero or, when signed, symmetric about it: what locking locks."""
        high = float(abs(self.values).max()) or 1.0
        return (-high if self.signed else 0.0), high

    def tile_at(self, row: int, column: int) -> tuple[int, int, int] | None:
        """(unit, y, x) at a pixel of ``image``; None in a gap or outside."""
        height, width = self.tile[0] + self.gap, self.tile[1] + self.gap
        if not (0 <= row < self.image.shape[0] and 0 <= column < self.image.shape[1]):
            return None
        place = (row // height) * self.columns + column // width
        y, x = row % height, column % width
        if place >= len(self.units) or y >= self.tile[0] or x >= self.tile[1]:
            return None
        return int(self.units[place]), y, x

    def corner_of(self, unit: int) -> tuple[int, int] | None:
        """Top-left pixel (row, column) of a unit's tile in ``image``; None when it is not shown."""
        places = np.flatnonzero(self.units == unit)
        if not len(places):
            return None
        row, column = divmod(int(places[0]), self.columns)
        return row * (self.tile[0] + self.gap), column * (self.tile[1] + self.gap)


@dataclass(frozen=True, eq=False)
class Rendered:
    """A reconstruction as a picture.

    ``image``: uint8 (height, width, 3). Values from ``low`` to ``high`` run over 0 to 255; the contrast is stretched
    by ``stretch`` display levels per unit of value.
    """

    reconstruction: Reconstruction
    image: np.ndarray
    low: float
    high: float
    stretch: float


@dataclass(frozen=True, eq=False)
class Shades:
    """An array on a range: ``values`` float32 (height, width) from ``low`` to ``high``; ``image``: uint8 levels of that
    shape, as `Mosaic.image`."""

    values: np.ndarray
    image: np.ndarray
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class UnitComparison:
    """One unit on the clean and on the covered picture, reconstructed from the same ``positions`` (y, x) of its map.

    ``maps``: clean, covered (both on one range), covered − clean (a range about zero). ``pictures``: the
    reconstructions by the view's method, both stretched alike; ``change``: covered − clean of what they show, the mean
    over RGB where they are coloured. None and None with ``reason`` where there is none. ``activations``: clean and
    covered, at the first position.
    """

    positions: tuple[tuple[int, int], ...]
    activations: tuple[float, float]
    maps: tuple[Shades, Shades, Shades]
    pictures: tuple[Rendered, Rendered] | None
    change: Shades | None
    reason: str = ""


@dataclass(frozen=True, eq=False)
class UnitResult:
    """One unit on one frame. ``map``: float32 (height, width). ``box``: receptive field of the first seed position,
    (top, left, bottom, right) in input pixels, not clipped. ``reason``: why there is no reconstruction, else "".

    With a ``comparison`` all is as reconstructed from the comparison's positions, and ``reference`` says so.
    """

    reference: UnitReference
    map: np.ndarray
    clean_map: np.ndarray
    position: tuple[int, int]
    activation: float
    box: tuple[int, int, int, int]
    pictures: Mapping[Rule, Rendered]
    reason: str = ""
    comparison: UnitComparison | None = None

    @property
    def place(self) -> tuple[int, int] | None:
        """Its ``position``; None of a unit of one value, which has no map."""
        return self.position if self.map.size > 1 else None


@dataclass(frozen=True, eq=False)
class Peaks:
    """How high each unit of a layer answers. ``clean``, ``covered``: float32 (units,), highest activations without and
    with the occluders. ``places``: int64 (units, 2), where on its map (y, x) the clean one is."""

    layer: str
    clean: np.ndarray
    covered: np.ndarray
    places: np.ndarray


@dataclass(frozen=True, eq=False)
class Answer:
    """The class probabilities of one frame, told before maps and reconstructions are there.

    ``picture``: what the network saw, uint8 (size, size, 3), occluders drawn in; ``clean``: without them.
    ``probabilities`` and ``clean_probabilities``: float32 (classes,); None while the clean picture's are still being
    computed. ``started``: when the request was taken, by time.perf_counter: the later of two answers is the newer.
    """

    request: Request
    picture: np.ndarray
    clean: np.ndarray
    crop_box: tuple[float, float, float, float]
    probabilities: np.ndarray
    clean_probabilities: np.ndarray | None
    started: float = field(default=0.0, kw_only=True)

    @property
    def occluded(self) -> bool:
        """Whether anything was covered."""
        return self.picture is not self.clean


@dataclass(frozen=True, eq=False)
class Result(Answer):
    """Everything shown beside one frame.

    ``times``: milliseconds by step. ``features``: float32 (features,), what the classifier read of the clean picture,
    where it was asked for. ``means``: by layer, float32 (units,), over the positions of what the network saw, occluders
    and all. ``peaks``: of the shown layer. ``complete``: False while the reconstructions of the unit and the pins are
    still being computed.
    """

    clean_probabilities: np.ndarray
    layer_summaries: tuple[LayerSummary, ...] = ()
    mosaic: Mosaic | None = None
    unit: UnitResult | None = None
    pins: tuple[UnitResult, ...] = ()
    times: Mapping[str, float] = field(default_factory=dict)
    features: np.ndarray | None = None
    means: Mapping[str, np.ndarray] = field(default_factory=dict)
    peaks: Peaks | None = None
    complete: bool = True


@dataclass(frozen=True)
class Failure:
    """Something went wrong in the worker: one sentence, and the details for whoever asks."""

    sentence: str
    details: str = ""
