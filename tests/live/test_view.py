"""The view as one value."""

from __future__ import annotations

import itertools
from dataclasses import FrozenInstanceError, fields, replace

import numpy as np
import pytest

import zfdesk.engine as zf
from zfdesk.live import (
    ClassBars,
    Crop,
    CropMode,
    HeatSettings,
    MapsContent,
    MapsDisplay,
    SweepSettings,
    TraceAxis,
    UnitOrder,
    UnitReference,
    View,
)
from zfdesk.typed_json import from_plain, to_plain

ODD_FRAMES = ((1, 1), (1, 7), (7, 1), (20, 3000), (3000, 20), (2, 3), (480, 640), (641, 479), (2048, 2048))
RICH = View(
    layer="conv2",
    unit=3,
    position=(1, 2),
    seed=zf.SeedKind.AT,
    occluders=(zf.Occluder(1, 2), zf.Occluder(3, 4, 5, 6, zf.OccluderShape.ELLIPSE, zf.OccluderFill.BLUR)),
    pins=(UnitReference("conv1", 1),),
    watched=(4, 2),
    origin=UnitReference("fc6", 1, zf.SeedKind.AT, (0, 0)),
)


def test_views_are_values() -> None:
    twin = replace(RICH)
    assert twin == RICH
    assert RICH is not twin
    assert hash(RICH) == hash(twin)
    assert len({RICH, twin, View()}) == 2
    with pytest.raises(FrozenInstanceError):
        RICH.unit = 4  # type: ignore[misc]


def test_every_field_counts() -> None:
    """Two views that differ in one field are different: the worker and undo rely on it."""
    others: dict[str, object] = {
        "source": View().source.__class__("pattern"), "crop": Crop(CropMode.FIT), "layer": "conv1", "unit": 9,
        "position": (0, 0), "seed": zf.SeedKind.TOPK, "seed_count": 2, "method": zf.Rule.GUIDED,
        "lrn_derivative": True, "origin": UnitReference("fc8", 1), "occluders": (zf.Occluder(0, 0),),
        "chosen_occluder": 0, "maps": MapsDisplay(boost=2.0), "style": "norm", "zoom": 1, "picture_zoom": 1,
        "pins": (UnitReference("fc8", 1),), "watched": (1,), "watched_slots": ((3, 2),), "top_k": 6, "theme": "light",
        "bars": ClassBars.KINDS, "heat": HeatSettings(shown=True),
        "trace_axis": TraceAxis.PATH, "sweep": SweepSettings(stride=3),
    }  # fmt: skip
    switches = (
        "frozen", "all_methods", "mirrored", "labels", "outlines", "timings", "presenter", "compare_clean",
        "trace_unit", "replay_loop", "filters",
    )  # fmt: skip
    others |= {name: not getattr(View(), name) for name in switches}
    assert set(others) == {field.name for field in fields(View)}
    for name, value in others.items():
        before = View(watched=(3,) if name == "watched_slots" else ())
        changed = before.change(**{name: value})
        assert changed != before, name
        assert getattr(changed, name) == value
        assert changed.change(**{name: getattr(before, name)}) == before


def test_change_of_the_maps_leaves_the_rest() -> None:
    changed = RICH.change_maps(order=UnitOrder.ACTIVITY, content=MapsContent.CHANGE)
    assert changed.maps == replace(View().maps, order=UnitOrder.ACTIVITY, content=MapsContent.CHANGE)
    assert changed.change(maps=RICH.maps) == RICH
    with pytest.raises(TypeError):
        RICH.change(unknown=1)
    with pytest.raises(TypeError):
        RICH.change_maps(unknown=1)


def test_what_is_looked_at_is_the_origin_if_there_is_one() -> None:
    assert RICH.selected == UnitReference("conv2", 3, zf.SeedKind.AT, (1, 2), 9)
    assert RICH.looked_at == RICH.origin
    assert RICH.change(origin=None).looked_at == RICH.selected


@pytest.mark.parametrize(("height", "width"), ODD_FRAMES)
def test_fit_and_stretch_take_the_whole_frame(height: int, width: int) -> None:
    assert Crop(CropMode.STRETCH).box(height, width) == (0, 0, width, height)
    left, top, right, bottom = Crop(CropMode.FIT).box(height, width)
    long = max(height, width)
    assert right - left == pytest.approx(long)
    assert bottom - top == pytest.approx(long)
    assert (left + right) / 2 == pytest.approx(width / 2)
    assert (top + bottom) / 2 == pytest.approx(height / 2)
    assert left <= 1e-9
    assert top <= 1e-9


