"""Whether a widget that was remembered is still there."""

from __future__ import annotations

from typing import TypeGuard, TypeVar

import shiboken6
from PySide6.QtCore import QObject

T = TypeVar("T", bound=QObject)


def alive(thing: T | None) -> TypeGuard[T]:
    """Whether Qt has not deleted this object.

    Python keeps its name for a widget that Qt deletes with its parent; whoever touches that one gets RuntimeError.
    """
    return thing is not None and shiboken6.isValid(thing)


__all__ = ["alive"]
