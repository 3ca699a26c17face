"""What the tests of the desk share: waiting without guessing, keys, and a small network."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractScrollArea, QTabBar, QWidget

import zfdesk.engine as zf
from zfdesk.desk.widgets.notification import MessageLine

DIRECT = Qt.FindChildOption.FindDirectChildrenOnly
PATIENCE = 20.0  # seconds; only a test that fails waits so long


def wait_until(condition: Callable[[], object], patience: float = PATIENCE) -> None:
    """Let Qt work until the condition holds; fail when it does not."""
    end = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)
        time.sleep(0.002)


def settle(milliseconds: int = 0) -> None:
    """Let Qt do what it has put off, deletions too."""
    QTest.qWait(milliseconds)
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QCoreApplication.processEvents()


def press(widget: QWidget, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key as from the keyboard: shortcuts are asked first."""
    QTest.keyClick(widget, key, modifiers)


def small_model(classes: tuple[str, ...] = ("tabby", "tiger cat", "moped", "church", "tench")) -> zf.Model:
    """An untrained network of 32 × 32 pixels that runs in a millisecond, with conv1…conv5 as the desk expects."""
    layers = (
        zf.Conv("conv1", 8, 3, 1, 1), zf.ReLU("relu1"), zf.MaxPool("pool1", 2, 2),
        zf.Conv("conv4", 24, 3, 1, 1), zf.ReLU("relu4"),
        zf.Conv("conv5", 12, 3, 1, 1), zf.ReLU("relu5"), zf.MaxPool("pool5", 2, 2),
        zf.Linear("fc8", len(classes)), zf.Softmax("prob"),
    )  # fmt: skip
    architecture = zf.Architecture("small", "A small network", layers, size=32)
    return replace(zf.random_model(architecture), classes=classes, name="small")


def close(widget: QWidget) -> None:
    """Close a widget and let Qt delete it."""
    widget.close()
    widget.deleteLater()
    settle()


def faults(window: QWidget) -> list[str]:
    """Parts that lie over each other, and parts that reach beyond what they stand in."""
    found: list[str] = []
    waiting = [window]
    while waiting:
        above = waiting.pop()
        parts = [
            part
            for part in above.findChildren(QWidget, options=DIRECT)
            if part.isVisible() and not part.isWindow() and part.geometry().intersects(above.rect())  # not behind a tab
            and not isinstance(part, MessageLine)  # over the status line on purpose
        ]  # fmt: skip
        parent = above.parentWidget()
        scrolls = isinstance(parent, QAbstractScrollArea) and parent.viewport() is above
        beyond = [part for part in parts if not scrolls and not above.rect().contains(part.geometry())]
        found += [f"{name(part)} reaches beyond {name(above)}: {part.geometry()}, {above.rect()}" for part in beyond]
        for one, other in combinations(parts, 2):
            if one.geometry().intersects(other.geometry()):
                found.append(f"{name(one)} over {name(other)}: {one.geometry()}, {other.geometry()}")
        waiting += [part for part in parts if not isinstance(part, QTabBar)]  # Qt's arrows there share a border
    return found


def name(widget: QWidget) -> str:
    """For whoever has to mend it."""
    said = widget.accessibleName() or widget.objectName()
    return f"{type(widget).__name__} “{said}”"
