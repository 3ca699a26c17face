"""The kinds of panel a page is made of: what each shows as arrays, with its units and facts. Nothing is drawn here.

A panel is a frozen dataclass whose arrays are read-only, so that a page can be kept, written to a file and drawn again.
Whatever does not fit together raises ValueError with a sentence.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zfdesk.figures.checks import check_columns, check_series, keep
from zfdesk.figures.facts import UNKNOWN, Facts
from zfdesk.figures.over_time import Evolution, Shares, Strips

BOX_KINDS = ("field", "unit", "covered", "region")
"""Receptive field or crop; the selected unit; an occluder; a filled region."""


@dataclass(frozen=True)
class Box:
    """An outline on a picture, in its pixels; it may hang over the border.

    kind: one of `BOX_KINDS`. ellipse: the box is that of an ellipse.
    """

    top: float
    left: float
    height: float
    width: float
    kind: str = "field"
    words: str = ""
    ellipse: bool = False

    def __post_init__(self) -> None:
        if self.kind not in BOX_KINDS:
            raise ValueError(f"A box is one of {', '.join(BOX_KINDS)}, not {self.kind!r}.")
        if not (all(map(math.isfinite, (self.top, self.left))) and 0 < self.height < 1e6 and 0 < self.width < 1e6):
            raise ValueError("A box on a picture must have a place and a size.")
        for name in ("top", "left", "height", "width"):  # JSON tells 5 from 5.0
            object.__setattr__(self, name, float(getattr(self, name)))


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture, uint8 (height, width, 3) RGB, with boxes on it."""

    pixels: np.ndarray
    boxes: tuple[Box, ...] = ()
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "pixels", np.uint8, (None, None, 3))


@dataclass(frozen=True, eq=False)
class Maps:
    """Feature maps as one mosaic, float32 (units, height, width), tile by tile in rows.

    units: the number of each. each: every map has its own range, which then is not on the colour bar. signed: colours
    are symmetric about zero. colours: a name of `zfdesk.figures.colours.SEQUENTIAL`, for what is not signed.
    columns: 0 makes the mosaic as square as its panel allows. marked: a unit with a frame around its map, or −1.
    high: the value at the end of the colours, where what is larger is cut; 0: the largest of all, or with ``each`` of
    the map, in both cases over ``boost``. gamma: the power of a value's share of that range, which chooses the colour.
    """

    values: np.ndarray
    units: np.ndarray
    quantity: str = "activation"
    each: bool = True
    signed: bool = False
    colours: str = "inferno"
    columns: int = 0
    marked: int = -1
    high: float = 0.0
    boost: float = 1.0
    gamma: float = 1.0
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float32, (None, None, None))
        keep(self, "units", np.int64, (len(self.values),))
        check_columns(self.columns)


@dataclass(frozen=True, eq=False)
class UnitMap:
    """The map of one unit, float32 (height, width). position: (y, x), framed."""

    values: np.ndarray
    position: tuple[int, int] | None = None
    quantity: str = "activation"
    signed: bool = False
    colours: str = "inferno"
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float32, (None, None))


@dataclass(frozen=True, eq=False)
class Signed:
    """A signed picture, float32 (height, width, 3) RGB: a reconstruction. Zero is drawn mid-grey.

    limit: the absolute value that just reaches the end of the range; 0 takes the largest there is. window: the part
    shown, (top, left, bottom, right). boxes: as on a `Picture`.
    """

    values: np.ndarray
    limit: float = 0.0
    window: tuple[int, int, int, int] | None = None
    boxes: tuple[Box, ...] = ()
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float32, (None, None, 3))
        if not (math.isfinite(self.limit) and self.limit >= 0):
            raise ValueError("The range of a signed picture must be a positive number.")
        if self.window is not None:
            top, left, bottom, right = self.window
            height, width = self.values.shape[:2]
            if not (0 <= top < bottom <= height and 0 <= left < right <= width):
                raise ValueError(f"The window {self.window} does not lie in a picture of {height} × {width}.")


@dataclass(frozen=True, eq=False)
class Tiles:
    """Small pictures side by side: filters, patches, reconstructions.

    values: (tiles, height, width, 3), uint8 pictures or signed float32, where zero is mid-grey. each: every tile is
    stretched by its own largest absolute value, else all by the largest of all, which is said below them unless
    ``silent``. names: of the tiles, on them, or none.
    """

    values: np.ndarray
    columns: int = 0
    each: bool = True
    silent: bool = False
    names: tuple[str, ...] = ()
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        uint8 = isinstance(self.values, np.ndarray) and self.values.dtype == np.uint8
        keep(self, "values", np.uint8 if uint8 else np.float32, (None, None, None, 3))
        check_columns(self.columns)
        if self.names and len(self.names) != len(self.values):
            raise ValueError(f"There are {len(self.names)} names for {len(self.values)} tiles.")


@dataclass(frozen=True, eq=False)
class Occlusion:
    """A quantity against where the occluder stood (Fig. 7 b, d), drawn at the occluder's centre over the picture.

    values: float32 (rows, columns), NaN where not computed. positions: int32 (rows, columns, 2), the occluder's top
    and left in pixels of the network's input. square: its height and width. size: the picture's side. clean: the
    quantity without it, marked on the colour bar. low, high: ends of the colours; None takes the values' own.
    picture: uint8 (size, size, 3), shown under the map where ``opacity`` is below 1. levels: of contour lines.
    """

    values: np.ndarray
    positions: np.ndarray
    square: tuple[int, int]
    size: int
    clean: float | None = None
    quantity: str = ""
    low: float | None = None
    high: float | None = None
    colours: str = "viridis"
    picture: np.ndarray | None = None
    opacity: float = 1.0
    levels: tuple[float, ...] = ()
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float32, (None, None), finite=False)
        _over_picture(self)


