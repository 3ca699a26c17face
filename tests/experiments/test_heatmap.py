"""Heat maps from files: spread as torch does it, sweeps at their squares' centres, all else refused."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from zfdesk.experiments.heatmap import HeatMapError, read_heat_map, upsampled, values_at_pixels

SIZE = 224


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (7, 7), (29, 29), (224, 224), (300, 500)])
def test_spread_as_torch_interpolates(shape: tuple[int, int]) -> None:
    heat = np.random.default_rng(0).normal(size=shape)
    x = torch.from_numpy(heat)[None, None]
    theirs = torch.nn.functional.interpolate(x, (SIZE, SIZE), mode="bilinear", align_corners=False)[0, 0].numpy()
    np.testing.assert_allclose(upsampled(heat, SIZE), theirs, atol=1e-12)


def test_placed_at_centres() -> None:
    values = np.array([[0.0, 10.0], [20.0, 30.0]])
    spread = values_at_pixels(values, np.array([2.5, 6.5]), np.array([0.5, 4.5]), 8)
    assert spread[2, 0] == 0
    assert spread[2, 4] == 10
    assert spread[4, 2] == pytest.approx(15)
    assert spread[0, 0] == 0  # beyond the outermost centres
    assert spread[7, 7] == 30


def test_an_array_of_any_kind_of_number(tmp_path: Path) -> None:
    for kind in (np.float16, np.float32, np.float64, np.int8, np.uint8, bool):
        heat = np.eye(3).astype(kind)
        np.save(tmp_path / "map.npy", heat)
        read = read_heat_map(tmp_path / "map.npy", SIZE)
        assert read.values.dtype == np.float64
        assert np.array_equal(read.values, np.eye(3))
        assert read.cells == (3, 3)


def sweep(path: Path, tops: np.ndarray, lefts: np.ndarray, probability: np.ndarray, **others: object) -> Path:
    positions = np.stack(np.meshgrid(tops, lefts, indexing="ij"), -1)
    clean = np.array([0.1, 0.7, 0.2], np.float32)
    arrays = {"positions": positions, "probability": probability, "clean": clean, **others}
    np.savez(path, **arrays)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("side", [50, 51])
@pytest.mark.parametrize("overhang", [False, True])
def test_a_sweep_is_placed_at_its_squares_centres(tmp_path: Path, side: int, overhang: bool) -> None:
    """Inside: from 0 to 224 − side. Hanging over: the centre of each 8 × 8 cell of the picture."""
    starts = np.arange(0, SIZE - side + 1, 6) if not overhang else np.arange(4, SIZE, 8) - side // 2
    if not overhang:
        starts = np.unique(np.append(starts, SIZE - side))
    centres = starts + side / 2
    truth = np.subtract.outer(centres, 0.5 * centres) / 1000 + 0.4  # a plane: linear interpolation is exact
    found = read_heat_map(sweep(tmp_path / "s.npz", starts, starts, truth.astype(np.float32)), SIZE)
    read = found.values
    assert found.cells == truth.shape
    at = np.arange(SIZE) + 0.5
    inside = (at >= centres[0]) & (at <= centres[-1])
    expected = np.float32(0.7) - (np.subtract.outer(at, 0.5 * at) / 1000 + 0.4)
    within = 2e-3 if overhang else 1e-6  # an odd square's centre is half a pixel off the cell's
    np.testing.assert_allclose(read[np.ix_(inside, inside)], expected[np.ix_(inside, inside)], atol=within)


def test_where_the_square_takes_most_is_what_matters_most(tmp_path: Path) -> None:
    probability = np.full((5, 5), 0.7)
    probability[1, 3] = 0.1
    starts = np.linspace(0, 174, 5)
    read = read_heat_map(sweep(tmp_path / "s.npz", starts, starts, probability), SIZE).values
    row, column = np.unravel_index(read.argmax(), read.shape)
    assert abs(row + 0.5 - (starts[1] + 25)) <= 1
    assert abs(column + 0.5 - (starts[3] + 25)) <= 1


class _Harm:
    def __reduce__(self) -> tuple:
        return (os.mkdir, ("/tmp/zfdesk-was-harmed",))


def test_what_is_no_heat_map_is_told(tmp_path: Path) -> None:
    path = tmp_path / "map.npy"
    good = np.random.default_rng(0).random((3, 3))
    for array, words in (
        (np.zeros(9), r"has rows and columns, this has the shape \(9,\)"),
        (np.zeros((3, 3, 3)), "has rows and columns"),
        (np.zeros((0, 3)), "has rows and columns"),
        (np.zeros((3, 3)), "all its values are the same"),
        (np.where(good > 0.3, good, np.nan), "are not finite numbers"),
        (np.where(good > 0.3, good, np.inf), "are not finite numbers"),
        (good.astype(complex), "real numbers, not of complex128"),
        (np.zeros((1, 5000)), "1 × 5000 cells is too large"),
        (np.array([["a", "b"]]), "real numbers, not of <U1"),
    ):
        np.save(path, array)
        with pytest.raises(HeatMapError, match=words) as told:
            read_heat_map(path, SIZE)
        assert str(told.value).startswith(f"{path} cannot be used: ")
        assert str(told.value).endswith(".")
    np.save(path, good)
    whole = path.read_bytes()
    for content in (b"", b"no numpy", whole[:60], whole[:-5], pickle.dumps(_Harm()), b"PK\x03\x04" + whole):
        path.write_bytes(content)
        with pytest.raises(HeatMapError, match="is not a heat map"):
            read_heat_map(path, SIZE)
    assert not os.path.exists("/tmp/zfdesk-was-harmed")
    with pytest.raises(HeatMapError, match="does not exist"):
        read_heat_map(tmp_path / "none.npy", SIZE)
    with pytest.raises(HeatMapError, match="not an ordinary file"):
        read_heat_map(tmp_path, SIZE)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.npy")
        with pytest.raises(HeatMapError, match="not an ordinary file"):
            read_heat_map(tmp_path / "pipe.npy", SIZE)


def test_what_is_no_sweep_is_told(tmp_path: Path) -> None:
    path, starts = tmp_path / "s.npz", np.arange(3) * 50
    good = np.random.default_rng(0).random((3, 3))
    np.savez(path, heat=good)
    with pytest.raises(HeatMapError, match="no positions and no probability and no clean"):
        read_heat_map(path, SIZE)
    partial = good.copy()
    partial[1] = np.nan
    for arguments, words in (
        ((starts, starts[:2], good), "are not those of"),
        ((starts[::-1], starts, good), "not rows and columns"),
        ((starts, starts, partial), "33 % of its values are not finite numbers"),
        ((starts, starts, np.full((3, 3), 0.5)), "all its values are the same"),
    ):
        with pytest.raises(HeatMapError, match=words):
            read_heat_map(sweep(path, *arguments), SIZE)
    crooked = np.random.default_rng(0).integers(0, 100, (3, 3, 2))
    with pytest.raises(HeatMapError, match="not rows and columns"):
        read_heat_map(sweep(path, starts, starts, good, positions=crooked), SIZE)
    with pytest.raises(HeatMapError, match="clean probabilities"):
        read_heat_map(sweep(path, starts, starts, good, clean=np.zeros((2, 2))), SIZE)
