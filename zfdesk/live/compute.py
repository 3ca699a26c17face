"""One request computed: in the order of need, and nothing twice.

Probabilities and occluders first, then the shown layer's maps, then the unit's reconstruction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zfdesk.engine import Model, Pass, Rule, Seed, SeedKind, crop, forward_changed, occlude, reconstruct
from zfdesk.engine.layers import Linear, Softmax, Stage
from zfdesk.experiments.layer_features import pass_features
from zfdesk.live.comparison import ComparisonStep, common_seed
from zfdesk.live.render import frozen, grid_columns, levels, render, thumbnail, tile_mosaic
from zfdesk.live.result import Answer, LayerSummary, Mosaic, Peaks, Request, Result, UnitResult
from zfdesk.live.view import MapsContent, Normalise, UnitOrder, UnitReference

REORDER_SECONDS = 1.0  # a grid sorted anew at every frame cannot be read
SLOW_UNIT_MS = 25.0  # a slower reconstruction is announced by an incomplete result, so that the bars need not wait


@dataclass(eq=False)
class ForwardResult:
    """What the network saw of a request: the passes of one frame under one crop and one set of occluders.

    ``clean_known``: the pass of the clean picture, None until it was asked for: the hand that drags waits for the
    covered one alone. ``times``: milliseconds by step so far; ``started``: when the request was taken, by
    time.perf_counter.
    """

    request: Request
    crop_box: tuple[float, float, float, float]
    clean_picture: np.ndarray
    picture: np.ndarray
    occluded: Pass
    clean_known: Pass | None
    times: Mapping[str, float]
    started: float

    @property
    def clean(self) -> Pass:
        """The pass of the clean picture, computed at the first call, by one thread."""
        if self.clean_known is None:
            self.clean_known = forward_changed(self.occluded, self.picture, self.clean_picture)
        return self.clean_known

    @property
    def answer(self) -> Answer:
        """The probabilities so far. Raises ArithmeticError where they are not numbers."""
        probabilities = _numbers(self.occluded)
        clean = None if self.clean_known is None else _numbers(self.clean_known)
        return Answer(
            self.request, self.picture, self.clean_picture, self.crop_box, probabilities, clean, started=self.started
        )


@dataclass
class ForwardStep:
    """The first half: frames into passes. Keeps the last ones, and belongs to one thread."""

    _last: ForwardResult | None = None

    @torch.inference_mode()
    def forward(self, request: Request, on_answer: Callable[[Answer], None] = lambda answer: None) -> ForwardResult:
        """The occluded pass, taken over from the last request as far as it is the same; the clean one where known.

        ``on_answer`` is given the probabilities. Of a new frame with an occluder the covered picture alone is computed;
        `RenderStep` lets the clean one follow, on a thread of its own.
        Raises ArithmeticError where the network answers with values that are not numbers.
        """
        started = mark = time.perf_counter()
        times = {"capture": (started - request.frame.time) * 1e3}  # how old the frame was when it was taken
        view, model = request.view, request.model
        last = self._last if self._last is not None and self._last.request.model is model else None
        box = view.crop.box(*request.frame.pixels.shape[:2])
        if last and last.request.frame is request.frame and last.crop_box == box:
            clean_picture = last.clean_picture
        else:
            clean_picture = crop(request.frame.pixels, box, model.architecture.size)
            if last and np.array_equal(clean_picture, last.clean_picture):
                clean_picture = last.clean_picture
        picture = occlude(clean_picture, view.occluders, model.input.mean)
        times["crop"] = _since(mark)
        mark = time.perf_counter()
        same = last if last and clean_picture is last.clean_picture else None
        clean = same.clean_known if same else None
        if picture is clean_picture:
            occluded = clean = clean or (same.clean if same else model.forward(picture))
        elif same and np.array_equal(picture, same.picture):
            picture, occluded = same.picture, same.occluded
        elif clean is not None:
            occluded = forward_changed(clean, clean_picture, picture)
        elif same:
            occluded = forward_changed(same.occluded, same.picture, picture)
        else:
            occluded = model.forward(picture)
        times["forward"] = _since(mark)
        self._last = ForwardResult(request, box, clean_picture, picture, occluded, clean, times, started)
        on_answer(self._last.answer)
        return self._last


@dataclass
class RenderStep:
    """The second half: passes into what the panes show. Belongs to one thread."""

    _model: Model | None = None
    _alive: dict[str, Tensor] = field(default_factory=dict)  # by layer: units active since the network was loaded
    _order: tuple[tuple[Any, ...], float, np.ndarray] | None = None
    _unit_ms: float = 0.0
    _comparison: ComparisonStep = field(default_factory=ComparisonStep)

    @torch.inference_mode()
    def render(
        self, forward: ForwardResult, on_answer: Callable[[Answer], None] = lambda answer: None
    ) -> Iterator[Result]:
        """Results for a request, each more complete than the one before; the last has ``complete`` set.

        ``on_answer`` is given the probabilities anew where those of the clean picture had not been computed.
        """
        request, times = forward.request, dict(forward.times)
        if forward.clean_known is None:
            mark = time.perf_counter()
            _ = forward.clean
            times["clean"] = _since(mark)
            on_answer(forward.answer)
        if request.model is not self._model:
            self._model, self._alive, self._order = request.model, {}, None
        demand = request.demand
        result = Result(
            request,
            forward.picture,
            forward.clean_picture,
            forward.crop_box,
            frozen(forward.occluded.probabilities[0].numpy()),
            frozen(forward.clean.probabilities[0].numpy()),
            started=forward.started,
        )
        if demand.features and request.model.architecture.teachable:
            read = pass_features(forward.clean, request.model.architecture.feature_layer)
            result = replace(result, features=frozen(read[0].numpy()))
        result = replace(result, means=_means(forward, demand.means), peaks=_peaks(forward) if demand.peaks else None)
        mark = time.perf_counter()
        if demand.layers:
            result = replace(result, layer_summaries=self._layer_summaries(forward))
        if demand.maps:
            result = replace(result, mosaic=self._mosaic(forward))
        times["maps"] = _since(mark)
        wants_unit = demand.unit or (demand.pins and request.view.pins)
        if wants_unit and self._unit_ms > SLOW_UNIT_MS:
            preview = self._unit(forward, request.view.looked_at, None) if demand.unit else None
            yield replace(result, unit=preview, times=MappingProxyType(dict(times)), complete=False)
        mark = time.perf_counter()
        if demand.unit:
            result = replace(result, unit=self._unit(forward, request.view.looked_at, demand.methods, demand.compare))
        elif demand.activation:
            result = replace(result, unit=self._unit(forward, request.view.looked_at, None))
        if demand.pins:
            pins = tuple(self._unit(forward, pin, (request.view.method,)) for pin in request.view.pins)
            result = replace(result, pins=pins)
        times["unit"] = self._unit_ms = _since(mark)
        times["total"] = _since(forward.started)
        yield replace(result, times=MappingProxyType(times))

    def _layer_summaries(self, forward: ForwardResult) -> tuple[LayerSummary, ...]:
        layer_summaries = []
        for stage in forward.clean.model.architecture.stages:
            activation = forward.occluded.activations[stage.name][0]
            strongest = activation.amax((1, 2)).numpy()
            unit, active = int(strongest.argmax()), float((strongest > 0).mean())
            layer_summaries.append(LayerSummary(stage, thumbnail(activation), float(strongest[unit]), active, unit))
        return tuple(layer_summaries)

    def _mosaic(self, forward: ForwardResult) -> Mosaic:
        view = forward.request.view
        stage = forward.clean.model.architecture.stage(view.layer)
        values, text, signed, reason = self._maps_content(forward, stage)
        display = view.maps
        active = forward.occluded.activations[stage.name][0].abs().amax((1, 2)) > 0
        alive = self._alive[stage.name] = active | self._alive.get(stage.name, active)
        units = self._unit_order(forward, stage, values, alive)
        count, height, width = values.shape
        picked = (
            values
            if len(units) == count and display.order in (UnitOrder.INDEX, UnitOrder.CLASS)
            else values[torch.tensor(units)]
        )
        if height * width == 1 and display.normalise is Normalise.UNIT:
            display = replace(display, normalise=Normalise.LAYER)  # one value is always its own maximum
        gap = 1 if height * width > 1 else 0
        columns = grid_columns(len(units), (height + gap, width + gap), forward.request.demand.aspect)
        shades, low, high = levels(picked, display, signed)
        image = tile_mosaic(shades, columns, gap)
        array = frozen(values.numpy())
        return Mosaic(
            stage.name, display.content, text, image, array, units, columns, (height, width), gap, low, high, signed,
            int(alive.sum()), reason,
        )  # fmt: skip

    def _maps_content(self, forward: ForwardResult, stage: Stage) -> tuple[Tensor, str, bool, str]:
        """The values the maps pane shows, in words, whether they are signed, and why they may be all zero."""
        view, activation = forward.request.view, forward.occluded.activations[stage.name][0]
        signed = stage.name == "input" or (isinstance(stage.layer, Linear) and not stage.rectified)
        match view.maps.content:
            case MapsContent.CHANGE:
                reason = (
                    "" if forward.picture is not forward.clean_picture else "Nothing is covered: there is no change."
                )
                return activation - forward.clean.activations[stage.name][0], "change under the occluder", True, reason
            case MapsContent.GRADIENT:
                return self._maps_gradient(forward, stage, activation)
        return activation, "activation", signed, ""

    def _maps_gradient(self, forward: ForwardResult, stage: Stage, activation: Tensor) -> tuple[Tensor, str, bool, str]:
        architecture = forward.clean.model.architecture
        origin = forward.request.view.origin
        if origin is None:
            scores = next(s.name for s in reversed(architecture.stages) if not isinstance(s.layer, Softmax))
            origin = UnitReference(scores, int(forward.occluded.probabilities[0].argmax()))
        origin, seed = _fitting(origin, forward)
        text = f"derivative of {origin.layer}:{origin.unit}"
        if architecture.index(origin.layer) <= architecture.index(stage.name):
            reason = f"{origin.layer} does not lie above {stage.name}: choose a lower layer or another origin."
            return torch.zeros_like(activation), text, True, reason
        found = reconstruct(forward.occluded, seed, Rule.GRADIENT, target=stage.name)
        values = torch.from_numpy(found.values.copy())
        if stage.name == "input":
            values = values.permute(2, 0, 1)
        reason = (
            "" if values.any() else f"{origin.layer}:{origin.unit} is inactive on this frame: its derivative is zero."
        )
        return values, text, True, reason

    def _unit_order(self, forward: ForwardResult, stage: Stage, values: Tensor, alive: Tensor) -> np.ndarray:
        """Which unit stands at which place of the grid; sorted grids are sorted anew once a second."""
        view = forward.request.view
        key = (stage.name, view.maps.order, view.maps.hide_dead, view.maps.content)
        now = time.perf_counter()
        if self._order and self._order[0] == key and now - self._order[1] < REORDER_SECONDS:
            return self._order[2]
        if view.maps.order in (UnitOrder.INDEX, UnitOrder.CLASS):
            units = torch.arange(len(values))
        elif view.maps.order is UnitOrder.ACTIVITY:
            activation = forward.occluded.activations[stage.name][0]
            units = torch.argsort(activation.amax((1, 2)), descending=True, stable=True)
        else:
            change = forward.occluded.activations[stage.name][0] - forward.clean.activations[stage.name][0]
            units = torch.argsort(change.abs().amax((1, 2)), descending=True, stable=True)
        if view.maps.hide_dead and bool(alive.any()):
            units = units[alive[units]]
        order = frozen(units.numpy())
        self._order = (key, now, order)
        return order

    def _unit(
        self, forward: ForwardResult, reference: UnitReference, rules: tuple[Rule, ...] | None, compare: bool = False
    ) -> UnitResult:
        """One unit on this frame, reconstructed by the view's method and ``rules``; None: its map and place only.

        ``compare``: with the clean picture, from the same seed.
        """
        stage = forward.clean.model.architecture.stage(reference.layer)
        reference, seed = _fitting(reference, forward)
        shown = forward.occluded.activations[stage.name][0, reference.unit]
        clean = forward.clean.activations[stage.name][0, reference.unit]
        compare = compare and forward.picture is not forward.clean_picture
        asked = seed
        if compare:
            reference, seed = common_seed(reference, seed, clean)
        reason, pictures, comparison = _why_not(stage, shown, seed), {}, None
        position, activation = divmod(int(shown.argmax()), shown.shape[1]), float(shown.max())
        if chosen := seed.position if seed.kind is SeedKind.AT else next(iter(seed.positions), None):
            position, activation = chosen, float(shown[chosen])
        if not reason and rules is not None:
            for rule in dict.fromkeys((forward.request.view.method, *rules)):
                derivative = forward.request.view.lrn_derivative or None
                found = reconstruct(forward.occluded, seed, rule, lrn_derivative=derivative)
                pictures[rule] = render(found, forward.request.view.style)
        if compare and rules is not None:
            view, known = forward.request.view, pictures.get(forward.request.view.method)
            why = _why_not(stage, clean, asked, "the clean picture")
            if not reason and asked.kind in (SeedKind.AT, SeedKind.MAP):
                why = ""  # the places are given, and one of the pictures has something there
            covered = known.reconstruction if known else None
            comparison = self._comparison.compare(forward.clean, forward.occluded, seed, covered, view, why)
        return UnitResult(
            reference,
            frozen(shown.numpy()),
            frozen(clean.numpy()),
            position,
            activation,
            stage.receptive_field.box(*position),
            MappingProxyType(pictures),
            reason,
            comparison,
        )


class Computation:
    """Both halves in turn, for whoever has one request at a time."""

    def __init__(self) -> None:
        self._forward, self._render = ForwardStep(), RenderStep()

    def run(self, request: Request) -> Iterator[Result]:
        """Results for a request, each more complete than the one before; the last has ``complete`` set."""
        yield from self._render.render(self._forward.forward(request))


def _numbers(seen: Pass) -> np.ndarray:
    """The probabilities, float32 (classes,), read-only; ArithmeticError where they are not numbers."""
    if not bool(torch.isfinite(seen.probabilities).all()):
        raise ArithmeticError(f"{seen.model.name or 'The network'} answered with values that are not numbers.")
    return frozen(seen.probabilities[0].numpy())


def _means(forward: ForwardResult, layers: tuple[str, ...]) -> Mapping[str, np.ndarray]:
    known = forward.occluded.activations  # of another network a layer may be missing
    return {layer: frozen(known[layer][0].mean((1, 2)).numpy()) for layer in layers if layer in known}


def _peaks(forward: ForwardResult) -> Peaks:
    layer = forward.request.view.layer
    clean, covered = (one.activations[layer][0] for one in (forward.clean, forward.occluded))
    best, flat = clean.flatten(1).max(1)
    places = torch.stack((flat // clean.shape[2], flat % clean.shape[2]), 1)
    return Peaks(layer, *(frozen(array.numpy()) for array in (best, covered.amax((1, 2)), places)))


def _fitting(reference: UnitReference, forward: ForwardResult) -> tuple[UnitReference, Seed]:
    """The nearest unit that the layer has, and its seed: the maximum in place of a position outside its map, and for a
    unit of one value, which has no others."""
    count, height, width = forward.clean.model.architecture.stage(reference.layer).shape
    reference = replace(reference, unit=min(max(reference.unit, 0), count - 1))
    seed = reference.to_seed()
    outside = seed.position and not (0 <= seed.position[0] < height and 0 <= seed.position[1] < width)
    if outside or height * width == 1:
        seed = Seed(seed.layer, seed.unit)
    return reference, seed


def _why_not(stage: Stage, activation: Tensor, seed: Seed, on: str = "this frame") -> str:
    """Why a unit has no reconstruction on this frame, "" when it has one."""
    if stage.name == "input":
        return "The input has no reconstruction: choose a layer above it."
    if stage.rectified or not isinstance(stage.layer, Linear | Softmax):
        if seed.kind is SeedKind.AT and seed.position and float(activation[seed.position]) == 0:
            return f"{stage.name}:{seed.unit} is inactive at {seed.position} on {on}: nothing to reconstruct."
        if not bool((activation != 0).any()):
            return f"{stage.name}:{seed.unit} is inactive on {on}: nothing to reconstruct."
    return ""


def _since(mark: float) -> float:
    return (time.perf_counter() - mark) * 1e3
