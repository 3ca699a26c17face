"""Where a class, or any unit, looks: one registry of methods, and numbers that say how far they agree.

    from zfdesk.attribution import METHODS, attribute, class_target
    found = attribute(model.forward(picture), class_target(model, 285), "gradcam")
    found.heat, found.values, found.description()

`methods` is the registry and all of its methods; whatever offers a choice (command line, window, figures, captions,
help) is made from it. Nothing here imports torch before a method runs.
"""

import zfdesk.attribution.methods  # noqa: F401  # they register themselves
from zfdesk.attribution.registry import METHODS, Attribution, Method, Options, attribute, class_target, method_called

__all__ = ["METHODS", "Attribution", "Method", "Options", "attribute", "class_target", "method_called"]
