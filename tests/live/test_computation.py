"""One request computed: right, in the order of need, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from live_tools import SIZE, frame_of, last_of, numbered_frame, request_of, tiny_model

import zfdesk.engine as zf
from zfdesk.live import (
    Answer,
    Computation,
    Crop,
    CropMode,
    Demand,
    MapsContent,
    MapsDisplay,
    Normalise,
    Result,
    Style,
    UnitOrder,
    UnitReference,
    View,
)
from zfdesk.live import compute as compute_module
from zfdesk.live.compute import REORDER_SECONDS, ForwardStep, RenderStep

VIEW = View(layer="conv2", unit=1)
ELSEWHERE = (zf.Occluder(9, 9, 8, 8),)
COVER = (zf.Occluder(4, 5, 9, 10),)
SPATIAL = ("conv1", "pool1", "norm1", "conv2")


def run(model: zf.Model, view: View = VIEW, **asked: object) -> Result:
    """The complete result of a new computation."""
    return last_of(Computation().run(request_of(model, view, **asked)))  # type: ignore[arg-type]


def equal(one: torch.Tensor | np.ndarray, other: torch.Tensor | np.ndarray) -> bool:
    """Alike up to what another batch size changes in float32."""
    return bool(np.allclose(np.asarray(one), np.asarray(other), rtol=1e-4, atol=1e-6))


@pytest.fixture
def forwards(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The forward passes, one after the other: whole ones, and those of the part that changed."""
    counted: list[str] = []
    forward, changed = zf.Model.forward, compute_module.forward_changed

    def count(model: zf.Model, pictures: np.ndarray, reference: bool = False) -> zf.Pass:
        counted.append("whole")
        return forward(model, pictures, reference)

    def count_changed(clean: zf.Pass, before: np.ndarray, after: np.ndarray) -> zf.Pass:
        counted.append("changed")
        return changed(clean, before, after)

    monkeypatch.setattr(zf.Model, "forward", count)
    monkeypatch.setattr(compute_module, "forward_changed", count_changed)
    return counted


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """The computation's clock; moves only by calling this."""
    now = [100.0]
    monkeypatch.setattr(compute_module.time, "perf_counter", lambda: now[0])

    def move(seconds: float) -> None:
        now[0] += seconds

    return move


# Nothing twice


def test_another_unit_layer_or_display_needs_no_forward(tiny: zf.Model, forwards: list[str]) -> None:
    computation, frame = Computation(), numbered_frame(1)
    last_of(computation.run(request_of(tiny, VIEW, frame)))
    for view in (
        VIEW.change(unit=4), VIEW.change(layer="conv1"), VIEW.change(style=Style.NORM), VIEW.change(theme="light"),
        VIEW.change_maps(content=MapsContent.GRADIENT), VIEW.change(pins=(UnitReference("fc6", 2),)),
        VIEW.change(mirrored=True), VIEW.change(frozen=True),
    ):  # fmt: skip
        last_of(computation.run(request_of(tiny, view, frame)))
    assert forwards == ["whole"]


def test_a_moved_occluder_needs_one_forward(tiny: zf.Model, forwards: list[str]) -> None:
    computation, frame = Computation(), numbered_frame(1)
    last_of(computation.run(request_of(tiny, VIEW, frame)))
    for step in range(3):
        view = VIEW.change(occluders=(zf.Occluder(step, 2, 8, 8),))
        last_of(computation.run(request_of(tiny, view, frame)))
    assert forwards == ["whole", "changed", "changed", "changed"]
    last_of(computation.run(request_of(tiny, view.change(unit=3), frame)))  # the same occluder, another unit
    last_of(computation.run(request_of(tiny, VIEW, frame)))  # taken away: the clean pass is still there
    assert forwards == ["whole", "changed", "changed", "changed"]


def test_a_new_frame_with_an_occluder_is_a_whole_pass_and_a_changed_one(tiny: zf.Model, forwards: list[str]) -> None:
    computation, view = Computation(), VIEW.change(occluders=COVER)
    for number in (1, 2):
        last_of(computation.run(request_of(tiny, view, numbered_frame(number))))
    assert forwards == ["whole", "changed"] * 2


