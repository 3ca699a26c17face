"""Where a class or a unit of the shown picture looks: asked, and found, one value each. No Qt.

The live view's worker does not compute this: a map takes from 20 ms (Grad-CAM) to a second (occlusion, SmoothGrad).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from zfdesk.attribution import METHODS, Attribution, Options, attribute, class_target
from zfdesk.attribution.cam import CamHead
from zfdesk.attribution.preparation import shares
from zfdesk.engine import Model, Occluder, Pass, Seed
from zfdesk.engine.picture import CropBox
from zfdesk.live.result import Result
from zfdesk.live.view import HeatSettings, HeatTarget, UnitReference, View
from zfdesk.progress import percent_text
from zfdesk.sources import frame_of_text


@dataclass(frozen=True, eq=False)
class HeatInput:
    """What is looked at: what the network saw of a frame, uint8 (size, size, 3), read-only, occluders drawn in.

    ``crop_box``: (left, top, right, bottom) of it in the frame's pixels.
    """

    model: Model
    picture: np.ndarray
    number: int = 0
    origin: str = ""
    occluders: tuple[Occluder, ...] = ()
    crop_box: CropBox | None = None

    @classmethod
    def of(cls, result: Result) -> HeatInput:
        """The picture of a result."""
        request = result.request
        frame = request.frame
        return cls(
            request.model, result.picture, frame.number, frame.origin, request.view.occluders, result.crop_box
        )  # fmt: skip

    def same(self, other: HeatInput) -> bool:
        """Whether the network would answer the same."""
        alike = self.picture is other.picture or np.array_equal(self.picture, other.picture)
        return self.model is other.model and alike


@dataclass(frozen=True)
class HeatQuery:
    """Which maps of a picture: by which methods, of whom, with which options (`zfdesk.attribution.Options`)."""

    methods: tuple[str, ...]
    target: HeatTarget = HeatTarget.TOP
    class_index: int = 0
    unit: UnitReference | None = None
    layer: str = ""
    samples: int = 16
    noise: float = 0.15
    steps: int = 24
    epsilon: float = 0.05
    seed: int = 0
    head: CamHead | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, view: View, methods: tuple[str, ...], head: CamHead | None, target: HeatTarget | None = None
    ) -> HeatQuery:
        """As the view's settings say; of another ``target`` where one is given.

        What does not count for these methods and this target is left out, so that changing it asks for nothing anew.
        """
        heat, target = view.heat, target or view.heat.target
        used = {option for name in methods if name in METHODS for option in METHODS[name].options}
        numbers = {name: getattr(heat, name) for name in _NUMBERS if name in used}
        return cls(
            methods, target, heat.class_index if target is HeatTarget.CLASS else 0,
            view.looked_at if target is HeatTarget.UNIT else None, heat.layer if "layer" in used else "",
            head=head if "head" in used else None, **numbers,
        )  # fmt: skip

    def options(self) -> Options:
        """As the methods take them. ValueError for numbers out of range."""
        return Options(self.layer or None, self.samples, self.noise, self.steps, self.epsilon, self.seed, self.head)

    def seed_of(self, seen: Pass) -> Seed:
        """Whom the maps are of. ValueError for a class that does not exist."""
        if self.target is HeatTarget.UNIT and self.unit is not None:
            return self.unit.to_seed()
        top = self.target is HeatTarget.TOP
        return class_target(seen.model, int(seen.probabilities[0].argmax()) if top else self.class_index)


_NUMBERS = tuple(set(HeatSettings.__dataclass_fields__) & set(Options.__dataclass_fields__) - {"layer"})


@dataclass(frozen=True, eq=False)
class HeatFound:
    """What came of a query. ``found``: by method; ``reasons``: a sentence for each that has no map. ``shares``: the
    heats as they are drawn, 0 to 1, by method.

    ``probability``: of the class, on this picture; None of a unit. ``seconds``: of processor time that it took.
    """

    query: HeatQuery
    input: HeatInput
    found: Mapping[str, Attribution]
    reasons: Mapping[str, str]
    shares: Mapping[str, np.ndarray] = field(default_factory=dict)
    probability: float | None = None
    seconds: float = 0.0

    def answers(self, query: HeatQuery, input: HeatInput) -> bool:
        """Whether this is what the query would give."""
        return self.query == query and self.input.same(input)

    def method_text(self, name: str) -> str:
        """What the map of a method is, in full; or why there is none."""
        if name not in self.found:
            return self.reasons.get(name, "")
        probability_text = "" if self.probability is None else f", P {percent_text(self.probability, 1)}"
        return f"{self.found[name].description()}{probability_text}"

    def frame_text(self) -> str:
        """Return which frame the map is of, as text."""
        return frame_of_text(self.input.number, self.input.origin)


class HeatFinder:
    """Answers queries, in any one thread at a time; keeps the pass of the last picture."""

    def __init__(self) -> None:
        self._last: tuple[HeatInput, Pass] | None = None

    def find(self, query: HeatQuery, input: HeatInput, check: Callable[[], None] = lambda: None) -> HeatFound:
        """The maps of a picture. ``check`` is called between methods, and may raise to end it.

        What cannot be answered is told in the reasons; raises ArithmeticError for a network that answers with NaN.
        """
        started = time.thread_time()
        seen = self.seen(input)
        found: dict[str, Attribution] = {}
        reasons: dict[str, str] = {}
        seed: Seed | None = None
        for name in query.methods:
            check()
            try:
                seed = query.seed_of(seen)
                found[name] = attribute(seen, seed, name, query.options())
            except ValueError as error:
                reasons[name] = str(error)
        probability = None
        if found and seed is not None and seed.layer in input.model.architecture.class_layers:
            probability = float(seen.probabilities[0, seed.unit])
        drawn = {name: shares(one.heat) for name, one in found.items()}  # here, not in the window's thread
        tables = MappingProxyType(found), MappingProxyType(reasons), MappingProxyType(drawn)
        return HeatFound(query, input, *tables, probability, time.thread_time() - started)

    def seen(self, input: HeatInput) -> Pass:
        """The forward pass of a picture. Raises ArithmeticError where its answers are no numbers."""
        if self._last is None or not self._last[0].same(input):
            seen = input.model.forward(input.picture)
            if not bool(seen.probabilities.isfinite().all()):
                raise ArithmeticError(f"{input.model.name or 'The network'} answered with values that are not numbers.")
            self._last = input, seen
        return self._last[1]


__all__ = ["HeatFinder", "HeatFound", "HeatInput", "HeatQuery"]
