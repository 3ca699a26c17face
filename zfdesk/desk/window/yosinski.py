"""The key bindings of Yosinski's Deep Visualization Toolbox, and what answers each of them here.

The list is that of ``bindings.py`` at the toolbox's HEAD. Which action answers a binding stands in the actions table
alone (`Action.yosinski`); what it did there, and where ours differs, in ``resources/help.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from zfdesk.desk.actions import Action
from zfdesk.desk.window.help_file import Section

TITLE = "Coming from Yosinski's toolbox"


@dataclass(frozen=True)
class Binding:
    """``keys`` in Qt's spelling; ``there``: what it did; ``differs``: one line where ours is not the same, or ""."""

    tag: str
    keys: tuple[str, ...]
    there: str
    differs: str = ""


def bindings(section: Section) -> tuple[Binding, ...]:
    """The rows of the help's section."""
    return tuple(Binding(tag, tuple(keys.split(", ")), there, differs) for tag, keys, there, differs in section.rows)


def actions_for(actions: Iterable[Action], tag: str) -> tuple[Action, ...]:
    """The actions that answer a binding; none where we have no equal."""
    return tuple(action for action in actions if action.yosinski == tag)


def kept_keys(actions: Iterable[Action], binding: Binding) -> tuple[str, ...]:
    """The keys of a binding that do here what they did there."""
    ours = {key for action in actions_for(actions, binding.tag) for key in action.keys}
    # the arrows are actions of their own, since they also move an occluder
    arrows = {"sel_left": "Left", "sel_right": "Right", "sel_up": "Up", "sel_down": "Down"}
    ours.add(arrows.get(binding.tag, ""))
    return tuple(key for key in binding.keys if key in ours)
