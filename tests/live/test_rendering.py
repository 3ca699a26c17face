"""From arrays to 8-bit pictures."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from live_tools import SIZE, numbered_pixels

import zfdesk.engine as zf
from zfdesk.live import MapsContent, MapsDisplay, Mosaic, Normalise, Style
from zfdesk.live.render import grid_columns, levels, render, thumbnail, tile_mosaic

EACH = MapsDisplay(normalise=Normalise.UNIT)


def maps_of(*values: list[float]) -> torch.Tensor:
    """One-row maps."""
    return torch.tensor(values)[:, None, :]


# Levels


def test_one_range_for_the_layer() -> None:
    shades, low, high = levels(maps_of([0, 1, 2], [0, 4, -1]), MapsDisplay(normalise=Normalise.LAYER), False)
    assert shades.dtype == torch.uint8
    assert (low, high) == (0, 4)
    # level = 1 + share · 254, rounded; negative values of an unsigned layer are at zero's level
    assert shades[:, 0].tolist() == [[1, 65, 128], [1, 255, 1]]


def test_each_unit_its_own_range() -> None:
    shades, low, high = levels(maps_of([0, 1, 2], [0, 3, 4]), MapsDisplay(normalise=Normalise.UNIT), False)
    assert math.isnan(low)
    assert math.isnan(high)
    assert shades[:, 0].tolist() == [[1, 128, 255], [1, 192, 255]]


def test_a_locked_range_does_not_move_with_the_values() -> None:
    display = MapsDisplay(normalise=Normalise.LOCKED, locked=(0.0, 2.0))
    for values in ([0.0, 1.0, 9.0], [0.0, 1.0, 0.5]):
        shades, low, high = levels(maps_of(values), display, False)
        assert (low, high) == (0, 2)
        assert shades[0, 0, 1] == 128
    assert levels(maps_of([9.0]), display, False)[0].item() == 255  # past the end of the bar


def test_signed_values_are_symmetric_about_128() -> None:
    values = maps_of([-4, -2, 0, 2, 4], [-1, -0.5, 0, 0.5, 1])
    for normalise in Normalise:
        display = MapsDisplay(normalise=normalise, locked=(-4.0, 4.0))
        shades, low, high = levels(values, display, True)
        assert shades[0, 0].tolist() == [1, 65, 128, 192, 255]
        if normalise is not Normalise.UNIT:
            assert (low, high) == (-4, 4)
    up, down = levels(values, EACH, True)[0].int(), levels(-values, EACH, True)[0].int()
    assert (up - 128 + (down - 128)).abs().max() <= 1  # 128.5 rounds down: half a level, never more


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("normalise", list(Normalise))
@pytest.mark.parametrize("gamma", [1.0, 0.5])
@pytest.mark.parametrize("boost", [1.0, 16.0])
def test_zero_never_moves(signed: bool, normalise: Normalise, gamma: float, boost: float) -> None:
    zero = 128 if signed else 1
    for values in (maps_of([0.0, 1e-3, 5.0]), maps_of([0.0, 0.0, 0.0])):  # a silent map too
        display = MapsDisplay(normalise=normalise, locked=(0.0, 3.0), gamma=gamma, boost=boost)
        shades, low, high = levels(values, display, signed)
        assert shades[0, 0, 0] == zero
        assert shades.min() >= 1  # 0 is the gap's
        assert not math.isnan(low) or normalise is Normalise.UNIT
        assert math.isnan(high) or high > 0
    assert (levels(maps_of([0.0, 0.0]), MapsDisplay(normalise=normalise), signed)[0] == zero).all()


def test_boost_shortens_the_range_that_is_told() -> None:
    plain = MapsDisplay(normalise=Normalise.LAYER)
    boosted = MapsDisplay(normalise=Normalise.LAYER, boost=4.0)
    values = maps_of([0, 1, 2, 4])
    assert levels(values, boosted, False)[1:] == (0, 1)
    assert levels(values, boosted, False)[0][0, 0].tolist() == [1, 255, 255, 255]
    assert levels(values, boosted, True)[1:] == (-1, 1)
    assert levels(values, plain, False)[0][0, 0].tolist() == [1, 65, 128, 255]


def test_gamma_lifts_dim_values_and_keeps_the_ends() -> None:
    display = MapsDisplay(normalise=Normalise.LAYER, gamma=0.5)
    assert levels(maps_of([0, 1, 4]), display, False)[0][0, 0].tolist() == [1, 128, 255]
    assert levels(maps_of([-4, -1, 0, 1, 4]), display, True)[0][0, 0].tolist() == [1, 65, 128, 192, 255]


def test_the_values_are_left_as_they_were() -> None:
    """They belong to a pass that may be used again."""
    values = maps_of([-1, 0, 2])
    before = values.clone()
    for signed in (False, True):
        for normalise in Normalise:
            levels(values, MapsDisplay(normalise=normalise, boost=2.0, gamma=0.5), signed)
    assert torch.equal(values, before)


# Mosaic


def test_tiles_lie_where_they_belong() -> None:
    maps = torch.arange(1, 13, dtype=torch.uint8).view(3, 2, 2)
    assert tile_mosaic(maps, 2, 1).tolist() == [
        [1, 2, 0, 5, 6, 0],
        [3, 4, 0, 7, 8, 0],
        [0, 0, 0, 0, 0, 0],
        [9, 10, 0, 0, 0, 0],
        [11, 12, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
    ]
    assert tile_mosaic(maps[:, :1, :1], 3, 0).tolist() == [[1, 5, 9]]
    picture = tile_mosaic(maps, 7, 1)  # more columns than maps
    assert picture.shape == (3, 21)
    assert not picture.flags.writeable
    assert picture.flags.c_contiguous


def mosaic_of(units: np.ndarray, columns: int, tile: tuple[int, int], gap: int) -> Mosaic:
    """A mosaic whose level at every pixel is known by its place."""
    count = len(units)
    maps = torch.arange(count * tile[0] * tile[1]).view(count, *tile).remainder(254).add(1).to(torch.uint8)
    image = tile_mosaic(maps, columns, gap)
    values = np.zeros((int(units.max()) + 1, *tile), np.float32)
    return Mosaic(
        "conv", MapsContent.ACTIVATION, "", image, values, units, columns, tile, gap, 0.0, 1.0, False, count
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "columns", "tile", "gap"),
    [(7, 3, (4, 5), 1), (9, 3, (3, 3), 1), (10, 4, (1, 1), 0), (1, 1, (6, 2), 1), (5, 8, (2, 2), 1)],
)
def test_a_place_and_its_unit_are_each_others_inverse(
    count: int, columns: int, tile: tuple[int, int], gap: int
) -> None:
    units = np.random.default_rng(0).permutation(count * 2)[:count]  # sorted otherwise, and not all shown
    mosaic = mosaic_of(units, columns, tile, gap)
    found = set()
    for row in range(-1, mosaic.image.shape[0] + 1):
        for column in range(-1, mosaic.image.shape[1] + 1):
            hit = mosaic.tile_at(row, column)
            if hit is None:
                inside = 0 <= row < mosaic.image.shape[0] and 0 <= column < mosaic.image.shape[1]
                assert not inside or mosaic.image[row, column] == 0  # only gaps and missing tiles belong to nobody
                continue
            unit, y, x = hit
            corner = mosaic.corner_of(unit)
            assert corner is not None
            assert (corner[0] + y, corner[1] + x) == (row, column)
            found.add(hit)
    assert len(found) == count * tile[0] * tile[1]
    assert {unit for unit, _, _ in found} == set(units.tolist())
    assert mosaic.corner_of(count * 2 + 1) is None


def largest_tiles(count: int, tile: tuple[int, int], aspect: float) -> float:
    """The scale that the best of all numbers of columns gives."""
    return max(
        min(aspect / (columns * tile[1]), 1 / (math.ceil(count / columns) * tile[0])) for columns in range(1, count + 1)
    )


def test_the_grid_fills_its_area() -> None:
    for count in (1, 2, 3, 7, 96, 256, 384, 512, 1000, 4096):
        for tile in ((111, 111), (14, 14), (1, 1), (3, 9)):
            for aspect in (0.2, 0.5, 1.0, 1.37, 3.0):
                columns = grid_columns(count, tile, aspect)
                assert 1 <= columns <= count
                rows = math.ceil(count / columns)
                scale = min(aspect / (columns * tile[1]), 1 / (rows * tile[0]))
                best = largest_tiles(count, tile, aspect)
                assert scale == pytest.approx(best), (count, tile, aspect, columns)


def test_a_pane_that_is_squeezed_shut_has_a_grid() -> None:
    for aspect in (0.0, 1e-6, 1e6):
        for count in (0, 1, 384):
            assert 1 <= grid_columns(count, (14, 14), aspect) <= max(count, 1)


def test_thumbnails() -> None:
    generator = torch.Generator().manual_seed(0)
    large = torch.rand(5, 64, 64, generator=generator)
    picture = thumbnail(large)
    assert picture.shape == (32, 32)
    assert picture.dtype == np.uint8
    assert picture.max() == 255
    mean = large.mean(0)[1::2, 1::2].numpy()
    assert np.abs(picture - mean / mean.max() * 255).max() <= 1
    assert thumbnail(torch.rand(5, 13, 13)).shape == (13, 13)
    vector = thumbnail(torch.arange(10.0).view(10, 1, 1))
    assert vector.shape == (4, 4)
    assert vector[0, 0] == 0  # unit 0 at the top left
    assert vector[2, 1] == 255
    assert thumbnail(torch.rand(4096, 1, 1)).shape == (32, 32)
    assert thumbnail(torch.zeros(3, 8, 8)).max() == 0
    assert not picture.flags.writeable


# Reconstructions


@pytest.fixture(scope="module")
def reconstruction(tiny: zf.Model) -> zf.Reconstruction:
    seen = tiny.forward(zf.centre_crop(numbered_pixels(5), SIZE))
    unit = seen.strongest_unit("conv2")
    return zf.reconstruct(seen, zf.Seed("conv2", unit, zf.SeedKind.MAP), zf.Rule.GRADIENT)


def test_raw_and_gray_have_zero_at_mid_grey(reconstruction: zf.Reconstruction) -> None:
    values = reconstruction.values
    for style, shown in ((Style.RAW, values), (Style.GRAY, values.mean(2, keepdims=True).repeat(3, 2))):
        rendered = render(reconstruction, style)
        limit = np.abs(shown).max()
        assert np.array_equal(rendered.image, np.floor(shown * (127 / limit) + 128.5).astype(np.uint8))
        assert (rendered.image[shown == 0] == 128).all()
        assert {int(rendered.image.min()), int(rendered.image.max())} & {1, 255}
        assert rendered.high == pytest.approx(limit)
        assert rendered.low == pytest.approx(-limit)
        assert rendered.stretch == pytest.approx(127 / limit)  # display levels per unit of value
        assert rendered.reconstruction is reconstruction
        assert not rendered.image.flags.writeable


def test_norms_have_zero_at_black(reconstruction: zf.Reconstruction) -> None:
    norm = np.sqrt((reconstruction.values.astype(np.float64) ** 2).sum(2))
    rendered = render(reconstruction, Style.NORM)
    assert rendered.low == 0
    assert rendered.high == pytest.approx(norm.max(), rel=1e-5)
    assert rendered.stretch == pytest.approx(255 / norm.max(), rel=1e-5)
    assert np.abs(rendered.image - (norm * 255 / norm.max())[:, :, None]).max() <= 1.001
    assert rendered.image.max() >= 254
    assert (rendered.image[norm == 0] == 0).all()


def test_the_blurred_norm_is_a_gaussian(reconstruction: zf.Reconstruction) -> None:
    norm = np.sqrt((reconstruction.values.astype(np.float64) ** 2).sum(2))
    offsets = np.arange(-12, 13)
    kernel = np.exp(-0.5 * (offsets / 4.0) ** 2)
    kernel /= kernel.sum()
    blurred = np.apply_along_axis(lambda line: np.convolve(np.pad(line, 12, "reflect"), kernel, "valid"), 0, norm)
    blurred = np.apply_along_axis(lambda line: np.convolve(np.pad(line, 12, "reflect"), kernel, "valid"), 1, blurred)
    rendered = render(reconstruction, Style.BLURRED)
    assert rendered.high == pytest.approx(blurred.max(), rel=1e-4)
    assert np.abs(rendered.image - (blurred * 255 / blurred.max())[:, :, None]).max() <= 1.01


def test_nothing_reconstructed_is_plain() -> None:
    values, seed = np.zeros((SIZE, SIZE, 3), np.float32), zf.Seed("conv2", 0)
    nothing = zf.Reconstruction(values, (0, 0, 1, 1), seed, zf.Rule.GRADIENT, "input", ((0, 0),), 0.0)
    for style in Style:
        image = render(nothing, style).image
        assert (image == (128 if style in (Style.RAW, Style.GRAY) else 0)).all()