@dataclass(frozen=True, eq=False)
class Labels:
    """The most probable class against where the occluder stood (Fig. 7 e), in categorical colours with a legend.

    values: int32 (rows, columns), −1 where not computed. names: index and name of the classes that occur. The rest as
    in `Occlusion`.
    """

    values: np.ndarray
    positions: np.ndarray
    square: tuple[int, int]
    size: int
    names: tuple[tuple[int, str], ...] = ()
    clean: int | None = None
    picture: np.ndarray | None = None
    opacity: float = 1.0
    most: int = 7
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.int32, (None, None))
        _over_picture(self)
        if not 1 <= self.most <= 7:
            raise ValueError("A legend names one to seven classes.")


@dataclass(frozen=True, eq=False)
class Bars:
    """Probabilities as bars, float32 (classes,). clean: the same without occluders, as ticks with the change in words;
    None where nothing is covered."""

    values: np.ndarray
    names: tuple[str, ...]
    clean: np.ndarray | None = None
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float32, (None,))
        if len(self.names) != len(self.values):
            raise ValueError(f"There are {len(self.names)} names for {len(self.values)} bars.")
        if self.clean is not None:
            keep(self, "clean", np.float32, (len(self.values),))


@dataclass(frozen=True, eq=False)
class Compare:
    """A | B | their difference: two uint8 pictures, two maps (height, width), or two signed pictures, of one shape.

    reverse: the difference is A − B, as of snapshots; else B − A, as of clean and covered.
    """

    a: np.ndarray
    b: np.ndarray
    names: tuple[str, str] = ("A", "B")
    quantity: str = ""
    reverse: bool = False
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        kind = np.uint8 if isinstance(self.a, np.ndarray) and self.a.dtype == np.uint8 else np.float32
        deep = getattr(self.a, "ndim", 0) == 3
        keep(self, "a", kind, (None, None, 3) if deep or kind is np.uint8 else (None, None))
        keep(self, "b", kind, self.a.shape)


@dataclass(frozen=True, eq=False)
class Histogram:
    """How often values occur. counts: int64 (series, bins); edges: float64 (bins + 1,); names: of the series."""

    counts: np.ndarray
    edges: np.ndarray
    names: tuple[str, ...] = ()
    quantity: str = "value"
    logarithmic: bool = False
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "counts", np.int64, (None, None))
        keep(self, "edges", np.float64, (self.counts.shape[1] + 1,))
        if not (np.diff(self.edges) > 0).all():
            raise ValueError("The edges of a histogram's bins must rise.")
        check_series(self.names, len(self.counts))


@dataclass(frozen=True, eq=False)
class Curves:
    """Lines over a common axis. x: float64 (points,); values: float64 (series, points), NaN leaves a gap.

    bridged: lines go over the gaps, and few points are marked: the series are known at different places.
    """

    x: np.ndarray
    values: np.ndarray
    names: tuple[str, ...] = ()
    x_quantity: str = ""
    quantity: str = ""
    logarithmic: bool = False
    bridged: bool = False
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        keep(self, "values", np.float64, (None, None), finite=False)
        keep(self, "x", np.float64, (self.values.shape[1],))
        check_series(self.names, len(self.values))


@dataclass(frozen=True)
class Text:
    """Words, wrapped to the panel's width."""

    words: str
    note: str = ""
    facts: Facts = UNKNOWN


@dataclass(frozen=True)
class Layer:
    """A layer in an architecture drawing. kind: "input", "conv", "pool", "norm", "full" or "softmax".

    channels, height, width: of its output. kernel, stride, padding: 0 where it has none.
    """

    name: str
    kind: str
    channels: int
    height: int
    width: int
    kernel: int = 0
    stride: int = 0
    padding: int = 0
    rectified: bool = False

    def __post_init__(self) -> None:
        if self.kind not in ("input", "conv", "pool", "norm", "full", "softmax"):
            raise ValueError(f"A layer of the kind {self.kind!r} cannot be drawn.")
        if min(self.channels, self.height, self.width) < 1 or min(self.kernel, self.stride, self.padding) < 0:
            raise ValueError(f"The layer {self.name} has no size.")


@dataclass(frozen=True)
class Drawing:
    """An architecture as boxes, from its declared layers (Fig. 3)."""

    layers: tuple[Layer, ...]
    note: str = ""
    facts: Facts = UNKNOWN

    def __post_init__(self) -> None:
        if not self.layers or self.layers[0].kind != "input":
            raise ValueError("An architecture drawing begins with the input.")


Panel = (
    Picture | Maps | UnitMap | Signed | Tiles | Occlusion | Labels | Bars | Compare | Histogram | Curves | Text
    | Drawing | Strips | Shares | Evolution
)  # fmt: skip


def _over_picture(panel: Occlusion | Labels) -> None:
    """What both kinds of map over a picture must hold to."""
    rows, columns = panel.values.shape
    keep(panel, "positions", np.int32, (rows, columns, 2))
    tops, lefts = panel.positions[:, 0, 0], panel.positions[0, :, 1]
    regular = (panel.positions[..., 0] == tops[:, None]).all() and (panel.positions[..., 1] == lefts).all()
    if not regular or (np.diff(tops) <= 0).any() or (np.diff(lefts) <= 0).any():
        raise ValueError("The positions of an occlusion map must form a grid, from the top left on.")
    if min(panel.square) < 1 or panel.size < 1:
        raise ValueError("An occlusion map needs the size of its square and of its picture.")
    if not 0 <= panel.opacity <= 1:
        raise ValueError("The opacity of a map is a number from 0 to 1.")
    if panel.picture is not None:
        keep(panel, "picture", np.uint8, (panel.size, panel.size, 3))
