"""The view as one value: everything that decides what is on screen, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal

from zfdesk.engine import Model, Occluder, OccluderFill, OccluderShape, Rule, Seed, SeedKind, centre_box
from zfdesk.engine.picture import CropBox
from zfdesk.sources import SourceReference
from zfdesk.typed_json import formerly

MOST_PINS = 8


class CropMode(StrEnum):
    """How a frame that is not square becomes the square picture the network sees."""

    CROP = "crop"  # a square cut out
    FIT = "fit"  # the whole frame, grey where it is missing
    STRETCH = "stretch"  # the whole frame, distorted


@dataclass(frozen=True)
class Crop:
    """The part of the frame the network sees. x, y: centre, and side: in shares of width, height, shortest side.

    By default the centre crop of the embedded network; `centre_of` gives that of any other.
    """

    mode: CropMode = CropMode.CROP
    x: float = 0.5
    y: float = 0.5
    side: float = 224 / 256

    @classmethod
    def centre_of(cls, model: Model) -> Crop:
        """The centre crop that a network's weights were trained with."""
        return cls(side=model.architecture.size / model.input.resize)

    def box(self, height: int, width: int) -> CropBox:
        """(left, top, right, bottom) in pixels of a frame of that size."""
        if self.mode is CropMode.STRETCH:
            return 0.0, 0.0, float(width), float(height)
        if self.mode is CropMode.FIT:
            return centre_box(height, width, share=max(height, width) / min(height, width))
        half = max(self.side * min(height, width), 1 + 1e-9) / 2  # a pixel at least, also after rounding
        return self.x * width - half, self.y * height - half, self.x * width + half, self.y * height + half


@dataclass(frozen=True)
class UnitReference:
    """A unit, and the position and seed it is looked at with. ``position``: (y, x) for SeedKind.AT."""

    layer: str
    unit: int
    seed: SeedKind = SeedKind.MAX
    position: tuple[int, int] | None = None
    k: int = 9

    def to_seed(self) -> Seed:
        """As the engine takes it; a picked position that is missing means the maximum."""
        kind = SeedKind.MAX if self.seed is SeedKind.AT and self.position is None else self.seed
        return Seed(self.layer, self.unit, kind, self.position if kind is SeedKind.AT else None, self.k)


class MapsContent(StrEnum):
    """What the feature maps pane shows of the layer."""

    ACTIVATION = "activation"
    CHANGE = "change"  # with the occluders minus without
    GRADIENT = "gradient"  # derivative of the origin unit, or of the top class score without one


class Pattern(StrEnum):
    """What stands in the grid in place of each unit's live map: what it answers to most."""

    NONE = "live"
    PATCH = "patch"  # of the scanned picture that wakes it most
    PROJECTION = "projection"  # of that activation
    MADE = "made"  # the picture made for it


class Normalise(StrEnum):
    """Which range of values the feature maps' colours span."""

    LAYER = "layer"
    UNIT = "unit"
    LOCKED = "locked"


class UnitOrder(StrEnum):
    """How the units are laid out in the grid."""

    INDEX = "index"
    ACTIVITY = "activity"
    CHANGE = "change"
    CLASS = "class"  # by the class it prefers, where patterns are shown; else by number


class Style(StrEnum):
    """How a signed reconstruction becomes a picture."""

    RAW = "raw"  # RGB around mid-grey
    GRAY = "gray"  # mean over RGB around mid-grey
    NORM = "norm"  # Euclidean norm over RGB
    BLURRED = "blurred norm"


class ClassBars(StrEnum):
    """What each bar of the answer stands for."""

    CLASSES = "classes"
    KINDS = "kinds"  # sums of softmax over the classes of a kind of thing: dog, bird, vehicle …


class TraceAxis(StrEnum):
    """What the trace is drawn against."""

    RECENT = "recent"  # the last seconds
    TIME = "time"  # seconds since the run began
    PATH = "path"  # the way the occluder has gone since then, in input pixels
    POSITION = "position"  # how many positions it has taken since then


@dataclass(frozen=True)
class MapsDisplay:
    """Settings of the feature maps pane. ``locked``: (low, high) for Normalise.LOCKED."""

    content: MapsContent = MapsContent.ACTIVATION
    normalise: Normalise = Normalise.LAYER
    locked: tuple[float, float] = (0.0, 1.0)
    boost: float = 1.0
    gamma: float = 1.0
    colours: Literal["inferno", "viridis", "gray", "jet (paper)"] = "inferno"
    order: UnitOrder = UnitOrder.INDEX
    hide_dead: bool = False
    pattern: Pattern = Pattern.NONE


FIRST_MAPS = MapsDisplay(gamma=0.5)
"""One range over the layer shows at once which units answer; the gamma keeps weak ones visible."""


class SweepMap(StrEnum):
    """Which map of the occlusion sweep is shown."""

    ALL = "all"
    ACTIVATION = "activation"  # Fig. 7 (b)
    RECONSTRUCTION = "reconstruction"  # (c)
    PROBABILITY = "probability"  # (d)
    LABEL = "label"  # (e)


class SweepUnit(StrEnum):
    """Whose total activation the sweep shows."""

    STRONGEST = "strongest"  # the strongest map of the last convolution, as in Fig. 7
    SELECTED = "selected"  # the unit that is selected; the sweep is of its layer


