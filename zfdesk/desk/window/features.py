"""All features of the window, in order, and the one table of actions that theirs make."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec

import zfdesk.desk
from zfdesk.desk.actions import Action, check
from zfdesk.desk.feature import Feature, Features
from zfdesk.desk.window.examples import example_actions

ORDER = (
    "window", "session", "live_view", "portrait", "trace", "occlusion", "attribution", "teach", "training",
    "invariance", "scan_views", "lab", "parts", "figure", "recording", "weights",
)  # fmt: skip
"""Their panes are tabs in this order, and a later one may use what an earlier one made. Others follow, by name."""


def found_features() -> tuple[Feature, ...]:
    """That of each folder of the desk with a ``feature.py``."""
    names = [module.name for module in pkgutil.iter_modules(zfdesk.desk.__path__) if module.ispkg]
    names.sort(key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))
    modules = [f"{zfdesk.desk.__name__}.{name}.feature" for name in names]
    return tuple(import_module(module).FEATURE for module in modules if find_spec(module))


FEATURES = found_features()

MENUS = (
    "Source", "Examples", "Session", "Edit", "Crop", "Occluder", "Sweep", "Unit", "Maps", "Classes", "Teach", "Trace",
    "Lab", "Training",
)  # fmt: skip
LAST_MENUS = ("View", "Help")


def actions_of(features: Iterable[Feature]) -> tuple[Action, ...]:
    """Theirs by menu, in the order in which they were declared, but for those that say where else they stand.

    Raises ValueError, naming both, where two share an id or a key.
    """
    features = tuple(features)
    declared = [action for feature in features for action in feature.actions]
    declared += example_actions(Features(features).examples)
    check(declared)
    own = [action.menu for action in declared if action.menu not in (*MENUS, *LAST_MENUS)]
    order = list(dict.fromkeys((*MENUS, *own, *LAST_MENUS)))
    table = sorted((action for action in declared if not action.after), key=lambda action: order.index(action.menu))
    for action in declared:
        if action.after:
            place = next(index for index, other in enumerate(table) if other.id == action.after)
            table.insert(place + 1, action)
    return tuple(table)


ACTIONS = actions_of(FEATURES)
"""All of them: what the menus, the palette, the help and the documentation are made from."""


__all__ = ["ACTIONS", "FEATURES", "actions_of"]
