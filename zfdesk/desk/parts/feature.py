"""Parts marked in the pictures of a folder, and Table 1 of them."""

from __future__ import annotations

from zfdesk.desk.actions import Action
from zfdesk.desk.context import AppContext
from zfdesk.desk.feature import Feature


def mark_parts(context: AppContext) -> None:
    """Mark parts in a folder's pictures and compare them."""
    from zfdesk.desk.parts.dialog import show_marking

    show_marking(context)


ACTIONS = (
    Action("mark-parts", "Mark parts and compare (Table 1)…", ("Ctrl+Shift+E",), "Occluder", command=mark_parts, also="annotate table 1"),
)

FEATURE = Feature(name="parts", actions=ACTIONS)
