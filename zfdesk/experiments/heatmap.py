"""Heat maps that others made: an array in a file, brought to the size of the network's input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zfdesk import npz
from zfdesk.progress import percent_text

LARGEST_SIDE = 4096
"""Of a heat map, in cells; more is a mistake, and would need gigabytes."""

LIMITS = npz.NpzLimits(512 << 20)
SWEEP = ("positions", "probability", "clean")
"""What is read of the arrays that ``zfdesk occlude --npz`` writes."""


class HeatMapError(ValueError):
    """A heat map that cannot be used; ``str()`` is one sentence for people."""


@dataclass(frozen=True, eq=False)
class HeatMap:
    """``values``: float64 (height, width), higher = more important. ``cells``: how many rows and columns were measured,
    which is fewer than there are values where they were interpolated."""

    values: np.ndarray
    cells: tuple[int, int]


def read_heat_map(path: Path, size: int) -> HeatMap:
    """A heat map from a file: an array (height, width) of any size as it is, or a sweep.

    ``.npy``: the array. ``.npz``, as ``zfdesk occlude --npz`` writes it: ``positions`` (rows, columns, 2: top and left
    of the square in network-input pixels), ``probability`` (rows, columns) and ``clean`` (classes,); the map is the
    clean probability minus the probability, placed at the squares' centres (`values_at_pixels`), (size, size).
    Raises HeatMapError. Nothing in a file is ever executed.
    """
    if not path.exists():
        raise HeatMapError(f"{path} does not exist.")
    if not path.is_file():  # a pipe would be waited for, for ever
        raise HeatMapError(f"{path} is not an ordinary file.")
    try:
        with path.open("rb") as file:
            zipped = file.read(2) == b"PK"
            file.seek(0)
            array = None if zipped else np.load(file, allow_pickle=False)
            arrays = npz.decode(file.read(LIMITS.most_bytes + 1), LIMITS) if zipped else {}
    except PermissionError:
        raise HeatMapError(f"{path} may not be read: permission denied.") from None
    except Exception:  # damaged files make numpy raise nearly anything
        raise HeatMapError(f"{path} is not a heat map: an array of numbers (.npy), or a sweep (.npz).") from None
    try:
        values = checked(_of_sweep(arrays, size) if array is None else array)
    except HeatMapError as error:
        raise HeatMapError(f"{path} cannot be used: {error}") from None
    rows, columns = (values if array is not None else arrays["probability"]).shape
    return HeatMap(values, (rows, columns))


def checked(heat: np.ndarray, constant: bool = False) -> np.ndarray:
    """The map as float64 when it is (height, width), of finite numbers and, unless ``constant``, not all the same.

    Raises HeatMapError.
    """
    heat = np.asarray(heat)
    if heat.ndim != 2 or 0 in heat.shape:
        raise HeatMapError(f"a heat map has rows and columns, this has the shape {heat.shape}.")
    if max(heat.shape) > LARGEST_SIDE:
        raise HeatMapError(f"a heat map of {heat.shape[0]} × {heat.shape[1]} cells is too large.")
    if heat.dtype.kind not in "fiub":
        raise HeatMapError(f"a heat map is made of real numbers, not of {heat.dtype}.")
    heat = heat.astype(np.float64)
    if not np.isfinite(heat).all():
        share = 1 - np.isfinite(heat).mean()
        raise HeatMapError(
            f"{percent_text(share)} of its values are not finite numbers (a part of a sweep has them, too)."
        )
    if not constant and heat.min() == heat.max():
        raise HeatMapError("all its values are the same, so it puts no pixel before another.")
    return heat


def upsampled(heat: np.ndarray, size: int) -> np.ndarray:
    """A map (height, width) spread over the whole input, float64 (size, size): cells keep their centres, values between
    them are interpolated linearly, those beyond the outermost centres are theirs."""
    height, width = heat.shape
    rows, columns = ((np.arange(count) + 0.5) * size / count for count in (height, width))
    return values_at_pixels(heat, rows, columns, size)


def values_at_pixels(values: np.ndarray, rows: np.ndarray, columns: np.ndarray, size: int) -> np.ndarray:
    """Values (rows, columns) known at these centres, in input pixels (a pixel's own centre is at + ½), interpolated
    linearly to every pixel: float64 (size, size). Beyond the outermost centres the outermost value stays."""
    at = np.arange(size) + 0.5
    wide = np.stack([np.interp(at, columns, line) for line in values])
    return np.stack([np.interp(at, rows, line) for line in wide.T], axis=1)


def _of_sweep(arrays: dict[str, np.ndarray], size: int) -> np.ndarray:
    missing = [name for name in SWEEP if name not in arrays]
    if missing:
        raise HeatMapError(f"it has no {' and no '.join(missing)}, which a sweep of `zfdesk occlude` has.")
    positions, probability, clean = (arrays[name] for name in SWEEP)
    probability = checked(probability, constant=True)
    if positions.shape != (*probability.shape, 2) or positions.dtype.kind not in "fiu":
        raise HeatMapError(f"its positions {positions.shape} are not those of {probability.shape} probabilities.")
    tops, lefts = positions[:, 0, 0].astype(float), positions[0, :, 1].astype(float)
    grid = np.stack(np.meshgrid(tops, lefts, indexing="ij"), -1)
    if not np.array_equal(grid, positions) or (np.diff(tops) <= 0).any() or (np.diff(lefts) <= 0).any():
        raise HeatMapError("its positions are not rows and columns.")
    if clean.ndim != 1 or not len(clean) or clean.dtype.kind != "f" or not np.isfinite(clean).all():
        raise HeatMapError("its clean probabilities are not a list of numbers.")
    # A sweep is symmetric about the picture's centre, whether or not its square hangs over the edge: what the first
    # position and the last leave of the picture is the square's side.
    halves = [(size - line[0] - line[-1]) / 2 for line in (tops, lefts)]
    # Which class was watched moves all values alike and no pixel before another.
    return values_at_pixels(float(clean.max()) - probability, tops + halves[0], lefts + halves[1], size)


__all__ = ["HeatMap", "HeatMapError", "checked", "read_heat_map", "upsampled", "values_at_pixels"]