@pytest.mark.parametrize(("height", "width"), ODD_FRAMES)
@pytest.mark.parametrize(("x", "y", "side"), [(0.5, 0.5, 224 / 256), (0.0, 1.0, 0.05), (1.0, 0.25, 4.0)])
def test_a_crop_is_a_square_about_its_centre(height: int, width: int, x: float, y: float, side: float) -> None:
    left, top, right, bottom = Crop(x=x, y=y, side=side).box(height, width)
    wanted = max(side * min(height, width), 1.0)  # never less than a pixel
    assert right - left == pytest.approx(wanted)
    assert bottom - top == pytest.approx(wanted)
    assert (left + right) / 2 == pytest.approx(x * width)
    assert (top + bottom) / 2 == pytest.approx(y * height)


@pytest.mark.parametrize("resize", [224, 256, 300])
def test_the_centre_crop_is_the_one_the_network_was_trained_with(resize: int) -> None:
    layers = (zf.Linear("fc", 2), zf.Softmax("prob"))
    model = replace(zf.random_model(zf.Architecture("tiny", "Tiny", layers)), input=zf.InputSpec(resize=resize))
    frame = np.random.default_rng(0).integers(0, 256, (90, 120, 3), np.uint8)
    cut = zf.crop(frame, Crop.centre_of(model).box(90, 120))
    assert np.array_equal(cut, zf.centre_crop(frame, 224, resize))
    if resize == 256:
        assert Crop() == Crop.centre_of(model)


@pytest.mark.parametrize("mode", list(CropMode))
@pytest.mark.parametrize(("height", "width"), ODD_FRAMES)
def test_every_box_can_be_cut_out(mode: CropMode, height: int, width: int) -> None:
    pixels = np.full((height, width, 3), 200, np.uint8)
    for x, y, side in itertools.product((0.0, 0.5, 1.0), (0.0, 0.5, 1.0), (0.05, 0.875, 4.0)):
        picture = zf.crop(pixels, Crop(mode, x, y, side).box(height, width), 16)
        assert picture.shape == (16, 16, 3)
        # frame or grey, and no seam between them that is neither
        assert picture.min() >= 128
        assert picture.max() <= 200


def test_the_smallest_crop_can_be_cut_out_wherever_it_lies() -> None:
    """Rounding must not make it smaller than a pixel."""
    rng = np.random.default_rng(4)
    for height, width in ((1, 1), (1, 7), (2048, 2)):
        pixels = np.full((height, width, 3), 200, np.uint8)
        for x, y in rng.random((300, 2)):
            picture = zf.crop(pixels, Crop(x=float(x), y=float(y), side=0.05).box(height, width), 4)
            assert picture.shape == (4, 4, 3)


@pytest.mark.parametrize(
    ("seed", "position", "kind", "place"),
    [
        (zf.SeedKind.MAX, None, zf.SeedKind.MAX, None),
        (zf.SeedKind.MAX, (1, 2), zf.SeedKind.MAX, None),
        (zf.SeedKind.AT, (1, 2), zf.SeedKind.AT, (1, 2)),
        (zf.SeedKind.AT, None, zf.SeedKind.MAX, None),  # nothing picked yet
        (zf.SeedKind.TOPK, (1, 2), zf.SeedKind.TOPK, None),
        (zf.SeedKind.MAP, None, zf.SeedKind.MAP, None),
    ],
)
def test_a_reference_as_the_engine_takes_it(
    seed: zf.SeedKind, position: tuple[int, int] | None, kind: zf.SeedKind, place: tuple[int, int] | None
) -> None:
    reference = UnitReference("conv2", 5, seed, position, 4)
    assert reference.to_seed() == zf.Seed("conv2", 5, kind, place, 4)


def test_a_watched_class_keeps_its_slot() -> None:
    view = View(watched=(30, 10, 20))
    assert view.watched_slots == ((30, 0), (10, 1), (20, 2))
    fewer = view.change(watched=(10, 20))
    assert fewer.watched_slots == ((10, 1), (20, 2))
    more = fewer.change(watched=(10, 20, 7, 8))
    assert more.watched_slots == ((10, 1), (20, 2), (7, 0), (8, 3))
    assert (more.slot_of(7), more.slot_of(30)) == (0, None)
    assert more.change(watched=()) == View()


def test_slots_that_cannot_be_are_given_anew() -> None:
    view = View(watched=(1, 2, 3, 4), watched_slots=((2, 5), (1, 5), (3, -1), (9, 0)))
    assert view.watched_slots == ((1, 0), (2, 5), (3, 1), (4, 2))


def test_a_view_kept_under_earlier_names_is_read_as_it_was() -> None:
    """Sessions of zfdesk before this name was changed have the sweep's class as "klass"."""
    kept = to_plain(View().change_sweep(class_index=281))
    kept["sweep"]["klass"] = kept["sweep"].pop("class_index")
    notes: list[str] = []
    assert from_plain(View, kept, "view", notes).sweep.class_index == 281
    assert notes == []