def test_the_covered_answer_of_a_new_frame_comes_before_the_clean_one(tiny: zf.Model) -> None:
    """Then both, with the maps; from there on both at once."""
    step, shown, frame, told = ForwardStep(), RenderStep(), numbered_frame(1), list[Answer]()
    seen = step.forward(request_of(tiny, VIEW.change(occluders=COVER), frame), told.append)
    last_of(shown.render(seen, told.append))
    assert [answer.clean_probabilities is None for answer in told] == [True, False]
    expected = [tiny.forward(picture).probabilities[0].numpy() for picture in (seen.picture, seen.clean_picture)]
    for answer in told:
        assert np.array_equal(answer.probabilities, expected[0])
        assert np.array_equal(answer.picture, seen.picture)
        assert answer.occluded
    assert told[1].clean_probabilities == pytest.approx(expected[1], abs=1e-6)
    last_of(
        shown.render(step.forward(request_of(tiny, VIEW.change(occluders=ELSEWHERE), frame), told.append), told.append)
    )
    step.forward(request_of(tiny, VIEW, frame), told.append)
    assert len(told) == 4
    for answer in told[2:]:
        assert np.array_equal(answer.clean_probabilities, told[1].clean_probabilities)
    assert not told[3].occluded
    assert [answer.started for answer in told] == sorted(answer.started for answer in told)


def test_a_square_that_moves_on_before_the_clean_pass_is_followed(tiny: zf.Model, forwards: list[str]) -> None:
    """The next place is computed from the last one, and the clean picture once it is asked for."""
    step, frame = ForwardStep(), numbered_frame(1)
    step.forward(request_of(tiny, VIEW.change(occluders=COVER), frame))
    seen = step.forward(request_of(tiny, VIEW.change(occluders=ELSEWHERE), frame))
    assert forwards == ["whole", "changed"]
    for found, picture in ((seen.occluded, seen.picture), (seen.clean, seen.clean_picture)):
        expected = tiny.forward(picture)
        for name, activation in expected.activations.items():
            assert torch.allclose(found.activations[name], activation, atol=1e-5), name


def test_an_equal_picture_in_a_new_frame_needs_no_forward(tiny: zf.Model, forwards: list[str]) -> None:
    """A camera that looks at a still scene, a paused clip, a picture handed over again."""
    computation = Computation()
    first = last_of(computation.run(request_of(tiny, VIEW.change(occluders=COVER), numbered_frame(1))))
    again = last_of(computation.run(request_of(tiny, VIEW.change(occluders=COVER), numbered_frame(1))))
    assert forwards == ["whole", "changed"]
    assert again.request.frame is not first.request.frame  # it is still told with the frame it belongs to
    assert np.array_equal(again.probabilities, first.probabilities)


def test_an_occluder_beside_the_picture_needs_no_forward_once_it_is_known(tiny: zf.Model, forwards: list[str]) -> None:
    computation, frame = Computation(), numbered_frame(1)
    for left in (SIZE + 1, SIZE + 5):
        result = last_of(computation.run(request_of(tiny, VIEW.change(occluders=(zf.Occluder(0, left),)), frame)))
        assert np.array_equal(result.picture, result.clean)
        assert np.array_equal(result.probabilities, result.clean_probabilities)
    assert forwards.count("whole") == 1
    result = last_of(computation.run(request_of(tiny, VIEW, frame)))
    assert not result.occluded


def test_another_crop_or_network_is_computed_anew(tiny: zf.Model, forwards: list[str]) -> None:
    computation, frame = Computation(), numbered_frame(1)
    for model, view in (
        (tiny, VIEW), (tiny, VIEW.change(crop=Crop(CropMode.FIT))), (tiny, VIEW.change(crop=Crop(CropMode.STRETCH))),
        (tiny_model(4), VIEW.change(crop=Crop(CropMode.STRETCH))),
    ):  # fmt: skip
        result = last_of(computation.run(request_of(model, view, frame)))
        assert np.array_equal(result.clean, zf.crop(frame.pixels, view.crop.box(30, 40), SIZE))
        assert np.array_equal(result.probabilities, model.forward(result.clean).probabilities[0].numpy())
    assert forwards == ["whole"] * 8


