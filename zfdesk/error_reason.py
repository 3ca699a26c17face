"""Why something went wrong, as a clause for a sentence. Belongs to no room and knows none."""

from __future__ import annotations


def error_reason(error: BaseException) -> str:
    """What the system says of an error, else its own text: ``no space left on device``; no full stop."""
    return (getattr(error, "strerror", None) or str(error)).rstrip(".").lower()


__all__ = ["error_reason"]
