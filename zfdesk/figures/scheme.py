"""An architecture as a drawing, from its declared layers (Fig. 3). Imports matplotlib."""

from __future__ import annotations

from zfdesk.figures import panels
from zfdesk.figures.place import Body, Place


def draw_scheme(place: Place, panel: panels.Drawing) -> list[Body]:
    """Boxes of the layers' sizes with their kernels."""
    raise NotImplementedError
