"""Made pictures as a session keeps them: every pixel, and all that is said of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from zfdesk.session import SessionError
from zfdesk.synthesis.orders import Made

MOST_BYTES = 48 << 20
"""Of the pixels: a sheet of 256 units of 139 pixels has 15 MB."""


@dataclass(frozen=True, eq=False)
class KeptMade:
    """A `Made` without values that are no numbers: they are float32 (N,), 0 where ``known``, uint8 (N,), is 0.

    Raises ValueError where the parts do not fit together.
    """

    made: Made
    known: np.ndarray

    def __post_init__(self) -> None:
        about, pictures, values = self.made.description, self.made.pictures, self.made.sketch.values
        count = len(self.made.names)
        fits = values.shape == self.known.shape == (count,)
        fits &= values.dtype == np.float32 and self.known.dtype == np.uint8
        fits &= pictures.ndim == 4 and pictures.dtype == np.uint8 and pictures.shape[3:] == (3,)
        fits &= count > 0 and len(pictures) == count and pictures.size > 0 and len(about.targets) in (0, count)
        if not (fits and 0 <= about.after < count and -1 <= about.before < count):
            raise ValueError("its made pictures do not fit together")

    @property
    def whole(self) -> Made:
        """The made pictures with their values."""
        values = np.where(self.known, self.made.sketch.values.astype(np.float64), np.nan)
        return replace(self.made, sketch=replace(self.made.sketch, values=values))


def kept_made(made: Made) -> KeptMade:
    """What a session keeps of made pictures. SessionError, with a sentence, for too many."""
    if made.pictures.nbytes > MOST_BYTES:
        size = f"{made.pictures.nbytes / 1e6:.0f} MB"
        raise SessionError(f"The made pictures ({size}) are too many for a session: save them as a PNG.")
    values = made.sketch.values
    numbers = np.nan_to_num(values.astype(np.float32), posinf=0, neginf=0)
    return KeptMade(replace(made, sketch=replace(made.sketch, values=numbers)), np.isfinite(values).astype(np.uint8))


__all__ = ["KeptMade", "kept_made"]
