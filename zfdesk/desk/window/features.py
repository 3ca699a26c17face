"""All features of the window, in order, and the one table of actions that theirs make."""

from __future__ import annotations

from collections.abc import Iterable

from zfdesk.desk.actions import Action, check
from zfdesk.desk.attribution.feature import FEATURE as ATTRIBUTION
from zfdesk.desk.feature import Feature, Features
from zfdesk.desk.figure.feature import FEATURE as FIGURE
from zfdesk.desk.invariance.feature import FEATURE as INVARIANCE
from zfdesk.desk.lab.feature import FEATURE as LAB
from zfdesk.desk.live_view.feature import FEATURE as LIVE_VIEW
from zfdesk.desk.occlusion.feature import FEATURE as OCCLUSION
from zfdesk.desk.parts.feature import FEATURE as PARTS
from zfdesk.desk.portrait.feature import FEATURE as PORTRAIT
from zfdesk.desk.recording.feature import FEATURE as RECORDING
from zfdesk.desk.scan_views.feature import FEATURE as SCAN_VIEWS
from zfdesk.desk.session.feature import FEATURE as SESSION
from zfdesk.desk.teach.feature import FEATURE as TEACH
from zfdesk.desk.trace.feature import FEATURE as TRACE
from zfdesk.desk.training.feature import FEATURE as TRAINING
from zfdesk.desk.weights.feature import FEATURE as WEIGHTS
from zfdesk.desk.window.examples import example_actions
from zfdesk.desk.window.feature import FEATURE as WINDOW

FEATURES: tuple[Feature, ...] = (
    WINDOW, SESSION, LIVE_VIEW, PORTRAIT, TRACE, OCCLUSION, ATTRIBUTION, TEACH, TRAINING, INVARIANCE, SCAN_VIEWS, LAB,
    PARTS, FIGURE, RECORDING, WEIGHTS,
)  # fmt: skip
"""In the order in which their panes are tabs; later ones may use what earlier ones made."""

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
