"""What the figure builder was putting together when it was closed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zfdesk.pages.composition import Composition


@dataclass
class KeptFigure:
    """``composition``: of the builder, while it is closed; None before it was open."""

    composition: Composition | None = None
