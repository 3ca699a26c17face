"""What every panel holds to: arrays of one type and shape that nobody can write to. ValueError otherwise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zfdesk.typed_json import with_article


def keep(panel: object, name: str, dtype: type, shape: Sequence[int | None], finite: bool = True) -> None:
    """Check an array and keep it read-only: a copy, unless nobody can write to it."""
    what = f"The {name} of {with_article(type(panel).__name__.lower())} panel"
    try:
        array = np.asarray(getattr(panel, name))
        kind = np.dtype(dtype)
        fits = array.dtype == kind or (array.dtype.kind in "iuf" and kind.kind == "f") or (
            array.dtype.kind in "iu" and kind.kind == "i")  # fmt: skip
    except ValueError:
        raise ValueError(f"{what} is not an array.") from None
    if not fits:
        raise ValueError(f"{what} must be {kind}, not {array.dtype}.")
    wanted = " × ".join("any" if side is None else str(side) for side in shape)
    sides_fit = array.ndim == len(shape) and all(
        side is None or side == found for side, found in zip(shape, array.shape, strict=True)
    )
    if not sides_fit or 0 in array.shape:
        raise ValueError(f"{what} must be {wanted}, not {' × '.join(map(str, array.shape)) or 'a number'}.")
    if finite and array.dtype.kind == "f" and not np.isfinite(array).all():
        raise ValueError(f"{what} holds values that are not numbers.")
    kept = np.array(array, kind, order="C") if array.flags.writeable else np.ascontiguousarray(array, kind)
    kept.flags.writeable = False
    object.__setattr__(panel, name, kept)


def check_columns(columns: int) -> None:
    if columns < 0:
        raise ValueError("The number of columns of a mosaic cannot be negative.")


def check_series(names: tuple[str, ...], count: int) -> None:
    if names and len(names) != count:
        raise ValueError(f"There are {len(names)} names for {count} series.")
