"""A pytest plugin (``-p no_qt``) under which nothing of Qt can be imported: the rooms below the desk need none."""

import sys
from importlib.abc import MetaPathFinder


class _NoQt(MetaPathFinder):
    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.split(".")[0] in ("PySide6", "shiboken6", "pyqtgraph"):
            raise ModuleNotFoundError(f"{name} is not to be had here", name=name)


sys.meta_path.insert(0, _NoQt())
