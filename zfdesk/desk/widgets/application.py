"""The one application."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication


def the_application() -> QApplication:
    """The running application. RuntimeError before there is one."""
    application = QApplication.instance()
    if not isinstance(application, QApplication):
        raise RuntimeError("There is no application yet.")
    return application


__all__ = ["the_application"]