@dataclass(frozen=True)
class SweepSettings:
    """The occlusion sweep: its occluder, and how its maps are shown.

    ``own``: the occluder's size, shape and fill are those set here; otherwise the live occluder's, if there is one.
    ``class_index``: whose probability is shown; -1: the most probable one of the clean picture. ``change``: values as
    change from clean. ``live``: the newest frame is swept again and again on a coarse grid.
    """

    size: int = 50
    stride: int = 8
    shape: OccluderShape = OccluderShape.SQUARE
    fill: OccluderFill = OccluderFill.GREY
    overhang: bool = True
    own: bool = False
    unit: SweepUnit = SweepUnit.STRONGEST
    class_index: int = field(default=-1, metadata=formerly("klass"))
    shown: SweepMap = SweepMap.ALL
    change: bool = False
    colours: str = "inferno"
    opacity: float = 1.0
    contour: bool = False
    live: bool = False


class HeatTarget(StrEnum):
    """Whose attribution is shown: where what looks."""

    TOP = "top class"  # the most probable class of each frame
    CLASS = "class"  # one class, held
    UNIT = "unit"  # the unit that is looked at


@dataclass(frozen=True)
class HeatSettings:
    """Where a class or a unit looks, by the methods of `zfdesk.attribution`.

    ``shown``: laid over the picture, by ``method``. ``class_index``: for HeatTarget.CLASS. ``layer``: whose maps are
    weighted; "" for the last convolution. ``samples`` to ``seed``: see `zfdesk.attribution.Options`. ``contour``: a
    line at this share of the full heat; 0 for none. ``methods``: those side by side. ``box``: of the pointing game,
    (top, left, bottom, right) in input pixels, the last two exclusive. ``unit_method``: in the unit pane, in place of a
    walk down; "" for the walk.
    """

    shown: bool = False
    method: str = "gradcam"
    target: HeatTarget = HeatTarget.TOP
    class_index: int = 0
    layer: str = ""
    samples: int = 16
    noise: float = 0.15
    steps: int = 24
    epsilon: float = 0.05
    seed: int = 0
    opacity: float = 0.7
    contour: float = 0.0
    methods: tuple[str, ...] = ("gradcam", "guided-gradcam", "saliency", "occlusion")
    box: tuple[int, int, int, int] | None = None
    unit_method: str = ""


@dataclass(frozen=True)
class View:
    """Everything that decides what is on screen. Actions map one View to the next; undo is a list of them.

    ``watched_slots``: a (class, slot) for each of ``watched``, in its order. A class keeps its slot, and so its colour,
    as long as it is watched; a new one takes the lowest that is free.
    """

    source: SourceReference = SourceReference("demo")
    crop: Crop = Crop()
    layer: str = "conv5"
    unit: int = 0
    position: tuple[int, int] | None = None
    seed: SeedKind = SeedKind.MAX
    seed_count: int = 9
    method: Rule = Rule.DECONVNET
    lrn_derivative: bool = False
    origin: UnitReference | None = None
    occluders: tuple[Occluder, ...] = ()
    chosen_occluder: int = -1
    maps: MapsDisplay = FIRST_MAPS
    style: Style = Style.RAW
    sweep: SweepSettings = SweepSettings()
    heat: HeatSettings = HeatSettings()
    zoom: Literal[0, 1, 2] = 0  # unit pane: 0 all, 1 the map, 2 the reconstruction
    picture_zoom: Literal[0, 1] = 0  # picture pane: 0 the whole frame, 1 what the network sees
    pins: tuple[UnitReference, ...] = ()
    watched: tuple[int, ...] = ()
    watched_slots: tuple[tuple[int, int], ...] = ()
    top_k: int = 5
    bars: ClassBars = ClassBars.CLASSES
    frozen: bool = False
    all_methods: bool = False
    filters: bool = False  # unit pane: the unit's own filters too, where its layer is a convolution
    compare_clean: bool = False  # unit pane: clean, covered and difference, while something is covered
    trace_axis: TraceAxis = TraceAxis.RECENT
    trace_unit: bool = False
    replay_loop: bool = False
    mirrored: bool = False
    labels: bool = True
    outlines: bool = True
    timings: bool = False
    theme: Literal["dark", "light"] = "dark"
    presenter: bool = False

    def __post_init__(self) -> None:
        slots: dict[int, int] = {}
        for index, slot in self.watched_slots:
            if index in self.watched and slot >= 0 and slot not in slots.values():
                slots[index] = slot
        for index in self.watched:
            if index not in slots:
                slots[index] = next(slot for slot in range(len(slots) + 1) if slot not in slots.values())
        object.__setattr__(self, "watched_slots", tuple((index, slots[index]) for index in self.watched))

    def slot_of(self, index: int) -> int | None:
        """The slot of a watched class; None for one that is not watched."""
        return dict(self.watched_slots).get(index)

    @property
    def selected(self) -> UnitReference:
        """The unit selected in the shown layer."""
        return UnitReference(self.layer, self.unit, self.seed, self.position, self.seed_count)

    @property
    def looked_at(self) -> UnitReference:
        """The unit that is reconstructed: the origin, else the selected one."""
        return self.origin or self.selected

    def change(self, **changes: object) -> View:
        """This view with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def change_maps(self, **changes: object) -> View:
        """This view with some settings of the feature maps replaced."""
        return replace(self, maps=replace(self.maps, **changes))  # type: ignore[arg-type]

    def change_range(self, normalise: Normalise, shown: tuple[float, float] | None) -> View:
        """This view with another range of the feature maps' colours; what is locked is the range ``shown`` now, or,
        where none is, the one that was locked last."""
        locked = self.maps.locked if shown is None or normalise is not Normalise.LOCKED else shown
        return self.change_maps(normalise=normalise, locked=locked)

    def change_sweep(self, **changes: object) -> View:
        """This view with some settings of the occlusion sweep replaced."""
        return replace(self, sweep=replace(self.sweep, **changes))  # type: ignore[arg-type]

    def change_heat(self, **changes: object) -> View:
        """This view with some settings of where a class looks replaced."""
        return replace(self, heat=replace(self.heat, **changes))  # type: ignore[arg-type]
