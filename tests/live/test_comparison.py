"""A unit clean, covered and in difference: the same places, one stretch, and nothing that was not asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from live_tools import SIZE, last_of, numbered_frame, request_of

import zfdesk.engine as zf
from zfdesk.live import Computation, Demand, Result, Style, UnitReference, View, comparison, compute

COVER = (zf.Occluder(6, 7, 9, 8),)
UNIT = 4
VIEW = View(layer="conv2", unit=UNIT, occluders=COVER)
ASKED = Demand(compare=True)


def run(model: zf.Model, view: View = VIEW, demand: Demand = ASKED) -> Result:
    return last_of(Computation().run(request_of(model, view, numbered_frame(5), demand)))


def compared(model: zf.Model, view: View = VIEW) -> tuple[Result, comparison.UnitComparison]:
    result = run(model, view)
    assert result.unit is not None
    assert result.unit.comparison is not None
    return result, result.unit.comparison


def passes(model: zf.Model, result: Result) -> tuple[zf.Pass, zf.Pass]:
    return model.forward(result.clean), model.forward(result.picture)


@pytest.mark.parametrize("rule", list(zf.Rule))
def test_both_begin_at_the_strongest_place_of_the_clean_map(tiny: zf.Model, rule: zf.Rule) -> None:
    """Against whole forwards and reconstructions from that place."""
    moved = looked = 0
    for unit in range(9):
        result, both = compared(tiny, VIEW.change(unit=unit, method=rule))
        clean, covered = passes(tiny, result)
        before, after = (seen.activations["conv2"][0, unit].numpy() for seen in (clean, covered))
        if not before.any():
            assert both.pictures is None
            continue
        looked += 1
        where = tuple(map(int, np.unravel_index(before.argmax(), before.shape)))
        moved += int(after.argmax()) != int(before.argmax())
        assert both.positions == (where,)
        assert both.activations == pytest.approx((before[where], after[where]), abs=1e-5)
        assert result.unit.position == where  # type: ignore[union-attr]
        assert (result.unit.reference.seed, result.unit.reference.position) == (zf.SeedKind.AT, where)  # type: ignore[union-attr]
        for shade, values in zip(both.maps, (before, after, after - before), strict=True):
            assert np.allclose(shade.values, values, atol=1e-5)
        assert both.pictures is not None
        seed = zf.Seed("conv2", unit, zf.SeedKind.AT, where)
        for rendered, seen in zip(both.pictures, (clean, covered), strict=True):
            assert np.allclose(rendered.reconstruction.values, zf.reconstruct(seen, seed, rule).values, atol=1e-5)
    assert looked > 3
    assert moved  # else the test would not know whose maximum it was


def test_a_picked_place_stays(tiny: zf.Model) -> None:
    _, both = compared(tiny, VIEW.change(seed=zf.SeedKind.AT, position=(4, 2)))
    assert both.positions == ((4, 2),)


def test_k_strongest_are_those_of_the_clean_map(tiny: zf.Model) -> None:
    result, both = compared(tiny, VIEW.change(seed=zf.SeedKind.TOPK, seed_count=4))
    before = passes(tiny, result)[0].activations["conv2"][0, UNIT].numpy()
    assert [before[place] for place in both.positions] == sorted(before.ravel(), reverse=True)[:4]
    assert both.pictures is not None
    assert both.pictures[1].reconstruction.positions == both.positions
    assert result.unit.position == both.positions[0]  # type: ignore[union-attr]


@pytest.mark.parametrize("style", list(Style))
def test_one_stretch_for_both_and_a_difference_about_zero(tiny: zf.Model, style: Style) -> None:
    _, both = compared(tiny, VIEW.change(style=style))
    assert both.pictures is not None
    assert both.change is not None
    first, second = both.pictures
    assert (first.low, first.high, first.stretch) == (second.low, second.high, second.stretch)
    norm = style in (Style.NORM, Style.BLURRED)
    shown = [picture.reconstruction.values for picture in both.pictures]
    if style is not Style.BLURRED:
        largest = max(
            np.abs(v if style is Style.RAW else v.mean(2) if not norm else np.linalg.norm(v, axis=2)).max()
            for v in shown
        )
        assert first.high == pytest.approx(largest, rel=1e-5)
    assert first.low == (0 if norm else -first.high)
    # the same value is the same level in both pictures, and nowhere else in the range
    for picture, values in zip(both.pictures, shown, strict=True):
        if style is Style.RAW:
            assert np.abs(picture.image - (values * first.stretch + 128)).max() <= 1
            gap = shown[1].mean(2) - shown[0].mean(2)
            assert np.allclose(both.change.values, gap, atol=1e-6)
    for shade in (both.change, both.maps[2]):
        assert shade.low == -shade.high
        assert shade.high == pytest.approx(np.abs(shade.values).max())
        assert shade.image[shade.values == 0].tolist() == [128] * int((shade.values == 0).sum())
        assert shade.image[np.unravel_index(np.abs(shade.values).argmax(), shade.values.shape)] in (1, 255)
    assert (both.maps[0].low, both.maps[0].high) == (both.maps[1].low, both.maps[1].high)


def test_covered_to_silence_is_zero_and_no_error(tiny: zf.Model) -> None:
    """All covered by the mean: nothing is active that has no bias of its own."""
    model = replace(tiny, weights={name: value * (not name.endswith("bias")) for name, value in tiny.weights.items()})
    everything = zf.Occluder(0, 0, SIZE, SIZE, fill=zf.OccluderFill.MEAN)
    model = replace(model, input=replace(model.input, mean=(124.0, 116.0, 104.0)))
    result, both = compared(model, VIEW.change(occluders=(everything,)))
    assert both.activations[0] > 0
    assert both.activations[1] == 0
    assert both.pictures is not None
    assert not both.pictures[1].reconstruction.values.any()
    assert np.unique(both.pictures[1].image).tolist() == [128]
    assert both.change is not None
    assert np.array_equal(both.maps[2].values, -both.maps[0].values)
    assert result.unit.reason  # of the covered picture alone  # type: ignore[union-attr]


def test_without_a_way_down_the_maps_are_still_compared(tiny: zf.Model) -> None:
    _, both = compared(tiny, VIEW.change(layer="input", unit=0))
    assert (both.pictures, both.change) == (None, None)
    assert "input has no reconstruction" in both.reason
    dead = replace(tiny, weights={n: v * 0 if n.startswith("conv2") else v for n, v in tiny.weights.items()})
    _, both = compared(dead)
    assert both.reason == f"conv2:{UNIT} is inactive on the clean picture: nothing to reconstruct."
    assert (both.maps[0].low, both.maps[0].high) == (0, 0)


def test_nothing_is_compared_unasked(tiny: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[zf.Seed] = []

    def note(seen: zf.Pass, seed: zf.Seed, *rest: object, **more: object) -> zf.Reconstruction:
        walked.append(seed)
        return zf.reconstruct(seen, seed, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(compute, "reconstruct", note)
    monkeypatch.setattr(comparison, "reconstruct", note)
    assert run(tiny, VIEW, Demand()).unit.comparison is None  # type: ignore[union-attr]
    assert len(walked) == 1
    walked.clear()
    assert run(tiny, VIEW.change(occluders=())).unit.comparison is None  # type: ignore[union-attr]
    assert len(walked) == 1
    walked.clear()
    assert run(tiny, VIEW).unit.comparison is not None  # type: ignore[union-attr]
    assert len(walked) == 2  # one more than without
    walked.clear()
    pinned = VIEW.change(pins=(UnitReference("conv2", UNIT),))
    assert run(tiny, pinned).pins[0].comparison is None
    assert len(walked) == 3


def test_the_activation_alone_needs_no_way_down(tiny: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compute, "reconstruct", lambda *a, **k: pytest.fail("led down unasked"))
    nothing = Demand(layers=False, maps=False, unit=False, pins=False)
    result = run(tiny, VIEW, replace(nothing, activation=True))
    assert result.unit is not None
    assert np.allclose(result.unit.map, passes(tiny, result)[1].activations["conv2"][0, UNIT].numpy(), atol=1e-5)
    assert run(tiny, VIEW, nothing).unit is None


def test_given_positions_are_checked(tiny: zf.Model) -> None:
    seen = tiny.forward(np.zeros((SIZE, SIZE, 3), np.uint8))
    with pytest.raises(ValueError, match="lies outside"):
        zf.reconstruct(seen, zf.Seed("conv2", 0, zf.SeedKind.TOPK, positions=((0, 0), (99, 0))))


def test_the_clean_picture_is_led_down_once(tiny: zf.Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dragged occluder changes only the covered one; another frame, unit or method changes both."""
    walked: list[str] = []

    def note(seen: zf.Pass, seed: zf.Seed, *rest: object, **more: object) -> zf.Reconstruction:
        walked.append("down")
        return zf.reconstruct(seen, seed, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(comparison, "reconstruct", note)
    computation, frame = Computation(), numbered_frame(5)

    def show(view: View, frame: object = frame) -> comparison.UnitComparison:
        walked.clear()
        unit = last_of(computation.run(request_of(tiny, view, frame, ASKED))).unit  # type: ignore[arg-type]
        assert unit is not None
        assert unit.comparison is not None
        return unit.comparison

    show(VIEW)
    assert len(walked) == 1
    moved = VIEW.change(occluders=(zf.Occluder(2, 3, 9, 8),))
    again = show(moved)
    assert walked == []
    _, fresh = compared(tiny, moved)
    for one, other in zip(again.pictures, fresh.pictures, strict=True):  # type: ignore[arg-type]
        assert np.array_equal(one.reconstruction.values, other.reconstruction.values)
    for view in (
        moved.change(unit=6), moved.change(method=zf.Rule.GRADIENT), moved.change(lrn_derivative=True),
        moved.change(seed=zf.SeedKind.MAP),
    ):  # fmt: skip
        show(view)
        assert len(walked) == 1, view
    whole = moved.change(seed=zf.SeedKind.MAP)  # a seed that is the same on every frame
    show(whole)
    show(whole, numbered_frame(6))
    assert len(walked) == 1
