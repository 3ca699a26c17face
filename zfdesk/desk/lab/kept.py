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
    """A `Made` whose values, some of which may be no number, stand in arrays.

    values: float32 (N,), 0 where ``known``, uint8 (N,), is 0. ValueError where these do not fit together.
    """

    made: Made
    values: np.ndarray
    known: np.ndarray

    def __post_init__(self) -> None:
        made, pictures, count = self.made, self.made.pictures, len(self.made.names)
        fits = self.values.shape == self.known.shape == (count,)
        fits &= self.values.dtype == np.float32 and self.known.dtype == np.uint8
        fits &= pictures.ndim == 4 and pictures.dtype == np.uint8 and pictures.shape[3:] == (3,)
        fits &= count > 0 and len(pictures) == count and pictures.size > 0 and len(made.targets) in (0, count)
        if not (fits and 0 <= made.after < count and -1 <= made.before < count):
            raise ValueError("its made pictures do not fit together")

    @property
    def whole(self) -> Made:
        """The made pictures with their values."""
        pairs = zip(self.values, self.known, strict=True)
        return replace(self.made, values=tuple(float(v) if k else float("nan") for v, k in pairs))


def kept_made(made: Made) -> KeptMade:
    """What a session keeps of made pictures. SessionError, with a sentence, for too many."""
    if made.pictures.nbytes > MOST_BYTES:
        size = f"{made.pictures.nbytes / 1e6:.0f} MB"
        raise SessionError(f"The made pictures ({size}) are too many for a session: save them as a PNG.")
    values = np.nan_to_num(np.array(made.values, np.float32), posinf=0, neginf=0)
    return KeptMade(replace(made, values=()), values, np.isfinite(made.values).astype(np.uint8))


__all__ = ["KeptMade", "kept_made"]