def test_nothing_that_no_pane_shows_is_computed(tiny: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[str] = []

    def note(seen: zf.Pass, seed: zf.Seed, *rest: object, **more: object) -> zf.Reconstruction:
        walked.append(seed.layer)
        return zf.reconstruct(seen, seed, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compute_module, "reconstruct", note)
    view = VIEW.change(pins=(UnitReference("conv1", 0),))
    nothing = Demand(layers=False, maps=False, unit=False, pins=False)
    result = run(tiny, view, demand=nothing)
    assert (result.layer_summaries, result.mosaic, result.unit, result.pins) == ((), None, None, ())
    assert result.complete
    assert walked == []
    assert len(run(tiny, view, demand=replace(nothing, layers=True)).layer_summaries) == len(tiny.architecture.stages)
    assert run(tiny, view, demand=replace(nothing, maps=True)).mosaic is not None
    assert walked == []
    assert run(tiny, view, demand=replace(nothing, unit=True)).unit is not None
    assert walked == ["conv2"]
    assert len(run(tiny, view, demand=replace(nothing, pins=True)).pins) == 1
    assert walked == ["conv2", "conv1"]


def test_only_the_methods_asked_for(tiny: zf.Model) -> None:
    for method in zf.Rule:
        view = VIEW.change(method=method)
        unit = run(tiny, view, demand=Demand()).unit
        assert unit is not None
        assert list(unit.pictures) == [method]
        unit = run(tiny, view, demand=Demand(methods=tuple(zf.Rule))).unit
        assert unit is not None
        assert set(unit.pictures) == set(zf.Rule)


# Right


@pytest.mark.parametrize("mode", list(CropMode))
@pytest.mark.parametrize("shape", [(30, 40), (41, 17), (1, 1), (1, 300), (300, 2), (SIZE, SIZE)])
def test_clean_and_covered_are_two_forwards(tiny: zf.Model, mode: CropMode, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(7).integers(0, 256, (*shape, 3), np.uint8)
    view = VIEW.change(occluders=COVER, crop=Crop(mode, 0.4, 0.6, 0.7))
    result = run(tiny, view, frame=frame_of(pixels))
    box = view.crop.box(*shape)
    clean = zf.crop(pixels, box, SIZE)
    covered = zf.occlude(clean, COVER, tiny.input.mean)
    assert result.crop_box == box
    assert result.occluded
    assert np.array_equal(result.clean, clean)
    assert np.array_equal(result.picture, covered)
    assert equal(result.clean_probabilities, tiny.forward(clean).probabilities[0])
    assert equal(result.probabilities, tiny.forward(covered).probabilities[0])
    assert not np.array_equal(result.probabilities, result.clean_probabilities)


def test_without_an_occluder_clean_and_shown_are_one(tiny: zf.Model) -> None:
    result = run(tiny)
    assert not result.occluded
    assert result.picture is result.clean
    assert np.array_equal(result.probabilities, result.clean_probabilities)


def test_glances(tiny: zf.Model) -> None:
    result = run(tiny, VIEW.change(occluders=COVER))
    seen = tiny.forward(result.picture)
    assert [layer_summary.stage for layer_summary in result.layer_summaries] == list(tiny.architecture.stages)
    for layer_summary in result.layer_summaries:
        strongest = seen.activations[layer_summary.stage.name][0].amax((1, 2))
        assert layer_summary.peak == pytest.approx(float(strongest.max()), rel=1e-4, abs=1e-6)
        assert layer_summary.active == pytest.approx(float((strongest > 0).float().mean()))
        assert layer_summary.strongest == int(strongest.argmax())


@pytest.mark.parametrize("layer", ["input", *SPATIAL, "fc6", "fc8", "prob"])
def test_the_maps_are_the_activations(tiny: zf.Model, layer: str) -> None:
    view = VIEW.change(layer=layer, occluders=COVER).change_maps(normalise=Normalise.UNIT, gamma=1.0)
    result = run(tiny, view)
    mosaic, activation = result.mosaic, tiny.forward(result.picture).activations[layer][0].numpy()
    assert mosaic is not None
    assert mosaic.layer == layer
    assert equal(mosaic.values, activation)
    assert mosaic.signed == (layer in ("input", "fc8"))
    assert mosaic.units.tolist() == list(range(len(activation)))
    assert mosaic.gap == (0 if activation.shape[1] == 1 else 1)
    # every level of the picture is the level of its value
    limit = np.abs(mosaic.values).max((1, 2), keepdims=True)
    if activation.shape[1] == 1:
        limit = limit.max()
    limit = np.broadcast_to(np.maximum(limit, 1e-12), mosaic.values.shape)
    for row in range(0, mosaic.image.shape[0], 3):
        for column in range(mosaic.image.shape[1]):
            hit = mosaic.tile_at(row, column)
            if hit:
                share = mosaic.values[hit] / limit[hit]
                level = share * 127 + 128.5 if mosaic.signed else max(share, 0) * 254 + 1.5
                assert abs(int(mosaic.image[row, column]) - level) <= 1, hit


def test_the_change_under_the_occluder(tiny: zf.Model) -> None:
    view = VIEW.change(occluders=COVER).change_maps(content=MapsContent.CHANGE)
    result = run(tiny, view)
    covered, clean = tiny.forward(result.picture), tiny.forward(result.clean)
    assert result.mosaic is not None
    assert result.mosaic.signed
    assert result.mosaic.reason == ""
    assert equal(result.mosaic.values, covered.activations["conv2"][0] - clean.activations["conv2"][0])
    assert result.mosaic.values.any()
    bare = run(tiny, view.change(occluders=())).mosaic
    assert bare is not None
    assert not bare.values.any()
    assert bare.reason == "Nothing is covered: there is no change."


@pytest.mark.parametrize("layer", ["input", *SPATIAL, "fc6"])
def test_the_gradient_is_the_engines(tiny: zf.Model, layer: str) -> None:
    origin = UnitReference("fc8", 2)
    result = run(tiny, VIEW.change(layer=layer, origin=origin).change_maps(content=MapsContent.GRADIENT))
    wanted = zf.reconstruct(tiny.forward(result.picture), zf.Seed("fc8", 2), zf.Rule.GRADIENT, target=layer).values
    assert result.mosaic is not None
    assert equal(result.mosaic.values, wanted.transpose(2, 0, 1) if layer == "input" else wanted)
    assert result.mosaic.signed
    assert "fc8:2" in result.mosaic.text


def test_without_an_origin_the_gradient_is_that_of_the_top_class(tiny: zf.Model) -> None:
    result = run(tiny, VIEW.change_maps(content=MapsContent.GRADIENT))
    top = int(result.probabilities.argmax())
    wanted = zf.reconstruct(tiny.forward(result.picture), zf.Seed("fc8", top), zf.Rule.GRADIENT, target="conv2").values
    assert result.mosaic is not None
    assert equal(result.mosaic.values, wanted)


@pytest.mark.parametrize("origin", ["conv2", "conv1", "input"])
def test_a_gradient_that_does_not_exist_is_said_in_words(tiny: zf.Model, origin: str) -> None:
    view = VIEW.change(origin=UnitReference(origin, 0)).change_maps(content=MapsContent.GRADIENT)
    mosaic = run(tiny, view).mosaic
    assert mosaic is not None
    assert not mosaic.values.any()
    assert mosaic.reason == f"{origin} does not lie above conv2: choose a lower layer or another origin."


def test_every_layer_can_show_everything(tiny: zf.Model) -> None:
    """No layer, content, order or range raises, whatever the origin."""
    computation, frame = Computation(), numbered_frame(3)
    for stage in tiny.architecture.stages:
        for content in MapsContent:
            for order in UnitOrder:
                for normalise in Normalise:
                    maps = MapsDisplay(content, normalise, order=order, hide_dead=True, boost=2.0, gamma=0.5)
                    view = VIEW.change(layer=stage.name, unit=0, occluders=COVER, maps=maps, all_methods=True)
                    result = last_of(computation.run(request_of(tiny, view, frame)))
                    assert result.mosaic is not None
                    assert result.unit is not None
                    assert np.isfinite(result.mosaic.values).all()
                    assert result.unit.pictures or result.unit.reason


# The unit


@pytest.mark.parametrize("rule", list(zf.Rule))
@pytest.mark.parametrize("kind", list(zf.SeedKind))
@pytest.mark.parametrize("layer", ["conv1", "norm1", "conv2", "fc6", "fc8", "prob"])
def test_the_reconstruction_is_the_engines(tiny: zf.Model, layer: str, kind: zf.SeedKind, rule: zf.Rule) -> None:
    frame = numbered_frame(2)
    picture = zf.crop(frame.pixels, VIEW.crop.box(30, 40), SIZE)
    seen = tiny.forward(zf.occlude(picture, COVER, tiny.input.mean))
    number = seen.strongest_unit(layer)
    position = divmod(int(seen.activations[layer][0, number].argmax()), tiny.architecture.stage(layer).shape[2])
    view = VIEW.change(layer=layer, unit=number, seed=kind, position=position, method=rule, occluders=COVER)
    unit = run(tiny, view, frame=frame, demand=Demand()).unit
    assert unit is not None
    assert unit.reason == ""
    wanted = zf.reconstruct(seen, view.selected.to_seed(), rule)
    found = unit.pictures[rule].reconstruction
    assert found.positions == wanted.positions
    scale = max(float(np.abs(wanted.values).max()), 1e-12)
    assert np.abs(found.values - wanted.values).max() <= 1e-4 * scale
    assert unit.position == position
    assert unit.activation == pytest.approx(float(seen.activations[layer][0, number].max()), rel=1e-4)
    assert unit.box == tiny.architecture.stage(layer).receptive_field.box(*position)
    assert equal(unit.map, seen.activations[layer][0, number])
    assert equal(unit.clean_map, tiny.forward(picture).activations[layer][0, number])


def test_the_derivative_of_normalisation_can_be_chosen(tiny: zf.Model) -> None:
    for asked, given in ((True, True), (False, None)):
        result = run(tiny, VIEW.change(lrn_derivative=asked, unit=4), demand=Demand())
        wanted = zf.reconstruct(tiny.forward(result.picture), zf.Seed("conv2", 4), lrn_derivative=given).values
        assert result.unit is not None
        assert equal(result.unit.pictures[zf.Rule.DECONVNET].reconstruction.values, wanted)


def silent_model() -> zf.Model:
    """conv2's unit 3 is never active; its unit 1 only where the picture is bright."""
    tiny = tiny_model()
    weights = {name: weight.clone() for name, weight in tiny.weights.items()}
    weights["conv2.weight"][3] = 0
    weights["conv2.bias"][3] = -1
    return replace(tiny, weights=weights)


@pytest.mark.parametrize("kind", list(zf.SeedKind))
def test_an_inactive_unit_says_so(kind: zf.SeedKind) -> None:
    view = VIEW.change(unit=3, seed=kind, position=(2, 1))
    unit = run(silent_model(), view).unit
    assert unit is not None
    assert not unit.pictures
    where = " at (2, 1)" if kind is zf.SeedKind.AT else ""
    assert unit.reason == f"conv2:3 is inactive{where} on this frame: nothing to reconstruct."


def test_an_inactive_position_says_so(tiny: zf.Model) -> None:
    shown = run(tiny).mosaic
    assert shown is not None
    number, y, x = (int(i) for i in np.argwhere((shown.values == 0) & (shown.values.max((1, 2), keepdims=True) > 0))[0])
    unit = run(tiny, VIEW.change(unit=number, seed=zf.SeedKind.AT, position=(y, x))).unit
    assert unit is not None
    assert unit.reason == f"conv2:{number} is inactive at ({y}, {x}) on this frame: nothing to reconstruct."
    assert unit.position == (y, x)
    assert unit.activation == 0


def test_the_input_says_that_it_has_no_reconstruction(tiny: zf.Model) -> None:
    unit = run(tiny, VIEW.change(layer="input", unit=1)).unit
    assert unit is not None
    assert unit.reason == "The input has no reconstruction: choose a layer above it."
    assert unit.map.shape == (SIZE, SIZE)


def test_a_gradient_of_an_inactive_origin_says_so() -> None:
    model = silent_model()
    view = VIEW.change(layer="conv1", origin=UnitReference("conv2", 3)).change_maps(content=MapsContent.GRADIENT)
    mosaic = run(model, view).mosaic
    assert mosaic is not None
    assert mosaic.reason == "conv2:3 is inactive on this frame: its derivative is zero."


@pytest.mark.parametrize("unit", [-5, 9, 10_000])
def test_a_unit_that_does_not_exist_is_the_nearest_that_does(tiny: zf.Model, unit: int) -> None:
    found = run(tiny, VIEW.change(unit=unit)).unit
    assert found is not None
    assert found.reference.unit == min(max(unit, 0), 8)


@pytest.mark.parametrize("position", [(99, 0), (0, 99), (-1, 0), (11, 11)])
def test_a_position_outside_the_map_is_the_maximum(tiny: zf.Model, position: tuple[int, int]) -> None:
    found = run(tiny, VIEW.change(unit=4, seed=zf.SeedKind.AT, position=position)).unit
    best = run(tiny, VIEW.change(unit=4)).unit
    assert found is not None
    assert best is not None
    assert (found.position, found.activation) == (best.position, best.activation)


def test_a_derivative_of_an_origin_outside_its_layer_is_that_of_the_nearest(tiny: zf.Model) -> None:
    """A view of another network, a hand-edited session: no trouble at every frame."""
    for unit, position in ((99, None), (4, (50, 50))):
        origin = UnitReference("conv2", unit, zf.SeedKind.AT, position)
        result = run(tiny, VIEW.change(layer="conv1", origin=origin).change_maps(content=MapsContent.GRADIENT))
        assert result.mosaic is not None
        assert np.isfinite(result.mosaic.values).all()


def test_the_origin_is_reconstructed_while_another_layer_is_shown(tiny: zf.Model) -> None:
    origin = UnitReference("fc6", 2)
    for layer in SPATIAL:
        result = run(tiny, VIEW.change(layer=layer, origin=origin))
        assert result.unit is not None
        assert result.unit.reference == origin
        assert result.mosaic is not None
        assert result.mosaic.layer == layer


def test_pins_are_of_the_same_frame_in_their_order(tiny: zf.Model) -> None:
    pins = (UnitReference("fc6", 2), UnitReference("conv1", 3, zf.SeedKind.MAP), UnitReference("conv2", 0))
    result = run(tiny, VIEW.change(pins=pins, method=zf.Rule.GUIDED))
    assert tuple(unit.reference for unit in result.pins) == pins
    seen = tiny.forward(result.picture)
    for unit in result.pins:
        assert equal(unit.map, seen.activations[unit.reference.layer][0, unit.reference.unit])
        assert unit.reason or list(unit.pictures) == [zf.Rule.GUIDED]


# The order of the grid


def orders(computation: Computation, model: zf.Model, view: View, number: int) -> list[int]:
    mosaic = last_of(computation.run(request_of(model, view, numbered_frame(number)))).mosaic
    assert mosaic is not None
    return mosaic.units.tolist()


def by_activity(model: zf.Model, number: int, clean: bool = True) -> list[int]:
    picture = zf.crop(numbered_frame(number).pixels, VIEW.crop.box(30, 40), SIZE)
    activation = model.forward(picture).activations["conv2"][0]
    if not clean:
        activation = model.forward(zf.occlude(picture, COVER)).activations["conv2"][0] - activation
    return torch.argsort(activation.abs().amax((1, 2)), descending=True, stable=True).tolist()


def test_a_sorted_grid_is_sorted_anew_once_a_second(tiny: zf.Model, clock: Callable[[float], None]) -> None:
    computation, view = Computation(), VIEW.change_maps(order=UnitOrder.ACTIVITY)
    number = next(n for n in range(2, 50) if by_activity(tiny, n) != by_activity(tiny, 1))
    assert orders(computation, tiny, view, 1) == by_activity(tiny, 1)
    clock(REORDER_SECONDS * 0.9)
    assert orders(computation, tiny, view, number) == by_activity(tiny, 1)  # units must not jump about
    clock(REORDER_SECONDS * 0.2)
    assert orders(computation, tiny, view, number) == by_activity(tiny, number)


def test_another_order_is_taken_at_once(tiny: zf.Model, clock: Callable[[float], None]) -> None:
    computation = Computation()
    view = VIEW.change(occluders=COVER)
    assert orders(computation, tiny, view, 1) == list(range(9))
    assert orders(computation, tiny, view.change_maps(order=UnitOrder.CHANGE), 1) == by_activity(tiny, 1, clean=False)
    assert orders(computation, tiny, view, 1) == list(range(9))
    assert len(orders(computation, tiny, view.change(layer="conv1").change_maps(order=UnitOrder.ACTIVITY), 1)) == 6


def test_silent_units_can_be_left_out(clock: Callable[[float], None]) -> None:
    model, computation = silent_model(), Computation()
    view = VIEW.change_maps(hide_dead=True)
    result = last_of(computation.run(request_of(model, view, numbered_frame(1))))
    mosaic = result.mosaic
    assert mosaic is not None
    assert 3 not in mosaic.units
    assert mosaic.alive == len(mosaic.units) == int((mosaic.values.max((1, 2)) > 0).sum())
    assert mosaic.values.shape[0] == 9  # the values of all stay: hover and jump need them
    assert mosaic.corner_of(3) is None
    # a unit that was active once stays, also when the picture has gone black
    clock(2 * REORDER_SECONDS)
    black = frame_of(np.zeros((30, 40, 3), np.uint8))
    later = last_of(computation.run(request_of(model, view, black))).mosaic
    assert later is not None
    assert set(later.units) >= set(mosaic.units)
    assert later.alive >= mosaic.alive


def test_when_all_are_silent_all_are_shown() -> None:
    tiny = tiny_model()
    weights = dict(tiny.weights) | {
        "conv2.weight": torch.zeros_like(tiny.weights["conv2.weight"]),  # type: ignore[arg-type]
        "conv2.bias": -torch.ones(9),
    }
    mosaic = run(replace(tiny, weights=weights), VIEW.change_maps(hide_dead=True)).mosaic
    assert mosaic is not None
    assert len(mosaic.units) == 9
    assert mosaic.alive == 0


def test_another_network_begins_with_all_its_units_silent(tiny: zf.Model) -> None:
    """What was active is counted since the network was loaded, and belongs to it alone."""
    computation = Computation()
    black = frame_of(np.zeros((30, 40, 3), np.uint8))
    fresh = run(tiny, VIEW, frame=black).mosaic
    for model, frame in ((tiny, numbered_frame(1)), (tiny_model(9), numbered_frame(1)), (tiny, black)):
        mosaic = last_of(computation.run(request_of(model, VIEW, frame))).mosaic
    assert mosaic is not None
    assert fresh is not None
    assert mosaic.alive == fresh.alive < 9


# The order of need, and what is handed out


def test_bars_and_maps_need_not_wait_for_a_slow_unit(
    tiny: zf.Model, monkeypatch: pytest.MonkeyPatch, clock: Callable[[float], None]
) -> None:
    def slow(*given: object, **more: object) -> zf.Reconstruction:
        clock(0.1)
        return zf.reconstruct(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compute_module, "reconstruct", slow)
    computation = Computation()
    assert len(list(computation.run(request_of(tiny, VIEW)))) == 1  # how slow it is is not known yet
    request = request_of(tiny, VIEW, numbered_frame(2))
    early, late = list(computation.run(request))
    assert not early.complete
    assert late.complete
    assert early.unit is not None  # its place, for the box on the picture
    assert late.unit is not None
    assert not early.unit.pictures
    assert late.unit.pictures
    assert early.mosaic is late.mosaic
    assert early.probabilities is late.probabilities
    assert early.request is late.request is request
    assert late.times["unit"] == pytest.approx(300)  # milliseconds: three methods
    # nothing is announced when no unit is asked for
    assert len(list(computation.run(request_of(tiny, VIEW, numbered_frame(3), Demand(unit=False))))) == 1


def test_a_run_that_is_broken_off_leaves_the_next_one_right(tiny: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute_module, "SLOW_UNIT_MS", -1.0)
    computation = Computation()
    frame = numbered_frame(5)
    running = computation.run(request_of(tiny, VIEW, frame))
    assert not next(running).complete
    running.close()
    result = last_of(computation.run(request_of(tiny, VIEW.change(unit=4), frame)))
    assert np.array_equal(result.probabilities, run(tiny, VIEW.change(unit=4), frame=frame).probabilities)


def arrays_of(result: Result) -> Iterator[tuple[str, np.ndarray]]:
    """Every array of a result, with its name."""
    for name in ("picture", "clean", "probabilities", "clean_probabilities"):
        yield name, getattr(result, name)
    for layer_summary in result.layer_summaries:
        yield f"thumbnail of {layer_summary.stage.name}", layer_summary.thumbnail
    assert result.mosaic is not None
    for name in ("image", "values", "units"):
        yield f"mosaic's {name}", getattr(result.mosaic, name)
    for unit in (result.unit, *result.pins):
        assert unit is not None
        yield "map", unit.map
        yield "clean map", unit.clean_map
        for rendered in unit.pictures.values():
            yield "developed", rendered.image
            yield "reconstruction", rendered.reconstruction.values


@pytest.mark.parametrize("content", list(MapsContent))
def test_every_array_is_read_only_and_nobodys_later(tiny: zf.Model, content: MapsContent) -> None:
    computation = Computation()
    view = VIEW.change(occluders=COVER, pins=(UnitReference("conv1", 2),)).change_maps(content=content)
    result = last_of(computation.run(request_of(tiny, view, numbered_frame(1))))
    before = [(name, array, array.copy()) for name, array in arrays_of(result)]
    assert len(before) > 20
    for name, array, _ in before:
        assert not array.flags.writeable, name
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    for number in range(2, 12):  # what is shown is not used again for another frame
        last_of(computation.run(request_of(tiny, view, numbered_frame(number))))
    for name, array, copy in before:
        assert np.array_equal(array, copy), name


def test_a_network_that_answers_nonsense_is_told_in_words(tiny: zf.Model) -> None:
    weights = dict(tiny.weights) | {"fc8.weight": torch.full((5, 7), 3e38), "fc6.bias": torch.full((7,), 1e38)}
    with pytest.raises(ArithmeticError, match="tiny answered with values that are not numbers"):
        run(replace(tiny, weights=weights))


# What scanned pictures are compared by


def test_means_and_peaks_of_what_the_network_saw(tiny: zf.Model) -> None:
    result = run(tiny, VIEW.change(occluders=COVER), demand=Demand(means=("norm1", "fc6"), peaks=True))
    clean, covered = tiny.forward(result.clean), tiny.forward(result.picture)
    for layer in ("norm1", "fc6"):
        assert equal(result.means[layer], covered.activations[layer][0].mean((1, 2)))
        assert not equal(result.means[layer], clean.activations[layer][0].mean((1, 2)))
    peaks = result.peaks
    assert peaks is not None
    assert peaks.layer == "conv2"
    before, after = clean.activations["conv2"][0], covered.activations["conv2"][0]
    assert equal(peaks.clean, before.amax((1, 2)))
    assert equal(peaks.covered, after.amax((1, 2)))
    assert equal(peaks.clean, [before[unit, y, x] for unit, (y, x) in enumerate(peaks.places.tolist())])
    assert not run(tiny, demand=Demand()).means
