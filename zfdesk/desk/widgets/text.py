"""Numbers as the window writes them."""

from __future__ import annotations


def clock(seconds: float) -> str:
    """0:07.4; 1:02:03.0."""
    tenths = int(seconds * 10 + 1e-6)
    hours, minutes = divmod(tenths // 600, 60)
    rest = f"{tenths // 10 % 60:02}.{tenths % 10}"
    return f"{hours}:{minutes:02}:{rest}" if hours else f"{minutes}:{rest}"
