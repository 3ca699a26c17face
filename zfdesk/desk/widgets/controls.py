"""Controls set in lines, like words: a narrow pane wraps them instead of being widened by them. And choices."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import QEvent, QRect, QSignalBlocker, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QEnterEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QLineEdit, QSizePolicy, QToolButton, QWidget

from zfdesk.desk.widgets.application import the_application
from zfdesk.desk.widgets.buttons import tool_button
from zfdesk.desk.widgets.combo_box import ComboBox

SPACING = 3
UNFOLD_MS, FOLD_MS = 150, 400  # the mouse passes over without unfolding anything; nothing folds as it slips out


class Choice(ComboBox):
    """One of several values, each with its words. ``chosen`` carries the value itself.

    The values are kept here: PySide hands an enumeration of strings back from `itemData` as a bare string.
    """

    chosen = Signal(object)

    def __init__(self, labels: Mapping[Any, str], hint: str) -> None:
        super().__init__()
        self.values: tuple[Any, ...] = ()
        self.offer(labels)
        self.setToolTip(hint)
        self.setSizeAdjustPolicy(Choice.SizeAdjustPolicy.AdjustToContents)
        self.activated.connect(lambda index: self.chosen.emit(self.values[index]))

    def offer(self, labels: Mapping[Any, str], helps: Mapping[Any, str] | None = None) -> None:
        """Other values to choose among. ``helps``: what each is, shown where the mouse rests on it."""
        with QSignalBlocker(self):
            self.clear()
            self.values = tuple(labels)
            for place, (value, text) in enumerate(labels.items()):
                self.addItem(text, value)
                if helps:
                    self.setItemData(place, helps[value], Qt.ItemDataRole.ToolTipRole)

    @property
    def chosen_value(self) -> Any:
        """The value that is chosen."""
        return self.values[self.currentIndex()]

    def show_value(self, value: object) -> None:
        """Show a value as the present one, without it counting as chosen; none where it is not among them."""
        with QSignalBlocker(self):
            self.setCurrentIndex(self.values.index(value) if value in self.values else -1)


class Controls(QWidget):
    """A strip of controls, left to right, then the next line; as high as its lines need.

    ``pane``: where that is given, one line is shown, with the present values; the rest unfolds while the mouse or the
    focus is on the strip, or for good by its button.
    """

    def __init__(self, pane: QWidget | None = None) -> None:
        super().__init__()
        self.widgets: list[QWidget] = []
        self._folded: set[QWidget] = set()
        self._absent: set[QWidget] = set()
        self._pane = pane
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.more = tool_button("⋯", "More controls", checkable=True)
        self.more.setParent(self)
        self.more.setAccessibleName("More controls")
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.toggled.connect(self._arrange)
        self.more.hide()
        self._unfolded = False
        self._clock = QTimer(self, singleShot=True)
        self._clock.timeout.connect(self._follow_mouse)
        if pane is not None:
            the_application().focusChanged.connect(self._follow_focus)

    def add(self, widget: QWidget, name: str) -> None:
        """Add a control under the name that a screen reader says. Clicking it does not take the keys away."""
        widget.setAccessibleName(name)
        typed = isinstance(widget, QAbstractSpinBox | QLineEdit)
        widget.setFocusPolicy(Qt.FocusPolicy.StrongFocus if typed else Qt.FocusPolicy.TabFocus)
        widget.setParent(self)
        self.widgets.append(widget)
        self._arrange()

    def add_button(
        self, text: str, hint: str, action: Callable[[], object], name: str = "", checkable: bool = False
    ) -> QToolButton:
        """Add a small button; ``name``: what a screen reader says, by default the hint."""
        button = tool_button(text, hint, action, checkable=checkable)
        self.add(button, name or hint)
        return button

    def set_present(self, widget: QWidget, present: bool) -> None:
        """A control that has nothing to do at the moment takes no room."""
        if present == (widget in self._absent):
            self._absent ^= {widget}
            widget.setVisible(present and widget not in self._folded)
            self._arrange()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(200, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        self._arrange()

    def event(self, event: QEvent) -> bool:
        """A control with other words is of another width."""
        wants = event.type() == QEvent.Type.LayoutRequest
        handled = super().event(event)
        if wants:
            self._arrange()
        return handled

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._arrange()

    def showEvent(self, event: QEvent) -> None:  # noqa: N802
        self._arrange()

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        self._clock.start(UNFOLD_MS)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        self._clock.start(FOLD_MS)

    def _follow_mouse(self) -> None:
        if QApplication.activePopupWidget() is not None:  # a list of one of them is open
            self._clock.start(FOLD_MS)
            return
        self._unfold(self.underMouse() or self._has_focus())

    def _follow_focus(self) -> None:
        if self._has_focus() or not self.underMouse():
            self._unfold(self._has_focus())

    def _has_focus(self) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and any(one is focused or one.isAncestorOf(focused) for one in self.widgets)

    def _unfold(self, unfolded: bool) -> None:
        if unfolded != self._unfolded:
            self._unfolded = unfolded
            self._arrange()

    def _arrange(self) -> None:
        widgets = [widget for widget in self.widgets if widget not in self._absent]
        hints = [widget.sizeHint().expandedTo(widget.minimumSize()) for widget in widgets]
        kept = len(hints)
        places, height = self._lines(hints)
        more = self.more.sizeHint()
        line = max([more.height(), *(hint.height() for hint in hints)])  # the button may be the highest of all
        if self._pane is not None and height > line:
            places, height = self._lines([*hints, more])
            while not (self._unfolded or self.more.isChecked()) and height > line and kept > 1:
                kept -= 1
                places, height = self._lines([*hints[:kept], more])
        self._fold(set(widgets[kept:]))
        shown = [*widgets[:kept], *([self.more] if len(places) > kept else [])]
        self.more.setVisible(len(places) > kept)
        for widget, place in zip(shown, places, strict=True):
            widget.setGeometry(place)
        if self.height() != height:
            self.setFixedHeight(height)

    def _lines(self, hints: Sequence[QSize]) -> tuple[list[QRect], int]:
        """Places of things of these sizes, and how high all lines are."""
        places: list[QRect] = []
        x = y = line = 0
        for hint in hints:
            if x and x + hint.width() > self.width():
                x, y, line = 0, y + line + SPACING, 0
            places.append(QRect(x, y, min(hint.width(), max(self.width(), 1)), hint.height()))
            x, line = x + hint.width() + SPACING, max(line, hint.height())
        return places, y + line

    def _fold(self, folded: set[QWidget]) -> None:
        for widget in self._folded - folded - self._absent:
            widget.show()
        for widget in folded - self._folded:
            widget.hide()
        self._folded = folded
